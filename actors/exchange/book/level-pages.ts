/** Ticks of one page. A page's occupancy is WORDS 32-bit words a side. */
const PAGE = 256;
/** A power of two: the product is exact, and cheaper than a division. */
const PAGES_PER_TICK = 1 / PAGE;
const WORDS = PAGE / 32;
const CACHE = 256;

/**
 * The price levels of one book at any integer tick up to 2^53: pages of 256 consecutive ticks, made where orders are
 * and given back when empty. A level is named by a small integer (page slot × 256 + offset) that stays valid while the
 * level holds an order or an unread change. A page near the touch is found by one look into a direct-mapped cache.
 *
 * The arrays are public for the book's kernel; they are replaced when pages are added, so nobody may keep them.
 */
export class LevelPages {
  /** Visible lots per level. */
  lots: Float64Array;
  /** Oldest and newest order per level, 0 = none: [2 × level] and [2 × level + 1]. */
  ends: Int32Array;
  /** Unread changes per level: bit 0 bid, bit 1 ask. */
  changedSides: Uint8Array;
  /** First tick of each page slot. */
  firstTick: Float64Array;

  /** Occupied levels of each side: bit sets, [(slot × 2 + side) × WORDS + word]. */
  #occupied: Int32Array;
  /** Occupied levels per slot and side, and unread changes per slot: [slot × 4 + 0 bid, 1 ask, 2 changes]. */
  #counts: Int32Array;
  #slots: number;
  #free: number[] = [];
  /** Slots in use, by ascending first tick. */
  #sorted: Int32Array;
  #used = 0;

  readonly #slotOf = new Map<number, number>();
  // NaN equals no page.
  readonly #cachePage = new Float64Array(CACHE).fill(NaN);
  readonly #cacheSlot = new Int32Array(CACHE);

  constructor(slots = 4) {
    this.#slots = slots;
    this.lots = new Float64Array(slots * PAGE);
    this.ends = new Int32Array(slots * PAGE * 2);
    this.changedSides = new Uint8Array(slots * PAGE);
    this.firstTick = new Float64Array(slots);
    this.#occupied = new Int32Array(slots * 2 * WORDS);
    this.#counts = new Int32Array(slots * 4);
    this.#sorted = new Int32Array(slots);
    for (let slot = slots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  tickOf(level: number): number {
    return this.firstTick[level >> 8]! + (level & 255);
  }

  /** The level at a tick, -1 when its page does not exist (nothing rests or has changed there). */
  find(tick: number): number {
    const page = Math.floor(tick * PAGES_PER_TICK);
    const cached = page & (CACHE - 1);
    if (this.#cachePage[cached] === page) return (this.#cacheSlot[cached]! << 8) + (tick - page * PAGE);
    const slot = this.#slotOf.get(page);
    if (slot === undefined) return -1;
    this.#cachePage[cached] = page;
    this.#cacheSlot[cached] = slot;
    return (slot << 8) + (tick - page * PAGE);
  }

  /** The level at a tick; makes its page where there is none. */
  obtain(tick: number): number {
    const level = this.find(tick);
    return level >= 0 ? level : this.#make(tick);
  }

  /** Marks a level occupied on a side. */
  occupy(level: number, side: number): void {
    const slot = level >> 8;
    this.#occupied[(slot * 2 + side) * WORDS + ((level & 255) >> 5)]! |= 1 << (level & 31);
    this.#counts[slot * 4 + side]! += 1;
  }

  vacate(level: number, side: number): void {
    const slot = level >> 8;
    this.#occupied[(slot * 2 + side) * WORDS + ((level & 255) >> 5)]! &= ~(1 << (level & 31));
    this.#counts[slot * 4 + side]! -= 1;
  }

  /** Notes that a level's changes are unread (+1) or read (-1); a page with unread changes is kept. */
  holdChange(level: number, by: number): void {
    this.#counts[(level >> 8) * 4 + 2]! += by;
  }

  /** The next occupied level of a side strictly below `level`'s tick, -1 = none. */
  below(level: number, side: number): number {
    const slot = level >> 8;
    const offset = level & 255;
    const here = offset === 0 ? -1 : this.#highest(slot, side, offset - 1);
    return here >= 0 ? here : this.#pageBelow(this.#position(this.firstTick[slot]!), side);
  }

  /** The next occupied level of a side strictly above `level`'s tick, -1 = none. */
  above(level: number, side: number): number {
    const slot = level >> 8;
    const offset = level & 255;
    const here = offset === PAGE - 1 ? -1 : this.#lowest(slot, side, offset + 1);
    return here >= 0 ? here : this.#pageAbove(this.#position(this.firstTick[slot]!) + 1, side);
  }

  /** The next occupied level of a side strictly below a tick whose page need not exist, -1 = none. */
  belowTick(tick: number, side: number): number {
    const level = this.find(tick);
    return level >= 0 ? this.below(level, side) : this.#pageBelow(this.#position(tick), side);
  }

  aboveTick(tick: number, side: number): number {
    const level = this.find(tick);
    return level >= 0 ? this.above(level, side) : this.#pageAbove(this.#position(tick), side);
  }

  #highest(slot: number, side: number, offset: number): number {
    const base = (slot * 2 + side) * WORDS;
    let word = offset >> 5;
    let bits = this.#occupied[base + word]! & ((2 << (offset & 31)) - 1);
    for (;;) {
      if (bits !== 0) return (slot << 8) + (word << 5) + 31 - Math.clz32(bits);
      if (--word < 0) return -1;
      bits = this.#occupied[base + word]!;
    }
  }

  #lowest(slot: number, side: number, offset: number): number {
    const base = (slot * 2 + side) * WORDS;
    let word = offset >> 5;
    let bits = this.#occupied[base + word]! & -(1 << (offset & 31));
    for (;;) {
      if (bits !== 0) return (slot << 8) + (word << 5) + 31 - Math.clz32(bits & -bits);
      if (++word === WORDS) return -1;
      bits = this.#occupied[base + word]!;
    }
  }

  /** Highest occupied level of the pages before `position` in the sorted list. */
  #pageBelow(position: number, side: number): number {
    for (let at = position - 1; at >= 0; at--) {
      const slot = this.#sorted[at]!;
      if (this.#counts[slot * 4 + side]! > 0) return this.#highest(slot, side, PAGE - 1);
    }
    return -1;
  }

  #pageAbove(position: number, side: number): number {
    for (let at = position; at < this.#used; at++) {
      const slot = this.#sorted[at]!;
      if (this.#counts[slot * 4 + side]! > 0) return this.#lowest(slot, side, 0);
    }
    return -1;
  }

  /** Number of pages whose first tick is below `tick`. */
  #position(tick: number): number {
    let low = 0;
    let high = this.#used;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.firstTick[this.#sorted[middle]!]! < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #make(tick: number): number {
    if (this.#free.length === 0) this.#reclaim();
    const slot = this.#free.pop()!;
    const page = Math.floor(tick * PAGES_PER_TICK);
    const first = page * PAGE;
    this.firstTick[slot] = first;
    const position = this.#position(first);
    this.#sorted.copyWithin(position + 1, position, this.#used);
    this.#sorted[position] = slot;
    this.#used += 1;
    this.#slotOf.set(page, slot);
    const cached = page & (CACHE - 1);
    this.#cachePage[cached] = page;
    this.#cacheSlot[cached] = slot;
    return (slot << 8) + (tick - first);
  }

  /** Gives empty pages back; when they are few, doubles the room, so that the sweep stays cheap per page made. */
  #reclaim(): void {
    let kept = 0;
    for (let at = 0; at < this.#used; at++) {
      const slot = this.#sorted[at]!;
      const count = slot * 4;
      if (this.#counts[count] === 0 && this.#counts[count + 1] === 0 && this.#counts[count + 2] === 0) {
        this.#free.push(slot);
        this.#slotOf.delete(this.firstTick[slot]! / PAGE);
      } else this.#sorted[kept++] = slot;
    }
    this.#used = kept;
    this.#cachePage.fill(NaN);
    if (this.#free.length * 4 >= this.#slots) return;
    const old = this.#slots;
    const slots = old * 2;
    this.#slots = slots;
    this.lots = longer(this.lots, new Float64Array(slots * PAGE));
    this.ends = longer(this.ends, new Int32Array(slots * PAGE * 2));
    this.changedSides = longer(this.changedSides, new Uint8Array(slots * PAGE));
    this.firstTick = longer(this.firstTick, new Float64Array(slots));
    this.#occupied = longer(this.#occupied, new Int32Array(slots * 2 * WORDS));
    this.#counts = longer(this.#counts, new Int32Array(slots * 4));
    this.#sorted = longer(this.#sorted, new Int32Array(slots));
    for (let slot = slots - 1; slot >= old; slot--) this.#free.push(slot);
  }
}

/** `to` with the elements of `from` at its start. */
export function longer<A extends Float64Array | Int32Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
