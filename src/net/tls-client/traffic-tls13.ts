import { Reader } from '../../bytes/reader.ts';
import { HANDSHAKE_TYPES, HandshakeType, Version } from '../../tls/code-points.ts';
import { readNewSessionTicket, writeHandshake } from '../../tls/handshake.ts';
import { type HashName, nextTrafficSecret } from '../../tls/key-schedule.ts';
import { openTls13Record, sealTls13Record } from '../../tls/record-protection.ts';
import { malformed } from './ending.ts';
import type { Exchange, Said } from './exchange.ts';
import type { IncomingMessage } from './message-layer.ts';

/** Milliseconds for what a server may send before it has seen our flight to come out of the socket. */
const EARLY_MS = 1;

/** Something that a server says under application keys. */
export type Heard =
  | { readonly kind: 'ticket' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'application-data'; readonly bytes: Uint8Array };

/** Application keys of both directions, and the messages that come under them (RFC 8446 section 4.6). */
export class TrafficTls13 {
  readonly #exchange: Exchange;
  readonly #suite: string;
  readonly #hash: HashName;
  #server: Uint8Array;
  #client: Uint8Array;

  constructor(exchange: Exchange, suite: string, hash: HashName, server: Uint8Array, client: Uint8Array) {
    this.#exchange = exchange;
    this.#suite = suite;
    this.#hash = hash;
    this.#server = server;
    this.#client = client;
  }

  openReads(): void {
    this.#exchange.records.openWith({ form: 'tls13', opener: openTls13Record(this.#suite, this.#server) });
  }

  sealWrites(): void {
    this.#exchange.records.sealWith(sealTls13Record(this.#suite, this.#client));
  }

  /** Passes over what came before our flight, which proves nothing of how the server judged it. */
  async passEarly(): Promise<void> {
    const deadline = performance.now() + EARLY_MS;
    while ((await this.hear(deadline)).kind !== 'timeout');
  }

  /** @throws Ending at an alert or an end */
  async hear(deadline: number): Promise<Heard> {
    for (;;) {
      const said = await this.#exchange.listen(deadline);
      const heard = said.kind === 'handshake' ? this.#take(said) : other(said);
      if (heard !== undefined) return heard;
    }
  }

  #take(message: IncomingMessage): Heard | undefined {
    switch (message.type) {
      case HandshakeType.newSessionTicket:
        readNewSessionTicket(new Reader(message.body, 'new_session_ticket'), Version.TLS13);
        return { kind: 'ticket' };
      case HandshakeType.keyUpdate:
        this.#update(message.body);
        return undefined;
      default:
        throw malformed(`${HANDSHAKE_TYPES.name(message.type)} after the handshake`);
    }
  }

  /** RFC 8446 section 4.6.3. */
  #update(body: Uint8Array): void {
    const reader = new Reader(body, 'key_update');
    const wanted = reader.uint8('request_update');
    reader.end();
    if (this.#exchange.messages.pending) throw malformed('messages behind KeyUpdate in its record');
    this.#server = nextTrafficSecret(this.#hash, this.#server);
    this.openReads();
    if (wanted !== 1) return;
    this.#exchange.sendMessages(writeHandshake({ type: HandshakeType.keyUpdate, body: Uint8Array.of(0) }));
    this.#client = nextTrafficSecret(this.#hash, this.#client);
    this.sealWrites();
  }
}

function other(said: Exclude<Said, IncomingMessage>): Heard | undefined {
  return said.kind === 'change-cipher-spec' ? undefined : said;
}
