import { Topology } from '../flink/topology.ts';
import type { ClearProtocol, EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Observation } from '../model/report.ts';
import { type CaptureRun, observeCaptures } from '../observe/captures.ts';
import { protocolsOf } from '../observe/dialogue.ts';
import { PASS_ALL, type SegmentFilter } from '../observe/filter.ts';
import { observations } from '../observe/observations.ts';
import { heardOf } from '../observe/record.ts';
import { formatTime } from '../observe/time.ts';
import { KeyLog } from '../tls/key-log.ts';
import { CertificateCache } from '../x509/certificate.ts';

/** What reading captures depends on, whichever command asks. */
export interface WireRequest {
  readonly captures: readonly string[];
  /** Text in hosts-file syntax. */
  readonly names?: string;
  /** Text in NSS key log format. */
  readonly keyLog?: string;
  readonly filter?: SegmentFilter;
  readonly crossCheck?: 'wanted' | 'not-wanted';
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
}

/** What captures tell. */
export interface WireTestimony {
  readonly run: CaptureRun;
  readonly observations: readonly Observation[];
  /** The processes, by hosts file, configurations and what the traffic says of itself. */
  readonly topology: Topology;
}

/** Reads captures. Throws `CaptureError` that names what cannot be read at all. */
export async function wireWitness(
  request: WireRequest,
  configurations: readonly EffectiveConfiguration[],
  probes: readonly Probe[],
): Promise<WireTestimony> {
  const run = await readCaptures(request, protocolsOf(probes));
  const topology = new Topology(probes, configurations);
  if (request.names !== undefined) topology.addHosts(request.names);
  return testify(run, topology, probes);
}

/** What packets that were read say, once all of them are known. Takes what the run kept. */
export function testify(run: CaptureRun, topology: Topology, probes: readonly Probe[]): WireTestimony {
  for (const [address, name] of run.names) topology.addName(address, name);
  learn(run, topology);
  topology.nameSoleServers(run.witness.kept.map(({ record }) => ({ host: record.hosts[1], port: record.ports[1] })));
  const seen = observations(run.witness.kept, {
    topology,
    probes: new Map(probes.map((probe) => [probe.id, probe])),
    encapsulations: run.encapsulations,
    certificates: new CertificateCache(),
    place: run.place,
    time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, run.precision),
  });
  return { run, observations: seen, topology };
}

/** Two passes where a capture's own secrets stood behind the packets that they open. */
async function readCaptures(request: WireRequest, protocols: readonly ClearProtocol[]): Promise<CaptureRun> {
  const keyLog = new KeyLog();
  if (request.keyLog !== undefined) keyLog.add(request.keyLog);
  const options = {
    protocols,
    keyLog,
    filter: request.filter ?? PASS_ALL,
    crossCheck: request.crossCheck ?? 'not-wanted',
    signal: request.signal ?? new AbortController().signal,
  } as const;
  const run = await observeCaptures(request.captures, options);
  const isRepeatable = run.complete && !request.captures.includes('-');
  if (run.secrets !== 'late' || !isRepeatable) return run;
  request.say?.('secrets stand behind packets that they open: reading once more');
  return observeCaptures(request.captures, options);
}

/** Clear traffic names processes, ports and versions; TLS connections to the same places profit from it. */
function learn(run: CaptureRun, topology: Topology): void {
  for (const { record } of run.witness.kept) {
    if (record.speech.kind !== 'clear') continue;
    for (const hint of record.speech.reading.hints) topology.learn(hint, record.hosts, record.ports, heardOf(record));
  }
}
