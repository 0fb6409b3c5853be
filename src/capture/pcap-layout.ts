import { type CaptureFormat, type Precision, recordLimit, uint16, uint32 } from './events.ts';

/** What a pcap file header says about its records (draft-ietf-opsawg-pcap section 4; variants: Wireshark wiretap). */
export interface PcapHeader {
  readonly littleEndian: boolean;
  readonly headerLength: 24 | 28;
  readonly version: string;
  readonly linkType: number;
  readonly fcsLength: number;
  /** Captured lengths above it are malformed. */
  readonly recordLimit: number;
  readonly precision: Precision & ('us' | 'ns');
  /** Order of captured and original length in a record header: swapped before version 2.3, told by size in 2.3. */
  readonly lengths: 'captured-first' | 'original-first' | 'smaller-is-captured';
  /** Record layouts that share this file header, most likely one first. */
  readonly layouts: readonly [RecordLayout, ...RecordLayout[]];
}

export interface RecordLayout {
  readonly format: CaptureFormat;
  readonly recordHeaderLength: 16 | 20 | 24 | 28;
}

interface Magic {
  readonly precision: 'us' | 'ns';
  readonly headerLength: 24 | 28;
  readonly layouts: readonly [RecordLayout, ...RecordLayout[]];
}

const STANDARD: RecordLayout = { format: 'pcap', recordHeaderLength: 16 };

/**
 * By the magic as a number in the byte order of the file. The list "File Endian Information" of the draft has the
 * bytes wrong; these are libpcap's: D4 C3 B2 A1 is little-endian microseconds, 4D 3C B2 A1 little-endian nanoseconds.
 */
const MAGICS: ReadonlyMap<number, Magic> = new Map([
  [
    0xa1b2c3d4,
    {
      precision: 'us',
      headerLength: 24,
      layouts: [
        STANDARD,
        { format: 'pcap-ss990417', recordHeaderLength: 24 },
        { format: 'pcap-nokia', recordHeaderLength: 20 },
      ],
    },
  ],
  [0xa1b23c4d, { precision: 'ns', headerLength: 24, layouts: [{ format: 'pcap-ns', recordHeaderLength: 16 }] }],
  [
    0xa1b2cd34,
    {
      precision: 'us',
      headerLength: 24,
      layouts: [
        { format: 'pcap-modified', recordHeaderLength: 24 },
        { format: 'pcap-ss990915', recordHeaderLength: 28 },
      ],
    },
  ],
  // IXIA lcap, hardware and software capture: four bytes more, the length of all records, end the file header.
  [0x1c0001ac, { precision: 'ns', headerLength: 28, layouts: [{ format: 'pcap-ixia', recordHeaderLength: 16 }] }],
  [0x1c0001ab, { precision: 'us', headerLength: 28, layouts: [{ format: 'pcap-ixia', recordHeaderLength: 16 }] }],
] satisfies [number, Magic][]);

/** AIX writes RFC 1573 ifType values where others write LINKTYPE_ values. */
const AIX_LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [6, 1],
  [9, 6],
  [15, 10],
  [24, 0],
]);
const AIX: RecordLayout = { format: 'pcap-aix', recordHeaderLength: 16 };

/** Byte order of a pcap file by its first four bytes; `undefined` where they are no pcap magic. */
export function pcapByteOrder(bytes: Uint8Array, at: number): 'little-endian' | 'big-endian' | undefined {
  if (MAGICS.has(uint32(bytes, at, true))) return 'little-endian';
  if (MAGICS.has(uint32(bytes, at, false))) return 'big-endian';
  return undefined;
}

export function pcapHeaderLength(bytes: Uint8Array, at: number): 24 | 28 {
  const magic = MAGICS.get(uint32(bytes, at, true)) ?? MAGICS.get(uint32(bytes, at, false));
  return magic?.headerLength ?? 24;
}

/** The file header at `at`, of which `pcapHeaderLength` bytes must be there. `undefined`: no pcap of a known version. */
export function readPcapHeader(bytes: Uint8Array, at: number): PcapHeader | undefined {
  const order = pcapByteOrder(bytes, at);
  if (order === undefined) return undefined;
  const littleEndian = order === 'little-endian';
  const number = uint32(bytes, at, littleEndian);
  const magic = MAGICS.get(number)!;
  const major = uint16(bytes, at + 4, littleEndian);
  const minor = uint16(bytes, at + 6, littleEndian);
  // 543.0 is DG/UX's tcpdump. Bytes 8 to 15 (time zone, accuracy) are ignored, as everybody does.
  if (major !== 2 && major !== 543) return undefined;
  const network = uint32(bytes, at + 20, littleEndian);
  const common = {
    littleEndian,
    headerLength: magic.headerLength,
    version: `${major}.${minor}`,
    recordLimit: recordLimit(uint32(bytes, at + 16, littleEndian)),
  };
  const aixLinkType = number === 0xa1b2c3d4 && major === 2 && minor === 2 ? AIX_LINK_TYPES.get(network) : undefined;
  if (aixLinkType !== undefined) {
    // Its second word counts nanoseconds.
    const lengths = 'original-first';
    return { ...common, linkType: aixLinkType, fcsLength: 0, precision: 'ns', lengths, layouts: [AIX] };
  }
  const lengths =
    major === 543 || minor < 3 ? 'original-first' : minor === 3 ? 'smaller-is-captured' : 'captured-first';
  return {
    ...common,
    linkType: network & 0xffff,
    // "FCS len" counts 16-bit words and is there if the P bit is set.
    fcsLength: (network & 0x04000000) !== 0 ? (network >>> 28) * 2 : 0,
    precision: magic.precision,
    lengths,
    layouts: lengths === 'captured-first' ? magic.layouts : [magic.layouts[0]],
  };
}
