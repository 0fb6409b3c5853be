import fc from 'fast-check';
import t from 'tap';
import { loadRules } from '../../src/evaluate/directory.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import type { Finding, Observation } from '../../src/model/report.ts';
import {
  alert,
  certificate,
  chain,
  clear,
  clearRefused,
  hello,
  NOW,
  PROBER,
  PROBES,
  promise,
  TM1,
  TM2,
  tls,
  tls13,
  transfer,
  undecided,
} from '../support/observations.ts';

const rules = await loadRules();
const at = (second: number): string => `2026-11-22T13:00:${String(second).padStart(2, '0')}Z`;
const weak = certificate({ sha256: '77f0'.padEnd(64, '0'), notAfter: '2026-10-01T00:00:00Z' });

/** A cluster with something wrong for most rules to tell. */
const CLUSTER: readonly Observation[] = [
  tls({ client: TM1, at: at(1), tls: { cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA' } }),
  tls({ client: TM2, at: at(2), tls: { cipherSuite: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA', dh: { bits: 1024 } } }),
  tls({ client: TM2, at: at(3), tls: { outcome: 'refused', alerts: [alert('server', 42, 'bad_certificate')] } }),
  clearRefused({ client: TM2, at: at(4), answer: 'fin' }),
  clear({ channel: 'taskmanager-data', server: TM1, client: TM2, at: at(5) }),
  clear({
    channel: 'taskmanager-data',
    server: TM2,
    client: TM1,
    at: at(6),
    plaintext: { stateTransfer: [transfer('records')] },
  }),
  hello({ channel: 'blob-server', client: TM1, at: at(7), answer: 'fin' }),
  clear({ channel: 'blob-server', client: TM2, at: at(8) }),
  tls13({ channel: 'rest', client: PROBER, at: at(9) }),
  tls({ channel: 'taskmanager-rpc', server: TM1, at: at(10), tls: { serverCertificate: chain(weak) } }),
  clear({ channel: 'prometheus', server: TM2, client: PROBER, at: at(11) }),
  undecided('gap', { channel: 'metrics-query-service', server: TM1, at: at(12) }),
];

const findings = (observations: readonly Observation[], expectations = [] as ReturnType<typeof promise>[]) =>
  evaluate(rules, observations, expectations, { now: NOW, probes: PROBES }).findings;
const prints = (all: readonly Finding[]): readonly string[] => all.map((one) => one.fingerprint);

t.test('the cluster of this test gives something to tell to many rules', async (t) => {
  const told = findings(CLUSTER);
  t.ok(new Set(told.map((one) => one.ruleId)).size >= 12, String(new Set(told.map((one) => one.ruleId)).size));
  t.strictSame(
    told.filter((one) => one.verdict === 'error'),
    [],
  );
  t.equal(new Set(prints(told)).size, told.length, 'each with a fingerprint of its own');
});

t.test('the same findings come out of observations in any order', async () => {
  const expected = findings(CLUSTER);
  fc.assert(
    fc.property(fc.shuffledSubarray([...CLUSTER], { minLength: CLUSTER.length }), (shuffled) => {
      t.strictSame(findings(shuffled), expected);
    }),
    { numRuns: 50 },
  );
});

t.test('client ports, frames, ids and times change no fingerprint', async () => {
  const expected = prints(findings(CLUSTER));
  const change = fc.record({
    ports: fc.array(fc.integer({ min: 32768, max: 60999 }), { minLength: CLUSTER.length, maxLength: CLUSTER.length }),
    frame: fc.integer({ min: 1, max: 1e6 }),
    day: fc.constantFrom('2026-11-22', '2026-11-23', '2026-12-01'),
  });
  fc.assert(
    fc.property(change, ({ ports, frame, day }) => {
      const again = CLUSTER.map((one, index) => ({
        ...one,
        id: `o${index + 500}`,
        observedAt: one.observedAt.replace('2026-11-22', day),
        lastSeenAt: one.lastSeenAt.replace('2026-11-22', day),
        client: { ...one.client!, port: ports[index]! },
        frames: { first: frame + index, last: frame + index },
      }));
      t.strictSame([...prints(findings(again))].sort(), [...expected].sort());
    }),
    { numRuns: 50 },
  );
});

t.test('every entry of evidence that names an observation names one that exists', async (t) => {
  const ids = new Set(CLUSTER.map((one) => one.id));
  for (const finding of findings(CLUSTER, [promise('rest'), promise('jobmanager-rpc')])) {
    t.ok(finding.evidence.length > 0, finding.ruleId);
    for (const { observation } of finding.evidence) t.ok(observation === undefined || ids.has(observation));
  }
});

t.test('no message repeats the place that the finding has beside it', async (t) => {
  for (const { ruleId, message, endpoint } of findings(CLUSTER)) {
    if (endpoint === undefined || ruleId === 'mixed-tls-and-clear') continue;
    t.notMatch(message, `${endpoint.host}:${endpoint.port}`, ruleId);
  }
});
