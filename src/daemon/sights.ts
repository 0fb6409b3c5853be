import type { Endpoint, Finding, Observation, Report } from '../model/report.ts';

type Vantage = Observation['vantage'];

/**
 * What a run had looked at where it told a finding. Only a run that looks at as much may say that it is no longer
 * there: by nothing else can a finding that is mended be told from one that nobody looked at.
 */
export interface Sights {
  /** Of the observations at the place of the finding that accuse; of the whole run where there are none. */
  readonly vantages: readonly Vantage[];
  /** Inputs that tell what was promised, by kind. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The input that holds the file which is accused, as `configuration /etc/flink`. */
  readonly file?: string;
  /** Other ports of the same host and channel: other processes, as long as they have no names. */
  readonly besides: readonly number[];
}

/** Inputs without which rules compare with a default, or not at all. */
const PROMISING: readonly string[] = ['configuration', 'rest', 'keystore'];
const WITNESS: Readonly<Record<Vantage, keyof Finding['witnesses']>> = {
  passive: 'wire',
  active: 'handshake',
  disk: 'promise',
  log: 'record',
};

export function sightsOf(report: Report, finding: Finding): Sights {
  const here = observationsAt(report, finding).filter(isDecided);
  const accusing = here.filter(({ vantage }) => finding.witnesses[WITNESS[vantage]] === 'fail');
  const looked = accusing.length > 0 && finding.endpoint !== undefined ? accusing : here;
  const file = inputOf(report, finding);
  return {
    vantages: vantagesOf(looked.length > 0 ? looked : report.observations),
    inputs: promisingInputs(report),
    ...(file === undefined ? {} : { file }),
    besides: besides(report, finding),
  };
}

/** Whether a run that does not tell a finding was able to: `gone` where it knows that the process is no more. */
export function sightOf(report: Report, finding: Finding, before: Sights): 'seen' | 'gone' | 'not-seen' {
  if (!report.complete || isLeftOpen(report, finding)) return 'not-seen';
  const now = promisingInputs(report);
  if (Object.entries(before.inputs).some(([kind, count]) => (now[kind] ?? 0) < count)) return 'not-seen';
  if (finding.file !== undefined) {
    const hasFile = before.file === undefined || report.inputs.some((one) => `${one.kind} ${one.path}` === before.file);
    return hasFile && before.vantages.every((one) => vantagesOf(report.observations).includes(one))
      ? 'seen'
      : 'not-seen';
  }
  return finding.endpoint === undefined
    ? sightOfCluster(report, finding, before)
    : sightOfEndpoint(report, finding, finding.endpoint, before);
}

function sightOfEndpoint(
  report: Report,
  finding: Finding,
  endpoint: Endpoint,
  before: Sights,
): 'seen' | 'gone' | 'not-seen' {
  const here = observationsAt(report, finding);
  if (here.length === 0) {
    if (isUnlisted(report, endpoint) && !before.vantages.includes('passive')) return 'gone';
    // Told of what was not looked at: nothing that is there can take it back, but the whole run.
    const wasUnseen = finding.verdict !== 'fail' && finding.witnesses.handshake !== 'fail';
    return wasUnseen && looksEverywhere(report, before) ? 'seen' : 'not-seen';
  }
  if (!here.every(isDecided)) return 'not-seen';
  if (endpoint.member === undefined && !here.some(({ server }) => server.port === endpoint.port)) {
    // The port is another: of this process after a restart, or of one beside it that was there before.
    if (here.every(({ server }) => before.besides.includes(server.port))) return 'not-seen';
  }
  const vantages = vantagesOf(here);
  return before.vantages.every((one) => vantages.includes(one)) ? 'seen' : 'not-seen';
}

function sightOfCluster(report: Report, finding: Finding, before: Sights): 'seen' | 'not-seen' {
  const here = observationsAt(report, finding);
  const looked = here.length > 0 ? here : report.observations;
  if (finding.channel !== 'unknown' && (here.length === 0 || !here.every(isDecided))) return 'not-seen';
  const vantages = vantagesOf(looked);
  return before.vantages.every((one) => vantages.includes(one)) ? 'seen' : 'not-seen';
}

function looksEverywhere(report: Report, before: Sights): boolean {
  const vantages = vantagesOf(report.observations);
  return before.vantages.every((one) => vantages.includes(one));
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

/** The JobManager lists its TaskManagers, and this one is not among them. */
function isUnlisted(report: Report, { component, member }: Endpoint): boolean {
  if (component !== 'taskmanager' || member === undefined) return false;
  const listed = (report.processes ?? []).filter((one) => one.source === 'rest' && one.component === 'taskmanager');
  return listed.length > 0 && !listed.some((one) => one.member === member);
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

function isSameProcess(a: Endpoint, b: Endpoint): boolean {
  return a.member !== undefined && b.member !== undefined ? a.member === b.member : a.host === b.host;
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
