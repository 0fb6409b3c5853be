import type { ChannelId } from './channel.ts';
import type { Severity } from './report.ts';

/**
 * A known-good baseline: what has to hold, each requirement with its source.
 *
 * A shipped profile is one such value, one file each in `src/policies/`. A user's file has the same shape in YAML, where
 * it may extend a profile (`src/cli/policy-schema.ts`).
 */
export interface PolicyDocument {
  /** Lower case with dashes; of a shipped profile its file's name. */
  readonly policy: string;
  readonly title: string;
  /** What the document is, which edition was read, and what of it is left out because no probe can tell. */
  readonly about: string;
  readonly requirements: readonly Requirement[];
}

export type Requirement = RequirementText & Subject & Relation;

interface RequirementText {
  /** Tells requirements of one policy apart, also in fingerprints. */
  readonly id: string;
  readonly severity: Severity;
  /** Document and section: a page of the RFC editor or of Flink, else a name to look up. Never empty. */
  readonly source: readonly string[];
  /** One sentence. */
  readonly reason: string;
  /** First Flink version that it is about, and the first that it is no longer about; an unknown version is the newest. */
  readonly since?: string;
  readonly until?: string;
}

/** What a requirement is about: a key of the configuration, what an endpoint serves, or a certificate wherever it is. */
export type Subject = KeySubject | ServedSubject | CertificateSubject;

export interface KeySubject {
  readonly key: string;
  /** Older names of the key, and keys that it falls back to. */
  readonly aliases?: readonly string[];
  /** Flink's value where nothing is set. */
  readonly default?: string;
}

export interface ServedSubject {
  readonly served: ServedAspect;
  readonly on?: PolicyScope;
}

/** Judged where it is presented, and in the key stores. */
export interface CertificateSubject {
  readonly certificate: CertificateAspect;
  readonly on?: PolicyScope;
}

/** `internal`, `rest`: channels by how Flink protects them; `all` (where left out): both. */
export type PolicyScope = 'internal' | 'rest' | 'all' | readonly ChannelId[];

/**
 * `tls`: `on`, `off`; `client-authentication`: `required`, `none`; `encrypt-then-mac` of CBC suites: `on`, `off`;
 * `protocol`, `cipher-suite`, `named-group`: names of the public contract; `dh-bits`: of finite-field groups.
 */
export type ServedAspect =
  | 'tls'
  | 'client-authentication'
  | 'protocol'
  | 'cipher-suite'
  | 'named-group'
  | 'dh-bits'
  | 'encrypt-then-mac';

/** `hash`: of the signature: `sha1`, `sha256`, `ed25519`; `key-type`: `RSA`, `EC`; `curve`: `secp256r1`. */
export type CertificateAspect =
  | 'key-type'
  | 'rsa-bits'
  | 'dsa-bits'
  | 'ec-bits'
  | 'curve'
  | 'hash'
  | 'validity-days'
  | 'remaining-days';

/**
 * `required`: one of these is there (of what an endpoint has one of at a time: it is one of these). `forbidden`: none
 * is there. `one-of`: nothing else is there. Values may hold `*` for any text; `*` alone is any value.
 */
export type Relation =
  | { readonly required: readonly string[] }
  | { readonly forbidden: readonly string[] }
  | { readonly 'one-of': readonly string[] }
  | { readonly 'at-least': number }
  | { readonly 'at-most': number };

/** A policy that can be judged by: nothing left to look up. */
export interface Policy {
  readonly name: string;
  readonly title: string;
  readonly requirements: readonly ResolvedRequirement[];
}

export interface ResolvedRequirement {
  readonly requirement: Requirement;
  /** Empty for keys. */
  readonly channels: ReadonlySet<ChannelId>;
  readonly families: ReadonlySet<'internal' | 'rest'>;
}

/** What became of a policy in a run. */
export interface PolicyOutcome {
  readonly name: string;
  readonly requirements: number;
  readonly met: number;
  readonly notMet: number;
  /** Hidden, not seen, or nothing of the run is about it. */
  readonly notJudged: number;
  /** Ids of those. */
  readonly unjudged: readonly string[];
}
