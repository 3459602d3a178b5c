import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedMatcher } from '../../../../actors/index.js';
import type { NewOrder } from '../../../../actors/index.js';
import { MarketKernel } from '../../../../actors/market/index.js';
import type { Edge, KernelPort } from '../../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../../config/index.js';
import { paramsForSymbol } from '../../../../config/indicators.js';
import type { Instrument } from '../../../../data/records/index.js';
import { formatFault } from '../../../../tools/replay/fault-spec.js';
import type { Fault } from '../../../../tools/replay/fault-spec.js';
import { FaultedSource } from '../../../../tools/replay/faulted-source.js';
import { LocalLanes } from '../../../support/local-lanes.js';
import type { LocalLanesOptions } from '../../../support/local-lanes.js';
import { generatedTape, sourceOf } from '../../../support/replay-tape.js';
import type { MemoryTape } from '../../../support/replay-tape.js';

const TAPES = [
  generatedTape({ scenario: 'flash-crash', seed: 11, minutes: 12, symbols: 4, rate: 0.03 }),
  generatedTape({ scenario: 'feed-trouble', seed: 3, minutes: 12, symbols: 5, rate: 0.03 }),
];
const { venue } = DEFAULT_CONFIG.trading;
const params = ({ symbol }: Instrument) => paramsForSymbol(DEFAULT_CONFIG.indicators, symbol);
const makeMatcher = (): SimulatedMatcher => new SimulatedMatcher(venue);

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Told {
  /** Every edge, in order, with the tape clock that its driver saw. */
  readonly log: readonly string[];
  readonly counters: unknown;
  readonly facts: string;
}

/** JSON with sorted keys that keeps NaN, Infinity and -0 apart. */
const exact = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => {
  if (typeof v === 'number' && !Number.isFinite(v)) return String(v);
  if (Object.is(v, -0)) return '-0';
  if (v instanceof Float64Array) return [...v];
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v;
});

/**
 * What a session does with a kernel: runs it from edge to edge, with timers between, and sends controls back, each due
 * at least `distanceUs` after its cause. Everything it does depends on the edges alone.
 */
function drive(kernel: KernelPort, tape: MemoryTape, faults: readonly Fault[], distanceUs: number, settle: () => void): Told {
  const random = generator(7);
  const log: string[] = [];
  const source = new FaultedSource(sourceOf(tape), faults);
  const timers: number[] = [];
  let orders = 0;
  let clockUs = 0;
  const sendBack = (edge: Edge | { readonly symbol: number }, nowUs: number): void => {
    const { symbol } = edge;
    const dueUs = nowUs + distanceUs + (random() < 0.5 ? 0 : Math.floor(random() * 300_000));
    const kind = random();
    if (kind < 0.15) kernel.control({ type: 'freeze', symbol, on: random() < 0.5, dueUs });
    else if (kind < 0.2) kernel.control({ type: 'rebaseline', symbol, dueUs });
    else if (kind < 0.5 && orders < 300) {
      const features = 'features' in edge ? edge.features : undefined;
      const price = features !== undefined && features.price > 0 ? Math.round(features.price) : 0;
      if (price === 0) return;
      orders += 1;
      const order: NewOrder = {
        type: 'order.new', id: `o-${orders}-é`, symbol, side: random() < 0.5 ? 'buy' : 'sell', kind: random() < 0.7 ? 'limit' : 'market',
        priceTicks: price + Math.floor(random() * 9) - 4, lots: 1 + Math.floor(random() * 50), timeInForce: 'GTC', reduceOnly: false, dueUs,
      };
      kernel.control(order);
      if (random() < 0.4) kernel.control({ type: 'order.cancel', id: order.id, symbol, dueUs: dueUs + 1_000_000 });
    }
    if (random() < 0.2) timers.push(nowUs + 1 + Math.floor(random() * 2_000_000));
  };
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
    const { F, I, length } = chunk.batch;
    for (let at = 0; at < length; ) {
      timers.sort((a, b) => a - b);
      const timerUs = timers[0] ?? Infinity;
      at = kernel.run(F, I, at, length, timerUs);
      clockUs = Math.max(clockUs, kernel.clockUs);
      const edges = [...kernel.edges];
      for (const edge of edges) log.push(`${clockUs} ${exact(edge)}`);
      for (const edge of edges) sendBack(edge, clockUs);
      if (edges.length > 0 || kernel.stalled || at >= length) continue;
      timers.shift();
      clockUs = timerUs;
      log.push(`timer ${timerUs}`);
      sendBack({ symbol: timers.length % tape.header.instruments.length }, clockUs);
    }
  }
  kernel.finish();
  settle();
  return { log, counters: kernel.counters(), facts: exact(tape.header.instruments.map(({ index }) => kernel.facts(index))) };
}

function inline(tape: MemoryTape, faults: readonly Fault[], distanceUs: number): Told {
  return drive(new MarketKernel(tape.header.instruments, params, { makeMatcher }), tape, faults, distanceUs, () => {});
}

function inLanes(tape: MemoryTape, faults: readonly Fault[], options: Partial<LocalLanesOptions> & { readonly distanceUs: number }): Told & { readonly lanes: LocalLanes } {
  const lanes = new LocalLanes({
    instruments: tape.header.instruments, params, venue, lanes: 2, random: generator(1), ...options,
  });
  return { ...drive(lanes.group, tape, faults, options.distanceUs, () => lanes.settle()), lanes };
}

function same(ours: Told, theirs: Told, what: string): void {
  const first = ours.log.findIndex((line, k) => line !== theirs.log[k]);
  assert.equal(first < 0 ? '' : `line ${first}: ${ours.log[first]}`, first < 0 ? '' : `line ${first}: ${theirs.log[first]}`, what);
  assert.equal(ours.log.length, theirs.log.length, what);
  assert.deepEqual(ours.counters, theirs.counters, what);
  assert.equal(ours.facts, theirs.facts, what);
}

test('lanes say what one kernel says, in its order, whatever the distance', () => {
  for (const tape of TAPES) {
    for (const distanceUs of [50_000, 1, 0]) {
      const expected = inline(tape, [], distanceUs);
      assert.ok(expected.log.length > 100 && expected.log.some((line) => line.includes('order.fill')), `${expected.log.length} lines`);
      for (const lanes of distanceUs === 1 ? [1] : [3]) same(inLanes(tape, [], { distanceUs, lanes }), expected, `${lanes} lanes, ${distanceUs} us`);
    }
  }
});

test('the smallest rings change nothing', () => {
  const [tape] = TAPES;
  const expected = inline(tape!, [], 50_000);
  for (const [inboxSlots, outboxSlots] of [[2, 16], [64, 32]] as const) {
    same(inLanes(tape!, [], { distanceUs: 50_000, lanes: 3, inboxSlots, outboxSlots }), expected, `${inboxSlots} and ${outboxSlots} slots`);
  }
});

test('lanes killed again and again repeat nothing and leave nothing out', () => {
  for (const [k, tape] of TAPES.entries()) {
    const expected = inline(tape, [], 50_000);
    for (const checkpointEvery of k === 0 ? [200, 3000, 1e9] : [3000]) {
      const random = generator(k + checkpointEvery);
      const told = inLanes(tape, [], {
        distanceUs: 50_000, lanes: 3, checkpointEvery, inboxSlots: 256,
        onWait: (lanes) => {
          if (lanes.waits % 97 === 0 && random() < (checkpointEvery > 1e6 ? 0.02 : 0.3)) lanes.kill(Math.floor(random() * 3));
        },
      });
      assert.ok(told.lanes.kills > 1, `${told.lanes.kills} kills`);
      same(told, expected, `checkpoints every ${checkpointEvery}, ${told.lanes.kills} kills`);
    }
  }
});

const at = fc.nat(Math.min(...TAPES.map(({ records }) => records)) - 1);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at }),
  fc.record({ kind: fc.constant('delay' as const), at, ms: fc.nat(5000) }),
  fc.record({ kind: fc.constant('clock' as const), at, ms: fc.integer({ min: -3000, max: 3000 }) }),
);

test('random faults, rings, distances, partitions and kills: the same', () => {
  fc.assert(
    fc.property(
      fc.array(fault, { maxLength: 6 }), fc.nat(TAPES.length - 1), fc.constantFrom(0, 1, 20_000, 50_000, 400_000), fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(2, 16, 512), fc.nat(), fc.boolean(), fc.array(fc.nat(4), { minLength: 5, maxLength: 5 }),
      (faults, which, distanceUs, lanes, inboxSlots, seed, kills, partition) => {
        const tape = TAPES[which]!;
        const random = generator(seed);
        const told = inLanes(tape, faults, {
          distanceUs, lanes, inboxSlots, random, checkpointEvery: 1000, assignment: partition.map((lane) => lane % lanes),
          ...(kills ? { onWait: (all: LocalLanes) => void (random() < 0.002 && all.kill(Math.floor(random() * lanes))) } : {}),
        });
        same(told, inline(tape, faults, distanceUs), faults.map(formatFault).join(' '));
      },
    ),
    { numRuns: Number(process.env['LANE_SCRIPTS'] ?? 6), seed: 42 },
  );
});
