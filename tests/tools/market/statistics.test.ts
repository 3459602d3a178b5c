import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MarketSimulation, type ScenarioName } from '../../../actors/generator/index.js';
import { AUX, EXCH_US, Flag, ID, Kind, PRICE, PRICE2, QTY, RECV_US, TAG, WORDS_F, WORDS_I, allocateBatch, type Instrument } from '../../../data/records/index.js';
import { RETURN_LAGS, StatisticsCollector, type MarketStatistics } from '../../../tools/market/statistics.js';

const instrument: Instrument = { index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] };

function measure(scenario: ScenarioName, seed: number, minutes: number, fromUs = 0, toUs = Infinity): MarketStatistics {
  const simulation = new MarketSimulation({ scenario, seed, minutes, symbols: 1, rate: 1 });
  const collector = new StatisticsCollector(simulation.instruments, fromUs);
  const batch = allocateBatch(4096);
  for (let count = simulation.fill(batch); count > 0; count = simulation.fill(batch)) {
    let end = count;
    while (end > 0 && batch.F[(end - 1) * WORDS_F + EXCH_US]! >= toUs) end -= 1;
    collector.add(batch, 0, end);
  }
  return collector.results()[0]!;
}

function within(value: number, low: number, high: number, what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value}, expected ${low} to ${high}`);
}

describe('market statistics of a tape', () => {
  test('a handful of records, worked out by hand', () => {
    const batch = allocateBatch(32);
    let n = 0;
    const add = (kind: number, flags: number, ms: number, price: number, qty: number, price2 = 0, aux = 0): void => {
      const f = n * WORDS_F;
      const i = n * WORDS_I;
      batch.F.set([0, 1e12 + ms * 1000 + 4000, 1e12 + ms * 1000], f);
      batch.F[f + ID] = n;
      batch.F[f + QTY] = qty;
      batch.F[f + AUX] = aux;
      batch.I[i + PRICE] = price;
      batch.I[i + PRICE2] = price2;
      batch.I[i + TAG] = kind | flags;
      assert.ok(batch.F[f + RECV_US]! > 0);
      n += 1;
    };
    add(Kind.SNAPSHOT, Flag.FIRST, 0, 1000, 2000);
    add(Kind.SNAPSHOT, 0, 0, 999, 4000);
    add(Kind.SNAPSHOT, Flag.SELL | Flag.LAST, 0, 1001, 1000);
    add(Kind.BOOK_TICKER, 0, 100, 1000, 2000, 1001, 1000);
    add(Kind.TRADE, 0, 200, 1001, 600);
    add(Kind.TRADE, 0, 200, 1001, 400);
    add(Kind.BOOK_TICKER, 0, 400, 1000, 2000, 1003, 500);
    add(Kind.TRADE, Flag.SELL, 1000, 1000, 100);
    add(Kind.DEPTH, Flag.FIRST | Flag.LAST, 1100, 998, 1000);
    add(Kind.BOOK_TICKER, 0, 1100, 1000, 1900, 1003, 500);
    const collector = new StatisticsCollector([instrument]);
    collector.add(batch, 0, n);
    const it = collector.results()[0]!;
    assert.equal(it.seconds, 1);
    assert.deepEqual(it.rates, { trades: 3, orders: 2, bestQuotes: 3, diffs: 1, levels: 1 });
    assert.deepEqual([it.orderSize.max, it.tradeSize.max, it.interArrivalMs.p50], [1, 0.6, 800]);
    // 300 ms of one tick out of 1000 ms between the first and the last quote.
    assert.deepEqual(it.oneTickShare, { byMessage: 1 / 3, byTime: 0.3 });
    assert.equal(it.priceMoveShare, 1 / 3);
    assert.ok(Math.abs(it.spreadBps.max - (3 / 1001.5) * 1e4) < 1e-9);
    // Bids 100 x 2 + 99.9 x 4 + 99.8 x 1 at the sample that the diff takes; asks 100.1 x 1.
    assert.deepEqual([it.depth10Bps.p5, it.depth10Bps.max].map((value) => Math.round(value * 10) / 10), [100.1, 200]);
    assert.ok(Math.abs(it.depthTop20.max - 699.4) < 1e-6 && Math.abs(it.depthTop5.p5 - 100.1) < 40);
    assert.equal(it.latencyMs.p50, 4);
  });

  test('without quotes the price is the last trade, and what the tape cannot say is NaN', () => {
    const batch = allocateBatch(400);
    for (let n = 0; n < 400; n++) {
      batch.F[n * WORDS_F + EXCH_US] = 1e12 + n * 500_000;
      batch.F[n * WORDS_F + QTY] = 1;
      batch.I[n * WORDS_I + PRICE] = 1000 + (n % 4 < 2 ? 0 : 10);
      batch.I[n * WORDS_I + TAG] = Kind.TRADE;
    }
    const collector = new StatisticsCollector([instrument]);
    collector.add(batch, 0, 400);
    const it = collector.results()[0]!;
    assert.ok(Math.abs(it.returns.rmsBps - 99.5) < 0.1, `${it.returns.rmsBps}`);
    assert.ok(it.returns.autocorrelation[0]! < -0.9);
    for (const value of [it.spreadBps.p50, it.oneTickShare.byTime, it.depthTop5.p50, it.latencyMs.p50, it.priceMoveShare]) assert.ok(Number.isNaN(value));
  });
});

describe('the generated market stays in its bands (docs/market-statistics.md)', () => {
  // Ten minutes are too few for one tape's clustering to be told from chance: it is judged on the mean.
  const clustering: number[] = [];
  for (const seed of [1, 2, 3]) {
    test(`calm, seed ${seed}`, () => {
      const it = measure('calm', seed, 10);
      within(it.oneTickShare.byTime, 0.96, 1, 'one-tick share of time');
      within(it.oneTickShare.byMessage, 0.85, 0.99, 'one-tick share of messages');
      within(it.touch.p50, 1, 6, 'touch, BTC');
      within(it.depthTop20.p50, 250_000, 1_200_000, 'top-20 notional');
      within(it.orderSize.p50, 0.01, 0.2, 'median order, BTC');
      within(it.orderTail, 1, 2.2, 'tail index of orders');
      within(it.interArrivalCv, 1.2, 3, 'clustering of arrivals');
      within(it.signAutocorrelation[0]!, 0.1, 0.45, 'order signs at lag 1');
      within(it.signAutocorrelation[3]!, 0.02, 0.25, 'order signs at lag 10');
      within(it.returns.rmsBps, 0.3, 2, 'volatility');
      within(it.returns.kurtosis, 4, 80, 'kurtosis');
      within(Math.abs(it.returns.autocorrelation[0]!), 0, 0.2, 'returns at lag 1');
      within(it.returns.absoluteAutocorrelation[RETURN_LAGS.indexOf(1)]!, 0.05, 0.6, 'absolute returns at lag 1 s');
      clustering.push(...[2, 5, 10].map((lag) => it.returns.absoluteAutocorrelation[RETURN_LAGS.indexOf(lag as 2)]!));
      within(it.latencyMs.p50, 2, 6, 'latency');
    });
  }

  test('volatility clusters over seconds', () => {
    const mean = clustering.reduce((sum, value) => sum + value, 0) / clustering.length;
    within(mean, 0.05, 0.4, 'mean autocorrelation of absolute returns at 2, 5 and 10 s');
  });

  test('volatile is wilder than calm of the same seed, without a crash', () => {
    const calm = measure('calm', 5, 8);
    const volatile = measure('volatile', 5, 8);
    assert.ok(volatile.returns.rmsBps > 2 * calm.returns.rmsBps);
    assert.ok(volatile.rates.trades > calm.rates.trades);
    assert.ok(volatile.returns.rangePercent < 6);
  });

  test('in a crash the spread blows out, the depth goes, messages burst and latency grows; before it all is calm', () => {
    const { crash } = (() => {
      const simulation = new MarketSimulation({ scenario: 'flash-crash', seed: 2, minutes: 12, symbols: 1, rate: 1 });
      const batch = allocateBatch(4096);
      while (simulation.fill(batch) > 0);
      return simulation.truth().symbols[0]!;
    })();
    const before = measure('flash-crash', 2, 12, 0, crash!.startUs);
    const during = measure('flash-crash', 2, 12, crash!.startUs + 10e6, crash!.bottomUs);
    assert.ok(before.returns.rangePercent < 1.5);
    assert.ok(during.spreadBps.p50 > 50 * before.spreadBps.p50, `${during.spreadBps.p50}`);
    assert.ok(during.depth10Bps.p50 < 0.2 * before.depth10Bps.p50, `${during.depth10Bps.p50} of ${before.depth10Bps.p50}`);
    assert.ok(during.rates.trades + during.rates.bestQuotes + during.rates.levels > 3 * (before.rates.trades + before.rates.bestQuotes + before.rates.levels));
    assert.ok(during.returns.rmsBps > 15 * before.returns.rmsBps);
    assert.ok(during.latencyMs.p95 > 2 * before.latencyMs.p95);
  });
});
