import type { StoresRead } from '../daemon/types.ts';
import { auditCoverage } from '../evaluate/audit-coverage.ts';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import { evaluate } from '../evaluate/engine.ts';
import { policyExpectations } from '../evaluate/policy-expectations.ts';
import { runVerdict } from '../evaluate/severity.ts';
import type { ParsedConfiguration } from '../flink/config.ts';
import { expectations } from '../flink/expectation.ts';
import type { Policy } from '../model/policy.ts';
import { type FixPlan, type Input, type Observation, type Report, SCHEMA_VERSION } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import type { FailOn } from '../report/severity.ts';
import type { ConfigurationFiles } from './common.ts';
import { describeConfiguration, parseConfigurations } from './configurations.ts';
import { type DiskRequest, diskWitness } from './disk-witness.ts';
import type { AuditedRun } from './fix-plan.ts';
import { logWitness } from './log-witness.ts';
import { stateWitness } from './state-witness.ts';
import { storesRead } from './stores-read.ts';
import { version } from './version.ts';

/** All that an audit depends on. Files named here, and those that configurations name, are read; nothing else is. */
export interface AuditRequest {
  readonly configurations: readonly ConfigurationFiles[];
  readonly keystores: readonly GivenStore[];
  readonly logs: readonly string[];
  readonly stateDirectories: readonly string[];
  readonly flinkVersion?: string;
  readonly jdkVersion?: string;
  /** Known-good baseline to judge by. */
  readonly policy?: Policy;
  /** What somebody answers for. */
  readonly waivers?: readonly Waiver[];
  readonly failOn: FailOn;
  /** Milliseconds since the epoch, as of which validity is judged. */
  readonly now: number;
  /** Whether the report says what mends its findings; absent: not. */
  readonly plan?: 'wanted' | 'not-wanted';
  /** Whether Flink runs on this machine, as `DiskRequest` has it; absent: it does. */
  readonly machine?: DiskRequest['machine'];
  /** Told of the key stores that were read: the report names the files, not what they hold. */
  readonly storesRead?: (read: StoresRead) => void;
  readonly signal?: AbortSignal;
  readonly warn?: (line: string) => void;
}

/** What a witness read, and what it saw there. Ids of observations are given later. */
export interface Testimony {
  readonly inputs: readonly Input[];
  readonly observations: readonly Observation[];
  /** `partial`: a limit or a fault kept something from being read, and an input's problems say what. */
  readonly extent: 'whole' | 'partial';
  /** Versions that it names, the surest first. */
  readonly flinkVersions?: readonly string[];
}

/** A witness of the disk or of logs; it says nothing (`undefined`) where it was not asked. */
export type Witness = (
  request: AuditRequest,
  configurations: readonly ParsedConfiguration[],
) => Promise<Testimony | undefined>;

/** All witnesses besides configurations and key stores, in the order of their observations. */
const WITNESSES: readonly Witness[] = [stateWitness, logWitness];

/** Reads what is on disk, judges it and puts the report together. */
export async function audit(request: AuditRequest, witnesses: readonly Witness[] = WITNESSES): Promise<Report> {
  const startedAt = new Date().toISOString();
  const [probes, rules] = await Promise.all([loadProbes(), loadRules()]);
  const parsed = await parseConfigurations(request);
  const told = await hear(request, parsed, witnesses);
  const disk = await diskWitness({ ...request, machine: request.machine ?? 'own' }, parsed, probes);
  const observations = told
    .flatMap((one) => one.observations)
    .map((one, index): Observation => ({ ...one, id: `o${index + 1}` }));
  const configured = expectations(parsed, probes);
  const promised = [...configured, ...policyExpectations(request.policy, probes)];
  const flinkVersions = versionsOf(parsed, told);
  const judgedVersion = request.flinkVersion ?? flinkVersions[0];
  const evaluation = evaluate(rules, observations, promised, {
    now: request.now,
    probes,
    configurations: disk.configurations,
    stores: disk.stores,
    ...(request.policy === undefined ? {} : { policy: request.policy }),
    ...(request.waivers === undefined ? {} : { waivers: request.waivers }),
    ...(judgedVersion === undefined ? {} : { flinkVersion: judgedVersion }),
    ...(request.jdkVersion === undefined ? {} : { jdkVersion: request.jdkVersion }),
  });
  request.storesRead?.(storesRead({ ...disk, endpoints: evaluation.subjects }, probes));
  const covered = auditCoverage(configured, probes, observations, evaluation.findings, request.failOn);
  const judged = runVerdict(evaluation.findings, covered, request.failOn);
  const plan =
    request.plan === 'wanted'
      ? await planned({
          request,
          findings: evaluation.findings,
          configurations: disk.configurations,
          rules,
          probes,
          ...(judgedVersion === undefined ? {} : { flinkVersion: judgedVersion }),
        })
      : undefined;
  const isInterrupted = request.signal?.aborted === true;
  const isWhole = !isInterrupted && told.every((one) => one.extent === 'whole');
  return {
    schemaVersion: SCHEMA_VERSION,
    producer: { name: 'flinkprobe', version: version() },
    command: 'audit',
    startedAt,
    finishedAt: new Date().toISOString(),
    complete: !isInterrupted,
    verdict: judged === 'pass' && !isWhole ? 'inconclusive' : judged,
    inputs: [
      ...request.configurations.map((one, index) => describeConfiguration(one, parsed[index]!)),
      ...disk.inputs,
      ...told.flatMap((one) => one.inputs),
    ],
    observations,
    expectations: promised,
    findings: evaluation.findings,
    coverage: covered,
    ...(plan === undefined ? {} : { fixPlan: plan }),
    ...(evaluation.policy === undefined ? {} : { policy: evaluation.policy }),
    ...(evaluation.waivers === undefined ? {} : { waivers: evaluation.waivers }),
    ...(flinkVersions.length === 0 ? {} : { summary: { ...NO_CONNECTIONS, flinkVersions } }),
  };
}

/** Loaded only here: an audit without a plan needs no editor of configurations. */
async function planned(run: AuditedRun): Promise<FixPlan> {
  const { planFixes } = await import('./fix-plan.ts');
  return planFixes(run);
}

const NO_CONNECTIONS = {
  connections: 0,
  refusedAttempts: 0,
  unansweredAttempts: 0,
  clearUnknownConnections: 0,
  clearBytes: 0,
  tlsBytes: 0,
} as const;

async function hear(
  request: AuditRequest,
  parsed: readonly ParsedConfiguration[],
  witnesses: readonly Witness[],
): Promise<readonly Testimony[]> {
  const told: Testimony[] = [];
  for (const witness of witnesses) {
    const testimony = await witness(request, parsed);
    if (testimony !== undefined) told.push(testimony);
  }
  return told;
}

function versionsOf(parsed: readonly ParsedConfiguration[], told: readonly Testimony[]): readonly string[] {
  const named = parsed.flatMap(({ flinkVersion }) => (flinkVersion === undefined ? [] : [flinkVersion]));
  return [...new Set([...named, ...told.flatMap((one) => one.flinkVersions ?? [])])];
}
