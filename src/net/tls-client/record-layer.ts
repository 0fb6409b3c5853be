import { ContentType } from '../../tls/code-points.ts';
import { MAX_RECORD_LENGTH, RECORD_HEADER_LENGTH, writeRecords } from '../../tls/record.ts';
import { PLAINTEXT_MAX, type RecordOpener, type RecordSealer } from '../../tls/record-protection.ts';
import type { Received, Wire } from '../wire.ts';
import { Inbox } from './inbox.ts';

/** Bytes of one connection that are read: a chain, long lists of authorities and an answer of 64 KiB fit many times. */
export const RECEIVED_BYTES_MAX: number = 2 ** 21;
/** Records without content in a row; each costs its sender five bytes and us a turn. */
export const EMPTY_RECORDS_MAX = 32;
/** Bytes kept of an answer that is no TLS. */
export const FOREIGN_BYTES_MAX = 64;
/** Milliseconds in which the rest of such an answer is waited for. */
export const FOREIGN_PATIENCE_MS = 150;

export type RecordRead =
  | { readonly kind: 'record'; readonly type: number; readonly content: Uint8Array }
  | Exclude<Received, { readonly kind: 'bytes' }>
  /** The first bytes are no record header: type outside 20 to 24, or major version other than 3. */
  | { readonly kind: 'foreign'; readonly bytes: Uint8Array }
  | { readonly kind: 'fault'; readonly problem: string };

/** Which records may come unprotected once there are keys: TLS 1.3 covers its alerts and lets CCS pass as noise. */
export type ReadProtection =
  | { readonly form: 'none' }
  | { readonly form: 'tls12' | 'tls13'; readonly opener: RecordOpener };

/** Records of one connection, both ways (RFC 8446 section 5, RFC 5246 section 6). */
export class RecordLayer {
  readonly #wire: Wire;
  readonly #inbox = new Inbox();
  #reads: ReadProtection = { form: 'none' };
  #sealer: RecordSealer | undefined;
  #received = 0;
  #records = 0;
  #empty = 0;
  /** When the first byte came, as `performance.now()` counts. */
  firstByteAt: number | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  openWith(protection: ReadProtection): void {
    this.#reads = protection;
  }

  sealWith(sealer: RecordSealer): void {
    this.#sealer = sealer;
  }

  /** One write, in as few records as may be. */
  send(type: number, version: number, content: Uint8Array): void {
    this.#wire.send(this.encode(type, version, content));
  }

  /** The records that {@link send} would send, for several to go in one write. */
  encode(type: number, version: number, content: Uint8Array): Uint8Array {
    const sealer = this.#sealer;
    if (sealer === undefined) return writeRecords({ type, version, fragment: content });
    const records: Uint8Array[] = [];
    for (let at = 0; at < content.length; at += PLAINTEXT_MAX) {
      records.push(sealer.seal(type, content.subarray(at, at + PLAINTEXT_MAX)));
    }
    return Buffer.concat(records);
  }

  sendEncoded(records: Uint8Array): void {
    this.#wire.send(records);
  }

  /** The next record, opened. @param deadline as `performance.now()` counts */
  async next(deadline: number): Promise<RecordRead> {
    for (;;) {
      const read = this.#framed();
      if (read?.kind === 'foreign') return this.#gatherForeign();
      if (read !== undefined) return read;
      const left = deadline - performance.now();
      if (left <= 0) return { kind: 'timeout' };
      const received = await this.#wire.receive(left);
      if (received.kind !== 'bytes') return received;
      this.firstByteAt ??= performance.now();
      this.#received += received.bytes.length;
      if (this.#received > RECEIVED_BYTES_MAX) {
        return { kind: 'fault', problem: `more than ${RECEIVED_BYTES_MAX} bytes received` };
      }
      this.#inbox.push(received.bytes);
    }
  }

  #framed(): RecordRead | undefined {
    const [type, major, minor] = [this.#inbox.at(0), this.#inbox.at(1), this.#inbox.at(2)];
    if (type === undefined) return undefined;
    const isType = type >= ContentType.changeCipherSpec && type <= ContentType.heartbeat;
    if (!isType || (major !== undefined && major !== 3)) {
      if (this.#records === 0) return { kind: 'foreign', bytes: this.#inbox.peek(FOREIGN_BYTES_MAX) };
      return { kind: 'fault', problem: `record ${this.#records + 1}: no record header (${type}, ${major}, ${minor})` };
    }
    const [high, low] = [this.#inbox.at(3), this.#inbox.at(4)];
    if (high === undefined || low === undefined) return undefined;
    const length = (high << 8) | low;
    if (length > MAX_RECORD_LENGTH) {
      return { kind: 'fault', problem: `record ${this.#records + 1}: ${length} bytes announced` };
    }
    if (this.#inbox.length < RECORD_HEADER_LENGTH + length) return undefined;
    this.#records++;
    return this.#opened(type, this.#inbox.take(RECORD_HEADER_LENGTH + length));
  }

  #opened(type: number, record: Uint8Array): RecordRead | undefined {
    const clear: RecordRead = { kind: 'record', type, content: record.subarray(RECORD_HEADER_LENGTH) };
    const opened = this.#isClear(type, record.length - RECORD_HEADER_LENGTH) ? clear : this.#decrypted(record);
    if (opened.kind !== 'record' || opened.content.length > 0) {
      this.#empty = 0;
      return opened;
    }
    this.#empty++;
    if (this.#empty > EMPTY_RECORDS_MAX) {
      return { kind: 'fault', problem: `more than ${EMPTY_RECORDS_MAX} records without content` };
    }
    return this.#framed();
  }

  #isClear(type: number, length: number): boolean {
    if (this.#reads.form === 'none') return true;
    // A server that failed before it had keys, or after it lost them, alerts in the clear: two octets have no room for
    // a tag.
    if (type === ContentType.alert && length === 2) return true;
    return this.#reads.form === 'tls13' && type === ContentType.changeCipherSpec;
  }

  #decrypted(record: Uint8Array): RecordRead {
    const opened = this.#reads.form === 'none' ? undefined : this.#reads.opener.open(record);
    return opened === undefined
      ? { kind: 'fault', problem: `record ${this.#records} does not authenticate` }
      : { kind: 'record', ...opened };
  }

  async #gatherForeign(): Promise<RecordRead> {
    const deadline = performance.now() + FOREIGN_PATIENCE_MS;
    while (this.#inbox.length < FOREIGN_BYTES_MAX) {
      const left = deadline - performance.now();
      const received = left > 0 ? await this.#wire.receive(left) : undefined;
      if (received?.kind !== 'bytes') break;
      this.#inbox.push(received.bytes);
    }
    return { kind: 'foreign', bytes: this.#inbox.peek(FOREIGN_BYTES_MAX) };
  }
}
