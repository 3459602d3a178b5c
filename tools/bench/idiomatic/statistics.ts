/** Plain statistics over arrays; undefined and NaN values are left out by the callers. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number => (values.length === 0 ? Number.NaN : sum(values) / values.length);

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median absolute deviation. */
export function mad(values: readonly number[]): number {
  const centre = median(values);
  return median(values.map((value) => Math.abs(value - centre)));
}

export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return values.length < 2 ? 0 : Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1));
}

export interface Line {
  readonly slope: number;
  readonly t: number;
  readonly rSquared: number;
}

/** Least squares of y on x. */
export function regression(points: readonly { readonly x: number; readonly y: number }[]): Line {
  const usable = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const mx = mean(usable.map(({ x }) => x));
  const my = mean(usable.map(({ y }) => y));
  const sxx = sum(usable.map(({ x }) => (x - mx) ** 2));
  const sxy = sum(usable.map(({ x, y }) => (x - mx) * (y - my)));
  const syy = sum(usable.map(({ y }) => (y - my) ** 2));
  if (usable.length < 3 || sxx === 0) return { slope: Number.NaN, t: Number.NaN, rSquared: Number.NaN };
  const slope = sxy / sxx;
  const residual = sum(usable.map(({ x, y }) => (y - my - slope * (x - mx)) ** 2));
  return { slope, t: slope / Math.sqrt(residual / (usable.length - 2) / sxx), rSquared: 1 - residual / syy };
}
