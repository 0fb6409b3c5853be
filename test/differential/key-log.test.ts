import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Report, TlsDetails } from '../../src/model/report.ts';
import { missing, PacketLog, portOf, recordingProxy, run, tsharkRows } from '../support/capture-tools.ts';
import { PcapngWriter } from '../support/pcapng-writer.ts';
import { type Identity, mintEc, mintRsa } from '../support/pki.ts';
import { scratch } from '../support/transform.ts';

// Secrets of real connections, given as a file, in front of the packets and behind them; wrong ones too.

const root = mintRsa({ name: [['CN', 'Authority']], ca: true });
const server = mintRsa({ name: [['CN', 'jm']], issuer: root, subjectAltNames: ['DNS:jm'], usages: true });
const client = mintEc('P-256', { name: [['CN', 'tm1']], issuer: root, usages: true });
const file = scratch(t);
const folder = path.dirname(file('root.pem', Buffer.from(root.pem)));
const sha256 = (one: Identity): string => createHash('sha256').update(one.der).digest('hex');

interface Recorded {
  readonly log: PacketLog;
  readonly keys: string;
}

/** A mutual TLS 1.3 connection for each suite, with ALPN. */
async function recorded(suites: readonly string[]): Promise<Recorded> {
  const log = new PacketLog();
  let keys = '';
  for (const ciphers of suites) {
    const own = { key: server.keyPem, cert: server.pem, ca: root.pem, ALPNProtocols: ['h2'] };
    const listener = tls.createServer({ ...own, requestCert: true, ciphers }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('answer'));
    });
    await portOf(listener);
    const proxy = await recordingProxy(log, (listener.address() as AddressInfo).port);
    const shown = { key: client.keyPem, cert: client.pem, ca: root.pem, servername: 'jm', ciphers };
    const socket = tls.connect({ port: proxy.port, ALPNProtocols: ['http/1.1', 'h2'], ...shown });
    socket.on('keylog', (line: Buffer) => {
      keys += line.toString('latin1');
    });
    socket.on('secureConnect', () => socket.write('ask'));
    socket.on('data', () => socket.end());
    await new Promise((resolve) => socket.once('close', resolve));
    await proxy.close();
    listener.close();
  }
  return { log, keys };
}

const SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const wire = await recorded(SUITES);
const plain = file('plain.pcap', wire.log.pcap());

const read = (capture: string, keyLog?: string): Promise<Report> => {
  const fixed = { captures: [capture], configurations: [], expect: [], failOn: 'medium', now: Date.now() } as const;
  return analyse(keyLog === undefined ? fixed : { ...fixed, keyLog });
};

const details = (report: Report): TlsDetails[] => report.observations.map((one) => one.tls!);

const OPENED = {
  decrypted: true,
  outcome: 'established',
  alpn: ['h2'],
  serverCertificate: {
    seen: 'present',
    truncated: false,
    chain: [{ sha256: sha256(server) }, { sha256: sha256(root) }],
  },
  clientCertificate: {
    seen: 'present',
    truncated: false,
    chain: [{ sha256: sha256(client) }, { sha256: sha256(root) }],
  },
  clientAuthentication: {
    verdict: 'requested',
    presented: 'certificate',
    basis: 'messages',
    certificateAuthorities: ['CN=Authority'],
  },
};

function checkOpened(t: Test, report: Report): void {
  t.equal(report.observations.length, SUITES.length);
  t.strictSame(
    details(report).map((one) => one.cipherSuite),
    SUITES,
  );
  for (const one of details(report)) t.match(one, OPENED, one.cipherSuite ?? 'no suite');
}

t.test('a key log opens the handshake flight of every suite', async (t) => {
  checkOpened(t, await read(plain, wire.keys));
  checkOpened(t, await read(plain, wire.keys.replaceAll('\n', '\r\n')));
  checkOpened(t, await read(plain, `# comment\n\n${wire.keys.toUpperCase().replaceAll(/^[A-Z_0-9]+ /gm, (l) => l)}`));
});

t.test('without it the same is hidden, and inferred from lengths', async (t) => {
  for (const one of details(await read(plain))) {
    t.not(one.decrypted, true);
    t.match(one, {
      alpn: ['http/1.1', 'h2'],
      serverCertificate: { seen: 'hidden', because: 'encrypted' },
      clientCertificate: { seen: 'hidden', because: 'encrypted' },
      clientAuthentication: { verdict: 'requested', presented: 'certificate', basis: 'record-lengths' },
    });
  }
});

/** Blocks of a little-endian pcapng file. */
function blocks(bytes: Buffer): { readonly type: number; readonly bytes: Buffer }[] {
  const list = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    list.push({ type: bytes.readUInt32LE(at), bytes: bytes.subarray(at, at + bytes.readUInt32LE(at + 4)) });
  }
  return list;
}

const SECRETS = 10;

t.test(
  'editcap puts the secrets into the capture: in front, behind and in the middle they do the same',
  {
    skip: missing('editcap', 'tshark'),
  },
  async (t) => {
    const keyFile = file('keys.txt', Buffer.from(wire.keys));
    const inFront = path.join(folder, 'in-front.pcapng');
    run('editcap', ['--inject-secrets', `tls,${keyFile}`, plain, inFront]);
    const all = blocks(readFileSync(inFront));
    t.equal(all.filter(({ type }) => type === SECRETS).length, 1);
    const secrets = all.find(({ type }) => type === SECRETS)!;
    const others = all.filter(({ type }) => type !== SECRETS);
    const behind = file('behind.pcapng', Buffer.concat([...others, secrets].map(({ bytes }) => bytes)));
    const half = others.length >> 1;
    const between = [...others.slice(0, half), secrets, ...others.slice(half)];
    const middle = file('middle.pcapng', Buffer.concat(between.map(({ bytes }) => bytes)));
    checkOpened(t, await read(inFront));
    checkOpened(t, await read(behind));
    checkOpened(t, await read(middle));
    // tshark opens the same flights with the same secrets.
    const rows = tsharkRows(inFront, 'tls.handshake.type==11', ['tls.handshake.certificate']);
    const seen = rows
      .flatMap((row) => row['tls.handshake.certificate'])
      .map((hex) => Buffer.from(hex.replaceAll(':', ''), 'hex'));
    const hashes = seen.map((der) => createHash('sha256').update(der).digest('hex')).sort();
    const expected = SUITES.flatMap(() => [server, root, client, root].map(sha256)).sort();
    t.strictSame(hashes, expected);
  },
);

t.test('a Decryption Secrets Block in another section opens connections of this one', async (t) => {
  const writer = new PcapngWriter();
  const records: Buffer[] = [Buffer.from(writer.sectionHeader()), Buffer.from(writer.interfaceDescription())];
  for (const { milliseconds, bytes } of wire.log.packets) {
    records.push(Buffer.from(writer.enhancedPacket(0, BigInt(Math.round(milliseconds * 1000)), bytes)));
  }
  records.push(Buffer.from(writer.sectionHeader()), Buffer.from(writer.decryptionSecrets(wire.keys)));
  checkOpened(t, await read(file('sections.pcapng', Buffer.concat(records))));
});

/** The same lines with every secret changed. */
const wrong = wire.keys.replaceAll(/ ([0-9a-f]{2})([0-9a-f]+)$/gm, (_all, first: string, rest: string) => {
  return ` ${first === 'ff' ? '00' : 'ff'}${rest}`;
});

t.test('wrong, short, foreign and senseless secrets change nothing', async (t) => {
  const without = details(await read(plain));
  const logs = {
    wrong,
    short: wire.keys.replaceAll(/[0-9a-f]{4}$/gm, ''),
    long: wire.keys.replaceAll(/$/gm, 'ab'),
    foreign: wire.keys.replaceAll(/^(\w+) [0-9a-f]{8}/gm, '$1 00000000'),
    'in the wrong roles': wire.keys.replaceAll(/^(CLIENT|SERVER)_HAND/gm, (_all, role: string) =>
      role === 'CLIENT' ? 'SERVER_HAND' : 'CLIENT_HAND',
    ),
    senseless: `${'\0\xff\n'.repeat(1000)}CLIENT_HANDSHAKE_TRAFFIC_SECRET \n SERVER_HANDSHAKE_TRAFFIC_SECRET zz zz\n`,
  };
  for (const [name, log] of Object.entries(logs)) t.strictSame(details(await read(plain, log)), without, name);
});

t.test('half of the secrets opens half of the flight, and says only that', async (t) => {
  const lines = wire.keys.split('\n').filter((line) => !line.startsWith('CLIENT_HANDSHAKE'));
  for (const one of details(await read(plain, lines.join('\n')))) {
    t.match(one.serverCertificate, OPENED.serverCertificate);
    t.match(one.clientCertificate, { seen: 'hidden', because: 'encrypted' });
    t.match(one.clientAuthentication, { verdict: 'requested', certificateAuthorities: ['CN=Authority'] });
  }
  const others = wire.keys.split('\n').filter((line) => !line.startsWith('SERVER_HANDSHAKE'));
  for (const one of details(await read(plain, others.join('\n')))) {
    t.match(one.serverCertificate, { seen: 'hidden', because: 'encrypted' });
    t.match(one.clientCertificate, OPENED.clientCertificate);
    t.match(one.clientAuthentication, { verdict: 'requested', presented: 'certificate' });
  }
});

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

t.test('no secret appears in any output', async (t) => {
  const keyFile = path.join(folder, 'given.txt');
  writeFileSync(keyFile, wire.keys + wrong);
  const secrets = [...wire.keys.matchAll(/^\w+ [0-9a-f]+ ([0-9a-f]+)$/gm)].map((match) => match[1]!);
  t.ok(secrets.length >= 4 * SUITES.length);
  for (const format of ['text', 'json', 'jsonl', 'nagios']) {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [MAIN, 'analyze', plain, '--keylog', keyFile, '--format', format, '--verbose'],
      { encoding: 'latin1', maxBuffer: 1 << 26 },
    );
    t.ok(status !== null && status < 4 && stdout.length > 50, `${format} ends with ${status}`);
    const output = (stdout + stderr).toLowerCase();
    const leaked = secrets.filter(
      (secret) => output.includes(secret.slice(0, 32)) || output.includes(base64(secret).slice(0, 24)),
    );
    t.strictSame(leaked, [], format);
  }
});

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64').toLowerCase();
}
