import type { Channel } from '../../model/channel.ts';
import type { Probe } from '../../model/probe.ts';
import type { Observation } from '../../model/report.ts';
import type { ClientCredential } from '../../net/tls-client/types.ts';
import type { Dialer, Transcript } from '../../net/wire.ts';
import type { NamedTarget } from '../named-target.ts';
import type { ByFamily } from './families.ts';

export const PROFILES = ['quick', 'standard', 'full'] as const;
export type Profile = (typeof PROFILES)[number];

/** One listening endpoint to be asked. A name with several addresses is several targets. */
export interface Target extends NamedTarget {
  /** Address literal. */
  readonly address: string;
  /** SHA-1 pins that the configuration sets, lower-case hex: a right certificate that is none of them must be refused. */
  readonly pins?: readonly string[];
}

/** A target that never came to be asked. */
export interface LostTarget extends NamedTarget {
  readonly because: 'unresolved';
}

export interface ActiveOptions {
  readonly profile: Profile;
  readonly dialer: Dialer;
  readonly probes: ReadonlyMap<Channel, Probe>;
  /** Shown as positive proof, to channels of its family. */
  readonly identities?: ByFamily<ClientCredential>;
  /** DER. What chains of each family have to lead to. */
  readonly trustAnchors?: ByFamily<readonly Uint8Array[]>;
  /** Opt-in ASSOCIATE with a made-up origin, for the uid of the process. */
  readonly associate: 'wanted' | 'not-wanted';
  readonly patience: ActivePatience;
  readonly signal?: AbortSignal;
  /** Told of every finished endpoint, and of the milliseconds that its handshakes took up to the end of the server's flight. */
  readonly progress?: (done: Observation, handshakesMs: readonly number[]) => void;
  /** Told of every finished connection, in the order of their ends; answers with its frames in a capture, if one is written. */
  readonly keep?: (transcript: Transcript) => { readonly first: number; readonly last: number } | undefined;
}

/** Milliseconds. */
export interface ActivePatience {
  readonly connectMs: number;
  readonly answerMs: number;
  readonly verdictMs: number;
}

/** The most that probing will take, told before it starts. */
export interface Budget {
  readonly endpoints: number;
  readonly connections: number;
  readonly logLines: number;
}
