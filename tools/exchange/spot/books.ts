/** The spot venue's own truth as plain data, for `exchange books` and for tests that hold clients to it. */
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { SpotFill, SpotOrder } from '../../../actors/exchange/spot/order.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
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
      orders.push(...[...symbol.orders.values()].slice(-limit));
      fills.push(...symbol.fills.slice(-limit));
    }
  }
  const newest = <T>(items: T[], at: (item: T) => number): T[] => (limit === 0 ? [] : items.sort((a, b) => at(a) - at(b)).slice(-limit));
  const supply = ledger.supply();
  return {
    accounts: [...ledger.accounts()].map((id) => ({
      account: id,
      house: !venue.accounts.has(id),
      balances: Object.fromEntries([...ledger.balances(id)].map(([asset, { free, locked }]) => [asset, { free: formatAmount(free), locked: formatAmount(locked) }])),
      openOrders: venue.accounts.get(id)?.openOrders ?? 0,
    })),
    positions: [],
    openOrders: open.sort((a, b) => a.orderId - b.orderId).map(orderView),
    orders: newest(orders, (order) => order.orderId).map(orderView),
    fills: newest(fills, (fill) => fill.atUs).map((fill) => ({ account: fill.order.account, ...tradeView(fill, ms) })),
    /** What everybody holds of an asset, and what was ever brought in less what was taken out: equal, always. */
    sums: Object.fromEntries([...ledger.sumByAsset()].map(([asset, sum]) => [asset, { held: formatAmount(sum), supply: formatAmount(supply.get(asset) ?? (0n as typeof sum)) }])),
    markets: venue.markets.map(({ symbol, matcher: { book } }) => ({ symbol: symbol.name, status: symbol.status, bid: symbol.price(book.bestBid), ask: symbol.price(book.bestAsk), orders: book.orderCount })),
  };
}
