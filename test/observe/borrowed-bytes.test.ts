import t from 'tap';
import { Decoder } from '../../src/capture/decoder.ts';
import { Packet } from '../../src/capture/packet.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { Topology } from '../../src/flink/topology.ts';
import { observations } from '../../src/observe/observations.ts';
import { PassiveWitness } from '../../src/observe/passive.ts';
import { formatTime } from '../../src/observe/time.ts';
import { CertificateCache } from '../../src/x509/certificate.ts';
import { compareClear, compareTls } from '../support/compare.ts';
import { recordings } from '../support/expected.ts';
import { frames } from '../support/transform.ts';

const probes = await loadProbes();
const protocols = [...new Set(probes.flatMap((probe) => probe.protocols))].sort((a, b) => a.order - b.order);

/**
 * A packet's bytes belong to the reader, which overwrites them with the next ones. Here they are overwritten at once:
 * whatever was kept without a copy turns up as garbage.
 */
for (const one of recordings()) {
  t.test(`${one.name}: nothing is kept of a packet's bytes without a copy`, (t) => {
    const witness = new PassiveWitness({ protocols });
    const decoder = new Decoder((segment) => witness.take(segment));
    const shared = Buffer.alloc(1 << 17);
    const packet = new Packet();
    for (const { seconds, micros, data, originalLength } of frames(one)) {
      data.copy(shared, 64);
      Object.assign(packet, {
        bytes: shared,
        start: 64,
        end: 64 + data.length,
        originalLength,
        seconds,
        nanoseconds: micros * 1000,
        frame: packet.frame + 1,
      });
      decoder.decode(packet);
      shared.fill(0xa5);
    }
    decoder.finish();
    witness.finish();
    const topology = new Topology(probes, []);
    for (const { record } of witness.kept) {
      if (record.speech.kind === 'clear')
        for (const hint of record.speech.reading.hints) topology.learn(hint, record.hosts, record.ports);
    }
    const seen = observations(witness.kept, {
      topology,
      probes: new Map(probes.map((probe) => [probe.id, probe])),
      encapsulations: decoder.encapsulations,
      certificates: new CertificateCache(),
      place: (frame) => ({ frame }),
      time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, 'us'),
    });
    for (const server of one.expected.servers) {
      const own = seen.filter(({ server: { host, port } }) => host === server.host && port === server.port);
      if (server.tls !== undefined) compareTls(t, own, server.tls);
      if (server.clear !== undefined) compareClear(t, own, server.clear);
      for (const { tls } of own) {
        for (const name of tls?.clientAuthentication.certificateAuthorities ?? []) t.match(name, /CN=/);
      }
    }
    t.end();
  });
}
