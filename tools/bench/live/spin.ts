/** Works for `us` microseconds. */
export function spinUs(us: number): void {
  const endMs = performance.now() + us / 1000;
  while (performance.now() < endMs);
}
