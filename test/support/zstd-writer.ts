import { concat, u32 } from './pcap-writer.ts';

/**
 * A zstd frame of raw blocks (RFC 8878 sections 3.1.1 and 3.1.1.2): not compressed, but every reader must take it.
 *
 * @param windowDescriptor exponent and mantissa byte; default a window of 1 MiB
 */
export function zstdFrame(content: Uint8Array, blockLength = 100_000, windowDescriptor = 0x50): Uint8Array {
  const parts: Uint8Array[] = [u32(0xfd2fb528, 'little-endian'), Uint8Array.of(0x00, windowDescriptor)];
  for (let at = 0; at === 0 || at < content.length; at += blockLength) {
    const block = content.subarray(at, at + blockLength);
    const last = at + blockLength >= content.length ? 1 : 0;
    parts.push(u32((block.length << 3) | last, 'little-endian').subarray(0, 3), block);
  }
  return concat(...parts);
}

/** A skippable frame (section 3.1.2). */
export function zstdSkippableFrame(content: Uint8Array): Uint8Array {
  return concat(u32(0x184d2a57, 'little-endian'), u32(content.length, 'little-endian'), content);
}
