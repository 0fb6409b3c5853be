import { spawnSync } from 'node:child_process';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { definite } from '../../src/keystore/ber.ts';
import type { KeyStoreEntries } from '../../src/keystore/entries.ts';
import { KeyStoreError } from '../../src/keystore/entries.ts';
import { identityOf, readKeyStore, trustAnchorsOf } from '../../src/keystore/key-store.ts';
import { DerReader, SEQUENCE } from '../../src/x509/der.ts';
import { missing } from '../support/capture-tools.ts';
import { integer, octetString, oid, sequence, set, tlv } from '../support/der-writer.ts';
import { readVector } from '../support/vectors.ts';

const vector = (name: string): Uint8Array => readVector(`keystore/${name}`);
const read = (bytes: Uint8Array, password: string | undefined = 'flinkpw'): KeyStoreEntries =>
  readKeyStore(bytes, { name: 'store.p12', ...(password === undefined ? {} : { password }) });

/** The same in BER: every constructed value of indefinite length, every OCTET STRING in pieces. */
function toBer(der: Uint8Array): Buffer {
  const reader = new DerReader(der);
  const values: Buffer[] = [];
  while (reader.remaining > 0) {
    const { identifier, content, encoding } = reader.element('value');
    if (identifier === 0x04) values.push(pieces(content));
    else if ((identifier & 0x20) === 0) values.push(Buffer.from(encoding));
    else values.push(Buffer.concat([Buffer.of(identifier, 0x80), toBer(content), Buffer.alloc(2)]));
  }
  return Buffer.concat(values);
}

function pieces(content: Uint8Array): Buffer {
  const half = Math.ceil(content.length / 2);
  const parts = [content.subarray(0, half), content.subarray(half)].map((part) => octetString(part));
  return Buffer.concat([Buffer.of(0x24, 0x80), ...parts, Buffer.alloc(2)]);
}

t.test('files in BER, of indefinite lengths and strings in pieces, are read as their DER', async (t) => {
  for (const name of ['openssl3.p12', 'trust-jdk17.p12']) {
    const der = vector(name);
    const ber = toBer(der);
    t.ok(ber.length > der.length);
    t.same(Buffer.from(definite(ber, 'test')), Buffer.from(der), 'octet by octet');
    t.same(read(ber).trusted, read(der).trusted);
    t.same(
      read(ber).keys.map((key) => key.certificates),
      read(der).keys.map((key) => key.certificates),
    );
  }
});

t.test('OpenSSL reads the same BER', { skip: missing('openssl') }, async (t) => {
  const folder = t.testdir();
  writeFileSync(path.join(folder, 'ber.p12'), toBer(vector('openssl3.p12')));
  const args = ['pkcs12', '-in', 'ber.p12', '-passin', 'pass:flinkpw', '-nodes'];
  t.match(spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' }).stdout, /BEGIN PRIVATE KEY/);
});

t.test('every prefix of a file in BER is refused', async (t) => {
  const ber = toBer(vector('openssl3.p12'));
  const accepted = Array.from(ber.keys()).filter((length) => {
    try {
      read(ber.subarray(0, length));
      return true;
    } catch (error) {
      if (error instanceof KeyStoreError) return false;
      throw error;
    }
  });
  t.strictSame(accepted, []);
  t.throws(() => read(Buffer.concat(new Array<Buffer>(5000).fill(Buffer.from('3080', 'hex')))), {
    name: 'KeyStoreError',
  });
});

t.test('any value survives the way to BER and back', async () => {
  const leaf = fc.uint8Array({ maxLength: 200 }).map((octets) => octetString(octets));
  const value = fc.array(
    fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 3 }).map((parts) => sequence(...parts)),
    ),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(value, (parts) => {
      const der = sequence(...parts);
      return Buffer.compare(definite(toBer(der), 'test'), der) === 0;
    }),
  );
});

const DATA = oid('1.2.840.113549.1.7.1');

/** The parts of a file: what its MAC is computed over, and its MAC. */
function partsOf(bytes: Uint8Array): { readonly authSafe: Uint8Array; readonly data: Uint8Array } {
  const pfx = new DerReader(bytes).inside(SEQUENCE, 'pfx');
  pfx.smallInteger('version');
  const { encoding } = pfx.element('authSafe');
  const info = new DerReader(encoding).inside(SEQUENCE, 'authSafe');
  info.oid('contentType');
  return { authSafe: encoding, data: info.inside(0xa0, 'content').element('data').content };
}

/** RFC 9579: PBMAC1 with PBKDF2; the salt and rounds of MacData are not used. */
function withPbmac1(bytes: Uint8Array, password: string, octets: number): Uint8Array {
  const { authSafe, data } = partsOf(bytes);
  const hmac = sequence(oid('1.2.840.113549.2.9'), tlv(0x05));
  const salt = Buffer.from('saltsalt');
  const kdf = sequence(oid('1.2.840.113549.1.5.12'), sequence(octetString(salt), integer(2048), integer(octets), hmac));
  const algorithm = sequence(oid('1.2.840.113549.1.5.14'), sequence(kdf, hmac));
  const digest = createHmac('sha256', pbkdf2Sync(password, salt, 2048, octets, 'sha256'))
    .update(data)
    .digest();
  const mac = sequence(sequence(algorithm, octetString(digest)), octetString(Buffer.from('NOT USED')), integer(1));
  return sequence(integer(3), authSafe, mac);
}

t.test('PBMAC1, the MAC of RFC 9579, verifies the password', async (t) => {
  for (const octets of [32, 20]) {
    const file = withPbmac1(vector('openssl3.p12'), 'flinkpw', octets);
    t.equal(identityOf(read(file)).certificates.length, 2);
    t.throws(() => read(file, 'wrong'), { fault: 'wrong-password', message: /MAC does not verify/ });
  }
});

const openssl = process.versions.openssl.split('.').map(Number);
const hasPbmac1 = openssl[0]! > 3 || (openssl[0] === 3 && openssl[1]! >= 4);

t.test('Node itself takes that MAC', { skip: hasPbmac1 ? false : 'OpenSSL before 3.4 has no PBMAC1' }, async (t) => {
  const pfx = Buffer.from(withPbmac1(vector('openssl3.p12'), 'flinkpw', 32));
  t.ok(createSecureContext({ pfx, passphrase: 'flinkpw' }));
});

t.test('a MAC of endless rounds is refused at once', async (t) => {
  const { authSafe } = partsOf(vector('openssl3.p12'));
  const digest = sequence(sequence(oid('2.16.840.1.101.3.4.2.1'), tlv(0x05)), octetString(new Uint8Array(32)));
  const file = sequence(integer(3), authSafe, sequence(digest, octetString(Buffer.from('salt')), integer(2 ** 31)));
  t.throws(() => read(file), { fault: 'unsupported', message: /2147483648, more than/ });
  const unknown = sequence(sequence(oid('1.2.3'), tlv(0x05)), octetString(new Uint8Array(32)));
  const strange = sequence(integer(3), authSafe, sequence(unknown, octetString(Buffer.from('salt'))));
  t.throws(() => read(strange), { fault: 'unsupported', message: /MAC 1\.2\.3/ });
});

const bag = (id: number, value: Uint8Array, ...attributes: readonly Uint8Array[]): Uint8Array =>
  sequence(
    oid(`1.2.840.113549.1.12.10.1.${id}`),
    tlv(0xa0, value),
    ...(attributes.length === 0 ? [] : [set(...attributes)]),
  );
const attribute = (id: string, value: Uint8Array): Uint8Array => sequence(oid(id), set(value));
const certificateBag = (der: Uint8Array, ...attributes: readonly Uint8Array[]): Uint8Array =>
  bag(3, sequence(oid('1.2.840.113549.1.9.22.1'), tlv(0xa0, octetString(der))), ...attributes);
const clear = (...bags: readonly Uint8Array[]): Uint8Array =>
  sequence(
    integer(3),
    sequence(DATA, tlv(0xa0, octetString(sequence(sequence(DATA, tlv(0xa0, octetString(sequence(...bags)))))))),
  );

t.test('bags in bags, without MAC and encryption, are read', async (t) => {
  const trusted = attribute('2.16.840.1.113894.746875.1.1', oid('2.5.29.37.0'));
  const name = attribute('1.2.840.113549.1.9.20', tlv(0x1e, Buffer.from('\u202eca\n', 'utf16le').swap16()));
  const inner = bag(6, sequence(certificateBag(vector('ec.der'), trusted, name)));
  const entries = read(clear(inner), undefined);
  t.strictSame(
    entries.trusted.map((one) => one.alias),
    ['\u202eca\n'],
  );
  t.same(
    trustAnchorsOf(entries).map((one) => Buffer.from(one)),
    [Buffer.from(vector('ec.der'))],
  );
  let deep = certificateBag(vector('ec.der'), trusted);
  for (let i = 0; i < 10; i++) deep = bag(6, sequence(deep));
  t.throws(() => read(clear(deep), undefined), { fault: 'unsupported', message: /nested deeper/ });
});

t.test('names of entries cannot forge lines or colours in messages', async (t) => {
  const name = attribute('1.2.840.113549.1.9.20', tlv(0x1e, Buffer.from('\u202ekey\n\u001b[31m', 'utf16le').swap16()));
  const secret = bag(5, sequence(oid('1.2.3'), tlv(0xa0, octetString(Buffer.from('x')))), name);
  const { problems } = read(clear(secret, certificateBag(vector('ec.der'))), undefined);
  t.equal(problems[0], 'the secret key "\\u202ekey\\n\\u001b[31m" was passed over');
});

t.test('certificates of no key in a key store are not trusted, as Java has it', async (t) => {
  const key = vector('leaf.key');
  const pkcs8 = Buffer.from(
    Buffer.from(key)
      .toString()
      .replace(/-----[^-]+-----|\s/g, ''),
    'base64',
  );
  const entries = read(clear(bag(1, pkcs8), certificateBag(vector('ec.der'))), undefined);
  t.strictSame(entries.trusted, []);
  t.match(entries.problems, [/no certificate in it belongs to the private key/, /of no private key: Java passes over/]);
  t.throws(() => identityOf(entries), { fault: 'no-entry', message: /no certificate for its private key/ });
});

t.test('errors name field and byte', async (t) => {
  const cut = vector('rsa-jdk17.p12').subarray(0, 100);
  t.throws(() => read(cut), {
    name: 'KeyStoreError',
    file: 'store.p12',
    fault: 'damaged',
    message: /^store\.p12: .*truncated at byte \d+/,
  } as never);
  const version = sequence(integer(2), sequence());
  t.throws(() => read(version), { fault: 'unsupported', message: /version: unsupported at byte 5 \(2\)/ });
});
