/** What the account remembers, and what it reckons with: its caps, its fees, and the value of each instrument's lots. */
import type { TruthState } from '../truth/messages.js';
import type { AccountParams, VenueParams } from '../../config/index.js';
import type { StoreRow } from '../../data/store/index.js';
import type { AccountInput, EntryRequest } from './messages.js';
import { money, Valuation, type Money } from './money.js';
import { equityRow, tradeRow, type WorkingOrder } from './rows.js';
import { sessionRow, type SessionStatistics } from './session.js';
import type { Trade } from './trade.js';

export interface AccountParameters {
  readonly account: AccountParams;
  readonly venue: VenueParams;
}

/** `cancelDueUs`: when a cancel that was asked for already is to reach the venue (a time to live); null for none. */
interface Asking {
  readonly request: EntryRequest;
  readonly lots: number;
  readonly reserved: Money;
  readonly cancelDueUs: number | null;
}

export interface AccountState {
  readonly input: AccountInput;
  readonly seq: number;
  readonly tradingEnabled: boolean;
  /** Equity by settlement asset: start plus closed trades, net. */
  readonly equity: ReadonlyMap<string, Money>;
  readonly trades: ReadonlyMap<string, Trade>;
  readonly orders: ReadonlyMap<string, WorkingOrder>;
  readonly closedTrades: number;
  /** Trades that this turn has closed, as they ended: for the record. */
  readonly over?: readonly Trade[];
  /** Of this run. */
  readonly session: SessionStatistics;
  /** Entries that wait for the risk gate, sized; they count against the caps. */
  readonly asking: ReadonlyMap<string, Asking>;
  /** Trades of an earlier run, to be closed as soon as the exchange's truth is known. */
  readonly inherited: readonly string[];
  /** Where trades were inherited: by product, what the exchange holds, while that is fresh. */
  readonly truth: ReadonlyMap<string, TruthState>;
  /** For ids of orders the account makes itself. */
  readonly nextOrder: number;
  readonly generation: number;
}

export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
export function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

export class AccountBasis {
  readonly limits: AccountParams;
  readonly venue: VenueParams;
  readonly #valuations = new Map<string, Valuation>();

  constructor({ account, venue }: AccountParameters) {
    this.limits = account;
    this.venue = venue;
  }

  /** Valuations depend on the instrument alone; built once per symbol. */
  valuationOf(state: AccountState, symbol: number): Valuation | undefined {
    const found = state.input.symbols.find(({ instrument }) => instrument.index === symbol)?.instrument;
    if (found === undefined) return undefined;
    const key = `${found.venue} ${found.symbol} ${found.tickSize} ${found.lotSize} ${found.multiplier}`;
    let valuation = this.#valuations.get(key);
    if (valuation === undefined || valuation.instrument !== found) {
      valuation = new Valuation(found);
      this.#valuations.set(key, valuation);
    }
    return valuation;
  }

  equityOf(state: AccountState, asset: string): Money {
    return state.equity.get(asset) ?? money(this.limits.startingBalances[asset] ?? this.limits.defaultStartingBalance);
  }
}

export function hasTrade(state: AccountState, symbol: number): boolean {
  for (const trade of state.trades.values()) if (trade.symbol === symbol) return true;
  return false;
}

/** What this turn has changed of trades and equity. */
export function changedRows(basis: AccountBasis, before: AccountState, after: AccountState): StoreRow[] {
  const rows: StoreRow[] = [];
  if (before.trades !== after.trades || before.orders !== after.orders) {
    for (const id of new Set([...before.trades.keys(), ...after.trades.keys()])) {
      const was = before.trades.get(id);
      const is = after.trades.get(id);
      const orders = [...after.orders.values()].filter(({ tradeId }) => tradeId === id);
      if (was === is && orders.length === [...before.orders.values()].filter((each) => each.tradeId === id && after.orders.get(each.id) === each).length) continue;
      const trade = is ?? after.over?.find((each) => each.id === id) ?? was!;
      const instrument = basis.valuationOf(after, trade.symbol)?.instrument;
      if (instrument !== undefined) rows.push(tradeRow(trade, orders, instrument, is !== undefined));
    }
  }
  if (before.equity !== after.equity || before.closedTrades !== after.closedTrades) rows.push(equityRow(after.equity, after.closedTrades));
  if (before.session !== after.session) rows.push(sessionRow(after.input.record?.startedUs ?? 0, after.session));
  return rows;
}
