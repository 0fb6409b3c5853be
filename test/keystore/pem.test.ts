import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import path from 'node:path';
import t from 'tap';
import type { KeyStoreEntries } from '../../src/keystore/entries.ts';
import { identityOf, readKeyStore, trustAnchorsOf } from '../../src/keystore/key-store.ts';
import { missing, run } from '../support/capture-tools.ts';
import { mintPki, mintRsa } from '../support/pki.ts';
import { readVector } from '../support/vectors.ts';

const text = (name: string): string => Buffer.from(readVector(`keystore/${name}`)).toString('latin1');
const read = (pem: string, password?: string): KeyStoreEntries =>
  readKeyStore(Buffer.from(pem, 'latin1'), { name: 'x.pem', ...(password === undefined ? {} : { password }) });
const [ca, leaf, key] = [text('ca.pem'), text('leaf.pem'), text('leaf.key')];
const raw = (pem: string): Buffer => new X509Certificate(pem).raw;
const buffers = (list: readonly Uint8Array[]): Buffer[] => list.map((one) => Buffer.from(one));

t.test('the order of the blocks does not matter, nor does what stands between them', async (t) => {
  const orders = [
    [ca, leaf, key],
    [key, leaf, ca],
    [leaf, key, ca],
    [leaf, `Bag Attributes\n  friendlyName: x\n${ca}`, `\n\n${key}`],
  ];
  for (const blocks of orders) {
    t.strictSame(buffers(identityOf(read(blocks.join(''))).certificates), [raw(leaf), raw(ca)]);
  }
});

t.test('ends of lines may be those of any system', async (t) => {
  const bundle = leaf + key;
  for (const pem of [
    bundle,
    bundle.replaceAll('\n', '\r\n'),
    bundle.replaceAll('\n', '\r'),
    bundle.replaceAll('\n', ' \n'),
    `\u00ef\u00bb\u00bf# x\n${bundle}`,
    bundle.trimEnd(),
  ]) {
    t.strictSame(buffers(identityOf(read(pem)).certificates), [raw(leaf)]);
  }
});

t.test('a chain of three goes from the leaf upwards; what is no part of it is trusted', async (t) => {
  const pki = mintPki();
  const other = mintRsa({ name: [['CN', 'other']] });
  const entries = read([other.pem, pki.root.pem, pki.leaf.keyPem, pki.intermediate.pem, pki.leaf.pem].join(''));
  const chain = [pki.leaf, pki.intermediate, pki.root].map((one) => Buffer.from(one.der));
  t.strictSame(buffers(identityOf(entries).certificates), chain);
  t.strictSame(buffers(entries.trusted.map((one) => one.certificate)), [Buffer.from(other.der)]);
  t.equal(trustAnchorsOf(entries).length, 4);
});

t.test('two keys of one file are told apart, and none is guessed', async (t) => {
  const [one, other] = [mintRsa({ name: [['CN', 'one']] }), mintRsa({ name: [['CN', 'other']] })];
  const entries = read([one.pem, other.pem, other.keyPem, one.keyPem].join(''));
  t.strictSame(
    entries.keys.map((entry) => buffers(entry.certificates)),
    [[Buffer.from(other.der)], [Buffer.from(one.der)]],
  );
  t.throws(() => identityOf(entries), { fault: 'ambiguous', message: 'x.pem: holds 2 private keys: name one' });
});

t.test('a file of hundreds of keys, or of thousands of certificates, takes no time', async (t) => {
  const started = process.cpuUsage();
  t.throws(() => read(key.repeat(101)), { fault: 'unsupported', message: 'x.pem: holds more than 100 private keys' });
  const entries = read(ca.repeat(3000) + leaf + key.repeat(50));
  t.equal(entries.keys.length, 50);
  t.equal(trustAnchorsOf(entries).length, 2);
  const microseconds = process.cpuUsage(started).user;
  t.ok(microseconds < 5_000_000, `${microseconds} µs`);
});

t.test('a key without its certificate is no identity', async (t) => {
  const entries = read(ca + key);
  t.match(entries.problems, [/^no certificate in it belongs to its private key$/]);
  t.throws(() => identityOf(entries), { fault: 'no-entry', message: /no certificate for its private key/ });
});

t.test('private keys in PKCS#8, PKCS#1 and SEC1 are read', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = createPrivateKey(key);
  for (const [one, type] of [
    [rsa, 'pkcs8'],
    [rsa, 'pkcs1'],
    [ec, 'pkcs8'],
    [ec, 'sec1'],
  ] as const) {
    const pem = one.export({ type: type as 'pkcs8', format: 'pem' }).toString();
    t.ok(read(pem).keys[0]!.privateKey.equals(one), type);
  }
});

t.test('OpenSSL and Node encrypt keys in ways that are all read', async (t) => {
  const ec = createPrivateKey(key);
  for (const cipher of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des-ede3-cbc']) {
    for (const type of ['pkcs8', 'sec1'] as const) {
      const pem = ec.export({ type, format: 'pem', cipher, passphrase: 'flinkpw' }).toString();
      t.ok(read(pem, 'flinkpw').keys[0]!.privateKey.equals(ec), `${type} ${cipher}`);
      t.throws(() => read(pem, 'wrong'), {
        fault: 'wrong-password',
        message: /^x\.pem: line 1: the password does not open/,
      });
    }
  }
});

t.test("OpenSSL's trusted certificates and schemes of old are read", { skip: missing('openssl') }, async (t) => {
  const folder = t.testdir({ 'leaf.pem': leaf, 'leaf.key': key });
  const file = (name: string): string => path.join(folder, name);
  const trusted = run('openssl', [
    'x509',
    '-in',
    file('leaf.pem'),
    '-trustout',
    '-addtrust',
    'clientAuth',
    '-setalias',
    'x',
  ]);
  t.match(trusted, /BEGIN TRUSTED CERTIFICATE/);
  t.strictSame(buffers(trustAnchorsOf(read(trusted))), [raw(leaf)]);
  for (const scheme of ['PBE-SHA1-3DES', 'PBE-SHA1-2DES', 'PBE-SHA1-RC2-128', 'PBE-SHA1-RC2-40']) {
    const providers = ['-provider', 'default', '-provider', 'legacy'];
    const args = ['pkcs8', ...providers, '-topk8', '-v1', scheme, '-in', file('leaf.key'), '-passout', 'pass:flinkpw'];
    const made = spawnSync('openssl', args, { encoding: 'utf8' });
    if (made.status !== 0) {
      t.comment(`${scheme}: ${made.stderr}`);
      continue;
    }
    t.ok(read(made.stdout, 'flinkpw').keys[0]!.privateKey.equals(createPrivateKey(key)), scheme);
    t.throws(() => read(made.stdout, 'wrong'), { fault: 'wrong-password', message: /line 1/ }, scheme);
  }
});

t.test('what is no certificate and no key is named with its line, and passed over', async (t) => {
  const request = '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n';
  t.strictSame(read(ca + request).problems, [`line ${ca.split('\n').length}: "CERTIFICATE REQUEST" was passed over`]);
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  t.strictSame(read(parameters + ca).problems, [], 'curves stand in the key, too');
  t.throws(() => read(request), { fault: 'empty', message: 'x.pem: holds neither a certificate nor a private key' });
});

t.test('damage is told with its line', async (t) => {
  const lines = leaf.trimEnd().split('\n');
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[...lines.slice(0, 3), 'not base64!', ...lines.slice(3)], 4, /not base64/],
    [[...lines.slice(0, 3), `${lines[3]!.slice(0, -2)}==`, ...lines.slice(4)], 5, /not base64/],
    [lines.slice(0, -1), 1, /"CERTIFICATE" begins here and has no end/],
    [[...lines.slice(0, -1), '-----END PRIVATE KEY-----'], 1, /has no end/],
    [[...lines.slice(0, 4), ...lines], 1, /has no end/],
    [lines.slice(1), lines.length - 1, /without its counterpart/],
    [['# comment', ...lines.slice(0, 4), lines[4]!.slice(1), ...lines.slice(5)], lines.length + 1, /characters is cut/],
    [['# comment', '-----BEGIN CERTIFICATE-----', 'MAMCAQE=', '-----END CERTIFICATE-----'], 2, /pem\.certificate/],
    [['', '-----BEGIN PRIVATE KEY-----', 'MAMCAQE=', '-----END PRIVATE KEY-----'], 2, /holds no private key/],
    [
      ['-----BEGIN ENCRYPTED PRIVATE KEY-----', 'MAMCAQE=', '-----END ENCRYPTED PRIVATE KEY-----'],
      1,
      /encryptedPrivateKeyInfo|encryptionAlgorithm/,
    ],
  ];
  for (const [bad, line, message] of cases) {
    try {
      read(bad.join('\n'), 'flinkpw');
      t.fail(`${message} was not thrown`);
    } catch (error) {
      t.match(error, { name: 'KeyStoreError', file: 'x.pem', fault: 'damaged', line, message });
    }
  }
});
