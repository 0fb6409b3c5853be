/** Which of Flink's HTTP servers speaks; `http`: some HTTP server. */
export type HttpServerKind = 'rest' | 'history-server' | 'sql-gateway' | 'http';

/** Texts with which Flink's HTTP servers refuse a path that they do not have. */
const ERROR_TEXTS: readonly (readonly [RegExp, Exclude<HttpServerKind, 'http'>])[] = [
  [/\{"errors":\["Unable to load requested file /, 'rest'],
  [/\{"errors":\["File not found\."/, 'history-server'],
  [/\{"errors":\["Not found: \//, 'sql-gateway'],
];

export function identifyErrorText(text: string): Exclude<HttpServerKind, 'http'> | undefined {
  return ERROR_TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** Bytes of an answer that are looked at: head and body of Flink's error answers have 123 to 163. */
const MAX_ANSWER = 4096;

function answerText(bytes: Uint8Array): string {
  const length = Math.min(bytes.length, MAX_ANSWER);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}

/**
 * Tells which HTTP server answered bytes that were no HTTP to it, a ClientHello say: a clear port of the JobManager's
 * REST endpoint, the history server and the SQL gateway each answer `404` with a text of their own (seen on 1.16.3 to
 * 2.3.0). Undefined where the answer is not HTTP.
 */
export function identifyHttpAnswer(bytes: Uint8Array): HttpServerKind | undefined {
  const text = answerText(bytes);
  if (!/^HTTP\/1\.[01] [1-9]\d\d/.test(text)) {
    return undefined;
  }
  return identifyErrorText(text) ?? 'http';
}

/**
 * True for the answer of a TLS port of Flink to clear HTTP (`RedirectingSslHandler`): a redirection to `https` is no
 * clear REST port, though the request itself crossed in clear.
 */
export function isHttpsRedirect(bytes: Uint8Array): boolean {
  const [head = ''] = answerText(bytes).split('\r\n\r\n', 1);
  return /^HTTP\/1\.[01] 30[1278] /.test(head) && /\r\nlocation:[ \t]*https:\/\//i.test(head);
}
