import t from 'tap';
import type { Observation } from '../../../src/model/report.ts';
import { type Comparison, compareHandshake, compareWire, shortTruth } from './compare.ts';
import type { KeyStores } from './keystores.ts';
import type { Member } from './members.ts';
import { CLEAR, type Stances, type TlsTruth, type Truth, truthOf } from './truth.ts';

const SUITE = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const TLS: TlsTruth = {
  kind: 'tls',
  versions: ['TLSv1.2'],
  suites: { 'TLSv1.2': [SUITE] },
  clientAuthentication: 'required',
  certificate: 'internal',
};
const SECURED = { rpc: TLS, data: TLS, blob: TLS };
const STANCES: Stances = { jm: SECURED, tm1: SECURED, tm2: SECURED };
const STORES = { internal: { sha256: 'aa' }, other: { sha256: 'bb' } } as unknown as KeyStores;
const ADDRESSES: Readonly<Record<string, Member>> = { a: 'jm', b: 'tm1', c: 'tm2', d: 'prober' };

type Loose = Record<string, unknown>;

const tlsDetails = (more: Loose = {}): Loose => ({
  outcome: 'established',
  resumed: false,
  version: 'TLSv1.2',
  cipherSuite: SUITE,
  serverCertificate: { seen: 'present', truncated: false, chain: [{ sha256: 'aa', subject: 'CN=internal' }] },
  clientAuthentication: { verdict: 'requested', presented: 'certificate' },
  ...more,
});

const seen = (channel: string, client: string, server: string, more: Loose = { tls: tlsDetails() }): Observation =>
  ({
    vantage: 'passive',
    channel,
    kind: 'tls',
    server: { host: server },
    client: { host: client },
    ...more,
  }) as unknown as Observation;

const REST = seen('rest', 'd', 'a', { kind: 'plaintext' });
const WHOLE: readonly Observation[] = [
  REST,
  ...['b', 'c'].flatMap((client) => [seen('jobmanager-rpc', client, 'a'), seen('blob-server', client, 'a')]),
  seen('taskmanager-data', 'b', 'c'),
  seen('taskmanager-data', 'c', 'b'),
];

function comparison(observations: readonly Observation[], more: Partial<Comparison> = {}): Comparison {
  const truth: Truth = truthOf({ stances: STANCES, rest: CLEAR, jobOn: ['tm1', 'tm2'] });
  const memberOf = (host: string): Member | undefined => ADDRESSES[host];
  return { truth, observations, memberOf, stores: STORES, ports: 'fixed', clients: 'told-apart', ...more };
}

const wrong = (observations: readonly Observation[], more: Partial<Comparison> = {}): readonly string[] =>
  compareWire(comparison(observations, more)).flatMap(({ channel, member, differences }) =>
    differences.map((text) => `${channel} ${member}: ${text}`),
  );

t.test('a handshake in the midst of which the recording ends is no difference, an earlier one is', async (t) => {
  const at = (second: number, one: Observation): Observation =>
    ({ ...one, lastSeenAt: `2026-01-01T00:00:0${second}.000Z` }) as Observation;
  const unfinished = seen('metrics-query-service', 'a', 'b', { tls: tlsDetails({ outcome: 'incomplete' }) });
  t.same(wrong([...WHOLE.map((one) => at(1, one)), at(1, unfinished)]), []);
  t.match(wrong([...WHOLE.map((one) => at(1, one)), at(0, unfinished)]), [
    /established is dictated, seen is incomplete/,
  ]);
});

t.test('a recording that shows what is dictated is equal, and silent channels are not seen', async (t) => {
  const judgements = compareWire(comparison(WHOLE));
  const of = (channel: string): readonly string[] =>
    judgements.filter((one) => one.channel === channel).map((one) => one.verdict);
  t.same(of('blob-server'), ['equal']);
  t.same(of('taskmanager-data'), ['equal', 'equal']);
  t.same(of('metrics-query-service'), ['not-seen', 'not-seen', 'not-seen']);
  t.same(wrong(WHOLE), []);
});

t.test('a connection that is missing, of another kind or to nobody is a difference', async (t) => {
  t.same(wrong(WHOLE.slice(0, -1)), ['taskmanager-data tm1: tm2→tm1: not in the recording']);
  const clear = seen('taskmanager-data', 'c', 'b', { kind: 'plaintext' });
  t.same(wrong([...WHOLE.slice(0, -1), clear]), ['taskmanager-data tm1: tm2→tm1: tls is dictated, seen is plaintext']);
  t.same(wrong([...WHOLE, seen('jmx', 'd', 'a')]), ['unknown jm: jmx prober→jm: not in the truth']);
});

t.test('one connection that differs is not hidden by others that are right', async (t) => {
  const refused = seen('blob-server', 'b', 'a', { tls: tlsDetails({ outcome: 'refused' }) });
  t.same(wrong([...WHOLE, refused]), ['blob-server jm: tm1→jm: established is dictated, seen is refused']);
});

t.test('version, suite, client authentication and certificate are compared', async (t) => {
  const changed = (more: Loose): readonly string[] => {
    const odd = seen('blob-server', 'b', 'a', { tls: tlsDetails(more) });
    return wrong([...WHOLE, odd]).map((text) => text.replace('blob-server jm: tm1→jm: ', ''));
  };
  t.same(changed({ version: 'TLSv1.3' }), ['TLSv1.2 is dictated, seen is TLSv1.3']);
  t.same(changed({ cipherSuite: 'TLS_X' }), [`${SUITE} is dictated, seen is TLS_X`]);
  t.same(changed({ clientAuthentication: { verdict: 'not-requested', presented: 'none' } }), [
    'client authentication requested is dictated, seen is not-requested',
  ]);
  t.same(changed({ clientAuthentication: { verdict: 'requested', presented: 'empty' } }), [
    'a client certificate is dictated, seen is empty',
  ]);
  t.same(changed({ serverCertificate: { seen: 'present', chain: [{ sha256: 'bb', subject: 'CN=other' }] } }), [
    'certificate internal is dictated, seen is CN=other',
  ]);
  t.same(changed({ serverCertificate: { seen: 'hidden', because: 'encrypted' } }), []);
  t.same(changed({ resumed: true, clientAuthentication: { verdict: 'unknown', presented: 'unknown' } }), []);
});

t.test('on ports of chance TLS may go unnamed, clear text may not', async (t) => {
  const random = { ports: 'random' } as const;
  const unnamed = WHOLE.map((one) =>
    one.channel === 'taskmanager-data' ? { ...one, channel: 'unknown' as const } : one,
  );
  t.same(wrong(unnamed, random), []);
  t.same(wrong([...WHOLE, seen('unknown', 'b', 'c', { kind: 'plaintext' })], random), [
    'unknown tm2: unknown tm1→tm2: not in the truth',
  ]);
});

const asked = (channel: string, host: string, more: Loose): Observation =>
  ({ vantage: 'active', channel, server: { host }, kind: 'tls', ...more }) as unknown as Observation;

const accepted = (more: Loose = {}): Loose => ({
  tls: {
    ...tlsDetails({ clientAuthentication: { verdict: 'required', presented: 'empty' } }),
    accepted: { versions: ['TLSv1.2'], cipherSuites: { 'TLSv1.2': [SUITE] } },
    ...more,
  },
});

t.test('a probe is compared in versions, suites, client authentication and certificate', async (t) => {
  const judge = (more: Loose): readonly string[] =>
    compareHandshake(comparison([asked('blob-server', 'a', more)])).find((one) => one.channel === 'blob-server')!
      .differences;
  t.same(judge(accepted()), []);
  t.same(judge({ kind: 'plaintext' }), ['tls is dictated, seen is plaintext']);
  t.match(judge(accepted({ accepted: { versions: ['TLSv1.2', 'TLSv1.3'], cipherSuites: {} } })), [
    /^versions TLSv1\.2 are/,
  ]);
  t.match(judge(accepted({ accepted: { versions: ['TLSv1.2'], cipherSuites: {} } })), [
    /^TLSv1\.2 suites .* seen are none/,
  ]);
  t.same(judge(accepted({ clientAuthentication: { verdict: 'requested' } })), [
    'client authentication required is dictated, seen is requested',
  ]);
  t.match(judge(accepted({ serverCertificate: { seen: 'present', chain: [{ sha256: 'bb', subject: 'CN=other' }] } })), [
    /CN=other/,
  ]);
});

t.test('a port that was not asked is told', async (t) => {
  const judgements = compareHandshake(comparison([]));
  t.ok(judgements.every((one) => one.verdict === 'not-seen'));
});

t.test('the truth has a word for tables', async (t) => {
  t.equal(shortTruth(CLEAR), 'c');
  t.equal(shortTruth(TLS), 'T2m');
  t.equal(shortTruth({ ...TLS, versions: ['TLSv1.2', 'TLSv1.3'], clientAuthentication: 'not-requested' }), 'T2+T3');
  t.equal(shortTruth({ kind: 'absent', reason: 'it does not start' }), '–');
  t.equal(shortTruth({ kind: 'unusable', certificate: 'internal' }), 'x');
});
