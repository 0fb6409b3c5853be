import { parentPort } from 'node:worker_threads';
import { analyseOrder, type CaptureOrder } from './capture-analysis.ts';
import { collectNow } from './heap.ts';

/** What the thread of analyses is asked for: `end` is for the analysis that goes on. */
export type CaptureAsked =
  | { readonly kind: 'analyse'; readonly order: CaptureOrder; readonly begins: 'open' | 'ended' }
  | { readonly kind: 'end' };

/** What it tells whoever began it; `report` or `failed` is the last of each analysis. */
export type CaptureNews =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'report'; readonly report: Awaited<ReturnType<typeof analyseOrder>> }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack?: string };

/** A program: the thread in which the daemon analyses captures (`capture-thread.ts`), one after the other. */
if (parentPort === null) throw new Error('is a worker thread, and no command');
const port = parentPort;
let stop = new AbortController();
const tell = (news: CaptureNews): void => port.postMessage(news);

port.on('message', (asked: CaptureAsked) => {
  if (asked.kind === 'analyse') stop = new AbortController();
  if (asked.kind === 'end' || asked.begins === 'ended') stop.abort();
  if (asked.kind === 'analyse') void analysed(asked.order, stop.signal);
});

async function analysed(order: CaptureOrder, signal: AbortSignal): Promise<void> {
  tell(await newsOf(order, signal));
  collectNow();
}

async function newsOf(order: CaptureOrder, signal: AbortSignal): Promise<CaptureNews> {
  try {
    return {
      kind: 'report',
      report: await analyseOrder(order, { signal, tell: (line) => tell({ kind: 'line', line }) }),
    };
  } catch (error) {
    const { name, message, stack } = error as Error;
    return { kind: 'failed', name, message, ...(stack === undefined ? {} : { stack }) };
  }
}
