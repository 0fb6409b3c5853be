import { type ResourceLimits, Worker } from 'node:worker_threads';
import { BrokenRun } from '../daemon/broken-run.ts';
import { type Report, SCHEMA_VERSION } from '../model/report.ts';
import type { CaptureOrder, CaptureOrderMeans } from './capture-analysis.ts';
import type { CaptureNews } from './capture-worker.ts';
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

export interface CaptureThreadMeans extends CaptureOrderMeans {
  /** Tests give their own. */
  readonly program?: URL;
  readonly limits?: ResourceLimits;
  readonly endWithinMs?: number;
}

/**
 * Analyses captures in a thread of its own: whoever calls goes on meanwhile. Rejects with what the analysis was rejected
 * with, and with {@link BrokenRun} where the thread did not come to an end of its own.
 */
export function analyseInThread(order: CaptureOrder, means: CaptureThreadMeans): Promise<Report> {
  const { signal, tell, program = PROGRAM, limits = THREAD_LIMITS, endWithinMs = END_WITHIN_MS } = means;
  const startedAt = new Date().toISOString();
  // Where keys and tokens stand is none of its business.
  const worker = new Worker(program, { workerData: orderOf(order), resourceLimits: limits });
  keepYoungGenerationBeside(worker);
  return new Promise((resolve, reject) => {
    let late: NodeJS.Timeout | undefined;
    const end = (): void => {
      worker.postMessage('end');
      late = setTimeout(() => broken(`did not end within ${endWithinMs / 1000} s`), endWithinMs);
    };
    const settle = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
      void worker.terminate();
    };
    const broken = (how: string): void => {
      settle();
      const problem = `the analysis of captures ${how}`;
      reject(new BrokenRun(problem, reportOf(order, startedAt, problem)));
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    worker.on('message', (news: CaptureNews) => {
      if (news.kind === 'line') return tell(news.line);
      settle();
      if (news.kind === 'report') return resolve(news.report);
      reject(Object.assign(new Error(news.message), { name: news.name, stack: news.stack }));
    });
    worker.on('messageerror', (error) => broken(`gave a report that cannot be read: ${error.message}`));
    worker.on('error', (error) => broken(`broke off: ${wordsOf(error, limits)}`));
    worker.on('exit', (code) => broken(`ended without a report (code ${code})`));
  });
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
