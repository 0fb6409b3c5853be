/**
 * How a captured checksum stands to the right one. `offloaded`: the sender left it to the network card, so the capture
 * holds zero or the sum of the pseudo-header only, as on `lo`, on veth pairs and on any sending host with offload.
 */
export type ChecksumState = 'right' | 'wrong' | 'offloaded';

/**
 * Ones' complement sum of 16-bit words, not folded (RFC 1071). An odd last octet counts as the high one of a word.
 * Sums of up to 64 KiB stay below 2^32, as {@link foldSum} needs them.
 */
export function sumWords(bytes: Uint8Array, start: number, end: number, initial: number): number {
  // High and low octets apart and eight at a time: half the time of a loop over words.
  let high = 0;
  let low = 0;
  let at = start;
  for (; at + 7 < end; at += 8) {
    high += bytes[at]! + bytes[at + 2]! + bytes[at + 4]! + bytes[at + 6]!;
    low += bytes[at + 1]! + bytes[at + 3]! + bytes[at + 5]! + bytes[at + 7]!;
  }
  for (; at + 1 < end; at += 2) {
    high += bytes[at]!;
    low += bytes[at + 1]!;
  }
  if (at < end) high += bytes[at]!;
  return initial + high * 256 + low;
}

/** Adds the carries of a sum below 2^32 back in: 16 bits. */
export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded >>> 16) + (folded & 0xffff);
  return folded;
}

/** IPv4 header checksum (RFC 791 section 3.1): the sum over a header that is right is 0xffff. */
export function checkIpv4Header(bytes: Uint8Array, start: number, end: number): ChecksumState {
  if (foldSum(sumWords(bytes, start, end, 0)) === 0xffff) return 'right';
  return bytes[start + 10] === 0 && bytes[start + 11] === 0 ? 'offloaded' : 'wrong';
}

/**
 * TCP checksum (RFC 9293 section 3.1) of a segment that was captured whole.
 *
 * @param addressSum unfolded sum of the words of both addresses
 */
export function checkTcp(bytes: Uint8Array, start: number, end: number, addressSum: number): ChecksumState {
  const length = end - start;
  const pseudoHeader = addressSum + 6 + (length >>> 16) + (length & 0xffff);
  if (foldSum(sumWords(bytes, start, end, pseudoHeader)) === 0xffff) return 'right';
  const captured = (bytes[start + 16]! << 8) | bytes[start + 17]!;
  // Linux leaves the folded pseudo-header sum, some cards want it without the length.
  const partial = captured === 0 || captured === foldSum(pseudoHeader) || captured === foldSum(addressSum + 6);
  return partial ? 'offloaded' : 'wrong';
}

/** Unfolded sum of the two 16-bit halves of an address word. */
export function sumAddressWord(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
