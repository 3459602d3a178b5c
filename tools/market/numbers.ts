import { log } from '../../actors/math/elementary.js';

/** The q-quantile (0 … 1) of sorted values by linear interpolation; NaN when there are none. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return NaN;
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below);
}

/** Values in rising order, as a copy. */
export function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/**
 * Sample autocorrelation at `lag`: sum (x_t - m)(x_{t+lag} - m) / (n - lag) over the variance; NaN when there are
 * fewer than 20 pairs or the values do not vary. Pairs with a NaN are left out.
 */
export function autocorrelation(values: readonly number[], lag: number): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    if (value !== value) continue;
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  let pairs = 0;
  let products = 0;
  for (let t = lag; t < values.length; t++) {
    const product = (values[t - lag]! - mean) * (values[t]! - mean);
    if (product !== product) continue;
    pairs += 1;
    products += product;
  }
  return pairs < 20 || !(variance > 0) ? NaN : products / pairs / variance;
}

/** Fourth moment over squared second moment, about zero (3 for a normal); NaN for fewer than 20 values. */
export function kurtosis(values: readonly number[]): number {
  let count = 0;
  let second = 0;
  let fourth = 0;
  for (const value of values) {
    if (value !== value) continue;
    const square = value * value;
    count += 1;
    second += square;
    fourth += square * square;
  }
  return count < 20 || second === 0 ? NaN : (fourth / count) / ((second / count) * (second / count));
}

/** Root of the mean square, NaNs left out. */
export function rms(values: readonly number[]): number {
  let count = 0;
  let squares = 0;
  for (const value of values) {
    if (value !== value) continue;
    count += 1;
    squares += value * value;
  }
  return count === 0 ? NaN : Math.sqrt(squares / count);
}

/**
 * Hill's estimator of the tail index from the largest 5 % of positive values (at least 20 of them): P(X > x) falls
 * like x^-index. NaN for fewer than 400 values.
 */
export function tailIndex(rising: ArrayLike<number>): number {
  const tail = Math.floor(rising.length * 0.05);
  if (tail < 20) return NaN;
  const threshold = rising[rising.length - tail - 1]!;
  if (!(threshold > 0)) return NaN;
  let sum = 0;
  for (let i = rising.length - tail; i < rising.length; i++) sum += log(rising[i]! / threshold);
  return sum === 0 ? NaN : tail / sum;
}
