import type { Asked } from './asked.ts';
import type { Channel, ChannelId, Component } from './channel.ts';
import type { FileSighting } from './disk.ts';
import type { FixPlan } from './fix-plan.ts';
import type { LogLine } from './log.ts';
import type { PolicyOutcome } from './policy.ts';
import type { TlsDetails } from './tls.ts';
import type { WaiverOutcome } from './waiver.ts';

export type * from './asked.ts';
export type * from './disk.ts';
export type * from './fix-plan.ts';
export type * from './log.ts';
export type { PolicyOutcome } from './policy.ts';
export type * from './tls.ts';
export type { WaiverOutcome } from './waiver.ts';

/** The JSON report, `schemaVersion` 1. Field names are the public contract. Absent is absent: no `null` but where said. */
export const SCHEMA_VERSION = 1;

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];
/** Verdict of a rule. `error`: the rule threw, a defect of ours. */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'not-applicable' | 'error';
export type RunVerdict = 'pass' | 'fail' | 'inconclusive';

export type NoAnswerReason =
  | 'refused'
  | 'unreachable'
  | 'unresolved'
  | 'timeout'
  | 'silent'
  | 'closed-at-once'
  | 'closed-late'
  | 'closed-after-bytes'
  | 'reset'
  | 'connection-limit';
export type UndecidedReason =
  | 'gap'
  | 'truncated'
  | 'malformed'
  | 'desynchronised'
  | 'one-sided'
  | 'unknown-protocol'
  | 'contradictory';

export interface Endpoint {
  /** Address as seen on the wire, or host name as given. */
  readonly host: string;
  readonly port: number;
  readonly component?: Component;
  /** Name of the process, where one is known. */
  readonly member?: string;
}

export interface Encapsulation {
  readonly interface?: number;
  readonly vlans: readonly number[];
  readonly tunnel?: 'vxlan' | 'geneve' | 'gre' | 'erspan' | 'ipip' | '6in4' | 'mpls' | 'pppoe';
  readonly vni?: number;
}

export type StateTransferKind =
  | 'keyed-state-inline'
  | 'operator-state-inline'
  | 'state-inline'
  | 'state-handle'
  | 'restore-state'
  | 'checkpoint-metadata'
  | 'keyed-state-file'
  | 'operator-state-file'
  | 'rocksdb-sst'
  | 'rocksdb-manifest'
  | 'rocksdb-options'
  | 'changelog-file'
  | 'unidentified-state-file'
  | 'queryable-state'
  | 'records'
  | 'query-results'
  | 'user-code'
  | 'file'
  | 'job-submission';

/** Something of the user's that crossed in clear: what it is and how much, never its content. */
export interface StateTransfer {
  readonly kind: StateTransferKind;
  readonly from: 'client' | 'server';
  /** First frame and stream offset where the proof stands. */
  readonly frame: number;
  readonly streamOffset: number;
  /** Bytes of all occurrences on this connection. */
  readonly bytes: number;
  /** Occurrences on this connection; the place is the first one's. */
  readonly count: number;
  /** Job id, class name, object path, checkpoint id. */
  readonly names?: readonly string[];
}

/** A secret that crossed in clear: that it was there, never its value. */
export interface CredentialSighting {
  readonly kind:
    | 'basic-authorization'
    | 'bearer-authorization'
    | 'other-authorization'
    | 'cookie'
    | 'session-password'
    | 'secret-in-configuration';
  readonly from: 'client' | 'server';
  readonly frame: number;
  readonly streamOffset: number;
  readonly count: number;
  /** Where it stood: header name, or configuration key. Never the value. */
  readonly name: string;
}

export interface PlaintextDetails {
  /** `flink-rpc`, `flink-data`, `flink-blob`, `http`, `collect-sink`, `queryable-state`, `rmi`, `zookeeper`, `hdfs`, `thrift`, `unknown`. */
  readonly protocol: string;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Hex of protocol headers only, at most 64 bytes. */
  readonly firstBytes: string;
  readonly stateTransfer: readonly StateTransfer[];
  readonly credentials: readonly CredentialSighting[];
}

export interface Observation {
  readonly id: string;
  readonly vantage: 'passive' | 'active' | 'disk' | 'log';
  readonly observedAt: string;
  readonly lastSeenAt: string;
  readonly channel: Channel;
  readonly channelBasis: 'protocol' | 'configuration' | 'argument' | 'discovery' | 'port';
  readonly roleBasis: 'syn' | 'hello' | 'protocol' | 'port';
  readonly server: Endpoint;
  readonly client?: Endpoint;
  readonly encapsulation?: Encapsulation;
  readonly kind: 'tls' | 'plaintext' | 'no-answer' | 'undecided' | 'file' | 'log-line';
  readonly because?: NoAnswerReason | UndecidedReason;
  /** Payload bytes on the wire, retransmissions not counted. */
  readonly bytes: { readonly client: number; readonly server: number };
  /** Frame numbers as Wireshark counts them in the file `file` (named where the run has several). */
  readonly frames?: { readonly first: number; readonly last: number; readonly file?: string };
  readonly answer?: {
    readonly kind: 'tls' | 'plaintext' | 'alert' | 'fin' | 'reset' | 'silence';
    readonly text: string;
    readonly firstBytes?: string;
  };
  readonly tls?: TlsDetails;
  readonly plaintext?: PlaintextDetails;
  readonly file?: FileSighting;
  readonly log?: LogLine;
  /** How an endpoint was asked; active only. */
  readonly asked?: Asked;
  /** Further connections like this one, counted instead of listed. */
  readonly repeats?: number;
  /** How well this connection was captured; absent where it was whole. */
  readonly quality?: {
    readonly gapBytes?: number;
    readonly cutBytes?: number;
    readonly oneSided?: 'client-only' | 'server-only';
    readonly midstream?: boolean;
    readonly limits?: readonly string[];
  };
}

export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly file?: string;
  readonly line?: number;
  readonly origin?: SettingOrigin;
}

/**
 * How a value got where it is. `default`: Flink's of that version; `policy`: ours; `rest`, `dynamic`: Flink's own word,
 * `-D` of a command line. `manifest`: `flinkConfiguration` of a FlinkDeployment; `config-map`, `secret`: a Flink file in
 * one of these; `environment`: `FLINK_PROPERTIES`; `entrypoint`: set by the image's docker-entrypoint.sh.
 */
export type SettingOrigin = (typeof SETTING_ORIGINS)[number];
export const SETTING_ORIGINS = [
  'file',
  'default',
  'policy',
  'dynamic',
  'rest',
  'environment',
  'config-map',
  'secret',
  'manifest',
  'entrypoint',
] as const;

/** What the configuration, or the default policy, promises for a channel. */
export interface Expectation {
  readonly channel: ChannelId;
  /** Process whose configuration says so; `null`: all of them. */
  readonly member: string | null;
  readonly tls: 'required' | 'forbidden' | 'optional' | 'impossible';
  readonly clientAuthentication: 'required' | 'optional' | 'none';
  readonly basis: 'configuration' | 'policy';
  /** Versions that the configuration allows; absent where it says nothing that Flink obeys. */
  readonly protocols?: readonly string[];
  readonly cipherSuites?: readonly string[];
  /** SHA-1 pins, lower-case hex. */
  readonly certificateSha1?: readonly string[];
  readonly port?: number;
  readonly because: readonly Setting[];
}

export interface Evidence {
  readonly observation?: string;
  readonly text: string;
  readonly frame?: number;
  readonly streamOffset?: number;
  readonly file?: string;
}

export interface Remediation {
  readonly text: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly command: string | null;
}

/** Where in a file of a member's a fault stands. */
export interface FilePlace {
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  readonly member?: string;
}

export type WitnessVerdict = 'pass' | 'fail' | 'inconclusive' | 'not-heard';

export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly verdict: 'fail' | 'inconclusive' | 'error';
  readonly channel: Channel;
  readonly endpoint?: Endpoint;
  /** Of what was found on disk or in a log. */
  readonly file?: FilePlace;
  readonly title: string;
  readonly message: string;
  readonly expected: string;
  readonly observed: string;
  readonly evidence: readonly Evidence[];
  readonly witnesses: {
    readonly wire: WitnessVerdict;
    readonly handshake: WitnessVerdict;
    readonly promise: WitnessVerdict;
    readonly record: WitnessVerdict;
  };
  readonly remediation: Remediation;
  readonly references: readonly string[];
  readonly fingerprint: string;
  readonly waived: {
    readonly id: string;
    readonly until: string;
    readonly owner: string;
    readonly reason: string;
  } | null;
  readonly firstSeen?: string;
  readonly change?: 'new' | 'unchanged' | 'fixed' | 'weaker';
}

export interface Coverage {
  readonly channel: ChannelId;
  readonly member?: string;
  readonly expectedEndpoints: number;
  readonly seenEndpoints: number;
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'not-seen' | 'not-applicable';
  /** Those that were heard of this channel. */
  readonly witnesses: readonly ('wire' | 'handshake' | 'promise' | 'record')[];
  /** What each of them says; absent in reports of former versions. */
  readonly says?: Finding['witnesses'];
  /** Asked for with `--expect`: not seen then makes the run inconclusive. */
  readonly expected?: boolean;
}

export type ProblemReason =
  | 'truncated-record'
  | 'malformed-block'
  | 'malformed-header'
  | 'unsupported-link-type'
  | 'unsupported-compression'
  | 'damaged-compression'
  | 'unknown-interface'
  | 'interface-changed'
  | 'read-error'
  | 'ascii-mode-transfer'
  | 'limit-reached'
  | 'readers-disagree'
  | 'interrupted';

export interface Problem {
  /** Byte offset in the (decompressed) input. */
  readonly offset: number;
  readonly reason: ProblemReason;
  readonly message: string;
}

export interface CaptureQuality {
  readonly captureDrops: number;
  readonly cutPackets: number;
  readonly gaps: number;
  readonly gapBytes: number;
  readonly oneSidedConnections: number;
  readonly badChecksums: number;
  readonly undecodedPackets: number;
  readonly duplicates: number;
  readonly problems: readonly Problem[];
  /** Named limits that were hit, with how often. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly crossCheck?: 'agrees' | 'disagrees' | 'not-applicable';
}

export interface Input {
  readonly kind: 'capture' | 'interface' | 'target' | 'rest' | 'configuration' | 'keystore' | 'directory' | 'log';
  readonly path: string;
  readonly format?: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly firstPacketAt?: string;
  readonly lastPacketAt?: string;
  readonly quality?: CaptureQuality;
  /** What could not be read of a configuration, or is not read by Flink. */
  readonly problems?: readonly FileProblem[];
}

export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** What became of a process or endpoint since the baseline. Compared by component and member, not by port. */
export interface EndpointChange {
  readonly channel: Channel;
  readonly endpoint: Endpoint;
  readonly change: 'new' | 'unchanged' | 'stronger' | 'weaker' | 'gone';
  /** `restarted` by identifiers that a process chooses anew at each start; `unknown` where there are none. */
  readonly process: 'restarted' | 'same' | 'unknown';
  readonly certificate: 'same' | 'changed' | 'none' | 'unknown';
  /** What is weaker or stronger, one sentence each. */
  readonly details: readonly string[];
}

export interface Comparison {
  readonly baseline: { readonly path: string; readonly finishedAt: string; readonly verdict: RunVerdict };
  readonly endpoints: readonly EndpointChange[];
  /** Findings of the baseline that are no longer there, with `change: fixed`. */
  readonly fixed: readonly Finding[];
}

/** What the processes called themselves when they were discovered; a restart changes it. */
export interface ProcessIdentity {
  readonly component: Component;
  readonly member: string;
  /** `rest`: resource id, web directory. `rpc`: uid of an ASSOCIATE. `log`: time of the start. */
  readonly source: 'rest' | 'rpc' | 'log';
  readonly identity: string;
}

export interface Report {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly producer: { readonly name: 'flinkprobe'; readonly version: string };
  readonly command: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly complete: boolean;
  readonly verdict: RunVerdict;
  readonly inputs: readonly Input[];
  readonly observations: readonly Observation[];
  readonly expectations: readonly Expectation[];
  readonly findings: readonly Finding[];
  readonly coverage: readonly Coverage[];
  /** What became of the policy that the run was judged by (`--policy`). */
  readonly policy?: PolicyOutcome;
  /** What became of the waivers that were given (`--waivers`). */
  readonly waivers?: readonly WaiverOutcome[];
  readonly processes?: readonly ProcessIdentity[];
  readonly comparison?: Comparison;
  /** What mends the findings; where it was asked for. */
  readonly fixPlan?: FixPlan;
  /** How long the cluster was watched before and while it was probed, seconds; a half-done restart looks healthy for a minute. */
  readonly watchedSeconds?: number;
  /** Connections that are no finding and no channel: counted, not accused. */
  readonly summary?: {
    readonly connections: number;
    /** Connection attempts that were refused (SYN answered by RST) or not answered. */
    readonly refusedAttempts: number;
    readonly unansweredAttempts: number;
    readonly clearUnknownConnections: number;
    readonly clearBytes: number;
    readonly tlsBytes: number;
    readonly datagrams?: number;
    readonly flinkVersions?: readonly string[];
  };
}
