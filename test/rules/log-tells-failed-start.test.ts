import t from 'tap';
import { rule } from '../../src/rules/log-tells-failed-start.ts';
import { logLine } from '../support/log-lines.ts';
import { finding, tls, verdict } from '../support/observations.ts';

t.test('tells what kept a process from setting TLS up, with its place in the log', async (t) => {
  const found = finding(rule, [
    logLine('start-failed', {
      text: 'the pin of a certificate is no SHA-1 fingerprint',
      failure: { reason: 'malformed-pin', certainty: 'proven' },
    }),
  ]);
  t.match(found, { severity: 'high', file: { path: 'logs/flink.log', line: 92, member: 'jm' } });
  t.match(found.message, /^jm could not set TLS up: the pin of a certificate is no SHA-1 fingerprint\.$/);
  t.match(found.remediation.text, /SHA-1 \(20 bytes\)/);
});

t.test('passes a log without such lines, and those of processes that have ended since', async (t) => {
  t.equal(verdict(rule, [logLine('process-started')]), 'pass');
  const old = logLine('start-failed', {
    process: 'earlier',
    failure: { reason: 'store-missing', certainty: 'proven' },
  });
  t.equal(verdict(rule, [old, logLine('process-started')]), 'pass');
});

t.test('does not apply without a log', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
