import type { Side } from '../bytes/stream.ts';
import type { Connection } from '../capture/connection.ts';
import type { ClearReading } from '../model/probe.ts';
import type { UndecidedReason } from '../model/report.ts';
import type { TlsReading } from '../tls/reading.ts';
import type { ForeignBytes } from '../tls/record-stream.ts';
import type { Dialogue, SideHead } from './dialogue.ts';

/** What one connection came to, without its streams: small enough to keep until names and channels are known. */
export interface ConnectionRecord {
  readonly hosts: readonly [string, string];
  readonly ports: readonly [number, number];
  readonly encapsulation: number;
  readonly interfaceId: number;
  readonly first: Moment;
  readonly last: Moment;
  readonly syn: 'seen' | 'not-seen';
  readonly synAck: 'seen' | 'not-seen';
  readonly reset: 'no' | 'by-0' | 'by-1';
  /** Stream lengths, holes included, repetitions not. */
  readonly bytes: readonly [number, number];
  readonly gapBytes: number;
  readonly gaps: number;
  readonly cutBytes: number;
  /** Packets of any kind, per side. */
  readonly packets: readonly [number, number];
  readonly duplicates: number;
  readonly heads: readonly [SideHead, SideHead];
  readonly limits: readonly string[];
  readonly speech: RecordedSpeech;
}

export interface Moment {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

export type RecordedSpeech =
  | {
      readonly kind: 'tls';
      readonly reading: TlsReading;
      readonly foreign: readonly [ForeignBytes | undefined, ForeignBytes | undefined];
    }
  | { readonly kind: 'clear'; readonly reading: ClearReading }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'undecided'; readonly because: UndecidedReason };

export function recordConnection(connection: Connection, dialogue: Dialogue | undefined): ConnectionRecord {
  const [a, b] = connection.directions;
  const empty: SideHead = { bytes: new Uint8Array(0), length: 0, frame: 0, ended: 'no', order: 'neither' };
  const ended = (side: Side): SideHead => ({ ...empty, ended: connection.directions[side].closed });
  return {
    hosts: [connection.host(0), connection.host(1)],
    ports: connection.port,
    encapsulation: connection.encapsulation,
    interfaceId: connection.interfaceId,
    first: { frame: connection.firstFrame, seconds: connection.firstSeconds, nanoseconds: connection.firstNanoseconds },
    last: { frame: connection.lastFrame, seconds: connection.lastSeconds, nanoseconds: connection.lastNanoseconds },
    syn: connection.syn,
    synAck: connection.synAck,
    reset: connection.reset,
    bytes: [a.offset, b.offset],
    gaps: a.gaps + b.gaps,
    gapBytes: a.gapBytes + b.gapBytes,
    cutBytes: a.cutBytes + b.cutBytes,
    packets: [a.packets, b.packets],
    duplicates: connection.duplicates,
    heads: dialogue === undefined ? [ended(0), ended(1)] : [dialogue.head(0), dialogue.head(1)],
    limits: [...connection.limits],
    speech: dialogue === undefined ? { kind: 'silent' } : recordSpeech(dialogue),
  };
}

function recordSpeech(dialogue: Dialogue): RecordedSpeech {
  const speech = dialogue.speech();
  switch (speech.kind) {
    case 'tls':
      return { kind: 'tls', reading: speech.tls.reading(), foreign: speech.tls.foreign };
    case 'clear':
      return { kind: 'clear', reading: speech.follower.reading() };
    default:
      return speech;
  }
}

/** Seconds of packet time between which it was seen. */
export function heardOf({ first, last }: ConnectionRecord): { readonly from: number; readonly until: number } {
  return { from: first.seconds, until: last.seconds };
}
