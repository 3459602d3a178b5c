import { parseDecimal } from '../../../data/instruments/decimal.js';

/** Numbers of one unit (a tick, a lot, a tick × lot) as the venue writes them: `decimals` places, exact for whole numbers of units. */
export class Decimals {
  /** Value of one unit, for arithmetic that need not be exact. */
  readonly unit: number;
  readonly decimals: number;
  /** Smallest written places in one unit; below 1 where a unit is finer than what is written. */
  readonly #places: number;
  readonly #scale: number;

  /** @param unit exact decimal text @param decimals places written */
  constructor(unit: string, decimals: number) {
    const parsed = parseDecimal(unit);
    if (parsed === undefined) throw new RangeError(`not a decimal: ${unit}`);
    this.unit = Number(unit);
    this.decimals = decimals;
    this.#places = parsed.scale <= decimals ? Number(parsed.units) * 10 ** (decimals - parsed.scale) : Number(parsed.units) / 10 ** (parsed.scale - decimals);
    this.#scale = 10 ** decimals;
  }

  /** `count` units as text. */
  text(count: number): string {
    const places = Math.round(count * this.#places);
    if (this.decimals === 0) return String(places);
    if (!Number.isSafeInteger(places)) return bigText(BigInt(Math.round(count)) * BigInt(Math.round(this.#places)), this.decimals);
    const magnitude = places < 0 ? -places : places;
    const whole = Math.floor(magnitude / this.#scale);
    const rest = String(magnitude - whole * this.#scale + this.#scale).slice(1);
    return `${places < 0 ? '-' : ''}${whole}.${rest}`;
  }
}

function bigText(places: bigint, decimals: number): string {
  const negative = places < 0n;
  const digits = (negative ? -places : places).toString().padStart(decimals + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A price or share that is a decimal anyway. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 && text.startsWith('-') ? text.slice(1) : text;
}

/** Places after the point that a decimal text needs: `0.10` has one. */
export function placesOf(text: string): number {
  const point = text.indexOf('.');
  return point < 0 ? 0 : text.slice(point + 1).replace(/0+$/, '').length;
}
