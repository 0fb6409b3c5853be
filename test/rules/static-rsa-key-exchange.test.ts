import t from 'tap';
import { rule } from '../../src/rules/static-rsa-key-exchange.ts';
import { active, clear, finding, hello, judged, midstreamTls, tls, tls13, verdict } from '../support/observations.ts';

const BAD = ['TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_RSA_WITH_AES_256_GCM_SHA384'];
const GOOD = [
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_RC4_128_SHA',
];

t.test('fails each bad suite at medium, by name and with its connections', async (t) => {
  for (const cipherSuite of BAD) {
    const found = finding(rule, [tls({ tls: { cipherSuite } }), tls({ tls: { cipherSuite } }), tls()]);
    t.equal(found.severity, 'medium', cipherSuite);
    t.match(found.message, `Uses ${cipherSuite}`);
    t.equal(found.observed, `${cipherSuite} on 2 of 3 TLS connections`);
    t.equal(found.evidence.length, 2);
  }
});

t.test('fails two bad suites of one endpoint as two findings', async (t) => {
  const { findings } = judged(
    rule,
    BAD.slice(0, 2).map((cipherSuite) => tls({ tls: { cipherSuite } })),
  );
  t.equal(new Set(findings.map((one) => one.fingerprint)).size, Math.min(2, BAD.length));
});

t.test('fails a suite that the server takes when an active probe offers it', async (t) => {
  const accepted = { versions: ['TLSv1.2'], cipherSuites: { 'TLSv1.2': BAD }, namedGroups: [], signatureSchemes: [] };
  const { findings } = judged(rule, [tls({ tls: { accepted }, change: { vantage: 'active' } })]);
  t.equal(findings.length, BAD.length);
  t.equal(findings[0]?.witnesses.handshake, 'fail');
  t.match(findings[0]?.observed, /accepted when offered/);
});

t.test('names the Flink setting on internal channels, and none where Flink’s settings do not reach', async (t) => {
  const [cipherSuite = ''] = BAD;
  t.same(finding(rule, [tls({ tls: { cipherSuite } })]).remediation.settings, {
    'security.ssl.algorithms': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  });
  t.match(finding(rule, [tls({ channel: 'rest', tls: { cipherSuite } })]).remediation.text, /FLINK-39969/);
  t.same(finding(rule, [tls({ channel: 'unknown', tls: { cipherSuite } })]).remediation.settings, {});
});

t.test('passes suites without this fault, TLS 1.3 and what is merely offered', async (t) => {
  for (const cipherSuite of GOOD) t.equal(verdict(rule, [tls({ tls: { cipherSuite } })]), 'pass', cipherSuite);
  const offered = { versions: [], cipherSuites: BAD, namedGroups: [], signatureSchemes: [] };
  t.equal(verdict(rule, [tls13({ tls: { offered } })]), 'pass');
});

t.test('is inconclusive where the ServerHello was not captured', async (t) => {
  t.equal(verdict(rule, [midstreamTls()]), 'inconclusive');
});

t.test('is not applicable to clear text, nor where no server ever chose', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
  t.equal(verdict(rule, [hello({ answer: 'fin' })]), 'not-applicable');
});

t.test('says that the suite was Flink’s default, where it is that one', async (t) => {
  const found = finding(rule, [tls({ tls: { cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA' } })]);
  t.match(found.message, /Flink's default up to 1\.20\.3, 2\.0\.1, 2\.1\.1 and 2\.2\.0/);
});

t.test('names the connection of a probe that shows it, and the versions that take it', async (t) => {
  const bad = 'TLS_RSA_WITH_AES_128_CBC_SHA';
  const attempts = [
    { purpose: 'all', result: 'TLSv1.2 TLS_RSA_WITH_AES_128_CBC_SHA256' },
    { purpose: 'without it', result: `TLSv1.2 ${bad}`, frames: { first: 31, last: 40 } },
  ];
  const found = finding(rule, [active({ suites: { 'TLSv1.2': [bad], 'TLSv1.1': [bad] }, asked: { attempts } })]);
  t.match(found.message, `Accepts ${bad}`);
  t.equal(found.observed, `${bad}, accepted when offered in TLSv1.2, TLSv1.1`);
  t.match(found.evidence[0]?.text, `connection 2: accepted ${bad}`);
  t.equal(found.evidence[0]?.frame, 31);
});
