import { type Amount, mustParseAmount } from '../ledger/index.js';
import type { OptionContract } from './chain.js';

/** What holds for all options on one underlying. Money is in USDT. */
export interface UnderlyingTerms {
  readonly base: string;
  /** `BTCUSDT`: what the API calls the underlying. */
  readonly underlying: string;
  /** Sizes as exact decimals. Our choice where Binance lists none per contract that holds for years. */
  readonly tickSize: string;
  readonly lotSize: string;
  readonly maxQty: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

export const QUOTE = 'USDT';

export const UNDERLYINGS: readonly UnderlyingTerms[] = [
  { base: 'BTC', underlying: 'BTCUSDT', tickSize: '1', lotSize: '0.01', maxQty: '1000', priceDecimals: 0, quantityDecimals: 2 },
  { base: 'ETH', underlying: 'ETHUSDT', tickSize: '0.1', lotSize: '0.01', maxQty: '10000', priceDecimals: 1, quantityDecimals: 2 },
];

/** Sellers' margin as shares of the index price, and commissions, in 10^-8. Source: Binance Options, "Margin" and "Fee structure". */
export const RATES = {
  initial: mustParseAmount('0.15'),
  minInitial: mustParseAmount('0.10'),
  maintenance: mustParseAmount('0.075'),
  minMaintenance: mustParseAmount('0.05'),
  maker: mustParseAmount('0.00024'),
  taker: mustParseAmount('0.00024'),
  exercise: mustParseAmount('0.00015'),
  liquidation: mustParseAmount('0.0019'),
  /** No commission is more than this share of the premium, or of the exercise value. */
  feeCap: mustParseAmount('0.1'),
} as const;

/** What an option pays per unit at a settlement price, cut to 6 decimals: then whole lots pay exact amounts. */
export function payoff(contract: OptionContract, settlement: number): Amount {
  const value = contract.kind === 'call' ? settlement - contract.strike : contract.strike - settlement;
  return (BigInt(Math.max(0, Math.floor(value * 1e6 + 1e-6))) * 100n) as Amount;
}
