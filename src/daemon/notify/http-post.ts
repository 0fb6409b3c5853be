import type { Agent } from 'undici';
import type { Outcome } from './outcome.ts';
import { DELIVERED } from './outcome.ts';
import { cut, hidden, oneLine } from './shorten.ts';

export interface Post {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Texts that no log may show. */
  readonly secrets: readonly string[];
}

/** Bytes of an answer that are read: enough for its reason. */
const ANSWER_OCTETS = 4096;
const REASON_LETTERS = 200;
const RETRY_AFTER_MOST_MS = 3_600_000;
/** Answers of 4xx that ask for another try. */
const TRY_AGAIN: readonly number[] = [408, 429];

/**
 * Sends JSON by POST. Redirects are not followed, and no proxy of the environment is used: what is told of a cluster
 * goes where the settings say.
 */
export async function post(request: Post): Promise<Outcome> {
  try {
    return await send(request);
  } catch (error) {
    return { kind: 'failed', problem: cut(hidden(textOf(error), request.secrets), REASON_LETTERS) };
  }
}

async function send({ url, headers = {}, body, timeoutMs, signal, secrets }: Post): Promise<Outcome> {
  const { request } = await import('undici');
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'flinkprobe', ...headers },
    body: JSON.stringify(body),
    dispatcher: await ownAgent(),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await beginning(answer.body, secrets);
  const status = answer.statusCode;
  if (status >= 200 && status < 300) return DELIVERED;
  const problem = `HTTP ${status}${text === '' ? '' : `: ${text}`}`;
  if (status >= 400 && status < 500 && !TRY_AGAIN.includes(status)) return { kind: 'refused', problem };
  const after = retryAfter(answer.headers['retry-after']);
  return { kind: 'failed', problem, ...(after === undefined ? {} : { retryAfterMs: after }) };
}

let agent: Agent | undefined;

/** One of our own: whatever somebody sets up for the whole process is not ours. */
async function ownAgent(): Promise<Agent> {
  if (agent !== undefined) return agent;
  const undici = await import('undici');
  agent ??= new undici.Agent({ connections: 4, keepAliveTimeout: 1000, maxResponseSize: 1024 * 1024 });
  return agent;
}

/** Its first words, without secrets; what was read may end within one. */
async function beginning(body: AsyncIterable<Uint8Array>, secrets: readonly string[]): Promise<string> {
  const parts: Uint8Array[] = [];
  let octets = 0;
  for await (const part of body) {
    parts.push(part);
    octets += part.length;
    if (octets >= ANSWER_OCTETS) break;
  }
  const text = Buffer.concat(parts).subarray(0, ANSWER_OCTETS).toString('utf8');
  return oneLine(hidden(text, secrets, octets >= ANSWER_OCTETS ? 'cut' : 'whole'), REASON_LETTERS);
}

/** Seconds, or a date. */
function retryAfter(value: string | readonly string[] | undefined): number | undefined {
  const text = typeof value === 'string' ? value : value?.[0];
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1000, RETRY_AFTER_MOST_MS);
}

/** Of several addresses that failed, the first says it. */
function textOf(error: unknown): string {
  const { message, code, errors } = error as Error & { readonly code?: string; readonly errors?: readonly Error[] };
  return message === '' ? (errors?.[0]?.message ?? code ?? 'failed') : message;
}
