import t from 'tap';
import type { TlsReading } from '../../src/tls/reading.ts';
import { data, type Event, onlySide, play, readingOf, swapped, withGap } from './feeding.ts';
import { type RecordedConnection, recordedConnections } from './recordings.ts';

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

/** One mutual TLS 1.2 handshake and one of TLS 1.3, cut after the first data. */
function samples(): readonly RecordedConnection[] {
  const pick = (name: string, port: number): RecordedConnection => {
    const found = recordedConnections(name).find((c) => c.serverPort === port && c.answered && startsWithHello(c));
    t.ok(found, name);
    return { ...found!, events: shortened(found!.events) };
  };
  return [
    pick('1.20.3-int-expired', 6123),
    pick('1.20.3-rest-mtls', 8081),
    pick('1.20.3-int-tls13', 6121),
    pick('1.20.3-s3-https', 9000),
    pick('1.20.3-w-cert-client', 6123),
    pick('1.20.3-w-on', 6123),
  ];
}

function startsWithHello(connection: RecordedConnection): boolean {
  const first = connection.events.find((event) => event.kind === 'data');
  return first?.kind === 'data' && first.bytes[0] === 22;
}

/** The first 12 kB of a connection, and its closes. */
function shortened(events: readonly Event[]): Event[] {
  let left = 12_000;
  return events.filter((event) => {
    left -= event.kind === 'data' ? event.bytes.length : 0;
    return event.kind !== 'data' || left > 0;
  });
}

t.test('the cut of the bytes makes no difference', async (t) => {
  for (const sample of samples()) {
    const whole = readingOf(sample.events);
    t.strictSame(play(sample.events, { start: 'syn' }, () => 1).reading(), whole, 'byte by byte');
    let turn = 0;
    const odd = (): number => {
      turn += 7;
      return 1 + (turn % 31);
    };
    t.strictSame(play(sample.events, { start: 'syn' }, odd).reading(), whole, 'odd chunks');
  }
});

t.test('sides exchanged give the same reading, but for the sides', async (t) => {
  for (const sample of samples()) {
    const other = (side: 0 | 1 | undefined): 0 | 1 | undefined => (side === undefined ? undefined : side === 0 ? 1 : 0);
    const back = (r: TlsReading): unknown => ({
      ...r,
      clientSide: other(r.clientSide),
      ...(r.refusal && { refusal: { ...r.refusal, side: other(r.refusal.side) } }),
      alerts: r.alerts.map((alert) => ({ ...alert, side: other(alert.side) })),
    });
    const reading = readingOf(sample.events);
    t.strictSame(back(readingOf(swapped(sample.events))), reading);
  }
});

t.test('a capture that starts in mid-stream with the hello reads as much', async (t) => {
  for (const sample of samples()) {
    t.strictSame(readingOf(sample.events, { start: 'midstream' }), readingOf(sample.events));
  }
});

t.test('one direction alone is read', async (t) => {
  const [tls12, , tls13] = samples();
  const client = readingOf(onlySide(tls12!.events, 0));
  t.match(client, { sawClientHello: true, sawServerHello: false, clientSide: 0, outcome: 'established' });
  t.equal(client.ja3, '0aef1cbafb546057f4a72aebb4bade1e');
  t.equal(client.clientCertificate.seen, 'present');
  t.match(client.clientAuthentication, { verdict: 'requested', presented: 'certificate' });
  const server = readingOf(onlySide(tls12!.events, 1));
  t.match(server, { sawClientHello: false, sawServerHello: true, clientSide: 0, version: 'TLSv1.2' });
  t.equal(server.serverCertificate.seen, 'present');
  t.match(server.clientAuthentication, { verdict: 'requested', presented: 'unknown' });
  const hidden = readingOf(onlySide(tls13!.events, 0));
  t.match(hidden.clientAuthentication, { verdict: 'unknown', presented: 'unknown' });
});

t.test('a gap inside the server certificate keeps what stands before and after it', async (t) => {
  const [sample] = samples();
  const whole = readingOf(sample!.events);
  const reading = readingOf(withGap(sample!.events, 1, 400, 700));
  t.match(reading.serverCertificate, { seen: 'present', truncated: true });
  t.strictSame(reading.serverCertificate.seen === 'present' && reading.serverCertificate.certificates, []);
  t.match(reading.clientAuthentication, { verdict: 'requested', presented: 'certificate' });
  t.strictSame(reading.clientAuthentication.certificateAuthorities, whole.clientAuthentication.certificateAuthorities);
  t.equal(reading.namedGroup, whole.namedGroup, 'messages after the certificate are still found');
  t.ok(reading.problems.some((problem) => problem.startsWith('certificate truncated')));
  t.equal(reading.resynchronisations, 0);
});

t.test('a chain of three keeps the certificates before the cut', async (t) => {
  const sample = recordedConnections('1.20.3-rest-mtls').find((c) => c.answered && c.serverPort === 8081);
  const whole = readingOf(sample!.events).serverCertificate;
  const all = whole.seen === 'present' ? whole.certificates : [];
  t.equal(all.length, 3);
  const cut = 200 + all[0]!.length;
  const part = readingOf(withGap(sample!.events, 1, cut, cut + 50)).serverCertificate;
  t.match(part, { seen: 'present', truncated: true });
  t.strictSame(part.seen === 'present' && part.certificates, all.slice(0, 1));
});

t.test('a gap inside application data changes no count', async (t) => {
  const sample = recordedConnections('1.20.3-int-tls13').find((c) => c.serverPort === 6121)!;
  const whole = readingOf(sample.events);
  const [client] = offsetsOfLongRecords(sample.events, 0);
  const gapped = readingOf(withGap(sample.events, 0, client! + 40, client! + 300));
  t.strictSame(gapped, whole);
});

/** Stream offsets of records of more than 600 bytes on one side. */
function offsetsOfLongRecords(events: readonly Event[], side: 0 | 1): readonly number[] {
  const stream = Buffer.concat(events.flatMap((e) => (e.kind === 'data' && e.side === side ? [e.bytes] : [])));
  const offsets: number[] = [];
  for (let at = 0; at + 5 <= stream.length; at += 5 + stream.readUInt16BE(at + 3)) {
    if (stream.readUInt16BE(at + 3) > 600 && at > 4000) {
      offsets.push(at);
    }
  }
  return offsets;
}

t.test('a gap over record boundaries is bridged by the next chain of records', async (t) => {
  const sample = recordedConnections('1.20.3-int-tls13').find((c) => c.serverPort === 6121)!;
  const whole = readingOf(sample.events);
  const offsets = offsetsOfLongRecords(sample.events, 1);
  const from = offsets[2] ?? 5000;
  const gapped = readingOf(withGap(sample.events, 1, from + 100, from + 3000));
  t.equal(gapped.resynchronisations, 1);
  t.equal(gapped.outcome, 'established');
  const lost = whole.records.server.applicationData - gapped.records.server.applicationData;
  t.ok(lost > 0 && lost < 200, `${lost} records lost`);
  t.strictSame(gapped.records.server.alert, 0, 'no alert is invented');
  t.strictSame(gapped.records.client, whole.records.client);
});

t.test('damaged connections never throw and stay within bounds', async (t) => {
  let seed = 20_240_229;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % below;
  };
  const all = samples();
  let problems = 0;
  for (let i = 0; i < 1500; i++) {
    const events = all[i % all.length]!.events.flatMap((event): Event[] => {
      if (event.kind !== 'data' || random(3) > 0) {
        return [event];
      }
      const bytes = Uint8Array.from(event.bytes);
      for (let k = random(4); k >= 0; k--) {
        bytes[random(bytes.length)] = random(256);
      }
      const kind = random(6);
      const length = 1 + random(400);
      return kind === 0 ? [{ kind: 'gap', side: event.side, length }] : kind === 1 ? [] : [data(event.side, bytes)];
    });
    const connection = play(events, { start: i % 2 === 0 ? 'syn' : 'midstream' });
    const reading = connection.reading();
    problems = Math.max(problems, reading.problems.length);
  }
  t.ok(problems > 0 && problems <= 16, `${problems} problems at most`);
});

t.test('no gap makes a CertificateRequest that was sent look like none', async (t) => {
  const [sample] = samples();
  const verdicts = new Set<string>();
  for (let from = 0; from < 2400; from += 5) {
    const { verdict } = readingOf(withGap(sample!.events, 1, from, from + 60)).clientAuthentication;
    verdicts.add(verdict);
  }
  // The client's Certificate still tells that one was asked for.
  t.strictSame([...verdicts], ['requested']);
  const serverOnly = new Set<string>();
  for (let from = 0; from < 2400; from += 5) {
    serverOnly.add(readingOf(withGap(onlySide(sample!.events, 1), 1, from, from + 60)).clientAuthentication.verdict);
  }
  t.strictSame([...serverOnly].sort(), ['requested', 'unknown']);
});
