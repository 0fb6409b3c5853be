import t, { type Test } from 'tap';
import { KubernetesPods, urlOf } from '../../src/net/kubernetes-pods.ts';
import type { KubernetesAccess, KubernetesFault, PodEvent } from '../../src/net/kubernetes-types.ts';
import { KubernetesApi, podObject, recordedKubernetes } from '../support/kubernetes-api.ts';
import { mintEc } from '../support/pki.ts';
import { until } from '../support/until.ts';

const SELECTOR = 'app=orders,component in (jobmanager,taskmanager)';
const NEVER = new AbortController().signal;

const failing = (fault: KubernetesFault, message: RegExp = /./) => ({ fault, message });

async function started(t: Test): Promise<KubernetesApi> {
  const api = await KubernetesApi.start();
  t.teardown(() => api.close());
  return api;
}

function podsAt({ url }: { readonly url: string }, more: Partial<KubernetesAccess> = {}): KubernetesPods {
  return new KubernetesPods({
    namespace: 'flink',
    selector: SELECTOR,
    access: () => ({ url, ...more }),
    timeoutMs: 1000,
    watchSeconds: 60,
  });
}

async function watched(pods: KubernetesPods): Promise<PodEvent[]> {
  const events: PodEvent[] = [];
  for await (const event of pods.watch('100', NEVER)) events.push(event);
  return events;
}

/** Answers everything with this. */
function saying(api: KubernetesApi, status: number, body: string): void {
  api.instead = (_, response) => {
    response.statusCode = status;
    response.end(body);
  };
}

t.test('the pages of a real list are read one after the other, and its version is where a watch begins', async (t) => {
  const api = await started(t);
  api.instead = (request, response) =>
    void response.end(recordedKubernetes(request.url?.includes('continue=') ? 'list-page-2.json' : 'list-page-1.json'));
  const { pods, resourceVersion } = await podsAt(api).list(NEVER);
  t.strictSame(
    pods.map(({ name, ip, labels, readiness }) => [name, ip, labels.component, readiness]),
    [
      ['orders-5d8f-jm', '10.244.0.4', 'jobmanager', 'ready'],
      ['orders-taskmanager-1-1', '10.244.0.5', 'taskmanager', 'ready'],
      ['orders-taskmanager-1-2', '10.244.0.6', 'taskmanager', 'ready'],
    ],
  );
  t.strictSame(pods[1]?.containers, [
    {
      name: 'flink-main-container',
      id: 'containerd://b0',
      restarts: 0,
      state: { kind: 'running', startedAt: Date.parse('2026-11-22T12:00:00Z') },
    },
  ]);
  const page = JSON.parse(recordedKubernetes('list-page-1.json')) as { metadata: Record<string, string> };
  t.equal(resourceVersion, page.metadata.resourceVersion);
  const [first, second] = api.asked;
  t.equal(first?.pathname, '/api/v1/namespaces/flink/pods');
  t.equal(first?.searchParams.get('labelSelector'), SELECTOR);
  t.equal(second?.searchParams.get('continue'), page.metadata.continue);
});

t.test(
  'the events of a real watch are read: a container killed and started, a pod deleted, another, a bookmark',
  async (t) => {
    const api = await started(t);
    saying(api, 200, recordedKubernetes('watch.jsonl'));
    const events = await watched(podsAt(api));
    t.equal(events[0]?.kind, 'opened');
    const told = events.flatMap((event) =>
      'pod' in event
        ? [[event.kind, event.pod.name, event.pod.containers[0]?.state.kind, event.pod.containers[0]?.id]]
        : [],
    );
    t.strictSame(told.slice(0, 2), [
      ['applied', 'orders-taskmanager-1-1', 'terminated', 'containerd://b0'],
      ['applied', 'orders-taskmanager-1-1', 'running', 'containerd://b1'],
    ]);
    t.ok(told.some(([kind, name]) => kind === 'deleted' && name === 'orders-taskmanager-1-2'));
    t.strictSame(told.at(-1), ['applied', 'orders-taskmanager-2-1', 'running', 'containerd://d0']);
    t.equal(events.at(-1)?.kind, 'bookmark');
    const versions = events.flatMap((event) => ('resourceVersion' in event ? [Number(event.resourceVersion)] : []));
    t.ok(
      versions.every((one, index) => index === 0 || one >= versions[index - 1]!),
      `${versions}`,
    );
    const { searchParams } = api.asked[0]!;
    t.strictSame(
      ['watch', 'allowWatchBookmarks', 'resourceVersion', 'timeoutSeconds'].map((key) => searchParams.get(key)),
      ['true', 'true', '100', '60'],
    );
  },
);

t.test('what a real server refuses is told with what is to be done', async (t) => {
  const api = await started(t);
  const faults = [
    [403, 'forbidden.json', 'refused', /HTTP 403, a Role with list and watch on pods in flink .*cannot list resource/],
    [401, 'unauthorized.json', 'refused', /HTTP 401, the token is not accepted/],
  ] as const;
  for (const [status, file, fault, message] of faults) {
    saying(api, status, recordedKubernetes(file));
    await t.rejects(podsAt(api).list(NEVER), { fault, message });
    await t.rejects(watched(podsAt(api)), { fault, message });
  }
});

t.test('a version that is no longer kept is told as such, in the stream and as an answer', async (t) => {
  const api = await started(t);
  saying(api, 200, recordedKubernetes('watch-expired.jsonl'));
  await t.rejects(watched(podsAt(api)), { fault: 'expired', message: /too old resource version/ });
  saying(api, 410, recordedKubernetes('watch-expired.jsonl'));
  await t.rejects(watched(podsAt(api)), failing('expired'));
});

t.test('answers of something else are refused by name, and shown in a few characters', async (t) => {
  const api = await started(t);
  const wrong = [
    '<html>log in</html>',
    '[]',
    'null',
    '{"metadata":{}}',
    '{"metadata":{"resourceVersion":"1"},"items":[{}]}',
    `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"${'x'.repeat(2000)}","uid":"1"}}]}`,
  ];
  for (const body of wrong) {
    saying(api, 200, body);
    const error = await podsAt(api)
      .list(NEVER)
      .then(
        () => undefined,
        (one: Error) => one,
      );
    t.match(error, failing('malformed'), body.slice(0, 40));
    t.ok(error!.message.length < 200);
  }
  for (const body of ['{}\n', '{"type":"ADDED"}\n', '{"type":"ODD","object":{}}\n', 'half\n']) {
    saying(api, 200, body);
    await t.rejects(watched(podsAt(api)), failing('malformed'), body);
  }
});

t.test('an event without end, pages without end, and a list that drips are given up', async (t) => {
  const api = await started(t);
  const piece = 'x'.repeat(1024 * 1024);
  api.instead = (_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  };
  await t.rejects(watched(podsAt(api)), { fault: 'too-large', message: /an event of more than/ });
  saying(api, 200, '{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}');
  await t.rejects(podsAt(api).list(NEVER), { fault: 'too-large', message: /pages without end/ });
  api.instead = (_, response) => {
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  };
  await t.rejects(podsAt(api).list(NEVER), { fault: 'unreachable', message: /no whole answer in 1000 ms/ });
});

t.test('nobody there, a server that hangs, and one that breaks off: told, each in time', async (t) => {
  const api = await started(t);
  api.instead = () => undefined;
  await t.rejects(podsAt(api).list(NEVER), failing('unreachable'));
  api.instead = (_, response) => {
    response.write('{"metadata":');
    setTimeout(() => response.destroy(), 20);
  };
  await t.rejects(podsAt(api).list(NEVER), failing('unreachable'));
  await t.rejects(podsAt({ url: 'http://127.0.0.1:1' }).list(NEVER), { fault: 'unreachable', message: /ECONNREFUSED/ });
});

t.test('a watch that is given up ends at once, and its connection with it', async (t) => {
  const api = await started(t);
  api.apply(podObject('tm', 'taskmanager'));
  const abort = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of podsAt(api).watch('100', abort.signal)) seen.push(event.kind);
  })();
  await until('its first event', () => seen.includes('applied'));
  abort.abort();
  await t.rejects(watching, { message: /interrupted/ });
  await until('the connection ends', () => api.watches === 0);
});

t.test('the certificate of the server is verified by the authority that is given, by address too', async (t) => {
  const root = (name: string) => mintEc('P-256', { name: [['CN', name]], ca: true });
  const [own, other] = [root('own'), root('other')];
  const leaf = mintEc('P-256', { name: [['CN', 'api']], issuer: own, subjectAltNames: ['IP:127.0.0.1'] });
  const api = await KubernetesApi.start({ key: leaf.keyPem, cert: leaf.pem });
  t.teardown(() => api.close());
  const listed = await podsAt(api, { ca: own.pem, token: 'abc' }).list(NEVER);
  t.strictSame(listed.pods, []);
  t.strictSame(api.authorizations, ['Bearer abc']);
  await t.rejects(podsAt(api, { ca: other.pem }).list(NEVER), failing('unreachable'));
  await t.rejects(podsAt(api).list(NEVER), failing('unreachable'), 'no public authority vouches for it');
  t.equal(api.authorizations.length, 1, 'nobody else saw a request');
});

t.test('a token is sent in clear to loopback only, and no message holds it', async (t) => {
  const bad = [
    { url: 'http://10.0.0.1', token: 'S3CRET' },
    { url: 'https://10.0.0.1', token: 'S3C RET' },
    { url: 'https://10.0.0.1', token: '' },
    { url: 'https://admin:S3CRET@10.0.0.1' },
    { url: 'ftp://10.0.0.1' },
    { url: 'https://10.0.0.1/?S3CRET' },
    { url: 'nothing' },
  ];
  for (const access of bad) {
    t.throws(() => urlOf(access), failing('bad-access'), access.url);
    try {
      urlOf(access);
    } catch (error) {
      t.notMatch((error as Error).message, /S3C/);
    }
  }
  t.equal(urlOf({ url: 'http://127.0.0.1:8001', token: 'x' }).port, '8001');
  t.equal(urlOf({ url: 'https://[fd00::1]:443', token: 'x' }).hostname, '[fd00::1]');
});
