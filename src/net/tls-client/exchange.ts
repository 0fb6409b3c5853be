import { toHex } from '../../bytes/hex.ts';
import { type Alert, alertName, writeAlert } from '../../tls/alert.ts';
import { ContentType, HANDSHAKE_TYPES, HandshakeType, Version } from '../../tls/code-points.ts';
import { writeHandshake } from '../../tls/handshake.ts';
import { type HashName, transcriptHash } from '../../tls/key-schedule.ts';
import type { Wire } from '../wire.ts';
import { Ending, malformed } from './ending.ts';
import { type Incoming, type IncomingMessage, MessageLayer } from './message-layer.ts';
import { RecordLayer } from './record-layer.ts';
import type { HandshakeRequest, HandshakeResult, RefusedAfter } from './types.ts';

/** Handshake messages, warnings and stray records that a server may send before it is left; a full flight has eight. */
export const INCOMING_MAX = 256;

/** A server that took longer was slow, not far: a JDK's first handshake loads classes. */
const ROUND_TRIP_MS_MAX = 1000;

type Facts = { -readonly [K in keyof HandshakeResult]?: HandshakeResult[K] };

const CLOSE_NOTIFY = 0;
const USER_CANCELED = 90;

/** What is neither an alert nor an end. */
export type Said = Extract<Incoming, { kind: 'handshake' | 'change-cipher-spec' | 'application-data' | 'timeout' }>;

/** One handshake under way: its messages, its transcript and what it has shown so far. */
export class Exchange {
  readonly wire: Wire;
  readonly request: HandshakeRequest;
  readonly messages: MessageLayer;
  readonly facts: Facts = {};
  readonly startedAt: number = performance.now();
  clientRandom: Uint8Array = new Uint8Array(32);
  /** Messages with their headers, as they are hashed. */
  transcript: Uint8Array[] = [];
  recordVersion: number = Version.TLS10;
  /** What a refusal that comes now answers. */
  awaiting: RefusedAfter = 'client_hello';
  /** TLS 1.3 knows but two alerts that are no errors (RFC 8446 section 6). */
  form: 'undecided' | 'tls12' | 'tls13' = 'undecided';
  /** Whether the server takes the handshake for done as soon as it has read what we sent. */
  established = false;
  /** Whether our change_cipher_spec of TLS 1.3 went out. */
  middleboxesFed = false;
  #warning: Alert | undefined;
  #incoming = 0;

  constructor(wire: Wire, request: HandshakeRequest) {
    this.wire = wire;
    this.request = request;
    this.messages = new MessageLayer(new RecordLayer(wire));
  }

  get records(): RecordLayer {
    return this.messages.records;
  }

  /** Milliseconds from our ClientHello to the first byte after it: a round trip at most, and what the server thought. */
  get roundTrip(): number {
    return Math.min((this.records.firstByteAt ?? this.startedAt) - this.startedAt, ROUND_TRIP_MS_MAX);
  }

  /** When a verdict is no longer waited for: a far server gets its round trip on top. */
  verdictDeadline(milliseconds: number = this.request.patience.verdictMs): number {
    return performance.now() + this.roundTrip + milliseconds;
  }

  /** A handshake message, and its place in the transcript. */
  compose(type: number, body: Uint8Array): Uint8Array {
    const message = writeHandshake({ type, body });
    this.transcript.push(message);
    return message;
  }

  sendMessages(...messages: readonly Uint8Array[]): void {
    this.records.send(ContentType.handshake, this.recordVersion, Buffer.concat(messages));
  }

  hash(name: HashName): Uint8Array {
    return transcriptHash(name, ...this.transcript);
  }

  addSecret(label: string, secret: Uint8Array): void {
    this.wire.addSecret(`${label} ${toHex(this.clientRandom)} ${toHex(secret)}`);
  }

  /**
   * The next message of the server's flight.
   *
   * @throws Ending where another comes, none in time, an alert or an end
   */
  async expect(...types: readonly number[]): Promise<IncomingMessage> {
    const deadline = performance.now() + this.request.patience.answerMs;
    const wanted = types.map(HANDSHAKE_TYPES.name).join(' or ');
    for (;;) {
      const said = await this.listen(deadline);
      if (said.kind === 'timeout') throw new Ending({ end: 'silent' });
      if (said.kind === 'change-cipher-spec' && this.form === 'tls13') continue;
      if (said.kind !== 'handshake') throw malformed(`${said.kind} in place of ${wanted}`);
      if (said.type === HandshakeType.helloRequest && this.form !== 'tls13') continue;
      if (!types.includes(said.type)) throw malformed(`${HANDSHAKE_TYPES.name(said.type)} in place of ${wanted}`);
      return said;
    }
  }

  /**
   * What the server says next; warnings are passed over, and told when the connection ends after them.
   *
   * @throws Ending at an alert, an end, or bytes that are no TLS
   */
  async listen(deadline: number): Promise<Said> {
    for (;;) {
      const incoming = await this.messages.next(deadline);
      if (incoming.kind !== 'timeout') this.#count();
      switch (incoming.kind) {
        case 'alert':
          this.#hear(incoming.alert);
          break;
        case 'fin':
        case 'reset':
          throw this.#refused(incoming.kind, this.#warning);
        case 'foreign':
          throw new Ending({ end: 'not-tls', firstBytes: incoming.bytes });
        case 'fault':
          throw malformed(incoming.problem);
        case 'handshake':
          this.#warning = undefined;
          return incoming;
        default:
          return incoming;
      }
    }
  }

  #count(): void {
    if (++this.#incoming > INCOMING_MAX) throw malformed(`more than ${INCOMING_MAX} messages, alerts and records`);
  }

  #hear(alert: Alert): void {
    const harmless = alert.code === CLOSE_NOTIFY || alert.code === USER_CANCELED;
    const warning = alert.level === 'warning' && (this.form !== 'tls13' || harmless);
    if (alert.code === CLOSE_NOTIFY) throw this.#refused('fin', this.#warning ?? alert);
    if (!warning) throw this.#refused('fin', alert);
    this.#warning ??= alert;
  }

  #refused(how: 'fin' | 'reset', alert: Alert | undefined): Ending {
    if (alert === undefined) return new Ending({ end: 'refused', refusal: { how, after: this.awaiting } });
    const { code } = alert;
    // bad_record_mac: the server could not read our Finished, it did not judge our certificate.
    const after = this.awaiting === 'certificate' && code === 20 ? 'finished' : this.awaiting;
    const told = { code, description: alertName(code) };
    return new Ending({ end: 'refused', refusal: { how: 'alert', alert: told, after } });
  }

  /**
   * Says goodbye where both sides are done. In the middle of a handshake a bare FIN is the quieter end: JSSE throws at a
   * close_notify there (`Received close_notify during handshake`, which a Netty pipeline logs), with user_canceled
   * before it Netty takes the handshake for done, and a reset is an exception too; a FIN reaches no handler. Measured
   * with Flink's own Netty on JDK 17, TLS 1.2 and 1.3.
   */
  closeNotify(): void {
    if (!this.established) return;
    this.records.send(ContentType.alert, this.recordVersion, writeAlert({ level: 'warning', code: CLOSE_NOTIFY }));
  }
}
