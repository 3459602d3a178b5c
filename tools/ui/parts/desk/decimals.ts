/** Ticks and lots of an instrument as exact decimals. */
import { type Decimal, formatDecimal, normalizeDecimal, parseDecimal } from '../../../../data/instruments/decimal.js';
import type { Instrument } from '../../../../data/records/index.js';

export type DeskInstrument = Omit<Instrument, 'inferred'>;

/** Prices may lie between two ticks (a mid): so many more digits are kept. */
const HALF_TICKS = 1000;

const product = (a: Decimal, b: Decimal): Decimal => ({ units: a.units * b.units, scale: a.scale + b.scale });
export function minus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: a.units * 10n ** BigInt(scale - a.scale) - b.units * 10n ** BigInt(scale - b.scale), scale };
}
export const negated = ({ units, scale }: Decimal): Decimal => ({ units: -units, scale });
export const plus = (a: Decimal, b: Decimal): Decimal => minus(a, negated(b));

export function textOf(value: Decimal): string {
  const { units, scale } = normalizeDecimal(value);
  return formatDecimal(units, scale);
}

const times = (steps: number, size: string): Decimal | undefined => {
  const parsed = parseDecimal(size);
  if (parsed === undefined || !Number.isFinite(steps)) return undefined;
  if (Number.isSafeInteger(steps)) return { units: parsed.units * BigInt(steps), scale: parsed.scale };
  const thousandths = Math.round(steps * HALF_TICKS);
  return Number.isSafeInteger(thousandths) ? { units: parsed.units * BigInt(thousandths), scale: parsed.scale + 3 } : undefined;
};

export const priceOf = (instrument: DeskInstrument | undefined, ticks: number | undefined): Decimal | undefined => (instrument === undefined || ticks === undefined || ticks <= 0 ? undefined : times(ticks, instrument.tickSize));
export const quantityOf = (instrument: DeskInstrument | undefined, lots: number): Decimal | undefined => (instrument === undefined ? undefined : times(lots, instrument.lotSize));

/** '' for no price. */
export function priceText(instrument: DeskInstrument | undefined, ticks: number): string {
  const price = priceOf(instrument, ticks);
  return price === undefined ? '' : textOf(price);
}
/** Without an instrument, the lots as they are. */
export function quantityText(instrument: DeskInstrument | undefined, lots: number): string {
  const quantity = quantityOf(instrument, lots);
  return quantity === undefined ? `${lots} lots` : textOf(quantity);
}

/** (mark − entry) × quantity × multiplier, in the settlement asset; undefined where that is not what it is worth (inverse) or something is not known. */
export function unrealisedOf(instrument: DeskInstrument | undefined, entry: string, markTicks: number | undefined, signed: Decimal | undefined): Decimal | undefined {
  if (instrument === undefined || instrument.product === 'inverse' || instrument.product === 'unknown' || signed === undefined) return undefined;
  const [bought, mark, multiplier] = [parseDecimal(entry), priceOf(instrument, markTicks), parseDecimal(instrument.multiplier)];
  if (bought === undefined || bought.units === 0n || mark === undefined || multiplier === undefined) return undefined;
  return product(product(minus(mark, bought), signed), multiplier);
}
