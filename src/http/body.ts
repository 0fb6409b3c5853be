import { HttpFault } from './fault.ts';

/**
 * A small JSON object that a request brings; undefined: it has no body.
 *
 * Nothing but JSON is taken: forms and plain text are what other sites can send without being asked.
 *
 * @throws HttpFault 413, 415, 400
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limit) throw tooLarge(limit);
  const text = await readText(request, limit);
  if (text === '') return undefined;
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new HttpFault(415, 'the body must be application/json');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpFault(400, 'the body is no JSON');
  }
}

async function readText(request: Request, limit: number): Promise<string> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      void reader.cancel().catch(() => undefined);
      throw tooLarge(limit);
    }
    chunks.push(value);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new HttpFault(400, 'the body is no UTF-8');
  }
}

function tooLarge(limit: number): HttpFault {
  return new HttpFault(413, `a body may hold ${limit} bytes at most`, { connection: 'close' });
}
