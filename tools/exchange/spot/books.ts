/** The spot venue's own truth as plain data, for `exchange books` and for tests that hold clients to it. */
import type { SpotFill, SpotOrder } from '../../../actors/exchange/spot/order.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import { accountBooks, assetSums, newest } from '../product/books.js';
import { orderText, tradeView } from './views.js';

const ms = (us: number): number => Math.floor(us / 1000);

const orderView = (order: SpotOrder): object => ({ account: order.account, ...(JSON.parse(orderText(order, ms, true)) as object) });

/** At most `limit` orders and fills, the newest; every open order and every balance. */
export function spotBooks(venue: SpotVenue, limit: number): object {
  const { ledger } = venue;
  const orders: SpotOrder[] = [];
  const open: SpotOrder[] = [];
  const fills: SpotFill[] = [];
  for (const account of venue.accounts.values()) {
    for (const symbol of account.symbols.values()) {
      open.push(...symbol.open.values());
      if (limit === 0) continue;
      orders.push(...[...symbol.orders.values()].slice(-limit));
      fills.push(...symbol.fills.slice(-limit));
    }
  }
  return {
    accounts: accountBooks(ledger, venue.accounts, (account) => ({ openOrders: account?.openOrders ?? 0 })),
    positions: [],
    openOrders: open.sort((a, b) => a.orderId - b.orderId).map(orderView),
    orders: newest(orders, limit, ({ orderId }) => orderId).map(orderView),
    fills: newest(fills, limit, ({ atUs }) => atUs).map((fill) => ({ account: fill.order.account, ...tradeView(fill, ms) })),
    sums: assetSums(ledger),
    markets: venue.markets.map(({ symbol, matcher: { book } }) => ({ symbol: symbol.name, status: symbol.status, bid: symbol.price(book.bestBid), ask: symbol.price(book.bestAsk), orders: book.orderCount })),
  };
}
