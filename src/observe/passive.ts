import type { Connection } from '../capture/connection.ts';
import type { Segment } from '../capture/segment.ts';
import { ConnectionTracker, type TrackerStatistics } from '../capture/tracker.ts';
import type { ClearProtocol } from '../model/probe.ts';
import type { KeyLog } from '../tls/key-log.ts';
import { Dialogue } from './dialogue.ts';
import { type KeptConnection, KeptConnections } from './kept.ts';
import { type ConnectionRecord, recordConnection } from './record.ts';

export interface PassiveOptions {
  readonly protocols: readonly ClearProtocol[];
  readonly keyLog?: KeyLog;
  /** Weight of what is kept one by one; `MAX_KEPT_WEIGHT` where absent. */
  readonly maxKept?: number;
  /** Keeps what connections came to; all that there is room for where absent. */
  readonly keeper?: Keeper;
}

/** Where records of ended connections go. */
export interface Keeper {
  add(record: ConnectionRecord): void;
  list(): KeptConnection[];
  /** Connections that are not listed by themselves. */
  readonly folded: number;
}

export interface PassiveTotals {
  connections: number;
  refusedAttempts: number;
  unansweredAttempts: number;
  clearBytes: number;
  tlsBytes: number;
  clearUnknownConnections: number;
  oneSidedConnections: number;
  gaps: number;
  gapBytes: number;
}

/** The wire witness: segments in, one record a connection out. Reads no clock and opens nothing. */
export class PassiveWitness {
  readonly totals: PassiveTotals = {
    connections: 0,
    refusedAttempts: 0,
    unansweredAttempts: 0,
    clearBytes: 0,
    tlsBytes: 0,
    clearUnknownConnections: 0,
    oneSidedConnections: 0,
    gaps: 0,
    gapBytes: 0,
  };
  /** What was kept, in the order of first packets; empty until `finish`. */
  kept: KeptConnection[] = [];
  readonly #kept: Keeper;
  readonly #options: PassiveOptions;
  readonly #tracker: ConnectionTracker;
  readonly #open = new Map<Connection, Dialogue>();

  constructor(options: PassiveOptions) {
    this.#options = options;
    this.#kept = options.keeper ?? new KeptConnections(options.maxKept);
    this.#tracker = new ConnectionTracker({
      carriesData: (connection) => this.#carriesData(connection),
      finished: (connection) => this.#finished(connection),
    });
  }

  take(segment: Segment): void {
    this.#tracker.take(segment);
  }

  /** Connections that carry data and have not ended, with what they speak. */
  get open(): ReadonlyMap<Connection, Dialogue> {
    return this.#open;
  }

  /** Connection of the last segment that belongs to one, unless it is gone. */
  get last(): Connection | undefined {
    return this.#tracker.last;
  }

  finish(): void {
    this.#tracker.finish();
    this.kept = this.#kept.list();
  }

  get statistics(): TrackerStatistics {
    return this.#tracker.statistics;
  }

  /** Named limits that were hit, with how often. */
  limits(): Record<string, number> {
    const limits = Object.fromEntries(this.#tracker.statistics.limits);
    if (this.#kept.folded > 0) limits.keptConnections = this.#kept.folded;
    return limits;
  }

  #carriesData(connection: Connection): void {
    const start = connection.syn === 'seen' || connection.synAck === 'seen' ? 'syn' : 'midstream';
    const { protocols, keyLog } = this.#options;
    const dialogue = new Dialogue(start, protocols, keyLog !== undefined && keyLog.size > 0 ? keyLog : undefined);
    connection.consumer = dialogue;
    this.#open.set(connection, dialogue);
  }

  #finished(connection: Connection): void {
    const dialogue = connection.consumer instanceof Dialogue ? connection.consumer : undefined;
    connection.consumer = undefined;
    this.#open.delete(connection);
    if (dialogue === undefined && connection.synAck === 'not-seen') {
      if (connection.reset !== 'no') this.totals.refusedAttempts++;
      else this.totals.unansweredAttempts++;
      return;
    }
    const record = recordConnection(connection, dialogue);
    this.#count(record);
    this.#kept.add(record);
  }

  #count(record: ConnectionRecord): void {
    const { totals } = this;
    const bytes = record.bytes[0] + record.bytes[1];
    totals.connections++;
    totals.gaps += record.gaps;
    totals.gapBytes += record.gapBytes;
    if (isOneSided(record)) totals.oneSidedConnections++;
    if (record.speech.kind === 'tls') totals.tlsBytes += bytes;
    else totals.clearBytes += bytes;
    if (record.speech.kind === 'unknown') totals.clearUnknownConnections++;
  }
}

/** One of the two sides was never heard, not even an acknowledgement. */
export function isOneSided(record: ConnectionRecord): boolean {
  return record.packets[0] === 0 || record.packets[1] === 0;
}
