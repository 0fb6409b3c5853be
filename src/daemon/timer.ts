/** What waits; `stop` more than once does no harm. */
export interface Timer {
  stop(): void;
}

/** Node's timers count in 31 bits: what is longer ends after 1 ms, with a warning. */
export const TIMER_MOST_MS: number = 2 ** 31 - 1;

/** As `setTimeout`, for any number of milliseconds. */
export function startTimer(afterMs: number, work: () => void): Timer {
  let current: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const step = Math.min(leftMs, TIMER_MOST_MS);
    current = setTimeout(() => (leftMs > step ? wait(leftMs - step) : work()), step);
  };
  wait(afterMs);
  return { stop: () => clearTimeout(current) };
}
