/** Clears what the line held: only ever written to a terminal. */
const ERASE_LINE = '\r\u001b[K';

/** `probing 14/19  tm2:6121` on one line that is written over; nothing at all where the stream is no terminal. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #total = 0;
  #done = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(total: number): void {
    this.#total = total;
    this.#write(`probing 0/${total}`);
  }

  /** One endpoint is done. */
  step(place: string): void {
    this.#done++;
    this.#write(`probing ${this.#done}/${this.#total}  ${place}`);
  }

  end(): void {
    this.#write('');
  }

  #write(text: string): void {
    if (!this.#stream.isTTY) return;
    const room = Math.max(0, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`${ERASE_LINE}${text.slice(0, room)}`);
  }
}
