/** Pause before the next try after `failures` in a row: none after none, then doubling up to the largest. */
export function backOffMs(failures: number, firstMs: number, largestMs: number): number {
  return failures <= 0 ? 0 : Math.min(largestMs, firstMs * 2 ** Math.min(failures - 1, 20));
}
