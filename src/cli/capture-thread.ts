import { type ResourceLimits, Worker } from 'node:worker_threads';
import { BrokenRun } from '../daemon/broken-run.ts';
import { type Report, SCHEMA_VERSION } from '../model/report.ts';
import type { CaptureOrder, CaptureOrderMeans } from './capture-analysis.ts';
import type { CaptureAsked, CaptureNews } from './capture-worker.ts';
import { keepYoungGenerationBeside } from './heap.ts';
import { version } from './version.ts';

/**
 * What V8 may take in the thread, MiB. A capture of 1 GB takes some 30; one of nothing but handshakes takes most, for the
 * report. Packets are read into one buffer outside of it (`capture/limits.ts`).
 */
const THREAD_LIMITS: ResourceLimits = {
  maxOldGenerationSizeMb: 256,
  /** Small, as for `analyze` on long inputs: what open connections hold survives whatever its size. */
  maxYoungGenerationSizeMb: 4,
  stackSizeMb: 4,
};
/** So long an analysis that was told to end may take: what it judges last is not read in pieces. */
const END_WITHIN_MS = 5000;

/** A thread that has nothing to do is kept for so long: analyses often come one after the other. */
const IDLE_MS = 60_000;

export interface CaptureThreadMeans extends CaptureOrderMeans {
  /** Tests give their own. */
  readonly program?: URL;
  readonly limits?: ResourceLimits;
  readonly endWithinMs?: number;
}

/** A thread that waits for its next analysis, and keeps no process from ending. */
interface Idle {
  readonly worker: Worker;
  readonly program: URL;
  readonly limits: ResourceLimits;
  readonly timer: NodeJS.Timeout;
}

/** At most one: analyses at the same time have threads of their own, of which the last one stays. */
let idle: Idle | undefined;

/**
 * Analyses captures in a thread of its own: whoever calls goes on meanwhile. Rejects with what the analysis was rejected
 * with, and with {@link BrokenRun} where the thread did not come to an end of its own.
 *
 * The thread is used again: what one has allocated is seldom given back to the system when it ends (arenas of glibc).
 */
export function analyseInThread(order: CaptureOrder, means: CaptureThreadMeans): Promise<Report> {
  const { signal, tell, program = PROGRAM, limits = THREAD_LIMITS, endWithinMs = END_WITHIN_MS } = means;
  const startedAt = new Date().toISOString();
  const worker = threadOf(program, limits);
  const ask = (asked: CaptureAsked): void => worker.postMessage(asked);
  return new Promise((resolve, reject) => {
    let late: NodeJS.Timeout | undefined;
    const end = (): void => {
      ask({ kind: 'end' });
      late = setTimeout(() => broken(`did not end within ${endWithinMs / 1000} s`), endWithinMs);
    };
    const settle = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
      for (const [event, listener] of listeners) worker.off(event, listener);
    };
    const broken = (how: string): void => {
      settle();
      void worker.terminate();
      const problem = `the analysis of captures ${how}`;
      reject(new BrokenRun(problem, reportOf(order, startedAt, problem)));
    };
    const take = (news: CaptureNews): void => {
      if (news.kind === 'line') {
        tell(news.line);
        return;
      }
      settle();
      keepIdle(worker, program, limits);
      if (news.kind === 'report') resolve(news.report);
      else reject(Object.assign(new Error(news.message), { name: news.name, stack: news.stack }));
    };
    const listeners = [
      ['message', take],
      ['messageerror', (error: Error) => broken(`gave a report that cannot be read: ${error.message}`)],
      ['error', (error: Error) => broken(`broke off: ${wordsOf(error, limits)}`)],
      ['exit', (code: number) => broken(`ended without a report (code ${code})`)],
    ] as const;
    for (const [event, listener] of listeners) worker.on(event, listener);
    // Where keys and tokens stand is none of its business.
    ask({ kind: 'analyse', order: orderOf(order), begins: signal.aborted ? 'ended' : 'open' });
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

function threadOf(program: URL, limits: ResourceLimits): Worker {
  const known = idle;
  if (known === undefined || known.program !== program || known.limits !== limits) return newThread(program, limits);
  clearTimeout(known.timer);
  idle = undefined;
  known.worker.ref();
  return known.worker;
}

function newThread(program: URL, limits: ResourceLimits): Worker {
  const worker = new Worker(program, { resourceLimits: limits });
  keepYoungGenerationBeside(worker);
  // One that breaks off with nothing to do costs nothing: the next analysis begins another.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    if (idle?.worker !== worker) return;
    clearTimeout(idle.timer);
    idle = undefined;
  });
  return worker;
}

function keepIdle(worker: Worker, program: URL, limits: ResourceLimits): void {
  clearTimeout(idle?.timer);
  void idle?.worker.terminate();
  worker.unref();
  idle = { worker, program, limits, timer: setTimeout(() => void worker.terminate(), IDLE_MS).unref() };
}

/** Beside this file, compiled and bundled alike. */
const PROGRAM = new URL('./capture-worker.js', import.meta.url);

function orderOf({ settings, trigger, baseline, waivers }: CaptureOrder): CaptureOrder {
  const { rest: _, internal: __, restCredentials: ___, ...others } = settings;
  return {
    settings: { ...others, keystores: [], internal: {}, restCredentials: {} },
    trigger,
    ...(baseline === undefined ? {} : { baseline }),
    waivers,
  };
}

function wordsOf(error: Error & { readonly code?: string }, { maxOldGenerationSizeMb }: ResourceLimits): string {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error.message;
  return `it needs more than the ${maxOldGenerationSizeMb} MiB that it may take`;
}

/** A run that saw nothing and says why: nothing of it counts as seen. */
function reportOf({ settings }: CaptureOrder, startedAt: string, problem: string): Report {
  const none = { captureDrops: 0, cutPackets: 0, gaps: 0, gapBytes: 0, oneSidedConnections: 0 };
  const uncounted = { ...none, badChecksums: 0, undecodedPackets: 0, duplicates: 0 };
  const problems = [{ offset: 0, reason: 'read-error' as const, message: problem }];
  return {
    schemaVersion: SCHEMA_VERSION,
    producer: { name: 'flinkprobe', version: version() },
    command: 'analyze',
    startedAt,
    finishedAt: new Date().toISOString(),
    complete: false,
    verdict: 'inconclusive',
    inputs: settings.captures.map((path) => ({ kind: 'capture', path, quality: { ...uncounted, problems } })),
    observations: [],
    expectations: [],
    findings: [],
    coverage: [],
  };
}
