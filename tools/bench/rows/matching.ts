import { createRequire } from 'node:module';
import { ASK, BID, OrderBook, type Side } from '../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher, type MatchSink } from '../../../actors/exchange/matching/index.js';
import type { BenchRow } from '../row.js';

/** What both peers have in common; their CommonJS types do not resolve under nodenext. */
interface PeerOrder {
  readonly id: string;
  readonly size: number;
}
interface PeerAnswer {
  readonly done: readonly PeerOrder[];
  readonly partial: PeerOrder | null;
  readonly partialQuantityProcessed: number;
}
interface PeerBook {
  limit(order: { id: string; side: 'buy' | 'sell'; size: number; price: number }): PeerAnswer;
  market(order: { side: 'buy' | 'sell'; size: number }): PeerAnswer;
  cancel(id: string): unknown;
}
const require = createRequire(import.meta.url);

const OPERATIONS = 60_000;
/** Passes of ours over the stream in a slice; the peer takes one. */
const PASSES = 40;
const LIMIT = 0;
const MARKET = 1;
const CANCEL = 2;
/** Operations between two depth diffs. */
const DIFF_EVERY = 1000;

/** The operations of both sides. The stream ends with cancels of all that rests, so a book can take it again. */
interface Stream {
  readonly length: number;
  readonly kind: Uint8Array;
  readonly side: Uint8Array;
  readonly tick: Int32Array;
  readonly lots: Int32Array;
  /** 1, 2, 3 … of an order; of a cancel, the order's. */
  readonly id: Int32Array;
  /** The same ids as the peers want them. */
  readonly name: readonly string[];
}

/**
 * Half limit orders, most within some ten ticks of a walking mid, some far away, one in eight marketable; four in ten
 * cancels of a random resting order; one in ten market orders. Some two thousand orders rest.
 */
function makeStream(): Stream {
  let a = 7;
  const random = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const rows: [kind: number, side: Side, tick: number, lots: number, id: number][] = [];
  const book = new OrderBook({ firstUpdateId: 0 });
  const handles = new Map<number, number>();
  const resting: number[] = [];
  let mid = 600_000;
  let id = 0;
  const take = (side: Side, lots: number, limit: number): number => {
    const left = book.take(side, lots, limit);
    for (let fill = 0; fill < book.fillCount; fill += 1) if (book.fillDone[fill] === 1) handles.delete(book.fillOwner[fill]!);
    return left;
  };
  const addLimit = (side: Side, tick: number, lots: number): void => {
    id += 1;
    rows.push([LIMIT, side, tick, lots, id]);
    const left = take(side, lots, tick);
    if (left === 0) return;
    handles.set(id, book.add(side, tick, left, id));
    resting.push(id);
  };
  const cancelOne = (): void => {
    while (resting.length > 0) {
      const place = Math.floor(random() * resting.length);
      const chosen = resting[place]!;
      resting[place] = resting.at(-1)!;
      resting.pop();
      const handle = handles.get(chosen);
      if (handle === undefined) continue;
      rows.push([CANCEL, book.sideOf(handle), 0, 0, chosen]);
      book.cancel(handle);
      handles.delete(chosen);
      return;
    }
  };
  while (rows.length < OPERATIONS) {
    mid += Math.floor(random() * 3) - 1;
    const side: Side = random() < 0.5 ? BID : ASK;
    const away = random() < 0.8 ? Math.floor(10 * random()) : Math.floor(1000 * random());
    const u = random();
    const lots = 1 + Math.floor(random() * 500);
    if (handles.size < 2000 || u < 0.5) {
      const marketable = random() < 0.125;
      const out = marketable ? -2 : away + 1;
      addLimit(side, side === BID ? mid - out : mid + out, lots);
    } else if (u < 0.9) cancelOne();
    else {
      rows.push([MARKET, side, 0, lots, 0]);
      take(side, lots, side === BID ? Infinity : 0);
    }
  }
  while (handles.size > 0) cancelOne();
  const column = <A extends Uint8Array | Int32Array>(to: A, at: number): A => {
    rows.forEach((row, k) => (to[k] = row[at]!));
    return to;
  };
  const n = rows.length;
  return {
    length: n,
    kind: column(new Uint8Array(n), 0),
    side: column(new Uint8Array(n), 1),
    tick: column(new Int32Array(n), 2),
    lots: column(new Int32Array(n), 3),
    id: column(new Int32Array(n), 4),
    name: rows.map((row) => `${row[4]}`),
  };
}

/** Fills in order of execution, as numbers to compare: operation, maker's id, lots. */
type Fills = number[];

/** Our book as a server would use it: orders by a number of the server's own, which is the owner in the book. */
function throughBook(stream: Stream, book: OrderBook, handles: Int32Array, fills?: Fills): number {
  const { kind, side, tick, lots, id, length } = stream;
  let filled = 0;
  for (let k = 0; k < length; k += 1) {
    const what = kind[k]!;
    if (what === CANCEL) {
      const handle = handles[id[k]!]!;
      if (book.ownerOf(handle) === id[k]) book.cancel(handle);
    } else {
      const mine = side[k] as Side;
      const wanted = lots[k]!;
      const price = tick[k]!;
      let left = wanted;
      if (what === MARKET) left = book.take(mine, wanted, mine === BID ? Number.MAX_SAFE_INTEGER : 0);
      else if (book.crosses(mine, price)) left = book.take(mine, wanted, price);
      else book.fillCount = 0;
      filled += wanted - left;
      if (fills !== undefined) for (let fill = 0; fill < book.fillCount; fill += 1) fills.push(k, book.fillOwner[fill]!, book.fillLots[fill]!);
      if (what === LIMIT && left > 0) handles[id[k]!] = book.add(mine, price, left, id[k]!);
    }
    if (k % DIFF_EVERY === 0) book.clearChanged();
  }
  return filled;
}

/** The same through the matcher: an object an order, events for everything. */
function throughMatcher(stream: Stream, matcher: Matcher, orders: (ClientOrder | undefined)[]): number {
  const { kind, side, tick, lots, id, length } = stream;
  let last = 0;
  for (let k = 0; k < length; k += 1) {
    if (kind[k] === CANCEL) matcher.cancel(orders[id[k]!]!, k);
    else {
      const market = kind[k] === MARKET;
      const order = new ClientOrder({ orderId: id[k]!, account: 1, side: side[k] as Side, type: market ? 'market' : 'limit', ticks: tick[k]!, lots: lots[k]! });
      if (!market) orders[id[k]!] = order;
      matcher.place(order, k);
      last = order.filledLots;
    }
    if (k % DIFF_EVERY === 0) matcher.book.clearChanged();
  }
  return last;
}

function throughPeer(stream: Stream, book: PeerBook, fills?: Fills): number {
  const { kind, side, tick, lots, name, length } = stream;
  let done = 0;
  for (let k = 0; k < length; k += 1) {
    const what = kind[k]!;
    if (what === CANCEL) {
      book.cancel(name[k]!);
      continue;
    }
    const mine = side[k] === BID ? 'buy' : 'sell';
    const answer = what === MARKET ? book.market({ side: mine, size: lots[k]! }) : book.limit({ id: name[k]!, side: mine, size: lots[k]!, price: tick[k]! });
    done += answer.done.length;
    if (fills === undefined) continue;
    // Their answers name the taker too; makers are the others.
    for (const order of answer.done) if (what === MARKET || order.id !== name[k]) fills.push(k, Number(order.id), order.size);
    if (answer.partial !== null && (what === MARKET || answer.partial.id !== name[k])) fills.push(k, Number(answer.partial.id), answer.partialQuantityProcessed);
  }
  return done;
}

const silent: MatchSink<ClientOrder> = {
  onAccepted: () => undefined,
  onRefused: () => undefined,
  onTrade: () => undefined,
  onCanceled: () => undefined,
  onExpired: () => undefined,
  onTriggered: () => undefined,
  onAmended: () => undefined,
  onPrevented: () => undefined,
};

/** Operations per second of our order book against a peer's, on one stream of limit and market orders and cancels. */
function row(name: 'nodejs-order-book' | 'hft-limit-order-book'): BenchRow {
  const { OrderBook: Peer } = require(name) as { OrderBook: new () => PeerBook };
  const { version } = require(`${name}/package.json`) as { version: string };
  let stream: Stream | undefined;
  const book = new OrderBook({ firstUpdateId: 0 });
  let handles = new Int32Array(0);
  return {
    id: `matching/${name}`,
    unit: 'operations/s',
    better: 'higher',
    peer: `${name} ${version}`,
    floor: 30,
    aim: 50,
    prepare() {
      stream = makeStream();
      handles = new Int32Array(OPERATIONS + 1);
      const ours: Fills = [];
      const theirs: Fills = [];
      throughBook(stream, book, handles, ours);
      throughPeer(stream, new Peer(), theirs);
      if (ours.length < OPERATIONS / 10 || ours.length !== theirs.length || ours.some((value, k) => value !== theirs[k])) {
        throw new Error(`the two books fill differently: ${ours.length / 3} and ${theirs.length / 3} fills`);
      }
      for (let k = 0; k < 20; k += 1) throughBook(stream, book, handles);
      throughPeer(stream, new Peer());
    },
    ours() {
      const begunMs = performance.now();
      for (let pass = 0; pass < PASSES; pass += 1) throughBook(stream!, book, handles);
      return ((stream!.length * PASSES) / (performance.now() - begunMs)) * 1000;
    },
    peerRun() {
      const peer = new Peer();
      const begunMs = performance.now();
      throughPeer(stream!, peer);
      return (stream!.length / (performance.now() - begunMs)) * 1000;
    },
    /** What an order costs as an object with events; the exchange's own path. */
    also() {
      let best = 0;
      for (let k = 0; k < 6; k += 1) {
        const matcher = new Matcher({ book: new OrderBook({ firstUpdateId: 0 }), sink: silent });
        const orders: ClientOrder[] = [];
        const begunMs = performance.now();
        for (let pass = 0; pass < 5; pass += 1) throughMatcher(stream!, matcher, orders);
        best = Math.max(best, ((stream!.length * 5) / (performance.now() - begunMs)) * 1000);
      }
      return { 'matcher operations/s': Math.round(best) };
    },
  };
}

export const nodejsOrderBook = (): BenchRow => row('nodejs-order-book');
export const hftLimitOrderBook = (): BenchRow => row('hft-limit-order-book');
