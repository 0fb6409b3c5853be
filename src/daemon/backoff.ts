export interface BackoffPauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: BackoffPauses = { firstMs: 1000, longestMs: 60_000 };
/** What lasted so long was in order. */
const STEADY_MS = 60_000;

/** Pauses before what broke off is begun anew: each twice as long as the one before. */
export class Backoff {
  readonly #pauses: BackoffPauses;
  #nextMs: number;

  constructor(pauses: BackoffPauses = PAUSES) {
    this.#pauses = pauses;
    this.#nextMs = pauses.firstMs;
  }

  /** The next pause, milliseconds; the first one again where what broke off had lasted. */
  next(lastedMs = 0): number {
    const { firstMs, longestMs } = this.#pauses;
    const pauseMs = lastedMs >= STEADY_MS ? firstMs : this.#nextMs;
    this.#nextMs = Math.min(pauseMs * 2, longestMs);
    return pauseMs;
  }
}
