import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASK, BID, CROWD, LimitOrderBook, type Side } from '../../../actors/generator/order-book.js';
import { TickSet } from '../../../actors/generator/tick-set.js';

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
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), side, tick: fc.integer({ min: LOW - 2, max: HIGH + 2 }), lots: fc.integer({ min: 0, max: 9 }), owner: fc.constantFrom(CROWD, 64, 130) }),
  fc.record({ do: fc.constant('cancel' as const), pick: fc.nat() }),
  fc.record({ do: fc.constant('take' as const), side, lots: fc.integer({ min: 1, max: 30 }), limit: fc.integer({ min: LOW, max: HIGH }) }),
  fc.record({ do: fc.constant('diff' as const) }),
);

describe('the simulated exchange’s order book', () => {
  test('equals a naive price-time book after any run of adds, cancels and takes, and its diffs say all that changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const book = new LimitOrderBook(LOW, HIGH, 500);
        const naive = new NaiveBook();
        const told = [new Map<number, number>(), new Map<number, number>()] as const;
        for (const it of steps) {
          const idBefore = book.updateId;
          if (it.do === 'add') {
            const order = book.add(it.side, it.tick, it.lots, it.owner);
            const opposite = naive.best(it.side === BID ? ASK : BID);
            const crosses = opposite !== 0 && (it.side === BID ? it.tick >= opposite : it.tick <= opposite);
            assert.equal(order === 0, crosses || it.lots === 0 || it.tick < LOW || it.tick > HIGH);
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
              for (let tick = LOW; tick <= HIGH; tick++) assert.equal(told[s].get(tick) ?? 0, naive.lots(s, tick));
            }
          }
          assert.equal(book.bestBid, naive.best(BID));
          assert.equal(book.bestAsk, naive.best(ASK));
          assert.equal(book.crowdCount, naive.orders.filter((other) => other.owner === CROWD).length);
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

  test('orders are numbered from a pool that is given back: a full book refuses, and takes again after a cancel', () => {
    const book = new LimitOrderBook(LOW, HIGH, 0);
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

describe('the set of occupied ticks', () => {
  test('finds the same neighbours as a sorted list, over several words and groups', () => {
    const size = 5000;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: size - 1 }), { maxLength: 60 }), fc.array(fc.integer({ min: 0, max: size - 1 }), { maxLength: 30 }), fc.array(fc.integer({ min: -1, max: size }), { maxLength: 40 }), (adds, removes, asks) => {
        const set = new TickSet(size);
        const model = new Set<number>();
        for (const index of adds) {
          set.add(index);
          model.add(index);
        }
        for (const index of removes) {
          set.remove(index);
          model.delete(index);
        }
        for (const index of asks) {
          const below = [...model].filter((it) => it <= index);
          const above = [...model].filter((it) => it >= index);
          assert.equal(set.atOrBelow(index), below.length === 0 ? -1 : Math.max(...below));
          if (index >= 0) assert.equal(set.atOrAbove(index), above.length === 0 ? -1 : Math.min(...above));
        }
      }),
      { numRuns: 300 },
    );
  });
});
