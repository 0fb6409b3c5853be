import { CHANNEL_IDS, type Channel } from '../model/channel.ts';
import type { Policy, PolicyOutcome } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';
import type {
  CaptureQuality,
  Endpoint,
  Evidence,
  Expectation,
  FilePlace,
  Finding,
  Observation,
  ProcessIdentity,
  Report,
  Verdict,
} from '../model/report.ts';
import type {
  ClusterSubject,
  ConfigurationSubject,
  EndpointSubject,
  Judgement,
  Rule,
  RuleContext,
  StoreSubject,
} from '../model/rule.ts';
import type { Waiver, WaiverOutcome } from '../model/waiver.ts';
import { compareEndpoints } from './comparison.ts';
import { fingerprint, type Identity } from './fingerprint.ts';
import { LogRecord } from './log-record.ts';
import { expectationFor } from './policy.ts';
import { withoutEchoes } from './policy-echo.ts';
import { PolicyTally } from './policy-outcome.ts';
import { processName } from './process-name.ts';
import { severityRank, worstSeverity } from './severity.ts';
import { encapsulationKey, endpointSubjects } from './subjects.ts';
import { applyWaivers } from './waivers.ts';
import { type Judged, type Seen, type Told, witnessVerdicts } from './witnesses.ts';

/** Evidence entries kept on one finding; what is more is counted in a last entry. */
export const EVIDENCE_LIMIT = 5;
/** Windows of the contract: expiry within 20 days is medium, within 7 days high. */
export const EXPIRY_DAYS = { mediumDays: 20, highDays: 7 } as const;

export interface EvaluationContext {
  /** Milliseconds since the epoch: the run's time, or `--now`. */
  readonly now: number;
  readonly probes: readonly Probe[];
  readonly quality?: readonly CaptureQuality[];
  readonly flinkVersion?: string;
  readonly jdkVersion?: string;
  /** Configurations whose files and stores were looked at, as `audit` does. */
  readonly configurations?: readonly ConfigurationSubject[];
  readonly stores?: readonly StoreSubject[];
  /** Captured or asked: what a configuration predicts of them is left to the rules that see it (`toldBy`). */
  readonly connections?: 'heard';
  readonly expiry?: RuleContext['expiry'];
  readonly policy?: Policy;
  /** What somebody answers for. */
  readonly waivers?: readonly Waiver[];
  /** An earlier run of the same cluster. */
  readonly baseline?: Report;
  /** What the processes of this run called themselves, to tell those that were restarted since the baseline. */
  readonly processes?: readonly ProcessIdentity[];
}

/** A rule that threw: a defect of ours, which never ends a run. */
export interface RuleError {
  readonly ruleId: string;
  readonly channel: Channel;
  readonly endpoint?: Endpoint;
  readonly message: string;
}

export interface Evaluation {
  /** By severity, channel (contract order), endpoint, rule. */
  readonly findings: readonly Finding[];
  /** How often each verdict was given: once for each rule and subject, the worst of its judgements. */
  readonly verdictCounts: Readonly<Record<Verdict, number>>;
  readonly errors: readonly RuleError[];
  readonly subjects: readonly EndpointSubject[];
  /** What became of the policy, where one was given. */
  readonly policy?: PolicyOutcome;
  /** What became of the waivers, where some were given. */
  readonly waivers?: readonly WaiverOutcome[];
}

type Subject = ClusterSubject | EndpointSubject | ConfigurationSubject | StoreSubject;

/**
 * Judges what was seen by all rules. Same input, same output; a rule that throws becomes a finding of verdict `error`.
 *
 * An inconclusive judgement becomes a finding where it carries a message; without one it is only counted, since
 * another rule tells what could not be seen.
 */
export function evaluate(
  rules: readonly Rule[],
  observations: readonly Observation[],
  expectations: readonly Expectation[],
  context: EvaluationContext,
): Evaluation {
  const probes: ReadonlyMap<Channel, Probe> = new Map(context.probes.map((probe) => [probe.id as Channel, probe]));
  const subjects = endpointSubjects(observations, expectations, probes);
  const cluster: ClusterSubject = {
    scope: 'cluster',
    endpoints: subjects,
    observations,
    expectations,
    quality: context.quality ?? [],
    configurations: context.configurations ?? [],
    stores: context.stores ?? [],
    ...baselineOf(observations, context),
  };
  const ruleContext: RuleContext = {
    now: context.now,
    probes,
    expiry: context.expiry ?? EXPIRY_DAYS,
    expectationFor: (channel, member) => expectationFor(expectations, probes, channel, member),
    ...(context.flinkVersion === undefined ? {} : { flinkVersion: context.flinkVersion }),
    ...(context.jdkVersion === undefined ? {} : { jdkVersion: context.jdkVersion }),
    ...(context.policy === undefined ? {} : { policy: context.policy }),
  };

  const verdictCounts: Record<Verdict, number> = { pass: 0, fail: 0, inconclusive: 0, 'not-applicable': 0, error: 0 };
  const errors: RuleError[] = [];
  const judged: Judged[] = [];
  const tally = context.policy === undefined ? undefined : new PolicyTally(context.policy);
  for (const rule of rules) {
    if (context.connections === 'heard' && isPrediction(rule)) continue;
    switch (rule.scope) {
      case 'cluster':
        each(rule, [cluster]);
        break;
      case 'endpoint':
        each(rule, subjects);
        break;
      case 'configuration':
        each(rule, cluster.configurations);
        break;
      case 'store':
        each(rule, cluster.stores);
        break;
    }
  }
  const seen: Seen = { byId: new Map(observations.map((one) => [one.id, one])), record: new LogRecord(observations) };
  const requirements = new Map<Finding, string>();
  const told = withoutRepeats(findingsOf(judged, ruleContext, seen, requirements), rules);
  const open = withoutEchoes(told, requirements, context.policy);
  const waived = context.waivers === undefined ? undefined : applyWaivers(open, context.waivers, context.now);
  return {
    findings: waived?.findings ?? open,
    verdictCounts,
    errors,
    subjects,
    ...(tally === undefined ? {} : { policy: tally.outcome() }),
    ...(waived === undefined ? {} : { waivers: waived.outcomes }),
  };

  function each<S extends Subject>(rule: Rule & Judge<S>, all: readonly S[]): void {
    for (const subject of all) {
      collect(rule, subject, () => (rule.appliesTo(subject, ruleContext) ? rule.evaluate(subject, ruleContext) : []));
    }
  }

  function collect(rule: Rule, of: Subject, run: () => readonly Judgement[]): void {
    const subject = of.scope === 'endpoint' ? of : undefined;
    const judgements = judge(rule, subject, run);
    verdictCounts[worstVerdict(judgements)] += 1;
    for (const judgement of judgements) {
      if (judgement.requirement !== undefined) tally?.add(judgement.requirement, judgement.verdict);
      const endpoint = judgement.endpoint ?? subject?.server;
      const channel = judgement.channel ?? subject?.channel ?? 'unknown';
      judged.push({ rule, judgement, channel, endpoint, subject, file: judgement.file ?? fileOf(of) });
    }
  }

  function judge(
    rule: Rule,
    subject: EndpointSubject | undefined,
    run: () => readonly Judgement[],
  ): readonly Judgement[] {
    try {
      return run();
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const channel = subject?.channel ?? 'unknown';
      errors.push({
        ruleId: rule.id,
        channel,
        message,
        ...(subject === undefined ? {} : { endpoint: subject.server }),
      });
      return [errorJudgement(rule, message)];
    }
  }
}

/** A channel that did not appear changes no verdict of a run that listened to it. */
function isPrediction({ scope, hears, toldBy }: Rule): boolean {
  const isOfFiles = scope === 'configuration' || hears?.every((one) => one === 'promise') === true;
  return isOfFiles && toldBy !== undefined;
}

interface Judge<S> {
  appliesTo(subject: S, context: RuleContext): boolean;
  evaluate(subject: S, context: RuleContext): readonly Judgement[];
}

function fileOf(subject: Subject): FilePlace | undefined {
  switch (subject.scope) {
    case 'configuration':
      return { path: subject.path, ...(subject.member === null ? {} : { member: subject.member }) };
    case 'store':
      return { path: subject.store.path };
    default:
      return undefined;
  }
}

function baselineOf(
  observations: readonly Observation[],
  { baseline, processes }: EvaluationContext,
): Pick<ClusterSubject, 'baseline'> {
  if (baseline === undefined) return {};
  const run = { observations, ...(processes === undefined ? {} : { processes }) };
  const endpoints = compareEndpoints(run, baseline);
  return { baseline: { finishedAt: baseline.finishedAt, observations: baseline.observations, endpoints } };
}

function errorJudgement(rule: Rule, message: string): Judgement {
  return {
    verdict: 'error',
    severity: 'info',
    message: `The rule ${rule.id} failed and judged nothing here: ${message}. This is a defect of flinkprobe.`,
    expected: 'a judgement',
    observed: message,
    remediation: { text: 'Report this defect, with the capture if it may be shared.', settings: {}, command: null },
  };
}

const VERDICT_WEIGHT: readonly Verdict[] = ['error', 'fail', 'inconclusive', 'pass', 'not-applicable'];

function worstVerdict(judgements: readonly Judgement[]): Verdict {
  return VERDICT_WEIGHT.find((verdict) => judgements.some((one) => one.verdict === verdict)) ?? 'not-applicable';
}

function isTold(one: Judged): one is Told {
  const { verdict, message } = one.judgement;
  return verdict === 'fail' || verdict === 'error' || (verdict === 'inconclusive' && message !== undefined);
}

/** Judgements of one rule about the same thing become one finding; where they disagree, fail wins. */
function findingsOf(
  judged: readonly Judged[],
  context: RuleContext,
  seen: Seen,
  requirements: Map<Finding, string>,
): readonly Finding[] {
  const groups = new Map<string, Told[]>();
  for (const one of judged.filter(isTold)) {
    const { endpoint, file } = one;
    const place = endpoint === undefined ? fileText(file) : `${endpoint.host} ${endpoint.port}`;
    const network = encapsulationKey(one.subject?.observations[0]?.encapsulation);
    const key = [one.rule.id, one.channel, place, network, one.judgement.discriminator ?? ''].join('\n');
    const group = groups.get(key) ?? [];
    group.push(one);
    groups.set(key, group);
  }
  const merged = [...groups.values()].map((group) => {
    const worst = group.find((one) => one.judgement.verdict === worstVerdict(group.map((each) => each.judgement)))!;
    return { worst, group: group.filter((one) => one.judgement.verdict === worst.judgement.verdict) };
  });
  merged.sort((a, b) => byEndpoint(a.worst, b.worst));
  const used = new Map<string, number>();
  const findings = merged.map(({ worst, group }) => {
    const identity = identityOf(worst, context);
    const base = fingerprint(identity);
    const ordinal = used.get(base) ?? 0;
    used.set(base, ordinal + 1);
    const print = ordinal === 0 ? base : fingerprint({ ...identity, ordinal });
    const finding = findingOf(worst, group, print, context, seen);
    if (worst.judgement.requirement !== undefined) requirements.set(finding, worst.judgement.requirement);
    return finding;
  });
  return findings.sort(byReportOrder);
}

/** Findings about the same file and line are told apart by their discriminator. */
function fileText(file: FilePlace | undefined): string {
  return file === undefined ? '' : `${file.member ?? ''} ${file.path} ${file.line ?? ''}`;
}

function identityOf(one: Told, context: RuleContext): Identity {
  const { endpoint, subject, channel, judgement, rule, file } = one;
  const encapsulation = subject?.observations[0]?.encapsulation;
  const port = endpoint === undefined ? undefined : fixedPort(channel, endpoint, context);
  return {
    ruleId: rule.id,
    channel,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(port === undefined ? {} : { fixedPort: port }),
    ...(encapsulation === undefined ? {} : { encapsulation }),
    ...(judgement.discriminator === undefined ? {} : { discriminator: judgement.discriminator }),
    ...(file === undefined ? {} : { place: file.member ?? file.path }),
  };
}

function fixedPort(channel: Channel, endpoint: Endpoint, context: RuleContext): number | undefined {
  const byDefault = context.probes.get(channel)?.defaultPorts.includes(endpoint.port) ?? false;
  const configured = context.expectationFor(channel, endpoint.member)?.port === endpoint.port;
  return byDefault || configured ? endpoint.port : undefined;
}

function findingOf(worst: Told, group: readonly Told[], print: string, context: RuleContext, seen: Seen): Finding {
  const { rule, judgement, channel, endpoint, file } = worst;
  const severity = group.map((one) => one.judgement.severity ?? rule.severity).reduce(worstSeverity);
  return {
    ruleId: rule.id,
    severity,
    verdict: judgement.verdict,
    channel,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(file === undefined ? {} : { file }),
    title: judgement.title ?? rule.title,
    message: judgement.message ?? `${rule.title}.`,
    expected: judgement.expected ?? '',
    observed: judgement.observed ?? '',
    evidence: limitEvidence(group.flatMap((one) => one.judgement.evidence ?? [])),
    witnesses: witnessVerdicts(worst, context, seen),
    remediation: judgement.remediation ?? rule.remediation,
    references: judgement.references ?? rule.references,
    fingerprint: print,
    waived: null,
  };
}

/** What was seen is told once: a rule keeps silent of a channel where one that it names has told it already. */
function withoutRepeats(findings: readonly Finding[], rules: readonly Rule[]): readonly Finding[] {
  const others = new Map(rules.map(({ id, toldBy = [] }) => [id, toldBy]));
  const isTold = (one: Finding): boolean =>
    findings.some(
      (other) =>
        other.verdict === 'fail' &&
        other.channel === one.channel &&
        others.get(one.ruleId)?.includes(other.ruleId) === true &&
        isSaidOfOne(one.endpoint, other.endpoint),
    );
  return findings.filter((one) => !isTold(one));
}

/** What is said of a channel as a whole is said of all of its processes. One with a name and one without are two. */
function isSaidOfOne(a: Endpoint | undefined, b: Endpoint | undefined): boolean {
  return a === undefined || b === undefined || processName(a) === processName(b);
}

/** The first few entries, and how many more there are. */
export function limitEvidence(evidence: readonly Evidence[]): readonly Evidence[] {
  if (evidence.length <= EVIDENCE_LIMIT) return evidence;
  return [...evidence.slice(0, EVIDENCE_LIMIT), { text: `and ${evidence.length - EVIDENCE_LIMIT} more` }];
}

function byReportOrder(a: Finding, b: Finding): number {
  return (
    severityRank(a.severity) - severityRank(b.severity) ||
    channelRank(a.channel) - channelRank(b.channel) ||
    compareServers(a.endpoint, b.endpoint) ||
    comparePlaces(a.file, b.file) ||
    compareText(a.ruleId, b.ruleId) ||
    compareText(a.fingerprint, b.fingerprint)
  );
}

function byEndpoint(a: Told, b: Told): number {
  return compareServers(a.endpoint, b.endpoint) || comparePlaces(a.file, b.file);
}

function comparePlaces(a: FilePlace | undefined, b: FilePlace | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareText(a.member ?? '', b.member ?? '') || compareText(a.path, b.path) || (a.line ?? 0) - (b.line ?? 0);
}

/** `unknown` comes last. */
function channelRank(channel: Channel): number {
  const rank = (CHANNEL_IDS as readonly Channel[]).indexOf(channel);
  return rank === -1 ? CHANNEL_IDS.length : rank;
}

function compareServers(a: Endpoint | undefined, b: Endpoint | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareText(a.member ?? '', b.member ?? '') || compareText(a.host, b.host) || a.port - b.port;
}

/** By code unit, so that no locale changes the order. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
