import { BadRow, quoteForeign } from './import-error.js';
import type { ExactNumber } from './exact-number.js';
import { parseStampUs } from './stamps.js';

const QUOTE = 34;
/** More fields than any market data file has; a line with more is binary or broken. */
export const MAX_FIELDS = 1024;

/**
 * The fields of one line, as places in the line's own bytes. Quoted fields lose their quotes (a doubled quote inside
 * stays doubled: no field that is read holds one).
 */
export class CsvRow {
  bytes: Buffer = Buffer.alloc(0);
  fields = 0;
  readonly #starts = new Int32Array(MAX_FIELDS);
  readonly #ends = new Int32Array(MAX_FIELDS);
  readonly #delimiter: number;

  constructor(delimiter = 44) {
    this.#delimiter = delimiter;
  }

  /** @throws BadRow for more than {@link MAX_FIELDS} fields or a quote that is not closed. */
  split(bytes: Buffer, start: number, end: number): void {
    const delimiter = this.#delimiter;
    this.bytes = bytes;
    let fields = 0;
    let at = start;
    for (;;) {
      if (fields === MAX_FIELDS) throw new BadRow(`more than ${MAX_FIELDS} fields`);
      if (at < end && bytes[at] === QUOTE) {
        let close = at + 1;
        while (close < end && !(bytes[close] === QUOTE && bytes[close + 1] !== QUOTE)) close += bytes[close] === QUOTE ? 2 : 1;
        if (close >= end) throw new BadRow('a quote is not closed');
        this.#starts[fields] = at + 1;
        this.#ends[fields] = close;
        at = close + 1;
        if (at < end && bytes[at] !== delimiter) throw new BadRow('text follows a closing quote');
      } else {
        this.#starts[fields] = at;
        while (at < end && bytes[at] !== delimiter) at += 1;
        this.#ends[fields] = at;
      }
      fields += 1;
      if (at >= end) break;
      at += 1;
    }
    this.fields = fields;
  }

  isEmpty(field: number): boolean {
    return field >= this.fields || this.#starts[field] === this.#ends[field];
  }

  text(field: number): string {
    if (field >= this.fields) throw new BadRow(`field ${field + 1} is missing`);
    return this.bytes.toString('utf8', this.#starts[field]!, this.#ends[field]!).trim();
  }

  /** True when the field's bytes equal `expected`. */
  equals(field: number, expected: Buffer): boolean {
    if (field >= this.fields) return false;
    const start = this.#starts[field]!;
    if (this.#ends[field]! - start !== expected.length) return false;
    for (let k = 0; k < expected.length; k += 1) if (this.bytes[start + k] !== expected[k]) return false;
    return true;
  }

  firstByte(field: number): number {
    return field < this.fields && this.#starts[field]! < this.#ends[field]! ? this.bytes[this.#starts[field]!]! : 0;
  }

  /** Reads an exact decimal into `out`. @throws BadRow naming `what`. */
  decimal(field: number, out: ExactNumber, what: string): ExactNumber {
    if (field >= this.fields || !out.parse(this.bytes, this.#starts[field]!, this.#ends[field]!)) {
      throw new BadRow(`${what} ${field < this.fields ? quoteForeign(this.text(field)) : '(missing)'} is not a number that can be held exactly`);
    }
    return out;
  }

  /** A stamp in µs, above 0. @throws BadRow naming `what`. */
  stampUs(field: number, what: string): number {
    const us = field < this.fields ? parseStampUs(this.bytes, this.#starts[field]!, this.#ends[field]!) : Number.NaN;
    if (!(us > 0)) throw new BadRow(`${what} ${field < this.fields ? quoteForeign(this.text(field)) : '(missing)'} is not a time between 1970 and 2100`);
    return us;
  }

  /** A whole number from 0 to 2^53 - 1. @throws BadRow naming `what`. */
  integer(field: number, what: string): number {
    let value = field < this.fields && this.#starts[field]! < this.#ends[field]! ? 0 : Number.NaN;
    if (value === 0) {
      for (let at = this.#starts[field]!; at < this.#ends[field]!; at += 1) {
        const digit = this.bytes[at]! - 48;
        value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
      }
    }
    if (!Number.isSafeInteger(value)) throw new BadRow(`${what} ${field < this.fields ? quoteForeign(this.text(field)) : '(missing)'} is not a whole number below 2^53`);
    return value;
  }

  /** As {@link integer}, but 0 for an id that a record cannot hold: letters, a UUID, more than 2^53. */
  optionalId(field: number): number {
    const start = this.#starts[field]!;
    const end = this.#ends[field]!;
    let value = end > start && end - start <= 16 ? 0 : Number.NaN;
    for (let at = start; at < end; at += 1) {
      const digit = this.bytes[at]! - 48;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    return Number.isSafeInteger(value) ? value : 0;
  }

  /** true/false, t/f, 1/0, any case. @throws BadRow naming `what`. */
  boolean(field: number, what: string): boolean {
    const length = field < this.fields ? this.#ends[field]! - this.#starts[field]! : 0;
    if (length === 1) {
      const code = this.firstByte(field);
      if (code === 49 || (code | 32) === 116) return true;
      if (code === 48 || (code | 32) === 102) return false;
    } else if (length === 4 || length === 5) {
      const word = this.text(field).toLowerCase();
      if (word === 'true') return true;
      if (word === 'false') return false;
    }
    throw new BadRow(`${what} ${field < this.fields ? quoteForeign(this.text(field)) : '(missing)'} is neither true nor false`);
  }
}
