import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import type { WebSettings } from '../../src/daemon/settings.ts';
import type { WebServer } from '../../src/http/server.ts';
import { type Identity, mintEc } from '../support/pki.ts';
import { temporary } from '../support/temporary.ts';
import { until } from '../support/until.ts';
import { StandIn, served } from './stand-in.ts';

const folder = temporary();
const authority = mintEc('P-256', { name: [['CN', 'authority']], ca: true });
const named = (name: string, issuer = authority): Identity =>
  mintEc('P-256', { name: [['CN', name]], issuer, subjectAltNames: ['IP:127.0.0.1', 'DNS:localhost'] });
const [first, second, client] = [named('first'), named('second'), named('client')];
const stranger = mintEc('P-256', { name: [['CN', 'stranger']] });

const RELOADED_MS = 5000;

type Tls = NonNullable<WebSettings['tls']>;

function files(name: string, { pem, keyPem }: Identity): Pick<Tls, 'certFile' | 'keyFile'> {
  const [certFile, keyFile] = [path.join(folder, `${name}.crt`), path.join(folder, `${name}.key`)];
  writeFileSync(certFile, pem);
  writeFileSync(keyFile, keyPem);
  return { certFile, keyFile };
}

const clientCaFile = path.join(folder, 'clients.crt');
writeFileSync(clientCaFile, authority.pem);

async function secure(change: Partial<Tls> = {}, means = {}): Promise<{ server: WebServer; tls: Tls; port: number }> {
  const tls: Tls = {
    ...files('own', first),
    clientAuthentication: 'none',
    minVersion: 'TLSv1.2',
    ...change,
  };
  const server = await served(new StandIn([]), { tls }, means);
  t.match(server.address, /^https:\/\/127\.0\.0\.1:\d+$/);
  return { server, tls, port: Number(new URL(server.address).port) };
}

interface Seen {
  readonly status: number;
  readonly subject: string;
}

/** Rejects where the server ends the handshake or the connection. */
function ask(port: number, options: ConnectionOptions = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path: '/metrics', ca: authority.pem, agent: false, ...options });
    asking.once('response', (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, subject: String(subject.CN) }));
    });
    asking.once('error', reject);
    asking.end();
  });
}

t.test('it serves TLS, and nothing else', async (t) => {
  const { port } = await secure();
  t.strictSame(await ask(port), { status: 200, subject: 'first' });
  await t.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
  await t.rejects(ask(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }));
});

t.test('the lowest version is that of the settings', async (t) => {
  const { port } = await secure({ minVersion: 'TLSv1.3' });
  await t.rejects(ask(port, { maxVersion: 'TLSv1.2' }));
  t.equal((await ask(port)).status, 200);
});

t.test('its own certificate is read anew when the files change, without losing a connection', async (t) => {
  const log: string[] = [];
  const { port, tls } = await secure(
    {},
    { limits: { certificateMs: 20 }, log: (_level: string, _fields: object, text: string) => log.push(text) },
  );
  const kept = connect({ host: '127.0.0.1', port, ca: authority.pem });
  await new Promise((resolve) => kept.once('secureConnect', resolve));
  t.equal((await ask(port)).subject, 'first');
  writeFileSync(tls.certFile, second.pem);
  await until('a line', () => log.length > 0, RELOADED_MS);
  t.match(log[0], /cannot be used; the old one stays/, 'half of a pair is not used');
  t.equal((await ask(port)).subject, 'first');
  writeFileSync(tls.keyFile, second.keyPem);
  utimesSync(tls.keyFile, new Date(), new Date(Date.now() + 2000));
  await until('the second certificate', async () => (await ask(port)).subject === 'second', RELOADED_MS);
  kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answer = await new Promise<Buffer>((resolve) => kept.once('data', resolve));
  t.match(answer.toString(), /^HTTP\/1\.1 200/);
  kept.destroy();
});

t.test('a certificate that is swapped by its link is read anew (Kubernetes)', async (t) => {
  const mount = path.join(folder, 'mount');
  for (const [name, { pem, keyPem }] of [['..one', first] as const, ['..two', second] as const]) {
    mkdirSync(path.join(mount, name), { recursive: true });
    writeFileSync(path.join(mount, name, 'tls.crt'), pem);
    writeFileSync(path.join(mount, name, 'tls.key'), keyPem);
  }
  symlinkSync('..one', path.join(mount, '..data'));
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(path.join('..data', name), path.join(mount, name));
  const { port } = await secure(
    { certFile: path.join(mount, 'tls.crt'), keyFile: path.join(mount, 'tls.key') },
    { limits: { certificateMs: 20 } },
  );
  t.equal((await ask(port)).subject, 'first');
  symlinkSync('..two', path.join(mount, '..next'));
  renameSync(path.join(mount, '..next'), path.join(mount, '..data'));
  await until('the second certificate', async () => (await ask(port)).subject === 'second', RELOADED_MS);
});

t.test('a client certificate is asked for as the settings say', async (t) => {
  const own = { cert: client.pem, key: client.keyPem };
  const other = { cert: stranger.pem, key: stranger.keyPem };
  const welcome = async (clientAuthentication: Tls['clientAuthentication']): Promise<readonly boolean[]> => {
    const { port, server } = await secure({ clientAuthentication, clientCaFile });
    const results = await Promise.allSettled([ask(port), ask(port, other), ask(port, own)]);
    await server.close();
    return results.map((one) => one.status === 'fulfilled' && one.value.status === 200);
  };
  // Without a certificate, with a stranger's, with one of the authority.
  t.strictSame(await welcome('none'), [true, true, true]);
  t.strictSame(await welcome('request'), [true, true, true]);
  t.strictSame(await welcome('require-any'), [false, true, true]);
  t.strictSame(await welcome('verify-if-given'), [true, false, true]);
  t.strictSame(await welcome('require-and-verify'), [false, false, true]);
});

t.test('settings that cannot be used are refused, whole', async (t) => {
  const { server, tls, port } = await secure();
  const settings: WebSettings = {
    ...{ host: '127.0.0.1', port, users: [], insecure: 'refuse', probe: { allow: 'configured' } },
    tls,
  };
  const apply = (change: Partial<Tls>): Promise<void> => server.apply({ ...settings, tls: { ...tls, ...change } });
  await t.rejects(apply({ certFile: path.join(folder, 'none.crt') }), /ENOENT/);
  const { keyFile } = files('other', second);
  await t.rejects(apply({ keyFile }), /cannot be used together/);
  await t.rejects(apply({ clientAuthentication: 'require-and-verify' }), /needs client_ca_file/);
  t.equal((await ask(port)).subject, 'first', 'it goes on as it was');
  await apply(files('next', second));
  t.equal((await ask(port)).subject, 'second');
  await apply({ clientAuthentication: 'require-and-verify', clientCaFile });
  await t.rejects(ask(port), 'the same port, now with client certificates');
  t.equal((await ask(port, { cert: client.pem, key: client.keyPem })).status, 200);
  await server.apply({ ...settings, tls: undefined } as unknown as WebSettings);
  t.match(server.address, /^http:/);
  t.equal((await fetch(`${server.address}/metrics`)).status, 200);
});
