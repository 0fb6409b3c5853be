import type { MemberChange } from './members.ts';

export type Teller = 'rest' | 'pods';

/**
 * What one watch tells, the other may tell too: within so long it is the same event. A TaskManager that died leaves
 * REST's list after `heartbeat.timeout` (50 s unless configured); starting and registering comes on top.
 */
const SAME_EVENT_MS = 180_000;

/** Remembered of what was told; the oldest are forgotten. */
const TOLD_MOST = 2000;

type Half = 'went' | 'came';

interface Told {
  readonly by: Teller;
  readonly half: Half;
  readonly places: readonly string[];
  readonly at: number;
}

/** Two watches look at one cluster: whatever both see is told once, by the one that saw it first. */
export class ToldOnce {
  readonly #monotonic: () => number;
  #told: readonly Told[] = [];

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Whether this is news. What the other has told is used up by it, so that the next event is news again. */
  isNews(by: Teller, { kind, places }: Pick<MemberChange, 'kind' | 'places'>): boolean {
    const now = this.#monotonic();
    this.#told = this.#told.filter(({ at }) => now - at < SAME_EVENT_MS);
    const half = kind === 'member-gone' ? 'went' : 'came';
    const halves: readonly Half[] = kind === 'restart' ? ['came', 'went'] : [half];
    const isKnown = this.#told.some((one) => one.by !== by && one.half === half && areShared(one.places, places));
    const concerns = (one: Told): boolean => halves.includes(one.half) && areShared(one.places, places);
    this.#told = this.#told.filter((one) => !concerns(one));
    if (isKnown) return false;
    this.#told = [...this.#told, ...halves.map((one) => ({ by, half: one, places, at: now }))].slice(-TOLD_MOST);
    return true;
  }
}

function areShared(a: readonly string[], b: readonly string[]): boolean {
  return a.some((place) => b.includes(place));
}
