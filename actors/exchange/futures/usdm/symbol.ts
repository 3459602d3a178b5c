/**
 * A USD-M perpetual: its contract, filters, brackets, and how its numbers are written. Prices are integer ticks and
 * quantities integer lots; text is checked here once, with the errors that the venue's filters give.
 */
import { parseDecimal } from '../../../../data/instruments/decimal.js';
import { type Amount, amount, AMOUNT_DECIMALS, type Asset, asset, mustParseAmount, ONE, parseAmount } from '../../ledger/index.js';
import { BracketTable, type BracketRow } from '../brackets.js';
import { Contract, type Price, price } from '../contract.js';
import * as refuse from './errors.js';

export interface FuturesSymbolSpec {
  readonly symbol: string;
  readonly base: string;
  /** Quote and margin asset. */
  readonly quote: string;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly maxPrice: string;
  /** LOT_SIZE and MARKET_LOT_SIZE maxima. */
  readonly maxQty: string;
  readonly marketMaxQty: string;
  readonly minNotional: string;
  /** PERCENT_PRICE around the mark price. */
  readonly multiplierUp: string;
  readonly multiplierDown: string;
  readonly maxNumOrders: number;
  readonly maxNumAlgoOrders: number;
  /** Share of the notional that liquidation pays into the insurance fund. */
  readonly liquidationFee: string;
  /** A market order trades at most so far from the mark price. */
  readonly marketTakeBound: string;
  /** With priceProtect, a trigger waits while contract and mark price are further apart than this. */
  readonly triggerProtect: string;
  /** Rows of [notional cap, highest leverage, maintenance rate]. */
  readonly brackets: readonly (readonly [string, number, string])[];
  /** µs since the epoch. */
  readonly onboardUs: number;
}

/** Brackets as the venue lists them for its largest and its other symbols, shortened. */
const MAJOR_BRACKETS = [
  ['300000', 125, '0.004'], ['800000', 100, '0.005'], ['3000000', 75, '0.0065'], ['12000000', 50, '0.01'], ['70000000', 25, '0.02'],
  ['100000000', 20, '0.025'], ['230000000', 10, '0.05'], ['480000000', 5, '0.1'], ['600000000', 4, '0.125'], ['800000000', 3, '0.15'],
  ['1200000000', 2, '0.25'], ['1800000000', 1, '0.5'],
] as const;
const MINOR_BRACKETS = [
  ['10000', 75, '0.01'], ['40000', 50, '0.015'], ['160000', 25, '0.02'], ['800000', 20, '0.025'], ['4000000', 10, '0.05'],
  ['8000000', 5, '0.1'], ['10000000', 4, '0.125'], ['20000000', 2, '0.25'], ['30000000', 1, '0.5'],
] as const;
const MAJORS = new Set(['BTC', 'ETH']);

const times = (text: string, factor: bigint): string => {
  const { units, scale } = parseDecimal(text)!;
  const digits = (units * factor).toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
};

/** A perpetual as the venue lists such symbols, for the given sizes. */
export function futuresSymbol(
  given: Pick<FuturesSymbolSpec, 'symbol' | 'base' | 'quote' | 'tickSize' | 'stepSize'> & Partial<FuturesSymbolSpec>,
): FuturesSymbolSpec {
  const major = MAJORS.has(given.base);
  return {
    maxPrice: times(given.tickSize, 45_292_340n),
    maxQty: times(given.stepSize, 10_000_000n),
    marketMaxQty: times(given.stepSize, 1_200_000n),
    minNotional: '5',
    multiplierUp: major ? '1.0500' : '1.1500',
    multiplierDown: major ? '0.9500' : '0.8500',
    maxNumOrders: 200,
    maxNumAlgoOrders: 200,
    liquidationFee: '0.012500',
    marketTakeBound: major ? '0.05' : '0.15',
    triggerProtect: '0.0500',
    brackets: major ? MAJOR_BRACKETS : MINOR_BRACKETS,
    onboardUs: 1_569_398_400_000_000,
    ...given,
  };
}

const decimalsOf = (text: string): number => {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new RangeError(`not a decimal: ${text}`);
  let { units, scale } = parsed;
  for (; scale > 0 && units % 10n === 0n; scale--) units /= 10n;
  return scale;
};

/** Digits that a decimal string writes after its point, trailing zeros apart. */
function placesOf(text: string): number {
  const point = text.indexOf('.');
  if (point < 0) return 0;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end -= 1;
  return end - point - 1;
}

/** Integer of 10^-8 with `decimals` ≤ 8 places, rounded to nearest. */
export function formatUnits(units: bigint, decimals: number): string {
  const cut = 10n ** BigInt(AMOUNT_DECIMALS - decimals);
  const negative = units < 0n;
  const rounded = ((negative ? -units : units) + cut / 2n) / cut;
  const digits = rounded.toString().padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const sign = negative && rounded !== 0n ? '-' : '';
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Integer of 10^-8 with the fewest decimals: "0", "0.5". */
export function formatShort(units: bigint): string {
  const text = formatUnits(units, AMOUNT_DECIMALS);
  return text.replace(/\.?0+$/, '');
}

export class FuturesSymbol {
  readonly spec: FuturesSymbolSpec;
  readonly name: string;
  readonly marginAsset: Asset;
  readonly contract: Contract;
  readonly brackets: BracketTable;
  readonly pricePrecision: number;
  readonly quantityPrecision: number;
  readonly tickDecimals: number;
  readonly maxTicks: number;
  readonly maxLots: number;
  readonly marketMaxLots: number;
  readonly minNotional: Amount;
  readonly multiplierUp: Amount;
  readonly multiplierDown: Amount;
  readonly liquidationFee: Amount;
  readonly marketTakeBound: Amount;
  readonly triggerProtect: Amount;

  /** @throws RangeError when the sizes do not fit each other. */
  constructor(spec: FuturesSymbolSpec) {
    this.spec = spec;
    this.name = spec.symbol;
    this.marginAsset = asset(spec.quote);
    const tickSize = price(mustParseAmount(spec.tickSize));
    const lotSize = mustParseAmount(spec.stepSize);
    this.contract = new Contract({ symbol: spec.symbol, kind: 'linear', marginAsset: this.marginAsset, tickSize, lotSize });
    this.brackets = new BracketTable(spec.brackets.map(([cap, leverage, rate]): BracketRow => [mustParseAmount(cap), leverage, mustParseAmount(rate)]));
    this.tickDecimals = decimalsOf(spec.tickSize);
    this.pricePrecision = Math.max(2, this.tickDecimals);
    this.quantityPrecision = decimalsOf(spec.stepSize);
    this.maxTicks = Number(mustParseAmount(spec.maxPrice) / tickSize);
    this.maxLots = Number(mustParseAmount(spec.maxQty) / lotSize);
    this.marketMaxLots = Number(mustParseAmount(spec.marketMaxQty) / lotSize);
    this.minNotional = mustParseAmount(spec.minNotional);
    this.multiplierUp = mustParseAmount(spec.multiplierUp);
    this.multiplierDown = mustParseAmount(spec.multiplierDown);
    this.liquidationFee = mustParseAmount(spec.liquidationFee);
    this.marketTakeBound = mustParseAmount(spec.marketTakeBound);
    this.triggerProtect = mustParseAmount(spec.triggerProtect);
  }

  /** A price's text as ticks. @throws VenueError -1111, -4001, -4002, -4013, -4014. */
  ticks(text: string): number {
    const units = this.#units(text, this.pricePrecision);
    if (units <= 0n) throw refuse.priceNotPositive();
    const { tickSize } = this.contract.terms;
    if (units < tickSize) throw refuse.priceBelowMin();
    if (units % tickSize !== 0n) throw refuse.priceOffTick();
    const ticks = units / tickSize;
    if (ticks > BigInt(this.maxTicks)) throw refuse.priceAboveMax();
    return Number(ticks);
  }

  /** A trigger price's text as ticks. @throws VenueError -1111, -4006, -4007, -4014. */
  stopTicks(text: string): number {
    const units = this.#units(text, this.pricePrecision);
    if (units <= 0n) throw refuse.stopNotPositive();
    const { tickSize } = this.contract.terms;
    if (units % tickSize !== 0n) throw refuse.priceOffTick();
    const ticks = units / tickSize;
    if (ticks > BigInt(this.maxTicks)) throw refuse.stopAboveMax();
    return Number(ticks);
  }

  /** A quantity's text as lots. @throws VenueError -1111, -4003, -4004, -4005, -4023. */
  lots(text: string, market: boolean): number {
    const units = this.#units(text, this.quantityPrecision);
    if (units <= 0n) throw refuse.quantityNotPositive();
    const { lotSize } = this.contract.terms;
    if (units < lotSize) throw refuse.quantityBelowMin();
    if (units % lotSize !== 0n) throw refuse.quantityOffStep();
    const lots = units / lotSize;
    if (lots > BigInt(market ? this.marketMaxLots : this.maxLots)) throw refuse.quantityAboveMax();
    return Number(lots);
  }

  #units(text: string, decimals: number): Amount {
    if (placesOf(text) > decimals) throw refuse.badPrecision();
    const units = parseAmount(text);
    if (units === undefined) throw refuse.badPrecision();
    return units;
  }

  formatTicks(ticks: number): string {
    return formatUnits(this.contract.priceOf(ticks), this.tickDecimals);
  }

  formatPrice(at: Price): string {
    return formatUnits(at, this.tickDecimals);
  }

  /** Signed lots as a quantity. */
  formatLots(lots: number): string {
    return formatUnits(BigInt(lots) * this.contract.terms.lotSize, this.quantityPrecision);
  }

  /** Average price of fills of `lots` worth `quote`; "0.00" when there are none. */
  formatAverage(quote: Amount, lots: number): string {
    return formatUnits(lots === 0 ? 0n : this.contract.priceFor(quote, lots), this.pricePrecision);
  }

  /** Whole ticks at or below / at or above a price. */
  ticksDown(at: Price): number {
    return Number(at / this.contract.terms.tickSize);
  }
  ticksUp(at: Price): number {
    const { tickSize } = this.contract.terms;
    return Number((at + tickSize - 1n) / tickSize);
  }
}

/** `value` × `share`, the share in 10^-8, rounded to nearest. */
export const share = (value: bigint, rate: bigint): Amount => {
  const product = value * rate;
  return amount(product >= 0n ? (product + ONE / 2n) / ONE : -((-product + ONE / 2n) / ONE));
};
