/** Base quantities of FORMULAS 4.1 that intervals and buckets make, from plain arrays. */
import type { Trade } from './events.js';
import { mean } from './seconds.js';

export interface Fit { slope: number; intercept: number; standardError: number; t: number; rSquared: number; n: number }

/** OLS by the normal equations on centred data. */
export function leastSquares(pairs: readonly (readonly [x: number, y: number])[]): Fit {
  const good = pairs.filter(([x, y]) => !Number.isNaN(x) && !Number.isNaN(y));
  const n = good.length;
  const mx = mean(good.map(([x]) => x));
  const my = mean(good.map(([, y]) => y));
  const sxx = good.reduce((s, [x]) => s + (x - mx) ** 2, 0);
  const sxy = good.reduce((s, [x, y]) => s + (x - mx) * (y - my), 0);
  const syy = good.reduce((s, [, y]) => s + (y - my) ** 2, 0);
  const slope = sxy / sxx;
  const intercept = my - slope * mx;
  const sse = good.reduce((s, [x, y]) => s + (y - intercept - slope * x) ** 2, 0);
  const standardError = Math.sqrt(sse / (n - 2) / sxx);
  return { slope, intercept, standardError, t: slope / standardError, rSquared: 1 - sse / syy, n };
}

/** VPIN by true aggressor: one lot at a time into buckets of a whole number of lots. */
export function vpinOf(trades: readonly Trade[], bucketLots: number, buckets: number): { vpin: number; filled: number } {
  const imbalances: number[] = [];
  let signed = 0;
  let filled = 0;
  for (const { lots, d } of trades) {
    for (let q = 0; q < lots; q += 1) {
      signed += d;
      filled += 1;
      if (filled === bucketLots) {
        imbalances.push(Math.abs(signed));
        signed = 0;
        filled = 0;
      }
    }
  }
  const last = imbalances.slice(-buckets);
  return { vpin: imbalances.length >= buckets ? last.reduce((a, b) => a + b, 0) / (buckets * bucketLots) : NaN, filled: imbalances.length };
}
