import type { ChecksumState } from './checksum.ts';
import { type Outcome, UNDECODED_REASONS, type UndecodedReason } from './cursor.ts';
import type { FragmentLimitName } from './fragments.ts';

export type DecodeLimitName = FragmentLimitName | 'nested-layers' | 'encapsulation-paths';

/**
 * What became of the packets. `packets` is the sum of `segments`, `datagrams`, `otherPackets`, `undecodedPackets` and
 * the fragments: `heldFragments` that were joined or still wait.
 */
export class DecodeStatistics {
  packets = 0;
  /** TCP segments handed on. */
  segments = 0;
  /** UDP datagrams that are no tunnel. */
  datagrams = 0;
  /** Understood, but neither TCP nor UDP: ARP, ICMP, spanning tree, encrypted layers. */
  otherPackets = 0;
  undecodedPackets = 0;
  /** Fragments that wait, or that became part of a datagram which a later packet completed. */
  heldFragments = 0;
  reassembledDatagrams = 0;
  /** Wrong IPv4 header and TCP checksums. */
  badChecksums = 0;
  badIpv4Checksums = 0;
  badTcpChecksums = 0;
  /** Zero, or the pseudo-header only: not wrong, the network card was to fill it in. */
  offloadedChecksums = 0;
  checkedTcpChecksums = 0;
  readonly #undecoded = new Map<UndecodedReason, number>();
  readonly #limits = new Map<DecodeLimitName, number>();

  /** Counts of `undecodedPackets` by reason, only those that occurred. */
  get undecoded(): Readonly<Partial<Record<UndecodedReason, number>>> {
    return Object.fromEntries(
      UNDECODED_REASONS.flatMap((r) => (this.#undecoded.has(r) ? [[r, this.#undecoded.get(r)]] : [])),
    );
  }

  /** Named limits that were hit, with how often. */
  get limits(): Readonly<Partial<Record<DecodeLimitName, number>>> {
    return Object.fromEntries(this.#limits);
  }

  count(outcome: Outcome): void {
    switch (outcome) {
      case 'segment':
        this.segments += 1;
        return;
      case 'datagram':
        this.datagrams += 1;
        return;
      case 'other':
        this.otherPackets += 1;
        return;
      case 'held':
        this.heldFragments += 1;
        return;
      default:
        if (outcome === 'nested-too-deep') this.countLimit('nested-layers');
        this.countUndecoded(outcome);
    }
  }

  /** Fragments that waited until now and never became a datagram. */
  dropHeld(reason: UndecodedReason, packets: number): void {
    this.heldFragments -= packets;
    this.countUndecoded(reason, packets);
  }

  countUndecoded(reason: UndecodedReason, packets = 1): void {
    if (packets === 0) return;
    this.undecodedPackets += packets;
    this.#undecoded.set(reason, (this.#undecoded.get(reason) ?? 0) + packets);
  }

  countLimit(name: DecodeLimitName, times = 1): void {
    this.#limits.set(name, (this.#limits.get(name) ?? 0) + times);
  }

  countIpv4Checksum(state: ChecksumState): void {
    if (state === 'right') return;
    if (state === 'offloaded') {
      this.offloadedChecksums += 1;
      return;
    }
    this.badIpv4Checksums += 1;
    this.badChecksums += 1;
  }

  countTcpChecksum(state: ChecksumState): void {
    this.checkedTcpChecksums += 1;
    if (state === 'offloaded') this.offloadedChecksums += 1;
    if (state !== 'wrong') return;
    this.badTcpChecksums += 1;
    this.badChecksums += 1;
  }
}
