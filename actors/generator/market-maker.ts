import { ASK, BID, type OrderBook, type Side } from '../exchange/book/index.js';
import type { Prng } from './prng.js';

/** What every agent may know of the market when it acts. One object per symbol, updated in place. */
export interface MarketState {
  nowUs: number;
  /** The value makers believe in: latent value plus what recent order flow did to it, in ticks. */
  center: number;
  /** 0.1 basis point in ticks: the unit of all distances. */
  unitTicks: number;
  /** Realised volatility of the last seconds over its ordinary value. */
  stress: number;
  /** Realised volatility of the last seconds, ticks per square root of a second. */
  sigmaTicks: number;
  /** -1 … 1: how one-sided the last seconds were; negative while falling. */
  lean: number;
}

export interface MakerStyle {
  /** Median lots at the touch. */
  readonly touchLots: number;
  /** Distances of the layers from the maker's best price, in units; 0 = the best price itself. */
  readonly layers: readonly number[];
  /** How far the center may leave the touch before this maker moves, in units. */
  readonly patience: number;
  /** Stress beyond which it withdraws. */
  readonly nerve: number;
  /** Mean seconds it stays away. */
  readonly absenceSeconds: number;
}

/**
 * A market maker: quotes both sides around the center, leans against its inventory, widens with volatility,
 * keeps its place in the queue while the center stays near the touch, and withdraws when the market is more
 * nervous than it is willing to bear, first from the side that is being run over.
 */
export class MarketMaker {
  /** Lots held; positive = long. */
  inventoryLots = 0;
  readonly #owner: number;
  readonly #style: MakerStyle;
  readonly #rng: Prng;
  readonly #bids: Int32Array;
  readonly #asks: Int32Array;
  #opinion = 0;
  #bidsAwayUntilUs = 0;
  #asksAwayUntilUs = 0;

  constructor(owner: number, style: MakerStyle, rng: Prng) {
    this.#owner = owner;
    this.#style = style;
    this.#rng = rng;
    this.#bids = new Int32Array(style.layers.length);
    this.#asks = new Int32Array(style.layers.length);
  }

  /** Tells the maker that `lots` of its order were taken; `side` is the order's side, `layer` its place. */
  filled(side: Side, layer: number, lots: number, done: boolean): void {
    this.inventoryLots += side === BID ? lots : -lots;
    if (done) (side === BID ? this.#bids : this.#asks)[layer] = 0;
  }

  /** Looks at the market and moves what has to move. */
  act(book: OrderBook, state: MarketState): void {
    const style = this.#style;
    const { nowUs, stress, unitTicks } = state;
    if (stress > style.nerve) this.#takeFright(stress, state.lean, nowUs);
    this.#opinion += -0.05 * this.#opinion + 0.12 * this.#rng.normal();
    const limit = style.touchLots * 12;
    const skew = Math.max(-1, Math.min(1, this.inventoryLots / limit)) * style.patience * unitTicks;
    const center = state.center + this.#opinion * unitTicks - skew;
    const bidAway = nowUs < this.#bidsAwayUntilUs || this.inventoryLots > 4 * limit;
    const askAway = nowUs < this.#asksAwayUntilUs || this.inventoryLots < -4 * limit;
    // Inventory is worked off elsewhere (another venue, a hedge); half is gone in some ten seconds of acting.
    this.inventoryLots *= 0.995;
    if (bidAway) this.#cancelAll(book, this.#bids);
    if (askAway) this.#cancelAll(book, this.#asks);

    const half = stress > 3 ? Math.max(0.5, 0.022 * state.sigmaTicks * Math.min(1, (stress - 3) / 3)) : 0.5;
    const { bestBid, bestAsk } = book;
    const mid = bestBid !== 0 && bestAsk !== 0 ? (bestBid + bestAsk) / 2 : center;
    const patience = Math.max(0.6, style.patience * unitTicks);
    let bid: number;
    let ask: number;
    if (half <= 1 && bestAsk - bestBid === 1 && Math.abs(center - mid) <= patience) {
      bid = bestBid;
      ask = bestAsk;
    } else if (half <= 1) {
      bid = Math.floor(center);
      ask = bid + 1;
    } else {
      bid = Math.floor(center - half);
      ask = Math.floor(center + half) + 1;
    }
    if (bestAsk !== 0 && bid >= bestAsk) bid = bestAsk - 1;
    if (bestBid !== 0 && ask <= bestBid) ask = bestBid + 1;
    // Pull the quote that is about to be run over even when the other side cannot follow yet.
    if (center > mid + patience) ask = Math.max(ask, Math.floor(center) + 1);
    if (center < mid - patience) bid = Math.min(bid, Math.floor(center));
    if (!bidAway) this.#quote(book, BID, bid, stress, unitTicks);
    if (!askAway) this.#quote(book, ASK, ask, stress, unitTicks);
  }

  #takeFright(stress: number, lean: number, nowUs: number): void {
    const awayUs = nowUs + 1e6 * this.#rng.exponential(this.#style.absenceSeconds);
    const both = stress > 1.7 * this.#style.nerve;
    if (both || lean < 0) this.#bidsAwayUntilUs = Math.max(this.#bidsAwayUntilUs, awayUs);
    if (both || lean > 0) this.#asksAwayUntilUs = Math.max(this.#asksAwayUntilUs, awayUs);
  }

  #quote(book: OrderBook, side: Side, best: number, stress: number, unitTicks: number): void {
    const orders = side === BID ? this.#bids : this.#asks;
    const { layers, touchLots } = this.#style;
    const away = side === BID ? -1 : 1;
    for (let layer = 0; layer < layers.length; layer++) {
      const distance = layers[layer]! * unitTicks;
      const tick = best + away * Math.round(distance);
      const order = orders[layer]!;
      if (order !== 0) {
        const off = Math.abs(book.tickOf(order) - tick);
        // Deep layers follow lazily; the first one is re-sized now and then.
        const keep = layer === 0 && distance === 0 ? off === 0 && this.#rng.uniform() > 0.25 : off <= 0.35 * distance;
        if (keep) continue;
        book.cancel(order);
        orders[layer] = 0;
      }
      const median = (touchLots * (1 + 0.25 * layer)) / Math.max(1, 0.5 * stress);
      const lots = Math.max(1, Math.round(this.#rng.logNormal(median, 0.8)));
      orders[layer] = book.add(side, tick, lots, this.#owner * 64 + layer * 2 + side);
    }
  }

  #cancelAll(book: OrderBook, orders: Int32Array): void {
    for (let layer = 0; layer < orders.length; layer++) {
      if (orders[layer] === 0) continue;
      book.cancel(orders[layer]!);
      orders[layer] = 0;
    }
  }
}
