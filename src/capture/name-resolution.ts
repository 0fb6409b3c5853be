import { formatIpv4, formatIpv6 } from './connection.ts';
import { uint16, uint32 } from './events.ts';

const NRB_END = 0;
const NRB_IPV4 = 1;
const NRB_IPV6 = 2;

/**
 * Records of a Name Resolution Block (draft-ietf-opsawg-pcapng section 4.5): each an address and NUL-terminated names.
 * Other record types are passed over, nrb_record_end may be missing.
 */
export function readNameRecords(
  bytes: Uint8Array,
  start: number,
  end: number,
  littleEndian: boolean,
  onName: (address: string, names: readonly string[]) => void,
): void {
  let at = start;
  while (end - at >= 4) {
    const type = uint16(bytes, at, littleEndian);
    const length = uint16(bytes, at + 2, littleEndian);
    if (type === NRB_END || length > end - at - 4) return;
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (type === NRB_IPV4 && length > 4) onName(formatIpv4(words(value, 1)[0]!), namesOf(value.subarray(4)));
    if (type === NRB_IPV6 && length > 16) onName(formatIpv6(words(value, 4)), namesOf(value.subarray(16)));
    at += 4 + ((length + 3) & ~3);
  }
}

function namesOf(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.split('\0').filter((name) => name !== '');
}

/** The address as the words that `connection.ts` formats. */
function words(bytes: Uint8Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => uint32(bytes, 4 * i, false));
}
