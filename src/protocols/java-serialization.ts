import { toHex } from '../bytes/hex.ts';
import { backendState, positionOf, standsAt } from './flink-state.ts';
import { FrameMap } from './sightings.ts';

/** Where the scanner reports what it found. `offset` counts the stream, `frame` is the capture's. */
export interface JavaSightings {
  /** Bytes of a `ByteStreamStateHandle`: state itself. `kind` by the header of those bytes. */
  inlineState(kind: 'keyed-state' | 'operator-state' | undefined, offset: number, frame: number, bytes: number): void;
  /** An object that points to state elsewhere, or that makes a task restore it. */
  stateObject(kind: 'handle' | 'restore', className: string, offset: number, frame: number): void;
  /** A remote procedure call: simple name of the gateway, method. */
  call(gateway: string, method: string): void;
  /** 32 hexadecimal digits. */
  jobId(id: string): void;
  /** An object of a class that is neither Flink's nor of its libraries: user code or user data types. */
  userClass(className: string): void;
}

/**
 * Bytes after a candidate that may decide what it is. A state handle's header ends at 173; the rest is for a key
 * serializer of the user's own, whose snapshot stands before the text that proves keyed state.
 */
const LOOKAHEAD = 768;

/** Bytes of a message that are held while it arrives in pieces. */
const WINDOW = 16 * 1024;

/** Longest inline state that is believed: the frame limit of Flink's RPC. */
const MAX_INLINE_STATE = 10 * 1024 * 1024;

const OBJECT_OF_CLASS = Buffer.from([0x73, 0x72, 0x00]);
const OBJECT_OF_KNOWN_CLASS = Buffer.from([0x73, 0x71, 0x00, 0x7e]);
/** End of the class description of a call, start of the block data that `MethodInvocation.writeObject` writes. */
const CALL_BLOCK = Buffer.from([0x78, 0x70, 0x77]);

const BYTE_STREAM_STATE_HANDLE = 'org.apache.flink.runtime.state.memory.ByteStreamStateHandle';
/** serialVersionUID, serializable, two fields, the first is `byte[] data`: the same from 1.16.3 to 2.3.0. */
const BYTE_STREAM_FIELDS = Buffer.from('b6b8de37f3796da60200025b000464617461', 'hex');
/** From the first letter of the class name to the byte array of the object. */
const BYTE_STREAM_ARRAY = 118;
/** New array of class `[B`, with its class description. */
const BYTE_ARRAY = Buffer.from('757200025b42acf317f8060854e00200007870', 'hex');
const KNOWN_BYTE_ARRAY = Buffer.from([0x75, 0x71, 0x00, 0x7e]);

const HANDLES: ReadonlySet<string> = new Set([
  'org.apache.flink.runtime.state.filesystem.FileStateHandle',
  'org.apache.flink.runtime.state.filesystem.RelativeFileStateHandle',
  'org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle',
]);
const RESTORE = 'org.apache.flink.runtime.checkpoint.JobManagerTaskRestore';
const JOB_ID = 'org.apache.flink.api.common.JobID';
const ABSTRACT_ID_END = Buffer.from('\x09lowerPartJ\x00\x09upperPartxp', 'latin1');

const FLINK_PACKAGE = Buffer.from('org.apache.flink.', 'latin1');
const JAVA_PACKAGE = Buffer.from('java.', 'latin1');
const LENGTHS_OF_INTEREST: ReadonlySet<number> = new Set(
  [BYTE_STREAM_STATE_HANDLE, RESTORE, JOB_ID, ...HANDLES].map((name) => name.length),
);

/** A class of Java's or of Flink's that the scanner has no use for. */
function isIndifferent(bytes: Uint8Array, name: number, length: number, end: number): boolean {
  if (standsAt(bytes, name, end, JAVA_PACKAGE)) {
    return true;
  }
  return !LENGTHS_OF_INTEREST.has(length) && standsAt(bytes, name, end, FLINK_PACKAGE);
}

/** Windows that no scanner uses at the moment, so that a connection with many frames does not allocate one a frame. */
const spareWindows: Buffer[] = [];
const MAX_SPARE_WINDOWS = 16;

/** Packages of Flink and what it brings; an object of another class is the user's. */
const FOREIGN = /^(?:org\.apache\.flink|java|javax|jdk|sun|scala|akka|org\.apache\.pekko|com\.esotericsoftware)\./;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const CLASS_NAME = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/;

/** Class of the first object of a Java serialization stream (`ac ed 00 05 73 72 …`), undefined where there is none. */
export function firstClassOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (start + 8 > end || bytes[start] !== 0xac || bytes[start + 1] !== 0xed || bytes[start + 3] !== 0x05) {
    return undefined;
  }
  if (bytes[start + 4] !== 0x73 || bytes[start + 5] !== 0x72) {
    return undefined;
  }
  const name = utfAt(bytes, start + 6, end);
  return name !== undefined && CLASS_NAME.test(name) ? name : undefined;
}

/** Text of `writeUTF` with at most 255 bytes, undefined where it is cut. */
function utfAt(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (at + 2 > end || bytes[at] !== 0) {
    return undefined;
  }
  const length = bytes[at + 1]!;
  return at + 2 + length > end ? undefined : latin1(bytes, at + 2, at + 2 + length);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/**
 * Searches Java-serialized messages for state, calls, job ids and class names, without deserializing anything.
 *
 * A message is given whole with {@link scan}, or in pieces with {@link feed} and {@link finish}: the answers are the
 * same. A second state handle of one message refers back to the class of the first; it is counted where the bytes it
 * holds start like state, so counts are lower bounds.
 */
export class JavaScanner {
  readonly #sink: JavaSightings;
  readonly #frames = new FrameMap();
  #window: Buffer | undefined;
  #filled = 0;
  /** Stream offset of the first byte of the window. */
  #base = 0;
  /** Position in the window up to which candidates were decided. */
  #decided = 0;
  #sawHandle = false;
  #wantsJobId = false;

  constructor(sink: JavaSightings) {
    this.#sink = sink;
  }

  /** A whole message that one capture frame brought. */
  scan(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#frames.clear();
    this.#frames.note(streamOffset, frame);
    this.#sawHandle = false;
    this.#wantsJobId = false;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#search(view, 0, view.length, view.length, streamOffset);
    this.#frames.clear();
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#window ??= spareWindows.pop() ?? Buffer.allocUnsafeSlow(WINDOW);
    const window = this.#window;
    if (this.#filled === 0) {
      this.#base = streamOffset;
    }
    this.#frames.note(streamOffset, frame);
    for (let at = start; at < end; ) {
      const count = Math.min(end - at, WINDOW - this.#filled);
      window.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === WINDOW) {
        this.#slide(window);
      }
    }
  }

  /** The message ends here: what is held is decided with what there is. */
  finish(): void {
    if (this.#filled > this.#decided) {
      this.#search(this.#window!.subarray(0, this.#filled), this.#decided, this.#filled, this.#filled, this.#base);
    }
    this.#filled = 0;
    this.#decided = 0;
    if (this.#window !== undefined && spareWindows.length < MAX_SPARE_WINDOWS) {
      spareWindows.push(this.#window);
    }
    this.#window = undefined;
    this.#frames.clear();
    this.#sawHandle = false;
    this.#wantsJobId = false;
  }

  #slide(window: Buffer): void {
    const limit = WINDOW - LOOKAHEAD;
    this.#search(window, this.#decided, limit, WINDOW, this.#base);
    window.copyWithin(0, limit, WINDOW);
    this.#filled = LOOKAHEAD;
    this.#base += limit;
    this.#decided = 0;
    this.#frames.forgetBefore(this.#base);
  }

  /** Decides the candidates that start in `[from, limit)`; nothing past `end` is looked at. */
  #search(bytes: Buffer, from: number, limit: number, end: number, base: number): void {
    let firstHandle = this.#sawHandle ? from : -1;
    let jobIdFrom = from;
    for (let at = bytes.indexOf(OBJECT_OF_CLASS, from); at >= 0 && at < limit; ) {
      const isHandle = this.#object(bytes, at, Math.min(end, at + LOOKAHEAD), base);
      if (isHandle && firstHandle < 0) {
        firstHandle = at + 1;
      }
      at = bytes.indexOf(OBJECT_OF_CLASS, at + OBJECT_OF_CLASS.length);
    }
    for (let at = bytes.indexOf(CALL_BLOCK, from); at >= 0 && at < limit; ) {
      const method = this.#call(bytes, at + 2, Math.min(end, at + LOOKAHEAD));
      // Its first argument is the job's id, by reference to a class that the parameter types described.
      if (method === 'acknowledgeCheckpoint' && !this.#wantsJobId) {
        this.#wantsJobId = true;
        jobIdFrom = at;
      }
      at = bytes.indexOf(CALL_BLOCK, at + CALL_BLOCK.length);
    }
    if (firstHandle >= 0) {
      this.#sawHandle = true;
      this.#laterHandles(bytes, firstHandle, limit, end, base);
    }
    if (this.#wantsJobId) {
      this.#jobIdOfCall(bytes, jobIdFrom, limit, end);
    }
  }

  /** An object with a class description of its own. True for a state handle with its bytes. */
  #object(bytes: Buffer, at: number, end: number, base: number): boolean {
    // Most objects are Flink's or Java's own: their names are told by length and package, without making a string.
    if (isIndifferent(bytes, at + 4, bytes[at + 3]!, end)) {
      return false;
    }
    const name = utfAt(bytes, at + 2, end);
    if (name === undefined || !CLASS_NAME.test(name)) {
      return false;
    }
    const offset = base + at;
    if (name === BYTE_STREAM_STATE_HANDLE) {
      return this.#firstHandle(bytes, at + 4, end, offset);
    }
    if (HANDLES.has(name)) {
      this.#sink.stateObject('handle', name, offset, this.#frames.at(offset));
    } else if (name === RESTORE) {
      this.#sink.stateObject('restore', name, offset, this.#frames.at(offset));
    } else if (name === JOB_ID) {
      this.#jobId(bytes, at + 4 + name.length, end);
    } else if (!FOREIGN.test(name)) {
      this.#sink.userClass(name);
    }
    return false;
  }

  #firstHandle(bytes: Buffer, name: number, end: number, offset: number): boolean {
    if (!standsAt(bytes, name + BYTE_STREAM_STATE_HANDLE.length, end, BYTE_STREAM_FIELDS)) {
      return false;
    }
    const array = name + BYTE_STREAM_ARRAY;
    if (standsAt(bytes, array, end, BYTE_ARRAY)) {
      return this.#inline(bytes, array + BYTE_ARRAY.length, end, offset, 'any');
    }
    if (standsAt(bytes, array, end, KNOWN_BYTE_ARRAY)) {
      return this.#inline(bytes, array + KNOWN_BYTE_ARRAY.length + 2, end, offset, 'any');
    }
    return false;
  }

  /** Length and bytes of an array, whose first decide the kind. */
  #inline(bytes: Buffer, at: number, end: number, offset: number, accept: 'any' | 'headed'): boolean {
    if (at + 4 > end) {
      return false;
    }
    const length = bytes.readUInt32BE(at);
    if (length > MAX_INLINE_STATE) {
      return false;
    }
    const kind = backendState(bytes, at + 4, Math.min(end, at + 4 + length));
    if (kind === undefined && accept === 'headed') {
      return false;
    }
    this.#sink.inlineState(kind, offset, this.#frames.at(offset), length);
    return true;
  }

  /** Handles whose class and array class were described before: `73 71 00 7e .. .. 75 71 00 7e .. .. n`. */
  #laterHandles(bytes: Buffer, from: number, limit: number, end: number, base: number): void {
    for (let at = bytes.indexOf(OBJECT_OF_KNOWN_CLASS, from); at >= 0 && at < limit; ) {
      const stop = Math.min(end, at + LOOKAHEAD);
      if (standsAt(bytes, at + 6, stop, KNOWN_BYTE_ARRAY)) {
        this.#inline(bytes, at + 12, stop, base + at, 'headed');
      }
      at = bytes.indexOf(OBJECT_OF_KNOWN_CLASS, at + OBJECT_OF_KNOWN_CLASS.length);
    }
  }

  /** `MethodInvocation.writeObject`: block data of gateway, method and number of parameters, which fill it exactly. */
  #call(bytes: Buffer, at: number, end: number): string | undefined {
    const length = bytes[at + 1];
    if (length === undefined || at + 2 + length > end) {
      return undefined;
    }
    const gateway = utfAt(bytes, at + 2, at + 2 + length);
    if (gateway === undefined || !IDENTIFIER.test(gateway)) {
      return undefined;
    }
    const methodAt = at + 4 + gateway.length;
    const method = utfAt(bytes, methodAt, at + 2 + length);
    if (method === undefined || !IDENTIFIER.test(method) || methodAt + 2 + method.length + 4 !== at + 2 + length) {
      return undefined;
    }
    this.#sink.call(gateway, method);
    return method;
  }

  #jobIdOfCall(bytes: Buffer, from: number, limit: number, end: number): void {
    for (let at = bytes.indexOf(OBJECT_OF_KNOWN_CLASS, from + 3); at >= 0 && at - 3 < limit; ) {
      const marked = bytes[at - 3] === 0x77 && bytes[at - 2] === 1 && bytes[at - 1] === 1;
      if (marked && at + 22 <= end) {
        this.#sink.jobId(toHex(bytes.subarray(at + 6, at + 22)));
        this.#wantsJobId = false;
        return;
      }
      at = bytes.indexOf(OBJECT_OF_KNOWN_CLASS, at + OBJECT_OF_KNOWN_CLASS.length);
    }
  }

  /** `JobID` has no fields; those of its parent class, described here or before, follow: two longs. */
  #jobId(bytes: Buffer, at: number, end: number): void {
    const parent = at + 12;
    let id = -1;
    if (bytes[at + 11] === 0x78 && bytes[parent] === 0x71 && bytes[parent + 1] === 0 && bytes[parent + 2] === 0x7e) {
      id = parent + 5;
    } else if (bytes[parent] === 0x72) {
      const found = positionOf(bytes, parent, Math.min(end, parent + 100), ABSTRACT_ID_END);
      id = found < 0 ? -1 : found + ABSTRACT_ID_END.length;
    }
    if (id >= 0 && id + 16 <= end) {
      this.#sink.jobId(toHex(bytes.subarray(id, id + 16)));
    }
  }
}
