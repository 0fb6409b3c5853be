import { pino } from 'pino';
import type { Settings } from './settings.ts';

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, fields: object, text: string) => void;

/** Paths of fields that hold a secret where somebody logs whole settings or requests. */
const SECRETS: readonly string[] = [
  'password',
  '*.password',
  'token',
  '*.token',
  'authorization',
  '*.authorization',
  'headers.authorization',
  '*.headers.authorization',
  'headers.cookie',
  'routing_key',
  '*.routing_key',
];

/** Log lines to standard error: one JSON object each, or a line for people. Secrets are replaced. */
export function createLog({ level, format }: Settings['log'], write: (line: string) => void): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRETS], censor: '******' },
    },
    { write: (line: string) => write(format === 'json' ? line : `${textOf(line)}\n`) },
  );
  return (at, fields, text) => logger[at](fields, text);
}

/** `2026-11-22T22:50:55.123Z warn  REST does not answer cluster=prod problem="…"`. */
function textOf(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${fieldText(value)}`);
  return [time, String(level).padEnd(5), msg, ...fields].join(' ');
}

function fieldText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
}
