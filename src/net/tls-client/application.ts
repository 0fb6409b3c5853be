import { ContentType } from '../../tls/code-points.ts';
import { Ending, type EndingFacts } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { Heard } from './traffic-tls13.ts';

/** Bytes of an answer that are kept. */
export const APPLICATION_DATA_MAX: number = 2 ** 16;
/** How many times `verdictMs` a trickling answer may take. */
const ANSWER_PATIENCES = 4;

/** Sends the request and collects its answer, to its end, to the end of the connection, or to silence. */
export async function exchangeApplicationData(
  exchange: Exchange,
  hear: (deadline: number) => Promise<Heard>,
): Promise<EndingFacts> {
  const { applicationRequest, patience } = exchange.request;
  if (applicationRequest === undefined) return { end: 'finished' };
  if (exchange.facts.proof !== undefined || exchange.facts.presented === undefined) {
    exchange.awaiting = 'application_data';
  }
  exchange.records.send(ContentType.applicationData, exchange.recordVersion, applicationRequest);
  const last = performance.now() + ANSWER_PATIENCES * patience.verdictMs;
  const parts: Uint8Array[] = [];
  try {
    while (!isWhole(Buffer.concat(parts))) {
      const heard = await hear(Math.min(last, exchange.verdictDeadline()));
      if (heard.kind === 'timeout') break;
      exchange.facts.proof ??= heard.kind;
      if (heard.kind === 'application-data') parts.push(heard.bytes);
    }
  } catch (error) {
    // Servers end an answer by ending the connection.
    if (!(error instanceof Ending) || error.facts.end !== 'refused' || parts.length === 0) throw error;
  }
  if (parts.length > 0) {
    exchange.facts.applicationData = new Uint8Array(Buffer.concat(parts).subarray(0, APPLICATION_DATA_MAX));
  }
  return { end: exchange.facts.proof === undefined ? 'unproven' : 'finished' };
}

/** Whether nothing more is worth waiting for: the limit, or the end that an HTTP/1.1 message announces (RFC 9112). */
function isWhole(bytes: Buffer): boolean {
  if (bytes.length >= APPLICATION_DATA_MAX) return true;
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0 || !bytes.subarray(0, 5).equals(Buffer.from('HTTP/'))) return false;
  const head = bytes.subarray(0, headEnd + 2).toString('latin1');
  const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(head)?.[1];
  if (length !== undefined) return bytes.length >= headEnd + 4 + Number(length);
  return (
    /\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i.test(head) && bytes.subarray(-7).toString() === '\r\n0\r\n\r\n'
  );
}
