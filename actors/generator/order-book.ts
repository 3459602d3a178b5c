import { TickSet } from './tick-set.js';

export const BID = 0;
export const ASK = 1;
export type Side = typeof BID | typeof ASK;

/** Owner of an order that belongs to the crowd; the book can pick one of those at random. */
export const CROWD = 0;
const CAPACITY = 32_768;
const MAX_FILLS = 4096;

/**
 * The exchange's side of the simulation: a limit order book with price-time priority over integer ticks and
 * lots. Orders live in typed arrays and are named by a small integer that is reused after the order is gone.
 *
 * Prices are absolute ticks in [lowTick, highTick]; anything outside is refused. `updateId` counts level
 * changes, as a venue's book update id does. Levels touched since `clearChanged()` are listed in `changed`.
 */
export class LimitOrderBook {
  readonly lowTick: number;
  readonly highTick: number;
  /** Best prices in ticks; 0 = that side is empty. */
  bestBid = 0;
  bestAsk = 0;
  updateId: number;

  /** Fills of the last `take`, in order of execution. */
  readonly fillTick = new Int32Array(MAX_FILLS);
  readonly fillLots = new Int32Array(MAX_FILLS);
  readonly fillOwner = new Int32Array(MAX_FILLS);
  /** 1 when the fill completed the resting order. */
  readonly fillDone = new Uint8Array(MAX_FILLS);
  fillCount = 0;

  /** Ticks with a change on either side, in no order, each once; `changedSides` holds bit 0 bid, bit 1 ask. */
  changed = new Int32Array(4096);
  changedCount = 0;
  readonly #changedSides: Uint8Array;

  readonly #levelLots: Int32Array;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #bids: TickSet;
  readonly #asks: TickSet;

  readonly #tick = new Int32Array(CAPACITY);
  readonly #lots = new Int32Array(CAPACITY);
  readonly #side = new Uint8Array(CAPACITY);
  readonly #owner = new Int32Array(CAPACITY);
  readonly #next = new Int32Array(CAPACITY);
  readonly #previous = new Int32Array(CAPACITY);
  readonly #crowdPosition = new Int32Array(CAPACITY);
  readonly #crowd = new Int32Array(CAPACITY);
  #crowdCount = 0;
  readonly #free = new Int32Array(CAPACITY);
  #freeCount = 0;

  constructor(lowTick: number, highTick: number, firstUpdateId: number) {
    this.lowTick = lowTick;
    this.highTick = highTick;
    this.updateId = firstUpdateId;
    const size = highTick - lowTick + 1;
    this.#levelLots = new Int32Array(size);
    this.#head = new Int32Array(size);
    this.#tail = new Int32Array(size);
    this.#changedSides = new Uint8Array(size);
    this.#bids = new TickSet(size);
    this.#asks = new TickSet(size);
    // Order 0 is "none".
    for (let order = CAPACITY - 1; order > 0; order--) this.#free[this.#freeCount++] = order;
  }

  get crowdCount(): number {
    return this.#crowdCount;
  }

  crowdOrder(position: number): number {
    return this.#crowd[position]!;
  }

  /** The oldest order at a side's best price; 0 = none, or it belongs to no one of the crowd. */
  crowdAtTouch(side: Side): number {
    const best = side === BID ? this.bestBid : this.bestAsk;
    if (best === 0) return 0;
    const order = this.#head[best - this.lowTick]!;
    return this.#owner[order] === CROWD ? order : 0;
  }

  tickOf(order: number): number {
    return this.#tick[order]!;
  }

  lotsOf(order: number): number {
    return this.#lots[order]!;
  }

  sideOf(order: number): Side {
    return this.#side[order] as Side;
  }

  /** Lots resting at a price, whichever side it is. */
  lotsAt(tick: number): number {
    return tick < this.lowTick || tick > this.highTick ? 0 : this.#levelLots[tick - this.lowTick]!;
  }

  /** Next occupied price strictly worse than `tick` on a side; 0 = none. */
  worse(side: Side, tick: number): number {
    const index = tick - this.lowTick;
    const found = side === BID ? this.#bids.atOrBelow(index - 1) : this.#asks.atOrAbove(index + 1);
    return found < 0 ? 0 : found + this.lowTick;
  }

  /**
   * Adds a resting order and answers its number; 0 when it would cross, is out of range, or the book is full.
   * Post-only on purpose: every agent that wants to trade says so with `take`.
   */
  add(side: Side, tick: number, lots: number, owner: number): number {
    if (tick < this.lowTick || tick > this.highTick || lots <= 0 || this.#freeCount === 0) return 0;
    if (side === BID ? this.bestAsk !== 0 && tick >= this.bestAsk : tick <= this.bestBid) return 0;
    const order = this.#free[--this.#freeCount]!;
    const index = tick - this.lowTick;
    this.#tick[order] = tick;
    this.#lots[order] = lots;
    this.#side[order] = side;
    this.#owner[order] = owner;
    this.#next[order] = 0;
    const last = this.#tail[index]!;
    this.#previous[order] = last;
    this.#tail[index] = order;
    if (last === 0) {
      this.#head[index] = order;
      (side === BID ? this.#bids : this.#asks).add(index);
      if (side === BID) {
        if (tick > this.bestBid) this.bestBid = tick;
      } else if (this.bestAsk === 0 || tick < this.bestAsk) this.bestAsk = tick;
    } else this.#next[last] = order;
    this.#levelLots[index]! += lots;
    if (owner === CROWD) {
      this.#crowdPosition[order] = this.#crowdCount;
      this.#crowd[this.#crowdCount++] = order;
    }
    this.#touch(index, side);
    return order;
  }

  cancel(order: number): void {
    const index = this.#tick[order]! - this.lowTick;
    const side = this.#side[order] as Side;
    this.#levelLots[index]! -= this.#lots[order]!;
    this.#remove(order, index, side);
    this.#touch(index, side);
  }

  /**
   * Takes up to `lots` from the other side at `limitTick` or better, best price first, oldest order first.
   * `side` is the taker's: BID buys. Fills land in the fill arrays; answers the lots left unfilled.
   */
  take(side: Side, lots: number, limitTick: number): number {
    this.fillCount = 0;
    const resting = side === BID ? ASK : BID;
    let left = lots;
    while (left > 0 && this.fillCount < MAX_FILLS) {
      const best = resting === ASK ? this.bestAsk : this.bestBid;
      if (best === 0 || (side === BID ? best > limitTick : best < limitTick)) break;
      const index = best - this.lowTick;
      while (left > 0 && this.fillCount < MAX_FILLS && this.#head[index] !== 0) {
        const order = this.#head[index]!;
        const resting0 = this.#lots[order]!;
        const filled = left < resting0 ? left : resting0;
        const fill = this.fillCount++;
        this.fillTick[fill] = best;
        this.fillLots[fill] = filled;
        this.fillOwner[fill] = this.#owner[order]!;
        this.fillDone[fill] = filled === resting0 ? 1 : 0;
        this.#levelLots[index]! -= filled;
        left -= filled;
        if (filled === resting0) this.#remove(order, index, resting);
        else this.#lots[order] = resting0 - filled;
      }
      this.#touch(index, resting);
    }
    return left;
  }

  /** Sum of lots over the best `levels` prices of a side. */
  depthLots(side: Side, levels: number): number {
    let tick = side === BID ? this.bestBid : this.bestAsk;
    let sum = 0;
    for (let i = 0; i < levels && tick !== 0; i++) {
      sum += this.#levelLots[tick - this.lowTick]!;
      tick = this.worse(side, tick);
    }
    return sum;
  }

  /** Whether `tick` changed on `side` since `clearChanged`. */
  changedOn(side: Side, tick: number): boolean {
    return (this.#changedSides[tick - this.lowTick]! & (1 << side)) !== 0;
  }

  /** What a diff must say of one side of a price: its lots when it rests on that side, else 0. */
  lotsOnSide(side: Side, tick: number): number {
    const onSide = side === BID ? tick <= this.bestBid : this.bestAsk !== 0 && tick >= this.bestAsk;
    return onSide ? this.#levelLots[tick - this.lowTick]! : 0;
  }

  clearChanged(): void {
    for (let i = 0; i < this.changedCount; i++) this.#changedSides[this.changed[i]! - this.lowTick] = 0;
    this.changedCount = 0;
  }

  #touch(index: number, side: Side): void {
    this.updateId += 1;
    const sides = this.#changedSides[index]!;
    if (sides === 0) {
      if (this.changedCount === this.changed.length) {
        const larger = new Int32Array(this.changed.length * 2);
        larger.set(this.changed);
        this.changed = larger;
      }
      this.changed[this.changedCount++] = index + this.lowTick;
    }
    this.#changedSides[index] = sides | (1 << side);
  }

  #remove(order: number, index: number, side: Side): void {
    const next = this.#next[order]!;
    const previous = this.#previous[order]!;
    if (previous === 0) this.#head[index] = next;
    else this.#next[previous] = next;
    if (next === 0) this.#tail[index] = previous;
    else this.#previous[next] = previous;
    if (this.#owner[order] === CROWD) {
      const position = this.#crowdPosition[order]!;
      const moved = this.#crowd[--this.#crowdCount]!;
      this.#crowd[position] = moved;
      this.#crowdPosition[moved] = position;
    }
    this.#free[this.#freeCount++] = order;
    if (this.#head[index] !== 0) return;
    if (side === BID) {
      this.#bids.remove(index);
      if (index + this.lowTick === this.bestBid) {
        const below = this.#bids.atOrBelow(index);
        this.bestBid = below < 0 ? 0 : below + this.lowTick;
      }
    } else {
      this.#asks.remove(index);
      if (index + this.lowTick === this.bestAsk) {
        const above = this.#asks.atOrAbove(index);
        this.bestAsk = above < 0 ? 0 : above + this.lowTick;
      }
    }
  }
}
