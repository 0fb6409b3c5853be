import { copyOf } from '../bytes/copy.ts';
import type { Connection } from '../capture/connection.ts';
import type { Packet } from '../capture/packet.ts';
import { enhancedPacketBlock, interfaceDescriptionBlock, sectionHeaderBlock } from '../capture/pcapng-write.ts';

/** Packets of all connections that may yet turn out to be evidence. Protects memory; the oldest give way. */
export const MAX_EVIDENCE_BYTES: number = 32 * 1024 * 1024;

/** Connections, likewise: a flood of attempts brings few bytes each. */
const MAX_EVIDENCE_CONNECTIONS = 8192;

interface Beginning {
  readonly linkType: number;
  readonly packets: { readonly seconds: number; readonly nanoseconds: number; readonly bytes: Uint8Array }[];
  bytes: number;
}

/** The first packets of connections, until it is known whether anybody will ask for them. */
export class LiveEvidence {
  readonly #bytesEach: number;
  readonly #bytesAll: number;
  /** By the first frame of the connection; the one that began first at the front. */
  readonly #beginnings = new Map<number, Beginning>();
  #bytes = 0;

  constructor(bytesEach: number, bytesAll: number = MAX_EVIDENCE_BYTES) {
    this.#bytesEach = bytesEach;
    this.#bytesAll = bytesAll;
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#bytes;
  }

  take({ firstFrame }: Connection, packet: Packet): void {
    const beginning = firstFrame === packet.frame ? this.#begin(packet) : this.#beginnings.get(firstFrame);
    if (beginning === undefined || beginning.linkType !== packet.linkType) return;
    const length = packet.end - packet.start;
    if (beginning.bytes + length > this.#bytesEach) return;
    beginning.packets.push({
      seconds: Math.max(0, packet.seconds),
      nanoseconds: packet.nanoseconds,
      bytes: copyOf(packet.bytes, packet.start, packet.end),
    });
    beginning.bytes += length;
    this.#bytes += length;
    while (this.#bytes > this.#bytesAll) this.#forgetOldest();
  }

  /** Nobody will ask for the connection that began with this frame: it speaks TLS, has ended, or was written. */
  settle(firstFrame: number): void {
    this.#bytes -= this.#beginnings.get(firstFrame)?.bytes ?? 0;
    this.#beginnings.delete(firstFrame);
  }

  /** A pcapng of its first packets; undefined where none were kept. */
  capture(firstFrame: number): Uint8Array | undefined {
    const beginning = this.#beginnings.get(firstFrame);
    if (beginning === undefined || beginning.packets.length === 0) return undefined;
    return Buffer.concat([
      sectionHeaderBlock('flinkprobe'),
      interfaceDescriptionBlock(beginning.linkType, 'live'),
      ...beginning.packets.map(({ seconds, nanoseconds, bytes }) => enhancedPacketBlock(seconds, nanoseconds, bytes)),
    ]);
  }

  #begin({ frame, linkType }: Packet): Beginning {
    const beginning: Beginning = { linkType, packets: [], bytes: 0 };
    this.#beginnings.set(frame, beginning);
    if (this.#beginnings.size > MAX_EVIDENCE_CONNECTIONS) this.#forgetOldest();
    return beginning;
  }

  #forgetOldest(): void {
    this.settle(this.#beginnings.keys().next().value!);
  }
}
