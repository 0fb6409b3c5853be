import { parentPort, workerData } from 'node:worker_threads';
import { analyseOrder, type CaptureOrder } from './capture-analysis.ts';

/** What the thread of an analysis tells whoever began it; `report` or `failed` is the last. */
export type CaptureNews =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'report'; readonly report: Awaited<ReturnType<typeof analyseOrder>> }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack?: string };

/**
 * A program: the thread in which the daemon analyses captures (`capture-thread.ts`). Takes its order with its start; the
 * first message that comes ends the analysis.
 */
if (parentPort === null) throw new Error('is a worker thread, and no command');
const port = parentPort;
const stop = new AbortController();
port.once('message', () => stop.abort());
const tell = (news: CaptureNews): void => port.postMessage(news);
try {
  const report = await analyseOrder(workerData as CaptureOrder, {
    signal: stop.signal,
    tell: (line) => tell({ kind: 'line', line }),
  });
  tell({ kind: 'report', report });
} catch (error) {
  const { name, message, stack } = error as Error;
  tell({ kind: 'failed', name, message, ...(stack === undefined ? {} : { stack }) });
}
port.close();
