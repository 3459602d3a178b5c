import type { CrashAgents } from './crash-agents.js';
import { ASK, BID, CROWD, type OrderBook, type Side } from '../exchange/book/index.js';
import type { Prng } from './prng.js';
import type { Valuation } from './valuation.js';

/** Sends an order that takes liquidity now; answers the lots filled. */
export interface OrderEntry {
  execute(nowUs: number, side: Side, lots: number, limitTick: number): number;
}

/** The agents that watch prices rather than wait for arrivals: arbitrageurs, momentum traders, bargain hunters. */
export class PriceWatchers {
  readonly #entry: OrderEntry;
  readonly #book: OrderBook;
  readonly #valuation: Valuation;
  readonly #rng: Prng;
  readonly #touchLots: number;
  readonly #takerLots: number;

  constructor(entry: OrderEntry, book: OrderBook, valuation: Valuation, rng: Prng, touchLots: number, takerLots: number) {
    this.#entry = entry;
    this.#book = book;
    this.#valuation = valuation;
    this.#rng = rng;
    this.#touchLots = touchLots;
    this.#takerLots = takerLots;
  }

  /** `mid` in ticks as they all see it at once. */
  act(nowUs: number, mid: number, crash: CrashAgents | undefined): void {
    this.#arbitrage(nowUs, this.#valuation.state.center - mid, mid);
    this.#followTrend(nowUs, mid);
    if (crash !== undefined && crash.permanentFactor !== 1) this.#huntBargains(nowUs, mid, crash);
    if (this.#valuation.state.stress > 4) this.#lastResort(mid);
  }

  /** Takers who know the value buy what is too cheap and sell what is too dear, if the edge beats the nervousness. */
  #arbitrage(nowUs: number, deviation: number, mid: number): void {
    const { unitTicks, stress } = this.#valuation.state;
    const edge = Math.max(0.7, 3 * unitTicks) * this.#rng.between(0.8, 1.6) + 0.8 * Math.max(0, stress - 2) * unitTicks;
    if (Math.abs(deviation) < edge) return;
    // The more there is to gain, the more of them race for it.
    const prize = Math.min(8, Math.abs(deviation) / edge);
    const lots = this.#lots(this.#touchLots * 0.05 * prize * prize, 1.5);
    if (deviation > 0) this.#entry.execute(nowUs, BID, lots, Math.floor(mid + deviation - edge * 0.5));
    else this.#entry.execute(nowUs, ASK, lots, Math.ceil(mid + deviation + edge * 0.5));
  }

  /** Momentum traders jump on moves that are large for this market, one way and the other. */
  #followTrend(nowUs: number, mid: number): void {
    const { meanFast, ordinarySigma, state } = this.#valuation;
    const move = (mid - meanFast) / meanFast / ordinarySigma;
    if (Math.abs(move) < 5 || this.#rng.uniform() > Math.min(0.5, 0.02 * Math.abs(move))) return;
    const lots = this.#lots(this.#takerLots * 3 * Math.min(10, Math.abs(move) / 4), 1.3);
    const reach = Math.ceil(2 * state.unitTicks);
    if (move > 0) this.#entry.execute(nowUs, BID, lots, this.#book.bestAsk + reach);
    else this.#entry.execute(nowUs, ASK, lots, this.#book.bestBid - reach);
  }

  /** Buyers with patience bid for what has become absurdly cheap and, once the selling pauses, take what trades far below value. */
  #huntBargains(nowUs: number, mid: number, crash: CrashAgents): void {
    const rng = this.#rng;
    if (mid < crash.cheapTicks) {
      const tick = Math.floor(mid * (1 - rng.between(0.0004, 0.006)));
      this.#book.add(BID, Math.min(tick, this.#book.bestAsk - 1), this.#lots(this.#touchLots * 0.8, 0.8), CROWD);
    }
    if (crash.selling) return;
    const { value } = this.#valuation;
    const discount = (value - mid) / value;
    if (discount < 0.006 || rng.uniform() > Math.min(0.25, discount * 8)) return;
    this.#entry.execute(nowUs, BID, this.#lots(this.#touchLots * 0.4, 1), Math.floor(mid * 1.0012));
  }

  /** When a side is all but empty, someone bids a silly price and hopes. */
  #lastResort(mid: number): void {
    for (let side: Side = BID; side <= ASK; side++) {
      if (this.#book.depthLots(side as Side, 12) > this.#touchLots * 0.25) continue;
      const away = mid * this.#rng.between(0.001, 0.012);
      const tick = side === BID ? Math.floor(mid - away) : Math.ceil(mid + away);
      this.#book.add(side as Side, tick, this.#lots(this.#touchLots * 0.25, 0.8), CROWD);
    }
  }

  #lots(median: number, sigma: number): number {
    return Math.max(1, Math.round(this.#rng.logNormal(median, sigma)));
  }
}
