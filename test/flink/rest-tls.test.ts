import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { fixedPort, hasRestTruststore, listOf, restExpectation, restTlsSwitch } from '../../src/flink/rest-tls.ts';
import type { Expectation } from '../../src/model/report.ts';

const MUTUAL = ['security.ssl.rest.enabled: true', 'security.ssl.rest.authentication-enabled: true'];
const TRUST = 'security.ssl.rest.truststore: /t.p12';

function expectation(flinkVersion: string | undefined, ...lines: string[]): Expectation {
  const configuration = parseFlinkConfiguration([{ name: 'config.yaml', text: lines.join('\n') }], {
    member: null,
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
  });
  return restExpectation('rest', configuration, [restTlsSwitch(configuration)], configuration.setting('rest.port'));
}

t.test('reads security.ssl.enabled as the fallback up to 1.20 and not at all from 2.0 on', (t) => {
  t.equal(expectation('1.20.3', 'security.ssl.enabled: true').tls, 'required');
  t.equal(expectation('2.0.0', 'security.ssl.enabled: true').tls, 'forbidden');
  t.equal(expectation(undefined, 'security.ssl.enabled: true').tls, 'forbidden', 'unknown counts as the newest');
  const both = expectation('1.20.3', 'security.ssl.enabled: true', 'security.ssl.rest.enabled: false');
  t.equal(both.tls, 'forbidden', 'the explicit key wins');
  t.match(both.because, [{ key: 'security.ssl.rest.enabled', line: 2 }]);
  t.end();
});

t.test('promises client certificates where they are configured, though 1.18+ fails open without a truststore', (t) => {
  const open = expectation('1.20.3', ...MUTUAL);
  t.equal(open.clientAuthentication, 'required');
  t.equal(open.protocols, undefined, 'nothing that Flink would obey');
  t.same(
    open.because.map((setting) => setting.key),
    ['security.ssl.rest.enabled', 'security.ssl.rest.authentication-enabled'],
  );
  t.equal(expectation('1.20.3', 'security.ssl.rest.enabled: true').clientAuthentication, 'none');
  t.end();
});

t.test('names protocol and suites only where the REST server of that version obeys them', (t) => {
  const suites = 'security.ssl.algorithms: TLS_A, TLS_B';
  const one = ['security.ssl.rest.enabled: true', suites, 'security.ssl.protocol: TLSv1.3'];
  t.match(expectation('1.16.3', ...one), { protocols: ['TLSv1.3'], cipherSuites: undefined });
  t.match(expectation('1.17.2', ...one), { protocols: ['TLSv1.3'], cipherSuites: ['TLS_A', 'TLS_B'] });
  t.match(expectation('1.18.1', ...one), { protocols: undefined, cipherSuites: undefined });
  t.match(expectation('1.20.3', ...MUTUAL, TRUST, suites), {
    protocols: ['TLSv1.2'],
    cipherSuites: ['TLS_A', 'TLS_B'],
  });
  t.match(expectation('1.20.3', ...MUTUAL, TRUST), { cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] });
  t.equal(expectation(undefined, ...MUTUAL, TRUST).cipherSuites, undefined, 'the default of an unknown version');
  t.end();
});

t.test('takes pins only where a trust manager is built for them', (t) => {
  const pin = `security.ssl.rest.cert.fingerprint: ${'AB:'.repeat(19)}CD`;
  const sha1 = [`${'ab'.repeat(19)}cd`];
  t.same(expectation('1.20.3', ...MUTUAL, TRUST, pin).certificateSha1, sha1);
  t.equal(expectation('1.20.3', ...MUTUAL, pin).certificateSha1, undefined);
  t.same(expectation('1.17.2', ...MUTUAL, pin).certificateSha1, sha1);
  const sha256 = `security.ssl.rest.cert.fingerprint: ${'ab'.repeat(32)}`;
  t.equal(expectation('1.20.3', ...MUTUAL, TRUST, sha256).certificateSha1, undefined, 'Flink refuses SHA-256');
  t.end();
});

t.test('counts only fixed ports', (t) => {
  const port = (value: string): number | undefined => fixedPort({ key: 'rest.port', value });
  t.equal(port('8081'), 8081);
  for (const value of ['0', '50100-50200', '', '-1', '70000', 'x']) {
    t.equal(port(value), undefined, value);
  }
  t.equal(expectation('1.20.3', 'rest.port: 9091').port, 9091);
  t.equal(expectation('1.20.3', 'rest.port: 0').port, undefined);
  t.end();
});

t.test('splits lists as Flink does, and those of YAML too', (t) => {
  t.same(listOf({ key: 'k', value: 'A,B' }), ['A', 'B']);
  t.same(listOf({ key: 'k', value: '[A, B]' }), ['A', 'B']);
  const common = parseFlinkConfiguration([{ name: 'config.yaml', text: 'security.ssl.truststore: /x' }], {
    member: null,
  });
  t.equal(hasRestTruststore(common), true);
  t.end();
});
