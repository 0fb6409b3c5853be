import { pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import t from 'tap';
import { KeyStoreError } from '../../src/keystore/entries.ts';
import { readKeyStore } from '../../src/keystore/key-store.ts';
import { ITERATIONS_MAX, pkcs12Key, readDerivation, readEncryption } from '../../src/keystore/password-encryption.ts';
import { DerReader, SEQUENCE } from '../../src/x509/der.ts';
import { integer, octetString, oid, sequence, tlv, toPem } from '../support/der-writer.ts';

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const inside = (der: Uint8Array): DerReader => new DerReader(der, 'test').inside(SEQUENCE, 'algorithm');

t.test('keys of PKCS#12 are those that node-forge derives', async () => {
  const hashes = fc.constantFrom('md5', 'sha1', 'sha256', 'sha384', 'sha512');
  const password = fc.option(fc.string({ maxLength: 70 }), { nil: null });
  const salt = fc.uint8Array({ minLength: 1, maxLength: 150 });
  const ids = fc.constantFrom(1 as const, 2 as const, 3 as const);
  fc.assert(
    fc.property(
      hashes,
      password,
      salt,
      ids,
      fc.integer({ min: 1, max: 5 }),
      fc.nat(100),
      (hash, word, octets, id, rounds, length) => {
        const md = forge.md[hash as 'sha1'].create();
        const truth = forge.pkcs12.generateKey(
          word as string,
          forge.util.createBuffer(binary(octets)),
          id,
          rounds,
          length,
          md,
        );
        return binary(pkcs12Key(hash, id, word, octets, rounds, length)) === truth.getBytes();
      },
    ),
  );
});

const pbkdf2 = (iterations: number, ...rest: readonly Uint8Array[]): Uint8Array =>
  sequence(oid('1.2.840.113549.1.5.12'), sequence(octetString(Buffer.from('salt')), integer(iterations), ...rest));
const hmac = (n: number): Uint8Array => sequence(oid(`1.2.840.113549.2.${n}`), tlv(0x05));

t.test('PBKDF2 of RFC 6070 and of all its hashes', async (t) => {
  // RFC 6070 section 2, third vector.
  const found = readDerivation(inside(pbkdf2(4096))).derive('password', 20);
  t.equal(Buffer.from(found).toString('hex'), '4b007901b765489abead49d926f721d065a429c1');
  for (const [n, hash] of [
    [7, 'sha1'],
    [8, 'sha224'],
    [9, 'sha256'],
    [10, 'sha384'],
    [11, 'sha512'],
  ] as const) {
    const derived = readDerivation(inside(pbkdf2(3, hmac(n)))).derive('password', 32);
    t.same(Buffer.from(derived), pbkdf2Sync('password', 'salt', 3, 32, hash), hash);
  }
});

t.test('what would take too long, or is not known, is refused before anything is counted', async (t) => {
  const started = Date.now();
  const refusals: readonly (readonly [Uint8Array, RegExp])[] = [
    [pbkdf2(ITERATIONS_MAX + 1), /iterations: unsupported/],
    [pbkdf2(0), /iterations: illegal-value/],
    [pbkdf2(1, integer(100_000)), /keyLength: illegal-value/],
    [pbkdf2(1, hmac(99)), /pseudo-random function 1\.2\.840\.113549\.2\.99/],
    [scrypt(1 << 20, 64, 1), /scrypt with N 1048576, r 64/],
    [scrypt(1 << 14, 8, 1000), /scrypt with/],
    [scrypt(1000, 8, 1), /costParameter: illegal-value/],
    [scrypt(1024, 0, 1), /costParameter: illegal-value/],
    [sequence(oid('1.2.3')), /key derivation 1\.2\.3/],
  ];
  for (const [der, message] of refusals) t.throws(() => readDerivation(inside(der)), { name: 'DecodeError', message });
  t.throws(() => readEncryption(inside(sequence(oid('1.2.840.113549.1.12.1.1')))), { message: /encryption 1\.2/ });
  t.ok(Date.now() - started < 2000);
});

function scrypt(n: number, r: number, p: number): Uint8Array {
  return sequence(
    oid('1.3.6.1.4.1.11591.4.11'),
    sequence(octetString(Buffer.from('salt')), integer(n), integer(r), integer(p)),
  );
}

t.test('scrypt of RFC 7914', async (t) => {
  // RFC 7914 section 12, third vector.
  const salt = octetString(Buffer.from('SodiumChloride'));
  const der = sequence(oid('1.3.6.1.4.1.11591.4.11'), sequence(salt, integer(16384), integer(8), integer(1)));
  const expected =
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
    'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
  t.equal(Buffer.from(readDerivation(inside(der)).derive('pleaseletmein', 64)).toString('hex'), expected);
});

t.test('an encrypted key that would take an hour is refused at once, with its line', async (t) => {
  const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(new Uint8Array(16)));
  const algorithm = sequence(oid('1.2.840.113549.1.5.13'), sequence(pbkdf2(2 ** 31), scheme));
  const pem = `a comment\n${toPem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octetString(new Uint8Array(64))))}`;
  try {
    readKeyStore(Buffer.from(pem), { name: 'bomb.pem', password: 'x' });
    t.fail('not refused');
  } catch (error) {
    t.ok(error instanceof KeyStoreError);
    t.match(error, { fault: 'unsupported', line: 2, message: /^bomb\.pem: line 2: .*2147483648, more than/ });
  }
});
