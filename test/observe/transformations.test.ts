import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import { compareClear, compareTls } from '../support/compare.ts';
import { type ExpectedServer, type Recording, recording } from '../support/expected.ts';
import { type Frame, frames, inVxlan, scratch, swapNeighbours, tcpOf, writeFrames } from '../support/transform.ts';

/** Real recordings, damaged or wrapped in ways whose outcome the recording's own facts still decide. */
const CASES = ['1.20.3-int-gcm', '1.20.3-int-tls13', '1.20.3-off', '1.20.3-int-rpcoff'];

const read = (captures: readonly string[]): Promise<Report> =>
  analyse({ captures, configurations: [], expect: [], failOn: 'medium', now: Date.parse('2026-11-22T15:00:00Z') });

const of = (report: Report, server: ExpectedServer): Observation[] =>
  report.observations.filter((one) => one.server.host === server.host && one.server.port === server.port);

/** Everything but places (frame numbers), which a transformation moves. */
function compareAll(t: Test, report: Report, one: Recording): void {
  for (const server of one.expected.servers) {
    if (server.tls !== undefined) compareTls(t, of(report, server), server.tls);
    if (server.clear !== undefined) compareClear(t, of(report, server), server.clear, 'without-places');
  }
}

for (const name of CASES) {
  const one = recording(name);

  t.test(`${name}: segments out of order change nothing`, async (t) => {
    const file = scratch(t);
    const { list, swapped } = swapNeighbours(frames(one));
    t.ok(swapped > 100, `${swapped} pairs swapped`);
    compareAll(t, await read([file('swapped.pcap', writeFrames(list))]), one);
  });

  t.test(`${name}: inside VXLAN it is the same, and the network is named`, async (t) => {
    const file = scratch(t);
    const report = await read([file('vxlan.pcap', writeFrames(frames(one).map((frame) => inVxlan(frame, 7))))]);
    compareAll(t, report, one);
    t.match(report.observations[0]?.encapsulation, { tunnel: 'vxlan', vni: 7 });
  });

  t.test(`${name}: each packet inside and outside of a tunnel is a duplicate, not a retransmission`, async (t) => {
    const file = scratch(t);
    const list = frames(one);
    const report = await read([file('twice.pcap', writeFrames(list.flatMap((frame) => [frame, inVxlan(frame, 9)])))]);
    compareAll(t, report, one);
    // Acknowledgements and resets that belong to no connection are in no table and cannot be told twice.
    const copies = list.filter((frame) => (tcpOf(frame)?.length ?? 0) > 0).length;
    t.ok(
      report.inputs[0]!.quality!.duplicates >= copies,
      `${report.inputs[0]!.quality!.duplicates} of ${copies} data packets`,
    );
  });

  t.test(`${name}: cut into three files, compressed, it is one run`, async (t) => {
    const file = scratch(t);
    const list = frames(one);
    const third = Math.ceil(list.length / 3);
    const files = [0, 1, 2].map((part) =>
      file(`part${part}`, gzipSync(writeFrames(list.slice(part * third, (part + 1) * third)))),
    );
    const report = await read(files);
    compareAll(t, report, one);
    t.equal(report.inputs.length, 3);
    t.equal(
      report.inputs.reduce((sum, input) => sum + (input.packets ?? 0), 0),
      list.length,
    );
    t.equal(report.inputs[1]!.format, 'pcap+gzip');
    t.ok(
      report.observations.every((observation) => files.includes(observation.frames!.file!)),
      'frames name their file',
    );
  });

  t.test(`${name}: without SYNs every connection is found and told by its content`, async (t) => {
    const file = scratch(t);
    const report = await read([
      file('no-syn.pcap', writeFrames(frames(one).filter((frame) => ((tcpOf(frame)?.flags ?? 0) & 2) === 0))),
    ]);
    for (const server of one.expected.servers) {
      const seen = of(report, server);
      const kinds = new Set(seen.map((observation) => observation.kind));
      t.strictSame([...kinds], [server.kind === 'tls' ? 'tls' : 'plaintext'], `${server.channel} is ${server.kind}`);
      t.ok(seen.every((observation) => observation.quality?.midstream === true && observation.roleBasis !== 'syn'));
      if (server.tls !== undefined) compareTls(t, seen, server.tls);
    }
  });

  t.test(`${name}: a capture cut after 96 octets of each packet passes nothing that it has not seen`, async (t) => {
    const file = scratch(t);
    const list = frames(one);
    const cut = list.map((frame) => ({ ...frame, data: frame.data.subarray(0, 96) }));
    const report = await read([file('cut.pcap', writeFrames(cut))]);
    t.equal(report.inputs[0]!.quality!.cutPackets, list.filter((frame) => frame.data.length > 96).length);
    t.not(report.verdict, 'pass');
    for (const observation of report.observations) {
      const chain = observation.tls?.serverCertificate;
      t.not(chain?.seen, 'absent', 'a certificate that was cut off is never absent');
    }
  });

  t.test(`${name}: lost packets invent no alert and no clear text, and are counted`, async (t) => {
    const file = scratch(t);
    let seed = 7;
    const isKept = (frame: Frame): boolean => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (tcpOf(frame)?.length ?? 0) === 0 || seed % 50 !== 0;
    };
    const report = await read([file('lossy.pcap', writeFrames(frames(one).filter(isKept)))]);
    t.ok(report.inputs[0]!.quality!.gaps > 0);
    for (const server of one.expected.servers) {
      for (const observation of of(report, server)) {
        const allowed = server.kind === 'tls' ? ['tls', 'undecided'] : ['plaintext', 'undecided'];
        t.ok(allowed.includes(observation.kind), `${server.channel} ${observation.id} is ${observation.kind}`);
        const plain = observation.tls?.alerts.filter((alert) => alert.description !== 'encrypted') ?? [];
        t.ok(plain.length <= (server.tls?.alerts.length ?? 0), 'no alert that was not there');
      }
    }
  });
}

t.test(
  'one direction only: the client alone tells its offer, the server alone its choice and its certificate',
  async (t) => {
    const one = recording('1.20.3-int-gcm');
    const file = scratch(t);
    const servers = new Set(one.expected.servers.map((server) => `${server.host}:${server.port}`));
    const list = frames(one);
    const client = await read([
      file('client.pcap', writeFrames(list.filter((frame) => servers.has(tcpOf(frame)?.to ?? '')))),
    ]);
    const server = await read([
      file('server.pcap', writeFrames(list.filter((frame) => servers.has(tcpOf(frame)?.from ?? '')))),
    ]);
    for (const fact of one.expected.servers) {
      if (fact.tls === undefined) continue;
      for (const { tls, quality, server: endpoint } of of(client, fact)) {
        t.equal(endpoint.port, fact.port);
        t.equal(quality?.oneSided, 'client-only');
        t.ok((tls?.offered?.cipherSuites.length ?? 0) > 0);
        t.match(tls?.ja3, /^[0-9a-f]{32}$/);
        t.equal(tls?.cipherSuite, undefined, 'what was not seen is not said');
        t.match(tls?.clientCertificate, {
          seen: 'present',
          chain: [{ sha256: fact.tls.clientCertificates[0]!.sha256 }],
        });
      }
      for (const { tls, quality } of of(server, fact)) {
        t.equal(quality?.oneSided, 'server-only');
        t.equal(tls?.version, Object.keys(fact.tls.versions)[0]);
        t.equal(tls?.cipherSuite, Object.keys(fact.tls.cipherSuites)[0]);
        t.equal(tls?.offered, undefined);
        t.equal(tls?.clientAuthentication.verdict, 'requested');
        t.match(tls?.serverCertificate, {
          seen: 'present',
          chain: [{ sha256: fact.tls.serverCertificates[0]!.sha256 }],
        });
      }
    }
  },
);
