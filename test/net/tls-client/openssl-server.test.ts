import { getDiffieHellman } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import {
  ANONYMOUS_SUITES,
  EVERYTHING,
  OLD,
  TLS12_ONLY,
  TLS12_SUITES,
  TLS13_ONLY,
  TLS13_SUITES,
} from '../../../src/net/tls-client/offers.ts';
import { tls12Cipher } from '../../../src/tls/bulk-cipher.ts';
import { CIPHER_SUITES } from '../../../src/tls/cipher-suites.ts';
import { NAMED_GROUPS } from '../../../src/tls/code-points.ts';
import { missing } from '../../support/capture-tools.ts';
import { integer, sequence, toPem } from '../../support/der-writer.ts';
import { ianaNames } from '../../support/openssl.ts';
import { type Identity, mintEc, mintRsa } from '../../support/pki.ts';
import { bytesOf } from '../../support/wire-client.ts';
import { opensslServer, own, type RunningServer, serving, shake, why, writeIdentity } from './servers.ts';

const skip = missing('openssl');
const folder = t.testdir();
const GET = Buffer.from('GET / HTTP/1.0\r\n\r\n');
const code = (name: string): number => NAMED_GROUPS.code(name)!;

const ca = mintRsa({ name: [['CN', 'Authority']], ca: true });
const identities: Readonly<Record<string, Identity>> = {
  ca,
  rsa: mintRsa({ name: [['CN', 'rsa']], issuer: ca }),
  p256: mintEc('P-256', { name: [['CN', 'p256']], issuer: ca }),
};
for (const [name, identity] of Object.entries(identities)) writeIdentity(folder, name, identity);

const at = (...args: readonly string[]): Promise<RunningServer> => opensslServer(folder, ...args);

t.test('every suite of TLS 1.2 that OpenSSL has is finished, or read to the end of its flight', { skip }, async (t) => {
  const args = [...own('rsa'), '-dcert', 'p256.pem', '-dkey', 'p256.key', '-www', '-tls1_2'];
  const offered = new Set(ianaNames().values());
  const names = TLS12_SUITES.map(CIPHER_SUITES.name).filter((name) => offered.has(name) && !name.includes('_DSS_'));
  t.ok(names.length > 60, `${names.length} suites`);
  await serving(at(...args, '-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'), async ({ port }) => {
    for (const name of names) {
      const offer = { ...TLS12_ONLY, cipherSuites: [CIPHER_SUITES.code(name)!] };
      const { result } = await shake(port, { offer, goal: 'finish', applicationRequest: GET });
      t.equal(result.cipherSuite, name);
      t.equal(result.end, tls12Cipher(name) === undefined ? 'flight' : 'finished', `${name}: ${result.problem}`);
      if (result.end === 'finished') t.match(Buffer.from(result.applicationData!).toString(), /^HTTP\/1\.0 200 ok/);
      t.equal(result.certificates?.length, ANONYMOUS_SUITES.includes(CIPHER_SUITES.code(name)!) ? undefined : 1);
    }
  });
});

t.test('without encrypt-then-MAC and extended master secret the keys are the same', { skip }, async (t) => {
  await serving(at(...own('rsa'), '-www', '-tls1_2', '-cipher', 'ALL:@SECLEVEL=0'), async ({ port }) => {
    for (const suite of [0x002f, 0xc014, 0xc028, 0xc02f, 0x009e]) {
      const offer = { ...TLS12_ONLY, cipherSuites: [suite], shape: 'short' as const };
      const { result } = await shake(port, { offer, goal: 'finish' });
      t.match(result, { end: 'finished', proof: 'server-finished', cipherSuiteCode: suite });
    }
  });
});

t.test('every suite of TLS 1.3 is finished', { skip }, async (t) => {
  const all = TLS13_SUITES.map(CIPHER_SUITES.name).join(':');
  await serving(at(...own('rsa'), '-www', '-tls1_3', '-ciphersuites', all), async ({ port }) => {
    for (const suite of TLS13_SUITES) {
      const offer = { ...TLS13_ONLY, cipherSuites: [suite] };
      const { result } = await shake(port, { offer, goal: 'finish', applicationRequest: GET });
      t.match(result, { end: 'finished', cipherSuiteCode: suite });
      t.match(Buffer.from(result.applicationData!).toString(), /^HTTP\/1\.0 200 ok/);
    }
  });
});

const GROUPS_13 = ['x25519', 'x448', 'secp256r1', 'secp384r1', 'secp521r1', 'ffdhe2048', 'ffdhe3072'];

t.test('every group of TLS 1.3 is agreed on, by a share of ours or by HelloRetryRequest', { skip }, async (t) => {
  await serving(at(...own('rsa'), '-tls1_3', '-groups', GROUPS_13.join(':')), async ({ port }) => {
    for (const name of GROUPS_13) {
      for (const keyShares of [[code(name)], [code('secp256k1')]]) {
        const namedGroups = [code(name), code('secp256k1')];
        const offer = { ...TLS13_ONLY, namedGroups, keyShares };
        const { result } = await shake(port, { offer, goal: 'finish' });
        const retried = keyShares[0] !== code(name);
        t.match(result, { end: 'finished', namedGroup: name, helloRetryRequest: retried }, why(result, name));
      }
      const empty = { ...TLS13_ONLY, namedGroups: [code(name)], keyShares: [] };
      const asked = await shake(port, { offer: empty, goal: 'server-flight' });
      t.match(asked.result, { end: 'flight', namedGroup: name, helloRetryRequest: true });
      t.equal(asked.result.certificates, undefined);
      const finished = await shake(port, { offer: empty, goal: 'finish' });
      t.match(finished.result, { end: 'finished', namedGroup: name, helloRetryRequest: true });
    }
  });
});

const GROUPS_12 = [
  'x25519',
  'x448',
  'secp256r1',
  'secp384r1',
  'secp521r1',
  'secp256k1',
  'brainpoolP256r1',
  'secp192r1',
];
const OPENSSL_GROUPS = ['X25519', 'X448', 'P-256', 'P-384', 'P-521', 'secp256k1', 'brainpoolP256r1', 'prime192v1'];

t.test('every group of TLS 1.2 is agreed on', { skip }, async (t) => {
  const groups = ['-groups', OPENSSL_GROUPS.join(':'), '-cipher', 'ALL:@SECLEVEL=0'];
  await serving(at(...own('rsa'), '-tls1_2', ...groups), async ({ port }) => {
    for (const name of GROUPS_12) {
      const offer = { ...TLS12_ONLY, cipherSuites: [0xc02f], namedGroups: [code(name)] };
      const { result } = await shake(port, { offer, goal: 'finish' });
      t.match(result, { end: 'finished', namedGroup: name }, why(result, name));
    }
  });
});

/** DHParameter (PKCS #3) of a well-known prime. */
function dhParameters(group: string): string {
  const prime = getDiffieHellman(group).getPrime('hex');
  return toPem('DH PARAMETERS', sequence(integer(`00${prime}`), integer(2)));
}

t.test('Diffie-Hellman of any size is computed and told', { skip }, async (t) => {
  for (const [group, bits] of [
    ['modp14', 2048],
    ['modp16', 4096],
  ] as const) {
    writeFileSync(`${folder}/${group}.pem`, dhParameters(group));
    const args = ['-tls1_2', '-dhparam', `${group}.pem`, '-cipher', 'DHE:@SECLEVEL=0', '-www'];
    await serving(at(...own('rsa'), ...args), async ({ port }) => {
      const { result } = await shake(port, { offer: TLS12_ONLY, goal: 'finish' });
      t.match(result, { end: 'finished', dhBits: bits }, why(result));
    });
  }
});

t.test('versions before TLS 1.2 are read to the end of their flight, never finished', { skip }, async (t) => {
  for (const [flag, version] of [
    ['-tls1', 'TLSv1'],
    ['-tls1_1', 'TLSv1.1'],
  ] as const) {
    const args = [...own('rsa'), flag, '-cipher', 'ALL:@SECLEVEL=0', '-Verify', '1', '-CAfile', 'ca.pem'];
    await serving(at(...args), async ({ port }) => {
      for (const goal of ['finish', 'server-flight'] as const) {
        const { result, transcript } = await shake(port, { offer: OLD, goal });
        t.match(result, { end: 'flight', version, presented: 'nothing' }, why(result));
        t.match(result.certificateRequest, { types: ['rsa_sign', 'dss_sign', 'ecdsa_sign'], signatureSchemes: [] });
        t.strictSame(Buffer.from(result.certificates![0]!), Buffer.from(identities.rsa!.der));
        const sent = bytesOf(transcript, 0);
        t.equal(sent[5], 1, 'only the ClientHello was sent');
        t.equal(sent.readUInt16BE(3) + 5, sent.length);
      }
    });
  }
});

t.test('a server that has both versions is met at the higher', { skip }, async (t) => {
  await serving(at(...own('rsa'), '-alpn', 'h2,http/1.1'), async ({ port }) => {
    for (const goal of ['finish', 'server-flight'] as const) {
      const offer = { ...EVERYTHING, alpn: ['http/1.1'], serverName: 'localhost' };
      const { result } = await shake(port, { offer, goal });
      t.match(result, { version: 'TLSv1.3', alpn: 'http/1.1', cipherSuite: 'TLS_AES_256_GCM_SHA384' });
      const older = await shake(port, { offer: { ...TLS12_ONLY, alpn: ['http/1.1'] }, goal });
      t.match(older.result, { version: 'TLSv1.2', alpn: 'http/1.1' });
    }
  });
});

t.test('a server without a common version, suite or group says no', { skip }, async (t) => {
  await serving(at(...own('rsa'), '-tls1_3'), async ({ port }) => {
    const old = await shake(port, { offer: TLS12_ONLY, goal: 'server-flight' });
    const alert = { description: 'protocol_version' };
    t.match(old.result, { end: 'refused', refusal: { how: 'alert', alert, after: 'client_hello' } });
    const suite = await shake(port, { offer: { ...TLS13_ONLY, cipherSuites: [0x1305] }, goal: 'server-flight' });
    t.match(suite.result, { end: 'refused', refusal: { how: 'alert', alert: { description: 'handshake_failure' } } });
  });
});
