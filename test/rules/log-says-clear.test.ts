import t from 'tap';
import { rule } from '../../src/rules/log-says-clear.ts';
import { logLine } from '../support/log-lines.ts';
import { finding, promise, TM1, tls, verdict } from '../support/observations.ts';

const started = logLine('actor-system-started', {
  says: 'clear',
  text: 'actor system flink started at pekko.tcp jm:6123',
});

t.test('accuses a server that was started in clear although its configuration asks for TLS', async (t) => {
  const found = finding(rule, [started], { expectations: [promise('jobmanager-rpc')] });
  t.match(found, { severity: 'critical', channel: 'jobmanager-rpc', endpoint: { member: 'jm', port: 6123 } });
  t.match(found.message, /title of jobmanager-rpc is in clear, says the log of jm\. The configuration asks for TLS/);
  t.match(found.evidence, [{ observation: 'o1', text: 'line 92: actor system flink started at pekko.tcp jm:6123' }]);
  t.match(found.witnesses, { wire: 'not-heard', handshake: 'not-heard', promise: 'pass', record: 'fail' });
});

t.test('holds the default policy where there is no configuration', async (t) => {
  const found = finding(rule, [started]);
  t.equal(found.expected, 'TLS (default policy)');
  t.equal(found.witnesses.promise, 'not-heard');
});

t.test('tells one finding for all lines about one endpoint, and who reaches it over TLS', async (t) => {
  const channel = 'blob-server';
  const found = finding(rule, [
    logLine('blob-client-connects', { channel, says: 'clear', client: TM1, id: 'o1' }),
    logLine('blob-client-connects', { channel, says: 'tls', client: { host: 'tm9' }, id: 'o2' }),
  ]);
  t.match(found.message, /says the log of tm1\. Others reach it over TLS \(tm9\)/);
});

t.test('passes what a configuration leaves in clear: a rule for configurations tells that', async (t) => {
  t.equal(verdict(rule, [started], { expectations: [promise('jobmanager-rpc', { tls: 'forbidden' })] }), 'pass');
});

t.test('passes TLS, processes that have ended since, and channels without any TLS', async (t) => {
  t.equal(verdict(rule, [logLine('actor-system-started', { says: 'tls' })]), 'pass');
  t.equal(
    verdict(rule, [
      { ...started, log: { ...started.log!, process: 'earlier' } },
      logLine('remoting-started', { says: 'tls' }),
    ]),
    'pass',
  );
  const prometheus = logLine('prometheus-started', { channel: 'prometheus', says: 'clear' });
  t.equal(verdict(rule, [prometheus]), 'not-applicable');
});

t.test('does not apply without a log, or to lines that tell nothing of TLS', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [logLine('blob-server-started', { channel: 'blob-server' })]), 'not-applicable');
});
