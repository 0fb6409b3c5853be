import t from 'tap';
import { rule } from '../../src/rules/protocol-below-tls12.ts';
import { clear, finding, hello, midstreamTls, tls, tls13, verdict } from '../support/observations.ts';

t.test('fails SSL and TLS older than 1.2 at high', async (t) => {
  for (const version of ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1']) {
    const found = finding(rule, [tls({ tls: { version } }), tls()]);
    t.equal(found.severity, 'high');
    t.equal(found.observed, `${version} on 1 of 2 TLS connections`);
    t.same(found.remediation.settings, { 'security.ssl.protocol': 'TLSv1.2' });
  }
});

t.test('fails a version that the server takes when an active probe offers it', async (t) => {
  const accepted = { versions: ['TLSv1.1', 'TLSv1.2'], cipherSuites: {}, namedGroups: [], signatureSchemes: [] };
  t.equal(finding(rule, [tls({ tls: { accepted } })]).observed, 'TLSv1.1, accepted when offered');
});

t.test('judges connections that are nothing of Flink’s too', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'unknown', tls: { version: 'TLSv1' } })]), 'fail');
});

t.test('passes TLS 1.2 and 1.3, drafts included', async (t) => {
  t.equal(verdict(rule, [tls(), tls13(), tls13({ tls: { version: 'TLSv1.3-draft-23' } })]), 'pass');
});

t.test('is inconclusive where the ServerHello was not captured', async (t) => {
  t.equal(verdict(rule, [midstreamTls()]), 'inconclusive');
});

t.test('is not applicable to clear text, nor where no server ever chose', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
  t.equal(verdict(rule, [hello({ answer: 'fin' })]), 'not-applicable');
});
