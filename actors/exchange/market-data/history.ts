import { Prng } from '../../generator/prng.js';
import { DAY_US, HOUR_US, INTERVAL_US, INTERVALS, MINUTE_US, nextOpen, openOf } from './calendar.js';
import { join, joined, type Kline, type KlineSeries } from './klines.js';
import type { Interval } from './calendar.js';

/** Candles of a length that history is made of, youngest part first. */
const PARTS: readonly (readonly [lengthUs: number, candles: number])[] = [[MINUTE_US, 7 * 1440], [HOUR_US, 1500], [DAY_US, 1500]];
/** Volatility of the price in one minute. */
const MINUTE_SIGMA = 0.0006;
/** Trades a minute, and lots a trade relative to the given size. */
const TRADES_A_MINUTE = 400;

/**
 * The past of a symbol, made up: a seeded random walk that ends at `endTicks` when the venue opens. Minutes for a week, hours for two months
 * before, days for four years before; candles of every interval are joined from these, the open ones too, so all tell the same story. The closed ones are
 * made again when somebody asks for them.
 */
export function fillHistory(klines: Readonly<Record<Interval, KlineSeries>>, seed: number, stream: number, endTicks: number, meanLots: number, nowUs: number): void {
  const make = (fromUs = -Infinity): readonly Kline[] => pastCandles(new Prng(seed, stream), endTicks, meanLots, openOf('1m', nowUs), fromUs);
  const first = make(Math.min(...INTERVALS.map((interval) => openOf(interval, nowUs))));
  let base: readonly Kline[] | null = null;
  for (const interval of INTERVALS) {
    klines[interval].begin(nowUs, endTicks, () => (interval === '1s' ? [] : [...regrouped((base ??= make()), interval, nowUs)]), headOf(first, interval, nowUs));
  }
}

/** What the candle that is open at `nowUs` has had; null = nothing. */
function headOf(base: readonly Kline[], interval: Interval, nowUs: number): Kline | null {
  const openUs = openOf(interval, nowUs);
  let from = base.length;
  while (from > 0 && base[from - 1]!.openUs >= openUs) from -= 1;
  const parts = base.slice(from);
  return parts.length === 0 ? null : joined(parts, openUs, nextOpen(interval, openUs) - 1);
}

/** The walk, oldest first; `fromUs`: candles that close before it are not wanted. */
function pastCandles(rng: Prng, endTicks: number, meanLots: number, endUs: number, fromUs: number): Kline[] {
  const youngestFirst: Kline[] = [];
  let close = endTicks;
  let untilUs = endUs;
  for (const [lengthUs, candles] of PARTS) {
    // A part begins where the day, hour or minute does; the one after it ends there.
    const minutes = lengthUs / MINUTE_US;
    const sigma = MINUTE_SIGMA * Math.sqrt(minutes);
    const openLimitUs = Math.floor((endUs - lengthUs * candles) / DAY_US) * DAY_US;
    while (untilUs - lengthUs >= openLimitUs && untilUs > fromUs) {
      const open = Math.max(1, Math.round(close * (1 - sigma * rng.normal())));
      const high = Math.round(Math.max(open, close) * (1 + sigma * 0.5 * Math.abs(rng.normal())));
      const low = Math.max(1, Math.round(Math.min(open, close) * (1 - sigma * 0.5 * Math.abs(rng.normal()))));
      const trades = Math.max(1, Math.round(TRADES_A_MINUTE * minutes * (0.6 + 0.8 * rng.uniform())));
      const lots = Math.max(1, Math.round(trades * meanLots * (0.7 + 0.6 * rng.uniform())));
      const mean = Math.round((open + high + low + close) / 4);
      const bought = Math.round(lots * (0.4 + 0.2 * rng.uniform()));
      youngestFirst.push({
        openUs: untilUs - lengthUs, closeUs: untilUs - 1, open, high, low, close, lots, tickLots: lots * mean, trades,
        takerBuyLots: bought, takerBuyTickLots: bought * mean, firstTradeId: -1, lastTradeId: -1,
      });
      untilUs -= lengthUs;
      close = open;
    }
  }
  return youngestFirst.reverse();
}

/** Whole candles of an interval out of finer ones; where the past is coarser than the interval there are none. */
function* regrouped(base: readonly Kline[], interval: Interval, nowUs: number): Generator<Readonly<Kline>> {
  const lengthUs = INTERVAL_US[interval];
  const currentUs = openOf(interval, nowUs);
  let whole: Kline | null = null;
  for (const kline of base) {
    if (kline.closeUs + 1 - kline.openUs > lengthUs) continue;
    if (whole !== null && kline.openUs <= whole.closeUs) {
      join(whole, kline);
      continue;
    }
    if (whole !== null) yield whole;
    const openUs = openOf(interval, kline.openUs);
    if (openUs >= currentUs) return;
    whole = { ...kline, openUs, closeUs: nextOpen(interval, openUs) - 1 };
  }
  if (whole !== null) yield whole;
}
