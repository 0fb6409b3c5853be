import type { Problem, ProblemReason } from '../model/report.ts';

/** Why a capture could not be opened at all: nothing of it was judged. Closed, since it becomes an exit reason. */
export type CaptureErrorReason =
  | 'not-found'
  | 'unreadable'
  | 'is-a-folder'
  | 'empty'
  | 'not-a-capture'
  | 'truncated-header'
  | 'ascii-mode-transfer'
  | 'unsupported-version'
  | 'unsupported-compression'
  | 'damaged-compression'
  | 'interrupted';

/** A capture that cannot be read from its very start. Damage further on is a {@link Problem} instead. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly reason: CaptureErrorReason;
  /** As given by the user; `-` is standard input. */
  readonly path: string;
  /** Byte offset in the (decompressed) input, where it applies. */
  readonly offset: number | undefined;

  constructor(reason: CaptureErrorReason, path: string, detail: string, offset?: number) {
    super(`${displayPath(path)}: ${detail}`);
    this.reason = reason;
    this.path = path;
    this.offset = offset;
  }
}

export function displayPath(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** Where parsers put what is wrong with their input. */
export type ProblemSink = (offset: number, reason: ProblemReason, message: string) => void;

/** Problems listed one by one for one input; a damaged disk image may have millions. Protects memory and the reader. */
export const MAX_LISTED_PROBLEMS = 100;

/** Collects the problems of one input: the first {@link MAX_LISTED_PROBLEMS} in full, the rest as a number. */
export class ProblemLog {
  readonly #listed: Problem[] = [];
  readonly #onProblem: ((problem: Problem) => void) | undefined;
  #unlisted = 0;

  constructor(onProblem?: (problem: Problem) => void) {
    this.#onProblem = onProblem;
  }

  readonly add: ProblemSink = (offset, reason, message) => {
    if (this.#listed.length >= MAX_LISTED_PROBLEMS) {
      this.#unlisted++;
      return;
    }
    const problem: Problem = { offset, reason, message };
    this.#listed.push(problem);
    this.#onProblem?.(problem);
  };

  /** In the order of their discovery; the last one tells how many are not listed. */
  finish(offset: number): readonly Problem[] {
    if (this.#unlisted === 0) return this.#listed;
    const message = `${this.#unlisted} further problems are not listed (limit ${MAX_LISTED_PROBLEMS})`;
    const last: Problem = { offset, reason: 'limit-reached', message };
    this.#onProblem?.(last);
    return [...this.#listed, last];
  }
}
