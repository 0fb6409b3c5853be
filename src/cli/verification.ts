import { setImmediate as turn } from 'node:timers/promises';
import { compareWithBaseline } from '../evaluate/baseline.ts';
import { coverage } from '../evaluate/coverage.ts';
import { loadRules } from '../evaluate/directory.ts';
import { type Evaluation, evaluate } from '../evaluate/engine.ts';
import { runVerdict } from '../evaluate/severity.ts';
import {
  type Asked,
  type CaptureQuality,
  type Observation,
  type ProcessIdentity,
  type Report,
  SCHEMA_VERSION,
} from '../model/report.ts';
import type { LostTarget, Profile, Target } from '../observe/active/types.ts';
import { isLoopback, placeOf } from '../observe/named-target.ts';
import { type DiskTestimony, diskWitness } from './disk-witness.ts';
import { byPlace, inTurns } from './endpoints.ts';
import { NO_LOGS } from './log-witness.ts';
import { traceOf } from './source-places.ts';
import { storesRead } from './stores-read.ts';
import type { Instruments, Plan, VerificationRequest } from './verification-plan.ts';
import { version } from './version.ts';

/** Asks all endpoints, judges what they said and puts the report together. */
export async function verify(planned: Plan, request: VerificationRequest, instruments: Instruments): Promise<Report> {
  const rules = await loadRules();
  const surveyed = await surveyAll(planned.located.targets, request, instruments);
  const isInterrupted = request.signal?.aborted === true;
  const finishedAt = instruments.clock();
  const unresolved = planned.located.lost.map((one) => observationOfLost(one, request.profile, finishedAt));
  const { shown, absent } = withoutAbsent(surveyed);
  const record = request.record ?? NO_LOGS;
  const now = request.now ?? planned.startedAt;
  const disk = await diskWitness(
    { ...request, keystores: request.keystores ?? [], now, machine: 'any' },
    planned.parsed,
    planned.probes,
  );
  const asked = [...shown, ...unresolved].sort(byPlace).map((one, index) => ({ ...one, id: `o${index + 1}` }));
  const wire = (request.wire?.observations ?? []).map((one, index) => ({ ...one, id: `w${index + 1}` }));
  const seen = [...wire, ...asked, ...record.observations];
  const processes = [...planned.processes, ...associatedProcesses(asked), ...record.processes];
  // The last answers and the judgement are a piece of work each: a daemon does something else in between.
  await turn();
  const evaluation = evaluate(rules, seen, planned.promised, {
    now,
    probes: planned.probes,
    connections: 'heard',
    quality: qualityOf(request),
    configurations: disk.configurations,
    stores: disk.stores,
    ...(request.policy === undefined ? {} : { policy: request.policy }),
    ...(request.waivers === undefined ? {} : { waivers: request.waivers }),
    processes,
    ...(request.baseline === undefined ? {} : { baseline: request.baseline.report }),
    ...(planned.flinkVersion === undefined ? {} : { flinkVersion: planned.flinkVersion }),
  });
  request.storesRead?.(storesRead({ ...disk, endpoints: evaluation.subjects }, planned.probes));
  const report = assemble(planned, request, { seen, absent, disk, processes, evaluation, isInterrupted, finishedAt });
  return request.baseline === undefined
    ? report
    : compareWithBaseline(report, request.baseline.report, request.baseline.path);
}

/** Does its work with the instruments opened, and finishes them however it ends: a capture that they write is whole then. */
export async function withInstruments<T>(
  instruments: { open(): void; finish(): void },
  work: () => Promise<T>,
): Promise<T> {
  instruments.open();
  try {
    return await work();
  } finally {
    instruments.finish();
  }
}

interface Surveyed {
  readonly target: Target;
  readonly observation: Observation;
}

async function surveyAll(
  targets: readonly Target[],
  request: VerificationRequest,
  instruments: Instruments,
): Promise<Surveyed[]> {
  const queue = inTurns(targets);
  const done: Surveyed[] = [];
  const work = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      if (request.signal?.aborted === true) return;
      done.push({ target, observation: await surveyOne(target, request, instruments) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(request.parallel, targets.length) }, work));
  return done;
}

/** A defect of ours costs one endpoint, not the run; a rule says so in the report. */
async function surveyOne(target: Target, request: VerificationRequest, instruments: Instruments): Promise<Observation> {
  try {
    return await instruments.survey(target);
  } catch (error) {
    request.warn?.(`a defect, please report it: ${placeOf({ ...target, name: target.address })}: ${traceOf(error)}`);
    const { asked, ...rest } = blank({ ...target, host: target.address }, request.profile, instruments.clock());
    return { ...rest, kind: 'undecided', because: 'malformed', asked: { ...asked, reason: 'defect' } };
  }
}

/** Where an RPC port gave away its origin, the uid that it chose at its start tells a restart. */
function associatedProcesses(seen: readonly Observation[]): ProcessIdentity[] {
  return seen.flatMap(({ server, plaintext }) => {
    const { origins } = plaintext?.details ?? {};
    const uid = (Array.isArray(origins) ? origins : []).map((one) => / uid ([0-9a-f]+)$/.exec(one)?.[1]).find(Boolean);
    if (uid === undefined || server.component === undefined) return [];
    return [{ component: server.component, member: server.member ?? server.host, source: 'rpc', identity: uid }];
  });
}

function observationOfLost(lost: LostTarget, profile: Profile, at: number): Observation {
  return { ...blank({ ...lost, host: lost.name }, profile, at), kind: 'no-answer', because: lost.because };
}

type Blank = Omit<Observation, 'kind' | 'because' | 'asked'> & { readonly asked: Asked };

function blank(place: Omit<LostTarget, 'because'> & { readonly host: string }, profile: Profile, at: number): Blank {
  const { host, port, component, member } = place;
  const time = new Date(at).toISOString();
  return {
    id: '',
    vantage: 'active',
    observedAt: time,
    lastSeenAt: time,
    channel: place.channel ?? 'unknown',
    channelBasis: place.channelBasis,
    roleBasis: 'syn',
    server: {
      host,
      port,
      ...(component === undefined ? {} : { component }),
      ...(member === undefined ? {} : { member }),
    },
    bytes: { client: 0, server: 0 },
    asked: { profile, connections: 0, complete: false, reason: 'no-answer', logLines: 0, attempts: [] },
  };
}

/** Nothing listens there; `unreachable` is how a machine without IPv6 says it of `::1`. */
const ABSENT: readonly Observation['because'][] = ['refused', 'unreachable'];

/**
 * Nothing needs to listen on a default port that nobody named: where one refuses, nothing is there. A host that was
 * named and refuses on all of them stays in the report: something had to be there.
 */
function withoutAbsent(all: readonly Surveyed[]): { shown: readonly Observation[]; absent: readonly Observation[] } {
  const isSilentDefault = ({ target, observation }: Surveyed): boolean =>
    target.channelBasis === 'port' && observation.kind === 'no-answer' && ABSENT.includes(observation.because);
  const alive = new Set(all.filter((one) => !isSilentDefault(one)).map(({ target }) => target.address));
  const isAbsent = (one: Surveyed): boolean =>
    isSilentDefault(one) && (alive.has(one.target.address) || isLoopback(one.target.address));
  return {
    shown: all.filter((one) => !isAbsent(one)).map(({ observation }) => observation),
    absent: all.filter(isAbsent).map(({ observation }) => observation),
  };
}

interface Parts {
  readonly seen: readonly Observation[];
  readonly absent: readonly Observation[];
  readonly disk: DiskTestimony;
  readonly processes: readonly ProcessIdentity[];
  readonly evaluation: Evaluation;
  readonly isInterrupted: boolean;
  readonly finishedAt: number;
}

function assemble(planned: Plan, request: VerificationRequest, parts: Parts): Report {
  const { seen, evaluation, isInterrupted } = parts;
  const { findings, subjects } = evaluation;
  const covered = coverage(subjects, planned.promised, planned.probes, [], findings, request.failOn, seen);
  const judged = runVerdict(findings, covered, request.failOn);
  const probed = seen.filter(({ vantage }) => vantage === 'active');
  const isHeard = (request.record ?? NO_LOGS).extent === 'whole' && isWireWhole(request);
  const isWhole =
    !isInterrupted && isHeard && planned.shortfalls.length === 0 && probed.length > 0 && probed.every(isAnswered);
  return {
    schemaVersion: SCHEMA_VERSION,
    producer: { name: 'flinkprobe', version: version() },
    command: 'verify',
    startedAt: new Date(planned.startedAt).toISOString(),
    finishedAt: new Date(parts.finishedAt).toISOString(),
    complete: !isInterrupted,
    verdict: judged === 'pass' && !isWhole ? 'inconclusive' : judged,
    inputs: [
      ...planned.inputs,
      ...(request.wire?.run.inputs ?? []),
      ...parts.disk.inputs,
      ...(request.record?.inputs ?? []),
    ],
    observations: seen,
    expectations: planned.promised,
    findings,
    coverage: covered,
    ...(evaluation.policy === undefined ? {} : { policy: evaluation.policy }),
    ...(evaluation.waivers === undefined ? {} : { waivers: evaluation.waivers }),
    ...(parts.processes.length === 0 ? {} : { processes: parts.processes }),
    watchedSeconds: Math.round((parts.finishedAt - planned.startedAt) / 100) / 10,
    summary: summaryOf(planned, parts),
  };
}

function qualityOf({ wire }: VerificationRequest): readonly CaptureQuality[] {
  return (wire?.run.inputs ?? []).flatMap(({ quality }) => (quality === undefined ? [] : [quality]));
}

function isWireWhole(request: VerificationRequest): boolean {
  const isComplete = request.wire?.run.complete ?? true;
  return isComplete && qualityOf(request).every(({ problems }) => problems.length === 0);
}

/** An endpoint that was named and said nothing, or only a part, has not passed. */
function isAnswered({ kind, asked }: Observation): boolean {
  return kind !== 'no-answer' && kind !== 'undecided' && asked?.complete !== false;
}

function summaryOf(planned: Plan, { seen, absent }: Parts): NonNullable<Report['summary']> {
  const all = [...seen.filter(({ vantage }) => vantage === 'active'), ...absent];
  const bytes = (kind: Observation['kind']): number =>
    all.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.bytes.client + one.bytes.server, 0);
  const because = (reasons: readonly string[]): number =>
    all.filter((one) => reasons.includes(one.because ?? '')).length;
  return {
    connections: all.reduce((sum, { asked }) => sum + (asked?.connections ?? 0), 0),
    refusedAttempts: because(['refused']),
    unansweredAttempts: because(['timeout', 'unreachable', 'silent']),
    clearUnknownConnections: all.filter(({ kind, channel }) => kind === 'plaintext' && channel === 'unknown').length,
    clearBytes: bytes('plaintext'),
    tlsBytes: bytes('tls'),
    ...(planned.flinkVersion === undefined ? {} : { flinkVersions: [planned.flinkVersion] }),
  };
}
