import { LevelPages, longer } from './level-pages.js';

export const BID = 0;
export const ASK = 1;
export type Side = typeof BID | typeof ASK;

/** Owner of an order of the market's crowd; the book can pick one of those at random. */
export const CROWD = 0;
/** Owner of the orders of the venue's clients; the Matcher knows whose each is. Agents use positive owners. */
export const CLIENT = -1;

const MAX_FILLS = 4096;
/** A venue lists hundreds of books in which next to nothing rests; the others grow in no time. */
const FIRST_CAPACITY = 64;

/** Words of an order in `#words`. */
const STRIDE = 8;
const NEXT = 0;
const PREVIOUS = 1;
const LEVEL = 2;
const OWNER = 3;
const SIDE = 4;
const CROWD_POSITION = 5;
/** 1 of an iceberg: only then its hidden lots and its peak mean anything. */
const ICEBERG = 6;

export interface OrderBookOptions {
  /** Update id before the first change. */
  readonly firstUpdateId: number;
  /** Prices outside [lowTick, highTick] are refused; 1 … 2^53-1 unless told otherwise. */
  readonly lowTick?: number;
  readonly highTick?: number;
  /** A book with so many orders refuses more; 2^22 unless told otherwise. */
  readonly maxOrders?: number;
}

/**
 * A limit order book with price-time priority over integer ticks and lots (both exact to 2^53), at any price: no
 * window has to be known. Orders live in typed arrays and are named by a small integer, the handle, that is used again
 * after the order is gone. Nothing here allocates per order; the arrays grow by doubling.
 *
 * Resting orders only: who wants to trade says so with `take` (agents, which fills in one go) or with `front` and
 * `fill` (the Matcher, which decides per resting order). `updateId` counts level changes as a venue's book update id
 * does. Levels touched since `clearChanged()` are listed in `changed`.
 *
 * Tick 0 means "none" wherever a price is answered.
 */
export class OrderBook {
  readonly lowTick: number;
  readonly highTick: number;
  /** Best prices in ticks; 0 = that side is empty. */
  bestBid = 0;
  bestAsk = 0;
  updateId: number;
  /** Orders resting now. */
  orderCount = 0;

  /** Fills of the last `take`, in order of execution. */
  fillTick = new Float64Array(FIRST_CAPACITY);
  fillLots = new Float64Array(FIRST_CAPACITY);
  fillOwner = new Int32Array(FIRST_CAPACITY);
  /** 1 when the fill completed the resting order. */
  fillDone = new Uint8Array(FIRST_CAPACITY);
  fillCount = 0;

  /** Ticks with a change on either side, in no order, each once. Sorting it in place is allowed. */
  changed = new Float64Array(FIRST_CAPACITY);
  changedCount = 0;
  /** Their levels, in order of the first change. */
  #changedLevel = new Int32Array(FIRST_CAPACITY);

  readonly #pages = new LevelPages();
  /** Best price and its level by side, so that the kernel need not branch: an empty side has a price that nothing reaches and level -1. */
  readonly #best = Float64Array.of(-Infinity, Infinity);
  readonly #bestLevel = Int32Array.of(-1, -1);

  readonly #maxOrders: number;
  #capacity = FIRST_CAPACITY;
  #words = new Int32Array(FIRST_CAPACITY * STRIDE);
  /** Visible lots. */
  #lots = new Float64Array(FIRST_CAPACITY);
  /** Of an iceberg: lots not shown yet, and the size of the part that is shown next. */
  #hidden = new Float64Array(FIRST_CAPACITY);
  #peak = new Float64Array(FIRST_CAPACITY);
  #crowd = new Int32Array(FIRST_CAPACITY);
  #crowdCount = 0;
  /** First of the handles given back, chained by NEXT; 0 = none. */
  #free = 0;
  /** Smallest handle never used. Handle 0 is "none". */
  #fresh = 1;

  constructor(options: OrderBookOptions) {
    this.updateId = options.firstUpdateId;
    this.lowTick = options.lowTick ?? 1;
    this.highTick = options.highTick ?? Number.MAX_SAFE_INTEGER;
    this.#maxOrders = options.maxOrders ?? 4_194_304;
  }

  get crowdCount(): number {
    return this.#crowdCount;
  }

  crowdOrder(position: number): number {
    return this.#crowd[position]!;
  }

  /** The oldest order at a side's best price; 0 = none, or it belongs to no one of the crowd. */
  crowdAtTouch(side: Side): number {
    const order = this.front(side);
    return order !== 0 && this.#words[order * STRIDE + OWNER] === CROWD ? order : 0;
  }

  /** The first order a taker of the other side would meet: the oldest at this side's best price; 0 = none. */
  front(side: Side): number {
    const level = this.#bestLevel[side]!;
    return level < 0 ? 0 : this.#pages.ends[level * 2]!;
  }

  /** The order after `order` in its level's queue; 0 = it is the last. */
  behind(order: number): number {
    return this.#words[order * STRIDE + NEXT]!;
  }

  /** The oldest order at a price of a side; 0 = nothing rests there on that side. */
  frontAt(side: Side, tick: number): number {
    return this.lotsOnSide(side, tick) === 0 ? 0 : this.#pages.ends[this.#pages.find(tick) * 2]!;
  }

  tickOf(order: number): number {
    return this.#pages.tickOf(this.#words[order * STRIDE + LEVEL]!);
  }

  /** Visible lots. */
  lotsOf(order: number): number {
    return this.#lots[order]!;
  }

  /** Lots of an iceberg that are not shown. */
  hiddenLotsOf(order: number): number {
    return this.#words[order * STRIDE + ICEBERG] === 0 ? 0 : this.#hidden[order]!;
  }

  sideOf(order: number): Side {
    return this.#words[order * STRIDE + SIDE] as Side;
  }

  ownerOf(order: number): number {
    return this.#words[order * STRIDE + OWNER]!;
  }

  /** Visible lots resting at a price, whichever side it is. */
  lotsAt(tick: number): number {
    const level = tick === this.bestBid ? this.#bestLevel[BID]! : tick === this.bestAsk ? this.#bestLevel[ASK]! : this.#pages.find(tick);
    return level < 0 ? 0 : this.#pages.lots[level]!;
  }

  /** Next occupied price strictly worse than `tick` on a side; 0 = none. */
  worse(side: Side, tick: number): number {
    const level = side === BID ? this.#pages.belowTick(tick, BID) : this.#pages.aboveTick(tick, ASK);
    return level < 0 ? 0 : this.#pages.tickOf(level);
  }

  /** Whether an order at `tick` would trade at once. */
  crosses(side: Side, tick: number): boolean {
    return (tick - this.#best[1 - side]!) * (1 - 2 * side) >= 0;
  }

  /**
   * Adds a resting order and answers its handle; 0 when it would cross, is out of range, or the book is full.
   * With `peak`, only so many lots are shown at a time: when they are filled, the next part queues at the back.
   */
  add(side: Side, tick: number, lots: number, owner: number, peak = 0): number {
    if (tick < this.lowTick || tick > this.highTick || !(lots > 0)) return 0;
    const sign = 1 - 2 * side;
    const best = this.#best;
    if ((tick - best[1 - side]!) * sign >= 0) return 0;
    const order = this.#allocate();
    if (order === 0) return 0;
    const pages = this.#pages;
    const level = pages.obtain(tick);
    const words = this.#words;
    const at = order * STRIDE;
    let shown = lots;
    words[at + ICEBERG] = 0;
    if (peak > 0 && peak < lots) {
      shown = peak;
      words[at + ICEBERG] = 1;
      this.#hidden[order] = lots - shown;
      this.#peak[order] = peak;
    }
    this.#lots[order] = shown;
    words[at + LEVEL] = level;
    words[at + OWNER] = owner;
    words[at + SIDE] = side;
    this.#append(order, level);
    if (words[at + PREVIOUS] === 0) {
      pages.occupy(level, side);
      if ((tick - best[side]!) * sign > 0) {
        best[side] = tick;
        this.#bestLevel[side] = level;
        if (side === BID) this.bestBid = tick;
        else this.bestAsk = tick;
      }
    }
    pages.lots[level]! += shown;
    if (owner === CROWD) {
      words[at + CROWD_POSITION] = this.#crowdCount;
      this.#crowd[this.#crowdCount++] = order;
    }
    this.#touch(level, side);
    return order;
  }

  /** Takes an order out, with what it hides. */
  cancel(order: number): void {
    const at = order * STRIDE;
    const level = this.#words[at + LEVEL]!;
    const side = this.#words[at + SIDE] as Side;
    this.#pages.lots[level]! -= this.#lots[order]!;
    this.#remove(order, level, side);
    this.#touch(level, side);
  }

  /**
   * Shrinks an order by `lots`, fewer than it has, in its place in the queue; of an iceberg the hidden part goes first.
   */
  reduce(order: number, lots: number): void {
    const hidden = this.hiddenLotsOf(order);
    const fromHidden = lots < hidden ? lots : hidden;
    if (fromHidden > 0) this.#hidden[order] = hidden - fromHidden;
    const fromShown = lots - fromHidden;
    if (fromShown === 0) return;
    const level = this.#words[order * STRIDE + LEVEL]!;
    this.#lots[order]! -= fromShown;
    this.#pages.lots[level]! -= fromShown;
    this.#touch(level, this.#words[order * STRIDE + SIDE] as Side);
  }

  /**
   * Fills `lots` of a resting order, at most its visible lots. A part of an iceberg that is filled is followed by the
   * next one, at the back of its level's queue. Answers true when the order is gone.
   */
  fill(order: number, lots: number): boolean {
    const at = order * STRIDE;
    const level = this.#words[at + LEVEL]!;
    const side = this.#words[at + SIDE] as Side;
    const done = this.#fill(order, level, side, lots);
    this.#touch(level, side);
    return done;
  }

  /**
   * Takes up to `lots` from the other side at `limitTick` or better, best price first, oldest order first.
   * `side` is the taker's: BID buys. Fills land in the fill arrays; answers the lots left unfilled. Ends early after
   * 4096 fills. For books without clients: whose orders were filled is told by owner only.
   */
  take(side: Side, lots: number, limitTick: number): number {
    this.fillCount = 0;
    const resting = (1 - side) as Side;
    const sign = 1 - 2 * side;
    const pages = this.#pages;
    let left = lots;
    while (left > 0 && this.fillCount < MAX_FILLS) {
      const level = this.#bestLevel[resting]!;
      if (level < 0) break;
      const best = this.#best[resting]!;
      if ((limitTick - best) * sign < 0) break;
      for (;;) {
        const order = pages.ends[level * 2]!;
        if (order === 0 || left <= 0 || this.fillCount === MAX_FILLS) break;
        const shown = this.#lots[order]!;
        const filled = left < shown ? left : shown;
        if (this.fillCount === this.fillTick.length) this.#growFills();
        const fill = this.fillCount++;
        this.fillTick[fill] = best;
        this.fillLots[fill] = filled;
        this.fillOwner[fill] = this.#words[order * STRIDE + OWNER]!;
        left -= filled;
        this.fillDone[fill] = this.#fill(order, level, resting, filled) ? 1 : 0;
      }
      this.#touch(level, resting);
    }
    return left;
  }

  /** Sum of visible lots over the best `levels` prices of a side. */
  depthLots(side: Side, levels: number): number {
    const pages = this.#pages;
    let level = this.#bestLevel[side]!;
    let sum = 0;
    for (let i = 0; i < levels && level >= 0; i++) {
      sum += pages.lots[level]!;
      level = side === BID ? pages.below(level, BID) : pages.above(level, ASK);
    }
    return sum;
  }

  /** Whether `tick` changed on `side` since `clearChanged`. */
  changedOn(side: Side, tick: number): boolean {
    const level = this.#pages.find(tick);
    return level >= 0 && (this.#pages.changedSides[level]! & (1 << side)) !== 0;
  }

  /** What a diff must say of one side of a price: its visible lots when it rests on that side, else 0. */
  lotsOnSide(side: Side, tick: number): number {
    const onSide = side === BID ? tick <= this.bestBid : this.bestAsk !== 0 && tick >= this.bestAsk;
    return onSide ? this.lotsAt(tick) : 0;
  }

  clearChanged(): void {
    const pages = this.#pages;
    for (let i = 0; i < this.changedCount; i++) {
      const level = this.#changedLevel[i]!;
      pages.changedSides[level] = 0;
      pages.holdChange(level, -1);
    }
    this.changedCount = 0;
  }

  #touch(level: number, side: Side): void {
    this.updateId += 1;
    const { changedSides } = this.#pages;
    const sides = changedSides[level]!;
    const now = sides | (1 << side);
    if (now === sides) return;
    changedSides[level] = now;
    if (sides !== 0) return;
    if (this.changedCount === this.changed.length) {
      this.changed = longer(this.changed, new Float64Array(this.changed.length * 2));
      this.#changedLevel = longer(this.#changedLevel, new Int32Array(this.changed.length));
    }
    this.#pages.holdChange(level, 1);
    this.#changedLevel[this.changedCount] = level;
    this.changed[this.changedCount++] = this.#pages.tickOf(level);
  }

  /** A handle: one given back, else a fresh one; 0 = the book is full. */
  #allocate(): number {
    if (this.orderCount >= this.#maxOrders) return 0;
    this.orderCount += 1;
    const order = this.#free;
    if (order !== 0) {
      this.#free = this.#words[order * STRIDE + NEXT]!;
      return order;
    }
    if (this.#fresh === this.#capacity) this.#grow();
    return this.#fresh++;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    this.#capacity = capacity;
    this.#words = longer(this.#words, new Int32Array(capacity * STRIDE));
    this.#lots = longer(this.#lots, new Float64Array(capacity));
    this.#hidden = longer(this.#hidden, new Float64Array(capacity));
    this.#peak = longer(this.#peak, new Float64Array(capacity));
    this.#crowd = longer(this.#crowd, new Int32Array(capacity));
  }

  #growFills(): void {
    const capacity = this.fillTick.length * 2;
    this.fillTick = longer(this.fillTick, new Float64Array(capacity));
    this.fillLots = longer(this.fillLots, new Float64Array(capacity));
    this.fillOwner = longer(this.fillOwner, new Int32Array(capacity));
    this.fillDone = longer(this.fillDone, new Uint8Array(capacity));
  }

  /** Links an order in at the back of a level's queue. */
  #append(order: number, level: number): void {
    const words = this.#words;
    const { ends } = this.#pages;
    const at = order * STRIDE;
    const last = ends[level * 2 + 1]!;
    words[at + NEXT] = 0;
    words[at + PREVIOUS] = last;
    ends[level * 2 + 1] = order;
    if (last === 0) ends[level * 2] = order;
    else words[last * STRIDE + NEXT] = order;
  }

  #unlink(order: number, level: number): void {
    const words = this.#words;
    const { ends } = this.#pages;
    const next = words[order * STRIDE + NEXT]!;
    const previous = words[order * STRIDE + PREVIOUS]!;
    if (previous === 0) ends[level * 2] = next;
    else words[previous * STRIDE + NEXT] = next;
    if (next === 0) ends[level * 2 + 1] = previous;
    else words[next * STRIDE + PREVIOUS] = previous;
  }

  #fill(order: number, level: number, side: Side, lots: number): boolean {
    const shown = this.#lots[order]!;
    this.#pages.lots[level]! -= lots;
    if (lots < shown) {
      this.#lots[order] = shown - lots;
      return false;
    }
    const hidden = this.hiddenLotsOf(order);
    if (hidden === 0) {
      this.#remove(order, level, side);
      return true;
    }
    const peak = this.#peak[order]!;
    const next = peak < hidden ? peak : hidden;
    this.#lots[order] = next;
    this.#hidden[order] = hidden - next;
    this.#pages.lots[level]! += next;
    this.#unlink(order, level);
    this.#append(order, level);
    return false;
  }

  #remove(order: number, level: number, side: Side): void {
    const words = this.#words;
    const at = order * STRIDE;
    this.#unlink(order, level);
    if (words[at + OWNER] === CROWD) {
      const position = words[at + CROWD_POSITION]!;
      const moved = this.#crowd[--this.#crowdCount]!;
      this.#crowd[position] = moved;
      words[moved * STRIDE + CROWD_POSITION] = position;
    }
    words[at + NEXT] = this.#free;
    this.#free = order;
    this.orderCount -= 1;
    const pages = this.#pages;
    if (pages.ends[level * 2] !== 0) return;
    pages.vacate(level, side);
    if (level !== this.#bestLevel[side]) return;
    if (side === BID) {
      const below = pages.below(level, BID);
      this.#bestLevel[BID] = below;
      this.bestBid = below < 0 ? 0 : pages.tickOf(below);
      this.#best[BID] = below < 0 ? -Infinity : this.bestBid;
    } else {
      const above = pages.above(level, ASK);
      this.#bestLevel[ASK] = above;
      this.bestAsk = above < 0 ? 0 : pages.tickOf(above);
      this.#best[ASK] = above < 0 ? Infinity : this.bestAsk;
    }
  }
}
