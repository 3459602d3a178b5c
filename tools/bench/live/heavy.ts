/** What a heavy kernel takes longer for every record, µs. */
export const HEAVY_US = 50;

/** Works for HEAVY_US. */
export function beHeavy(): void {
  const endMs = performance.now() + HEAVY_US / 1000;
  while (performance.now() < endMs);
}
