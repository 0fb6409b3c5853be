import type { Channel } from '../model/channel.ts';
import type { Certificate, Endpoint, Finding, Report, RunVerdict, Severity } from '../model/report.ts';
import type { WaiverOutcome } from '../model/waiver.ts';

/**
 * What the parts of the daemon hand to each other. Times are RFC 3339 in UTC with milliseconds, durations milliseconds.
 * The scheduler runs, the store keeps, transitions tell what changed, sinks notify, and `http/` shows: none of them
 * knows how another one works.
 */

/** Why a run was made. */
export const TRIGGERS = ['start', 'schedule', 'request', 'signal', 'restart', 'rotation', 'capture', 'live'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** One verification of one cluster, done. */
export interface Run {
  /** Sorts by time of start: 26 characters of Crockford's base 32, as ULID has them. */
  readonly id: string;
  readonly cluster: string;
  readonly trigger: Trigger;
  readonly report: Report;
  /** What key stores held; absent: the run read none of this cluster's disk. Kept as certificates, not with the run. */
  readonly stores?: StoresRead;
}

/** What a run read of key stores. */
export interface StoresRead {
  readonly sightings: readonly StoreSighting[];
  /** All files that the run was to read, whether it was able to or not. */
  readonly paths: readonly string[];
}

/** One key store that was read, as one endpoint has it. */
export interface StoreSighting {
  readonly path: string;
  /** `unknown`: no process that was seen has it. */
  readonly channel: Channel;
  readonly member?: string;
  /** Of the process that has it. */
  readonly endpoint?: Endpoint;
  /** `keystore`: leaves of keys; `ca`: the rest of their chains; `truststore`: what is trusted. */
  readonly certificates: readonly {
    readonly role: 'keystore' | 'ca' | 'truststore';
    readonly certificate: Certificate;
  }[];
}

/** What lists of runs hold: everything but the report. */
export interface RunSummary {
  readonly id: string;
  readonly cluster: string;
  readonly trigger: Trigger;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly verdict: RunVerdict;
  /** False: it was interrupted. */
  readonly complete: boolean;
  /** Findings with verdict `fail` that are not waived, by severity. */
  readonly failed: Readonly<Record<Severity, number>>;
  readonly inconclusive: number;
  readonly waived: number;
  /** Observations that the store did not keep, of a report that had too many; absent: none. */
  readonly leftOut?: number;
}

/** One finding over all runs of its cluster. */
export interface FindingRecord {
  readonly cluster: string;
  /** As it was last told; `firstSeen`, `change` and `waived` are those of the store. */
  readonly finding: Finding;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly lastRun: string;
  /** Absent while it is open. */
  readonly resolvedAt?: string;
  /** Times that it was opened. */
  readonly openings: number;
}

/** One certificate over all runs of its cluster. */
export interface CertificateRecord {
  readonly cluster: string;
  readonly certificate: Certificate;
  /** `leaf`: served or shown first in its chain. */
  readonly role: 'leaf' | 'ca' | 'client' | 'keystore' | 'truststore';
  readonly source: 'served' | 'disk';
  readonly channel: Channel;
  readonly member?: string;
  /** Where it was served or shown first; port 0: a client's, which is another with every connection. */
  readonly endpoint?: Endpoint;
  /** Of what is on disk. */
  readonly path?: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** Absent: the last run of its cluster saw it still. */
  readonly goneAt?: string;
}

/** Something that happened to a cluster, or to the daemon itself. Marks on time lines. */
export const HAPPENINGS = [
  'restart',
  'member-gone',
  'member-back',
  'rotation-written',
  'rotation-served',
  'certificate-changed',
  'clock-jump',
  'waiver-ended',
  'cluster-left',
  'daemon-started',
  'daemon-stopped',
  'reload',
] as const;
export type HappeningKind = (typeof HAPPENINGS)[number];
export interface Happening {
  readonly cluster: string | null;
  readonly kind: HappeningKind;
  readonly at: string;
  readonly member?: string;
  /** One sentence. */
  readonly text: string;
}

/** What a run changed of one finding. `still`: nothing; told for metrics and repeats only. */
export type TransitionKind =
  | 'opened'
  | 'reopened'
  | 'worsened'
  | 'eased'
  | 'resolved'
  | 'waived'
  | 'unwaived'
  | 'still';
export interface Transition {
  readonly cluster: string;
  readonly run: string;
  readonly at: string;
  readonly kind: TransitionKind;
  readonly finding: Finding;
  readonly firstSeenAt: string;
}

/** What the wire of a cluster carries while it is watched. Counters since the watch began. */
export interface WireStatus {
  readonly cluster: string;
  readonly interfaces: readonly string[];
  readonly state: 'running' | 'restarting' | 'failed' | 'stopped';
  /** One sentence, where it is not running. */
  readonly problem?: string;
  readonly since: string;
  readonly packets: number;
  readonly drops: number;
  readonly clearBytes: number;
  readonly tlsBytes: number;
  readonly connections: number;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly lastRun?: RunSummary;
  readonly state: 'idle' | 'waiting' | 'running';
  /** Absent: no schedule. */
  readonly nextRunAt?: string;
  /** Milliseconds by which the run that is due is late; 0: on time. */
  readonly lateMs: number;
  readonly missedRuns: number;
  /** Why the last run could not be made, or only in part; absent after one that was. */
  readonly problem?: string;
  readonly open: Readonly<Record<Severity, number>>;
  /** Severity from which on a finding fails; absent: `medium`. */
  readonly failOn?: Exclude<Severity, 'info'>;
  /** `nobody`: a run cannot be asked for, the wire alone tells of it; absent: it can. */
  readonly asks?: 'nobody';
  readonly wire?: WireStatus;
}

export interface DaemonStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly now: string;
  /** Absent: the embedded default. */
  readonly configuration?: { readonly path: string; readonly sha256: string };
  readonly lastReload: { readonly at: string; readonly ok: boolean; readonly problem?: string };
  readonly store: {
    readonly path: string;
    readonly state: 'open' | 'failing';
    readonly problem?: string;
    readonly bytes: number;
  };
  readonly clusters: readonly ClusterStatus[];
  /** Notifications that no sink has taken yet. */
  readonly outbox: number;
  /** Absent: nothing notifies. */
  readonly notifications?: NotificationFigures;
  readonly eventLoopLagMs: { readonly p50: number; readonly p99: number };
}

export interface NotificationFigures {
  /** Alerts since the start that waited so long for a sink that a later one of the same finding took their place. */
  readonly superseded: number;
  /** Changes that are to be told and have no room in the outbox now. */
  readonly held: number;
  /** Sinks that do not listen; absent: all do. */
  readonly down?: readonly SinkDown[];
}

export interface SinkDown {
  readonly name: string;
  readonly since: string;
  /** Messages that it has to take. */
  readonly waiting: number;
  readonly problem: string;
}

/** One cell of the grid: a channel of a member as the last run saw it. */
export interface ChannelCell {
  readonly cluster: string;
  readonly channel: Channel;
  readonly member: string;
  readonly endpoint?: Endpoint;
  /** `not-seen`: it was expected and did not show. */
  readonly verdict: 'pass' | 'warn' | 'fail' | 'inconclusive' | 'waived' | 'not-seen';
  /** `tls`, `mutual-tls`, `clear`, `mixed`: what is served; absent where nobody saw it. */
  readonly served?: 'tls' | 'mutual-tls' | 'clear' | 'mixed';
  readonly version?: string;
  /** SHA-256 of the certificate served. */
  readonly certificate?: string;
  readonly notAfter?: string;
  /** Fingerprints of what was found there, worst first. */
  readonly findings: readonly string[];
}

/** Which part of a list is wanted. `before`: id or time after which (downwards) the page begins. */
export interface Page {
  readonly limit: number;
  readonly before?: string;
}

/**
 * The history: one SQLite file. Every method is one transaction: after a kill at any moment the file holds every run
 * that `commit` returned for, whole, and of any other nothing.
 *
 * @throws StoreFailure where the disk is full or the file damaged, locked or gone; the store stays usable after it
 */
export interface Store {
  readonly path: string;
  /** Keeps the run with all that follows from it, and says what it changed; of one that is there already, nothing. */
  commit(run: Run, settings: CommitSettings): Kept;
  note(happening: Happening): void;
  /** Newest first. */
  runs(cluster: string | undefined, page: Page): readonly RunSummary[];
  report(id: string): Report | undefined;
  run(id: string): Run | undefined;
  /** The newest complete run without anything to fix: what the next one is compared with. */
  lastGood(cluster: string): Run | undefined;
  last(cluster: string): Run | undefined;
  findings(query: FindingQuery): readonly FindingRecord[];
  certificates(cluster: string | undefined): readonly CertificateRecord[];
  /** Newest first. */
  happenings(cluster: string | undefined, page: Page): readonly Happening[];
  transitions(cluster: string | undefined, page: Page): readonly Transition[];
  readonly outbox: Outbox;
  readonly memory: Memory;
  /**
   * Deletes what is older or more than the settings allow; failing runs live longer. Works for a few hundredths of a
   * second at most (`moreToRetain` says whether that was enough). Returns runs deleted.
   */
  retain(settings: Retention, now: string): number;
  /** The last `retain` stopped at its time: call it again, after others had their turn. */
  readonly moreToRetain: boolean;
  /**
   * Resolves what is open of all clusters but these, and takes their certificates for gone: nobody looks any more. Says
   * of which clusters, and how many findings.
   */
  leave(clusters: readonly string[], at: string): readonly { readonly cluster: string; readonly findings: number }[];
  /** One JSON object a line: runs with their reports, findings, happenings. */
  exportLines(): Iterable<string>;
  /** Bytes of the file with its log. */
  size(): number;
  close(): void;
}

export interface FindingQuery {
  readonly cluster?: string;
  readonly state?: 'open' | 'resolved' | 'all';
  readonly severity?: readonly Severity[];
  readonly channel?: Channel;
  /** Absent: all of them. */
  readonly limit?: number;
  /** Of those that match, so many stand before the first that is wanted. */
  readonly skip?: number;
}

export interface CommitSettings {
  /** Runs in a row that must miss a finding before it is resolved, and see it before it is opened again (hysteresis). */
  readonly resolveAfter: number;
  /** TaskManagers that have to be registered, where the settings say so. */
  readonly expectedTaskManagers?: number;
}

/** What a run that was kept has changed. */
export interface Kept {
  readonly transitions: readonly Transition[];
  /** What only a look at the runs before shows, kept with the run. */
  readonly happenings: readonly Happening[];
}

export interface Retention {
  /** Milliseconds; runs that passed. */
  readonly passingMs: number;
  /** Milliseconds; runs with a finding, and the first and last of each. */
  readonly failingMs: number;
  readonly bytes: number;
}

/** A notification that has to be delivered, kept until a sink took it. */
export interface Message {
  /** Of the store. */
  readonly id: number;
  /** Name of the sink. */
  readonly sink: string;
  readonly createdAt: string;
  readonly attempts: number;
  readonly nextAttemptAt: string;
  /** What `notify/` put there. */
  readonly body: string;
}

export interface Outbox {
  add(sink: string, body: string, at: string): void;
  /** Due ones, oldest first. */
  due(now: string, limit: number): readonly Message[];
  delivered(id: number): void;
  failed(id: number, nextAttemptAt: string): void;
  size(): number;
  /** What waits for one sink waits for another, in the same order. */
  rename(from: string, to: string): void;
}

/** Small values by key, for what has to survive a restart: what a sink was told, which waivers held. */
export interface Memory {
  recall(key: string): string | undefined;
  remember(key: string, value: string): void;
}

/** A waiver with what it matches of what is open now. */
export type WaiverStatus = WaiverOutcome;
