import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import { CIPHER_SUITES } from '../../src/tls/cipher-suites.ts';
import { missing, run, tsharkRows } from '../support/capture-tools.ts';
import { pcapBytes, recording, recordings } from '../support/expected.ts';
import { frames, inVxlan, scratch, swapNeighbours, writeFrames } from '../support/transform.ts';

// Wireshark reads the same files: what it counts is what we have to count. Never its default, which drops segments.

const skip = missing('tshark', 'editcap', 'mergecap');

const read = (captures: readonly string[]): Promise<Report> =>
  analyse({ captures, configurations: [], expect: [], failOn: 'medium', now: Date.parse('2026-11-22T15:00:00Z') });

const FIELDS = [
  'frame.number',
  'tcp.stream',
  'tcp.srcport',
  'tcp.flags',
  'tcp.seq_raw',
  'tcp.len',
  'tls.record.content_type',
  'tls.record.opaque_type',
  'tls.handshake.type',
  'tls.handshake.version',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.ciphersuite',
  'tls.handshake.extensions_server_name',
  'tls.handshake.ja3',
  'tls.handshake.ja3s',
  'tls.handshake.certificates_length',
  'tls.alert_message.desc',
  'http.request.method',
] as const;

type Tally = Record<string, number>;

/** What is counted on both sides. */
interface Facts {
  readonly connections: number;
  readonly records: Tally;
  readonly clientHellos: number;
  readonly serverHellos: number;
  readonly certificates: number;
  readonly emptyCertificates: number;
  readonly certificateRequests: number;
  readonly alerts: Tally;
  readonly versions: Tally;
  readonly cipherSuites: Tally;
  readonly serverNames: Tally;
  readonly ja3: Tally;
  readonly ja3s: Tally;
  readonly httpMethods: Tally;
  /** Payload octets of both directions of each connection with a SYN-ACK, sorted. */
  readonly bytes: readonly string[];
}

const RECORDS: Readonly<Record<string, string>> = {
  20: 'changeCipherSpec',
  21: 'alert',
  22: 'handshake',
  23: 'applicationData',
};
const VERSIONS: Readonly<Record<string, string>> = {
  768: 'SSLv3',
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
};

function add(tally: Tally, key: string | undefined, count: number = 1): void {
  if (key !== undefined && count > 0) tally[key] = (tally[key] ?? 0) + count;
}

function emptyFacts() {
  return {
    connections: 0,
    records: {} as Tally,
    clientHellos: 0,
    serverHellos: 0,
    certificates: 0,
    emptyCertificates: 0,
    certificateRequests: 0,
    alerts: {} as Tally,
    versions: {} as Tally,
    cipherSuites: {} as Tally,
    serverNames: {} as Tally,
    ja3: {} as Tally,
    ja3s: {} as Tally,
    httpMethods: {} as Tally,
    bytes: [] as string[],
  };
}

/** Distance of sequence numbers, which wrap. */
const distance = (from: number, to: number): number => (to - from) >>> 0;

/** Length of each direction's stream, from the numbers of its SYN and of the end of its furthest segment. */
class Lengths {
  readonly #streams = new Map<string, { server: string; isn: Map<string, number>; end: Map<string, number> }>();

  take(row: Readonly<Record<(typeof FIELDS)[number], string[]>>): void {
    const stream = row['tcp.stream'][0]!;
    const port = row['tcp.srcport'].at(-1)!;
    const flags = Number(row['tcp.flags'].at(-1));
    const sequence = Number(row['tcp.seq_raw'].at(-1));
    let known = this.#streams.get(stream);
    if (known === undefined) {
      known = { server: '', isn: new Map(), end: new Map() };
      this.#streams.set(stream, known);
    }
    if ((flags & 2) !== 0) known.isn.set(port, sequence);
    if ((flags & 18) === 18) known.server = port;
    const isn = known.isn.get(port);
    const length = Number(row['tcp.len'].at(-1));
    if (isn === undefined || length === 0) return;
    known.end.set(port, Math.max(known.end.get(port) ?? 0, distance(isn, sequence) + length - 1));
  }

  sorted(): string[] {
    return [...this.#streams.values()]
      .filter(({ server }) => server !== '')
      .map(({ server, isn, end }) => {
        const client = [...isn.keys()].find((port) => port !== server) ?? '?';
        return `${client} > ${server}: ${end.get(client) ?? 0} ${end.get(server) ?? 0}`;
      })
      .sort();
  }
}

function fromTshark(file: string, more: readonly string[] = []): Facts {
  const facts = emptyFacts();
  const lengths = new Lengths();
  for (const row of tsharkRows(file, 'tcp', FIELDS, more)) {
    lengths.take(row);
    for (const type of [...row['tls.record.content_type'], ...row['tls.record.opaque_type']]) {
      add(facts.records, RECORDS[type] ?? type);
    }
    const types = row['tls.handshake.type'];
    facts.clientHellos += types.filter((type) => type === '1').length;
    facts.serverHellos += types.filter((type) => type === '2').length;
    facts.certificateRequests += types.filter((type) => type === '13').length;
    const lists = row['tls.handshake.certificates_length'];
    facts.certificates += lists.filter((length) => length !== '0').length;
    facts.emptyCertificates += lists.filter((length) => length === '0').length;
    for (const code of row['tls.alert_message.desc']) add(facts.alerts, code);
    if (types.includes('2')) {
      const version = row['tls.handshake.extensions.supported_version'][0] ?? row['tls.handshake.version'][0]!;
      add(facts.versions, VERSIONS[Number(version)]);
      add(facts.cipherSuites, CIPHER_SUITES.name(Number(row['tls.handshake.ciphersuite'][0])));
      add(facts.ja3s, row['tls.handshake.ja3s'][0]);
    }
    if (types.includes('1')) {
      add(facts.serverNames, row['tls.handshake.extensions_server_name'][0]);
      add(facts.ja3, row['tls.handshake.ja3'][0]);
    }
    for (const method of row['http.request.method']) add(facts.httpMethods, method);
  }
  facts.bytes = lengths.sorted();
  return { ...facts, connections: facts.bytes.length };
}

function fromReport(report: Report): Facts {
  const facts = emptyFacts();
  for (const one of report.observations) {
    if (one.quality?.midstream !== true) {
      facts.bytes.push(`${one.client!.port} > ${one.server.port}: ${one.bytes.client} ${one.bytes.server}`);
    }
    addTls(facts, one);
    const methods = one.plaintext?.details.methods;
    for (const line of Array.isArray(methods) ? (methods as string[]) : []) {
      const [method, count] = line.split(' ');
      add(facts.httpMethods, method, Number(count));
    }
  }
  facts.bytes.sort();
  return { ...facts, connections: facts.bytes.length };
}

function addTls(facts: ReturnType<typeof emptyFacts>, { tls }: Observation): void {
  if (tls === undefined) return;
  for (const side of [tls.records.client, tls.records.server]) {
    for (const [type, count] of Object.entries(side)) add(facts.records, type, count as number);
  }
  if (tls.offered !== undefined) facts.clientHellos++;
  if (tls.cipherSuite !== undefined) facts.serverHellos++;
  for (const chain of [tls.serverCertificate, tls.clientCertificate]) {
    if (chain.seen === 'present') facts.certificates++;
  }
  if (tls.clientAuthentication.basis === 'messages') {
    if (tls.clientAuthentication.presented === 'empty') facts.emptyCertificates++;
    if (['requested', 'required'].includes(tls.clientAuthentication.verdict)) facts.certificateRequests++;
  }
  for (const alert of tls.alerts) if (alert.description !== 'encrypted') add(facts.alerts, String(alert.code));
  add(facts.versions, tls.version);
  add(facts.cipherSuites, tls.cipherSuite);
  add(facts.serverNames, tls.serverName);
  add(facts.ja3, tls.ja3);
  add(facts.ja3s, tls.ja3s);
}

/** One line a fact that differs, so that a failure names it. */
function compare(t: Test, report: Report, oracle: Facts, leaveOut: readonly (keyof Facts)[] = []): void {
  const ours = fromReport(report);
  for (const key of Object.keys(oracle) as (keyof Facts)[]) {
    if (!leaveOut.includes(key)) t.strictSame(ours[key], oracle[key], key);
  }
}

for (const one of recordings()) {
  t.test(`${one.name}: tshark counts the same`, { skip }, async (t) => {
    const file = scratch(t)('recording.pcap', pcapBytes(one));
    compare(t, await read([file]), fromTshark(file));
  });
}

/** Recordings that hold, together, every kind of traffic; each way of writing them down is tried on all. */
const CASES = ['1.20.3-all', '1.20.3-off', '1.20.3-int-tls13', '1.20.3-w-cert-client'];

for (const name of CASES) {
  const one = recording(name);

  t.test(`${name}, neighbouring segments swapped: tshark counts the same`, { skip }, async (t) => {
    const file = scratch(t)('swapped.pcap', writeFrames(swapNeighbours(frames(one)).list));
    compare(t, await read([file]), fromTshark(file));
  });

  t.test(`${name}, inside VXLAN: tshark counts the same`, { skip }, async (t) => {
    const file = scratch(t)('vxlan.pcap', writeFrames(frames(one).map((frame) => inVxlan(frame, 7))));
    compare(t, await read([file]), fromTshark(file));
  });

  t.test(`${name}, rewritten by editcap into other formats: the report is the same`, { skip }, async (t) => {
    const file = scratch(t);
    const original = file('original.pcap', pcapBytes(one));
    const report = await read([original]);
    const oracle = fromTshark(original);
    for (const format of ['pcapng', 'nsecpcap', 'modpcap'].filter(isKnownFormat)) {
      const copy = `${original}.${format}`;
      run('editcap', ['-F', format, original, copy]);
      const again = await read([copy]);
      compare(t, again, oracle);
      t.strictSame(withoutTimes(again), withoutTimes(report), format);
      t.equal(Date.parse(again.inputs[0]!.lastPacketAt!), Date.parse(report.inputs[0]!.lastPacketAt!), 'last packet');
    }
  });

  t.test(`${name}, each packet twice in a row: tshark's totals of the single recording`, { skip }, async (t) => {
    const file = scratch(t);
    const original = file('original.pcap', pcapBytes(one));
    const twice = file('twice.pcap', writeFrames(frames(one).flatMap((frame) => [frame, frame])));
    compare(t, await read([twice]), fromTshark(original));
  });
}

t.test('two recordings merged by time: tshark counts the same', { skip }, async (t) => {
  const file = scratch(t);
  const parts = ['1.20.3-int', '1.20.3-s3-https'].map((name) => file(`${name}.pcap`, pcapBytes(recording(name))));
  const merged = path.join(path.dirname(parts[0]!), 'merged.pcapng');
  run('mergecap', ['-w', merged, ...parts]);
  compare(t, await read([merged]), fromTshark(merged));
});

t.test('two recordings of the same hosts, appended or named one by one, are one run', { skip }, async (t) => {
  const file = scratch(t);
  const parts = ['1.20.3-rest-mtls', '1.20.3-int-weakcert'].map((name) =>
    file(`${name}.pcap`, pcapBytes(recording(name))),
  );
  const merged = path.join(path.dirname(parts[0]!), 'merged.pcap');
  run('mergecap', ['-a', '-F', 'pcap', '-w', merged, ...parts]);
  const oracle = fromTshark(merged);
  compare(t, await read([merged]), oracle);
  compare(t, await read(parts), oracle);
});

function isKnownFormat(format: string): boolean {
  return KNOWN_FORMATS.includes(format);
}

const KNOWN_FORMATS = skip === false ? formatsOfEditcap() : '';

/** editcap lists the formats that it writes on standard error. */
function formatsOfEditcap(): string {
  return spawnSync('editcap', ['-F'], { encoding: 'utf8' }).stderr;
}

/** What a report says of the traffic, without its times and the name of the file. */
function withoutTimes(report: Report): unknown {
  return report.observations.map(({ observedAt: _first, lastSeenAt: _last, encapsulation: _around, ...rest }) => rest);
}
