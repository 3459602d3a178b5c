/**
 * One side of a level book: lots per price in ticks.
 *
 * Prices inside a window of 2^k ticks live in an array at `price & mask`, with one occupancy bit each. Prices
 * outside it live in an open-addressing side table, never in the window's slots, so that two prices cannot share
 * one. When the best price drifts towards an edge the window moves and levels change places. The best price is
 * always inside the window. Lots are integers held in doubles; a level with 0 lots does not exist.
 */
import { restoreFields, saveFields } from './state.js';
import type { Compact, State } from './state.js';

const NO_BID = 0;
const NO_ASK = 2_147_483_647;

/** Fields that hold one value a tick of the window. */
const WINDOW = ['lots', 'bits'];

export interface SideScale {
  readonly obiLevels: number;
  readonly depthLevels: number;
  readonly perTick: number;
  readonly flat: number;
}

export class BookSide implements Compact {
  readonly isBid: boolean;
  readonly size: number;
  readonly mask: number;
  readonly lots: Float64Array;
  readonly bits: Int32Array;
  /** Lowest price of the window, a multiple of 32. */
  base = 0;
  /** Best price in ticks; `none` when the side is empty. */
  best: number;
  readonly none: number;
  /** 0 for bids, -1 for asks: (a ^ flip) > (b ^ flip) says that price a is better than b. */
  private readonly flip: number;
  /** Levels in the side table. */
  farCount = 0;
  farPrices: Int32Array = new Int32Array(64);
  farLots: Float64Array = new Float64Array(64);

  /** What `sum` found. */
  sumLots = 0;
  sumWorth = 0;
  private readonly obiLevels: number;
  private readonly depthLevels: number;
  private readonly perTick: number;
  private readonly flat: number;

  /** What `readTop` found, best first. */
  readonly topPrices: Int32Array;
  readonly topLots: Float64Array;
  topCount = 0;

  /** `scale`: how many levels `sum` adds up, and what a lot is worth (price·perTick + flat). */
  constructor(isBid: boolean, windowTicks: number, scale: SideScale) {
    this.isBid = isBid;
    this.size = windowTicks;
    this.mask = windowTicks - 1;
    this.lots = new Float64Array(windowTicks);
    this.bits = new Int32Array(windowTicks >>> 5);
    this.none = isBid ? NO_BID : NO_ASK;
    this.flip = isBid ? 0 : -1;
    this.best = this.none;
    this.obiLevels = scale.obiLevels;
    this.depthLevels = scale.depthLevels;
    this.perTick = scale.perTick;
    this.flat = scale.flat;
    this.topPrices = new Int32Array(scale.depthLevels);
    this.topLots = new Float64Array(scale.depthLevels);
  }

  clear(): void {
    this.lots.fill(0);
    this.bits.fill(0);
    this.farPrices.fill(0);
    this.best = this.none;
    this.farCount = 0;
    this.topCount = 0;
  }

  /** Sets the level at `price` (positive) to the lots in F[at]; 0 removes it. The array spares a boxed double. */
  set(price: number, F: Float64Array, at: number): void {
    const q = F[at];
    if (((price - this.base) | 0) >>> 0 < this.size) {
      const slot = price & this.mask;
      this.lots[slot] = q;
      // The bit is written whether it changes or not: asking first costs a branch that nobody can predict.
      if (q > 0) {
        this.bits[slot >>> 5] |= 1 << (slot & 31);
        if ((price ^ this.flip) > (this.best ^ this.flip)) this.improve(price);
      } else {
        this.bits[slot >>> 5] &= ~(1 << (slot & 31));
        if (price === this.best) this.worsen();
      }
    } else if (q > 0) {
      this.farSet(price, F, at);
      if ((price ^ this.flip) > (this.best ^ this.flip)) this.improve(price);
    } else {
      this.farDelete(price);
    }
  }

  /** Levels of this side, counted. */
  get levels(): number {
    let n = this.farCount;
    for (let w = 0; w < this.bits.length; w += 1) for (let m = this.bits[w]; m !== 0; m &= m - 1) n += 1;
    return n;
  }

  /** Lots at a price, 0 when there is no such level. */
  lotsAt(price: number): number {
    const offset = price - this.base;
    if (offset >= 0 && offset < this.size) return this.lots[price & this.mask];
    const at = this.farFind(price);
    return at < 0 ? 0 : this.farLots[at];
  }

  /** The next occupied price strictly worse than `price`; `none` when there is none. */
  nextWorse(price: number): number {
    // Every far price is worse than every near one: the best is near, and far prices lie beyond the window.
    const near = this.isBid ? this.nearBelow(price - 1) : this.nearAbove(price + 1);
    return near !== this.none || this.farCount === 0 ? near : this.farNext(price);
  }

  /** Sums the best levels: lots of `obiLevels` into sumLots, notional of `depthLevels` into sumWorth. */
  sum(): void {
    const { obiLevels, depthLevels, lots, bits, base, mask, perTick, flat } = this;
    const most = obiLevels > depthLevels ? obiLevels : depthLevels;
    let count = 0;
    let sumLots = 0;
    let sumWorth = 0;
    let price = this.best;
    if (price !== this.none) {
      // The best is inside the window; walk the bits away from it.
      const words = bits.length - 1;
      let w = (price & mask) >>> 5;
      if (this.isBid) {
        const last = (base & mask) >>> 5;
        let m = bits[w] & (-1 >>> (31 - (price & 31)));
        for (;;) {
          while (m !== 0 && count < most) {
            const b = 31 - Math.clz32(m);
            m &= ~(1 << b);
            const slot = (w << 5) | b;
            price = base + ((slot - base) & mask);
            const q = lots[slot];
            if (count < obiLevels) sumLots += q;
            if (count < depthLevels) sumWorth += q * (price * perTick + flat);
            count += 1;
          }
          if (count === most || w === last) break;
          w = (w - 1) & words;
          m = bits[w];
        }
      } else {
        const last = ((base - 1) & mask) >>> 5;
        let m = bits[w] & (-1 << (price & 31));
        for (;;) {
          while (m !== 0 && count < most) {
            const b = 31 - Math.clz32(m & -m);
            m &= m - 1;
            const slot = (w << 5) | b;
            price = base + ((slot - base) & mask);
            const q = lots[slot];
            if (count < obiLevels) sumLots += q;
            if (count < depthLevels) sumWorth += q * (price * perTick + flat);
            count += 1;
          }
          if (count === most || w === last) break;
          w = (w + 1) & words;
          m = bits[w];
        }
      }
      while (count < most && this.farCount > 0) {
        price = this.farNext(price);
        if (price === this.none) break;
        const q = this.farLots[this.farFind(price)];
        if (count < obiLevels) sumLots += q;
        if (count < depthLevels) sumWorth += q * (price * perTick + flat);
        count += 1;
      }
    }
    this.sumLots = sumLots;
    this.sumWorth = sumWorth;
  }

  /** Reads the best levels, as many as the arrays hold, into topPrices and topLots. */
  readTop(): void {
    const n = this.topPrices.length;
    let count = 0;
    for (let price = this.best; price !== this.none && count < n; price = this.nextWorse(price)) {
      this.topPrices[count] = price;
      this.topLots[count] = this.lotsAt(price);
      count += 1;
    }
    this.topCount = count;
  }

  /** The window as its levels: nearly all of it is empty. */
  packState(): State {
    const { lots, bits, base, mask } = this;
    const count = this.levels - this.farCount;
    const nearPrices = new Int32Array(count);
    const nearLots = new Float64Array(count);
    let n = 0;
    for (let w = 0; w < bits.length; w += 1) {
      for (let m = bits[w]; m !== 0; m &= m - 1) {
        const slot = (w << 5) | (31 - Math.clz32(m & -m));
        nearPrices[n] = base + ((slot - base) & mask);
        nearLots[n] = lots[slot];
        n += 1;
      }
    }
    return { ...saveFields(this, WINDOW), nearPrices, nearLots };
  }

  unpackState(state: State): void {
    const { nearPrices, nearLots, ...fields } = state as State & { readonly nearPrices: Int32Array; readonly nearLots: Float64Array };
    restoreFields(this, fields);
    const { lots, bits, mask } = this;
    lots.fill(0);
    bits.fill(0);
    for (let n = 0; n < nearPrices.length; n += 1) {
      const slot = nearPrices[n] & mask;
      lots[slot] = nearLots[n];
      bits[slot >>> 5] |= 1 << (slot & 31);
    }
  }

  private improve(price: number): void {
    this.best = price;
    this.keepInside();
  }

  private worsen(): void {
    this.best = this.nextWorse(this.best);
    if (this.best !== this.none) this.keepInside();
  }

  /** Moves the window when the best price is near its edge. More room lies on the side of the worse prices. */
  private keepInside(): void {
    const offset = this.best - this.base;
    const eighth = this.size >>> 3;
    if (this.isBid ? offset < 2 * eighth || offset >= 7 * eighth : offset < eighth || offset >= 6 * eighth) {
      const base = this.best - (this.isBid ? 5 * eighth : 3 * eighth);
      this.moveTo(base <= 0 ? 0 : base & ~31);
    }
  }

  private moveTo(base: number): void {
    const old = this.base;
    if (base === old) return;
    const { size, mask, lots, bits } = this;
    // Levels that leave go to the side table first (their slots are then free).
    for (let w = 0; w < bits.length; w += 1) {
      let m = bits[w];
      while (m !== 0) {
        const b = 31 - Math.clz32(m);
        m &= ~(1 << b);
        const slot = (w << 5) | b;
        const price = old + ((slot - old) & mask);
        if (price - base >= 0 && price - base < size) continue;
        this.farSet(price, lots, slot);
        lots[slot] = 0;
        bits[w] &= ~(1 << b);
      }
    }
    this.base = base;
    if (this.farCount === 0) return;
    const prices = this.farPrices;
    const values = this.farLots;
    this.farPrices = new Int32Array(prices.length);
    this.farLots = new Float64Array(values.length);
    this.farCount = 0;
    for (let i = 0; i < prices.length; i += 1) {
      const price = prices[i];
      if (price === 0) continue;
      if (price - base >= 0 && price - base < size) {
        const slot = price & mask;
        lots[slot] = values[i];
        bits[slot >>> 5] |= 1 << (slot & 31);
      } else {
        this.farSet(price, values, i);
      }
    }
  }

  /** Highest occupied price of the window at or below `price`. */
  private nearBelow(price: number): number {
    if (price < this.base) return this.none;
    const top = this.base + this.size - 1;
    const from = price > top ? top : price;
    const slot = from & this.mask;
    const words = (this.size >>> 5) - 1;
    const last = (this.base & this.mask) >>> 5;
    let w = slot >>> 5;
    let m = this.bits[w] & (-1 >>> (31 - (slot & 31)));
    for (;;) {
      if (m !== 0) return this.base + ((((w << 5) | (31 - Math.clz32(m))) - this.base) & this.mask);
      if (w === last) return this.none;
      w = (w - 1) & words;
      m = this.bits[w];
    }
  }

  /** Lowest occupied price of the window at or above `price`. */
  private nearAbove(price: number): number {
    if (price - this.base >= this.size) return this.none;
    const from = price < this.base ? this.base : price;
    const slot = from & this.mask;
    const words = (this.size >>> 5) - 1;
    const last = ((this.base - 1) & this.mask) >>> 5;
    let w = slot >>> 5;
    let m = this.bits[w] & (-1 << (slot & 31));
    for (;;) {
      if (m !== 0) return this.base + ((((w << 5) | (31 - Math.clz32(m & -m))) - this.base) & this.mask);
      if (w === last) return this.none;
      w = (w + 1) & words;
      m = this.bits[w];
    }
  }

  // The side table: linear probing, price 0 = free slot, at most half full.

  private farHome(price: number): number {
    return (Math.imul(price, 0x9e3779b1) >>> 7) & (this.farPrices.length - 1);
  }

  private farFind(price: number): number {
    const m = this.farPrices.length - 1;
    for (let i = this.farHome(price); this.farPrices[i] !== 0; i = (i + 1) & m) {
      if (this.farPrices[i] === price) return i;
    }
    return -1;
  }

  private farSet(price: number, F: Float64Array, at: number): void {
    if ((this.farCount + 1) * 2 > this.farPrices.length) this.farGrow();
    const m = this.farPrices.length - 1;
    let i = this.farHome(price);
    while (this.farPrices[i] !== 0 && this.farPrices[i] !== price) i = (i + 1) & m;
    if (this.farPrices[i] === 0) {
      this.farPrices[i] = price;
      this.farCount += 1;
    }
    this.farLots[i] = F[at];
  }

  /** Removes a price and closes the hole it leaves in its run. */
  private farDelete(price: number): void {
    let hole = this.farFind(price);
    if (hole < 0) return;
    const m = this.farPrices.length - 1;
    this.farCount -= 1;
    for (let i = (hole + 1) & m; this.farPrices[i] !== 0; i = (i + 1) & m) {
      const home = this.farHome(this.farPrices[i]);
      if (((i - home) & m) >= ((i - hole) & m)) {
        this.farPrices[hole] = this.farPrices[i];
        this.farLots[hole] = this.farLots[i];
        hole = i;
      }
    }
    this.farPrices[hole] = 0;
  }

  private farGrow(): void {
    const prices = this.farPrices;
    const values = this.farLots;
    this.farPrices = new Int32Array(prices.length * 2);
    this.farLots = new Float64Array(values.length * 2);
    this.farCount = 0;
    for (let i = 0; i < prices.length; i += 1) if (prices[i] !== 0) this.farSet(prices[i], values, i);
  }

  /** Best price of the side table strictly worse than `price`. */
  private farNext(price: number): number {
    let found = this.none;
    const prices = this.farPrices;
    for (let i = 0; i < prices.length; i += 1) {
      const p = prices[i];
      if (p === 0) continue;
      if (this.isBid ? p < price && p > found : p > price && p < found) found = p;
    }
    return found;
  }
}
