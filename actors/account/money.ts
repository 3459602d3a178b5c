/**
 * Money as BigInt fixed point: amounts are integers of 10^-18 of the settlement asset. Prices enter as ticks and
 * quantities as lots, so that every linear amount is exact; only inverse contracts divide, and round against us.
 */
import { formatDecimal, parseDecimal } from '../../data/instruments/decimal.js';
import type { Instrument } from '../../data/records/index.js';
import type { Side } from '../venue/messages.js';

export type Money = bigint;
export const MONEY_DECIMALS = 18;
const ONE = 10n ** BigInt(MONEY_DECIMALS);

/** A decimal string as Money. @throws RangeError when it is no decimal or has more than 18 places. */
export function money(text: string): Money {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new RangeError(`not a decimal amount: ${JSON.stringify(text)}`);
  if (parsed.scale <= MONEY_DECIMALS) return parsed.units * 10n ** BigInt(MONEY_DECIMALS - parsed.scale);
  const divisor = 10n ** BigInt(parsed.scale - MONEY_DECIMALS);
  if (parsed.units % divisor !== 0n) throw new RangeError(`finer than 10^-${MONEY_DECIMALS}: ${text}`);
  return parsed.units / divisor;
}

/** Decimal string without trailing zeros: formatMoney(15n * 10n ** 17n) = "1.5". */
export function formatMoney(amount: Money): string {
  const text = formatDecimal(amount, MONEY_DECIMALS);
  return text.replace(/\.?0+$/, '');
}

/** Share of an amount, rounded down; the share counts to six decimals. */
export function shareOf(amount: Money, share: number): Money {
  return (amount * BigInt(Math.round(share * 1_000_000))) / 1_000_000n;
}

const ceilDivide = (a: bigint, b: bigint): bigint => (a % b === 0n ? a / b : a / b + 1n);

/** How ticks and lots of one instrument become money. */
export class Valuation {
  readonly instrument: Instrument;
  readonly inverse: boolean;
  /** Linear: value of one lot at one tick. */
  readonly #perLotTick: Money;
  /** Inverse: quote value of one lot, and the price of one tick, both as Money-scaled integers. */
  readonly #quotePerLot: Money;
  readonly #tick: Money;

  /** @throws RangeError when the instrument's sizes are no positive decimals or finer than the fixed point. */
  constructor(instrument: Instrument) {
    const tick = money(instrument.tickSize);
    const lot = money(instrument.lotSize);
    const multiplier = money(instrument.multiplier);
    if (tick <= 0n || lot <= 0n || multiplier <= 0n) throw new RangeError(`${instrument.symbol}: sizes must be positive`);
    this.instrument = instrument;
    this.inverse = instrument.product === 'inverse';
    this.#tick = tick;
    const lotValue = lot * multiplier;
    this.#quotePerLot = lotValue / ONE;
    const perLotTick = tick * lotValue;
    if (lotValue % ONE !== 0n || (!this.inverse && perLotTick % (ONE * ONE) !== 0n)) {
      throw new RangeError(`${instrument.symbol}: tick x lot x multiplier is finer than 10^-${MONEY_DECIMALS}`);
    }
    this.#perLotTick = perLotTick / (ONE * ONE);
  }

  /**
   * Value of a fill in the settlement asset. Linear and spot: price x quantity, exact. Inverse: contract value / price,
   * buys rounded down and sells up, so that profit (buys - sells) errs against us by at most 10^-18 a fill.
   */
  value(side: Side, lots: number, ticks: number): Money {
    if (!this.inverse) return this.#perLotTick * BigInt(lots) * BigInt(ticks);
    const numerator = this.#quotePerLot * BigInt(lots) * ONE;
    const price = this.#tick * BigInt(ticks);
    return side === 'buy' ? numerator / price : ceilDivide(numerator, price);
  }

  /** Value in quote units (what a minimum notional is stated in). */
  quoteNotional(lots: number, ticks: number): Money {
    return this.inverse ? this.#quotePerLot * BigInt(lots) : this.#perLotTick * BigInt(lots) * BigInt(ticks);
  }

  /** Most lots whose value at that price stays within a budget of the settlement asset; 0 when not even one. */
  lotsWithin(budget: Money, ticks: number): number {
    if (budget <= 0n || ticks <= 0) return 0;
    const lots = this.inverse
      ? (budget * this.#tick * BigInt(ticks)) / (this.#quotePerLot * ONE)
      : budget / (this.#perLotTick * BigInt(ticks));
    return lots > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(lots);
  }

  /** Profit before fees of what was bought and sold, both as totals of {@link value}. */
  profit(bought: Money, sold: Money): Money {
    return this.inverse ? bought - sold : sold - bought;
  }
}
