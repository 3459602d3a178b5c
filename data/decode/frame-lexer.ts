import * as numbers from './number-lexer.js';
import { NumberLexer, wordOf } from './number-lexer.js';
import { SymbolIndex } from './symbol-index.js';

// V8 folds a constant of this module, and loads an imported one from memory each time.
const { CLOSE_BRACE, COLON, QUOTE } = numbers;
const BACKSLASH = 92;
const QUOTE_COLON = QUOTE | (COLON << 8);
const TRUE = wordOf('true');
const FALS = wordOf('fals');
/** Words kept of a symbol's name: the whole ones, and the last four bytes. */
const NAME_WORDS = 8;

/** Marks the key of two letters in what {@link FrameLexer.key} answers: apart from one letter, whatever the second byte is. */
export const TWO_LETTERS = 1 << 16;

/** Adds keys, strings and symbols to the numbers; the same rules hold. */
export class FrameLexer extends NumberLexer {
  readonly symbols = new SymbolIndex();
  /** The symbol that the frame's stream makes likely. */
  protected predicted = 0;
  /** Words of the symbols' names, the whole ones and the last four bytes, {@link NAME_WORDS} of each. */
  #nameWords = new Int32Array(16 * NAME_WORDS);
  #nameLengths = new Int32Array(16);
  /** Where the value of the last {@link key} begins. */
  protected next = 0;

  /** Reads a key and its colon after a comma or brace at `at`: its letters as a number, -1 for none; its value begins at {@link next}. */
  protected key(v: DataView, at: number): number {
    // The byte at `at`, a quote, a letter, and a quote or a second letter.
    const four = v.getInt32(at, true);
    if ((four & 0xff00) !== QUOTE << 8) return -1;
    if (four >>> 24 === QUOTE) {
      this.next = at + 5;
      return v.getUint8(at + 4) === COLON ? (four >>> 16) & 0xff : -1;
    }
    this.next = at + 6;
    return v.getUint16(at + 4, true) === QUOTE_COLON ? TWO_LETTERS | (four >>> 16) : -1;
  }

  protected boolean(v: DataView, at: number): number {
    const letters = v.getInt32(at, true);
    if (letters === TRUE) return at + 4;
    return letters === FALS && v.getUint8(at + 4) === 101 ? at + 5 : -1;
  }

  /** A string that nobody reads: plain ASCII without escapes. */
  protected skipString(v: DataView, from: number): number {
    if (v.getUint8(from) !== QUOTE) return -1;
    let at = from + 1;
    for (;;) {
      const code = v.getUint8(at);
      if (code === QUOTE) return at + 1;
      if (code < 32 || code > 126 || code === BACKSLASH || code === CLOSE_BRACE) return -1;
      at += 1;
    }
  }

  /** A string that names a known symbol; sets {@link symbol}, after a look whether it is the {@link predicted} one. */
  protected symbolString(v: DataView, from: number): number {
    if (v.getUint8(from) !== QUOTE) return -1;
    const start = from + 1;
    const { predicted } = this;
    const length = this.#nameLengths[predicted]!;
    const words = this.#nameWords;
    const first = predicted * NAME_WORDS;
    if (length >= 4 && v.getUint8(start + length) === QUOTE && words[first] === v.getInt32(start, true) && words[first + NAME_WORDS - 1] === v.getInt32(start + length - 4, true)) {
      let same = true;
      for (let k = 1; same && k < length >>> 2; k += 1) same = words[first + k] === v.getInt32(start + 4 * k, true);
      if (same) {
        this.symbol = predicted;
        return start + length + 1;
      }
    }
    let at = start;
    let hash = 7;
    for (;;) {
      const code = v.getUint8(at);
      if (code === QUOTE) break;
      if (code === CLOSE_BRACE) return -1;
      hash = (((hash << 5) - hash) + code) | 0;
      at += 1;
    }
    this.symbol = this.symbols.findHashed(v, start, at, hash);
    this.predicted = this.symbol < 0 ? 0 : this.symbol;
    return this.symbol < 0 ? -1 : at + 1;
  }

  /** Keeps the name of a symbol for the prediction; a long one is looked up each time. */
  protected nameSymbol(name: string, symbol: number): void {
    while (symbol >= this.#nameLengths.length) {
      const [lengths, words] = [this.#nameLengths, this.#nameWords];
      this.#nameLengths = new Int32Array(lengths.length * 2);
      this.#nameLengths.set(lengths);
      this.#nameWords = new Int32Array(words.length * 2);
      this.#nameWords.set(words);
    }
    // Names that the index does not take are not predicted either.
    if (!/^[\w.:/+-]{4,31}$/.test(name)) return;
    const bytes = Buffer.from(name, 'latin1');
    for (let k = 0; k < bytes.length >>> 2; k += 1) this.#nameWords[symbol * NAME_WORDS + k] = bytes.readInt32LE(4 * k);
    this.#nameWords[symbol * NAME_WORDS + NAME_WORDS - 1] = bytes.readInt32LE(bytes.length - 4);
    this.#nameLengths[symbol] = bytes.length;
  }
}
