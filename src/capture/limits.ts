/** What the reassembly may hold. Each limit protects the memory of the process and is reported when it is hit. */
export const TcpLimits: {
  readonly heldBytesPerDirection: number;
  readonly heldSegmentsPerDirection: number;
  readonly heldBytesPerProcess: number;
  readonly openConnections: number;
} = {
  /** Bytes of out-of-order data that one direction may hold back behind a hole. */
  heldBytesPerDirection: 4 * 1024 * 1024,
  /** Segments that one direction may hold back behind a hole. */
  heldSegmentsPerDirection: 4096,
  /** Bytes of out-of-order data that all connections together may hold back. */
  heldBytesPerProcess: 32 * 1024 * 1024,
  /**
   * Connections that are followed at the same time; beyond it those idle for longest are closed. Each takes some 6 kB;
   * 64 TaskManagers that all exchange data, seen at one mirror port, have 4,032.
   */
  openConnections: 4096,
};

export type TcpLimitName = keyof typeof TcpLimits;

/**
 * A hole that the peer has acknowledged is skipped this much later (seconds of packet time), or when this many later
 * segments wait behind it: an acknowledgement may be captured before the data that it acknowledges.
 */
export const ACKNOWLEDGED_HOLE_SECONDS = 1;
export const ACKNOWLEDGED_HOLE_SEGMENTS = 64;

/** A closed connection is kept this long (seconds of packet time) for late and repeated segments. */
export const CLOSED_LINGER_SECONDS = 10;
/** Closed connections that linger at most: a capture of short connections would else hold them all. */
export const CLOSED_LINGER_CONNECTIONS = 256;
