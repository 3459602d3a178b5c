/**
 * The simulated venue's matching half for one symbol: FORMULAS 4.5 "paper fills" and hftbacktest's partial-fill exchange
 * (nkaz001/hftbacktest, backtest/proc/partialfillexchange.rs). docs/simulated-venue.md states every rule.
 *
 * The record path allocates nothing unless something happens to an order; without orders it is not entered at all.
 */
import type { VenueParams } from '../../config/index.js';
import { Flag, Kind, KIND_MASK, PRICE, PRICE2, QTY, AUX, SEQ, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import type { BookView } from '../market/book-view.js';
import type { VenueMatcher } from './matcher-port.js';
import type { CancelOrder, FillReason, NewOrder, VenueControl, VenueEvent } from './messages.js';
import { levelChanged, levelTraded } from './queue.js';
import { EntryPosition, RestingOrder } from './resting-order.js';
import type { RestingOrderState } from './resting-order.js';

/** The whole state of a SimulatedMatcher as plain data. It grows with every order: no id is ever taken twice. */
export interface MatcherSnapshot {
  readonly netLots: number;
  readonly buys: readonly RestingOrderState[];
  readonly sells: readonly RestingOrderState[];
  readonly stops: readonly RestingOrderState[];
  readonly early: readonly VenueControl[];
  readonly ids: readonly string[];
  readonly entries: readonly { readonly id: string; readonly buys: boolean; readonly filled: number; readonly closed: number }[];
  /** Price in ticks, lots taken there. */
  readonly taken: readonly (readonly [number, number])[];
  readonly takenSeq: number;
  readonly tradeKind: number;
  readonly creditedBuys: number;
  readonly creditedSells: number;
}

/** What the simulated venue holds when a run begins, by symbol index. */
export type Holdings = Readonly<Record<number, MatcherSnapshot>>;

/** The simulated venue of one symbol, with what it holds already. */
export function matcherHolding(params: ConstructorParameters<typeof SimulatedMatcher>[0], symbol: number, holdings: Holdings = {}): SimulatedMatcher {
  const matcher = new SimulatedMatcher(params);
  const held = holdings[symbol];
  if (held !== undefined) matcher.restore(held);
  return matcher;
}

export class SimulatedMatcher implements VenueMatcher {
  active = false;
  readonly events: VenueEvent[] = [];
  /** Net lots of our own fills: positive long. */
  netLots = 0;

  /** Resting limits by price priority, then arrival: buys from the highest, sells from the lowest. */
  readonly #buys: RestingOrder[] = [];
  readonly #sells: RestingOrder[] = [];
  /** Untriggered stops in order of arrival. */
  readonly #stops: RestingOrder[] = [];
  /** Controls shown before they were due, in order. */
  readonly #early: VenueControl[] = [];
  readonly #ids = new Set<string>();
  readonly #entries = new Map<string, EntryPosition>();
  /** Visible lots we already took, by price, until the next record: two orders cannot take the same lots. */
  readonly #taken = new Map<number, number>();
  #takenSeq = -1;
  /** Single or aggregate trades, whichever came first: a tape may carry both, of the same fills. */
  #tradeKind = 0;
  /** Visible lots already credited to our orders while the opposite side stays crossed. */
  #creditedBuys = 0;
  #creditedSells = 0;

  readonly #exponent: number;
  readonly #fullThrough: boolean;
  readonly #slippage: number;

  constructor(params: Pick<VenueParams, 'queueModel' | 'powerExponent' | 'throughFill' | 'slippageBps'>) {
    this.#exponent = params.queueModel === 'power' ? params.powerExponent : 0;
    this.#fullThrough = params.throughFill === 'full';
    this.#slippage = params.slippageBps / 10_000;
  }

  /** Orders in the venue's hands, for inspection. */
  get openOrders(): number {
    return this.#buys.length + this.#sells.length + this.#stops.length;
  }

  /** An order or cancel arrives. Shown before `dueUs`, it waits for the first record at or after it. */
  control(control: VenueControl, seq: number, atUs: number, book: BookView): void {
    this.#forgetTaken(seq);
    if (control.dueUs > atUs) this.#early.push(control);
    else this.#arrive(control, seq, atUs, book);
    this.#settle(seq, atUs);
  }

  record(F: Float64Array, I: Int32Array, record: number, atUs: number, book: BookView): void {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const tag = I[i + TAG]!;
    if (this.#taken.size > 0) this.#taken.clear();
    this.#takenSeq = F[f + SEQ]!;
    switch (tag & KIND_MASK) {
      case Kind.TRADE:
      case Kind.AGG_TRADE:
        if (!this.#counts(F, f, I[i + PRICE]!, tag & KIND_MASK)) break;
        this.#trade(F, I, record, atUs);
        this.#triggerStops(I[i + PRICE]!, I[i + PRICE]!, F, f, atUs, book);
        break;
      case Kind.DEPTH:
      case Kind.SNAPSHOT:
        if (book.live) {
          if ((tag & Flag.EMPTY) === 0) {
            this.#level((tag & Flag.SELL) === 0, I, i + PRICE, F, f + QTY, book);
          }
          if ((tag & Flag.LAST) !== 0) {
            if ((tag & KIND_MASK) === Kind.SNAPSHOT) this.#resync(book);
            this.#quotes(F, f, atUs, book);
          }
        }
        break;
      case Kind.BOOK_TICKER:
        if (!showsQuotes(F, I, record, book)) break;
        this.#tickerLevels(F, I, record);
        this.#quotes(F, f, atUs, book);
        break;
      default:
        return;
    }
    if (this.#early.length > 0) this.#arriveDue(F[f + SEQ]!, atUs, book);
    if (this.events.length > 0) this.#settle(F[f + SEQ]!, atUs);
  }

  snapshot(): MatcherSnapshot {
    const states = (orders: readonly RestingOrder[]): RestingOrderState[] => orders.map((resting) => resting.snapshot());
    return {
      netLots: this.netLots,
      buys: states(this.#buys),
      sells: states(this.#sells),
      stops: states(this.#stops),
      early: this.#early.slice(),
      ids: [...this.#ids],
      entries: [...this.#entries].map(([id, { buys, filled, closed }]) => ({ id, buys, filled, closed })),
      taken: [...this.#taken],
      takenSeq: this.#takenSeq,
      tradeKind: this.#tradeKind,
      creditedBuys: this.#creditedBuys,
      creditedSells: this.#creditedSells,
    };
  }

  /** `data`: what `snapshot` of a SimulatedMatcher with the same parameters gave. */
  restore(data: unknown): void {
    const saved = data as MatcherSnapshot;
    this.events.length = 0;
    this.netLots = saved.netLots;
    refill(this.#buys, saved.buys.map(RestingOrder.restored));
    refill(this.#sells, saved.sells.map(RestingOrder.restored));
    refill(this.#stops, saved.stops.map(RestingOrder.restored));
    refill(this.#early, saved.early);
    this.#ids.clear();
    for (const id of saved.ids) this.#ids.add(id);
    this.#entries.clear();
    for (const { id, buys, filled, closed } of saved.entries) {
      const entry = new EntryPosition(buys);
      entry.filled = filled;
      entry.closed = closed;
      this.#entries.set(id, entry);
    }
    this.#taken.clear();
    for (const [price, lots] of saved.taken) this.#taken.set(price, lots);
    this.#takenSeq = saved.takenSeq;
    this.#tradeKind = saved.tradeKind;
    this.#creditedBuys = saved.creditedBuys;
    this.#creditedSells = saved.creditedSells;
    this.active = this.openOrders + this.#early.length > 0;
  }

  // ---------------------------------------------------------------- arrivals

  #arriveDue(seq: number, atUs: number, book: BookView): void {
    let kept = 0;
    for (const control of this.#early) {
      if (control.dueUs <= atUs) this.#arrive(control, seq, atUs, book);
      else this.#early[kept++] = control;
    }
    this.#early.length = kept;
    this.#settle(seq, atUs);
  }

  #arrive(control: VenueControl, seq: number, atUs: number, book: BookView): void {
    if (control.type === 'order.new') this.#place(control, seq, atUs, book);
    else this.#cancel(control, seq, atUs);
  }

  #place(order: NewOrder, seq: number, atUs: number, book: BookView): void {
    const refused = this.#refusal(order);
    if (refused !== undefined) return this.#reject(order, refused, seq, atUs);
    this.#ids.add(order.id);
    if (!order.reduceOnly) this.#entries.set(order.id, new EntryPosition(order.side === 'buy'));
    const resting = new RestingOrder(order, order.lots, 0);
    if (order.kind === 'stop') {
      this.#accept(resting, 0, seq, atUs);
      this.#stops.push(resting);
      // A stop whose price is already through triggers at once ("would trigger immediately" is no refusal here).
      const known = book.lastTradeTicks > 0;
      const sell = known ? book.lastTradeTicks : book.bestBidTicks;
      const buy = known ? book.lastTradeTicks : book.bestAskTicks;
      if (this.#isTriggered(order, sell, buy)) {
        this.#stops.pop();
        this.#market(resting, seq, atUs, book);
      }
      return;
    }
    if (order.kind === 'market') {
      this.#accept(resting, 0, seq, atUs);
      this.#market(resting, seq, atUs, book);
      return;
    }
    const takeable = this.#takeable(order, book);
    if (order.timeInForce === 'GTX' && takeable > 0) return this.#reject(order, 'would_take', seq, atUs);
    if (order.timeInForce === 'FOK' && takeable < resting.remaining) return this.#reject(order, 'fok_not_fillable', seq, atUs);
    const rests = order.timeInForce === 'GTC' || order.timeInForce === 'GTX';
    const ahead = this.#visibleAhead(order, book);
    resting.ahead = ahead;
    resting.level = ahead;
    this.#accept(resting, rests ? (ahead === Infinity ? -1 : ahead) : 0, seq, atUs);
    if (takeable > 0) this.#take(resting, order.priceTicks, seq, atUs, book);
    if (resting.remaining === 0) return;
    if (rests) this.#insert(resting);
    else this.#end(resting, 'ioc_remainder', seq, atUs);
  }

  #refusal(order: NewOrder): string | undefined {
    if (!Number.isSafeInteger(order.lots) || order.lots <= 0) return 'bad_quantity';
    if (order.kind !== 'market' && (!Number.isSafeInteger(order.priceTicks) || order.priceTicks <= 0)) return 'bad_price';
    if (this.#ids.has(order.id)) return 'duplicate_id';
    if (order.reduceOnly && this.#reducible(order) <= 0) return 'nothing_to_reduce';
    return undefined;
  }

  #insert(resting: RestingOrder): void {
    const { side, priceTicks } = resting.order;
    const orders = side === 'buy' ? this.#buys : this.#sells;
    let at = orders.length;
    while (at > 0) {
      const price = orders[at - 1]!.order.priceTicks;
      if (side === 'buy' ? price >= priceTicks : price <= priceTicks) break;
      at -= 1;
    }
    orders.splice(at, 0, resting);
  }

  #cancel({ id, symbol }: CancelOrder, seq: number, atUs: number): void {
    for (const orders of [this.#buys, this.#sells, this.#stops]) {
      const at = orders.findIndex((resting) => resting.order.id === id);
      if (at < 0) continue;
      const [resting] = orders.splice(at, 1);
      this.#end(resting!, 'requested', seq, atUs);
      return;
    }
    // Filled, canceled or still on its way: the order's own event says so. One that got lost has nobody else to say it.
    if (this.#ids.has(id) || this.#early.some((control) => control.type === 'order.new' && control.id === id)) return;
    this.events.push({ type: 'order.rejected', id, symbol, seq, atUs, reason: 'unknown_order' });
  }

  // ---------------------------------------------------------------- taking

  #market(resting: RestingOrder, seq: number, atUs: number, book: BookView): void {
    const worst = this.#take(resting, 0, seq, atUs, book);
    if (resting.remaining === 0) return;
    const buys = resting.order.side === 'buy';
    const best = buys ? book.bestAskTicks : book.bestBidTicks;
    const reference = worst > 0 ? worst : best > 0 ? best : book.lastTradeTicks;
    const lots = this.#fillable(resting);
    if (reference > 0 && lots > 0) {
      this.#fill(resting, lots, this.#slip(reference, buys), 'taker', worst > 0 || best > 0 ? 'took_beyond_book' : 'took_last_trade', seq, atUs);
    }
    if (resting.remaining > 0) this.#end(resting, reference > 0 ? 'nothing_to_reduce' : 'no_market', seq, atUs);
  }

  /** Walks the visible opposite side up to `limitTicks` (0 = no limit). Returns the worst price taken, 0 when none. */
  #take(resting: RestingOrder, limitTicks: number, seq: number, atUs: number, book: BookView): number {
    const buys = resting.order.side === 'buy';
    const side = buys ? 'ask' : 'bid';
    let worst = 0;
    let price = this.#best(side, book);
    if (price === 0) {
      const last = limitTicks > 0 && book.lastTradeTicks > 0 ? this.#slip(book.lastTradeTicks, buys) : 0;
      if (last > 0 && this.#within(last, limitTicks, buys)) {
        const lots = this.#fillable(resting);
        if (lots > 0) this.#fill(resting, lots, last, 'taker', 'took_last_trade', seq, atUs);
      }
      return 0;
    }
    while (price > 0 && resting.remaining > 0 && this.#within(price, limitTicks, buys)) {
      const lots = Math.min(this.#fillable(resting), this.#untaken(side, price, book));
      if (lots > 0) {
        this.#taken.set(price, (this.#taken.get(price) ?? 0) + lots);
        this.#fill(resting, lots, price, 'taker', 'took_book', seq, atUs);
        worst = price;
      }
      if (this.#fillable(resting) === 0) break;
      price = book.live ? book.nextPrice(side, price) : 0;
    }
    return worst;
  }

  /** Lots a limit order could take on arrival. */
  #takeable(order: NewOrder, book: BookView): number {
    const buys = order.side === 'buy';
    const side = buys ? 'ask' : 'bid';
    let price = this.#best(side, book);
    if (price === 0) {
      const last = book.lastTradeTicks > 0 ? this.#slip(book.lastTradeTicks, buys) : 0;
      return last > 0 && this.#within(last, order.priceTicks, buys) ? order.lots : 0;
    }
    let lots = 0;
    while (price > 0 && lots < order.lots && this.#within(price, order.priceTicks, buys)) {
      lots += this.#untaken(side, price, book);
      price = book.live ? book.nextPrice(side, price) : 0;
    }
    return lots;
  }

  #best(side: 'bid' | 'ask', book: BookView): number {
    return book.live ? book.nextPrice(side, 0) : side === 'ask' ? book.bestAskTicks : book.bestBidTicks;
  }

  #untaken(side: 'bid' | 'ask', price: number, book: BookView): number {
    const visible = book.live ? book.lotsAt(side, price) : side === 'ask' ? book.bestAskLots : book.bestBidLots;
    return Math.max(0, visible - (this.#taken.get(price) ?? 0));
  }

  /** Between records we may have been asleep, so the sequence number says whether one has passed. */
  #forgetTaken(seq: number): void {
    if (seq === this.#takenSeq) return;
    this.#taken.clear();
    this.#takenSeq = seq;
  }

  #within(price: number, limitTicks: number, buys: boolean): boolean {
    return limitTicks === 0 || (buys ? price <= limitTicks : price >= limitTicks);
  }

  #slip(ticks: number, buys: boolean): number {
    return buys ? Math.ceil(ticks * (1 + this.#slippage)) : Math.max(1, Math.floor(ticks * (1 - this.#slippage)));
  }

  /** Lots visible at our price on our side: all of them are ahead. Infinity where nothing shows that price. */
  #visibleAhead(order: NewOrder, book: BookView): number {
    const buys = order.side === 'buy';
    if (book.live) return book.lotsAt(buys ? 'bid' : 'ask', order.priceTicks);
    const best = buys ? book.bestBidTicks : book.bestAskTicks;
    if (best === 0) return Infinity;
    if (best === order.priceTicks) return buys ? book.bestBidLots : book.bestAskLots;
    const inside = buys ? order.priceTicks > best : order.priceTicks < best;
    return inside ? 0 : Infinity;
  }

  // ---------------------------------------------------------------- records

  /** False for a trade with impossible values, and for the second kind of trade on a tape that carries both. */
  #counts(F: Float64Array, f: number, price: number, kind: number): boolean {
    if (!(price > 0 && F[f + QTY]! >= 0 && F[f + QTY]! < Infinity)) return false;
    if (this.#tradeKind === 0) this.#tradeKind = kind;
    return kind === this.#tradeKind;
  }

  /** A trade reaches our orders from the best price on: its lots are shared out once, in price-time order. */
  #trade(F: Float64Array, I: Int32Array, record: number, atUs: number): void {
    const i = record * WORDS_I;
    const takerSold = (I[i + TAG]! & Flag.SELL) !== 0;
    if (this.#buys.length > 0) this.#tradeAgainst(this.#buys, true, takerSold, F, I, record, atUs);
    if (this.#sells.length > 0) this.#tradeAgainst(this.#sells, false, !takerSold, F, I, record, atUs);
  }

  #tradeAgainst(
    orders: RestingOrder[], buys: boolean, hitsUs: boolean, F: Float64Array, I: Int32Array, record: number, atUs: number,
  ): void {
    const f = record * WORDS_F;
    const price = I[record * WORDS_I + PRICE]!;
    let budget = F[f + QTY]!;
    let blockedAt = 0;
    for (let k = 0; k < orders.length; k += 1) {
      const resting = orders[k]!;
      const ours = resting.order.priceTicks;
      const through = buys ? price < ours : price > ours;
      if (through) {
        resting.ahead = 0;
        const fillable = this.#fillable(resting);
        const lots = this.#fullThrough ? fillable : Math.min(fillable, Math.floor(budget));
        if (lots > 0) {
          budget -= Math.min(budget, lots);
          this.#fill(resting, lots, ours, 'maker', 'traded_through', F[f + SEQ]!, atUs);
        }
      } else if (price === ours && hitsUs) {
        const reached = levelTraded(resting, budget);
        // Own orders at one price fill in their order of arrival.
        const lots = blockedAt === ours ? 0 : Math.min(reached, this.#fillable(resting));
        if (lots > 0) {
          budget -= lots;
          this.#fill(resting, lots, ours, 'maker', 'queue_reached', F[f + SEQ]!, atUs);
        }
        if (resting.remaining > 0) blockedAt = ours;
      } else {
        return;
      }
    }
  }

  /** One level changed to the lots at F[q], price I[p]; where the book shows others, it refused the record as old. */
  #level(bids: boolean, I: Int32Array, p: number, F: Float64Array, q: number, book: BookView): void {
    const orders = bids ? this.#buys : this.#sells;
    for (let k = 0; k < orders.length; k += 1) {
      if (orders[k]!.order.priceTicks === I[p]! && book.lotsAt(bids ? 'bid' : 'ask', I[p]!) === F[q]!) levelChanged(orders[k]!, F[q]!, this.#exponent);
    }
  }

  /** After a whole-book snapshot every level is what the book says, also where it is silent. */
  #resync(book: BookView): void {
    for (let k = 0; k < this.#buys.length; k += 1) {
      levelChanged(this.#buys[k]!, book.lotsAt('bid', this.#buys[k]!.order.priceTicks), this.#exponent);
    }
    for (let k = 0; k < this.#sells.length; k += 1) {
      levelChanged(this.#sells[k]!, book.lotsAt('ask', this.#sells[k]!.order.priceTicks), this.#exponent);
    }
  }

  /** Best quotes show their own level, and that nobody stands at a better price than theirs. */
  #tickerLevels(F: Float64Array, I: Int32Array, record: number): void {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const bid = I[i + PRICE]!;
    const ask = I[i + PRICE2]!;
    for (let k = 0; k < this.#buys.length; k += 1) {
      const resting = this.#buys[k]!;
      if (resting.order.priceTicks === bid) levelChanged(resting, F[f + QTY]!, this.#exponent);
      else if (resting.order.priceTicks > bid) resting.ahead = 0;
    }
    for (let k = 0; k < this.#sells.length; k += 1) {
      const resting = this.#sells[k]!;
      if (resting.order.priceTicks === ask) levelChanged(resting, F[f + AUX]!, this.#exponent);
      else if (ask === 0 || resting.order.priceTicks < ask) resting.ahead = 0;
    }
  }

  /** The opposite best quote at or through our price fills us, as far as it shows lots not yet credited. */
  #quotes(F: Float64Array, f: number, atUs: number, book: BookView): void {
    const ask = book.bestAskTicks;
    const bid = book.bestBidTicks;
    if (this.#buys.length > 0 && ask > 0 && ask <= this.#buys[0]!.order.priceTicks) {
      this.#creditedBuys = this.#crossed(this.#buys, 'ask', this.#creditedBuys, F[f + SEQ]!, atUs, book);
    } else {
      this.#creditedBuys = 0;
    }
    if (this.#sells.length > 0 && bid > 0 && bid >= this.#sells[0]!.order.priceTicks) {
      this.#creditedSells = this.#crossed(this.#sells, 'bid', this.#creditedSells, F[f + SEQ]!, atUs, book);
    } else {
      this.#creditedSells = 0;
    }
    // On a tape that has shown no trade yet, stops follow the quotes they would trade against.
    if (this.#stops.length > 0 && book.lastTradeTicks === 0) this.#triggerStops(bid, ask, F, f, atUs, book);
  }

  #crossed(orders: RestingOrder[], side: 'bid' | 'ask', credited: number, seq: number, atUs: number, book: BookView): number {
    let total = credited;
    for (let k = 0; k < orders.length; k += 1) {
      const resting = orders[k]!;
      const ours = resting.order.priceTicks;
      let visible = 0;
      let price = this.#best(side, book);
      while (price > 0 && this.#within(price, ours, side === 'ask')) {
        visible += book.live ? book.lotsAt(side, price) : side === 'ask' ? book.bestAskLots : book.bestBidLots;
        price = book.live ? book.nextPrice(side, price) : 0;
      }
      const lots = Math.min(this.#fillable(resting), visible - total);
      if (lots <= 0) continue;
      total += lots;
      this.#fill(resting, lots, ours, 'maker', 'quote_crossed', seq, atUs);
    }
    return total;
  }

  #isTriggered(order: NewOrder, sellReference: number, buyReference: number): boolean {
    return order.side === 'sell'
      ? sellReference > 0 && sellReference <= order.priceTicks
      : buyReference > 0 && buyReference >= order.priceTicks;
  }

  #triggerStops(sellReference: number, buyReference: number, F: Float64Array, f: number, atUs: number, book: BookView): void {
    for (let k = 0; k < this.#stops.length; ) {
      const resting = this.#stops[k]!;
      if (!this.#isTriggered(resting.order, sellReference, buyReference)) {
        k += 1;
        continue;
      }
      this.#stops.splice(k, 1);
      this.#market(resting, F[f + SEQ]!, atUs, book);
    }
  }

  // ---------------------------------------------------------------- positions and events

  /** Lots a reduce-only order may still close. */
  #reducible(order: NewOrder): number {
    if (order.reduces === undefined) return Math.max(0, order.side === 'sell' ? this.netLots : -this.netLots);
    const entry = this.#entries.get(order.reduces);
    return entry === undefined || entry.buys === (order.side === 'buy') ? 0 : entry.filled - entry.closed;
  }

  #fillable(resting: RestingOrder): number {
    return resting.order.reduceOnly ? Math.min(resting.remaining, this.#reducible(resting.order)) : resting.remaining;
  }

  #fill(
    resting: RestingOrder, lots: number, priceTicks: number, liquidity: 'maker' | 'taker', reason: FillReason, seq: number, atUs: number,
  ): void {
    const { order } = resting;
    resting.remaining -= lots;
    this.netLots += order.side === 'buy' ? lots : -lots;
    if (!order.reduceOnly) this.#entries.get(order.id)!.filled += lots;
    else if (order.reduces !== undefined) this.#entries.get(order.reduces)!.closed += lots;
    this.events.push({
      type: 'order.fill', id: order.id, symbol: order.symbol, seq, atUs, priceTicks, lots, remainingLots: resting.remaining, liquidity, reason,
    });
  }

  #accept(resting: RestingOrder, queueAheadLots: number, seq: number, atUs: number): void {
    const { id, symbol } = resting.order;
    this.events.push({ type: 'order.accepted', id, symbol, seq, atUs, queueAheadLots });
  }

  #reject(order: NewOrder, reason: string, seq: number, atUs: number): void {
    this.events.push({ type: 'order.rejected', id: order.id, symbol: order.symbol, seq, atUs, reason });
  }

  #end(resting: RestingOrder, reason: string, seq: number, atUs: number): void {
    const { id, symbol } = resting.order;
    this.events.push({ type: 'order.canceled', id, symbol, seq, atUs, remainingLots: resting.remaining, reason });
    resting.remaining = 0;
  }

  /** Drops what is filled, and reduce-only orders with nothing left to reduce. */
  #settle(seq: number, atUs: number): void {
    this.#sweep(this.#buys, seq, atUs);
    this.#sweep(this.#sells, seq, atUs);
    this.#sweep(this.#stops, seq, atUs);
    if (this.#buys.length === 0) this.#creditedBuys = 0;
    if (this.#sells.length === 0) this.#creditedSells = 0;
    this.active = this.openOrders + this.#early.length > 0;
  }

  #sweep(orders: RestingOrder[], seq: number, atUs: number): void {
    let kept = 0;
    for (let k = 0; k < orders.length; k += 1) {
      const resting = orders[k]!;
      if (resting.remaining > 0 && resting.order.reduceOnly && this.#isOrphan(resting.order)) {
        this.#end(resting, 'nothing_to_reduce', seq, atUs);
      }
      if (resting.remaining > 0) orders[kept++] = resting;
    }
    orders.length = kept;
  }

  /** Nothing to close now, and its entry order cannot fill any more. */
  #isOrphan(order: NewOrder): boolean {
    if (this.#reducible(order) > 0) return false;
    const { reduces } = order;
    return reduces === undefined || !this.#buys.concat(this.#sells).some((resting) => resting.order.id === reduces && resting.remaining > 0);
  }
}

function refill<T>(list: T[], items: readonly T[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}

/** Best quotes that the symbol did not make its own were impossible, crossed or older than what it knows. */
function showsQuotes(F: Float64Array, I: Int32Array, record: number, book: BookView): boolean {
  const f = record * WORDS_F;
  const i = record * WORDS_I;
  return book.bestBidTicks === I[i + PRICE]! && book.bestAskTicks === I[i + PRICE2]! && book.bestBidLots === F[f + QTY]! && book.bestAskLots === F[f + AUX]!;
}
