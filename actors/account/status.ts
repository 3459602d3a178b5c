/** What the account shows of itself. */
import type { AccountStatus, OpenTrade } from './messages.js';
import { formatMoney } from './money.js';
import { reportOf } from './session.js';
import type { AccountBasis, AccountState } from './state.js';
import { averagePrice, bookFill, exitSide, netProfit, openLots, type Trade } from './trade.js';

/** `markTicks`: by symbol index; 0 where none is known. */
export function statusOf(basis: AccountBasis, state: AccountState, markTicks: readonly number[]): AccountStatus {
  const assets = [...new Set(state.input.symbols.map(({ instrument }) => instrument.settle))].sort();
  return {
    equity: Object.fromEntries(assets.map((asset) => [asset, formatMoney(basis.equityOf(state, asset))])),
    openTrades: state.trades.size,
    open: [...state.trades.values()].filter((trade) => openLots(trade) > 0).map((trade) => openTrade(basis, state, trade, markTicks[trade.symbol] ?? 0)),
    entries: state.asking.size + [...state.orders.values()].filter(({ purpose }) => purpose === 'entry').length,
    tradingEnabled: state.tradingEnabled,
    session: reportOf(state.session),
  };
}

function openTrade(basis: AccountBasis, state: AccountState, trade: Trade, mark: number): OpenTrade {
  const valuation = basis.valuationOf(state, trade.symbol)!;
  const lots = openLots(trade);
  const closed = mark > 0
    ? bookFill(trade, { isEntry: false, lots, ticks: mark, value: valuation.value(exitSide(trade), lots, mark), fee: 0n, atUs: trade.lastFillUs, reason: 'mark' })
    : undefined;
  return {
    id: trade.id, symbol: trade.symbol, side: trade.side, openLots: lots,
    entryPrice: averagePrice(trade.entryLotTicks, trade.filledLots, valuation.instrument.tickSize),
    markTicks: mark, unrealised: closed === undefined ? null : formatMoney(netProfit(closed, valuation)), settle: valuation.instrument.settle,
  };
}
