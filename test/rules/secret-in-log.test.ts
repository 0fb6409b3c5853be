import t from 'tap';
import { rule } from '../../src/rules/secret-in-log.ts';
import { logLine } from '../support/log-lines.ts';
import { finding, tls, verdict } from '../support/observations.ts';

function secret(name: string, id: string): ReturnType<typeof logLine> {
  const failure = { reason: 'other', certainty: 'proven', subject: name } as const;
  return logLine('secret-written', {
    id,
    channel: 'unknown',
    failure,
    text: `the value of -D${name} stands in the log`,
  });
}

t.test('names the secrets of one log once, and where they stand', async (t) => {
  const found = finding(rule, [secret('a.password', 'o1'), secret('b.password', 'o2')]);
  t.match(found, { severity: 'high', file: { path: 'logs/flink.log', line: 92 }, witnesses: { record: 'fail' } });
  t.equal(found.message, 'The log of jm shows the value of a.password, b.password.');
  t.equal(found.evidence.length, 2);
});

t.test('counts secrets of processes that have ended since', async (t) => {
  const old = secret('a.password', 'o1');
  t.equal(verdict(rule, [{ ...old, log: { ...old.log!, process: 'earlier' } }]), 'fail');
});

t.test('passes a log without secrets, and does not apply without a log', async (t) => {
  t.equal(verdict(rule, [logLine('process-started')]), 'pass');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
