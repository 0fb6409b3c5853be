import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { DerReader } from '../../src/x509/der.ts';
import { commonNames, parseDistinguishedName, readName } from '../../src/x509/name.ts';
import { ATTRIBUTE_TYPES } from '../../src/x509/object-identifiers.ts';
import { ascii, bitString, sequence, set, tlv, toPem, utf8String } from '../support/der-writer.ts';
import type { Attribute } from '../support/pki.ts';
import { encodeAttribute, encodeName, signCertificate } from '../support/pki.ts';

const openssl = spawnSync('openssl', ['version']).status === 0;
const skip = openssl ? false : 'openssl not found';
const { privateKey } = generateKeyPairSync('ed25519');
const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));

/** What `openssl x509 -nameopt RFC2253` prints of a name. */
function opensslText(name: Uint8Array): string {
  const empty = encodeName([]);
  const dates = { notBefore: new Date(0), notAfter: new Date(1e12) };
  const der = signCertificate({ subject: name, issuer: empty, spki, ...dates }, privateKey);
  const options = ['x509', '-noout', '-subject', '-nameopt', 'RFC2253'];
  return execFileSync('openssl', options, { input: toPem('CERTIFICATE', der) })
    .toString()
    .replace(/^subject=/, '')
    .replace(/\n$/, '');
}

t.test('the last relative name comes first, as in RFC 4514 section 4', async (t) => {
  const name: Attribute[] = [
    ['0.9.2342.19200300.100.1.25', 'net'],
    ['0.9.2342.19200300.100.1.25', 'example'],
    ['CN', 'James "Jim" Smith, III'],
  ];
  t.equal(parseDistinguishedName(encodeName(name)), 'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net');
  t.equal(parseDistinguishedName(encodeName([['CN', 'Before\rAfter']])), 'CN=Before\\0DAfter');
  t.equal(parseDistinguishedName(encodeName([['2.5.4.4', 'Lu\u010di\u0107']])), 'SN=Lu\\C4\\8Di\\C4\\87');
  t.equal(parseDistinguishedName(encodeName([])), '');
  const unknown = sequence(set(encodeAttribute('1.3.6.1.4.1.1466.0', tlv(0x04, ascii('Hi')))));
  t.equal(parseDistinguishedName(unknown), '1.3.6.1.4.1.1466.0=#04024869');
});

t.test('prints names as OpenSSL does', { skip }, async (t) => {
  const text = (value: Uint8Array, type = 'CN'): Uint8Array =>
    sequence(set(encodeAttribute(type === 'CN' ? '2.5.4.3' : type, value)));
  const names: readonly Uint8Array[] = [
    encodeName([
      ['C', 'DE'],
      ['O', 'flinkprobe lab'],
      ['CN', 'internal'],
    ]),
    encodeName([['CN', ' leading and trailing ']]),
    encodeName([['CN', '#hash']]),
    encodeName([['CN', ' ']]),
    encodeName([['CN', '']]),
    encodeName([['CN', 'a+b=c,d;e<f>g"h\\i/j']]),
    encodeName([['CN', 'nul\0tab\tbell\u0007del\u007f']]),
    encodeName([['CN', 'evil\r\nsubject=CN=root']]),
    encodeName([['CN', '\u001b[31mred']]),
    encodeName([['CN', 'Zo\u00eb \u202egnitirw \ud83d\udd25']]),
    sequence(set(encodeAttribute('2.5.4.3', utf8String('a')), encodeAttribute('2.5.4.11', utf8String('b')))),
    text(tlv(0x13, ascii('Printable'))),
    text(tlv(0x14, ascii('T\u00e9l\u00e9tex'))),
    text(tlv(0x16, ascii('ia5@example'))),
    text(tlv(0x1e, Buffer.from('00420020006d0070041f', 'hex'))),
    text(tlv(0x1c, Buffer.from('000000550001f525', 'hex'))),
    text(bitString(ascii('bits'))),
    text(sequence(utf8String('x'))),
    text(utf8String('unknown'), '1.3.6.1.4.1.99999.1'),
    encodeName(Object.keys(ATTRIBUTE_TYPES).map((type) => [type, 'value'])),
  ];
  for (const name of names) t.equal(parseDistinguishedName(name), opensslText(name));
});

t.test('octets that are no text are given in hexadecimal', async (t) => {
  const name = sequence(set(encodeAttribute('2.5.4.3', tlv(0x0c, Uint8Array.of(0xc3, 0x28)))));
  t.equal(parseDistinguishedName(name), 'CN=#0C02C328');
  t.equal(parseDistinguishedName(Uint8Array.of(1, 2, 3)), '#010203');
  t.equal(parseDistinguishedName(encodeName([['CN', 'x']]).subarray(0, 5)), '#300c310a30');
});

const ATTRIBUTES = fc.array(fc.tuple(fc.constantFrom('CN', 'O', 'OU', '1.2.3.4'), fc.string({ unit: 'binary' })), {
  maxLength: 4,
});

t.test('any name is printable ASCII, and its common names are read back', async (t) => {
  fc.assert(
    fc.property(ATTRIBUTES, (name) => {
      const text = parseDistinguishedName(encodeName(name));
      t.match(text, /^[ -~]*$/);
      const expected = name.filter(([type]) => type === 'CN').map(([, value]) => value);
      t.same(commonNames(text), expected.reverse());
    }),
    { numRuns: 300 },
  );
});

t.test('every proper prefix of a name is refused', async (t) => {
  const whole = encodeName([
    ['C', 'DE'],
    ['O', 'flinkprobe'],
    ['CN', 'internal'],
  ]);
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => readName(new DerReader(whole.subarray(0, length)), 'name'), { name: 'DecodeError' });
  }
  t.equal(readName(new DerReader(whole), 'name'), 'CN=internal,O=flinkprobe,C=DE');
});

t.test('common names are told from text that looks like them', async (t) => {
  t.same(commonNames('CN=jm,O=x\\,CN=evil'), ['jm']);
  t.same(commonNames('O=CN\\=no,OU=a+CN=tm1'), ['tm1']);
  t.same(commonNames('CN=#0C02C328'), []);
  t.same(commonNames(parseDistinguishedName(encodeName([['CN', '#x']]))), ['#x']);
});
