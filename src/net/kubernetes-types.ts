/** How the API server is reached; read anew for each request, since tokens of service accounts are renewed hourly. */
export interface KubernetesAccess {
  /** `https://10.96.0.1:443`; a path before `/api` is kept. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string;
  /** PEM certificates of the authorities that vouch for the server; absent: the public ones. */
  readonly ca?: string;
}

/** Which pods: those of one namespace that a label selector picks. */
export interface PodScope {
  readonly namespace: string;
  /** `app=orders,component in (jobmanager,taskmanager)`. */
  readonly selector: string;
}

/** What is used of a Pod (core/v1). */
export interface Pod {
  /** Of this pod alone: another pod of the same name has another. */
  readonly uid: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its own: absent until it has one, and where it is on the network of its node (`hostNetwork`). */
  readonly ip?: string;
  readonly phase: string;
  /** Its condition `Ready`: its containers run, and pass their readiness probes where they have some. */
  readonly readiness: 'ready' | 'not-ready';
  /** In the order of the specification. */
  readonly containers: readonly Container[];
}

/** A container of the specification, and what its status says. */
export interface Container {
  readonly name: string;
  /** `containerd://…`: new at every start. Absent until it was started. */
  readonly id?: string;
  readonly restarts: number;
  readonly state: ContainerState;
}

export type ContainerState =
  | { readonly kind: 'waiting' }
  /** `startedAt`: milliseconds since the epoch, by the clock of its node. */
  | { readonly kind: 'running'; readonly startedAt?: number }
  | { readonly kind: 'terminated'; readonly reason?: string; readonly exitCode?: number };

export interface PodList {
  readonly pods: readonly Pod[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** `opened`: the server has taken the watch. `bookmark`: nothing happened up to that version. */
export type PodEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'applied' | 'deleted'; readonly resourceVersion: string; readonly pod: Pod };

/** Pods of one cluster, as the daemon needs them. Each rejects with `KubernetesFailure`. */
export interface PodSource {
  list(signal: AbortSignal): Promise<PodList>;
  /** Ends when the server ends it, which it does after some minutes. */
  watch(resourceVersion: string, signal: AbortSignal): AsyncIterable<PodEvent>;
}

/** `expired`: what is watched from is no longer kept (410), list anew. `refused`: 401 or 403. */
export type KubernetesFault =
  | 'bad-access'
  | 'unreachable'
  | 'refused'
  | 'expired'
  | 'http-status'
  | 'malformed'
  | 'too-large';

export class KubernetesFailure extends Error {
  readonly fault: KubernetesFault;

  constructor(fault: KubernetesFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubernetesFailure';
    this.fault = fault;
  }
}
