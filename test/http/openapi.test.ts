import fc from 'fast-check';
import t, { type Test } from 'tap';
import { FAMILIES } from '../../src/http/families.ts';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { openapi } from '../../src/http/openapi.ts';
import { PROBE_FAMILIES } from '../../src/http/probe-metrics.ts';
import { parseProbeTarget } from '../../src/http/probe-target.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { FORMAT_NAMES } from '../../src/report/formats.ts';
import { tableOf } from '../support/markdown.ts';
import { read } from '../support/repository.ts';
import { faults } from './json-schema.ts';
import { NOW, recorded, StandIn, served } from './stand-in.ts';

/** The document of the API, held against the routes and against what they answer, in both directions. */
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { schema: object }>> }>
  >;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const document = JSON.parse(JSON.stringify(openapi('0.1.0'))) as { readonly paths: Paths };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const control = new StandIn(['prod', 'other']);
control.waiverList = [
  {
    id: 'metrics-in-clear',
    owner: 'sec-eng',
    reason: 'inside the mesh',
    until: '2026-12-31',
    scope: { channel: 'prometheus' },
    state: 'active',
    matched: 1,
  },
];
control.wire = {
  cluster: 'prod',
  interfaces: ['eth0'],
  state: 'running',
  since: NOW,
  packets: 10,
  drops: 1,
  clearBytes: 3,
  tlsBytes: 4,
  connections: 2,
};
const [before, after] = await Promise.all([recorded('1.20.3-int-gcm'), recorded('1.20.3-int-dataoff')]);
control.commit('prod', before);
const run = control.commit('prod', after);
control.commit('other', before);
control.store.note({ cluster: 'prod', kind: 'restart', at: NOW, member: 'tm-2', text: 'tm-2 came back' });
control.store.note({ cluster: null, kind: 'daemon-started', at: NOW, text: 'started' });
const { address } = await served(control, {}, { targets: () => ['rest=10.0.0.9:8081'], probe: async () => before });

t.test('every route stands in the document, and nothing else does', async (t) => {
  const told = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort();
  t.strictSame(told, ROUTES.map(({ path, method }) => `${method} ${path}`).sort());
  const ids = operations.map(({ operation }) => operation.operationId);
  t.equal(new Set(ids).size, ids.length, 'operations have names of their own');
});

t.test('the README beside the code has a row for every route and every metric', async (t) => {
  const page = read('src/http/README.md');
  const rows = tableOf(page, 'method', 'path').map((row) => [row.method, row.path, row.for, row['from other sites']]);
  const routes = ROUTES.map(({ method, path, role, from }) => [method, path, role, from]);
  t.strictSame(rows, routes);
  const metrics = tableOf(page, 'metric', 'kind').map((row) => [row.metric, row.kind, row.labels]);
  const families = Object.entries(FAMILIES).map(([name, { kind, labels }]) => [name, kind, labels.join(', ')]);
  t.strictSame(metrics, families);
});

t.test('the page for operators names every list, format and metric of a probe', async (t) => {
  const page = read('docs/http-api.md');
  for (const name of Object.keys(PROBE_FAMILIES)) t.match(page, `\`${name}\``, name);
  for (const name of ['runs', 'observations', 'findings', 'certificates', 'channels', 'happenings'])
    t.match(page, name);
  const { bodyBytes, headerBytes, headersMs, requestMs, connections, live, probes } = HTTP_LIMITS;
  const limits = page.slice(page.indexOf('## Limits')).replace(/\s+/g, ' ');
  t.match(
    limits,
    `${bodyBytes / 1024} KiB for a body, ${headerBytes / 1024} KiB for headers, ${headersMs / 1000} s until the headers are there, ` +
      `${requestMs / 1000} s for a request, ${connections} connections, ${live.readers} readers of live events, ${probes} probes`,
  );
});

t.test('every reference leads somewhere', async (t) => {
  const text = JSON.stringify(document);
  const references = [...new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, one]) => one!))];
  t.ok(references.length > 20);
  for (const one of references) t.doesNotThrow(() => faults({}, { $ref: one }, document), one);
});

/** An answer, checked against the document, and that it holds something. */
async function checked(t: Test, method: string, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${address}${path}`, { method, ...init });
  const operation = operations.find(
    (one) => one.method === method.toLowerCase() && matches(one.path, path.split('?')[0]!),
  )!.operation;
  const told = operation.responses[String(response.status)];
  if (!t.ok(told, `${method} ${path}: ${response.status} is told`)) return undefined;
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const body = await response.text();
  if (told!.content === undefined) return body;
  const content = told!.content[type];
  if (!t.ok(content, `${method} ${path}: ${type} is told`)) return undefined;
  const value: unknown = /[/+]json$/.test(type) ? JSON.parse(body) : body;
  t.strictSame(
    faults(value, content!.schema as Record<string, unknown>, document).slice(0, 5),
    [],
    `${method} ${path}`,
  );
  return value;
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

t.test('every answer is what the document says', async (t) => {
  const json = { headers: { 'content-type': 'application/json' } };
  const pages = ['runs', 'observations', 'findings?state=all', 'certificates', 'channels', 'happenings', 'waivers'];
  for (const name of pages) {
    const { items } = (await checked(t, 'GET', `/api/v1/${name}`)) as { items: unknown[] };
    t.ok(items.length > 0, `${name} holds something`);
  }
  for (const path of ['/', '/metrics', '/healthz', '/readyz', '/-/healthy', '/-/ready']) await checked(t, 'GET', path);
  for (const format of FORMAT_NAMES) {
    await checked(t, 'GET', `/api/v1/runs/${run.id}/report?format=${format}`);
  }
  await checked(t, 'GET', '/api/v1/status');
  await checked(t, 'GET', '/api/v1/openapi.json');
  await checked(t, 'GET', '/probe?target=10.0.0.9:8081');
  await checked(t, 'POST', '/-/reload');
  await checked(t, 'POST', '/api/v1/runs', { ...json, body: '{"cluster":"prod"}' });
  control.readinessAnswer = { ready: false, lateMs: 90_000, problems: ['prod: its run is 90 s late'] };
  await checked(t, 'GET', '/readyz');
  control.reloadAnswer = { ok: false, problem: 'flinkprobe.yaml:3:1: no such key' };
  await checked(t, 'POST', '/-/reload');
  for (const [method, path] of [
    ['GET', '/api/v1/runs?limit=0'],
    ['GET', '/api/v1/runs?clutser=prod'],
    ['GET', '/api/v1/runs/01JD8000000000000000000099/report'],
    ['GET', '/api/v1/observations?run=none'],
    ['GET', '/api/v1/live'],
    ['GET', '/assets/none.js'],
    ['GET', '/probe'],
    ['GET', '/probe?target=10.0.0.8:1'],
    ['POST', '/api/v1/runs'],
  ] as const) {
    const value = (await checked(t, method, path)) as { error: string };
    t.match(value.error, /\w/, `${path} says what is wrong`);
  }
});

t.test('parameters that the document names are known, and others are not', async (t) => {
  for (const { path, method, operation } of operations) {
    if (method !== 'get' || !path.startsWith('/api/v1/') || path === '/api/v1/live') continue;
    const real = path.replace('{id}', run.id);
    for (const { name } of (operation.parameters ?? []).filter((one) => one.in === 'query')) {
      const response = await fetch(`${address}${real}?${name}=%00`);
      const text = await response.text();
      t.notMatch(text, /no parameter is called/, `${path} knows ${name}`);
    }
    const response = await fetch(`${address}${real}?surprise=1`);
    t.equal(response.status, 400, `${path} does not know surprise`);
  }
});

t.test('the pattern of targets of /probe takes what is taken, and nothing else that is made up by it', (t) => {
  const { parameters = [] } = operations.find(({ path }) => path === '/probe')!.operation;
  const { schema } = parameters.find(({ name }) => name === 'target') as unknown as { schema: { pattern: string } };
  const pattern = new RegExp(schema.pattern, 'u');
  for (const target of [
    ...['flink-jm:8081', 'rest=flink-jm.flink.svc.cluster.local:8081', 'blob-server=10.0.0.7:50010', 'JM:65535'],
    ...['[::1]:8081', '[fe80::1:2]:1', '[2001:db8::]:443', '[1:2:3:4:5:6:7:8]:6123', 'a_b.c-d:1'],
  ]) {
    t.match(target, pattern);
    t.doesNotThrow(() => parseProbeTarget(target), target);
  }
  for (const target of [
    'jm',
    'jm:0',
    'jm:65536',
    'none=jm:1',
    'collect-sink=jm:1',
    '127.1:1',
    '300.0.0.1:1',
    '[1::2::3]:1',
    '0x7f.1:1',
  ]) {
    t.notMatch(target, pattern);
    t.throws(() => parseProbeTarget(target), target);
  }
  const made = fc.stringMatching(new RegExp(schema.pattern));
  fc.assert(
    fc.property(made, (target) => parseProbeTarget(target).port > 0),
    { numRuns: 300 },
  );
  t.end();
});
