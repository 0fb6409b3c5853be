import { startTimer, type Timer } from './timer.ts';

/** Ends one run: when the daemon stops, or when it takes too long. */
export class RunLimit {
  readonly #abort = new AbortController();
  readonly #stop: AbortSignal;
  readonly #limitMs: number;
  readonly #stopped = (): void => this.#abort.abort(this.#stop.reason);
  #timer: Timer | undefined;
  #exceeded: string | undefined;

  constructor(stop: AbortSignal, limitMs: number) {
    this.#stop = stop;
    this.#limitMs = limitMs;
    // Not AbortSignal.any: with a signal that lives as long as the daemon it keeps something of every run.
    stop.addEventListener('abort', this.#stopped, { once: true });
    if (stop.aborted) this.#stopped();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** One sentence; undefined: it kept its time. */
  get exceeded(): string | undefined {
    return this.#exceeded;
  }

  begin(): void {
    this.#timer = startTimer(this.#limitMs, () => {
      this.#exceeded = `the run was ended after ${this.#limitMs / 1000} s (run_timeout) and is incomplete`;
      this.#abort.abort(new Error(this.#exceeded));
    });
  }

  end(): void {
    this.#timer?.stop();
    this.#stop.removeEventListener('abort', this.#stopped);
  }
}
