import { ASK, BID } from '../../../actors/exchange/book/index.js';
import { type FuturesAccount, FuturesOrder, type FuturesVenue, type PositionSide } from '../../../actors/exchange/futures/usdm/index.js';
import type { EnginePort } from '../product/engine-port.js';
import { accountOf } from '../accounts/key-store.js';
import { clientIdOf, FARTHEST_BPS, ticksAt } from './order-of-step.js';
import type { Step } from './script.js';
import type { Subject, VenueDeeds } from './works.js';

/** What scripts do on USD-M for an account, by the venue's own methods. */
export class UsdmDeeds implements VenueDeeds {
  readonly #port: EnginePort<FuturesVenue>;
  readonly futures: NonNullable<VenueDeeds['futures']>;

  constructor(port: EnginePort<FuturesVenue>) {
    this.#port = port;
    this.futures = {
      closePosition: (step, subject) => this.#closePosition(step, subject),
      positionMode: (hedge, { account }) => port.ask((venue, nowUs) => {
        const id = accountOf(account);
        if (venue.account(id).dual === hedge) return 'nothing to change';
        venue.setDual(id, hedge, nowUs);
        return hedge ? 'hedge mode' : 'one-way mode';
      }),
      forceClose: (kind, { account, symbol }) => port.ask((venue, nowUs) => {
        const id = accountOf(account);
        const held = holdingsOf(venue, venue.account(id), symbol).filter(({ lots }) => lots !== 0).length;
        venue.forceClose(id, symbol, kind, nowUs);
        return `${held} positions`;
      }),
    };
  }

  placeOrder(step: Step, subject: Subject): Promise<string> {
    const { side = 'BUY', quantity, price, bps, positionSide } = step;
    return this.#port.ask((venue, nowUs) => {
      const { symbol, book } = venue.core.market(subject.symbol);
      const limit = price !== undefined || bps !== undefined;
      const ticks = bps === undefined ? 0 : ticksAt((book.bestBid + book.bestAsk) / 2, bps);
      const leg = {
        symbol: subject.symbol, side, positionSide, quantity: quantity ?? '0.010', clientOrderId: clientIdOf(step, subject),
        ...(limit ? { type: 'LIMIT', timeInForce: 'GTC', price: price ?? symbol.formatTicks(ticks) } as const : { type: 'MARKET' } as const),
      };
      const order = venue.placeOrder(accountOf(subject.account), leg, nowUs);
      return `order ${order.orderId} (${order.terms.clientOrderId}) of account ${subject.account}`;
    });
  }

  cancelOrders({ account, symbol }: Subject): Promise<string> {
    return this.#port.ask((venue, nowUs) => {
      const id = accountOf(account);
      const { size } = venue.account(id).openOrders;
      venue.cancelAllOrders(id, symbol, nowUs);
      venue.cancelAllAlgos(id, symbol, nowUs);
      return `of ${size} orders ${venue.account(id).openOrders.size} are left`;
    });
  }

  fillOrders({ account, symbol, cause }: Subject): Promise<string> {
    return this.#port.ask((venue, nowUs) => {
      const { book, matcher } = venue.core.market(symbol);
      const wanted = cause.values?.get('origClientOrderId');
      const number = Number(cause.values?.get('orderId'));
      const open = venue.orders.open(venue.account(accountOf(account))).filter((order): order is FuturesOrder => order instanceof FuturesOrder && order.symbol.name === symbol && order.type === 'limit');
      const named = open.filter((order) => order.terms.clientOrderId === wanted || order.orderId === number);
      const filled: number[] = [];
      for (const order of named.length > 0 ? named : open) {
        const best = order.side === BID ? book.bestBid : book.bestAsk;
        if (!order.open || Math.abs(best - order.ticks) > (order.ticks * FARTHEST_BPS) / 10_000) continue;
        const against = order.side === BID ? ASK : BID;
        const { lots } = matcher.quote(against, Number.MAX_SAFE_INTEGER, order.ticks);
        venue.takeForAgent(symbol, against, lots, order.ticks, nowUs);
        filled.push(order.orderId);
      }
      return filled.length === 0 ? 'no open order is near enough' : `orders ${filled.join(', ')}`;
    });
  }

  forgetFills({ account }: Subject): Promise<string> {
    return this.#port.ask((venue) => {
      const { fills } = venue.account(accountOf(account)).history;
      const { length } = fills.items;
      fills.clear();
      return `${length} fills`;
    });
  }

  suspend(symbols: readonly string[], halt: boolean): () => void {
    const set = (status: 'TRADING' | 'HALT' | 'CANCEL_ONLY'): void => {
      void this.#port.ask((venue) => {
        for (const symbol of symbols) venue.setStatus(symbol, status);
      }).catch(() => undefined);
    };
    set(halt ? 'HALT' : 'CANCEL_ONLY');
    return () => set('TRADING');
  }

  #closePosition(step: Step, { account, symbol }: Subject): Promise<string> {
    return this.#port.ask((venue, nowUs) => {
      const id = accountOf(account);
      const held = holdingsOf(venue, venue.account(id), symbol).filter(({ lots }) => lots !== 0);
      const market = venue.core.market(symbol);
      for (const { lots, side } of held) {
        venue.placeOrder(id, {
          symbol, side: lots > 0 ? 'SELL' : 'BUY', type: 'MARKET', quantity: market.symbol.formatLots(Math.abs(lots)), clientOrderId: clientIdOf(step, { account, symbol, cause: { trigger: 'time' } }),
          ...(side === 'BOTH' ? { reduceOnly: true } : { positionSide: side }),
        }, nowUs);
      }
      return `${held.length} positions`;
    });
  }
}

function holdingsOf(venue: FuturesVenue, account: FuturesAccount, symbol: string): readonly { readonly lots: number; readonly side: PositionSide }[] {
  return venue.core.holder(account, venue.core.market(symbol)).holdings().map(({ lots, side }) => ({ lots, side }));
}
