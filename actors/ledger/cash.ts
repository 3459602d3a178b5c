/** What a trade does to balances. Pure and exact. */
import type { Instrument } from '../../data/records/index.js';
import { type Money, money, Valuation } from '../account/money.js';
import type { Side } from '../venue/messages.js';

/** Signed amounts by asset. */
export type Cash = ReadonlyMap<string, Money>;

export interface CashTrade {
  readonly side: Side;
  readonly priceTicks: number;
  readonly lots: number;
  readonly fee: string;
  readonly feeAsset: string;
  readonly realised: string | null;
}

const valuations = new WeakMap<Instrument, Valuation>();

/** Valuations depend on the instrument alone. */
export function valuationOf(instrument: Instrument): Valuation {
  let found = valuations.get(instrument);
  if (found === undefined) {
    found = new Valuation(instrument);
    valuations.set(instrument, found);
  }
  return found;
}

/** Base asset of so many lots, on spot. */
export const quantityOf = (instrument: Instrument, lots: number): Money => money(instrument.lotSize) * BigInt(lots);

/**
 * Base asset that a fill of ours on spot brings or takes, of what is ours. A fee in the asset itself is taken of what was bought; of a sale (BNB) it is not:
 * what the order sells is locked, so the exchange takes its fee of the rest of the account. @throws RangeError when the fee is no decimal.
 */
export function broughtBy({ side, lots, fee, feeAsset }: Pick<CashTrade, 'side' | 'lots' | 'fee' | 'feeAsset'>, instrument: Instrument, baseAsset: string): Money {
  const quantity = quantityOf(instrument, lots);
  if (side === 'sell') return -quantity;
  return feeAsset === baseAsset ? quantity - money(fee) : quantity;
}

export function addCash(into: Map<string, Money>, asset: string, amount: Money): void {
  if (amount !== 0n) into.set(asset, (into.get(asset) ?? 0n) + amount);
}

/**
 * Changes of balances by one trade. Spot: base against quote. Options: the premium. Linear and inverse: the profit that the exchange booked,
 * so undefined where it does not say. Fees in their own asset. @throws RangeError when an amount is no decimal.
 */
export function cashOf(trade: CashTrade, instrument: Instrument, baseAsset: string): Cash | undefined {
  const cash = new Map<string, Money>();
  const sign = trade.side === 'buy' ? 1n : -1n;
  switch (instrument.product) {
    case 'spot':
      addCash(cash, baseAsset, sign * quantityOf(instrument, trade.lots));
      addCash(cash, instrument.settle, -sign * valuationOf(instrument).value(trade.side, trade.lots, trade.priceTicks));
      break;
    case 'option':
      addCash(cash, instrument.settle, -sign * valuationOf(instrument).value(trade.side, trade.lots, trade.priceTicks));
      break;
    case 'linear':
    case 'inverse':
      if (trade.realised === null) return undefined;
      addCash(cash, instrument.settle, money(trade.realised));
      break;
    case 'unknown':
      return undefined;
  }
  addCash(cash, trade.feeAsset, -money(trade.fee));
  return cash;
}
