/** A secret with characters that base64, URLs and YAML treat each in their way; a name says where it was planted. */
export function canary(place: string): string {
  return `c4N4ry+${place}/Qz=9`;
}

/** A text as it may leak: itself, quoted, escaped for URLs, in hexadecimal, and in base64 wherever it begins in a whole. */
export function appearancesOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // What stands before it shifts base64 by up to two bytes; the first and last characters depend on the neighbours.
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  const hex = bytes.toString('hex');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    hex,
    hex.toUpperCase(),
    hex.replace(/../g, '$&:').slice(0, -1),
    ...base64,
    ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** The planted secrets that stand in a text, by what is planted, however encoded. */
export function leaksIn(text: string, secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => appearancesOf(secret).some((one) => text.includes(one)));
}
