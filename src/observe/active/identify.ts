import type { ClearAsk, Probe } from '../../model/probe.ts';
import type { NoAnswerReason, Observation } from '../../model/report.ts';
import { EVERYTHING } from '../../net/tls-client/offers.ts';
import type { HandshakeResult, Offer, Patience } from '../../net/tls-client/types.ts';
import type { Transcript } from '../../net/wire.ts';
import { addCredit, badAddressing, get, heartbeat, jrmpStream, strayResult } from '../../protocols/asks.ts';
import { isHttpsRedirect } from '../../protocols/http-flink.ts';
import { isTlsHead } from '../observations.ts';
import type { Connections } from './connections.ts';
import { shortOffer } from './offers.ts';
import { isServerName } from './server-name.ts';
import { type ClearAnswer, type Exchange, insideRequest, type Session } from './session.ts';

/** What an endpoint turned out to speak. */
export type Speech =
  | {
      readonly kind: 'tls';
      readonly first: Exchange<HandshakeResult>;
      /** Shape and server name that this server takes. */
      readonly offer: Offer;
      readonly refusedServerName?: { readonly name: string; readonly alert: string };
    }
  /** TLS, told by an alert, that takes none of our hellos. */
  | { readonly kind: 'unusable'; readonly first: Exchange<HandshakeResult> }
  | { readonly kind: 'clear'; readonly observation: Observation }
  /** Bytes that are neither TLS nor the protocol of this channel. */
  | { readonly kind: 'foreign'; readonly observation: Observation; readonly what: string }
  | NoAnswer;

type TlsSpeech = Extract<Speech, { kind: 'tls' }>;

interface NoAnswer {
  readonly kind: 'no-answer';
  readonly because: NoAnswerReason;
}

/** Closing later than this is `closed-late`, milliseconds. */
const AT_ONCE_MS = 700;
/** How long a connection on which nothing is said is watched for a close. */
const WATCH_MS = 1500;
/** Patience with the asks that follow silence: two full ones are enough. */
const FURTHER_WAIT_MS = 1000;

/** Alerts with which servers tell that they want another server name (RFC 6066 section 3), or one at all. */
const ILLEGAL_PARAMETER = 47;
const UNRECOGNIZED_NAME = 112;

/** Asks what an endpoint speaks, with nothing that means something to another protocol. */
export async function identify(session: Session, connections: Connections, probe: Probe | undefined): Promise<Speech> {
  if (probe !== undefined && probe.ask === undefined && probe.protection !== 'outside') return closing(session);
  if (probe?.protection === 'never') {
    const speech = await askInClear(session, connections, probe.ask!);
    if (speech !== undefined) return speech;
  }
  return greet(session, connections, probe);
}

async function greet(session: Session, connections: Connections, probe: Probe | undefined): Promise<Speech> {
  const name = isServerName(session.target.name) ? { serverName: session.target.name } : {};
  const offer: Offer = { ...EVERYTHING, ...name };
  const goal: Goal = { goal: 'finish', ...insideRequest(session.target, probe) };
  const first = await session.handshake('ClientHello with everything, no certificate', { offer, ...goal });
  if ('fault' in first) return noAnswer(first.fault);
  if (isAccepted(first.result)) return { kind: 'tls', first, offer };
  const alert = first.result.refusal?.alert;
  const renamed = alert === undefined ? undefined : otherName(alert.code, offer, session.target.member);
  if (renamed !== undefined) {
    const again = await retry(session, renamed.purpose, renamed.offer, goal);
    if (again !== undefined && offer.serverName !== undefined)
      return { ...again, refusedServerName: { name: offer.serverName, alert: alert!.description } };
    if (again !== undefined) return again;
  }
  if (alert !== undefined && isFatalAnswer(alert.code))
    return (await retryShort(session, offer, goal)) ?? { kind: 'unusable', first };
  return withoutTls(session, connections, probe, first, offer, goal);
}

/** The offer to try where it is the server name that is refused: without one, or with the name of the process. */
function otherName(
  alert: number,
  offer: Offer,
  member: string | undefined,
): { readonly purpose: string; readonly offer: Offer } | undefined {
  const { serverName, ...nameless } = offer;
  const isAboutName = alert === UNRECOGNIZED_NAME || (alert === ILLEGAL_PARAMETER && serverName !== undefined);
  if (!isAboutName) return undefined;
  if (serverName !== undefined) return { purpose: 'the same without a server name', offer: nameless };
  if (member === undefined || !isServerName(member)) return undefined;
  return { purpose: 'the same with the name of the process', offer: { ...offer, serverName: member } };
}

type Goal = { readonly goal: 'finish'; readonly applicationRequest?: Uint8Array };

/** Two warnings and FIN are how Netty 3 meets what is no TLS to it; they prove TLS all the same. */
function isFatalAnswer(code: number): boolean {
  return code !== 0 && code !== 90;
}

/** The server's first flight was read at least up to its hello: it took ours, whatever came after. */
export function isAccepted(result: HandshakeResult): boolean {
  return result.version !== undefined && result.end !== 'not-tls';
}

/** Another hello, where the first was not taken; undefined where this one is not either. */
async function retry(
  session: Session,
  purpose: string,
  offer: Offer,
  goal: Goal,
  patience?: Patience,
): Promise<TlsSpeech | undefined> {
  const first = await session.handshake(purpose, { offer, ...goal, ...(patience === undefined ? {} : { patience }) });
  return 'fault' in first || !isAccepted(first.result) ? undefined : { kind: 'tls', first, offer };
}

/** Some servers choke on long hellos or on TLS 1.3 in them (RFC 8446 section 4.1.2, "version intolerance"). */
function retryShort(session: Session, offer: Offer, goal: Goal): Promise<TlsSpeech | undefined> {
  return retry(session, 'a short TLS 1.2 ClientHello', shortOffer(offer), goal);
}

function retryPatiently(session: Session, offer: Offer, goal: Goal): Promise<TlsSpeech | undefined> {
  const { answerMs, verdictMs } = session.options.patience;
  return retry(session, 'the same with more patience', offer, goal, { answerMs: answerMs * 2, verdictMs });
}

/** The hello was met with FIN, RST, silence or bytes that are not TLS. */
async function withoutTls(
  session: Session,
  connections: Connections,
  probe: Probe | undefined,
  hello: Exchange<HandshakeResult>,
  offer: Offer,
  goal: Goal,
): Promise<Speech> {
  const { result } = hello;
  const silent = result.end === 'silent';
  let sawTlsAlert = false;
  let closedOnAsk = false;
  for (const ask of asksFor(probe, result)) {
    const wait = silent && probe === undefined ? FURTHER_WAIT_MS : undefined;
    const asked = await session.ask(ask.name, ask, wait);
    if ('fault' in asked) return noAnswer(asked.fault);
    const observation = connections.observe(asked);
    const isClear = isAnswered(observation, asked.result);
    // TLS that refuses everything logs what it was asked in clear as well.
    session.logLines += isClear ? ask.logLines.clear : Math.max(ask.logLines.clear, ask.logLines.tls);
    if (isClear) return { kind: 'clear', observation };
    sawTlsAlert ||= isTlsHead(asked.result.bytes) || isHttpsRedirect(asked.result.bytes);
    closedOnAsk ||= asked.result.end !== 'open' && asked.result.bytes.length === 0;
    if (sawTlsAlert) break;
  }
  if (result.end === 'not-tls') return foreign(connections, hello);
  // Each further try is a line in Flink's log, and the hello and the ask were the two that a quick look may cost.
  if (session.options.profile === 'quick' && !silent) {
    if (sawTlsAlert) return { kind: 'unusable', first: hello };
    return noAnswer(ending(hello.transcript) === 'reset' ? 'reset' : 'closed-after-bytes');
  }
  if (sawTlsAlert) return (await retryShort(session, offer, goal)) ?? { kind: 'unusable', first: hello };
  // Netty closes on what is no TLS, and a JVM's first handshakes are slow: such silence may have been hurry of ours.
  if (silent) return (closedOnAsk ? await retryPatiently(session, offer, goal) : undefined) ?? noAnswer('silent');
  const short = session.left > 1 && probe !== undefined ? await retryShort(session, offer, goal) : undefined;
  return short ?? closing(session, hello.transcript);
}

/** A channel that is known gets its own ask; one that can do no TLS has had it before the hello. */
function asksFor(probe: Probe | undefined, hello: HandshakeResult): readonly ClearAsk[] {
  if (probe === undefined) return asksAfter(hello);
  return probe.ask === undefined || probe.protection === 'never' ? [] : [probe.ask];
}

/**
 * The order on a port of unknown channel: each request is answered by one protocol only and does nothing in those that
 * are still possible. `00` first would be the start of a PUT to BLOB, hence BLOB before HEARTBEAT.
 */
function asksAfter(hello: HandshakeResult): readonly ClearAsk[] {
  switch (hello.end) {
    case 'not-tls':
      return startsLikeHttp(hello.firstBytes) ? [get('/config')] : [];
    case 'silent':
      return [addCredit, strayResult, get('/metrics')];
    default:
      return [badAddressing, heartbeat, jrmpStream];
  }
}

function startsLikeHttp(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && new TextDecoder('latin1').decode(bytes.subarray(0, 5)) === 'HTTP/';
}

/** Answered in kind, and not by the redirection to https that a TLS port of Flink sends. */
export function isAnswered(observation: Observation, answer: ClearAnswer): boolean {
  const inKind = observation.kind === 'plaintext' && observation.plaintext?.protocol !== 'unknown';
  return inKind && observation.answer === undefined && answer.bytes.length > 0 && !isHttpsRedirect(answer.bytes);
}

/** Channels that can do no TLS are asked first: a ClientHello makes some of them wait for ever. */
async function askInClear(session: Session, connections: Connections, ask: ClearAsk): Promise<Speech | undefined> {
  const asked = await session.ask(ask.name, ask);
  if ('fault' in asked) return noAnswer(asked.fault);
  session.logLines += ask.logLines.clear;
  const observation = connections.observe(asked);
  return isAnswered(observation, asked.result) ? { kind: 'clear', observation } : undefined;
}

function foreign(connections: Connections, hello: Exchange<HandshakeResult>): Speech {
  const observation = connections.observe(hello);
  const head = hello.result.firstBytes ?? new Uint8Array(0);
  const isText =
    head.length > 0 && head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  const what = startsLikeHttp(head)
    ? `HTTP (${firstLine(head)})`
    : isText
      ? 'a banner of another protocol'
      : 'bytes of another protocol';
  return { kind: 'foreign', observation, what };
}

/** `HTTP/1.1 400`: the status, not the rest of the line. */
function firstLine(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes).split(/\r?\n/, 1)[0]!.split(' ').slice(0, 2).join(' ');
}

/** Tells how a port closes on which nothing was said. `said`: one on which something was, and that the port ended. */
async function closing(session: Session, said?: Transcript): Promise<Speech> {
  if (session.left <= 0) return noAnswer(ending(said) ?? 'closed-after-bytes');
  const watched = await session.ask('connect and say nothing', undefined, WATCH_MS);
  // Netty 3 begins a handshake with whoever connects, and logs that it has no suite to begin it with.
  session.logLines++;
  if ('fault' in watched) return noAnswer(watched.fault);
  const alone = ending(watched.transcript);
  if (alone !== undefined) return noAnswer(alone);
  if (said === undefined) return noAnswer('silent');
  return noAnswer(ending(said) === 'reset' ? 'reset' : 'closed-after-bytes');
}

function noAnswer(because: NoAnswerReason): NoAnswer {
  return { kind: 'no-answer', because };
}

/** How the other side ended this connection by itself, if it did. */
function ending(transcript: Transcript | undefined): 'closed-at-once' | 'closed-late' | 'reset' | undefined {
  const ended = transcript?.events.find((event) => event.kind === 'end');
  if (transcript === undefined || ended === undefined || ended.kind !== 'end' || ended.side !== 1) return undefined;
  if (ended.how === 'rst') return 'reset';
  return ended.at - (transcript.connectedAt ?? transcript.startedAt) > AT_ONCE_MS ? 'closed-late' : 'closed-at-once';
}
