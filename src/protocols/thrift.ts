import { Reader } from '../bytes/reader.ts';
import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import { StreamHead } from './length-frames.ts';

/** Thrift binary protocol of HiveServer2 without SASL, as Flink's endpoint speaks it. */
export const thrift: ClearProtocol = {
  name: 'thrift',
  order: 34,
  follow: () => new ThriftFollower(),
};

/** Bytes kept of either side: `OpenSession` with user, password and configuration. */
const HEAD_BYTES = 1024;

const METHOD = Buffer.from('\x00\x00\x00\x0bOpenSession', 'latin1');
/** Strict binary protocol version 1; the last byte is the message type: 1 call, 2 reply, 3 exception. */
const VERSION = Buffer.from([0x80, 0x01, 0x00]);

/** Types of fields that `TOpenSessionReq` has. */
const I32 = 8;
const STRING = 11;
const STRUCT = 12;

interface OpenSession {
  readonly protocolVersion?: number;
  readonly hasUser: boolean;
  /** Stream offset of a password that is not empty. */
  readonly passwordAt?: number;
}

/** `OpenSession(1: TOpenSessionReq { 1 client_protocol, 2 username, 3 password, 4 configuration })`, as far as it is there. */
function readOpenSession(bytes: Uint8Array, end: number): OpenSession {
  let protocolVersion: number | undefined;
  let hasUser = false;
  let passwordAt: number | undefined;
  try {
    const reader = new Reader(bytes, 'OpenSession', 23, end, 0);
    if (reader.uint8('argument.type') === STRUCT) {
      reader.skip(2, 'argument.id');
      for (let type = reader.uint8('type'); type === I32 || type === STRING; type = reader.uint8('type')) {
        const id = reader.uint16('id');
        if (type === I32) {
          protocolVersion = reader.uint32('value');
          continue;
        }
        const length = reader.uint32('length');
        hasUser ||= id === 2 && length > 0;
        if (id === 3 && length > 0) {
          passwordAt = reader.offset;
        }
        reader.skip(length, 'value');
      }
    }
  } catch {
    // The head is cut, or the call has another shape: what was read so far holds.
  }
  return {
    hasUser,
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    ...(passwordAt === undefined ? {} : { passwordAt }),
  };
}

class ThriftFollower implements ClearFollower {
  readonly #sides: readonly [StreamHead, StreamHead] = [new StreamHead(HEAD_BYTES), new StreamHead(HEAD_BYTES)];
  #certainty: Certainty = 'maybe';

  get certainty(): Certainty {
    return this.#certainty;
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, _streamOffset: number, frame: number): void {
    if (this.#certainty === 'no') {
      return;
    }
    this.#sides[side].feed(bytes, start, end, frame);
    if (side === 0 && this.#certainty === 'maybe') {
      this.#certainty = this.#judge();
    }
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(): void {
    // Nothing is held that the end of the stream would decide.
  }

  #judge(): Certainty {
    const { bytes, length } = this.#sides[0];
    for (let i = 0; i < Math.min(length, 19); i++) {
      const expected = i < 3 ? VERSION[i] : i === 3 ? 1 : METHOD[i - 4];
      if (bytes[i] !== expected) {
        return 'no';
      }
    }
    return length >= 19 ? 'sure' : 'maybe';
  }

  reading(): ClearReading {
    const [client, server] = this.#sides;
    const session = readOpenSession(client.bytes, client.length);
    const { passwordAt, protocolVersion } = session;
    const answered = server.length >= 4 && server.bytes[0] === 0x80 && server.bytes[3]! >= 2;
    const place = passwordAt === undefined ? 0 : passwordAt;
    return {
      protocol: thrift.name,
      channel: 'hiveserver2',
      clientSide: 0,
      serverComponent: 'sql-gateway',
      clientComponent: 'client',
      details: {
        method: 'OpenSession',
        userGiven: session.hasUser,
        ...(protocolVersion === undefined ? {} : { protocolVersion }),
      },
      firstBytes: client.head.copy(19),
      stateTransfer: [],
      credentials:
        passwordAt === undefined
          ? []
          : [
              {
                kind: 'other-authorization',
                side: 0,
                frame: client.frameAt(place),
                streamOffset: place,
                count: 1,
                name: 'TOpenSessionReq.password',
              },
            ],
      hints: [],
      answered,
    };
  }
}
