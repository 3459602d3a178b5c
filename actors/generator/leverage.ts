import { exp } from '../math/elementary.js';
import type { Prng } from './prng.js';

/**
 * Leveraged longs whose positions the venue sells when the price reaches their liquidation price: a ladder of
 * (price, lots) below the market, from near to far. Sold lots queue up and are worked off in pieces.
 */
export class LeveragedLongs {
  /** Lots that the venue still has to sell. */
  pendingLots = 0;
  nextUs = Infinity;
  readonly #ticks: Int32Array;
  readonly #lots: Int32Array;
  #reached = 0;
  readonly #rng: Prng;

  /**
   * `rungLots`: mean lots per 0.1 % of price between `nearest` and `farthest` (shares of the price). Sizes are
   * log-normal, distances irregular.
   */
  constructor(rng: Prng, priceTicks: number, nearest: number, farthest: number, rungLots: number) {
    this.#rng = rng;
    const ticks: number[] = [];
    const lots: number[] = [];
    for (let fall = nearest; fall < farthest; ) {
      const step = 0.0004 + rng.exponential(0.0004);
      fall += step;
      ticks.push(Math.floor(priceTicks * (1 - fall)));
      lots.push(Math.max(1, Math.round((rungLots * step * exp(0.9 * rng.normal() - 0.405)) / 0.001)));
    }
    this.#ticks = Int32Array.from(ticks);
    this.#lots = Int32Array.from(lots);
  }

  /** Tells the ladder the last price; positions at or above it are taken over by the venue. */
  price(nowUs: number, ticks: number): void {
    while (this.#reached < this.#ticks.length && ticks <= this.#ticks[this.#reached]!) {
      this.pendingLots += this.#lots[this.#reached++]!;
      if (this.nextUs === Infinity) this.nextUs = nowUs + 1000 * Math.floor(this.#rng.between(15, 90));
    }
  }

  /** Lots of the next forced sale; the rest stays queued. */
  piece(nowUs: number, atMost: number): number {
    const lots = Math.min(this.pendingLots, Math.max(1, Math.round(this.#rng.logNormal(atMost, 0.7))));
    this.nextUs = nowUs + 1000 * Math.floor(this.#rng.between(12, 70));
    return lots;
  }

  sold(lots: number): void {
    this.pendingLots -= lots;
    if (this.pendingLots <= 0) {
      this.pendingLots = 0;
      this.nextUs = Infinity;
    }
  }
}
