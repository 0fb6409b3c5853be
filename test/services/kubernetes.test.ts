import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { RestartWatch } from '../../src/daemon/restart-watch.ts';
import type { Happening, Trigger } from '../../src/daemon/types.ts';
import { KubernetesPods } from '../../src/net/kubernetes-pods.ts';
import { MemoryStore } from '../daemon/memory-store.ts';
import { loaded } from '../daemon/scheduling.ts';
import { missing } from '../support/capture-tools.ts';
import { read } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';
import { asked, type RealApi, startKubernetes } from './kube-api.ts';
import { until } from './service.ts';

/** See kube-apiserver.sh beside this file. */
const skip = missing('kube-apiserver') || missing('etcd');

const [DEPLOYMENT, ACCESS] = [...read('docs/daemon.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) =>
  parseAllDocuments(text!).map((one) => one.toJS() as KubernetesObject),
);

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const PLURAL: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  ServiceAccount: 'serviceaccounts',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  Service: 'services',
  PersistentVolumeClaim: 'persistentvolumeclaims',
};

/** Creates it, every field that is not known being refused. */
function create(api: RealApi, object: KubernetesObject, namespace: string, query = ''): ReturnType<RealApi['ask']> {
  const base = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`;
  const at = `${base}/namespaces/${object.metadata.namespace ?? namespace}/${PLURAL[object.kind]}`;
  return api.ask('POST', `${at}?fieldValidation=Strict${query}`, object);
}

const PODS = '/api/v1/namespaces/flink/pods';

interface Story {
  readonly ip: string;
  readonly container: string;
  readonly restarts?: number;
  readonly state?: object;
}

async function createPod(api: RealApi, name: string, component: string): Promise<void> {
  const { status } = await api.ask('POST', PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'orders', component, type: 'flink-native-kubernetes' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'flink-main-container', image: 'flink:1.20.3' }] },
  });
  if (status !== 201) throw new Error(`${name}: HTTP ${status}`);
}

/** As a kubelet writes it. */
async function writeStatus(api: RealApi, name: string, { ip, container, restarts = 0, state }: Story): Promise<void> {
  const ready = state === undefined;
  const { status } = await api.ask('PATCH', `${PODS}/${name}/status`, {
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'flink-main-container',
          containerID: `containerd://${container}`,
          restartCount: restarts,
          ready,
          image: 'flink:1.20.3',
          imageID: '',
          state: state ?? { running: { startedAt: new Date().toISOString() } },
        },
      ],
    },
  });
  if (status !== 200) throw new Error(`${name}: HTTP ${status}`);
}

t.test('on a real API server', { skip, timeout: 240_000 }, async (t) => {
  const api = await startKubernetes(temporary());
  t.teardown(() => api.stop());
  for (const name of ['flink', 'monitoring']) {
    await api.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const port = Number(new URL(api.url).port);
  await create(api, ACCESS!.find(({ kind }) => kind === 'ServiceAccount')!, 'monitoring');
  const account = '/api/v1/namespaces/monitoring/serviceaccounts/flinkprobe/token';
  const made = await api.ask('POST', account, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  const { token } = (made.json as { status: { token: string } }).status;
  const pods = new KubernetesPods({
    namespace: 'flink',
    selector: 'app=orders,component in (jobmanager,taskmanager)',
    access: () => ({ url: api.url, ca: api.ca, token }),
    timeoutMs: 5000,
    watchSeconds: 20,
  });
  const never = new AbortController().signal;

  await t.test('every object of the documentation is taken, strictly', async (t) => {
    t.ok(DEPLOYMENT!.length > 0);
    for (const one of DEPLOYMENT!) {
      const { status, json } = await create(api, one, 'monitoring', '&dryRun=All');
      t.equal(status, 201, `${one.kind}: ${JSON.stringify(json).slice(0, 300)}`);
    }
  });

  await t.test('a service account without the Role is refused, and told which it needs', async (t) => {
    await t.rejects(pods.list(never), { message: /HTTP 403, a Role with list and watch on pods in flink is needed/ });
  });

  await t.test('the Role of the documentation is enough, and gives no more than pods to list and watch', async (t) => {
    for (const one of ACCESS!.filter(({ kind }) => kind !== 'ServiceAccount')) {
      t.equal((await create(api, one, 'monitoring')).status, 201, one.kind);
    }
    t.ok(await until(async () => (await pods.list(never)).pods.length === 0), 'it is in force, and there is no pod');
    const access = { port, ca: api.ca, token };
    for (const [method, at] of [
      ['GET', '/api/v1/namespaces/flink/secrets'],
      ['GET', '/api/v1/namespaces/monitoring/pods'],
      ['DELETE', `${PODS}/tm`],
      ['GET', '/api/v1/nodes'],
    ] as const) {
      t.equal((await asked(access, method, at)).status, 403, `${method} ${at}`);
    }
  });

  await t.test('a certificate of another authority is refused', async (t) => {
    const others = new KubernetesPods({
      ...{ namespace: 'flink', selector: 'app=orders', timeoutMs: 5000 },
      access: () => ({ url: api.url, token }),
    });
    await t.rejects(others.list(never), { fault: 'unreachable', message: /CERT|self.signed|verify/i });
  });

  await t.test(
    'restarts are told while it watches, and after the server was away and its versions are gone',
    async (t) => {
      await createPod(api, 'orders-jm', 'jobmanager');
      await writeStatus(api, 'orders-jm', { ip: '10.244.0.4', container: 'a' });
      await createPod(api, 'orders-taskmanager-1-1', 'taskmanager');
      await writeStatus(api, 'orders-taskmanager-1-1', { ip: '10.244.0.5', container: 'b' });
      const happened: string[] = [];
      const triggers: Trigger[] = [];
      const lines: string[] = [];
      const watch = new RestartWatch({
        settings: { ...loaded([{}]).settings.clusters[0]!, restartWatch: { everyMs: 500, verifyAfterMs: 120_000 } },
        pods,
        trigger: (trigger) => void triggers.push(trigger),
        note: ({ kind, text }: Happening) => void happened.push(`${kind}: ${text}`),
        publish: () => undefined,
        keep: () => undefined,
        store: new MemoryStore().asStore,
        log: (level, _, text) => void lines.push(`${level} ${text}`),
        clock: () => Date.now(),
      });
      t.teardown(() => watch.stop());
      const toldAfter = async (count: number): Promise<void> => {
        t.ok(await until(async () => happened.length >= count, 40_000), `${happened}; ${lines}`);
      };
      // The list has to be read before anything changes.
      await new Promise((resolve) => setTimeout(resolve, 1500));

      const began = performance.now();
      await writeStatus(api, 'orders-taskmanager-1-1', { ip: '10.244.0.5', container: 'b2', restarts: 1 });
      await toldAfter(1);
      t.comment(`told after ${Math.round(performance.now() - began)} ms`);
      t.ok(await until(async () => triggers.length === 1), 'verified');

      await api.ask('DELETE', `${PODS}/orders-taskmanager-1-1?gracePeriodSeconds=0`);
      await createPod(api, 'orders-taskmanager-2-1', 'taskmanager');
      await writeStatus(api, 'orders-taskmanager-2-1', { ip: '10.244.0.6', container: 'c' });
      await toldAfter(3);
      t.ok(await until(async () => triggers.length === 2), 'verified');

      // The new server keeps no version from before: the watch is answered with 410.
      await api.restart();
      await writeStatus(api, 'orders-jm', { ip: '10.244.0.4', container: 'a2', restarts: 1 });
      await toldAfter(4);
      t.ok(await until(async () => triggers.length === 3), 'verified');
      t.strictSame(happened, [
        'restart: the taskmanager pod orders-taskmanager-1-1 was restarted (1 restart so far)',
        'member-gone: the taskmanager pod orders-taskmanager-1-1 was deleted',
        'restart: the taskmanager pod orders-taskmanager-2-1 has started in the place of orders-taskmanager-1-1',
        'restart: the jobmanager pod orders-jm was restarted (1 restart so far)',
      ]);
      // Streams of 20 seconds, taken up again without a word.
      await new Promise((resolve) => setTimeout(resolve, 21_000));
      await writeStatus(api, 'orders-jm', { ip: '10.244.0.4', container: 'a3', restarts: 2 });
      await toldAfter(5);
      t.ok(
        lines.every((line) => /^(warn pods cannot be watched|info pods are watched again)$/.test(line)),
        lines.join('; '),
      );
    },
  );
});
