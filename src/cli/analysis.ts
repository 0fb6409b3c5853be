import { coverage } from '../evaluate/coverage.ts';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import { type Evaluation, evaluate } from '../evaluate/engine.ts';
import { policyExpectations } from '../evaluate/policy-expectations.ts';
import { runVerdict } from '../evaluate/severity.ts';
import { expectations } from '../flink/expectation.ts';
import { Topology } from '../flink/topology.ts';
import type { ChannelId } from '../model/channel.ts';
import type { Policy } from '../model/policy.ts';
import type { ClearProtocol, Probe } from '../model/probe.ts';
import { type Expectation, type Input, type Report, SCHEMA_VERSION } from '../model/report.ts';
import { type CaptureRun, observeCaptures } from '../observe/captures.ts';
import { PASS_ALL, type SegmentFilter } from '../observe/filter.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import type { LogFile } from '../observe/log-file.ts';
import type { LogRun } from '../observe/logs.ts';
import { observations } from '../observe/observations.ts';
import { formatTime } from '../observe/time.ts';
import type { FailOn } from '../report/severity.ts';
import { KeyLog } from '../tls/key-log.ts';
import { CertificateCache } from '../x509/certificate.ts';
import type { ConfigurationFiles } from './common.ts';
import { describeConfiguration, parseConfigurations } from './configurations.ts';
import { diskWitness } from './disk-witness.ts';
import { NO_LOGS, readLogs } from './log-witness.ts';
import { version } from './version.ts';

/** All that an analysis of captures depends on. Files named here are read, nothing else is. */
export interface AnalysisRequest {
  readonly captures: readonly string[];
  readonly configurations: readonly ConfigurationFiles[];
  /** Text in hosts-file syntax. */
  readonly names?: string;
  /** Key stores to hold served certificates against, besides those that configurations name. */
  readonly keystores?: readonly GivenStore[];
  /** Logs of the processes. */
  readonly logs?: readonly LogFile[];
  /** Text in NSS key log format. */
  readonly keyLog?: string;
  readonly flinkVersion?: string;
  /** Known-good baseline to judge by. */
  readonly policy?: Policy;
  readonly expect: readonly (ChannelId | 'all')[];
  readonly filter?: SegmentFilter;
  readonly crossCheck?: 'wanted' | 'not-wanted';
  readonly failOn: FailOn;
  /** Milliseconds since the epoch, as of which validity is judged. */
  readonly now: number;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  /** Told of what is odd about the inputs and does not end the run. */
  readonly warn?: (line: string) => void;
}

/** Reads captures and configurations, judges them and puts the report together. */
export async function analyse(request: AnalysisRequest): Promise<Report> {
  const startedAt = new Date().toISOString();
  const [probes, rules] = await Promise.all([loadProbes(), loadRules()]);
  const parsed = await parseConfigurations(request);
  const run = await readCaptures(request, protocolsOf(probes));
  const topology = new Topology(probes, parsed);
  if (request.names !== undefined) topology.addHosts(request.names);
  for (const [address, name] of run.names) topology.addName(address, name);
  learn(run, topology);
  topology.nameSoleServers(run.witness.kept.map(({ record }) => ({ host: record.hosts[1], port: record.ports[1] })));

  const wire = observations(run.witness.kept, {
    topology,
    probes: new Map(probes.map((probe) => [probe.id, probe])),
    encapsulations: run.encapsulations,
    certificates: new CertificateCache(),
    place: run.place,
    time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, run.precision),
  });
  const record =
    request.logs === undefined || request.logs.length === 0
      ? NO_LOGS
      : await readLogs({
          logs: request.logs,
          configurations: parsed,
          memberOf: (host) => topology.member(host),
          ...(request.signal === undefined ? {} : { signal: request.signal }),
        });
  const disk = await diskWitness({ ...request, keystores: request.keystores ?? [], machine: 'any' }, parsed, probes);
  const seen = [...wire, ...record.observations];
  const promised = [...expectations(parsed, probes), ...policyExpectations(request.policy, probes)];
  const flinkVersions = [...new Set([...topology.flinkVersions(), ...record.flinkVersions])];
  const judgedVersion = request.flinkVersion ?? flinkVersions[0];
  const evaluation = evaluate(rules, seen, promised, {
    now: request.now,
    probes,
    connections: 'heard',
    configurations: disk.configurations,
    stores: disk.stores,
    ...(request.policy === undefined ? {} : { policy: request.policy }),
    quality: run.inputs.flatMap((input) => (input.quality === undefined ? [] : [input.quality])),
    ...(judgedVersion === undefined ? {} : { flinkVersion: judgedVersion }),
  });
  const inputs = [
    ...run.inputs,
    ...request.configurations.map((one, index) => describeConfiguration(one, parsed[index]!)),
    ...disk.inputs,
    ...record.inputs,
  ];
  return assemble(request, { startedAt, inputs, seen, promised, evaluation, probes, run, record, flinkVersions });
}

/** Two passes where a capture's own secrets stood behind the packets that they open. */
async function readCaptures(request: AnalysisRequest, protocols: readonly ClearProtocol[]): Promise<CaptureRun> {
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

function protocolsOf(probes: readonly Probe[]): ClearProtocol[] {
  return [...new Set(probes.flatMap((probe) => probe.protocols))].sort((a, b) => a.order - b.order);
}

/** Clear traffic names processes, ports and versions; TLS connections to the same places profit from it. */
function learn(run: CaptureRun, topology: Topology): void {
  for (const { record } of run.witness.kept) {
    if (record.speech.kind !== 'clear') continue;
    for (const hint of record.speech.reading.hints) topology.learn(hint, record.hosts, record.ports);
  }
}

interface Parts {
  readonly startedAt: string;
  readonly inputs: readonly Input[];
  readonly seen: Report['observations'];
  readonly promised: readonly Expectation[];
  readonly evaluation: Evaluation;
  readonly probes: readonly Probe[];
  readonly run: CaptureRun;
  readonly record: LogRun;
  readonly flinkVersions: readonly string[];
}

function assemble(request: AnalysisRequest, parts: Parts): Report {
  const { evaluation, run } = parts;
  const { totals } = run.witness;
  const covered = coverage(
    evaluation.subjects,
    parts.promised,
    parts.probes,
    request.expect,
    evaluation.findings,
    request.failOn,
    parts.seen,
  );
  const isDamaged =
    parts.record.extent === 'partial' || parts.inputs.some((input) => (input.quality?.problems.length ?? 0) > 0);
  // What was not seen is never passed: a capture without a Flink channel and without TLS has judged nothing.
  const sawAnything = parts.seen.some(
    (one) => one.vantage === 'passive' && (one.channel !== 'unknown' || one.kind === 'tls'),
  );
  const judged = runVerdict(evaluation.findings, covered, request.failOn);
  return {
    schemaVersion: SCHEMA_VERSION,
    producer: { name: 'flinkprobe', version: version() },
    command: 'analyze',
    startedAt: parts.startedAt,
    finishedAt: new Date().toISOString(),
    complete: run.complete,
    verdict: judged === 'pass' && (isDamaged || !run.complete || !sawAnything) ? 'inconclusive' : judged,
    inputs: parts.inputs,
    observations: parts.seen,
    expectations: parts.promised,
    findings: evaluation.findings,
    coverage: covered,
    ...(evaluation.policy === undefined ? {} : { policy: evaluation.policy }),
    summary: {
      connections: totals.connections,
      refusedAttempts: totals.refusedAttempts,
      unansweredAttempts: totals.unansweredAttempts,
      clearUnknownConnections: totals.clearUnknownConnections,
      clearBytes: totals.clearBytes,
      tlsBytes: totals.tlsBytes,
      datagrams: run.datagrams,
      flinkVersions: parts.flinkVersions,
    },
  };
}
