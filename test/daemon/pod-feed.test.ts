import t, { type Test } from 'tap';
import { PodFeed } from '../../src/daemon/pod-feed.ts';
import { KubernetesPods } from '../../src/net/kubernetes-pods.ts';
import { KubernetesApi, podObject, recordedKubernetes } from '../support/kubernetes-api.ts';
import { until } from '../support/until.ts';

interface Fed {
  readonly api: KubernetesApi;
  /** `list tm-1 tm-2`, `applied tm-1`, `lost …`. */
  readonly told: string[];
  readonly feed: PodFeed;
}

async function fed(t: Test, shortMs = 0): Promise<Fed> {
  const api = await KubernetesApi.start();
  api.apply(podObject('tm-1', 'taskmanager', { container: 'a' }));
  const told: string[] = [];
  const source = new KubernetesPods({
    namespace: 'flink',
    selector: 'app=orders',
    access: () => ({ url: api.url }),
    timeoutMs: 1000,
  });
  const feed = new PodFeed(
    source,
    {
      listed: (pods) => void told.push(`list ${pods.map(({ name }) => name).join(' ')}`),
      changed: ({ kind, pod }) => void told.push(`${kind} ${pod.name}`),
      state: (state, why) => void told.push(why === undefined ? state : `${state} ${why}`),
    },
    { firstMs: 10, mostMs: 40, shortMs },
  );
  t.teardown(async () => {
    await feed.stop();
    await api.close();
  });
  await until('it watches', () => api.watches === 1 && told.includes('following'));
  return { api, told, feed };
}

t.test('pods are listed, then watched from there', async (t) => {
  const { api, told } = await fed(t);
  api.apply(podObject('tm-2', 'taskmanager'));
  api.delete('tm-1');
  await until('both', () => told.length === 4);
  t.strictSame(told, ['list tm-1', 'following', 'applied tm-2', 'deleted tm-1']);
  t.equal(api.lists, 1);
});

for (const how of ['ended', 'destroyed'] as const) {
  t.test(`a stream that is ${how} is taken up where it ended, without another list`, async (t) => {
    const { api, told } = await fed(t);
    api.apply(podObject('tm-2', 'taskmanager'));
    await until('it is told', () => told.includes('applied tm-2'));
    api.drop(how);
    api.apply(podObject('tm-3', 'taskmanager'));
    await until('what happened meanwhile', () => told.includes('applied tm-3'));
    t.equal(told.filter((one) => one === 'applied tm-2').length, 1, 'nothing twice');
    t.equal(api.lists, 1);
    if (how === 'destroyed') t.ok(told.some((one) => one.startsWith('lost ')));
    t.ok(told.lastIndexOf('following') > told.findIndex((one) => one.startsWith('lost')));
  });
}

t.test('a bookmark moves on the version from which a watch is taken up', async (t) => {
  const { api, told } = await fed(t);
  for (const one of ['x', 'y']) api.apply(podObject(one, 'taskmanager'));
  await until('both', () => told.includes('applied y'));
  api.bookmark();
  api.apply(podObject('z', 'taskmanager'));
  await until('the last', () => told.includes('applied z'));
  api.drop('ended');
  await until('another watch', () => api.asked.filter(({ searchParams }) => searchParams.has('watch')).length === 2);
  t.equal(api.asked.at(-1)?.searchParams.get('resourceVersion'), '104');
});

t.test('a version that is no longer kept: all are listed anew, and nothing is called lost', async (t) => {
  const { api, told } = await fed(t);
  api.drop('ended');
  api.delete('tm-1');
  api.apply(podObject('tm-2', 'taskmanager'));
  api.compact();
  await until('another list', () => told.includes('list tm-2'));
  await until('another watch', () => api.watches === 1);
  t.notOk(
    told.some((one) => one.startsWith('lost')),
    `${told}`,
  );
});

t.test('a server that refuses is asked again in growing pauses, told once, and told when it is back', async (t) => {
  const { api, told } = await fed(t);
  api.instead = (_, response) => {
    response.statusCode = 500;
    response.end('{"kind":"Status","code":500,"message":"etcdserver: leader changed"}');
  };
  api.drop('ended');
  const before = api.asked.length;
  await until('several questions', () => api.asked.length > before + 5);
  t.equal(told.filter((one) => one.startsWith('lost')).length, 1);
  api.instead = undefined;
  await until('it follows', () => told.at(-1) === 'following');
  t.ok(told.includes('list tm-1'));
});

t.test('another fault than before is told: the network is mended, the Role is missing', async (t) => {
  const { api, told } = await fed(t);
  const lost = (): readonly string[] => told.filter((one) => one.startsWith('lost'));
  api.instead = (_, response) => void response.destroy();
  api.drop('destroyed');
  await until('it is told', () => lost().length === 1);
  api.instead = (_, response) => {
    response.statusCode = 403;
    response.end(recordedKubernetes('forbidden.json'));
  };
  await until('this, too', () => lost().length === 2);
  t.match(lost()[1], /HTTP 403, a Role with list and watch on pods in flink is needed/);
  const before = api.asked.length;
  await until('it is asked on', () => api.asked.length > before + 3);
  t.equal(lost().length, 2);
});

t.test('a server that ends every watch at once is not asked without end', async (t) => {
  const { api } = await fed(t, 60_000);
  const { feed } = await fed(t);
  await feed.stop();
  api.instead = (_, response) => void response.end('');
  api.drop('ended');
  const before = api.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  const asked = api.asked.length - before;
  // Pauses of 5 ms at least, of 20 ms at least from the third on.
  t.ok(asked <= 25, `${asked} questions`);
});

t.test('a server that answers nonsense is survived', async (t) => {
  const { api, told } = await fed(t);
  let turn = 0;
  const nonsense = [
    '',
    'x\n',
    '{"type":"ERROR","object":{}}\n',
    '[]\n',
    '\u0000\n',
    '{"type":"BOOKMARK","object":7}\n',
  ];
  api.instead = (_, response) => void response.end(nonsense[turn++ % nonsense.length]);
  api.drop('ended');
  await until('all of it', () => turn > 2 * nonsense.length);
  api.instead = undefined;
  api.apply(podObject('tm-9', 'taskmanager'));
  await until('it goes on', () => told.some((one) => /^(list|applied).* tm-9$/.test(one)));
});

t.test('the end comes at once, from a watch and from a pause', async (t) => {
  const { api, feed, told } = await fed(t);
  await feed.stop();
  await until('no watch is left', () => api.watches === 0);
  const before = told.length;
  api.apply(podObject('tm-2', 'taskmanager'));
  t.equal(told.length, before);
});
