import type { Channel } from '../model/channel.ts';
import type { Endpoint } from '../model/report.ts';
import type { ChannelCell, DaemonStatus, Happening, RunSummary, Transition, Trigger, WireStatus } from './types.ts';

/** The closed list of `event` on `/api/v1/live`. */
export const LIVE_EVENTS = [
  'hello',
  'run-started',
  'run-finished',
  'finding',
  'channel',
  'happening',
  'wire',
  'connection',
  'clear-transfer',
  'status',
] as const;
export type LiveEventName = (typeof LIVE_EVENTS)[number];

/** Data of each event, by its name. */
export interface LiveData {
  readonly hello: { readonly version: string; readonly oldest: number; readonly newest: number };
  readonly 'run-started': { readonly id: string; readonly cluster: string; readonly trigger: Trigger };
  readonly 'run-finished': RunSummary;
  readonly finding: Omit<Transition, 'run'> & { readonly run?: string };
  readonly channel: ChannelCell;
  readonly happening: Happening;
  readonly wire: WireStatus;
  /** One that the wire shows, once what it speaks is known. */
  readonly connection: {
    readonly cluster: string;
    readonly channel: Channel;
    readonly server: Endpoint;
    readonly client?: Endpoint;
    readonly kind: 'tls' | 'plaintext';
    /** Of TLS, where its server answered. */
    readonly version?: string;
    readonly cipherSuite?: string;
    /** First frame, of the capture that is watched. */
    readonly frame?: number;
    /** Time of its last packet so far, as the capture has it. */
    readonly seenAt: string;
  };
  readonly 'clear-transfer': {
    readonly cluster: string;
    readonly channel: Channel;
    readonly server: Endpoint;
    readonly client?: Endpoint;
    readonly kind: string;
    readonly bytes: number;
    /** Frame of the capture that is watched. */
    readonly frame: number;
    /** Time of the last packet of its connection, as the capture has it. */
    readonly seenAt?: string;
  };
  readonly status: DaemonStatus;
}

/** Live events as they are published; a number and a time are given on the way. */
export type Publish = <Name extends LiveEventName>(event: Name, data: LiveData[Name]) => void;

/** One event of the ring from which readers resume. */
export interface LiveEvent {
  /** From 1, without holes while the daemon lives. */
  readonly seq: number;
  readonly at: string;
  readonly event: LiveEventName;
  readonly data: LiveData[LiveEventName];
}

/** The ring of live events. A reader that falls behind is dropped, never buffered without bound. */
export interface Live {
  readonly newest: number;
  /** One behind the newest where the ring is empty. */
  readonly oldest: number;
  /** Events after `seq`, or undefined where the ring no longer holds all of them. */
  since(seq: number): readonly LiveEvent[] | undefined;
  /** Returns how to stop listening. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
}
