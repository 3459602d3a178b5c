import { MAX_SYMBOLS } from '../records/index.js';
import { BadRow, ImportError, quoteForeign } from './import-error.js';

const MAX_NAME = 64;
/** Symbols that were left out are counted one by one up to this many names. */
const MAX_IGNORED = 10_000;
const NAME = /^[\w.:/+-]+$/;

/** The symbols of an import: those asked for, or every one that occurs when none was. */
export class SymbolTable {
  readonly names: string[] = [];
  /** Records of symbols that were not asked for, by name. */
  readonly ignored = new Map<string, number>();
  readonly #indexes = new Map<string, number>();
  readonly #open: boolean;
  readonly #deribit: boolean;

  /** `requested` undefined takes whatever occurs. */
  constructor(requested: readonly string[] | undefined, venue: string) {
    this.#open = requested === undefined;
    this.#deribit = venue === 'deribit';
    for (const name of requested ?? []) this.#add(this.#spelling(name));
  }

  /** True while symbols are still being discovered. */
  get open(): boolean {
    return this.#open;
  }

  /** Index of a symbol as the file spells it, or -1 when it was not asked for. @throws BadRow for what cannot be a name. */
  index(spelled: string): number {
    const found = this.#indexes.get(spelled);
    if (found !== undefined) return found;
    const name = this.#spelling(spelled);
    const known = this.#indexes.get(name);
    if (known !== undefined) {
      this.#indexes.set(spelled, known);
      return known;
    }
    if (name.length === 0 || name.length > MAX_NAME || !NAME.test(name)) throw new BadRow(`${quoteForeign(spelled)} is not a symbol`, 'symbol');
    if (this.#open) return this.#add(name);
    if (this.ignored.has(name) || this.ignored.size < MAX_IGNORED) this.ignored.set(name, (this.ignored.get(name) ?? 0) + 1);
    return -1;
  }

  /** Whether `name` is one of the symbols asked for. */
  has(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** Index of the symbol when there is only one, else undefined. */
  only(): number | undefined {
    return this.names.length === 1 ? 0 : undefined;
  }

  /** Upper case, except for the d that Deribit writes for the point of a strike: MATIC_USDC-9MAR24-1d02-C. */
  #spelling(name: string): string {
    const upper = name.toUpperCase();
    return this.#deribit ? upper.replace(/-(\d+)D(\d+)-/, '-$1d$2-') : upper;
  }

  #add(name: string): number {
    const existing = this.#indexes.get(name);
    if (existing !== undefined) return existing;
    if (this.names.length === MAX_SYMBOLS) throw new ImportError('badInput', `more than ${MAX_SYMBOLS} symbols`, 'choose some with --symbol');
    this.names.push(name);
    this.#indexes.set(name, this.names.length - 1);
    return this.names.length - 1;
  }
}
