/** Looks at both clocks; the pair that was read fastest tells their difference best. */
const LOOKS = 64;

/** What to add to performance.now, in µs, for the machine's monotonic clock, which is the same in every thread and process. */
function originOf(): number {
  let origin = 0;
  let shortestMs = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    const beforeMs = performance.now();
    const us = Number(process.hrtime.bigint()) / 1000;
    const tookMs = performance.now() - beforeMs;
    if (tookMs >= shortestMs) continue;
    shortestMs = tookMs;
    origin = us - (beforeMs + tookMs / 2) * 1000;
  }
  return origin;
}

const originUs = originOf();

export const monotonicUs = (): number => originUs + performance.now() * 1000;

/** What to add to `monotonicUs` for a stamp a venue could have sent, whole µs: chosen once, by whoever starts the processes. */
export const epochBaseUs = (): number => Math.floor(Date.now() * 1000 - monotonicUs());
