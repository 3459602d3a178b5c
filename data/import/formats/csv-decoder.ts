import { CsvRow } from '../csv-row.js';
import { BadRow } from '../import-error.js';
import type { Decoder } from './format.js';

/**
 * The part of a CSV decoder that every format shares: blank lines and `#` comments are passed over, the header line too,
 * and a row must have as many fields as the first line.
 */
export abstract class CsvDecoder implements Decoder {
  protected readonly row: CsvRow;
  readonly #fields: number;
  #header: boolean;

  /** `header`: the first line names the columns. `fields`: how many a row has. */
  constructor(header: boolean, fields: number, delimiter = ',') {
    this.row = new CsvRow(delimiter.charCodeAt(0));
    this.#header = header;
    this.#fields = fields;
  }

  frame(bytes: Buffer, start: number, end: number): void {
    if (start === end || bytes[start] === 35) return;
    if (this.#header) {
      this.#header = false;
      return;
    }
    this.row.split(bytes, start, end);
    if (this.row.fields !== this.#fields) throw new BadRow(`has ${this.row.fields} fields, not ${this.#fields}`);
    this.read(this.row);
  }

  end(): void {
    // Most formats hold nothing back.
  }

  protected abstract read(row: CsvRow): void;
}

/** Looks up a column of repeating text (a symbol, an exchange) once per change. */
export class RepeatedText {
  #bytes = Buffer.alloc(0);
  #seen = false;
  #value = 0;
  readonly #look: (text: string) => number;

  constructor(look: (text: string) => number) {
    this.#look = look;
  }

  of(row: CsvRow, field: number): number {
    if (this.#seen && row.equals(field, this.#bytes)) return this.#value;
    const text = row.text(field);
    this.#value = this.#look(text);
    this.#bytes = Buffer.from(text);
    this.#seen = true;
    return this.#value;
  }
}

/** true for a taker who sold, false for one who bought. @throws BadRow. */
export function takerSold(row: CsvRow, field: number): boolean {
  const first = row.firstByte(field) | 32;
  if (first === 115 || first === 98 || first === 97) {
    const word = row.text(field).toLowerCase();
    if (word === 'sell' || word === 's' || word === 'ask' || word === 'a') return true;
    if (word === 'buy' || word === 'b' || word === 'bid') return false;
  }
  throw new BadRow(`side ${JSON.stringify(row.text(field).slice(0, 20))} is neither buy nor sell`);
}
