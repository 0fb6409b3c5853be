import type { KeyObject } from 'node:crypto';

/**
 * How the server's certificate is judged. `trust-store`: by the given anchors, name checked. `public`: by the system's
 * authorities, name checked. `pinned`: by its fingerprint alone. `none`: not at all, which has to be said in a report.
 */
export type RestVerification = 'trust-store' | 'public' | 'pinned' | 'none';

export interface RestTls {
  readonly verification: RestVerification;
  /** DER. As in Java, any certificate of a trust store is an anchor, a server's own too. */
  readonly trustAnchors?: readonly Uint8Array[];
  /** Shown where the server asks; DER, leaf first. */
  readonly identity?: { readonly certificates: readonly Uint8Array[]; readonly privateKey: KeyObject };
  /** Fingerprints of the server's own certificate, hexadecimal; colons and case do not matter. One has to fit. */
  readonly pinnedSha1?: readonly string[];
  readonly pinnedSha256?: readonly string[];
}

/** `value` as its file holds it: `user:password`, or the bare token. White space around it is left out. */
export interface RestAuthorization {
  readonly kind: 'basic' | 'bearer';
  readonly value: string;
}

export interface RestAccess {
  /** `http://jm:8081`, `https://gateway.example/flink`. */
  readonly url: string;
  /** Left out: `public`. Without meaning for `http`. */
  readonly tls?: RestTls;
  readonly authorization?: RestAuthorization;
  /** Milliseconds for one request, from the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What protected the answers: `clear` for http, otherwise how the server was judged. */
export type RestTrust = 'clear' | RestVerification;

/** `GET /config` (`DashboardConfiguration`). */
export interface DashboardAnswer {
  readonly flinkVersion: string;
  readonly revision?: string;
  /** True of a history server, false of a JobManager. */
  readonly isHistory: boolean;
}

/** `GET /overview` (`ClusterOverviewWithVersion`). */
export interface OverviewAnswer {
  readonly taskManagers: number;
  readonly flinkVersion?: string;
  readonly jobsRunning?: number;
}

/** An entry of `GET /jobmanager/config` (`ConfigurationInfoEntry`); secrets are `******`. */
export interface ConfigurationEntry {
  readonly key: string;
  readonly value: string;
}

/** An entry of `GET /taskmanagers` (`TaskManagerInfo`). */
export interface TaskManagerAnswer {
  /** Resource id: new at each start, unless configured. */
  readonly id: string;
  /** `pekko.ssl.tcp://flink@tm1:6122/user/rpc/taskmanager_0`. */
  readonly path: string;
  readonly dataPort: number;
  /** -1: none. */
  readonly jmxPort: number;
  /** Milliseconds since the epoch by the JobManager's clock, despite its name `timeSinceLastHeartbeat`. */
  readonly lastHeartbeatAt: number;
}

/** An entry of `GET /jobs/overview` (`JobDetails`). */
export interface JobAnswer {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** What is used of `GET /jobs/:id/checkpoints/config` (`CheckpointConfigInfo`). */
export interface CheckpointConfigAnswer {
  readonly storage?: string;
  readonly stateBackend?: string;
}

/** What is used of `GET /jobs/:id/checkpoints` (`CheckpointingStatistics`). */
export interface CheckpointsAnswer {
  /** Of the latest checkpoint, savepoint and restore, where Flink tells one. */
  readonly externalPaths: readonly string[];
}

/** The harmless questions to Flink's REST API. Each rejects with `RestFailure`. */
export interface RestReader {
  readonly url: URL;
  readonly trust: RestTrust;
  dashboard(): Promise<DashboardAnswer>;
  overview(): Promise<OverviewAnswer>;
  jobManagerConfig(): Promise<readonly ConfigurationEntry[]>;
  taskManagers(): Promise<readonly TaskManagerAnswer[]>;
  jobs(): Promise<readonly JobAnswer[]>;
  checkpoints(jobId: string): Promise<CheckpointsAnswer>;
  checkpointConfig(jobId: string): Promise<CheckpointConfigAnswer>;
}
