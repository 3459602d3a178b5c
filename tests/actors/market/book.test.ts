import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BookSide } from '../../../actors/market/book-side.js';
import { Book, BookState } from '../../../actors/market/book.js';
import { Flag, Kind } from '../../../data/records/layout.js';
import { message, records } from './records.js';
import type { Level, Rec } from './records.js';

const slot = new Float64Array(1);
const SCALE = { obiLevels: 10, depthLevels: 20, perTick: 0.25, flat: 3 };

/** The slow book: a Map and a sort. */
class MapSide {
  readonly levels = new Map<number, number>();
  private readonly bid: boolean;
  constructor(bid: boolean) {
    this.bid = bid;
  }

  set(price: number, lots: number): void {
    if (lots === 0) this.levels.delete(price);
    else this.levels.set(price, lots);
  }

  sorted(): [number, number][] {
    return [...this.levels].sort((a, b) => (this.bid ? b[0] - a[0] : a[0] - b[0]));
  }
}

function assertSame(side: BookSide, slow: MapSide, probes: readonly number[]): void {
  const want = slow.sorted();
  assert.equal(side.best, want.length === 0 ? side.none : want[0][0]);
  assert.equal(side.levels, want.length);
  const got: [number, number][] = [];
  for (let p = side.best; p !== side.none; p = side.nextWorse(p)) got.push([p, side.lotsAt(p)]);
  assert.deepEqual(got, want);
  side.readTop();
  const top = [...side.topPrices.subarray(0, side.topCount)].map((p, i) => [p, side.topLots[i]]);
  assert.deepEqual(top, want.slice(0, 20));
  side.sum();
  assert.equal(side.sumLots, want.slice(0, 10).reduce((s, [, q]) => s + q, 0));
  assert.equal(side.sumWorth, want.slice(0, 20).reduce((s, [p, q]) => s + q * (p * 0.25 + 3), 0));
  for (const p of probes) assert.equal(side.lotsAt(p), slow.levels.get(p) ?? 0, `lots at ${p}`);
}

test('a side equals a Map under any updates: near, far, aliases of the window, drift', () => {
  const window = 1024;
  const price = fc.oneof(
    fc.integer({ min: 50_000, max: 50_040 }),
    fc.integer({ min: 45_000, max: 55_000 }),
    fc.integer({ min: 1, max: 2_147_483_646 }),
    // The same slot of the window, whole windows apart.
    fc.integer({ min: -40, max: 40 }).map((k) => 50_000 + k * window),
    fc.constantFrom(1, 2, 31, 32, 33, 1023, 1024, 2_147_483_646),
  );
  const update = fc.tuple(price, fc.integer({ min: 0, max: 4 }).map((q) => (q < 2 ? 0 : q)));
  fc.assert(fc.property(fc.boolean(), fc.array(update, { maxLength: 300, size: 'max' }), (bid, updates) => {
    const side = new BookSide(bid, window, SCALE);
    const slow = new MapSide(bid);
    updates.forEach(([p, q], k) => {
      slot[0] = q;
      side.set(p, slot, 0);
      slow.set(p, q);
      if (k % 16 === 0) assertSame(side, slow, updates.slice(0, k + 1).map((u) => u[0]));
    });
    assertSame(side, slow, updates.map((u) => u[0]));
    side.clear();
    assertSame(side, new MapSide(bid), updates.map((u) => u[0]));
  }), { numRuns: 150 });
});

test('a side follows a price that walks across many windows', () => {
  fc.assert(fc.property(fc.boolean(), fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 200, maxLength: 400 }), (bid, steps) => {
    const side = new BookSide(bid, 1024, SCALE);
    const slow = new MapSide(bid);
    let at = 3000;
    const held: number[] = [];
    for (const step of steps) {
      at = Math.max(1, at + step);
      for (const p of [at, at + 7, Math.max(1, at - 9)]) {
        slot[0] = 1 + (p % 5);
        side.set(p, slot, 0);
        slow.set(p, slot[0]);
        held.push(p);
      }
      if (held.length > 60) {
        const p = held.shift()!;
        slot[0] = 0;
        side.set(p, slot, 0);
        slow.set(p, 0);
      }
    }
    assertSame(side, slow, held);
  }), { numRuns: 60 });
});

const LEVELS: Level[] = [['bid', 100, 5], ['bid', 99, 7], ['ask', 102, 3], ['ask', 103, 4]];
const snapshot = (id: number, levels: readonly Level[] = LEVELS): Rec[] => message(Kind.SNAPSHOT, id, 0, levels);
const diff = (u: number, before: number, levels: readonly Level[] = [['bid', 100, u]]): Rec[] => message(Kind.DEPTH, u, before, levels);

function feed(book: Book, list: readonly Rec[]): void {
  const { F, I, n } = records(list);
  for (let r = 0; r < n; r += 1) book.take(F, I, r);
}
const total = (book: Book): number => book.applied + book.refused + book.waiting;
const bidAt = (book: Book, price: number): number => book.bids.lotsAt(price);

test('spot: diffs wait for the snapshot, old ones are dropped, the first must bracket, then each follows', () => {
  const book = new Book('spot', 1024, SCALE, 1000);
  feed(book, [...diff(8, 5), ...diff(10, 8), ...diff(13, 10), ...diff(15, 13)]);
  assert.equal(book.state, BookState.SYNCING);
  assert.equal(book.waiting, 4);
  feed(book, snapshot(11));
  assert.equal(book.state, BookState.LIVE);
  assert.equal(bidAt(book, 100), 15);
  assert.deepEqual([book.applied, book.refused, book.waiting], [4 + 2, 2, 0]);
  feed(book, diff(16, 15));
  assert.equal(book.state, BookState.LIVE);
  feed(book, diff(18, 17));
  assert.equal(book.state, BookState.GAP);
  assert.equal(bidAt(book, 100), 0);
  feed(book, diff(19, 18));
  assert.equal(book.waiting, 2);
  feed(book, snapshot(18));
  assert.equal(book.state, BookState.LIVE);
  assert.equal(bidAt(book, 100), 19);
  assert.equal(book.lastId, 19);
});

test('spot: u equal to lastUpdateId is old; futures: it brackets', () => {
  const spot = new Book('spot', 1024, SCALE, 1000);
  feed(spot, [...snapshot(10), ...diff(10, 8)]);
  assert.equal(bidAt(spot, 100), 5);
  feed(spot, diff(12, 10));
  assert.equal(bidAt(spot, 100), 12);

  const futures = new Book('futures', 1024, SCALE, 1000);
  feed(futures, [...snapshot(10), ...diff(9, 3)]);
  assert.equal(bidAt(futures, 100), 5);
  feed(futures, diff(10, 8));
  assert.equal(bidAt(futures, 100), 10);
  assert.equal(futures.state, BookState.LIVE);
  // Futures ids jump inside a message: pu alone decides.
  feed(futures, [{ kind: Kind.DEPTH, flags: Flag.FIRST | Flag.LAST, id: 30, aux: 10, extra: 3, price: 100, qty: 30 }]);
  assert.equal(bidAt(futures, 100), 30);
});

test('a snapshot older than the first waiting diff is refused and the book stays SYNCING', () => {
  for (const rule of ['spot', 'futures'] as const) {
    const book = new Book(rule, 1024, SCALE, 1000);
    feed(book, [...diff(20, 17), ...snapshot(12)]);
    assert.equal(book.state, BookState.SYNCING, rule);
    assert.deepEqual([book.applied, book.refused, book.waiting], [0, 4, 1]);
    feed(book, snapshot(19));
    assert.equal(book.state, BookState.LIVE);
    assert.equal(bidAt(book, 100), 20);
  }
});

test('a crossed book, an invalid level and a recorded gap all end in GAP; nothing is readable', () => {
  for (const bad of [
    diff(11, 10, [['bid', 102, 1]]),
    diff(11, 10, [['ask', 100, 1]]),
    diff(11, 10, [['bid', 101, NaN]]),
    diff(11, 10, [['bid', 101, -1]]),
    diff(11, 10, [['bid', 101, Infinity]]),
    diff(11, 10, [['bid', 0, 1]]),
    diff(11, 10, [['bid', -5, 1]]),
  ]) {
    const book = new Book('spot', 1024, SCALE, 1000);
    feed(book, [...snapshot(10), ...bad]);
    assert.equal(book.state, BookState.GAP);
    assert.equal(book.bids.best, book.bids.none);
    assert.equal(total(book), 4 + 1);
  }
  const book = new Book('spot', 1024, SCALE, 1000);
  feed(book, snapshot(10));
  book.gap();
  assert.equal(book.state, BookState.GAP);
});

test('a transient cross inside a message is no cross', () => {
  const book = new Book('spot', 1024, SCALE, 1000);
  feed(book, [...snapshot(10), ...diff(12, 10, [['bid', 102, 9], ['ask', 102, 0], ['ask', 103, 0], ['ask', 104, 2]])]);
  assert.equal(book.state, BookState.LIVE);
  assert.equal(book.bids.best, 102);
  assert.equal(book.asks.best, 104);
});

test('STALE hides the book until the next diff that follows', () => {
  const book = new Book('spot', 1024, SCALE, 1000);
  feed(book, snapshot(10));
  book.stale();
  assert.equal(book.state, BookState.STALE);
  feed(book, diff(11, 10));
  assert.equal(book.state, BookState.LIVE);
  book.stale();
  feed(book, diff(14, 13));
  assert.equal(book.state, BookState.GAP);
});

test('empty diffs keep the sequence, empty sides are a book', () => {
  const book = new Book('spot', 1024, SCALE, 1000);
  feed(book, [...snapshot(10), ...diff(12, 10, []), ...diff(13, 12, [['bid', 100, 0], ['bid', 99, 0]])]);
  assert.equal(book.state, BookState.LIVE);
  assert.equal(book.bids.best, 0);
  assert.equal(book.asks.best, 102);
});

test('torn messages never reach the book: lost beginnings, lost ends, late and repeated pieces', () => {
  const three: Level[] = [['bid', 98, 1], ['bid', 97, 1], ['bid', 96, 1]];
  const start = (): Book => {
    const book = new Book('spot', 1024, SCALE, 1000);
    feed(book, snapshot(10));
    return book;
  };
  const [a, b, c] = diff(12, 10, three);
  // The beginning is missing.
  let book = start();
  feed(book, [b, c]);
  assert.equal(book.state, BookState.GAP);
  // Swapped beginning: the message is not whole, and a snapshot before it does not help.
  book = start();
  feed(book, [b, a, c, ...diff(13, 12), ...snapshot(11)]);
  assert.notEqual(book.state, BookState.LIVE);
  feed(book, snapshot(13));
  assert.equal(book.state, BookState.LIVE);
  // The end is missing.
  book = start();
  feed(book, [a, b, ...diff(13, 12)]);
  assert.equal(book.state, BookState.GAP);
  // A hole in the input numbers while a message is open.
  book = start();
  feed(book, [a]);
  book.hole();
  assert.equal(book.state, BookState.GAP);
  // Every record twice, and the last once more later: the same book.
  book = start();
  feed(book, [a, a, b, b, c, c, c, ...diff(13, 12), ...diff(13, 12)]);
  assert.equal(book.state, BookState.LIVE);
  assert.deepEqual([98, 97, 96].map((p) => bidAt(book, p)), [1, 1, 1]);
  // A piece that comes after its message's end, before the next: set late rather than lost.
  book = start();
  feed(book, [a, c, b]);
  assert.deepEqual([98, 97, 96].map((p) => bidAt(book, p)), [1, 1, 1]);
});

test('the buffer is bounded and forgets the oldest', () => {
  const book = new Book('spot', 1024, SCALE, 64);
  for (let u = 1; u <= 200; u += 1) feed(book, diff(u, u - 1));
  assert.equal(total(book), 200);
  assert.ok(book.waiting <= 64);
  feed(book, snapshot(199));
  assert.equal(book.state, BookState.LIVE);
  assert.equal(book.lastId, 200);
});

test('every record is counted once, whatever comes', () => {
  const piece = fc.record({
    kind: fc.constantFrom(Kind.DEPTH, Kind.DEPTH, Kind.DEPTH, Kind.SNAPSHOT),
    flags: fc.integer({ min: 0, max: 15 }).map((b) => b << 8),
    id: fc.integer({ min: 0, max: 12 }), aux: fc.integer({ min: 0, max: 12 }), extra: fc.integer({ min: 0, max: 3 }),
    price: fc.integer({ min: -1, max: 40 }), qty: fc.constantFrom(0, 1, 2, NaN, -1, 3),
  });
  fc.assert(fc.property(fc.array(piece, { maxLength: 80, size: 'max' }), fc.constantFrom('spot', 'futures'), (list, rule) => {
    const book = new Book(rule, 1024, SCALE, 64);
    const { F, I, n } = records(list);
    for (let r = 0; r < n; r += 1) {
      book.take(F, I, r);
      assert.equal(total(book), r + 1);
      if (book.changed) assert.ok(book.bids.best < book.asks.best);
    }
    book.finish();
    assert.equal(book.waiting, 0);
    assert.equal(book.applied + book.refused, n);
  }), { numRuns: 2000 });
});

test('a snapshot of a LIVE book replaces its levels, and the book stays LIVE; half of one makes a GAP', () => {
  const live = (): Book => {
    const book = new Book('futures', 1024, SCALE, 64);
    feed(book, [...snapshot(10), ...diff(12, 10, [['bid', 98, 1], ['ask', 105, 2]])]);
    assert.equal(book.state, BookState.LIVE);
    return book;
  };
  const states: unknown[] = [];
  const book = live();
  const { F, I, n } = records([...snapshot(20, [['bid', 97, 3], ['ask', 101, 4]]), ...diff(22, 20, [['bid', 96, 1]])]);
  for (let r = 0; r < n; r += 1) {
    book.take(F, I, r);
    states.push([book.state, book.retaking, book.changed]);
  }
  assert.deepEqual(states, [[BookState.LIVE, true, false], [BookState.LIVE, false, true], [BookState.LIVE, false, true]]);
  assert.deepEqual([bidAt(book, 100), bidAt(book, 98), bidAt(book, 97), bidAt(book, 96), book.asks.lotsAt(105), book.asks.best], [0, 0, 3, 1, 0, 101]);
  assert.equal(book.breaks, 0);

  const begun = snapshot(20).slice(0, 2);
  const endings: Readonly<Record<string, (book: Book) => void>> = {
    'a diff comes between': (one) => feed(one, diff(14, 12)),
    'another snapshot begins': (one) => feed(one, snapshot(30).slice(0, 1)),
    'its own beginning comes again': (one) => feed(one, snapshot(20).slice(0, 1)),
    'a piece of another comes': (one) => feed(one, snapshot(30).slice(1, 2)),
    'records were lost': (one) => one.hole(),
    'a hole was recorded': (one) => one.gap(),
    'a level is impossible': (one) => feed(one, [{ ...snapshot(20)[2]!, price: -1 }]),
  };
  for (const [what, end] of Object.entries(endings)) {
    const broken = live();
    feed(broken, begun);
    end(broken);
    assert.deepEqual([broken.state, broken.retaking, bidAt(broken, 100)], [BookState.GAP, false, what === 'another snapshot begins' ? bidAt(broken, 100) : 0], what);
    assert.equal(broken.breaks, 1, what);
    feed(broken, [...snapshot(40), ...diff(42, 40)]);
    assert.deepEqual([broken.state, bidAt(broken, 100)], [BookState.LIVE, 42], what);
    assert.equal(total(broken), broken.applied + broken.refused, what);
  }
  // Older than the book: it is left alone.
  const newer = live();
  feed(newer, snapshot(11));
  assert.deepEqual([newer.state, newer.retaking, bidAt(newer, 98)], [BookState.LIVE, false, 1]);
});
