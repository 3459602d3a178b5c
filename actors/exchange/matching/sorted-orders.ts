/**
 * Orders by an ascending number, first come first among equals: what waits for a price or for a time. Insertion moves
 * what lies behind it, which is cheap for the thousands of conditional orders a symbol has.
 */
export class SortedOrders<O> {
  // Descending, so that the next one is taken from the end.
  readonly #keys: number[] = [];
  readonly #orders: O[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The smallest key; Infinity when there is none. */
  get firstKey(): number {
    return this.#keys.length === 0 ? Infinity : this.#keys[this.#keys.length - 1]!;
  }

  add(key: number, order: O): void {
    const at = this.#firstNotAbove(key);
    this.#keys.splice(at, 0, key);
    this.#orders.splice(at, 0, order);
  }

  /** Takes the first order off. */
  shift(): O | undefined {
    this.#keys.pop();
    return this.#orders.pop();
  }

  /** Takes an order out that was added with this key; answers whether it was there. */
  remove(key: number, order: O): boolean {
    for (let at = this.#firstNotAbove(key); at < this.#keys.length && this.#keys[at] === key; at++) {
      if (this.#orders[at] !== order) continue;
      this.#keys.splice(at, 1);
      this.#orders.splice(at, 1);
      return true;
    }
    return false;
  }

  #firstNotAbove(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! > key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
