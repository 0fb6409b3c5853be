/**
 * One side of a TCP connection. `0` is the side believed to be the client: the sender of the SYN where one was
 * captured, else the sender of the first segment. Content may tell otherwise later (`clientSide` of a follower).
 */
export type Side = 0 | 1;

/** How sure a follower is that a connection speaks its protocol. `no` is final, so is `sure`. */
export type Certainty = 'no' | 'maybe' | 'sure';

/**
 * Follows the two byte streams of one connection.
 *
 * Fed in order and without overlap, in chunks of any size. The bytes are valid during the call only: copy what is
 * kept. `streamOffset` counts from the first byte after the SYN, or from the first byte seen. Never throws on any
 * input; never holds more than its own named limits.
 */
export interface StreamFollower {
  readonly certainty: Certainty;
  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void;
  /** `length` bytes of this side were lost; what follows continues after them. */
  gap(side: Side, length: number, streamOffset: number): void;
  /** No more bytes come from this side. */
  close(side: Side, how: 'fin' | 'rst' | 'cut'): void;
}
