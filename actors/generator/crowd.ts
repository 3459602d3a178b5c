import { ASK, BID, CROWD, type OrderBook, type Side } from '../exchange/book/index.js';
import type { MarketState } from './market-maker.js';
import type { Prng } from './prng.js';

/** Crowd orders that rest in an ordinary book; more than this and cancellations outnumber placements. */
const ORDINARY_ORDERS = 3000;
/** Distance of the makers' value beyond the touch, in units, at which the alert pull their orders. */
const ALARM_UNITS = 3;
const PULLED_TOGETHER = 12;

/**
 * Traders who leave limit orders and forget most of them: distances with a power-law tail, sizes log-normal with
 * a love of round prices. While the market runs one way, the side in its way is left alone and cancelled first.
 */
export class Crowd {
  readonly #rng: Prng;
  readonly #book: OrderBook;
  readonly #medianLots: number;

  constructor(rng: Prng, book: OrderBook, medianLots: number) {
    this.#rng = rng;
    this.#book = book;
    this.#medianLots = medianLots;
  }

  /** Fills an empty book around `centerTick` before the first record. */
  populate(centerTick: number, state: MarketState): void {
    const reach = centerTick * 0.3;
    for (let i = 0; i < ORDINARY_ORDERS; i++) {
      const side = i % 2 === 0 ? BID : ASK;
      const distance = 1 + this.#distance(state, reach);
      this.#place(side, side === BID ? centerTick - distance : centerTick + distance, state);
    }
  }

  placeOne(state: MarketState): void {
    const rng = this.#rng;
    const { bestBid, bestAsk } = this.#book;
    if (bestBid === 0 || bestAsk === 0) return;
    const side: Side = rng.uniform() < 0.5 + 0.32 * state.lean ? BID : ASK;
    const spread = bestAsk - bestBid;
    const nervous = Math.max(1, state.stress);
    let tick: number;
    if (spread > 1 && rng.uniform() < 0.12 / Math.sqrt(nervous)) {
      // Improve the best price, mostly by a little.
      const step = 1 + Math.floor((spread - 1) * 0.7 * rng.uniform() * rng.uniform());
      tick = side === BID ? bestBid + step : bestAsk - step;
    } else if (rng.uniform() < 0.42 / nervous) {
      tick = side === BID ? bestBid : bestAsk;
    } else {
      const distance = this.#distance(state, bestBid * 0.12);
      tick = side === BID ? bestBid - distance : bestAsk + distance;
    }
    this.#place(side, tick, state);
  }

  /** The makers' value lies so far beyond the touch that resting orders there are about to be picked off. */
  alarmed(state: MarketState): boolean {
    const { bestBid, bestAsk } = this.#book;
    const margin = Math.max(0.5, ALARM_UNITS * state.unitTicks);
    return bestBid !== 0 && bestAsk !== 0 && (state.center > bestAsk + margin || state.center < bestBid - margin);
  }

  cancelOne(state: MarketState): void {
    const rng = this.#rng;
    const book = this.#book;
    const count = book.crowdCount;
    if (count === 0 || rng.uniform() > (count / ORDINARY_ORDERS) * (1 + 0.8 * Math.abs(state.lean))) return;
    // The alert ones among them see the same signal and pull their quotes together before they are picked off.
    let pulled = 0;
    while (pulled < PULLED_TOGETHER && this.alarmed(state)) {
      const stale = book.crowdAtTouch(state.center > book.bestAsk ? ASK : BID);
      if (stale === 0) break;
      book.cancel(stale);
      pulled += 1;
    }
    if (pulled > 0) return;
    const threatened = state.lean < -0.3 ? BID : state.lean > 0.3 ? ASK : -1;
    let chosen = 0;
    let nearest = Infinity;
    for (let i = 0; i < 3; i++) {
      const order = book.crowdOrder(rng.below(count));
      const side = book.sideOf(order);
      let distance = side === BID ? book.bestBid - book.tickOf(order) : book.tickOf(order) - book.bestAsk;
      if (side === threatened) distance *= 0.3;
      if (distance < nearest) {
        nearest = distance;
        chosen = order;
      }
    }
    book.cancel(chosen);
  }

  #distance(state: MarketState, reachTicks: number): number {
    const scale = state.unitTicks * 5 * Math.max(1, Math.min(20, state.stress));
    for (let i = 0; i < 8; i++) {
      const distance = scale * (this.#rng.pareto(0.62) - 1) + this.#rng.uniform();
      if (distance < reachTicks) return Math.floor(distance);
    }
    return Math.floor(reachTicks * this.#rng.uniform());
  }

  #place(side: Side, tick: number, state: MarketState): void {
    const rng = this.#rng;
    const gap = Math.abs(tick - state.center) / state.unitTicks;
    // Nobody shows size in a storm.
    let median = (this.#medianLots * (1 + 0.06 * Math.min(gap, 300))) / (1 + 0.06 * Math.max(0, state.stress - 2));
    let at = tick;
    const taste = rng.uniform();
    if (gap > 4 && taste < 0.3) {
      const round = taste < 0.04 && gap > 60 ? 1000 : taste < 0.12 && gap > 15 ? 100 : 10;
      at = side === BID ? Math.floor(tick / round) * round : Math.ceil(tick / round) * round;
      median *= round === 10 ? 1.2 : round === 100 ? 3 : 8;
    }
    this.#book.add(side, at, Math.max(1, Math.round(rng.logNormal(median, 1.6))), CROWD);
  }
}
