import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';

/**
 * How far the heap may grow past what is live before garbage is collected, percent. V8 lets it grow to four times that,
 * which for what goes on without end is memory for nothing.
 */
const HEAP_GROWING_PERCENT = 30;
/**
 * How many times as large the young generation becomes when much of it survives. V8 doubles it, up to 16 MiB a half. Open
 * connections survive whatever its size.
 */
const YOUNG_GENERATION_GROWTH = 1;

/** Between two times that it is said anew. */
const AGAIN_MS = 1;

/** From now on garbage is collected early. */
export function collectEarly(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
}

/**
 * Collects all garbage of this thread, and gives its pages back. For a thread that waits for its next work: V8 would keep
 * what the last one took until then. Takes as long as what is live is large.
 */
export function collectNow(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    // A new context has what the flags say now.
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

let collect: (() => void) | undefined;

/**
 * From now on pages that are a fifth holes are given back, some megabytes with each collection. V8 lets more of them stand:
 * in what goes on for weeks, and makes as much garbage as live things, they are a third of its heap. (To compact all of it
 * each time, `--compact-on-every-full-gc`, takes it twice for a moment.)
 */
export function keepHeapCompact(): void {
  setFlagsFromString('--optimize-for-size');
}

/** From now on the young generation stays as large as it is. */
export function keepYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GENERATION_GROWTH}`);
}

/**
 * Keeps the young generation while a thread begins: V8 forgets it with every heap that is made (`Heap::ConfigureHeap`), at
 * a moment that nobody is told.
 */
export function keepYoungGenerationBeside(worker: Worker): void {
  const timer = setInterval(keepYoungGeneration, AGAIN_MS);
  const stop = (): void => {
    clearInterval(timer);
    keepYoungGeneration();
  };
  worker.once('online', stop);
  worker.once('exit', stop);
}
