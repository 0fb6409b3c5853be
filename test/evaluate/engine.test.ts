import t from 'tap';
import { evaluate, limitEvidence } from '../../src/evaluate/engine.ts';
import type { Finding, Observation } from '../../src/model/report.ts';
import { clusterRule, endpointRule, FAIL, failing, run } from '../support/made-rules.ts';
import {
  active,
  baseline,
  clear,
  hello,
  JM,
  NOW,
  PROBES,
  promise,
  TM1,
  TM2,
  tls,
  undecided,
} from '../support/observations.ts';

const prints = (findings: readonly Finding[]) => findings.map((one) => one.fingerprint);

t.test(
  'gathers the connections of one listening endpoint into one subject, in the order of their first packet',
  async (t) => {
    const late = tls({ client: TM1, at: '2026-11-22T14:00:00Z' });
    const early = clear({ client: TM2, at: '2026-11-22T12:00:00Z' });
    const { subjects } = run([], [late, early, tls({ channel: 'blob-server' })]);
    t.same(
      subjects.map((one) => [one.channel, one.server.port, one.observations.map((each) => each.id)]),
      [
        ['jobmanager-rpc', 6123, [early.id, late.id]],
        ['blob-server', 6124, [subjects[1]!.observations[0]!.id]],
      ],
    );
    t.equal(subjects[0]!.probe?.id, 'jobmanager-rpc');
  },
);

t.test('puts what was asked behind what was captured, as it was reported, in whatever order they come', async (t) => {
  const asked = ['2026-11-22T14:00:00Z', '2026-11-22T10:00:00Z'].map((observedAt) =>
    active({ change: { observedAt } }),
  );
  const [late, early] = ['2026-11-22T13:00:00Z', '2026-11-22T11:00:00Z'].map((at) => tls({ client: TM1, at }));
  const [first, second] = asked;
  for (const all of [
    [first!, late!, early!, second!],
    [late!, first!, second!, early!],
    [first!, second!, early!, late!],
  ]) {
    t.strictSame(
      run([], all).subjects.map(({ observations }) => observations),
      [[early, late, first, second]],
    );
  }
});

t.test('keeps the same address in two VLANs or virtual networks apart, and tells their findings apart', async (t) => {
  const inVlan = (vlans: readonly number[]) => clear({ change: { encapsulation: { vlans } } });
  const inVni = (vni: number) => clear({ change: { encapsulation: { vlans: [], tunnel: 'vxlan', vni } } });
  const { findings } = run([failing], [inVlan([7]), inVlan([8]), inVni(7), clear(), inVlan([7])]);
  t.equal(new Set(prints(findings)).size, 4);
  t.equal(findings.length, 4);
});

t.test('does not take the interface that saw a packet for another network', async (t) => {
  const seenBy = (id: number) => clear({ change: { encapsulation: { interface: id, vlans: [] } } });
  t.equal(run([failing], [seenBy(0), seenBy(1)]).findings.length, 1);
});

t.test('gives what could not be told to the one channel that its port was seen to serve', async (t) => {
  const { subjects } = run([], [clear(), hello({ channel: 'unknown', server: { ...JM, port: 6123 }, answer: 'fin' })]);
  t.same(
    subjects.map((one) => [one.channel, one.observations.length]),
    [['jobmanager-rpc', 2]],
  );
});

t.test('judges no files, log lines or connections without a byte', async (t) => {
  const silent: Observation = { ...undecided('gap'), kind: 'no-answer', because: 'silent' };
  t.equal(run([failing], [silent]).findings.length, 0);
});

t.test('takes the member’s own expectation, then the common one, then the default policy', async (t) => {
  const own = promise('jobmanager-rpc', { member: 'jm', tls: 'optional' });
  const common = promise('jobmanager-rpc', { clientAuthentication: 'none' });
  const of = (expectations: ReturnType<typeof promise>[]) => run([], [clear()], expectations).subjects[0]!.expectation;
  t.match(of([common, own]), { member: 'jm', tls: 'optional' });
  t.match(of([common, promise('jobmanager-rpc', { member: 'tm1' })]), { member: null, clientAuthentication: 'none' });
  t.match(of([promise('jobmanager-rpc', { member: 'tm1', tls: 'optional' })]), { basis: 'policy', tls: 'required' });
  t.match(of([]), { basis: 'policy', tls: 'required', clientAuthentication: 'required' });
});

t.test('puts a configuration before a policy that is handed in with it', async (t) => {
  const policy = promise('jobmanager-rpc', { basis: 'policy', tls: 'optional', because: [] });
  const { subjects } = run([], [clear()], [policy, promise('jobmanager-rpc')]);
  t.equal(subjects[0]!.expectation?.basis, 'configuration');
});

t.test('gives a process without a name what all configurations agree on', async (t) => {
  const unnamed = clear({ server: { host: '10.77.0.1' } });
  const agreed = [promise('jobmanager-rpc', { member: 'a' }), promise('jobmanager-rpc', { member: 'b' })];
  t.equal(run([], [unnamed], agreed).subjects[0]!.expectation?.basis, 'configuration');
  const differing = [
    promise('jobmanager-rpc', { member: 'a' }),
    promise('jobmanager-rpc', { member: 'b', tls: 'optional' }),
  ];
  t.equal(run([], [unnamed], differing).subjects[0]!.expectation?.basis, 'policy');
});

t.test('knows the default policy of every kind of channel, and none for unknown', async (t) => {
  const of = (channel: Observation['channel']) => run([], [clear({ channel })]).subjects[0]!.expectation;
  t.match(of('taskmanager-data'), { tls: 'required', clientAuthentication: 'required' });
  for (const channel of ['rest', 'history-server', 'sql-gateway'] as const) {
    t.match(of(channel), { tls: 'required', clientAuthentication: 'none', basis: 'policy', member: null });
  }
  t.strictSame(of('rest')?.protocols, ['TLSv1.2', 'TLSv1.3']);
  t.match(of('jmx'), { tls: 'impossible' });
  t.match(of('checkpoint-storage'), { tls: 'optional' });
  t.equal(of('unknown'), undefined);
});

t.test('turns a rule that throws into a finding, and runs the others', async (t) => {
  const broken = endpointRule('broken', () => {
    throw new TypeError('no such thing');
  });
  const brokenToo = clusterRule('broken-too', () => {
    throw 'a string';
  });
  const { findings, errors, verdictCounts } = run([broken, brokenToo, failing], [clear()]);
  t.same(
    errors.map((one) => [one.ruleId, one.message]),
    [
      ['broken', 'TypeError: no such thing'],
      ['broken-too', 'a string'],
    ],
  );
  t.same(
    findings.map((one) => [one.ruleId, one.verdict]),
    [
      ['failing', 'fail'],
      ['broken', 'error'],
      ['broken-too', 'error'],
    ],
  );
  t.equal(verdictCounts.error, 2);
});

t.test('takes a throwing appliesTo for an error too', async (t) => {
  const broken = endpointRule('broken', () => [FAIL], {
    appliesTo: () => {
      throw new Error('defect');
    },
  });
  t.equal(run([broken], [clear()]).errors.length, 1);
});

t.test('lets fail win where a rule’s judgements of one thing disagree', async (t) => {
  const torn = endpointRule('torn', () => [
    { verdict: 'pass' },
    { verdict: 'inconclusive', message: 'Hard to say.' },
    FAIL,
  ]);
  const { findings, verdictCounts } = run([torn], [clear()]);
  t.same(
    findings.map((one) => [one.verdict, one.message]),
    [['fail', 'It failed.']],
  );
  t.same(verdictCounts, { pass: 0, fail: 1, inconclusive: 0, 'not-applicable': 0, error: 0 });
});

t.test('makes one finding of judgements about the same thing, with the worst severity and all evidence', async (t) => {
  const twice = endpointRule('twice', () => [
    { ...FAIL, severity: 'low', evidence: [{ text: 'a' }] },
    { ...FAIL, severity: 'high', evidence: [{ text: 'b' }] },
  ]);
  const [only, ...rest] = run([twice], [clear()]).findings;
  t.equal(rest.length, 0);
  t.equal(only?.severity, 'high');
  t.same(only?.evidence, [{ text: 'a' }, { text: 'b' }]);
});

t.test('tells an inconclusive judgement with a message, and only counts one without', async (t) => {
  const quiet = endpointRule('quiet', () => [{ verdict: 'inconclusive' }]);
  const loud = endpointRule('loud', () => [{ verdict: 'inconclusive', message: 'Hard to say.' }]);
  const { findings, verdictCounts } = run([quiet, loud], [clear()]);
  t.same(
    findings.map((one) => one.ruleId),
    ['loud'],
  );
  t.equal(verdictCounts.inconclusive, 2);
});

t.test('counts a rule that does not apply, or says nothing, as not applicable', async (t) => {
  const never = endpointRule('never', () => [FAIL], { appliesTo: () => false });
  t.equal(run([never, endpointRule('mute', () => [])], [clear()]).verdictCounts['not-applicable'], 2);
});

t.test('orders findings by severity, channel of the contract, endpoint and rule', async (t) => {
  const of = (id: string, severity: Finding['severity']) => endpointRule(id, () => [FAIL], { severity });
  const observations = [
    clear({ channel: 'unknown' }),
    clear({ channel: 'taskmanager-data', server: TM2 }),
    clear({ channel: 'taskmanager-data', server: TM1 }),
    clear({ channel: 'rest' }),
  ];
  const { findings } = run([of('b-low', 'low'), of('b-high', 'high'), of('a-high', 'high')], observations);
  t.same(
    findings.map((one) => `${one.severity} ${one.channel} ${one.endpoint?.member} ${one.ruleId}`),
    [
      'high rest jm a-high',
      'high rest jm b-high',
      'high taskmanager-data tm1 a-high',
      'high taskmanager-data tm1 b-high',
      'high taskmanager-data tm2 a-high',
      'high taskmanager-data tm2 b-high',
      'high unknown jm a-high',
      'high unknown jm b-high',
      'low rest jm b-low',
      'low taskmanager-data tm1 b-low',
      'low taskmanager-data tm2 b-low',
      'low unknown jm b-low',
    ],
  );
});

t.test('gives the same findings in whatever order observations and rules come', async (t) => {
  const observations = [
    clear({ channel: 'rest', at: '2026-11-22T13:00:01Z' }),
    clear({ channel: 'taskmanager-data', server: TM1, at: '2026-11-22T13:00:02Z' }),
    clear({ channel: 'taskmanager-data', server: TM2, at: '2026-11-22T13:00:03Z' }),
  ];
  const rules = [failing, endpointRule('another', () => [FAIL])];
  t.same(run([...rules].reverse(), [...observations].reverse()).findings, run(rules, observations).findings);
});

t.test(
  'gives a fingerprint that outlives restarts: client ports, frames, times and random ports change nothing',
  async (t) => {
    const [first] = prints(
      run([failing], [clear({ channel: 'taskmanager-data', server: { ...TM1, port: 33117 } })]).findings,
    );
    const again = clear({ channel: 'taskmanager-data', server: { ...TM1, port: 41090 }, at: '2027-01-01T00:00:00Z' });
    t.same(prints(run([failing], [again]).findings), [first]);
    t.match(first, /^[0-9a-f]{32}$/);
  },
);

t.test('gives different fingerprints to rules, channels, members, fixed ports and discriminators', async (t) => {
  const by = (discriminator: string) => endpointRule('failing', () => [{ ...FAIL, discriminator }]);
  const all = [
    run([failing], [clear()]),
    run([endpointRule('other', () => [FAIL])], [clear()]),
    run([failing], [clear({ channel: 'blob-server' })]),
    run([failing], [clear({ server: TM1 })]),
    run([failing], [clear({ server: { ...JM, port: 7000 } })]),
    run([failing], [clear({ server: { ...JM, port: 7000 } })], [promise('jobmanager-rpc', { port: 7000 })]),
    run([by('x')], [clear()]),
    run([by('y')], [clear()]),
  ].flatMap(({ findings }) => prints(findings));
  t.equal(new Set(all).size, 8);
});

t.test('knows a process by its name though its address changes', async (t) => {
  const moved = clear({ server: { ...JM, host: '10.77.0.200' } });
  t.same(prints(run([failing], [moved]).findings), prints(run([failing], [clear()]).findings));
});

t.test('tells two unnamed processes of one host on random ports apart', async (t) => {
  const on = (port: number) => clear({ channel: 'taskmanager-data', server: { host: '10.0.0.1', port } });
  const { findings } = run([failing], [on(33117), on(41090)]);
  t.equal(new Set(prints(findings)).size, 2);
});

t.test('lets a rule of the whole run accuse one endpoint', async (t) => {
  const endpoint = { ...TM2, port: 6121 };
  const whole = clusterRule('whole', () => [{ ...FAIL, channel: 'taskmanager-data', endpoint }]);
  t.match(run([whole], [clear()]).findings, [{ channel: 'taskmanager-data', endpoint }]);
  t.equal(run([clusterRule('whole', () => [FAIL])], []).findings[0]!.endpoint, undefined);
});

t.test('fills every field of a finding from the rule where the judgement is silent', async (t) => {
  const [found] = run([endpointRule('bare', () => [{ verdict: 'fail' }])], [clear()]).findings;
  t.match(found, { title: 'A problem', message: 'A problem.', severity: 'medium', waived: null, references: [] });
  t.equal(found?.remediation.text, 'Mend it.');
});

t.test('keeps five entries of evidence and counts the rest', async (t) => {
  const entries = Array.from({ length: 9 }, (_, i) => ({ text: `e${i}` }));
  t.same(
    limitEvidence(entries).map((one) => one.text),
    ['e0', 'e1', 'e2', 'e3', 'e4', 'and 4 more'],
  );
  t.equal(limitEvidence(entries.slice(0, 5)).length, 5);
});

t.test('hands rules what became of the endpoints since the baseline, and nothing without one', async (t) => {
  const heard: unknown[] = [];
  const rule = clusterRule('listening', ({ baseline }) => {
    heard.push(baseline?.endpoints.map(({ change }) => change));
    return [];
  });
  const seen = [active()];
  evaluate([rule], seen, [], { now: NOW, probes: PROBES, baseline: baseline([active()]) });
  evaluate([rule], seen, [], { now: NOW, probes: PROBES });
  t.strictSame(heard, [['unchanged'], undefined]);
});
