import { toHex } from '../bytes/hex.ts';
import { Reader } from '../bytes/reader.ts';
import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import { firstClassOf } from './java-serialization.ts';
import { StreamHead } from './length-frames.ts';
import { TransferLog } from './sightings.ts';

/** Flink's BLOB protocol (`BlobServerProtocol`): jars, job information and log files. Lengths are little-endian. */
export const flinkBlob: ClearProtocol = {
  name: 'flink-blob',
  order: 30,
  follow: () => new BlobFollower(),
};

/** Bytes kept of either side: a request of 55, an answer's header and the class name at the start of its data. */
const HEAD_BYTES = 320;

/** Largest piece of a PUT (`BlobServerProtocol.MAX_BUFFER…`, 64 KiB). */
const MAX_PIECE = 65_536;

interface Request {
  readonly operation: 'GET' | 'PUT';
  readonly mode: number;
  readonly jobId?: string;
  readonly key?: string;
  readonly type?: 'permanent' | 'transient';
  /** Bytes of the request up to its data. */
  readonly length: number;
}

/** `undefined`: not yet whole. `null`: no request. Modes 00 and 01 name no job, 02 and 03 do (03 from 2.3.0). */
function readRequest(bytes: Uint8Array, length: number): Request | undefined | null {
  if (length < 2) {
    return length === 1 && bytes[0]! > 1 ? null : undefined;
  }
  const get = bytes[0] === 1;
  const mode = bytes[1]!;
  if (bytes[0]! > 1 || mode > 3 || (mode === 1 && !get)) {
    return null;
  }
  // The removed mode 01 ends there: the server refuses it before it reads on.
  if (mode === 1) {
    return { operation: 'GET', mode, length: 2 };
  }
  const size = 2 + (mode >= 2 ? 16 : 0) + (get ? 37 : 1);
  const typeAt = get ? size - 17 : size - 1;
  if (length > typeAt && bytes[typeAt]! > 1) {
    return null;
  }
  if (length < size) {
    return undefined;
  }
  const reader = new Reader(bytes, 'blob', 2, size);
  const jobId = mode >= 2 ? toHex(reader.bytes(16, 'jobId')) : undefined;
  const key = get ? toHex(reader.bytes(20, 'key')) : undefined;
  const type = reader.uint8('type') === 0 ? 'permanent' : 'transient';
  return {
    operation: get ? 'GET' : 'PUT',
    mode,
    ...(jobId === undefined ? {} : { jobId }),
    ...(key === undefined ? {} : { key }),
    type,
    length: size,
  };
}

type Content = 'jar' | 'java-object' | 'other';

function contentOf(bytes: Uint8Array, at: number, end: number): Content {
  if (at + 4 > end) {
    return 'other';
  }
  if (bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 3 && bytes[at + 3] === 4) {
    return 'jar';
  }
  const java = bytes[at] === 0xac && bytes[at + 1] === 0xed && bytes[at + 2] === 0 && bytes[at + 3] === 5;
  return java ? 'java-object' : 'other';
}

/** Follows the pieces of a PUT: `{ LE32 length | bytes }*`, ended by `ff ff ff ff`. */
class Pieces {
  bytes = 0;
  ended = false;
  broken = false;
  #field = 0;
  #filled = 0;
  #remaining = 0;

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.broken) {
      if (this.ended) {
        this.broken = true;
        return;
      }
      if (this.#remaining > 0) {
        const take = Math.min(this.#remaining, end - at);
        this.#remaining -= take;
        this.bytes += take;
        at += take;
        continue;
      }
      this.#field += bytes[at++]! * 2 ** (8 * this.#filled++);
      if (this.#filled === 4) {
        this.ended = this.#field === 0xffffffff;
        this.broken = !this.ended && (this.#field === 0 || this.#field > MAX_PIECE);
        this.#remaining = this.ended ? 0 : this.#field;
        this.#field = 0;
        this.#filled = 0;
      }
    }
  }
}

class BlobFollower implements ClearFollower {
  readonly #client = new StreamHead(HEAD_BYTES);
  readonly #server = new StreamHead(HEAD_BYTES);
  readonly #pieces = new Pieces();
  #request: Request | undefined;
  #certainty: Certainty = 'maybe';
  #lost = false;
  /** The server refused with a TLS alert: a clear client met a TLS port. */
  #alerted = false;
  #serverClosed = false;

  get certainty(): Certainty {
    return this.#certainty;
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, _streamOffset: number, frame: number): void {
    if (this.#certainty === 'no' || start >= end) {
      return;
    }
    if (side === 1) {
      this.#server.feed(bytes, start, end, frame);
    } else {
      this.#feedClient(bytes, start, end, frame);
    }
    this.#judge();
  }

  #feedClient(bytes: Uint8Array, start: number, end: number, frame: number): void {
    const before = this.#client.total;
    this.#client.feed(bytes, start, end, frame);
    if (this.#request === undefined) {
      const request = readRequest(this.#client.bytes, this.#client.length);
      if (request === null) {
        this.#refute();
        return;
      }
      this.#request = request;
    }
    const request = this.#request;
    if (request?.operation === 'PUT' && !this.#lost) {
      const from = start + Math.max(0, request.length - before);
      // The head holds more than a request: pieces in earlier chunks cannot have been missed.
      this.#pieces.feed(bytes, Math.min(end, from), end);
    }
  }

  gap(side: Side, length: number): void {
    (side === 0 ? this.#client : this.#server).gap(length);
    this.#lost = true;
    if (this.#request === undefined) {
      this.#refute();
    }
  }

  close(side: Side): void {
    if (side === 1) {
      this.#serverClosed = true;
      this.#judge();
    }
  }

  #refute(): void {
    if (this.#certainty !== 'sure') {
      this.#certainty = 'no';
    }
  }

  #judge(): void {
    if (this.#certainty !== 'maybe') {
      return;
    }
    const request = this.#request ?? this.#cutRequest();
    const server = this.#server;
    if (request === undefined) {
      return;
    }
    this.#request = request;
    if (server.length === 0) {
      if (request.operation === 'GET' && this.#client.total > request.length) {
        this.#refute();
      } else if (this.#pieces.broken) {
        this.#refute();
      }
      return;
    }
    if (this.#isAlert()) {
      this.#alerted = true;
      this.#certainty = 'sure';
      return;
    }
    if (server.bytes[0]! > 1) {
      this.#certainty = server.length >= 7 || server.bytes[0] !== 0x15 ? 'no' : 'maybe';
      return;
    }
    if (this.#isError()) {
      this.#certainty = 'sure';
    } else if (request.operation === 'GET') {
      this.#judgeGet();
    } else if (this.#pieces.ended && server.total === 38 && server.bytes[0] === 0 && server.bytes[21]! <= 1) {
      this.#certainty = 'sure';
    } else if (server.total > 38 && server.bytes[0] === 0) {
      this.#refute();
    }
  }

  /** A request up to its key, whose rest the server's refusal cut off: an alert comes after the first five bytes. */
  #cutRequest(): Request | undefined {
    const { bytes, length } = this.#client;
    if (length < 38 || bytes[0] !== 1 || bytes[1]! < 2 || !this.#isAlert()) {
      return undefined;
    }
    const reader = new Reader(bytes, 'blob', 2, 38);
    const jobId = toHex(reader.bytes(16, 'jobId'));
    return { operation: 'GET', mode: bytes[1]!, jobId, key: toHex(reader.bytes(20, 'key')), length: 55 };
  }

  /** `15 03 .. 00 02 02 0a`: unexpected_message of a server that expects TLS. */
  #isAlert(): boolean {
    const b = this.#server.bytes;
    return this.#server.length >= 7 && b[0] === 0x15 && b[1] === 3 && b[4] === 2 && b[5] === 2 && b[6] === 0x0a;
  }

  /** `01 | LE32 length | ac ed 00 05 …`. */
  #isError(): boolean {
    const { bytes, length } = this.#server;
    return length >= 9 && bytes[0] === 1 && contentOf(bytes, 5, length) === 'java-object';
  }

  #judgeGet(): void {
    const { bytes, length, total } = this.#server;
    if (length < 5 || bytes[0] !== 0) {
      return;
    }
    const announced = new Reader(bytes, 'blob', 1, 5).uint32le('length');
    if (total > 5 + announced) {
      this.#refute();
    } else if (contentOf(bytes, 5, length) !== 'other' && length >= 9) {
      this.#certainty = 'sure';
    } else if (total === 5 + announced && announced > 0 && (this.#acknowledged() || this.#serverClosed)) {
      this.#certainty = 'sure';
    }
  }

  /** The client's `00` after the last byte of data. */
  #acknowledged(): boolean {
    const request = this.#request!;
    return this.#client.total === request.length + 1 && this.#client.bytes[request.length] === 0;
  }

  reading(): ClearReading {
    const request = this.#request;
    const transfers = new TransferLog();
    const answer = this.#answer();
    if (request?.operation === 'GET' && answer === 'ok' && this.#server.total > 5) {
      this.#addData(transfers, 1, this.#server, 5, this.#server.total - 5);
    } else if (request?.operation === 'PUT' && this.#pieces.bytes > 0) {
      this.#addData(transfers, 0, this.#client, request.length + 4, this.#pieces.bytes);
    }
    // Of the request, what is neither a key nor data: operation, mode, job id.
    const shown = request === undefined ? 0 : request.jobId === undefined ? 2 : 18;
    return {
      protocol: flinkBlob.name,
      channel: 'blob-server',
      clientSide: 0,
      serverComponent: 'jobmanager',
      details: this.#details(answer),
      firstBytes: this.#client.head.copy(shown),
      stateTransfer: transfers.list(),
      credentials: [],
      hints: [],
      answered: answer !== 'none',
    };
  }

  #answer(): 'ok' | 'error' | 'none' {
    if (this.#alerted || this.#server.length === 0) {
      return 'none';
    }
    return this.#server.bytes[0] === 0 ? 'ok' : this.#server.bytes[0] === 1 ? 'error' : 'none';
  }

  #addData(transfers: TransferLog, side: Side, stream: StreamHead, at: number, size: number): void {
    const content = contentOf(stream.bytes, at, stream.length);
    const kind = content === 'jar' ? 'user-code' : 'file';
    const frame = stream.frameAt(Math.min(at, Math.max(0, stream.length - 1)));
    const className = firstClassOf(stream.bytes, at, stream.length);
    const names = [this.#request!.jobId, this.#request!.key, className];
    transfers.add(kind, side, frame, at, size);
    for (const name of names) {
      if (name !== undefined) {
        transfers.name(kind, name);
      }
    }
  }

  #details(answer: 'ok' | 'error' | 'none'): ClearReading['details'] {
    const request = this.#request;
    if (request === undefined) {
      return {};
    }
    const details: Record<string, string | number> = {
      operation: request.operation,
      mode: `0x${request.mode.toString(16).padStart(2, '0')}`,
      answer,
    };
    if (request.type !== undefined) {
      details.type = request.type;
    }
    if (request.jobId !== undefined) {
      details.jobId = request.jobId;
    }
    const { bytes, length } = this.#server;
    if (answer === 'ok' && request.operation === 'GET' && length >= 5) {
      details.announcedBytes = new Reader(bytes, 'blob', 1, 5).uint32le('length');
      details.content = contentOf(bytes, 5, length);
    }
    const className = answer === 'none' ? undefined : firstClassOf(bytes, 5, length);
    if (className !== undefined) {
      details.class = className;
    }
    if (this.#alerted) {
      details.refusal = 'TLS alert unexpected_message';
    }
    return details;
  }
}
