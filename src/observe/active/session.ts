import { setTimeout as sleep } from 'node:timers/promises';
import type { ClearAsk, Probe } from '../../model/probe.ts';
import type { Attempt } from '../../model/report.ts';
import { handshake } from '../../net/tls-client/handshake.ts';
import type { HandshakeRequest, HandshakeResult } from '../../net/tls-client/types.ts';
import type { DialFault, Transcript, Wire } from '../../net/wire.ts';
import { PROFILE_LIMITS, profileOf } from './plan.ts';
import type { ActiveOptions, Profile, Target } from './types.ts';

/** Pauses before a port that answered earlier, and now takes no connection, is tried again; milliseconds. */
const BACK_OFF_MS: readonly number[] = [500, 1500, 4000];
/** A clear answer is taken for complete after this much silence. */
const ANSWER_GAP_MS = 250;
/** Bytes of a clear answer that are read: enough to recognise every protocol. */
const ANSWER_BYTES_MAX = 65_536;

/** Why a session asks no further. */
export type StopReason = 'interrupted' | 'budget' | 'connection-limit';

/** Ends a survey in the middle; what was found so far is told. */
export class SessionStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`the probe stopped: ${reason}`);
    this.name = 'SessionStopped';
    this.reason = reason;
  }
}

/** One connection and what it was good for. */
export interface Exchange<T> {
  readonly result: T;
  readonly transcript: Transcript;
  readonly frames?: { readonly first: number; readonly last: number };
}

export type Fault = { readonly fault: DialFault; readonly transcript: Transcript };

/** What an unasked or clear connection brought: bytes, and how the other side ended. */
export interface ClearAnswer {
  readonly bytes: Uint8Array;
  readonly end: 'fin' | 'reset' | 'open';
}

/**
 * All connections of one survey, one after another: counts them, keeps within the profile's limit, backs off where a
 * port that answered takes no more connections.
 */
export class Session {
  readonly target: Target;
  readonly options: ActiveOptions;
  /** What this endpoint gets of the run's profile. */
  readonly profile: Profile;
  readonly attempts: Attempt[] = [];
  readonly transcripts: Transcript[] = [];
  /** Milliseconds from our ClientHello to the end of the server's flight, of each handshake that came so far. */
  readonly handshakesMs: number[] = [];
  /** Connections asked for, those that never stood included. */
  connections = 0;
  /** Log lines that what was done should have caused. */
  logLines = 0;
  #stood = false;

  constructor(target: Target, options: ActiveOptions) {
    this.target = target;
    this.options = options;
    this.profile = profileOf(target, options.profile, options.probes);
  }

  get left(): number {
    return PROFILE_LIMITS[this.profile].connections - this.connections;
  }

  /** A handshake on a connection of its own. */
  async handshake(
    purpose: string,
    request: Omit<HandshakeRequest, 'patience'> & { readonly patience?: HandshakeRequest['patience'] },
  ): Promise<Exchange<HandshakeResult> | Fault> {
    const { answerMs, verdictMs } = this.options.patience;
    const patience = request.patience ?? { answerMs, verdictMs };
    const talk = (wire: Wire): Promise<HandshakeResult> => handshake(wire, { ...request, patience });
    const done = await this.#run(purpose, talk, describeHandshake, ({ end }) => this.#leaving(end === 'flight'));
    if ('result' in done && done.result.durationMs !== undefined) this.handshakesMs.push(done.result.durationMs);
    if ('result' in done && (done.result.end === 'refused' || done.result.end === 'not-tls')) this.logLines++;
    return done;
  }

  /** A clear request on a connection of its own; without one, it only waits. */
  async ask(
    purpose: string,
    ask: ClearAsk | undefined,
    waitMs: number = this.options.patience.answerMs,
  ): Promise<Exchange<ClearAnswer> | Fault> {
    return this.#run(
      purpose,
      async (wire) => {
        if (ask !== undefined) wire.send(ask.request(hostHeader(this.target)));
        const answer = await readAnswer(wire, waitMs);
        if (answer.end === 'open' && answer.bytes.length > 0 && ask?.farewell !== undefined) wire.send(ask.farewell);
        return answer;
      },
      describeAnswer,
      ({ end, bytes }) => this.#leaving(end === 'open' && bytes.length === 0),
    );
  }

  /** A BLOB server writes an ERROR line for a FIN in the middle of a handshake, and none for RST (BlobServerConnection.run). */
  #leaving(midway: boolean): 'fin' | 'rst' {
    return midway && this.target.channel === 'blob-server' ? 'rst' : 'fin';
  }

  async #run<T>(
    purpose: string,
    talk: (wire: Wire) => Promise<T>,
    describe: (result: T) => string,
    leaving: (result: T) => 'fin' | 'rst',
  ): Promise<Exchange<T> | Fault> {
    for (const pause of [0, ...BACK_OFF_MS]) {
      if (pause > 0) await this.pause(pause);
      const opened = await this.#open();
      if ('fault' in opened) {
        this.#note(purpose, opened.fault, opened.transcript);
        if (opened.fault === 'connection-limit') throw new SessionStopped('budget');
        // A port that never took a connection is what it is; one that did is asked again, later.
        if (!this.#stood) return opened;
        continue;
      }
      this.#stood = true;
      const result = await talk(opened.wire);
      const transcript = await opened.wire.close(leaving(result));
      const frames = this.#note(purpose, describe(result), transcript);
      return { result, transcript, ...(frames === undefined ? {} : { frames }) };
    }
    throw new SessionStopped('connection-limit');
  }

  async #open(): Promise<{ readonly wire: Wire } | Fault> {
    if (this.options.signal?.aborted) throw new SessionStopped('interrupted');
    if (this.left <= 0) throw new SessionStopped('budget');
    this.connections++;
    const { address, port } = this.target;
    const dialled = await this.options.dialer.dial({ host: address, port }, this.options.patience.connectMs);
    if (dialled.kind === 'wire') return { wire: dialled.wire };
    return { fault: dialled.transcript.fault ?? 'unreachable', transcript: dialled.transcript };
  }

  #note(purpose: string, result: string, transcript: Transcript): Attempt['frames'] {
    const frames = this.options.keep?.(transcript);
    this.transcripts.push(transcript);
    this.attempts.push({ purpose, result, ...(frames === undefined ? {} : { frames }) });
    return frames;
  }

  /** @throws SessionStopped where the run was interrupted meanwhile */
  async pause(ms: number): Promise<void> {
    const { signal } = this.options;
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch {
      throw new SessionStopped('interrupted');
    }
  }
}

/** As an HTTP request names its host: IPv6 literals in brackets, the port behind it. */
export function hostHeader({ name, port }: Target): string {
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

/** The one request that may be sent inside TLS: the GET of a channel that speaks HTTP. */
export function insideRequest(target: Target, probe: Probe | undefined): Pick<HandshakeRequest, 'applicationRequest'> {
  const isHttp = probe?.protocols.some(({ name }) => name === 'http') === true;
  return isHttp && probe.ask !== undefined ? { applicationRequest: probe.ask.request(hostHeader(target)) } : {};
}

async function readAnswer(wire: Wire, waitMs: number): Promise<ClearAnswer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let wait = waitMs; length < ANSWER_BYTES_MAX; wait = Math.min(waitMs, ANSWER_GAP_MS)) {
    const received = await wire.receive(wait);
    if (received.kind === 'bytes') {
      parts.push(received.bytes);
      length += received.bytes.length;
    } else {
      const end = received.kind === 'timeout' ? 'open' : received.kind;
      return { bytes: Buffer.concat(parts), end };
    }
  }
  return { bytes: Buffer.concat(parts), end: 'open' };
}

/** One phrase for the list of attempts. */
export function describeHandshake(result: HandshakeResult): string {
  const chosen = [result.version, result.cipherSuite].filter((one) => one !== undefined).join(' ');
  const how = ((): string => {
    switch (result.end) {
      case 'flight':
        return 'accepted, left after the server flight';
      case 'finished':
        return `handshake complete (${result.proof ?? 'server-finished'})`;
      case 'refused':
        return `refused by ${refusalText(result)}`;
      case 'unproven':
        return 'handshake sent, then silence';
      case 'silent':
        return 'no answer';
      case 'not-tls':
        return 'answered with bytes that are not TLS';
      case 'malformed':
        return `unreadable: ${result.problem ?? 'no reason given'}`;
    }
  })();
  return chosen === '' ? how : `${chosen}: ${how}`;
}

/** `alert bad_certificate (42) after certificate`, `FIN after client_hello`. */
export function refusalText({ refusal }: HandshakeResult): string {
  if (refusal === undefined) return 'the server';
  const { how, alert, after } = refusal;
  const what = alert !== undefined ? `alert ${alert.description} (${alert.code})` : how === 'reset' ? 'RST' : 'FIN';
  return `${what} after ${after}`;
}

function describeAnswer({ bytes, end }: ClearAnswer): string {
  const ended = end === 'open' ? 'connection left open' : end === 'fin' ? 'then FIN' : 'then RST';
  return bytes.length === 0 ? `no byte, ${ended}` : `${bytes.length} bytes, ${ended}`;
}
