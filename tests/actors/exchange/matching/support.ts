import assert from 'node:assert/strict';
import { ASK, BID, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher, type MatchSink, type MatcherOptions, type PlaceRequest } from '../../../../actors/exchange/matching/index.js';

export const NOW_US = 1_000_000;

/** A sink that writes down what it is told, one line an event: `trade 100x5 buy 2<1` is order 2 buying from order 1, `-` an agent. */
export function recordingSink(lines: string[]): MatchSink<ClientOrder> {
  return {
    onAccepted: (order) => lines.push(`accepted ${order.orderId}`),
    onRefused: (order, outcome) => lines.push(`refused ${order.orderId} ${outcome}`),
    onTrade: ({ ticks, lots, takerSide, taker, maker }) =>
      lines.push(`trade ${ticks}x${lots} ${takerSide === BID ? 'buy' : 'sell'} ${taker === null ? '-' : taker.orderId}<${maker === null ? '-' : maker.orderId}`),
    onCanceled: (order, reason) => lines.push(`canceled ${order.orderId} ${reason}`),
    onExpired: (order, reason) => lines.push(`expired ${order.orderId} ${reason}`),
    onTriggered: (order) => lines.push(`triggered ${order.orderId}`),
    onAmended: (order, kept) => lines.push(`amended ${order.orderId} ${kept ? 'kept' : 'moved'}`),
    onPrevented: (taker, maker, lots) => lines.push(`prevented ${taker.orderId} ${maker.orderId} ${lots}`),
  };
}

/** Holds every order to one end, and nothing after it. */
export class Lives {
  /** How each order that has ended did. */
  readonly ended = new Map<ClientOrder, string>();

  alive(order: ClientOrder): void {
    assert.equal(this.ended.get(order), undefined, `order ${order.orderId} has ended`);
  }

  ends(order: ClientOrder): void {
    this.alive(order);
    this.ended.set(order, order.state);
  }

  /** Looks at every event; `traded` is told of trades before it does. */
  sink(traded: MatchSink<ClientOrder>['onTrade'] = () => undefined): MatchSink<ClientOrder> {
    const alive = (order: ClientOrder): void => this.alive(order);
    const ends = (order: ClientOrder): void => this.ends(order);
    return {
      onAccepted: alive, onRefused: ends, onTriggered: alive, onAmended: alive, onCanceled: ends, onExpired: ends, onPrevented: (taker, maker) => [taker, maker].forEach(alive),
      onTrade: (trade) => {
        traded(trade);
        for (const order of [trade.taker, trade.maker]) if (order !== null) (order.state === 'filled' ? ends : alive)(order);
      },
    };
  }
}

/** A matcher with a book of its own and a log of its events. Every order is of another account unless told otherwise. */
export class Desk {
  readonly lines: string[] = [];
  readonly book = new OrderBook({ firstUpdateId: 0 });
  readonly matcher: Matcher;
  #nextId = 1;

  constructor(options: Partial<MatcherOptions<ClientOrder>> = {}) {
    this.matcher = new Matcher({ book: this.book, sink: recordingSink(this.lines), ...options });
  }

  order(request: Partial<PlaceRequest> & { side: Side }): ClientOrder {
    const orderId = this.#nextId++;
    return new ClientOrder({ orderId, account: 1000 + orderId, type: 'limit', ticks: 0, lots: 0, ...request });
  }

  place(request: Partial<PlaceRequest> & { side: Side }): ClientOrder {
    const order = this.order(request);
    const outcome = this.matcher.place(order, NOW_US);
    if (outcome !== 'accepted') this.lines.push(`place ${order.orderId} ${outcome}`);
    return order;
  }

  buy(ticks: number, lots: number, more: Partial<PlaceRequest> = {}): ClientOrder {
    return this.place({ side: BID, ticks, lots, ...more });
  }

  sell(ticks: number, lots: number, more: Partial<PlaceRequest> = {}): ClientOrder {
    return this.place({ side: ASK, ticks, lots, ...more });
  }

  /** The events since the last call. */
  told(): string[] {
    return this.lines.splice(0);
  }
}
