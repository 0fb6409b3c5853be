import t from 'tap';
import { RestFailure, type RestFault } from '../../src/net/flink-rest-failure.ts';
import type { ConfigurationEntry, RestReader, TaskManagerAnswer } from '../../src/net/flink-rest-types.ts';
import { type WaitOptions, type WaitResult, waitForTaskManagers } from '../../src/observe/restart.ts';

/** By seconds of the watch: what REST lists then, or how it fails. */
type Story = (second: number) => readonly TaskManagerAnswer[] | RestFault;

/** The JobManager's clock, in milliseconds: another than ours. */
const JOBMANAGER_CLOCK = 1_795_372_497_183;
/** `heartbeat.interval`. */
const INTERVAL = 10;

/** A TaskManager whose heartbeats arrive at `phase`, `phase + 10` …, until second `death`. */
function beating(id: string, second: number, phase: number, death = Number.POSITIVE_INFINITY): TaskManagerAnswer {
  const last = Math.floor((Math.min(second, death) - phase) / INTERVAL) * INTERVAL + phase;
  return listed(id, JOBMANAGER_CLOCK + last * 1000);
}

function listed(id: string, lastHeartbeatAt: number): TaskManagerAnswer {
  return {
    id,
    path: `pekko.tcp://flink@${id}:6122/user/rpc/taskmanager_0`,
    dataPort: 6121,
    jmxPort: -1,
    lastHeartbeatAt,
  };
}

interface Watched extends WaitResult {
  readonly said: readonly string[];
  readonly looks: number;
}

/** Watches a story in no time: the clock moves with each sleep alone. */
async function watch(
  story: Story,
  options: Partial<WaitOptions> & { readonly configuration?: readonly ConfigurationEntry[] } = {},
): Promise<Watched> {
  let clock = 0;
  let looks = 0;
  const said: string[] = [];
  const never = (): never => {
    throw new Error('is not asked');
  };
  const rest: RestReader = {
    ...{ url: new URL('http://jm:8081'), trust: 'clear' },
    ...{ dashboard: never, overview: never, jobs: never, checkpoints: never, checkpointConfig: never },
    jobManagerConfig: async () => {
      const answer = story(clock / 1000);
      if (typeof answer === 'string') throw new RestFailure(answer, `jm:8081: ${answer}`);
      return options.configuration ?? [];
    },
    taskManagers: async () => {
      looks += 1;
      const answer = story(clock / 1000);
      if (typeof answer === 'string') throw new RestFailure(answer, `jm:8081: ${answer}`);
      return answer;
    },
  };
  const result = await waitForTaskManagers(rest, {
    expected: 2,
    withinMs: 120_000,
    progress: (line) => said.push(line),
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
    },
    ...options,
  });
  return { ...result, said, looks };
}

t.test('registered TaskManagers count when each sent a heartbeat while we looked', async (t) => {
  const result = await watch((s) => [beating('tm1', s, -7), beating('tm2', s, -1)]);
  t.match(result, { verdict: 'all-registered', registered: 2, expected: 2 });
  t.ok(result.watchedSeconds >= 9 && result.watchedSeconds <= 12, `${result.watchedSeconds} s`);
  t.match(result.said[0], /^0 s: 0 of 2 TaskManagers registered and alive, 2 listed and not heard yet$/);
  t.match(result.said.at(-1), /2 of 2 TaskManagers registered and alive$/);
  t.match(
    result.lines[1],
    /healthy to REST for up to 60 s \(heartbeat\.timeout\)/,
    'the watch was shorter than a minute',
  );
});

t.test('a TaskManager that was killed is listed for 50 s, and counts for none of them', async (t) => {
  // As seen with 1.20.3: the list has two, one of them dead, until heartbeat.timeout.
  const story: Story = (s) => [beating('tm1', s, -7), ...(s < 50 ? [beating('tm2-old', s, -3, 0)] : [])];
  const result = await watch(story);
  t.match(result, { verdict: 'missing', registered: 1, watchedSeconds: 120 });
  t.match(result.lines.join('\n'), /1 missing: one whose TLS differs from the JobManager’s cannot register/);
  const early = await watch(story, { withinMs: 40_000 });
  t.match(early, { verdict: 'missing', registered: 1 });
  t.match(early.lines.join('\n'), /TaskManager tm2-old is listed, but sent no heartbeat for 40 s/);
  t.match(early.lines.join('\n'), /watch for 60 s at least/);
  t.notMatch(result.lines.join('\n'), /at least/);
});

t.test('its successor takes its place at once', async (t) => {
  const result = await watch((s) => [
    beating('tm1', s, -7),
    beating('tm2-old', s, -3, 0),
    // Registered, and without a heartbeat yet.
    ...(s >= 14 ? [listed('tm2-new', 0)] : []),
  ]);
  t.match(result, { verdict: 'all-registered', registered: 2 });
  t.ok(result.watchedSeconds >= 14 && result.watchedSeconds <= 18, `${result.watchedSeconds} s`);
});

t.test('a JobManager that was restarted alone has none for 41 s, and then those that still fit', async (t) => {
  const result = await watch((s) => (s < 5 ? 'refused' : s < 41 ? [] : [beating('tm1', s, 41), beating('tm2', s, 42)]));
  t.match(result, { verdict: 'all-registered', registered: 2 });
  t.ok(result.watchedSeconds >= 41 && result.watchedSeconds <= 45, `${result.watchedSeconds} s`);
  t.match(result.said, [/^0 s: .*refused/, /0 of 2/, /2 of 2/]);
});

t.test('TaskManagers that cannot register are missing at the end, not before', async (t) => {
  const none = await watch(() => []);
  t.match(none, { verdict: 'missing', registered: 0, watchedSeconds: 120 });
  t.match(none.lines[1], /^2 missing/);
  const unknown = await watch(() => [], { expected: undefined });
  t.match(unknown, { verdict: 'missing', registered: 0, watchedSeconds: 120 });
  t.match(unknown.lines[1], /^no TaskManager registered/);
});

t.test('more than expected are enough', async (t) => {
  const result = await watch((s) => ['a', 'b', 'c'].map((id) => beating(id, s, -5)));
  t.match(result, { verdict: 'all-registered', registered: 3, expected: 2 });
});

t.test('without a number, the same ones have to be healthy for a minute', async (t) => {
  const result = await watch((s) => [beating('tm1', s, -7), ...(s >= 30 ? [beating('tm2', s, 30)] : [])], {
    expected: undefined,
  });
  t.match(result, { verdict: 'all-registered', registered: 2, expected: undefined });
  t.ok(result.watchedSeconds >= 90 && result.watchedSeconds <= 94, `${result.watchedSeconds} s`);
  t.equal(result.lines.length, 1, 'nothing more to say: a whole minute was watched');
});

t.test('without a number, a short watch says how short it was', async (t) => {
  const result = await watch((s) => [beating('tm1', s, -7)], { expected: undefined, withinMs: 20_000 });
  t.match(result, { verdict: 'all-registered', registered: 1, watchedSeconds: 20 });
  t.match(result.lines[1], /up to 60 s/);
});

t.test('a watch shorter than a heartbeat takes the list’s word, and says so', async (t) => {
  const result = await watch((s) => [beating('tm1', s, -5), beating('tm2', s, -5)], { withinMs: 3000 });
  t.match(result, { verdict: 'all-registered', registered: 2, watchedSeconds: 3 });
  t.match(result.lines.join('\n'), /too short to see a heartbeat/);
  const once = await watch(() => [listed('tm1', 0)], { withinMs: 0 });
  t.match(once, { verdict: 'missing', registered: 1, looks: 1 });
});

t.test('quiet time is asked for with a number too, and a change starts it anew', async (t) => {
  const flapping: Story = (s) => [beating('tm1', s, -7), ...(s < 20 || s > 25 ? [beating('tm2', s, -6)] : [])];
  const result = await watch(flapping, { quietForMs: 20_000 });
  t.equal(result.verdict, 'all-registered');
  t.ok(result.watchedSeconds >= 46, `${result.watchedSeconds} s`);
});

t.test('the cluster’s own heartbeat interval counts', async (t) => {
  const slow: Story = (s) => [listed('tm1', Math.floor(s / 30)), listed('tm2', Math.floor(s / 30))];
  const usual = await watch(slow, { withinMs: 29_000 });
  t.equal(usual.verdict, 'missing', 'late, for 10 s');
  const configuration = [{ key: 'heartbeat.interval', value: '30 s' }];
  const told = await watch(slow, { configuration });
  t.match(told, { verdict: 'all-registered', watchedSeconds: 30 });
});

t.test('faults that a start mends are waited for, others are not', async (t) => {
  for (const fault of ['refused', 'timeout', 'http-status', 'closed', 'unresolved', 'unreachable'] as const) {
    const result = await watch(() => fault, { withinMs: 60_000 });
    t.match(result, { verdict: 'unreachable', registered: 0, watchedSeconds: 60 }, fault);
    t.match(result.lines, [new RegExp(`^REST was watched for 60 s: jm:8081: ${fault}$`)]);
  }
  for (const fault of ['unauthorised', 'tls-untrusted', 'tls-pin', 'speaks-tls', 'not-flink'] as const) {
    const result = await watch(() => fault);
    t.match(result, { verdict: 'unreachable', watchedSeconds: 8 }, fault);
  }
  const between = await watch((s) => (s < 6 ? 'speaks-clear' : [beating('tm1', s, 6), beating('tm2', s, 6)]));
  t.equal(between.verdict, 'all-registered', 'the old JobManager was still there');
});

t.test('an interruption ends the watch with what was seen', async (t) => {
  const stop = new AbortController();
  const story: Story = (s) => {
    if (s >= 20) stop.abort();
    return [beating('tm1', s, -5)];
  };
  const result = await watch(story, { signal: stop.signal });
  t.match(result, { verdict: 'interrupted', registered: 1, watchedSeconds: 20 });
});

t.test('progress is told where it changes, not with every look', async (t) => {
  const { said, looks } = await watch((s) => [beating('tm1', s, -5)]);
  t.ok(looks > 50);
  t.ok(said.length <= 3, said.join('\n'));
});
