import { AUX, EXTRA, Flag, ID, Kind, KIND_MASK, PRICE, QTY, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../data/records/index.js';

/** A book kept the slow, obvious way, by the venue's published rules: the reference the recordings were checked with. */
export class SlowBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  state: 'waiting' | 'synced' | 'live' | 'broken' = 'waiting';
  applied = 0;
  dropped = 0;
  snapshotId = 0;
  u = 0;
  readonly #linked: boolean;
  readonly #buffer: { id: number; previous: number; span: number; levels: [ask: boolean, price: number, quantity: number][] }[] = [];
  #levels: [ask: boolean, price: number, quantity: number][] = [];

  /** `linked`: futures (pu); else spot. */
  constructor(linked: boolean) {
    this.#linked = linked;
  }

  /** One DEPTH or SNAPSHOT record. Returns true at the end of a diff that was applied. */
  take(batch: RecordBatch, record: number): boolean {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const tag = batch.I[i + TAG]!;
    if ((tag & Flag.FIRST) !== 0) this.#levels = [];
    if ((tag & Flag.EMPTY) === 0) this.#levels.push([(tag & Flag.SELL) !== 0, batch.I[i + PRICE]!, batch.F[f + QTY]!]);
    if ((tag & Flag.LAST) === 0) return false;
    if ((tag & KIND_MASK) === Kind.SNAPSHOT) {
      this.#snapshot(batch.F[f + ID]!);
      return false;
    }
    const diff = { id: batch.F[f + ID]!, previous: batch.F[f + AUX]!, span: batch.I[i + EXTRA]!, levels: this.#levels };
    if (this.state === 'waiting') {
      this.#buffer.push(diff);
      return false;
    }
    return this.#apply(diff);
  }

  #snapshot(id: number): void {
    this.bids.clear();
    this.asks.clear();
    for (const [ask, price, quantity] of this.#levels) (ask ? this.asks : this.bids).set(price, quantity);
    this.snapshotId = id;
    this.state = 'synced';
    for (const diff of this.#buffer.splice(0)) this.#apply(diff);
  }

  #apply(diff: { id: number; previous: number; span: number; levels: [ask: boolean, price: number, quantity: number][] }): boolean {
    const first = diff.id - diff.span;
    if (this.state === 'synced') {
      if (this.#linked ? diff.id < this.snapshotId : diff.id <= this.snapshotId) {
        this.dropped += 1;
        return false;
      }
      // A futures diff may also continue the snapshot directly: its pu is the snapshot's id.
      this.state = first <= this.snapshotId + 1 || (this.#linked && diff.previous === this.snapshotId) ? 'live' : 'broken';
    } else if (this.state === 'live' && diff.previous !== this.u) {
      this.state = 'broken';
    }
    if (this.state !== 'live') return false;
    this.u = diff.id;
    for (const [ask, price, quantity] of diff.levels) {
      const side = ask ? this.asks : this.bids;
      if (quantity === 0) side.delete(price);
      else side.set(price, quantity);
    }
    this.applied += 1;
    return true;
  }

  bestBid(): number {
    let best = -Infinity;
    for (const price of this.bids.keys()) if (price > best) best = price;
    return best;
  }

  bestAsk(): number {
    let best = Infinity;
    for (const price of this.asks.keys()) if (price < best) best = price;
    return best;
  }
}

export function symbolOf(batch: RecordBatch, record: number): number {
  return batch.I[record * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
}

export function kindOf(batch: RecordBatch, record: number): number {
  return batch.I[record * WORDS_I + TAG]! & KIND_MASK;
}
