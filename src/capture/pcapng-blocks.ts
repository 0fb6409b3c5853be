import { type InterfaceDescription, uint16, uint32 } from './events.ts';
import { DEFAULT_RESOLUTION, TimestampUnit } from './timestamp-unit.ts';

/** Block types of draft-ietf-opsawg-pcapng. */
export const BlockType = {
  SECTION_HEADER: 0x0a0d0d0a,
  INTERFACE_DESCRIPTION: 1,
  /** Obsolete, still written by old tools. */
  PACKET: 2,
  SIMPLE_PACKET: 3,
  NAME_RESOLUTION: 4,
  INTERFACE_STATISTICS: 5,
  ENHANCED_PACKET: 6,
  /** systemd's journal: no packet, but Wireshark gives it a frame number. */
  JOURNAL_EXPORT: 9,
  DECRYPTION_SECRETS: 10,
} as const;

/** Of a Section Header Block: tells the byte order of its section (section 4.1). */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const READ_TYPES: ReadonlySet<number> = new Set(Object.values(BlockType));

/** Types that this project reads; all others are passed over by their length. */
export function isReadBlockType(type: number): boolean {
  return READ_TYPES.has(type);
}

/** 0x0A0D0Axx, 0xxx0A0D0A and the like: what an ASCII-mode transfer makes of a Section Header Block (section 11.1). */
export function isAsciiTransferType(type: number): boolean {
  if (type === BlockType.SECTION_HEADER) return false;
  return (
    type >>> 8 === 0x0a0d0a ||
    type >>> 8 === 0x0a0d0d ||
    (type & 0xffffff) === 0x0a0d0a ||
    (type & 0xffffff) === 0x0d0d0a
  );
}

/** Shortest possible total lengths: fixed fields and both lengths. */
export function minimumLength(type: number): number {
  switch (type) {
    case BlockType.SECTION_HEADER:
      return 28;
    case BlockType.INTERFACE_DESCRIPTION:
    case BlockType.DECRYPTION_SECRETS:
      return 20;
    case BlockType.PACKET:
    case BlockType.ENHANCED_PACKET:
      return 32;
    case BlockType.INTERFACE_STATISTICS:
      return 24;
    case BlockType.SIMPLE_PACKET:
      return 16;
    default:
      return 12;
  }
}

/** One option; `start` and `end` bound its value in the buffer. */
export interface BlockOption {
  readonly code: number;
  readonly start: number;
  readonly end: number;
}

/** Options from `start`; opt_endofopt may be missing. An option that runs over the end is left out, with all after it. */
export function readOptions(bytes: Uint8Array, start: number, end: number, littleEndian: boolean): BlockOption[] {
  const options: BlockOption[] = [];
  let at = start;
  while (end - at >= 4) {
    const code = uint16(bytes, at, littleEndian);
    const length = uint16(bytes, at + 2, littleEndian);
    if (code === 0 || length > end - at - 4) break;
    options.push({ code, start: at + 4, end: at + 4 + length });
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

/** Text of an option or record: UTF-8, without the NUL that some tools count in. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString('utf8')
    .replace(/\0+$/, '');
}

/** Value of a 64-bit counter; above 2^53 it is rounded. */
export function readCounter(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const first = uint32(bytes, at, littleEndian);
  const second = uint32(bytes, at + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}

/** One interface of a section, with what is needed to read its packets. */
export class CaptureInterface {
  readonly description: InterfaceDescription;
  readonly unit: TimestampUnit;
  /** Octets; epb_flags may say otherwise for a packet. */
  readonly fcsLength: number;
  /** Sum of epb_dropcount and of the drops of obsolete Packet Blocks. */
  dropsBeforePackets = 0;
  /** Of the last Interface Statistics Block: its counters are totals. */
  dropsInStatistics = 0;

  constructor(description: InterfaceDescription, unit: TimestampUnit, fcsLength: number) {
    this.description = description;
    this.unit = unit;
    this.fcsLength = fcsLength;
  }

  /** Both countings speak of the same packets: the larger one is right. */
  get drops(): number {
    return Math.max(this.dropsBeforePackets, this.dropsInStatistics);
  }
}

const IfOption = { NAME: 2, TSRESOL: 9, FILTER: 11, FCSLEN: 13, TSOFFSET: 14 } as const;

/** Interface Description Block (section 4.2); `start` and `end` bound its body. */
export function readInterface(
  bytes: Uint8Array,
  start: number,
  end: number,
  littleEndian: boolean,
  id: number,
): CaptureInterface {
  let name: string | undefined;
  let filter: string | undefined;
  let resolution = DEFAULT_RESOLUTION;
  let offsetSeconds = 0;
  let fcsLength = 0;
  for (const option of readOptions(bytes, start + 8, end, littleEndian)) {
    const length = option.end - option.start;
    if (option.code === IfOption.NAME) name = readText(bytes, option.start, option.end);
    // The first octet tells the kind of filter: 0 is text, all others are code.
    if (option.code === IfOption.FILTER && length > 1 && bytes[option.start] === 0) {
      filter = readText(bytes, option.start + 1, option.end);
    }
    if (option.code === IfOption.TSRESOL && length >= 1) resolution = bytes[option.start]!;
    if (option.code === IfOption.FCSLEN && length >= 1) fcsLength = octetsOfFcs(bytes[option.start]!);
    if (option.code === IfOption.TSOFFSET && length >= 8) {
      offsetSeconds = readSigned64(bytes, option.start, littleEndian);
    }
  }
  const description: InterfaceDescription = {
    id,
    linkType: uint16(bytes, start, littleEndian),
    snaplen: uint32(bytes, start + 4, littleEndian),
    ...(name === undefined ? {} : { name }),
    ...(filter === undefined ? {} : { filter }),
  };
  return new CaptureInterface(description, new TimestampUnit(resolution, offsetSeconds), fcsLength);
}

/** The draft counts if_fcslen in bits but gives 4 as its example, and Wireshark takes octets: both are met. */
function octetsOfFcs(value: number): number {
  return value >= 8 ? value >>> 3 : value;
}

function readSigned64(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const high = uint32(bytes, littleEndian ? at + 4 : at, littleEndian) | 0;
  return high * 0x1_0000_0000 + uint32(bytes, littleEndian ? at : at + 4, littleEndian);
}

const IsbOption = { IFDROP: 5, OSDROP: 7 } as const;

/** Packets dropped by interface and system so far, by the options of an Interface Statistics Block (section 4.6). */
export function readDrops(bytes: Uint8Array, start: number, end: number, littleEndian: boolean): number {
  let drops = 0;
  for (const option of readOptions(bytes, start, end, littleEndian)) {
    if (option.code !== IsbOption.IFDROP && option.code !== IsbOption.OSDROP) continue;
    if (option.end - option.start >= 8) drops += readCounter(bytes, option.start, littleEndian);
  }
  return drops;
}

/** "TLSK": a key log in NSS format (section 4.7). */
export const TLS_KEY_LOG = 0x544c534b;

/** Text of a Decryption Secrets Block; `undefined` where it holds another kind, or says more than it has. */
export function readKeyLog(bytes: Uint8Array, start: number, end: number, littleEndian: boolean): string | undefined {
  const length = uint32(bytes, start + 4, littleEndian);
  if (uint32(bytes, start, littleEndian) !== TLS_KEY_LOG || length > end - start - 8) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start + 8, length).toString('latin1');
}
