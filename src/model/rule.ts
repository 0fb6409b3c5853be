import type { Channel } from './channel.ts';
import type { Probe } from './probe.ts';
import type {
  CaptureQuality,
  Endpoint,
  EndpointChange,
  Evidence,
  Expectation,
  Observation,
  Remediation,
  Severity,
  Verdict,
} from './report.ts';

/** All that was seen of one listening endpoint of one channel, and what was promised for it. */
export interface EndpointSubject {
  readonly scope: 'endpoint';
  readonly channel: Channel;
  readonly probe?: Probe;
  readonly server: Endpoint;
  /** In the order of their first packet; never empty. */
  readonly observations: readonly Observation[];
  /** Expectation for this server's member, else for all, else the default policy's. Absent for `unknown`. */
  readonly expectation?: Expectation;
}

/** The whole run. */
export interface ClusterSubject {
  readonly scope: 'cluster';
  readonly endpoints: readonly EndpointSubject[];
  readonly observations: readonly Observation[];
  readonly expectations: readonly Expectation[];
  readonly quality: readonly CaptureQuality[];
  /** Absent: there is nothing to compare with. */
  readonly baseline?: BaselineSubject;
}

/** An earlier run, beside which this one is held. */
export interface BaselineSubject {
  /** RFC 3339. */
  readonly finishedAt: string;
  readonly observations: readonly Observation[];
  /** What became of every endpoint of both runs. */
  readonly endpoints: readonly EndpointChange[];
}

export interface RuleContext {
  /** Times as of which validity is judged: the run's (or `--now`), milliseconds since the epoch. */
  readonly now: number;
  readonly flinkVersion?: string;
  readonly probes: ReadonlyMap<Channel, Probe>;
  /** What the policy of the run says beyond expectations. */
  readonly expiry: { readonly mediumDays: number; readonly highDays: number };
  /** Expectation that holds for one process of a channel (a client's own configuration, say). */
  expectationFor(channel: Channel, member: string | undefined): Expectation | undefined;
}

/** One judgement. Pass and not-applicable carry no text: they are only counted. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Where it differs from the rule's own. */
  readonly severity?: Severity;
  /** Whom it accuses, where that is not the subject's server. */
  readonly endpoint?: Endpoint;
  readonly channel?: Channel;
  /** Does not repeat the place of the endpoint: the finding has it beside. */
  readonly message?: string;
  readonly expected?: string;
  readonly observed?: string;
  readonly evidence?: readonly Evidence[];
  readonly remediation?: Remediation;
  /** Tells judgements of one rule on one endpoint apart in the fingerprint (certificate hash, suite). */
  readonly discriminator?: string;
}

interface RuleText {
  /** File name without ending. */
  readonly id: string;
  /** The problem, in a few words. */
  readonly title: string;
  readonly severity: Severity;
  /** Why it matters: two to four sentences. */
  readonly rationale: string;
  readonly remediation: Remediation;
  readonly references: readonly string[];
  /**
   * What of a configuration's promises this rule judges, so that the witness `promise` is heard; absent where a
   * configuration promises nothing about it (dates, keys, names). `values`: versions and suites, by discriminator.
   */
  readonly promise?: 'tls' | 'client-authentication' | 'values';
}

export interface EndpointRule extends RuleText {
  readonly scope: 'endpoint';
  appliesTo(subject: EndpointSubject, context: RuleContext): boolean;
  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[];
}

export interface ClusterRule extends RuleText {
  readonly scope: 'cluster';
  appliesTo(subject: ClusterSubject, context: RuleContext): boolean;
  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[];
}

export type Rule = EndpointRule | ClusterRule;
