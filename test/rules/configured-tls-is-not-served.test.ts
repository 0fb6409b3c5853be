import t from 'tap';
import { rule } from '../../src/rules/configured-tls-is-not-served.ts';
import { finding, judged, midstreamTls, promise, tls, tls13, verdict } from '../support/observations.ts';

const GCM = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const listed = promise('jobmanager-rpc', { protocols: ['TLSv1.2'], cipherSuites: [GCM] });

t.test('fails a version that the configuration does not list', async (t) => {
  const found = finding(rule, [tls13()], { expectations: [promise('jobmanager-rpc', { protocols: ['TLSv1.2'] })] });
  t.equal(found.severity, 'medium');
  t.match(found.message, /^Serves TLSv1\.3, which its configuration does not list/);
  t.match(found.expected, /^TLSv1\.2 \(security\.ssl\.internal\.enabled: true \(config\.yaml:12\)\)$/);
});

t.test('fails a suite that the configuration does not list', async (t) => {
  const other = tls({ tls: { cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA' } });
  t.match(finding(rule, [other], { expectations: [listed] }).message, /^Serves TLS_RSA_WITH_AES_128_CBC_SHA/);
});

t.test('fails version and suite each for itself', async (t) => {
  t.equal(judged(rule, [tls13()], { expectations: [listed] }).findings.length, 2);
});

t.test('passes what is listed, under its JSSE name too', async (t) => {
  t.equal(verdict(rule, [tls()], { expectations: [listed] }), 'pass');
  const old = promise('jobmanager-rpc', { cipherSuites: ['SSL_RSA_WITH_3DES_EDE_CBC_SHA'] });
  const served = tls({ tls: { cipherSuite: 'TLS_RSA_WITH_3DES_EDE_CBC_SHA' } });
  t.equal(verdict(rule, [served], { expectations: [old] }), 'pass');
});

t.test('is inconclusive where the ServerHello was not captured', async (t) => {
  t.equal(verdict(rule, [midstreamTls()], { expectations: [listed] }), 'inconclusive');
});

t.test('is not applicable without a configuration, and where it lists nothing that Flink obeys', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'not-applicable');
  t.equal(verdict(rule, [tls13()], { expectations: [promise('jobmanager-rpc')] }), 'not-applicable');
});
