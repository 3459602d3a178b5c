/** Cuts a list that only grows to its newest `most` items, once it holds twice as many: a push costs a constant on average. In place. */
export function keepNewest<T>(list: T[], most: number): void {
  if (list.length >= 2 * most) list.splice(0, list.length - most);
}

/** The newest `capacity` items, and up to as many older ones, in order of arrival; a year of trading may not fill the memory. */
export class Recent<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(item: T): void {
    this.#items.push(item);
    keepNewest(this.#items, this.#capacity);
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** Oldest first. */
  get items(): readonly T[] {
    return this.#items;
  }
}
