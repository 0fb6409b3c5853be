import type { ProblemReason } from '../model/report.ts';
import { type Compression, createDecompressor, type Decompressor, detectCompression } from './compression.ts';
import type { CaptureEvents, CaptureParser } from './events.ts';
import { describeStart, detectCapture, SIGNATURE_BYTES } from './file-signature.ts';
import { PcapParser } from './pcap.ts';
import { PcapngParser } from './pcapng.ts';
import { CaptureError } from './problems.ts';
import type { ChunkSink } from './source.ts';

/**
 * One input, from its first byte on: finds by magic, never by name, how it is compressed and which capture it is, and
 * hands the bytes to decompressor and parser.
 *
 * `push` and `finish` throw {@link CaptureError} where nothing of it can be judged; damage later is a problem.
 */
export class CaptureInput {
  readonly #path: string;
  readonly #events: CaptureEvents;
  readonly #outer = new SignatureGate((signature) => this.#openOuter(signature));
  readonly #inner = new SignatureGate((signature) => this.#openParser(signature));
  #bytes = 0;
  #compression: Compression | undefined;
  #decompressor: Decompressor | undefined;
  #parser: CaptureParser | undefined;
  /** The first problem while there is no file header: it becomes the error. */
  #headerFault: { readonly offset: number; readonly reason: ProblemReason; readonly message: string } | undefined;

  constructor(path: string, events: CaptureEvents) {
    this.#path = path;
    this.#events = {
      ...events,
      onProblem: (offset, reason, message) => {
        if (this.#parser?.header !== 'read') this.#headerFault ??= { offset, reason, message };
        events.onProblem(offset, reason, message);
      },
    };
  }

  get parser(): CaptureParser | undefined {
    return this.#parser;
  }

  get compression(): Compression | undefined {
    return this.#compression;
  }

  /** Bytes so far, after decompression. */
  get bytes(): number {
    return this.#bytes;
  }

  readonly push: ChunkSink = (bytes, start, end) => this.#outer.push(bytes, start, end);

  async finish(how: 'end' | 'interrupted'): Promise<CaptureParser> {
    if (how === 'end') {
      await this.#outer.finish();
      await this.#decompressor?.finish();
      if (this.#decompressor !== undefined) await this.#inner.finish();
    }
    const damage = this.#decompressor?.damage;
    const parser = this.#parser;
    if (damage !== undefined) {
      if (parser?.header !== 'read')
        throw this.#error('damaged-compression', `damaged ${this.#compression}: ${damage}`);
      this.#events.onProblem(
        this.#bytes,
        'damaged-compression',
        `the ${this.#compression} data are damaged: ${damage}`,
      );
    }
    parser?.finish(how);
    if (parser?.header === 'read') return parser;
    throw this.#headerError(parser, how);
  }

  #openOuter(signature: Uint8Array): ChunkSink {
    const compression = detectCompression(signature);
    if (compression === undefined) return this.#openParser(signature);
    if (compression !== 'gzip' && compression !== 'zstd') throw this.#refusal(compression);
    this.#compression = compression;
    const decompressor = createDecompressor(compression, (bytes, start, end) => {
      this.#inner.push(bytes, start, end);
    });
    this.#decompressor = decompressor;
    return (bytes, start, end) => decompressor.push(bytes, start, end);
  }

  #openParser(signature: Uint8Array): ChunkSink {
    const kind = detectCapture(signature);
    if (kind === 'ascii-mode-transfer') {
      const detail = 'a pcapng capture that a transfer in ASCII mode damaged: transfer it again in binary mode';
      throw this.#error('ascii-mode-transfer', `${detail} (${describeStart(signature)})`, 0);
    }
    if (kind === 'none') {
      const twice = detectCompression(signature);
      if (twice !== undefined)
        throw this.#refusal(this.#compression === undefined ? twice : `${twice} inside ${this.#compression}`);
      throw this.#error('not-a-capture', `not a pcap or pcapng capture: at byte 0 ${describeStart(signature)}`, 0);
    }
    const parser = kind === 'pcap' ? new PcapParser(this.#events) : new PcapngParser(this.#events);
    this.#parser = parser;
    return (bytes, start, end) => {
      this.#bytes += end - start;
      parser.push(bytes, start, end);
    };
  }

  #refusal(compression: string): CaptureError {
    const detail = `compressed with ${compression}, which is not read here: decompress it first`;
    return this.#error('unsupported-compression', detail, 0);
  }

  #headerError(parser: CaptureParser | undefined, how: 'end' | 'interrupted'): CaptureError {
    if (how === 'interrupted') return this.#error('interrupted', 'interrupted before a file header was read');
    if (parser === undefined) {
      const inside = this.#compression === undefined ? '' : ` after decompression (${this.#compression})`;
      return this.#error('empty', `empty: 0 bytes${inside}`, 0);
    }
    const fault = this.#headerFault;
    if (fault === undefined || fault.reason === 'truncated-record') {
      const detail = `cut inside the file header: the input ends at byte ${this.#bytes}`;
      return this.#error('truncated-header', detail, this.#bytes);
    }
    const detail = `at byte ${fault.offset}: ${fault.message}`;
    if (parser.header === 'refused') return this.#error('unsupported-version', detail, fault.offset);
    if (fault.reason === 'ascii-mode-transfer') return this.#error('ascii-mode-transfer', detail, fault.offset);
    return this.#error('not-a-capture', `not a pcap or pcapng capture: ${detail}`, fault.offset);
  }

  #error(reason: CaptureError['reason'], detail: string, offset?: number): CaptureError {
    return new CaptureError(reason, this.#path, detail, offset);
  }
}

/** Holds the first {@link SIGNATURE_BYTES} back, then opens a sink for them and all that follows. */
class SignatureGate {
  readonly #open: (signature: Uint8Array) => ChunkSink;
  readonly #signature = new Uint8Array(SIGNATURE_BYTES);
  #length = 0;
  #sink: ChunkSink | undefined;

  constructor(open: (signature: Uint8Array) => ChunkSink) {
    this.#open = open;
  }

  push(bytes: Uint8Array, start: number, end: number): void | Promise<void> {
    if (this.#sink !== undefined) return this.#sink(bytes, start, end);
    const rest = Math.min(start + SIGNATURE_BYTES - this.#length, end);
    this.#signature.set(bytes.subarray(start, rest), this.#length);
    this.#length += rest - start;
    if (this.#length < SIGNATURE_BYTES) return undefined;
    const opened = this.#release();
    if (opened === undefined) return this.#sink!(bytes, rest, end);
    return opened.then(() => this.#sink!(bytes, rest, end));
  }

  /** The input was shorter than a signature: what there is must do. */
  finish(): void | Promise<void> {
    if (this.#sink === undefined && this.#length > 0) return this.#release();
    return undefined;
  }

  #release(): void | Promise<void> {
    this.#sink = this.#open(this.#signature.subarray(0, this.#length));
    return this.#sink(this.#signature, 0, this.#length);
  }
}
