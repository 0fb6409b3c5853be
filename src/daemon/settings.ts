import type { ChannelId } from '../model/channel.ts';
import type { Severity } from '../model/report.ts';

/**
 * `flinkprobe.yaml`, read: paths made absolute against the folder of the file, durations in milliseconds, defaults put
 * in. Where a secret is needed, the settings say where it stands; it is read when it is used.
 */
export interface Settings {
  readonly web: WebSettings;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
  readonly state: StateSettings;
  readonly clusters: readonly ClusterSettings[];
  readonly notify: readonly SinkSettings[];
  /** File of waivers; re-read with the settings. */
  readonly waivers?: string;
  /** Connections open at once, over all clusters. */
  readonly connections: number;
}

/** A secret: in a file, a credential that systemd passes on, or a variable of the environment that is named. */
export type SecretSetting =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string };

export interface WebSettings {
  readonly host: string;
  readonly port: number;
  /** Keys of the exporter-toolkit's `tls_server_config`. */
  readonly tls?: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly clientAuthentication: 'none' | 'request' | 'require-any' | 'verify-if-given' | 'require-and-verify';
    readonly clientCaFile?: string;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  };
  readonly users: readonly WebUser[];
  /** Listening elsewhere than on loopback without any authentication. */
  readonly insecure: 'refuse' | 'allow';
  readonly probe: { readonly allow: 'configured' | 'any' | readonly string[] };
}

export interface WebUser {
  readonly name: string;
  /** `scrypt$N$r$p$salt$hash`, salt and hash in base 64. */
  readonly passwordHash: string;
  readonly role: 'reader' | 'operator';
}

export interface StateSettings {
  readonly path: string;
  readonly passingMs: number;
  readonly failingMs: number;
  readonly bytes: number;
}

export type Schedule =
  | { readonly kind: 'every'; readonly everyMs: number; readonly jitterMs: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone?: string }
  | { readonly kind: 'none' };

export interface StoreSetting {
  readonly file: string;
  readonly password?: SecretSetting;
  readonly keyPassword?: SecretSetting;
}

/** Identities and truststores by family, as `verify --identity internal=…` has them. */
export interface Credentials {
  readonly identity?: StoreSetting;
  readonly truststore?: StoreSetting;
}

export interface ClusterSettings {
  readonly name: string;
  readonly schedule: Schedule;
  readonly profile: 'quick' | 'standard' | 'full';
  readonly failOn: Exclude<Severity, 'info'>;
  /** Of one connection. */
  readonly timeoutMs: number;
  /** Of one run: what is not seen until then is not seen, and the run incomplete. */
  readonly runTimeoutMs: number;
  /** Connections open at once. */
  readonly parallel: number;
  readonly rest?: {
    readonly url: string;
    readonly token?: SecretSetting;
    readonly basic?: { readonly user: string; readonly password: SecretSetting };
  };
  /** Targets as the command line has them: `blob-server=jm:6124`. */
  readonly targets: readonly string[];
  /** Sources of Flink configurations, as `--conf` has them: `MEMBER=DIR`. */
  readonly configurations: readonly string[];
  readonly flinkVersion?: string;
  /** Name of a shipped profile, or a path. */
  readonly policy?: string;
  readonly names?: string;
  readonly logs: readonly string[];
  readonly keystores: readonly StoreSetting[];
  readonly internal: Credentials;
  readonly restCredentials: Credentials;
  /** TaskManagers that have to be registered; absent: as many as there were. */
  readonly expectedTaskManagers?: number;
  readonly restartWatch?: { readonly everyMs: number; readonly verifyAfterMs: number };
  /** Whose pods the restart watch looks at besides. */
  readonly kubernetes?: KubernetesSettings;
  /** Runs in a row before a finding is resolved or opened again. */
  readonly resolveAfter: number;
  readonly active: 'on' | 'off';
  readonly capture?: CaptureSettings;
  /** Captures to analyse instead of asking anybody; for files that do not change. */
  readonly captures: readonly string[];
}

export interface KubernetesSettings {
  /** Absent: the daemon's own, else `default`. */
  readonly namespace?: string;
  /** A label selector. */
  readonly selector: string;
  /** Absent: what Kubernetes tells every pod. */
  readonly api?: string;
  /** Absent: the service account's, where `api` is absent too. */
  readonly token?: SecretSetting;
  /** PEM. Absent: the service account's, where `api` is absent too. */
  readonly ca?: string;
}

export interface CaptureSettings {
  readonly interfaces: readonly string[];
  /** A folder into which other tools rotate captures; then no interface is opened. */
  readonly folder?: string;
  /** BPF; absent: made from the known ports. */
  readonly filter?: string;
  /** Where evidence is kept, and how much of a connection at most. */
  readonly evidence?: { readonly folder: string; readonly bytes: number };
  /** How often what was seen becomes a run. */
  readonly everyMs: number;
  readonly channels?: readonly ChannelId[];
}

interface SinkCommon {
  /** Unique; keys the outbox. */
  readonly name: string;
  readonly minSeverity: Severity;
  readonly on: readonly ('opened' | 'resolved' | 'worsened' | 'waiver-ending' | 'run-failed')[];
  /** At most one notification per finding in this time while it stays open or flaps. */
  readonly repeatMs: number;
  /** How long a group is collected before it is sent. */
  readonly groupWaitMs: number;
  readonly timeoutMs: number;
}

export type SinkSettings = SinkCommon &
  (
    | {
        readonly type: 'alertmanager';
        readonly urls: readonly string[];
        readonly resendMs: number;
        readonly basic?: { readonly user: string; readonly password: SecretSetting };
      }
    | { readonly type: 'webhook'; readonly url: SecretOrText; readonly bearer?: SecretSetting }
    | { readonly type: 'pagerduty'; readonly url: string; readonly routingKey: SecretSetting }
    | { readonly type: 'slack'; readonly url: SecretSetting }
    | { readonly type: 'exec'; readonly command: readonly string[] }
  );

export type SecretOrText = SecretSetting | { readonly kind: 'text'; readonly text: string };
