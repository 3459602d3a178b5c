import { Prng } from '../../generator/prng.js';
import { DAY_US, HOUR_US, INTERVAL_US, INTERVALS, MINUTE_US, nextOpen, openOf } from './calendar.js';
import { joined, type Kline, type KlineSeries } from './klines.js';
import type { Interval } from './calendar.js';

/** Candles of a length that history is made of, youngest part first. */
const PARTS: readonly (readonly [lengthUs: number, candles: number])[] = [[MINUTE_US, 7 * 1440], [HOUR_US, 1500], [DAY_US, 1500]];
/** Volatility of the price in one minute. */
const MINUTE_SIGMA = 0.0006;
/** Trades a minute, and lots a trade relative to the given size. */
const TRADES_A_MINUTE = 400;

/**
 * The past of a symbol, made up: a seeded random walk that ends at `endTicks` when the venue opens. Minutes for a week, hours for two months
 * before, days for four years before; candles of every interval are joined from these, so all tell the same story. Oldest first.
 */
export function fillHistory(klines: Readonly<Record<Interval, KlineSeries>>, seed: number, stream: number, endTicks: number, meanLots: number, nowUs: number): void {
  const base = pastCandles(new Prng(seed, stream), endTicks, meanLots, openOf('1m', nowUs));
  for (const interval of INTERVALS) {
    if (interval !== '1s') klines[interval].history(regrouped(base, interval, nowUs));
    klines[interval].begin(nowUs, endTicks);
  }
}

function pastCandles(rng: Prng, endTicks: number, meanLots: number, endUs: number): Kline[] {
  const youngestFirst: Kline[] = [];
  let close = endTicks;
  let untilUs = endUs;
  for (const [lengthUs, candles] of PARTS) {
    // A part begins where the day, hour or minute does; the one after it ends there.
    const minutes = lengthUs / MINUTE_US;
    const sigma = MINUTE_SIGMA * Math.sqrt(minutes);
    const openLimitUs = Math.floor((endUs - lengthUs * candles) / DAY_US) * DAY_US;
    while (untilUs - lengthUs >= openLimitUs) {
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
function* regrouped(base: readonly Kline[], interval: Interval, nowUs: number): Generator<Kline> {
  const lengthUs = INTERVAL_US[interval];
  const currentUs = openOf(interval, nowUs);
  let group: Kline[] = [];
  let openUs = -1;
  for (const kline of base) {
    if (kline.closeUs + 1 - kline.openUs > lengthUs) continue;
    const at = openOf(interval, kline.openUs);
    if (at !== openUs) {
      if (group.length > 0) yield joined(group, openUs, nextOpen(interval, openUs) - 1);
      group = [];
      openUs = at;
    }
    if (at >= currentUs) return;
    group.push(kline);
  }
  if (group.length > 0 && openUs < currentUs) yield joined(group, openUs, nextOpen(interval, openUs) - 1);
}
