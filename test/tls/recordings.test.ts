import t from 'tap';
import type { TlsReading } from '../../src/tls/reading.ts';
import { play, readingOf } from './feeding.ts';
import { recordedConnections } from './recordings.ts';

// Expected values: truth of the recordings (configuration of the clusters), and tshark 4.0.17 with
// `-o tcp.reassemble_out_of_order:TRUE` for record totals, suites, JA3 and certificate counts.

function readings(name: string, port: number): readonly TlsReading[] {
  return recordedConnections(name)
    .filter((connection) => connection.serverPort === port && connection.answered)
    .map((connection) => readingOf(connection.events, { start: connection.start }));
}

/** Readings of one port that are alike in what `view` shows, each once. */
function distinct(name: string, port: number, view: (reading: TlsReading) => unknown): readonly unknown[] {
  return [...new Set(readings(name, port).map((r) => JSON.stringify(view(r))))].map(
    (text) => JSON.parse(text) as unknown,
  );
}

const verdict = (r: TlsReading): unknown => [
  r.outcome,
  r.version,
  r.cipherSuite,
  r.clientAuthentication.verdict,
  r.clientAuthentication.presented,
  r.clientAuthentication.basis,
];

t.test('mutual TLS 1.2 with the default suite is established, requested, and shows both chains', async (t) => {
  for (const port of [6123, 6121, 6124]) {
    t.strictSame(distinct('1.20.3-int-expired', port, verdict), [
      ['established', 'TLSv1.2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'requested', 'certificate', 'messages'],
    ]);
  }
  const [reading] = readings('1.20.3-int-expired', 6123);
  t.equal(reading?.serverCertificate.seen, 'present');
  t.strictSame(reading?.serverCertificate, reading?.clientCertificate, 'Flink shows one certificate from both sides');
  t.equal(reading?.clientSide, 0);
  t.equal(reading?.namedGroup, 'x25519');
  t.equal(reading?.ja3, '0aef1cbafb546057f4a72aebb4bade1e');
  t.strictSame(reading?.clientAuthentication.certificateTypes, ['ecdsa_sign', 'rsa_sign', 'dss_sign']);
  t.equal(reading?.clientAuthentication.certificateAuthorities.length, 1);
  t.equal(reading?.resumed, false);
  t.strictSame(reading?.problems, []);
});

t.test('static RSA with CBC on REST with client certificates', async (t) => {
  t.strictSame(distinct('1.20.3-rest-mtls', 8081, verdict), [
    ['established', 'TLSv1.2', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'requested', 'certificate', 'messages'],
  ]);
  t.equal(readings('1.20.3-rest-mtls', 8081).length, 19);
  t.ok(readings('1.20.3-rest-mtls', 8081).every((r) => r.namedGroup === undefined && !r.encryptThenMac));
});

t.test('TLS 1.3 without client authentication is told by the length of the Finished', async (t) => {
  t.strictSame(distinct('1.20.3-rest', 8081, verdict), [
    ['established', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256', 'not-requested', 'none', 'record-lengths'],
  ]);
  const [reading] = readings('1.20.3-rest', 8081);
  t.equal(reading?.firstApplicationRecords.client[0], 53);
  t.strictSame(reading?.serverCertificate, { seen: 'hidden', because: 'encrypted' });
});

t.test('mutual TLS 1.3 is told by the length of the certificate, from Netty and from a JSSE socket', async (t) => {
  for (const [port, first, ja3] of [
    [6123, 1540, '64111692cb4191c943b57844576c39b4'],
    [6121, 1540, '64111692cb4191c943b57844576c39b4'],
    [6124, 1112, '795a08fe385896aee616d3b7236502da'],
  ] as const) {
    t.strictSame(distinct('1.20.3-int-tls13', port, verdict), [
      ['established', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256', 'requested', 'certificate', 'record-lengths'],
    ]);
    t.strictSame(
      distinct('1.20.3-int-tls13', port, (r) => [r.firstApplicationRecords.client[0], r.ja3]),
      [[first, ja3]],
    );
  }
});

t.test('a resumed TLS 1.3 handshake leaves client authentication unknown', async (t) => {
  const all = readings('1.20.3-s3-https', 9000);
  t.equal(all.length, 330);
  const resumed = all.filter((r) => r.resumed === true);
  t.equal(resumed.length, 212);
  t.ok(resumed.every((r) => r.clientAuthentication.verdict === 'unknown'));
  t.ok(resumed.every((r) => r.serverCertificate.seen === 'hidden' && r.serverCertificate.because === 'resumed'));
  const full = all.filter((r) => r.resumed === false);
  t.equal(full.length, 118);
  t.ok(
    full.every((r) => r.clientAuthentication.verdict === 'not-requested' && r.cipherSuite === 'TLS_AES_256_GCM_SHA384'),
  );
  t.ok(full.every((r) => r.firstApplicationRecords.client[0] === 85));
  t.ok(all.every((r) => r.outcome === 'established' && r.serverName === undefined));
});

t.test('an empty client certificate that is refused by an alert means required', async (t) => {
  const refused = readings('1.20.3-w-cert-client', 6123).filter((r) => r.outcome === 'refused');
  t.equal(refused.length, 2);
  for (const reading of refused) {
    t.match(reading.refusal, { side: 1, how: 'alert', after: 'empty certificate' });
    t.match(reading.alerts, [{ side: 1, level: 'fatal', description: 'bad_certificate', code: 42 }]);
    t.match(reading.clientAuthentication, { verdict: 'required', presented: 'empty', basis: 'messages' });
    t.strictSame(reading.clientCertificate, { seen: 'absent' });
  }
});

t.test('an empty client certificate that is refused by FIN alone means required as well', async (t) => {
  const refused = readings('1.17.2-w-cert-client', 6123).filter((r) => r.outcome === 'refused');
  t.ok(refused.length > 0);
  for (const reading of refused) {
    t.match(reading.refusal, { side: 1, how: 'fin', after: 'empty certificate' });
    t.strictSame(reading.alerts, []);
    t.match(reading.clientAuthentication, { verdict: 'required', presented: 'empty' });
  }
});

t.test('refusals name who refused, how, and after which message', async (t) => {
  const cases: readonly (readonly [string, number, object])[] = [
    ['1.20.3-w-cert', 6123, { side: 0, how: 'alert', after: 'server_hello_done' }],
    ['1.20.3-w-ec', 6123, { side: 1, how: 'alert', after: 'client_hello' }],
    ['1.20.3-w-pin-jm', 6123, { side: 1, how: 'alert', after: 'finished' }],
    ['1.20.3-w-on', 6123, { side: 1, how: 'fin', after: 'client_hello' }],
  ];
  for (const [name, port, expected] of cases) {
    const refused = readings(name, port).filter((r) => r.outcome === 'refused');
    t.ok(refused.length > 0, name);
    for (const reading of refused) {
      t.match(reading.refusal, expected, name);
    }
  }
});

t.test('a fingerprint pin leaves the list of authorities empty', async (t) => {
  const all = readings('1.20.3-w-pin-jm', 6123);
  t.equal(all.length, 2);
  for (const reading of all) {
    t.strictSame(reading.clientAuthentication.certificateAuthorities, []);
    t.equal(reading.clientAuthentication.verdict, 'requested');
    t.match(reading.alerts, [{ description: 'certificate_unknown', code: 46 }]);
  }
});

t.test('a ClientHello that silence answers is incomplete', async (t) => {
  const hellos = readings('1.20.3-wd-mixed', 6121).filter((r) => r.sawClientHello);
  t.equal(hellos.length, 2);
  t.ok(hellos.every((r) => r.outcome === 'incomplete' && r.refusal === undefined));
});

t.test('a clear BLOB request answered by an alert: one side is foreign, the other is TLS', async (t) => {
  const blob = recordedConnections('1.20.3-wb-mixed').filter((c) => c.serverPort === 6124);
  const clear = blob.map((c) => play(c.events)).filter((connection) => connection.sideCertainty[0] === 'no');
  t.equal(clear.length, 252);
  for (const connection of clear) {
    t.strictSame(connection.sideCertainty, ['no', 'sure']);
    t.equal(connection.certainty, 'sure');
    const foreign = connection.foreign[0];
    t.equal(foreign?.bytes[0], 1, 'GET of the BLOB protocol');
    t.equal(foreign?.streamOffset, 0);
    t.equal(connection.foreign[1], undefined);
    t.match(connection.reading().alerts, [{ side: 1, level: 'fatal', description: 'unexpected_message', code: 10 }]);
  }
});

t.test('a clear frame answered by two warning alerts of Netty 3', async (t) => {
  const connections = recordedConnections('1.17.2-w-off').filter((c) => c.serverPort === 6123 && c.answered);
  const answered = connections.map((c) => play(c.events)).filter((c) => c.sideCertainty[0] === 'no');
  t.ok(answered.length > 0);
  for (const connection of answered) {
    const codes = connection.reading().alerts.map((alert) => alert.code);
    t.strictSame(
      [...codes].sort((a, b) => a - b),
      [0, 90],
    );
    t.equal(Buffer.from(connection.foreign[0]!.bytes.subarray(0, 4)).toString('hex'), '00000025');
    t.equal(connection.foreign[0]!.bytes.length, 41, 'an ASSOCIATE of a host with three letters');
  }
});

t.test('clear Flink and HTTP traffic is refused at its first byte', async (t) => {
  const clear = recordedConnections('1.20.3-prom').filter((c) => c.events.some((event) => event.kind === 'data'));
  t.ok(clear.length > 0);
  for (const connection of clear) {
    const sides = new Set(connection.events.filter((e) => e.kind === 'data').map((e) => e.side));
    const followed = play(connection.events, { start: 'syn' });
    for (const side of sides) {
      t.equal(followed.sideCertainty[side], 'no', `${connection.client} ${connection.server}`);
    }
  }
});

const RECORD_TOTALS: readonly (readonly [string, readonly [number, number, number, number]])[] = [
  ['1.17.2-w-cert-client', [3, 0, 10, 24]],
  ['1.17.2-w-off', [2, 6, 6, 30]],
  ['1.20.3-int-expired', [12, 4, 48, 2685]],
  ['1.20.3-int-tls13', [12, 0, 12, 2884]],
  ['1.20.3-rest', [40, 0, 40, 121]],
  ['1.20.3-rest-mtls', [38, 38, 133, 39]],
  ['1.20.3-s3-https', [660, 0, 660, 2958]],
  ['1.20.3-wb-mixed', [2, 254, 12, 10]],
  ['1.20.3-zk-tls', [4, 0, 12, 193]],
];

for (const [name, expected] of RECORD_TOTALS) {
  t.test(`record totals of ${name} are those of tshark`, async (t) => {
    const totals = [0, 0, 0, 0];
    let lost = 0;
    for (const connection of recordedConnections(name)) {
      const followed = play(connection.events, { start: connection.start });
      if (followed.certainty !== 'sure') {
        continue;
      }
      const reading = followed.reading();
      lost += reading.resynchronisations;
      for (const side of [reading.records.client, reading.records.server]) {
        totals[0]! += side.changeCipherSpec;
        totals[1]! += side.alert;
        totals[2]! += side.handshake;
        totals[3]! += side.applicationData;
      }
    }
    t.strictSame(totals, expected);
    t.equal(lost, 0);
  });
}
