import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { ClientAuthentication, Observation, TlsDetails } from '../../src/model/report.ts';
import { missing, PacketLog, portOf, recordingProxy } from '../support/capture-tools.ts';
import { Java } from '../support/java.ts';
import { Talker } from '../support/openssl.ts';
import { type Identity, mintRsa } from '../support/pki.ts';
import { scratch } from '../support/transform.ts';

// Whether a certificate was asked for, and shown, between every two of OpenSSL, Node and the JDK. The truth is how the
// servers and clients were set up, not what was recorded.

type Version = 'TLSv1.2' | 'TLSv1.3';
type Asks = 'none' | 'ask' | 'need';

/** One server for one connection. */
interface Listening {
  readonly port: number;
  /** Waits for its end; NSS key log lines, where the stack gives them. */
  close(): Promise<string>;
}

interface Stack {
  readonly name: string;
  readonly skip: string | false;
  listen(version: Version, asks: Asks): Promise<Listening>;
  /** Key log lines. */
  connect(port: number, version: Version, identity: string): Promise<string>;
}

const root = mintRsa({ name: [['CN', 'Authority']], ca: true });
const stranger = mintRsa({ name: [['CN', 'Stranger']], ca: true });
const server = mintRsa({
  name: [['CN', 'jm']],
  issuer: root,
  subjectAltNames: ['DNS:jm', 'IP:127.0.0.1'],
  usages: true,
});
const client = mintRsa({ name: [['CN', 'tm1']], issuer: root, usages: true });
const other = mintRsa({ name: [['CN', 'tm2']], issuer: stranger, usages: true });
const identities: Readonly<Record<string, Identity>> = { root, server, client, other };

const file = scratch(t);
for (const [name, { pem, keyPem }] of Object.entries(identities)) {
  file(`${name}.pem`, Buffer.from(pem));
  file(`${name}.key`, Buffer.from(keyPem));
}
const folder = path.dirname(file('nothing', Buffer.alloc(0)));
let files = 0;

const openssl: Stack = {
  name: 'OpenSSL',
  skip: missing('openssl'),
  async listen(version, asks) {
    const flag = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
    const verify = { none: [], ask: ['-verify', '1'], need: ['-Verify', '1', '-verify_return_error'] }[asks];
    const keys = `keys-${files++}`;
    const args = ['-accept', '127.0.0.1:0', flag, '-rev', '-naccept', '1', '-keylogfile', keys, '-CAfile', 'root.pem'];
    const own = ['-cert', 'server.pem', '-key', 'server.key', '-no_ticket'];
    const talker = new Talker('openssl', ['s_server', ...args, ...own, ...verify], folder);
    const port = await talker.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
    if (port === undefined) throw new Error(`s_server does not listen: ${talker.output}`);
    return {
      port: Number(port[1]),
      close: async () => {
        talker.kill();
        await talker.ended();
        return readFileSync(path.join(folder, keys), 'latin1');
      },
    };
  },
  async connect(port, version, identity) {
    const own = identity === 'none' ? [] : ['-cert', `${identity}.pem`, '-key', `${identity}.key`];
    const flag = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
    const keys = `keys-${files++}`;
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      flag,
      '-keylogfile',
      keys,
      '-CAfile',
      'root.pem',
      ...own,
    ];
    const talker = new Talker('openssl', args, folder);
    talker.say('ask\n');
    await talker.hear(/ksa|answer|alert|error/i, 2000);
    talker.end();
    await talker.ended();
    return readFileSync(path.join(folder, keys), 'latin1');
  },
};

const node: Stack = {
  name: 'Node',
  skip: false,
  async listen(version, asks) {
    const own = { key: server.keyPem, cert: server.pem, ca: root.pem, minVersion: version, maxVersion: version };
    const verify = { requestCert: asks !== 'none', rejectUnauthorized: asks === 'need' };
    let keys = '';
    const listener = tls.createServer({ ...own, ...verify }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('answer'));
    });
    listener.on('tlsClientError', () => undefined);
    listener.on('keylog', (line) => {
      keys += line.toString('latin1');
    });
    await portOf(listener);
    return {
      port: (listener.address() as AddressInfo).port,
      close: () => new Promise((resolve) => listener.close(() => resolve(keys))),
    };
  },
  async connect(port, version, identity) {
    const shown = identities[identity];
    const own = shown === undefined ? {} : { key: shown.keyPem, cert: shown.pem };
    const only = { minVersion: version, maxVersion: version };
    const socket = tls.connect({ port, host: '127.0.0.1', ca: root.pem, ...only, ...own });
    let keys = '';
    socket.on('keylog', (line) => {
      keys += line.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('secureConnect', () => socket.write('ask\n'));
    socket.on('data', () => socket.end());
    await new Promise((resolve) => socket.once('close', resolve));
    return keys;
  },
};

let started: Promise<Java> | undefined;
const jdk: Stack = {
  name: 'JDK',
  skip: missing('java', 'javac'),
  async listen(version, asks) {
    started ??= Java.start(folder);
    return { port: await (await started).server(version, asks, 'server'), close: async () => '' };
  },
  async connect(port, version, identity) {
    started ??= Java.start(folder);
    const words = await (await started).client(version, port, identity);
    if (words.kind === 'error') throw new Error(words.text);
    return '';
  },
};
t.teardown(async () => (await started)?.end());

interface Case {
  readonly name: string;
  readonly asks: Asks;
  readonly identity: string;
  readonly verdict: ClientAuthentication['verdict'];
  readonly presented: ClientAuthentication['presented'];
  readonly outcome: TlsDetails['outcome'];
}

const CASES: readonly Case[] = [
  {
    name: 'not asked',
    asks: 'none',
    identity: 'none',
    verdict: 'not-requested',
    presented: 'none',
    outcome: 'established',
  },
  {
    name: 'not asked, though the client has one',
    asks: 'none',
    identity: 'client',
    verdict: 'not-requested',
    presented: 'none',
    outcome: 'established',
  },
  {
    name: 'asked, none shown',
    asks: 'ask',
    identity: 'none',
    verdict: 'requested',
    presented: 'empty',
    outcome: 'established',
  },
  {
    name: 'asked and shown',
    asks: 'ask',
    identity: 'client',
    verdict: 'requested',
    presented: 'certificate',
    outcome: 'established',
  },
  {
    name: 'needed and shown',
    asks: 'need',
    identity: 'client',
    verdict: 'requested',
    presented: 'certificate',
    outcome: 'established',
  },
  {
    name: 'needed, none shown',
    asks: 'need',
    identity: 'none',
    verdict: 'required',
    presented: 'empty',
    outcome: 'refused',
  },
];

const sha256 = (one: Identity): string => createHash('sha256').update(one.der).digest('hex');

async function recorded(listening: Stack, asking: Stack, version: Version, one: Pick<Case, 'asks' | 'identity'>) {
  const log = new PacketLog();
  const end = await listening.listen(version, one.asks);
  const proxy = await recordingProxy(log, end.port);
  const clientKeys = await asking.connect(proxy.port, version, one.identity);
  await proxy.close();
  return { capture: file(`wire-${files++}.pcap`, log.pcap()), keys: clientKeys + (await end.close()) };
}

async function observe(capture: string, keyLog?: string): Promise<Observation[]> {
  const fixed = { captures: [capture], configurations: [], expect: [], failOn: 'medium', now: Date.now() } as const;
  return [...(await analyse(keyLog === undefined ? fixed : { ...fixed, keyLog })).observations];
}

function checkDecrypted(t: Test, tls: TlsDetails, version: Version, one: Case): void {
  const { verdict, presented } = one;
  t.match(tls.clientAuthentication, { verdict, presented, basis: 'messages' }, 'with the keys');
  t.equal(tls.outcome, one.outcome);
  t.equal(tls.decrypted === true, version === 'TLSv1.3');
  t.match(tls.serverCertificate, { seen: 'present', chain: [{ sha256: sha256(server) }] });
  if (presented === 'certificate')
    t.match(tls.clientCertificate, { seen: 'present', chain: [{ sha256: sha256(client) }] });
  else t.equal(tls.clientCertificate.seen, 'absent');
  const asked = one.asks === 'none' ? [] : ['CN=Authority'];
  t.strictSame(tls.clientAuthentication.certificateAuthorities, asked, 'authorities');
  t.strictSame(tls.problems ?? [], []);
}

for (const listening of [openssl, node, jdk]) {
  for (const asking of [openssl, node, jdk]) {
    const skip = listening.skip === false ? asking.skip : listening.skip;
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      t.test(`${asking.name} to ${listening.name}, ${version}`, { skip }, async (t) => {
        for (const one of CASES) {
          await t.test(one.name, async (t) => {
            const { capture, keys } = await recorded(listening, asking, version, one);
            const [seen] = await observe(capture);
            const { verdict, presented, outcome } = one;
            const basis = version === 'TLSv1.3' ? 'record-lengths' : 'messages';
            t.match(seen?.tls?.clientAuthentication, { verdict, presented, basis });
            t.equal(seen?.tls?.outcome, outcome);
            t.equal(seen?.tls?.version, version);
            if (keys === '') return;
            checkDecrypted(t, (await observe(capture, keys))[0]!.tls!, version, one);
          });
        }
        await t.test('a certificate of a stranger is refused: never "not-requested"', async (t) => {
          const { capture, keys } = await recorded(listening, asking, version, { asks: 'need', identity: 'other' });
          for (const keyLog of keys === '' ? [undefined] : [undefined, keys]) {
            const [seen] = await observe(capture, keyLog);
            const { verdict, presented } = seen!.tls!.clientAuthentication;
            // The JDK's client shows nothing where no authority of the list issued its certificate.
            const shown = asking === jdk ? ['required', 'empty'] : ['requested', 'certificate'];
            t.strictSame([verdict, presented], shown);
            t.equal(seen!.tls!.outcome, 'refused');
          }
        });
      });
    }
  }
}
