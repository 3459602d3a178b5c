const FEW = 8;

/**
 * Values by name in the order they were first set, as a Map has them. Up to eight are kept in two lists: most parents have a
 * handful of children, and a Map that loses a key for each it gains is built anew every few of them.
 *
 * What `values` answers with is a copy: it does not change under who walks it.
 */
export class OrderedMap<V> {
  private keys: string[] = [];
  private items: V[] = [];
  private many: Map<string, V> | null = null;

  get size(): number {
    return this.many === null ? this.keys.length : this.many.size;
  }

  get(key: string): V | undefined {
    if (this.many !== null) return this.many.get(key);
    const at = placeOf(this.keys, key);
    return at < 0 ? undefined : this.items[at];
  }

  has(key: string): boolean {
    return this.many === null ? placeOf(this.keys, key) >= 0 : this.many.has(key);
  }

  set(key: string, value: V): void {
    if (this.many !== null) {
      this.many.set(key, value);
      return;
    }
    const { keys, items } = this;
    const at = placeOf(keys, key);
    if (at >= 0) {
      items[at] = value;
    } else if (keys.length < FEW) {
      keys.push(key);
      items.push(value);
    } else {
      const many = new Map<string, V>();
      for (let k = 0; k < keys.length; k++) many.set(keys[k]!, items[k]!);
      this.many = many.set(key, value);
      this.keys = [];
      this.items = [];
    }
  }

  /** Takes the key out if it stands for this value. */
  remove(key: string, value: V): void {
    if (this.many !== null) {
      if (this.many.get(key) === value) this.many.delete(key);
      return;
    }
    const { keys, items } = this;
    for (let at = items.length - 1; at >= 0; at--) {
      if (items[at] !== value || keys[at] !== key) continue;
      for (let k = at + 1; k < keys.length; k++) {
        keys[k - 1] = keys[k]!;
        items[k - 1] = items[k]!;
      }
      keys.pop();
      items.pop();
      return;
    }
  }

  values(): V[] {
    return this.many === null ? this.items.slice() : [...this.many.values()];
  }

  /** As `values`, the last one first. */
  valuesLastFirst(): V[] {
    return this.values().reverse();
  }

  entries(): (readonly [string, V])[] {
    return this.many === null ? this.keys.map((key, at) => [key, this.items[at]!] as const) : [...this.many];
  }
}

/** As `indexOf`, which is a call where this is a few comparisons. */
function placeOf(keys: readonly string[], key: string): number {
  for (let at = 0; at < keys.length; at++) if (keys[at] === key) return at;
  return -1;
}
