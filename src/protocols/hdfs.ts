import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import type { StateTransferKind } from '../model/report.ts';
import { stateHead } from './flink-state.ts';
import { readBlockOperation, readPacketData, readResponseLength } from './hdfs-transfer.ts';
import { Sightings } from './http-sightings.ts';
import { checkpointObject, OBJECT_KINDS } from './object-storage.ts';

/** Start of each direction that is kept: an operation, and the first packet up to its data. */
const MAX_HEAD = 4096;
/** Start of each RPC frame that is searched for a path. */
const MAX_CALL = 1024;

/** `hrpc` and version 9 (Hadoop 2.0 and later); service class and authentication protocol (0 or SASL) follow. */
const RPC_MAGIC = 'hrpc\x09';
const SASL_AUTHENTICATION = 0xdf;
const CLIENT_PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
/** First bytes of a data transfer that negotiates SASL (`DataTransferSaslUtil.SASL_TRANSFER_MAGIC_NUMBER`). */
const SASL_MAGIC = '\xde\xad\xbe\xef';

/**
 * HDFS in clear: calls to the NameNode (Hadoop IPC version 9) and block transfers with DataNodes (data transfer
 * version 28). Whether TLS or SASL protects it is decided in Hadoop's configuration, never in Flink's.
 */
export const hdfs: ClearProtocol = {
  name: 'hdfs',
  order: 60,
  follow: (start): ClearFollower => new HdfsFollower(start),
};

const NOTHING = new Uint8Array(0);
/** `00 1c`, `hrpc`, `de ad be ef`: the client speaks first, and begins so. */
const FIRST_BYTES: ReadonlySet<number> = new Set([0x00, 0x68, 0xde]);

type Kind = 'undecided' | 'name-node' | 'data-node' | 'data-node-sasl' | 'other';

class HdfsFollower implements ClearFollower {
  #kind: Kind = 'undecided';
  /** Made when the first byte fits: most connections are not HDFS. */
  #heads: readonly [Uint8Array, Uint8Array] = [NOTHING, NOTHING];
  readonly #lengths: [number, number] = [0, 0];
  readonly #bytes: [number, number] = [0, 0];
  readonly #frames: [number, number] = [0, 0];
  readonly #broken: [boolean, boolean] = [false, false];
  readonly #calls = new NameNodeCalls();

  constructor(start: 'syn' | 'midstream') {
    // Neither protocol can be told from its middle.
    if (start === 'midstream') {
      this.#kind = 'other';
    }
  }

  get certainty(): Certainty {
    if (this.#kind === 'undecided') {
      return 'maybe';
    }
    return this.#kind === 'other' ? 'no' : 'sure';
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (this.#kind === 'other' || start >= end) {
      return;
    }
    if (this.#heads[0] === NOTHING && !this.#begin(side, bytes[start]!)) {
      return;
    }
    if (this.#bytes[side] === 0) {
      this.#frames[side] = frame;
    }
    this.#bytes[side] += end - start;
    const length = Math.min(end - start, MAX_HEAD - this.#lengths[side]);
    if (length > 0 && !this.#broken[side]) {
      this.#heads[side].set(bytes.subarray(start, start + length), this.#lengths[side]);
      this.#lengths[side] += length;
    }
    if (this.#kind === 'undecided' && side === 0) {
      this.#decide();
    }
    if (side === 0 && (this.#kind === 'name-node' || this.#kind === 'undecided')) {
      this.#calls.feed(bytes, start, end, streamOffset);
    }
  }

  #begin(side: Side, first: number): boolean {
    if (side === 1 || !FIRST_BYTES.has(first)) {
      this.#kind = 'other';
      return false;
    }
    this.#heads = [new Uint8Array(MAX_HEAD), new Uint8Array(MAX_HEAD)];
    return true;
  }

  gap(side: Side, _length: number, _streamOffset: number): void {
    this.#broken[side] = true;
    if (this.#kind === 'undecided') {
      this.#kind = 'other';
    }
    if (side === 0) {
      this.#calls.stop();
    }
  }

  close(): void {
    if (this.#kind === 'undecided') {
      this.#kind = 'other';
    }
  }

  #decide(): void {
    const head = this.#heads[0];
    const length = this.#lengths[0];
    const text = Buffer.from(head.buffer, 0, Math.min(length, 16)).toString('latin1');
    if (length >= 7 && text.startsWith(RPC_MAGIC)) {
      this.#kind = head[6] === 0 || head[6] === SASL_AUTHENTICATION ? 'name-node' : 'other';
    } else if (length >= 7 && text.startsWith(SASL_MAGIC)) {
      // DataTransferEncryptorMessageProto: length, then status 0 to 2 as field 1.
      this.#kind = head[5] === 0x08 && head[6]! <= 2 ? 'data-node-sasl' : 'other';
    } else if (!RPC_MAGIC.startsWith(text.slice(0, 5)) && !SASL_MAGIC.startsWith(text.slice(0, 4))) {
      const operation = readBlockOperation(head, length);
      if (operation !== 'more') {
        this.#kind = operation === undefined ? 'other' : 'data-node';
      }
    }
  }

  reading(): ClearReading {
    const transfers = this.#transfers();
    const paths = this.#calls.paths;
    const isCheckpoint = transfers.length > 0 || paths.length > 0;
    return {
      protocol: 'hdfs',
      ...(isCheckpoint ? { channel: 'checkpoint-storage' } : {}),
      clientSide: 0,
      serverComponent: 'object-store',
      details: { ...this.#details(), ...(paths.length > 0 ? { checkpointPaths: paths } : {}) },
      firstBytes: this.#heads[0].slice(0, Math.min(this.#lengths[0], 7)),
      stateTransfer: transfers,
      credentials: [],
      hints: [],
      answered: this.#bytes[1] > 0,
    };
  }

  #details(): Readonly<Record<string, string | readonly string[]>> {
    if (this.#kind === 'name-node') {
      const sasl = this.#heads[0][6] === SASL_AUTHENTICATION;
      const methods = this.#calls.methods;
      return {
        role: 'NameNode',
        authentication: sasl ? 'SASL' : 'none',
        ...(methods.length > 0 ? { methods } : {}),
      };
    }
    if (this.#kind === 'data-node-sasl') {
      return { role: 'DataNode', authentication: 'SASL' };
    }
    const operation = readBlockOperation(this.#heads[0], this.#lengths[0]);
    const known = operation !== undefined && operation !== 'more';
    return { role: 'DataNode', authentication: 'none', ...(known ? { operation: operation.name } : {}) };
  }

  /** State at the start of the block that this connection carries. */
  #transfers(): ReturnType<Sightings['transfers']> {
    const operation = this.#kind === 'data-node' ? readBlockOperation(this.#heads[0], this.#lengths[0]) : undefined;
    if (operation === undefined || operation === 'more') {
      return [];
    }
    const side: Side = operation.name === 'READ_BLOCK' ? 1 : 0;
    const from = side === 0 ? operation.end : readResponseLength(this.#heads[1], this.#lengths[1]);
    const data = from === undefined ? undefined : readPacketData(this.#heads[side], from, this.#lengths[side]);
    const content = data === undefined ? undefined : stateHead(this.#heads[side], data.start, data.end);
    if (data === undefined || content === undefined) {
      return [];
    }
    const sightings = new Sightings();
    const kind: StateTransferKind = OBJECT_KINDS[content];
    const place = { streamOffset: data.start, frame: this.#frames[side] };
    sightings.transfer(kind, side, place, this.#bytes[side] - data.start);
    return sightings.transfers();
  }
}

/** Distinct methods and paths that are kept. */
const MAX_LISTED = 16;

/** Calls of `ClientProtocol`, frame by frame: which methods, and which paths of Flink's layout. */
class NameNodeCalls {
  readonly #methods = new Set<string>();
  readonly #paths = new Set<string>();
  #call: Uint8Array = NOTHING;
  #kept = 0;
  /** Bytes of the preface that are still to come; then of the frame; its length is read between. */
  #preface = 7;
  #length = 0;
  #lengthBytes = 0;
  #remaining = 0;
  #state: 'reading' | 'stopped' = 'reading';

  get methods(): readonly string[] {
    return [...this.#methods];
  }

  get paths(): readonly string[] {
    return [...this.#paths];
  }

  stop(): void {
    this.#state = 'stopped';
  }

  feed(bytes: Uint8Array, start: number, end: number, _streamOffset: number): void {
    let at = start;
    while (at < end && this.#state === 'reading') {
      if (this.#preface > 0) {
        this.#preface--;
        at++;
      } else if (this.#remaining > 0) {
        at = this.#take(bytes, at, end);
      } else {
        this.#lengthByte(bytes[at++]!);
      }
    }
  }

  #lengthByte(value: number): void {
    this.#length = this.#length * 256 + value;
    if (++this.#lengthBytes < 4) {
      return;
    }
    // `ipc.maximum.data.length` is 128 MiB.
    if (this.#length === 0 || this.#length > 128 * 1024 * 1024) {
      this.#state = 'stopped';
    }
    this.#remaining = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    this.#kept = 0;
  }

  #take(bytes: Uint8Array, at: number, end: number): number {
    if (this.#call === NOTHING) {
      this.#call = new Uint8Array(MAX_CALL);
    }
    const length = Math.min(end - at, this.#remaining);
    const keep = Math.min(length, MAX_CALL - this.#kept);
    this.#call.set(bytes.subarray(at, at + keep), this.#kept);
    this.#kept += keep;
    this.#remaining -= length;
    if (this.#remaining === 0) {
      this.#read(Buffer.from(this.#call.buffer, 0, this.#kept).toString('latin1'));
    }
    return at + length;
  }

  /** RequestHeaderProto: method name, then the protocol's name; the request behind it begins with the path. */
  #read(call: string): void {
    const at = call.indexOf(CLIENT_PROTOCOL);
    if (at < 0) {
      return;
    }
    // Behind the name stand tag 12 and the length of the protocol's name.
    const method = /([a-zA-Z]{2,40})$/.exec(call.slice(0, Math.max(0, at - 2)))?.[1];
    if (method !== undefined && this.#methods.size < MAX_LISTED) {
      this.#methods.add(method);
    }
    for (const [path] of call.slice(at + CLIENT_PROTOCOL.length).matchAll(/\/[\x21-\x7e]{1,500}/g)) {
      if (checkpointObject(path) !== undefined && this.#paths.size < MAX_LISTED) {
        this.#paths.add(path.slice(0, 200));
      }
    }
  }
}
