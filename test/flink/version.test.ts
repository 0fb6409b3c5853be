import t from 'tap';
import { compareFlinkVersions, defaultSslAlgorithms, isAtLeast, parseFlinkVersion } from '../../src/flink/version.ts';

t.test('takes Flink versions apart and refuses other text', (t) => {
  t.same(parseFlinkVersion('1.20.3'), { major: 1, minor: 20, patch: 3 });
  t.same(parseFlinkVersion('2.1-SNAPSHOT'), { major: 2, minor: 1 });
  t.same(parseFlinkVersion('1.17.2-scala_2.12'), { major: 1, minor: 17, patch: 2 });
  for (const text of ['', '1', 'latest', '1.x', '99999.1.1']) {
    t.equal(parseFlinkVersion(text), undefined, text);
  }
  t.end();
});

t.test('orders versions by number, not by text', (t) => {
  const order = ['1.9.3', '1.13.6', '1.19.1', '1.20.0', '1.20.10', '2.0.0', '2.3.0'];
  const sorted = [...order]
    .reverse()
    .sort((a, b) => compareFlinkVersions(parseFlinkVersion(a)!, parseFlinkVersion(b)!));
  t.same(sorted, order);
  t.equal(isAtLeast('1.19.0', '1.19.1'), false);
  t.equal(isAtLeast('1.20', '1.19.1'), true);
  t.equal(isAtLeast('master', '9.9'), true);
  t.end();
});

// `SecurityOptions` of the distributions, read with javap.
t.test('knows the default suites of each distribution', (t) => {
  const old = [
    '1.13.6',
    '1.16.3',
    '1.17.2',
    '1.18.1',
    '1.19.3',
    '1.20.0',
    '1.20.2',
    '1.20.3',
    '2.0.1',
    '2.1.0',
    '2.1.1',
    '2.2.0',
  ];
  const young = ['1.20.4', '1.20.5', '2.0.2', '2.1.2', '2.1.3', '2.2.1', '2.3.0'];
  for (const version of old) {
    t.same(defaultSslAlgorithms(version), ['TLS_RSA_WITH_AES_128_CBC_SHA'], version);
  }
  for (const version of young) {
    const expected = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'];
    t.same(defaultSslAlgorithms(version), expected, version);
  }
  for (const version of [undefined, 'unknown', '1.5.0', '1.20', '2.1-SNAPSHOT']) {
    t.equal(defaultSslAlgorithms(version), undefined, String(version));
  }
  t.end();
});
