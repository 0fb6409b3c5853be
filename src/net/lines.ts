const NEWLINE = 0x0a;

/**
 * Lines of a stream of bytes, without their ends; empty ones are left out, and so is a last one that has no end.
 *
 * @throws what `tooLong` makes, for a line of more than `most` bytes
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  most: number,
  tooLong: () => Error,
): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, from);
      const part = piece.subarray(from, end < 0 ? piece.length : end);
      length += part.length;
      if (length > most) throw tooLong();
      if (part.length > 0) held.push(part);
      if (end < 0) break;
      from = end + 1;
      if (length > 0) yield Buffer.concat(held, length).toString('utf8');
      held = [];
      length = 0;
    }
  }
}
