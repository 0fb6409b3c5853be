import t from 'tap';
import { evaluate } from '../../src/evaluate/engine.ts';
import type { Certificate, Observation } from '../../src/model/report.ts';
import type { ConfigurationSubject, StoreFacts, StoreSubject, StoreUse } from '../../src/model/rule.ts';
import { rule as oldCertificate } from '../../src/rules/old-certificate-still-served.ts';
import { rule } from '../../src/rules/served-certificate-is-not-the-one-on-disk.ts';
import { configuration } from '../support/configuration.ts';
import { logLine } from '../support/log-lines.ts';
import {
  active,
  baseline,
  certificate,
  chain,
  finding,
  hidden,
  judged,
  NOW,
  PROBES,
  TM1,
  TM2,
  tls,
  verdict,
} from '../support/observations.ts';

const RENEWED = certificate({ sha256: '77bb'.padEnd(64, '0'), notBefore: '2026-06-01T00:00:00Z' });
const OLDER = certificate({ sha256: '88cc'.padEnd(64, '0'), notBefore: '2025-06-01T00:00:00Z' });
const OTHER = certificate({ sha256: '99dd'.padEnd(64, '0'), subject: 'CN=other' });

function keystore(leaf: Certificate, path = '/ssl/internal.p12'): StoreFacts {
  const entries = [{ kind: 'key', chain: [leaf], key: 'opened' } as const];
  return { path, state: 'read', folder: 'there', file: { path }, format: 'PKCS12', entries, problems: [] };
}

function member(
  name: string | null,
  leaf: Certificate,
  family: 'internal' | 'rest' = 'internal',
): ConfigurationSubject {
  const setting = { key: `security.ssl.${family}.keystore`, value: '/ssl/internal.p12', file: 'config.yaml', line: 7 };
  const use: StoreUse = { member: name, family, role: 'keystore', setting };
  return {
    scope: 'configuration',
    member: name,
    path: 'config.yaml',
    configuration: configuration({}),
    files: [],
    problems: [],
    expectations: [],
    stores: [{ use, store: keystore(leaf) }],
    trust: [],
  };
}

const given = (leaf: Certificate): StoreSubject => ({
  scope: 'store',
  store: keystore(leaf, 'new.p12'),
  uses: [{ member: null }],
});
const rest = (change: Parameters<typeof tls>[0] = {}): Observation =>
  tls({
    channel: 'rest',
    tls: { serverCertificate: chain(certificate({ sha256: '66'.repeat(32), subject: 'CN=rest' })) },
    ...change,
  });

t.test('a renewed file and a process that was not restarted: medium, with both and the setting', async (t) => {
  const found = finding(rule, [tls()], { configurations: [member('jm', RENEWED)] });
  t.match(found, { severity: 'medium', channel: 'jobmanager-rpc', endpoint: { member: 'jm', port: 6123 } });
  t.match(
    found.message,
    /jm shows .*51aa0000.* holds .*77bb0000.*the file was renewed, and jm still serves what it read at its start/,
  );
  t.match(found.remediation.text, /^Restart jm/);
  t.match(found.evidence, [
    { frame: Number },
    { text: /^holds .*77bb0000/, file: '/ssl/internal.p12' },
    { text: 'security.ssl.internal.keystore: /ssl/internal.p12 (line 7)', file: 'config.yaml' },
  ]);
  t.match(found.witnesses, { wire: 'fail', handshake: 'not-heard', promise: 'pass' });
});

t.test('an older file is a stale copy or another host’s, another certificate another file: high', async (t) => {
  const stale = finding(rule, [active()], { configurations: [member('jm', OLDER)] });
  t.match(stale, { severity: 'medium', message: /which is older/, witnesses: { handshake: 'fail', promise: 'pass' } });
  const wrong = finding(rule, [active()], { configurations: [member(null, OTHER)] });
  t.match(wrong, { severity: 'high', message: /started with another file, or something in front of it ends TLS/ });
});

t.test('each process is held against its own keystore, clients of internal channels too', async (t) => {
  const configurations = [member('jm', certificate()), member('tm1', RENEWED), member('tm2', certificate())];
  const found = finding(rule, [tls({ client: TM1 }), tls({ client: TM2 })], { configurations });
  t.equal(found.endpoint?.member, 'tm1');
  const both = judged(rule, [tls({ client: TM1 }), tls({ channel: 'taskmanager-data', server: TM1, client: TM2 })], {
    configurations,
  });
  t.strictSame(
    both.findings.map(({ channel, endpoint }) => [channel, endpoint?.member, endpoint?.port]),
    [['taskmanager-data', 'tm1', 6121]],
    'told once, at the port that it listens at',
  );
});

t.test('the last certificate counts, where a process was restarted while it was watched', async (t) => {
  const before = tls({ at: '2026-11-22T13:00:00.000000Z' });
  const after = tls({
    at: '2026-11-22T13:10:00.000000Z',
    tls: { serverCertificate: chain(RENEWED), clientCertificate: chain(RENEWED) },
  });
  const around = { configurations: [member('jm', RENEWED), member('tm1', RENEWED)] };
  t.equal(verdict(rule, [before, after], around), 'pass');
  t.equal(verdict(rule, [{ ...before, observedAt: '2026-11-22T13:20:00.000000Z' }, after], around), 'fail');
});

t.test('says since when the process runs, by its log or the baseline', async (t) => {
  const start = logLine('process-started', { id: 'l1' });
  const at = '2026-05-01T00:00:00Z';
  const found = finding(rule, [tls(), { ...start, observedAt: at }], { configurations: [member('jm', RENEWED)] });
  t.match(found.message, /started at 2026-05-01T00:00:00Z, before the certificate on disk was made\.$/);
});

t.test('a store that was handed in is that of the family that shows its certificate, else its subject', async (t) => {
  t.equal(
    verdict(rule, [tls(), rest()], { stores: [given(certificate())] }),
    'pass',
    'REST has none to be held against',
  );
  const found = finding(rule, [active(), rest()], { stores: [given(RENEWED)] });
  t.equal(found.channel, 'jobmanager-rpc');
  t.equal(verdict(rule, [tls(), rest()], { stores: [given(OTHER)] }), 'not-applicable', 'it may be of either family');
  t.equal(verdict(rule, [tls()], { stores: [given(OTHER)] }), 'fail', 'there is but one');
});

t.test('what nobody saw is not judged: hidden, not read, of an unknown member', async (t) => {
  const configurations = [member('jm', RENEWED)];
  const dark = { serverCertificate: hidden('encrypted'), clientCertificate: hidden('encrypted') } as const;
  t.equal(verdict(rule, [tls({ tls: dark })], { configurations }), 'inconclusive');
  t.equal(verdict(rule, [tls({ server: TM2, client: TM2 })], { configurations }), 'not-applicable');
  const unread = { ...member('jm', RENEWED), stores: [] };
  t.equal(verdict(rule, [tls()], { configurations: [unread] }), 'not-applicable');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});

t.test('tells a process that was left behind instead of the rule for baselines, not beside it', async (t) => {
  const fresh = { serverCertificate: chain(RENEWED), clientCertificate: chain(RENEWED) };
  const data = { channel: 'taskmanager-data' } as const;
  const before = baseline([
    tls({ ...data, server: TM1, client: TM2 }),
    tls({ ...data, server: TM2, client: TM1 }),
    tls(),
  ]);
  const seen = [
    tls({ client: TM2, tls: fresh }),
    tls({ ...data, server: TM2, client: TM2, tls: fresh }),
    tls({ ...data, server: TM1, client: TM1 }),
  ];
  const around = { now: NOW, probes: PROBES, baseline: before } as const;
  const ids = (configurations: readonly ConfigurationSubject[]): string[] =>
    evaluate([rule, oldCertificate], seen, [], { ...around, configurations }).findings.map(({ ruleId }) => ruleId);
  t.strictSame(ids([]), ['old-certificate-still-served']);
  t.strictSame(ids([member(null, RENEWED)]), ['served-certificate-is-not-the-one-on-disk']);
});
