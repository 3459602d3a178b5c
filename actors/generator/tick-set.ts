/** A set of small integers (occupied price levels of one side) with fast neighbours: a bitmap under a bitmap. */
export class TickSet {
  readonly #words: Int32Array;
  readonly #summary: Int32Array;

  constructor(size: number) {
    this.#words = new Int32Array((size >> 5) + 1);
    this.#summary = new Int32Array((size >> 10) + 1);
  }

  add(index: number): void {
    const word = index >> 5;
    this.#words[word]! |= 1 << (index & 31);
    this.#summary[word >> 5]! |= 1 << (word & 31);
  }

  remove(index: number): void {
    const word = index >> 5;
    const rest = this.#words[word]! & ~(1 << (index & 31));
    this.#words[word] = rest;
    if (rest === 0) this.#summary[word >> 5]! &= ~(1 << (word & 31));
  }

  /** Largest member at or below `index`, -1 when there is none. */
  atOrBelow(index: number): number {
    if (index < 0) return -1;
    const word = index >> 5;
    const here = this.#words[word]! & ((2 << (index & 31)) - 1);
    if (here !== 0) return (word << 5) + 31 - Math.clz32(here);
    let group = word >> 5;
    let groups = this.#summary[group]! & ((1 << (word & 31)) - 1);
    while (groups === 0) {
      if (--group < 0) return -1;
      groups = this.#summary[group]!;
    }
    const found = (group << 5) + 31 - Math.clz32(groups);
    return (found << 5) + 31 - Math.clz32(this.#words[found]!);
  }

  /** Smallest member at or above `index`, -1 when there is none. */
  atOrAbove(index: number): number {
    const word = index >> 5;
    if (word >= this.#words.length) return -1;
    const here = this.#words[word]! & -(1 << (index & 31));
    if (here !== 0) return (word << 5) + 31 - Math.clz32(here & -here);
    let group = word >> 5;
    let groups = this.#summary[group]! & ~((2 << (word & 31)) - 1);
    while (groups === 0) {
      if (++group >= this.#summary.length) return -1;
      groups = this.#summary[group]!;
    }
    const found = (group << 5) + 31 - Math.clz32(groups & -groups);
    const bits = this.#words[found]!;
    return (found << 5) + 31 - Math.clz32(bits & -bits);
  }
}
