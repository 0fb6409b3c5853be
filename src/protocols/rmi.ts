import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import { positionOf } from './flink-state.ts';
import { StreamHead } from './length-frames.ts';
import { latin1 } from './pekko-frame.ts';

/** Java RMI (JRMP stream protocol), as Flink's JMX server speaks it: without TLS and without authentication. */
export const rmi: ClearProtocol = {
  name: 'rmi',
  order: 33,
  follow: () => new RmiFollower(),
};

/** Bytes kept of either side: greeting, the name looked up, classes of the first answers. */
const HEAD_BYTES = 4096;

/** `JRMI`, version 2, stream protocol (or single operation). */
const CLIENT_GREETING = Buffer.from([0x4a, 0x52, 0x4d, 0x49, 0x00, 0x02]);
const PROTOCOL_ACK = 0x4e;
/** What only JMX looks up or answers. */
const JMX_SIGNS = ['jmxrmi', 'javax.management.'].map((text) => Buffer.from(text, 'latin1'));

class RmiFollower implements ClearFollower {
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
    if (this.#certainty === 'maybe') {
      this.#judge();
    }
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(): void {
    // Nothing is held that the end of the stream would decide.
  }

  /** Greeting of the client; acknowledgement with the client's address: `4e`, `writeUTF` host, int32 port. */
  #judge(): void {
    const [client, server] = this.#sides;
    for (let i = 0; i < Math.min(client.length, CLIENT_GREETING.length); i++) {
      if (client.bytes[i] !== CLIENT_GREETING[i]) {
        this.#certainty = 'no';
        return;
      }
    }
    if (client.length >= 7 && (client.bytes[6]! < 0x4b || client.bytes[6]! > 0x4d)) {
      this.#certainty = 'no';
      return;
    }
    if (client.length < 7 || server.length < 3) {
      return;
    }
    const hostLength = (server.bytes[1]! << 8) | server.bytes[2]!;
    if (server.bytes[0] !== PROTOCOL_ACK || hostLength > 253) {
      this.#certainty = 'no';
    } else if (server.length >= 7 + hostLength) {
      const host = latin1(server.bytes, 3, 3 + hostLength);
      const port = server.bytes[3 + hostLength] === 0 && server.bytes[4 + hostLength] === 0;
      this.#certainty = port && /^[\w.:%-]+$/.test(host) ? 'sure' : 'no';
    }
  }

  reading(): ClearReading {
    const [client, server] = this.#sides;
    const jmx = JMX_SIGNS.some((sign) => this.#sides.some((side) => positionOf(side.bytes, 0, side.length, sign) >= 0));
    return {
      protocol: rmi.name,
      ...(jmx ? { channel: 'jmx' as const } : {}),
      clientSide: 0,
      details: { jmx },
      firstBytes: client.head.copy(7),
      stateTransfer: [],
      credentials: [],
      hints: jmx ? [{ kind: 'channel-port', side: 1, channel: 'jmx' }] : [],
      answered: server.length > 0 && server.bytes[0] === PROTOCOL_ACK,
    };
  }
}
