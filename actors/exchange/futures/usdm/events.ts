import type { Side } from '../../book/index.js';
import type { AccountId } from '../../ids.js';
import type { Amount, Asset } from '../../ledger/index.js';
import type { Trade } from '../../matching/index.js';
import type { FuturesAccount, Holding } from './account.js';
import type { SymbolMarket } from './market.js';
import type { AlgoOrder, Fill, FuturesOrder } from './order.js';

/** What happened to an order. `CALCULATED`: a trade of an order that the venue made to close a position. */
export type Execution = 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' | 'CALCULATED' | 'AMENDMENT';

export type UpdateReason = 'ORDER' | 'FUNDING_FEE' | 'DEPOSIT' | 'WITHDRAW' | 'ADJUSTMENT' | 'INSURANCE_CLEAR' | 'MARGIN_TRANSFER' | 'MARGIN_TYPE_CHANGE';

/** An account's balances or positions changed. */
export interface AccountChange {
  readonly account: FuturesAccount;
  readonly reason: UpdateReason;
  readonly asset: Asset;
  /** Change of the wallet that is neither profit nor commission. */
  readonly balanceChange: Amount;
  readonly holdings: readonly Holding[];
  readonly atUs: number;
}

/**
 * What accounts are told, synchronously and in the order in which it happens. Objects are live: whatever is to be kept must
 * be copied before the call returns. A fill comes as `tradeLite`, `accountChanged`, `orderUpdate`. Nothing may throw.
 */
export interface UserSink {
  tradeLite(fill: Fill): void;
  accountChanged(change: AccountChange): void;
  orderUpdate(order: FuturesOrder, execution: Execution, fill: Fill | undefined, atUs: number): void;
  algoUpdate(algo: AlgoOrder, atUs: number): void;
  leverageChanged(account: AccountId, symbol: string, leverage: number, atUs: number): void;
  marginCall(account: FuturesAccount, asset: Asset, crossWallet: Amount | undefined, holdings: readonly Holding[], atUs: number): void;
}

export interface OutsideTrade {
  readonly tradeId: number;
  readonly ticks: number;
  readonly lots: number;
  /** Side of whose position is closed. */
  readonly takerSide: Side;
  readonly by: 'insurance' | 'adl';
  readonly atUs: number;
}

/** What everybody may know, for the market data of the symbol. Same rules as {@link UserSink}. */
export interface PublicSink {
  /** One trade of the book; the object is used again. */
  traded(market: SymbolMarket, trade: Trade<FuturesOrder>): void;
  /** The venue's order to close a position, after it met the book: for forceOrder. */
  liquidated(market: SymbolMarket, order: FuturesOrder, atUs: number): void;
  /** A trade outside the book, at the bankruptcy price: with the insurance fund, or by auto-deleveraging. */
  deleveraged(market: SymbolMarket, trade: OutsideTrade): void;
  /** Funding was paid at this rate, in 10^-8. */
  funded(market: SymbolMarket, rate: Amount, atUs: number): void;
}

export const NO_USERS: UserSink = {
  tradeLite: () => undefined, accountChanged: () => undefined, orderUpdate: () => undefined,
  algoUpdate: () => undefined, leverageChanged: () => undefined, marginCall: () => undefined,
};
export const NO_PUBLIC: PublicSink = { traded: () => undefined, liquidated: () => undefined, deleveraged: () => undefined, funded: () => undefined };
