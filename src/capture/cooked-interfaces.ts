import { LinkType, SLL2_HEADER } from './link-layer.ts';
import type { Packet } from './packet.ts';

/** Ids from here on stand for a pair of capture interface and kernel interface index. */
export const FIRST_COOKED_INTERFACE = 1024;
/** Pairs that are told apart; all others share one id. */
export const MAX_COOKED_INTERFACES = 2048;

/**
 * Interface ids of packets. LINKTYPE_LINUX_SLL2 (`tcpdump -i any`) tells the kernel's interface of each packet: the
 * same packet on two of them is a copy, not a retransmission.
 */
export class CookedInterfaces {
  readonly #ids = new Map<number, number>();

  idOf(packet: Packet): number {
    if (packet.linkType !== LinkType.LINUX_SLL2 || packet.end - packet.start < SLL2_HEADER) return packet.interfaceId;
    const b = packet.bytes;
    const at = packet.start + 4;
    const index = ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
    const pair = packet.interfaceId * 2 ** 32 + index;
    const known = this.#ids.get(pair);
    if (known !== undefined) return known;
    if (this.#ids.size >= MAX_COOKED_INTERFACES) return FIRST_COOKED_INTERFACE + MAX_COOKED_INTERFACES;
    const id = FIRST_COOKED_INTERFACE + this.#ids.size;
    this.#ids.set(pair, id);
    return id;
  }
}
