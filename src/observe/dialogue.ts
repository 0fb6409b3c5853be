import type { Certainty, Side } from '../bytes/stream.ts';
import type { ConnectionConsumer } from '../capture/connection.ts';
import type { ClearFollower, ClearProtocol, Probe, StreamStart } from '../model/probe.ts';
import { TlsConnection } from '../tls/connection.ts';
import type { TlsOptions } from '../tls/reading.ts';

/** Bytes kept of the start of each side: protocol headers, to name what a side said that no follower claims. */
const HEAD_BYTES = 64;

/** Start of one side's stream, and how that side ended. */
export interface SideHead {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly frame: number;
  readonly ended: 'no' | 'fin' | 'rst' | 'cut';
  /** Which side ended first: what the other one did then is no answer any more. */
  readonly order: 'first' | 'second' | 'neither';
}

const NOTHING = new Uint8Array(0);

/** The head of one side as it comes in: nothing is allocated for a side that says nothing. */
class Beginning {
  bytes: Uint8Array = NOTHING;
  length = 0;
  frame = 0;
  /** Bytes are missing before the head was full: what follows them is not kept. */
  gapped = false;
  ended: SideHead['ended'] = 'no';

  keep(bytes: Uint8Array, start: number, end: number, frame: number): void {
    if (this.gapped) return;
    if (this.length === 0) {
      this.bytes = new Uint8Array(HEAD_BYTES);
      this.frame = frame;
    }
    const take = Math.min(HEAD_BYTES - this.length, end - start);
    for (let i = 0; i < take; i++) this.bytes[this.length + i] = bytes[start + i]!;
    this.length += take;
  }
}

/** What these probes can follow, each once, in the order in which it is tried. */
export function protocolsOf(probes: readonly Probe[]): ClearProtocol[] {
  return [...new Set(probes.flatMap(({ protocols }) => protocols))].sort((a, b) => a.order - b.order);
}

/** What a connection turned out to speak. */
export type Speech =
  | { readonly kind: 'tls'; readonly tls: TlsConnection; readonly before?: ClearFollower }
  | { readonly kind: 'clear'; readonly follower: ClearFollower }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'undecided'; readonly because: 'one-sided' | 'gap' | 'truncated' | 'unknown-protocol' };

/**
 * Finds out what one connection speaks, by content alone, and follows it.
 *
 * TLS and every clear protocol read along until one is sure; the others are let go. Which side spoke TLS decides
 * where the two sides differ: a connection is what its client says.
 */
export class Dialogue implements ConnectionConsumer {
  readonly #start: StreamStart;
  readonly #tlsOptions: TlsOptions;
  readonly #beginnings: readonly [Beginning, Beginning] = [new Beginning(), new Beginning()];
  #endedFirst: Side | undefined;
  #state: 'undecided' | 'tls' | 'clear' | 'unknown' | 'upgrading' = 'undecided';
  #tls: TlsConnection | undefined;
  #before: ClearFollower | undefined;
  #follower: ClearFollower | undefined;
  readonly #protocols: readonly ClearProtocol[];
  #candidates: ClearFollower[] | undefined;

  constructor(start: StreamStart, protocols: readonly ClearProtocol[], keyLog: TlsOptions['keyLog']) {
    this.#start = start;
    this.#tlsOptions = keyLog === undefined ? { start } : { start, keyLog };
    this.#tls = new TlsConnection(this.#tlsOptions);
    this.#protocols = protocols;
  }

  data(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    const beginning = this.#beginnings[side];
    if (beginning.length < HEAD_BYTES) beginning.keep(bytes, start, end, frame);
    switch (this.#state) {
      case 'tls':
        this.#tls!.feed(side, bytes, start, end, streamOffset, frame);
        return;
      case 'clear':
        this.#follower!.feed(side, bytes, start, end, streamOffset, frame);
        if (bytes[start] === 0x16 && this.#isTunnelled(side, streamOffset) && looksLikeClientHello(bytes, start, end)) {
          this.#upgrade(side, bytes, start, end, streamOffset, frame);
        }
        return;
      case 'unknown':
        if (looksLikeClientHello(bytes, start, end)) this.#upgrade(side, bytes, start, end, streamOffset, frame);
        return;
      case 'upgrading':
        this.#tls!.feed(side, bytes, start, end, streamOffset, frame);
        this.#confirmUpgrade();
        return;
      case 'undecided':
        this.#candidates ??= this.#candidatesFor(bytes, start, end);
        this.#tls?.feed(side, bytes, start, end, streamOffset, frame);
        for (const candidate of this.#candidates) candidate.feed(side, bytes, start, end, streamOffset, frame);
        this.#decide(this.#candidates);
    }
  }

  gap(side: Side, length: number, streamOffset: number): void {
    const beginning = this.#beginnings[side];
    if (beginning.length < HEAD_BYTES) beginning.gapped = true;
    if (this.#state === 'tls' || this.#state === 'upgrading') this.#tls!.gap(side, length, streamOffset);
    else if (this.#state === 'clear') this.#follower!.gap(side, length, streamOffset);
    else if (this.#state === 'undecided') {
      this.#candidates ??= this.#protocols.map((protocol) => protocol.follow(this.#start));
      this.#tls?.gap(side, length, streamOffset);
      for (const candidate of this.#candidates) candidate.gap(side, length, streamOffset);
      this.#decide(this.#candidates);
    }
  }

  close(side: Side, how: 'fin' | 'rst' | 'cut'): void {
    const beginning = this.#beginnings[side];
    if (beginning.ended === 'no') beginning.ended = how;
    if (how !== 'cut') this.#endedFirst ??= side;
    this.#tls?.close(side, how);
    this.#follower?.close(side, how);
    for (const candidate of this.#candidates ?? []) candidate.close(side, how);
  }

  head(side: Side): SideHead {
    const { bytes, length, frame, ended } = this.#beginnings[side];
    return {
      bytes: bytes.slice(0, length),
      length,
      frame,
      ended,
      order: this.#endedFirst === undefined ? 'neither' : this.#endedFirst === side ? 'first' : 'second',
    };
  }

  /** What the connection spoke, judged by all that was seen of it. */
  speech(): Speech {
    if (this.#state === 'tls') {
      return this.#before === undefined
        ? { kind: 'tls', tls: this.#tls! }
        : { kind: 'tls', tls: this.#tls!, before: this.#before };
    }
    if (this.#state === 'clear') return { kind: 'clear', follower: this.#follower! };
    if (this.#state === 'upgrading' && this.#follower !== undefined) return { kind: 'clear', follower: this.#follower };
    if (this.#state === 'unknown' || this.#state === 'upgrading') return { kind: 'unknown' };
    return this.#guess();
  }

  /** A stream that opens with a ClientHello is TLS or nothing: most connections of a protected cluster. */
  #candidatesFor(bytes: Uint8Array, start: number, end: number): ClearFollower[] {
    if (this.#start === 'syn' && looksLikeClientHello(bytes, start, end)) return [];
    return this.#protocols.map((protocol) => protocol.follow(this.#start));
  }

  #decide(candidates: readonly ClearFollower[]): void {
    const tls = this.#tls;
    if (tls !== undefined && tls.certainty !== 'no' && this.#speaksTls(tls)) {
      this.#state = 'tls';
      this.#candidates = [];
      return;
    }
    const left = candidates.filter((candidate) => candidate.certainty !== 'no');
    this.#candidates = left;
    const sure = left.find((candidate) => candidate.certainty === 'sure');
    if (sure !== undefined) {
      this.#state = 'clear';
      this.#follower = sure;
      this.#candidates = [];
      this.#tls = undefined;
      return;
    }
    if (left.length === 0 && (tls === undefined || tls.certainty === 'no')) {
      this.#state = 'unknown';
      this.#tls = undefined;
    }
  }

  /** Side 0 is the client where the SYN was seen; in mid-stream any side that surely speaks TLS will do. */
  #speaksTls(tls: TlsConnection): boolean {
    const [first, second] = tls.sideCertainty;
    if (first === 'sure') return true;
    return second === 'sure' && (this.#start === 'midstream' ? first !== 'no' : false);
  }

  /** TLS that starts in mid-stream: STARTTLS, a proxy's CONNECT. */
  #upgrade(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    const tls = new TlsConnection({ ...this.#tlsOptions, start: 'syn' });
    tls.feed(side, bytes, start, end, streamOffset, frame);
    this.#tls = tls;
    this.#state = 'upgrading';
    this.#confirmUpgrade();
  }

  #isTunnelled(side: Side, streamOffset: number): boolean {
    const from = this.#follower?.tunnelFrom?.[side];
    return from !== undefined && streamOffset >= from;
  }

  /** Something that only began like a ClientHello leaves the connection what it was. */
  #confirmUpgrade(): void {
    const certainty = this.#tls!.certainty;
    if (certainty === 'maybe') return;
    if (certainty === 'no') {
      this.#tls = undefined;
      this.#state = this.#follower === undefined ? 'unknown' : 'clear';
      return;
    }
    this.#before = this.#follower;
    this.#follower = undefined;
    this.#state = 'tls';
  }

  #guess(): Speech {
    const [client, server] = this.#beginnings;
    const tls = this.#tls;
    if (tls !== undefined) {
      const [first, second] = tls.sideCertainty;
      if (first === 'sure' || (second === 'sure' && client.length === 0)) return { kind: 'tls', tls };
      // A request that alone proves nothing (BLOB), refused by TLS: the client spoke clear to a TLS port.
      const candidate = this.#candidates?.[0];
      if (second === 'sure' && candidate !== undefined && first === 'no') return { kind: 'clear', follower: candidate };
      if (second === 'sure' && first === 'no') return { kind: 'unknown' };
    }
    if (client.gapped || server.gapped) return { kind: 'undecided', because: 'gap' };
    if (client.length === 0 || server.length === 0) return { kind: 'undecided', because: 'one-sided' };
    const hopes: readonly Certainty[] = [
      tls?.certainty ?? 'no',
      ...(this.#candidates ?? []).map((one) => one.certainty),
    ];
    return hopes.every((hope) => hope === 'no')
      ? { kind: 'unknown' }
      : { kind: 'undecided', because: 'unknown-protocol' };
  }
}

/** A TLS record that holds the start of a ClientHello (RFC 8446 sections 4 and 5.1). */
export function looksLikeClientHello(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= 11 &&
    bytes[start] === 0x16 &&
    bytes[start + 1] === 0x03 &&
    bytes[start + 2]! <= 0x04 &&
    bytes[start + 5] === 0x01 &&
    bytes[start + 6] === 0 &&
    bytes[start + 9] === 0x03 &&
    bytes[start + 10]! <= 0x04
  );
}
