import t from 'tap';
import { Members } from '../../src/daemon/members.ts';
import type { TaskManagerAnswer } from '../../src/net/flink-rest-types.ts';

const DAY_MS = 86_400_000;

/** As REST lists one: `host` keeps its name over restarts, `id` does not. */
function taskManager(host: string, id = host, lastHeartbeatAt = 1): TaskManagerAnswer {
  const path = `pekko.ssl.tcp://flink@${host}:6122/user/rpc/taskmanager_0`;
  return { id, path, lastHeartbeatAt } as TaskManagerAnswer;
}

interface Scene {
  readonly members: Members;
  readonly look: (listed: readonly TaskManagerAnswer[], jobManager?: string) => readonly string[];
  readonly pass: (milliseconds: number) => void;
}

function scene(): Scene {
  let now = 0;
  const members = new Members(() => now);
  return {
    members,
    look: (listed, jobManager) => members.seen(listed, jobManager).map(({ kind, text }) => `${kind}: ${text}`),
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

const BOTH = [taskManager('t1'), taskManager('t2')];

t.test('two JobManagers that answer in turn behind one address are no restarts, a third one is', async (t) => {
  const { look } = scene();
  t.strictSame(look(BOTH, 'a'), []);
  t.strictSame(look(BOTH, 'b'), ['restart: the JobManager was restarted'], 'it cannot be told from a restart yet');
  for (const one of ['a', 'b', 'a', 'a', 'b', 'b', 'a']) t.strictSame(look(BOTH, one), []);
  t.strictSame(look(BOTH, 'c'), ['restart: the JobManager was restarted']);
  t.strictSame(look(BOTH, 'b'), []);
});

t.test('a cluster that is down at the start is told once it is there, and has never gone', async (t) => {
  const { members, look } = scene();
  t.strictSame(members.unreachable('refused'), []);
  t.equal(members.isReachable, false, 'so that it is warned of once');
  t.strictSame(members.unreachable('refused'), []);
  t.strictSame(look([], 'a'), ['member-back: REST answers']);
  t.strictSame(look(BOTH, 'a'), ['member-back: t1 has registered', 'member-back: t2 has registered']);
  t.equal(members.unreachable('refused').length, 1);
  t.strictSame(look(BOTH, 'a'), ['member-back: REST answers again']);
});

t.test('who comes a day after somebody left its place is no successor, the same id is the same process', async (t) => {
  const { look, pass } = scene();
  look(BOTH, 'a');
  look([], 'a');
  pass(DAY_MS - 1);
  t.strictSame(look([taskManager('t1', 'other')], 'a'), ['restart: t1 was restarted and is registered']);
  pass(2);
  t.strictSame(look([taskManager('t1', 'other'), taskManager('t2', 'new')], 'a'), ['member-back: t2 has registered']);
});

t.test(
  'one that was killed stays listed beside its successor: when it goes that was a restart, and nobody is missing',
  async (t) => {
    const { look } = scene();
    look([taskManager('t1', 'old', 1000)], 'a');
    t.strictSame(look([taskManager('t1', 'old', 10_000), taskManager('t1', 'new', 15_000)], 'a'), [
      'member-back: t1 has registered',
    ]);
    t.strictSame(look([taskManager('t1', 'old', 10_000), taskManager('t1', 'new', 55_000)], 'a'), []);
    t.strictSame(look([taskManager('t1', 'new', 65_000)], 'a'), [
      'restart: t1 was restarted: its former process is no longer registered',
    ]);
    t.strictSame(look([taskManager('t1', 'new', 70_000), taskManager('t1', 'third', 70_000)], 'a'), [
      'member-back: t1 has registered',
    ]);
  },
);

t.test('of two on one machine that both live one that goes is missing, whenever the other came', async (t) => {
  const { look } = scene();
  look([taskManager('t1', 'a', 1000)], 'jm');
  look([taskManager('t1', 'a', 10_000), taskManager('t1', 'b', 15_000)], 'jm');
  look([taskManager('t1', 'a', 20_000), taskManager('t1', 'b', 25_000)], 'jm');
  t.strictSame(look([taskManager('t1', 'b', 35_000)], 'jm'), ['member-gone: t1 is no longer registered']);
});

t.test('of two on one machine each has its own successor', async (t) => {
  const { look } = scene();
  look([taskManager('t1', '1'), taskManager('t1', '2')], 'a');
  look([], 'a');
  const back = look([taskManager('t1', '2'), taskManager('t1', '3'), taskManager('t1', '4')], 'a');
  t.strictSame(back, [
    'member-back: t1 is registered again',
    'restart: t1 was restarted and is registered',
    'member-back: t1 has registered',
  ]);
});

t.test('pods that come and go under other names for months take no more memory', async (t) => {
  const { look } = scene();
  look([taskManager('first')], 'a');
  for (let pod = 0; pod < 12_000; pod++) look([taskManager(`pod-${pod}`)], 'a');
  const again = (pod: number): readonly string[] =>
    look([taskManager(`pod-${pod}`)], 'a').filter((one) => /back/.test(one));
  t.strictSame(again(0), ['member-back: pod-0 has registered'], 'forgotten: 10,000 are known');
  t.strictSame(again(11_000), ['member-back: pod-11000 is registered again']);
});
