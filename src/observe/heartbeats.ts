import type { TaskManagerAnswer } from '../net/flink-rest-types.ts';

/** A TaskManager that the JobManager lists, as it looked at one moment. */
export interface Pulse {
  /** Resource id. */
  readonly id: string;
  /**
   * `alive`: it registered, or its heartbeat moved on, while we looked, and not too long ago. `unproven`: listed, but
   * not watched long enough. `silent`: no heartbeat came though one was due.
   */
  readonly state: 'alive' | 'unproven' | 'silent';
  /** Since the last sign of life, or since we first saw it listed. */
  readonly silentMs: number;
}

interface Listed {
  readonly heartbeat: number;
  readonly since: number;
  readonly provenAt: number | undefined;
}

/** Heartbeats that may be late before their sender counts as gone: one and a half. */
const PATIENCE = 1.5;

/**
 * Who of the listed is alive. A JobManager lists a dead TaskManager for up to `heartbeat.timeout` (seen with 1.20.3:
 * killed, and still listed when its successor had registered), so only what happens while we look is proof. Clocks are
 * not compared: the JobManager's may differ from ours.
 */
export class Heartbeats {
  readonly #intervalMs: number;
  #listed: ReadonlyMap<string, Listed> | undefined;

  /** `intervalMs`: the cluster's `heartbeat.interval`. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Takes one answer to `GET /taskmanagers`, at `now`; sorted by id. */
  take(answers: readonly TaskManagerAnswer[], now: number): readonly Pulse[] {
    const before = this.#listed;
    const listed = new Map(answers.map((one) => [one.id, listing(one, before, now)] as const));
    this.#listed = listed;
    return [...listed]
      .map(([id, one]) => this.#pulse(id, one, now))
      .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  }

  #pulse(id: string, { since, provenAt }: Listed, now: number): Pulse {
    const silentMs = now - (provenAt ?? since);
    const isSilent = silentMs > this.#intervalMs * PATIENCE;
    return { id, state: isSilent ? 'silent' : provenAt === undefined ? 'unproven' : 'alive', silentMs };
  }
}

function listing(one: TaskManagerAnswer, before: ReadonlyMap<string, Listed> | undefined, now: number): Listed {
  const heartbeat = one.lastHeartbeatAt;
  const known = before?.get(one.id);
  if (known === undefined) {
    return { heartbeat, since: now, provenAt: before === undefined ? undefined : now };
  }
  return { heartbeat, since: known.since, provenAt: heartbeat > known.heartbeat ? now : known.provenAt };
}
