import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { RestFailure, type RestFault } from '../../src/net/flink-rest-failure.ts';
import type { RestTls } from '../../src/net/flink-rest-types.ts';
import { clusterAnswers, type RestServer, serveRest } from '../support/flink-rest-server.ts';
import { type Identity, mintEc, mintRsa } from '../support/pki.ts';

const DAY = 86_400_000;
const authority = mintEc('P-256', { name: [['CN', 'Test Root']], ca: true });
const leaf = mintEc('P-256', { name: [['CN', 'jm']], subjectAltNames: ['DNS:jm', 'IP:127.0.0.1'], issuer: authority });
const misnamed = mintEc('P-256', { name: [['CN', 'jm']], subjectAltNames: ['DNS:jm'], issuer: authority });
const expired = mintEc('P-256', {
  ...{ name: [['CN', 'jm']], subjectAltNames: ['IP:127.0.0.1'], issuer: authority },
  ...{ notBefore: new Date(Date.now() - 9 * DAY), notAfter: new Date(Date.now() - DAY) },
});
const stranger = mintEc('P-256', { name: [['CN', 'stranger']], ca: true });
const client = mintEc('P-256', { name: [['CN', 'probe']], issuer: authority });

function served(identity: Identity, more: object = {}): Promise<RestServer> {
  return serveRest(clusterAnswers('all'), { key: identity.keyPem, cert: identity.pem, ...more });
}

function credential(identity: Identity): NonNullable<RestTls['identity']> {
  return { certificates: [identity.der], privateKey: identity.privateKey };
}

function fingerprint(hash: 'sha1' | 'sha256', identity: Identity): string {
  return createHash(hash).update(identity.der).digest('hex');
}

/** The version that was read, or the fault. */
async function outcome(url: string, tls?: RestTls): Promise<string> {
  const rest = new FlinkRest({ url, timeoutMs: 3000, ...(tls === undefined ? {} : { tls }) });
  try {
    return (await rest.dashboard()).flinkVersion;
  } catch (error) {
    if (error instanceof RestFailure) return error.fault;
    throw error;
  } finally {
    await rest.close();
  }
}

t.test('a certificate is judged by the trust store and by its name', async (t) => {
  const trust = { verification: 'trust-store', trustAnchors: [authority.der] } as const;
  const expected: readonly (readonly [string, Identity, RestTls | undefined, string | RestFault])[] = [
    ['its authority', leaf, trust, '1.20.3'],
    ['itself, as Java allows', leaf, { verification: 'trust-store', trustAnchors: [leaf.der] }, '1.20.3'],
    ['another authority', leaf, { verification: 'trust-store', trustAnchors: [stranger.der] }, 'tls-untrusted'],
    ['the system', leaf, undefined, 'tls-untrusted'],
    ['the system, by name', leaf, { verification: 'public' }, 'tls-untrusted'],
    ['another name', misnamed, trust, 'tls-name'],
    ['too late', expired, trust, 'tls-untrusted'],
    ['nobody, on purpose', expired, { verification: 'none' }, '1.20.3'],
    ['nobody, another name', misnamed, { verification: 'none' }, '1.20.3'],
  ];
  for (const [name, identity, tls, result] of expected) {
    const server = await served(identity);
    t.equal(await outcome(server.url, tls), result, name);
    if (result !== '1.20.3') t.strictSame(server.asked, [], `${name}: nothing was sent`);
    await server.close();
  }
});

t.test('a pin replaces authority and name, and holds beside a trust store too', async (t) => {
  const server = await served(misnamed);
  const sha256 = fingerprint('sha256', misnamed);
  const colons = fingerprint('sha1', misnamed).toUpperCase().match(/../g)!.join(':');
  const wrong = fingerprint('sha256', stranger);
  const trustAnchors = [authority.der, misnamed.der];
  t.equal(await outcome(server.url, { verification: 'pinned', pinnedSha256: [sha256] }), '1.20.3');
  t.equal(
    await outcome(server.url, { verification: 'pinned', pinnedSha1: [colons] }),
    '1.20.3',
    'as keytool prints it',
  );
  t.equal(await outcome(server.url, { verification: 'pinned', pinnedSha256: [wrong, sha256] }), '1.20.3', 'one of two');
  const before = server.asked.length;
  t.equal(await outcome(server.url, { verification: 'pinned', pinnedSha256: [wrong] }), 'tls-pin');
  t.equal(await outcome(server.url, { verification: 'none', pinnedSha256: [wrong] }), 'tls-pin');
  t.equal(server.asked.length, before, 'nothing was sent to another than the pinned one');
  await server.close();
  const named = await served(leaf);
  t.equal(
    await outcome(named.url, { verification: 'trust-store', trustAnchors, pinnedSha256: [wrong] }),
    'tls-pin',
    'trusted, but not the pinned one',
  );
  await named.close();
});

t.test('pins and trust stores that say nothing are refused', async (t) => {
  const wrong: readonly RestTls[] = [
    { verification: 'pinned' },
    { verification: 'trust-store' },
    { verification: 'trust-store', trustAnchors: [] },
    { verification: 'pinned', pinnedSha256: ['abc'] },
    { verification: 'pinned', pinnedSha1: [fingerprint('sha256', leaf)] },
    { verification: 'none', pinnedSha1: ['not hex at all, but forty characters long'] },
  ];
  const server = await served(leaf);
  for (const tls of wrong) t.equal(await outcome(server.url, tls), 'bad-access', JSON.stringify(tls));
  t.strictSame(server.asked, []);
  await server.close();
});

t.test('a client certificate is shown where it is demanded', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = await served(leaf, { requestCert: true, rejectUnauthorized: true, ca: authority.pem, maxVersion });
    const trust = { verification: 'trust-store', trustAnchors: [authority.der] } as const;
    t.equal(await outcome(server.url, { ...trust, identity: credential(client) }), '1.20.3', maxVersion);
    // In TLS 1.3 the refusal follows our Finished, and may overtake nothing or everything.
    t.match(await outcome(server.url, trust), /^(?:tls-refused|closed)$/, `${maxVersion} without one`);
    const strange = { ...trust, identity: credential(stranger) };
    t.match(await outcome(server.url, strange), /^(?:tls-refused|closed)$/, `${maxVersion} with a stranger's`);
    t.equal(server.asked.length, 1);
    await server.close();
  }
});

t.test('weak servers are reached all the same: their weakness is what is to be found', async (t) => {
  const weak = mintRsa({ bits: 1024, hash: 'sha1', subjectAltNames: ['IP:127.0.0.1'] });
  const server = await served(weak, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:@SECLEVEL=0' });
  const tls = { verification: 'trust-store', trustAnchors: [weak.der] } as const;
  t.equal(await outcome(server.url, tls), '1.20.3', 'RSA 1024, SHA-1, Flink’s old default suite');
  await server.close();
});

t.test('https to a clear port, and http to a TLS port, are told from each other', async (t) => {
  const clear = await serveRest(clusterAnswers('off'));
  t.equal(await outcome(`https://127.0.0.1:${clear.port}`, { verification: 'none' }), 'speaks-clear');
  await clear.close();
  const closing = createServer((socket) => socket.on('error', () => undefined).end());
  closing.listen(0, '127.0.0.1');
  await once(closing, 'listening');
  const { port } = closing.address() as { port: number };
  t.equal(
    await outcome(`https://127.0.0.1:${port}`, { verification: 'none' }),
    'closed',
    'closed during the handshake',
  );
  closing.close();
  const silent = createServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const place = silent.address() as { port: number };
  const rest = new FlinkRest({ url: `https://127.0.0.1:${place.port}`, timeoutMs: 300, tls: { verification: 'none' } });
  await t.rejects(rest.dashboard(), { name: 'RestFailure', message: /within 300 ms/ });
  await rest.close();
  silent.close();
});

t.test('how the server was judged can be said in a report', (t) => {
  const trust = (url: string, tls?: RestTls): string =>
    new FlinkRest({ url, timeoutMs: 1, ...(tls === undefined ? {} : { tls }) }).trust;
  t.equal(trust('http://jm:8081'), 'clear');
  t.equal(trust('http://jm:8081', { verification: 'none' }), 'clear');
  t.equal(trust('https://jm:8081'), 'public');
  t.equal(trust('https://jm:8081', { verification: 'none' }), 'none');
  t.end();
});
