import { coverage } from '../evaluate/coverage.ts';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import { type Evaluation, evaluate } from '../evaluate/engine.ts';
import { policyExpectations } from '../evaluate/policy-expectations.ts';
import { runVerdict } from '../evaluate/severity.ts';
import { expectations } from '../flink/expectation.ts';
import type { Topology } from '../flink/topology.ts';
import type { ChannelId } from '../model/channel.ts';
import type { Policy } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';
import { type Expectation, type Input, type Report, SCHEMA_VERSION } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import type { CaptureRun } from '../observe/captures.ts';
import type { SegmentFilter } from '../observe/filter.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import type { LogFile } from '../observe/log-file.ts';
import type { LogRun } from '../observe/logs.ts';
import type { FailOn } from '../report/severity.ts';
import type { ConfigurationFiles } from './common.ts';
import { describeConfiguration, parseConfigurations } from './configurations.ts';
import { diskWitness } from './disk-witness.ts';
import { NO_LOGS, readLogs } from './log-witness.ts';
import { version } from './version.ts';
import { testify, wireWitness } from './wire-witness.ts';

/** All that an analysis of captures depends on. Files named here are read, nothing else is. */
export interface AnalysisRequest {
  readonly captures: readonly string[];
  /** Traffic that was read while it went by, instead of captures, and what it is known by. */
  readonly live?: { readonly run: CaptureRun; readonly topology: Topology };
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
  /** What somebody answers for. */
  readonly waivers?: readonly Waiver[];
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
  const { live } = request;
  const {
    run,
    topology,
    observations: wire,
  } = live === undefined ? await wireWitness(request, parsed, probes) : testify(live.run, live.topology, probes);
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
    ...(request.waivers === undefined ? {} : { waivers: request.waivers }),
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
    command: request.live === undefined ? 'analyze' : 'sniff',
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
    ...(evaluation.waivers === undefined ? {} : { waivers: evaluation.waivers }),
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
