import fc from 'fast-check';
import t from 'tap';
import { runVerdict } from '../../src/evaluate/severity.ts';
import { applyWaivers, daysLeft, stateOf, waiversFor } from '../../src/evaluate/waivers.ts';
import { type Finding, SEVERITIES } from '../../src/model/report.ts';
import type { Waiver, WaiverScope } from '../../src/model/waiver.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

function finding(over: Partial<Finding> = {}): Finding {
  return {
    ruleId: 'plaintext-channel',
    severity: 'critical',
    verdict: 'fail',
    channel: 'taskmanager-data',
    endpoint: { host: '10.77.0.3', port: 6121, component: 'taskmanager', member: 'tm2' },
    title: 'In clear',
    message: 'In clear.',
    expected: 'TLS',
    observed: 'clear',
    evidence: [],
    witnesses: { wire: 'fail', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
    remediation: { text: 'Switch it on.', settings: {}, command: null },
    references: [],
    fingerprint: '0123456789abcdef0123456789abcdef',
    waived: null,
    ...over,
  };
}

function waiver(scope: WaiverScope, over: Partial<Waiver> = {}): Waiver {
  return { id: 'w1', scope, owner: 'sec', reason: 'behind a VPN', until: '2026-12-31', ...over };
}

const covers = (scope: WaiverScope, over: Partial<Finding> = {}): boolean =>
  applyWaivers([finding(over)], [waiver(scope)], NOW).findings[0]!.waived !== null;

t.test('a waiver covers what fits every key of its scope, and nothing else', async (t) => {
  const fits: readonly WaiverScope[] = [
    { rule: 'plaintext-channel' },
    { channel: 'taskmanager-data' },
    { member: 'tm2' },
    { host: '10.77.0.3' },
    { fingerprint: '0123456789abcdef0123456789abcdef' },
    { severity: 'critical' },
    { rule: 'plaintext-channel', member: 'tm2', severity: 'critical' },
  ];
  for (const scope of fits) t.ok(covers(scope), JSON.stringify(scope));
  const misses: readonly WaiverScope[] = [
    { rule: 'plaintext-state-transfer' },
    { channel: 'rest' },
    { member: 'tm1' },
    { member: 'tm' },
    { host: '10.77.0.30' },
    { fingerprint: '0123456789abcdef0123456789abcdee' },
    { severity: 'high' },
    { rule: 'plaintext-channel', member: 'tm1' },
  ];
  for (const scope of misses) t.notOk(covers(scope), JSON.stringify(scope));
});

t.test('severity is an upper bound: what worsens beyond it comes back', async (t) => {
  const covered = SEVERITIES.filter((severity) => covers({ severity: 'medium' }, { severity }));
  t.strictSame(covered, ['medium', 'low', 'info']);
});

t.test('names of hosts are compared without case; a finding of a file has the member of the file', async (t) => {
  const { endpoint: _, ...rest } = finding();
  const file = { ...rest, file: { path: '/etc/flink/config.yaml', line: 3, member: 'jm' } };
  t.ok(covers({ host: 'JM.example' }, { endpoint: { host: 'jm.EXAMPLE', port: 8081 } }));
  t.not(applyWaivers([file], [waiver({ member: 'jm' })], NOW).findings[0]!.waived, null);
  t.equal(applyWaivers([file], [waiver({ host: 'jm' })], NOW).findings[0]!.waived, null);
});

t.test('the last day is a whole day, in UTC; on the next the finding is back', async (t) => {
  const on = waiver({ member: 'tm2' }, { until: '2026-11-22' });
  for (const [time, expected] of [
    ['2026-11-22T00:00:00.000Z', 'w1'],
    ['2026-11-22T23:59:59.999Z', 'w1'],
    ['2026-11-23T00:00:00.000Z', undefined],
  ] as const) {
    const { findings, outcomes } = applyWaivers([finding()], [on], Date.parse(time));
    t.equal(findings[0]!.waived?.id, expected, time);
    t.equal(outcomes[0]!.state, expected === undefined ? 'expired' : 'ending');
    t.equal(outcomes[0]!.matched, 1, 'what it fits is told also where it is over');
    t.equal(runVerdict(findings, []), expected === undefined ? 'fail' : 'pass');
  }
});

t.test('ending is within 30 days', async (t) => {
  t.equal(stateOf({ until: '2026-12-22' }, NOW), 'ending');
  t.equal(stateOf({ until: '2026-12-23' }, NOW), 'active');
  t.equal(daysLeft('2026-12-22', NOW), 30);
  t.equal(daysLeft('2026-11-21', NOW), -1);
  t.equal(daysLeft('2028-03-01', Date.parse('2028-02-28T23:59:59Z')), 2, 'a leap year has a 29th');
});

t.test('a rule that threw is a defect, which nobody can waive; what is inconclusive can be', async (t) => {
  t.notOk(covers({ rule: 'plaintext-channel' }, { verdict: 'error' }));
  t.ok(covers({ rule: 'plaintext-channel' }, { verdict: 'inconclusive' }));
});

t.test('the first that holds is named; each counts what it fits', async (t) => {
  const waivers = [
    waiver({ member: 'tm2' }, { id: 'over', until: '2026-01-01' }),
    waiver({ rule: 'plaintext-channel' }, { id: 'first' }),
    waiver({ member: 'tm2' }, { id: 'second' }),
    waiver({ member: 'tm9' }, { id: 'nothing' }),
  ];
  const { findings, outcomes } = applyWaivers([finding()], waivers, NOW);
  t.strictSame(findings[0]!.waived, { id: 'first', until: '2026-12-31', owner: 'sec', reason: 'behind a VPN' });
  t.strictSame(
    outcomes.map(({ id, matched, state }) => [id, matched, state]),
    [
      ['over', 1, 'expired'],
      ['first', 1, 'active'],
      ['second', 1, 'active'],
      ['nothing', 0, 'active'],
    ],
  );
});

t.test('a waiver of one cluster holds in no other, nor in a run of none', async (t) => {
  const [all, eu] = [waiver({ member: 'tm2' }, { id: 'all' }), waiver({ member: 'tm2', cluster: 'eu' }, { id: 'eu' })];
  const ids = (cluster: string | undefined): readonly string[] => waiversFor(cluster, [all!, eu!]).map(({ id }) => id);
  t.strictSame(ids('eu'), ['all', 'eu']);
  t.strictSame(ids('us'), ['all']);
  t.strictSame(ids(undefined), ['all']);
});

t.test('nothing is hidden: findings stay, in their order, and only waived changes', async () => {
  const one = fc.record({
    member: fc.constantFrom('tm1', 'tm2'),
    severity: fc.constantFrom(...SEVERITIES),
    verdict: fc.constantFrom('fail', 'inconclusive', 'error'),
  });
  fc.assert(
    fc.property(fc.array(one), fc.array(fc.constantFrom('tm1', 'tm2', 'tm3')), (given, members) => {
      const findings = given.map(({ member, severity, verdict }) =>
        finding({ severity, verdict, endpoint: { host: 'h', port: 1, member } }),
      );
      const waived = applyWaivers(
        findings,
        members.map((member) => waiver({ member })),
        NOW,
      ).findings;
      return (
        waived.length === findings.length &&
        waived.every((each, index) => {
          const wanted = findings[index]!;
          const isCovered = wanted.verdict !== 'error' && members.some((member) => member === wanted.endpoint?.member);
          return (
            JSON.stringify({ ...each, waived: null }) === JSON.stringify(wanted) && (each.waived !== null) === isCovered
          );
        })
      );
    }),
  );
});
