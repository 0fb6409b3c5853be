import t from 'tap';
import { redact } from '../../src/report/redact.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { comparedReport, SECRETS } from '../support/compared-report.ts';
import {
  cleanReport,
  clearObservation,
  finding,
  observation,
  sampleReport,
  tlsDetails,
} from '../support/sample-report.ts';

t.test('leaves no host, address, member, subject or path anywhere, sentences included', async (t) => {
  const text = JSON.stringify(redact(sampleReport()));
  for (const secret of ['10.77.0', 'acme', 'flinkprobe lab', 'CN=', 'evil', '[31mred', '/srv', '/opt', '"jm"', 'tm2']) {
    t.notOk(text.includes(secret), secret);
  }
});

t.test('leaves out first bytes and bytes in sentences', async (t) => {
  const report = redact(sampleReport());
  const text = JSON.stringify(report);
  t.notOk(text.includes('badc0ffe') || text.includes('ba dc 0f fe') || text.includes('485454502f'));
  t.equal(report.observations[2]?.plaintext?.firstBytes, '');
  t.notOk('firstBytes' in (report.observations[5]?.answer ?? {}));
});

t.test('gives one name one pseudonym everywhere', async (t) => {
  const report = redact(sampleReport());
  const server = report.observations[2]?.server;
  t.equal(report.findings[0]?.endpoint?.host, server?.host);
  t.equal(report.findings[0]?.endpoint?.member, server?.member);
  t.match(report.findings[0]?.message, `Shuffle data of ${server?.member} crossed in clear`);
  t.match(report.findings[0]?.observed, `in clear from ${report.observations[0]?.client?.host}, 1512 bytes`);
  t.same(redact(sampleReport()), report, 'and the same input gives the same');
});

t.test('does not take a name for part of a longer one', async (t) => {
  const server = { host: '10.77.0.1', port: 6123, member: 'tm1' };
  const message = 'tm1 is not tm10, 10.77.0.1 not 10.77.0.10, and tm1-b not tm1';
  const report = redact(cleanReport({ observations: [observation({ server })], findings: [finding({ message })] }));
  const { host, member } = report.observations[0]!.server;
  t.match(report.findings[0]!.message, new RegExp(`^${member} is not tm10, ${host} not host-\\d+, and `));
  t.notMatch(report.findings[0]!.message, `${host}0`);
});

t.test('tells host names in sentences from setting keys, classes and files', async (t) => {
  const message =
    'jm.flink.svc ignores taskmanager.data.ssl.enabled in config.yaml of Flink 1.20.3 (org.apache.flink.runtime.Foo)';
  const server = { host: 'jm', port: 6123, member: 'taskmanager' };
  const report = redact(cleanReport({ observations: [observation({ server })], findings: [finding({ message })] }));
  t.match(
    report.findings[0]?.message,
    /^host-\d+ ignores taskmanager\.data\.ssl\.enabled in config\.yaml of Flink 1\.20\.3 \(org\.apache\.flink\.runtime\.Foo\)$/,
  );
});

t.test('finds addresses, URLs, paths, subjects and mail that stand in sentences only', async (t) => {
  const message =
    'see https://flink.acme.example:8081/jobs, fe80::1:2, 192.0.2.7:443, /etc/acme/key.pem, CN=acme ca, O=Acme, a@acme.example';
  const text = redact(cleanReport({ findings: [finding({ message })] })).findings[0]!.message;
  for (const secret of ['acme', 'Acme', 'fe80', '192.0.2', 'key.pem']) t.notMatch(text, secret, secret);
});

t.test('keeps what the judgement rests on', async (t) => {
  const before = sampleReport();
  const after = redact(before);
  t.equal(after.verdict, before.verdict);
  t.same(after.coverage, before.coverage);
  t.same(after.summary, before.summary);
  t.same(
    after.findings.map(({ ruleId, severity, fingerprint, references }) => [ruleId, severity, fingerprint, references]),
    before.findings.map(({ ruleId, severity, fingerprint, references }) => [ruleId, severity, fingerprint, references]),
  );
  t.equal(after.observations[0]?.tls?.cipherSuite, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256');
  t.equal(after.observations[0]?.observedAt, before.observations[0]?.observedAt);
  t.same(after.expectations[0]?.because[0]?.key, 'security.ssl.internal.enabled');
  t.equal(after.findings[0]?.remediation.settings['taskmanager.data.ssl.enabled'], 'true');
});

t.test('keeps words of closed lists even where a member has such a name', async (t) => {
  const server = { host: 'server', port: 6123, member: 'client', component: 'jobmanager' as const };
  const tls = tlsDetails({ alerts: [{ from: 'client', level: 'fatal', description: 'bad_certificate', code: 42 }] });
  const report = redact(cleanReport({ observations: [observation({ server, tls })] }));
  t.equal(report.observations[0]?.tls?.alerts[0]?.from, 'client');
  t.equal(report.observations[0]?.server.component, 'jobmanager');
  t.match(report.observations[0]?.server, { host: /^host-/, member: /^member-/ });
});

t.test('keeps the settings that mend a finding, so that the advice still stands', async (t) => {
  const settings = { 'security.ssl.rest.keystore': '/path/to/rest.p12', 'security.ssl.rest.keystore-password': '…' };
  const report = redact(cleanReport({ findings: [finding({ remediation: { text: 'x', settings, command: null } })] }));
  t.same(report.findings[0]?.remediation.settings, settings);
});

t.test('hides values of settings that name a site, and names of what crossed', async (t) => {
  const because = [
    { key: 's3.endpoint', value: 'http://minio.acme.example:9000', file: '/etc/acme/config.yaml', line: 3 },
    { key: 'security.ssl.protocol', value: 'TLSv1.2' },
  ];
  const [expectation] = sampleReport().expectations;
  const plaintext = clearObservation().plaintext!;
  const transfer = { ...plaintext.stateTransfer[0]!, names: ['acme-fraud-job', 's3://acme/chk-7/x'] };
  const report = redact(
    cleanReport({
      expectations: [{ ...expectation!, because }],
      observations: [clearObservation({ plaintext: { ...plaintext, stateTransfer: [transfer] } })],
    }),
  );
  t.notOk(JSON.stringify(report).includes('acme'));
  t.equal(report.expectations[0]?.because[1]?.value, 'TLSv1.2');
});

t.test('leaves nothing of the authorities that a chain leads to, or lacks', async (t) => {
  const trust = {
    verdict: 'incomplete',
    missingIssuer: 'CN=Acme Issuing 7',
    text: 'ends with CN=leaf (51aab0c9…), whose issuer CN=Acme Issuing 7 was neither sent nor is in the truststore',
  } as const;
  const led = {
    verdict: 'anchored',
    anchor: 'ab'.repeat(32),
    text: 'leads to CN=Acme Root,O=Acme (abababab…)',
  } as const;
  const further = { versions: ['TLSv1.2'], keyType: 'EC', chain: [], trust: led };
  const seen = observation({ tls: tlsDetails({ trust, alternativeChains: [further] }) });
  const report = redact(cleanReport({ observations: [seen] }));
  t.notMatch(JSON.stringify(report), /Acme/);
  reportSchema.parse(report);
  const { tls } = report.observations[0]!;
  t.match(tls?.trust, { verdict: 'incomplete', missingIssuer: /^subject-\d+$/ });
  t.match(tls?.alternativeChains?.[0]?.trust, { verdict: 'anchored', anchor: 'ab'.repeat(32) });
});

t.test('leaves nothing of what probes and baselines name, and keeps what they say', async (t) => {
  const report = redact(comparedReport());
  const text = JSON.stringify(report);
  for (const secret of SECRETS) t.notOk(text.includes(secret), secret);
  reportSchema.parse(report);
  const [rest] = report.observations;
  t.match(rest?.tls?.refusedServerName, { name: /^host-\d+$/, alert: 'illegal_parameter' });
  t.match(rest?.asked, { profile: 'standard', name: /^host-\d+$/, clear: { request: 'GET /config' } });
  t.match(rest?.asked?.attempts[0]?.result, /^TLSv1\.3 TLS_AES_256_GCM_SHA384 of host-\d+$/);
  t.match(report.observations[1]?.tls?.admission, [{ credential: 'stranger', outcome: 'admitted' }]);
  t.match(report.comparison?.baseline.path, /^path-\d+$/);
  t.match(report.comparison?.endpoints[3], { change: 'weaker', process: 'restarted', certificate: 'none' });
  t.equal(report.processes?.[0]?.member, rest?.server.member);
});
