import { isSameProcess } from '../evaluate/process-name.ts';
import type { Endpoint, Finding, Observation, Report } from '../model/report.ts';

type Vantage = Observation['vantage'];

/**
 * What a run had looked at where it told a finding. Only a run that looks at as much may say that it is no longer
 * there: by nothing else can a finding that is mended be told from one that nobody looked at.
 */
export interface Sights {
  /** `place`: something was seen, or asked in vain, where the finding is; `run`: nothing was, it is told of what lacks. */
  readonly of: 'place' | 'run';
  /** Of the observations at the place, of those that accuse where any do; else of all of the run. */
  readonly vantages: readonly Vantage[];
  /** Inputs that tell what was promised, by kind. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The input that holds the file which is accused, as `configuration /etc/flink`. */
  readonly file?: string;
  /** Other ports of the same host and channel: other processes, as long as they have no names. */
  readonly besides: readonly number[];
  /** TaskManagers that REST listed then. */
  readonly listed?: number;
  /** Since when complete runs no longer find this member among those that REST lists. */
  readonly unlistedSince?: string;
}

/**
 * A JobManager that was restarted lists its TaskManagers one by one as they register, which takes the slowest of them
 * `taskmanager.registration.timeout` at most (Flink: 5 min, then it ends). Milliseconds, twice that.
 */
export const UNLISTED_MS: number = 10 * 60 * 1000;

/** Inputs without which rules compare with a default, or not at all. */
const PROMISING: readonly string[] = ['configuration', 'rest', 'keystore'];
const WITNESS: Readonly<Record<Vantage, keyof Finding['witnesses']>> = {
  passive: 'wire',
  active: 'handshake',
  disk: 'promise',
  log: 'record',
};

export function sightsOf(report: Report, finding: Finding): Sights {
  const here = observationsAt(report, finding);
  const decided = here.filter(isDecided);
  const accusing = decided.filter(({ vantage }) => finding.witnesses[WITNESS[vantage]] === 'fail');
  // What is said of all members is said by all who saw them.
  const candidates = finding.endpoint === undefined ? [decided, here] : [accusing, decided, here];
  const looked = candidates.find(({ length }) => length > 0);
  const file = inputOf(report, finding);
  const listed = listedTaskManagers(report);
  return {
    of: looked === undefined ? 'run' : 'place',
    vantages: vantagesOf(looked ?? report.observations),
    inputs: promisingInputs(report),
    ...(file === undefined ? {} : { file }),
    besides: besides(report, finding),
    ...(listed.length === 0 ? {} : { listed: listed.length }),
  };
}

/** What is known of a finding that a run did not tell, for the runs after it. */
export function sightsAfter(report: Report, { endpoint }: Finding, before: Sights): Sights {
  if (!report.complete || endpoint === undefined) return before;
  const isMissed = isUnlisted(report, endpoint);
  if (isMissed === (before.unlistedSince !== undefined)) return before;
  const { unlistedSince: _, ...others } = before;
  // A run that REST told nothing leaves it open, too.
  if (isMissed) return { ...others, unlistedSince: report.finishedAt };
  return listedTaskManagers(report).length === 0 ? before : others;
}

export type Sight = 'seen' | 'gone' | 'not-seen';

/**
 * Whether a run that does not tell a finding was able to: `gone` where it knows that the process is no more. `expected`:
 * TaskManagers that have to be registered, where somebody has said so.
 */
export function sightOf(report: Report, finding: Finding, before: Sights, expected?: number): Sight {
  if (!report.complete || isLeftOpen(report, finding)) return 'not-seen';
  const now = promisingInputs(report);
  if (Object.entries(before.inputs).some(([kind, count]) => (now[kind] ?? 0) < count)) return 'not-seen';
  if (finding.file !== undefined) return sightOfFile(report, before);
  return finding.endpoint === undefined
    ? sightOfCluster(report, finding, before)
    : sightOfEndpoint(report, finding, finding.endpoint, before, expected);
}

function sightOfFile(report: Report, before: Sights): Sight {
  const isRead = before.file === undefined || report.inputs.some(({ kind, path }) => `${kind} ${path}` === before.file);
  return isRead ? byVantages(report.observations, before) : 'not-seen';
}

function sightOfCluster(report: Report, finding: Finding, before: Sights): Sight {
  if (before.of === 'run') return byVantages(report.observations, before);
  const here = observationsAt(report, finding);
  return here.every(isDecided) ? byVantages(here, before) : 'not-seen';
}

function sightOfEndpoint(
  report: Report,
  finding: Finding,
  endpoint: Endpoint,
  before: Sights,
  expected: number | undefined,
): Sight {
  const here = observationsAt(report, finding);
  if (!here.every(isDecided)) return 'not-seen';
  if (before.of === 'run') return byVantages(report.observations, before);
  if (here.length === 0)
    return isGone(report, endpoint, before, expected) && !before.vantages.includes('passive') ? 'gone' : 'not-seen';
  if (endpoint.member === undefined && !here.some(({ server }) => server.port === endpoint.port)) {
    // The port is another: of this process after a restart, or of one beside it that was there before.
    if (here.every(({ server }) => before.besides.includes(server.port))) return 'not-seen';
  }
  return byVantages(here, before);
}

function byVantages(observations: readonly Observation[], before: Sights): Sight {
  const vantages = vantagesOf(observations);
  return before.vantages.every((one) => vantages.includes(one)) ? 'seen' : 'not-seen';
}

/** The same rule could not decide about the same, or a part of it. */
function isLeftOpen(report: Report, finding: Finding): boolean {
  return report.findings.some(
    (one) =>
      one.verdict !== 'fail' &&
      one.ruleId === finding.ruleId &&
      (one.channel === finding.channel || one.channel === 'unknown') &&
      (one.endpoint === undefined || finding.endpoint === undefined || isSameProcess(one.endpoint, finding.endpoint)) &&
      (one.file === undefined || finding.file === undefined || one.file.path === finding.file.path),
  );
}

/** It is not listed, and either all are there, or it had its time to come back. */
function isGone(report: Report, endpoint: Endpoint, before: Sights, expected: number | undefined): boolean {
  if (!isUnlisted(report, endpoint)) return false;
  const { unlistedSince = report.finishedAt, listed } = before;
  const wanted = expected ?? listed;
  const isFull = wanted !== undefined && listedTaskManagers(report).length >= wanted;
  return isFull || Date.parse(report.finishedAt) - Date.parse(unlistedSince) >= UNLISTED_MS;
}

/** The JobManager lists its TaskManagers, and this one is not among them. */
export function isUnlisted(report: Report, { component, member }: Endpoint): boolean {
  if (component !== 'taskmanager' || member === undefined) return false;
  const listed = listedTaskManagers(report);
  return listed.length > 0 && !listed.includes(member);
}

/** Members that REST listed, once for each process. */
export function listedTaskManagers({ processes = [] }: Report): readonly string[] {
  return processes.flatMap(({ source, component, member }) =>
    source === 'rest' && component === 'taskmanager' ? [member] : [],
  );
}

/** Nothing of the run has anything to do with the host or the process of this finding. */
export function isUnheardOf(report: Report, { endpoint }: Finding): boolean {
  if (endpoint === undefined) return false;
  return !report.observations.some(({ server }) => server.host === endpoint.host || isSameProcess(server, endpoint));
}

function observationsAt(report: Report, { channel, endpoint }: Finding): readonly Observation[] {
  const there = report.observations.filter((one) => one.channel === channel);
  return endpoint === undefined ? there : there.filter(({ server }) => isSameProcess(server, endpoint));
}

/** An endpoint that was asked and gave no answer, or only a part of it, was not seen. */
function isDecided({ kind, asked }: Observation): boolean {
  return kind !== 'no-answer' && kind !== 'undecided' && asked?.complete !== false;
}

function vantagesOf(observations: readonly Observation[]): readonly Vantage[] {
  return [...new Set(observations.map(({ vantage }) => vantage))];
}

function promisingInputs(report: Report): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of report.inputs) if (PROMISING.includes(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function inputOf(report: Report, { file }: Finding): string | undefined {
  if (file === undefined) return undefined;
  const holding = report.inputs.filter(
    ({ path }) => file.path === path || file.path.startsWith(`${path.replace(/\/$/, '')}/`),
  );
  const nearest = holding.sort((a, b) => b.path.length - a.path.length)[0];
  return nearest === undefined ? undefined : `${nearest.kind} ${nearest.path}`;
}

function besides(report: Report, finding: Finding): readonly number[] {
  const { endpoint } = finding;
  if (endpoint === undefined || endpoint.member !== undefined) return [];
  const ports = observationsAt(report, finding).map(({ server }) => server.port);
  return [...new Set(ports)].filter((port) => port !== endpoint.port).sort((a, b) => a - b);
}
