import type { WireStatus } from './types.ts';

const LOOK_EVERY_MS = 1000;
/** A capture that is begun anew at once is told by the next report; what lasts longer is told to sinks. */
const LASTING_MS = 10_000;

export interface WatchedWire {
  readonly cluster: string;
  /** Absent: its settings have no `capture`. */
  readonly wire: WireStatus | undefined;
}

/** Why a wire that is to be watched is not; undefined where it is, or where nobody wants it. */
export function problemOfWire(wire: WireStatus | undefined): string | undefined {
  if (wire === undefined || wire.state === 'running' || wire.state === 'stopped') return undefined;
  return wire.problem ?? 'it has not begun yet';
}

/** Tells which wires are not watched for a while, once each, and once when they are again, or need not be. */
export class WireWatch {
  readonly #wires: () => readonly WatchedWire[];
  readonly #tell: (cluster: string, problem: string | undefined) => void;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, { since: number | undefined; told: 'nothing' | 'watched' | 'not-watched' }>();
  #timer: NodeJS.Timeout | undefined;

  /** `tell` must not throw; `monotonic`: milliseconds by a clock that nobody sets. */
  constructor(
    wires: () => readonly WatchedWire[],
    tell: (cluster: string, problem: string | undefined) => void,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#wires = wires;
    this.#tell = tell;
    this.#monotonic = monotonic;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const wires = this.#wires();
    for (const cluster of this.#known.keys())
      if (!wires.some((one) => one.cluster === cluster)) this.#known.delete(cluster);
    for (const { cluster, wire } of wires) this.#lookAt(cluster, problemOfWire(wire));
  }

  #lookAt(cluster: string, problem: string | undefined): void {
    const one = this.#known.get(cluster) ?? { since: undefined, told: 'nothing' as const };
    this.#known.set(cluster, one);
    const now = this.#monotonic();
    one.since = problem === undefined ? undefined : (one.since ?? now);
    const isLasting = one.since === undefined || now - one.since >= LASTING_MS;
    const is = problem === undefined ? 'watched' : 'not-watched';
    if (!isLasting || one.told === is) return;
    one.told = is;
    this.#tell(cluster, problem);
  }
}
