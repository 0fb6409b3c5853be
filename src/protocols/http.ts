import type { Certainty, Side } from '../bytes/stream.ts';
import type { Component } from '../model/channel.ts';
import type { ClearFollower, ClearProtocol, ClearReading, Hint, StreamStart } from '../model/probe.ts';
import type { BodySink } from './http-body.ts';
import { Counts } from './http-counts.ts';
import { noteCredentials } from './http-credentials.ts';
import { FlinkHttp, type HttpRequest } from './http-flink.ts';
import {
  type BodyFraming,
  type HttpMessageHead,
  type HttpRequestLine,
  type HttpStatusLine,
  headerOf,
} from './http-message.ts';
import { normalisePath, parseTarget, presentableLine } from './http-path.ts';
import { HttpReader } from './http-reader.ts';
import { Sightings } from './http-sightings.ts';
import { webHdfsOperation } from './webhdfs.ts';

/** Bytes of both sides that are searched for a start line where the beginning is missing, before this is not HTTP. */
const MAX_SEARCHED = 256 * 1024;
/** Requests that may wait for their answers; pipelining clients stay far below. */
const MAX_PENDING = 1024;

/** HTTP/1.1 (RFC 9112), on any port: Flink's REST API and what else of a cluster speaks HTTP. */
export const http: ClearProtocol = {
  name: 'http',
  order: 50,
  follow: (start: StreamStart): ClearFollower => new HttpFollower(start),
};

const SERVER_COMPONENTS: Readonly<Record<string, Component>> = {
  rest: 'jobmanager',
  'history-server': 'history-server',
  'sql-gateway': 'sql-gateway',
  'checkpoint-storage': 'object-store',
};

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}

class HttpFollower implements ClearFollower {
  readonly #start: StreamStart;
  readonly #readers: readonly [HttpReader, HttpReader];
  readonly #foreign: [boolean, boolean] = [false, false];
  readonly #tunnelFrom: [number | undefined, number | undefined] = [undefined, undefined];
  readonly #messageEnds: [number, number] = [0, 0];
  readonly #bodies: [BodySink | undefined, BodySink | undefined] = [undefined, undefined];
  readonly #sightings = new Sightings();
  readonly #flink = new FlinkHttp(this.#sightings);
  readonly #pending: HttpRequest[] = [];
  /** Answers can be told from requests again only when a new request comes. */
  #pairing: 'kept' | 'lost' = 'kept';
  #certainty: Certainty = 'maybe';
  #clientSide: Side | undefined;
  #answered = false;
  #firstLine: string | undefined;
  #requestLineSeen = false;
  readonly #counts = new Counts();
  #redirects = 0;

  constructor(start: StreamStart) {
    this.#start = start;
    this.#readers = [new HttpReader(this.#events(0), start), new HttpReader(this.#events(1), start)];
  }

  get certainty(): Certainty {
    return this.#certainty;
  }

  get tunnelFrom(): readonly [number | undefined, number | undefined] {
    return this.#tunnelFrom;
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (this.#certainty === 'no' || start >= end) {
      return;
    }
    this.#readers[side].feed(bytes, start, end, streamOffset, frame);
    this.#giveUp();
  }

  gap(side: Side, length: number, _streamOffset: number): void {
    if (this.#certainty === 'no') {
      return;
    }
    const losses = this.#readers[side].losses;
    this.#readers[side].gap(length);
    if (this.#readers[side].losses !== losses) {
      this.#pairing = 'lost';
    }
  }

  close(side: Side, _how: 'fin' | 'rst' | 'cut'): void {
    if (this.#certainty !== 'no') {
      this.#readers[side].close();
    }
  }

  reading(): ClearReading {
    const channel = this.#flink.channel;
    const component = this.#serverComponent();
    const clientComponent = this.#flink.clientComponent;
    return {
      protocol: 'http',
      ...(channel === undefined ? {} : { channel }),
      ...(this.#clientSide === undefined ? {} : { clientSide: this.#clientSide }),
      ...(component === undefined ? {} : { serverComponent: component }),
      ...(clientComponent === undefined ? {} : { clientComponent }),
      details: { ...this.#counts.details(), ...Object.fromEntries(this.#flink.details), ...this.#redirectDetails() },
      firstBytes: new Uint8Array(Buffer.from(presentableLine(this.#firstLine ?? ''), 'latin1')),
      stateTransfer: [...this.#sightings.transfers(), ...this.#flink.transfers()],
      credentials: this.#sightings.credentials(),
      hints: this.#hints(),
      answered: this.#answered,
    };
  }

  #serverComponent(): Component | undefined {
    const channel = this.#flink.channel;
    const told = this.#flink.details.get('component');
    if (channel === 'prometheus' && (told === 'jobmanager' || told === 'taskmanager')) {
      return told;
    }
    return channel === undefined ? undefined : SERVER_COMPONENTS[channel];
  }

  /** Others that talk to the same port may say less: the server's place is told to them. */
  #hints(): readonly Hint[] {
    const channel = this.#flink.channel;
    if (channel === undefined || this.#clientSide === undefined) {
      return this.#flink.hints();
    }
    const component = this.#serverComponent();
    const side = other(this.#clientSide);
    return [
      ...this.#flink.hints(),
      { kind: 'channel-port', side, channel, ...(component === undefined ? {} : { component }) },
    ];
  }

  #redirectDetails(): Readonly<Record<string, number>> {
    return this.#redirects > 0 ? { redirectsToHttps: this.#redirects } : {};
  }

  #giveUp(): void {
    if (this.#certainty !== 'maybe') {
      return;
    }
    // A client that does not speak HTTP settles it; so does a server that speaks first, and not HTTP.
    const serverFirst = this.#foreign[1] && this.#readers[0].untouched;
    const searched = this.#readers[0].searched + this.#readers[1].searched;
    if (this.#foreign[0] || serverFirst || searched > MAX_SEARCHED) {
      this.#certainty = 'no';
    }
  }

  #events(side: Side): ConstructorParameters<typeof HttpReader>[0] {
    return {
      begun: (start) => this.#begun(side, start),
      head: (head) => this.#head(side, head),
      body: (bytes, start, end, streamOffset, frame) => {
        this.#counts.body(side, end - start);
        this.#bodies[side]?.feed(bytes, start, end, streamOffset, frame);
      },
      bodyGap: (lost) => this.#bodies[side]?.gap(lost),
      end: (how) => this.#end(side, how),
      foreign: () => {
        this.#foreign[side] = true;
      },
    };
  }

  #begun(side: Side, start: HttpRequestLine | HttpStatusLine): void {
    const client = start.kind === 'request' ? side : other(side);
    if (this.#clientSide !== undefined && this.#clientSide !== client) {
      // Text of a body that looks like a start line.
      this.#readers[side].lose();
      return;
    }
    this.#clientSide = client;
    this.#certainty = 'sure';
  }

  #head(side: Side, head: HttpMessageHead): BodyFraming {
    const signature = noteCredentials(head, side, this.#sightings);
    if (signature !== undefined) {
      this.#counts.signature(signature);
    }
    if (this.#firstLine === undefined || (!this.#requestLineSeen && head.start.kind === 'request')) {
      this.#firstLine = head.line;
      this.#requestLineSeen = head.start.kind === 'request';
    }
    this.#messageEnds[side] = head.endOffset;
    return head.start.kind === 'request'
      ? this.#request(side, head, head.start)
      : this.#response(side, head, head.start.status);
  }

  #request(side: Side, head: HttpMessageHead, start: HttpRequestLine): BodyFraming {
    const target = parseTarget(start.target);
    const operation = webHdfsOperation(target.path, target.query);
    const path = normalisePath(target.path) + (operation === undefined ? '' : `?op=${operation}`);
    this.#counts.request(start.method, path, headerOf(head, 'user-agent'), headerOf(head, 'host'));
    if (this.#pairing === 'lost') {
      this.#pending.length = 0;
      this.#pairing = 'kept';
    }
    const request: HttpRequest = { method: start.method, target, head };
    if (this.#pending.length < MAX_PENDING) {
      this.#pending.push(request);
    }
    this.#bodies[side] = this.#flink.request(request, side);
    return start.method === 'CONNECT' ? { kind: 'pause' } : requestFraming(head);
  }

  #response(side: Side, head: HttpMessageHead, status: number): BodyFraming {
    this.#answered = true;
    if (status < 200 && status !== 101) {
      // RFC 9110 section 15.2: an interim answer has no body and leaves the request waiting.
      this.#counts.response(status, undefined);
      return { kind: 'none' };
    }
    this.#counts.response(status, headerOf(head, 'server'));
    const request = this.#pairing === 'lost' ? undefined : this.#pending.shift();
    if (status >= 300 && status < 400 && /^https:\/\//i.test(headerOf(head, 'location') ?? '')) {
      this.#redirects++;
    }
    const accepted = request?.method === 'CONNECT' && status >= 200 && status < 300;
    if (status === 101 || accepted) {
      this.#openTunnel(side, head);
      return { kind: 'tunnel' };
    }
    if (request?.method === 'CONNECT') {
      this.#readers[other(side)].resume('start');
    }
    this.#bodies[side] = this.#flink.response(head, status, request, side);
    return responseFraming(head, status, request?.method);
  }

  #openTunnel(side: Side, head: HttpMessageHead): void {
    const client = other(side);
    this.#readers[client].resume('tunnel');
    this.#tunnelFrom[client] = this.#messageEnds[client];
    this.#tunnelFrom[side] = head.endOffset;
  }

  #end(side: Side, how: 'complete' | 'cut'): void {
    const body = this.#bodies[side];
    this.#bodies[side] = undefined;
    body?.end(how);
  }
}

/** RFC 9112 section 6.3, rules 4 to 7: a request without length has no body. */
function requestFraming(head: HttpMessageHead): BodyFraming {
  if (isChunked(head)) {
    return { kind: 'chunked' };
  }
  const length = contentLength(head);
  return length === undefined ? { kind: 'none' } : { kind: 'length', length };
}

/** RFC 9112 section 6.3, rules 1 to 8. */
function responseFraming(head: HttpMessageHead, status: number, method: string | undefined): BodyFraming {
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { kind: 'none' };
  }
  if (isChunked(head)) {
    return { kind: 'chunked' };
  }
  const length = contentLength(head);
  return length === undefined ? { kind: 'until-close' } : { kind: 'length', length };
}

function isChunked(head: HttpMessageHead): boolean {
  return /(?:^|,)\s*chunked\s*$/i.test((headerOf(head, 'transfer-encoding') ?? '').slice(-256));
}

/** RFC 9110 section 8.6; a list of equal values counts as one, as that section allows. */
function contentLength(head: HttpMessageHead): number | undefined {
  const first = /^(\d{1,15})\s*(?:,|$)/.exec(headerOf(head, 'content-length') ?? '');
  return first === null ? undefined : Number(first[1]);
}
