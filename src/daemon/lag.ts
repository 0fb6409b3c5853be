import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NANOSECONDS = 1e6;

/** How late timers are: what this process does besides waiting, in one figure. */
export class LagMeter {
  readonly #histogram: IntervalHistogram;

  constructor() {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
  }

  /** Milliseconds since the last reset, the sampling interval taken off. */
  read(): { readonly p50: number; readonly p99: number } {
    return { p50: this.#percentile(50), p99: this.#percentile(99) };
  }

  stop(): void {
    this.#histogram.disable();
  }

  #percentile(percentile: number): number {
    const delay = this.#histogram.percentile(percentile) / NANOSECONDS - RESOLUTION_MS;
    return Math.max(0, Math.round(delay * 10) / 10);
  }
}
