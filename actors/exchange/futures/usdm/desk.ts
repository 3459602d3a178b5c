import type { OrderBook, Side } from '../../book/index.js';
import type { AgentListener } from '../../matching/index.js';
import type { SymbolMarket } from './market.js';
import type { FuturesVenue } from './venue.js';

/** One symbol as the market's agents trade on it: what they take goes through the venue, for its clients' orders trigger and their margin moves. */
export class FuturesDesk {
  readonly book: OrderBook;
  readonly #venue: FuturesVenue;
  readonly #market: SymbolMarket;

  constructor(venue: FuturesVenue, market: SymbolMarket) {
    this.book = market.book;
    this.#venue = venue;
    this.#market = market;
  }

  get agents(): AgentListener | undefined {
    return this.#market.matcher.agents;
  }

  set agents(agents: AgentListener | undefined) {
    this.#market.matcher.agents = agents;
  }

  get nextTradeId(): number {
    return this.#market.matcher.nextTradeId;
  }

  set nextTradeId(id: number) {
    this.#market.matcher.nextTradeId = id;
  }

  takeForAgent(side: Side, lots: number, limitTicks: number, nowUs: number): number {
    return this.#venue.takeForAgent(this.#market.symbol.name, side, lots, limitTicks, nowUs);
  }
}
