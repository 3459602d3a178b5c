import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BID, type OrderBook } from '../../../../actors/exchange/book/index.js';
import { ReferenceEngine } from './reference.js';
import { LONG, RealEngine, counter, orderLists, streams, type Command, type Plant } from './streams.js';

const RUNS = LONG ? 40_000 : 400;

/** Plays commands on both engines and compares after each. */
function compare(commands: readonly Command[], plant?: Plant): void {
  const ids = [counter(), counter()] as const;
  const real = new RealEngine(orderLists(ids[0]), plant);
  const reference = new ReferenceEngine(orderLists(ids[1]));
  for (const run of commands) {
    run(reference, ids[1]);
    run(real, ids[0]);
    assert.deepEqual(real.lines, reference.lines);
    assert.equal(real.levels(), reference.levels());
    assert.equal(real.orders(), reference.orders());
    real.lines.length = reference.lines.length = 0;
  }
}

describe('the matcher equals the slow reference engine', () => {
  test('event for event, level for level, order for order, on random streams of everything at once', () => {
    fc.assert(fc.property(streams, (commands) => compare(commands)), { numRuns: RUNS });
  });

  test('which hold every event, every reason and every refusal', () => {
    const seen = new Map<string, number>();
    for (const commands of fc.sample(streams, { numRuns: 300, seed: 5 })) {
      const nextId = counter();
      const engine = new ReferenceEngine(orderLists(nextId));
      for (const run of commands) run(engine, nextId);
      for (const line of engine.lines) {
        const kind = line.replaceAll(/\d+/g, '').replace('trade x ', '').trim();
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }
    const expected = [
      'accepted', 'triggered', 'canceled  user', 'canceled  amended', 'amended  kept', 'amended  moved', 'prevented',
      'buy <', 'sell <', 'buy <-', 'sell <-', 'buy -<', 'sell -<', 'buy -<-', 'sell -<-',
      'place  queued', 'place  would-take', 'place  would-trigger', 'refused  would-take',
      ...['ioc', 'fok', 'post-only', 'no-liquidity', 'price-limit', 'budget', 'gtd', 'stp', 'reduce-only'].map((reason) => `expired  ${reason}`),
    ];
    for (const kind of expected) assert.ok((seen.get(kind) ?? 0) >= 3, `${kind}: ${seen.get(kind) ?? 0}; seen: ${[...seen.keys()].join(', ')}`);
  });

  const plants: Record<string, Plant> = {
    'the newest order at a price is filled first': {
      book: (book) => {
        const front = book.front.bind(book);
        book.front = (s) => {
          let order = front(s);
          for (let next = book.behind(order); order !== 0 && next !== 0; next = book.behind(order)) order = next;
          return order;
        };
      },
    },
    'an iceberg shows everything': { book: (book) => broken(book, 'add', (add) => (s, tick, all, owner) => add(s, tick, all, owner, 0)) },
    'shrinking an order takes a lot too few': { book: (book) => broken(book, 'reduce', (reduce) => (order, less) => reduce(order, less > 1 ? less - 1 : less)) },
    'a price that touches the other side does not cross': { book: (book) => broken(book, 'crosses', () => (s, tick) => (s === BID ? book.bestAsk !== 0 && tick > book.bestAsk : tick < book.bestBid)) },
    'fill-or-kill looks at the first order of a level only': { book: (book) => broken(book, 'behind', () => () => 0) },
    'the next level is skipped': { book: (book) => broken(book, 'worse', (worse) => (s, tick) => worse(s, s === BID ? tick - 1 : tick + 1)) },
    'self-trade prevention expires the other side': { request: (it) => (it.stpMode === 'expire_maker' ? { ...it, stpMode: 'expire_taker' } : it) },
    'a decrement is taken for a pair of cancels': { request: (it) => (it.stpMode === 'decrement' ? { ...it, stpMode: 'expire_both' } : it) },
    'IOC rests': { request: (it) => (it.timeInForce === 'IOC' ? { ...it, timeInForce: 'GTC' } : it) },
    'a market order ignores its worst price': { request: (it) => (it.type === 'market' ? { ...it, ticks: 0 } : it) },
    'takers trade out of their price range': { range: null },
    'the mark triggers what waits for the last price': { request: (it) => (it.triggerSource === 'last' ? { ...it, triggerSource: 'mark' } : it) },
    'a stop triggers one tick late': { request: (it) => (it.condition === 'stop' && it.trailBips === undefined && it.trailTicks === undefined ? { ...it, stopTicks: it.stopTicks! + (it.side === BID ? 1 : -1) } : it) },
    'a time in force is forgotten': { request: (it) => ({ ...it, expireAtUs: 0 }) },
  };
  for (const [name, plant] of Object.entries(plants)) {
    test(`and would not if ${name}`, () => {
      assert.ok(fc.check(fc.property(streams, (commands) => compare(commands, plant)), { numRuns: 500, seed: 1, endOnFailure: true }).failed, 'the planted bug was not found');
    });
  }
});

function broken<K extends 'add' | 'reduce' | 'crosses' | 'behind' | 'worse'>(book: OrderBook, method: K, make: (right: OrderBook[K]) => OrderBook[K]): void {
  book[method] = make(book[method].bind(book) as OrderBook[K]);
}
