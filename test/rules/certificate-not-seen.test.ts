import t from 'tap';
import { rule } from '../../src/rules/certificate-not-seen.ts';
import { clear, finding, hello, hidden, tls, tls13, verdict } from '../support/observations.ts';

t.test('is inconclusive where TLS 1.3 hides the certificate, and says why and what to do', async (t) => {
  const found = finding(rule, [tls13(), tls13()]);
  t.equal(found.verdict, 'inconclusive');
  t.equal(found.severity, 'info');
  t.equal(found.observed, 'no certificate in 2 TLS connections');
  t.match(found.message, /TLS 1\.3 encrypts it/);
  t.match(found.remediation.text, /--keylog/);
});

t.test('tells how to get out of it: keys of any REST client, or a question to the endpoint', async (t) => {
  const rest = finding(rule, [tls13({ channel: 'rest' })]).remediation;
  t.match(rest.text, /SSLKEYLOGFILE=keys\.log curl/);
  t.equal(rest.command, 'flinkprobe verify rest=10.77.0.1:8081');
  const internal = finding(rule, [tls13({ server: { host: 'fd00::1' } })]).remediation;
  t.notMatch(internal.text, /curl/, 'no curl gets through client authentication');
  t.equal(internal.command, 'flinkprobe verify jobmanager-rpc=[fd00::1]:6123');
});

t.test('is inconclusive where all sessions were resumed', async (t) => {
  t.match(
    finding(rule, [tls({ tls: { resumed: true, serverCertificate: hidden('resumed') } })]).message,
    /all sessions were resumed/,
  );
});

t.test('never fails: a certificate that nobody saw is no fault', async (t) => {
  t.not(verdict(rule, [tls13()]), 'fail');
});

t.test('passes where one connection shows the certificate', async (t) => {
  t.equal(verdict(rule, [tls13(), tls()]), 'pass');
});

t.test(
  'is not applicable beyond Flink’s own channels, to clear text, and where no handshake came so far',
  async (t) => {
    t.equal(verdict(rule, [tls13({ channel: 'unknown' })]), 'not-applicable');
    t.equal(verdict(rule, [tls13({ channel: 'checkpoint-storage' })]), 'not-applicable');
    t.equal(verdict(rule, [clear()]), 'not-applicable');
    t.equal(verdict(rule, [hello({ answer: 'fin' })]), 'not-applicable');
  },
);
