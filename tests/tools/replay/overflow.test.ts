import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { AUX, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, PRICE, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { formatFault, parseFault } from '../../../tools/replay/fault-spec.js';
import type { Fault, OverflowFault } from '../../../tools/replay/fault-spec.js';
import { FaultedSource } from '../../../tools/replay/faulted-source.js';
import type { RecordSource } from '../../../tools/replay/faulted-source.js';
import { instanceNames } from '../../../supervisors/index.js';
import { generatedTape, sourceOf } from '../../support/replay-tape.js';

const START_US = 1_000_000;
const NAMES = new Map([[0, 'A'], [1, 'B@x'], [7, 'C']]);
const SYMBOLS = [...NAMES.keys()];
const KINDS = [Kind.TRADE, Kind.DEPTH, Kind.SNAPSHOT, Kind.BOOK_TICKER, Kind.GAP, Kind.MARK, 200];

/** A record as read back; `gap`: the stream it tells of. */
interface Seen {
  readonly seq: number;
  readonly id: number;
  readonly symbol: number;
  readonly kind: number;
  readonly injected: boolean;
  readonly recvUs: number;
  readonly exchUs: number;
  readonly qty: number;
  readonly extra: number;
}

/** A tape of a symbol and a kind a record (ID = position + 1, one a millisecond), handed out in blocks of `block`. */
function tape(rows: readonly (readonly [symbol: number, kind: number])[], block: number): RecordSource {
  let at = 0;
  return {
    next({ F, I }) {
      const count = Math.min(block, rows.length - at);
      for (let r = 0; r < count; r++, at++) {
        const [symbol, kind] = rows[at]!;
        F.fill(0, r * WORDS_F, (r + 1) * WORDS_F);
        F[r * WORDS_F + SEQ] = at;
        F[r * WORDS_F + ID] = at + 1;
        F[r * WORDS_F + RECV_US] = START_US + at * 1000;
        F[r * WORDS_F + EXCH_US] = START_US + at * 1000 - 300;
        F[r * WORDS_F + QTY] = 5;
        F[r * WORDS_F + AUX] = 6;
        I[r * WORDS_I + PRICE] = 9;
        I[r * WORDS_I + TAG] = kind | (symbol << SYMBOL_SHIFT);
        I[r * WORDS_I + EXTRA] = kind === Kind.GAP ? Kind.SNAPSHOT : 3;
      }
      return count;
    },
  };
}

/** The chunks that come out; with blocks of one, one a tape position and one at the end. */
function chunks(source: FaultedSource): Seen[][] {
  const all: Seen[][] = [];
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
    const { F, I, length } = chunk.batch;
    all.push(Array.from({ length }, (_, r) => {
      const tag = I[r * WORDS_I + TAG]!;
      return {
        seq: F[r * WORDS_F + SEQ]!, id: F[r * WORDS_F + ID]!, symbol: tag >>> SYMBOL_SHIFT, kind: tag & KIND_MASK, injected: (tag & Flag.INJECTED) !== 0,
        recvUs: F[r * WORDS_F + RECV_US]!, exchUs: F[r * WORDS_F + EXCH_US]!, qty: F[r * WORDS_F + QTY]!, extra: I[r * WORDS_I + EXTRA]!,
      };
    }));
  }
  return all;
}

const streamOf = ({ kind, extra }: Seen): number => {
  const stream = kind === Kind.GAP ? extra : kind;
  return stream === Kind.SNAPSHOT ? Kind.DEPTH : stream;
};

/** What an overflow means, said slowly: `arrivals` by tape position as the line's faults alone would let them through. */
function overflown(arrivals: readonly Seen[][], positions: number, faults: readonly OverflowFault[]): { seen: Seen[]; lost: number; gaps: number } {
  const seen: Seen[] = [];
  const left = faults.map(({ count }) => count);
  const lostBy = new Map<number, Seen[]>();
  let lost = 0;
  let gaps = 0;
  const tell = (symbol: number, { recvUs, exchUs }: Seen, seqOf: () => number): void => {
    const records = lostBy.get(symbol) ?? [];
    lostBy.delete(symbol);
    for (const stream of [...new Set(records.map(streamOf))].sort((a, b) => a - b)) {
      const qty = records.filter((record) => streamOf(record) === stream).length;
      seen.push({ seq: seqOf(), id: 0, symbol, kind: Kind.GAP, injected: true, recvUs, exchUs, qty, extra: stream });
      gaps += 1;
    }
  };
  let next = 0;
  arrivals.forEach((chunk, position) => {
    for (const record of chunk) {
      let full = false;
      faults.forEach((fault, k) => {
        if (Math.min(position, positions - 1) < fault.at || fault.symbol !== NAMES.get(record.symbol) || left[k] === 0) return;
        left[k]! -= 1;
        full = true;
      });
      if (full) {
        lostBy.set(record.symbol, [...(lostBy.get(record.symbol) ?? []), record]);
        lost += 1;
        continue;
      }
      tell(record.symbol, record, () => record.seq - lost + gaps);
      seen.push({ ...record, seq: record.seq - lost + gaps });
    }
    next = (chunk.at(-1)?.seq ?? next - 1) + 1;
  });
  for (const [symbol, records] of [...lostBy]) tell(symbol, records.at(-1)!, () => NaN);
  return { seen, lost, gaps };
}

function outcome(rows: readonly (readonly [number, number])[], block: number, faults: readonly Fault[]): { source: FaultedSource; seen: Seen[] } {
  const source = new FaultedSource(tape(rows, block), faults, NAMES);
  return { source, seen: chunks(source).flat() };
}

test('an overflow takes the next K records of its symbol, and a gap record a stream says so before the next that survives', () => {
  const A: readonly [number, number] = [0, Kind.TRADE];
  const B: readonly [number, number] = [1, Kind.DEPTH];
  const rows = [A, B, [0, Kind.DEPTH], A, B, [0, Kind.SNAPSHOT], A, A, B] as const;
  const { source, seen } = outcome(rows, 4, [parseFault('overflow:A@2+3')]);
  const brief = seen.map(({ seq, id, symbol, kind, qty, extra, recvUs }) => (kind === Kind.GAP ? [seq, 'gap', symbol, extra, qty, recvUs] : [seq, id - 1, symbol]));
  assert.deepEqual(brief, [
    [0, 0, 0], [1, 1, 1], [2, 4, 1],
    [3, 'gap', 0, Kind.TRADE, 1, START_US + 6000], [4, 'gap', 0, Kind.DEPTH, 2, START_US + 6000],
    [5, 6, 0], [6, 7, 0], [7, 8, 1],
  ]);
  assert.deepEqual([source.inputs, source.lost, source.dropped], [9 + 2, 3, 0]);
});

test('an overflow that outlasts the tape is told at its end', () => {
  const rows = Array.from({ length: 5 }, () => [7, Kind.BOOK_TICKER] as const);
  const { source, seen } = outcome(rows, 2, [parseFault('overflow:C@3+100')]);
  assert.deepEqual(seen.map(({ seq, kind, qty }) => [seq, kind, qty]), [
    [0, Kind.BOOK_TICKER, 5], [1, Kind.BOOK_TICKER, 5], [2, Kind.BOOK_TICKER, 5], [3, Kind.GAP, 2],
  ]);
  assert.deepEqual([source.inputs, source.lost], [6, 2]);
});

test('a record that is dropped does not arrive, so it is not lost too; a late or repeated one can be', () => {
  const rows = Array.from({ length: 6 }, () => [0, Kind.TRADE] as const);
  const dropped = outcome(rows, 6, ['drop:1+2', 'overflow:A@1+2'].map(parseFault));
  assert.deepEqual(dropped.seen.map(({ kind, id, qty }) => (kind === Kind.GAP ? -qty : id - 1)), [0, -2, 5]);
  assert.deepEqual([dropped.source.dropped, dropped.source.lost, dropped.source.inputs], [2, 2, 7]);
  const twice = outcome(rows, 6, ['dup:1', 'delay:0+3', 'overflow:A@1+2'].map(parseFault));
  assert.deepEqual(twice.seen.map(({ kind, id, qty }) => (kind === Kind.GAP ? -qty : id - 1)), [-2, 2, 3, 0, 4, 5]);
});

test('with any other faults an overflow does what its slow definition says, whatever the blocks', () => {
  const at = fc.nat(39);
  const lineFault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at }),
    fc.record({ kind: fc.constant('delay' as const), at, ms: fc.nat(20) }),
    fc.record({ kind: fc.constant('clock' as const), at, ms: fc.integer({ min: -20, max: 20 }) }),
    fc.record({ kind: fc.constant('crash' as const), path: fc.constant('/x'), at }),
    fc.record({ kind: fc.constant('kill-lane' as const), lane: fc.nat(3), at }),
  );
  const overflow: fc.Arbitrary<OverflowFault> = fc.record({
    kind: fc.constant('overflow' as const), symbol: fc.constantFrom(...NAMES.values()), at, count: fc.integer({ min: 1, max: 12 }),
  });
  const rowsOf = fc.array(fc.tuple(fc.constantFrom(...SYMBOLS), fc.constantFrom(...KINDS)), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(rowsOf, fc.array(lineFault, { maxLength: 6 }), fc.array(overflow, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 16 }), (rows, line, overflows, block) => {
      const context = [...line, ...overflows].map(formatFault).join(' ');
      const alone = new FaultedSource(tape(rows, 1), line, NAMES);
      const expected = overflown(chunks(alone), rows.length, overflows);
      const { source, seen } = outcome(rows, block, [...line, ...overflows]);
      // Numbers ascend without a skip but for what was dropped; those of the last gap records follow what came before.
      for (let n = 1; n < seen.length; n++) assert.ok(seen[n]!.seq > seen[n - 1]!.seq, context);
      assert.deepEqual(seen.map((record, n) => ({ ...record, seq: Number.isNaN(expected.seen[n]?.seq) ? NaN : record.seq })), expected.seen, context);
      assert.deepEqual([source.lost, source.dropped], [expected.lost, alone.dropped], context);
      assert.equal(source.inputs, alone.inputs + expected.gaps, context);
      assert.equal(seen.length + source.lost + source.dropped, source.inputs, context);
      assert.equal(seen.filter(({ kind, injected }) => kind === Kind.GAP && injected).reduce((sum, { id, qty }) => sum + (id === 0 ? qty : 0), 0), source.lost);
      if (seen.length > 0) assert.equal(seen.at(-1)!.seq, source.inputs - source.lost - 1 - trailingDrops(seen, source), context);
    }),
    { numRuns: 500 },
  );
});

/** Drops after the last record keep their numbers too. */
function trailingDrops(seen: readonly Seen[], source: FaultedSource): number {
  const skipped = seen.at(-1)!.seq + 1 - seen.length;
  return source.dropped - skipped;
}

test('an overflow concerns its symbol alone: what the others say stays, and no stamp runs ahead', () => {
  const made = generatedTape({ scenario: 'flash-crash', seed: 3, minutes: 8, symbols: 4, rate: 0.05 });
  const names = instanceNames(made.header.instruments);
  const run = (specs: readonly string[]): { kernel: MarketKernel; edges: { symbol: number; seq: number }[] } => {
    const kernel = new MarketKernel(made.header.instruments, () => ({ ...DEFAULT_INDICATOR_PARAMS, baselineSeconds: 60, warmupSamples: 30, baselineMinSamples: 20 }));
    const source = new FaultedSource(sourceOf(made), specs.map(parseFault), names);
    const edges: { symbol: number; seq: number }[] = [];
    for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
      const { F, I, length } = chunk.batch;
      for (let n = 0; n < length;) {
        n = kernel.run(F, I, n, length);
        edges.push(...kernel.edges.map((edge) => ({ ...edge, seq: 0 })));
      }
    }
    kernel.finish();
    return { kernel, edges };
  };
  const clean = run([]);
  const at = Math.floor(made.records / 2);
  const hit = run([`overflow:${names.get(1)!}@${at}+500`, `overflow:${names.get(1)!}@${at + 20_000}+1`]);
  const others = (edges: readonly { symbol: number }[]): unknown[] => edges.filter(({ symbol }) => symbol !== 1);
  assert.deepEqual(others(hit.edges), others(clean.edges));
  assert.notDeepEqual(hit.edges, clean.edges);
  for (const index of [0, 2, 3]) assert.deepEqual(hit.kernel.symbol(index)!.exchangeBackwards, clean.kernel.symbol(index)!.exchangeBackwards);
  const symbol = hit.kernel.symbol(1)!;
  assert.equal(symbol.exchangeBackwards, clean.kernel.symbol(1)!.exchangeBackwards, 'a gap record moves the exchange clock no further than the record after it');
  assert.equal(symbol.missing, 501);
  assert.ok(symbol.book!.breaks > clean.kernel.symbol(1)!.book!.breaks);
  assert.equal(hit.kernel.counters().records, made.records - 501 + symbol.gapRecords);
});
