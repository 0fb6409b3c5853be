const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_OCTETS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** `1.5m` as milliseconds; undefined where it is absent or of another form. */
export function milliseconds(text: string | undefined): number | undefined {
  return quantity(text, UNIT_MS);
}

/** `500MB` as bytes; undefined where it is absent or of another form. */
export function octets(text: string | undefined): number | undefined {
  return quantity(text, UNIT_OCTETS);
}

function quantity(text: string | undefined, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text ?? '') ?? [];
  const factor = units[unit ?? ''];
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}
