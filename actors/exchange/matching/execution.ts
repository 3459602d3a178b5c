import { ASK, BID, CLIENT, type OrderBook, type Side } from '../book/index.js';
import type { ClientOrder, EndReason } from './client-order.js';
import { affordableLots, beyond, fillable, outside } from './lookahead.js';
import type { AgentListener, MatchSink, PriceRange, Trade } from './sink.js';
import { SortedOrders } from './sorted-orders.js';
import { Triggers } from './triggers.js';

/** The writable face of the one Trade object. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface ExecutionOptions<O extends ClientOrder> {
  readonly book: OrderBook;
  readonly sink: MatchSink<O>;
  readonly firstTradeId: number;
  readonly rangeOf: ((taker: O) => PriceRange | undefined) | undefined;
  /** An order's trigger price has been reached. */
  readonly fired: (order: O) => void;
}

/** What becomes of an order once it takes: its trades, what self-trade prevention does, its place in the book, its end. */
export class Execution<O extends ClientOrder> {
  readonly book: OrderBook;
  /** Client orders by handle. */
  readonly clients: (O | null)[] = [];
  readonly byExpiry = new SortedOrders<O>();
  readonly triggers: Triggers<O>;
  agents: AgentListener | undefined;
  lastTicks = 0;
  nextTradeId: number;
  /** Of the operation under way. */
  nowUs = 0;
  readonly #sink: MatchSink<O>;
  readonly #rangeOf: ExecutionOptions<O>['rangeOf'];
  readonly #trade: Mutable<Trade<O>> = { tradeId: 0, ticks: 0, lots: 0, takerSide: BID, taker: null, maker: null, atUs: 0 };

  constructor({ book, sink, firstTradeId, rangeOf, fired }: ExecutionOptions<O>) {
    this.book = book;
    this.#sink = sink;
    this.nextTradeId = firstTradeId;
    this.#rangeOf = rangeOf;
    this.triggers = new Triggers(fired);
  }

  /** An order in state `taking` trades as its kind says, and rests or ends with what is left. */
  execute(order: O): void {
    const { book } = this;
    const { side, timeInForce } = order;
    if (book.crosses(side, order.ticks) || order.type === 'market') {
      if (timeInForce === 'GTX') {
        this.end(order, 'expired', 'post-only');
        return;
      }
      const range = this.#rangeOf?.(order);
      if (timeInForce === 'FOK' && !fillable(order, book, this.clients, range)) {
        this.end(order, 'expired', 'fok');
        return;
      }
      this.#match(order, range);
      if (order.state !== 'taking') return;
    }
    if (order.type === 'market') this.end(order, 'expired', this.#whyUnfilled(order));
    else if (timeInForce === 'IOC') this.end(order, 'expired', 'ioc');
    else if (timeInForce === 'FOK') this.end(order, 'expired', 'fok');
    else this.#rest(order);
  }

  #rest(order: O): void {
    const handle = this.book.add(order.side, order.ticks, order.leavesLots, CLIENT, order.visibleLots);
    if (handle === 0) {
      this.end(order, 'expired', 'book-full');
      return;
    }
    order.handle = handle;
    order.state = 'resting';
    const clients = this.clients;
    // Without holes: agents' handles lie between.
    while (clients.length <= handle) clients.push(null);
    clients[handle] = order;
  }

  #match(order: O, range: PriceRange | undefined): void {
    const { book } = this;
    const { side, stpMode } = order;
    const resting = side === BID ? ASK : BID;
    const filledBefore = order.filledLots;
    while (order.state === 'taking') {
      const best = side === BID ? book.bestAsk : book.bestBid;
      if (best === 0 || beyond(side, best, order.ticks)) break;
      if (outside(best, range)) {
        this.end(order, 'expired', 'price-limit');
        break;
      }
      const wanted = order.budget === 0 ? order.leavesLots : affordableLots(order, best);
      if (wanted <= 0) break;
      const handle = book.front(resting);
      if (stpMode !== 'none' && book.ownerOf(handle) === CLIENT) {
        const maker = this.clients[handle]!;
        if (maker.stpGroup === order.stpGroup) {
          this.#prevent(order, maker, best, wanted);
          continue;
        }
      }
      this.fill(order, side, handle, best, wanted);
    }
    const filled = order.filledLots - filledBefore;
    if (filled > 0 && this.agents !== undefined) this.agents.clientTook(this.nowUs, side, filled);
  }

  /** One trade with a resting order, of at most `wanted` lots; answers the lots. */
  fill(taker: O | null, takerSide: Side, handle: number, ticks: number, wanted: number): number {
    const { book } = this;
    const shown = book.lotsOf(handle);
    const lots = wanted < shown ? wanted : shown;
    const owner = book.ownerOf(handle);
    const done = book.fill(handle, lots);
    const trade = this.#trade;
    trade.tradeId = this.nextTradeId++;
    trade.ticks = ticks;
    trade.lots = lots;
    trade.takerSide = takerSide;
    trade.atUs = this.nowUs;
    trade.taker = taker;
    if (taker !== null) {
      taker.filledLots += lots;
      taker.filledTickLots += lots * ticks;
      if (taker.budget !== 0) {
        taker.lots = taker.filledLots + taker.preventedLots;
        if (affordableLots(taker, ticks) === 0) this.#filled(taker);
      } else if (taker.leavesLots === 0) this.#filled(taker);
    }
    if (owner === CLIENT) {
      const maker = this.clients[handle]!;
      trade.maker = maker;
      maker.filledLots += lots;
      maker.filledTickLots += lots * ticks;
      if (done) {
        this.clients[handle] = null;
        maker.handle = 0;
        this.#filled(maker);
      }
    } else trade.maker = null;
    if (this.agents !== undefined) this.agents.traded(this.nowUs, takerSide, taker !== null, ticks, lots, owner, done);
    if (ticks !== this.lastTicks) {
      this.lastTicks = ticks;
      this.triggers.price('last', ticks);
    }
    this.#sink.onTrade(trade);
    return lots;
  }

  #filled(order: O): void {
    order.state = 'filled';
    if (order.expireAtUs !== 0) this.byExpiry.remove(order.expireAtUs, order);
  }

  #prevent(taker: O, maker: O, ticks: number, wanted: number): void {
    const { stpMode } = taker;
    const meets = stpMode === 'decrement' ? maker.leavesLots : this.book.lotsOf(maker.handle);
    const lots = wanted < meets ? wanted : meets;
    this.#sink.onPrevented(taker, maker, lots);
    if (taker.state !== 'taking' || maker.state !== 'resting') return;
    switch (stpMode) {
      case 'none':
        return;
      case 'expire_taker':
        this.end(taker, 'expired', 'stp');
        return;
      case 'expire_maker':
        this.end(maker, 'expired', 'stp');
        return;
      case 'expire_both':
        this.end(maker, 'expired', 'stp');
        this.end(taker, 'expired', 'stp');
        return;
      case 'decrement':
        maker.preventedLots += lots;
        taker.preventedLots += lots;
        taker.preventedTickLots += lots * ticks;
        if (taker.budget !== 0) taker.lots = taker.filledLots + taker.preventedLots;
        if (maker.leavesLots === 0) this.end(maker, 'expired', 'stp');
        else this.book.reduce(maker.handle, lots);
        if (taker.state === 'taking' && (taker.budget === 0 ? taker.leavesLots : affordableLots(taker, ticks)) === 0) this.end(taker, 'expired', 'stp');
    }
  }

  #whyUnfilled(order: O): EndReason {
    const best = order.side === BID ? this.book.bestAsk : this.book.bestBid;
    if (best === 0) return 'no-liquidity';
    return beyond(order.side, best, order.ticks) ? 'price-limit' : 'budget';
  }

  end(order: O, state: 'canceled' | 'expired', reason: EndReason): void {
    if (order.state === 'resting') this.leaveBook(order);
    else if (order.state === 'untriggered') this.triggers.remove(order);
    if (order.expireAtUs !== 0) this.byExpiry.remove(order.expireAtUs, order);
    order.state = state;
    order.endReason = reason;
    if (state === 'canceled') this.#sink.onCanceled(order, reason);
    else this.#sink.onExpired(order, reason);
  }

  leaveBook(order: O): void {
    this.book.cancel(order.handle);
    this.clients[order.handle] = null;
    order.handle = 0;
  }
}
