import { Reader } from '../bytes/reader.ts';
import type { Certainty, Side, StreamFollower } from '../bytes/stream.ts';
import { alertName, readAlert } from './alert.ts';
import { ALERTS, ContentType, HandshakeType, isTls13 } from './code-points.ts';
import { APPLICATION_LENGTHS_MAX, connectionFacts, otherSide } from './connection-facts.ts';
import { readingOf } from './connection-reading.ts';
import { FlightDecryption } from './flight-decryption.ts';
import { HandshakeAssembler } from './handshake-assembler.ts';
import { HandshakeReader } from './handshake-reader.ts';
import { messageBefore } from './outcome.ts';
import type { TlsOptions, TlsReading } from './reading.ts';
import { type ForeignBytes, type RecordConsumer, type RecordStart, RecordStream, SSL2_HELLO } from './record-stream.ts';

/** Alerts kept of one connection; more are counted in the totals only. */
const ALERTS_MAX = 16;

/** What reading one side needs from one record to the next. */
interface SideState {
  /** What the body of the record at hand is collected for. */
  collecting: 'nothing' | 'handshake' | 'alert' | 'ssl2-hello' | 'protected';
  /** Frame in which that record began. */
  frame: number;
  /** Body of an alert or of an SSLv2-format hello, as far as it came. */
  short: number[] | undefined;
  /** Of messages that a key log opened; made when the first one is. */
  openAssembler: HandshakeAssembler | undefined;
  decryption: FlightDecryption | undefined;
}

function sideState(): SideState {
  return { collecting: 'nothing', frame: 0, short: undefined, openAssembler: undefined, decryption: undefined };
}

/**
 * Follows both directions of a connection and tells what TLS says in clear, or with a key log.
 *
 * Roles are told by the hellos, never by side. Application data cost a subtraction a segment; after the handshake only
 * counters remain, but for the certificates. Memory: one handshake message a side of at most `HANDSHAKE_MESSAGE_MAX`
 * bytes, one record where keys are known, one search carry where framing is lost.
 */
export class TlsConnection implements StreamFollower {
  readonly #options: TlsOptions;
  readonly #facts = connectionFacts();
  readonly #streams: readonly [RecordStream, RecordStream];
  readonly #assemblers: readonly [HandshakeAssembler, HandshakeAssembler];
  readonly #reader: HandshakeReader;
  readonly #sides: readonly [SideState, SideState] = [sideState(), sideState()];
  #closings = 0;

  constructor(options: TlsOptions) {
    this.#options = options;
    const consumer: RecordConsumer = {
      recordStart: (side, header) => this.#recordStart(side, header),
      recordBody: (side, bytes, start, end) => this.#recordBody(side, bytes, start, end),
      recordGap: (side, length) => this.#recordGap(side, length),
      recordEnd: (side) => this.#recordEnd(side),
      framingLost: (side) => this.#framingLost(side),
    };
    this.#streams = [new RecordStream(0, consumer, options.start), new RecordStream(1, consumer, options.start)];
    this.#reader = new HandshakeReader(this.#facts, (side) => this.#streams[side].confirm());
    this.#assemblers = [this.#assembler(0), this.#assembler(1)];
  }

  #assembler(side: Side): HandshakeAssembler {
    return new HandshakeAssembler((type, body, cut, length) => this.#reader.message(side, type, body, cut, length));
  }

  #openAssembler(side: Side): HandshakeAssembler {
    return new HandshakeAssembler((type, body, cut, length) => {
      this.#facts.decrypted = true;
      this.#reader.message(side, type, body, cut, length);
      if (type === HandshakeType.finished) {
        this.#facts.sides[side].finishedRead = true;
        this.#sides[side].decryption?.finish();
      }
    });
  }

  /** `sure` as soon as either side has shown TLS, `no` when neither side can be TLS any more. */
  get certainty(): Certainty {
    const [a, b] = this.sideCertainty;
    return a === 'sure' || b === 'sure' ? 'sure' : a === 'no' && b === 'no' ? 'no' : 'maybe';
  }

  get sideCertainty(): readonly [Certainty, Certainty] {
    return [this.#streams[0].certainty, this.#streams[1].certainty];
  }

  /** First bytes of a side that does not speak TLS; the owner decides what they are. */
  get foreign(): readonly [ForeignBytes | undefined, ForeignBytes | undefined] {
    return [this.#streams[0].foreign, this.#streams[1].foreign];
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#streams[side].feed(bytes, start, end, streamOffset, frame);
  }

  gap(side: Side, length: number, _streamOffset: number): void {
    this.#streams[side].gap(length);
  }

  close(side: Side, how: 'fin' | 'rst' | 'cut'): void {
    this.#facts.sides[side].closed ??= { how, order: this.#closings++ };
    if (this.#assemblers[side].pending) {
      // A message that the capture or the connection cut off: its complete fields are still read.
      this.#assemblers[side].abandon();
    }
  }

  reading(): TlsReading {
    const [a, b] = this.#streams;
    this.#facts.sides[0].sawBytes = a.sawBytes;
    this.#facts.sides[1].sawBytes = b.sawBytes;
    this.#facts.sides[0].foreign = a.foreign !== undefined;
    this.#facts.sides[1].foreign = b.foreign !== undefined;
    const framing = {
      resynchronisations: a.resynchronisations + b.resynchronisations,
      unframedBytes: a.unframedBytes + b.unframedBytes,
    };
    return readingOf(this.#facts, framing, this.#reader.problems);
  }

  #recordStart(side: Side, header: RecordStart): 'skip' | 'collect' {
    const facts = this.#facts.sides[side];
    const { streamOffset, frame, type } = header;
    facts.firstRecord ??= { streamOffset, frame };
    this.#sides[side].frame = frame;
    this.#sides[side].collecting = 'nothing';
    switch (type) {
      case ContentType.applicationData:
        return this.#applicationData(side, header);
      case ContentType.handshake:
        facts.totals.handshake++;
        return this.#handshake(side, header.length);
      case ContentType.alert:
        facts.totals.alert++;
        return header.length === 2 && !this.#isEncrypted(side) ? this.#collect(side, 'alert') : 'skip';
      case ContentType.changeCipherSpec:
        facts.totals.changeCipherSpec++;
        facts.changeCipherSpec = true;
        return 'skip';
      case SSL2_HELLO:
        facts.totals.handshake++;
        this.#assemblers[side].startRecord(header.length, 'trusted');
        return this.#collect(side, 'ssl2-hello');
      default:
        return 'skip';
    }
  }

  #collect(side: Side, what: SideState['collecting']): 'collect' {
    this.#sides[side].collecting = what;
    this.#sides[side].short = undefined;
    return 'collect';
  }

  /** Up to TLS 1.2 all that follows the sender's change_cipher_spec (RFC 5246 section 7.1); 1.3 shows type 23 then. */
  #isEncrypted(side: Side): boolean {
    const facts = this.#facts.sides[side];
    const version = this.#facts.serverHello?.version;
    return version !== undefined && !isTls13(version) && (facts.changeCipherSpec || facts.applicationCount > 0);
  }

  #handshake(side: Side, length: number): 'skip' | 'collect' {
    const facts = this.#facts.sides[side];
    const version = this.#facts.serverHello?.version;
    if (this.#isEncrypted(side)) {
      // The Finished, later renegotiations.
      facts.encryptedHandshakes++;
      facts.lastMessage = facts.encryptedHandshakes === 1 ? 'finished' : facts.lastMessage;
      return 'skip';
    }
    const late = facts.changeCipherSpec || facts.applicationCount > 0;
    const doubtful = facts.lost || (version === undefined && late) || this.#options.start === 'midstream';
    this.#assemblers[side].startRecord(length, doubtful ? 'doubtful' : 'trusted');
    return this.#collect(side, 'handshake');
  }

  #applicationData(side: Side, header: RecordStart): 'skip' | 'collect' {
    const facts = this.#facts.sides[side];
    facts.totals.applicationData++;
    facts.applicationCount++;
    const early = this.#facts.clientHello?.offersEarlyData === true && this.#facts.serverHello === undefined;
    if (!early && facts.applicationLengths.length < APPLICATION_LENGTHS_MAX) {
      facts.applicationLengths.push(header.length);
    }
    if (facts.afterPeer.length < APPLICATION_LENGTHS_MAX && this.#facts.sides[otherSide(side)].applicationCount > 0) {
      facts.afterPeer.push(header.length);
    }
    // Only the records that inference reads need their frame; after them nothing is allocated.
    if (facts.applicationCount <= APPLICATION_LENGTHS_MAX) {
      facts.lastApplication = { length: header.length, frame: header.frame };
    }
    if (this.#options.keyLog === undefined || !this.#decryptionOf(side)?.wanted) {
      return 'skip';
    }
    this.#sides[side].decryption!.start(header.type, header.version, header.length);
    return this.#collect(side, 'protected');
  }

  #decryptionOf(side: Side): FlightDecryption | undefined {
    const { clientHello, serverHello, clientSide } = this.#facts;
    const keyLog = this.#options.keyLog;
    if (!clientHello || !serverHello || !keyLog || !isTls13(serverHello.version)) {
      return undefined;
    }
    const keys = { keyLog, clientRandom: clientHello.random, cipherSuite: serverHello.cipherSuite };
    this.#sides[side].decryption ??= new FlightDecryption(side === clientSide ? 'client' : 'server', keys);
    return this.#sides[side].decryption;
  }

  #recordBody(side: Side, bytes: Uint8Array, start: number, end: number): void {
    switch (this.#sides[side].collecting) {
      case 'handshake':
        this.#assemblers[side].feed(bytes, start, end);
        return;
      case 'protected':
        this.#sides[side].decryption?.append(bytes, start, end);
        return;
      default:
        // Alerts are two octets, SSLv2-format hellos at most some hundred.
        this.#keepShort(this.#sides[side], bytes, start, end);
    }
  }

  #keepShort(state: SideState, bytes: Uint8Array, start: number, end: number): void {
    state.short ??= [];
    for (let at = start; at < end; at++) {
      state.short.push(bytes[at]!);
    }
  }

  #recordGap(side: Side, length: number): void {
    if (this.#sides[side].collecting === 'handshake') {
      this.#reader.problem(`${length} bytes of the handshake are missing`);
      this.#facts.sides[side].lost = true;
      this.#assemblers[side].gap(length);
    }
    if (this.#sides[side].collecting === 'protected') {
      this.#sides[side].decryption?.giveUp();
    }
    if (this.#sides[side].collecting !== 'handshake') {
      this.#sides[side].collecting = 'nothing';
    }
  }

  #recordEnd(side: Side): void {
    const collected = this.#sides[side].collecting;
    if (collected === 'alert') {
      this.#readAlert(side, Uint8Array.from(this.#sides[side].short ?? []), 'clear');
    } else if (collected === 'ssl2-hello') {
      this.#reader.ssl2Hello(side, Uint8Array.from(this.#sides[side].short ?? []));
    } else if (collected === 'protected') {
      this.#openRecord(side);
    }
    this.#sides[side].collecting = 'nothing';
  }

  #openRecord(side: Side): void {
    const opened = this.#sides[side].decryption?.open();
    if (opened?.type === ContentType.handshake) {
      this.#sides[side].openAssembler ??= this.#openAssembler(side);
      this.#sides[side].openAssembler.feed(opened.content, 0, opened.content.length);
    } else if (opened?.type === ContentType.alert) {
      this.#readAlert(side, opened.content, 'opened');
    }
  }

  #readAlert(side: Side, bytes: Uint8Array, origin: 'clear' | 'opened'): void {
    const facts = this.#facts.sides[side];
    try {
      const alert = readAlert(new Reader(bytes, 'alert'));
      if (!ALERTS.known(alert.code) && origin === 'clear' && facts.lost) {
        return;
      }
      if (ALERTS.known(alert.code)) {
        this.#streams[side].confirm();
      }
      if (this.#facts.alerts.length < ALERTS_MAX) {
        this.#facts.alertsAfter.push(messageBefore(this.#facts, side));
        this.#facts.alertsLate.push(this.#facts.sides[otherSide(side)].closed !== undefined);
        const description = alertName(alert.code);
        this.#facts.alerts.push({
          side,
          level: alert.level,
          description,
          code: alert.code,
          frame: this.#sides[side].frame,
        });
      }
    } catch (error) {
      this.#reader.problem(error instanceof Error ? error.message : 'unreadable alert');
    }
  }

  #framingLost(side: Side): void {
    const facts = this.#facts.sides[side];
    this.#assemblers[side].abandon();
    this.#sides[side].decryption?.giveUp();
    this.#sides[side].collecting = 'nothing';
    facts.gapped = true;
    // Before the first application data anything may be missing; later, the handshake is over.
    facts.lost ||= facts.applicationCount === 0 && !facts.helloDone;
    if (facts.lost) {
      this.#reader.problem('record framing lost during the handshake');
    }
  }
}
