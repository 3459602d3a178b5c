import { priceNumber } from '../../../actors/exchange/deribit/instruments.js';
import { orderView } from '../../../actors/exchange/deribit/order.js';
import type { DeribitVenue } from '../../../actors/exchange/deribit/venue.js';
import { positionView } from '../../../actors/exchange/deribit/views.js';
import { accountBooks, assetSums, newest } from '../product/books.js';

/** At most `limit` orders and fills, the newest; every open order, position and balance. */
export function deribitBooks(venue: DeribitVenue, limit: number): object {
  const all = [...venue.accounts.values()];
  const openOrders = all.flatMap((account) => [...account.open.values()].map((order) => ({ account: account.id, ...orderView(order) })));
  const ended = all.flatMap((account) => [...account.closed.values()].map((view) => ({ account: account.id, ...view })));
  const fills = all.flatMap((account) => account.trades.map((trade) => ({ account: account.id, ...trade })));
  return {
    accounts: accountBooks(venue.ledger, venue.accounts, (account) => ({ openOrders: account?.open.size ?? 0 })),
    // The market's agents hold the other side of every client's position.
    positions: [...all, venue.house].flatMap((account) => [...account.holdings].filter(([, { position }]) => position.lots !== 0).map(([instrument]) => ({ account: account.id, ...positionView(venue, account, instrument) }))),
    openOrders,
    orders: newest([...openOrders, ...ended], limit, (view) => Number((view as { readonly last_update_timestamp?: number }).last_update_timestamp ?? 0)),
    fills: newest(fills, limit, ({ timestamp }) => timestamp),
    sums: assetSums(venue.ledger),
    markets: [...venue.markets].map(([instrument, { book, marks }]) => ({
      symbol: instrument.name, status: 'open', bid: String(priceNumber(instrument, book.bestBid)), ask: String(priceNumber(instrument, book.bestAsk)), orders: book.orderCount, mark: marks.mark.toFixed(8), index: marks.index.toFixed(8),
    })),
  };
}
