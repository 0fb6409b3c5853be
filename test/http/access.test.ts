import { connect } from 'node:net';
import t from 'tap';
import { Access } from '../../src/http/access.ts';
import { HttpFault } from '../../src/http/fault.ts';
import { isLoopback, isLoopbackAuthority, listenProblem } from '../../src/http/loopback.ts';
import { hashPassword, passwordHashProblem, verifyPassword } from '../../src/http/password.ts';
import { LOOPBACK, StandIn, served } from './stand-in.ts';

/** RFC 7914 section 12. */
const VECTORS = [
  {
    password: 'password',
    hash: 'scrypt$1024$8$16',
    salt: 'NaCl',
    key: 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  },
  {
    password: 'pleaseletmein',
    hash: 'scrypt$16384$8$1',
    salt: 'SodiumChloride',
    key: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  },
].map(({ password, hash, salt, key }) => ({
  password,
  hash: `${hash}$${Buffer.from(salt).toString('base64')}$${Buffer.from(key, 'hex').toString('base64')}`,
}));

t.test('passwords are checked as RFC 7914 has it', async (t) => {
  for (const { password, hash } of VECTORS) {
    t.equal(await verifyPassword(password, hash), true);
    t.equal(await verifyPassword(`${password} `, hash), false);
    t.equal(passwordHashProblem(hash), undefined);
  }
});

t.test('a hash that was made is one of its password alone, and another each time', async (t) => {
  const [one, two] = await Promise.all([hashPassword('s3cret'), hashPassword('s3cret')]);
  t.match(one, /^scrypt\$32768\$8\$3\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*$/);
  t.not(one, two);
  t.equal(await verifyPassword('s3cret', one), true);
  t.equal(await verifyPassword('S3cret', one), false);
  t.equal(await verifyPassword('', one), false);
});

t.test('a hash that would take all memory, or is none, matches nothing', async (t) => {
  for (const hash of [
    ...['', 'scrypt$', '$2y$10$abc', 'scrypt$1048576$64$1$YQ==$YWFhYWFhYWFhYWFhYWFhYQ==', 'scrypt$3$8$1$YQ==$YQ=='],
    ...['scrypt$1024$8$1$YQ==$YQ==', 'scrypt$1024$8$9999$YQ==$YWFhYWFhYWFhYWFhYWFhYQ=='],
  ]) {
    t.equal(await verifyPassword('a', hash), false, hash);
    t.type(passwordHashProblem(hash), 'string', hash);
  }
});

t.test('who is loopback, by address and by Host header', async (t) => {
  for (const host of ['127.0.0.1', '127.9.8.7', '::1', 'localhost', '::ffff:127.0.0.1']) t.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example', 'evil', '1270.0.0.1', '']) {
    t.notOk(isLoopback(host), host);
  }
  for (const host of ['localhost', 'LOCALHOST:9799', '127.0.0.1:1', '[::1]:9799', 'a.localhost:80']) {
    t.ok(isLoopbackAuthority(host), host);
  }
  for (const host of [
    ...['evil.example', 'evil.example:9799', 'localhost.evil.example', '127.0.0.1.nip.io', '10.0.0.1', ''],
    ...['[::]', 'localhost:', 'localhost@evil', '127.0.0.1:9799, evil', 'xlocalhost'],
  ]) {
    t.notOk(isLoopbackAuthority(host), host);
  }
});

const [{ hash: passwordHash, password }] = VECTORS as [(typeof VECTORS)[number]];
const users = [
  { name: 'ann', passwordHash, role: 'operator' },
  { name: 'bob', passwordHash, role: 'reader' },
] as const;
const basic = (name: string, word: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`,
});

t.test('elsewhere than on loopback nobody listens without authentication', async (t) => {
  const elsewhere = { ...LOOPBACK, host: '0.0.0.0' };
  const tls = { certFile: 'a', keyFile: 'b', minVersion: 'TLSv1.2', clientCaFile: 'c' } as const;
  t.match(listenProblem(elsewhere), /0\.0\.0\.0 is reachable from elsewhere/);
  t.match(listenProblem({ ...elsewhere, tls: { ...tls, clientAuthentication: 'verify-if-given' } }), /reachable/);
  t.match(listenProblem({ ...elsewhere, tls: { ...tls, clientAuthentication: 'require-any' } }), /reachable/);
  t.equal(listenProblem({ ...elsewhere, tls: { ...tls, clientAuthentication: 'require-and-verify' } }), undefined);
  t.equal(listenProblem({ ...elsewhere, users }), undefined);
  t.equal(listenProblem({ ...elsewhere, insecure: 'allow' }), undefined);
  await t.rejects(served(new StandIn([]), { host: '0.0.0.0' }), /reachable from elsewhere/);
});

t.test('without users everybody on loopback is operator, and elsewhere reader', async (t) => {
  const limits = { hashes: 2, hashQueue: 2 };
  t.strictSame(await new Access(LOOPBACK, limits).visitor(undefined), { role: 'operator' });
  const open = new Access({ ...LOOPBACK, host: '0.0.0.0', insecure: 'allow' }, limits);
  t.strictSame(await open.visitor(undefined), { role: 'reader' });
});

t.test('a password that was right is hashed once a minute, a wrong one each time', async (t) => {
  let now = 0;
  const access = new Access({ ...LOOPBACK, users }, { hashes: 2, hashQueue: 8 }, () => now);
  const { authorization } = basic('ann', password);
  await access.visitor(authorization);
  const start = performance.now();
  for (let index = 0; index < 200; index += 1) await access.visitor(authorization);
  const cheap = (performance.now() - start) / 200;
  t.ok(cheap < 5, `${cheap} ms each`);
  now = 61_000;
  const again = performance.now();
  await access.visitor(authorization);
  t.ok(performance.now() - again > 10 * cheap, 'then it is hashed again');
  t.equal(await refusalOf(access, 'ann'), 401);
});

async function refusalOf(access: Access, name: string): Promise<number> {
  const answer = await access.visitor(basic(name, 'wrong').authorization).catch((error: unknown) => error);
  return answer instanceof HttpFault ? answer.status : 0;
}

t.test('somebody unknown takes as long as a wrong password', async (t) => {
  const access = new Access({ ...LOOPBACK, users }, { hashes: 2, hashQueue: 8 });
  const timeOf = async (name: string): Promise<number> => {
    const start = performance.now();
    t.equal(await refusalOf(access, name), 401);
    return performance.now() - start;
  };
  const best = { ann: Number.POSITIVE_INFINITY, nobody: Number.POSITIVE_INFINITY };
  for (let index = 0; index < 5; index += 1) {
    best.ann = Math.min(best.ann, await timeOf('ann'));
    best.nobody = Math.min(best.nobody, await timeOf('nobody'));
  }
  const ratio = best.nobody / best.ann;
  t.ok(ratio > 0.5 && ratio < 2, `${best.nobody} ms and ${best.ann} ms`);
});

t.test('guessing takes only so much of the machine', async (t) => {
  const access = new Access({ ...LOOPBACK, users }, { hashes: 1, hashQueue: 3 });
  const guesses = Array.from({ length: 10 }, (_, index) => access.visitor(basic('ann', `${index}`).authorization));
  const statuses = (await Promise.allSettled(guesses)).map((one) =>
    one.status === 'rejected' && one.reason instanceof HttpFault ? one.reason.status : 0,
  );
  t.equal(statuses.filter((status) => status === 503).length, 6);
  t.equal(statuses.filter((status) => status === 401).length, 4);
});

t.test('readers read, operators do, others are asked who they are', async (t) => {
  const control = new StandIn(['prod']);
  control.readinessAnswer = { ready: false, lateMs: 1, problems: ['prod: secret problem'] };
  const { address } = await served(control, { users });
  const run = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${address}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"cluster":"prod"}',
    });
  for (const path of ['/', '/metrics', '/api/v1/status', '/probe?target=a:1', '/assets/a.js', '/api/v1/openapi.json']) {
    const nobody = await fetch(`${address}${path}`);
    t.equal(nobody.status, 401, path);
    t.match(nobody.headers.get('www-authenticate'), /^Basic realm="flinkprobe"/);
    t.not((await fetch(`${address}${path}`, { headers: basic('bob', password) })).status, 401, path);
  }
  for (const headers of [
    ...[basic('ann', 'wrong'), basic('nobody', password), basic('', ''), basic('bob', `${password}\0`)],
    ...[{ authorization: 'Bearer x' }, { authorization: 'Basic ***' }, { authorization: `Basic ${'A'.repeat(2000)}` }],
  ]) {
    t.equal((await fetch(`${address}/metrics`, { headers })).status, 401);
  }
  t.equal((await run({})).status, 401);
  t.equal((await run(basic('bob', password))).status, 403);
  t.equal((await run(basic('ann', password))).status, 202);
  for (const path of ['/-/healthy', '/healthz']) t.equal((await fetch(`${address}${path}`)).status, 200, path);
  const open = await (await fetch(`${address}/readyz`)).json();
  t.match(open, { ready: false, problems: [], count: 1 }, 'a kubelet learns that, not what');
  const known = await (await fetch(`${address}/readyz`, { headers: basic('bob', password) })).json();
  t.match(known, { problems: ['prod: secret problem'] });
});

t.test('other users are in force at once, and bad settings leave the old ones', async (t) => {
  const server = await served(new StandIn([]), { users });
  const { address } = server;
  const settings = { ...LOOPBACK, port: Number(new URL(address).port) };
  const status = async (headers = {}): Promise<number> => (await fetch(`${address}/metrics`, { headers })).status;
  t.equal(await status(basic('ann', password)), 200);
  await server.apply({ ...settings, users: [users[1]] });
  t.equal(await status(basic('ann', password)), 401, 'a password that is remembered is forgotten');
  t.equal(await status(basic('bob', password)), 200);
  await t.rejects(server.apply({ ...settings, host: '0.0.0.0' }), /reachable/);
  await t.rejects(
    server.apply({ ...settings, users: [{ name: 'x', passwordHash: 'plain', role: 'reader' }] }),
    /password_hash of x/,
  );
  t.equal(await status(), 401);
  t.equal(await status(basic('bob', password)), 200);
  await server.apply(settings);
  t.equal(await status(), 200);
});

t.test('it moves to another port, and stays where that is taken', async (t) => {
  const [server, other] = [await served(new StandIn([])), await served(new StandIn([]))];
  const old = server.address;
  const taken = Number(new URL(other.address).port);
  await t.rejects(server.apply({ ...LOOPBACK, port: taken }), /EADDRINUSE/);
  t.equal(server.address, old);
  t.equal((await fetch(`${old}/healthz`)).status, 200);
  await server.apply({ ...LOOPBACK, port: 0, host: '127.0.0.2' });
  t.match(server.address, /^http:\/\/127\.0\.0\.2:\d+$/);
  t.equal((await fetch(`${server.address}/healthz`)).status, 200);
  await t.rejects(fetch(`${old}/healthz`), 'nobody listens there any more');
});

t.test('a reload that moves it to another address of the same port is answered where it was asked for', async (t) => {
  const control = new StandIn([]);
  const server = await served(control);
  const { port } = new URL(server.address);
  control.reload = async () => {
    await server.apply({ ...LOOPBACK, host: '127.0.0.2', port: Number(port) });
    return { ok: true };
  };
  const response = await fetch(`${server.address}/-/reload`, { method: 'POST' });
  t.equal(response.status, 200);
  t.strictSame(await response.json(), { ok: true });
  t.equal(server.address, `http://127.0.0.2:${port}`);
  t.equal((await fetch(`${server.address}/healthz`)).status, 200);
  const code = await new Promise<string | undefined>((resolve) => {
    connect({ host: '127.0.0.1', port: Number(port) })
      .once('connect', () => resolve(undefined))
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  t.equal(code, 'ECONNREFUSED', 'nobody listens at the old place any more');
});

t.test('a name that leads to loopback is another name', async (t) => {
  const { address } = await served(new StandIn([]));
  const { port } = new URL(address);
  const { request } = await import('node:http');
  const status = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/api/v1/status', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once('error', reject)
        .end();
    });
  t.equal(await status(`localhost:${port}`), 200);
  t.equal(await status(`evil.example:${port}`), 403);
  t.equal(await status('127.0.0.1.nip.io'), 403);
});

t.test('no password, hash or credential stands in an answer or in the log', async (t) => {
  const log: unknown[] = [];
  const control = new StandIn(['prod']);
  const canary = 'canary-8c1f';
  const { authorization } = basic('ann', canary);
  const { address } = await served(
    control,
    { users: [{ name: 'ann', passwordHash: await hashPassword(canary), role: 'operator' }] },
    { log: (...line) => void log.push(line), targets: () => ['jm:1'], resolve: async () => ['10.0.0.1'] },
  );
  const answers: string[] = [];
  for (const headers of [{ authorization }, basic('ann', `${canary}x`), basic(canary, 'wrong')]) {
    for (const path of [
      '/',
      '/metrics',
      '/api/v1/status',
      '/api/v1/runs',
      '/probe?target=jm:1&debug=true',
      '/readyz',
    ]) {
      const response = await fetch(`${address}${path}`, { headers });
      answers.push(JSON.stringify([...response.headers]), await response.text());
    }
  }
  t.ok(log.length > 0, 'the probe that failed is in the log');
  const all = `${answers.join('\n')}${JSON.stringify(log)}`;
  t.notMatch(all, canary);
  t.notMatch(all, authorization.slice('Basic '.length));
  t.notMatch(all, /scrypt\$/);
});
