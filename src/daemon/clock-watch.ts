import { performance } from 'node:perf_hooks';

const EVERY_MS = 10_000;
/** Less is how a clock is kept right. */
const JUMP_MS = 5000;

/** Sees the wall clock leave the one that only goes forward: it was set, or the machine slept. */
export class ClockWatch {
  readonly #clock: () => number;
  readonly #steady: () => number;
  readonly #tell: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #offset = 0;

  /** `tell` is given one sentence. `steady`: milliseconds of a clock that nobody sets. */
  constructor(clock: () => number, tell: (text: string) => void, steady: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#steady = steady;
    this.#tell = tell;
  }

  start(): void {
    this.#offset = this.#clock() - this.#steady();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const offset = this.#clock() - this.#steady();
    const jump = offset - this.#offset;
    if (Math.abs(jump) < JUMP_MS) return;
    this.#offset = offset;
    const seconds = Math.round(Math.abs(jump) / 1000);
    this.#tell(
      jump > 0
        ? `the clock went ${seconds} s forward: it was set, or the machine slept`
        : `the clock was set back by ${seconds} s`,
    );
  }
}
