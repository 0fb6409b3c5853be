import type { Side, StreamFollower } from '../bytes/stream.ts';
import type { ChannelId, Component, Protection } from './channel.ts';
import type { CredentialSighting, Expectation, PlaintextDetails, Setting, StateTransfer } from './report.ts';

/** The effective Flink configuration of one process, as a probe may ask it. */
export interface EffectiveConfiguration {
  readonly member: string | null;
  /** `1.20.3`; absent where nobody knows. */
  readonly flinkVersion?: string;
  /** True where `version` is known and at least the given one; unknown versions are taken for the newest. */
  atLeast(version: string): boolean;
  /** Value in force, its origin, and the deprecated key that it came from, if any. Later keys are fallbacks (aliases). */
  setting(key: string, ...aliases: string[]): Setting | undefined;
  /** As {@link setting}, with Flink's default where nothing is set (origin `default`). */
  settingOr(key: string, fallback: string, ...aliases: string[]): Setting;
  /** All keys that are set. */
  keys(): readonly string[];
}

/** What a follower learned about processes, for names and roles of other connections (TLS ones too). */
export interface Hint {
  readonly kind: 'member' | 'channel-port' | 'flink-version';
  /** Whose address: this side of this connection, or an address that the traffic itself named. */
  readonly side?: Side;
  readonly host?: string;
  readonly port?: number;
  readonly member?: string;
  readonly component?: Component;
  readonly channel?: ChannelId;
  readonly version?: string;
}

/** What a follower can say at any time about a clear connection. All places count the raw stream. */
export interface ClearReading {
  readonly protocol: string;
  /** Channel where the content tells; absent where only the protocol is known. */
  readonly channel?: ChannelId;
  /** Side that is the client by content; absent where content cannot tell. */
  readonly clientSide?: Side;
  /** Component at the server's end by content. */
  readonly serverComponent?: Component;
  readonly clientComponent?: Component;
  readonly details: PlaintextDetails['details'];
  /** Headers only, at most 64 bytes. */
  readonly firstBytes: Uint8Array;
  /** `from` is given by side here, and becomes client or server when roles are known. */
  readonly stateTransfer: readonly (Omit<StateTransfer, 'from'> & { readonly side: Side })[];
  readonly credentials: readonly (Omit<CredentialSighting, 'from'> & { readonly side: Side })[];
  readonly hints: readonly Hint[];
  /** The other side answered in kind; `false`: it did not, whatever it did. */
  readonly answered: boolean;
}

/** Follows a connection that may speak one clear protocol, and says what was read. */
export interface ClearFollower extends StreamFollower {
  reading(): ClearReading;
  /** After this offset of this side, other bytes start (HTTP CONNECT, upgrade): TLS may begin there. */
  readonly tunnelFrom?: readonly [number | undefined, number | undefined];
}

/** How a stream begins: at its SYN, or somewhere in the middle. */
export type StreamStart = 'syn' | 'midstream';

/** A way to recognise a clear protocol. Several channels may share one (Pekko, HTTP). */
export interface ClearProtocol {
  /** Value of `plaintext.protocol`. */
  readonly name: string;
  /** Lower comes first where two are equally sure. */
  readonly order: number;
  follow(start: StreamStart): ClearFollower;
}

/** A request that does no harm to this protocol, and that only this protocol answers. */
export interface ClearAsk {
  /** For reports: `HEARTBEAT`, `AddCredit for an unknown receiver`, `GET /config`. */
  readonly name: string;
  /** Bytes to send; `host` is what an HTTP request names as its host. */
  request(host: string): Uint8Array;
  /** Sent before the connection is closed, where the protocol has a farewell. */
  readonly farewell?: Uint8Array;
  /** WARN and ERROR lines that Flink writes: asked in clear, and asked on a port that speaks TLS. */
  readonly logLines: { readonly clear: number; readonly tls: number };
}

/** One Flink channel: who it is, which settings rule it, what its clear traffic looks like. One file each in `probes/`. */
export interface Probe {
  readonly id: ChannelId;
  /** As Flink's documentation calls it: `BLOB server`. */
  readonly title: string;
  readonly protection: Protection;
  /** Component that listens. */
  readonly component: Component;
  /** One or two sentences: what it carries, why clear text hurts. */
  readonly carries: string;
  /** Ports that Flink or its images use when nothing else is said. Hints for labels, never proof. */
  readonly defaultPorts: readonly number[];
  readonly settings: {
    /** Keys that give the port, the first that is set wins. */
    readonly port: readonly string[];
    /** Keys that switch TLS on for this channel, all of which have to hold. */
    readonly tls: readonly string[];
  };
  /** Settings that mend clear text here; values as they stand in the configuration file. */
  readonly remedy: { readonly text: string; readonly settings: Readonly<Record<string, string>> };
  /** How clear traffic of this channel is recognised; the same object may stand in several probes. */
  readonly protocols: readonly ClearProtocol[];
  /** The harmless request that tells whether this port answers in clear; absent: the port is never asked. */
  readonly ask?: ClearAsk;
  /** The port that this process listens on by its configuration; undefined where random or not configured. */
  port(configuration: EffectiveConfiguration): Setting | undefined;
  /** What the configuration promises; undefined where this process has no such channel. */
  expect(configuration: EffectiveConfiguration): Expectation | undefined;
}
