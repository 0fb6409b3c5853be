import { createHash } from 'node:crypto';
import path from 'node:path';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Observation, TlsDetails } from '../../src/model/report.ts';
import { missing, type PacketLog } from '../support/capture-tools.ts';
import { clientWords, ianaNames, opensslTalk } from '../support/openssl.ts';
import { type Identity, mintEc, mintRsa } from '../support/pki.ts';
import { scratch } from '../support/transform.ts';

// Real handshakes of openssl's own programs, recorded by a proxy; what s_client prints is the truth.

const skip = missing('openssl');
const LEGACY = 'ALL:@SECLEVEL=0';

/** `openssl dhparam 1024`, made for this test. */
const DH_1024 = `-----BEGIN DH PARAMETERS-----
MIGHAoGBANxWLLnpRRALKmYUzfMGOjBNZ96PezwqkjswomDTr7PZKCt2dQdVLa4N
aE1jQMmNz+S4qtRy72dIA27BHnZjdbqSFtGdZQUyYOd0ex8HSfkYVbiFZWwTBird
AGWDi45aDFHh3EKJDD+42fF75JGhHX89OOnwYmrpHg6wfrZYeqePAgEC
-----END DH PARAMETERS-----
`;

const root = mintRsa({ name: [['CN', 'Authority']], ca: true });
const rsa = mintRsa({
  name: [['CN', 'rsa.example']],
  issuer: root,
  subjectAltNames: ['DNS:rsa.example'],
  usages: true,
});
const ec = mintEc('P-256', { name: [['CN', 'ec.example']], issuer: root });

const file = scratch(t);
const folder = path.dirname(file('dh1024.pem', Buffer.from(DH_1024)));
for (const [name, { pem, keyPem }] of Object.entries({ root, rsa, ec })) {
  file(`${name}.pem`, Buffer.from(pem));
  file(`${name}.key`, Buffer.from(keyPem));
}

const RSA = ['-cert', 'rsa.pem', '-key', 'rsa.key'];
const EC = ['-cert', 'ec.pem', '-key', 'ec.key'];
const names = skip === false ? ianaNames() : new Map<string, string>();
let files = 0;

async function seen(log: PacketLog, keyLog?: string): Promise<Observation[]> {
  const capture = file(`wire-${files++}.pcap`, log.pcap());
  const fixed = { captures: [capture], configurations: [], expect: [], failOn: 'medium', now: Date.now() } as const;
  const report = await analyse(keyLog === undefined ? fixed : { ...fixed, keyLog });
  t.strictSame(report.inputs[0]!.quality!.problems, []);
  t.equal(report.inputs[0]!.quality!.badChecksums, 0);
  return [...report.observations];
}

const sha256 = (one: Identity): string => createHash('sha256').update(one.der).digest('hex');

const GROUPS: Readonly<Record<string, string>> = {
  X25519: 'x25519',
  X448: 'x448',
  prime256v1: 'secp256r1',
  secp384r1: 'secp384r1',
  secp521r1: 'secp521r1',
};

/** Suites of TLS 1.3 have IANA's names in OpenSSL as well. */
function ianaName(name: string | undefined): string | undefined {
  return name?.startsWith('TLS_') ? name : names.get(name ?? '');
}

/** Version, suite, key exchange and resumption, as s_client tells them. */
function compareWords(t: Test, tls: TlsDetails, output: string): void {
  const words = clientWords(output);
  t.equal(tls.version, words.protocol, 'version');
  t.equal(tls.cipherSuite, ianaName(words.cipher), 'suite');
  t.equal(tls.resumed, words.reused, 'resumed');
  const key = words.temporaryKey?.split(', ');
  if (key === undefined) {
    t.notOk(tls.namedGroup !== undefined && tls.version !== 'TLSv1.3', 'no group');
  } else if (tls.version === 'TLSv1.3' && key[0] === 'DH') {
    t.equal(tls.namedGroup, `ffdhe${Number.parseInt(key[1]!, 10)}`, 'group');
  } else if (key[0] === 'DH') {
    t.equal(tls.dh?.bits, Number.parseInt(key[1]!, 10), 'bits of the DH group');
  } else {
    t.equal(tls.namedGroup, GROUPS[key[0] === 'ECDH' ? key[1]! : key[0]!], 'group');
  }
}

type Case = readonly [name: string, server: readonly string[], client: readonly string[], leaf?: Identity];

const suite = (name: string): readonly string[] => ['-cipher', `${name}:@SECLEVEL=0`];

const CASES: readonly Case[] = [
  ['TLS 1.0, static RSA', [...RSA, '-tls1', '-cipher', LEGACY], ['-tls1', ...suite('AES128-SHA')], rsa],
  ['TLS 1.0, ECDHE', [...RSA, '-tls1', '-cipher', LEGACY], ['-tls1', ...suite('ECDHE-RSA-AES256-SHA')], rsa],
  ['TLS 1.0, ECDSA', [...EC, '-tls1', '-cipher', LEGACY], ['-tls1', ...suite('ECDHE-ECDSA-AES128-SHA')], ec],
  ['TLS 1.1, DHE', [...RSA, '-tls1_1', '-cipher', LEGACY], ['-tls1_1', ...suite('DHE-RSA-AES128-SHA')], rsa],
  ['TLS 1.2, static RSA', [...RSA, '-tls1_2', '-cipher', LEGACY], suite('AES256-GCM-SHA384'), rsa],
  ['TLS 1.2, static RSA, CBC', [...RSA, '-tls1_2', '-cipher', LEGACY], suite('AES128-SHA256'), rsa],
  ['TLS 1.2, ECDHE-RSA', [...RSA, '-tls1_2'], suite('ECDHE-RSA-AES128-GCM-SHA256'), rsa],
  ['TLS 1.2, ECDHE-ECDSA', [...EC, '-tls1_2'], suite('ECDHE-ECDSA-CHACHA20-POLY1305'), ec],
  ['TLS 1.2, ECDHE on P-521', [...RSA, '-tls1_2', '-groups', 'P-521'], [], rsa],
  ['TLS 1.2, DHE', [...RSA, '-tls1_2'], suite('DHE-RSA-AES256-GCM-SHA384'), rsa],
  [
    'TLS 1.2, DHE of 1024 bits',
    [...RSA, '-tls1_2', '-cipher', LEGACY, '-dhparam', 'dh1024.pem'],
    suite('DHE-RSA-AES128-SHA'),
    rsa,
  ],
  ['TLS 1.2, anonymous DH', ['-nocert', '-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'], suite('ADH-AES128-SHA256')],
  ['TLS 1.2, anonymous ECDH', ['-nocert', '-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'], suite('AECDH-AES256-SHA')],
  ['TLS 1.2, NULL', [...RSA, '-tls1_2', '-cipher', 'eNULL:@SECLEVEL=0'], suite('NULL-SHA256'), rsa],
  ['TLS 1.2, PSK', ['-nocert', '-psk', '00112233', '-tls1_2'], ['-psk', '00112233', ...suite('PSK-AES128-CBC-SHA')]],
  [
    'TLS 1.2, DHE-PSK',
    ['-nocert', '-psk', '00112233', '-tls1_2'],
    ['-psk', '00112233', ...suite('DHE-PSK-AES128-CBC-SHA')],
  ],
  [
    'TLS 1.2, ECDHE-PSK',
    ['-nocert', '-psk', '00112233', '-tls1_2'],
    ['-psk', '00112233', ...suite('ECDHE-PSK-AES128-CBC-SHA')],
  ],
  [
    'TLS 1.2, RSA-PSK',
    [...RSA, '-psk', '00112233', '-tls1_2'],
    ['-psk', '00112233', ...suite('RSA-PSK-AES128-CBC-SHA')],
    rsa,
  ],
  ['TLS 1.3, X25519', RSA, ['-groups', 'X25519']],
  ['TLS 1.3, P-256, ChaCha20', RSA, ['-groups', 'P-256', '-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256']],
  [
    'TLS 1.3, AES-128-CCM',
    [...EC, '-ciphersuites', 'TLS_AES_128_CCM_SHA256'],
    ['-ciphersuites', 'TLS_AES_128_CCM_SHA256'],
  ],
  [
    'TLS 1.3, AES-128-CCM-8',
    [...EC, '-ciphersuites', 'TLS_AES_128_CCM_8_SHA256:@SECLEVEL=0', '-cipher', LEGACY],
    ['-ciphersuites', 'TLS_AES_128_CCM_8_SHA256', '-cipher', LEGACY],
  ],
  ['TLS 1.3, ffdhe2048', [...RSA, '-groups', 'ffdhe2048'], ['-groups', 'ffdhe2048']],
];

t.test('versions, key exchanges and suites are what s_client says', { skip }, async (t) => {
  for (const [name, server, client, leaf] of CASES) {
    await t.test(name, async (t) => {
      const talk = await opensslTalk({ folder, server, client });
      if (clientWords(talk.clients[0]!).cipher === undefined) {
        t.comment(talk.clients[0]!);
        t.fail('openssl refused its own suite');
        return;
      }
      const [one] = await seen(talk.log);
      const tls = one!.tls!;
      compareWords(t, tls, talk.clients[0]!);
      t.equal(tls.outcome, 'established');
      t.strictSame(tls.problems ?? [], []);
      const chain = tls.serverCertificate;
      if (tls.version === 'TLSv1.3') t.match(chain, { seen: 'hidden', because: 'encrypted' });
      else if (leaf === undefined) t.equal(chain.seen, 'absent');
      else t.match(chain, { seen: 'present', truncated: false, chain: [{ sha256: sha256(leaf) }] });
      t.equal(tls.clientAuthentication.verdict, 'not-requested');
    });
  }
});

t.test('resumption: by ticket and by session id up to TLS 1.2, by PSK in 1.3', { skip }, async (t) => {
  const ways: readonly (readonly [string, readonly string[]])[] = [
    ['TLS 1.2, ticket', ['-tls1_2']],
    ['TLS 1.2, session id', ['-tls1_2', '-no_ticket']],
    ['TLS 1.3', ['-tls1_3']],
  ];
  for (const [name, client] of ways) {
    await t.test(name, async (t) => {
      const talk = await opensslTalk({ folder, server: RSA, client, connections: 2 });
      const [first, second] = await seen(talk.log);
      compareWords(t, first!.tls!, talk.clients[0]!);
      compareWords(t, second!.tls!, talk.clients[1]!);
      t.equal(clientWords(talk.clients[1]!).reused, true, 's_client says that it resumed');
      t.match(second!.tls!.serverCertificate, { seen: 'hidden', because: 'resumed' });
      t.match(second!.tls!.clientAuthentication, { verdict: 'unknown', presented: 'unknown' });
      t.equal(second!.tls!.outcome, 'established');
    });
  }
});

t.test('a HelloRetryRequest is seen, and the first hello stands', { skip }, async (t) => {
  const talk = await opensslTalk({ folder, server: [...RSA, '-groups', 'P-384'], client: ['-groups', 'X25519:P-384'] });
  const [one] = await seen(talk.log);
  compareWords(t, one!.tls!, talk.clients[0]!);
  t.match(one!.tls, { helloRetryRequest: true, namedGroup: 'secp384r1', outcome: 'established' });
  t.strictSame(one!.tls!.offered!.namedGroups, ['x25519', 'secp384r1']);
  t.equal(one!.tls!.clientAuthentication.verdict, 'not-requested');
});

t.test('ALPN and SNI', { skip }, async (t) => {
  const server = [...RSA, '-alpn', 'http/1.1'];
  const client = ['-alpn', 'h2,http/1.1', '-servername', 'jm.example'];
  for (const version of ['-tls1_2', '-tls1_3']) {
    const talk = await opensslTalk({ folder, server, client: [...client, version] });
    t.equal(clientWords(talk.clients[0]!).alpn, 'http/1.1');
    const [one] = await seen(talk.log);
    t.equal(one!.tls!.serverName, 'jm.example');
    const hidden = version === '-tls1_3';
    t.strictSame(one!.tls!.alpn, hidden ? ['h2', 'http/1.1'] : ['http/1.1'], version);
    const [opened] = await seen(talk.log, talk.keys);
    t.strictSame(opened!.tls!.alpn, ['http/1.1'], `${version} with its keys`);
  }
});

t.test('encrypt-then-MAC is told from what both sides agreed on', { skip }, async (t) => {
  const cbc = [...RSA, '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA'];
  const yes = await opensslTalk({ folder, server: cbc, client: [] });
  t.match(yes.clients[0]!, /Protocol {2}: TLSv1.2/);
  t.match((await seen(yes.log))[0]!.tls, { encryptThenMac: true, outcome: 'established' });
  const without = await opensslTalk({ folder, server: [...cbc, '-no_etm'], client: [] });
  t.not((await seen(without.log))[0]!.tls!.encryptThenMac, true);
});

t.test(
  'renegotiation inside TLS 1.2 is no second handshake, and hides whether a certificate was asked',
  { skip },
  async (t) => {
    const server = [...RSA, '-tls1_2', '-client_renegotiation'];
    const talk = await opensslTalk({ folder, server, client: [], afterwards: 'R' });
    t.match(talk.clients[0]!, /RENEGOTIATING[\s\S]*niaga/, 's_client renegotiated and went on');
    const [one] = await seen(talk.log);
    compareWords(t, one!.tls!, talk.clients[0]!);
    t.equal(one!.tls!.outcome, 'established');
    t.strictSame(one!.tls!.alerts, []);
    t.equal(one!.tls!.clientAuthentication.verdict, 'unknown');
  },
);

t.test('a key update of TLS 1.3 changes nothing', { skip }, async (t) => {
  const talk = await opensslTalk({ folder, server: RSA, client: ['-tls1_3'], afterwards: 'K' });
  t.match(talk.clients[0]!, /KEYUPDATE/);
  for (const keys of [undefined, talk.keys]) {
    const [one] = await seen(talk.log, keys);
    compareWords(t, one!.tls!, talk.clients[0]!);
    t.match(one!.tls, { outcome: 'established', clientAuthentication: { verdict: 'not-requested' } });
  }
});
