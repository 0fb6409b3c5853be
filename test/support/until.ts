import { setTimeout as sleep } from 'node:timers/promises';

const AGAIN_MS = 10;

/** Resolves when it is so; throws where it is not so in time, with what was waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 8000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(AGAIN_MS);
  }
}
