/** Longest path that is reported. */
const MAX_PATH = 96;
/** Longest target that is taken apart; the rest is cut. */
const MAX_TARGET = 2048;

/** Request target taken apart (RFC 9112 section 3.2). Absolute form loses its authority, which may hold a password. */
export interface HttpTarget {
  /** As sent, percent-encoding kept. */
  readonly path: string;
  readonly query: string;
  /** The authority of an absolute form held user and password. */
  readonly userInformation: boolean;
}

export function parseTarget(target: string): HttpTarget {
  const bounded = target.slice(0, MAX_TARGET);
  const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)(.*)$/s.exec(bounded);
  const rest = absolute === null ? bounded : absolute[2]!;
  const question = rest.indexOf('?');
  return {
    path: (question < 0 ? rest : rest.slice(0, question)) || '/',
    query: question < 0 ? '' : rest.slice(question + 1),
    userInformation: absolute !== null && absolute[1]!.includes('@'),
  };
}

/** `a%2Fb` as `a/b`; text that is not valid percent-encoding stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Names and decoded values of a query, at most 32. */
export function queryParameters(query: string): readonly (readonly [string, string])[] {
  return query
    .split('&', 32)
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0
        ? ([decodePercent(part), ''] as const)
        : ([decodePercent(part.slice(0, equals)), decodePercent(part.slice(equals + 1))] as const);
    });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ID32 = /^[0-9a-f]{32}$/i;

/** Placeholders as Flink's REST API names them, by the segment before. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  jobs: ':jobid',
  vertices: ':vertexid',
  taskmanagers: ':taskmanagerid',
  jars: ':jarid',
  sessions: ':session_handle',
  operations: ':operation_handle',
  result: ':token',
  savepoints: ':triggerid',
  checkpoints: ':checkpointid',
  subtasks: ':subtaskindex',
  datasets: ':datasetid',
};
/** Segments that stand behind a collection and are no id. */
const WORDS = /^(?:overview|metrics|upload|config|details|accumulators|history|status|exceptions|plan|run|logs?)$/;

function normaliseSegment(segment: string, before: string): string {
  if (segment === '' || WORDS.test(segment)) {
    return segment;
  }
  if (/^chk-\d+$/.test(segment)) {
    return 'chk-N';
  }
  if (/^savepoint-[0-9a-f]{6}-[0-9a-f]{12}$/.test(segment)) {
    return 'savepoint-ID';
  }
  const placeholder = Object.hasOwn(PLACEHOLDERS, before) ? PLACEHOLDERS[before] : undefined;
  if (placeholder !== undefined && (before !== 'checkpoints' || /^\d+$/.test(segment))) {
    return placeholder;
  }
  if (UUID.test(segment)) {
    return ':uuid';
  }
  if (ID32.test(segment)) {
    return ':id';
  }
  if (/^\d+$/.test(segment)) {
    return ':n';
  }
  // Long runs of letters and digits are ids, and may be tokens.
  const opaque = segment.length > 40 || (segment.length >= 20 && /\d/.test(segment) && /^[\w%.~+=-]+$/.test(segment));
  return opaque ? ':id' : segment;
}

/** Path with ids replaced, without query, bounded: `/jobs/:jobid/checkpoints`. */
export function normalisePath(path: string): string {
  const segments = path.slice(0, MAX_TARGET).split('/');
  const normal = segments.map((segment, i) => normaliseSegment(segment, segments[i - 1] ?? '')).join('/');
  const printable = normal.replace(/[^\x20-\x7e]/g, '.');
  return printable.length > MAX_PATH ? `${printable.slice(0, MAX_PATH - 1)}…` : printable;
}

/** Most of a request line that is shown. */
const MAX_FIRST_BYTES = 64;

/**
 * The part of a start line that may be shown: up to 64 bytes, cut before a query, before user information of an
 * absolute form, and before an SQL gateway's session handle, which is all that a session is guarded by.
 */
export function presentableLine(line: string): string {
  const status = line.startsWith('HTTP/');
  const cuts = [
    MAX_FIRST_BYTES,
    status ? -1 : line.indexOf('?') + 1,
    line.search(/:\/\/[^/ ]*@/) + (line.search(/:\/\/[^/ ]*@/) < 0 ? 0 : 3),
    status ? -1 : line.indexOf('/sessions/') + (line.includes('/sessions/') ? '/sessions/'.length : 0),
  ].filter((cut) => cut > 0);
  return line.slice(0, Math.min(...cuts));
}
