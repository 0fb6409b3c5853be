import t, { type Test } from 'tap';
import { RestartWatch } from '../../src/daemon/restart-watch.ts';
import type { Happening, Trigger } from '../../src/daemon/types.ts';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { KubernetesPods } from '../../src/net/kubernetes-pods.ts';
import { recordedText, serveRest } from '../support/flink-rest-server.ts';
import { KubernetesApi, podObject } from '../support/kubernetes-api.ts';
import { until } from '../support/until.ts';
import { MemoryStore } from './memory-store.ts';
import { loaded } from './scheduling.ts';

const CONFIGURATION = recordedText('off-jobmanager-config');

interface Registered {
  readonly ip: string;
  readonly id: string;
  readonly heardAt?: number;
}

/** Registered as in a Flink of its own on Kubernetes: under the address of its pod. */
const taskManager = ({ ip, id, heardAt = 0 }: Registered) => ({
  id,
  path: `pekko.tcp://flink@${ip}:6122/user/rpc/taskmanager_0`,
  dataPort: 6121,
  jmxPort: -1,
  timeSinceLastHeartbeat: heardAt,
});

interface Scene {
  readonly api: KubernetesApi;
  registered: readonly Registered[];
  configuration: string;
  answers: 'yes' | 'no';
  readonly happened: string[];
  readonly triggers: Trigger[];
  readonly lines: string[];
  readonly asked: readonly string[];
}

const FIRST = podObject('tm-1', 'taskmanager', { ip: '10.0.0.1', container: 'a' });
const SECOND = podObject('tm-2', 'taskmanager', { ip: '10.0.0.2', container: 'b' });
const JOB_MANAGER = podObject('jm', 'jobmanager', { ip: '10.0.0.9', container: 'j' });
const copy = <Value>(one: Value): Value => structuredClone(one);

interface Choice {
  readonly rest?: 'asked' | 'not-asked';
  readonly everyMs?: number;
  readonly verifyAfterMs?: number;
  readonly pods?: readonly (typeof FIRST)[];
}

/** A cluster of a JobManager and two TaskManagers, watched both ways; nothing is verified at a deadline in time. */
async function watched(t: Test, choice: Choice = {}): Promise<Scene> {
  const { rest = 'asked', everyMs = 100, verifyAfterMs = 600_000, pods = [JOB_MANAGER, FIRST, SECOND] } = choice;
  const api = await KubernetesApi.start();
  for (const one of pods) api.apply(copy(one));
  const server = await serveRest({
    '/taskmanagers': (_, response) => {
      response.statusCode = scene.answers === 'yes' ? 200 : 503;
      response.end(JSON.stringify({ taskmanagers: scene.registered.map(taskManager) }));
    },
    '/jobmanager/config': (_, response) => void response.end(scene.configuration),
  });
  const scene: Scene = {
    api,
    registered: [
      { ip: '10.0.0.1', id: '10.0.0.1:6122-aaa' },
      { ip: '10.0.0.2', id: '10.0.0.2:6122-bbb' },
    ],
    configuration: CONFIGURATION,
    answers: 'yes',
    happened: [],
    triggers: [],
    lines: [],
    asked: server.asked,
  };
  const pause = { firstMs: 10, mostMs: 40, shortMs: 0 };
  const watch = new RestartWatch({
    settings: { ...loaded([{}]).settings.clusters[0]!, restartWatch: { everyMs, verifyAfterMs } },
    ...(rest === 'asked' ? { openRest: () => new FlinkRest({ url: server.url, timeoutMs: 1000 }) } : {}),
    pods: new KubernetesPods({
      namespace: 'flink',
      selector: 'app=orders',
      access: () => ({ url: api.url }),
      timeoutMs: 1000,
    }),
    podPauses: pause,
    trigger: (trigger) => void scene.triggers.push(trigger),
    note: ({ kind, text }: Happening) => void scene.happened.push(`${kind}: ${text}`),
    publish: () => undefined,
    keep: () => undefined,
    store: new MemoryStore().asStore,
    log: (level, fields, text) =>
      void scene.lines.push(`${level} ${text}: ${(fields as { problem?: string }).problem}`),
    clock: () => Date.now(),
  });
  t.teardown(async () => {
    await watch.stop();
    await Promise.all([api.close(), server.close()]);
  });
  await until('both are watched', () => api.watches === 1 && (rest === 'not-asked' || server.asked.length >= 2));
  return scene;
}

const restarted = (ip: string, name: string, container: string, more = {}) =>
  podObject(name, 'taskmanager', { ip, container, restarts: 1, ...more });

t.test(
  'a container that is restarted: seen at once, verified when REST lists its new process, told once',
  async (t) => {
    const scene = await watched(t);
    scene.api.apply(restarted('10.0.0.2', 'tm-2', 'b2'));
    await until('it is told', () => scene.happened.length === 1);
    const before = scene.asked.length;
    await until('REST is asked, though its turn has not come', () => scene.asked.length >= before + 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.strictSame(scene.triggers, [], 'REST lists the old process still');
    scene.registered = [scene.registered[0]!, { ip: '10.0.0.2', id: '10.0.0.2:6122-ccc' }];
    await until('it is verified', () => scene.triggers.length === 1);
    t.strictSame(scene.happened, ['restart: the taskmanager pod tm-2 was restarted (1 restart so far)']);
  },
);

t.test('where ids are configured, a heartbeat since the start tells that it has registered', async (t) => {
  const scene = await watched(t);
  const startedAt = '2026-11-22T12:30:00Z';
  scene.registered = scene.registered.map((one) => ({ ...one, heardAt: Date.parse(startedAt) - 1 }));
  scene.api.apply(restarted('10.0.0.2', 'tm-2', 'b2', { startedAt }));
  const before = scene.asked.length;
  await until('a look', () => scene.asked.length >= before + 2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.strictSame(scene.triggers, []);
  scene.registered = scene.registered.map((one) => ({ ...one, heardAt: Date.parse(startedAt) + 1 }));
  await until('it is verified', () => scene.triggers.length === 1);
});

t.test(
  'a pod in the place of another: verified when it has registered, what REST sees of it is not told again',
  async (t) => {
    const scene = await watched(t);
    scene.api.delete('tm-2');
    scene.api.apply(podObject('tm-3', 'taskmanager', { ip: '10.0.0.3', container: 'c', ready: false }));
    await until('both are told', () => scene.happened.length === 2);
    scene.registered = [scene.registered[0]!, { ip: '10.0.0.3', id: 'tm-3' }];
    const before = scene.asked.length;
    await until('looks', () => scene.asked.length >= before + 2);
    t.strictSame(scene.triggers, [], 'it is not ready');
    scene.api.apply(podObject('tm-3', 'taskmanager', { ip: '10.0.0.3', container: 'c' }));
    await until('it is verified', () => scene.triggers.length === 1);
    t.strictSame(scene.happened, [
      'member-gone: the taskmanager pod tm-2 was deleted',
      'restart: the taskmanager pod tm-3 has started in the place of tm-2',
    ]);
  },
);

t.test('a JobManager that is restarted: REST that does not answer meanwhile is no event of its own', async (t) => {
  const scene = await watched(t);
  scene.answers = 'no';
  scene.api.apply(podObject('jm', 'jobmanager', { ip: '10.0.0.9', container: 'j2', restarts: 1 }));
  await until('REST was asked in vain', () => scene.lines.some((one) => one.includes('REST does not answer')));
  scene.configuration = CONFIGURATION.replace(
    /flink-web-[0-9a-f-]{36}/,
    'flink-web-01234567-89ab-cdef-0123-456789abcdef',
  );
  scene.answers = 'yes';
  await until('it is verified', () => scene.triggers.length === 1);
  t.strictSame(scene.happened, ['restart: the jobmanager pod jm was restarted (1 restart so far)']);
});

t.test('a TaskManager that never registers again is told, and the cluster verified at the deadline', async (t) => {
  const scene = await watched(t, { verifyAfterMs: 300 });
  scene.api.apply(restarted('10.0.0.2', 'tm-2', 'b2'));
  await until('it is verified', () => scene.triggers.length === 1);
  t.strictSame(scene.happened, ['restart: the taskmanager pod tm-2 was restarted (1 restart so far)']);
});

t.test('without REST, what is verified waits until as many pods are ready as were', async (t) => {
  const scene = await watched(t, { rest: 'not-asked' });
  scene.api.apply(
    podObject('tm-2', 'taskmanager', { ip: '10.0.0.2', container: 'b', state: 'terminated', ready: false }),
  );
  await until('its end is told', () => scene.happened.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.strictSame(scene.triggers, []);
  scene.api.apply(restarted('10.0.0.2', 'tm-2', 'b2'));
  await until('it is verified', () => scene.triggers.length === 1);
  t.strictSame(scene.asked, []);
});

t.test('an API server that is gone costs the pods only: REST tells what it sees, and the log says so', async (t) => {
  const scene = await watched(t);
  scene.api.instead = (_, response) => void response.destroy();
  scene.api.drop('destroyed');
  await until('the log says so', () => scene.lines.length === 1);
  t.match(scene.lines[0], /^warn pods cannot be watched: /);
  scene.registered = [scene.registered[0]!, { ip: '10.0.0.2', id: '10.0.0.2:6122-ccc' }];
  await until('it is verified', () => scene.triggers.length === 1);
  t.strictSame(scene.happened, ['restart: 10.0.0.2 was restarted and is registered']);
  scene.api.apply(restarted('10.0.0.2', 'tm-2', 'b2'));
  scene.api.instead = undefined;
  await until('pods are watched again', () => scene.lines.length === 2);
  await until('what happened is told by the stream', () => scene.api.watches === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.equal(scene.happened.length, 1, 'the pods tell what REST has told');
  t.equal(scene.triggers.length, 1, 'and nobody is awaited for it again');
});

t.test('a selector that picks nothing of Flink is told', async (t) => {
  const none = await watched(t, { pods: [] });
  t.match(none.lines, [/no pod of Flink is seen: no pod is selected/]);
  const others = await watched(t, { pods: [podObject('web', 'frontend', { container: 'w' })] });
  t.match(others.lines, [/1 pods are selected, none has the label component/]);
});

t.test('a server that tells changes without end: they are noted up to a limit, and the watch goes on', async (t) => {
  const scene = await watched(t, { rest: 'not-asked' });
  for (let turn = 0; turn < 2500; turn++) scene.api.apply(restarted('10.0.0.2', 'tm-2', `c${turn}`));
  await until('the log says so', () => scene.lines.some((one) => one.includes('changes of members in a minute')));
  t.equal(scene.happened.length, 2000);
  await until('it is verified', () => scene.triggers.length > 0);
  t.equal(scene.lines.length, 1);
});

t.test('changes that do not stop put off neither a look at REST nor the deadline', async (t) => {
  const scene = await watched(t, { everyMs: 60_000, verifyAfterMs: 600 });
  const before = scene.asked.length;
  let turn = 0;
  const timer = setInterval(() => scene.api.apply(restarted('10.0.0.2', 'tm-2', `c${turn++}`)), 20);
  t.teardown(() => clearInterval(timer));
  await until('REST is asked', () => scene.asked.length > before + 2);
  await until('it is verified', () => scene.triggers.length > 0);
  t.ok(turn > 5, `${turn} changes until then`);
});
