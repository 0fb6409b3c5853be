import t from 'tap';
import { rule } from '../../src/rules/configured-tls-is-not-served.ts';
import {
  active,
  finding,
  judged,
  midstreamTls,
  promise,
  TLS12_SUITES,
  tls,
  tls13,
  verdict,
} from '../support/observations.ts';

const GCM = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const listed = promise('jobmanager-rpc', { protocols: ['TLSv1.2'], cipherSuites: [GCM] });

t.test('fails a version that the configuration does not list', async (t) => {
  const found = finding(rule, [tls13()], { expectations: [promise('jobmanager-rpc', { protocols: ['TLSv1.2'] })] });
  t.equal(found.severity, 'medium');
  t.match(found.message, /^Serves TLSv1\.3, which its configuration does not list/);
  t.match(found.expected, /^TLSv1\.2 \(Flink's default\)$/);
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

const LISTED = promise('jobmanager-rpc', { protocols: ['TLSv1.2'], cipherSuites: [...TLS12_SUITES] });

t.test('fails every version and suite that a probe was given and the configuration does not list', async (t) => {
  const { findings } = judged(rule, [active()], { expectations: [LISTED] });
  t.strictSame(findings.map((one) => one.message.split(',')[0]).sort(), [
    'Serves TLS_AES_128_GCM_SHA256',
    'Serves TLS_AES_256_GCM_SHA384',
    'Serves TLSv1.3',
  ]);
});

t.test('fails what the configuration lists and a probe was refused', async (t) => {
  const seen = [active({ suites: { 'TLSv1.2': TLS12_SUITES.slice(1) } })];
  const found = finding(rule, seen, { expectations: [LISTED] });
  t.match(found.message, `Does not serve ${TLS12_SUITES[0]}`);
  t.equal(found.witnesses.promise, 'pass');
  const both = promise('jobmanager-rpc', { protocols: ['TLSv1.2', 'TLSv1.3'] });
  const only12 = active({ suites: { 'TLSv1.2': TLS12_SUITES } });
  t.match(finding(rule, [only12], { expectations: [both] }).message, 'Does not serve TLSv1.3');
});

t.test('leaves what no key of the server can serve, and what was not wholly asked', async (t) => {
  const seen = { suites: { 'TLSv1.2': TLS12_SUITES } };
  const dead = promise('jobmanager-rpc', {
    cipherSuites: [...TLS12_SUITES, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
  });
  t.equal(verdict(rule, [active(seen)], { expectations: [dead] }), 'pass');
  const more = promise('jobmanager-rpc', { cipherSuites: [...TLS12_SUITES, 'TLS_RSA_WITH_AES_128_GCM_SHA256'] });
  t.equal(verdict(rule, [active(seen)], { expectations: [more] }), 'fail');
  t.equal(verdict(rule, [active({ ...seen, asked: { profile: 'quick' } })], { expectations: [more] }), 'pass');
  const partial = { complete: false, reason: 'connection-limit' } as const;
  t.equal(verdict(rule, [active({ ...seen, asked: partial })], { expectations: [more] }), 'pass');
});
