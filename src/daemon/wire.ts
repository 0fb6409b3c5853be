import { setTimeout as pause } from 'node:timers/promises';
import type { Observation, Report } from '../model/report.ts';
import {
  type LiveCapture,
  type LiveCaptureEnd,
  type LiveCaptureOptions,
  startLiveCapture,
} from '../net/live-capture.ts';
import type { CaptureRun } from '../observe/captures.ts';
import type { LiveConnection, LiveTransfer, LiveView, LiveViewOptions } from '../observe/live.ts';
import { LiveMemory } from '../observe/live-memory.ts';
import type { LiveSource } from '../observe/live-source.ts';
import { Backoff } from './backoff.ts';
import { ClearNews } from './clear-news.ts';
import type { Publish } from './live-events.ts';
import type { Log } from './log.ts';
import type { CaptureSettings } from './settings.ts';
import type { WireStatus } from './types.ts';
import { EvidenceFolder, isEvidence } from './wire-evidence.ts';
import { CaptureFolder } from './wire-folder.ts';
import { readFile } from './wire-sources.ts';

/** What a live wire works with. */
export interface WireMeans {
  readonly cluster: string;
  readonly settings: CaptureSettings;
  /** BPF, pcap-filter(7). */
  readonly filter: string;
  /** A view that knows the cluster's names and probes. */
  readonly openView: (
    options: Pick<LiveViewOptions, 'memory' | 'evidenceBytes' | 'onConnection' | 'onTransfer'>,
  ) => LiveView;
  readonly judge: (run: CaptureRun) => Promise<Report>;
  /** Told of every snapshot: a run with trigger `live`. Must not throw. */
  readonly keep: (report: Report) => void;
  readonly publish: Publish;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds by a clock that nobody sets; that of the process where absent. */
  readonly monotonic?: () => number;
  /** Tests give their own. */
  readonly startCapture?: (options: LiveCaptureOptions) => Promise<LiveCapture>;
}

/** Between two looks at what goes by. */
const LOOK_EVERY_MS = 300;
/** Between two statuses, questions for drop counters, and looks into the folder. */
const STATUS_EVERY_MS = 1000;
/** What ended is told for so long, or for two snapshots. */
const REMEMBER_MS = 5 * 60_000;
/** Clear text that is new is judged so soon, and early at most so often: within two seconds, with the judgement. */
const EARLY_AFTER_MS = 700;
const EARLY_EVERY_MS = 1500;
/** Transfers and connections told one by one in a second; a flood stands in the next report. */
const MAX_TRANSFERS_PER_STATUS = 50;
const MAX_CONNECTIONS_PER_STATUS = 20;
/** Inputs of judgements that failed, which are told with the next. */
const MAX_OWED = 100;

/**
 * Watches the wire of one cluster: runs the capture and begins it anew when it dies, or reads what is rotated into a
 * folder; tells clear state transfers as they happen, and gives a report of what was seen at every snapshot.
 */
export class LiveWire {
  readonly #means: WireMeans;
  readonly #view: LiveView;
  readonly #evidence: EvidenceFolder | undefined;
  readonly #folder: CaptureFolder | undefined;
  readonly #stop = new AbortController();
  readonly #since: string;
  readonly #monotonic: () => number;
  #capture: LiveCapture | undefined;
  #sources: LiveSource[] = [];
  #state: WireStatus['state'] = 'restarting';
  #problem: string | undefined;
  #working: Promise<void> = Promise.resolve();
  #reading: Promise<void> | undefined;
  #judging: Promise<void> | undefined;
  #timers: NodeJS.Timeout[] = [];
  #early: NodeJS.Timeout | undefined;
  #lastSnapshotAt = Number.NEGATIVE_INFINITY;
  #awaited: 'nothing' | 'snapshot' = 'nothing';
  /** Segments of the view when the last snapshot was taken. */
  #judgedSegments = 0;
  #told = { transfers: 0, connections: 0 };
  /** What could not be judged: its losses stand in the next report. */
  #owed: CaptureRun['inputs'] = [];
  /** Why the last judgement failed. */
  #unjudged: string | undefined;
  readonly #news: ClearNews;

  constructor(means: WireMeans) {
    const { settings, clock, cluster } = means;
    this.#means = means;
    this.#monotonic = means.monotonic ?? (() => performance.now());
    this.#since = new Date(clock()).toISOString();
    const { evidence, folder } = settings;
    const rememberMs = Math.max(REMEMBER_MS, 2 * settings.everyMs);
    this.#news = new ClearNews(rememberMs, this.#monotonic);
    this.#view = means.openView({
      memory: new LiveMemory({ rememberMs, clock: this.#monotonic }),
      ...(evidence === undefined ? {} : { evidenceBytes: evidence.bytes }),
      onConnection: (told) => this.#heardConnection(told),
      onTransfer: (told) => this.#heardTransfer(told),
    });
    if (evidence !== undefined) this.#evidence = new EvidenceFolder(evidence.folder, cluster, clock, this.#monotonic);
    if (folder !== undefined)
      this.#folder = new CaptureFolder({ folder, clock, sinceMs: clock() - rememberMs, isOurs: isEvidence });
  }

  get status(): WireStatus {
    const { settings, cluster } = this.#means;
    const { packets, drops, connections, clearBytes, tlsBytes } = this.#view.totals;
    const problem = this.#problem ?? this.#unjudged;
    return {
      cluster,
      interfaces: settings.folder === undefined ? settings.interfaces : [settings.folder],
      state: this.#state === 'running' && problem !== undefined ? 'failed' : this.#state,
      ...(problem === undefined ? {} : { problem }),
      since: this.#since,
      packets,
      drops,
      clearBytes,
      tlsBytes,
      connections,
    };
  }

  start(): void {
    this.#timers = [
      setInterval(() => this.#view.look(), LOOK_EVERY_MS),
      setInterval(() => this.#everySecond(), STATUS_EVERY_MS),
      setInterval(() => this.#snapshot('due'), this.#means.settings.everyMs),
    ];
    if (this.#folder === undefined) this.#working = this.#listen();
    else this.#turn('running', undefined);
  }

  /** Ends the capture; what was seen since the last snapshot is still judged and kept. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#early);
    await this.#capture?.stop();
    await Promise.all([this.#working, this.#reading]);
    this.#view.look();
    await this.#judging;
    this.#takeSnapshot();
    await this.#judging;
    this.#turn('stopped', undefined);
  }

  /** One capture after the other, until it is stopped. */
  async #listen(): Promise<void> {
    const backoff = new Backoff();
    while (!this.#stop.signal.aborted) {
      const begunAt = performance.now();
      try {
        const end = await this.#listenOnce();
        if (this.#stop.signal.aborted) return;
        this.#turn('restarting', end.problem ?? 'the capture ended');
      } catch (error) {
        this.#turn('failed', (error as Error).message);
      }
      const wait = backoff.next(performance.now() - begunAt);
      await pause(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #listenOnce(): Promise<LiveCaptureEnd> {
    const { settings, filter, startCapture = startLiveCapture } = this.#means;
    const sources: LiveSource[] = [];
    const early: (readonly [number, Uint8Array])[] = [];
    const take = (stream: number, bytes: Uint8Array): void => {
      try {
        void sources[stream]!.push(bytes);
      } catch (error) {
        sources[stream]!.tellProblem('read-error', (error as Error).message);
        void this.#capture?.stop();
      }
    };
    const capture = await startCapture({
      interfaces: settings.interfaces,
      filter,
      // It tells what was dropped while it runs.
      prefer: 'tcpdump',
      onBytes: (stream, bytes) => {
        if (sources.length === 0) early.push([stream, bytes]);
        else take(stream, bytes);
      },
    });
    this.#capture = capture;
    for (const { interfaces } of capture.streams)
      sources.push(this.#view.open({ kind: 'interface', path: interfaces.join(', ') }));
    this.#sources = sources;
    for (const [stream, bytes] of early) take(stream, bytes);
    if (this.#stop.signal.aborted) void capture.stop();
    if (capture.notice !== undefined) this.#means.log('warn', this.#fields, capture.notice);
    this.#turn('running', undefined);
    const end = await capture.ended;
    this.#countDrops();
    this.#capture = undefined;
    this.#sources = [];
    for (const source of sources) {
      if (end.problem !== undefined) source.tellProblem('read-error', end.problem);
      await source.finish('interrupted');
    }
    return end;
  }

  #everySecond(): void {
    this.#told = { transfers: 0, connections: 0 };
    this.#capture?.askDrops();
    this.#countDrops();
    if (this.#folder !== undefined && this.#reading === undefined)
      this.#reading = this.#readFolder(this.#folder).finally(() => {
        this.#reading = undefined;
        this.#catchUp();
      });
    this.#means.publish('wire', this.status);
  }

  #countDrops(): void {
    for (const [at, { drops }] of (this.#capture?.streams ?? []).entries())
      if (drops !== undefined) this.#sources[at]?.tellDrops(drops);
  }

  async #readFolder(folder: CaptureFolder): Promise<void> {
    let files: readonly string[];
    try {
      files = folder.complete();
    } catch (error) {
      this.#turn('failed', (error as Error).message);
      return;
    }
    this.#turn('running', undefined);
    for (const file of files) {
      if (this.#stop.signal.aborted) return;
      const problem = await readFile(this.#view, file, this.#stop.signal);
      if (problem !== undefined)
        this.#means.log('warn', { ...this.#fields, file, problem }, 'a capture could not be read');
      this.#view.look();
      this.#catchUp();
    }
  }

  /** A file is judged when all of it was read. What is due while a judgement goes on is due again; news would wait. */
  #snapshot(why: 'due' | 'news'): void {
    if (this.#reading === undefined && this.#judging === undefined) this.#takeSnapshot();
    else if (this.#judging === undefined || why === 'news') this.#awaited = 'snapshot';
  }

  #catchUp(): void {
    if (this.#awaited === 'snapshot' && this.#judging === undefined && !this.#stop.signal.aborted) this.#takeSnapshot();
  }

  /** One at a time; what comes meanwhile stands in the next one. Nothing heard since the last one is no run. */
  #takeSnapshot(): void {
    this.#awaited = 'nothing';
    if (this.#judging !== undefined) return;
    this.#lastSnapshotAt = performance.now();
    this.#countDrops();
    const seen = this.#view.snapshot();
    const run = { ...seen, inputs: [...this.#owed, ...seen.inputs] };
    const isDisturbed = run.inputs.some(
      ({ quality }) => quality !== undefined && (quality.captureDrops > 0 || quality.problems.length > 0),
    );
    const { segments } = this.#view;
    const isHeard = segments > this.#judgedSegments && run.witness.kept.length > 0;
    if (!isHeard && !isDisturbed) return;
    this.#judging = this.#judge(run, segments).finally(() => {
      this.#judging = undefined;
      if (this.#reading === undefined) this.#catchUp();
    });
  }

  /** What cannot be judged now is judged with the next snapshot. */
  async #judge(run: CaptureRun, segments: number): Promise<void> {
    const { judge, keep, log } = this.#means;
    let problem: string | undefined;
    try {
      keep(await judge(run));
      this.#judgedSegments = segments;
      this.#owed = [];
    } catch (error) {
      this.#owed = run.inputs.slice(-MAX_OWED);
      problem = `what was seen cannot be judged: ${(error as Error).message}`;
      if (problem !== this.#unjudged) log('error', { ...this.#fields, err: error }, 'what was seen cannot be judged');
    }
    if (problem === this.#unjudged) return;
    this.#unjudged = problem;
    this.#means.publish('wire', this.status);
  }

  /** Clear text where none was before does not wait for the next snapshot. */
  #heardConnection({ observation }: LiveConnection): void {
    const { kind, channel } = observation;
    this.#tellConnection(observation);
    if (kind === 'tls') this.#news.mended(pairOf(observation));
    if (kind !== 'plaintext' || channel === 'unknown') return;
    if (this.#news.isNew(pairOf(observation), channel)) this.#snapshotSoon();
  }

  #tellConnection({ kind, channel, server, client, tls, frames, lastSeenAt }: Observation): void {
    if (kind !== 'tls' && kind !== 'plaintext') return;
    if (++this.#told.connections > MAX_CONNECTIONS_PER_STATUS) return;
    this.#means.publish('connection', {
      cluster: this.#means.cluster,
      channel,
      server,
      ...(client === undefined ? {} : { client }),
      kind,
      ...(tls?.version === undefined ? {} : { version: tls.version }),
      ...(tls?.cipherSuite === undefined ? {} : { cipherSuite: tls.cipherSuite }),
      ...(frames === undefined ? {} : { frame: frames.first }),
      seenAt: lastSeenAt,
    });
  }

  #snapshotSoon(): void {
    if (this.#early !== undefined || this.#stop.signal.aborted) return;
    const wait = Math.max(EARLY_AFTER_MS, this.#lastSnapshotAt + EARLY_EVERY_MS - performance.now());
    this.#early = setTimeout(() => {
      this.#early = undefined;
      this.#snapshot('news');
    }, wait);
  }

  #heardTransfer(told: LiveTransfer): void {
    const { observation, transfer } = told;
    const { cluster, publish, log } = this.#means;
    const { channel, server, client } = observation;
    if (++this.#told.transfers <= MAX_TRANSFERS_PER_STATUS) {
      publish('clear-transfer', {
        cluster,
        channel,
        server,
        ...(client === undefined ? {} : { client }),
        kind: transfer.kind,
        bytes: transfer.bytes,
        frame: transfer.frame,
        seenAt: observation.lastSeenAt,
      });
    }
    if (this.#news.isNew(pairOf(observation), `${channel} ${transfer.kind}`)) this.#snapshotSoon();
    try {
      const file = this.#evidence?.keep(told);
      if (file !== undefined) log('info', { ...this.#fields, file }, 'evidence kept');
    } catch (error) {
      log('warn', { ...this.#fields, problem: (error as Error).message }, 'evidence could not be kept');
    }
  }

  #turn(state: WireStatus['state'], problem: string | undefined): void {
    if (state === this.#state && problem === this.#problem) return;
    this.#state = state;
    this.#problem = problem;
    const level = problem === undefined ? 'info' : 'warn';
    this.#means.log(level, { ...this.#fields, ...(problem === undefined ? {} : { problem }) }, `live wire: ${state}`);
    this.#means.publish('wire', this.status);
  }

  get #fields(): object {
    return { cluster: this.#means.cluster };
  }
}

function pairOf({ server, client }: Observation): string {
  return `${server.host} ${server.port} ${client?.host}`;
}
