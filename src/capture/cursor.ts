/** Why a packet was not decoded: damage, a cut capture, or a limit. The list is closed, so its counts are bounded. */
export const UNDECODED_REASONS = [
  'unsupported-link-type',
  'cut-header',
  'malformed-link-header',
  'malformed-ip-header',
  'malformed-tunnel-header',
  'malformed-transport-header',
  'nested-too-deep',
  'incomplete-fragments',
  'contradictory-fragments',
] as const;
export type UndecodedReason = (typeof UNDECODED_REASONS)[number];

export type MalformedReason = Extract<UndecodedReason, `malformed-${string}`>;

/** The layer that follows; `ether-type` and `transport` are told by `Cursor.protocol`. */
export type Layer = 'ethernet' | 'ether-type' | 'ipv4' | 'ipv6' | 'fragment' | 'transport';

/**
 * What became of a packet. `segment`: handed on. `datagram`: UDP that is no tunnel. `other`: understood, but neither
 * TCP nor UDP nor a way to them. `held`: a fragment that waits for others.
 */
export type Outcome = 'segment' | 'datagram' | 'other' | 'held' | UndecodedReason;

export type Next = Layer | Outcome;

/**
 * Where the decoder stands in a packet. One object is reused for all packets.
 *
 * The layers read `bytes` by index instead of through `Reader`: a capture has millions of headers, and each layer
 * checks its whole header once with {@link Cursor.lacks} before it reads.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  /** End of what was captured. */
  end = 0;
  /** End of the current layer on the wire; never before `end`. */
  wireEnd = 0;
  /** EtherType before `ether-type`, IP protocol number before `transport`. */
  protocol = 0;
  /** Interned path of what was unwrapped so far. */
  encapsulation = 0;
  interfaceId = 0;
  vlanTags = 0;
  tunnels = 0;

  /** The reason why `length` octets of header cannot be read here; undefined where they can. */
  lacks(length: number, malformed: MalformedReason): UndecodedReason | undefined {
    const needed = this.position + length;
    if (needed <= this.end) return undefined;
    return needed <= this.wireEnd ? 'cut-header' : malformed;
  }

  uint8(offset: number): number {
    return this.bytes[this.position + offset]!;
  }

  uint16(offset: number): number {
    const at = this.position + offset;
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  uint24(offset: number): number {
    const at = this.position + offset;
    return (this.bytes[at]! << 16) | (this.bytes[at + 1]! << 8) | this.bytes[at + 2]!;
  }

  /** Signed, as addresses are kept. */
  int32(offset: number): number {
    const b = this.bytes;
    const at = this.position + offset;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  uint32(offset: number): number {
    return this.int32(offset) >>> 0;
  }

  /** The layer at `position` is `length` octets long on the wire: what follows is padding, never payload. */
  limit(length: number): void {
    const layerEnd = this.position + length;
    if (layerEnd < this.wireEnd) this.wireEnd = layerEnd;
    if (layerEnd < this.end) this.end = layerEnd;
  }
}
