import { HandshakeType } from './code-points.ts';
import { HANDSHAKE_HEADER_LENGTH } from './handshake.ts';

/** Bytes collected of one message: more than any certificate chain needs; the rest of a longer one is passed over. */
export const HANDSHAKE_MESSAGE_MAX: number = 2 ** 20;

/**
 * @param body valid during the call; the beginning only where `cut`
 * @param length as the message header announced it
 */
export type MessageSink = (type: number, body: Uint8Array, cut: boolean, length: number) => void;

const EMPTY = new Uint8Array(0);

/** A message that begins where framing was in doubt and does not end in its record is believed up to this length. */
const DOUBTFUL_MESSAGE_MAX = 2 ** 18;

const DOUBTFUL_TYPES: ReadonlySet<number> = new Set([
  HandshakeType.clientHello,
  HandshakeType.serverHello,
  HandshakeType.newSessionTicket,
  HandshakeType.certificate,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
  HandshakeType.certificateVerify,
  HandshakeType.clientKeyExchange,
  HandshakeType.certificateStatus,
]);

/**
 * Puts handshake messages of one direction together: messages span records and share them (RFC 8446 section 5.1).
 *
 * A message that lies whole in one chunk is handed over in place; others are copied, up to
 * {@link HANDSHAKE_MESSAGE_MAX}.
 */
export class HandshakeAssembler {
  readonly #sink: MessageSink;
  /** Type and length as one number of 32 bits, as far as they were read. */
  #header = 0;
  #headerLength = 0;
  #type = 0;
  #length = 0;
  /** Bytes of the body that went by, lost ones included. */
  #passed = 0;
  #body: Uint8Array = EMPTY;
  #stored = 0;
  #cut = false;
  #state: 'messages' | 'doubtful' | 'ignore' = 'messages';
  #recordLength = 0;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** Whether a message has begun and not ended. */
  get pending(): boolean {
    return this.#headerLength > 0;
  }

  /** Record boundaries matter only where the place in the stream of messages is in doubt. */
  startRecord(length: number, trust: 'trusted' | 'doubtful'): void {
    if (this.pending) {
      return;
    }
    this.#recordLength = length;
    this.#state = trust === 'doubtful' || this.#state === 'ignore' ? 'doubtful' : 'messages';
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state !== 'ignore') {
      at =
        this.#headerLength < HANDSHAKE_HEADER_LENGTH
          ? this.#takeHeader(bytes, at, end)
          : this.#takeBody(bytes, at, end);
    }
  }

  /** Bytes that were lost inside a record. */
  gap(length: number): void {
    if (this.#state === 'ignore') {
      return;
    }
    const left = this.#length - this.#passed;
    if (this.#headerLength < HANDSHAKE_HEADER_LENGTH || length > left) {
      this.abandon();
      return;
    }
    this.#cut = true;
    this.#passed += length;
    this.#finishIfComplete();
  }

  /** Nothing of what was begun will follow: hands over the beginning, then waits for the next record. */
  abandon(): void {
    if (this.#headerLength === HANDSHAKE_HEADER_LENGTH) {
      this.#cut = true;
      this.#deliver();
    }
    this.#reset();
    this.#state = 'ignore';
  }

  #takeHeader(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && this.#headerLength < HANDSHAKE_HEADER_LENGTH) {
      this.#header = ((this.#header << 8) | bytes[at++]!) >>> 0;
      this.#headerLength++;
    }
    if (this.#headerLength < HANDSHAKE_HEADER_LENGTH) {
      return at;
    }
    this.#type = this.#header >>> 24;
    this.#length = this.#header & 0xffffff;
    if (this.#state === 'doubtful' && !this.#isBelievable()) {
      this.#reset();
      this.#state = 'ignore';
      return at;
    }
    this.#state = 'messages';
    if (end - at >= this.#length && this.#length <= HANDSHAKE_MESSAGE_MAX) {
      const stop = at + this.#length;
      const body = bytes.subarray(at, stop);
      const { type, length } = { type: this.#type, length: this.#length };
      this.#reset();
      this.#sink(type, body, false, length);
      return stop;
    }
    return at;
  }

  /** Ciphertext passes with a probability of some 10^-5 for short records, where an encrypted Finished is 40 bytes. */
  #isBelievable(): boolean {
    if (!DOUBTFUL_TYPES.has(this.#type)) {
      return false;
    }
    const whole = this.#length + HANDSHAKE_HEADER_LENGTH <= this.#recordLength;
    const large = this.#type === HandshakeType.certificate && this.#recordLength >= 512;
    return whole || (large && this.#length <= DOUBTFUL_MESSAGE_MAX);
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + this.#length - this.#passed);
    if (!this.#cut) {
      this.#store(bytes, at, Math.min(stop, at + HANDSHAKE_MESSAGE_MAX - this.#stored));
    }
    this.#passed += stop - at;
    this.#finishIfComplete();
    return stop;
  }

  #store(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#stored + (end - start);
    if (needed > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(needed, this.#body.length * 2)));
      larger.set(this.#body.subarray(0, this.#stored));
      this.#body = larger;
    }
    this.#body.set(bytes.subarray(start, end), this.#stored);
    this.#stored = needed;
  }

  #finishIfComplete(): void {
    if (this.#passed === this.#length) {
      this.#deliver();
      this.#reset();
    }
  }

  #deliver(): void {
    const cut = this.#cut || this.#stored < this.#length;
    this.#sink(this.#type, this.#body.subarray(0, this.#stored), cut, this.#length);
  }

  #reset(): void {
    this.#headerLength = 0;
    this.#length = 0;
    this.#passed = 0;
    this.#stored = 0;
    this.#cut = false;
    this.#body = EMPTY;
  }
}
