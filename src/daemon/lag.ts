import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NANOSECONDS = 1e6;
/** What was longer ago than two of these is forgotten. */
const WINDOW_MS = 60_000;
const PERCENTILES = [50, 99] as const;

/** How late timers are: what this process does besides waiting, in one figure. */
export class LagMeter {
  readonly #histogram: IntervalHistogram;
  readonly #timer: NodeJS.Timeout;
  #before: readonly number[] = [0, 0];

  constructor() {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#turn(), WINDOW_MS);
    this.#timer.unref();
  }

  /** Milliseconds, of the last one to two minutes, the sampling interval taken off. */
  read(): { readonly p50: number; readonly p99: number } {
    const [p50, p99] = PERCENTILES.map((one, index) => Math.max(this.#percentile(one), this.#before[index]!));
    return { p50: p50!, p99: p99! };
  }

  #turn(): void {
    this.#before = PERCENTILES.map((one) => this.#percentile(one));
    this.#histogram.reset();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #percentile(percentile: number): number {
    const delay = this.#histogram.percentile(percentile) / NANOSECONDS - RESOLUTION_MS;
    return Math.max(0, Math.round(delay * 10) / 10);
  }
}
