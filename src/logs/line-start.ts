/**
 * Whether a line begins an entry or goes on with the one before (a stack trace, a message of several lines).
 *
 * Patterns of log4j2 and logback begin with a time, a level, a bracket or, in JSON, a brace; what goes on begins with
 * white space, `Caused by` or a class name. Container tools put something before each line: it is skipped first.
 * Bytes are indexed directly: every line comes here.
 */
export function beginsEntry(bytes: Buffer, lineStart: number, end: number, isHit: boolean): boolean {
  const start = afterPrefix(bytes, lineStart, end);
  if (start >= end) return false;
  const first = bytes[start]!;
  if (isDigit(first) || first === BRACE || first === BRACKET) return true;
  if (first >= CAPITAL_A && first <= CAPITAL_Z) return beginsWithLevelOrMonth(bytes, start, end);
  // A pattern may begin with a thread or a logger: looked at closely only where it matters.
  return isHit && isLower(first) && hasLevel(bytes.toString('latin1', start, Math.min(end, start + HEADER_BYTES)));
}

/** Bytes in which the level stands, in all patterns that begin with something else. */
const HEADER_BYTES = 160;
const LEVELS: ReadonlySet<string> = new Set(['TRACE', 'DEBUG', 'INFO', 'WARN', 'WARNING', 'ERROR', 'FATAL', 'SEVERE']);

const BRACE = 0x7b;
const BRACKET = 0x5b;
const SPACE = 0x20;
const BAR = 0x7c;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
const CAPITAL_T = 0x54;

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isLower(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

function beginsWithLevelOrMonth(bytes: Buffer, start: number, end: number): boolean {
  const [word] = bytes.toString('latin1', start, Math.min(end, start + 10)).split(/[^A-Za-z]/, 1);
  if (word === undefined) return false;
  return LEVELS.has(word) || (word.length === 3 && isDigit(bytes[start + 4] ?? 0));
}

function hasLevel(header: string): boolean {
  return /[\s[](?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)[\]\s]/.test(header);
}

/** Longest service name of Docker Compose that is believed. */
const SERVICE_BYTES = 64;
/** Length of `2026-11-22T13:56:31.592103571Z `, zone written out or not, and some. */
const TIMESTAMP_BYTES = 40;
const DOCKER_JSON = Buffer.from('{"log":"');
const POD = Buffer.from('[pod/');
const STREAM_WORD_BYTES = 'stdout F '.length;

/** Where a line begins behind what Docker Compose, `kubectl logs --prefix`, `--timestamps` or CRI put before it. */
export function afterPrefix(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  if (isLower(first)) return afterService(bytes, start, end);
  if (first === BRACKET && startsWith(bytes, start, end, POD)) {
    const close = bytes.indexOf('] ', start, 'latin1');
    return close === -1 || close >= end ? start : close + 2;
  }
  if (first === BRACE && startsWith(bytes, start, end, DOCKER_JSON)) return start + DOCKER_JSON.length;
  if (isDigit(first) && bytes[start + 10] === CAPITAL_T) return afterTimestamp(bytes, start, end);
  return start;
}

function startsWith(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  return end - start >= text.length && bytes.compare(text, 0, text.length, start, start + text.length) === 0;
}

/** `jobmanager-1  | `. */
function afterService(bytes: Buffer, start: number, end: number): number {
  const last = Math.min(end, start + SERVICE_BYTES);
  let at = start;
  while (at < last && isNameByte(bytes[at]!)) at++;
  while (at < last && bytes[at] === SPACE) at++;
  return at + 1 < end && bytes[at] === BAR && bytes[at + 1] === SPACE ? at + 2 : start;
}

function isNameByte(byte: number): boolean {
  return isLower(byte) || isDigit(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f;
}

/** `2026-11-22T13:56:31.592103571Z `, then perhaps `stdout F `. A time without zone is the log's own. */
function afterTimestamp(bytes: Buffer, start: number, end: number): number {
  const space = bytes.indexOf(SPACE, start);
  if (space === -1 || space >= end || space > start + TIMESTAMP_BYTES) return start;
  if (!/(?:Z|[+-]\d{2}:\d{2})$/.test(bytes.toString('latin1', start, space))) return start;
  const at = space + 1;
  const word = bytes.toString('latin1', at, Math.min(end, at + STREAM_WORD_BYTES));
  return /^std(?:out|err) [FP] $/.test(word) ? at + STREAM_WORD_BYTES : at;
}
