import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Observation } from '../../src/model/report.ts';
import { LoggedConnection, missing, PacketLog, portOf, recordingProxy } from '../support/capture-tools.ts';
import { clientWords, Talker } from '../support/openssl.ts';
import { type Identity, mintRsa } from '../support/pki.ts';
import { scratch } from '../support/transform.ts';

// Handshakes that are large, begin late, or begin with early data: openssl at both ends, the ends' words are the truth.

const skip = missing('openssl');
const file = scratch(t);

const root = mintRsa({ name: [['CN', 'Authority']], ca: true });
const leaf = mintRsa({ name: [['CN', 'jm']], issuer: root, subjectAltNames: ['DNS:jm'], usages: true });
const folder = path.dirname(file('leaf.pem', Buffer.from(leaf.pem)));
file('leaf.key', Buffer.from(leaf.keyPem));
const LEAF = ['-cert', 'leaf.pem', '-key', 'leaf.key'];
let files = 0;

async function seen(log: PacketLog, keyLog?: string): Promise<Observation[]> {
  const capture = file(`wire-${files++}.pcap`, log.pcap());
  const fixed = { captures: [capture], configurations: [], expect: [], failOn: 'medium', now: Date.now() } as const;
  return [...(await analyse(keyLog === undefined ? fixed : { ...fixed, keyLog })).observations];
}

const sha256 = (one: Identity): string => createHash('sha256').update(one.der).digest('hex');

async function sServer(args: readonly string[]): Promise<{ readonly port: number; readonly talker: Talker }> {
  const talker = new Talker('openssl', ['s_server', '-accept', '127.0.0.1:0', ...args], folder);
  const heard = await talker.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
  if (heard === undefined) throw new Error(talker.output);
  return { port: Number(heard[1]), talker };
}

async function sClient(port: number, args: readonly string[], say: string, until: RegExp): Promise<string> {
  const talker = new Talker('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], folder);
  talker.say(say);
  await talker.hear(until, 2000);
  talker.end();
  await talker.ended();
  return talker.output;
}

/** Intermediates of `count` certificates with a thousand names each, one key for all. */
function bulkyChain(count: number): Identity[] {
  const names = Array.from({ length: 1000 }, (_, n) => `DNS:host-${String(n).padStart(5, '0')}.cluster.example`);
  return Array.from({ length: count }, (_, n) =>
    mintRsa({ name: [['CN', `Bulky ${n}`]], issuer: root, keyOf: root, subjectAltNames: names }),
  );
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`${version}: a chain of 95 kB, just below what OpenSSL takes, is read whole`, { skip }, async (t) => {
    const chain = bulkyChain(3);
    file('chain.pem', Buffer.from(chain.map((one) => one.pem).join('')));
    const flag = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
    const server = await sServer([...LEAF, '-cert_chain', 'chain.pem', flag, '-rev', '-keylogfile', 'chain.keys']);
    const log = new PacketLog();
    const proxy = await recordingProxy(log, server.port);
    const output = await sClient(proxy.port, ['-keylogfile', 'chain.keys.client'], 'hello\n', /olleh/);
    await proxy.close();
    server.talker.kill();
    t.equal(clientWords(output).protocol, version);
    const [one] = await seen(log, readFileSync(path.join(folder, 'chain.keys.client'), 'latin1'));
    t.equal(one!.tls!.outcome, 'established');
    const certificates = one!.tls!.serverCertificate;
    t.ok(certificates.seen === 'present' && !certificates.truncated);
    t.strictSame(
      certificates.seen === 'present' && certificates.chain.map((certificate) => certificate.sha256),
      [leaf, ...chain].map(sha256),
    );
    t.equal(certificates.seen === 'present' && certificates.chain[1]!.subjectAltNames.length, 1000);
  });
}

/** The first bytes that Node's client sends: a ClientHello. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  const port = await portOf(server);
  const client = tls.connect({ port, host: '127.0.0.1', maxVersion: 'TLSv1.2' });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  return bytes;
}

t.test('a chain of 290 kB is read whole, though no client of OpenSSL takes it', { skip }, async (t) => {
  const chain = bulkyChain(10);
  file('huge.pem', Buffer.from(chain.map((one) => one.pem).join('')));
  t.ok(chain.reduce((sum, one) => sum + one.der.length, 0) > 285_000);
  const server = await sServer([...LEAF, '-cert_chain', 'huge.pem', '-tls1_2']);
  const log = new PacketLog();
  const proxy = await recordingProxy(log, server.port);
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write(await clientHello());
  // A ServerHelloDone ends the flight: `0e 00 00 00` in a record of its own or behind the key exchange.
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    if (bytes.subarray(-4).equals(Buffer.from('0e000000', 'hex'))) break;
  }
  await proxy.close();
  server.talker.kill();
  const [one] = await seen(log);
  const certificates = one!.tls!.serverCertificate;
  t.match(certificates, { seen: 'present', truncated: false });
  t.strictSame(
    certificates.seen === 'present' && certificates.chain.map((certificate) => certificate.sha256),
    [leaf, ...chain].map(sha256),
  );
  t.equal(one!.tls!.clientAuthentication.verdict, 'not-requested');
});

/** Speaks a preface, then joins the connection with a TLS server; tells how long the client's preface was. */
interface Gate {
  readonly name: string;
  readonly clientArgs: (port: number) => readonly string[];
  /** First words of the server. */
  readonly greeting: string;
  /** Answer to what the client has said so far, and whether TLS comes next. */
  answer(said: string): { readonly text: string; readonly next: 'talk' | 'tls' } | undefined;
}

const line = (said: string): string | undefined =>
  said
    .split('\r\n')
    .filter((one) => one !== '')
    .at(-1);

const GATES: readonly Gate[] = [
  {
    name: 'SMTP',
    clientArgs: (port) => ['-connect', `127.0.0.1:${port}`, '-starttls', 'smtp'],
    greeting: '220 mail.example ESMTP\r\n',
    answer: (said) =>
      line(said)?.startsWith('EHLO') === true
        ? { text: '250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n', next: 'talk' }
        : { text: '220 go ahead\r\n', next: 'tls' },
  },
  {
    name: 'IMAP',
    clientArgs: (port) => ['-connect', `127.0.0.1:${port}`, '-starttls', 'imap'],
    greeting: '* OK ready\r\n',
    answer: (said) =>
      line(said)?.includes('CAPABILITY') === true
        ? { text: '* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK done\r\n', next: 'talk' }
        : { text: '. OK begin\r\n', next: 'tls' },
  },
  {
    name: 'PostgreSQL',
    clientArgs: (port) => ['-connect', `127.0.0.1:${port}`, '-starttls', 'postgres'],
    greeting: '',
    answer: (said) => (said.length < 8 ? undefined : { text: 'S', next: 'tls' }),
  },
  {
    name: 'HTTP CONNECT',
    clientArgs: (port) => ['-proxy', `127.0.0.1:${port}`, '-connect', 'jm.example:443'],
    greeting: '',
    answer: (said) =>
      said.endsWith('\r\n\r\n') ? { text: 'HTTP/1.1 200 Connection established\r\n\r\n', next: 'tls' } : undefined,
  },
];

async function gatePort(gate: Gate, target: number, said: string[]): Promise<{ port: number; close(): void }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let words = '';
    if (gate.greeting !== '') socket.write(gate.greeting);
    const take = (bytes: Buffer): void => {
      words += bytes.toString('latin1');
      const answer = gate.answer(words);
      if (answer?.next === 'tls') {
        said.push(words);
        socket.off('data', take);
        const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
        far.pipe(socket);
        socket.pipe(far);
      }
      if (answer !== undefined) socket.write(answer.text);
    };
    socket.on('data', take);
    socket.on('error', () => undefined);
  });
  return { port: await portOf(server), close: () => server.close() };
}

for (const gate of GATES) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.test(`${gate.name} that becomes ${version} is TLS from where it begins`, { skip }, async (t) => {
      const server = await sServer([...LEAF, version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3', '-rev']);
      const said: string[] = [];
      const entry = await gatePort(gate, server.port, said);
      const log = new PacketLog();
      const proxy = await recordingProxy(log, entry.port);
      const talker = new Talker('openssl', ['s_client', ...gate.clientArgs(proxy.port)], folder);
      talker.say('hello\n');
      await talker.hear(/olleh/, 3000);
      talker.end();
      await talker.ended();
      await proxy.close();
      entry.close();
      server.talker.kill();
      t.equal(clientWords(talker.output).protocol, version);
      const [one, ...more] = await seen(log);
      t.strictSame(more, []);
      t.equal(one!.kind, 'tls');
      t.match(one!.tls, { version, outcome: 'established', startedAtOffset: said[0]!.length });
      t.equal(one!.tls!.clientAuthentication.verdict, 'not-requested');
      t.strictSame(one!.tls!.problems ?? [], []);
    });
  }
}

const CONTENT_HANDSHAKE = 22;

/** The same connection as a recorder beside the server may see it: the server's hello overtakes the early data. */
function withEarlyDataLate(log: PacketLog): PacketLog {
  const data = log.packets
    .map(({ bytes }) => ({ side: bytes[29] === 2 ? (0 as const) : (1 as const), bytes: bytes.subarray(54) }))
    .filter(({ bytes }) => bytes.length > 0);
  const first = data.findIndex(({ side }) => side === 1);
  const opening = Buffer.concat(data.slice(0, first).map(({ bytes }) => bytes));
  const helloEnd = 5 + opening.readUInt16BE(3);
  if (opening[0] !== CONTENT_HANDSHAKE) throw new Error('no ClientHello at the start');
  const answerEnd = data.findIndex(({ side }, at) => at > first && side === 0);
  const late = new PacketLog();
  const connection = new LoggedConnection(late, [40_000, 443], [1000, 2000]);
  connection.data(0, opening.subarray(0, helloEnd));
  for (const { bytes } of data.slice(first, answerEnd)) connection.data(1, bytes);
  connection.data(0, opening.subarray(helloEnd));
  for (const { side, bytes } of data.slice(answerEnd)) connection.data(side, bytes);
  connection.fin(0);
  connection.fin(1);
  return late;
}

t.test(
  'early data, accepted and rejected, is no part of the flight that tells of certificates',
  { skip },
  async (t) => {
    const session = path.join(folder, 'early.session');
    const arguments_ = [...LEAF, '-early_data', '-num_tickets', '1', '-CAfile', 'leaf.pem'];
    for (const [name, words, size, verify] of [
      ['accepted', 'was accepted', 400, []],
      ['rejected', 'was rejected', 400, []],
      ['rejected, as long as a Finished', 'was rejected', 52, ['-verify', '1']],
      ['rejected, as long as a Finished, nothing asked', 'was rejected', 52, []],
    ] as const) {
      await t.test(name, async (t) => {
        let server = await sServer([...arguments_, ...verify]);
        await sClient(server.port, ['-sess_out', session], 'x\n', /New Session Ticket/i);
        if (words === 'was rejected') {
          // A server that was started anew has other ticket keys: a full handshake follows.
          server.talker.kill();
          server = await sServer([...arguments_, ...verify]);
        }
        writeFileSync(path.join(folder, 'early.txt'), 'e'.repeat(size));
        const log = new PacketLog();
        const proxy = await recordingProxy(log, server.port);
        const flags = ['-sess_in', session, '-early_data', 'early.txt', '-keylogfile', `early-${files}.keys`];
        const keyFile = path.join(folder, `early-${files}.keys`);
        const output = await sClient(proxy.port, flags, 'x\n', /Early data was \w+/);
        await proxy.close();
        server.talker.kill();
        t.match(output, words);
        for (const wire of [log, withEarlyDataLate(log)]) {
          for (const keys of [undefined, readFileSync(keyFile, 'latin1')]) {
            const [one] = await seen(wire, keys);
            t.equal(one!.tls!.resumed, words === 'was accepted');
            const { verdict } = one!.tls!.clientAuthentication;
            if (words === 'was accepted') t.equal(verdict, 'unknown');
            else if (verify.length > 0)
              t.not(verdict, 'not-requested', `${keys === undefined ? 'without' : 'with'} keys`);
            else
              t.ok(
                ['not-requested', 'unknown'].includes(verdict),
                `${verdict}, ${keys === undefined ? 'without' : 'with'} keys`,
              );
            if (keys !== undefined && words === 'was rejected')
              t.equal(one!.tls!.clientAuthentication.basis, 'messages');
            t.equal(one!.tls!.outcome, 'established');
          }
        }
      });
    }
  },
);
