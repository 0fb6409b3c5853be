import type { PageModel } from '../model.ts';
import { answerOf } from './answer.ts';

export interface LoaderMeans {
  /** Query of the page's address that the model is of. */
  readonly address: () => string;
  readonly loaded: (model: PageModel) => void;
  readonly failed: () => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** The model anew: for another cluster, after a run, after events that were missed. Tried until it is there. */
export class ModelLoader {
  readonly #means: LoaderMeans;
  #asked = 0;
  #wait = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(means: LoaderMeans) {
    this.#means = means;
  }

  soon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), ms);
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const mine = this.#asked;
    const model = await answerOf<PageModel>(this.#means.address());
    // Another one was asked for meanwhile.
    if (mine !== this.#asked) return;
    if (model === undefined) {
      this.#means.failed();
      this.soon(this.#wait * (0.5 + Math.random()));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
      return;
    }
    this.#wait = FIRST_WAIT_MS;
    this.#means.loaded(model);
  }
}
