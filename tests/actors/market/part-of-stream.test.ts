import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { MarketKernel } from '../../../actors/market/kernel.js';
import type { Edge } from '../../../actors/market/kernel-port.js';
import type { Control } from '../../../actors/market/control-queue.js';
import { mergeSnapshots } from '../../../actors/market/snapshot.js';
import type { KernelSnapshot } from '../../../actors/market/snapshot.js';
import { SimulatedMatcher } from '../../../actors/venue/matcher.js';
import type { MatcherSnapshot } from '../../../actors/venue/matcher.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import type { IndicatorParams } from '../../../config/indicators.js';
import type { Instrument } from '../../../data/records/instrument.js';
import { EXCH_US, RECV_US, WORDS_F } from '../../../data/records/layout.js';
import { instanceNames } from '../../../supervisors/index.js';
import type { Fault } from '../../../tools/replay/fault-spec.js';
import { FaultedSource } from '../../../tools/replay/faulted-source.js';
import { generatedTape, sourceOf } from '../../support/replay-tape.js';
import type { MemoryTape } from '../../support/replay-tape.js';
import { Parts, runAll } from './parts.js';

/** Short baselines and a small window: much happens on a short tape. */
const PARAMS: IndicatorParams = {
  ...DEFAULT_INDICATOR_PARAMS, baselineSeconds: 60, warmupSamples: 30, baselineMinSamples: 20, bookWindowTicks: 1024, bookBufferRecords: 128,
  bookStaleMs: 3000, quoteStaleMs: 4000,
};
const TAPES: readonly MemoryTape[] = [
  generatedTape({ scenario: 'flash-crash', seed: 11, minutes: 9, symbols: 4, rate: 0.05 }),
  generatedTape({ scenario: 'feed-trouble', seed: 12, minutes: 6, symbols: 5, rate: 0.05 }),
];
const SHORTEST = Math.min(...TAPES.map(({ records }) => records));

const prng = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return seed / 4294967296;
};

const make = (stream: 'whole' | 'part') => (instruments: readonly Instrument[]): MarketKernel =>
  new MarketKernel(instruments, () => PARAMS, { makeMatcher: () => new SimulatedMatcher(DEFAULT_CONFIG.trading.venue), stream });

interface Stream {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly length: number;
}

/** The tape as a session gets it, with faults, and some stamps gone. */
function streamOf(tape: MemoryTape, faults: readonly Fault[], random: () => number): Stream {
  const source = new FaultedSource(sourceOf(tape), faults, instanceNames(tape.header.instruments));
  const parts: Float64Array[] = [];
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) parts.push(chunk.batch.F.slice(0, chunk.batch.length * WORDS_F));
  const F = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    F.set(part, at);
    at += part.length;
  }
  for (let f = 0; f < F.length; f += WORDS_F) {
    const pick = random();
    if (pick < 0.01) F[f + RECV_US] = 0;
    if (pick < 0.005) F[f + EXCH_US] = 0;
  }
  return { F, I: new Int32Array(F.buffer), length: F.length / WORDS_F };
}

interface Sent {
  readonly before: number;
  readonly control: Control;
}

/** Runs the whole stream, with controls at random places where a driver may send them, and says which. */
function runWhole(kernel: MarketKernel, { F, I, length }: Stream, random: () => number): { edges: Edge[]; sent: Sent[] } {
  const edges: Edge[] = [];
  const sent: Sent[] = [];
  const ids: { id: string; symbol: number }[] = [];
  for (let n = 0; n < length;) {
    const to = Math.min(length, n + 1 + Math.floor(random() * 400));
    edges.push(...runAll(kernel, F, I, n, to));
    n = to;
    for (let burst = Math.floor(random() * 3); burst > 0; burst -= 1) {
      const symbol = kernel.symbols[Math.floor(random() * kernel.symbols.length)]!;
      const control = randomControl(symbol.index, kernel, ids, random);
      kernel.control(control);
      sent.push({ before: n, control });
    }
  }
  return { edges, sent };
}

function randomControl(symbol: number, kernel: MarketKernel, ids: { id: string; symbol: number }[], random: () => number): Control {
  const dueUs = kernel.clockUs + Math.floor(random() * 4) * 100_000;
  const pick = random();
  if (pick < 0.15) return { type: 'freeze', symbol, on: random() < 0.5, dueUs };
  if (pick < 0.25) return { type: 'rebaseline', symbol, dueUs };
  if (pick < 0.45 && ids.length > 0) {
    const { id, symbol: of } = ids[Math.floor(random() * ids.length)]!;
    return { type: 'order.cancel', id, symbol: of, dueUs };
  }
  const id = `o${ids.length}`;
  const side = random() < 0.5 ? 'buy' : 'sell';
  const { bestBidTicks, lastTradeTicks } = kernel.symbol(symbol)!;
  const reduceOnly = random() < 0.3;
  const earlier = ids.filter((other) => other.symbol === symbol);
  ids.push({ id, symbol });
  return {
    type: 'order.new', id, symbol, side, dueUs, reduceOnly,
    kind: random() < 0.6 ? 'limit' : random() < 0.5 ? 'stop' : 'market',
    priceTicks: Math.max(1, (bestBidTicks || lastTradeTicks || 1000) + Math.floor((random() - 0.5) * 20)),
    lots: 1 + Math.floor(random() * 200),
    timeInForce: (['GTC', 'GTC', 'GTX', 'IOC', 'FOK'] as const)[Math.floor(random() * 5)]!,
    ...(reduceOnly && earlier.length > 0 ? { reduces: earlier[Math.floor(random() * earlier.length)]!.id } : {}),
  };
}

/** What takes records one after the other: a whole kernel, or parts. */
interface Taker {
  control(control: Control): void;
  take(stream: Stream, from: number, to: number): void;
}

/** Plays [from, to) with the controls that were sent there. */
function playBetween(taker: Taker, stream: Stream, sent: readonly Sent[], from: number, to: number): void {
  let n = from;
  for (const { before, control } of sent) {
    if (before < from || before > to || (before === to && to < stream.length)) continue;
    taker.take(stream, n, before);
    n = before;
    taker.control(control);
  }
  taker.take(stream, n, to);
}

const wholeTaker = (kernel: MarketKernel, edges: Edge[]): Taker => ({
  control: (control) => kernel.control(control),
  take: ({ F, I }, from, to) => void edges.push(...runAll(kernel, F, I, from, to)),
});
const partsTaker = (parts: Parts): Taker => ({
  control: (control) => parts.control(control),
  take({ F, I }, from, to) {
    for (let n = from; n < to; n += 1) parts.take(F, I, n);
  },
});

/** As deepEqual, but shows the first that differs instead of thousands. */
function sameEdges(actual: readonly Edge[], expected: readonly Edge[]): void {
  const first = actual.findIndex((edge, k) => !isDeepStrictEqual(edge, expected[k]));
  if (first >= 0) assert.deepEqual(actual[first], expected[first], `edge ${first}`);
  assert.equal(actual.length, expected.length);
}

/** Deals the instruments to `lanes` groups, some of which may be empty. */
function deal(instruments: readonly Instrument[], lanes: number, random: () => number): Instrument[][] {
  const groups: Instrument[][] = Array.from({ length: lanes }, () => []);
  for (const instrument of instruments) groups[Math.floor(random() * lanes)]!.push(instrument);
  return groups;
}

const at = fc.nat(SHORTEST - 1);
const recordFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at }),
  fc.record({ kind: fc.constant('delay' as const), at, ms: fc.nat(5000) }),
  fc.record({ kind: fc.constant('clock' as const), at, ms: fc.integer({ min: -3000, max: 3000 }) }),
  fc.record({ kind: fc.constant('overflow' as const), symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'), at, count: fc.integer({ min: 1, max: 300 }) }),
);
const faults = fc.array(recordFault, { minLength: 2, maxLength: 12 });
const seeds = fc.integer({ min: 1, max: 1e9 });

/** The instruments that the kernels know: all of the tape's, or all but the last, whose records are then strangers. */
const known = (tape: MemoryTape, strangers: boolean): readonly Instrument[] => tape.header.instruments.slice(0, strangers ? -1 : undefined);

test('kernels that get only their symbols say together what one says that gets everything', (t) => {
  const seen = { holes: 0, raises: 0, backwards: 0, fills: 0, levels: 0, books: 0, candles: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...TAPES), faults, seeds, fc.integer({ min: 1, max: 5 }), fc.boolean(), (tape, script, seed, lanes, strangers) => {
      const random = prng(seed);
      const stream = streamOf(tape, script, random);
      const whole = make('whole')(known(tape, strangers));
      const { edges, sent } = runWhole(whole, stream, random);
      whole.finish();

      const parts = new Parts(deal(known(tape, strangers), lanes, random), make('part'), random);
      playBetween(partsTaker(parts), stream, sent, 0, stream.length);
      parts.finish();

      sameEdges(parts.edges(), edges);
      assert.deepEqual(parts.counters(), whole.counters());
      assert.deepEqual(parts.snapshot(), whole.snapshot());
      seen.holes += parts.holes;
      seen.raises += parts.raises;
      seen.backwards += whole.counters().backwardStamps;
      seen.fills += edges.filter(({ type }) => type === 'order.fill').length;
      seen.levels += edges.filter(({ type }) => type === 'level').length;
      seen.books += edges.filter(({ type }) => type === 'book').length;
      seen.candles += edges.filter(({ type }) => type === 'candle').length;
    }),
    { numRuns: Number(process.env['PART_RUNS'] ?? 8), endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(seen));
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no ${what} were put to the test`);
});

test('a snapshot at any place, restored into new kernels, whole or dealt to others and back, goes on as if nothing had been', (t) => {
  const seen = { openOrders: 0, waitingControls: 0, waitingRecords: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...TAPES), faults, seeds, fc.integer({ min: 1, max: 5 }), fc.boolean(), (tape, script, seed, lanes, strangers) => {
      const random = prng(seed);
      const stream = streamOf(tape, script, random);
      const instruments = known(tape, strangers);
      const whole = make('whole')(instruments);
      const { edges, sent } = runWhole(whole, stream, random);
      // The first right after a control was sent: it is still on its way then.
      const { before } = sent[Math.floor(random() * sent.length)] ?? { before: 0 };
      const from = Math.min(before + 1, stream.length);
      const places = [0, random(), random()].map((share) => from + Math.floor(share * (stream.length - from))).sort((a, b) => a - b);

      const taken: Edge[] = [];
      const first = make('whole')(instruments);
      playBetween(wholeTaker(first, taken), stream, sent, 0, places[0]!);
      const one = structuredClone(first.snapshot());
      for (const { matcher } of one.symbols) {
        const { buys, sells, stops } = matcher as MatcherSnapshot;
        seen.openOrders += buys.length + sells.length + stops.length;
      }
      seen.waitingControls += one.controls.length;
      seen.waitingRecords += first.counters().waiting;

      // Whole again, in a kernel that had been somewhere else.
      const second = make('whole')(instruments);
      runAll(second, stream.F, stream.I, places[1]!, Math.min(stream.length, places[1]! + 500));
      second.restore(one);
      assert.deepEqual(second.snapshot(), one);
      playBetween(wholeTaker(second, taken), stream, sent, places[0]!, places[1]!);

      // Dealt out to lanes.
      const third = new Parts(deal(instruments, lanes, random), make('part'), random);
      third.restore(structuredClone(second.snapshot()));
      assert.deepEqual(third.counters(), second.counters());
      playBetween(partsTaker(third), stream, sent, places[1]!, places[2]!);
      taken.push(...third.edges());

      // And back.
      const fourth = make('whole')(instruments);
      fourth.restore(structuredClone(third.snapshot()));
      playBetween(wholeTaker(fourth, taken), stream, sent, places[2]!, stream.length);

      sameEdges(taken, edges);
      assert.deepEqual(fourth.counters(), whole.counters());
      assert.deepEqual(fourth.snapshot(), whole.snapshot());
    }),
    { numRuns: Number(process.env['PART_RUNS'] ?? 8), endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(seen));
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no ${what} were put to the test`);
});

test('what a snapshot cannot give is refused, and nothing is half restored', () => {
  const { instruments } = TAPES[0]!.header;
  const kernel = make('whole')(instruments);
  const before = kernel.snapshot();
  const less: KernelSnapshot = { ...before, seq: 7, symbols: before.symbols.slice(1) };
  assert.throws(() => kernel.restore(less), /does not hold symbol 0/);
  assert.deepEqual(kernel.snapshot(), before);
  assert.throws(() => mergeSnapshots([before, less]), /symbol 1 is in two snapshots/);
  assert.throws(() => mergeSnapshots([]), /no snapshot/);
});
