import { exchangeApplicationData } from './application.ts';
import type { EndingFacts } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { TrafficTls13 } from './traffic-tls13.ts';

/** Milliseconds that a refusal may come behind a proof: some stacks send their ticket before they judge. */
const CONTRADICTION_MS = 50;
/** Milliseconds in which a proof is waited for before a request goes out. */
const PROOF_BEFORE_REQUEST_MS = 500;

/**
 * What the server made of our flight. In TLS 1.3 the client is done before it is judged: success is nothing to go by,
 * and silence is none either.
 */
export async function verdictTls13(exchange: Exchange, traffic: TrafficTls13): Promise<EndingFacts> {
  const { applicationRequest, patience } = exchange.request;
  const judged = exchange.facts.presented !== undefined;
  if (applicationRequest !== undefined && !judged) {
    return exchangeApplicationData(exchange, (deadline) => traffic.hear(deadline));
  }
  const patient = applicationRequest === undefined ? patience.verdictMs : PROOF_BEFORE_REQUEST_MS;
  const heard = await traffic.hear(exchange.verdictDeadline(Math.min(patience.verdictMs, patient)));
  if (heard.kind !== 'timeout') {
    if (judged) await contradiction(traffic, Math.min(patience.verdictMs, CONTRADICTION_MS));
    exchange.facts.proof = heard.kind;
  }
  if (applicationRequest !== undefined) {
    return exchangeApplicationData(exchange, (deadline) => traffic.hear(deadline));
  }
  return { end: heard.kind === 'timeout' ? 'unproven' : 'finished' };
}

/** @throws Ending where the server takes back what it seemed to grant */
async function contradiction(traffic: TrafficTls13, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while ((await traffic.hear(deadline)).kind !== 'timeout');
}
