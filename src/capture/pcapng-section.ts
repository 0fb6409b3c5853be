import { type CaptureEvents, type Precision, uint16, uint32 } from './events.ts';
import { readNameRecords } from './name-resolution.ts';
import { Packet } from './packet.ts';
import { BlockType, type CaptureInterface, readDrops, readInterface, readKeyLog } from './pcapng-blocks.ts';

/** Interfaces of one section; a link has one, a host some hundreds. Protects memory. */
export const MAX_INTERFACES = 65_536;

const PRECISIONS: readonly Precision[] = ['s', 'ms', 'us', 'ns'];

/**
 * What the blocks of a file mean: the section that is open, its interfaces, and the packets, names, statistics and
 * secrets that it tells its events. The one {@link Packet} is reused.
 */
export class PcapngSections {
  readonly #events: CaptureEvents;
  readonly #packet = new Packet();
  #littleEndian = true;
  #interfaces: CaptureInterface[] = [];
  #nextInterfaceId: number;
  #frame: number;
  #precision = -1;
  #dropsOfEarlierSections = 0;
  #unknownInterfaces = new Map<number, number>();
  #timesOutOfRange = 0;
  /** `unknown-version`: its blocks are passed over. */
  state: 'none' | 'readable' | 'unknown-version' = 'none';

  header: 'not-read' | 'read' | 'refused' = 'not-read';

  constructor(events: CaptureEvents) {
    this.#events = events;
    this.#frame = events.firstFrame ?? 1;
    this.#nextInterfaceId = events.firstInterfaceId ?? 0;
  }

  get precision(): Precision {
    return PRECISIONS[this.#precision] ?? 'us';
  }

  get captureDrops(): number {
    return this.#interfaces.reduce((sum, { drops }) => sum + drops, this.#dropsOfEarlierSections);
  }

  get nextFrame(): number {
    return this.#frame;
  }

  get nextInterfaceId(): number {
    return this.#nextInterfaceId;
  }

  /** The buffer that the next blocks stand in. */
  use(bytes: Uint8Array): void {
    this.#packet.bytes = bytes;
  }

  finish(offset: number): void {
    this.#close(offset);
    if (this.#timesOutOfRange === 0) return;
    const message = `${this.#timesOutOfRange} packets have time stamps outside of the years 1970 to 9999: no time is used`;
    this.#events.onProblem(offset, 'malformed-block', message);
  }

  /** `at` is where the block starts, `end` where its trailing length stands. */
  readBlock(type: number, bytes: Uint8Array, at: number, end: number, offset: number, littleEndian: boolean): void {
    this.#littleEndian = littleEndian;
    switch (type) {
      case BlockType.ENHANCED_PACKET:
        this.#readEnhancedPacket(bytes, at, end, offset);
        return;
      case BlockType.PACKET:
        this.#readObsoletePacket(bytes, at, end, offset);
        return;
      case BlockType.SIMPLE_PACKET:
        this.#readSimplePacket(bytes, at, end, offset);
        return;
      case BlockType.SECTION_HEADER:
        this.#readSectionHeader(bytes, at, offset);
        return;
      case BlockType.INTERFACE_DESCRIPTION:
        this.#readInterfaceDescription(bytes, at, end, offset);
        return;
      case BlockType.INTERFACE_STATISTICS: {
        const captureInterface = this.#interfaces[uint32(bytes, at + 8, this.#littleEndian)];
        if (captureInterface === undefined) return;
        captureInterface.dropsInStatistics = readDrops(bytes, at + 20, end, this.#littleEndian);
        return;
      }
      case BlockType.JOURNAL_EXPORT:
        this.#frame++;
        return;
      case BlockType.NAME_RESOLUTION:
        if (this.#events.onName === undefined) return;
        readNameRecords(bytes, at + 8, end, this.#littleEndian, this.#events.onName);
        return;
      case BlockType.DECRYPTION_SECRETS: {
        const keyLog = readKeyLog(bytes, at + 8, end, this.#littleEndian);
        if (keyLog !== undefined) this.#events.onSecrets?.(keyLog);
        return;
      }
    }
  }

  #readSectionHeader(bytes: Uint8Array, at: number, offset: number): void {
    this.#close(offset);
    const major = uint16(bytes, at + 12, this.#littleEndian);
    // Minor version 2 is 0 (section 4.1); no minor version changes what is read here. The section length is not
    // needed: blocks follow each other.
    this.state = major === 1 ? 'readable' : 'unknown-version';
    if (major === 1) this.header = 'read';
    if (major === 1) return;
    if (this.header === 'not-read') this.header = 'refused';
    const message = `a section has the unknown major version ${major} and is passed over`;
    this.#events.onProblem(offset, 'malformed-block', message);
  }

  /** Interface ids start again in each section. */
  #close(offset: number): void {
    this.#dropsOfEarlierSections = this.captureDrops;
    this.#interfaces = [];
    for (const [id, packets] of this.#unknownInterfaces) {
      const message = `${packets} packets name interface ${id}, which the section does not describe, and are left out`;
      this.#events.onProblem(offset, 'unknown-interface', message);
    }
    this.#unknownInterfaces.clear();
  }

  #readInterfaceDescription(bytes: Uint8Array, at: number, end: number, offset: number): void {
    if (this.#interfaces.length >= MAX_INTERFACES) {
      const message = `a section describes more than ${MAX_INTERFACES} interfaces`;
      this.#events.onProblem(offset, 'limit-reached', message);
      return;
    }
    const captureInterface = readInterface(bytes, at + 8, end, this.#littleEndian, this.#nextInterfaceId++);
    this.#interfaces.push(captureInterface);
    this.#precision = Math.max(this.#precision, PRECISIONS.indexOf(captureInterface.unit.precision));
    this.#events.onInterface?.(captureInterface.description);
  }

  #readEnhancedPacket(bytes: Uint8Array, at: number, end: number, offset: number): void {
    const le = this.#littleEndian;
    const captureInterface = this.#interfaceOf(uint32(bytes, at + 8, le));
    const captured = uint32(bytes, at + 20, le);
    if (!this.#fits(captured, end - at - 28, offset) || captureInterface === undefined) return;
    const options = at + 28 + ((captured + 3) & ~3);
    this.#packet.fcsLength = captureInterface.fcsLength;
    if (end - options >= 4) this.#readPacketOptions(bytes, options, end, captureInterface);
    this.#applyTime(captureInterface, uint32(bytes, at + 12, le), uint32(bytes, at + 16, le));
    this.#deliver(captureInterface, at + 28, captured, uint32(bytes, at + 24, le), offset);
  }

  /** epb_flags (bits 5 to 8: FCS octets, 0 where unknown) and epb_dropcount. */
  #readPacketOptions(bytes: Uint8Array, start: number, end: number, captureInterface: CaptureInterface): void {
    const le = this.#littleEndian;
    let at = start;
    while (end - at >= 4) {
      const code = uint16(bytes, at, le);
      const length = uint16(bytes, at + 2, le);
      if (code === 0 || length > end - at - 4) return;
      if (code === 2 && length === 4) {
        const fcsLength = (uint32(bytes, at + 4, le) >>> 5) & 0x0f;
        if (fcsLength !== 0) this.#packet.fcsLength = fcsLength;
      }
      if (code === 4 && length === 8) {
        const first = uint32(bytes, at + 4, le);
        const second = uint32(bytes, at + 8, le);
        captureInterface.dropsBeforePackets += le ? second * 2 ** 32 + first : first * 2 ** 32 + second;
      }
      at += 4 + ((length + 3) & ~3);
    }
  }

  #readObsoletePacket(bytes: Uint8Array, at: number, end: number, offset: number): void {
    const le = this.#littleEndian;
    const captureInterface = this.#interfaceOf(uint16(bytes, at + 8, le));
    const captured = uint32(bytes, at + 20, le);
    if (!this.#fits(captured, end - at - 28, offset) || captureInterface === undefined) return;
    const drops = uint16(bytes, at + 10, le);
    // 0xFFFF: not known.
    if (drops !== 0xffff) captureInterface.dropsBeforePackets += drops;
    const options = at + 28 + ((captured + 3) & ~3);
    this.#packet.fcsLength = captureInterface.fcsLength;
    if (end - options >= 4) this.#readPacketOptions(bytes, options, end, captureInterface);
    this.#applyTime(captureInterface, uint32(bytes, at + 12, le), uint32(bytes, at + 16, le));
    this.#deliver(captureInterface, at + 28, captured, uint32(bytes, at + 24, le), offset);
  }

  /** No time, no interface: it belongs to the first one, whose snaplen says how much of it is there. */
  #readSimplePacket(bytes: Uint8Array, at: number, end: number, offset: number): void {
    const captureInterface = this.#interfaceOf(0);
    const original = uint32(bytes, at + 8, this.#littleEndian);
    if (captureInterface === undefined) return;
    const { snaplen } = captureInterface.description;
    const captured = snaplen === 0 ? original : Math.min(original, snaplen);
    if (!this.#fits(captured, end - at - 12, offset)) return;
    this.#packet.fcsLength = captureInterface.fcsLength;
    this.#packet.seconds = -1;
    this.#packet.nanoseconds = 0;
    this.#deliver(captureInterface, at + 12, captured, original, offset);
  }

  #interfaceOf(id: number): CaptureInterface | undefined {
    const captureInterface = this.#interfaces[id];
    if (captureInterface !== undefined) return captureInterface;
    // Packets of one id are one problem. Ids of garbage would fill the map: they share the last place.
    const key = this.#unknownInterfaces.size < MAX_INTERFACES ? id : 0xffff_ffff;
    this.#unknownInterfaces.set(key, (this.#unknownInterfaces.get(key) ?? 0) + 1);
    return undefined;
  }

  #fits(captured: number, room: number, offset: number): boolean {
    if (captured <= room) return true;
    const message = `a packet of ${captured} captured bytes stands in a block with room for ${room}; it is left out`;
    this.#events.onProblem(offset, 'malformed-block', message);
    return false;
  }

  #applyTime(captureInterface: CaptureInterface, high: number, low: number): void {
    if (captureInterface.unit.apply(this.#packet, high, low) === 'out-of-range') this.#timesOutOfRange++;
  }

  #deliver(
    captureInterface: CaptureInterface,
    start: number,
    captured: number,
    original: number,
    offset: number,
  ): void {
    const packet = this.#packet;
    packet.start = start;
    packet.end = start + captured;
    packet.originalLength = original;
    packet.linkType = captureInterface.description.linkType;
    packet.interfaceId = captureInterface.description.id;
    packet.fileOffset = offset;
    packet.frame = this.#frame++;
    this.#events.onPacket(packet);
  }
}
