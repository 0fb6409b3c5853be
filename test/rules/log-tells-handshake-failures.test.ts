import t from 'tap';
import type { LogFailure } from '../../src/model/report.ts';
import { rule } from '../../src/rules/log-tells-handshake-failures.ts';
import { logLine } from '../support/log-lines.ts';
import { finding, judged, tls, verdict } from '../support/observations.ts';

function failed(failure: Partial<LogFailure>, more: Parameters<typeof logLine>[1] = {}): ReturnType<typeof logLine> {
  const client = { host: '10.77.0.3' };
  const whole: LogFailure = { reason: 'peer-in-clear', side: 'server', certainty: 'proven', ...failure };
  return logLine('handshake-failed', { client, text: 'the client speaks clear text', failure: whole, ...more });
}

t.test('tells reason, how often, when and with whom', async (t) => {
  const found = finding(rule, [failed({ claimed: 'tm2' }, { repeats: 251, lastLine: 400 })]);
  t.match(found, { severity: 'high', channel: 'jobmanager-rpc', endpoint: { member: 'jm' } });
  t.match(
    found.message,
    /^Connections with tm2 \(10\.77\.0\.3\) failed: the client speaks clear text\. TLS is switched on at one/,
  );
  t.equal(found.observed, '252 lines, at 2026-11-22T13:00:00.000000Z');
  t.equal(found.evidence[0]?.text, 'lines 92-400: the client speaks clear text, 252 times');
  t.match(found.remediation.settings, { 'security.ssl.internal.enabled': 'true' });
  t.equal(found.witnesses.record, 'fail');
});

t.test('tells each reason on its own, and two loggers of one reason together', async (t) => {
  const { findings } = judged(rule, [
    failed({ reason: 'alert', alert: 'bad_certificate', side: 'client' }),
    failed({ reason: 'alert', alert: 'bad_certificate', side: 'client' }, { id: 'o2', says: 'tls' }),
    failed({ reason: 'untrusted', side: 'client' }, { id: 'o3' }),
  ]);
  t.strictSame(findings.map((one) => one.evidence.length).sort(), [1, 2]);
  t.not(findings[0]?.fingerprint, findings[1]?.fingerprint);
});

t.test('knows what an alert means to the side that was refused', async (t) => {
  const found = finding(rule, [failed({ reason: 'alert', alert: 'bad_certificate', side: 'client' })]);
  t.match(found.message, /The client has no keystore, or its certificate's issuer is not in the server's truststore/);
});

t.test('waits for a second line where other faults write the same one', async (t) => {
  t.equal(verdict(rule, [failed({ certainty: 'likely' })]), 'pass');
  t.equal(finding(rule, [failed({ certainty: 'likely' }, { repeats: 1 })]).severity, 'medium');
});

t.test('is milder on REST, where a stranger may be refused on purpose', async (t) => {
  t.equal(finding(rule, [failed({ reason: 'empty-client-certificate' }, { channel: 'rest' })]).severity, 'medium');
});

t.test('passes logs without failures, and those of processes that have ended since', async (t) => {
  t.equal(verdict(rule, [logLine('actor-system-started', { says: 'tls' })]), 'pass');
  const old = failed({}, { process: 'earlier' });
  t.equal(verdict(rule, [old, logLine('actor-system-started', { says: 'tls' })]), 'pass');
});

t.test('does not apply without a log', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
