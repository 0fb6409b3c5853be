import type { Socket } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { reportOf } from '../daemon/cluster-report.ts';
import { until } from '../support/until.ts';
import { exchange, open } from './raw.ts';
import { StandIn, served } from './stand-in.ts';

async function alive(address: string): Promise<void> {
  const response = await fetch(`${address}/api/v1/runs`);
  t.equal(response.status, 200, 'it answers others');
  const { items } = (await response.json()) as { items: unknown[] };
  t.equal(items.length, 1, 'and nothing is lost');
}

async function daemon(limits = {}): Promise<{ address: string; control: StandIn }> {
  const control = new StandIn(['prod']);
  control.commit('prod', reportOf({}));
  const { address } = await served(control, {}, { limits });
  return { address, control };
}

t.test('what is no HTTP gets a 400 and is over', async (t) => {
  const { address } = await daemon();
  for (const text of [
    ...[
      '\r\n\r\n\0\0\0\0',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\nHost\n\n',
      '\x16\x03\x01\x02\x00',
    ],
    ...['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ...[
      'POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ...['POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ...['GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n', 'GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ...['GET / HTTP/1.1\r\nHost: localhost\r\n X: folded\r\nBad Header: 1\r\n\r\n'],
  ]) {
    const { answer, closed } = await exchange(address, text);
    t.match(answer, /^HTTP\/1\.1 400 /, JSON.stringify(text.slice(0, 60)));
    t.ok(closed);
    t.notMatch(answer, /node:|at .*:\d+:\d+|Error:/);
  }
  await alive(address);
});

t.test('an odd Host is refused, and one that is missing', async (t) => {
  const { address } = await daemon();
  for (const host of [
    'evil.example',
    'localhost:99999999',
    'local host',
    'localhost/../x',
    '[::1',
    '%00',
    '@localhost',
  ]) {
    const { answer } = await exchange(address, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 40[03] /, host);
  }
  for (const head of ['GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n', 'GET /metrics HTTP/1.0\r\n\r\n']) {
    t.match((await exchange(address, head)).answer, /^HTTP\/1\.1 40[03] /);
  }
  const absolute = 'GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  t.match((await exchange(address, absolute)).answer, /^HTTP\/1\.1 (?:200|40[03]) /, 'the Host header decides');
  await alive(address);
});

t.test('no path leads out of the API', async (t) => {
  const { address } = await daemon();
  for (const path of [
    ...[
      '/../../etc/passwd',
      '/..%2f..%2fetc/passwd',
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/etc/passwd',
    ],
    ...['/api/v1/runs/../../../etc/passwd/report', '/api/v1/runs/%00/report', '//etc/passwd', '/assets//etc/passwd'],
    ...['/assets/..\\..\\package.json', '/%c0%ae%c0%ae/etc/passwd', '/%', '/api/v1/runs/%ff%fe/report'],
  ]) {
    const { answer } = await exchange(address, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 (?:400|404) /, path);
    t.notMatch(answer, /root:|"dependencies"/);
  }
  await alive(address);
});

t.test('nothing of a request becomes a header of the answer', async (t) => {
  const { address } = await daemon();
  for (const path of [
    '/api/v1/runs/x%0d%0aSet-Cookie:%20a=b/report',
    '/api/v1/runs?cluster=x%0d%0aSet-Cookie:%20a=b',
    '/probe?target=x%0d%0aSet-Cookie:%20a=b:1',
    '/%0d%0aSet-Cookie:%20a=b',
  ]) {
    const { headers } = await fetch(`${address}${path}`);
    t.equal(headers.get('set-cookie'), null, path);
  }
});

t.test('headers that come slowly, or never end, are cut off while others are served', async (t) => {
  const { address } = await daemon({ headersMs: 300, requestMs: 500, checkMs: 50 });
  const start = performance.now();
  const slow = Array.from({ length: 50 }, () => open(address));
  const ended = slow.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
  for (const socket of slow) {
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  }
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('X-A: b\r\n');
  }, 50);
  await alive(address);
  await Promise.all(ended);
  clearInterval(drip);
  t.ok(performance.now() - start < 4000, `${performance.now() - start} ms`);
  const body =
    'POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{';
  const { answer, closed } = await exchange(address, body);
  t.ok(closed, 'nor is a body that never comes waited for');
  t.match(answer, /^(?:HTTP\/1\.1 408 |$)/);
});

t.test('headers that are too large are 431', async (t) => {
  const { address } = await daemon();
  const { answer, closed } = await exchange(
    address,
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`,
  );
  t.match(answer, /^HTTP\/1\.1 431 /);
  t.ok(closed);
  t.match((await exchange(address, `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n`)).answer, /^HTTP\/1\.1 431 /);
});

t.test('a huge body is refused before it is there, told or not', async (t) => {
  const { address } = await daemon();
  const head = 'POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const told = await exchange(address, `${head}Content-Length: 10000000000\r\n\r\n{"cluster":"`);
  t.match(told.answer, /^HTTP\/1\.1 413 /);
  t.ok(told.closed);
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const untold = await exchange(address, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}`);
  t.match(untold.answer, /^HTTP\/1\.1 413 /);
  t.ok(untold.closed);
  const get = await exchange(
    address,
    'GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\n',
  );
  t.match(get.answer, /^HTTP\/1\.1 200 /);
  t.ok(get.closed, 'a body that nobody reads is not waited for');
  await alive(address);
});

t.test('upgrades to anything else, and half a handshake, are refused', async (t) => {
  const { address } = await daemon();
  for (const [text, status] of [
    [
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n',
      400,
    ],
    ['GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 400],
    ['GET /api/v1/live HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 403],
    ['POST /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 405],
    [
      'GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      400,
    ],
  ] as const) {
    const { answer, closed } = await exchange(address, text);
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 60));
    t.ok(closed);
  }
  t.match((await exchange(address, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n')).closed, true);
  await alive(address);
});

t.test('where all connections are taken, the one that has been idle longest makes room', async (t) => {
  const { address } = await daemon({ connections: 5 });
  const held = Array.from({ length: 5 }, () => open(address));
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const gone = new Promise((resolve) => held[0]!.once('close', resolve));
  const { answer } = await exchange(address, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 200 /);
  await gone;
  await alive(address);
  for (const socket of held) socket.destroy();
});

t.test('connections that are at work stay; a newcomer is closed where all are', async (t) => {
  const control = new StandIn(['prod']);
  let [begun, end] = [0, (): void => undefined];
  const held = new Promise<void>((resolve) => {
    end = resolve;
  });
  control.reload = async () => {
    begun += 1;
    await held;
    return { ok: true };
  };
  const { address } = await served(control, {}, { limits: { connections: 3 } });
  const asking = Array.from({ length: 3 }, () => fetch(`${address}/-/reload`, { method: 'POST' }));
  await until('three requests', () => begun === 3);
  const { answer, closed } = await exchange(address, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.strictSame({ answer, closed }, { answer: '', closed: true });
  end();
  t.strictSame(
    (await Promise.all(asking)).map(({ status }) => status),
    [200, 200, 200],
  );
});

/** Many times the most that are kept; 10,000 take half a minute on a machine that has other work. */
const { FLINKPROBE_IDLE_CONNECTIONS: idle = '2000' } = process.env;

t.test(`${idle} idle connections keep nobody out`, async (t) => {
  const { address } = await daemon();
  let opened = 0;
  const standing = new Set<Socket>();
  for (let batch = 0; batch < Number(idle) / 200; batch += 1) {
    const sockets = Array.from({ length: 200 }, () => open(address));
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('connect', () => {
              opened += 1;
              standing.add(socket);
              resolve();
            });
            socket.once('close', () => {
              standing.delete(socket);
              resolve();
            });
            socket.resume();
          }),
      ),
    );
    if (batch % 5 === 4) await alive(address);
  }
  t.equal(opened, Number(idle));
  t.ok(standing.size > 900, `${standing.size} stay open`);
  await until('no more than the most', () => standing.size <= HTTP_LIMITS.connections);
  await alive(address);
  for (const socket of standing) socket.destroy();
});

/** Values that people and fuzzers put into URLs. */
const odd = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '..',
    '%00',
    '\u202e',
    '-1',
    '1e9',
    'NaN',
    '[]',
    '{}',
    '0x10',
    '999999999999999999999',
    'null',
    "' OR 1=1--",
  ),
  fc.constantFrom(
    'prod',
    'tls',
    'rest',
    'open',
    'critical',
    '2026-11-22T12:00:00Z',
    '01JD8000000000000000000001',
    '1',
    '100',
  ),
);
const parameter = fc.constantFrom(
  ...[
    'cluster',
    'limit',
    'before',
    'run',
    'channel',
    'member',
    'kind',
    'vantage',
    'state',
    'severity',
    'role',
    'source',
  ],
  ...['verdict', 'format', 'redact', 'target', 'module', 'debug', 'since', '__proto__', 'constructor', ''],
);
const header = fc.constantFrom(
  ...['accept', 'authorization', 'if-none-match', 'origin', 'sec-fetch-site', 'content-type', 'range', 'expect'],
  ...['x-prometheus-scrape-timeout-seconds', 'x-forwarded-host', 'accept-encoding', 'cookie'],
);
const printable = fc.string({ unit: fc.constantFrom(...'abcXYZ019 ;,=/*"\\:%{}<>()[]-_.'), maxLength: 60 });
const requests = fc.record({
  method: fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD'), fc.constantFrom('PUT', 'DELETE', 'OPTIONS', 'PATCH')),
  path: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...ROUTES.map(({ path }) => path)) },
    { weight: 1, arbitrary: odd.map((text) => `/${encodeURIComponent(Buffer.from(text).toString())}`) },
  ),
  name: odd,
  query: fc.array(fc.tuple(parameter, odd), { maxLength: 4 }),
  headers: fc.dictionary(header, printable, { maxKeys: 3 }),
  body: fc.oneof(fc.string(), fc.json(), fc.constant('{"cluster":"prod"}')),
});

t.test('500 random requests: none breaks anything, each is answered', async (t) => {
  const { address, control } = await daemon();
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, name, query, headers, body }) => {
      const wellFormed = (text: string): string => encodeURIComponent(Buffer.from(text).toString());
      const search = query.map(([key, value]) => `${key}=${wellFormed(value)}`).join('&');
      const real = path.replace(/\{\w+\}/, wellFormed(name) || 'x');
      const hasBody = !['GET', 'HEAD'].includes(method);
      const { expect: _, ...sent } = headers;
      const response = await fetch(`${address}${real}${search === '' ? '' : `?${search}`}`, {
        method,
        headers: { 'content-type': 'application/json', ...sent },
        ...(hasBody ? { body } : {}),
        redirect: 'manual',
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status >= 500) throw new Error(`${response.status}: ${text}`);
      if (/\bat [\w.<>]+ \(|node:internal/.test(text)) throw new Error(`a stack: ${text}`);
      if (response.headers.get('x-content-type-options') !== 'nosniff') throw new Error('without its headers');
    }),
    { numRuns: 500 },
  );
  t.ok((statuses.get(200) ?? 0) > 20, `some of them succeed: ${JSON.stringify([...statuses])}`);
  t.equal(control.live.newest, 2, 'nothing was published by them');
  await alive(address);
});
