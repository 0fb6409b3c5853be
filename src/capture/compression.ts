import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { uint32 } from './events.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Compressions that are read. */
export type Compression = 'gzip' | 'zstd';
/** Compressions that are known by their magic and refused by name. */
export type UnreadCompression = 'lz4' | 'bzip2' | 'xz' | 'compress' | 'zip' | '7-zip';

/** The compression of bytes that start with at least 6 known ones; never told by a file name. */
export function detectCompression(bytes: Uint8Array): Compression | UnreadCompression | undefined {
  if (bytes.length < 4) return undefined;
  const first = uint32(bytes, 0, false);
  const little = uint32(bytes, 0, true);
  // RFC 1952 section 2.3.1; 8 is deflate, the only method there is.
  if (first >>> 8 === 0x1f8b08) return 'gzip';
  // RFC 8878 sections 3.1.1 and 3.1.2: a skippable frame may come first.
  if (little === 0xfd2fb528 || (little & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd';
  if (little === 0x184d2204 || little === 0x184c2102) return 'lz4';
  if (first >>> 8 === 0x425a68) return 'bzip2';
  if (first === 0xfd377a58) return 'xz';
  if (first >>> 16 === 0x1f9d) return 'compress';
  if (first === 0x504b0304) return 'zip';
  return first === 0x377abcaf ? '7-zip' : undefined;
}

/** Takes decompressed bytes, valid during the call only. */
export type DecompressedSink = (bytes: Uint8Array, start: number, end: number) => void;

/** Decompresses a stream piece by piece. What the sink throws is thrown by `push` or `finish`. */
export interface Decompressor {
  /** The bytes must stay as they are until the promise, if there is one, is kept. Ignored once there is damage. */
  push(bytes: Uint8Array, start: number, end: number): void | Promise<void>;
  /** No more bytes come. */
  finish(): void | Promise<void>;
  /** What is wrong with the compressed stream; everything before was handed to the sink. */
  readonly damage: string | undefined;
}

/** zstd by Node where it has it (22.15), else by a package in JavaScript. */
export function createDecompressor(compression: Compression, sink: DecompressedSink): Decompressor {
  if (compression === 'gzip') {
    return new StreamDecompressor(zlib.createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES }), sink);
  }
  const { createZstdDecompress } = zlib as ZlibWithZstd;
  if (createZstdDecompress === undefined) return new PlainZstdDecompressor(sink);
  return new FramedDecompressor(
    () => new StreamDecompressor(createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES }), sink),
  );
}

interface ZlibWithZstd {
  readonly createZstdDecompress?: (options: { readonly chunkSize: number }) => ZlibStream;
}

type ZlibStream = Pick<zlib.Gunzip, 'on' | 'once' | 'write' | 'end' | 'destroy' | 'bytesWritten'>;

/** Larger is hardly faster. */
const OUTPUT_CHUNK_BYTES = 64 * 1024;
/**
 * When Node meets damage, what it made of the same piece of input is lost. Pieces therefore start small and grow to
 * this part of what was read: damage costs no more than that.
 */
const PIECE_SHARE = 1 / 64;
const SMALLEST_PIECE_BYTES = 1024;

/** Around a decompressing stream of `node:zlib`; gzip of several members is one stream. */
class StreamDecompressor implements Decompressor {
  readonly #stream: ZlibStream;
  #damage: string | undefined;
  #ended = false;
  #taken = 0;
  #thrown: { readonly error: unknown } | undefined;
  #settle: (() => void) | undefined;

  constructor(stream: ZlibStream, sink: DecompressedSink) {
    this.#stream = stream;
    stream.on('data', (chunk: Uint8Array) => {
      if (this.#thrown !== undefined) return;
      try {
        sink(chunk, 0, chunk.length);
      } catch (error) {
        this.#thrown = { error };
        this.#stop();
      }
    });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#damage ??= `${error.message} (${error.code ?? 'no code'}) near compressed byte ${stream.bytesWritten}`;
      this.#stop();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#settle?.();
    });
  }

  get damage(): string | undefined {
    return this.#damage;
  }

  #stop(): void {
    this.#ended = true;
    this.#stream.destroy();
    this.#settle?.();
  }

  async push(bytes: Uint8Array, start: number, end: number): Promise<void> {
    for (let at = start; at < end && !this.#ended; ) {
      const pieceEnd = Math.min(at + Math.max(SMALLEST_PIECE_BYTES, Math.floor(this.#taken * PIECE_SHARE)), end);
      const piece = bytes.subarray(at, pieceEnd);
      await this.#until((done) => this.#stream.write(piece, done));
      this.#taken += pieceEnd - at;
      at = pieceEnd;
    }
    if (this.#thrown !== undefined) throw this.#thrown.error;
  }

  async finish(): Promise<void> {
    if (!this.#ended) await this.#until(() => this.#stream.end());
    if (this.#thrown !== undefined) throw this.#thrown.error;
  }

  async #until(start: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      start(resolve);
    });
    this.#settle = undefined;
  }
}

/** zstd by `node:zlib`, whose stream ends with its first frame and drops what follows: each frame has one of its own. */
class FramedDecompressor implements Decompressor {
  readonly #frames = new ZstdFrames();
  readonly #open: () => Decompressor;
  #current: Decompressor | undefined;
  #damage: string | undefined;

  constructor(open: () => Decompressor) {
    this.#open = open;
  }

  get damage(): string | undefined {
    return this.#damage;
  }

  async push(bytes: Uint8Array, start: number, end: number): Promise<void> {
    for (let at = start; at < end && this.#damage === undefined; ) {
      const offset = this.#frames.offset;
      const step = this.#frames.advance(bytes, at, end);
      const sound = step.fault === undefined ? step.at : at + Math.max(this.#frames.faultOffset - offset, 0);
      if (sound > at) {
        this.#current ??= this.#open();
        await this.#current.push(bytes, at, sound);
        this.#damage = this.#current.damage;
      }
      this.#damage ??= step.fault;
      at = step.at;
      if (this.#frames.isBetweenFrames) await this.#endFrame();
    }
  }

  async finish(): Promise<void> {
    if (this.#damage === undefined && !this.#frames.isBetweenFrames) {
      this.#damage = `the zstd stream ends inside a frame, after ${this.#frames.offset} compressed bytes`;
    }
    await this.#endFrame();
  }

  async #endFrame(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.finish();
    this.#damage ??= current?.damage;
  }
}

/** The package keeps views of what it is given: it gets copies, of this length so that it copies little itself. */
const INPUT_SLICE_BYTES = 128 * 1024;

class PlainZstdDecompressor implements Decompressor {
  readonly #frames = new ZstdFrames();
  readonly #decompress: Decompress;
  #damage: string | undefined;
  #thrown: { readonly error: unknown } | undefined;

  constructor(sink: DecompressedSink) {
    this.#decompress = new Decompress((chunk) => {
      if (this.#thrown !== undefined) return;
      try {
        sink(chunk, 0, chunk.length);
      } catch (error) {
        this.#thrown = { error };
      }
    });
  }

  get damage(): string | undefined {
    return this.#damage;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && this.#damage === undefined; at += INPUT_SLICE_BYTES) {
      const sliceEnd = Math.min(at + INPUT_SLICE_BYTES, end);
      const offset = this.#frames.offset;
      const fault = this.#frames.push(bytes, at, sliceEnd);
      const sound = fault === undefined ? sliceEnd : at + Math.max(this.#frames.faultOffset - offset, 0);
      this.#feed(new Uint8Array(bytes.subarray(at, sound)), false);
      this.#damage ??= fault;
    }
  }

  finish(): void {
    if (this.#damage !== undefined) return;
    if (!this.#frames.isBetweenFrames) {
      this.#damage = `the zstd stream ends inside a frame, after ${this.#frames.offset} compressed bytes`;
    }
    this.#feed(new Uint8Array(0), true);
  }

  #feed(bytes: Uint8Array, final: boolean): void {
    try {
      this.#decompress.push(bytes, final);
    } catch (error) {
      // Damaged tables make it throw errors of all kinds.
      const text = error instanceof Error ? error.message : String(error);
      this.#damage ??= `${text}, before compressed byte ${this.#frames.offset}`;
    }
    if (this.#thrown !== undefined) throw this.#thrown.error;
  }
}
