import type { Problem } from '../model/report.ts';
import { checkIpv4Header, checkTcp, foldSum, sumAddressWord } from './checksum.ts';
import { CookedInterfaces } from './cooked-interfaces.ts';
import { Cursor, type Next, type Outcome } from './cursor.ts';
import { DecodeStatistics } from './decode-statistics.ts';
import { Encapsulations } from './encapsulation.ts';
import { FragmentTable } from './fragments.ts';
import { enterExtension, enterIpv4, enterIpv6, IpHeader, IpProtocol } from './ip.ts';
import { enterEthernet, enterEtherType, enterLink, LinkType, linkTypeName } from './link-layer.ts';
import type { Packet } from './packet.ts';
import { Segment, type SegmentSink } from './segment.ts';
import { enterGre, enterIpInIp, enterUdp } from './tunnels.ts';

export interface DecoderOptions {
  /** Shared where several decoders serve one run; own where absent. */
  readonly encapsulations?: Encapsulations;
  readonly onProblem?: (problem: Problem) => void;
}

/** Headers of one packet that are passed in all: VLAN tags, tunnels and extension headers together. */
export const MAX_LAYERS = 64;
/** TCP checksums are verified up to this payload and for this many segments of a run: every byte would cost too much. */
export const MAX_CHECKED_PAYLOAD = 2048;
export const MAX_CHECKED_SEGMENTS = 10_000;
/** Link types that are reported one by one; a hostile file could name 65,536. */
const MAX_REPORTED_LINK_TYPES = 16;

const ETHERNET_HEADER = 14;
const TCP_HEADER = 20;
/** Ports, sequence, acknowledgement, header length and flags: a capture cut behind them still gives a segment. */
const TCP_NEEDED = 14;

/**
 * Finds the TCP segment in each packet: unwraps the link layer, VLANs, tunnels and IP, joins IP fragments.
 *
 * Every packet is counted once in `statistics`; none makes it throw. Checksums never drop a packet. Every IPv4 header
 * checksum is verified; TCP checksums are verified for the first {@link MAX_CHECKED_SEGMENTS} segments that were
 * captured whole and have at most {@link MAX_CHECKED_PAYLOAD} octets of payload, so `badTcpChecksums` is a lower bound.
 */
export class Decoder {
  readonly statistics: DecodeStatistics = new DecodeStatistics();
  readonly encapsulations: Encapsulations;
  readonly #sink: SegmentSink;
  readonly #onProblem: (problem: Problem) => void;
  readonly #segment = new Segment();
  readonly #cursor = new Cursor();
  readonly #ip = new IpHeader();
  readonly #fragments: FragmentTable;
  readonly #reportedLinkTypes = new Set<number>();
  readonly #cookedInterfaces = new CookedInterfaces();

  constructor(sink: SegmentSink, options: DecoderOptions = {}) {
    this.#sink = sink;
    this.encapsulations = options.encapsulations ?? new Encapsulations();
    this.#onProblem = options.onProblem ?? (() => {});
    this.#fragments = new FragmentTable({
      dropped: (reason, packets) => this.statistics.dropHeld(reason, packets),
      limitReached: (name) => this.statistics.countLimit(name),
    });
  }

  decode(packet: Packet): void {
    this.statistics.packets += 1;
    if (packet.linkType === LinkType.ETHERNET && packet.fcsLength === 0 && this.#decodePlain(packet)) {
      this.statistics.segments += 1;
      return;
    }
    const outcome = this.#decodeLayers(packet);
    if (outcome === 'unsupported-link-type') this.#reportLinkType(packet);
    this.statistics.count(outcome);
  }

  /** No more packets come: fragments that still wait are counted as undecoded. */
  finish(): void {
    this.#fragments.finish();
    const overflows = this.encapsulations.overflows;
    if (overflows > 0) this.statistics.countLimit('encapsulation-paths', overflows);
  }

  /**
   * Ethernet, IPv4 without options, TCP: nearly all packets of nearly all captures. Reads in place by index, without
   * a call for each field. False: not one of these, or something is odd about it.
   */
  #decodePlain(packet: Packet): boolean {
    const b = packet.bytes;
    const ip = packet.start + ETHERNET_HEADER;
    const tcp = ip + 20;
    if (packet.end - tcp < TCP_HEADER) return false;
    if (b[ip - 2] !== 0x08 || b[ip - 1] !== 0x00 || b[ip] !== 0x45 || b[ip + 9] !== IpProtocol.TCP) return false;
    if (((b[ip + 6]! & 0x3f) | b[ip + 7]!) !== 0) return false;
    const totalLength = (b[ip + 2]! << 8) | b[ip + 3]!;
    const headerLength = (b[tcp + 12]! >>> 4) << 2;
    const length = totalLength - 20 - headerLength;
    if (headerLength < TCP_HEADER || length < 0 || totalLength > packet.originalLength - ETHERNET_HEADER) return false;

    const segment = this.#segment;
    if (segment.ipVersion !== 4) {
      segment.ipVersion = 4;
      segment.source1 = segment.source2 = segment.source3 = 0;
      segment.destination1 = segment.destination2 = segment.destination3 = 0;
    }
    const source = (b[ip + 12]! << 24) | (b[ip + 13]! << 16) | (b[ip + 14]! << 8) | b[ip + 15]!;
    const destination = (b[ip + 16]! << 24) | (b[ip + 17]! << 16) | (b[ip + 18]! << 8) | b[ip + 19]!;
    segment.source0 = source;
    segment.destination0 = destination;
    segment.ipIdentification = (b[ip + 4]! << 8) | b[ip + 5]!;
    segment.encapsulation = 0;
    segment.interfaceId = packet.interfaceId;
    const layerEnd = ip + totalLength;
    const end = Math.min(packet.end, layerEnd);
    const start = tcp + headerLength;
    segment.start = Math.min(start, end);
    segment.end = end;
    segment.length = length;

    const addressSum = sumAddressWord(source) + sumAddressWord(destination);
    const headerSum =
      0x4506 +
      (b[ip + 1]! + (b[ip + 8]! << 8)) +
      totalLength +
      segment.ipIdentification +
      ((b[ip + 6]! << 8) | b[ip + 7]!) +
      ((b[ip + 10]! << 8) | b[ip + 11]!) +
      addressSum;
    if (foldSum(headerSum) !== 0xffff) this.statistics.countIpv4Checksum(checkIpv4Header(b, ip, tcp));
    if (
      this.statistics.checkedTcpChecksums < MAX_CHECKED_SEGMENTS &&
      length <= MAX_CHECKED_PAYLOAD &&
      end === layerEnd
    ) {
      this.statistics.countTcpChecksum(checkTcp(b, tcp, end, addressSum));
    }
    this.#emit(packet, b, tcp, (b[tcp + 16]! << 8) | b[tcp + 17]!);
    return true;
  }

  #decodeLayers(packet: Packet): Outcome {
    const cursor = this.#cursor;
    cursor.bytes = packet.bytes;
    cursor.position = packet.start;
    const captured = packet.end - packet.start;
    cursor.wireEnd = packet.start + Math.max(packet.originalLength, captured) - packet.fcsLength;
    cursor.end = Math.min(packet.end, cursor.wireEnd);
    cursor.encapsulation = 0;
    cursor.interfaceId = this.#cookedInterfaces.idOf(packet);
    cursor.vlanTags = 0;
    cursor.tunnels = 0;
    let next = enterLink(cursor, packet.linkType);
    for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
      switch (next) {
        case 'ethernet':
          next = enterEthernet(cursor);
          break;
        case 'ether-type':
          next = enterEtherType(cursor, this.encapsulations);
          break;
        case 'ipv4':
          next = this.#enterIpv4();
          break;
        case 'ipv6':
          next = enterIpv6(cursor, this.#ip);
          break;
        case 'fragment':
          next = this.#join(packet);
          break;
        case 'transport':
          next = this.#enterTransport(packet);
          break;
        default:
          return next;
      }
    }
    return 'nested-too-deep';
  }

  #enterIpv4(): Next {
    const next = enterIpv4(this.#cursor, this.#ip);
    if (next === 'transport' || next === 'fragment') this.statistics.countIpv4Checksum(this.#ip.checksum);
    return next;
  }

  #join(packet: Packet): Next {
    const protocol = this.#cursor.protocol;
    if (!leadsToSegments(protocol)) return 'other';
    const joined = this.#fragments.add(this.#cursor, this.#ip, packet.seconds);
    if (joined !== 'complete') return joined;
    this.statistics.reassembledDatagrams += 1;
    return 'transport';
  }

  #enterTransport(packet: Packet): Next {
    const cursor = this.#cursor;
    const version = this.#ip.version;
    switch (cursor.protocol) {
      case IpProtocol.TCP:
        return this.#enterTcp(packet);
      case IpProtocol.UDP:
        return enterUdp(cursor, this.encapsulations);
      case IpProtocol.IPV4:
        return enterIpInIp(cursor, this.encapsulations, version, 4);
      case IpProtocol.IPV6:
        return enterIpInIp(cursor, this.encapsulations, version, 6);
      case IpProtocol.GRE:
        return enterGre(cursor, this.encapsulations);
      default:
        return enterExtension(cursor, this.#ip);
    }
  }

  #enterTcp(packet: Packet): Next {
    const cursor = this.#cursor;
    const lacking = cursor.lacks(TCP_NEEDED, 'malformed-transport-header');
    if (lacking !== undefined) return lacking;
    const headerLength = (cursor.uint8(12) >>> 4) << 2;
    const length = cursor.wireEnd - cursor.position - headerLength;
    if (headerLength < TCP_HEADER || length < 0) return 'malformed-transport-header';
    const ip = this.#ip;
    const segment = this.#segment;
    segment.ipVersion = ip.version;
    segment.source0 = ip.source0;
    segment.source1 = ip.source1;
    segment.source2 = ip.source2;
    segment.source3 = ip.source3;
    segment.destination0 = ip.destination0;
    segment.destination1 = ip.destination1;
    segment.destination2 = ip.destination2;
    segment.destination3 = ip.destination3;
    segment.ipIdentification = ip.version === 4 ? ip.identification : 0;
    segment.encapsulation = cursor.encapsulation;
    segment.interfaceId = cursor.interfaceId;
    segment.start = Math.min(cursor.position + headerLength, cursor.end);
    segment.end = cursor.end;
    segment.length = length;
    if (
      this.statistics.checkedTcpChecksums < MAX_CHECKED_SEGMENTS &&
      length <= MAX_CHECKED_PAYLOAD &&
      cursor.end === cursor.wireEnd
    ) {
      this.statistics.countTcpChecksum(checkTcp(cursor.bytes, cursor.position, cursor.end, ip.addressSum));
    }
    const checksum = cursor.lacks(18, 'malformed-transport-header') === undefined ? cursor.uint16(16) : 0;
    this.#emit(packet, cursor.bytes, cursor.position, checksum);
    return 'segment';
  }

  /** Fills what both paths have in common and hands the segment on. */
  #emit(packet: Packet, b: Uint8Array, tcp: number, checksum: number): void {
    const segment = this.#segment;
    segment.sourcePort = (b[tcp]! << 8) | b[tcp + 1]!;
    segment.destinationPort = (b[tcp + 2]! << 8) | b[tcp + 3]!;
    segment.sequence = ((b[tcp + 4]! << 24) | (b[tcp + 5]! << 16) | (b[tcp + 6]! << 8) | b[tcp + 7]!) >>> 0;
    segment.acknowledgement = ((b[tcp + 8]! << 24) | (b[tcp + 9]! << 16) | (b[tcp + 10]! << 8) | b[tcp + 11]!) >>> 0;
    segment.flags = b[tcp + 13]!;
    segment.checksum = checksum;
    segment.bytes = b;
    segment.frame = packet.frame;
    segment.seconds = packet.seconds;
    segment.nanoseconds = packet.nanoseconds;
    this.#sink(segment);
  }

  #reportLinkType(packet: Packet): void {
    const reported = this.#reportedLinkTypes;
    if (reported.has(packet.linkType) || reported.size >= MAX_REPORTED_LINK_TYPES) return;
    reported.add(packet.linkType);
    this.#onProblem({
      offset: packet.fileOffset,
      reason: 'unsupported-link-type',
      message: `link type ${packet.linkType} (${linkTypeName(packet.linkType)}) is not supported, its packets are not decoded`,
    });
  }
}

function leadsToSegments(protocol: number): boolean {
  return (
    protocol === IpProtocol.TCP ||
    protocol === IpProtocol.UDP ||
    protocol === IpProtocol.IPV4 ||
    protocol === IpProtocol.IPV6 ||
    protocol === IpProtocol.GRE ||
    protocol === IpProtocol.AUTHENTICATION ||
    protocol === IpProtocol.DESTINATION_OPTIONS
  );
}
