/** What one client may take of the daemon. */
export interface HttpLimits {
  /** Until all headers are there; slow ones are cut off. */
  readonly headersMs: number;
  /** Until the whole request is there. */
  readonly requestMs: number;
  /** How often the two above are looked after. */
  readonly checkMs: number;
  /** Between two requests of one connection; longer than Prometheus' usual interval. */
  readonly keepAliveMs: number;
  /** Nothing read and nothing written. */
  readonly idleMs: number;
  readonly headerBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** `/probe` requests at once. */
  readonly probes: number;
  /** Exports of the history at once. */
  readonly exports: number;
  /** Passwords that are hashed at once: each takes 32 MiB. */
  readonly hashes: number;
  /** Requests that wait for their password to be hashed. */
  readonly hashQueue: number;
  readonly live: LiveLimits;
  /** How often the own certificate's files are looked at. */
  readonly certificateMs: number;
}

export interface LiveLimits {
  readonly readers: number;
  readonly pingMs: number;
  /** Bytes that may wait for one reader; then nothing more is given to it until it has read. */
  readonly waitingBytes: number;
  /** A reader that reads nothing for so long is dropped. */
  readonly stallMs: number;
  /** Of a message of a reader: they have nothing to say. */
  readonly messageBytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  checkMs: 1_000,
  keepAliveMs: 65_000,
  idleMs: 120_000,
  headerBytes: 16 * 1024,
  headers: 100,
  bodyBytes: 64 * 1024,
  connections: 1024,
  probes: 16,
  exports: 1,
  hashes: 2,
  hashQueue: 64,
  live: { readers: 512, pingMs: 30_000, waitingBytes: 256 * 1024, stallMs: 10_000, messageBytes: 1024 },
  certificateMs: 5_000,
};
