/** A trade as the public sees it. `takerBuys`: the buyer took, so the seller was the maker. */
export interface PublicTrade {
  readonly id: number;
  readonly ticks: number;
  readonly lots: number;
  readonly atUs: number;
  readonly takerBuys: boolean;
}

/** Trades of one taker at one price joined to one: `firstId` … `lastId`. */
export interface AggregateTrade extends PublicTrade {
  readonly firstId: number;
  readonly lastId: number;
}

const WORDS = 6;

/** The last trades, or aggregate trades, whose ids count up by one. */
export class TradeRing {
  readonly #capacity: number;
  readonly #words: Float64Array;
  #firstId = 0;
  #nextId = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#words = new Float64Array(capacity * WORDS);
  }

  get size(): number {
    return this.#nextId - this.#firstId;
  }

  /** Ids follow on each other; after a jump only the later ones are known. */
  add(id: number, ticks: number, lots: number, atUs: number, takerBuys: boolean, firstId: number, lastId: number): void {
    if (id !== this.#nextId) this.#firstId = id;
    const words = this.#words;
    const at = (id % this.#capacity) * WORDS;
    words[at] = ticks;
    words[at + 1] = lots;
    words[at + 2] = atUs;
    words[at + 3] = takerBuys ? 1 : 0;
    words[at + 4] = firstId;
    words[at + 5] = lastId;
    this.#nextId = id + 1;
    if (this.#nextId - this.#firstId > this.#capacity) this.#firstId = this.#nextId - this.#capacity;
  }

  at(id: number): AggregateTrade | undefined {
    if (id < this.#firstId || id >= this.#nextId) return undefined;
    const words = this.#words;
    const at = (id % this.#capacity) * WORDS;
    return { id, ticks: words[at]!, lots: words[at + 1]!, atUs: words[at + 2]!, takerBuys: words[at + 3] === 1, firstId: words[at + 4]!, lastId: words[at + 5]! };
  }

  /** The last `limit`, oldest first. */
  last(limit: number): AggregateTrade[] {
    return this.from(Math.max(this.#firstId, this.#nextId - limit), limit);
  }

  /** Up to `limit` from an id on; those that are forgotten are left out. */
  from(id: number, limit: number): AggregateTrade[] {
    const found: AggregateTrade[] = [];
    for (let next = Math.max(id, this.#firstId); next < this.#nextId && found.length < limit; next++) found.push(this.at(next)!);
    return found;
  }

  /** Up to `limit` made in [fromUs, toUs]: the first ones from `fromUs` when it is given, else the last ones until `toUs`. */
  between(fromUs: number | undefined, toUs: number | undefined, limit: number): AggregateTrade[] {
    const found: AggregateTrade[] = [];
    if (fromUs === undefined) {
      for (let id = this.#nextId - 1; id >= this.#firstId && found.length < limit; id--) {
        const trade = this.at(id)!;
        if (toUs === undefined || trade.atUs <= toUs) found.push(trade);
      }
      return found.reverse();
    }
    for (let id = this.#firstAtOrAfter(fromUs); id < this.#nextId && found.length < limit; id++) {
      const trade = this.at(id)!;
      if (toUs !== undefined && trade.atUs > toUs) break;
      found.push(trade);
    }
    return found;
  }

  #firstAtOrAfter(us: number): number {
    let low = this.#firstId;
    let high = this.#nextId;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#words[(middle % this.#capacity) * WORDS + 2]! < us) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
