import t from 'tap';
import { LogRecord } from '../../src/evaluate/log-record.ts';
import { rule as plaintextChannel } from '../../src/rules/plaintext-channel.ts';
import { logLine } from '../support/log-lines.ts';
import { clear, finding, JM, TM1, TM2 } from '../support/observations.ts';

const DATA = { channel: 'taskmanager-data', says: 'tls' } as const;

t.test('says of an endpoint what the log of its process says', (t) => {
  const record = new LogRecord([
    logLine('data-server-configured', { ...DATA, server: TM1 }),
    logLine('data-server-configured', { ...DATA, says: 'clear', server: TM2 }),
  ]);
  const of = (process: typeof TM1 | typeof TM2): string =>
    record.says('taskmanager-data', { ...process, port: 6121 }, undefined);
  t.equal(of(TM1), 'pass');
  t.equal(of(TM2), 'fail');
  t.equal(record.says('taskmanager-data', undefined, { path: 'x', member: 'tm2' }), 'fail');
  t.equal(record.says('taskmanager-data', undefined, undefined), 'inconclusive', 'logs disagree');
  t.equal(record.says('rest', undefined, undefined), 'not-heard');
  t.equal(record.says('taskmanager-data', { ...JM, port: 6121 }, undefined), 'not-heard');
  t.end();
});

t.test('does not hear processes that have ended, nor what a client only tries', (t) => {
  const record = new LogRecord([
    logLine('actor-system-started', { says: 'clear', process: 'earlier' }),
    logLine('resource-manager-address', { says: 'clear' }),
    logLine('handshake-failed', { says: 'clear' }),
  ]);
  t.equal(record.says('jobmanager-rpc', undefined, undefined), 'not-heard');
  t.end();
});

t.test('is a witness of findings from the wire, for and against', (t) => {
  const wire = clear({ channel: 'jobmanager-rpc', server: JM });
  const found = (says?: 'tls' | 'clear'): string => {
    const lines = says === undefined ? [] : [logLine('actor-system-started', { says, id: 'l1' })];
    return finding(plaintextChannel, [wire, ...lines]).witnesses.record;
  };
  t.equal(found(), 'not-heard');
  t.equal(found('clear'), 'fail');
  t.equal(found('tls'), 'pass', 'the log says TLS, the wire shows clear text');
  t.end();
});
