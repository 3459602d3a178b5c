import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASK, BID, CROWD, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { LevelPages } from '../../../../actors/exchange/book/level-pages.js';

const LOW = 1000;
const HIGH = 1100;

interface NaiveOrder {
  readonly order: number;
  readonly side: Side;
  readonly tick: number;
  lots: number;
  readonly owner: number;
}

/** The book's rules in the plainest form: one list in order of arrival. */
class NaiveBook {
  orders: NaiveOrder[] = [];

  best(side: Side): number {
    const ticks = this.orders.filter((it) => it.side === side).map((it) => it.tick);
    return ticks.length === 0 ? 0 : side === BID ? Math.max(...ticks) : Math.min(...ticks);
  }

  lots(side: Side, tick: number): number {
    return this.orders.filter((it) => it.side === side && it.tick === tick).reduce((sum, it) => sum + it.lots, 0);
  }

  take(side: Side, lots: number, limit: number): { fills: [number, number, number][]; left: number } {
    const fills: [number, number, number][] = [];
    let left = lots;
    for (;;) {
      const best = this.best(side === BID ? ASK : BID);
      if (left === 0 || best === 0 || (side === BID ? best > limit : best < limit)) return { fills, left };
      const first = this.orders.find((it) => it.side !== side && it.tick === best)!;
      const filled = Math.min(left, first.lots);
      first.lots -= filled;
      left -= filled;
      fills.push([best, filled, first.owner]);
      if (first.lots === 0) this.orders = this.orders.filter((it) => it !== first);
    }
  }
}

const side = fc.constantFrom<Side>(BID, ASK);
const stepAt = (tick: fc.Arbitrary<number>) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), side, tick, lots: fc.integer({ min: 0, max: 9 }), owner: fc.constantFrom(CROWD, 64, 130) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), side, lots: fc.integer({ min: 1, max: 30 }), limit: tick }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('diff' as const) }) },
  );

/** A narrow book, and one whose pages come and go: prices anywhere from 1 to 2^53-1, in a few clusters so that they meet. */
const ranges = [
  { name: 'a hundred ticks', lowTick: LOW, highTick: HIGH, tick: fc.integer({ min: LOW - 2, max: HIGH + 2 }), maxLength: 120 },
  {
    name: 'any tick',
    lowTick: 1,
    highTick: Number.MAX_SAFE_INTEGER,
    tick: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.integer({ min: 250, max: 260 }), fc.integer({ min: 1, max: 40 }).map((page) => page * 100_000), fc.integer({ min: 2 ** 40 - 2, max: 2 ** 40 + 2 }), fc.integer({ min: Number.MAX_SAFE_INTEGER - 2, max: Number.MAX_SAFE_INTEGER })),
    maxLength: 300,
  },
];

describe('the order book', () => {
  for (const { name, lowTick, highTick, tick: anyTick, maxLength } of ranges) {
    test(`equals a naive price-time book after any run of adds, cancels and takes, and its diffs say all that changed: ${name}`, () => {
      fc.assert(
        fc.property(fc.array(stepAt(anyTick), { maxLength, size: 'max' }), (steps) => {
          const book = new OrderBook({ lowTick, highTick, firstUpdateId: 500 });
          const naive = new NaiveBook();
          const told = [new Map<number, number>(), new Map<number, number>()] as const;
          for (const it of steps) {
            const idBefore = book.updateId;
            if (it.do === 'add') {
              const order = book.add(it.side, it.tick, it.lots, it.owner);
              const opposite = naive.best(it.side === BID ? ASK : BID);
              const crosses = opposite !== 0 && (it.side === BID ? it.tick >= opposite : it.tick <= opposite);
              assert.equal(order === 0, crosses || it.lots === 0 || it.tick < lowTick || it.tick > highTick);
              if (order !== 0) naive.orders.push({ order, side: it.side, tick: it.tick, lots: it.lots, owner: it.owner });
              assert.equal(book.updateId, idBefore + (order === 0 ? 0 : 1));
            } else if (it.do === 'cancel') {
              const chosen = naive.orders[it.pick % Math.max(1, naive.orders.length)];
              if (chosen === undefined) continue;
              book.cancel(chosen.order);
              naive.orders = naive.orders.filter((other) => other !== chosen);
            } else if (it.do === 'take') {
              const expected = naive.take(it.side, it.lots, it.limit);
              assert.equal(book.take(it.side, it.lots, it.limit), expected.left);
              const fills = Array.from({ length: book.fillCount }, (_, k) => [book.fillTick[k], book.fillLots[k], book.fillOwner[k]]);
              assert.deepEqual(fills, expected.fills);
            } else {
              for (let k = 0; k < book.changedCount; k++) {
                const tick = book.changed[k]!;
                for (const s of [BID, ASK] as const) if (book.changedOn(s, tick)) told[s].set(tick, book.lotsOnSide(s, tick));
              }
              book.clearChanged();
              for (const s of [BID, ASK] as const) {
                const ticks = new Set([...told[s].keys(), ...naive.orders.map((other) => other.tick)]);
                for (const tick of ticks) assert.equal(told[s].get(tick) ?? 0, naive.lots(s, tick));
              }
            }
            assert.equal(book.bestBid, naive.best(BID));
            assert.equal(book.bestAsk, naive.best(ASK));
            const crowd = Array.from({ length: book.crowdCount }, (_, k) => book.crowdOrder(k));
            assert.deepEqual(crowd.sort((x, y) => x - y), naive.orders.filter((other) => other.owner === CROWD).map((other) => other.order).sort((x, y) => x - y));
            for (const s of [BID, ASK] as const) {
              const levels = [...new Set(naive.orders.filter((other) => other.side === s).map((other) => other.tick))].sort((a, b) => (s === BID ? b - a : a - b));
              let tick = s === BID ? book.bestBid : book.bestAsk;
              for (const level of levels) {
                assert.equal(tick, level);
                assert.equal(book.lotsAt(tick), naive.lots(s, level));
                tick = book.worse(s, tick);
              }
              assert.equal(tick, 0);
            }
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  test('a price that wanders for ever needs no more room than a price that stays', () => {
    const book = new OrderBook({ firstUpdateId: 0 });
    const before = process.memoryUsage().arrayBuffers;
    for (let page = 1; page < 20_000; page++) {
      const order = book.add(page % 2 === 0 ? BID : ASK, page * 512, 1, CROWD);
      book.cancel(order);
      if (page % 10 === 0) book.clearChanged();
    }
    // A page of levels takes over 4 KiB.
    const grownBytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(grownBytes < 4 << 20, `${grownBytes} bytes more`);
  });

  test('orders are numbered from a pool that is given back: a full book refuses, and takes again after a cancel', () => {
    const book = new OrderBook({ lowTick: LOW, highTick: HIGH, firstUpdateId: 0, maxOrders: 32_767 });
    let last = 0;
    let added = 0;
    for (let order = book.add(BID, LOW, 1, CROWD); order !== 0; order = book.add(BID, LOW, 1, CROWD)) {
      last = order;
      added += 1;
    }
    assert.ok(added > 30_000, `${added}`);
    book.cancel(last);
    assert.equal(book.add(ASK, HIGH, 1, CROWD), last);
    assert.equal(book.lotsAt(LOW), added - 1);
  });
});

describe('the pages of price levels', () => {
  test('find the same neighbours as a sorted list, over words, pages and any distance, while pages come and go', () => {
    // Clusters far apart: neighbours in one page, in the next, and beyond 2^32 pages.
    const tick = fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1_000_000, max: 1_050_000 }), fc.integer({ min: 2 ** 52, max: 2 ** 52 + 600 }));
    fc.assert(
      fc.property(fc.array(fc.record({ tick, side, add: fc.boolean() }), { maxLength: 200 }), fc.array(fc.record({ tick, side }), { maxLength: 40 }), (changes, asks) => {
        const pages = new LevelPages(2);
        const model = [new Set<number>(), new Set<number>()] as const;
        for (const it of changes) {
          if (model[it.side].has(it.tick) === it.add) continue;
          const level = pages.obtain(it.tick);
          assert.equal(pages.tickOf(level), it.tick);
          if (it.add) {
            model[it.side].add(it.tick);
            pages.occupy(level, it.side);
          } else {
            model[it.side].delete(it.tick);
            pages.vacate(level, it.side);
          }
        }
        for (const it of asks) {
          const ticks = [...model[it.side]];
          const expect = (level: number, expected: number): void => assert.equal(level < 0 ? 0 : pages.tickOf(level), Number.isFinite(expected) ? expected : 0);
          expect(pages.belowTick(it.tick, it.side), Math.max(...ticks.filter((other) => other < it.tick)));
          expect(pages.aboveTick(it.tick, it.side), Math.min(...ticks.filter((other) => other > it.tick)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
