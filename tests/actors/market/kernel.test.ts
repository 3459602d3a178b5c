import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MarketKernel } from '../../../actors/market/kernel.js';
import type { Edge } from '../../../actors/market/kernel-port.js';
import { Indicator, Pause } from '../../../actors/market/messages.js';
import type { LevelEdge } from '../../../actors/market/messages.js';
import { Votes } from '../../../actors/market/votes.js';
import type { VenueMatcher } from '../../../actors/venue/matcher-port.js';
import type { VenueControl, VenueEvent } from '../../../actors/venue/messages.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import type { IndicatorParams } from '../../../config/indicators.js';
import { Flag, Kind } from '../../../data/records/layout.js';
import { instrument, message, records } from './records.js';
import type { Level, Rec, Records } from './records.js';

const T0 = 1_760_130_000e6;
const at = (seconds: number): number => T0 + Math.round(seconds * 1e6);
const PARAMS: IndicatorParams = { ...DEFAULT_INDICATOR_PARAMS, baselineSeconds: 60, warmupSamples: 30, baselineMinSamples: 20 };

const kernelOf = (params: Partial<IndicatorParams> = {}, makeMatcher?: (symbol: number) => VenueMatcher): MarketKernel =>
  new MarketKernel([instrument()], () => ({ ...PARAMS, ...params }), { makeMatcher });

/** Runs everything, collecting edges as a driver would. */
function runAll(kernel: MarketKernel, tape: Records, from = 0, to = tape.n): Edge[] {
  const edges: Edge[] = [];
  for (let n = from; n < to;) {
    n = kernel.run(tape.F, tape.I, n, to);
    edges.push(...kernel.edges);
  }
  return edges;
}

const ticker = (seconds: number, bid: number, ask: number, bidLots = 10_000, askLots = 10_000): Rec =>
  ({ kind: Kind.BOOK_TICKER, exch: at(seconds), price: bid, qty: bidLots, price2: ask, aux: askLots });
const trade = (seconds: number, price: number, qty: number, sell = false): Rec =>
  ({ kind: Kind.TRADE, exch: at(seconds), price, qty, flags: sell ? Flag.SELL : 0 });

/** A quiet market of `seconds` from second `from`: a tick to and fro, balanced trades. */
function quiet(from: number, seconds: number, price = 100_000): Rec[] {
  const list: Rec[] = [];
  for (let k = 0; k < seconds; k += 1) {
    const p = price + (k % 2);
    list.push(ticker(from + k + 0.1, p, p + 1), trade(from + k + 0.3, p + 1, 5 + (k % 3)), trade(from + k + 0.6, p, 5 + ((k + 1) % 3), true));
  }
  return list;
}

/** A fall of `ticksPerSecond` with heavy selling. */
function fall(from: number, seconds: number, ticksPerSecond: number, price = 100_000): Rec[] {
  const list: Rec[] = [];
  for (let k = 0; k < seconds; k += 1) {
    for (let j = 0; j < 12; j += 1) {
      const p = price - Math.round((k + j / 12) * (k + j / 12) * ticksPerSecond / 2);
      list.push(ticker(from + k + j / 12, p, p + 40), trade(from + k + j / 12 + 0.01, p, 300, true));
    }
  }
  return list;
}

const levels = (edges: readonly Edge[]): LevelEdge[] => edges.filter((e): e is LevelEdge => e.type === 'level');

test('a quiet market tells only that it is warm; a fall triggers, frozen baselines stay, and the calm comes back', () => {
  const kernel = kernelOf();
  const calm = runAll(kernel, records(quiet(0, 100)));
  assert.deepEqual(levels(calm).map((e) => [e.warm, e.triggered]), [[true, false]]);
  assert.equal(levels(calm)[0].exchUs >= at(31), true);

  const crash = fall(100, 8, 60);
  const firstEdges = runAll(kernel, records(crash, kernel.seq + 1));
  const triggered = levels(firstEdges).find((e) => e.triggered);
  assert.ok(triggered, 'the fall triggers');
  assert.ok(triggered.exchUs <= at(104), `after ${(triggered.exchUs - at(100)) / 1e6} s`);
  assert.ok(triggered.votes >= triggered.need && triggered.voters === 4 && triggered.need >= 2);
  assert.ok(levels(firstEdges).some((e) => e.violent));

  const { grid } = kernel.symbol(0)!;
  kernel.control({ type: 'freeze', symbol: 0, on: true, dueUs: at(109) });
  runAll(kernel, records(quiet(109.5, 1, 98_000), kernel.seq + 1));
  const base = [grid.varianceBase.sum, grid.varianceBase.count, grid.spreadBase.median(), grid.deltaBase.mad(), grid.velocityBase.median()];
  runAll(kernel, records([...fall(111, 6, 80, 98_000), ...quiet(118, 30, 96_500)], kernel.seq + 1));
  assert.deepEqual([grid.varianceBase.sum, grid.varianceBase.count, grid.spreadBase.median(), grid.deltaBase.mad(), grid.velocityBase.median()], base);
  const last = levels(runAll(kernel, records(quiet(148, 5, 96_500), kernel.seq + 1)));
  assert.equal(kernel.symbol(0)!.triggered, false);
  assert.equal(last.some((e) => e.triggered), false);
  kernel.control({ type: 'freeze', symbol: 0, on: false, dueUs: 0 });
  runAll(kernel, records(quiet(153, 30, 96_500), kernel.seq + 1));
  assert.notEqual(grid.varianceBase.sum, base[0]);
});

test('a steady fall is volatile (RMS, lagged baseline): the trap of 4.0 is not ours', () => {
  const kernel = kernelOf({ baselineSeconds: 300, warmupSamples: 120, triggerRange: 0 });
  const random = ((seed: number) => (): number => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 4294967296))(5);
  const list: Rec[] = [];
  let price = 1_000_000;
  for (let k = 0; k < 340; k += 1) {
    price += Math.round((random() - 0.5) * 100);
    list.push(ticker(k + 0.5, price, price + 1));
  }
  runAll(kernel, records(list));
  const fallen: number[] = [];
  for (let k = 340; k < 371; k += 1) {
    price = Math.round(price * (1 - 0.0012));
    runAll(kernel, records([ticker(k + 0.5, price, price + 1)], kernel.seq + 1));
    fallen.push(kernel.symbol(0)!.grid.volatilityRatio);
  }
  assert.ok(fallen[11] > 20, `V after ten seconds of -12 bp each: ${fallen[11]}`);
  // Unfrozen, the baseline swallows the crash only as far as its lag and length let it.
  assert.ok(fallen[30] > 3.5);
});

test('edges come only when a machine could act, and carry the record that raised them', () => {
  const kernel = kernelOf();
  const tape = records([...quiet(0, 60), ...fall(60, 6, 60), ...quiet(66, 40, 98_900)]);
  let previous = '';
  for (let n = 0; n < tape.n;) {
    n = kernel.run(tape.F, tape.I, n, tape.n);
    for (const e of levels(kernel.edges)) {
      assert.equal(e.seq, n - 1);
      assert.equal(e.atUs, tape.F[(n - 1) * 8 + 2]);
      const told = JSON.stringify([e.triggered, e.calm, e.violent, e.pauses, e.warm]);
      assert.notEqual(told, previous);
      previous = told;
      assert.equal(e.calm, e.votes <= 1);
      assert.equal(e.triggered, e.warm && e.votes >= e.need && e.features.violentRange >= PARAMS.triggerRange);
    }
  }
});

test('need is the same share of those who can vote, never below the floor', () => {
  const votes = new Votes(PARAMS);
  const refresh = (atUs: number): void => {
    votes.nowUs = atUs;
    votes.refresh();
  };
  const able = [Indicator.VOLATILITY, Indicator.ACCELERATION, Indicator.OBI, Indicator.SPREAD, Indicator.VOLUME_DELTA];
  const needs: number[] = [];
  for (let n = 0; n <= 5; n += 1) {
    if (n > 0) votes.ability(able[n - 1], true);
    refresh(0);
    needs.push(votes.need);
  }
  assert.deepEqual(needs, [2, 2, 2, 2, 3, 3]);
  votes.nowUs = 1e6;
  votes.pulse(5, true);
  refresh(1e6);
  assert.equal(votes.need, 2);
  refresh(2.5e6);
  assert.equal(votes.need, 2);
  refresh(2.5e6 + 1);
  assert.equal(votes.need, 3);
});

test('a latch holds for B after its condition, a level as long as it lasts and B more', () => {
  const votes = new Votes(PARAMS);
  const refresh = (atUs: number): void => {
    votes.nowUs = atUs;
    votes.refresh();
  };
  votes.ability(Indicator.OBI, true);
  votes.nowUs = 10e6;
  votes.pulse(0, true);
  refresh(10e6);
  assert.equal(votes.mask, Indicator.VOLATILITY);
  assert.equal(votes.expiryUs, 11.5e6);
  refresh(11.5e6);
  assert.equal(votes.mask, Indicator.VOLATILITY);
  refresh(11.5e6 + 1);
  assert.equal(votes.mask, 0);
  votes.nowUs = 20e6;
  votes.level(Indicator.OBI, 2, true);
  refresh(90e6);
  assert.equal(votes.mask, Indicator.OBI);
  votes.nowUs = 90e6;
  votes.level(Indicator.OBI, 2, false);
  refresh(91.5e6);
  assert.equal(votes.mask, Indicator.OBI);
  refresh(92e6);
  assert.equal(votes.mask, 0);
  votes.nowUs = 100e6;
  votes.pulse(4, true);
  votes.unlatch();
  refresh(100e6);
  assert.equal(votes.mask, 0);
});

test('until: stops before the first record at or after it, with no trace of having looked', () => {
  const tape = records([trade(1, 100_000, 1), trade(2, 100_000, 1), trade(2, 100_001, 1), trade(1.5, 100_001, 1), trade(3, 100_002, 1)]);
  const kernel = kernelOf();
  assert.equal(kernel.run(tape.F, tape.I, 0, tape.n, at(2)), 1);
  assert.equal(kernel.run(tape.F, tape.I, 1, tape.n, at(2)), 1);
  assert.equal(kernel.counters().records, 1);
  assert.equal(kernel.run(tape.F, tape.I, 1, tape.n, at(2) + 1), 4);
  assert.equal(kernel.counters().backwardStamps, 1);
  assert.equal(kernel.clockUs, at(2));
  assert.equal(kernel.run(tape.F, tape.I, 4, tape.n), 5);
  assert.deepEqual(kernel.counters(), { records: 5, processed: 5, gapped: 0, waiting: 0, invalid: 0, backwardStamps: 1, exchangeBackwards: 1, missing: 0 });
});

/** A matcher that accepts what it gets and writes down when. */
class NotingMatcher implements VenueMatcher {
  active = false;
  readonly events: VenueEvent[] = [];
  readonly seen: string[] = [];

  control(control: VenueControl, seq: number, atUs: number): void {
    this.active = control.type === 'order.new';
    this.seen.push(`${control.id}@${seq}`);
    this.events.push({ type: 'order.accepted', id: control.id, symbol: 0, seq, atUs, queueAheadLots: 0 });
  }

  record(F: Float64Array, _I: Int32Array, n: number): void {
    this.seen.push(`record ${F[n * 8]}`);
  }

  snapshot(): unknown {
    return null;
  }
  restore(): void {
    this.active = false;
  }
}

const order = (id: string, dueUs: number): VenueControl => ({
  type: 'order.new', id, symbol: 0, side: 'buy', kind: 'limit', priceTicks: 90, lots: 1, timeInForce: 'GTC', reduceOnly: false, dueUs,
});

test('controls are applied by due time then arrival, before the first record at or after them; their edges come first', () => {
  const matcher = new NotingMatcher();
  const kernel = kernelOf({}, () => matcher);
  const tape = records([trade(1, 100, 1), trade(2, 100, 1), trade(3, 100, 1), trade(4, 100, 1)]);
  assert.equal(kernel.run(tape.F, tape.I, 0, 1), 1);
  kernel.control(order('b', at(2.5)));
  kernel.control(order('a', at(2)));
  kernel.control(order('c', at(2.5)));
  // 'a' is due with record 1: it comes before it, and the run stops so that what follows from it can be sent.
  assert.equal(kernel.run(tape.F, tape.I, 1, 4), 1);
  assert.deepEqual(kernel.edges.map((e) => e.type), ['order.accepted']);
  // Zero distance: what is sent now at the present clock still comes before the record.
  kernel.control(order('z', kernel.clockUs));
  assert.equal(kernel.run(tape.F, tape.I, 1, 4), 1);
  assert.equal(kernel.run(tape.F, tape.I, 1, 4), 2);
  // b, then c, one stop each; a timer at 2.5 (until) comes before both.
  assert.equal(kernel.run(tape.F, tape.I, 2, 4, at(2.5)), 2);
  assert.equal(kernel.edges.length, 0);
  assert.equal(kernel.run(tape.F, tape.I, 2, 4, at(2.8)), 2);
  assert.equal((kernel.edges[0] as VenueEvent).atUs, at(2.5));
  assert.equal(kernel.run(tape.F, tape.I, 2, 4, at(2.8)), 2);
  assert.equal(kernel.run(tape.F, tape.I, 2, 4, at(2.8)), 2);
  assert.equal(kernel.edges.length, 0);
  assert.equal(kernel.run(tape.F, tape.I, 2, 4), 4);
  assert.deepEqual(matcher.seen, ['a@1', 'z@1', 'record 1', 'b@2', 'c@2', 'record 2', 'record 3']);
});

const BOOK: Level[] = Array.from({ length: 30 }, (_, k): Level[] => [['bid', 100_000 - k, 100 + k], ['ask', 100_002 + k, 100 + k]]).flat();
const snapshotAt = (seconds: number, id: number, list: readonly Level[] = BOOK): Rec[] => message(Kind.SNAPSHOT, id, 0, list, { exch: at(seconds) });
const diffAt = (seconds: number, u: number, before: number, list: readonly Level[]): Rec[] => message(Kind.DEPTH, u, before, list, { exch: at(seconds) });

test('orders wait until a depth message is whole', () => {
  const matcher = new NotingMatcher();
  const kernel = kernelOf({}, () => matcher);
  const tape = records([...snapshotAt(1, 10), ...diffAt(2, 12, 10, [['bid', 100_001, 1], ['bid', 99_000, 1], ['bid', 98_000, 2]]), trade(3, 100_000, 1)]);
  runAll(kernel, tape, 0, 61);
  kernel.control(order('x', at(2)));
  runAll(kernel, tape, 61);
  assert.equal(matcher.seen[0], 'x@63');
});

test('imbalance, depth and spread equal sums over a sorted Map; nobody reads a book that is not LIVE', () => {
  const kernel = kernelOf();
  const symbol = kernel.symbol(0)!;
  runAll(kernel, records(snapshotAt(1, 10)));
  const bids = new Map(BOOK.filter(([s]) => s === 'bid').map(([, p, q]) => [p, q]));
  const asks = new Map(BOOK.filter(([s]) => s === 'ask').map(([, p, q]) => [p, q]));
  fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 12 }), (list) => {
    const changes = list.map(([bid, k, q]): Level => (bid ? ['bid', 100_000 - k, q < 60 ? 0 : q] : ['ask', 100_002 + k, q < 60 ? 0 : q]));
    for (const [side, p, q] of changes) {
      if (q === 0) (side === 'bid' ? bids : asks).delete(p);
      else (side === 'bid' ? bids : asks).set(p, q);
    }
    const id = symbol.book!.lastId;
    runAll(kernel, records(diffAt(2, id + 5, id, changes), kernel.seq + 1));
    const top = (m: Map<number, number>, d: 1 | -1, n: number): [number, number][] => [...m].sort((a, b) => d * (a[0] - b[0])).slice(0, n);
    const sum = (rows: readonly [number, number][], f: (row: [number, number]) => number): number => rows.reduce((s, row) => s + f(row), 0);
    const b10 = sum(top(bids, -1, 10), ([, q]) => q);
    const a10 = sum(top(asks, 1, 10), ([, q]) => q);
    if (a10 + b10 === 0) assert.ok(Number.isNaN(symbol.depth.obi));
    else assert.equal(symbol.depth.obi, (b10 - a10) / (b10 + a10));
    const worth = ([p, q]: [number, number]): number => p * 0.01 * q * 0.001;
    assert.ok(Math.abs(symbol.depth.bid - sum(top(bids, -1, 20), worth)) < 1e-6);
    assert.ok(Math.abs(symbol.depth.ask - sum(top(asks, 1, 20), worth)) < 1e-6);
    const bestBid = top(bids, -1, 1)[0]?.[0] ?? 0;
    const bestAsk = top(asks, 1, 1)[0]?.[0] ?? 0;
    assert.deepEqual([symbol.bestBidTicks, symbol.bestAskTicks], [bestBid, bestAsk]);
    if (bestBid > 0 && bestAsk > 0) assert.equal(symbol.spread, (bestAsk - bestBid) / ((bestAsk + bestBid) / 2));
    else assert.ok(Number.isNaN(symbol.spread));
  }), { numRuns: 300 });
  assert.equal(symbol.live, true);
  const best = symbol.bestBidTicks;
  assert.ok(best === 0 || symbol.lotsAt('bid', best) > 0);
  const id = symbol.book!.lastId;
  const edges = runAll(kernel, records(diffAt(3, id + 9, id + 5, [['bid', 99_990, 1]]), kernel.seq + 1));
  assert.deepEqual(edges.filter((e) => e.type === 'book').map((e) => [e.from, e.to]), [['LIVE', 'GAP']]);
  assert.equal(symbol.lotsAt('bid', best), 0);
  assert.equal(symbol.nextPrice('bid', 0), 0);
  assert.ok(Number.isNaN(symbol.features().obi));
  assert.ok((symbol.pauses & Pause.GAP) !== 0);
});

test('a book without news goes STALE while others flow, and comes back; quotes that are old no longer make the price', () => {
  const kernel = kernelOf();
  const symbol = kernel.symbol(0)!;
  const states = (edges: readonly Edge[]): string[] => edges.filter((e) => e.type === 'book').map((e) => e.to);
  assert.deepEqual(states(runAll(kernel, records([...snapshotAt(1, 10), trade(5.9, 100_000, 1)]))), ['LIVE']);
  assert.deepEqual(states(runAll(kernel, records([trade(6.1, 100_007, 1)], kernel.seq + 1))), ['STALE']);
  assert.equal(symbol.live, false);
  assert.ok((symbol.pauses & Pause.STALE) !== 0);
  assert.equal(symbol.grid.price, 100_001);
  runAll(kernel, records([trade(11.2, 100_009, 1)], kernel.seq + 1));
  assert.equal(symbol.grid.price, 100_009);
  assert.deepEqual(states(runAll(kernel, records(diffAt(12, 12, 10, [['bid', 100_001, 5]]), kernel.seq + 1))), ['LIVE']);
  assert.equal(symbol.grid.price, 100_001.5);
  assert.equal(symbol.pauses & Pause.STALE, 0);
});

test('a gap in the depth stream un-latches; a hole in trade ids only pauses', () => {
  const kernel = kernelOf({ triggerRange: 0, votesFloor: 1 });
  const symbol = kernel.symbol(0)!;
  runAll(kernel, records([...quiet(0, 60), ...fall(60, 4, 60)]));
  assert.ok(symbol.votes.votes >= 2);
  runAll(kernel, records([{ kind: Kind.GAP, exch: at(64), qty: 7, extra: Kind.TRADE }], kernel.seq + 1));
  assert.ok(symbol.votes.votes >= 2);
  assert.ok((symbol.pauses & Pause.GAP) !== 0);
  assert.equal(kernel.counters().missing, 7);
  assert.equal(kernel.counters().gapped, 1);
  runAll(kernel, records(quiet(66, 1, 99_000), kernel.seq + 1));
  assert.equal(symbol.pauses & Pause.GAP, 0);

  const booked = kernelOf();
  runAll(booked, records([...quiet(0, 60), ...snapshotAt(60, 10), ...diffAt(60.2, 12, 10, Array.from({ length: 30 }, (_, k): Level => ['bid', 100_000 - k, 0]))]));
  assert.ok((booked.symbol(0)!.votes.mask & Indicator.OBI) !== 0, 'an empty bid side is imbalance -1');
  runAll(booked, records([{ kind: Kind.GAP, exch: at(60.3), qty: 3, extra: Kind.DEPTH }], booked.seq + 1));
  assert.equal(booked.symbol(0)!.votes.mask, 0);
  assert.equal(booked.symbol(0)!.bestAskTicks, 0);
});

test('thin books, wide spreads and late records pause', () => {
  const kernel = kernelOf({ spreadEmergencyBps: 5 });
  const symbol = kernel.symbol(0)!;
  runAll(kernel, records([...quiet(0, 60), ...snapshotAt(60, 10)]));
  assert.ok((symbol.pauses & Pause.LIQUIDITY) !== 0, 'far below 100,000 USD');
  const rich = BOOK.map(([s, p, q]): Level => [s, p, q * 1000]);
  runAll(kernel, records(diffAt(60.1, 12, 10, rich), kernel.seq + 1));
  assert.equal(symbol.pauses & Pause.LIQUIDITY, 0);
  runAll(kernel, records([ticker(60.2, 100_000, 100_070)], kernel.seq + 1));
  assert.ok((symbol.pauses & Pause.SPREAD) !== 0, '7 bp, 70 times the median');
  runAll(kernel, records([ticker(60.3, 100_000, 100_030)], kernel.seq + 1));
  assert.ok((symbol.pauses & Pause.SPREAD) !== 0, 'it holds until the spread has halved');
  runAll(kernel, records([ticker(60.4, 100_000, 100_020), ticker(60.5, 100_000, 100_030)], kernel.seq + 1));
  assert.equal(symbol.pauses & Pause.SPREAD, 0, '3 bp raises no emergency, however many ticks');
  const late = (s: number): Rec[] => [0, 1, 2].map((k) => ({ ...trade(s + k / 10, 100_000, 1), recv: at(s + k / 10) + (k < 2 ? 900_000 : 1000) }));
  runAll(kernel, records([...late(61), ...late(62.5)], kernel.seq + 1));
  assert.ok((symbol.pauses & Pause.LATENCY) !== 0);
  assert.equal(symbol.grid.latencyMs, 900);
});

test('candles are told only while armed, only green ones, with what came before', () => {
  const kernel = kernelOf();
  const list = [trade(0.1, 100, 4), trade(0.9, 105, 4), trade(1.1, 103, 2), trade(1.8, 110, 2), trade(2.2, 110, 1), trade(2.4, 108, 1), trade(3, 109, 1)];
  assert.equal(runAll(kernel, records(list)).some((e) => e.type === 'candle'), false);
  const armed = kernelOf();
  armed.control({ type: 'freeze', symbol: 0, on: true, dueUs: at(0) });
  const candles = runAll(armed, records(list)).filter((e) => e.type === 'candle');
  assert.deepEqual(candles.map((c) => [c.open, c.high, c.low, c.close, c.volume, c.meanVolume60, c.windowLow, c.windowHigh, c.exchUs, c.seq]), [
    [100, 105, 100, 105, 8, 0, 0, 0, at(1), 2],
    [103, 110, 103, 110, 4, 8 / 60, 100, 105, at(2), 4],
  ]);
});

test('an exchange clock that was far ahead is taken back after enough records; silence makes no returns', () => {
  const kernel = kernelOf();
  const symbol = kernel.symbol(0)!;
  runAll(kernel, records(quiet(0, 60)));
  runAll(kernel, records([trade(60 + 86_400, 100_000, 1)], kernel.seq + 1));
  assert.ok(symbol.exchUs > at(80_000));
  runAll(kernel, records(quiet(61, 40), kernel.seq + 1));
  assert.ok(symbol.exchUs < at(102) && symbol.exchUs > at(100), 'back with everyone');
  const valid = symbol.grid.validSamples;
  runAll(kernel, records([ticker(500, 90_000, 90_001), ticker(501.5, 90_000, 90_001)], kernel.seq + 1));
  assert.ok(symbol.grid.validSamples <= valid + 3, 'only the carried seconds');
  assert.ok(Number.isNaN(symbol.grid.acceleration));
});

test('NaN and infinite stamps move no clock', () => {
  const kernel = kernelOf();
  runAll(kernel, records([trade(1, 100, 1), { ...trade(2, 100, 1), exch: NaN }, { ...trade(2, 100, 1), exch: Infinity }, { ...trade(2, 100, 1), recv: Infinity }, { ...trade(2, 100, 1), recv: NaN }]));
  assert.ok(kernel.clockUs <= at(2));
  assert.ok(kernel.symbol(0)!.exchUs <= at(2));
  assert.equal(kernel.counters().records, 5);
});

/** Anything at all for two symbols, one of them with a book that breaks now and then. */
test('a snapshot of a book that is in step tells nobody anything, and no order sees half of it', () => {
  const tape = [...quiet(0, 120), ...snapshotAt(120, 10), ...diffAt(120.1, 12, 10, [['bid', 99_999, 5]]), ...snapshotAt(120.2, 20, BOOK.slice(0, 20)), ...diffAt(120.3, 22, 20, [['bid', 99_990, 5]])];
  const kernel = kernelOf({});
  const { F, I, n } = records(tape);
  const edges: Edge[] = [];
  const reads: number[] = [];
  for (let r = 0; r < n; r += 1) {
    kernel.run(F, I, r, r + 1);
    edges.push(...kernel.edges);
    const symbol = kernel.symbol(0)!;
    if (symbol.book?.retaking === true) reads.push(symbol.lotsAt('bid', 100_000), symbol.nextPrice('bid', 0), Number(symbol.live));
  }
  assert.deepEqual(edges.filter((edge) => edge.type === 'book').map((edge) => edge.to), ['LIVE']);
  assert.ok(reads.length > 0 && reads.every((read) => read === 0), 'while it is replaced there is nothing to read');
  assert.equal(kernel.symbol(0)!.live, true);
  assert.equal(kernel.symbol(0)!.lotsAt('bid', 99_985), 0, 'what the snapshot does not have is gone');
  assert.equal(kernel.symbol(0)!.lotsAt('bid', 99_990), 5);
});

function soup(seed: number, count: number): Rec[] {
  let a = seed >>> 0;
  const random = (): number => {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0;
    return a / 4294967296;
  };
  const list: Rec[] = [];
  let us = T0;
  let id = 10;
  let price = 100_000;
  while (list.length < count) {
    us += Math.floor(random() * 120_000);
    const seconds = (us - T0) / 1e6;
    price += Math.floor(random() * 5) - 2;
    const pick = random();
    const more: Partial<Rec> = { recv: us + 2000 };
    if (pick < 0.5) {
      const before = random() < 0.01 ? id - 1 : id;
      id += 3;
      list.push(...message(Kind.DEPTH, id, before, Array.from({ length: 1 + Math.floor(random() * 6) }, (): Level => {
        const bid = random() < 0.5;
        return [bid ? 'bid' : 'ask', bid ? price - Math.floor(random() * 40) : price + 1 + Math.floor(random() * 40), random() < 0.4 ? 0 : Math.floor(random() * 9000)];
      }), { exch: us, ...more }));
    } else if (pick < 0.52 || list.length === 0) {
      list.push(...message(Kind.SNAPSHOT, id, 0, BOOK.map(([s, p, q]): Level => [s, p - 100_000 + price, q]), { exch: us, ...more }));
    } else if (pick < 0.8) {
      list.push({ ...trade(seconds, price, Math.floor(random() * 50), random() < 0.5), ...more, symbol: random() < 0.3 ? 1 : 0 });
    } else if (pick < 0.97) {
      list.push({ ...ticker(seconds, price - 1, price + 1, Math.floor(random() * 900)), ...more, symbol: random() < 0.3 ? 1 : 0 });
    } else if (pick < 0.985) {
      list.push({ kind: Kind.GAP, exch: us, qty: 2, extra: random() < 0.5 ? Kind.DEPTH : Kind.TRADE });
    } else {
      list.push({ kind: Math.floor(random() * 14), exch: us, symbol: Math.floor(random() * 4), price: Math.floor(random() * 9) - 3, qty: NaN });
    }
  }
  return list;
}

const TWO = [instrument(), instrument({ index: 1, symbol: 'OTHERUSDT', venue: 'binance-usdm', product: 'linear' })];
const make = (): MarketKernel => new MarketKernel(TWO, () => ({ ...PARAMS, bookWindowTicks: 1024, bookBufferRecords: 128 }));

test('snapshot at any record, restored into a new kernel, goes on to the same edges, features and counts', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 2999 }), (seed, cut) => {
    const tape = records(soup(seed, 3000));
    const whole = make();
    whole.control({ type: 'freeze', symbol: 0, on: true, dueUs: at(40) });
    whole.control({ type: 'freeze', symbol: 1, on: true, dueUs: at(90) });
    const head = runAll(whole, tape, 0, cut);
    const saved = structuredClone(whole.snapshot());
    assert.equal(saved.seq, cut - 1);
    const tail = runAll(whole, tape, cut);
    const other = make();
    runAll(other, records(soup(seed + 1, 500)));
    other.restore(saved);
    assert.deepEqual(runAll(other, tape, cut), tail);
    assert.deepEqual(other.counters(), whole.counters());
    assert.deepEqual(other.snapshot(), whole.snapshot());
    assert.ok(head.length + tail.length > 0);
  }), { numRuns: 12 });
});

test('the same records in any pieces give the same edges; every record is counted once', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }), (seed, pieces) => {
    const tape = records(soup(seed, 2500));
    const one = make();
    const whole = runAll(one, tape);
    const two = make();
    const edges: Edge[] = [];
    for (let from = 0, k = 0; from < tape.n; k += 1) {
      const to = Math.min(tape.n, from + pieces[k % pieces.length]);
      edges.push(...runAll(two, tape, from, to));
      from = to;
    }
    assert.deepEqual(edges, whole);
    one.finish();
    const { records: n, processed, gapped, waiting } = one.counters();
    assert.equal(n, tape.n);
    assert.equal(waiting, 0);
    assert.equal(processed + gapped, n);
    assert.ok(gapped > 0);
  }), { numRuns: 12 });
});
