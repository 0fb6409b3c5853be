import {
  createDiffieHellman,
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  getDiffieHellman,
} from 'node:crypto';
import t from 'tap';
import { DH_BITS_MAX, dhAgreement } from '../../../src/net/tls-client/finite-field.ts';
import { keyAgreement } from '../../../src/net/tls-client/key-agreement.ts';
import { NAMED_GROUPS } from '../../../src/tls/code-points.ts';
import { bitLength, ffdhePrime } from '../../../src/tls/dh-groups.ts';

const code = (name: string): number => NAMED_GROUPS.code(name)!;

t.test('Diffie-Hellman agrees with OpenSSL, padded to the length of the prime', (t) => {
  for (const group of ['modp1', 'modp2', 'modp14']) {
    const theirs = getDiffieHellman(group);
    theirs.generateKeys();
    const prime = theirs.getPrime();
    const own = dhAgreement(prime, Uint8Array.of(2));
    t.equal(own.publicKey.length, prime.length);
    const secret = own.agree(theirs.getPublicKey());
    const padded = Buffer.alloc(prime.length);
    const expected = theirs.computeSecret(own.publicKey);
    expected.copy(padded, prime.length - expected.length);
    t.strictSame(Buffer.from(secret), padded, group);
  }
  t.end();
});

t.test('a public value outside the group, and no group at all, are refused', (t) => {
  const prime = getDiffieHellman('modp1').getPrime();
  const own = dhAgreement(prime, Uint8Array.of(2));
  const minusOne = Buffer.from(prime);
  minusOne[minusOne.length - 1]! -= 1;
  for (const peer of [Buffer.of(), Buffer.of(0), Buffer.of(1), minusOne, prime]) {
    t.throws(() => own.agree(peer), /outside the group/);
  }
  t.throws(() => dhAgreement(Buffer.of(0), Buffer.of(2)), /no Diffie-Hellman group/);
  t.throws(() => dhAgreement(Buffer.of(16), Buffer.of(2)), /no Diffie-Hellman group/);
  t.throws(() => dhAgreement(prime, Buffer.of(1)), /no Diffie-Hellman group/);
  t.throws(() => dhAgreement(Buffer.alloc(DH_BITS_MAX / 8 + 1, 0xff), Buffer.of(2)), RangeError);
  t.end();
});

t.test('RFC 7919 groups are those that OpenSSL knows as safe primes', (t) => {
  for (const bits of [2048, 3072, 4096, 6144, 8192]) t.equal(bitLength(ffdhePrime(bits)!), bits);
  const prime = ffdhePrime(2048)!;
  const theirs = createDiffieHellman(prime, Buffer.of(2));
  t.equal(theirs.verifyError, 0);
  theirs.generateKeys();
  const own = keyAgreement(code('ffdhe2048'))!;
  const expected = Buffer.from(theirs.computeSecret(own.publicKey)).toString('hex').replace(/^0+/, '');
  t.equal(Buffer.from(own.agree(theirs.getPublicKey())).toString('hex').replace(/^0+/, ''), expected);
  t.equal(ffdhePrime(1024), undefined);
  t.end();
});

t.test('curves agree with OpenSSL', (t) => {
  for (const [name, curve] of [
    ['secp256r1', 'prime256v1'],
    ['secp521r1', 'secp521r1'],
  ] as const) {
    const theirs = createECDH(curve);
    theirs.generateKeys();
    const own = keyAgreement(code(name))!;
    t.strictSame(Buffer.from(own.agree(theirs.getPublicKey())), theirs.computeSecret(own.publicKey), name);
    t.throws(() => own.agree(Buffer.alloc(65, 4)), 'a point off the curve');
  }
  const theirs = generateKeyPairSync('x448');
  const own = keyAgreement(code('x448'))!;
  const raw = theirs.publicKey.export({ type: 'spki', format: 'der' }).subarray(-56);
  const header = theirs.publicKey.export({ type: 'spki', format: 'der' }).subarray(0, -56);
  const key = { key: Buffer.concat([header, own.publicKey]), type: 'spki', format: 'der' } as const;
  const expected = diffieHellman({ privateKey: theirs.privateKey, publicKey: createPublicKey(key) });
  t.strictSame(Buffer.from(own.agree(raw)), expected);
  t.throws(() => own.agree(raw.subarray(1)), /x448 key of 55 bytes/);
  t.throws(() => keyAgreement(29)!.agree(new Uint8Array(32)), 'a secret of zeros');
  t.end();
});

t.test('groups that nobody computes with have no share', (t) => {
  for (const group of [0x0201, 0x4242, 34, 0xff01]) t.equal(keyAgreement(group), undefined);
  t.end();
});
