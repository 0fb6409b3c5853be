import type { KeyObject } from 'node:crypto';
import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import type { KeyStoreEntries, KeyStoreOptions } from '../../src/keystore/entries.ts';
import { KeyStoreError } from '../../src/keystore/entries.ts';
import { identityOf, readKeyStore, trustAnchorsOf } from '../../src/keystore/key-store.ts';
import { readVector } from '../support/vectors.ts';

const vector = (name: string): Uint8Array => readVector(`keystore/${name}`);
const der = (name: string): Buffer =>
  name.endsWith('.pem') ? new X509Certificate(vector(name)).raw : Buffer.from(vector(name));
const open = (name: string, options: Partial<KeyStoreOptions> = { password: 'flinkpw' }): KeyStoreEntries =>
  readKeyStore(vector(name), { name, ...options });

/** The key signs what the certificate verifies. */
function fits(key: KeyObject, certificate: Uint8Array): boolean {
  const data = Buffer.from('a message');
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(digest, data, new X509Certificate(certificate).publicKey, sign(digest, data, key));
}

const summary = (entries: KeyStoreEntries): object => ({
  format: entries.format,
  keys: entries.keys.map((entry) => entry.alias),
  locked: entries.locked.map((entry) => [entry.alias, entry.because]),
  trusted: entries.trusted.map((entry) => entry.alias),
});

const buffers = (certificates: readonly Uint8Array[]): Buffer[] => certificates.map((one) => Buffer.from(one));

t.test('stores with one key give that key and the certificates that their maker printed', async (t) => {
  const stores: readonly (readonly [string, string, string | undefined, readonly string[]])[] = [
    ['rsa-jdk17.p12', 'PKCS12', 'flink', ['rsa.der']],
    ['ec-jdk17.p12', 'PKCS12', 'flink-ec', ['ec.der']],
    ['ed25519-jdk17.p12', 'PKCS12', 'flink-ed', ['ed.der']],
    ['openssl3.p12', 'PKCS12', 'client', ['leaf.pem', 'ca.pem']],
    ['openssl-legacy-rc2.p12', 'PKCS12', 'client', ['leaf.pem', 'ca.pem']],
    ['bundle.pem', 'PEM', undefined, ['leaf.pem', 'ca.pem']],
    ['encrypted-key.pem', 'PEM', undefined, ['leaf.pem', 'ca.pem']],
    ['scrypt-key.pem', 'PEM', undefined, ['leaf.pem']],
    ['traditional-key.pem', 'PEM', undefined, ['leaf.pem']],
  ];
  for (const [name, format, alias, chain] of stores) {
    const entries = open(name);
    t.equal(entries.format, format, name);
    t.strictSame([entries.locked, entries.trusted, entries.problems], [[], [], []], `${name}: nothing else`);
    const identity = identityOf(entries);
    t.equal(identity.alias, alias, name);
    t.strictSame(buffers(identity.certificates), chain.map(der), `${name}: leaf first`);
    t.ok(fits(identity.privateKey, identity.certificates[0]!), `${name}: the key is that of the leaf`);
  }
});

t.test('stores as JDK 8 writes them, RC2 and 3DES, are read', async (t) => {
  const identity = identityOf(open('ec-jdk8.p12'));
  t.equal(identity.alias, 'flink-ec');
  t.ok(fits(identity.privateKey, identity.certificates[0]!));
});

t.test('the key is that of the file that OpenSSL was given', async (t) => {
  const truth = createPrivateKey(Buffer.from(vector('leaf.key')));
  for (const name of [
    'openssl3.p12',
    'openssl-legacy-rc2.p12',
    'bundle.pem',
    'scrypt-key.pem',
    'traditional-key.pem',
  ]) {
    t.ok(identityOf(open(name)).privateKey.equals(truth), name);
  }
  t.ok(identityOf(open('openssl-empty-password.p12', {})).privateKey.equals(truth), 'an empty password is none');
});

t.test('trust stores of keytool hold trusted certificates by alias', async (t) => {
  const entries = open('trust-jdk17.p12');
  t.strictSame(summary(entries), {
    ...{ format: 'PKCS12', keys: [], locked: [] },
    trusted: ['trusted-rsa', 'trusted-ec'],
  });
  t.strictSame(buffers(trustAnchorsOf(entries)), [der('rsa.der'), der('ec.der')]);
  t.strictSame(entries.problems, []);
  t.strictSame(buffers(trustAnchorsOf(open('trust.jks'))), [der('ec.der')]);
});

t.test('a trust store of OpenSSL works, and it is said that Java trusts nothing in it', async (t) => {
  const entries = open('openssl-trust.p12');
  t.strictSame(buffers(trustAnchorsOf(entries)), [der('ca.pem')]);
  t.match(entries.problems, [/^1 certificate without Java's trust attribute: Java trusts none/]);
});

t.test('JKS and JCEKS hold keys with passwords of their own', async (t) => {
  for (const [name, format] of [
    ['rsa.jks', 'JKS'],
    ['rsa.jceks', 'JCEKS'],
  ] as const) {
    const entries = open(name);
    t.strictSame(summary(entries), {
      ...{ format, keys: ['flink'], trusted: ['trusted-ed'] },
      locked: [['flink-ec', 'wrong-password']],
    });
    t.strictSame(buffers(entries.keys[0]!.certificates), [der('rsa.der')]);
    t.ok(fits(entries.keys[0]!.privateKey, der('rsa.der')));
    t.strictSame(buffers(entries.locked[0]!.certificates), [der('ec.der')]);
    t.strictSame(entries.problems, []);
    const both = open(name, { password: 'flinkpw', keyPassword: 'keypass' });
    t.strictSame(both.keys.map((entry) => entry.alias).sort(), ['flink', 'flink-ec']);
    t.ok(both.keys.every((entry) => fits(entry.privateKey, entry.certificates[0]!)));
    t.throws(() => identityOf(both), { fault: 'ambiguous', message: /holds 2 private keys.*flink-ec/ });
    t.ok(fits(identityOf(both, 'FLINK-EC').privateKey, der('ec.der')), 'aliases have no case');
  }
});

t.test('JKS and JCEKS give their certificates without a password, with a word of warning', async (t) => {
  for (const name of ['rsa.jks', 'rsa.jceks']) {
    const entries = open(name, {});
    t.strictSame(entries.keys, []);
    t.strictSame(
      entries.locked.map((entry) => entry.because),
      ['password-needed', 'password-needed'],
    );
    t.same(new Set(trustAnchorsOf(entries).map((one) => new X509Certificate(one).subject)).size, 3);
    t.match(entries.problems, [/^read without its password/]);
    t.throws(() => identityOf(entries, 'flink'), { fault: 'password-needed', message: new RegExp(`^${name}: `) });
  }
});

t.test('a store without MAC and with clear certificates needs a password for its key only', async (t) => {
  const closed = open('ec-no-password.p12', {});
  t.strictSame(summary(closed), {
    ...{ format: 'PKCS12', keys: [], trusted: [] },
    locked: [['flink-ec', 'password-needed']],
  });
  t.equal(trustAnchorsOf(closed).length, 1);
  t.equal(identityOf(open('ec-no-password.p12')).alias, 'flink-ec');
  t.throws(() => identityOf(open('ec-no-password.p12', { password: 'wrong' })), {
    fault: 'wrong-password',
    message: /stays closed/,
  });
});

t.test('what is no certificate and no private key is passed over with a word', async (t) => {
  const entries = open('secret.p12');
  t.strictSame(buffers(trustAnchorsOf(entries)), [der('ec.der')]);
  t.match(entries.problems, [/^the secret key "zz-secret" was passed over$/]);
  t.throws(() => identityOf(entries), { fault: 'no-entry', message: 'secret.p12: holds no private key' });
});

t.test('what stands behind a secret key of JCEKS cannot be found, and that is said', async (t) => {
  const entries = open('secret.jceks');
  t.strictSame(summary(entries), { format: 'JCEKS', keys: [], locked: [], trusted: [] });
  t.match(entries.problems, ['entries from the first secret key on were passed over']);
  t.throws(() => open('secret.jceks', { password: 'wrong' }), { fault: 'wrong-password', message: /digest/ });
});

t.test('a key that jks-js does not know is told from a wrong password', async (t) => {
  t.throws(() => identityOf(open('ed.jks')), { fault: 'unsupported', message: /keytool -importkeystore/ });
  t.strictSame(buffers(trustAnchorsOf(open('ed.jks'))).length, 1);
});

const STORES = [
  ...['rsa-jdk17.p12', 'ec-jdk17.p12', 'trust-jdk17.p12', 'openssl3.p12', 'openssl-legacy-rc2.p12', 'ec-jdk8.p12'],
  ...['rsa.jks', 'rsa.jceks', 'trust.jks', 'encrypted-key.pem', 'scrypt-key.pem', 'traditional-key.pem'],
];

t.test('a wrong password is said so', async (t) => {
  for (const name of STORES) {
    t.throws(
      () => open(name, { password: 'wrong' }),
      { name: 'KeyStoreError', fault: 'wrong-password', file: name },
      name,
    );
  }
});

t.test('a missing password is said so', async (t) => {
  for (const name of STORES.filter((one) => one.endsWith('.p12'))) {
    t.throws(() => open(name, {}), { name: 'KeyStoreError', fault: 'password-needed' }, name);
  }
  for (const name of ['encrypted-key.pem', 'scrypt-key.pem', 'traditional-key.pem']) {
    const entries = open(name, {});
    t.strictSame(entries.locked.length, 1, name);
    t.strictSame(buffers(entries.locked[0]!.certificates)[0], der('leaf.pem'), 'its certificates are there');
    t.throws(() => identityOf(entries), { fault: 'password-needed', message: /line \d+ is encrypted/ }, name);
  }
});

function outcome(bytes: Uint8Array, password: string | undefined): KeyStoreEntries | KeyStoreError {
  try {
    return readKeyStore(bytes, { name: 'store', ...(password === undefined ? {} : { password }) });
  } catch (error) {
    if (error instanceof KeyStoreError) return error;
    throw error;
  }
}

t.test('every prefix of a store is refused', async (t) => {
  const stores = [...STORES.filter((one) => !one.endsWith('.pem')), 'two-keys.p12', 'secret.p12', 'ec-no-password.p12'];
  for (const name of [...stores, 'rsa.der']) {
    const whole = vector(name);
    for (const password of ['flinkpw', undefined]) {
      const accepted = Array.from(whole.keys()).filter(
        (length) => !(outcome(whole.subarray(0, length), password) instanceof KeyStoreError),
      );
      t.strictSame(accepted, [], `${name} ${password === undefined ? 'without' : 'with'} password`);
    }
  }
});

t.test('a PEM file that is cut is refused with its line, unless the cut is between two blocks', async (t) => {
  for (const name of ['bundle.pem', 'encrypted-key.pem', 'traditional-key.pem']) {
    const text = Buffer.from(vector(name)).toString('latin1');
    const begins = [...text.matchAll(/-----BEGIN /g)].map((begin) => begin.index);
    const wrong: number[] = [];
    for (let length = 1; length < text.length; length++) {
      const found = outcome(Buffer.from(text.slice(0, length), 'latin1'), undefined);
      const ended = /-----END [A-Z ]+-----\n?(-{0,5}|-----B?E?G?I?N?)$/.test(text.slice(0, length));
      const expected = ended ? 'entries' : begins[0]! + 10 < length ? 'line' : 'error';
      const got = !(found instanceof KeyStoreError) ? 'entries' : found.line === undefined ? 'error' : 'line';
      if (got !== expected) wrong.push(length);
    }
    t.strictSame(wrong, [], name);
  }
});

t.test('stores with changed bytes give entries or a KeyStoreError', { timeout: 60_000 }, async () => {
  for (const name of ['ec-jdk17.p12', 'openssl-legacy-rc2.p12', 'rsa.jks', 'rsa.jceks', 'encrypted-key.pem']) {
    const whole = vector(name);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), (changes, withPassword) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, octet] of changes) bytes[at] = octet;
        outcome(bytes, withPassword ? 'flinkpw' : undefined);
      }),
      { numRuns: 60 },
    );
  }
});

t.test('any bytes give entries or a KeyStoreError', async () => {
  const heads = ['30', '3080', 'feedfeed00000002', 'cececece00000002', '2d2d2d2d2d424547494e20', ''].map((hex) =>
    Buffer.from(hex, 'hex'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, tail) => {
      outcome(Buffer.concat([head, tail]), 'flinkpw');
    }),
    { numRuns: 500 },
  );
});
