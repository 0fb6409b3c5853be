/** Pairs of hosts that are remembered; those heard longest ago give way. */
const MAX_PAIRS = 10_000;

interface Heard {
  at: number;
  readonly what: Set<string>;
}

/** Which clear text is news: not heard of that client at that server before, or not since it was mended. */
export class ClearNews {
  readonly #rememberMs: number;
  readonly #monotonic: () => number;
  /** The pair heard last at the end. */
  readonly #heard = new Map<string, Heard>();

  /** `monotonic`: milliseconds by a clock that nobody sets. */
  constructor(rememberMs: number, monotonic: () => number) {
    this.#rememberMs = rememberMs;
    this.#monotonic = monotonic;
  }

  isNew(pair: string, what: string): boolean {
    const now = this.#monotonic();
    const before = this.#heard.get(pair);
    const known =
      before !== undefined && now - before.at < this.#rememberMs ? before : { at: now, what: new Set<string>() };
    const isNew = !known.what.has(what);
    known.at = now;
    known.what.add(what);
    this.#heard.delete(pair);
    this.#heard.set(pair, known);
    if (this.#heard.size > MAX_PAIRS) this.#heard.delete(this.#heard.keys().next().value!);
    return isNew;
  }

  /** The two speak TLS: clear text between them would be news. */
  mended(pair: string): void {
    this.#heard.delete(pair);
  }
}
