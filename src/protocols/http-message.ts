import type { HttpRequestLine, HttpStatusLine } from './http-line.ts';

export type { HttpRequestLine, HttpStatusLine } from './http-line.ts';

/** How the body of a message is delimited (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  /** CONNECT: what follows depends on the answer. */
  | { readonly kind: 'pause' }
  /** The header section is the last of HTTP on this connection. */
  | { readonly kind: 'tunnel' };

export interface HttpHeader {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  /** Stream offset of the line, and the frame that ended it. */
  readonly streamOffset: number;
  readonly frame: number;
}

export interface HttpMessageHead {
  readonly start: HttpRequestLine | HttpStatusLine;
  /** The line as sent, without its end. */
  readonly line: string;
  readonly headers: readonly HttpHeader[];
  /** Place of the start line. */
  readonly streamOffset: number;
  readonly frame: number;
  /** First byte behind the header section. */
  readonly endOffset: number;
}

/** First value of a header, name in lower case. */
export function headerOf(head: HttpMessageHead, name: string): string | undefined {
  return head.headers.find((header) => header.name === name)?.value;
}
