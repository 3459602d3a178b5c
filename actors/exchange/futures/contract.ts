/**
 * What a futures contract is worth. Linear contracts (USD-M) are worth price × quantity in the quote asset; inverse ones
 * (COIN-M, Deribit's BTC-PERPETUAL) are a fixed sum of quote money each and are worth quantity ÷ price in coin.
 *
 * Both become one signed `value` of a long position: a position earns what its value rises. Linear value is
 * +price × quantity; inverse value is −quantity ÷ price, which rises with the price as well. All later arithmetic
 * (entry, profit, margin) is the same for both.
 */
import { type Amount, amount, type Asset, ONE } from '../ledger/index.js';

declare const brand: unique symbol;
/** A price in 10^-8 of the quote asset. Mark prices are finer than a tick, hence not ticks. */
export type Price = bigint & { readonly [brand]: 'Price' };
export const price = (units: bigint): Price => units as Price;

export interface ContractTerms {
  readonly symbol: string;
  readonly kind: 'linear' | 'inverse';
  readonly marginAsset: Asset;
  /** One tick, in 10^-8 of the quote asset. */
  readonly tickSize: Price;
  /** One lot in 10^-8: of the base asset when linear, of quote money when inverse. */
  readonly lotSize: Amount;
}

export const negated = (value: Amount): Amount => amount(0n - value);
export const magnitude = (value: Amount): Amount => (value < 0n ? negated(value) : value);

/** Division rounded half away from zero; `denominator` must be positive. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const half = denominator >> 1n;
  return numerator >= 0n ? (numerator + half) / denominator : -((-numerator + half) / denominator);
}

/** Division rounded up (towards +∞); `denominator` must be positive. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator > 0n && quotient * denominator !== numerator ? quotient + 1n : quotient;
}

export class Contract {
  readonly terms: ContractTerms;
  readonly inverse: boolean;
  /** Linear only: value of one lot at one tick. */
  readonly #lotTick: bigint;

  /** @throws RangeError when a linear tick × lot is finer than 10^-8 of the margin asset: trades would not be exact. */
  constructor(terms: ContractTerms) {
    if (terms.tickSize <= 0n || terms.lotSize <= 0n) throw new RangeError(`${terms.symbol}: tick and lot must be positive`);
    this.terms = terms;
    this.inverse = terms.kind === 'inverse';
    const lotTick = terms.tickSize * terms.lotSize;
    if (!this.inverse && lotTick % ONE !== 0n) throw new RangeError(`${terms.symbol}: tick × lot is finer than 10^-8 ${terms.marginAsset}`);
    this.#lotTick = lotTick / ONE;
  }

  get symbol(): string {
    return this.terms.symbol;
  }

  priceOf(ticks: number): Price {
    return (BigInt(ticks) * this.terms.tickSize) as Price;
  }

  /** Signed value of `lots` (≥ 0) held long, at a price in ticks: exact when linear, rounded to the nearest unit when inverse. */
  tradeValue(ticks: number, lots: number): Amount {
    return this.inverse ? this.value(this.priceOf(ticks), lots) : amount(BigInt(ticks) * BigInt(lots) * this.#lotTick);
  }

  /** Signed value of `lots` (≥ 0) held long, at any positive price; rounded to the nearest unit. */
  value(at: Price, lots: number): Amount {
    const quantity = BigInt(lots) * this.terms.lotSize;
    return amount(this.inverse ? -divideRounded(quantity * ONE, at) : divideRounded(quantity * at, ONE));
  }

  /** Size of a position as the venue counts it for margin: |value| at a price. */
  notional(at: Price, lots: number): Amount {
    return magnitude(this.value(at, lots < 0 ? -lots : lots));
  }

  /** The price at which `lots` (> 0) have the absolute value `notional`; 0 for nothing. */
  priceFor(notional: Amount, lots: number): Price {
    if (lots === 0 || notional <= 0n) return 0n as Price;
    const quantity = BigInt(lots) * this.terms.lotSize;
    return (this.inverse ? divideRounded(quantity * ONE, notional) : divideRounded(notional * ONE, quantity)) as Price;
  }
}
