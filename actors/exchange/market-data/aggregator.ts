import type { TradeRing } from './trades.js';

/**
 * Joins trades to aggregate trades. Spot joins what one taker gets at one price at one moment; futures join everything that is taken from
 * one side at one price until `flush`, every 100 ms.
 */
export class Aggregator {
  readonly #ring: TradeRing;
  readonly #onAggregate: (id: number) => void;
  /** Whether trades of different moments are joined. */
  readonly #batched: boolean;
  #nextId: number;
  #open = false;
  #ticks = 0;
  #lots = 0;
  #atUs = 0;
  #takerBuys = false;
  #firstId = 0;
  #lastId = 0;

  /** @param onAggregate called when an aggregate trade is complete and in the ring */
  constructor(ring: TradeRing, firstId: number, batched: boolean, onAggregate: (id: number) => void) {
    this.#ring = ring;
    this.#nextId = firstId;
    this.#batched = batched;
    this.#onAggregate = onAggregate;
  }

  trade(id: number, ticks: number, lots: number, atUs: number, takerBuys: boolean): void {
    if (this.#open && ticks === this.#ticks && takerBuys === this.#takerBuys && id === this.#lastId + 1 && (this.#batched || atUs === this.#atUs)) {
      this.#lots += lots;
      this.#lastId = id;
      this.#atUs = atUs;
      return;
    }
    this.flush();
    this.#open = true;
    this.#ticks = ticks;
    this.#lots = lots;
    this.#atUs = atUs;
    this.#takerBuys = takerBuys;
    this.#firstId = id;
    this.#lastId = id;
  }

  /** Completes what is open. */
  flush(): void {
    if (!this.#open) return;
    this.#open = false;
    const id = this.#nextId++;
    this.#ring.add(id, this.#ticks, this.#lots, this.#atUs, this.#takerBuys, this.#firstId, this.#lastId);
    this.#onAggregate(id);
  }
}
