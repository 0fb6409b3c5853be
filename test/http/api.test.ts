import { request } from 'node:http';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { recorded, StandIn, served } from './stand-in.ts';

const control = new StandIn(['prod', 'other']);
const [before, after] = await Promise.all([recorded('1.20.3-int-gcm'), recorded('1.20.3-int-dataoff')]);
const runs = Array.from({ length: 7 }, (_, index) => control.commit('prod', index % 2 === 0 ? before : after));
const other = control.commit('other', after);
const { address } = await served(control);

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
}

async function page(path: string): Promise<Page> {
  const response = await fetch(`${address}/api/v1/${path}`);
  return (await response.json()) as Page;
}

async function all(path: string): Promise<Page['items']> {
  const items: Readonly<Record<string, unknown>>[] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? '' : `&before=${encodeURIComponent(next)}`;
    const one: Page = await page(`${path}${cursor}`);
    items.push(...one.items);
    next = one.next;
  } while (next !== null);
  return items;
}

async function post(path: string, body: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(`${address}${path}`, {
    method: 'POST',
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

t.test('runs come newest first, in pages without holes or doubles', async (t) => {
  const expected = [...runs].reverse().map(({ id }) => id);
  t.strictSame(
    (await all('runs?cluster=prod&limit=2')).map(({ id }) => id),
    expected,
  );
  t.strictSame(
    (await all('runs?limit=3')).map(({ id }) => id),
    [other.id, ...expected],
  );
});

t.test(
  'a cluster that nobody knows is no empty list; one that left the settings is there while its history is',
  async (t) => {
    for (const list of ['runs', 'observations', 'findings', 'certificates', 'channels', 'happenings']) {
      t.equal((await fetch(`${address}/api/v1/${list}?cluster=prot`)).status, 404, list);
      control.names.splice(control.names.indexOf('prod'), 1);
      t.equal((await fetch(`${address}/api/v1/${list}?cluster=prod`)).status, 200, list);
      control.names.unshift('prod');
    }
    t.match(await (await fetch(`${address}/api/v1/runs?cluster=prot`)).json(), { error: 'there is no such cluster' });
  },
);

t.test('lists in pages are the lists', async (t) => {
  for (const [path, least] of [
    ['findings?state=all', 4],
    ['certificates?state=all', 3],
    ['channels?cluster=prod', 3],
    ['observations?cluster=prod', 6],
    ['observations?x=', 6],
  ] as const) {
    const list = path.replace('?x=', '?limit=1000');
    const whole = await page(list);
    t.equal(whole.next, null);
    t.ok(whole.items.length >= least, `${path}: ${whole.items.length}`);
    const parts = await all(`${path.replace('x=', '')}${path.endsWith('x=') ? '' : '&'}limit=2`);
    t.strictSame(parts, whole.items, path);
  }
});

t.test('a page of observations stays with its run while newer ones come in', async (t) => {
  const first = await page('observations?cluster=prod&limit=3');
  const last = control.commit('prod', before);
  const second = await page(`observations?cluster=prod&limit=1000&before=${first.next}`);
  t.equal(first.items.length + second.items.length, before.observations.length);
  t.ok([...first.items, ...second.items].every((one) => one.run === runs.at(-1)!.id));
  const fresh = await page('observations?cluster=prod&limit=1');
  t.equal(fresh.items[0]!.run, last.id);
});

t.test('filters take what they say, and nothing else', async (t) => {
  const findings = await page('findings?state=all&severity=critical&channel=taskmanager-data');
  t.ok(findings.items.length > 0);
  for (const { finding } of findings.items) {
    t.match(finding, { severity: 'critical', channel: 'taskmanager-data' });
  }
  t.strictSame(
    (await page('findings?state=open&cluster=prod&channel=taskmanager-data')).items,
    [],
    'the last run found nothing there',
  );
  const observations = await page(`observations?run=${other.id}&kind=plaintext&channel=taskmanager-data`);
  const expected = after.observations.filter((one) => one.kind === 'plaintext' && one.channel === 'taskmanager-data');
  t.ok(expected.length > 0);
  t.strictSame(
    observations.items.map(({ observation }) => observation),
    JSON.parse(JSON.stringify(expected)),
  );
  t.ok(
    observations.items.every((one) => one.cluster === 'other'),
    'of the cluster that the run is of',
  );
  const cells = await page('channels?cluster=other&verdict=fail');
  t.ok(cells.items.length > 0 && cells.items.every((one) => one.verdict === 'fail' && one.cluster === 'other'));
  const leaves = await page('certificates?role=leaf&source=served&cluster=prod');
  t.ok(leaves.items.length > 0 && leaves.items.every((one) => one.role === 'leaf' && one.goneAt === undefined));
});

t.test('severities are a list, each named once', async (t) => {
  const status = async (severities: string): Promise<number> =>
    (await fetch(`${address}/api/v1/findings?severity=${severities}`)).status;
  t.equal(await status('critical,high,medium,low,info'), 200);
  t.equal(await status('high,high'), 400);
  t.equal(await status('high,'), 400);
  t.equal(await status('highest'), 400);
});

t.test('what cannot be meant is refused, and says why', async (t) => {
  for (const path of [
    ...['runs?limit=0', 'runs?limit=1001', 'runs?limit=1e2', 'runs?limit=', 'runs?limit=2&limit=3', 'runs?before=x'],
    ...['findings?severity=bad', 'findings?channel=none', 'findings?state=closed', 'findings?before=-1'],
    ...['observations?before=1', 'happenings?before=yesterday', 'channels?verdict=ok', 'certificates?role=root'],
    ...['status?verbose=1', 'waivers?x=1', `runs?cluster=${'x'.repeat(201)}`],
  ]) {
    const response = await fetch(`${address}/api/v1/${path}`);
    t.equal(response.status, 400, path);
    const { error } = (await response.json()) as { error: string };
    t.ok(error.length > 10 && !/\bat \S+:\d+/.test(error), `${path}: ${error}`);
  }
});

t.test('a report is written by the threshold of its cluster, and is another one when that changes', async (t) => {
  const strict = new StandIn(['prod']);
  const findings = after.findings.map((one) => ({ ...one, severity: 'high' }) as const);
  const { id } = strict.commit('prod', { ...after, findings });
  const server = await served(strict);
  const nagios = (tag?: string | null): Promise<Response> =>
    fetch(`${server.address}/api/v1/runs/${id}/report?format=nagios`, {
      headers: tag == null ? {} : { 'if-none-match': tag },
    });
  const first = await nagios();
  t.match(await first.text(), /^FLINKPROBE CRITICAL - /);
  t.equal((await nagios(first.headers.get('etag'))).status, 304);
  strict.failOn = 'critical';
  const second = await nagios(first.headers.get('etag'));
  t.equal(second.status, 200);
  t.match(await second.text(), /^FLINKPROBE WARNING - /, 'as docs of --fail-on say: findings below it warn');
});

t.test('a report comes as the command writes it, in each format', async (t) => {
  const id = runs[1]!.id;
  const json = await fetch(`${address}/api/v1/runs/${id}/report`);
  t.strictSame((await json.json()) as Report, JSON.parse(JSON.stringify(after)));
  t.equal(json.headers.get('content-disposition'), `inline; filename="flinkprobe-${id}.json"`);
  const lines = await (await fetch(`${address}/api/v1/runs/${id}/report?format=jsonl`)).text();
  t.equal(lines.trimEnd().split('\n').length, after.observations.length + after.findings.length + 1);
  t.match(await (await fetch(`${address}/api/v1/runs/${id}/report?format=nagios`)).text(), /^FLINKPROBE CRITICAL - /);
  t.match(await (await fetch(`${address}/api/v1/runs/${id}/report?format=text`)).text(), /plaintext/);
  const redacted = await (await fetch(`${address}/api/v1/runs/${id}/report?redact=true`)).text();
  t.match(await (await fetch(`${address}/api/v1/runs/${id}/report`)).text(), /10\.77\.0\.\d/);
  t.notMatch(redacted, /10\.77\.0\.\d/, 'no address is left');
  for (const [path, status] of [
    ['01JD8000000000000000000099/report', 404],
    ['..%2f..%2fetc%2fpasswd/report', 404],
    [`${id}/report?format=pdf`, 400],
    [`${id}/report?format=json&format=text`, 400],
  ] as const) {
    t.equal((await fetch(`${address}/api/v1/runs/${path}`)).status, status, path);
  }
});

t.test('what is the same is not sent again', async (t) => {
  for (const path of ['/api/v1/findings?state=all', `/api/v1/runs/${runs[0]!.id}/report`, '/api/v1/openapi.json']) {
    const first = await fetch(`${address}${path}`);
    const tag = first.headers.get('etag')!;
    t.match(tag, /^".+"$/, path);
    await first.text();
    for (const told of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await fetch(`${address}${path}`, { headers: { 'if-none-match': told } });
      t.equal(again.status, 304, `${path} ${told}`);
      t.equal(await again.text(), '');
      t.equal(again.headers.get('etag'), tag);
    }
    const other = await fetch(`${address}${path}`, { headers: { 'if-none-match': '"other"' } });
    t.equal(other.status, 200);
    await other.text();
  }
});

t.test('why no run is made is told: for now, or because there is nobody to ask', async (t) => {
  t.teardown(() => {
    control.refusing = undefined;
  });
  for (const [refused, status] of [
    ['not-now', 503],
    ['wire-only', 409],
  ] as const) {
    control.refusing = { refused, problem: `because ${refused}` };
    const response = await post('/api/v1/runs', '{"cluster":"prod"}');
    t.strictSame([response.status, await response.json()], [status, { error: `because ${refused}` }]);
  }
  t.strictSame(control.asked, []);
});

t.test('a run can be asked for', async (t) => {
  const response = await post('/api/v1/runs', '{"cluster":"prod"}');
  t.equal(response.status, 202);
  const { id } = (await response.json()) as { id: string };
  t.equal(response.headers.get('location'), `/api/v1/runs/${id}/report`);
  t.strictSame(control.asked.splice(0), [{ cluster: 'prod', trigger: 'request' }]);
  for (const [body, headers, status] of [
    ['{"cluster":"nobody"}', {}, 404],
    ['{"cluster":7}', {}, 400],
    ['{"cluster":"prod","trigger":"signal"}', {}, 400],
    ['{"cluster"', {}, 400],
    [undefined, {}, 400],
    ['cluster=prod', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['{"cluster":"prod"}', { 'content-type': 'text/plain' }, 415],
    ['{"cluster":"prod"}', { origin: 'https://evil.example' }, 403],
    ['{"cluster":"prod"}', { origin: 'null' }, 403],
    ['{"cluster":"prod"}', { 'sec-fetch-site': 'cross-site' }, 403],
    ['{"cluster":"prod"}', { 'sec-fetch-site': 'same-site' }, 403],
    [`{"cluster":"${'x'.repeat(70_000)}"}`, {}, 413],
  ] as const) {
    t.equal(
      (await post('/api/v1/runs', body, headers)).status,
      status,
      `${body?.slice(0, 40)} ${JSON.stringify(headers)}`,
    );
  }
  t.strictSame(control.asked, [], 'and of these none was made');
  const own = await post('/api/v1/runs', '{"cluster":"prod"}', { origin: address, 'sec-fetch-site': 'same-origin' });
  t.equal(own.status, 202, 'the page itself may');
  const proxied = await post('/api/v1/runs', '{"cluster":"prod"}', { origin: address.replace('http:', 'https:') });
  t.equal(proxied.status, 202, 'also behind a proxy that ends TLS');
});

t.test('a reload that fails says what the loader says, with its place', async (t) => {
  t.strictSame(await (await post('/-/reload', undefined)).json(), { ok: true });
  control.reloadAnswer = { ok: false, problem: 'flinkprobe.yaml:3:1: no such key' };
  const response = await post('/-/reload', undefined);
  t.equal(response.status, 422);
  t.strictSame(await response.json(), { error: 'flinkprobe.yaml:3:1: no such key' });
});

t.test('other methods are told which ones there are', async (t) => {
  for (const [method, path, allow] of [
    ['POST', '/api/v1/status', 'GET, HEAD'],
    ['DELETE', '/api/v1/runs', 'GET, HEAD, POST'],
    ['GET', '/-/reload', 'POST'],
    ['OPTIONS', '/metrics', 'GET, HEAD'],
    ['PUT', '/', 'GET, HEAD'],
    ['TRACE', '/metrics', 'GET, HEAD'],
  ] as const) {
    const { status, headers } = await raw(method, path);
    t.equal(status, 405, `${method} ${path}`);
    t.equal(headers.allow, allow);
  }
  const { status } = await raw('HEAD', '/api/v1/runs');
  t.equal(status, 200);
});

function raw(method: string, path: string): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    request(`${address}${path}`, { method }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    })
      .once('error', reject)
      .end();
  });
}

t.test('every answer forbids what a page does not need, errors too', async (t) => {
  for (const path of ['/', '/metrics', '/api/v1/runs', '/api/v1/runs?x', '/nothing', '/-/reload', '/healthz']) {
    const { headers } = await fetch(`${address}${path}`);
    t.equal(
      headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      path,
    );
    t.equal(headers.get('x-content-type-options'), 'nosniff');
    t.equal(headers.get('referrer-policy'), 'no-referrer');
    t.equal(headers.get('set-cookie'), null);
    t.equal(headers.get('access-control-allow-origin'), null);
    t.equal(headers.get('x-powered-by'), null);
  }
});

t.test('alive and ready are two things', async (t) => {
  for (const path of ['/-/healthy', '/healthz']) t.equal((await fetch(`${address}${path}`)).status, 200);
  control.readinessAnswer = { ready: false, lateMs: 90_000, problems: ['prod: its run is 90 s late'] };
  for (const path of ['/-/ready', '/readyz']) {
    const response = await fetch(`${address}${path}`);
    t.equal(response.status, 503);
    t.strictSame(await response.json(), {
      ready: false,
      lateSeconds: 90,
      problems: ['prod: its run is 90 s late'],
      count: 1,
    });
  }
  t.equal((await fetch(`${address}/healthz`)).status, 200);
});

t.test('a store that fails is unavailable, and no stack', async (t) => {
  const failing = new StandIn(['prod']);
  const { address } = await served(failing);
  failing.store.close();
  failing.storeState = 'failing';
  for (const path of ['runs', 'findings', 'certificates', 'observations', 'happenings']) {
    const response = await fetch(`${address}/api/v1/${path}`);
    t.equal(response.status, 503, path);
    t.strictSame(await response.json(), { error: 'the store cannot be used (failed)' });
  }
  t.equal((await fetch(`${address}/metrics`)).status, 200, 'metrics go on');
});
