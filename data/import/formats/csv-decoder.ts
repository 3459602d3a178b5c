import type { Kind } from '../../records/index.js';
import { CsvRow } from '../csv-row.js';
import type { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import type { RecordSink } from '../record-sink.js';
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
    try {
      this.row.split(bytes, start, end);
      if (this.row.fields !== this.#fields) throw new BadRow(`has ${this.row.fields} fields, not ${this.#fields}`);
      this.read(this.row);
    } catch (error) {
      this.refused();
      throw error;
    }
  }

  end(): void {
    // Most formats hold nothing back.
  }

  protected abstract read(row: CsvRow): void;

  /** After a row that was refused. */
  protected refused(): void {
    // Rows that stand for themselves leave nothing behind.
  }
}

/**
 * A book message whose levels are rows. A message that lost a level would make a wrong book, so a refused row takes the
 * message it is in, and the one it may be the first row of, with it; what is then missing shows as a gap.
 */
export class BookRows {
  readonly #sink: RecordSink;
  #open = false;
  #dropped = false;
  #tainted = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  open(kind: typeof Kind.DEPTH | typeof Kind.SNAPSHOT, symbol: number, receivedUs: number, exchangeUs: number, id: number, previousId: number, span: number): void {
    this.#open = true;
    this.#dropped = this.#tainted;
    this.#tainted = false;
    if (!this.#dropped) this.#sink.openBook(kind, symbol, receivedUs, exchangeUs, id, previousId, span);
  }

  level(ask: boolean, price: ExactNumber, quantity: ExactNumber): void {
    if (!this.#dropped) this.#sink.level(ask, price, quantity);
  }

  close(id?: number): void {
    if (this.#open && !this.#dropped) this.#sink.closeBook(id);
    this.#open = false;
  }

  refuse(): void {
    this.#sink.dropBook();
    this.#dropped = true;
    this.#tainted = true;
  }
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
