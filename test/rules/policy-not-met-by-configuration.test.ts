import t from 'tap';
import type { Finding } from '../../src/model/report.ts';
import { rule } from '../../src/rules/policy-not-met-by-configuration.ts';
import { auditFinding, auditFindings, auditVerdict, INTERNAL, type Lines, REST, recorded } from '../support/audited.ts';
import { asking, profile } from '../support/policies.ts';

/** `requirement channel`, of what is not met. */
const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ title, channel }) => `${/ (\S+):/.exec(title)![1]} ${channel}`).sort();

const STRONG = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384';
const INTERNAL_CHANNELS = [
  'blob-server',
  'jobmanager-rpc',
  'metrics-query-service',
  'taskmanager-data',
  'taskmanager-rpc',
];

t.test('the recorded cluster without TLS meets nothing that asks for it', async (t) => {
  for (const name of ['flink-strict', 'flink-documented', 'pci']) {
    const found = told(await auditFindings(rule, [recorded('1.20.3-off', 'jm')], { policy: profile(name) }));
    for (const channel of INTERNAL_CHANNELS) t.ok(found.includes(`internal-tls ${channel}`), `${name} ${channel}`);
    t.ok(found.includes('rest-tls rest'), name);
  }
  const nist = await auditFindings(rule, [recorded('1.20.3-off', 'jm')], { policy: profile('nist-800-52r2') });
  t.strictSame(nist, [], 'NIST SP 800-52 says how TLS is used, not that it is');
});

t.test("Flink's default of 1.20.3 is in the lists of neither NIST, BSI nor flink-strict", async (t) => {
  for (const name of ['nist-800-52r2', 'bsi-tr-02102', 'flink-strict']) {
    const findings = await auditFindings(rule, [INTERNAL], { policy: profile(name), flinkVersion: '1.20.3' });
    const suites = findings.filter(({ title }) => title.includes('cipher-suite'));
    t.strictSame(suites.map(({ channel }) => channel).sort(), INTERNAL_CHANNELS, name);
    t.match(suites[0]!.observed, "TLS_RSA_WITH_AES_128_CBC_SHA (Flink's default)");
  }
  // The default of 2.3.0, which FLINK-39022 brought.
  for (const name of ['nist-800-52r2', 'bsi-tr-02102', 'flink-strict']) {
    const findings = await auditFindings(rule, [INTERNAL], { policy: profile(name), flinkVersion: '2.3.0' });
    t.strictSame(
      findings.filter(({ title }) => title.includes('cipher-suite')),
      [],
      name,
    );
  }
});

t.test('a single protocol of 1.2 leaves the 1.3 of NIST unmet, one of 1.3 does not', async (t) => {
  const policy = profile('nist-800-52r2');
  const protocols = async (lines: Lines): Promise<readonly string[]> =>
    told(await auditFindings(rule, [lines], { policy, flinkVersion: '2.3.0' })).filter((one) =>
      one.startsWith('tls13'),
    );
  t.equal((await protocols(INTERNAL)).length, 5);
  t.strictSame(await protocols({ ...INTERNAL, 'security.ssl.protocol': 'TLSv1.3' }), []);
});

t.test('the finding stands at the line of the setting, with the source of the requirement', async (t) => {
  const lines = { ...INTERNAL, ...REST, 'taskmanager.data.ssl.enabled': 'false', 'security.ssl.algorithms': STRONG };
  const found = await auditFinding(rule, [lines], { policy: profile('pci') });
  t.match(found, {
    severity: 'critical',
    channel: 'taskmanager-data',
    title: 'pci internal-tls: TLS',
    expected: 'TLS: on (PCI DSS 4.0.1 4.2.1)',
    observed: 'off',
    references: ['PCI DSS 4.0.1 4.2.1'],
    file: { line: Object.keys(lines).indexOf('taskmanager.data.ssl.enabled') + 1, member: 'jm' },
  });
  t.match(found.evidence[0]!.text, 'taskmanager.data.ssl.enabled: false');
});

t.test('all that flink-documented asks for', async (t) => {
  const policy = profile('flink-documented');
  t.strictSame(
    told(await auditFindings(rule, [{ ...INTERNAL, ...REST }], { policy })),
    ['rest-truststore rest'],
    'the example of the documentation has a truststore for clients of REST',
  );
  const whole = { ...INTERNAL, ...REST, 'security.ssl.rest.truststore': '/nowhere/ssl/rest-trust.p12' };
  t.equal(await auditVerdict(rule, [whole], { policy }), 'pass');
});

t.test('all that flink-strict asks for', async (t) => {
  const whole = {
    ...INTERNAL,
    ...REST,
    'security.ssl.rest.authentication-enabled': 'true',
    'security.ssl.rest.truststore': '/nowhere/ssl/rest-trust.p12',
    'security.ssl.rest.truststore-password': 'flinkpw',
    'security.ssl.algorithms': STRONG,
    'rest.bind-address': '127.0.0.1',
    'web.submit.enable': 'false',
  };
  const policy = profile('flink-strict');
  t.strictSame(told(await auditFindings(rule, [whole], { policy })), []);
  for (const [key, value, expected] of [
    ['security.ssl.rest.authentication-enabled', 'false', 'rest-client-authentication rest'],
    ['rest.bind-address', '0.0.0.0', 'rest-bind-address rest'],
    ['rest.bind-address', '::', 'rest-bind-address rest'],
    ['web.submit.enable', 'TRUE', 'web-submit rest'],
    ['queryable-state.enable', 'true', 'queryable-state queryable-state'],
    ['security.ssl.rest.enabled', 'false', 'rest-tls rest'],
  ] as const) {
    const found = told(await auditFindings(rule, [{ ...whole, [key]: value }], { policy }));
    t.ok(found.includes(expected), `${key}: ${value}`);
    if (key !== 'security.ssl.rest.authentication-enabled') t.equal(found.length, 1, `${key}: ${value} alone`);
  }
  const { 'rest.bind-address': _, ...unbound } = whole;
  t.strictSame(
    told(await auditFindings(rule, [unbound], { policy })),
    ['rest-bind-address rest'],
    'Flink binds to all addresses where nothing is set',
  );
});

t.test('keys: required, forbidden, one of, numbers, older names, defaults, any value', async (t) => {
  const asked = async (requirement: object, lines: Lines): Promise<string> => {
    const policy = asking({ id: 'a', key: 'a.key', ...requirement } as Parameters<typeof asking>[0]);
    return auditVerdict(rule, [{ ...lines, 'other.key': 'x' }], { policy });
  };
  const cases: readonly (readonly [object, Lines, string])[] = [
    [{ required: ['on'] }, { 'a.key': 'ON' }, 'pass'],
    [{ required: ['on'] }, { 'a.key': 'off' }, 'fail'],
    [{ required: ['on'] }, {}, 'fail'],
    [{ required: ['*'] }, { 'a.key': 'x' }, 'pass'],
    [{ required: ['*'] }, {}, 'fail'],
    [{ forbidden: ['*'] }, {}, 'pass'],
    [{ forbidden: ['*'] }, { 'a.key': 'x' }, 'fail'],
    [{ forbidden: ['http://*'] }, { 'a.key': 'http://store' }, 'fail'],
    [{ forbidden: ['http://*'] }, { 'a.key': 'https://store' }, 'pass'],
    [{ 'one-of': ['a', 'b'] }, { 'a.key': 'a, b' }, 'pass'],
    [{ 'one-of': ['a', 'b'] }, { 'a.key': 'a, c' }, 'fail'],
    [{ 'at-least': 10 }, { 'a.key': '10' }, 'pass'],
    [{ 'at-least': 10 }, { 'a.key': '9' }, 'fail'],
    [{ 'at-most': 10 }, { 'a.key': 'ten' }, 'fail'],
    [{ required: ['on'], aliases: ['old.key'] }, { 'old.key': 'on' }, 'pass'],
    [{ required: ['on'], default: 'on' }, {}, 'pass'],
    [{ forbidden: ['on'], default: 'on' }, {}, 'fail'],
  ];
  for (const [requirement, lines, expected] of cases)
    t.equal(await asked(requirement, lines), expected, JSON.stringify([requirement, lines]));
});

t.test('a password is never shown', async (t) => {
  const key = 'security.ssl.internal.key-password';
  const policy = asking({ id: 'a', key, forbidden: ['flinkpw'] }, { id: 'b', key, required: ['other-secret'] });
  const found = await auditFindings(rule, [INTERNAL], { policy });
  t.equal(found.length, 2);
  t.notMatch(JSON.stringify(found), /flinkpw|other-secret/);
});

t.test('requirements of other versions do not count', async (t) => {
  const policy = asking({ id: 'a', key: 'a.key', required: ['on'], since: '2.0' });
  t.equal(await auditVerdict(rule, [{ 'b.key': 'x' }], { policy, flinkVersion: '1.20.3' }), 'not-applicable');
  t.equal(await auditVerdict(rule, [{ 'b.key': 'x' }], { policy, flinkVersion: '2.0.0' }), 'fail');
});

t.test('without a policy it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
