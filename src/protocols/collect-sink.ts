import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import { StreamHead } from './length-frames.ts';
import { Head, TransferLog } from './sightings.ts';

/**
 * Socket of the collect sink (`CollectSinkFunction`, `SELECT` in the SQL client, `executeAndCollect`): the JobManager
 * asks with version and offset, the TaskManager answers with version, offset and rows.
 */
export const collectSink: ClearProtocol = {
  name: 'collect-sink',
  order: 32,
  follow: () => new CollectFollower(),
};

/** Length byte of a `StringValue` (length + 1) and 36 characters of a UUID. */
const VERSION_BYTES = 37;
/** Version, int64 offset, int32 count. */
const ANSWER_HEADER = VERSION_BYTES + 12;
const FIRST_REQUEST_BYTES = 9;
const LATER_REQUEST_BYTES = VERSION_BYTES + 8;
/** A row above this is taken for lost synchronisation (`collect-sink-batch-size.max` is 2 MiB). */
const MAX_ROW = 256 * 1024 * 1024;
const HEAD_BYTES = FIRST_REQUEST_BYTES + LATER_REQUEST_BYTES;

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** UUID text of a version as far as it is there; `undefined` where other bytes stand. */
function versionAt(bytes: Uint8Array, at: number, end: number): string | undefined {
  const stop = Math.min(end, at + VERSION_BYTES);
  if (at >= end || bytes[at] !== 0x25) {
    return undefined;
  }
  let text = '';
  for (let i = at + 1; i < stop; i++) {
    const c = bytes[i]!;
    const dash = [9, 14, 19, 24].includes(i - at);
    const digit = (c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x66);
    if (dash ? c !== 0x2d : !digit) {
      return undefined;
    }
    text += String.fromCharCode(c);
  }
  return text;
}

/** Walks the answers: 49 bytes, then rows of int32 length and bytes. */
class Answers {
  answers = 0;
  rows = 0;
  rowBytes = 0;
  broken = false;
  firstRowOffset = -1;
  firstRowFrame = 0;
  readonly #header = new Head(ANSWER_HEADER);
  readonly #length = new Head(4);
  #rowsLeft = 0;
  #remaining = 0;

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end && !this.broken) {
      if (this.#remaining > 0) {
        const take = Math.min(this.#remaining, end - at);
        this.#remaining -= take;
        at += take;
      } else if (this.#rowsLeft > 0) {
        if (this.firstRowOffset < 0) {
          this.firstRowOffset = streamOffset + (at - start);
          this.firstRowFrame = frame;
        }
        at += this.#length.take(bytes, at, end);
        this.#openRow();
      } else {
        at += this.#header.take(bytes, at, end);
        this.#openAnswer();
      }
    }
  }

  #openAnswer(): void {
    const header = this.#header;
    if (versionAt(header.buffer, 0, header.length) === undefined) {
      this.broken = true;
    } else if (header.full) {
      this.answers++;
      this.#rowsLeft = uint32(header.buffer, VERSION_BYTES + 8);
      this.broken = this.#rowsLeft > MAX_ROW;
      header.reset();
    }
  }

  #openRow(): void {
    if (!this.#length.full) {
      return;
    }
    const size = uint32(this.#length.buffer, 0);
    this.#length.reset();
    this.broken = size > MAX_ROW;
    this.#remaining = size;
    this.#rowsLeft--;
    this.rows++;
    this.rowBytes += size;
  }
}

class CollectFollower implements ClearFollower {
  readonly #client = new StreamHead(HEAD_BYTES);
  readonly #server = new StreamHead(VERSION_BYTES);
  readonly #answers = new Answers();
  #certainty: Certainty = 'maybe';

  get certainty(): Certainty {
    return this.#certainty;
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (this.#certainty === 'no') {
      return;
    }
    if (side === 0) {
      this.#client.feed(bytes, start, end, frame);
    } else {
      this.#server.feed(bytes, start, end, frame);
      this.#answers.feed(bytes, start, end, streamOffset, frame);
    }
    if (this.#certainty === 'maybe') {
      this.#judge();
    }
  }

  gap(side: Side, length: number): void {
    (side === 0 ? this.#client : this.#server).gap(length);
    if (this.#certainty !== 'sure') {
      this.#certainty = 'no';
    } else if (side === 1) {
      this.#answers.broken = true;
    }
  }

  close(): void {
    // Nothing is held that the end of the stream would decide.
  }

  /** Where the first request with a version starts: after one without, or at once on a stream seen late. */
  #requestAt(): number | undefined {
    const { bytes, length } = this.#client;
    if (length === 0 || bytes[0] === 0x25) {
      return 0;
    }
    for (let i = 0; i < Math.min(length, FIRST_REQUEST_BYTES); i++) {
      if (bytes[i] !== (i === 0 ? 1 : 0)) {
        return undefined;
      }
    }
    return FIRST_REQUEST_BYTES;
  }

  /** Both sides have to name the same version: a UUID that the sink drew. */
  #judge(): void {
    const at = this.#requestAt();
    if (at === undefined || this.#answers.broken) {
      this.#certainty = 'no';
      return;
    }
    const client = this.#client;
    if (client.length <= at) {
      return;
    }
    const asked = versionAt(client.bytes, at, client.length);
    if (asked === undefined) {
      this.#certainty = 'no';
      return;
    }
    const answered = versionAt(this.#server.bytes, 0, this.#server.length);
    if (asked.length === 36 && answered?.length === 36) {
      this.#certainty = asked === answered ? 'sure' : 'no';
    }
  }

  reading(): ClearReading {
    const { answers, rows, rowBytes, firstRowOffset, firstRowFrame } = this.#answers;
    const transfers = new TransferLog();
    if (rows > 0) {
      transfers.add('query-results', 1, firstRowFrame, firstRowOffset, rowBytes);
    }
    return {
      protocol: collectSink.name,
      channel: 'collect-sink',
      clientSide: 0,
      serverComponent: 'taskmanager',
      clientComponent: 'jobmanager',
      details: { answers, rows },
      firstBytes: this.#client.head.copy(Math.min(64, HEAD_BYTES)),
      stateTransfer: transfers.list().map((t) => ({ ...t, count: rows })),
      credentials: [],
      hints: [],
      answered: this.#server.total > 0,
    };
  }
}
