const DAY_MS = 86_400_000;

/** Whole days from `now` (milliseconds since the epoch) until `time` (RFC 3339), negative once it has passed. */
export function daysUntil(time: string, now: number): number | undefined {
  const at = Date.parse(time);
  if (Number.isNaN(at) || Number.isNaN(now)) return undefined;
  return Math.floor((at - now) / DAY_MS);
}

/** `2026-11-22 13:56:13Z`: to the second, for people. What is no RFC 3339 time stays as it is. */
export function shortTime(time: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  return match === null ? time : `${match[1]} ${match[2]}${match[3]}`;
}

/** Time between two RFC 3339 times: `14.4 s`, `12 min`, `3.5 h`, `2 d`. */
export function duration(from: string, to: string): string | undefined {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  if (Number.isNaN(seconds) || seconds < 0) return undefined;
  if (seconds < 120) return `${round(seconds)} s`;
  if (seconds < 7200) return `${round(seconds / 60)} min`;
  if (seconds < 172_800) return `${round(seconds / 3600)} h`;
  return `${round(seconds / 86_400)} d`;
}

/** Bytes with a binary unit: `812 B`, `19.6 KiB`, `1.5 MiB`. */
export function byteCount(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${round(value)} ${units[unit]}`;
}

function round(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : String(Number(value.toFixed(1)));
}
