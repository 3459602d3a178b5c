/**
 * The venue's rules once more, written from docs/simulated-venue.md for clarity: one list of orders, sorted anew for every
 * record, no shortcuts. Conservative queue, capped through-fills.
 */
import type { NewOrder, VenueEvent } from '../../../actors/venue/messages.js';
import type { FakeMarket, MarketAction } from './fake-market.js';

interface Held {
  readonly order: NewOrder;
  readonly arrival: number;
  remaining: number;
  ahead: number;
}
type Fill = Extract<VenueEvent, { type: 'order.fill' }>;

export class ReferenceVenue {
  readonly events: VenueEvent[] = [];
  #held: Held[] = [];
  #arrivals = 0;
  #seen = new Set<string>();
  #position = new Map<string, number>();
  #net = 0;
  #taken = new Map<string, number>();
  #credited = { buy: 0, sell: 0 };
  readonly #slippage: number;
  readonly #market: FakeMarket;

  constructor(market: FakeMarket, slippageBps: number) {
    this.#market = market;
    this.#slippage = slippageBps / 10_000;
  }

  // --- helpers
  #sorted(side: 'buy' | 'sell'): Held[] {
    return this.#held
      .filter((held) => held.order.kind === 'limit' && held.order.side === side)
      .sort((a, b) => (side === 'buy' ? b.order.priceTicks - a.order.priceTicks : a.order.priceTicks - b.order.priceTicks) || a.arrival - b.arrival);
  }
  #open(order: NewOrder): number {
    if (!order.reduceOnly) return Infinity;
    if (order.reduces === undefined) return Math.max(0, order.side === 'sell' ? this.#net : -this.#net);
    const held = this.#position.get(order.reduces) ?? 0;
    return Math.max(0, order.side === 'sell' ? held : -held);
  }
  #fill(held: Held, lots: number, priceTicks: number, liquidity: Fill['liquidity'], reason: Fill['reason'], atUs: number): void {
    const { order } = held;
    held.remaining -= lots;
    const signed = order.side === 'buy' ? lots : -lots;
    this.#net += signed;
    const owner = order.reduceOnly ? order.reduces : order.id;
    if (owner !== undefined) this.#position.set(owner, (this.#position.get(owner) ?? 0) + signed);
    this.events.push({
      type: 'order.fill', id: order.id, symbol: order.symbol, seq: this.#market.seq, atUs, priceTicks, lots, remainingLots: held.remaining, liquidity, reason,
    });
  }
  #end(held: Held, reason: string, atUs: number): void {
    const { id, symbol } = held.order;
    this.events.push({ type: 'order.canceled', id, symbol, seq: this.#market.seq, atUs, remainingLots: held.remaining, reason });
    held.remaining = 0;
  }
  /** Opposite levels a taker may use, best first. `null` = no quotes on that side. */
  #levels(side: 'buy' | 'sell'): { price: number; lots: number }[] | null {
    const book = side === 'buy' ? 'ask' : 'bid';
    if (!this.#market.live) {
      const price = book === 'ask' ? this.#market.quotes.ask : this.#market.quotes.bid;
      return price === 0 ? null : [{ price, lots: book === 'ask' ? this.#market.quotes.askLots : this.#market.quotes.bidLots }];
    }
    const levels = [...(book === 'ask' ? this.#market.asks : this.#market.bids)].map(([price, lots]) => ({ price, lots }));
    return levels.length === 0 ? null : levels.sort((a, b) => (book === 'ask' ? a.price - b.price : b.price - a.price));
  }
  #slip(ticks: number, side: 'buy' | 'sell'): number {
    return side === 'buy' ? Math.ceil(ticks * (1 + this.#slippage)) : Math.max(1, Math.floor(ticks * (1 - this.#slippage)));
  }
  #acceptable(price: number, limit: number, side: 'buy' | 'sell'): boolean {
    return side === 'buy' ? price <= limit : price >= limit;
  }

  // --- arrivals
  cancel(id: string, atUs: number): void {
    const held = this.#held.find((one) => one.order.id === id);
    if (held !== undefined) this.#end(held, 'requested', atUs);
    else if (!this.#seen.has(id)) this.events.push({ type: 'order.rejected', id, symbol: 0, seq: this.#market.seq, atUs, reason: 'unknown_order' });
    this.#clean(atUs);
  }

  place(order: NewOrder, atUs: number): void {
    this.#placeOne(order, atUs);
    this.#clean(atUs);
  }

  #placeOne(order: NewOrder, atUs: number): void {
    const reject = (reason: string): void => {
      this.events.push({ type: 'order.rejected', id: order.id, symbol: order.symbol, seq: this.#market.seq, atUs, reason });
    };
    if (this.#seen.has(order.id)) return reject('duplicate_id');
    if (this.#open(order) === 0) return reject('nothing_to_reduce');
    this.#seen.add(order.id);
    const held: Held = { order, arrival: this.#arrivals++, remaining: order.lots, ahead: 0 };
    const accept = (queueAheadLots: number): void => {
      this.events.push({ type: 'order.accepted', id: order.id, symbol: order.symbol, seq: this.#market.seq, atUs, queueAheadLots });
    };
    if (order.kind === 'market') {
      accept(0);
      return this.#takeAll(held, atUs);
    }
    if (order.kind === 'stop') {
      accept(0);
      const last = this.#market.lastTradeTicks;
      const reference = last > 0 ? last : order.side === 'sell' ? this.#market.bestBidTicks : this.#market.bestAskTicks;
      if (this.#triggered(order, reference)) return this.#takeAll(held, atUs);
      this.#held.push(held);
      return;
    }
    const levels = this.#levels(order.side);
    const last = this.#market.lastTradeTicks > 0 ? this.#slip(this.#market.lastTradeTicks, order.side) : 0;
    let takeable = 0;
    if (levels === null) takeable = last > 0 && this.#acceptable(last, order.priceTicks, order.side) ? order.lots : 0;
    else {
      for (const { price, lots } of levels) {
        if (this.#acceptable(price, order.priceTicks, order.side)) takeable += Math.max(0, lots - (this.#taken.get(`${price}`) ?? 0));
      }
    }
    if (order.timeInForce === 'GTX' && takeable > 0) return reject('would_take');
    if (order.timeInForce === 'FOK' && takeable < order.lots) return reject('fok_not_fillable');
    const rests = order.timeInForce === 'GTC' || order.timeInForce === 'GTX';
    held.ahead = this.#visibleAhead(order);
    accept(rests ? (held.ahead === Infinity ? -1 : held.ahead) : 0);
    if (levels === null) {
      const lots = Math.min(held.remaining, this.#open(order));
      if (takeable > 0 && lots > 0) this.#fill(held, lots, last, 'taker', 'took_last_trade', atUs);
    } else {
      this.#takeVisible(held, levels.filter(({ price }) => this.#acceptable(price, order.priceTicks, order.side)), atUs);
    }
    if (held.remaining === 0) return;
    if (rests) this.#held.push(held);
    else this.#end(held, 'ioc_remainder', atUs);
  }

  #visibleAhead(order: NewOrder): number {
    const { live, quotes, bids, asks } = this.#market;
    if (live) return (order.side === 'buy' ? bids : asks).get(order.priceTicks) ?? 0;
    const best = order.side === 'buy' ? quotes.bid : quotes.ask;
    if (best === 0) return Infinity;
    if (best === order.priceTicks) return order.side === 'buy' ? quotes.bidLots : quotes.askLots;
    return (order.side === 'buy' ? order.priceTicks > best : order.priceTicks < best) ? 0 : Infinity;
  }

  #takeVisible(held: Held, levels: readonly { price: number; lots: number }[], atUs: number): number {
    let worst = 0;
    for (const { price, lots } of levels) {
      const used = this.#taken.get(`${price}`) ?? 0;
      const take = Math.min(held.remaining, this.#open(held.order), Math.max(0, lots - used));
      if (take <= 0) continue;
      this.#taken.set(`${price}`, used + take);
      this.#fill(held, take, price, 'taker', 'took_book', atUs);
      worst = price;
    }
    return worst;
  }

  #takeAll(held: Held, atUs: number): void {
    const { side } = held.order;
    const levels = this.#levels(side);
    const worst = this.#takeVisible(held, levels ?? [], atUs);
    const reference = worst > 0 ? worst : (levels?.[0]?.price ?? this.#market.lastTradeTicks);
    const lots = Math.min(held.remaining, this.#open(held.order));
    if (reference > 0 && lots > 0) {
      this.#fill(held, lots, this.#slip(reference, side), 'taker', levels === null ? 'took_last_trade' : 'took_beyond_book', atUs);
    }
    if (held.remaining > 0) this.#end(held, reference > 0 ? 'nothing_to_reduce' : 'no_market', atUs);
  }

  // --- records
  record(action: MarketAction, at: number, atUs: number): void {
    const market = this.#market;
    this.#taken.clear();
    if (action.do === 'trade') {
      for (const side of ['buy', 'sell'] as const) {
        let budget = action.lots;
        let blocked = -1;
        for (const held of this.#sorted(side)) {
          const { priceTicks } = held.order;
          const through = side === 'buy' ? action.ticks < priceTicks : action.ticks > priceTicks;
          const hits = action.ticks === priceTicks && action.takerSold === (side === 'buy');
          if (!through && !hits) continue;
          if (hits && held.ahead === Infinity) {
            if (held.remaining > 0) blocked = priceTicks;
            continue;
          }
          const reaching = through ? budget : budget - held.ahead;
          held.ahead = through ? 0 : Math.max(0, held.ahead - budget);
          const lots = hits && blocked === priceTicks ? 0 : Math.min(held.remaining, this.#open(held.order), Math.max(0, reaching));
          if (lots > 0) {
            budget -= lots;
            this.#fill(held, lots, priceTicks, 'maker', through ? 'traded_through' : 'queue_reached', atUs);
          }
          if (hits && held.remaining > 0) blocked = priceTicks;
        }
      }
      this.#stops(action.ticks, action.ticks, atUs);
    } else if (action.do === 'ticker') {
      for (const side of ['buy', 'sell'] as const) {
        const best = side === 'buy' ? action.bid : action.ask;
        const lots = side === 'buy' ? action.bidLots : action.askLots;
        for (const held of this.#sorted(side)) {
          const { priceTicks } = held.order;
          if (priceTicks === best) held.ahead = Math.min(held.ahead, lots);
          else if (best === 0 || (side === 'buy' ? priceTicks > best : priceTicks < best)) held.ahead = 0;
        }
      }
      this.#crossings(atUs);
    } else {
      if (market.live) {
        const [side, price, lots] = action.levels[at]!;
        for (const held of this.#sorted(side === 'bid' ? 'buy' : 'sell')) if (held.order.priceTicks === price) held.ahead = Math.min(held.ahead, lots);
        if (at === action.levels.length - 1) {
          if (action.do === 'snapshot') {
            for (const held of this.#sorted('buy')) held.ahead = Math.min(held.ahead, market.bids.get(held.order.priceTicks) ?? 0);
            for (const held of this.#sorted('sell')) held.ahead = Math.min(held.ahead, market.asks.get(held.order.priceTicks) ?? 0);
          }
          this.#crossings(atUs);
        }
      }
    }
    this.#clean(atUs);
  }

  #crossings(atUs: number): void {
    for (const side of ['buy', 'sell'] as const) {
      const levels = this.#levels(side) ?? [];
      const orders = this.#sorted(side);
      const best = levels[0];
      if (best === undefined || orders.length === 0 || !this.#acceptable(best.price, orders[0]!.order.priceTicks, side)) {
        this.#credited[side] = 0;
        continue;
      }
      for (const held of orders) {
        const visible = levels.filter(({ price }) => this.#acceptable(price, held.order.priceTicks, side)).reduce((sum, { lots }) => sum + lots, 0);
        const lots = Math.min(held.remaining, this.#open(held.order), visible - this.#credited[side]);
        if (lots <= 0) continue;
        this.#credited[side] += lots;
        this.#fill(held, lots, held.order.priceTicks, 'maker', 'quote_crossed', atUs);
      }
    }
    if (this.#market.lastTradeTicks === 0) this.#stops(this.#market.bestBidTicks, this.#market.bestAskTicks, atUs);
  }

  #triggered(order: NewOrder, reference: number): boolean {
    return reference > 0 && (order.side === 'sell' ? reference <= order.priceTicks : reference >= order.priceTicks);
  }
  #stops(sellReference: number, buyReference: number, atUs: number): void {
    for (const held of this.#held.filter(({ order }) => order.kind === 'stop').sort((a, b) => a.arrival - b.arrival)) {
      if (!this.#triggered(held.order, held.order.side === 'sell' ? sellReference : buyReference)) continue;
      this.#held = this.#held.filter((one) => one !== held);
      this.#takeAll(held, atUs);
    }
  }

  #clean(atUs: number): void {
    const entryRests = (id: string): boolean => this.#held.some(({ order, remaining }) => order.id === id && remaining > 0);
    const order = [...this.#sorted('buy'), ...this.#sorted('sell'), ...this.#held.filter((held) => held.order.kind === 'stop').sort((a, b) => a.arrival - b.arrival)];
    for (const held of order) {
      if (held.remaining === 0 || !held.order.reduceOnly || this.#open(held.order) > 0) continue;
      if (held.order.reduces === undefined || !entryRests(held.order.reduces)) this.#end(held, 'nothing_to_reduce', atUs);
    }
    this.#held = this.#held.filter(({ remaining }) => remaining > 0);
    for (const side of ['buy', 'sell'] as const) if (this.#sorted(side).length === 0) this.#credited[side] = 0;
  }
}
