import type { Trigger } from '../daemon/types.ts';
import type { Channel } from '../model/channel.ts';

const CHANNELS: Readonly<Record<Channel, string>> = {
  rest: 'REST / Web UI',
  'jobmanager-rpc': 'JM RPC',
  'taskmanager-rpc': 'TM RPC',
  'taskmanager-data': 'TM data',
  'blob-server': 'Blob server',
  'metrics-query-service': 'Metrics query',
  'history-server': 'History server',
  'sql-gateway': 'SQL gateway',
  hiveserver2: 'HiveServer2',
  'queryable-state': 'Queryable state',
  'collect-sink': 'Collect sink',
  prometheus: 'Prometheus',
  jmx: 'JMX',
  'checkpoint-storage': 'Checkpoints',
  'high-availability': 'High availability',
  unknown: 'Unknown',
};

/** The short name of a channel, as a row's head. */
export function channelName(channel: Channel): string {
  return CHANNELS[channel] ?? channel;
}

const NAMES = new Intl.Collator('en', { numeric: true });

/** Order of names: `tm-2` before `tm-10`. */
export function byName(a: string, b: string): number {
  return NAMES.compare(a, b);
}

export const TRIGGER_WORDS: Readonly<Record<Trigger, string>> = {
  start: 'at start',
  schedule: 'by schedule',
  request: 'on request',
  signal: 'by signal',
  restart: 'after a restart',
  rotation: 'after a rotation',
  capture: 'of a capture',
  live: 'of the live wire',
};

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

/** `just now`, `4 min ago`, `3 h ago`, `12 d ago`. */
export function ago(at: string, now: string): string {
  const past = Date.parse(now) - Date.parse(at);
  return past < MINUTE ? 'just now' : `${span(past)} ago`;
}

export function until(at: string, now: string): string {
  const ahead = Date.parse(at) - Date.parse(now);
  return ahead < 1_000 ? 'now' : `in ${span(ahead)}`;
}

/** The largest unit that fits: `40 s`, `4 min`, `3 h`, `12 d`. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 10_000 && ms % 1000 !== 0) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** In UTC: `04:31:07` today, `21 Nov 04:31` of this year, `21 Nov 2025` before it. */
export function moment(at: string, now: string): string {
  if (at.slice(0, 10) === now.slice(0, 10)) return at.slice(11, 19);
  return at.slice(0, 4) === now.slice(0, 4) ? `${date(at).slice(0, -5)} ${at.slice(11, 16)}` : date(at);
}

/** `04:31`, in UTC. */
export function clock(at: string): string {
  return at.slice(11, 16);
}

/** `21 Nov 2026`. */
export function date(at: string): string {
  return `${Number(at.slice(8, 10))} ${MONTHS[Number(at.slice(5, 7)) - 1] ?? '?'} ${at.slice(0, 4)}`;
}

/** Whole days until then, rounded down; negative: it is over. */
export function daysUntil(at: string, now: string): number {
  return Math.floor((Date.parse(at) - Date.parse(now)) / DAY);
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [count, 0];
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

/** `12 345`, with thin spaces. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, '\u2009');
}

export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Both ends of what is too long: `51aa3f..0c`. */
export function brief(text: string, length = 12): string {
  return text.length <= length + 2 ? text : `${text.slice(0, length - 4)}..${text.slice(-4)}`;
}

/** The common name of a distinguished name, or all of it where it has none. */
export function commonName(subject: string): string {
  return /(?:^|[,+]\s*)CN=((?:\\.|[^,+\\])+)/i.exec(subject)?.[1]?.replace(/\\(.)/g, '$1') ?? subject;
}
