import t from 'tap';
import { fromHex, toHex } from '../../src/bytes/hex.ts';
import { writeCertificate12 } from '../../src/tls/certificate.ts';
import { writeCertificateRequest12 } from '../../src/tls/certificate-request.ts';
import { writeClientHello } from '../../src/tls/client-hello.ts';
import { writeHandshake } from '../../src/tls/handshake.ts';
import { writeRecords } from '../../src/tls/record.ts';
import { writeServerHello } from '../../src/tls/server-hello.ts';
import { writeServerKeyExchange } from '../../src/tls/server-key-exchange.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { close, data, type Event, play, readingOf } from './feeding.ts';

const plain = (type: number, hex: string, version = 0x0303): Uint8Array =>
  writeRecords({ type, version, fragment: fromHex(hex) });

// Messages of a TLS 1.2 handshake, put together by the writers.
const HELLO = writeHandshake({
  type: 1,
  body: writeClientHello({
    legacyVersion: 0x0303,
    random: new Uint8Array(32).fill(7),
    sessionId: fromHex('aa'.repeat(32)),
    cipherSuites: [0xc02f, 0x002f],
    compressionMethods: [0],
    extensions: undefined,
  }),
});
const serverHello12 = (cipherSuite: number, sessionId = ''): Uint8Array =>
  writeHandshake({
    type: 2,
    body: writeServerHello({
      legacyVersion: 0x0303,
      random: new Uint8Array(32).fill(9),
      sessionId: fromHex(sessionId),
      cipherSuite,
      compressionMethod: 0,
      extensions: undefined,
    }),
  });
const certificate12 = (...sizes: readonly number[]): Uint8Array =>
  writeHandshake({ type: 11, body: writeCertificate12(sizes.map((size) => new Uint8Array(size).fill(0x30))) });
const REQUEST = writeHandshake({
  type: 13,
  body: writeCertificateRequest12({
    certificateTypes: [64, 1, 2],
    signatureSchemes: [0x0804],
    authorities: [fromHex('3000')],
  }),
});
const DONE = writeHandshake({ type: 14, body: new Uint8Array(0) });
const CLIENT_KEY = writeHandshake({ type: 16, body: new Uint8Array(33) });
const FINISHED = plain(22, 'c3'.repeat(40));
const CCS = plain(20, '01');
const handshake = (...messages: readonly Uint8Array[]): Uint8Array =>
  writeRecords({ type: 22, version: 0x0303, fragment: Buffer.concat(messages) });

const FULL: readonly Event[] = [
  data(0, handshake(HELLO)),
  data(1, handshake(serverHello12(0x002f), certificate12(500), DONE)),
  data(0, handshake(CLIENT_KEY)),
  data(0, CCS),
  data(0, FINISHED),
  data(1, CCS),
  data(1, FINISHED),
];

t.test('a full TLS 1.2 handshake without request is not-requested', async (t) => {
  t.match(readingOf(FULL), {
    outcome: 'established',
    version: 'TLSv1.2',
    cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA',
    resumed: false,
    clientAuthentication: { verdict: 'not-requested', presented: 'none', basis: 'messages' },
    clientCertificate: { seen: 'absent' },
    serverCertificate: { seen: 'present', truncated: false },
    problems: [],
  });
});

t.test('an abbreviated TLS 1.2 handshake is resumed, and nothing is claimed of certificates', async (t) => {
  const reading = readingOf([
    data(0, handshake(HELLO)),
    data(1, handshake(serverHello12(0x002f, 'aa'.repeat(32)))),
    data(1, CCS),
    data(1, FINISHED),
    data(0, CCS),
    data(0, FINISHED),
  ]);
  t.match(reading, {
    outcome: 'established',
    resumed: true,
    serverCertificate: { seen: 'hidden', because: 'resumed' },
    clientCertificate: { seen: 'hidden', because: 'resumed' },
    clientAuthentication: { verdict: 'unknown', presented: 'unknown' },
  });
});

t.test('renegotiation after the Finished does not start anything over', async (t) => {
  const reading = readingOf([
    ...FULL,
    data(1, FINISHED),
    data(0, plain(22, '01000004deadbeef'.repeat(4))),
    data(0, plain(21, 'c3'.repeat(26))),
  ]);
  t.match(reading, { outcome: 'established', alerts: [], problems: [] });
  t.equal(reading.records.client.handshake, 4);
  t.equal(reading.records.client.alert, 1);
});

t.test('two octets after change_cipher_spec are no readable alert in TLS 1.2', async (t) => {
  t.strictSame(readingOf([...FULL, data(0, plain(21, '0228'))]).alerts, []);
});

t.test('a warning alert before the ServerHello refuses nothing', async (t) => {
  const events = [FULL[0]!, data(1, plain(21, '0170')), ...FULL.slice(1)];
  t.match(readingOf(events), {
    outcome: 'established',
    alerts: [{ level: 'warning', description: 'unrecognized_name' }],
  });
});

t.test(
  'a client that leaves after the server’s flight is who refused, whatever the server alerts afterwards',
  async (t) => {
    const flight = FULL.slice(0, 2);
    const alert = data(1, plain(21, '0250'));
    for (const how of ['fin', 'rst'] as const) {
      t.match(readingOf([...flight, close(0, how), alert, close(1)]), {
        outcome: 'refused',
        refusal: { side: 0, how: how === 'fin' ? 'fin' : 'reset', after: 'server_hello_done' },
        alerts: [{ description: 'internal_error' }],
      });
    }
    const byServer = { side: 1, how: 'alert' };
    t.match(readingOf([...flight, alert, close(0), close(1)]).refusal, byServer, 'an alert before the client left');
    t.match(readingOf([FULL[0]!, close(0), alert]).refusal, byServer, 'no flight: the hello itself was refused');
    const answered = [...flight, data(0, handshake(CLIENT_KEY)), close(0), alert];
    t.match(readingOf(answered).refusal, byServer, 'the client had answered');
  },
);

t.test('every answer to an empty certificate that ends the handshake means required', async (t) => {
  const asked: readonly Event[] = [
    data(0, handshake(HELLO)),
    data(1, handshake(serverHello12(0x002f), certificate12(500), REQUEST, DONE)),
    data(0, handshake(certificate12(), CLIENT_KEY)),
    data(0, CCS),
    data(0, FINISHED),
  ];
  for (const code of ['28', '29', '2a', '2e', '32', '74']) {
    t.match(readingOf([...asked, data(1, plain(21, `02${code}`)), close(1)]).clientAuthentication, {
      verdict: 'required',
      presented: 'empty',
    });
  }
  for (const how of ['fin', 'rst'] as const) {
    const reading = readingOf([...asked, close(1, how)]);
    t.match(reading.refusal, { side: 1, how: how === 'fin' ? 'fin' : 'reset', after: 'empty certificate' });
    t.equal(reading.clientAuthentication.verdict, 'required');
  }
  t.match(
    readingOf(asked).clientAuthentication,
    { verdict: 'requested', presented: 'empty' },
    'silence proves nothing',
  );
  t.match(
    readingOf([...asked, close(0)]).clientAuthentication,
    { verdict: 'requested' },
    'nor does a close by the client',
  );
  t.match(
    readingOf([...asked, close(1, 'cut')]).clientAuthentication,
    { verdict: 'requested' },
    'nor the end of a capture',
  );
  t.match(readingOf([...asked, data(1, CCS), data(1, FINISHED)]).clientAuthentication, { verdict: 'requested' });
  const request = readingOf(asked).clientAuthentication;
  t.strictSame(request.certificateTypes, ['ecdsa_sign', 'rsa_sign', 'dss_sign']);
  t.strictSame(request.signatureSchemes, ['rsa_pss_rsae_sha256']);
  t.strictSame(request.certificateAuthorities.map(toHex), ['3000']);
});

t.test('a request that cannot be read is still a request', async (t) => {
  const broken = writeHandshake({ type: 13, body: fromHex('ff') });
  const reading = readingOf([FULL[0]!, data(1, handshake(serverHello12(0x002f), certificate12(500), broken, DONE))]);
  t.equal(reading.clientAuthentication.verdict, 'requested');
  t.equal(reading.problems.length, 1);
});

t.test('finite-field parameters give bits and the name of a known prime', async (t) => {
  const p = Buffer.concat([fromHex('00'), Buffer.alloc(128, 0xab)]);
  const exchange = writeServerKeyExchange({
    parameters: { kind: 'dh', p, g: fromHex('02'), publicKey: fromHex('05') },
    signatureScheme: 0x0401,
    signature: new Uint8Array(256),
  });
  const reading = readingOf([
    FULL[0]!,
    data(1, handshake(serverHello12(0x0033), certificate12(400), writeHandshake({ type: 12, body: exchange }), DONE)),
  ]);
  t.strictSame(reading.dh, { bits: 1024 });
  t.equal(reading.signatureScheme, 'rsa_pkcs1_sha256');
  t.equal(reading.namedGroup, undefined);
});

t.test('a chain of 290 kB passes over many records and segments', async (t) => {
  const sizes = Array.from({ length: 145 }, (_, i) => 1900 + i);
  const events: readonly Event[] = [FULL[0]!, data(1, handshake(serverHello12(0x002f), certificate12(...sizes), DONE))];
  const chain = play(events, { start: 'syn' }, () => 1460).reading().serverCertificate;
  t.match(chain, { seen: 'present', truncated: false });
  t.strictSame(chain.seen === 'present' && chain.certificates.map((c) => c.length), sizes);
});

t.test('a message above the cap is cut there, and what follows it is still read', async (t) => {
  const sizes = Array.from({ length: 30 }, () => 60_000);
  const events: readonly Event[] = [
    FULL[0]!,
    data(1, handshake(serverHello12(0x002f), certificate12(...sizes), REQUEST, DONE)),
  ];
  const reading = play(events, { start: 'syn' }, () => 1460).reading();
  t.match(reading.serverCertificate, { seen: 'present', truncated: true });
  t.equal(reading.serverCertificate.seen === 'present' && reading.serverCertificate.certificates.length, 17);
  t.equal(reading.clientAuthentication.verdict, 'requested');
});

t.test('a hello answered in clear is refused, and what came is kept', async (t) => {
  const http = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  const connection = play([data(0, handshake(HELLO)), data(1, http)]);
  t.strictSame(connection.sideCertainty, ['sure', 'no']);
  t.strictSame(connection.foreign[1]?.bytes, Uint8Array.from(http));
  t.equal(connection.reading().outcome, 'refused');
  t.equal(connection.reading().refusal, undefined);
  t.match(play([data(0, handshake(HELLO)), data(1, http), close(1)]).reading().refusal, { side: 1, how: 'fin' });
});

t.test('a connection where neither side is TLS is none', async (t) => {
  const connection = play([data(0, Buffer.from('GET / HTTP/1.1\r\n')), data(1, Buffer.from('HTTP/1.1 200 OK\r\n'))]);
  t.equal(connection.certainty, 'no');
  t.equal(connection.reading().sawClientHello, false);
});

t.test('early data before the ServerHello are no part of the flight that is judged', async (t) => {
  const hello = writeHandshake({
    type: 1,
    body: writeClientHello({
      legacyVersion: 0x0303,
      random: new Uint8Array(32),
      sessionId: fromHex(''),
      cipherSuites: [0x1301],
      compressionMethods: [0],
      extensions: [
        { type: 42, data: fromHex('') },
        { type: 43, data: fromHex('020304') },
      ],
    }),
  });
  const cipher = (length: number): Uint8Array => plain(23, '5a'.repeat(length));
  const reading = readingOf([
    data(0, handshake(hello)),
    data(0, cipher(500)),
    data(1, plain(22, SIMPLE_1_RTT.serverHello)),
    data(1, cipher(700)),
    data(0, cipher(53)),
    data(0, cipher(80)),
    data(1, cipher(200)),
  ]);
  t.strictSame(reading.firstApplicationRecords.client, [53, 80]);
  // More early data may follow the ServerHello (RFC 8446 section 4.5): its records look like a flight's.
  t.match(reading.clientAuthentication, { verdict: 'unknown' });
  t.equal(reading.records.client.applicationData, 3);
});

t.test('an SSLv2-format hello is a hello', async (t) => {
  const hello = fromHex('801f 01 0301 0006 0000 0010 00002f 010080 000102030405060708090a0b0c0d0e0f');
  const bytes = Uint8Array.from([0x80, hello.length - 2, ...hello.subarray(2)]);
  const reading = readingOf([data(0, bytes), data(1, handshake(serverHello12(0x002f), certificate12(300), DONE))]);
  t.match(reading, { sawClientHello: true, clientSide: 0, version: 'TLSv1.2', problems: [] });
  t.strictSame(reading.offered?.cipherSuites, ['TLS_RSA_WITH_AES_128_CBC_SHA', 'SSL_CK_RC4_128_WITH_MD5']);
});

t.test('the first record of a connection gives its place', async (t) => {
  const connection = play([]);
  const bytes = handshake(HELLO);
  connection.feed(1, bytes, 0, bytes.length, 512, 44);
  t.match(connection.reading(), { startedAtOffset: 512, startedAtFrame: 44, clientSide: 1 });
});

t.test('a connection that ends inside a message gives the complete fields', async (t) => {
  const flight = handshake(serverHello12(0x002f), certificate12(500, 600), REQUEST, DONE);
  for (const how of ['cut', 'fin', 'rst'] as const) {
    const reading = readingOf([FULL[0]!, data(1, flight.subarray(0, 700)), close(1, how)]);
    t.match(reading, { sawServerHello: true, serverCertificate: { seen: 'present', truncated: true } });
    t.equal(reading.serverCertificate.seen === 'present' && reading.serverCertificate.certificates.length, 1);
    t.equal(reading.clientAuthentication.verdict, 'unknown');
  }
});

t.test('what a gap may have swallowed is not called a refusal', async (t) => {
  const gap: Event = { kind: 'gap', side: 1, length: 5000 };
  t.equal(readingOf([...FULL.slice(0, 5), gap, close(1)]).outcome, 'incomplete');
  t.equal(readingOf([...FULL.slice(0, 5), close(1)]).outcome, 'refused');
});

t.test('the ServerHello of an early draft of TLS 1.3 names the draft', async (t) => {
  // draft-ietf-tls-tls13-18 section 4.1.3: version, random, cipher_suite, extensions.
  const hello = writeHandshake({ type: 2, body: fromHex(`7f12 ${'09'.repeat(32)} 1301 0000`) });
  const reading = readingOf([FULL[0]!, data(1, handshake(hello))]);
  t.match(reading, { version: 'TLSv1.3-draft-18', cipherSuite: 'TLS_AES_128_GCM_SHA256', problems: [] });
});
