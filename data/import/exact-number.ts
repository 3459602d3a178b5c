const MAX_EXACT = Number.MAX_SAFE_INTEGER;
const MAX_SCALE = 30;
const ZERO = 48;
const NINE = 57;

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** 10^exponent, exact, for 0 ≤ exponent ≤ 22; Infinity beyond. */
export function powerOfTen(exponent: number): number {
  return exponent < POWERS_OF_TEN.length ? POWERS_OF_TEN[exponent]! : Number.POSITIVE_INFINITY;
}

/**
 * A decimal number of a file, exact: `units / 10^scale`, both integers, the scale as small as can be (0.0100 is 1/10^2).
 * One instance is filled again and again, so that a row allocates nothing.
 */
export class ExactNumber {
  units = 0;
  scale = 0;

  /**
   * Reads bytes [start, end): digits, one point, a sign, an exponent; blanks around are ignored.
   * False for anything else (empty, NaN, Infinity, hexadecimal) and for more digits than a double holds exactly.
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    let stop = end;
    while (at < stop && bytes[at] === 32) at += 1;
    while (stop > at && bytes[stop - 1] === 32) stop -= 1;
    let negative = false;
    if (at < stop && (bytes[at] === 45 || bytes[at] === 43)) {
      negative = bytes[at] === 45;
      at += 1;
    }
    let units = 0;
    let scale = 0;
    let digits = 0;
    let fraction = false;
    // Zeros of the fraction wait here until a later digit proves that they count.
    let zeros = 0;
    for (; at < stop; at += 1) {
      const code = bytes[at]!;
      if (code >= ZERO && code <= NINE) {
        digits += 1;
        if (!fraction) {
          units = units * 10 + (code - ZERO);
        } else if (code === ZERO) {
          zeros += 1;
          continue;
        } else {
          units = units * powerOfTen(zeros + 1) + (code - ZERO);
          scale += zeros + 1;
          zeros = 0;
        }
        if (units > MAX_EXACT || scale > MAX_SCALE) return false;
      } else if (code === 46 && !fraction) {
        fraction = true;
      } else if ((code === 101 || code === 69) && digits > 0) {
        const exponent = parseExponent(bytes, at + 1, stop);
        if (exponent !== exponent) return false;
        scale -= exponent;
        at = stop;
      } else {
        return false;
      }
    }
    if (digits === 0) return false;
    return this.#settle(negative ? -units : units, scale);
  }

  /** Reads a string as {@link parse} does. */
  parseText(text: string): boolean {
    if (text.length > scratch.length) return false;
    const length = scratch.write(text, 'latin1');
    return this.parse(scratch, 0, length);
  }

  /** Takes a number of a JSON message by its shortest decimal form, which is what the sender wrote. */
  parseNumber(value: number): boolean {
    return Number.isFinite(value) && this.parseText(String(value));
  }

  /** Takes `units / 10^scale`, a whole number within 2^53 over a power of ten. */
  setScaled(units: number, scale: number): boolean {
    return this.#settle(units, scale);
  }

  /** Nearest double. */
  toNumber(): number {
    return this.units / powerOfTen(this.scale);
  }

  #settle(units: number, scale: number): boolean {
    if (units === 0) {
      this.units = 0;
      this.scale = 0;
      return true;
    }
    let whole = units;
    let places = scale;
    while (places > 0 && whole % 10 === 0) {
      whole /= 10;
      places -= 1;
    }
    if (places < 0) {
      whole *= powerOfTen(-places);
      places = 0;
    }
    if (places > MAX_SCALE || whole > MAX_EXACT || whole < -MAX_EXACT) return false;
    this.units = whole;
    this.scale = places;
    return true;
  }
}

const scratch = Buffer.alloc(64);

function parseExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let sign = 1;
  if (at < end && (bytes[at] === 45 || bytes[at] === 43)) {
    sign = bytes[at] === 45 ? -1 : 1;
    at += 1;
  }
  if (at >= end || end - at > 3) return Number.NaN;
  let exponent = 0;
  for (; at < end; at += 1) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    exponent = exponent * 10 + digit;
  }
  return sign * exponent;
}

/** A tick or a lot as `units / 10^scale`. */
export class StepSize {
  /** The size as a decimal string, e.g. "0.10". */
  readonly text: string;
  readonly units: number;
  readonly scale: number;

  /** @throws RangeError when `text` is not a positive decimal number that a double holds exactly. */
  constructor(text: string) {
    const value = new ExactNumber();
    if (!value.parseText(text) || value.units <= 0 || value.scale > 18) throw new RangeError(`not a positive decimal size: ${quote(text)}`);
    this.text = text;
    this.units = value.units;
    this.scale = value.scale;
  }

  /** Whole steps in `value`; NaN when it does not sit on a step or the count is beyond 2^53. */
  steps(value: ExactNumber): number {
    const lift = this.scale - value.scale;
    if (lift < 0) return Number.NaN;
    const units = value.units * powerOfTen(lift);
    if (units > MAX_EXACT || units < -MAX_EXACT) return Number.NaN;
    if (this.units === 1) return units;
    return units % this.units === 0 ? units / this.units : Number.NaN;
  }

  /** Nearest whole number of steps (half up); NaN beyond 2^53. For values that are averages, not orders' own. */
  nearestSteps(value: ExactNumber): number {
    const exact = this.steps(value);
    if (exact === exact) return exact;
    const ratio = value.scale > this.scale
      ? value.units / (this.units * powerOfTen(value.scale - this.scale))
      : (value.units * powerOfTen(this.scale - value.scale)) / this.units;
    const steps = Math.floor(ratio + 0.5);
    return Number.isSafeInteger(steps) ? steps : Number.NaN;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

/** Greatest common divisor of two non-negative integers. */
export function gcd(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** The decimal string of `units / 10^scale`. */
export function decimalText(units: number, scale: number): string {
  const digits = BigInt(units).toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
