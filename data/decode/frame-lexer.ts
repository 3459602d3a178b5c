import { SymbolIndex } from './symbol-index.js';

// Bytes of JSON.
export const QUOTE = 34;
export const COMMA = 44;
export const COLON = 58;
export const OPEN_BRACKET = 91;
export const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;
const BACKSLASH = 92;
export const POINT = 46;
const ZERO = 48;

/** Places in {@link FrameLexer.values}. */
export const EVENT = 0;
export const TIME = 1;
export const IDENTITY = 2;
export const FIRST_ID = 3;
export const LAST_ID = 4;
export const PREVIOUS_ID = 5;
export const PRICE_1 = 6;
export const QUANTITY_1 = 7;
export const PRICE_2 = 8;
export const QUANTITY_2 = 9;
export const RATE = 10;
const VALUES = 12;

/** 2100-01-01 in µs; stamps from there on are judged by the slow path. */
const LATEST_US = 4_102_444_800_000_000;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;
/** More digits than this may not fit an int32, or a double. */
export const NARROW_DIGITS = 9;
const WIDE_DIGITS = 15;
/** A decimal longer than this is left to the slow path, which refuses those of more than 64 characters. */
export const MAX_DECIMAL = 40;
/** Finest step that the fast path scales to. */
export const MAX_STEP_SCALE = 12;

export const POWERS = Float64Array.from({ length: 17 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads the pieces of a JSON text: every method begins at the first byte of its piece and returns the index after it,
 * or -1 for whatever is not exactly of the expected form, which is then the slow path's to judge. Values go into
 * `values`, so that nothing is boxed.
 *
 * Every loop ends at the frame's last byte, because that is known to be `}`, and no piece may contain one.
 */
export class FrameLexer {
  readonly values = new Float64Array(VALUES);
  readonly symbols = new SymbolIndex();
  /** Steps by symbol index: a price is a multiple of tickUnits / 10^tickScale. */
  protected tickUnits = new Float64Array(16);
  protected lotUnits = new Float64Array(16);
  protected tickScale = new Int32Array(16);
  protected lotScale = new Int32Array(16);
  /** Symbol of the frame, -1 while unknown. */
  symbol = -1;

  /** A JSON number without sign, point or exponent, below 2^53. */
  protected unsigned(b: Uint8Array, from: number, slot: number): number {
    let at = from;
    let high = 0;
    const stop = from + NARROW_DIGITS;
    for (; at < stop; at += 1) {
      const digit = b[at]! ^ ZERO;
      if (digit > 9) break;
      high = (((high + (high << 2)) << 1) + digit) | 0;
    }
    if (at === from || (b[from] === ZERO && at > from + 1)) return -1;
    if (at < stop) {
      this.values[slot] = high;
      return at;
    }
    let low = 0;
    const end = from + 16;
    for (; at < end; at += 1) {
      const digit = b[at]! ^ ZERO;
      if (digit > 9) break;
      low = (((low + (low << 2)) << 1) + digit) | 0;
    }
    const value = high * POWERS[at - stop]! + low;
    if (value > MAX_SAFE) return -1;
    this.values[slot] = value;
    // A digit more meets whoever expects a comma or a brace here.
    return at;
  }

  /** A stamp in ms (13 digits) or µs (16 digits), kept in µs. */
  protected stamp(b: Uint8Array, from: number, slot: number): number {
    const at = this.unsigned(b, from, slot);
    if (at === from + 13) this.values[slot]! *= 1000;
    else if (at !== from + 16) return -1;
    return this.values[slot]! < LATEST_US ? at : -1;
  }

  protected boolean(b: Uint8Array, at: number): number {
    if (b[at] === 116) return b[at + 1] === 114 && b[at + 2] === 117 && b[at + 3] === 101 ? at + 4 : -1;
    return b[at] === 102 && b[at + 1] === 97 && b[at + 2] === 108 && b[at + 3] === 115 && b[at + 4] === 101 ? at + 5 : -1;
  }

  /** A string that nobody reads: plain ASCII without escapes. */
  protected skipString(b: Uint8Array, from: number): number {
    if (b[from] !== QUOTE) return -1;
    let at = from + 1;
    for (;;) {
      const code = b[at]!;
      if (code === QUOTE) return at + 1;
      if (code < 32 || code > 126 || code === BACKSLASH || code === CLOSE_BRACE) return -1;
      at += 1;
    }
  }

  /** A string that names a known symbol; sets {@link symbol}. */
  protected symbolString(b: Uint8Array, from: number): number {
    if (b[from] !== QUOTE) return -1;
    let at = from + 1;
    let hash = 7;
    for (;;) {
      const code = b[at]!;
      if (code === QUOTE) break;
      if (code === CLOSE_BRACE) return -1;
      hash = (Math.imul(hash, 31) + code) | 0;
      at += 1;
    }
    this.symbol = this.symbols.findHashed(b, from + 1, at, hash);
    return this.symbol < 0 ? -1 : at + 1;
  }

  protected price(b: Uint8Array, at: number, out: Float64Array, slot: number): number {
    const end = this.decimal(b, at, this.tickScale[this.symbol]!, out, slot);
    return end < 0 || this.tickUnits[this.symbol] === 1 ? end : divided(end, this.tickUnits, this.symbol, out, slot);
  }

  protected quantity(b: Uint8Array, at: number, out: Float64Array, slot: number): number {
    const end = this.decimal(b, at, this.lotScale[this.symbol]!, out, slot);
    return end < 0 || this.lotUnits[this.symbol] === 1 ? end : divided(end, this.lotUnits, this.symbol, out, slot);
  }

  /** A string of digits with at most one point: `out[slot]` is its value × 10^scale, a whole number, or it is refused. */
  protected decimal(b: Uint8Array, from: number, scale: number, out: Float64Array, slot: number): number {
    return b[from] === QUOTE ? this.digits(b, from + 1, scale, out, slot) : -1;
  }

  /** {@link decimal} after its opening quote. */
  protected digits(b: Uint8Array, start: number, scale: number, out: Float64Array, slot: number): number {
    let at = start;
    let units = 0;
    // Beyond nine digits this wraps, and the wide reading below takes over.
    let digit = b[at]! ^ ZERO;
    while (digit <= 9) {
      units = (((units + (units << 2)) << 1) + digit) | 0;
      at += 1;
      digit = b[at]! ^ ZERO;
    }
    const point = at;
    if (point === start) return -1;
    let missing = scale;
    if (b[at] === POINT) {
      at += 1;
      const stop = at + scale;
      while (at < stop) {
        digit = b[at]! ^ ZERO;
        if (digit > 9) break;
        units = (((units + (units << 2)) << 1) + digit) | 0;
        at += 1;
      }
      missing = stop - at;
      while (b[at] === ZERO) at += 1;
      if (at === point + 1) return -1;
    }
    if (b[at] !== QUOTE) return -1;
    if (point - start + scale > NARROW_DIGITS) return at - start <= MAX_DECIMAL && this.#wide(b, start, point, scale, out, slot) ? at + 1 : -1;
    out[slot] = missing === 0 ? units : units * POWERS[missing]!;
    return at - start > MAX_DECIMAL ? -1 : at + 1;
  }

  /** The decimal that {@link decimal} has checked, its integer digits in [start, point), with up to 15 digits. */
  #wide(b: Uint8Array, start: number, point: number, scale: number, out: Float64Array, slot: number): boolean {
    if (point - start + scale > WIDE_DIGITS) return false;
    let units = 0;
    for (let at = start; at < point; at += 1) units = units * 10 + (b[at]! - ZERO);
    let missing = scale;
    if (b[point] === POINT) {
      for (let at = point + 1; missing > 0 && b[at] !== QUOTE; at += 1, missing -= 1) units = units * 10 + (b[at]! - ZERO);
    }
    out[slot] = units * POWERS[missing]!;
    return true;
  }
}

function divided(end: number, steps: Float64Array, symbol: number, out: Float64Array, slot: number): number {
  const step = steps[symbol]!;
  if (out[slot]! % step !== 0) return -1;
  out[slot]! /= step;
  return end;
}
