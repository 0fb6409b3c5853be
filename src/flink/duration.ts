/** Labels of `TimeUtils.TimeUnit`, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  day: 86_400_000,
  h: 3_600_000,
  hour: 3_600_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  s: 1000,
  sec: 1000,
  second: 1000,
  ms: 1,
  milli: 1,
  millisecond: 1,
};

/** A duration as Flink's configuration writes it (`TimeUtils.parseDuration`), in milliseconds: `50 s`, `10000`, `1min`. */
export function parseFlinkDuration(text: string): number | undefined {
  const parts = /^(\d{1,15})\s*([a-z]*)$/.exec(text.trim().toLowerCase());
  if (parts === null) {
    return undefined;
  }
  const [, count, label] = parts;
  const unit = label === '' ? 1 : (UNITS[label!] ?? UNITS[label!.replace(/s$/, '')]);
  return unit === undefined ? undefined : Number(count) * unit;
}
