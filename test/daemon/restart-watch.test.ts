import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { RestartWatch } from '../../src/daemon/restart-watch.ts';
import type { ClusterSettings } from '../../src/daemon/settings.ts';
import type { Happening, Trigger } from '../../src/daemon/types.ts';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { type RestServer, recorded, recordedText, serveRest } from '../support/flink-rest-server.ts';
import { until } from '../support/until.ts';
import { MemoryStore } from './memory-store.ts';
import { loaded } from './scheduling.ts';

interface TaskManager {
  readonly id: string;
  readonly path: string;
}

/** Two TaskManagers of a recorded Flink 1.20.3, and its JobManager's configuration; a test changes what they are. */
const { taskmanagers: RECORDED } = recorded('off-taskmanagers') as { taskmanagers: TaskManager[] };
const CONFIGURATION = recordedText('off-jobmanager-config');

interface Scene {
  taskManagers: readonly TaskManager[];
  configuration: string;
  answers: 'yes' | 'hangs';
  /** Milliseconds by which the wall clock was set. */
  clockSet: number;
}

interface Watched {
  readonly scene: Scene;
  readonly happened: string[];
  readonly triggers: { readonly trigger: Trigger; readonly at: number }[];
  /** As the daemon ends it: what is being asked is left. */
  readonly stop: () => Promise<void>;
  readonly server: RestServer;
  readonly lines: string[];
}

const EVERY_MS = 20;

async function watched(
  t: Test,
  restartWatch: NonNullable<ClusterSettings['restartWatch']> = { everyMs: EVERY_MS, verifyAfterMs: 400 },
  answers: Scene['answers'] = 'yes',
): Promise<Watched> {
  const scene: Scene = { taskManagers: RECORDED, configuration: CONFIGURATION, answers, clockSet: 0 };
  const server = await serveRest({
    '/taskmanagers': (_, response) => {
      if (scene.answers === 'yes') response.end(JSON.stringify({ taskmanagers: scene.taskManagers }));
    },
    '/jobmanager/config': (_, response) => void response.end(scene.configuration),
  });
  const happened: string[] = [];
  const lines: string[] = [];
  const triggers: { trigger: Trigger; at: number }[] = [];
  const abort = new AbortController();
  const watch = new RestartWatch({
    settings: { ...loaded([{}]).settings.clusters[0]!, restartWatch },
    openRest: () => new FlinkRest({ url: server.url, timeoutMs: answers === 'yes' ? 2000 : 300, signal: abort.signal }),
    trigger: (trigger) => void triggers.push({ trigger, at: Date.now() }),
    note: ({ kind, text }: Happening) => void happened.push(`${kind}: ${text}`),
    publish: () => undefined,
    keep: () => undefined,
    store: new MemoryStore().asStore,
    log: (level, _, text) => void lines.push(`${level} ${text}`),
    clock: () => Date.now() + scene.clockSet,
  });
  const stop = (): Promise<void> => {
    const stopped = watch.stop();
    abort.abort();
    return stopped;
  };
  t.teardown(async () => {
    await stop();
    await server.close();
  });
  await until('looks', () => server.asked.length >= (answers === 'yes' ? 4 : 2));
  return { scene, happened, triggers, stop, server, lines };
}

const [first, second] = RECORDED as [TaskManager, TaskManager];
const hostOf = ({ path }: TaskManager): string => /@([^:]+):/.exec(path)![1]!;

t.test('the first look tells nothing, and nothing is verified while nothing changes', async (t) => {
  const { happened, triggers, server } = await watched(t);
  await until('more looks', () => server.asked.length >= 12);
  t.strictSame([happened, triggers], [[], []]);
  t.strictSame([...new Set(server.asked)].sort(), ['GET /jobmanager/config', 'GET /taskmanagers']);
});

t.test('a TaskManager that registers under a new id was restarted, and is verified at once', async (t) => {
  const { scene, happened, triggers } = await watched(t);
  scene.taskManagers = [first, { ...second, id: `${hostOf(second)}:41000-abcdef` }];
  await until('a run', () => triggers.length > 0);
  t.strictSame(happened, [`restart: ${hostOf(second)} was restarted and is registered`]);
  t.equal(triggers[0]?.trigger, 'restart');
  await sleep(10 * EVERY_MS);
  t.equal(triggers.length, 1, 'once');
});

t.test('a TaskManager that goes and comes back is verified when it is back, not before', async (t) => {
  const { scene, happened, triggers } = await watched(t, { everyMs: EVERY_MS, verifyAfterMs: 60_000 });
  scene.taskManagers = [first];
  await until('it is missed', () => happened.length === 1);
  await sleep(5 * EVERY_MS);
  t.equal(triggers.length, 0, 'it is waited for');
  scene.taskManagers = [first, { ...second, id: 'other' }];
  await until('a run', () => triggers.length === 1);
  t.strictSame(happened, [
    `member-gone: ${hostOf(second)} is no longer registered`,
    `restart: ${hostOf(second)} was restarted and is registered`,
  ]);
});

t.test('a TaskManager that never comes back: verified at the deadline', async (t) => {
  const { scene, happened, triggers } = await watched(t);
  const gone = Date.now();
  scene.taskManagers = [first];
  await until('a run', () => triggers.length === 1);
  t.ok(triggers[0]!.at - gone >= 400, `${triggers[0]!.at - gone} ms`);
  t.strictSame(happened, [`member-gone: ${hostOf(second)} is no longer registered`]);
});

t.test('a clock that is set back while somebody is awaited does not put off the deadline', async (t) => {
  const { scene, happened, triggers } = await watched(t);
  scene.taskManagers = [first];
  await until('it is missed', () => happened.length === 1);
  scene.clockSet = -3_600_000;
  await until('a run', () => triggers.length === 1);
});

t.test('a cluster that is down when the watch begins is warned of once, and verified when it comes up', async (t) => {
  const long = { everyMs: EVERY_MS, verifyAfterMs: 60_000 };
  const { scene, happened, triggers, lines, server } = await watched(t, long, 'hangs');
  await until('another look', () => server.asked.length >= 4);
  t.strictSame([lines, happened, triggers], [['warn REST does not answer'], [], []]);
  scene.answers = 'yes';
  await until('a run', () => triggers.length > 0);
  t.equal(happened[0], 'member-back: REST answers');
});

t.test(
  'a JobManager that was restarted is told by its folder; TaskManagers that register again were not',
  async (t) => {
    const { scene, happened, triggers } = await watched(t, { everyMs: EVERY_MS, verifyAfterMs: 60_000 });
    scene.configuration = CONFIGURATION.replace(
      /flink-web-[0-9a-f-]{36}/,
      'flink-web-01234567-89ab-cdef-0123-456789abcdef',
    );
    scene.taskManagers = [];
    await until('it is seen', () => happened.length === 1);
    t.strictSame(happened, ['restart: the JobManager was restarted']);
    await sleep(5 * EVERY_MS);
    t.equal(triggers.length, 0, 'its TaskManagers are waited for');
    scene.taskManagers = RECORDED;
    await until('a run', () => triggers.length === 1);
    t.ok(happened.slice(1).every((one) => /^member-back: .* is registered again$/.test(one)));
  },
);

t.test('a REST that hangs is a JobManager that is gone: told once, and verified at the deadline', async (t) => {
  const { scene, happened, triggers, lines } = await watched(t);
  scene.answers = 'hangs';
  await until('a run at the deadline', () => triggers.length === 1);
  t.equal(happened.length, 1);
  t.match(happened[0], /^member-gone: REST does not answer: /);
  t.equal(lines.length, 1, 'told once');
  scene.answers = 'yes';
  await until('a run when it answers again', () => triggers.length === 2);
  t.equal(happened[1], 'member-back: REST answers again');
});

t.test('the end of a watch whose REST hangs comes soon, and says nothing of a JobManager that is gone', async (t) => {
  const { scene, happened, stop, server } = await watched(t);
  scene.answers = 'hangs';
  const before = server.asked.length;
  await until('a question', () => server.asked.length > before);
  const start = Date.now();
  await stop();
  t.ok(Date.now() - start < 1000);
  t.strictSame(happened, []);
});
