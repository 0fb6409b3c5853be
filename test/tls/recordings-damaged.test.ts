import t from 'tap';
import type { TlsReading } from '../../src/tls/reading.ts';
import { data, type Event, onlySide, play, readingOf, swapped, withGap } from './feeding.ts';
import { type RecordedConnection, recordedConnections } from './recordings.ts';

// Real connections, cut, exchanged, gapped and damaged: what is left must be read the same.

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
