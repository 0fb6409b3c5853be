import { createHash } from 'node:crypto';

const JSON_TYPE = 'application/json; charset=utf-8';

/** JSON that may be asked for again: 304 where the one who asks has it already (RFC 9110 section 13.1.2). */
export function tagged(request: Request, value: unknown): Response {
  const text = JSON.stringify(value);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  const headers = { etag: tag, 'cache-control': 'private, no-cache' };
  if (holds(request, tag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, 'content-type': JSON_TYPE } });
}

/** Whether `If-None-Match` names this tag. */
export function holds(request: Request, tag: string): boolean {
  const told = request.headers.get('if-none-match');
  if (told === null) return false;
  if (told.trim() === '*') return true;
  return told.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store', ...headers },
  });
}

export function text(value: string, status = 200, type = 'text/plain; charset=utf-8'): Response {
  return new Response(value, { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });
}
