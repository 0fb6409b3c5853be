import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Control } from '../daemon/control.ts';
import type { Live, LiveData, LiveEvent } from '../daemon/live-events.ts';
import type { LiveLimits } from './limits.ts';

/** RFC 6455 section 7.4.1, and the registry of close codes for 1012 and 1013. */
export const CLOSE = { goingAway: 1001, nothingToSay: 1008, restart: 1012, tryAgainLater: 1013 } as const;

/** Readers are fed for so long, then others have their turn. */
const TURN_MS = 10;

interface Reader {
  readonly socket: WebSocket;
  readonly stream: Socket;
  /** Number of the last event that was given to it. */
  given: number;
  /** Bytes that the system has taken, and when there were last more of them, milliseconds of `performance.now()`. */
  taken: number;
  takenAt: number;
  /** Answered the last ping. */
  pulse: 'beats' | 'asked';
}

/** Frames of the events behind `from`, up to `to`, made while `newest` was the newest. */
interface Batch {
  readonly from: number;
  readonly to: number;
  readonly newest: number;
  readonly frames: Buffer;
}

/** FIN and the opcode of text; lengths that the next two or eight octets hold (RFC 6455 section 5.2). */
const FINAL_TEXT = 0x81;
const LENGTH_OF_16_BITS = 126;
const LENGTH_OF_64_BITS = 127;

/** Frames are written one behind the other into pieces of this size. */
const SLAB_BYTES = 65_536;

/**
 * Memory of frames, which stay for as long as their events: in Node's pool of small buffers each of them would keep 8 KiB
 * of what others have long forgotten.
 */
class Slabs {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  take(length: number): Buffer {
    if (length > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    this.#used += length;
    return this.#slab.subarray(this.#used - length, this.#used);
  }
}

/** A frame of a server: not masked. */
function textFrame(text: string, slabs: Slabs): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < LENGTH_OF_16_BITS ? 2 : length < 65_536 ? 4 : 10;
  const frame = slabs.take(head + length);
  frame[0] = FINAL_TEXT;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = LENGTH_OF_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_OF_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, head);
  return frame;
}

/**
 * Live events to any number of readers. Nothing is queued here but a few hundred kilobytes in each socket: a reader that
 * has to wait goes on from the ring, and is dropped (1013) where the ring has moved on, or where it reads nothing at all.
 */
export class LiveReaders {
  readonly #control: Control;
  readonly #limits: LiveLimits;
  readonly #server: WebSocketServer;
  readonly #readers = new Set<Reader>();
  /** Each event is written as a frame once, not once a reader. */
  readonly #frames = new WeakMap<LiveEvent, Buffer>();
  readonly #slabs = new Slabs();
  #batch: Batch | undefined;
  readonly #unsubscribe: () => void;
  readonly #pings: NodeJS.Timeout;
  readonly #checks: NodeJS.Timeout;
  #isDue = false;
  #dropped = 0;

  constructor(control: Control, limits: LiveLimits) {
    this.#control = control;
    this.#limits = limits;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      autoPong: false,
    });
    this.#unsubscribe = control.live.subscribe(() => this.#schedule());
    this.#pings = setInterval(() => this.#ping(), limits.pingMs).unref();
    this.#checks = setInterval(() => this.#dropStalled(), Math.max(20, limits.stallMs / 4)).unref();
  }

  get count(): number {
    return this.#readers.size;
  }

  /** Readers that could not keep up, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  get isFull(): boolean {
    return this.#readers.size >= this.#limits.readers;
  }

  /** `since`: number of the last event that the reader has; undefined: what comes from now on. */
  accept(request: IncomingMessage, stream: Socket, head: Buffer, since: number | undefined): void {
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#welcome(socket, stream, since));
  }

  /** Sends all readers away; they may come back at once where the code says so. */
  closeAll(code: number, reason: string): void {
    for (const { socket } of this.#readers) end(socket, code, reason);
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#pings);
    clearInterval(this.#checks);
    this.closeAll(CLOSE.goingAway, 'the daemon stops');
  }

  #welcome(socket: WebSocket, stream: Socket, since: number | undefined): void {
    const { live } = this.#control;
    const from = since !== undefined && live.since(since) !== undefined ? since : live.newest;
    const reader: Reader = { socket, stream, given: from, taken: 0, takenAt: performance.now(), pulse: 'beats' };
    // A frame that nobody may send; ws has said why, and would wait half a minute for the other side to leave.
    socket.on('error', () => terminateSoon(socket));
    socket.on('close', () => this.#readers.delete(reader));
    socket.on('pong', () => {
      reader.pulse = 'beats';
    });
    // Who asks whether we are alive, and does not read the answer, is not answered for ever.
    socket.on('ping', (data) => {
      if (socket.bufferedAmount > this.#limits.waitingBytes) socket.terminate();
      else socket.pong(data);
    });
    socket.on('message', () => end(socket, CLOSE.nothingToSay, 'nothing is read here'));
    stream.on('drain', () => this.#schedule());
    this.#readers.add(reader);
    socket.send(JSON.stringify(this.#hello(from, live)));
    this.#feed(reader);
  }

  /** `seq`: the events that follow begin behind it. Another one than was asked for: what lies between is lost. */
  #hello(seq: number, live: Live): LiveEvent {
    const { version, now } = this.#control.status();
    const data: LiveData['hello'] = { version, oldest: live.oldest, newest: live.newest };
    return { seq, at: now, event: 'hello', data };
  }

  /** Events of one turn of the event loop go out together. */
  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#feedAll([...this.#readers]);
    });
  }

  /** Hundreds of readers take longer than anybody else should wait. */
  #feedAll(readers: readonly Reader[]): void {
    const until = performance.now() + TURN_MS;
    let fed = 0;
    while (fed < readers.length && performance.now() < until) this.#feed(readers[fed++]!);
    if (fed < readers.length) setImmediate(() => this.#feedAll(readers.slice(fed)));
  }

  #feed(reader: Reader): void {
    const { socket, stream } = reader;
    if (socket.readyState !== WebSocket.OPEN || reader.given >= this.#control.live.newest) return;
    const events = this.#control.live.since(reader.given);
    if (events === undefined) {
      this.#drop(reader);
      return;
    }
    const batch = this.#batchOf(reader.given, events, this.#limits.waitingBytes - socket.bufferedAmount);
    if (batch === undefined) return;
    // Whole frames, past ws, which would make an object or two of each for every reader.
    stream.write(batch.frames);
    reader.given = batch.to;
    // Otherwise `drain` says when it goes on.
    if (socket.bufferedAmount === 0 && reader.given < this.#control.live.newest) this.#schedule();
  }

  /** Events behind a number, as far as there is room for them; most readers are at the same one. */
  #batchOf(from: number, events: readonly LiveEvent[], room: number): Batch | undefined {
    const known = this.#batch;
    if (known?.from === from && known.newest === this.#control.live.newest && known.frames.length <= room) return known;
    const frames: Buffer[] = [];
    let length = 0;
    for (const event of events) {
      if (length > room) break;
      const frame = this.#frameOf(event);
      frames.push(frame);
      length += frame.length;
    }
    const last = events[frames.length - 1];
    if (last === undefined) return undefined;
    this.#batch = { from, to: last.seq, newest: this.#control.live.newest, frames: Buffer.concat(frames, length) };
    return this.#batch;
  }

  #frameOf(event: LiveEvent): Buffer {
    const known = this.#frames.get(event);
    if (known !== undefined) return known;
    const frame = textFrame(JSON.stringify(event), this.#slabs);
    this.#frames.set(event, frame);
    return frame;
  }

  #dropStalled(): void {
    const now = performance.now();
    for (const reader of this.#readers) {
      const { socket, stream } = reader;
      const taken = stream.bytesWritten - stream.writableLength;
      if (socket.bufferedAmount === 0 || taken !== reader.taken) {
        reader.taken = taken;
        reader.takenAt = now;
      } else if (now - reader.takenAt > this.#limits.stallMs) this.#drop(reader);
    }
  }

  #ping(): void {
    for (const reader of this.#readers) {
      if (reader.pulse === 'asked') reader.socket.terminate();
      else {
        reader.pulse = 'asked';
        reader.socket.ping();
      }
    }
  }

  #drop(reader: Reader): void {
    if (reader.socket.readyState !== WebSocket.OPEN) return;
    this.#dropped += 1;
    end(reader.socket, CLOSE.tryAgainLater, 'too slow');
  }
}

/** The close frame stands behind what the reader has not read; it gets a moment for that, then nothing. */
function end(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  terminateSoon(socket);
}

function terminateSoon(socket: WebSocket): void {
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}

const CLOSE_GRACE_MS = 2_000;
