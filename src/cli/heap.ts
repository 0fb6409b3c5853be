import { setFlagsFromString } from 'node:v8';

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

/** From now on garbage is collected early. */
export function collectEarly(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
}

/** From now on the young generation stays as large as it is. */
export function keepYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GENERATION_GROWTH}`);
}
