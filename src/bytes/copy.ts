/**
 * A copy of `bytes[start, end)` that outlives the buffer it stands in.
 *
 * Not `bytes.slice()`: of a Node `Buffer`, which is a `Uint8Array` too, that gives a view.
 */
export function copyOf(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}
