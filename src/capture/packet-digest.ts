import type { Packet } from './packet.ts';

/**
 * Order-sensitive digest of lengths and times of packets: two readers that give the same one have read the same
 * packets. 64 bits against accidents, not against forgery.
 */
export class PacketDigest {
  #high = 0x811c9dc5 | 0;
  #low = 0x1b873593;
  packets = 0;

  add(packet: Packet): void {
    this.addFields(packet.end - packet.start, packet.originalLength, packet.seconds, packet.nanoseconds);
  }

  addFields(captured: number, original: number, seconds: number, nanoseconds: number): void {
    this.packets++;
    this.#mix(captured);
    this.#mix(original);
    this.#mix(seconds);
    this.#mix(nanoseconds);
  }

  equals(other: PacketDigest): boolean {
    return this.packets === other.packets && this.#high === other.#high && this.#low === other.#low;
  }

  /** FNV-1a and a Murmur3 round, on 32-bit words. */
  #mix(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0x01000193) ^ (this.#high >>> 15);
    const scrambled = Math.imul(word, 0xcc9e2d51);
    const mixed = this.#low ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
    this.#low = (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
  }
}
