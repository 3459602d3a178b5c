/**
 * Exact decimal arithmetic between the strings that venues send and the integers that records hold. Nothing here
 * goes through a drifting float: the fast path stays inside the integers that a double holds exactly, everything
 * else is BigInt.
 */

/** A decimal number as `units / 10^scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Longest exponent and digit count that {@link parseDecimal} accepts; beyond it a field is not a price. */
const MAX_DIGITS = 64;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal string ("0.0100", "-3", ".5", "1e-8") exactly; the scale is that of the text, so "0.10" has scale 2.
 * Returns undefined for anything else (empty, NaN, Infinity, hexadecimal, more than 64 digits).
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  const digits = whole + fraction;
  if (digits.length === 0 || digits.length > MAX_DIGITS) return undefined;
  const exponent = match[4] === undefined ? 0 : Number(match[4]);
  let scale = fraction.length - exponent;
  if (scale > MAX_DIGITS || scale < -MAX_DIGITS) return undefined;
  let units = BigInt(digits);
  if (scale < 0) {
    units *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { units: match[1] === '-' ? -units : units, scale };
}

/** The decimal string of `units / 10^scale`, with exactly `scale` digits after the point: formatDecimal(-5n, 2) = "-0.05". */
export function formatDecimal(units: bigint, scale: number): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}

/** The same value with the fewest digits: 0.0100 → {1, 2}, 1200 → {1200, 0}. */
export function normalizeDecimal(value: Decimal): Decimal {
  let { units, scale } = value;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

/** Compares two decimal values: -1, 0 or 1. */
export function compareDecimal(a: Decimal, b: Decimal): number {
  const left = a.units * 10n ** BigInt(Math.max(0, b.scale - a.scale));
  const right = b.units * 10n ** BigInt(Math.max(0, a.scale - b.scale));
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The grid of multiples of one size: ticks of a price, lots of a quantity.
 * `new DecimalGrid('0.10').toSteps('115023.4')` is 1150234; `.toDecimal(1150234)` is '115023.40'.
 */
export class DecimalGrid {
  /** The size as it was given, e.g. "0.10". */
  readonly size: string;
  /** Digits after the point that {@link toDecimal} prints: those of the size as it was given. */
  readonly scale: number;
  readonly #units: bigint;
  /** The size as an integer of 10^-#fastScale, for the path without BigInt; 0 when the size does not fit it. */
  readonly #fastUnits: number;
  readonly #fastScale: number;

  /** @throws RangeError when `size` is not a positive decimal number. */
  constructor(size: string) {
    const parsed = parseDecimal(size);
    if (parsed === undefined || parsed.units <= 0n) throw new RangeError(`not a positive decimal size: ${JSON.stringify(size)}`);
    this.size = size;
    this.scale = parsed.scale;
    this.#units = parsed.units;
    const { units, scale } = normalizeDecimal(parsed);
    this.#fastUnits = units <= 1_000_000n && scale <= 12 ? Number(units) : 0;
    this.#fastScale = scale;
  }

  /**
   * The number of steps that `text` is worth, exact. NaN when `text` is not a decimal number or not a whole multiple
   * of the size; infinite never. A result beyond 2^53 is NaN too: a record could not hold it.
   */
  toSteps(text: string): number {
    if (this.#fastUnits > 0) {
      const steps = this.#fastSteps(text);
      if (steps === steps) return steps;
    }
    const value = parseDecimal(text);
    if (value === undefined) return Number.NaN;
    const numerator = value.units * 10n ** BigInt(Math.max(0, this.scale - value.scale));
    const denominator = this.#units * 10n ** BigInt(Math.max(0, value.scale - this.scale));
    if (numerator % denominator !== 0n) return Number.NaN;
    const steps = Number(numerator / denominator);
    return Number.isSafeInteger(steps) ? steps : Number.NaN;
  }

  /** Exact decimal string of `steps` (a safe integer) times the size. */
  toDecimal(steps: number): string {
    return formatDecimal(BigInt(steps) * this.#units, this.scale);
  }

  /** Plain unsigned digits with at most one point, small enough for exact doubles; NaN hands over to BigInt. */
  #fastSteps(text: string): number {
    const length = text.length;
    if (length === 0 || length > 17) return Number.NaN;
    let units = 0;
    let decimals = -1;
    let digits = 0;
    for (let k = 0; k < length; k += 1) {
      const code = text.charCodeAt(k);
      if (code === 46 && decimals < 0) {
        decimals = 0;
        continue;
      }
      const digit = code - 48;
      if (digit < 0 || digit > 9) return Number.NaN;
      digits += 1;
      if (decimals >= 0) decimals += 1;
      // Digits past the grid's own only matter when they are not zero.
      if (decimals > this.#fastScale) {
        if (digit !== 0) return Number.NaN;
        continue;
      }
      units = units * 10 + digit;
    }
    if (digits === 0) return Number.NaN;
    for (let k = Math.max(0, decimals); k < this.#fastScale; k += 1) units *= 10;
    if (units > Number.MAX_SAFE_INTEGER) return Number.NaN;
    const steps = units / this.#fastUnits;
    // units and fastUnits are integers below 2^53, so a whole quotient is exact and the product proves it.
    return Number.isInteger(steps) && steps * this.#fastUnits === units ? steps : Number.NaN;
  }
}
