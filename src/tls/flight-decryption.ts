import type { TlsOptions } from './reading.ts';
import { MAX_RECORD_LENGTH, RECORD_HEADER_LENGTH } from './record.ts';
import { openTls13Record } from './record-protection.ts';

type Opener = ReturnType<typeof openTls13Record>;

/** Records that do not open before a side is given up: rejected early data comes before the flight. */
const FAILURES_MAX = 16;

/** Records opened after the Finished, for the alert or tickets that answer the flight. */
const AFTER_FINISHED_MAX = 4;

const LABELS = {
  client: ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'CLIENT_TRAFFIC_SECRET_0'],
  server: ['SERVER_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_TRAFFIC_SECRET_0'],
} as const;

export interface FlightKeys {
  readonly keyLog: NonNullable<TlsOptions['keyLog']>;
  readonly clientRandom: Uint8Array;
  readonly cipherSuite: string;
}

/** Opens the encrypted handshake flight of one side of TLS 1.3, and what follows it at once. */
export class FlightDecryption {
  readonly #record = new Uint8Array(RECORD_HEADER_LENGTH + MAX_RECORD_LENGTH);
  readonly #keys: FlightKeys;
  readonly #role: 'client' | 'server';
  #length = 0;
  #opener: Opener | undefined;
  #phase: 0 | 1 = 0;
  #failures = 0;
  #opened = 0;

  constructor(role: 'client' | 'server', keys: FlightKeys) {
    this.#role = role;
    this.#keys = keys;
  }

  /** Whether the next record is worth collecting: a secret is known and the flight has not ended. */
  get wanted(): boolean {
    if (this.#failures >= FAILURES_MAX || (this.#phase === 1 && this.#opened >= AFTER_FINISHED_MAX)) {
      return false;
    }
    if (this.#opener === undefined) {
      const secret = this.#keys.keyLog.find(LABELS[this.#role][this.#phase], this.#keys.clientRandom);
      this.#opener = secret === undefined ? undefined : openTls13Record(this.#keys.cipherSuite, secret);
    }
    return this.#opener !== undefined;
  }

  start(type: number, version: number, length: number): void {
    this.#record.set([type, version >> 8, version & 0xff, length >> 8, length & 0xff]);
    this.#length = RECORD_HEADER_LENGTH;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#record.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Content of the record that was collected; `undefined` where it does not open. */
  open(): { readonly type: number; readonly content: Uint8Array } | undefined {
    const opened = this.#opener?.open(this.#record.subarray(0, this.#length));
    if (opened === undefined) {
      this.#failures++;
    } else {
      this.#opened++;
    }
    return opened;
  }

  /** Bytes are missing: sequence numbers no longer fit, nothing more will open. */
  giveUp(): void {
    this.#failures = FAILURES_MAX;
  }

  /** The Finished was read: application traffic keys follow. */
  finish(): void {
    this.#phase = 1;
    this.#opener = undefined;
    this.#opened = 0;
  }
}
