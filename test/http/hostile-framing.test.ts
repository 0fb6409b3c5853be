import t from 'tap';
import { reportOf } from '../daemon/cluster-report.ts';
import { exchange, statuses } from './raw.ts';
import { StandIn, served } from './stand-in.ts';

/** A daemon that counts the reloads that come through: none of these must. */
async function counting(): Promise<{ address: string; reloads: () => number; runs: () => number }> {
  const control = new StandIn(['prod']);
  control.commit('prod', reportOf({}));
  let reloads = 0;
  control.reload = async () => {
    reloads += 1;
    return { ok: true };
  };
  const { address } = await served(control);
  return { address, reloads: () => reloads, runs: () => control.asked.length };
}

const HIDDEN = 'POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';
const head = (method: string, path: string, ...lines: readonly string[]): string =>
  `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;

/** Two readers of these bytes may disagree where the first request ends (RFC 9112 sections 6.1, 6.3, 7.1 and 11.2). */
const SHAPES: Readonly<Record<string, string>> = {
  'length and chunked': `${head('POST', '/api/v1/runs', 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${HIDDEN}`,
  'chunked and length': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked', `Content-Length: ${HIDDEN.length}`)}0\r\n\r\n${HIDDEN}`,
  'two lengths': `${head('POST', '/api/v1/runs', 'Content-Length: 0', `Content-Length: ${HIDDEN.length}`)}${HIDDEN}`,
  'a list of lengths': `${head('POST', '/api/v1/runs', `Content-Length: 0, ${HIDDEN.length}`)}${HIDDEN}`,
  'a length with a sign': `${head('POST', '/api/v1/runs', `Content-Length: +${HIDDEN.length}`)}${HIDDEN}`,
  'a length below zero': `${head('POST', '/api/v1/runs', 'Content-Length: -1')}${HIDDEN}`,
  'a length in hexadecimal': `${head('POST', '/api/v1/runs', 'Content-Length: 0x10')}${HIDDEN}`,
  'a length that overflows': `${head('POST', '/api/v1/runs', 'Content-Length: 18446744073709551616')}${HIDDEN}`,
  'a length behind a space': `${head('POST', '/api/v1/runs', `Content-Length : ${HIDDEN.length}`)}${HIDDEN}`,
  'an unknown coding': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: xchunked')}0\r\n\r\n${HIDDEN}`,
  'chunked, then another coding': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${HIDDEN}`,
  'two codings': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked', 'Transfer-Encoding: x')}0\r\n\r\n${HIDDEN}`,
  'chunked behind a space': `${head('POST', '/api/v1/runs', 'Transfer-Encoding : chunked', 'Content-Length: 5')}0\r\n\r\n${HIDDEN}`,
  'chunked behind a control character': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: \x0bchunked')}0\r\n\r\n${HIDDEN}`,
  'chunked in a folded line': `${head('POST', '/api/v1/runs', 'X: a', ' Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${HIDDEN}`,
  'chunked behind a bare line feed': `${head('POST', '/api/v1/runs', 'X: a\nTransfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${HIDDEN}`,
  'chunked behind a bare carriage return': `${head('POST', '/api/v1/runs', 'X: a\rTransfer-Encoding: chunked')}${HIDDEN}`,
  'a chunk size that overflows': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked')}10000000000000000\r\n${HIDDEN}`,
  'a chunk size with a prefix': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked')}0x0\r\n\r\n${HIDDEN}`,
  'a chunk size below zero': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked')}-1\r\n\r\n${HIDDEN}`,
  'a chunk that is longer than it says': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked')}1\r\nab\r\n0\r\n\r\n${HIDDEN}`,
  'a chunk that ends with a line feed': `${head('POST', '/api/v1/runs', 'Transfer-Encoding: chunked')}1\r\na\n0\r\n\r\n${HIDDEN}`,
  'a space before the headers': `POST /api/v1/runs HTTP/1.1\r\n Host: localhost\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  'a NUL in a name': `${head('POST', '/api/v1/runs', 'Content-Length\0: 0')}${HIDDEN}`,
};

t.test('where readers may disagree on the end of a request, nothing behind it is taken for one', async (t) => {
  const { address, reloads, runs } = await counting();
  const answers = await Promise.all(
    Object.entries(SHAPES).map(async ([shape, bytes]) => ({ shape, ...(await exchange(address, bytes)) })),
  );
  for (const { shape, answer, closed } of answers) {
    t.strictSame(statuses(answer), [400], shape);
    t.ok(closed, `${shape}: it is over`);
  }
  t.equal(reloads(), 0);
  t.equal(runs(), 0);
  t.equal((await fetch(`${address}/api/v1/runs`)).status, 200);
});

t.test('a body that nobody reads is no request, and ends the connection', async (t) => {
  const { address, reloads } = await counting();
  for (const method of ['GET', 'HEAD', 'DELETE', 'PUT', 'OPTIONS']) {
    for (const path of ['/healthz', '/api/v1/runs', '/metrics', '/none']) {
      const bytes = `${head(method, path, `Content-Length: ${HIDDEN.length}`)}${HIDDEN}`;
      const { answer, closed } = await exchange(address, bytes);
      t.equal(statuses(answer).length, 1, `${method} ${path}`);
      t.ok(closed);
    }
  }
  const chunked = `${head('GET', '/healthz', 'Transfer-Encoding: chunked')}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
  t.equal(statuses((await exchange(address, chunked)).answer).length, 1);
  t.equal(reloads(), 0);
});

t.test('requests one behind the other are all answered, in their order', async (t) => {
  const { address } = await counting();
  const paths = Array.from({ length: 60 }, (_, index) => ['/healthz', '/none', '/api/v1/runs?limit=0'][index % 3]!);
  const bytes = paths.map((path, index) => head('GET', path, ...(index === 59 ? ['Connection: close'] : []))).join('');
  const { answer, closed } = await exchange(address, bytes, 10_000);
  t.ok(closed);
  t.strictSame(
    statuses(answer),
    paths.map((path) => ({ '/healthz': 200, '/none': 404 })[path] ?? 400),
  );
});

t.test('no header, parameter or body makes another method of a request', async (t) => {
  const { address, reloads, runs } = await counting();
  const over = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];
  for (const name of over) {
    const read = await fetch(`${address}/api/v1/runs`, { headers: { [name]: 'POST' } });
    t.equal(read.status, 200);
    t.ok('items' in ((await read.json()) as object), 'the list, as GET has it');
    t.equal((await fetch(`${address}/-/reload`, { headers: { [name]: 'POST' } })).status, 405);
  }
  t.equal((await fetch(`${address}/api/v1/runs?_method=POST`)).status, 400);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const response = await fetch(`${address}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{"cluster":"prod"}',
    });
    t.equal(response.status, 415, type);
  }
  for (const text of [
    ...['get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', 'POSTT /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ...['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'POST\t/-/reload\tHTTP/1.1\r\nHost: localhost\r\n\r\n'],
    'POST /-/reload HTTP/1.1 \r\nX: \r\nHost: localhost\r\n\r\n',
  ]) {
    const { answer } = await exchange(address, text);
    t.strictSame(statuses(answer), [400], JSON.stringify(text));
  }
  t.equal(reloads(), 0);
  t.equal(runs(), 0);
});
