/** Things that several pages use at once: made for the first, closed after the last. */
export class SharedThings<T extends { close(): void }> {
  readonly #all = new Map<string, { readonly one: T; users: number }>();

  /** `leave` is to be called once. */
  take(key: string, make: () => T): { readonly one: T; readonly leave: () => void } {
    const shared = this.#all.get(key) ?? { one: make(), users: 0 };
    this.#all.set(key, shared);
    shared.users += 1;
    return {
      one: shared.one,
      leave: () => {
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#all.delete(key);
        shared.one.close();
      },
    };
  }
}
