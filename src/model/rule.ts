import type { Channel } from './channel.ts';
import type { Policy } from './policy.ts';
import type { EffectiveConfiguration, Probe } from './probe.ts';
import type {
  CaptureQuality,
  Certificate,
  ChainTrust,
  Endpoint,
  EndpointChange,
  Evidence,
  Expectation,
  FilePlace,
  FileProblem,
  Finding,
  Observation,
  Remediation,
  Setting,
  Severity,
  Verdict,
  WitnessVerdict,
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
  /** Configurations that were handed in with what their stores hold; empty where nobody read the disk. */
  readonly configurations: readonly ConfigurationSubject[];
  readonly stores: readonly StoreSubject[];
  /** Absent: there is nothing to compare with. */
  readonly baseline?: BaselineSubject;
}

/** A file as the disk has it. */
export interface FileFacts {
  readonly path: string;
  /** Octal permission bits, as `0644`; absent where the system has none. */
  readonly mode?: string;
  /** Name of the owner, or the number where nobody knows the name. */
  readonly owner?: string;
  /** Symbolic links that lead to it, as `/ssl/store.p12 -> ..data/store.p12`, in their order; absent without one. */
  readonly links?: readonly string[];
  /** Where they end: mode and owner are of that file. */
  readonly target?: string;
  /** The directory on the way in which others may put another file, or another directory, in its place. */
  readonly exchangeableIn?: {
    readonly path: string;
    readonly by: 'group' | 'others';
    readonly mode: string;
    readonly owner: string;
  };
}

/** What stands beside a configuration: the folder that Flink was unpacked into. */
export interface FlinkHome {
  readonly path: string;
  /** Names of the files in `lib`. */
  readonly libraries: readonly string[];
  /** Names of the files in `opt`, which are not loaded. */
  readonly optional: readonly string[];
  /** Entries named as key stores in the jars of `lib` and `usrlib`. */
  readonly packedStores: readonly { readonly jar: string; readonly entry: string }[];
}

/** What `core-site.xml` and `hdfs-site.xml` say, as far as it matters here. */
export interface HadoopFacts {
  /** Files that were read. */
  readonly files: readonly string[];
  /** The last of each key counts. */
  readonly settings: readonly Setting[];
}

/** `internal`: RPC, data, BLOB; `rest`: REST, history server, SQL gateway. */
export type StoreFamily = 'internal' | 'rest';
export type StoreRole = 'keystore' | 'truststore';

/** Who names a store, and as what. */
export interface StoreUse {
  readonly member: string | null;
  /** Absent for a file that was only handed in. */
  readonly family?: StoreFamily;
  readonly role?: StoreRole;
  /** The setting that names it. */
  readonly setting?: Setting;
  /** `keystore-type`, `truststore-type` where it is set. */
  readonly type?: Setting;
}

export interface StoreEntry {
  readonly kind: 'key' | 'certificate';
  readonly alias?: string;
  /** Leaf first; a trusted certificate is a chain of one. */
  readonly chain: readonly Certificate[];
  /** Of a private key: whether the password opens it. It is never kept. */
  readonly key?: 'opened' | 'password-needed' | 'wrong-password' | 'unsupported';
}

/** `missing`, `unreadable`: of the file; the rest: of its content. */
export type StoreState =
  | 'read'
  | 'missing'
  | 'unreadable'
  | 'wrong-password'
  | 'password-needed'
  | 'damaged'
  | 'unsupported'
  | 'empty';

/** What was read of one key store file. Holds neither keys nor passwords. */
export interface StoreFacts {
  /** As it was named. */
  readonly path: string;
  readonly state: StoreState;
  /** One clause, where it was not read; never holds a password. */
  readonly problem?: string;
  /** `missing`: the machine has not even its folder, so that it is another one than the configuration's, most likely. */
  readonly folder: 'there' | 'missing';
  readonly file?: FileFacts;
  /** `PEM`, `PKCS12`, `JKS`, `JCEKS`, `DER`, `BCFKS`: by content. */
  readonly format?: string;
  readonly entries: readonly StoreEntry[];
  /** Sentences on what other readers would not see. */
  readonly problems: readonly string[];
}

/** One key store file with all that name it; the same file opened by another password is another subject. */
export interface StoreSubject {
  readonly scope: 'store';
  readonly store: StoreFacts;
  /** Never empty. */
  readonly uses: readonly StoreUse[];
}

/** Whether a member's own truststore vouches for its own keystore: all members share the internal pair. */
export interface StoreTrust {
  readonly family: StoreFamily;
  readonly keystore: StoreFacts;
  readonly truststore: StoreFacts;
  readonly leaf: Certificate;
  readonly verdict: ChainTrust['verdict'];
}

/** A value that stands in plain text beside a process: that it is there, never what it is. */
export interface Exposure {
  /** `variable`: of its environment; `argument`: of its command line; `manifest`: in a Kubernetes object that is no Secret. */
  readonly kind: 'variable' | 'argument' | 'manifest';
  /** Variable, option or configuration key; `FLINK_PROPERTIES s3.secret-key` for a key within a variable. */
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

/** The configuration of one member, and what its stores hold. */
export interface ConfigurationSubject {
  readonly scope: 'configuration';
  readonly member: string | null;
  /** As the user named it: a folder or a file. */
  readonly path: string;
  readonly configuration: EffectiveConfiguration;
  readonly files: readonly FileFacts[];
  readonly problems: readonly FileProblem[];
  /** Absent: the configuration is a file, and nothing else is known of the process. */
  readonly exposed?: readonly Exposure[];
  readonly flinkVersion?: string;
  /** What it promises, channel by channel. */
  readonly expectations: readonly Expectation[];
  readonly stores: readonly { readonly use: StoreUse; readonly store: StoreFacts }[];
  /** Of each family whose two stores could be read. */
  readonly trust: readonly StoreTrust[];
  /** Absent where the configuration does not lie in one. */
  readonly home?: FlinkHome;
  /** Absent where nothing of Hadoop's was found. */
  readonly hadoop?: HadoopFacts;
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
  /** `17.0.18`, as `--jdk` gives it. */
  readonly jdkVersion?: string;
  readonly probes: ReadonlyMap<Channel, Probe>;
  /** What the policy of the run says beyond expectations. */
  readonly expiry: { readonly mediumDays: number; readonly highDays: number };
  /** Known-good baseline to judge by, where one was given. */
  readonly policy?: Policy;
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
  /** Where in a file the fault stands; absent: the file of the subject. */
  readonly file?: FilePlace;
  /** Does not repeat the place of the endpoint: the finding has it beside. */
  readonly message?: string;
  readonly expected?: string;
  readonly observed?: string;
  readonly evidence?: readonly Evidence[];
  readonly remediation?: Remediation;
  /** What single witnesses say of TLS, where a contradiction lies between them; the others are asked as always. */
  readonly witnesses?: Readonly<Partial<Record<Witness, WitnessVerdict>>>;
  /** Tells judgements of one rule on one endpoint apart in the fingerprint (certificate hash, suite). */
  readonly discriminator?: string;
  /** Where they differ from the rule's own. */
  readonly title?: string;
  readonly references?: readonly string[];
  /** Id of the requirement of the policy that was judged. */
  readonly requirement?: string;
}

/** Who may be heard about a channel: `promise` is the disk, `record` Flink's own log. */
export type Witness = keyof Finding['witnesses'];

/** `not-applicable`: nothing of the kind was there to judge. `error`: only where a rule itself tells of a defect of ours. */
export interface VerdictTexts {
  readonly pass: string;
  /** Absent: the rule never accuses, it only says what could not be seen. */
  readonly fail?: string;
  readonly inconclusive?: string;
  readonly error?: string;
  readonly 'not-applicable'?: string;
}

interface RuleText {
  /** File name without ending. */
  readonly id: string;
  /** The problem, in a few words. */
  readonly title: string;
  readonly severity: Severity;
  /** Why it matters: two to four sentences. */
  readonly rationale: string;
  /** How it is decided, for people: what is looked at, what it is compared with, thresholds. One to three sentences. */
  readonly decides: string;
  /** What each verdict means, one clause each without a full stop. Only verdicts that the rule can give. */
  readonly verdicts: VerdictTexts;
  /**
   * Witnesses that it listens to. Absent: wire and handshake for an endpoint, the promise for a configuration or store;
   * rules of the whole run name theirs. `promise` below adds what is only held beside the verdict.
   */
  readonly hears?: readonly Witness[];
  /**
   * Rules that tell the same of what was seen: where one of them fails on a channel, this one is silent about it. Of a
   * configuration rule: those that show on connections what it predicts, so that a run which hears connections asks them.
   */
  readonly toldBy?: readonly string[];
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

export interface ConfigurationRule extends RuleText {
  readonly scope: 'configuration';
  appliesTo(subject: ConfigurationSubject, context: RuleContext): boolean;
  evaluate(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[];
}

export interface StoreRule extends RuleText {
  readonly scope: 'store';
  appliesTo(subject: StoreSubject, context: RuleContext): boolean;
  evaluate(subject: StoreSubject, context: RuleContext): readonly Judgement[];
}

export type Rule = EndpointRule | ClusterRule | ConfigurationRule | StoreRule;
