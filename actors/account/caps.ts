/** The account's own caps on entries, and what it tells the risk gate. */
import type { RiskQuestion } from '../risk/messages.js';
import type { EntryRefusal, EntryRequest } from './messages.js';
import { formatMoney, money, shareOf, type Money, type Valuation } from './money.js';
import type { AccountBasis, AccountState } from './state.js';
import { openLots } from './trade.js';

/** Why the account itself refuses an entry of `lots`; undefined when it does not. What it counts as taken: what is reserved by open trades and by entries that wait for the gate. */
export function refusalOf(basis: AccountBasis, state: AccountState, request: EntryRequest, valuation: Valuation | undefined, lots: number): EntryRefusal | undefined {
  const { limits } = basis;
  if (!state.tradingEnabled) return 'trading_disabled';
  if (valuation === undefined) return 'unknown_symbol';
  if (state.trades.has(request.id) || state.asking.has(request.id)) return 'duplicate_id';
  if (state.trades.size + state.asking.size >= limits.maxConcurrent) return 'max_concurrent';
  if (lots < 1) return 'below_lot';
  if (valuation.quoteNotional(lots, request.priceTicks) < money(limits.minNotional)) return 'min_notional';
  const settle = valuation.instrument.settle;
  const equity = basis.equityOf(state, settle);
  let total = valuation.value(request.side, lots, request.priceTicks);
  let symbol = total;
  for (const trade of state.trades.values()) {
    if (basis.valuationOf(state, trade.symbol)?.instrument.settle === settle) total += trade.reserved;
    if (trade.symbol === request.symbol) symbol += trade.reserved;
  }
  for (const asked of state.asking.values()) {
    if (basis.valuationOf(state, asked.request.symbol)?.instrument.settle === settle) total += asked.reserved;
    if (asked.request.symbol === request.symbol) symbol += asked.reserved;
  }
  if (symbol > shareOf(equity, limits.maxSymbolExposureShare)) return 'symbol_exposure_cap';
  if (total > shareOf(equity, limits.maxTotalExposureShare)) return 'total_exposure_cap';
  return undefined;
}

/** What the risk gate is asked of an entry: the order, and all that is open or waits. */
export function riskQuestion(state: AccountState, request: EntryRequest, lots: number): RiskQuestion {
  const { id, strategy, symbol, side, kind, priceTicks } = request;
  const held = new Map<number, { signedLots: number; reserved: Money }>();
  const add = (of: number, signedLots: number, amount: Money): void => {
    const before = held.get(of) ?? { signedLots: 0, reserved: 0n };
    held.set(of, { signedLots: before.signedLots + signedLots, reserved: before.reserved + amount });
  };
  for (const trade of state.trades.values()) add(trade.symbol, trade.side === 'buy' ? openLots(trade) : -openLots(trade), trade.reserved);
  for (const asked of state.asking.values()) add(asked.request.symbol, 0, asked.reserved);
  return {
    type: 'risk.ask', id, strategy, symbol, side, kind, priceTicks, lots, workingOrders: state.orders.size + state.asking.size,
    exposure: [...held].map(([of, each]) => ({ symbol: of, signedLots: each.signedLots, reserved: formatMoney(each.reserved) })),
  };
}
