/** Amounts of an asset: integers of 10^-8, the precision of every balance on Binance and of bitcoin itself. */
import { parseDecimal } from '../../../data/instruments/decimal.js';

declare const brand: unique symbol;
export type Amount = bigint & { readonly [brand]: 'Amount' };

export const AMOUNT_DECIMALS = 8;
/** One whole unit of an asset. */
export const ONE = 100_000_000n as Amount;
export const ZERO = 0n as Amount;

/** A raw integer of 10^-8 units as an amount. */
export const amount = (units: bigint): Amount => units as Amount;

/** The decimal string as an amount; undefined when it is no decimal number or finer than 10^-8. */
export function parseAmount(text: string): Amount | undefined {
  const parsed = parseDecimal(text);
  if (parsed === undefined) return undefined;
  if (parsed.scale <= AMOUNT_DECIMALS) return (parsed.units * 10n ** BigInt(AMOUNT_DECIMALS - parsed.scale)) as Amount;
  const divisor = 10n ** BigInt(parsed.scale - AMOUNT_DECIMALS);
  return parsed.units % divisor === 0n ? ((parsed.units / divisor) as Amount) : undefined;
}

/** {@link parseAmount} for text that the program itself wrote. @throws RangeError when it is no amount. */
export function mustParseAmount(text: string): Amount {
  const parsed = parseAmount(text);
  if (parsed === undefined) throw new RangeError(`not an amount of at most ${AMOUNT_DECIMALS} decimals: ${JSON.stringify(text)}`);
  return parsed;
}

/** Exact decimal string with eight decimals, as the venue prints amounts: formatAmount(-5n) = "-0.00000005". */
export function formatAmount(value: Amount): string {
  if (value === ZERO) return '0.00000000';
  // Below 2^53 the digits come from a double, which is several times as fast as BigInt's own.
  if (value <= 9_007_199_254_740_991n && value >= 0n) {
    const units = Number(value);
    const whole = Math.floor(units / 100_000_000);
    return `${whole}.${(units - whole * 100_000_000 + 100_000_000).toString().slice(1)}`;
  }
  const units: bigint = value;
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(AMOUNT_DECIMALS + 1, '0');
  const point = digits.length - AMOUNT_DECIMALS;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** `value` × `numerator` / `denominator`, rounded towards zero; `denominator` must be positive. */
export const mulDiv = (value: Amount, numerator: bigint, denominator: bigint): Amount => ((value * numerator) / denominator) as Amount;
