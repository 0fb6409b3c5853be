import t, { type Test } from 'tap';
import { clusterAnswers, serveRest } from '../support/flink-rest-server.ts';
import { KubernetesApi, podObject } from '../support/kubernetes-api.ts';
import { get, placeOf, type Started, start, until } from './daemon-process.ts';

/** The daemon as a process, its cluster on a stand-in for Kubernetes. */

interface Scene {
  readonly api: KubernetesApi;
  readonly asked: readonly string[];
  readonly one: Started;
}

async function watching(t: Test, lines: readonly string[]): Promise<Scene> {
  const api = await KubernetesApi.start();
  const rest = await serveRest(clusterAnswers('off'));
  t.teardown(() => Promise.all([api.close(), rest.close()]));
  api.apply(podObject('orders-jm', 'jobmanager', { ip: '10.0.0.9', container: 'j' }));
  api.apply(podObject('tm-1', 'taskmanager', { ip: '10.0.0.1', container: 'a' }));
  const place = placeOf();
  const pods = `kubernetes: { deployment: orders, namespace: flink, api: "${api.url}" }`;
  const cluster = ['name: prod', 'schedule: none', 'targets: ["rest=127.0.0.1:1"]', pods, ...lines];
  place.write(`  - ${cluster.join('\n    ').replaceAll('REST', rest.url)}\n`);
  return { api, asked: rest.asked, one: await start(t, place) };
}

interface Happened {
  readonly items: readonly { readonly kind: string; readonly member?: string; readonly text: string }[];
}

t.test('a pod that is restarted is in the history of its cluster, and has it verified', async (t) => {
  const { api, one } = await watching(t, ['restart_watch: { verify_after: 1s }']);
  await until(() => (api.watches === 1 ? true : undefined), one.log);
  t.equal(api.asked[0]?.searchParams.get('labelSelector'), 'app=orders,component in (jobmanager,taskmanager)');
  t.equal(api.authorizations[0], undefined);
  api.apply(podObject('tm-1', 'taskmanager', { ip: '10.0.0.1', container: 'a2', restarts: 1 }));
  const restart = await until(async () => {
    const { items } = await get<Happened>(`${one.url}/api/v1/happenings?cluster=prod`);
    return items.find(({ kind }) => kind === 'restart');
  }, one.log);
  t.match(restart, { member: 'tm-1', text: 'the taskmanager pod tm-1 was restarted (1 restart so far)' });
  await until(() => (/"trigger":"restart".*run finished/.test(one.log()) ? true : undefined), one.log);
  one.child.kill('SIGTERM');
  t.equal(await one.ended, 0, 'the watch keeps nobody waiting');
});

t.test('active: off asks nothing of Flink for the sake of restarts, and watches the pods', async (t) => {
  const { api, asked, one } = await watching(t, [
    'rest: { url: "REST" }',
    'active: off',
    'capture: { folder: nowhere }',
  ]);
  await until(() => (api.watches === 1 ? true : undefined), one.log);
  t.strictSame(asked, []);
});
