import type { RawEntry } from './line-scanner.ts';
import { afterPrefix } from './line-start.ts';

/** One entry of a log, whatever pattern wrote it. */
export interface LogEntry {
  readonly line: number;
  /** As written, abbreviated or not (`o.a.f.r.b.BlobServer`); empty where the pattern has none. */
  readonly logger: string;
  readonly message: string;
  readonly time: LogTime | undefined;
  readonly trace: readonly { readonly line: number; readonly text: string }[];
}

export interface LogTime {
  /** RFC 3339, in UTC. */
  readonly text: string;
  /** `assumed`: no zone was written, and the time is taken for UTC. */
  readonly zone: 'written' | 'assumed';
}

/** Takes an entry apart: by logger and message, in whatever column they stand, or by the fields of a JSON layout. */
export function readEntry(raw: RawEntry): LogEntry {
  const { line, head } = raw;
  const own = withoutPrefix(head);
  const trace = raw.trace.map((one) => ({ line: one.line, text: withoutPrefix(one.text).text }));
  const json = own.text.startsWith('{') ? readJson(own.text) : undefined;
  if (json !== undefined) {
    const thrown = json.thrown.map((text) => ({ line, text }));
    return {
      line,
      logger: json.logger,
      message: json.message,
      time: json.time ?? own.time,
      trace: [...thrown, ...trace],
    };
  }
  const { logger, message } = splitHeader(own.text);
  return { line, logger, message, time: timeOf(own.text.slice(0, HEADER_LENGTH)) ?? own.time, trace };
}

/** `BlobServer` of any abbreviation; what an inner class belongs to. */
export function simpleName(logger: string): string {
  return logger.slice(logger.lastIndexOf('.') + 1).replace(/\$.*$/, '');
}

/** A line without what container tools put before it; their time counts where the line has none. */
function withoutPrefix(line: string): { readonly text: string; readonly time: LogTime | undefined } {
  const bytes = Buffer.from(line.slice(0, PREFIX_LENGTH), 'latin1');
  const at = afterPrefix(bytes, 0, bytes.length);
  if (at === 0) return { text: line, time: undefined };
  if (line.startsWith('{"log":"')) return unwrapDocker(line);
  const time = timeOf(line.slice(0, at));
  // A service and a time: `jobmanager-1  | 2026-11-22T13:56:31Z INFO`.
  return { text: line.slice(at), time };
}

function unwrapDocker(line: string): { readonly text: string; readonly time: LogTime | undefined } {
  const outer = parseObject(line);
  const text = stringOf(outer?.log) ?? line;
  return { text: text.replace(/\r?\n$/, ''), time: timeOf(stringOf(outer?.time) ?? '') };
}

/** Characters in which a prefix or a time is looked for. */
const PREFIX_LENGTH = 512;
const HEADER_LENGTH = 80;

const TIME = /(?<!\d)(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?\s?(Z|[+-]\d{2}:?\d{2})?(?!\d)/;

function timeOf(text: string): LogTime | undefined {
  const [, date, clock, fraction, zone] = TIME.exec(text) ?? [];
  if (date === undefined || clock === undefined) return undefined;
  const offset = zone === undefined ? 'Z' : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const milliseconds = Date.parse(
    `${date}T${clock}${fraction === undefined ? '' : `.${fraction.slice(0, 3)}`}${offset}`,
  );
  if (Number.isNaN(milliseconds)) return undefined;
  return { text: new Date(milliseconds).toISOString(), zone: zone === undefined ? 'assumed' : 'written' };
}

const DOTTED_LOGGER = /(?:^|[\s[(])((?:[A-Za-z_]\w*\.)+[A-Z][\w$]*)(?=[\s\]):]|$)/;
const SHORT_LOGGER = /\b(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b\]?\s+(?:\[[^\]]*\]\s+)?([A-Z][\w$]*)(?=[\s\]):])/;
/** After the logger: a context (`[]`), a bracket that closes, a separator. */
const AFTER_LOGGER = /^(?::\d+)?[\])]*\s*(?:(?:\[[^\]]*\]|\{[^}]*\})\s*)*(?:-|:|\|)?\s?/;

function splitHeader(text: string): { readonly logger: string; readonly message: string } {
  const dash = text.indexOf(' - ');
  const header = dash === -1 ? text : text.slice(0, dash + 1);
  const found = DOTTED_LOGGER.exec(header) ?? SHORT_LOGGER.exec(header);
  const logger = found?.[1];
  if (found === null || logger === undefined)
    return { logger: '', message: (dash === -1 ? text : text.slice(dash + 3)).trim() };
  const rest = text.slice(found.index + found[0].lastIndexOf(logger) + logger.length);
  return { logger, message: rest.replace(AFTER_LOGGER, '').trim() };
}

interface JsonEntry {
  readonly logger: string;
  readonly message: string;
  readonly time: LogTime | undefined;
  readonly thrown: readonly string[];
}

/** Field names of log4j2's JsonLayout and JsonTemplateLayout, logstash and ECS. */
const LOGGER_FIELDS = ['loggerName', 'logger_name', 'logger', 'log.logger'] as const;
const MESSAGE_FIELDS = ['message', 'msg', '@message'] as const;
const TIME_FIELDS = ['@timestamp', 'timestamp', 'time', 'ts'] as const;
const THROWN_FIELDS = ['thrown', 'exception', 'stack_trace', 'stackTrace', 'error.stack_trace', 'stacktrace'] as const;

function readJson(text: string): JsonEntry | undefined {
  const object = parseObject(text);
  if (object === undefined) return undefined;
  const message = firstString(object, MESSAGE_FIELDS);
  if (message === undefined) return undefined;
  return {
    logger: firstString(object, LOGGER_FIELDS) ?? '',
    message: message.trim(),
    time:
      timeOf(firstString(object, TIME_FIELDS) ?? '') ?? instantOf(object.instant) ?? millisecondsOf(object.timeMillis),
    thrown: THROWN_FIELDS.flatMap((field) => textsOf(object[field])),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function firstString(object: JsonObject, fields: readonly string[]): string | undefined {
  return fields.map((field) => stringOf(object[field])).find((value) => value !== undefined);
}

/** `"instant": {"epochSecond": …, "nanoOfSecond": …}` of log4j2. */
function instantOf(value: unknown): LogTime | undefined {
  if (!isObject(value) || typeof value.epochSecond !== 'number') return undefined;
  const nanoseconds = typeof value.nanoOfSecond === 'number' ? value.nanoOfSecond : 0;
  return millisecondsOf(value.epochSecond * 1000 + Math.floor(nanoseconds / 1e6));
}

/** Largest number of milliseconds that a date has (ECMA-262, 21.4.1.1). */
const MAX_MILLISECONDS = 8.64e15;

function millisecondsOf(value: unknown): LogTime | undefined {
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_MILLISECONDS)) return undefined;
  return { text: new Date(value).toISOString(), zone: 'written' };
}

/** Levels of causes that are followed, and lines of a trace that are kept. */
const CAUSES = 16;
const TRACE_LINES = 64;

/** A trace as text, or as log4j2's object: `name`, `message`, `cause`. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    return value
      .split('\n')
      .filter((line) => !/^\s+at /.test(line))
      .slice(0, TRACE_LINES);
  }
  const texts: string[] = [];
  let at: unknown = value;
  for (let depth = 0; depth < CAUSES && isObject(at); depth++) {
    const name = stringOf(at.name) ?? stringOf(at.exception_class) ?? '';
    texts.push(`${name}: ${stringOf(at.message) ?? stringOf(at.exception_message) ?? ''}`);
    texts.push(...textsOf(stringOf(at.stacktrace)));
    at = at.cause;
  }
  return texts;
}
