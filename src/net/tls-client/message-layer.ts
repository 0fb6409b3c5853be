import { copyOf } from '../../bytes/copy.ts';
import type { Alert } from '../../tls/alert.ts';
import { ContentType } from '../../tls/code-points.ts';
import { writeHandshake } from '../../tls/handshake.ts';
import { HANDSHAKE_MESSAGE_MAX, HandshakeAssembler } from '../../tls/handshake-assembler.ts';
import type { RecordLayer, RecordRead } from './record-layer.ts';

export interface IncomingMessage {
  readonly kind: 'handshake';
  readonly type: number;
  readonly body: Uint8Array;
  /** With its header, as the transcript takes it. */
  readonly raw: Uint8Array;
}

/** What the other side said, whatever records it came in. */
export type Incoming =
  | IncomingMessage
  | { readonly kind: 'change-cipher-spec' }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'application-data'; readonly bytes: Uint8Array }
  | Exclude<RecordRead, { readonly kind: 'record' }>;

/** Puts messages and alerts together from records: they may share one, or span several (RFC 8446 section 5.1). */
export class MessageLayer {
  readonly records: RecordLayer;
  readonly #queue: Incoming[] = [];
  readonly #assembler: HandshakeAssembler;
  #alertLevel: number | undefined;

  constructor(records: RecordLayer) {
    this.records = records;
    this.#assembler = new HandshakeAssembler((type, body, cut, length) => {
      this.#queue.push(
        cut
          ? { kind: 'fault', problem: `message of ${length} bytes: at most ${HANDSHAKE_MESSAGE_MAX} are read` }
          : { kind: 'handshake', type, body: copyOf(body), raw: writeHandshake({ type, body }) },
      );
    });
  }

  /** Whether something of the last record is left: keys must not change there (RFC 8446 section 5.1). */
  get pending(): boolean {
    return this.#queue.length > 0 || this.#assembler.pending;
  }

  /** @param deadline as `performance.now()` counts */
  async next(deadline: number): Promise<Incoming> {
    for (;;) {
      const queued = this.#queue.shift();
      if (queued !== undefined) return queued;
      const read = await this.records.next(deadline);
      if (read.kind !== 'record') return read;
      this.#take(read.type, read.content);
    }
  }

  #take(type: number, content: Uint8Array): void {
    switch (type) {
      case ContentType.handshake:
        this.#assembler.feed(content, 0, content.length);
        break;
      case ContentType.alert:
        this.#takeAlerts(content);
        break;
      case ContentType.changeCipherSpec:
        this.#queue.push(
          content.length === 1 && content[0] === 1
            ? { kind: 'change-cipher-spec' }
            : { kind: 'fault', problem: `change_cipher_spec of ${content.length} bytes` },
        );
        break;
      case ContentType.applicationData:
        this.#queue.push({ kind: 'application-data', bytes: copyOf(content) });
        break;
      default:
        this.#queue.push({ kind: 'fault', problem: `record of type ${type}, which was not negotiated` });
    }
  }

  /** TLS 1.2 lets alerts share records and span them. */
  #takeAlerts(content: Uint8Array): void {
    for (const octet of content) {
      if (this.#alertLevel === undefined) {
        this.#alertLevel = octet;
        continue;
      }
      const level = this.#alertLevel === 1 ? 'warning' : 'fatal';
      this.#queue.push({ kind: 'alert', alert: { level, code: octet } });
      this.#alertLevel = undefined;
    }
  }
}
