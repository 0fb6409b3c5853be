/** Milliseconds since the epoch, with fractions; never runs backwards within one process. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
