/** The futures venue's own truth as plain data, for `exchange books` and for tests that hold clients to it. */
import type { AlgoOrder, Fill, FuturesOrder, FuturesVenue } from '../../../actors/exchange/futures/usdm/index.js';
import { amount, formatAmount } from '../../../actors/exchange/ledger/index.js';
import { accountBooks, assetSums, newest } from '../product/books.js';
import { positionsV3 } from './account-views.js';
import { algoText, fillText, orderText } from './order-views.js';

const parsed = (text: string): object => JSON.parse(text) as object;

/** At most `limit` ended orders and fills, the newest; every open order, position and balance. */
export function usdmBooks(venue: FuturesVenue, limit: number): object {
  const { core, ledger } = venue;
  const accounts = [...core.accounts.values()];
  const open = accounts.flatMap((account) => venue.orders.open(account).map((order) => ({ account: account.id, ...parsed(orderText(order)) })));
  const openAlgos = accounts.flatMap((account) => venue.algos.open(account).map((algo) => ({ account: account.id, ...parsed(algoText(algo)) })));
  const ended: FuturesOrder[] = newest(accounts.flatMap(({ history }) => history.orders.items.slice(-limit)), limit, ({ updatedUs }) => updatedUs);
  const algos: AlgoOrder[] = newest(accounts.flatMap(({ history }) => history.algos.items.slice(-limit)), limit, ({ updatedUs }) => updatedUs);
  const fills: Fill[] = newest(accounts.flatMap(({ history }) => history.fills.items.slice(-limit)), limit, ({ atUs }) => atUs);
  return {
    accounts: accountBooks(ledger, core.accounts, (account) => ({ openOrders: account?.openOrders.size ?? 0, openAlgoOrders: account?.openAlgos.size ?? 0 })),
    positions: accounts.flatMap((account) => positionsV3(account, undefined).map((position) => ({ account: account.id, ...position }))),
    openOrders: open,
    openAlgoOrders: openAlgos,
    orders: ended.map((order) => ({ account: order.owner, ...parsed(orderText(order)) })),
    algoOrders: algos.map((algo) => ({ account: algo.owner, ...parsed(algoText(algo)) })),
    fills: fills.map((fill) => ({ account: fill.order.owner, ...parsed(fillText(fill, fill.order.symbol.marginAsset)) })),
    sums: assetSums(ledger),
    markets: [...venue.markets.values()].map((market) => {
      const { symbol, book } = market;
      const [agents, insurance] = [core.clearing.agentsPosition(market).lots, core.clearing.insurancePosition(market).lots];
      return {
        symbol: symbol.name, status: market.status, bid: symbol.formatTicks(book.bestBid), ask: symbol.formatTicks(book.bestAsk), orders: book.orderCount,
        mark: formatAmount(amount(market.markPrice)), index: formatAmount(amount(market.indexPrice)), agents: symbol.formatLots(agents), insurance: symbol.formatLots(insurance),
        openInterest: symbol.formatLots(venue.openInterest(symbol.name)),
      };
    }),
  };
}
