/** Names of a frame's symbols that are compared byte by byte: what an unescaped JSON string can hold. */
const PLAIN = /^[\w.:/+-]{1,64}$/;
const SEED = 7;

/**
 * Finds the index of a symbol by the bytes of its name, upper case as in messages or lower case as in stream names.
 * Open addressing with linear probes over at most half-full tables; no string is made.
 */
export class SymbolIndex {
  /** Hash → 1 + entry, 0 for a free cell. */
  #cells = new Int32Array(64);
  #starts = new Int32Array(32);
  #ends = new Int32Array(32);
  #symbols = new Int32Array(32);
  #bytes = new Uint8Array(1024);
  #used = 0;
  #entries = 0;

  /** Adds `name` for `symbol`. A name that a plain JSON string cannot hold is left out: its frames take the slow path. */
  add(name: string, symbol: number): void {
    if (!PLAIN.test(name)) return;
    this.addSpelling(name, symbol);
    const lower = name.toLowerCase();
    if (lower !== name) this.addSpelling(lower, symbol);
  }

  /** The symbol whose name is bytes [from, to) of `view`, or -1. */
  find(view: DataView, from: number, to: number): number {
    let hash = SEED;
    for (let at = from; at < to; at += 1) hash = (((hash << 5) - hash) + view.getUint8(at)) | 0;
    return this.findHashed(view, from, to, hash);
  }

  /** As {@link find}, for a caller who has the hash: 7, then × 31 + byte, as int32. */
  findHashed(view: DataView, from: number, to: number, hash: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    // Half of the cells are free, so the walk ends.
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const entry = cells[cell]! - 1;
      if (entry < 0) return -1;
      if (this.equals(view, from, to, entry)) return this.#symbols[entry]!;
    }
  }

  private equals(view: DataView, from: number, to: number, entry: number): boolean {
    const start = this.#starts[entry]!;
    if (this.#ends[entry]! - start !== to - from) return false;
    const own = this.#bytes;
    for (let at = from, k = start; at < to; at += 1, k += 1) if (own[k] !== view.getUint8(at)) return false;
    return true;
  }

  private addSpelling(name: string, symbol: number): void {
    const bytes = Buffer.from(name, 'latin1');
    if (this.find(new DataView(bytes.buffer), bytes.byteOffset, bytes.byteOffset + bytes.length) >= 0) return;
    if (this.#entries === this.#starts.length) this.growEntries();
    while (this.#used + bytes.length > this.#bytes.length) this.#bytes = doubled(this.#bytes, new Uint8Array(this.#bytes.length * 2));
    this.#bytes.set(bytes, this.#used);
    this.#starts[this.#entries] = this.#used;
    this.#used += bytes.length;
    this.#ends[this.#entries] = this.#used;
    this.#symbols[this.#entries] = symbol;
    this.#entries += 1;
    this.place(this.#entries - 1);
  }

  private growEntries(): void {
    const size = this.#starts.length * 2;
    this.#starts = doubled(this.#starts, new Int32Array(size));
    this.#ends = doubled(this.#ends, new Int32Array(size));
    this.#symbols = doubled(this.#symbols, new Int32Array(size));
    this.#cells = new Int32Array(this.#cells.length * 2);
    for (let entry = 0; entry < this.#entries; entry += 1) this.place(entry);
  }

  private place(entry: number): void {
    let hash = SEED;
    for (let k = this.#starts[entry]!; k < this.#ends[entry]!; k += 1) hash = (((hash << 5) - hash) + this.#bytes[k]!) | 0;
    const mask = this.#cells.length - 1;
    let cell = hash & mask;
    while (this.#cells[cell] !== 0) cell = (cell + 1) & mask;
    this.#cells[cell] = entry + 1;
  }
}

function doubled<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
