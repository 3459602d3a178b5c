import { ASK, BID } from '../../../actors/exchange/book/index.js';
import type { ClientOrderId } from '../../../actors/exchange/ids.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import { accountOf } from '../accounts/key-store.js';
import { clientIdOf, FARTHEST_BPS, ticksAt } from './order-of-step.js';
import type { Step } from './script.js';
import type { Subject, VenueDeeds } from './works.js';

/** What scripts do on spot for an account, by the venue's own methods. */
export class SpotDeeds implements VenueDeeds {
  readonly #port: EnginePort<SpotVenue>;

  constructor(port: EnginePort<SpotVenue>) {
    this.#port = port;
  }

  placeOrder(step: Step, subject: Subject): Promise<string> {
    const { side = 'BUY', quantity, price, bps } = step;
    return this.#port.ask((venue, nowUs) => {
      const { symbol, matcher } = venue.market(subject.symbol);
      const limit = price !== undefined || bps !== undefined;
      const ticks = bps === undefined ? 0 : ticksAt((matcher.book.bestBid + matcher.book.bestAsk) / 2, bps);
      const leg = {
        symbol: subject.symbol, side, quantity: quantity ?? symbol.quantity(symbol.minLots * 100), clientOrderId: clientIdOf(step, subject) as ClientOrderId,
        ...(limit ? { type: 'LIMIT', timeInForce: 'GTC', price: price ?? symbol.price(ticks) } as const : { type: 'MARKET' } as const),
      };
      const { order } = venue.place(accountOf(subject.account), leg, nowUs);
      return `order ${order.orderId} (${order.clientId}) of account ${subject.account}, ${order.status}`;
    });
  }

  cancelOrders({ account, symbol }: Subject): Promise<string> {
    return this.#port.ask((venue, nowUs) => {
      try {
        return `${venue.cancelAll(accountOf(account), symbol, nowUs).length} orders`;
      } catch (error) {
        if (error instanceof VenueError) return 'no orders';
        throw error;
      }
    });
  }

  fillOrders({ account, symbol, cause }: Subject): Promise<string> {
    return this.#port.ask((venue, nowUs) => {
      const market = venue.market(symbol);
      const { book } = market.matcher;
      const wanted = cause.values?.get('origClientOrderId');
      const number = Number(cause.values?.get('orderId'));
      const open = [...venue.account(accountOf(account)).on(market).open.values()].filter((order) => order.type === 'limit' && order.status !== 'PENDING_NEW');
      const named = open.filter((order) => order.clientId === wanted || order.orderId === number);
      const filled: number[] = [];
      for (const order of named.length > 0 ? named : open) {
        const best = order.side === BID ? book.bestBid : book.bestAsk;
        if (order.isFinal || Math.abs(best - order.ticks) > (order.ticks * FARTHEST_BPS) / 10_000) continue;
        const against = order.side === BID ? ASK : BID;
        const { lots } = market.matcher.quote(against, Number.MAX_SAFE_INTEGER, order.ticks);
        market.matcher.takeForAgent(against, lots, order.ticks, nowUs);
        filled.push(order.orderId);
      }
      return filled.length === 0 ? 'no open order is near enough' : `orders ${filled.join(', ')}`;
    });
  }

  forgetFills({ account, symbol }: Subject): Promise<string> {
    return this.#port.ask((venue) => {
      const on = venue.account(accountOf(account)).on(venue.market(symbol));
      const { length } = on.fills;
      on.fills.length = 0;
      return `${length} fills`;
    });
  }

  suspend(symbols: readonly string[], halt: boolean): () => void {
    const set = (status: 'TRADING' | 'HALT' | 'CANCEL_ONLY'): void => {
      void this.#port.ask((venue) => {
        for (const symbol of symbols) venue.market(symbol).symbol.status = status;
      }).catch(() => undefined);
    };
    set(halt ? 'HALT' : 'CANCEL_ONLY');
    return () => set('TRADING');
  }
}
