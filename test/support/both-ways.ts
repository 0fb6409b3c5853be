import path from 'node:path';
import { Encapsulations } from '../../src/capture/encapsulation.ts';
import { analyse } from '../../src/cli/analysis.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { Topology } from '../../src/flink/topology.ts';
import type { ClearProtocol, Probe } from '../../src/model/probe.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import type { Transcript } from '../../src/net/wire.ts';
import { CaptureWriter, type CaptureWritten } from '../../src/observe/active/capture-writer.ts';
import { recordTranscript } from '../../src/observe/active/transcript.ts';
import { observations } from '../../src/observe/observations.ts';
import type { ConnectionRecord } from '../../src/observe/record.ts';
import { formatTime } from '../../src/observe/time.ts';
import { CertificateCache } from '../../src/x509/certificate.ts';

/** What is seen of connections by those who made them, and by those who read the capture of them. */
export interface BothWays {
  /** From the transcripts. */
  readonly live: readonly Observation[];
  /** From the file, by `analyse`. */
  readonly read: readonly Observation[];
  /** Connections that never stood, which captures only count: refused, not answered. */
  readonly attempts: { readonly live: readonly [number, number]; readonly read: readonly [number, number] };
  readonly file: string;
  /** One for each transcript; absent where nothing was written of it. */
  readonly frames: readonly ({ readonly first: number; readonly last: number } | undefined)[];
  readonly written: CaptureWritten;
  readonly report: Report;
}

/**
 * Writes connections to a capture and reads it again. `live` and `read` have to be the same, ids included: one capture
 * names no files.
 */
export async function bothWays(transcripts: readonly Transcript[], folder: string): Promise<BothWays> {
  const probes = await loadProbes();
  const protocols = protocolsOf(probes);
  const file = path.join(folder, `${process.hrtime.bigint()}.pcapng`);
  const writer = new CaptureWriter(file, 'flinkprobe test');
  const frames = transcripts.map((transcript) => writer.keep(transcript));
  const written = writer.finish();
  const records = transcripts.flatMap((transcript, index) => {
    const place = frames[index];
    return place === undefined ? [] : [recordTranscript(transcript, place, protocols)];
  });
  const report = await analyse({
    captures: [file],
    configurations: [],
    expect: [],
    failOn: 'critical',
    now: Date.now(),
  });
  const never = records.filter(neverStood);
  const refused = never.filter(({ reset }) => reset !== 'no').length;
  return {
    live: observe(
      records.filter((record) => !neverStood(record)),
      probes,
    ),
    read: report.observations,
    attempts: {
      live: [refused, never.length - refused],
      read: [report.summary?.refusedAttempts ?? -1, report.summary?.unansweredAttempts ?? -1],
    },
    file,
    frames,
    written,
    report,
  };
}

function protocolsOf(probes: readonly Probe[]): ClearProtocol[] {
  return [...new Set(probes.flatMap((probe) => probe.protocols))].sort((a, b) => a.order - b.order);
}

function neverStood({ speech, synAck }: ConnectionRecord): boolean {
  return speech.kind === 'silent' && synAck === 'not-seen';
}

/** As `analyse` does with what it kept of captures. */
function observe(records: readonly ConnectionRecord[], probes: readonly Probe[]): Observation[] {
  const topology = new Topology(probes, []);
  for (const { speech, hosts, ports } of records) {
    if (speech.kind !== 'clear') continue;
    for (const hint of speech.reading.hints) topology.learn(hint, hosts, ports);
  }
  topology.nameSoleServers(records.map(({ hosts, ports }) => ({ host: hosts[1], port: ports[1] })));
  return observations(
    records.map((record) => ({ record, repeats: 0 })),
    {
      topology,
      probes: new Map(probes.map((probe) => [probe.id, probe])),
      encapsulations: new Encapsulations(),
      certificates: new CertificateCache(),
      place: (frame) => ({ frame }),
      time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, 'ns'),
    },
  );
}
