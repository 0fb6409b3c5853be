import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import forge from 'node-forge';
import t, { type Test } from 'tap';
import { toHex } from '../../src/bytes/hex.ts';
import { KeyLog } from '../../src/tls/key-log.ts';
import type { SeenChain, TlsReading } from '../../src/tls/reading.ts';
import { type Event, play, readingOf } from './feeding.ts';

// Handshakes of Node's own OpenSSL, recorded by a proxy between both ends; the ends' own words are the truth.

interface Identity {
  readonly key: string;
  readonly cert: string;
  readonly der: Uint8Array;
}

function identity(name: string, issuer?: Identity): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '4111';
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  const subject = [{ name: 'commonName', value: name }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer === undefined ? subject : forge.pki.certificateFromPem(issuer.cert).subject.attributes);
  certificate.setExtensions([{ name: 'basicConstraints', cA: issuer === undefined }]);
  certificate.sign(forge.pki.privateKeyFromPem(issuer?.key ?? privateKey), forge.md.sha256.create());
  const cert = forge.pki.certificateToPem(certificate);
  return { key: privateKey, cert, der: Uint8Array.from(new X509Certificate(cert).raw) };
}

const authority = identity('test authority');
const server = identity('server', authority);
const client = identity('client', authority);

interface Truth {
  readonly events: readonly Event[];
  readonly keys: string;
  readonly protocol: string | null;
  readonly suite: string;
  readonly ephemeral: tls.EphemeralKeyInfo | object | null;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
}

interface Recorded<T> {
  readonly events: readonly Event[];
  readonly keys: string;
  readonly result: T;
}

/** A server that answers every message, a proxy before it that records, and what `run` does with the proxy's port. */
async function recorded<T>(options: tls.TlsOptions, run: (port: number) => Promise<T>): Promise<Recorded<T>> {
  const events: Event[] = [];
  let keys = '';
  const identity = { key: server.key, cert: server.cert, ca: authority.cert };
  const listener = tls.createServer({ ...identity, ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('answer'));
  });
  listener.on('tlsClientError', () => undefined);
  listener.on('keylog', (line) => {
    keys += line.toString('utf8');
  });
  const port = await portOf(listener);
  const proxy = createServer((near) => join(near, connect(port, '127.0.0.1'), events));
  try {
    const result = await run(await portOf(proxy));
    // The last segments of the server's side are still on their way through the proxy.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { events, keys, result };
  } finally {
    proxy.close();
    listener.close();
  }
}

async function portOf(listener: Server): Promise<number> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return (listener.address() as AddressInfo).port;
}

/** One connection of Node's client: it says `ask`, the server answers `answer`, then the client ends. */
async function talk(serverOptions: tls.TlsOptions, clientOptions: tls.ConnectionOptions): Promise<Truth> {
  const { events, keys, result } = await recorded(serverOptions, (port) => connectOnce(port, clientOptions));
  return { events, keys, ...result };
}

async function connectOnce(port: number, options: tls.ConnectionOptions): Promise<Omit<Truth, 'events' | 'keys'>> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  let facts: Omit<Truth, 'events' | 'keys' | 'session'> = { protocol: null, suite: '', ephemeral: null, reused: false };
  let session: Buffer | undefined;
  socket.on('session', (s) => {
    session = s;
  });
  socket.on('error', () => undefined);
  socket.on('secureConnect', () => {
    facts = {
      protocol: socket.getProtocol(),
      suite: socket.getCipher().standardName,
      ephemeral: socket.getEphemeralKeyInfo(),
      reused: socket.isSessionReused(),
    };
    socket.write('ask');
  });
  socket.on('data', () => socket.end());
  await new Promise((resolve) => socket.once('close', resolve));
  return { ...facts, session };
}

function join(near: Socket, far: Socket, events: Event[]): void {
  for (const [from, to, side] of [
    [near, far, 0],
    [far, near, 1],
  ] as const) {
    from.on('data', (bytes) => {
      events.push({ kind: 'data', side, bytes: Uint8Array.from(bytes) });
      to.write(bytes);
    });
    from.on('end', () => {
      events.push({ kind: 'close', side, how: 'fin' });
      to.end();
    });
    from.on('error', () => {
      events.push({ kind: 'close', side, how: 'rst' });
      to.destroy();
    });
  }
}

const ask = { requestCert: true, rejectUnauthorized: false } as const;
const need = { requestCert: true, rejectUnauthorized: true } as const;
const show = { key: client.key, cert: client.cert } as const;

const MATRIX: readonly (readonly [string, tls.TlsOptions, tls.ConnectionOptions, object])[] = [
  ['none', {}, {}, { verdict: 'not-requested', presented: 'none' }],
  ['none, though the client has one', {}, show, { verdict: 'not-requested', presented: 'none' }],
  ['asked, none shown', ask, {}, { verdict: 'requested', presented: 'empty' }],
  ['asked and shown', ask, show, { verdict: 'requested', presented: 'certificate' }],
  ['needed and shown', need, show, { verdict: 'requested', presented: 'certificate' }],
];

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const only = { minVersion: version, maxVersion: version };
  for (const [name, serverOptions, clientOptions, expected] of MATRIX) {
    t.test(`${version}, client certificate ${name}`, async (t) => {
      const truth = await talk({ ...serverOptions, ...only }, { ...clientOptions, ...only });
      const reading = readingOf(truth.events);
      checkChoice(t, reading, truth);
      t.match(reading.clientAuthentication, {
        ...expected,
        basis: version === 'TLSv1.3' ? 'record-lengths' : 'messages',
      });
      t.equal(reading.outcome, 'established');
      t.strictSame(play(truth.events, { start: 'syn' }, () => 1).reading(), reading);
      const keyLog = new KeyLog();
      keyLog.add(truth.keys);
      const opened = readingOf(truth.events, { start: 'syn', keyLog });
      t.match(opened.clientAuthentication, { ...expected, basis: 'messages' });
      t.equal(opened.outcome, 'established');
      t.equal(opened.decrypted, version === 'TLSv1.3');
      checkChains(t, opened, 'presented' in expected && expected.presented === 'certificate');
    });
  }

  t.test(`${version}, a resumed session`, async (t) => {
    const ticketKeys = Buffer.alloc(48, 5);
    const first = await talk({ ...only, ticketKeys }, only);
    t.equal(readingOf(first.events).resumed, false);
    const second = await talk({ ...only, ticketKeys }, { ...only, ...(first.session && { session: first.session }) });
    t.equal(second.reused, true);
    const reading = readingOf(second.events);
    t.match(reading, { resumed: true, outcome: 'established', clientAuthentication: { verdict: 'unknown' } });
    t.match(reading.serverCertificate, { seen: 'hidden', because: 'resumed' });
  });
}

function checkChoice(t: Test, reading: TlsReading, truth: Truth): void {
  t.equal(reading.version, truth.protocol);
  t.equal(reading.cipherSuite, truth.suite);
  const name = (truth.ephemeral as tls.EphemeralKeyInfo).name;
  t.equal(reading.namedGroup, name === 'X25519' ? 'x25519' : name?.replace('prime256v1', 'secp256r1'));
  t.strictSame(reading.problems, []);
  t.equal(reading.resynchronisations + reading.unframedBytes, 0);
}

function checkChains(t: Test, reading: TlsReading, shown: boolean): void {
  // OpenSSL completes the server's chain with the authority that it trusts.
  t.strictSame(chainOf(reading.serverCertificate), [server.der, authority.der].map(toHex));
  t.strictSame(chainOf(reading.clientCertificate), shown ? [toHex(client.der)] : 'absent');
  const asked = reading.clientAuthentication.verdict !== 'not-requested';
  t.equal(reading.clientAuthentication.certificateAuthorities.length, asked ? 1 : 0);
}

function chainOf(chain: SeenChain): unknown {
  return chain.seen === 'present' && !chain.truncated ? chain.certificates.map(toHex) : chain.seen;
}

t.test(
  'a certificate that is needed and not shown: required, by an alert in TLS 1.2, by its length in 1.3',
  async (t) => {
    const only12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const clear = readingOf((await talk({ ...need, ...only12 }, only12)).events);
    t.match(clear, {
      outcome: 'refused',
      refusal: { side: 1, how: 'alert', after: 'empty certificate' },
      alerts: [{ description: 'handshake_failure', code: 40 }],
      clientAuthentication: { verdict: 'required', presented: 'empty', basis: 'messages' },
    });
    const only13 = { minVersion: 'TLSv1.3' } as const;
    const truth = await talk({ ...need, ...only13 }, only13);
    t.match(readingOf(truth.events), {
      outcome: 'refused',
      refusal: { side: 1, how: 'encrypted-alert' },
      clientAuthentication: { verdict: 'required', presented: 'empty', basis: 'record-lengths' },
    });
    const keyLog = new KeyLog();
    keyLog.add(truth.keys);
    t.match(readingOf(truth.events, { start: 'syn', keyLog }), {
      outcome: 'refused',
      refusal: { side: 1, how: 'alert', after: 'empty certificate' },
      alerts: [{ description: 'certificate_required', code: 116 }],
      clientAuthentication: { verdict: 'required', presented: 'empty', basis: 'messages' },
    });
  },
);

t.test('no common suite and no common version are refused by an alert', async (t) => {
  const suite = await talk(
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    { maxVersion: 'TLSv1.2' },
  );
  t.match(readingOf(suite.events), {
    outcome: 'refused',
    refusal: { side: 1, how: 'alert', after: 'client_hello' },
    alerts: [{ description: 'handshake_failure', code: 40 }],
  });
  const version = await talk({ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' });
  t.match(readingOf(version.events), { outcome: 'refused', alerts: [{ description: 'protocol_version', code: 70 }] });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const skip = openssl ? false : 'openssl not found';
  t.test(`${version}, openssl s_client refuses a server of an unknown authority`, { skip }, async (t) => {
    const folder = t.testdir({ 'other.pem': client.cert });
    const only = { minVersion: version, maxVersion: version };
    const { events } = await recorded(only, async (port) => {
      const flags = ['-verify_return_error', '-CAfile', `${folder}/other.pem`];
      const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...flags], { stdio: 'ignore' });
      await once(child, 'close');
    });
    const reading = readingOf(events);
    t.equal(reading.outcome, 'refused');
    // OpenSSL has no keys for writing yet when it refuses: the alert is in clear in TLS 1.3 as well.
    const after = version === 'TLSv1.2' ? 'server_hello_done' : 'server_hello';
    t.match(reading.refusal, { side: 0, how: 'alert', after });
    t.match(reading.alerts, [{ side: 0, level: 'fatal', description: 'unknown_ca', code: 48 }]);
    t.equal(reading.clientAuthentication.verdict, version === 'TLSv1.2' ? 'not-requested' : 'unknown');
  });
}

t.test('a HelloRetryRequest is seen, and the group that came of it', async (t) => {
  const truth = await talk({ ecdhCurve: 'P-384', minVersion: 'TLSv1.3' }, { ecdhCurve: 'X25519:P-384' });
  const reading = readingOf(truth.events);
  t.match(reading, { helloRetryRequest: true, namedGroup: 'secp384r1', outcome: 'established' });
  t.match(reading.offered?.namedGroups, ['x25519', 'secp384r1']);
});

t.test('finite-field DHE tells its size', async (t) => {
  const truth = await talk(
    { dhparam: 'auto', maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' },
    { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' },
  );
  const reading = readingOf(truth.events);
  t.equal(reading.cipherSuite, 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256');
  t.equal(reading.dh?.bits, (truth.ephemeral as tls.EphemeralKeyInfo).size);
  t.match(reading.dh?.group, /^(modp|ffdhe)/);
});

t.test('SNI and ALPN, hidden and in clear', async (t) => {
  const names = { ALPNProtocols: ['h2', 'http/1.1'], servername: 'jobmanager.example' };
  const open = readingOf((await talk({ ALPNProtocols: ['http/1.1'], maxVersion: 'TLSv1.2' }, names)).events);
  t.match(open, { serverName: 'jobmanager.example', alpn: ['http/1.1'] });
  const truth = await talk({ ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.3' }, names);
  t.strictSame(readingOf(truth.events).alpn, ['h2', 'http/1.1'], 'the offer stands while the choice is hidden');
  const keyLog = new KeyLog();
  keyLog.add(truth.keys);
  t.strictSame(readingOf(truth.events, { start: 'syn', keyLog }).alpn, ['http/1.1']);
});
