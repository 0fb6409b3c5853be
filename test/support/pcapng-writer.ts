import { concat, type Order, u16, u32, u64 } from './pcap-writer.ts';

/** An option of a pcapng block, padded to 32 bits. */
export interface PcapngOption {
  readonly code: number;
  readonly value: Uint8Array;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function padded(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
}

/** Writes the blocks of one section in one byte order. */
export class PcapngWriter {
  readonly order: Order;

  constructor(order: Order = 'little-endian') {
    this.order = order;
  }

  /** `lengths` may lie: the leading and the trailing one. */
  block(type: number, body: Uint8Array, lengths?: readonly [leading: number, trailing: number]): Uint8Array {
    const length = 12 + padded(body).length;
    const [leading, trailing] = lengths ?? [length, length];
    return concat(u32(type, this.order), u32(leading, this.order), padded(body), u32(trailing, this.order));
  }

  options(options: readonly PcapngOption[], end: 'opt_endofopt' | 'none' = 'opt_endofopt'): Uint8Array {
    const parts = options.map(({ code, value }) =>
      concat(u16(code, this.order), u16(value.length, this.order), padded(value)),
    );
    return concat(...parts, end === 'none' || parts.length === 0 ? new Uint8Array(0) : new Uint8Array(4));
  }

  sectionHeader(version: readonly [number, number] = [1, 0], sectionLength = -1n): Uint8Array {
    const { order } = this;
    const body = [u32(0x1a2b3c4d, order), u16(version[0], order), u16(version[1], order), u64(sectionLength, order)];
    return this.block(0x0a0d0d0a, concat(...body));
  }

  interfaceDescription(linkType = 1, snaplen = 262_144, options: readonly PcapngOption[] = []): Uint8Array {
    const { order } = this;
    const fields = concat(u16(linkType, order), u16(0, order), u32(snaplen, order));
    return this.block(1, concat(fields, this.options(options)));
  }

  enhancedPacket(
    interfaceId: number,
    timestamp: bigint,
    data: Uint8Array,
    more: { readonly original?: number; readonly options?: readonly PcapngOption[]; readonly captured?: number } = {},
  ): Uint8Array {
    const { order } = this;
    const fields = concat(
      u32(interfaceId, order),
      u32(Number(timestamp >> 32n), order),
      u32(Number(timestamp & 0xffffffffn), order),
      u32(more.captured ?? data.length, order),
      u32(more.original ?? data.length, order),
    );
    return this.block(6, concat(fields, padded(data), this.options(more.options ?? [])));
  }

  simplePacket(data: Uint8Array, original: number = data.length): Uint8Array {
    return this.block(3, concat(u32(original, this.order), data));
  }

  obsoletePacket(interfaceId: number, drops: number, timestamp: bigint, data: Uint8Array): Uint8Array {
    const { order } = this;
    const fields = concat(
      u16(interfaceId, order),
      u16(drops, order),
      u32(Number(timestamp >> 32n), order),
      u32(Number(timestamp & 0xffffffffn), order),
      u32(data.length, order),
      u32(data.length, order),
    );
    return this.block(2, concat(fields, data));
  }

  interfaceStatistics(interfaceId: number, options: readonly PcapngOption[]): Uint8Array {
    return this.block(
      5,
      concat(u32(interfaceId, this.order), u32(0, this.order), u32(0, this.order), this.options(options)),
    );
  }

  nameResolution(
    records: readonly {
      readonly type: number;
      readonly address: readonly number[];
      readonly names: readonly string[];
    }[],
    end: 'nrb_record_end' | 'none' = 'nrb_record_end',
  ): Uint8Array {
    const parts = records.map(({ type, address, names }) => {
      const value = concat(Uint8Array.from(address), text(names.map((name) => `${name}\0`).join('')));
      return concat(u16(type, this.order), u16(value.length, this.order), padded(value));
    });
    return this.block(4, concat(...parts, end === 'none' ? new Uint8Array(0) : new Uint8Array(4)));
  }

  decryptionSecrets(keyLog: string, type = 0x544c534b): Uint8Array {
    const secrets = text(keyLog);
    return this.block(10, concat(u32(type, this.order), u32(secrets.length, this.order), secrets));
  }

  counter(code: number, value: bigint): PcapngOption {
    return { code, value: u64(value, this.order) };
  }
}
