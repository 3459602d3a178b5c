import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Candles } from '../../../actors/market/candles.js';
import { SymbolKernel } from '../../../actors/market/symbol.js';
import { SortedWindow, SumWindow, medianInPlace } from '../../../actors/market/windows.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import type { IndicatorParams } from '../../../config/indicators.js';
import { Flag, Kind } from '../../../data/records/layout.js';
import type { Instrument } from '../../../data/records/instrument.js';
import { SHARED_DATA_ABSENT } from '../../support/shared-data.js';
import { eventsOf } from './reference/events.js';
import type { Trade } from './reference/events.js';
import { leastSquares, vpinOf } from './reference/flow.js';
import { mean, median, patternOf, secondsOf } from './reference/seconds.js';
import type { Second } from './reference/seconds.js';
import { realTape } from './real.js';
import { instrument, records } from './records.js';
import type { Rec, Records } from './records.js';

function close(actual: number, expected: number, what: string, scale = 0): void {
  if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual), `${what}: ${actual}, reference abstains`);
  else assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(Math.abs(expected), scale) + 1e-15, `${what}: ${actual}, reference ${expected}`);
}

/** Hands the records to a fresh kernel and calls `closed` whenever a second has just been closed. */
function play(tape: Records, of: Instrument, params: IndicatorParams, closed: (second: number, kernel: SymbolKernel) => void): SymbolKernel {
  const kernel = new SymbolKernel(of, params);
  const clocks = clockOf(tape);
  let second = -1;
  for (let r = 0; r < tape.n; r += 1) {
    const now = Math.floor(clocks[r] / 1e6);
    // A mark price touches nothing but the clock: each second is closed alone and can be looked at.
    for (; second >= 0 && second < now; second += 1) {
      const mark = records([{ kind: Kind.MARK, exch: (second + 1) * 1e6 }]);
      kernel.candles.unread = false;
      kernel.take(mark.F, mark.I, 0);
      closed(second, kernel);
    }
    second = Math.max(second, now);
    kernel.take(tape.F, tape.I, r);
  }
  return kernel;
}

/** Exchange clock at each record: an invalid record leaves it where it was. */
function clockOf(tape: Records): number[] {
  const clocks: number[] = [];
  let last = 0;
  for (let r = 0; r < tape.n; r += 1) {
    const one = { F: tape.F, I: tape.I, n: r + 1 };
    if (tape.n > 5000) {
      // Long tapes are real ones with an exchange stamp on every record.
      last = Math.max(last, tape.F[r * 8 + 2]);
    } else {
      const events = eventsOf(one);
      last = events.length > 0 ? events[events.length - 1].us : 0;
    }
    clocks.push(last);
  }
  return clocks;
}

/** Every quantity of every closed second, kernel against reference. */
function compare(tape: Records, of: Instrument, params: IndicatorParams): { seconds: number; spoke: Record<string, number>; rows: Second[] } {
  const rows = secondsOf(eventsOf(tape), params);
  const bySecond = new Map(rows.map((row) => [row.second, row]));
  const spoke: Record<string, number> = { V: 0, a: 0, z: 0, M: 0, X: 0, candle: 0 };
  let seconds = 0;
  let cvd = 0;
  play(tape, of, params, (second, kernel) => {
    const row = bySecond.get(second);
    if (row === undefined) return;
    seconds += 1;
    const { grid, flow } = kernel;
    const at = `second ${second}`;
    assert.equal(grid.warm, row.warm, `${at} warm`);
    close(grid.price, row.price, `${at} price`);
    close(grid.volatilityNow, row.volatilityNow, `${at} sigma`);
    close(grid.volatilityRatio, row.volatilityRatio, `${at} V`);
    close(grid.acceleration, row.acceleration, `${at} a`, 1);
    close(grid.volumeDeltaZ, row.volumeDeltaZ, `${at} z`, 1);
    close(grid.velocityRatio, row.velocityRatio, `${at} M`);
    close(grid.spreadMedian, row.spreadMedian, `${at} spread median`);
    close(grid.violentRange, row.violentRange, `${at} range`);
    if (row.latencySamples <= 256) close(grid.latencyMs, row.latencyMs, `${at} latency`);
    cvd += row.delta;
    if (Math.floor((second - 1) / 86_400) !== Math.floor(second / 86_400)) cvd = row.delta;
    assert.equal(flow.cvdSession, cvd, `${at} CVD`);
    const past = rows.filter((x) => x.second <= second);
    for (const [name, window] of [['cvd1m', 60], ['cvd5m', 300], ['cvd15m', 900]] as const) {
      assert.equal(flow[name], past.slice(-window).reduce((s, x) => s + x.delta, 0), `${at} ${name}`);
    }
    const paid = past.slice(-60).flatMap((x) => x.effective);
    close(flow.effectiveSpread, paid.length > 0 ? mean(paid) : NaN, `${at} effective spread`, 1);
    assert.equal(kernel.candles.unread, row.trades > 0, `${at} candle`);
    if (row.trades > 0) {
      assert.deepEqual([...kernel.candles.kept.subarray(0, 5)], [row.open, row.high, row.low, row.close, row.volume], `${at} candle`);
      close(kernel.candles.kept[5], row.meanVolume, `${at} mean volume`, 1);
      assert.deepEqual([...kernel.candles.kept.subarray(6)], [row.windowLow, row.windowHigh], `${at} extremum window`);
      close(kernel.candles.pattern, row.pattern, `${at} pattern`);
      spoke['candle'] += 1;
    }
    for (const [key, value] of [['V', row.volatilityRatio], ['a', row.acceleration], ['z', row.volumeDeltaZ], ['M', row.velocityRatio], ['X', row.spreadMedian]] as const) {
      if (!Number.isNaN(value)) spoke[key] += 1;
    }
  });
  return { seconds, spoke, rows };
}

/** mulberry32: the same stream everywhere. */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A walk with trades and quotes, silences, stamps that go back, and (when asked) every kind of impossible record. */
function walk(seed: number, options: { quotes: boolean; dirt: boolean; seconds: number }): Records {
  const random = generator(seed);
  const list: Rec[] = [];
  let us = 1_760_130_000e6 + Math.floor(random() * 1e6);
  let price = 2000 + Math.floor(random() * 500);
  const end = us + options.seconds * 1e6;
  let busy = 1;
  while (us < end) {
    if (random() < 0.02) busy = [0.1, 1, 1, 8][Math.floor(random() * 4)];
    us += Math.floor((-Math.log(1 - random()) * 400_000) / busy);
    if (random() < 0.01) us += Math.floor(random() * 6e6);
    price = Math.max(50, price + Math.floor(random() * 7) - 3 - (busy > 4 ? 1 : 0));
    // Stamps disagree by up to 40 ms, as those of merged streams do.
    const exch = us - (random() < 0.3 ? Math.floor(random() * 40_000) : 0);
    const recv = random() < 0.8 ? exch + 3000 + Math.floor(random() * 9000) : 0;
    const lots = 1 + Math.floor(random() * random() * 400);
    if (options.quotes && random() < 0.5) {
      const half = 1 + Math.floor(random() * random() * 6);
      const empty = random() < 0.01;
      list.push({ kind: Kind.BOOK_TICKER, exch, recv, price: empty ? 0 : price - half, qty: empty ? 0 : lots, price2: price + half, aux: 1 + Math.floor(random() * 300), id: list.length + 1 });
    } else {
      list.push({ kind: Kind.TRADE, exch, recv, price, qty: lots, flags: random() < 0.5 ? Flag.SELL : 0, id: list.length });
    }
    if (!options.dirt || random() > 0.5) continue;
    const bad: Rec[] = [
      { kind: Kind.TRADE, exch, price, qty: NaN }, { kind: Kind.TRADE, exch, price, qty: Infinity }, { kind: Kind.TRADE, exch, price, qty: -3 },
      { kind: Kind.TRADE, exch, price: 0, qty: 5 }, { kind: Kind.TRADE, exch, price: -7, qty: 5 },
      { kind: Kind.BOOK_TICKER, exch, price: 2000, qty: 1, price2: 2000, aux: 1 }, { kind: Kind.BOOK_TICKER, exch, price: 2001, qty: 1, price2: 1999, aux: 1 },
      { kind: Kind.BOOK_TICKER, exch, price: 2000, qty: NaN, price2: 2002, aux: 1 }, { kind: Kind.BOOK_TICKER, exch, price: -1, qty: 1, price2: 2002, aux: 1 },
    ];
    list.push(bad[Math.floor(random() * bad.length)]);
    if (random() < 0.2) list.push({ kind: Kind.TRADE, exch: exch - 1_500_000, price, qty: lots });
  }
  return records(list);
}

const SMALL: IndicatorParams = { ...DEFAULT_INDICATOR_PARAMS, baselineSeconds: 40, warmupSamples: 20, baselineMinSamples: 10, quoteStaleMs: 1e9 };

test('every second of random markets equals the reference: returns, baselines, candles, patterns, flow', () => {
  const total: Record<string, number> = {};
  for (let seed = 1; seed <= 12; seed += 1) {
    const { spoke } = compare(walk(seed, { quotes: seed % 2 === 0, dirt: false, seconds: 160 }), instrument(), SMALL);
    for (const key of Object.keys(spoke)) total[key] = (total[key] ?? 0) + spoke[key];
  }
  for (const [key, count] of Object.entries(total)) assert.ok(count > 3, `${key} spoke ${count} times`);
});

test('impossible records and stamps that go back change nothing: equal to the reference that never saw them', () => {
  for (let seed = 101; seed <= 108; seed += 1) {
    const tape = walk(seed, { quotes: seed % 2 === 0, dirt: true, seconds: 120 });
    const { seconds } = compare(tape, instrument(), SMALL);
    assert.ok(seconds > 80);
    const kernel = play(tape, instrument(), SMALL, () => undefined);
    const clean = eventsOf(tape).length;
    assert.equal(kernel.invalid, tape.n - clean);
    assert.ok(kernel.invalid > 15 && kernel.exchangeBackwards > 5, `${kernel.invalid} invalid, ${kernel.exchangeBackwards} backwards`);
  }
});

/** The part of a tape between two times of day. */
function between(tape: Records, from: string, to: string): Records {
  const timeOf = (r: number): string => new Date((tape.F[r * 8 + 2] || tape.F[r * 8 + 1]) / 1000).toISOString().slice(11, 19);
  let a = 0;
  while (a < tape.n && timeOf(a) < from) a += 1;
  let b = a;
  while (b < tape.n && timeOf(b) < to) b += 1;
  const F = tape.F.slice(a * 8, b * 8);
  return { F, I: new Int32Array(F.buffer), n: b - a };
}

for (const [name, file, from, to] of [
  ['DOTUSD_PERP', 'binance-delivery_trades_2025-10-10_DOTUSD_PERP.csv.gz', '21:10:00', '21:22:00'],
  ['POLUSDT', 'binance_trades_2025-10-10_POLUSDT.csv.gz', '21:10:00', '21:17:00'],
  ['gemini BTCUSD', 'gemini_trades_2025-10-10_BTCUSD.csv.gz', '21:00:00', '21:40:00'],
] as const) {
  test(`every second of ${name}'s crash equals the reference`, async (t) => {
    const tape = await realTape('tardis-csv', undefined, [`crash-20251010/${file}`]);
    if (tape === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { seconds, spoke } = compare(between(tape, from, to), tape.instruments[0], { ...DEFAULT_INDICATOR_PARAMS, baselineSeconds: 120, baselineMinSamples: 40, warmupSamples: 60 });
    assert.ok(seconds > 300, `${seconds} seconds`);
    assert.ok(spoke['V'] > 100 && spoke['a'] > 60 && spoke['z'] > 100, JSON.stringify(spoke));
    return undefined;
  });
}

test('sliding median, MAD and deviation equal sorting, with NaN holes and equal values', () => {
  const random = generator(7);
  for (const length of [1, 2, 5, 40]) {
    const window = new SortedWindow(length);
    const sum = new SumWindow(length);
    const all: number[] = [];
    for (let k = 0; k < 400; k += 1) {
      const v = random() < 0.2 ? NaN : Math.floor(random() * 9) - 4 + (random() < 0.3 ? random() : 0);
      all.push(v);
      const slot = Float64Array.of(v);
      window.push(slot, 0);
      sum.push(slot, 0);
      const held = all.slice(-length).filter((x) => !Number.isNaN(x));
      assert.equal(window.count, held.length);
      close(window.median(), median(held), 'median', 1);
      close(window.mad(), median(held.map((x) => Math.abs(x - median(held)))), 'mad', 1);
      const a = held.reduce((s, x) => s + x, 0) / held.length;
      close(window.deviation(), held.length < 2 ? 0 : Math.sqrt(held.reduce((s, x) => s + (x - a) ** 2, 0) / (held.length - 1)), 'deviation', 1);
      close(sum.sum, held.reduce((s, x) => s + x, 0), 'sum', 10);
      if (held.length > 0) close(medianInPlace(Float64Array.from(held), held.length), median(held), 'median in place', 1);
    }
  }
});

test('patterns of drawn candles equal the reference: exhaustion, climax, near misses', () => {
  const random = generator(11);
  const found = { exhaustion: 0, climax: 0 };
  for (let round = 0; round < 3000; round += 1) {
    const candles = new Candles(DEFAULT_INDICATOR_PARAMS);
    const run: Second[] = [];
    const green = random() < 0.5;
    let wick = 8 + Math.floor(random() * 10);
    let body = 60 - Math.floor(random() * 10);
    for (let k = 0; k < 6; k += 1) {
      // Mostly a pattern in the making, sometimes not quite.
      const o = 1000;
      const c = random() < 0.05 ? o : green ? o + body : o - body;
      const low = Math.min(o, c) - (green ? Math.floor(random() * 5) : wick);
      const high = Math.max(o, c) + (green ? wick : Math.floor(random() * 5));
      const volume = 3 + Math.floor(random() * 9) * (k === 5 ? 4 : 1);
      [o, high, low, c].forEach((p, i) => candles.trade(p, Float64Array.of(i === 0 ? volume : 0), 0));
      candles.endSecond(1000 + k);
      candles.keep(0);
      if (high === low) run.length = 0;
      else run.push({ open: o, high, low, close: c, volume } as Second);
      const expected = high === low ? 0 : patternOf(run, DEFAULT_INDICATOR_PARAMS);
      close(candles.pattern, expected, `round ${round} candle ${k}`);
      if (expected > 0) found.exhaustion += 1;
      if (expected < 0) found.climax += 1;
      wick = Math.ceil(wick * (1.05 + random() * 0.3));
      body -= Math.floor(random() * 12) - 1;
      if (body < 2) body = 2;
    }
  }
  assert.ok(found.exhaustion > 100 && found.climax > 100, JSON.stringify(found));
});

test("Kyle's lambda, Hasbrouck, Amihud and the impact of order flow equal their regressions", () => {
  const params: IndicatorParams = { ...SMALL, kyleIntervals: 20, kyleMinIntervals: 5, hasbrouckIntervalSeconds: 30, amihudIntervalSeconds: 20, amihudIntervals: 6 };
  for (const [seed, of] of [[201, instrument()], [202, instrument({ product: 'inverse', multiplier: '10', lotSize: '1' })]] as const) {
    const tape = walk(seed, { quotes: true, dirt: false, seconds: 420 });
    const events = eventsOf(tape);
    const rows = secondsOf(events, params);
    const notional = (t: Trade): number => of.product === 'inverse' ? t.lots * 10 : t.lots * 0.001 * t.price * 0.01;
    const trades = events.filter((e): e is Trade => e.type === 'trade');
    const silentAt = (k: number): boolean => {
      for (let back = 0; back <= params.maxSilenceSeconds; back += 1) {
        if (events.some((e) => e.type !== 'other' && Math.floor(e.us / 1e6) === rows[k].second - back)) return false;
      }
      return true;
    };
    const priceAt = (k: number): number => k < 0 || silentAt(k) ? 0 : rows[k].price;
    const intervals = (length: number): { x: Trade[]; from: number; to: number }[] => {
      const list: { x: Trade[]; from: number; to: number }[] = [];
      let from = 0;
      let start = -1;
      rows.forEach((row, k) => {
        if ((row.second + 1) % length !== 0) return;
        list.push({ x: trades.filter((e) => Math.floor(e.us / 1e6) >= rows[from].second && Math.floor(e.us / 1e6) <= row.second), from: start, to: k });
        from = k + 1;
        start = k;
      });
      return list;
    };
    const returnOf = (i: { from: number; to: number }): number => {
      const a = priceAt(i.from);
      const b = priceAt(i.to);
      return a > 0 && b > 0 ? Math.log(b / a) : NaN;
    };
    const kernel = play(tape, of, params, () => undefined);
    const { flow } = kernel;
    const kyle = leastSquares(intervals(params.kyleIntervalSeconds).slice(-params.kyleIntervals).map((i) => [i.x.reduce((s, t) => s + t.d * notional(t), 0), returnOf(i)]));
    assert.equal(flow.kyle.n, kyle.n);
    close(flow.kyle.slope, kyle.slope, 'lambda');
    close(flow.kyle.intercept, kyle.intercept, 'alpha');
    close(flow.kyle.standardError, kyle.standardError, 's.e.');
    close(flow.kyle.t, kyle.t, 't');
    close(flow.kyle.rSquared, kyle.rSquared, 'R2');
    const bins = intervals(30).map((i) => [i.x.reduce((s, t) => s + t.d * Math.sqrt(notional(t)), 0), returnOf(i)] as const).filter(([, y]) => !Number.isNaN(y));
    close(flow.hasbrouck.slope, bins.reduce((s, [x, y]) => s + x * y, 0) / bins.reduce((s, [x]) => s + x * x, 0), 'Hasbrouck');
    const illiquid = intervals(20).slice(-6).map((i) => [Math.abs(returnOf(i)), i.x.reduce((s, t) => s + notional(t), 0)]).filter(([r, v]) => !Number.isNaN(r) && v > 0);
    close(flow.amihud, illiquid.reduce((s, [r, v]) => s + r / v, 0) / illiquid.length, 'Amihud');
    const minuteEnd = rows.findLastIndex((row) => (row.second + 1) % 60 === 0);
    const pairs = rows.slice(0, minuteEnd + 1).map((row, k) => (priceAt(k) > 0 && priceAt(k - 1) > 0 ? [row.ofi, row.price - rows[k - 1].price] as const : undefined)).filter((x) => x !== undefined);
    close(flow.ofiImpact.slope, leastSquares(pairs.slice(-60)).slope, 'OFI impact');
  }
});

test('VPIN equals filling buckets lot by lot, also with trades larger than many buckets', () => {
  for (const seed of [1, 2, 3]) {
    const random = generator(seed);
    const list: Rec[] = [];
    for (let k = 0; k < 900; k += 1) {
      list.push({ kind: Kind.TRADE, exch: 1_760_130_000e6 + k * 50_000, price: 100, qty: random() < 0.02 ? 5000 : Math.floor(random() * 30), flags: random() < 0.5 ? Flag.SELL : 0 });
    }
    const tape = records(list);
    const kernel = play(tape, instrument(), { ...SMALL, vpinBucketLots: 70, vpinBuckets: 50 }, () => undefined);
    const { vpin, filled } = vpinOf(eventsOf(tape) as Trade[], 70, 50);
    assert.equal(kernel.flow.vpinBucketsSeen, filled);
    close(kernel.flow.vpin, vpin, 'VPIN');
  }
});
