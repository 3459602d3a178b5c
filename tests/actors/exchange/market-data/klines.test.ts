import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DAY_US, fillHistory, HOUR_US, INTERVALS, KlineSeries, MINUTE_US, nextOpen, openOf, SECOND_US, type Interval, type Kline } from '../../../../actors/exchange/market-data/index.js';

const utc = (text: string): number => Date.parse(text) * 1000;

describe('the calendar of candles', () => {
  test('months, weeks and days begin where the calendar says', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (second) => {
      const us = second * SECOND_US;
      const date = new Date(second * 1000);
      assert.equal(openOf('1M', us), Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) * 1000);
      assert.equal(nextOpen('1M', openOf('1M', us)), Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) * 1000);
      const week = new Date(openOf('1w', us) / 1000);
      assert.equal(week.getUTCDay(), 1, 'a Monday');
      for (const interval of INTERVALS) {
        const open = openOf(interval, us);
        assert.ok(open <= us && us < nextOpen(interval, open), interval);
        assert.equal(openOf(interval, open), open);
        assert.equal(openOf(interval, nextOpen(interval, open)), nextOpen(interval, open));
      }
    }));
  });

  test('a zone moves the beginning of the day', () => {
    assert.equal(openOf('1d', utc('2026-08-05T17:00:00Z'), 8 * HOUR_US), utc('2026-08-05T16:00:00Z'));
    assert.equal(openOf('1M', utc('2026-07-31T20:00:00Z'), 8 * HOUR_US), utc('2026-07-31T16:00:00Z'));
  });
});

describe('candles', () => {
  /** The slow, obvious way: sort trades into intervals. */
  function expected(trades: readonly { atUs: number; ticks: number; lots: number; buys: boolean }[], interval: Interval, untilUs: number): Kline[] {
    const klines: Kline[] = [];
    let openUs = openOf(interval, trades[0]!.atUs);
    let last = trades[0]!.ticks;
    for (; openUs <= untilUs; openUs = nextOpen(interval, openUs)) {
      const closeUs = nextOpen(interval, openUs) - 1;
      const inside = trades.map((trade, at) => ({ ...trade, id: at + 1 })).filter(({ atUs }) => atUs >= openUs && atUs <= closeUs);
      const prices = inside.map(({ ticks }) => ticks);
      const sum = (of: typeof inside, value: (one: (typeof inside)[number]) => number): number => of.reduce((total, one) => total + value(one), 0);
      const bought = inside.filter(({ buys }) => buys);
      klines.push({
        openUs, closeUs, open: prices[0] ?? last, high: Math.max(...prices, prices.length === 0 ? last : 0), low: prices.length === 0 ? last : Math.min(...prices), close: prices.at(-1) ?? last,
        lots: sum(inside, ({ lots }) => lots), tickLots: sum(inside, ({ ticks, lots }) => ticks * lots), trades: inside.length,
        takerBuyLots: sum(bought, ({ lots }) => lots), takerBuyTickLots: sum(bought, ({ ticks, lots }) => ticks * lots),
        firstTradeId: inside[0]?.id ?? -1, lastTradeId: inside.at(-1)?.id ?? -1,
      });
      last = prices.at(-1) ?? last;
    }
    return klines;
  }

  test('are what a slow look at all trades says, gaps without a trade included', () => {
    const trade = fc.record({ waitUs: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 0, max: 200_000_000 })), ticks: fc.integer({ min: 1, max: 1000 }), lots: fc.integer({ min: 1, max: 50 }), buys: fc.boolean() });
    fc.assert(fc.property(fc.array(trade, { minLength: 1, maxLength: 40 }), fc.constantFrom<Interval>('1m', '3m', '1h'), (list, interval) => {
      const series = new KlineSeries(interval, 1000);
      let atUs = utc('2026-08-05T09:58:30Z');
      const trades = list.map(({ waitUs, ...one }) => ({ ...one, atUs: (atUs += waitUs) }));
      trades.forEach((one, at) => series.trade(one.atUs, at + 1, one.ticks, one.lots, one.buys));
      const closed: Kline[] = [];
      series.roll(atUs + 10 * MINUTE_US, (kline) => closed.push({ ...kline }));
      const all = expected(trades, interval, atUs + 10 * MINUTE_US);
      assert.deepEqual(series.range(undefined, undefined, 1000), all);
      assert.deepEqual(closed, all.slice(all.length - 1 - closed.length, -1));
    }));
  });

  test('are found by time, from the first or until the last', () => {
    const series = new KlineSeries('1m', 8);
    const startUs = utc('2026-08-05T10:00:00Z');
    for (let minute = 0; minute < 20; minute++) series.trade(startUs + minute * MINUTE_US, minute + 1, 100 + minute, 1, true);
    const minutes = (klines: readonly Readonly<Kline>[]): number[] => klines.map(({ openUs }) => (openUs - startUs) / MINUTE_US);
    assert.deepEqual(minutes(series.range(undefined, undefined, 3)), [17, 18, 19]);
    assert.deepEqual(minutes(series.range(undefined, startUs + 15 * MINUTE_US, 3)), [13, 14, 15]);
    assert.deepEqual(minutes(series.range(startUs + 14 * MINUTE_US - 1, undefined, 3)), [14, 15, 16]);
    assert.deepEqual(minutes(series.range(startUs, undefined, 100)), [11, 12, 13, 14, 15, 16, 17, 18, 19], 'eight closed ones are kept');
    assert.deepEqual(minutes(series.range(startUs + 40 * MINUTE_US, undefined, 3)), []);
    assert.deepEqual(minutes(series.range(undefined, startUs - 1, 3)), []);
  });
});

describe('the past of a symbol', () => {
  const nowUs = utc('2026-08-05T13:37:11Z');
  const made = (seed: number): Record<Interval, KlineSeries> => {
    const klines = Object.fromEntries(INTERVALS.map((interval) => [interval, new KlineSeries(interval, 20_000)])) as Record<Interval, KlineSeries>;
    fillHistory(klines, seed, 1, 602_350, 30, nowUs);
    return klines;
  };

  test('ends at the price that the venue opens with, leaves no hole, and tells one story in all intervals', () => {
    const klines = made(1);
    for (const interval of INTERVALS.filter((one) => one !== '1s')) {
      const all = klines[interval].range(undefined, undefined, 20_000);
      assert.equal(all.at(-1)!.openUs, openOf(interval, nowUs));
      for (const [at, kline] of all.entries()) {
        if (at > 0) assert.deepEqual([kline.openUs, kline.open], [all[at - 1]!.closeUs + 1, all[at - 1]!.close], interval);
        assert.ok(kline.low <= Math.min(kline.open, kline.close) && kline.high >= Math.max(kline.open, kline.close) && kline.low > 0);
      }
    }
    assert.equal(klines['1m'].at(1)!.close, 602_350);
    // The last two are open, and have had what the minutes before had.
    for (const [interval, us, count] of [['1h', nowUs - 30 * HOUR_US, 60], ['1h', nowUs - 5 * HOUR_US, 60], ['1h', nowUs, 37], ['1d', nowUs, 13 * 60 + 37]] as const) {
      const openUs = openOf(interval, us);
      const hour = klines[interval].range(openUs, openUs, 1)[0]!;
      const minutes = klines['1m'].range(openUs, openUs + count * MINUTE_US - 1, count);
      assert.equal(minutes.length, count);
      assert.deepEqual(
        [hour.open, hour.close, hour.high, hour.low, hour.lots, hour.trades],
        [minutes[0]!.open, minutes.at(-1)!.close, Math.max(...minutes.map(({ high }) => high)), Math.min(...minutes.map(({ low }) => low)), minutes.reduce((sum, { lots }) => sum + lots, 0), minutes.reduce((sum, { trades }) => sum + trades, 0)],
      );
    }
    assert.ok(klines['1d'].range(undefined, undefined, 20_000).length > 1000);
    assert.ok(klines['1d'].range(nowUs - 400 * DAY_US, undefined, 1).length === 1);
  });

  test('comes from the seed', () => {
    assert.deepEqual(made(5)['4h'].range(undefined, undefined, 500), made(5)['4h'].range(undefined, undefined, 500));
    assert.notDeepEqual(made(5)['4h'].at(3), made(6)['4h'].at(3));
  });
});
