import { createRequire } from 'node:module';
import { BookSide } from '../../../actors/market/book-side.js';
import type { BenchRow } from '../row.js';

/** The part of sorted-btree that is used; its CommonJS types do not resolve under nodenext. */
interface Tree {
  set(key: number, value: number): boolean;
  delete(key: number): boolean;
  minKey(): number | undefined;
}
const require = createRequire(import.meta.url);
const { default: BTree } = require('sorted-btree') as { default: new (entries: undefined, compare: (a: number, b: number) => number) => Tree };
const { version } = require('sorted-btree/package.json') as { version: string };

const UPDATES = 400_000;
const PER_MESSAGE = 20;
const DEPTH = 1000;
const SCALE = { obiLevels: 10, depthLevels: 20, perTick: 1, flat: 0 };

/** Level updates: price in ticks (asks negative), lots. Some 900 levels a side, most changes within eight ticks of a walking mid. */
interface Stream {
  readonly prices: Int32Array;
  readonly lots: Float64Array;
}

function makeStream(): Stream {
  let a = 42;
  const random = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const prices = new Int32Array(UPDATES);
  const lots = new Float64Array(UPDATES);
  let mid = 600_000;
  const bids = new Set<number>();
  const asks = new Set<number>();
  for (let k = 0; k < UPDATES;) {
    const step = Math.floor(random() * 3) - 1;
    mid += step;
    // What the walk has crossed is removed first, as a venue does.
    for (const crossed of step > 0 ? [mid] : step < 0 ? [mid + 1] : []) {
      const side = step > 0 ? asks : bids;
      if (!side.delete(crossed) || k === UPDATES) continue;
      prices[k] = step > 0 ? -crossed : crossed;
      k += 1;
    }
    for (let j = 0; j < PER_MESSAGE && k < UPDATES; j += 1, k += 1) {
      const near = random() < 0.7;
      const away = Math.floor(near ? random() * 8 : random() * DEPTH);
      const bid = random() < 0.5;
      const price = bid ? mid - away : mid + 1 + away;
      const side = bid ? bids : asks;
      const removed = side.has(price) && random() < 0.3;
      if (removed) side.delete(price);
      else side.add(price);
      prices[k] = bid ? price : -price;
      lots[k] = removed ? 0 : 1 + Math.floor(random() * 5000);
    }
  }
  return { prices, lots };
}

/** Applies the stream, reads both best prices after each message, and returns their sum. */
function throughSides({ prices, lots }: Stream, { bids, asks }: { bids: BookSide; asks: BookSide }): number {
  let sum = 0;
  for (let k = 0; k < UPDATES; k += 1) {
    const p = prices[k];
    if (p > 0) bids.set(p, lots, k);
    else asks.set(-p, lots, k);
    if (k % PER_MESSAGE === PER_MESSAGE - 1) sum += bids.best + asks.best;
  }
  return sum;
}

function throughTrees({ prices, lots }: Stream, { bids, asks }: { bids: Tree; asks: Tree }): number {
  let sum = 0;
  for (let k = 0; k < UPDATES; k += 1) {
    const p = prices[k];
    const q = lots[k];
    const side = p > 0 ? bids : asks;
    const price = p > 0 ? p : -p;
    if (q > 0) side.set(price, q);
    else side.delete(price);
    if (k % PER_MESSAGE === PER_MESSAGE - 1) sum += (bids.minKey() ?? 0) + (asks.minKey() ?? 2_147_483_647);
  }
  return sum;
}

/** Both books begin empty, and neither's making is timed: a book is made once and updated for days. */
const SIDES = { bids: new BookSide(true, 65_536, SCALE), asks: new BookSide(false, 65_536, SCALE) };
function emptySides(): typeof SIDES {
  SIDES.bids.clear();
  SIDES.asks.clear();
  return SIDES;
}
function emptyTrees(): { bids: Tree; asks: Tree } {
  return { bids: new BTree(undefined, (x, y) => y - x), asks: new BTree(undefined, (x, y) => x - y) };
}

function rate<B>(work: (stream: Stream, book: B) => number, stream: Stream, empty: B): number {
  const begunMs = performance.now();
  work(stream, empty);
  return (UPDATES / (performance.now() - begunMs)) * 1000;
}

let stream: Stream | undefined;

/** Level updates with both best prices read after every message, against two B+ trees. */
export const book: BenchRow = {
  id: 'book/sorted-btree',
  unit: 'updates/s',
  better: 'higher',
  peer: `sorted-btree ${version}`,
  floor: 8,
  aim: 12,
  prepare() {
    stream = makeStream();
    for (let k = 0; k < 3; k += 1) {
      if (throughSides(stream, emptySides()) !== throughTrees(stream, emptyTrees())) throw new Error('the two books disagree about the best prices');
    }
  },
  ours: () => rate(throughSides, stream!, emptySides()),
  peerRun: () => rate(throughTrees, stream!, emptyTrees()),
};
