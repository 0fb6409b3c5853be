import { copyOf } from '../bytes/copy.ts';

/**
 * One direction of a shuffle connection (`NettyMessage`): `int32 total | ba dc 0f fe | id | body`.
 *
 * Bytes are indexed directly and nothing is allocated a frame: a cluster moves gigabytes here, and only the first 47
 * bytes of a frame are ever looked at.
 */

/** Frames of this size and above are taken for lost synchronisation; a network buffer is 32 kB by default. */
const MAX_FRAME = 16 * 1024 * 1024;

/** Bytes searched for a first frame before a side is given up. */
const MAX_UNCONFIRMED_SEARCH = 4 * 1024 * 1024;

/** `total | magic | id`. */
export const FRAME_HEADER = 9;

/** Longest part of a frame that is read: BufferResponse up to and with its size (2.0 and later). */
const LONGEST_HEADER = 47;

const MAGIC_BYTES = Buffer.from([0xba, 0xdc, 0x0f, 0xfe]);

export const BUFFER_RESPONSE = 0;
export const PARTITION_REQUEST = 2;
/** Ids 0 to 11 exist. */
export const MESSAGE_IDS = 12;

/** Total lengths of a PartitionRequest: 1.13 – 1.15, 1.16 – 1.18, 1.19 and later. */
export const PARTITION_REQUEST_LENGTHS: readonly number[] = [69, 93, 97];

/** Bytes before the data of a BufferResponse without partial buffers: up to 1.18, 1.19 – 1.20, 2.0 and later. */
export type BufferLayout = 39 | 43 | 47;

/** `other`: this side does not speak the protocol. */
type Phase = 'first' | 'frames' | 'searching' | 'other';

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** True where this layout's own lengths add up to the frame's. */
function fits(layout: BufferLayout, bytes: Uint8Array, at: number, total: number): boolean {
  if (layout === 47) {
    return total >= 47 && 47 + 4 * uint32(bytes, at + 29) + uint32(bytes, at + 43) === total;
  }
  return total >= layout && layout + uint32(bytes, at + layout - 4) === total;
}

export class DataSide {
  phase: Phase;
  frames = 0;
  /** Frames by id. */
  readonly ids: Float64Array = new Float64Array(MESSAGE_IDS);
  /** BufferResponses by `Buffer.DataType`; index 255 for those above. */
  readonly dataTypes: Float64Array = new Float64Array(256);
  /** Buffers with records, the bytes in them, and where the first one's frame starts. */
  recordBuffers = 0;
  recordBytes = 0;
  recordOffset = -1;
  recordFrame = 0;
  compressedBuffers = 0;
  /** BufferResponses that no known layout explains: their data type is not known. */
  unreadBuffers = 0;
  layout: BufferLayout | undefined;
  /** Total length of the first PartitionRequest. */
  requestLength: number | undefined;
  /** The other direction, whose PartitionRequests tell which layouts are possible here. */
  peer: DataSide | undefined;
  confirmed = false;
  resynchronisations = 0;
  /** Header of the first frame: of a PartitionRequest up to 64 bytes, of others nine. */
  firstBytes: Uint8Array | undefined;

  readonly #header = new Uint8Array(64);
  #headerFilled = 0;
  #headerOffset = 0;
  #headerFrame = 0;
  #remaining = 0;
  #chain = 0;
  #searched = 0;
  /** Last three bytes before the chunk at hand, while searching. */
  readonly #tail = Buffer.alloc(16);
  #tailLength = 0;

  constructor(start: 'syn' | 'midstream') {
    this.phase = start === 'syn' ? 'first' : 'searching';
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end) {
      if (this.#remaining > 0) {
        const take = Math.min(this.#remaining, end - at);
        this.#remaining -= take;
        at += take;
        continue;
      }
      if (this.phase === 'other') {
        return;
      }
      if (this.phase === 'searching') {
        at = this.#search(bytes, at, end, streamOffset + (at - start), frame);
        continue;
      }
      at = this.#readHeader(bytes, at, end, streamOffset + (at - start), frame);
    }
  }

  gap(length: number): void {
    if (length <= this.#remaining) {
      this.#remaining -= length;
      return;
    }
    if (this.phase !== 'other') {
      this.#lose();
    }
  }

  #lose(): void {
    if (this.confirmed) {
      this.resynchronisations++;
    }
    this.#remaining = 0;
    this.#headerFilled = 0;
    this.#tailLength = 0;
    this.#chain = 0;
    this.phase = 'searching';
  }

  /** In place where the chunk holds the longest header, else collected. */
  #readHeader(bytes: Uint8Array, at: number, end: number, offset: number, frame: number): number {
    if (this.#headerFilled === 0) {
      this.#headerOffset = offset;
      this.#headerFrame = frame;
      if (end - at >= 64) {
        const used = this.#accept(bytes, at, 64);
        return used < 0 ? at : at + used;
      }
    }
    const header = this.#header;
    header[this.#headerFilled++] = bytes[at]!;
    const filled = this.#headerFilled;
    if (this.phase === 'first' && !this.#mayStart(filled)) {
      this.phase = 'other';
      return at + 1;
    }
    if (filled < FRAME_HEADER || filled < this.#wanted(header)) {
      return at + 1;
    }
    this.#headerFilled = 0;
    const used = this.#accept(header, 0, filled);
    if (used < 0) {
      // Searched again from the second byte of what was taken for a header.
      const again = copyOf(header, 0, filled);
      this.#tailLength = 0;
      this.feed(again, 1, filled, this.#headerOffset + 1, frame);
      return at + 1;
    }
    return at + 1;
  }

  /** Whether the first bytes of a stream may be a frame: decided early, so that other protocols are told at once. */
  #mayStart(filled: number): boolean {
    const header = this.#header;
    if (header[0] !== 0) {
      return false;
    }
    for (let i = 4; i < filled && i < 8; i++) {
      if (header[i] !== MAGIC_BYTES[i - 4]) {
        return false;
      }
    }
    return true;
  }

  /** Bytes of this frame that have to be there before it is accepted. */
  #wanted(header: Uint8Array): number {
    const total = uint32(header, 0);
    if (total < FRAME_HEADER || total >= MAX_FRAME) {
      return FRAME_HEADER;
    }
    if (header[8] === BUFFER_RESPONSE) {
      return Math.min(total, LONGEST_HEADER);
    }
    return header[8] === PARTITION_REQUEST ? Math.min(total, 64) : FRAME_HEADER;
  }

  /** Counts the frame at `at` and passes over its body. Returns bytes of it that were used up, or -1: no frame. */
  #accept(bytes: Uint8Array, at: number, available: number): number {
    const total = uint32(bytes, at);
    const id = bytes[at + 8]!;
    const magic = bytes[at + 4] === 0xba && bytes[at + 5] === 0xdc && bytes[at + 6] === 0x0f && bytes[at + 7] === 0xfe;
    if (!magic || id >= MESSAGE_IDS || total < FRAME_HEADER || total >= MAX_FRAME) {
      if (this.phase === 'first') {
        this.phase = 'other';
        return available;
      }
      this.#lose();
      return -1;
    }
    this.phase = 'frames';
    if (this.firstBytes === undefined) {
      const shown = id === PARTITION_REQUEST ? Math.min(64, total, available) : FRAME_HEADER;
      this.firstBytes = copyOf(bytes, at, at + shown);
    }
    this.frames++;
    this.#chain++;
    this.confirmed ||= this.#chain > 1;
    this.ids[id]!++;
    if (id === BUFFER_RESPONSE) {
      this.#buffer(bytes, at, total);
    } else if (id === PARTITION_REQUEST) {
      this.requestLength ??= total;
    }
    const used = Math.min(available, total);
    this.#remaining = total - used;
    return used;
  }

  #buffer(bytes: Uint8Array, at: number, total: number): void {
    const layout = this.#layoutOf(bytes, at, total);
    if (layout === undefined) {
      this.unreadBuffers++;
      return;
    }
    // Data type and compression flag stand before the size in every version.
    const dataType = bytes[at + layout - 6]!;
    this.dataTypes[dataType]!++;
    if (bytes[at + layout - 5] !== 0) {
      this.compressedBuffers++;
    }
    if (dataType === 1) {
      if (this.recordOffset < 0) {
        this.recordOffset = this.#headerOffset;
        this.recordFrame = this.#headerFrame;
      }
      this.recordBuffers++;
      this.recordBytes += uint32(bytes, at + layout - 4);
    }
  }

  /** The layout that was found before, else the only one whose lengths add up; where several do, the newest. */
  #layoutOf(bytes: Uint8Array, at: number, total: number): BufferLayout | undefined {
    const known = this.layout;
    if (known !== undefined && fits(known, bytes, at, total)) {
      return known;
    }
    const asked = this.peer?.requestLength;
    const old = asked !== 97 && fits(39, bytes, at, total);
    const middle = (asked === undefined || asked === 97) && fits(43, bytes, at, total);
    const recent = (asked === undefined || asked === 97) && fits(47, bytes, at, total);
    const found = recent ? 47 : middle ? 43 : old ? 39 : undefined;
    if (Number(old) + Number(middle) + Number(recent) === 1) {
      this.layout ??= found;
    }
    return found;
  }

  /** Looks for `00 .. .. .. ba dc 0f fe [00-0b]`; returns how far the chunk was used up. */
  #search(bytes: Uint8Array, at: number, end: number, offset: number, frame: number): number {
    const tail = this.#tail;
    // First the bytes that straddle the chunk's start, in a copy of sixteen.
    if (this.#tailLength > 0) {
      const kept = this.#tailLength;
      const joined = Math.min(tail.length - kept, end - at);
      tail.set(bytes.subarray(at, at + joined), kept);
      const found = this.#find(tail, 0, kept + joined);
      if (found >= 0 && found < kept) {
        this.#begin(tail, found, kept, offset - kept, frame);
        return at;
      }
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
    const found = this.#find(view, 0, view.length);
    if (found >= 0) {
      this.phase = 'frames';
      this.#tailLength = 0;
      return at + found;
    }
    this.#keepTail(bytes, at, end);
    this.#searched += end - at;
    if (!this.confirmed && this.#searched > MAX_UNCONFIRMED_SEARCH) {
      this.phase = 'other';
    }
    return end;
  }

  /** Last eight bytes seen, of this chunk and those before. */
  #keepTail(bytes: Uint8Array, at: number, end: number): void {
    const tail = this.#tail;
    const fresh = Math.min(FRAME_HEADER - 1, end - at);
    const old = Math.min(this.#tailLength, FRAME_HEADER - 1 - fresh);
    tail.copyWithin(0, this.#tailLength - old, this.#tailLength);
    tail.set(bytes.subarray(end - fresh, end), old);
    this.#tailLength = old + fresh;
  }

  #find(view: Buffer, from: number, end: number): number {
    for (let magic = view.indexOf(MAGIC_BYTES, from); magic >= 0; magic = view.indexOf(MAGIC_BYTES, magic + 1)) {
      const start = magic - 4;
      if (start >= 0 && start + FRAME_HEADER <= end && view[start] === 0 && view[start + 8]! < MESSAGE_IDS) {
        if (uint32(view, start) >= FRAME_HEADER) {
          return start;
        }
      }
    }
    return -1;
  }

  /** A frame whose first bytes came in an earlier chunk. */
  #begin(tail: Buffer, found: number, kept: number, tailOffset: number, frame: number): void {
    this.phase = 'frames';
    this.#tailLength = 0;
    this.#headerOffset = tailOffset + found;
    this.#headerFrame = frame;
    this.#headerFilled = kept - found;
    this.#header.set(tail.subarray(found, kept));
  }
}
