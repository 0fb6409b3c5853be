import type { Connection } from '../capture/connection.ts';
import { Decoder } from '../capture/decoder.ts';
import type { Precision } from '../capture/events.ts';
import type { Packet } from '../capture/packet.ts';
import type { Segment } from '../capture/segment.ts';
import type { Topology } from '../flink/topology.ts';
import type { ClearReading, Probe } from '../model/probe.ts';
import type { CaptureQuality, Input, Observation, StateTransfer } from '../model/report.ts';
import { KeyLog } from '../tls/key-log.ts';
import { CertificateCache } from '../x509/certificate.ts';
import type { CaptureRun } from './captures.ts';
import { type Dialogue, protocolsOf } from './dialogue.ts';
import { PASS_ALL, type SegmentFilter, segmentTest } from './filter.ts';
import { type KeptConnection, KeptConnections } from './kept.ts';
import { type Counts, countsOf, difference } from './live-counts.ts';
import { LiveEvidence } from './live-evidence.ts';
import type { LiveMemory } from './live-memory.ts';
import { LiveSource, type SourceName } from './live-source.ts';
import { type ObservationContext, observations } from './observations.ts';
import { type Keeper, PassiveWitness } from './passive.ts';
import { type ConnectionRecord, heardOf, recordConnection } from './record.ts';
import { formatTime } from './time.ts';

/** State or records that went over the wire in clear, told while its connection goes on. */
export interface LiveTransfer {
  readonly observation: Observation;
  readonly transfer: StateTransfer;
  /** A pcapng of the connection's first packets, where evidence is wanted and was not told before. */
  readonly evidence?: Uint8Array;
}

/** A connection of which it has just become clear what it speaks. */
export interface LiveConnection {
  readonly observation: Observation;
}

export interface LiveViewOptions {
  readonly probes: readonly Probe[];
  /** Learns from the traffic; shared with whoever judges the snapshots. */
  readonly topology: Topology;
  readonly keyLog?: KeyLog;
  readonly filter?: SegmentFilter;
  /** Segments that are none of the cluster's: counted as packets, and followed no further. */
  readonly leaveOut?: (segment: Segment) => boolean;
  /** Where it goes on without end; absent: everything is kept that there is room for, as of a file. */
  readonly memory?: LiveMemory;
  /** Bytes of packets kept of the beginning of a connection; absent: no evidence. */
  readonly evidenceBytes?: number;
  readonly onConnection?: (told: LiveConnection) => void;
  readonly onTransfer?: (told: LiveTransfer) => void;
}

/** Counted since the view was opened, connections that go on included. */
export interface LiveTotals {
  readonly packets: number;
  readonly drops: number;
  readonly connections: number;
  readonly clearBytes: number;
  readonly tlsBytes: number;
}

/** Connections that are described one by one in one look: a flood costs no more. The others are in the totals. */
const MAX_TOLD_PER_LOOK = 256;
/** Seconds for which a connection that has just begun may still say what it is, before a snapshot judges it. */
const BEGINNING_SECONDS = 5;
/** Sources whose frames are told by file. */
const MAX_PLACES = 4096;

interface Told {
  /** The last frame that a look was given to. */
  lastFrame: number;
  /** The last frame that was noticed, and when, by the clock of the memory. */
  heardFrame: number;
  heardAt: number;
  /** What it speaks was told. */
  speech: 'not-told' | 'told';
  readonly transfers: Set<string>;
}

/**
 * The wire witness of traffic that goes on: packets of one or more sources in, and what they come to told at every
 * `look`, as a run at every `snapshot`, or once by `finish`. Reads no clock and opens nothing.
 */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #witness: PassiveWitness;
  readonly #keeper: Keeper;
  readonly #decoder: Decoder;
  readonly #evidence: LiveEvidence | undefined;
  readonly #context: ObservationContext;
  readonly #keyLog: KeyLog;
  readonly #names = new Map<string, string>();
  /** By the first frame of the connection. */
  readonly #told = new Map<number, Told>();
  /** Connections that may still be described before the next look. */
  #room = MAX_TOLD_PER_LOOK;
  #sources: LiveSource[] = [];
  #places: { readonly firstFrame: number; readonly name: SourceName }[] = [];
  #frame = 0;
  #nextInterfaceId = 0;
  #packet: Packet | undefined;
  #problems: CaptureQuality['problems'][number][] = [];
  #precision: Precision = 'us';
  /** Time of the last packet: the newest time would hold for good, were it one that a clock took back. */
  #latestSeconds = 0;
  #segments = 0;
  #dropsOfEnded = 0;
  #before: Counts;
  #limitsBefore: Readonly<Record<string, number>> = {};

  constructor(options: LiveViewOptions) {
    this.#options = options;
    const kept = options.memory ?? new KeptConnections();
    this.#keeper = {
      add: (record) => {
        this.#ended(record);
        kept.add(record);
      },
      list: () => kept.list(),
      get folded() {
        return kept.folded;
      },
    };
    this.#keyLog = options.keyLog ?? new KeyLog();
    this.#witness = new PassiveWitness({
      protocols: protocolsOf(options.probes),
      keyLog: this.#keyLog,
      keeper: this.#keeper,
    });
    if (options.evidenceBytes !== undefined) this.#evidence = new LiveEvidence(options.evidenceBytes);
    const passes = segmentTest(options.filter ?? PASS_ALL);
    this.#decoder = new Decoder(
      (segment) => {
        if (passes !== undefined && !passes(segment)) return;
        if (options.leaveOut?.(segment)) return;
        this.#segments++;
        this.#witness.take(segment);
        if (this.#evidence === undefined) return;
        const { last } = this.#witness;
        if (last !== undefined && last.lastFrame === segment.frame) this.#evidence.take(last, this.#packet!);
      },
      { onProblem: (problem) => this.#note(problem) },
    );
    this.#context = {
      topology: options.topology,
      probes: new Map(options.probes.map((probe) => [probe.id, probe])),
      encapsulations: this.#decoder.encapsulations,
      certificates: new CertificateCache(),
      place: (frame) => this.#placeOf(frame),
      time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, this.#precision),
    };
    this.#before = countsOf(this.#witness, this.#decoder);
  }

  /** A stream of packets. Several may be open at once; packets are numbered in the order in which they come. */
  open(name: SourceName): LiveSource {
    if (name.kind === 'capture') {
      this.#places.push({ firstFrame: this.#frame + 1, name });
      if (this.#places.length > MAX_PLACES) this.#places = this.#places.slice(MAX_PLACES / 2);
    }
    const source = new LiveSource(name, (packet) => this.#take(packet), {
      firstInterfaceId: this.#nextInterfaceId,
      onInterface: ({ id }) => {
        this.#nextInterfaceId = Math.max(this.#nextInterfaceId, id + 1);
      },
      onName: (address, [first]) => {
        if (first === undefined) return;
        this.#names.set(address, first);
        this.#options.topology.addName(address, first);
      },
      onSecrets: (text) => this.#keyLog.add(text),
    });
    this.#sources.push(source);
    return source;
  }

  get totals(): LiveTotals {
    const { connections, clearBytes, tlsBytes } = countsOf(this.#witness, this.#decoder);
    return { packets: this.#frame, drops: this.#drops(), connections, clearBytes, tlsBytes };
  }

  /** Segments since it was opened, of connections that are followed. */
  get segments(): number {
    return this.#segments;
  }

  /** Tells what became known since the last look. */
  look(): void {
    this.#room = MAX_TOLD_PER_LOOK;
    const now = this.#options.memory?.now ?? 0;
    for (const [connection, dialogue] of this.#witness.open) {
      const told = this.#told.get(connection.firstFrame) ?? this.#meet(connection.firstFrame);
      if (told.heardFrame !== connection.lastFrame) {
        told.heardFrame = connection.lastFrame;
        told.heardAt = now;
      }
      // Those for which there is no room are looked at next time.
      if (told.lastFrame === connection.lastFrame || this.#room <= 0) continue;
      told.lastFrame = connection.lastFrame;
      this.#lookAt(connection, dialogue, told);
    }
  }

  /** What was seen lately, as a run of captures: what goes on and what the memory holds. Begins to count anew. */
  snapshot(): CaptureRun {
    const { memory } = this.#options;
    const records = [...this.#witness.open]
      .filter(([connection, dialogue]) => this.#isWorthTelling(connection, dialogue))
      .map(([connection, dialogue]) => recordConnection(connection, dialogue));
    const kept: KeptConnection[] =
      memory === undefined ? records.map((record) => ({ record, repeats: 0 })) : memory.snapshot(records);
    return this.#run(kept, 'complete');
  }

  /** All that was seen; nothing can be looked at afterwards. */
  finish(end: 'complete' | 'incomplete'): CaptureRun {
    this.look();
    this.#decoder.finish();
    this.#witness.finish();
    return this.#run(this.#witness.kept, end);
  }

  #take(packet: Packet): void {
    packet.frame = ++this.#frame;
    this.#packet = packet;
    if (packet.seconds >= 0) this.#latestSeconds = packet.seconds;
    this.#decoder.decode(packet);
  }

  #meet(firstFrame: number): Told {
    const told: Told = { lastFrame: -1, heardFrame: -1, heardAt: 0, speech: 'not-told', transfers: new Set() };
    this.#told.set(firstFrame, told);
    return told;
  }

  #lookAt(connection: Connection, dialogue: Dialogue, told: Told): void {
    const speech = dialogue.speech();
    if (speech.kind === 'undecided') return;
    if (speech.kind === 'tls') this.#evidence?.settle(connection.firstFrame);
    const hasMore = speech.kind === 'clear' && this.#hasMore(speech.follower.reading(), told);
    if (told.speech === 'told' && !hasMore) return;
    if (speech.kind === 'tls' && speech.tls.reading().outcome === 'incomplete') return;
    this.#tell(recordConnection(connection, dialogue), told);
  }

  /** A connection is gone: what was not told of it yet is told now. */
  #ended(record: ConnectionRecord): void {
    const firstFrame = record.first.frame;
    const told = this.#told.get(firstFrame) ?? this.#meet(firstFrame);
    const { speech } = record;
    const hasMore = speech.kind === 'clear' && this.#hasMore(speech.reading, told);
    const isNew = told.speech === 'not-told' && speech.kind !== 'silent' && speech.kind !== 'undecided';
    if (hasMore || (isNew && this.#room > 0)) this.#tell(record, told);
    this.#told.delete(firstFrame);
    this.#evidence?.settle(firstFrame);
  }

  #hasMore(reading: ClearReading, told: Told): boolean {
    return reading.stateTransfer.some((one) => !told.transfers.has(keyOf(one)));
  }

  #tell(record: ConnectionRecord, told: Told): void {
    this.#room--;
    const { speech } = record;
    if (speech.kind === 'clear') {
      const heard = heardOf(record);
      for (const hint of speech.reading.hints) this.#options.topology.learn(hint, record.hosts, record.ports, heard);
    }
    const observation = observations([{ record, repeats: 0 }], this.#context)[0]!;
    if (told.speech === 'not-told') {
      told.speech = 'told';
      this.#options.onConnection?.({ observation });
    }
    if (speech.kind !== 'clear') return;
    const fresh = speech.reading.stateTransfer.filter((one) => !told.transfers.has(keyOf(one)));
    if (fresh.length === 0) return;
    let evidence = told.transfers.size === 0 ? this.#evidence?.capture(record.first.frame) : undefined;
    for (const one of fresh) {
      told.transfers.add(keyOf(one));
      // Made of the same list, in the same order.
      const transfer = observation.plaintext!.stateTransfer[speech.reading.stateTransfer.indexOf(one)]!;
      this.#options.onTransfer?.({ observation, transfer, ...(evidence === undefined ? {} : { evidence }) });
      evidence = undefined;
    }
    this.#evidence?.settle(record.first.frame);
  }

  /** What has only begun says nothing yet; what was not heard of for long has ended, and its end was missed. */
  #isWorthTelling(connection: Connection, dialogue: Dialogue): boolean {
    const { memory } = this.#options;
    const told = this.#told.get(connection.firstFrame);
    const isSilent = told?.heardFrame === connection.lastFrame;
    if (memory !== undefined && isSilent && !memory.holds(told.heardAt)) return false;
    if (Math.abs(this.#latestSeconds - connection.firstSeconds) >= BEGINNING_SECONDS) return true;
    const speech = dialogue.speech();
    return speech.kind === 'tls' ? speech.tls.reading().outcome !== 'incomplete' : speech.kind !== 'undecided';
  }

  #run(kept: KeptConnection[], end: 'complete' | 'incomplete'): CaptureRun {
    const now = countsOf(this.#witness, this.#decoder);
    const totals = difference(now, this.#before);
    this.#before = now;
    const inputs = this.#describe(totals);
    return {
      witness: { kept, totals },
      inputs,
      encapsulations: this.#decoder.encapsulations,
      precision: this.#precision,
      names: this.#names,
      datagrams: totals.datagrams,
      complete: end === 'complete',
      secrets: this.#keyLog.size > 0 ? 'in-time' : 'none',
      place: (frame) => this.#placeOf(frame),
    };
  }

  /** Holes and one-sided connections belong to connections, not to sources: they stand with the last one. */
  #describe({ gaps, gapBytes, oneSidedConnections, badChecksums, undecodedPackets, duplicates }: Counts): Input[] {
    const counted = { gaps, gapBytes, oneSidedConnections, badChecksums, undecodedPackets, duplicates };
    const none = { gaps: 0, gapBytes: 0, oneSidedConnections: 0, badChecksums: 0, undecodedPackets: 0, duplicates: 0 };
    this.#precision = this.#sources.some(({ precision }) => precision === 'ns') ? 'ns' : this.#precision;
    const limits = this.#newLimits();
    const inputs = this.#sources.map((source, at): Input => {
      const isLast = at === this.#sources.length - 1;
      const input = source.describe(isLast ? counted : none);
      if (!isLast || input.quality === undefined) return input;
      const problems = [...input.quality.problems, ...this.#problems];
      return {
        ...input,
        quality: { ...input.quality, problems, ...(Object.keys(limits).length === 0 ? {} : { limits }) },
      };
    });
    this.#problems = [];
    for (const source of this.#sources) if (source.state === 'ended') this.#dropsOfEnded += source.drops;
    this.#sources = this.#sources.filter(({ state }) => state === 'open');
    return inputs;
  }

  #newLimits(): Record<string, number> {
    const now = { ...this.#decoder.statistics.limits, ...this.#witness.limits() };
    const before = this.#limitsBefore;
    this.#limitsBefore = now;
    return Object.fromEntries(
      Object.entries(now).flatMap(([name, count]) => {
        const more = count - (before[name] ?? 0);
        // Forgetting is what a memory is for.
        return more > 0 && !(name === 'keptConnections' && this.#options.memory !== undefined) ? [[name, more]] : [];
      }),
    );
  }

  #drops(): number {
    return this.#sources.reduce((sum, { drops }) => sum + drops, this.#dropsOfEnded);
  }

  #placeOf(frame: number): { readonly frame: number; readonly file?: string } {
    const place = this.#places.findLast(({ firstFrame }) => firstFrame <= frame);
    return place === undefined ? { frame } : { frame: frame - place.firstFrame + 1, file: place.name.path };
  }

  #note(problem: CaptureQuality['problems'][number]): void {
    if (this.#problems.length < MAX_NOTED_PROBLEMS) this.#problems.push(problem);
  }
}

/** Problems of decoding told of one snapshot. */
const MAX_NOTED_PROBLEMS = 100;

function keyOf({ kind, side }: ClearReading['stateTransfer'][number]): string {
  return `${kind} ${side}`;
}
