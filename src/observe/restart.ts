import { parseFlinkDuration } from '../flink/duration.ts';
import { RestFailure, type RestFault } from '../net/flink-rest-failure.ts';
import type { RestReader } from '../net/flink-rest-types.ts';
import { Heartbeats, type Pulse } from './heartbeats.ts';

export interface WaitOptions {
  /** TaskManagers that have to be registered; undefined: as many as come, once they stay the same for `quietForMs`. */
  readonly expected: number | undefined;
  /** Milliseconds. Less than `heartbeat.interval` (10 s) proves little. */
  readonly withinMs: number;
  /** Milliseconds of unchanged health before the wait ends; left out: none with an expected number, else a minute. */
  readonly quietForMs?: number;
  /** Told of every change, for people. */
  readonly progress: (line: string) => void;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
  /** Resolves early where the signal is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface WaitResult {
  /** TaskManagers that are registered and alive; where time was up first, those too that were not heard yet. */
  readonly registered: number;
  readonly expected: number | undefined;
  readonly watchedSeconds: number;
  /** `unreachable`: REST gave no usable answer at the end. `interrupted`: by the signal, before anything was sure. */
  readonly verdict: 'all-registered' | 'missing' | 'unreachable' | 'interrupted';
  /** What was seen, for a report. */
  readonly lines: readonly string[];
}

/** Pause between two looks. */
const POLL_MS = 2000;
/**
 * After a half-done restart the cluster looks healthy for up to a minute: TaskManagers that lost their JobManager stay
 * silent for `heartbeat.timeout` (seen: 41 s of 50), and a dead TaskManager stays listed as long.
 */
const DECEPTIVE_MS = 60_000;
/** Flink's default of `heartbeat.interval` (`HeartbeatManagerOptions`). */
const HEARTBEAT_INTERVAL_MS = 10_000;
/** Looks that fail in the same lasting way before the wait is given up. */
const LASTING_LOOKS = 5;
/** Faults that a starting JobManager does not have: waiting mends none of them. */
const LASTING: ReadonlySet<RestFault> = new Set<RestFault>([
  'bad-access',
  'speaks-tls',
  'speaks-clear',
  'tls-refused',
  'tls-untrusted',
  'tls-name',
  'tls-pin',
  'unauthorised',
  'not-flink',
  'malformed',
  'too-large',
]);

/**
 * Watches Flink's REST API until the expected TaskManagers are registered and send heartbeats; that takes one
 * `heartbeat.interval` at least where they are registered already.
 *
 * Never rejects for what REST answers or does not answer: the result says it.
 */
export async function waitForTaskManagers(rest: RestReader, options: WaitOptions): Promise<WaitResult> {
  const { expected, now, signal } = options;
  const quietFor = options.quietForMs ?? (expected === undefined ? DECEPTIVE_MS : 0);
  const started = now();
  const end = started + options.withinMs;
  const watch = new Watch(rest, now);
  const health = new Health(expected, quietFor);
  let said = '';

  for (;;) {
    const look = await watch.look();
    const result = (verdict: WaitResult['verdict']): WaitResult => summary(verdict, look, expected, now() - started);
    if (isAborted(signal)) return result('interrupted');
    const text = look.kind === 'failed' ? look.failure.message : countText(look.pulses, expected);
    if (text !== said) options.progress(`${Math.round((now() - started) / 1000)} s: ${text}`);
    said = text;

    const state = health.take(look, now());
    if (state !== 'undecided') return result(state);
    const left = end - now();
    if (left <= 0) return result(atTheEnd(look, expected));
    await options.sleep(Math.min(POLL_MS, left));
    if (isAborted(signal)) return result('interrupted');
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

type Look =
  | { readonly kind: 'seen'; readonly pulses: readonly Pulse[] }
  | { readonly kind: 'failed'; readonly failure: RestFailure };

/** Looks at the cluster, and knows what it saw before. */
class Watch {
  readonly #rest: RestReader;
  readonly #now: () => number;
  #heartbeats: Heartbeats | undefined;

  constructor(rest: RestReader, now: () => number) {
    this.#rest = rest;
    this.#now = now;
  }

  async look(): Promise<Look> {
    try {
      this.#heartbeats ??= new Heartbeats(await heartbeatInterval(this.#rest));
      // `/overview` has the same number, without saying who.
      return { kind: 'seen', pulses: this.#heartbeats.take(await this.#rest.taskManagers(), this.#now()) };
    } catch (error) {
      if (error instanceof RestFailure) return { kind: 'failed', failure: error };
      throw error;
    }
  }
}

async function heartbeatInterval(rest: RestReader): Promise<number> {
  const entries = await rest.jobManagerConfig();
  const setting = entries.find(({ key }) => key === 'heartbeat.interval');
  return (setting === undefined ? undefined : parseFlinkDuration(setting.value)) ?? HEARTBEAT_INTERVAL_MS;
}

/** Whether the looks so far suffice: for health, or for giving up. */
class Health {
  readonly #expected: number | undefined;
  readonly #quietForMs: number;
  #goodSince: number | undefined;
  #who = '';
  #fault: RestFault | undefined;
  #times = 0;

  constructor(expected: number | undefined, quietForMs: number) {
    this.#expected = expected;
    this.#quietForMs = quietForMs;
  }

  take(look: Look, now: number): 'all-registered' | 'unreachable' | 'undecided' {
    if (look.kind === 'failed') {
      const { fault } = look.failure;
      this.#times = fault === this.#fault ? this.#times + 1 : 1;
      this.#fault = fault;
      this.#goodSince = undefined;
      return LASTING.has(fault) && this.#times >= LASTING_LOOKS ? 'unreachable' : 'undecided';
    }
    this.#fault = undefined;
    const who = look.pulses.map(({ id, state }) => `${id} ${state}`).join('\n');
    const isSame = who === this.#who;
    this.#who = who;
    if (!isGood(look.pulses, this.#expected)) {
      this.#goodSince = undefined;
      return 'undecided';
    }
    this.#goodSince = isSame ? (this.#goodSince ?? now) : now;
    return now - this.#goodSince >= this.#quietForMs ? 'all-registered' : 'undecided';
  }
}

function isGood(pulses: readonly Pulse[], expected: number | undefined): boolean {
  const alive = aliveOf(pulses).length;
  return expected === undefined ? alive > 0 && alive === pulses.length : alive >= expected;
}

function aliveOf(pulses: readonly Pulse[]): readonly Pulse[] {
  return pulses.filter(({ state }) => state === 'alive');
}

/** Time is up: what is listed and not known to be silent has to do. */
function atTheEnd(look: Look, expected: number | undefined): WaitResult['verdict'] {
  if (look.kind === 'failed') return 'unreachable';
  const listed = look.pulses.filter(({ state }) => state !== 'silent').length;
  return listed >= (expected ?? 1) ? 'all-registered' : 'missing';
}

function summary(
  verdict: WaitResult['verdict'],
  look: Look,
  expected: number | undefined,
  watchedMs: number,
): WaitResult {
  const watchedSeconds = Math.round(watchedMs / 100) / 10;
  const base = { expected, watchedSeconds, verdict };
  if (look.kind === 'failed') {
    return { ...base, registered: 0, lines: [`REST was watched for ${watchedSeconds} s: ${look.failure.message}`] };
  }
  const { pulses } = look;
  const wanted = expected ?? 1;
  const alive = aliveOf(pulses).length;
  const registered = alive >= wanted ? alive : pulses.filter(({ state }) => state !== 'silent').length;
  return {
    ...base,
    registered,
    lines: [
      `watched for ${watchedSeconds} s: ${countText(pulses, expected)}`,
      ...pulses.flatMap((pulse) => (pulse.state === 'silent' ? [silentText(pulse)] : [])),
      ...(pulses.some(({ state }) => state === 'unproven') ? [UNPROVEN] : []),
      ...(verdict === 'missing' ? [missingText(wanted - registered, expected)] : []),
      ...(verdict === 'missing' && watchedMs < DECEPTIVE_MS ? [HASTY] : []),
      ...(verdict === 'all-registered' && watchedMs < DECEPTIVE_MS ? [DECEPTIVE] : []),
    ],
  };
}

const UNPROVEN =
  'the watch was too short to see a heartbeat of every TaskManager: one that is listed may be dead (heartbeat.timeout)';
const HASTY = `TaskManagers that lost their JobManager may stay silent for up to 50 s (heartbeat.timeout) before they register anew: watch for ${DECEPTIVE_MS / 1000} s at least`;
const DECEPTIVE = `after a restart by halves a cluster may look healthy to REST for up to ${DECEPTIVE_MS / 1000} s (heartbeat.timeout): processes that lose each other later are not seen`;

function silentText({ id, silentMs }: Pulse): string {
  return `TaskManager ${id} is listed, but sent no heartbeat for ${Math.round(silentMs / 1000)} s: it is gone or hangs`;
}

function missingText(missing: number, expected: number | undefined): string {
  const count = expected === undefined ? 'no TaskManager registered' : `${missing} missing`;
  return `${count}: one whose TLS differs from the JobManager’s cannot register, retries every 10 s and ends itself after 5 min (taskmanager.registration.timeout); its own log says why`;
}

function countText(pulses: readonly Pulse[], expected: number | undefined): string {
  const alive = aliveOf(pulses).length;
  const of = expected === undefined ? '' : ` of ${expected}`;
  const others = (['unproven', 'silent'] as const).flatMap((state) => {
    const count = pulses.filter((pulse) => pulse.state === state).length;
    return count === 0 ? [] : [`${count} listed ${state === 'silent' ? 'without a heartbeat' : 'and not heard yet'}`];
  });
  const noun = `TaskManager${(expected ?? alive) === 1 ? '' : 's'}`;
  return [`${alive}${of} ${noun} registered and alive`, ...others].join(', ');
}
