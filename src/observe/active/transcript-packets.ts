import type { Side } from '../../bytes/stream.ts';
import { TcpFlag } from '../../capture/segment.ts';
import { PACKET_PAYLOAD_MAX } from '../../capture/tcp-packet.ts';
import type { Transcript, WireEvent } from '../../net/wire.ts';
import { parseIpAddress } from '../../x509/ip-address.ts';

/** One packet of a connection as a capture at our end would show it. */
export interface TranscriptPacket {
  readonly from: Side;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly payload: Uint8Array;
  readonly seconds: number;
  readonly nanoseconds: number;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * The packets that tell what a transcript tells: handshake, one segment for each event, acknowledgements, ends.
 *
 * What the transcript does not know (when an acknowledgement came, repetitions) is made up in the plainest way: the
 * next packet of the other side acknowledges, or one of its own at once. `first` is the number of the first packet's
 * frame; connections of one file differ in their sequence numbers by it, so that addresses and ports may come again.
 */
export function transcriptPackets(transcript: Transcript, first: number): TranscriptPacket[] {
  const flow = new Flow(first);
  flow.put(0, TcpFlag.SYN, transcript.startedAt);
  if (transcript.connectedAt === undefined) {
    if (transcript.fault === 'refused') flow.put(1, TcpFlag.RST | TcpFlag.ACK, transcript.endedAt);
    return flow.packets;
  }
  flow.put(1, TcpFlag.SYN | TcpFlag.ACK, transcript.connectedAt);
  flow.put(0, TcpFlag.ACK, transcript.connectedAt);
  transcript.events.forEach((event, index) => {
    flow.tell(event, transcript.events[index + 1]);
  });
  return flow.packets;
}

/** The 4 or 16 octets of an end's address; what is no literal reads as 0.0.0.0. */
export function addressOctets(host: string): Uint8Array {
  return parseIpAddress(host) ?? new Uint8Array(4);
}

class Flow {
  readonly packets: TranscriptPacket[] = [];
  /** Sequence number of each side's next byte. */
  readonly #next: [number, number];

  constructor(first: number) {
    // Odd multipliers: no two frame numbers share a sequence number.
    this.#next = [Math.imul(first, 0x9e3779b1) >>> 0, Math.imul(first, 0x85ebca6b) >>> 0];
  }

  tell(event: WireEvent, next: WireEvent | undefined): void {
    const { side, at } = event;
    if (event.kind === 'end' && event.how === 'rst') {
      this.put(side, TcpFlag.RST | TcpFlag.ACK, at);
      return;
    }
    if (event.kind === 'end') this.put(side, TcpFlag.FIN | TcpFlag.ACK, at);
    else this.#data(side, event.bytes, at);
    const other: Side = side === 0 ? 1 : 0;
    const isReset = next?.kind === 'end' && next.how === 'rst';
    if (!isReset && next?.side !== other) this.put(other, TcpFlag.ACK, at);
  }

  #data(side: Side, bytes: Uint8Array, at: number): void {
    for (let start = 0; start < bytes.length; start += PACKET_PAYLOAD_MAX) {
      this.put(side, TcpFlag.PSH | TcpFlag.ACK, at, bytes.subarray(start, start + PACKET_PAYLOAD_MAX));
    }
  }

  put(from: Side, flags: number, at: number, payload: Uint8Array = NOTHING): void {
    const sequence = this.#next[from];
    const acknowledgement = (flags & TcpFlag.ACK) === 0 ? 0 : this.#next[from === 0 ? 1 : 0];
    this.packets.push({ from, flags, sequence, acknowledgement, payload, ...momentOf(at) });
    const counted = payload.length + ((flags & (TcpFlag.SYN | TcpFlag.FIN)) !== 0 ? 1 : 0);
    this.#next[from] = (sequence + counted) >>> 0;
  }
}

/** A time of a transcript as captures have it. */
export function momentOf(milliseconds: number): { readonly seconds: number; readonly nanoseconds: number } {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.min(999_999_999, Math.round((milliseconds - seconds * 1000) * 1e6)) };
}
