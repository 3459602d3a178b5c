import { widthOf } from '../../../tools/top/text.js';

/**
 * A terminal, as far as the painter uses one: places the cursor, erases to the end of a line, takes styles and private modes. Anything else that is
 * written to it is an error, and so is a character that it could not place.
 */
export class ScreenModel {
  columns: number;
  rows: number;
  /** Modes that were set, by number, and the order of all changes. */
  readonly modes = new Set<number>();
  readonly log: string[] = [];
  #cells: string[][];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#cells = this.#junk();
  }

  /** Another size: nobody can rely on what is left of the screen. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#cells = this.#junk();
    this.#row = Math.min(this.#row, rows - 1);
    this.#column = Math.min(this.#column, columns - 1);
  }

  #junk(): string[][] {
    return Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill('#'));
  }

  /** What stands in each row, without the blanks at its end. */
  get lines(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd());
  }

  write(bytes: string): void {
    let at = 0;
    while (at < bytes.length) {
      // oxlint-disable-next-line no-control-regex -- escape sequences begin so
      const sequence = /^\u001b\[(\??)([\d;]*)([A-Za-z])/.exec(bytes.slice(at, at + 24));
      if (sequence !== null) {
        this.#sequence(sequence[1] === '?', sequence[2]!, sequence[3]!);
        at += sequence[0].length;
        continue;
      }
      const character = String.fromCodePoint(bytes.codePointAt(at)!);
      this.#put(character);
      at += character.length;
    }
  }

  #sequence(isPrivate: boolean, numbers: string, letter: string): void {
    if (isPrivate && (letter === 'h' || letter === 'l')) {
      this.log.push(`${numbers}${letter}`);
      if (letter === 'h') this.modes.add(Number(numbers));
      else this.modes.delete(Number(numbers));
    } else if (!isPrivate && letter === 'H') {
      const [row, column] = numbers.split(';').map(Number);
      this.#row = row! - 1;
      this.#column = column! - 1;
      if (this.#row >= this.rows || this.#column >= this.columns) throw new Error(`the cursor is placed at ${numbers} of ${this.rows};${this.columns}`);
    } else if (!isPrivate && letter === 'K' && numbers === '') {
      this.#cells[this.#row]!.fill(' ', this.#column);
    } else if (isPrivate || letter !== 'm') throw new Error(`this terminal knows no ${isPrivate ? '?' : ''}${numbers}${letter}`);
  }

  #put(character: string): void {
    if (/\p{C}/u.test(character)) throw new Error(`a character that is none: U+${character.codePointAt(0)!.toString(16)}`);
    const width = widthOf(character);
    if (this.#column + width > this.columns) throw new Error(`a line is longer than ${this.columns} columns`);
    this.#cells[this.#row]![this.#column] = character;
    if (width === 2) this.#cells[this.#row]![this.#column + 1] = '';
    this.#column += width;
    // Without wrapping the cursor stays on the last column, where erasing would take what was just written.
    if (this.#column === this.columns) this.#column = this.columns - 1;
  }
}
