import type { Side } from '../bytes/stream.ts';

/** One end of a connection, as the operating system knows it. */
export interface Address {
  /** IPv4 or IPv6 literal without zone and brackets. */
  readonly host: string;
  readonly port: number;
}

/** Why there is no connection; a part of the closed list of the report's `because`. */
export type DialFault = 'refused' | 'unreachable' | 'timeout' | 'connection-limit';

/** What crossed a connection. Side 0 is ours. Times are milliseconds since the epoch, with fractions. */
export type WireEvent =
  | { readonly kind: 'bytes'; readonly side: Side; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: 'end'; readonly side: Side; readonly how: 'fin' | 'rst'; readonly at: number };

/** All that is needed to judge a connection later, or to write it as a capture. */
export interface Transcript {
  readonly local: Address;
  readonly remote: Address;
  /** When the connection was asked for. */
  readonly startedAt: number;
  /** When it stood; absent where it never did. */
  readonly connectedAt?: number;
  readonly fault?: DialFault;
  readonly events: readonly WireEvent[];
  readonly endedAt: number;
  /** Secrets of our own handshake, lines in NSS key log format. */
  readonly secrets: readonly string[];
}

export type Received =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'fin' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' };

/** One open connection. What is sent and received is recorded. Never throws: a broken pipe reads as `reset`. */
export interface Wire {
  readonly local: Address;
  readonly remote: Address;
  send(bytes: Uint8Array): void;
  /** The next bytes, or how the other side ended; after an end, that end again. Bytes come before the end. */
  receive(timeoutMs: number): Promise<Received>;
  /** A line in NSS key log format, for the transcript. */
  addSecret(line: string): void;
  /** Ends our side and waits a little for the other's end; the transcript is whole then. */
  close(how: 'fin' | 'rst'): Promise<Transcript>;
}

export type Dialled =
  | { readonly kind: 'wire'; readonly wire: Wire }
  | { readonly kind: 'fault'; readonly transcript: Transcript };

/** Opens connections, within limits that it knows of (one at a time to a port, a cap a host, a rate, a total). */
export interface Dialer {
  dial(remote: Address, timeoutMs: number): Promise<Dialled>;
}
