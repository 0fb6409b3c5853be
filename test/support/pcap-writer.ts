/** Byte order of a hand-made capture. */
export type Order = 'little-endian' | 'big-endian';

/** Numbers to bytes in either order. */
export function u16(value: number, order: Order): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, order === 'little-endian');
  return bytes;
}

export function u32(value: number, order: Order): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, order === 'little-endian');
  return bytes;
}

export function u64(value: bigint, order: Order): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), order === 'little-endian');
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export interface PcapFileOptions {
  readonly order?: Order;
  /** Default 0xA1B2C3D4. */
  readonly magic?: number;
  readonly version?: readonly [major: number, minor: number];
  readonly snaplen?: number;
  /** The whole last word: FCS bits and link type. Default 1. */
  readonly network?: number;
  /** What IXIA has behind the header. */
  readonly afterHeader?: Uint8Array;
}

export interface PcapRecord {
  readonly seconds: number;
  /** Micro- or nanoseconds, as the magic says. */
  readonly fraction: number;
  readonly data: Uint8Array;
  /** Default: length of the data. */
  readonly original?: number;
  /** Default: length of the data. A lie makes a malformed record. */
  readonly captured?: number;
  /** What the variants have behind the record header. */
  readonly extra?: Uint8Array;
}

export function pcapHeader(options: PcapFileOptions = {}): Uint8Array {
  const order = options.order ?? 'little-endian';
  const [major, minor] = options.version ?? [2, 4];
  return concat(
    u32(options.magic ?? 0xa1b2c3d4, order),
    u16(major, order),
    u16(minor, order),
    // Time zone and accuracy are to be ignored.
    u32(0xfffff1f0, order),
    u32(0x12345678, order),
    u32(options.snaplen ?? 262_144, order),
    u32(options.network ?? 1, order),
    options.afterHeader ?? new Uint8Array(0),
  );
}

export function pcapRecord(record: PcapRecord, order: Order = 'little-endian'): Uint8Array {
  return concat(
    u32(record.seconds, order),
    u32(record.fraction, order),
    u32(record.captured ?? record.data.length, order),
    u32(record.original ?? record.data.length, order),
    record.extra ?? new Uint8Array(0),
    record.data,
  );
}

export function pcapFile(records: readonly PcapRecord[], options: PcapFileOptions = {}): Uint8Array {
  return concat(pcapHeader(options), ...records.map((record) => pcapRecord(record, options.order)));
}
