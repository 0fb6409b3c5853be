import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import type { Certificate } from '../../src/model/report.ts';
import { CERTIFICATES_MAX, CertificateCache, readCertificate } from '../../src/x509/certificate.ts';
import { ALT_NAMES_MAX } from '../../src/x509/extensions.ts';
import { integer, nullValue, octetString, oid, sequence, tlv } from '../support/der-writer.ts';
import { encodeExtension, encodeName, mintEc, mintRsa, signCertificate } from '../support/pki.ts';
import { readVector } from '../support/vectors.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';

interface OpensslFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly sha256: string;
  readonly sha1: string;
  readonly signatureAlgorithm: string;
  readonly publicKeyAlgorithm: string;
  readonly publicKeyBits: number;
  readonly subjectAltName?: string;
  readonly basicConstraints?: string;
  readonly keyUsage?: string;
  readonly extendedKeyUsage?: string;
}

const FACTS: Readonly<Record<string, OpensslFacts>> = JSON.parse(
  Buffer.from(readVector('certificates/openssl.json')).toString(),
);

/** What OpenSSL prints, in its own words, of what we read. */
function inOpensslWords(certificate: Certificate): OpensslFacts {
  const { basicConstraints, keyUsage, extendedKeyUsage } = certificate;
  const colons = (hex: string): string => hex.toUpperCase().match(/../g)!.join(':');
  const date = (text: string): string => text.replace('T', ' ');
  const words: Readonly<Record<string, string>> = {
    digitalSignature: 'Digital Signature',
    keyEncipherment: 'Key Encipherment',
    keyCertSign: 'Certificate Sign',
    cRLSign: 'CRL Sign',
    serverAuth: 'TLS Web Server Authentication',
    clientAuth: 'TLS Web Client Authentication',
  };
  const inWords = (names: readonly string[]): string => names.map((name) => words[name] ?? name).join(', ');
  const constraint = basicConstraints && `CA:${String(basicConstraints.ca).toUpperCase()}`;
  const pathLength = basicConstraints?.pathLength;
  const alternatives = certificate.subjectAltNames.map((name) => name.replace(/^IP:/, 'IP Address:')).join(', ');
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serialNumber.toUpperCase(),
    startDate: date(certificate.notBefore),
    endDate: date(certificate.notAfter),
    sha256: colons(certificate.sha256),
    sha1: colons(certificate.sha1),
    signatureAlgorithm: certificate.signatureAlgorithm,
    publicKeyAlgorithm: certificate.publicKey.type === 'RSA' ? 'rsaEncryption' : certificate.publicKey.type,
    publicKeyBits: certificate.publicKey.bits ?? 0,
    ...(alternatives === '' ? {} : { subjectAltName: alternatives }),
    ...(constraint === undefined
      ? {}
      : { basicConstraints: pathLength === undefined ? constraint : `${constraint}, pathlen:${pathLength}` }),
    ...(keyUsage === undefined ? {} : { keyUsage: inWords(keyUsage) }),
    ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage: inWords(extendedKeyUsage) }),
  };
}

t.test('reads of real certificates what OpenSSL reads', async (t) => {
  t.ok(Object.keys(FACTS).length >= 7);
  for (const [name, facts] of Object.entries(FACTS)) {
    const certificate = readCertificate(readVector(`certificates/${name}.der`));
    const { recording: _r, frame: _f, sender: _s, ...expected } = facts as OpensslFacts & Record<string, unknown>;
    t.same(inOpensslWords(certificate), expected, name);
    t.equal(certificate.selfIssued, facts.subject === facts.issuer);
    t.equal(certificate.problem, undefined);
  }
});

t.test('reads the certificate of RFC 8448', async (t) => {
  const flight = fromHex(SIMPLE_1_RTT.serverFlight);
  // EncryptedExtensions of 40 octets, then 15 octets of Certificate in front of the DER of 432.
  const der = flight.subarray(40 + 11, 40 + 11 + 432);
  t.match(readCertificate(der), {
    ...{ subject: 'CN=rsa', issuer: 'CN=rsa', serialNumber: '02', selfIssued: true },
    ...{ notBefore: '2016-07-30T01:23:59Z', notAfter: '2026-07-30T01:23:59Z' },
    ...{ publicKey: { type: 'RSA', bits: 1024, curve: null }, signatureAlgorithm: 'sha256WithRSAEncryption' },
    ...{ basicConstraints: { ca: false }, keyUsage: ['digitalSignature', 'keyEncipherment'] },
  });
});

t.test('names the curve and the signature of elliptic keys', async (t) => {
  const cases = [
    ['P-256', { type: 'EC', bits: 256, curve: 'secp256r1' }, 'ecdsa-with-SHA256'],
    ['P-521', { type: 'EC', bits: 521, curve: 'secp521r1' }, 'ecdsa-with-SHA256'],
    ['secp256k1', { type: 'EC', bits: 256, curve: 'secp256k1' }, 'ecdsa-with-SHA256'],
    ['Ed25519', { type: 'Ed25519', bits: 256, curve: null }, 'ED25519'],
    ['Ed448', { type: 'Ed448', bits: 456, curve: null }, 'ED448'],
  ] as const;
  for (const [type, publicKey, signatureAlgorithm] of cases) {
    const certificate = readCertificate(mintEc(type).der);
    t.same(certificate.publicKey, publicKey);
    t.equal(certificate.signatureAlgorithm, signatureAlgorithm);
  }
});

t.test('names weak signatures of RSA', async (t) => {
  const key = mintRsa({ bits: 1024 });
  for (const [hash, name] of [
    ['md5', 'md5WithRSAEncryption'],
    ['sha1', 'sha1WithRSAEncryption'],
    ['sha512', 'sha512WithRSAEncryption'],
  ] as const) {
    t.equal(readCertificate(mintRsa({ keyOf: key, hash }).der).signatureAlgorithm, name);
  }
});

t.test('keeps times before 1970 and after 2049 to the second', async (t) => {
  const key = mintEc('P-256');
  const between = (notBefore: string, notAfter: string): Certificate =>
    readCertificate(mintEc('P-256', { keyOf: key, notBefore: new Date(notBefore), notAfter: new Date(notAfter) }).der);
  t.match(between('1950-01-01T00:00:00Z', '2049-12-31T23:59:59Z'), {
    notBefore: '1950-01-01T00:00:00Z',
    notAfter: '2049-12-31T23:59:59Z',
  });
  t.match(between('1949-12-31T23:59:58Z', '9999-12-31T23:59:59Z'), {
    notBefore: '1949-12-31T23:59:58Z',
    notAfter: '9999-12-31T23:59:59Z',
  });
});

t.test('writes serial numbers without the octets of the sign', async (t) => {
  const key = mintEc('P-256');
  for (const [octets, text] of [
    ['00ff01', 'ff01'],
    ['7f', '7f'],
    ['00', '00'],
    ['000080', '80'],
    ['80', '-80'],
    ['ff7f', '-81'],
  ] as const) {
    const { der } = mintEc('P-256', { keyOf: key, serial: octets });
    t.equal(readCertificate(der).serialNumber, text);
    const known = text === '-80' || text === '-81' || octets === '00' || octets === '000080';
    if (!known) t.equal(new X509Certificate(der).serialNumber.toLowerCase(), text);
  }
});

t.test('a signature algorithm that differs inside and outside is a problem', async (t) => {
  const der = Buffer.from(readVector('certificates/rest-jm.der'));
  // sha256WithRSAEncryption is 1.2.840.113549.1.1.11; the outer one becomes .5, with SHA-1.
  const at = der.lastIndexOf(fromHex('2a864886f70d01010b'));
  der[at + 8] = 5;
  t.match(readCertificate(der), {
    signatureAlgorithm: 'sha1WithRSAEncryption',
    problem: /not that of tbsCertificate\.signature \(sha256WithRSAEncryption\)/,
  });
});

/** A certificate of parts that no library writes, signed by a key of its own. */
function handmade(parts: { spki?: Uint8Array; extensions?: Uint8Array[]; subject?: Uint8Array }): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519');
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  const name = encodeName([['CN', 'handmade']]);
  return signCertificate(
    { subject: name, issuer: name, spki, notBefore: new Date(0), notAfter: new Date(1e12), ...parts },
    privateKey,
  );
}

t.test('keys of unknown algorithms are named by their object identifier', async (t) => {
  const spki = (type: string): Uint8Array => sequence(sequence(oid(type)), tlv(0x03, new Uint8Array(33)));
  t.same(readCertificate(handmade({ spki: spki('1.3.9999.7.5') })).publicKey, {
    ...{ type: '1.3.9999.7.5', bits: null, curve: null },
  });
  t.equal(readCertificate(handmade({ spki: spki('2.16.840.1.101.3.4.3.18') })).publicKey.type, 'ML-DSA-65');
  const uuid = '2.25.329800735698586629295641978511506172918';
  t.equal(readCertificate(handmade({ spki: spki(uuid) })).publicKey.type, uuid);
  const unknownCurve = sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.3.9999.1')), tlv(0x03, new Uint8Array(33)));
  t.same(readCertificate(handmade({ spki: unknownCurve })).publicKey, { type: 'EC', bits: null, curve: '1.3.9999.1' });
});

t.test('a damaged extension leaves the others readable', async (t) => {
  const extensions = [
    encodeExtension('2.5.29.19', octetString(), true),
    encodeExtension('1.2.3.4', nullValue()),
    encodeExtension('2.5.29.17', sequence(tlv(0x82, Buffer.from('tm1')), tlv(0x87, Uint8Array.of(1, 2, 3)))),
  ];
  const certificate = readCertificate(handmade({ extensions }));
  t.same(certificate.subjectAltNames, ['DNS:tm1', 'IP:#010203']);
  t.equal(certificate.basicConstraints, undefined);
  t.match(certificate.problem, /2\.5\.29\.19.*illegal-value at byte \d+/);
});

t.test('hostile alternative names are escaped and cannot be mistaken for others', async (t) => {
  const names = ['a\0b', 'evil\n[PASS] all good', '\u001b[2J', 'back\\00slash'];
  const san = sequence(...names.map((name) => tlv(0x82, Buffer.from(name))), tlv(0x88, oid('1.2.3').subarray(2)));
  const certificate = readCertificate(handmade({ extensions: [encodeExtension('2.5.29.17', san)] }));
  t.same(certificate.subjectAltNames, [
    ...['DNS:a\\00b', 'DNS:evil\\0A[PASS] all good', 'DNS:\\1B[2J', 'DNS:back\\\\00slash', 'RID:1.2.3'],
  ]);
});

t.test('explicit curve parameters are told by the size of their field', async (t) => {
  const prime = fromHex('00ffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
  const field = sequence(oid('1.2.840.10045.1.1'), tlv(0x02, prime));
  const parameters = sequence(integer(1), field, sequence());
  const spki = sequence(sequence(oid('1.2.840.10045.2.1'), parameters), tlv(0x03, new Uint8Array(66)));
  t.same(readCertificate(handmade({ spki })).publicKey, { type: 'EC', bits: 256, curve: 'explicit' });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

t.test('RSASSA-PSS is named with its hash', { skip: openssl ? false : 'openssl not found' }, async (t) => {
  for (const [hash, name] of [
    ['sha256', 'rsassaPss with sha256'],
    ['sha1', 'rsassaPss with sha1'],
    ['sha512', 'rsassaPss with sha512'],
  ] as const) {
    const directory = t.testdir({ 'key.pem': mintRsa().keyPem });
    const request = ['req', '-x509', '-new', '-key', `${directory}/key.pem`, '-subj', '/CN=pss', `-${hash}`];
    const made = spawnSync('openssl', [...request, '-outform', 'DER', '-sigopt', 'rsa_padding_mode:pss']);
    const certificate = readCertificate(made.stdout);
    t.equal(certificate.signatureAlgorithm, name);
    t.equal(certificate.problem, undefined);
  }
});

const SAMPLE = readVector('certificates/rest-jm.der');

t.test('every proper prefix is read as far as it goes, and says so', async (t) => {
  for (let length = 0; length < SAMPLE.length; length++) {
    const certificate = readCertificate(SAMPLE.subarray(0, length));
    if (certificate.problem === undefined) t.fail(`${length} of ${SAMPLE.length} bytes pass for the whole`);
  }
  // Cut in the key: what stands before it is all there.
  t.match(readCertificate(SAMPLE.subarray(0, 400)), {
    ...{ subject: 'CN=jm', issuer: 'CN=lab intermediate', notAfter: '2027-11-22T12:56:22Z' },
    ...{ signatureAlgorithm: 'sha256WithRSAEncryption', problem: /^x509\.certificate: truncated/ },
  });
  t.match(readCertificate(Buffer.concat([SAMPLE, Buffer.of(0)])).problem, /trailing-bytes/);
});

t.test('random mutations never throw, and the hash is always of the bytes given', async (t) => {
  const mutations = fc.array(fc.tuple(fc.nat(SAMPLE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(mutations, (changes) => {
      const damaged = Uint8Array.from(SAMPLE);
      for (const [at, octet] of changes) damaged[at] = octet;
      const certificate = readCertificate(damaged);
      return /^[0-9a-f]{64}$/.test(certificate.sha256) && certificate.sha1.length === 40;
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readCertificate(bytes).problem !== undefined),
    { numRuns: 1000 },
  );
  t.pass();
});

t.test('nesting without end is refused, not followed', async (t) => {
  let deep: Uint8Array = nullValue();
  for (let i = 0; i < 5000; i++) deep = sequence(deep);
  t.type(readCertificate(deep).problem, 'string');
  const name = encodeName([['CN', 'x']]);
  t.type(readCertificate(handmade({ subject: sequence(tlv(0x31, deep)) })).problem, 'string');
  t.equal(readCertificate(handmade({ subject: name })).subject, 'CN=x');
});

t.test('names and lists without end are cut at their bounds', async (t) => {
  const names = Array.from({ length: ALT_NAMES_MAX + 1 }, (_, i) => tlv(0x82, Buffer.from(`h${i}`)));
  const many = readCertificate(handmade({ extensions: [encodeExtension('2.5.29.17', sequence(...names))] }));
  t.equal(many.subjectAltNames.length, ALT_NAMES_MAX);
  t.match(many.problem, /more than 1000 names/);
  const serial = readCertificate(mintEc('P-256', { serial: '01'.repeat(500) }).der);
  t.match(serial, { serialNumber: '', subject: 'CN=test,O=flinkprobe test', problem: /serialNumber: 500 octets/ });
  const faults = Array.from({ length: 50 }, () => encodeExtension('2.5.29.17', nullValue()));
  t.equal(readCertificate(handmade({ extensions: faults })).problem?.split('; ').length, 3);
  const long = readCertificate(handmade({ subject: encodeName([['CN', 'x'.repeat(20_000)]]) }));
  t.match(long, { subject: '', issuer: 'CN=handmade', problem: /subject\.rdnSequence: unsupported/ });
});

t.test('the cache reads a certificate once and stays within its bound', async (t) => {
  const cache = new CertificateCache();
  const first = cache.read(SAMPLE);
  t.equal(cache.read(Uint8Array.from(SAMPLE)), first);
  for (let i = 0; i < CERTIFICATES_MAX; i++) cache.read(integer(i));
  t.not(cache.read(SAMPLE), first, 'the least recently used has left');
  t.same(cache.read(SAMPLE), first);
});

t.test('the cache keeps no view of the bytes that it was given', async (t) => {
  const cache = new CertificateCache();
  const bytes = Uint8Array.from(SAMPLE);
  const { subject } = cache.parts(bytes);
  bytes.fill(0);
  t.same(subject, encodeNameOf('jm', SAMPLE));
});

/** The encoded name as it stands in the certificate, told by its CN. */
function encodeNameOf(cn: string, der: Uint8Array): Uint8Array {
  const tail = Buffer.from(cn);
  const at = Buffer.from(der).indexOf(
    Buffer.concat([Buffer.from('0603550403', 'hex'), Buffer.of(0x0c, tail.length), tail]),
  );
  return der.slice(at - 6, at + 7 + tail.length);
}

t.test('tells self-signed from self-issued', async (t) => {
  const cache = new CertificateCache();
  t.equal(cache.verifiesSelf(readVector('certificates/internal.der')), 'yes');
  t.equal(cache.verifiesSelf(readVector('certificates/internal-weak.der')), 'yes');
  t.equal(cache.verifiesSelf(SAMPLE), 'no');
  const name = [['CN', 'same']] as const;
  const impostor = mintRsa({ name, issuer: mintRsa({ name }) });
  t.equal(cache.read(impostor.der).selfIssued, true);
  t.equal(cache.verifiesSelf(impostor.der), 'no');
  t.equal(cache.verifiesSelf(SAMPLE.subarray(0, 100)), 'unknown');
});
