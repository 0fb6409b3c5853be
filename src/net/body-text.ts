/**
 * All of a body, as UTF-8.
 *
 * @throws what `tooLong` makes, as soon as there are more than `most` bytes
 */
export async function bodyText(pieces: AsyncIterable<Uint8Array>, most: number, tooLong: () => Error): Promise<string> {
  const held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) throw tooLong();
    held.push(piece);
  }
  return Buffer.concat(held, length).toString('utf8');
}
