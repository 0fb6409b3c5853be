import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../src/bytes/hex.ts';
import { DecodeError, Reader } from '../../src/bytes/reader.ts';
import { type Alert, readAlert, writeAlert } from '../../src/tls/alert.ts';
import {
  readCertificate12,
  readCertificate13,
  scanCertificates,
  writeCertificate12,
  writeCertificate13,
} from '../../src/tls/certificate.ts';
import {
  readCertificateRequest12,
  readCertificateRequest13,
  writeCertificateRequest12,
  writeCertificateRequest13,
} from '../../src/tls/certificate-request.ts';
import {
  type ClientHello,
  readClientHello,
  readSsl2ClientHello,
  scanClientHello,
  writeClientHello,
} from '../../src/tls/client-hello.ts';
import { readEncryptedExtensions, writeEncryptedExtensions } from '../../src/tls/encrypted-extensions.ts';
import * as values from '../../src/tls/extension-values.ts';
import { type Extension, extensionValue } from '../../src/tls/extensions.ts';
import {
  readCertificateVerify,
  readHandshake,
  readNewSessionTicket,
  writeCertificateVerify,
  writeHandshake,
  writeNewSessionTicket,
} from '../../src/tls/handshake.ts';
import {
  isHelloRetryRequest,
  negotiatedVersion,
  readServerHello,
  writeServerHello,
} from '../../src/tls/server-hello.ts';
import {
  readServerKeyExchange,
  type ServerKeyExchange,
  writeServerKeyExchange,
} from '../../src/tls/server-key-exchange.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { HELLO_RETRY_REQUEST } from '../vectors/rfc8448/section-5.ts';

const read = <T>(codec: (reader: Reader) => T, bytes: Uint8Array): T => codec(new Reader(bytes));
const body = (message: string): Uint8Array => fromHex(message).subarray(4);
const opaque = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const code16 = fc.integer({ min: 0, max: 0xffff });

const extensionList: fc.Arbitrary<Extension[]> = fc.uniqueArray(fc.record({ type: code16, data: opaque(0, 40) }), {
  selector: (e) => e.type,
  maxLength: 12,
});

const clientHellos: fc.Arbitrary<ClientHello> = fc.record({
  legacyVersion: fc.integer({ min: 0x0300, max: 0x0304 }),
  random: opaque(32, 32),
  sessionId: opaque(0, 32),
  cipherSuites: fc.array(code16, { minLength: 1, maxLength: 60 }),
  compressionMethods: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 3 }),
  extensions: fc.option(extensionList, { nil: undefined }),
});

const keyExchanges: fc.Arbitrary<ServerKeyExchange> = fc.record({
  parameters: fc.oneof(
    fc.record({ kind: fc.constant('dh' as const), p: opaque(1, 64), g: opaque(1, 4), publicKey: opaque(1, 64) }),
    fc.record({ kind: fc.constant('ecdh' as const), namedGroup: code16, publicKey: opaque(1, 100) }),
  ),
  signatureScheme: fc.option(code16, { nil: undefined }),
  signature: opaque(0, 80),
});

const suiteOf = (message: ServerKeyExchange): string =>
  message.parameters.kind === 'dh' ? 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA' : 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA';

/** Messages survive write and read, and no proper prefix of one is taken for a whole. */
function survives<T>(
  name: string,
  messages: fc.Arbitrary<T>,
  write: (message: T) => Uint8Array,
  readBack: (bytes: Uint8Array, message: T) => T,
  prefixes: 'refused' | 'ambiguous' = 'refused',
): void {
  t.test(`${name} survives write and read`, async () => {
    fc.assert(
      fc.property(messages, (message) => same(readBack(write(message), message), message)),
      { numRuns: 200 },
    );
  });
  if (prefixes === 'refused') {
    t.test(`${name}: every proper prefix and every longer message is refused`, async () => {
      const refused = (bytes: Uint8Array, message: T): void => {
        try {
          readBack(bytes, message);
        } catch (error) {
          if (error instanceof DecodeError) {
            return;
          }
          throw error;
        }
        throw new Error(`${bytes.length} bytes taken`);
      };
      fc.assert(
        fc.property(messages, (message) => {
          const whole = write(message);
          for (let length = 0; length < whole.length; length++) {
            refused(whole.subarray(0, length), message);
          }
          refused(Uint8Array.from([...whole, 0]), message);
        }),
        { numRuns: 25 },
      );
    });
  }
}

/** Equal in content; views and arrays of bytes count as the same. */
function same(a: unknown, b: unknown): void {
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? `bytes ${toHex(v)}` : v));
  if (plain(a) !== plain(b)) {
    throw new Error(`${plain(a)} is not ${plain(b)}`);
  }
}

// A hello without extension block is a proper prefix of one with it: RFC 5246 section 7.4.1.2 allows both.
survives(
  'ClientHello',
  clientHellos.filter((hello) => hello.extensions !== undefined),
  writeClientHello,
  (bytes) => read(readClientHello, bytes),
  'ambiguous',
);
survives(
  'ClientHello without extensions',
  clientHellos.map((hello) => ({ ...hello, extensions: undefined })),
  writeClientHello,
  (bytes) => read(readClientHello, bytes),
);
survives(
  'ServerHello',
  fc.record({
    legacyVersion: fc.constant(0x0303),
    random: opaque(32, 32),
    sessionId: opaque(0, 32),
    cipherSuite: code16,
    compressionMethod: fc.constant(0),
    extensions: fc.option(extensionList, { nil: undefined }),
  }),
  writeServerHello,
  (bytes) => read(readServerHello, bytes),
  'ambiguous',
);
survives('EncryptedExtensions', extensionList, writeEncryptedExtensions, (bytes) => [
  ...read(readEncryptedExtensions, bytes),
]);
survives(
  'Certificate of TLS 1.3',
  fc.record({
    requestContext: opaque(0, 20),
    entries: fc.array(fc.record({ certificate: opaque(1, 60), extensions: extensionList }), { maxLength: 4 }),
  }),
  writeCertificate13,
  (bytes) => read(readCertificate13, bytes) as never,
);
// Nothing at all is an empty chain of some stacks: the one prefix that is taken.
survives(
  'Certificate of TLS 1.2',
  fc.array(opaque(1, 60), { minLength: 0, maxLength: 4 }),
  writeCertificate12,
  (bytes) => [...read(readCertificate12, bytes)],
  'ambiguous',
);
survives(
  'CertificateRequest of TLS 1.2',
  fc.record({
    certificateTypes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 5 }),
    signatureSchemes: fc.array(code16, { maxLength: 9 }),
    authorities: fc.array(opaque(0, 50), { maxLength: 4 }),
  }),
  writeCertificateRequest12,
  (bytes) => readCertificateRequest12(new Reader(bytes), 0x0303) as never,
);
survives(
  'CertificateRequest before TLS 1.2',
  fc.record({
    certificateTypes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 5 }),
    signatureSchemes: fc.constant(undefined),
    authorities: fc.array(opaque(0, 50), { maxLength: 4 }),
  }),
  writeCertificateRequest12,
  (bytes) => readCertificateRequest12(new Reader(bytes), 0x0302) as never,
);
survives(
  'CertificateRequest of TLS 1.3',
  fc.record({ requestContext: opaque(0, 20), extensions: extensionList }),
  writeCertificateRequest13,
  (bytes) => read(readCertificateRequest13, bytes) as never,
);
survives('ServerKeyExchange', keyExchanges, writeServerKeyExchange, (bytes, message) =>
  readServerKeyExchange(new Reader(bytes), message.signatureScheme === undefined ? 0x0301 : 0x0303, suiteOf(message)),
);
survives(
  'CertificateVerify',
  fc.record({ signatureScheme: fc.option(code16, { nil: undefined }), signature: opaque(0, 90) }),
  writeCertificateVerify,
  (bytes, message) => readCertificateVerify(new Reader(bytes), message.signatureScheme === undefined ? 0x0301 : 0x0304),
);
survives(
  'NewSessionTicket',
  fc.record({
    lifetime: fc.nat(),
    tls13: fc.option(fc.record({ ageAdd: fc.nat(), nonce: opaque(0, 9), extensions: opaque(0, 9) }), {
      nil: undefined,
    }),
    ticket: opaque(0, 90),
  }),
  writeNewSessionTicket,
  (bytes, message) => readNewSessionTicket(new Reader(bytes), message.tls13 === undefined ? 0x0303 : 0x0304),
);
survives<Alert>(
  'Alert',
  fc.record({ level: fc.constantFrom('warning' as const, 'fatal' as const), code: fc.integer({ min: 0, max: 255 }) }),
  writeAlert,
  (bytes) => read(readAlert, bytes),
);

t.test('the hellos of RFC 8448 are read field by field and written back byte by byte', async (t) => {
  const client = read(readClientHello, body(SIMPLE_1_RTT.clientHello));
  t.equal(client.legacyVersion, 0x0303);
  t.equal(toHex(client.random), 'cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7');
  t.strictSame(client.cipherSuites, [0x1301, 0x1303, 0x1302]);
  t.strictSame(extensionValue(client.extensions, values.serverName), ['server']);
  t.strictSame(extensionValue(client.extensions, values.supportedGroups), [29, 23, 24, 25, 256, 257, 258, 259, 260]);
  t.strictSame(extensionValue(client.extensions, values.offeredVersions), [0x0304]);
  t.strictSame(extensionValue(client.extensions, values.pskKeyExchangeModes), [1]);
  t.strictSame(
    extensionValue(client.extensions, values.clientKeyShares)?.map((s) => [s.group, toHex(s.keyExchange)]),
    [[29, '99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c']],
  );
  t.equal(toHex(writeHandshake({ type: 1, body: writeClientHello(client) })), SIMPLE_1_RTT.clientHello);
  const server = read(readServerHello, body(SIMPLE_1_RTT.serverHello));
  t.equal(server.cipherSuite, 0x1301);
  t.equal(negotiatedVersion(server), 0x0304);
  t.equal(toHex(extensionValue(server.extensions, values.serverKeyShare)!.keyExchange), SIMPLE_1_RTT.serverPublicKey);
  t.equal(toHex(writeHandshake({ type: 2, body: writeServerHello(server) })), SIMPLE_1_RTT.serverHello);
});

t.test('a HelloRetryRequest is told by its random and names the group', async (t) => {
  const retry = read(readServerHello, body(HELLO_RETRY_REQUEST.helloRetryRequest));
  t.ok(isHelloRetryRequest(retry));
  t.equal(extensionValue(retry.extensions, values.retryGroup), 23);
  t.equal(extensionValue(retry.extensions, values.cookie)?.length, 114);
  t.notOk(isHelloRetryRequest(read(readServerHello, body(HELLO_RETRY_REQUEST.serverHello))));
  const second = read(readClientHello, body(HELLO_RETRY_REQUEST.clientHello2));
  t.strictSame(
    extensionValue(second.extensions, values.clientKeyShares)?.map((s) => s.group),
    [23],
  );
});

t.test('the server flight of RFC 8448 section 3 splits into its messages', async (t) => {
  const reader = new Reader(fromHex(SIMPLE_1_RTT.serverFlight));
  const messages = [];
  while (reader.remaining > 0) {
    messages.push(readHandshake(reader));
  }
  t.strictSame(
    messages.map((m) => m.type),
    [8, 11, 15, 20],
  );
  t.strictSame(
    read(readEncryptedExtensions, messages[0]!.body).map((e) => e.type),
    [10, 28, 0],
  );
  const { entries } = read(readCertificate13, messages[1]!.body);
  t.strictSame(
    entries.map((e) => e.certificate.length),
    [432],
  );
  t.equal(readCertificateVerify(new Reader(messages[2]!.body), 0x0304).signatureScheme, 0x0804);
});

t.test('the ticket of RFC 8448 section 3', async (t) => {
  const ticket = readNewSessionTicket(new Reader(body(SIMPLE_1_RTT.newSessionTicket)), 0x0304);
  t.equal(ticket.lifetime, 30);
  t.equal(toHex(ticket.tls13!.nonce), '0000');
});

t.test('duplicate extensions are refused by the strict reader and named by the scan', async (t) => {
  const hello: ClientHello = {
    ...read(readClientHello, body(SIMPLE_1_RTT.clientHello)),
    extensions: [values.extension(values.supportedGroups, [29]), values.extension(values.supportedGroups, [23])],
  };
  t.throws(() => read(readClientHello, writeClientHello(hello)), { name: 'DecodeError', fault: 'duplicate' });
  const scanned = scanClientHello(writeClientHello(hello));
  t.equal(scanned?.hello.extensions?.length, 2);
  t.match(scanned?.problems, [/extension 10 appears more than once/]);
});

t.test('a cut ClientHello yields its complete fields', async (t) => {
  const whole = body(SIMPLE_1_RTT.clientHello);
  t.equal(scanClientHello(whole)?.complete, true);
  t.equal(scanClientHello(whole.subarray(0, 20)), undefined);
  const suites = scanClientHello(whole.subarray(0, 60));
  t.strictSame(suites?.hello.cipherSuites, [0x1301, 0x1303, 0x1302]);
  t.equal(suites?.complete, false);
  const named = scanClientHello(whole.subarray(0, 90));
  t.strictSame(extensionValue(named!.hello.extensions, values.serverName), ['server']);
  let fields = 0;
  for (let length = 0; length <= whole.length; length++) {
    const now = scanClientHello(whole.subarray(0, length))?.hello.extensions?.length ?? 0;
    t.ok(now >= fields || t.fail('fewer fields of a longer hello'));
    fields = now;
  }
  t.equal(fields, 9);
});

t.test('an SSLv2-format hello, as OpenSSL 0.9.8 sent it', async (t) => {
  // Version 3.1, kinds 00002f 00000a 010080, no session id, challenge of 16.
  const hello = read(
    readSsl2ClientHello,
    fromHex('01 0301 0009 0000 0010 00002f 00000a 010080 000102030405060708090a0b0c0d0e0f'),
  );
  t.equal(hello.legacyVersion, 0x0301);
  t.strictSame(hello.cipherSuites, [0x2f, 0x0a, 0x010080]);
  t.equal(hello.random.length, 16);
});

t.test('an empty client certificate has two forms', async (t) => {
  t.strictSame(read(readCertificate12, fromHex('000000')), []);
  t.strictSame(read(readCertificate12, fromHex('')), []);
});

t.test('a cut chain yields the certificates before the cut', async (t) => {
  const chain = [fromHex('01'.repeat(50)), fromHex('02'.repeat(60)), fromHex('03'.repeat(70))];
  const whole = writeCertificate12(chain);
  t.strictSame(scanCertificates(whole, 'tls12').certificates, chain);
  t.equal(scanCertificates(whole, 'tls12').complete, true);
  for (const [length, count] of [
    [0, 0],
    [3, 0],
    [55, 0],
    [56, 1],
    [118, 1],
    [119, 2],
    [191, 2],
  ] as const) {
    const cut = scanCertificates(whole.subarray(0, length), 'tls12');
    t.equal(cut.certificates.length, count, `${length} bytes`);
    t.equal(cut.complete, length === 0);
  }
});

t.test('anonymous key exchanges carry no signature', async (t) => {
  const message: ServerKeyExchange = {
    parameters: { kind: 'dh', p: fromHex('00ff'), g: fromHex('02'), publicKey: fromHex('10') },
    signatureScheme: undefined,
    signature: undefined,
  };
  const bytes = writeServerKeyExchange(message);
  same(readServerKeyExchange(new Reader(bytes), 0x0303, 'TLS_DH_anon_WITH_AES_128_CBC_SHA'), message);
  t.throws(() => readServerKeyExchange(new Reader(bytes), 0x0303, 'TLS_PSK_WITH_AES_128_CBC_SHA'), {
    name: 'DecodeError',
    fault: 'unsupported',
  });
});

t.test('PSK key exchanges carry a hint before their parameters, and no signature', async (t) => {
  const message: ServerKeyExchange = {
    pskIdentityHint: fromHex('68696e74'),
    parameters: { kind: 'ecdh', namedGroup: 0x001d, publicKey: fromHex('0123') },
    signatureScheme: undefined,
    signature: undefined,
  };
  const bytes = writeServerKeyExchange(message);
  t.equal(toHex(bytes), '000468696e7403001d020123');
  same(readServerKeyExchange(new Reader(bytes), 0x0303, 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA'), message);
});
