/**
 * FORMULAS 4.0-4.2 on the one-second grid, written from the page with plain arrays and no state carried between
 * seconds but the arrays themselves. Slow on purpose.
 */
import type { IndicatorParams } from '../../../../config/indicators.js';
import type { Event, Quote, Trade } from './events.js';

export interface Second {
  second: number;
  price: number;
  r: number;
  volatilityNow: number;
  volatilityRatio: number;
  acceleration: number;
  volumeDeltaZ: number;
  velocityRatio: number;
  spreadMedian: number;
  violentRange: number;
  latencyMs: number;
  latencySamples: number;
  warm: boolean;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  trades: number;
  delta: number;
  pattern: number;
  meanVolume: number;
  windowLow: number;
  windowHigh: number;
  /** 2·d·(p − m)/m of each trade that met a mid. */
  effective: number[];
  ofi: number;
}

export const median = (values: readonly number[]): number => {
  if (values.length === 0) return NaN;
  const s = [...values].sort((a, b) => a - b);
  const h = s.length >> 1;
  return s.length % 2 === 1 ? s[h] : (s[h - 1] + s[h]) / 2;
};
export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const valid = (values: readonly number[]): number[] => values.filter((v) => !Number.isNaN(v));

/** Cont–Kukanov–Stoikov, event by event. */
export function ofiOf(before: Quote, after: Quote): number {
  return (after.bid >= before.bid ? after.bidLots : 0) - (after.bid <= before.bid ? before.bidLots : 0)
    - (after.ask <= before.ask ? after.askLots : 0) + (after.ask >= before.ask ? before.askLots : 0);
}

/** Every closed second of the events: the last, still running one is left out. Baselines never frozen. */
export function secondsOf(events: readonly Event[], params: IndicatorParams): Second[] {
  const p = params;
  const first = Math.floor(events[0].us / 1e6);
  const last = Math.floor(events[events.length - 1].us / 1e6);
  const bySecond = new Map<number, Event[]>();
  for (const event of events) {
    const s = Math.floor(event.us / 1e6);
    bySecond.set(s, [...(bySecond.get(s) ?? []), event]);
  }

  const rows: Second[] = [];
  const spreads: number[] = [];
  const velocities: number[] = [];
  const deltaSums: number[] = [];
  const deltas: number[] = [];
  const touched: { high: number; low: number }[] = [];
  let quote: Quote | undefined;
  let lastTrade = 0;
  let price = 0;
  let silent = 0;
  let latencyMs = NaN;
  let run: Second[] = [];
  let lastCandle = -1;

  for (let k = first; k < last; k += 1) {
    const here = bySecond.get(k) ?? [];
    const trades = here.filter((e): e is Trade & Event => e.type === 'trade');
    const prices: number[] = [];
    const effective: number[] = [];
    let ofi = 0;
    for (const e of here) {
      if (e.type === 'trade') {
        lastTrade = e.price;
        const mid = quote !== undefined && quote.bid > 0 && quote.ask > 0 ? (quote.bid + quote.ask) / 2 : 0;
        if (mid > 0) effective.push((2 * e.d * (e.price - mid)) / mid);
        price = mid > 0 ? mid : e.price;
      } else if (e.type === 'quote') {
        if (quote !== undefined && quote.bid > 0 && quote.ask > 0 && e.bid > 0 && e.ask > 0) ofi += ofiOf(quote, e);
        quote = e;
        if (e.bid > 0 && e.ask > 0) price = (e.bid + e.ask) / 2;
        else if (lastTrade > 0) price = lastTrade;
      }
      if (e.type !== 'other' && price > 0) prices.push(price);
    }
    const event = here.some((e) => e.type !== 'other');
    const previous = rows.at(-1)?.price ?? 0;
    const before = silent;
    silent = event ? 0 : silent + 1;
    const returned = price > 0 && previous > 0 && (event ? before <= p.maxSilenceSeconds : silent <= p.maxSilenceSeconds);
    const sampled = silent <= p.maxSilenceSeconds;
    const r = returned ? Math.log(price / previous) : NaN;
    const delta = trades.reduce((s, t) => s + t.d * t.lots, 0);
    deltas.push(delta);
    deltaSums.push(sampled ? deltas.slice(-p.volumeDeltaWindowSeconds).reduce((a, b) => a + b, 0) : NaN);
    velocities.push(sampled ? here.filter((e) => e.type !== 'other').length : NaN);
    const relative = quote !== undefined && quote.bid > 0 && quote.ask > 0 ? (quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2) : NaN;
    spreads.push(sampled ? relative : NaN);
    touched.push({ high: Math.max(0, ...prices), low: prices.length > 0 ? Math.min(...prices) : 0 });

    const n = rows.length; // index of this second
    const returns = [...rows.map((row) => row.r), r];
    const slice = (of: readonly number[], from: number, to: number): number[] => of.slice(Math.max(0, from), Math.max(0, to));
    const W = p.baselineSeconds;
    const g = p.baselineLagSeconds;
    const warm = valid(returns).length >= p.warmupSamples;

    const baseReturns = valid(slice(returns, n - p.volatilityWindowSeconds - g - W + 1, n - p.volatilityWindowSeconds - g + 1));
    const current = valid(slice(returns, n - p.volatilityWindowSeconds + 1, n + 1));
    const able = warm && baseReturns.length >= p.baselineMinSamples;
    const floor = Math.max(1 / (2 * price), p.volatilityFloorPerSecond);
    const sigmaBase = able ? Math.max(Math.sqrt(mean(baseReturns.map((x) => x * x))), floor) : NaN;
    const volatilityNow = able && current.length >= p.volatilityMinSamples ? Math.sqrt(mean(current.map((x) => x * x))) : NaN;

    const p1 = previous;
    const p2 = rows.at(-2)?.price ?? 0;
    const whole = !Number.isNaN(r) && rows.length > 0 && !Number.isNaN(rows.at(-1)!.r);
    const acceleration = whole && able ? (price - 2 * p1 + p2) / p1 : NaN;

    const baseDeltas = valid(slice(deltaSums, n - p.volumeDeltaWindowSeconds - g - W + 1, n - p.volumeDeltaWindowSeconds - g + 1));
    let z = NaN;
    if (warm && sampled && baseDeltas.length >= p.baselineMinSamples) {
      const m = median(baseDeltas);
      const mad = 1.4826 * median(baseDeltas.map((x) => Math.abs(x - m)));
      const a = mean(baseDeltas);
      const sd = Math.sqrt(baseDeltas.reduce((s, x) => s + (x - a) ** 2, 0) / (baseDeltas.length - 1));
      const scale = mad > 0 ? mad : sd;
      z = scale > 0 ? (deltaSums[n] - m) / scale : 0;
    }

    const baseVelocities = valid(slice(velocities, n - 1 - g - W + 1, n - 1 - g + 1));
    const events1s = here.filter((e) => e.type !== 'other').length;
    const velocityRatio = warm && baseVelocities.length >= p.baselineMinSamples
      ? events1s / Math.max(median(baseVelocities), p.velocityMedianFloorPerSecond) : NaN;
    const baseSpreads = valid(slice(spreads, n - g - W + 1, n - g + 1));
    const spreadMedian = baseSpreads.length >= p.baselineMinSamples ? Math.max(median(baseSpreads), 1 / price) : NaN;

    // As it stands when the next second begins: what the nine closed seconds touched, and the price that goes on.
    const window = touched.slice(-(p.violentWindowSeconds - 1));
    const highest = Math.max(...window.map((t) => t.high), price);
    const lows = [...window.map((t) => t.low), price].filter((x) => x > 0);
    const lowest = lows.length > 0 ? Math.min(...lows) : 0;

    const latencies = here.filter((e) => e.latencyUs !== undefined).map((e) => e.latencyUs!);
    if (latencies.length > 0) latencyMs = median(latencies) / 1000 + p.clockOffsetMs;

    const row: Second = {
      second: k, price, r, volatilityNow, volatilityRatio: volatilityNow / sigmaBase, acceleration, volumeDeltaZ: z, velocityRatio,
      spreadMedian, violentRange: lowest > 0 ? (highest - lowest) / lowest : 0, latencyMs,
      latencySamples: latencies.length, warm,
      open: trades[0]?.price ?? 0, high: Math.max(0, ...trades.map((t) => t.price)), low: trades.length > 0 ? Math.min(...trades.map((t) => t.price)) : 0,
      close: trades.at(-1)?.price ?? 0, volume: trades.reduce((s, t) => s + t.lots, 0), trades: trades.length, delta, pattern: 0,
      meanVolume: rows.slice(-p.meanVolumeSeconds).reduce((s, x) => s + x.volume, 0) / p.meanVolumeSeconds,
      windowLow: 0, windowHigh: 0, effective, ofi,
    };
    const recent = rows.slice(-p.extremumWindowSeconds).filter((x) => x.trades > 0);
    if (recent.length > 0) {
      row.windowLow = Math.min(...recent.map((x) => x.low));
      row.windowHigh = Math.max(...recent.map((x) => x.high));
    }
    if (row.trades > 0) {
      if (k - lastCandle - 1 > p.maxSilenceSeconds || row.high === row.low) run = [];
      lastCandle = k;
      if (row.high > row.low) run.push(row);
      row.pattern = patternOf(run, p);
    }
    rows.push(row);
  }
  return rows;
}

/** The strongest pattern that the last 3, 4 or 5 candles of an unbroken run make: + exhaustion, - climax. */
export function patternOf(run: readonly Second[], p: IndicatorParams): number {
  let best = 0;
  for (const m of [3, 4, 5]) {
    if (run.length < m) continue;
    const c = run.slice(-m);
    const lower = c.map((x) => Math.min(x.open, x.close) - x.low);
    const upper = c.map((x) => x.high - Math.max(x.open, x.close));
    const range = c.map((x) => x.high - x.low);
    const body = c.map((x) => Math.abs(x.close - x.open));
    const strength = (wick: readonly number[]): number => ((m - 2) / 3) * mean(wick.map((w, i) => Math.min(1, w / range[i] / 0.5)));
    const exhausted = c.every((x) => x.close < x.open) && lower.every((w, i) => w / range[i] > p.patternWickShare)
      && lower.every((w, i) => i === 0 || w >= p.patternWickGrowth * lower[i - 1]) && body.every((b, i) => i === 0 || b < body[i - 1]);
    const climax = c.every((x) => x.close > x.open) && upper.every((w, i) => w / range[i] > p.patternWickShare)
      && c[m - 1].volume > p.patternClimaxVolume * mean(c.slice(0, -1).map((x) => x.volume));
    if (exhausted) best = strength(lower);
    if (climax) best = -strength(upper);
  }
  return best;
}
