import type { OptionsVenue } from '../../../actors/exchange/options/venue.js';
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import { accountBooks, assetSums, newest } from '../product/books.js';
import { fillView, orderView, positionView } from './views.js';

/** At most `limit` orders and fills, the newest; every open order, position and balance. */
export function optionsBooks(venue: OptionsVenue, limit: number): object {
  const all = [...venue.accounts.values()];
  const orders = all.flatMap((account) => [...account.orders.values()].map((order) => ({ account: account.id, order })));
  const fills = all.flatMap((account) => account.fills.map((fill) => ({ account: account.id, fill })));
  return {
    accounts: accountBooks(venue.ledger, venue.accounts, (account) => ({ openOrders: account?.open.size ?? 0 })),
    // The market's agents hold the other side of every client's position.
    positions: [...all, venue.house].flatMap((account) => [...account.positions.values()].filter(({ lots }) => lots !== 0).map((position) => ({ account: account.id, ...positionView(position, account, venue.nowMs) }))),
    openOrders: all.flatMap((account) => [...account.open.values()].map((order) => ({ account: account.id, ...orderView(order) }))),
    orders: newest(orders, limit, ({ order }) => order.orderId).map(({ account, order }) => ({ account, ...orderView(order) })),
    fills: newest(fills, limit, ({ fill }) => fill.id).map(({ account, fill }) => ({ account, ...fillView(fill) })),
    sums: assetSums(venue.ledger),
    markets: [...venue.markets.values()].map(({ symbol, book, tickSize, terms, markAmount }) => ({
      symbol, status: 'TRADING', bid: (book.bestBid * tickSize).toFixed(terms.priceDecimals), ask: (book.bestAsk * tickSize).toFixed(terms.priceDecimals), orders: book.orderCount, mark: formatAmount(markAmount),
    })),
  };
}
