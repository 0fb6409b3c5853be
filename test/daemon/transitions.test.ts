import fc from 'fast-check';
import t from 'tap';
import { sightsOf, UNLISTED_MS } from '../../src/daemon/sights.ts';
import { FORGOTTEN_AFTER_MS, follow, type Track } from '../../src/daemon/transitions.ts';
import type { CommitSettings, Run, Transition } from '../../src/daemon/types.ts';
import type { Finding, Observation } from '../../src/model/report.ts';
import { accused, asked, MINUTE, type ReportPlan, runId, runOf, unanswered } from './cluster-report.ts';

/** What the store does, in memory: hands in what is open or told, and keeps what comes back. */
class Memory {
  readonly tracks: Map<string, Track> = new Map();
  readonly #settings: CommitSettings;
  #number = 0;

  constructor(resolveAfter = 1, expectedTaskManagers?: number) {
    this.#settings = { resolveAfter, ...(expectedTaskManagers === undefined ? {} : { expectedTaskManagers }) };
  }

  run(plan: ReportPlan): readonly Transition[] {
    this.#number += 1;
    return this.take(runOf(this.#number, plan));
  }

  take(run: Run): readonly Transition[] {
    const told = new Set(run.report.findings.map(({ fingerprint }) => fingerprint));
    const known = [...this.tracks.values()].filter(
      (one) => one.resolvedAt === undefined || one.hits > 0 || told.has(one.finding.fingerprint),
    );
    const { tracks, transitions } = follow(run, known, this.#settings);
    for (const track of tracks) this.tracks.set(track.finding.fingerprint, track);
    return transitions;
  }

  kinds(plan: ReportPlan): string[] {
    return this.run(plan).map(({ kind }) => kind);
  }
}

const WAIVED = { id: 'w1', until: '2026-11-22', owner: 'sec', reason: 'known' };

t.test('a finding is opened, goes on, is resolved and opened again', (t) => {
  const memory = new Memory();
  t.match(memory.run({ findings: [accused('tm-1')] }), [
    {
      cluster: 'prod',
      run: runId(1),
      at: '2026-11-22T12:01:04.321Z',
      kind: 'opened',
      firstSeenAt: '2026-11-22T12:01:04.321Z',
      finding: { change: 'new', firstSeen: '2026-11-22T12:01:04.321Z' },
    },
  ]);
  t.match(memory.run({ findings: [accused('tm-1')] }), [{ kind: 'still', finding: { change: 'unchanged' } }]);
  t.match(memory.run({}), [{ kind: 'resolved', finding: { change: 'fixed' } }]);
  t.strictSame(memory.run({}), [], 'told once');
  t.match(memory.run({ findings: [accused('tm-1')] }), [
    { kind: 'reopened', firstSeenAt: '2026-11-22T12:01:04.321Z', finding: { change: 'new' } },
  ]);
  t.equal(memory.tracks.get('tm-1-strangers')?.openings, 2);
  t.end();
});

t.test('it takes as many runs in a row to resolve a finding as to open it again', (t) => {
  const memory = new Memory(3);
  const seen = { findings: [accused('tm-1')] };
  t.strictSame(memory.kinds(seen), ['opened'], 'the first time at once');
  t.strictSame([memory.kinds({}), memory.kinds({})], [['still'], ['still']]);
  t.strictSame(memory.kinds(seen), ['still'], 'the row is broken');
  t.strictSame([memory.kinds({}), memory.kinds({}), memory.kinds({})], [['still'], ['still'], ['resolved']]);
  t.strictSame([memory.kinds(seen), memory.kinds(seen)], [[], []]);
  t.strictSame(memory.kinds({}), [], 'the row is broken');
  t.strictSame([memory.kinds(seen), memory.kinds(seen), memory.kinds(seen)], [[], [], ['reopened']]);
  t.end();
});

t.test('a finding that flaps with every run is opened once', (t) => {
  const memory = new Memory(2);
  const kinds = Array.from({ length: 1000 }, (_, index) =>
    memory.kinds(index % 2 === 0 ? { findings: [accused('tm-1')] } : {}),
  ).flat();
  t.strictSame(
    kinds.filter((kind) => kind !== 'still'),
    ['opened'],
  );
  t.end();
});

t.test('severity and sureness make it worse or ease it', (t) => {
  const memory = new Memory();
  const told = (change: Partial<Finding>): string[] => memory.kinds({ findings: [accused('tm-1', change)] });
  t.strictSame(told({ verdict: 'inconclusive', severity: 'critical' }), ['opened']);
  t.strictSame(told({ severity: 'low' }), ['worsened'], 'what is sure is worse than what is not');
  t.strictSame(told({ severity: 'high' }), ['worsened']);
  t.strictSame(told({ severity: 'high', message: 'other words' }), ['still']);
  t.strictSame(told({ severity: 'medium' }), ['eased']);
  t.end();
});

t.test('where a rule cannot decide what failed, it still fails', (t) => {
  const memory = new Memory();
  memory.run({ findings: [accused('tm-1')] });
  const [still] = memory.run({ findings: [accused('tm-1', { verdict: 'inconclusive', severity: 'info' })] });
  t.match(still, { kind: 'still', finding: { verdict: 'fail', severity: 'critical' } });
  t.equal(memory.tracks.get('tm-1-strangers')?.lastRun, runId(1), 'it was not seen');
  t.end();
});

t.test('a waiver is told when it begins and when it ends', (t) => {
  const memory = new Memory();
  memory.run({ findings: [accused('tm-1')] });
  t.strictSame(memory.kinds({ findings: [accused('tm-1', { waived: WAIVED })] }), ['waived']);
  t.strictSame(memory.kinds({ findings: [accused('tm-1', { waived: WAIVED })] }), ['still']);
  t.match(memory.run({ findings: [accused('tm-1')] }), [{ kind: 'unwaived', finding: { waived: null } }]);
  t.end();
});

t.test('a waiver ends by its date, also where nobody sees the endpoint', (t) => {
  const memory = new Memory();
  memory.run({ findings: [accused('tm-1', { waived: WAIVED })] });
  const unseen = { observations: [unanswered('tm-1')] };
  t.strictSame(memory.kinds({ ...unseen, at: 60 }), ['still'], 'the last day counts');
  t.match(memory.run({ ...unseen, at: 12 * 60 }), [{ kind: 'unwaived', finding: { waived: null } }]);
  t.strictSame(memory.kinds({ ...unseen, at: 12 * 60 + 1 }), ['still']);
  t.end();
});

/** One of these, and the finding of tm-1 stays open for ever. */
const BLIND: Readonly<Record<string, ReportPlan>> = {
  'was interrupted': { change: { complete: false } },
  'got no answer from the endpoint': { observations: [unanswered('tm-1')] },
  'got a part of an answer': {
    observations: [
      asked('tm-1', {
        asked: { profile: 'standard', connections: 1, complete: false, reason: 'budget', logLines: 0, attempts: [] },
      }),
    ],
  },
  'understood nothing of it': { observations: [asked('tm-1', { kind: 'undecided', because: 'gap' })] },
  'asked only others': { observations: [asked('tm-2')] },
  'asked only another channel of the process': { observations: [asked('tm-1', { channel: 'taskmanager-rpc' })] },
  'asked nobody': { observations: [] },
  'only saw it on the wire': { observations: [asked('tm-1', { vantage: 'passive' })] },
  'could not decide by this rule': {
    findings: [accused('tm-1', { fingerprint: 'other', verdict: 'inconclusive' })],
  },
  'had a rule that failed': {
    findings: [
      accused('tm-1', {
        fingerprint: 'other',
        verdict: 'error',
        channel: 'unknown',
        witnesses: { wire: 'inconclusive', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
      }),
    ],
  },
};

for (const [what, plan] of Object.entries(BLIND)) {
  t.test(`a run that ${what} resolves nothing`, (t) => {
    const memory = new Memory();
    memory.run({ findings: [accused('tm-1')] });
    for (let round = 0; round < 5; round += 1) {
      const kinds = memory.run(plan).filter(({ finding }) => finding.fingerprint === 'tm-1-strangers');
      t.strictSame(
        kinds.map(({ kind }) => kind),
        ['still'],
      );
    }
    t.strictSame(memory.kinds({}), plan.findings === undefined ? ['resolved'] : ['resolved', 'resolved']);
    t.end();
  });
}

t.test('a blind run neither counts for nor against a row', (t) => {
  const memory = new Memory(2);
  memory.run({ findings: [accused('tm-1')] });
  t.strictSame(memory.kinds({}), ['still']);
  t.strictSame(memory.kinds({ observations: [unanswered('tm-1')] }), ['still']);
  t.strictSame(memory.kinds({}), ['resolved']);
  t.strictSame(memory.kinds({ findings: [accused('tm-1')] }), []);
  t.strictSame(memory.kinds({ observations: [unanswered('tm-1')] }), []);
  t.strictSame(memory.kinds({ findings: [accused('tm-1')] }), ['reopened']);
  t.end();
});

t.test('an unanswered neighbour keeps nothing open', (t) => {
  const memory = new Memory();
  memory.run({ findings: [accused('tm-1')] });
  t.strictSame(memory.kinds({ observations: [asked('tm-1'), unanswered('tm-2')] }), ['resolved']);
  t.end();
});

t.test('what the wire told only the wire takes back', (t) => {
  const memory = new Memory();
  const clear = accused('tm-1', {
    witnesses: { wire: 'fail', handshake: 'pass', promise: 'not-heard', record: 'not-heard' },
  });
  const both = [asked('tm-1', { vantage: 'passive' }), asked('tm-1')];
  memory.run({ observations: both, findings: [clear] });
  t.strictSame(memory.kinds({ observations: [asked('tm-1')] }), ['still']);
  t.strictSame(memory.kinds({ observations: [asked('tm-1', { vantage: 'passive' })] }), ['resolved']);
  t.end();
});

t.test('what was told against a configuration needs as many of them again', (t) => {
  const memory = new Memory();
  const inputs = [
    { kind: 'configuration', path: '/etc/flink/jm' },
    { kind: 'configuration', path: '/etc/flink/tm' },
    { kind: 'rest', path: 'http://jm:8081' },
  ] as const;
  memory.run({ findings: [accused('tm-1')], change: { inputs } });
  t.strictSame(memory.kinds({ change: { inputs: inputs.slice(1) } }), ['still']);
  t.strictSame(memory.kinds({ change: { inputs: inputs.slice(0, 2) } }), ['still']);
  t.strictSame(memory.kinds({ change: { inputs } }), ['resolved']);
  t.end();
});

t.test('a finding about a file needs its file again', (t) => {
  const { endpoint: _, ...rest } = accused('tm-1');
  const finding: Finding = { ...rest, channel: 'unknown', file: { path: '/etc/flink/config.yaml', line: 4 } };
  const reading = (path: string): ReportPlan => ({
    observations: [],
    change: { inputs: [{ kind: 'configuration', path }] },
  });
  const memory = new Memory();
  memory.run({ ...reading('/etc/flink'), findings: [finding] });
  t.strictSame(memory.kinds(reading('/etc/other')), ['still']);
  t.strictSame(memory.kinds({ observations: [asked('tm-1')] }), ['still']);
  t.strictSame(memory.kinds(reading('/etc/flink')), ['resolved']);
  t.end();
});

t.test('a finding about all members needs an answer of all that were asked', (t) => {
  const { endpoint: _, ...finding } = accused('tm-1', { ruleId: 'members-differ-in-tls' });
  const memory = new Memory();
  const both = [asked('tm-1'), asked('tm-2')];
  memory.run({ observations: both, findings: [finding] });
  t.strictSame(memory.kinds({ observations: [asked('tm-1'), unanswered('tm-2')] }), ['still']);
  t.strictSame(memory.kinds({ observations: [asked('tm-1', { channel: 'rest' })] }), ['still']);
  t.strictSame(memory.kinds({ observations: both }), ['resolved']);
  t.end();
});

const UNLISTED = UNLISTED_MS / MINUTE;
const LISTED = (...members: string[]): ReportPlan['change'] => ({
  processes: members.map((member) => ({ component: 'taskmanager', member, source: 'rest', identity: `${member}-1` })),
});

t.test('a TaskManager that the JobManager lists no more takes its findings with it', (t) => {
  const memory = new Memory(2);
  memory.run({ findings: [accused('tm-1')], observations: [asked('tm-1'), asked('tm-2')] });
  const others = [asked('tm-2')];
  t.strictSame(memory.kinds({ observations: others }), ['still'], 'nobody listed anything');
  t.strictSame(memory.kinds({ observations: others, change: LISTED('tm-1', 'tm-2')! }), ['still'], 'it is there');
  const unlisted = { observations: others, change: LISTED('tm-2')! };
  t.strictSame(memory.kinds({ ...unlisted, at: 10 }), ['still'], 'it may not be back yet');
  t.strictSame(memory.kinds({ ...unlisted, at: 10 + UNLISTED }), ['still'], 'the first of two');
  t.strictSame(memory.kinds({ ...unlisted, at: 11 + UNLISTED }), ['resolved']);
  t.end();
});

const BOTH = { observations: [asked('tm-1'), asked('tm-2')], change: LISTED('tm-1', 'tm-2')! };
const FIRST = { observations: [asked('tm-1')], change: LISTED('tm-1')! };

t.test('a TaskManager that has not registered yet after a restart keeps its findings', (t) => {
  const memory = new Memory();
  memory.run({ ...BOTH, findings: [accused('tm-2')], at: 0 });
  t.strictSame(memory.kinds({ ...FIRST, at: 1 }), ['still']);
  t.strictSame(memory.kinds({ ...FIRST, at: UNLISTED }), ['still']);
  t.strictSame(
    memory.kinds({ ...BOTH, findings: [accused('tm-2')], at: UNLISTED + 1 }),
    ['still'],
    'told again, as ever',
  );
  t.strictSame(memory.kinds({ ...FIRST, at: UNLISTED + 2 }), ['still'], 'its time begins anew');
  t.end();
});

t.test('it has its time again where it was listed meanwhile and said nothing, not where nobody was listed', (t) => {
  const memory = new Memory();
  memory.run({ ...BOTH, findings: [accused('tm-2')], at: 0 });
  memory.run({ ...FIRST, at: 1 });
  const unanswering = { observations: [asked('tm-1'), unanswered('tm-2')], change: LISTED('tm-1', 'tm-2')! };
  t.strictSame(memory.kinds({ ...unanswering, at: 9 }), ['still']);
  t.strictSame(memory.kinds({ ...FIRST, at: 12 }), ['still']);
  t.strictSame(memory.kinds({ observations: [asked('tm-1')], at: 13 }), ['still'], 'REST said nothing');
  t.strictSame(memory.kinds({ ...FIRST, at: 12 + UNLISTED }), ['resolved']);
  t.end();
});

t.test('where as many are listed as there were, or as have to be, one that is not among them is gone', (t) => {
  const replaced = new Memory();
  replaced.run({ ...BOTH, findings: [accused('tm-2')], at: 0 });
  const successor = { observations: [asked('tm-1'), asked('tm-3')], change: LISTED('tm-1', 'tm-3')! };
  t.strictSame(replaced.kinds({ ...successor, at: 1 }), ['resolved'], 'a pod has its successor under another name');
  const smaller = new Memory(1, 1);
  smaller.run({ ...BOTH, findings: [accused('tm-2')], at: 0 });
  t.strictSame(smaller.kinds({ ...FIRST, at: 1 }), ['resolved'], 'the settings say one');
  const larger = new Memory(1, 3);
  larger.run({ ...BOTH, findings: [accused('tm-2')], at: 0 });
  t.strictSame(larger.kinds({ ...successor, at: 1 }), ['still'], 'the settings say three');
  t.end();
});

t.test('a TaskManager that is seen on the wire and never registers keeps its findings', (t) => {
  const memory = new Memory();
  const clear = accused('tm-1', {
    witnesses: { wire: 'fail', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
  });
  memory.run({ findings: [clear], observations: [asked('tm-1', { vantage: 'passive' })] });
  t.strictSame(memory.kinds({ observations: [asked('tm-2')], change: LISTED('tm-2')! }), ['still']);
  t.end();
});

t.test('an address that nothing names any more is forgotten after a week', (t) => {
  const memory = new Memory(3);
  memory.run({ findings: [accused('tm-1')], at: 0 });
  const week = FORGOTTEN_AFTER_MS / MINUTE;
  t.strictSame(memory.kinds({ observations: [asked('tm-2')], at: week - 1 }), ['still']);
  t.strictSame(memory.kinds({ observations: [unanswered('tm-1')], at: week + 1 }), ['still'], 'it is still asked');
  const interrupted = { observations: [asked('tm-2')], change: { complete: false } };
  t.strictSame(memory.kinds({ ...interrupted, at: week + 1 }), ['still']);
  t.strictSame(memory.kinds({ observations: [asked('tm-2')], at: week + 1 }), ['resolved']);
  t.end();
});

t.test('a process without a name on another port is the same one, unless it was there beside it', (t) => {
  const at = (port: number): Observation => asked('tm-1', { server: { host: '10.0.0.9', port } });
  const finding = accused('tm-1', { endpoint: { host: '10.0.0.9', port: 41_000 } });
  const memory = new Memory();
  memory.run({ findings: [finding], observations: [at(41_000), at(42_000)] });
  t.strictSame(memory.kinds({ observations: [at(42_000)] }), ['still']);
  t.strictSame(memory.kinds({ observations: [at(42_000), at(43_000)] }), ['resolved'], 'it came back elsewhere');
  t.end();
});

t.test('what was told of an endpoint that nobody asked ends with a run that looks at as much', (t) => {
  const memory = new Memory();
  const gone = accused('tm-9', {
    ruleId: 'gone-since-baseline',
    verdict: 'inconclusive',
    witnesses: { wire: 'inconclusive', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
  });
  memory.run({ findings: [gone] });
  t.strictSame(memory.kinds({ observations: [asked('tm-1', { vantage: 'passive' })] }), ['still']);
  t.strictSame(memory.kinds({}), ['resolved']);
  t.end();
});

t.test('the sights of a finding are those of the witnesses that accuse', (t) => {
  const { report } = runOf(1, { observations: [asked('tm-1'), asked('tm-1', { vantage: 'passive' })] });
  t.strictSame(sightsOf(report, accused('tm-1')), { of: 'place', vantages: ['active'], inputs: {}, besides: [] });
  t.end();
});

const plans = fc.array(
  fc.record({
    told: fc.subarray(['tm-1', 'tm-2', 'tm-3']),
    silent: fc.subarray(['tm-1', 'tm-2', 'tm-3']),
    complete: fc.boolean(),
    verdict: fc.constantFrom('fail', 'inconclusive'),
    waived: fc.boolean(),
    severity: fc.constantFrom('critical', 'high', 'low'),
  }),
  { maxLength: 25 },
);

t.test('after every run each open finding is told once, and a resolved one when it is resolved', (t) => {
  fc.assert(
    fc.property(plans, fc.integer({ min: 1, max: 4 }), (rounds, resolveAfter) => {
      const memory = new Memory(resolveAfter);
      const open = new Set<string>();
      for (const { told, silent, complete, verdict, waived, severity } of rounds) {
        const transitions = memory.run({
          observations: ['tm-1', 'tm-2', 'tm-3'].map((one) => (silent.includes(one) ? unanswered(one) : asked(one))),
          findings: told.map((one) => accused(one, { verdict, severity, waived: waived ? WAIVED : null })),
          change: { complete },
        });
        const prints = transitions.map(({ finding }) => finding.fingerprint);
        if (new Set(prints).size !== prints.length) throw new Error('told twice');
        for (const { kind, finding } of transitions) {
          const wasOpen = open.has(finding.fingerprint);
          if (wasOpen === (kind === 'opened' || kind === 'reopened')) throw new Error(`${kind} out of turn`);
          if (kind === 'resolved' && (!complete || told.includes(finding.fingerprint.slice(0, 4)))) {
            throw new Error('resolved what it did not see');
          }
          if (kind === 'resolved') open.delete(finding.fingerprint);
          else open.add(finding.fingerprint);
        }
        const left = [...memory.tracks.values()].filter(({ resolvedAt }) => resolvedAt === undefined);
        if (left.length !== open.size) throw new Error('open ones differ');
        if ([...open].some((one) => !prints.includes(one))) throw new Error('an open one is not told');
      }
    }),
    { numRuns: 300 },
  );
  t.end();
});
