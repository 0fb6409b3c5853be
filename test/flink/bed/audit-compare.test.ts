import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Expectation, Finding, Observation, Report } from '../../../src/model/report.ts';
import { compareAudit } from './audit-compare.ts';
import { type AuditTruth, auditTruth, INTERNAL_CHANNELS } from './audit-truth.ts';
import { CASES, caseNamed } from './cases.ts';
import { GCM_SUITES } from './configuration.ts';
import { FLINK_VERSIONS, versionNamed } from './versions.ts';

type Loose = Readonly<Record<string, unknown>>;

const TRUTH = caseNamed('internal-gcm').truth(versionNamed('2.3.0'));
const NOTHING: AuditTruth = { told: [], also: [] };

const promise = (channel: string, more: Loose = {}): Expectation =>
  ({
    ...{ channel, member: null, tls: 'required', clientAuthentication: 'required', basis: 'configuration' },
    ...{ protocols: ['TLSv1.2'], cipherSuites: GCM_SUITES, because: [], ...more },
  }) as unknown as Expectation;

const CLEAR_REST = promise('rest', {
  ...{ tls: 'forbidden', clientAuthentication: 'none', protocols: undefined, cipherSuites: undefined },
});
const PROMISES = [CLEAR_REST, ...INTERNAL_CHANNELS.map((channel) => promise(channel))];

const logged = (channel: string, member: string, says: 'tls' | 'clear', more: Loose = {}): Observation =>
  ({
    ...{ kind: 'log-line', vantage: 'log', channel, server: { host: member, port: 1, member } },
    ...{ log: { says, text: `${channel} of ${member} is ${says}` }, ...more },
  }) as unknown as Observation;

const RECORD: readonly Observation[] = [
  logged('rest', 'jm', 'clear'),
  logged('jobmanager-rpc', 'jm', 'tls'),
  logged('metrics-query-service', 'jm', 'tls'),
  ...['tm1', 'tm2'].flatMap((member) =>
    ['taskmanager-rpc', 'taskmanager-data', 'metrics-query-service'].map((channel) => logged(channel, member, 'tls')),
  ),
];

const finding = (ruleId: string, more: Loose = {}): Finding =>
  ({ ruleId, verdict: 'fail', severity: 'high', channel: 'rest', message: 'so it is', ...more }) as unknown as Finding;

function wrong(report: Partial<Report>, dictated: AuditTruth = NOTHING): readonly string[] {
  const whole = { expectations: PROMISES, observations: RECORD, findings: [], inputs: [], ...report };
  const { judgements, differences } = compareAudit(whole, TRUTH, dictated);
  const ofEndpoints = judgements.flatMap(({ channel, member, differences: texts }) =>
    texts.map((text) => `${channel} ${member}: ${text}`),
  );
  return [...ofEndpoints, ...differences];
}

t.test('an audit that promises and records what Flink does is equal', async (t) => {
  t.same(wrong({}), []);
});

t.test('a promise of other TLS than Flink makes of the file differs', async (t) => {
  const but = (channel: string, more: Loose): readonly string[] =>
    wrong({ expectations: [...PROMISES.filter((one) => one.channel !== channel), promise(channel, more)] });
  t.match(but('blob-server', { tls: 'forbidden' }), ['blob-server jm: promise: TLS is dictated, said is forbidden']);
  t.match(but('rest', {}), ['rest jm: promise: clear is dictated, said is required']);
  t.match(but('blob-server', { protocols: ['TLSv1.3'] }), [/protocols TLSv1\.2 are dictated, said are TLSv1\.3/]);
  t.match(but('blob-server', { cipherSuites: [GCM_SUITES[0]] }), [/suites .* are dictated/]);
  t.match(but('blob-server', { clientAuthentication: 'none' }), [/client authentication required is dictated/]);
  t.match(but('blob-server', { certificateSha1: ['aa'] }), [/no pin is dictated/]);
  t.match(wrong({ expectations: PROMISES.slice(1) }), ['rest jm: promise: nothing is said of it']);
});

t.test('what one member promises is held against that member', async (t) => {
  const odd = promise('taskmanager-rpc', { member: 'tm2', tls: 'forbidden' });
  t.match(wrong({ expectations: [...PROMISES, odd] }), ['taskmanager-rpc tm2: promise: TLS is dictated']);
});

t.test('a log that says otherwise, or says nothing where Flink does, differs', async (t) => {
  const clear = logged('taskmanager-data', 'tm1', 'clear');
  t.match(wrong({ observations: [...RECORD, clear] }), ['taskmanager-data tm1: record: tls is dictated, logged is']);
  t.match(wrong({ observations: RECORD.slice(1) }), ['rest jm: record: no line of the log says how it is served']);
  const asClient = logged('jobmanager-rpc', 'jm', 'clear', { client: { host: 'tm1', port: 0 } });
  t.same(wrong({ observations: [...RECORD, asClient] }), [], 'what a client speaks is not what is served');
});

t.test('findings that are dictated have to be there, on each channel and of each member, and no others', async (t) => {
  const dictated: AuditTruth = {
    told: [{ rule: 'keystores-differ', members: ['tm2'] }],
    also: ['state-readable-at-rest'],
  };
  const told = finding('keystores-differ', { file: { path: 'x', member: 'tm2' } });
  t.same(wrong({ findings: [told] }, dictated), []);
  t.match(wrong({}, dictated), ['keystores-differ of tm2: not told']);
  const elsewhere = finding('keystores-differ', { file: { path: 'x', member: 'tm1' } });
  t.match(wrong({ findings: [told, elsewhere] }, dictated), [/keystores-differ on rest of tm1: told, and not in the/]);
  t.match(wrong({ findings: [told, finding('pin-not-sha1')] }, dictated), [
    /pin-not-sha1 .*not in the truth: so it is/,
  ]);
  t.same(wrong({ findings: [told, finding('state-readable-at-rest')] }, dictated), [], 'of the machine');
  t.same(wrong({ findings: [told, finding('pin-not-sha1', { severity: 'low' })] }, dictated), [], 'below medium');
  t.same(wrong({ findings: [told, finding('pin-not-sha1', { verdict: 'inconclusive' })] }, dictated), []);
});

t.test('files that cannot be read and rules that throw differ', async (t) => {
  const inputs = [{ kind: 'keystore', path: 'k.p12', problems: [{ file: 'k.p12', line: 1, message: 'damaged' }] }];
  t.match(wrong({ inputs: inputs as never }), ['keystore k.p12: damaged']);
  t.match(wrong({ findings: [finding('x', { verdict: 'error', message: 'oh' })] }), ['x: oh']);
});

t.test('every case has a truth of its audit on every version, in rules that there are', async (t) => {
  for (const version of FLINK_VERSIONS) {
    for (const theCase of CASES) {
      const { told, also } = auditTruth(theCase.name, version, theCase.truth(version));
      for (const rule of [...told.map((one) => one.rule), ...also])
        t.ok(existsSync(join('src', 'rules', `${rule}.ts`)), `${theCase.name}: ${rule}`);
    }
  }
  t.throws(() => auditTruth('never', versionNamed('2.3.0'), TRUTH), /no truth of an audit/);
});

t.test('what changed between versions stands in the truth of the audit', async (t) => {
  const rules = (name: string, version: string): readonly string[] => {
    const theCase = caseNamed(name);
    return auditTruth(name, versionNamed(version), theCase.truth(versionNamed(version))).told.map(({ rule }) => rule);
  };
  t.ok(rules('ssl-enabled-alone', '2.0.2').includes('removed-tls-switch'), 'FLINK-33750');
  t.same(rules('ssl-enabled-alone', '1.20.5'), [], 'FLINK-33750');
  t.ok(rules('internal-default', '1.20.3').includes('weak-suite-configured'), 'before FLINK-39022');
  t.notOk(rules('internal-default', '1.20.5').includes('weak-suite-configured'), 'since FLINK-39022');
  t.ok(rules('jdk-refuses-default', '1.20.3').includes('suites-refused-by-jdk'));
  t.notOk(rules('jdk-refuses-default', '2.3.0').includes('suites-refused-by-jdk'));
  t.ok(rules('rest-mtls-no-truststore', '1.17.2').includes('log-tells-failed-start'), 'before FLINK-39969');
  t.ok(rules('certificate-nameless', '2.3.0').includes('log-tells-handshake-failures'), 'FLINK-40727');
});
