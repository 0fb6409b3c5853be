import type { Container, Pod } from '../net/kubernetes-types.ts';
import { LEADER, type MemberChange } from './members.ts';

export type PodRole = 'jobmanager' | 'taskmanager';

/** A process of Flink that came: who it is, and when it began. */
export interface PodProcess {
  readonly role: PodRole;
  readonly places: readonly string[];
  /** Milliseconds since the epoch, by the clock of its node. */
  readonly startedAt?: number;
}

/** What became of pods. `came`: the process that a change tells of. */
export interface PodChange extends MemberChange {
  readonly came?: PodProcess;
}

/** Flink's own, natively and by the operator: `Constants.MAIN_CONTAINER_NAME`. */
const MAIN_CONTAINER = 'flink-main-container';
/** Pods that are gone and have no successor yet; of one role. */
const GONE_MOST = 100;
/** Who comes later is no successor: the cluster has grown again. */
const SUCCESSOR_MS = 600_000;

/** A Flink of more pods is not watched whole: its API server tells nonsense. */
const KNOWN_MOST = 20_000;

/** What is remembered of a pod. */
interface Known {
  readonly uid: string;
  readonly name: string;
  readonly places: readonly string[];
  readonly readiness: Pod['readiness'];
  readonly role: PodRole;
  /** Id of the container that runs Flink; undefined: it does not run now. */
  readonly process: string | undefined;
  /** The last that ran. */
  readonly last: string | undefined;
}

/**
 * The role of a pod, by the label that Flink (`Constants.LABEL_COMPONENT_KEY`), its operator
 * (`StandaloneKubernetesUtils`) and the manifests of Flink's documentation give it, or by Kubernetes' recommended one.
 */
export function roleOf({ labels }: Pick<Pod, 'labels'>): PodRole | undefined {
  const written = labels.component ?? labels['app.kubernetes.io/component'];
  return written === 'jobmanager' || written === 'taskmanager' ? written : undefined;
}

/** The pods of one cluster, by what the API tells of them; says what changed. The first list changes nothing. */
export class PodMembers {
  readonly #known = new Map<string, Known>();
  readonly #monotonic: () => number;
  /** Names of pods that ended and have no successor yet. */
  readonly #gone: Record<PodRole, { readonly name: string; readonly at: number }[]> = {
    jobmanager: [],
    taskmanager: [],
  };
  #isListed = false;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Pods whose Flink runs and which are ready. */
  ready(role: PodRole): number {
    return [...this.#known.values()].filter((one) => isReady(one) && one.role === role).length;
  }

  listed(pods: readonly Pod[]): readonly PodChange[] {
    const isFirst = !this.#isListed;
    this.#isListed = true;
    const there = new Set(pods.map(({ uid }) => uid));
    const left = [...this.#known.values()].filter(({ uid }) => !there.has(uid));
    const changes = [...left.flatMap((one) => this.deleted(one)), ...pods.flatMap((pod) => this.applied(pod))];
    return isFirst ? [] : changes;
  }

  /** A pod as it is now. */
  applied(pod: Pod): readonly PodChange[] {
    const role = roleOf(pod);
    if (role === undefined) return [];
    const { uid, name, readiness } = pod;
    const before = this.#known.get(uid);
    if (before === undefined && this.#known.size >= KNOWN_MOST) return [];
    const main = mainContainer(pod, role);
    const process = main?.state.kind === 'running' && main.id !== undefined && !isOver(pod) ? main.id : undefined;
    const places = placesOf(pod, role);
    this.#known.set(uid, { uid, name, places, readiness, role, process, last: process ?? before?.last });
    if (process !== undefined && process !== before?.process) return [this.#came(pod, role, main!, before?.last)];
    if (process === undefined && before?.process !== undefined) return [this.#went(before, endOf(main))];
    return [];
  }

  deleted({ uid }: Pick<Pod, 'uid'>): readonly PodChange[] {
    const before = this.#known.get(uid);
    this.#known.delete(uid);
    // A pod that failed stays listed until it is deleted: it was missed then.
    return before?.process === undefined ? [] : [this.#went(before, 'was deleted')];
  }

  #went({ name, places, role }: Known, how: string): PodChange {
    this.#gone[role] = [...this.#gone[role], { name, at: this.#monotonic() }].slice(-GONE_MOST);
    return { kind: 'member-gone', member: name, places, text: `the ${role} pod ${name} ${how}` };
  }

  #came(pod: Pod, role: PodRole, { restarts, state }: Container, last: string | undefined): PodChange {
    const { name } = pod;
    const places = placesOf(pod, role);
    const startedAt = state.kind === 'running' ? state.startedAt : undefined;
    const came = { role, places, ...(startedAt === undefined ? {} : { startedAt }) };
    const tell = (kind: 'restart' | 'member-back', how: string): PodChange => {
      return { kind, member: name, places, text: `the ${role} pod ${name} ${how}`, came };
    };
    if (last !== undefined || restarts > 0) {
      this.#predecessor(role, name, 'same');
      return tell('restart', `was restarted (${restarts} ${restarts === 1 ? 'restart' : 'restarts'} so far)`);
    }
    const before = this.#predecessor(role, name, 'any');
    if (before === undefined) return tell('member-back', 'has started');
    return tell('restart', before === name ? 'was replaced and has started' : `has started in the place of ${before}`);
  }

  /** Who was there before: one of the same name, else the one that is gone longest. It has its successor then. */
  #predecessor(role: PodRole, name: string, who: 'same' | 'any'): string | undefined {
    const now = this.#monotonic();
    const gone = this.#gone[role].filter(({ at }) => now - at < SUCCESSOR_MS);
    const same = gone.findIndex((one) => one.name === name);
    const [found] = same >= 0 ? gone.splice(same, 1) : who === 'any' ? gone.splice(0, 1) : [];
    this.#gone[role] = gone;
    return found?.name;
  }
}

function mainContainer({ containers }: Pod, role: PodRole): Container | undefined {
  return (
    containers.find(({ name }) => name === MAIN_CONTAINER) ??
    containers.find(({ name }) => name === role) ??
    containers[0]
  );
}

function isOver({ phase }: Pod): boolean {
  return phase === 'Failed' || phase === 'Succeeded';
}

function isReady({ process, readiness }: Known): boolean {
  return process !== undefined && readiness === 'ready';
}

function endOf(main: Container | undefined): string {
  if (main?.state.kind !== 'terminated') return 'does not run';
  const { reason, exitCode } = main.state;
  const said = [reason, exitCode === undefined ? undefined : `exit code ${exitCode}`].filter(Boolean).join(', ');
  return said === '' ? 'has ended' : `has ended (${said})`;
}

/** Where REST would list what runs in it: under its address, or its name; a JobManager as the one that answers. */
function placesOf({ name, ip }: Pod, role: PodRole): readonly string[] {
  return [name, ...(ip === undefined ? [] : [ip]), ...(role === 'jobmanager' ? [LEADER] : [])];
}
