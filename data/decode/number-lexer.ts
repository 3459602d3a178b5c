// Bytes of JSON.
export const QUOTE = 34;
export const COMMA = 44;
export const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;
const POINT = 46;
const ZERO = 48;

/** Places in {@link NumberLexer.values}. */
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
/** The part of {@link NumberLexer.usualStamp} that stamps of the same 100 seconds share. */
const STAMP_HIGH = 11;
const VALUES = 12;

/** Bytes that may be looked at behind a frame's end; they never change an answer. */
export const LOOK_AHEAD = 64;
/** Finest step that the fast path scales to. */
export const MAX_STEP_SCALE = 12;

/** 2100-01-01 in µs; stamps from there on are judged by the slow path. */
const LATEST_US = 4_102_444_800_000_000;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;
/** A decimal of more digits may not fit a double. */
const WIDE_DIGITS = 15;
/** A decimal longer than this is left to the slow path, which refuses those of more than 64 characters. */
const MAX_DECIMAL = 40;

const POWERS = Float64Array.from({ length: 17 }, (_, exponent) => Number(`1e${exponent}`));

const { imul } = Math;
/** Levels of one message that are held; more are left to the slow path. */
const MAX_LEVELS = 16_384;
/** Digits that an int32 holds. */
const NARROW_DIGITS = 9;
const COMMA_QUOTE = COMMA | (QUOTE << 8);
const NEXT_LEVEL = wordOf('],["');
const LAST_LEVEL = CLOSE_BRACKET | (CLOSE_BRACKET << 8);
const FOUR_ZEROS = wordOf('0000');

/** Four characters as a little-endian word. */
export function wordOf(four: string): number {
  return Buffer.from(four, 'latin1').readInt32LE(0);
}

/**
 * Reads the numbers of a JSON text through a DataView, four bytes at a time where that helps. Every method begins at the
 * first byte of its piece and returns the index after it, or -1 for whatever is not exactly of the expected form, which
 * is then the slow path's to judge. Values go into `values`, so that nothing is boxed.
 *
 * A frame's last byte is known to be `}` and no piece may contain one: so every loop ends, and nothing behind the frame
 * is ever part of a piece. Up to {@link LOOK_AHEAD} bytes behind it must be readable.
 */
export class NumberLexer {
  readonly values = new Float64Array(VALUES);
  /** Steps by symbol index: a price is a multiple of tickUnits / 10^tickScale. */
  protected tickUnits = new Float64Array(16);
  protected lotUnits = new Float64Array(16);
  protected tickScale = new Int32Array(16);
  protected lotScale = new Int32Array(16);
  /** Symbol of the frame, -1 while unknown. */
  symbol = -1;
  /** Levels in steps: bids from 0, asks from there on. */
  readonly prices = new Float64Array(MAX_LEVELS);
  readonly quantities = new Float64Array(MAX_LEVELS);
  protected levelsEnd = 0;
  #stampFirst = 0;
  #stampSecond = 0;
  /** Largest price in steps. */
  protected readonly maxPrice: number;

  constructor(maxPrice: number) {
    this.maxPrice = maxPrice;
  }

  /** A JSON number without sign, point or exponent, below 2^53. */
  protected unsigned(v: DataView, from: number, slot: number): number {
    const a = v.getInt32(from, true) ^ FOUR_ZEROS;
    const stopA = nonDigits(a);
    if (stopA !== 0) {
      const digits = firstOf(stopA);
      // No digit, or a zero before others.
      if (digits === 0 || (digits > 1 && (a & 0xff) === 0)) return -1;
      this.values[slot] = four(a << (32 - 8 * digits));
      return from + digits;
    }
    if ((a & 0xff) === 0) return -1;
    const b = v.getInt32(from + 4, true) ^ FOUR_ZEROS;
    const stopB = nonDigits(b);
    if (stopB !== 0) {
      const digits = firstOf(stopB);
      this.values[slot] = digits === 0 ? four(a) : four(a) * POWERS[digits]! + four(b << (32 - 8 * digits));
      return from + 4 + digits;
    }
    const high = (four(a) * 10_000 + four(b)) | 0;
    const c = v.getInt32(from + 8, true) ^ FOUR_ZEROS;
    const stopC = nonDigits(c);
    if (stopC !== 0) {
      const digits = firstOf(stopC);
      this.values[slot] = digits === 0 ? high : high * POWERS[digits]! + four(c << (32 - 8 * digits));
      return from + 8 + digits;
    }
    const d = v.getInt32(from + 12, true) ^ FOUR_ZEROS;
    const stopD = nonDigits(d);
    const digits = stopD === 0 ? 4 : firstOf(stopD);
    const low = digits === 0 ? four(c) : four(c) * POWERS[digits]! + four(d << (32 - 8 * digits));
    const value = high * POWERS[4 + digits]! + low;
    if (value > MAX_SAFE) return -1;
    this.values[slot] = value;
    // A 17th digit meets whoever expects a comma or a brace here.
    return from + 12 + digits;
  }

  /** A stamp in ms (13 digits) or µs (16 digits), kept in µs. */
  protected stamp(v: DataView, from: number, slot: number): number {
    const at = this.unsigned(v, from, slot);
    if (at === from + 13) this.values[slot]! *= 1000;
    else if (at !== from + 16) return -1;
    return this.values[slot]! < LATEST_US ? at : -1;
  }

  /**
   * As {@link stamp} for one in ms. Its first eight digits are compared with those of the last one, as they change once in
   * 100 seconds. Whoever calls makes sure that no digit follows.
   */
  protected usualStamp(v: DataView, from: number, slot: number): number {
    const first = v.getInt32(from, true);
    const second = v.getInt32(from + 4, true);
    const word = v.getInt32(from + 8, true) ^ FOUR_ZEROS;
    const digit = v.getUint8(from + 12) ^ ZERO;
    if (digit > 9 || nonDigits(word) !== 0) return -1;
    const { values } = this;
    const low = (four(word) * 10 + digit) * 1000;
    if (first !== this.#stampFirst || second !== this.#stampSecond) {
      if (this.stamp(v, from, slot) !== from + 13) return -1;
      this.#stampFirst = first;
      this.#stampSecond = second;
      values[STAMP_HIGH] = values[slot]! - low;
    }
    values[slot] = values[STAMP_HIGH]! + low;
    return from + 13;
  }

  /** A decimal string as ticks of {@link symbol}, which must be known. */
  protected price(v: DataView, at: number, out: Float64Array, slot: number): number {
    const { symbol } = this;
    if (symbol < 0 || v.getUint8(at) !== QUOTE) return -1;
    const end = this.decimal(v, at + 1, this.tickScale[symbol]!, out, slot);
    return end < 0 || this.tickUnits[symbol] === 1 ? end : divided(end, this.tickUnits, symbol, out, slot);
  }

  /** A decimal string as lots of {@link symbol}, which must be known. */
  protected quantity(v: DataView, at: number, out: Float64Array, slot: number): number {
    const { symbol } = this;
    if (symbol < 0 || v.getUint8(at) !== QUOTE) return -1;
    const end = this.decimal(v, at + 1, this.lotScale[symbol]!, out, slot);
    return end < 0 || this.lotUnits[symbol] === 1 ? end : divided(end, this.lotUnits, symbol, out, slot);
  }

  /**
   * `[["PRICE","QUANTITY"],…]` into the levels from `first` on; {@link levelsEnd} becomes the index after the last one.
   *
   * This is where the time of a diff goes, so the usual numbers (nine digits at most, steps of a power of ten from 0.1 to
   * 10^-8) are read in place, four digits at a time and branching on lengths, which are predicted; others by
   * {@link price} and {@link quantity}.
   */
  protected levels(v: DataView, from: number, first: number): number {
    this.levelsEnd = first;
    const { symbol, prices, quantities } = this;
    if (symbol < 0 || v.getUint8(from) !== OPEN_BRACKET) return -1;
    if (v.getUint8(from + 1) === CLOSE_BRACKET) return from + 2;
    if (v.getUint8(from + 1) !== OPEN_BRACKET || v.getUint8(from + 2) !== QUOTE) return -1;
    const limit = this.maxPrice;
    const tickScale = this.tickScale[symbol]!;
    const tickPlain = this.tickUnits[symbol] === 1 && tickScale > 0 && tickScale <= 8;
    const tickWhole = tickPlain ? NARROW_DIGITS - tickScale : -1;
    const tickShift = tickScale <= 4 ? 32 - 8 * tickScale : 64 - 8 * tickScale;
    const tickMask = 0x80808080 >>> tickShift;
    const tickPower = POWERS[tickPlain ? tickScale : 0]! | 0;
    const tickPowerRest = POWERS[tickPlain && tickScale > 4 ? tickScale - 4 : 0]! | 0;
    const lotScale = this.lotScale[symbol]!;
    const lotPlain = this.lotUnits[symbol] === 1 && lotScale > 0 && lotScale <= 8;
    const lotWhole = lotPlain ? NARROW_DIGITS - lotScale : -1;
    const lotShift = lotScale <= 4 ? 32 - 8 * lotScale : 64 - 8 * lotScale;
    const lotMask = 0x80808080 >>> lotShift;
    const lotPower = POWERS[lotPlain ? lotScale : 0]! | 0;
    const lotPowerRest = POWERS[lotPlain && lotScale > 4 ? lotScale - 4 : 0]! | 0;
    let at = from + 3;
    let word = 0;
    let flags = 0;
    let end = 0;
    let units = 0;
    let digit = 0;
    let code = 0;
    let usual = false;
    for (let level = first; level < MAX_LEVELS; level += 1) {
      word = v.getInt32(at, true) ^ FOUR_ZEROS;
      flags = nonDigits(word);
      end = at;
      if (flags === 0) {
        units = four(word);
        end += 4;
        for (digit = v.getUint8(end) ^ ZERO; digit <= 9; digit = v.getUint8(end) ^ ZERO) {
          units = (units * 10 + digit) | 0;
          end += 1;
        }
      } else if ((flags & 0x8080) === 0x8000) {
        units = word & 0xff;
        end += 1;
      } else if ((flags & 0x808080) === 0x800000) {
        units = (word & 0xff) * 10 + ((word >>> 8) & 0xff);
        end += 2;
      } else {
        units = (word & 0xff) * 100 + ((word >>> 8) & 0xff) * 10 + ((word >>> 16) & 0xff);
        end += (flags & 0x80) === 0 ? 3 : 10;
      }
      usual = end - at <= tickWhole;
      if (usual) {
        code = v.getUint8(end);
        units = imul(units, tickPower);
        if (code === POINT) {
          word = v.getInt32(end + 1, true) ^ FOUR_ZEROS;
          if (tickScale <= 4) {
            flags = nonDigits(word) & tickMask;
            units += four(word << tickShift);
          } else {
            flags = nonDigits(word);
            units += imul(four(word), tickPowerRest);
            word = v.getInt32(end + 5, true) ^ FOUR_ZEROS;
            flags |= nonDigits(word) & tickMask;
            units += four(word << tickShift);
          }
          end += 1 + tickScale;
          while (v.getInt32(end, true) === FOUR_ZEROS) end += 4;
          while (v.getUint8(end) === ZERO) end += 1;
          usual = flags === 0 && v.getUint8(end) === QUOTE && end - at < MAX_DECIMAL;
        } else {
          usual = code === QUOTE;
        }
      }
      if (usual) {
        prices[level] = units;
        at = end + 1;
      } else {
        at = this.price(v, at - 1, prices, level);
        if (at < 0) return -1;
      }
      if (!(prices[level]! > 0 && prices[level]! <= limit) || v.getUint16(at, true) !== COMMA_QUOTE) return -1;
      at += 2;
      word = v.getInt32(at, true) ^ FOUR_ZEROS;
      flags = nonDigits(word);
      end = at;
      if (flags === 0) {
        units = four(word);
        end += 4;
        for (digit = v.getUint8(end) ^ ZERO; digit <= 9; digit = v.getUint8(end) ^ ZERO) {
          units = (units * 10 + digit) | 0;
          end += 1;
        }
      } else if ((flags & 0x8080) === 0x8000) {
        units = word & 0xff;
        end += 1;
      } else if ((flags & 0x808080) === 0x800000) {
        units = (word & 0xff) * 10 + ((word >>> 8) & 0xff);
        end += 2;
      } else {
        units = (word & 0xff) * 100 + ((word >>> 8) & 0xff) * 10 + ((word >>> 16) & 0xff);
        end += (flags & 0x80) === 0 ? 3 : 10;
      }
      usual = end - at <= lotWhole;
      if (usual) {
        code = v.getUint8(end);
        units = imul(units, lotPower);
        if (code === POINT) {
          word = v.getInt32(end + 1, true) ^ FOUR_ZEROS;
          if (lotScale <= 4) {
            flags = nonDigits(word) & lotMask;
            units += four(word << lotShift);
          } else {
            flags = nonDigits(word);
            units += imul(four(word), lotPowerRest);
            word = v.getInt32(end + 5, true) ^ FOUR_ZEROS;
            flags |= nonDigits(word) & lotMask;
            units += four(word << lotShift);
          }
          end += 1 + lotScale;
          while (v.getInt32(end, true) === FOUR_ZEROS) end += 4;
          while (v.getUint8(end) === ZERO) end += 1;
          usual = flags === 0 && v.getUint8(end) === QUOTE && end - at < MAX_DECIMAL;
        } else {
          usual = code === QUOTE;
        }
      }
      if (usual) {
        quantities[level] = units;
        at = end + 1;
      } else {
        at = this.quantity(v, at - 1, quantities, level);
        if (at < 0) return -1;
      }
      if (v.getInt32(at, true) === NEXT_LEVEL) {
        at += 4;
        continue;
      }
      this.levelsEnd = level + 1;
      return v.getUint16(at, true) === LAST_LEVEL ? at + 2 : -1;
    }
    return -1;
  }

  /**
   * Digits with at most one point, up to their closing quote, from behind the opening one: `out[slot]` is the value ×
   * 10^scale where that is whole, else -1. The usual lengths (up to seven digits before the point and eight behind) are
   * read by words, others by {@link longDecimal}.
   */
  protected decimal(v: DataView, from: number, scale: number, out: Float64Array, slot: number): number {
    let whole = v.getInt32(from, true) ^ FOUR_ZEROS;
    let stop = nonDigits(whole);
    let at = from;
    let units = 0;
    if (stop === 0) {
      units = four(whole);
      at += 4;
      whole = v.getInt32(at, true) ^ FOUR_ZEROS;
      stop = nonDigits(whole);
      if (stop === 0) return this.longDecimal(v, from, scale, out, slot);
    }
    let digits = firstOf(stop);
    if (digits > 0) {
      units = units === 0 ? four(whole << (32 - 8 * digits)) : units * POWERS[digits]! + four(whole << (32 - 8 * digits));
      at += digits;
    }
    const code = v.getUint8(at);
    if (at === from || scale > 8) return this.longDecimal(v, from, scale, out, slot);
    if (code !== POINT) {
      out[slot] = units * POWERS[scale]!;
      return code === QUOTE ? at + 1 : -1;
    }
    at += 1;
    // The fraction as eight digits, those that are missing read as zeros.
    const high = v.getInt32(at, true) ^ FOUR_ZEROS;
    stop = nonDigits(high);
    let fraction = 0;
    if (stop === 0) {
      const low = v.getInt32(at + 4, true) ^ FOUR_ZEROS;
      stop = nonDigits(low);
      fraction = four(high) * 10_000;
      if (stop === 0) {
        digits = 8;
        if (low !== 0) fraction = (fraction + four(low)) | 0;
      } else {
        digits = firstOf(stop);
        if (digits > 0) fraction = (fraction + four(low & ((1 << (8 * digits)) - 1))) | 0;
        digits += 4;
      }
    } else {
      digits = firstOf(stop);
      fraction = four(high & ((1 << (8 * digits)) - 1)) * 10_000;
    }
    at += digits;
    if (digits === 0 || v.getUint8(at) !== QUOTE) return this.longDecimal(v, from, scale, out, slot);
    const divisor = POWERS[8 - scale]!;
    const steps = (fraction / divisor) | 0;
    if (steps * divisor !== fraction) return -1;
    out[slot] = units * POWERS[scale]! + steps;
    return at + 1;
  }

  /** As {@link decimal}, a byte at a time, for up to 15 digits that count. */
  protected longDecimal(v: DataView, from: number, scale: number, out: Float64Array, slot: number): number {
    let at = from;
    let units = 0;
    let digit = v.getUint8(at) ^ ZERO;
    for (; digit <= 9; digit = v.getUint8(at) ^ ZERO) {
      units = units * 10 + digit;
      at += 1;
    }
    if (at === from || at - from + scale > WIDE_DIGITS) return -1;
    let missing = scale;
    if (v.getUint8(at) === POINT) {
      at += 1;
      const fraction = at;
      for (digit = v.getUint8(at) ^ ZERO; digit <= 9; digit = v.getUint8(at) ^ ZERO) {
        if (missing > 0) {
          units = units * 10 + digit;
          missing -= 1;
        } else if (digit !== 0) {
          return -1;
        }
        at += 1;
      }
      if (at === fraction) return -1;
    }
    if (v.getUint8(at) !== QUOTE || at - from > MAX_DECIMAL) return -1;
    out[slot] = units * POWERS[missing]!;
    return at + 1;
  }
}

/** High bits of the bytes that are no digits, in a word that was XORed with "0000"; exact up to the first of them. */
function nonDigits(xored: number): number {
  return ((xored + 0x76767676) | xored) & 0x80808080;
}

/** Index of the first byte flagged by {@link nonDigits}, by branches: they are predicted, where arithmetic makes the next load wait. */
function firstOf(flags: number): number {
  if ((flags & 0x80) !== 0) return 0;
  if ((flags & 0x8000) !== 0) return 1;
  return (flags & 0x800000) !== 0 ? 2 : 3;
}

/** The number that four digits make, the first in the lowest byte. */
function four(digits: number): number {
  const pairs = (digits * 10 + (digits >>> 8)) | 0;
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

function divided(end: number, steps: Float64Array, symbol: number, out: Float64Array, slot: number): number {
  const step = steps[symbol]!;
  if (out[slot]! % step !== 0) return -1;
  out[slot]! /= step;
  return end;
}
