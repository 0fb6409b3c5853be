import type { Connection } from '../capture/connection.ts';
import type { Segment } from '../capture/segment.ts';
import { ConnectionTracker, type TrackerStatistics } from '../capture/tracker.ts';
import type { ClearProtocol } from '../model/probe.ts';
import type { KeyLog } from '../tls/key-log.ts';
import { Dialogue } from './dialogue.ts';
import { type ConnectionRecord, recordConnection } from './record.ts';

/** Connections that are kept one by one; beyond it those like a kept one are only counted. Protects memory. */
export const MAX_KEPT_CONNECTIONS = 10_000;
/** Kept of each kind of connection, however many there are. */
const MAX_KEPT_ALIKE = 16;

export interface PassiveOptions {
  readonly protocols: readonly ClearProtocol[];
  readonly keyLog?: KeyLog;
  readonly maxKept?: number;
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

/** A connection that was kept, and how many more there were like it. */
export interface KeptConnection {
  readonly record: ConnectionRecord;
  repeats: number;
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
  readonly kept: KeptConnection[] = [];
  readonly #options: PassiveOptions;
  readonly #tracker: ConnectionTracker;
  readonly #alike = new Map<string, KeptConnection[]>();
  #notKept = 0;

  constructor(options: PassiveOptions) {
    this.#options = options;
    this.#tracker = new ConnectionTracker({
      carriesData: (connection) => this.#carriesData(connection),
      finished: (connection) => this.#finished(connection),
    });
  }

  take(segment: Segment): void {
    this.#tracker.take(segment);
  }

  finish(): void {
    this.#tracker.finish();
    this.kept.sort((a, b) => a.record.first.frame - b.record.first.frame);
  }

  get statistics(): TrackerStatistics {
    return this.#tracker.statistics;
  }

  /** Named limits that were hit, with how often. */
  limits(): Record<string, number> {
    const limits = Object.fromEntries(this.#tracker.statistics.limits);
    if (this.#notKept > 0) limits.keptConnections = this.#notKept;
    return limits;
  }

  #carriesData(connection: Connection): void {
    const start = connection.syn === 'seen' || connection.synAck === 'seen' ? 'syn' : 'midstream';
    const { protocols, keyLog } = this.#options;
    connection.consumer = new Dialogue(start, protocols, keyLog !== undefined && keyLog.size > 0 ? keyLog : undefined);
  }

  #finished(connection: Connection): void {
    const dialogue = connection.consumer instanceof Dialogue ? connection.consumer : undefined;
    connection.consumer = undefined;
    if (dialogue === undefined && connection.synAck === 'not-seen') {
      if (connection.reset !== 'no') this.totals.refusedAttempts++;
      else this.totals.unansweredAttempts++;
      return;
    }
    const record = recordConnection(connection, dialogue);
    this.#count(record);
    this.#keep(record);
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

  #keep(record: ConnectionRecord): void {
    const shape = shapeOf(record);
    const alike = this.#alike.get(shape);
    const isFull = this.kept.length >= (this.#options.maxKept ?? MAX_KEPT_CONNECTIONS);
    if (isFull && alike !== undefined && alike.length >= MAX_KEPT_ALIKE) {
      alike[this.#notKept % alike.length]!.repeats++;
      this.#notKept++;
      return;
    }
    const kept = { record, repeats: 0 };
    if (isFull && alike === undefined && this.#alike.size >= (this.#options.maxKept ?? MAX_KEPT_CONNECTIONS)) {
      this.#notKept++;
      return;
    }
    if (alike === undefined) this.#alike.set(shape, [kept]);
    else if (alike.length < MAX_KEPT_ALIKE) alike.push(kept);
    this.kept.push(kept);
  }
}

/** One of the two sides was never heard, not even an acknowledgement. */
export function isOneSided(record: ConnectionRecord): boolean {
  return record.packets[0] === 0 || record.packets[1] === 0;
}

/** What has to be equal for two connections to be alike: who talked to whom, and how it was protected. */
function shapeOf(record: ConnectionRecord): string {
  const { speech } = record;
  const parties = `${record.hosts[0]} ${record.hosts[1]} ${record.ports[1]} ${record.encapsulation} ${record.synAck}`;
  if (speech.kind === 'tls') {
    const { reading } = speech;
    return `${parties} tls ${reading.outcome} ${reading.version} ${reading.cipherSuite} ${reading.resumed} ${reading.clientAuthentication.verdict} ${reading.alerts.length} ${reading.ja3}`;
  }
  if (speech.kind === 'clear')
    return `${parties} ${speech.reading.protocol} ${speech.reading.channel} ${speech.reading.answered}`;
  return `${parties} ${speech.kind}`;
}
