/**
 * Typed reading of a call's parameters. Over the websocket and in a POST they are JSON values; in a GET they are
 * texts: numbers, booleans and lists are accepted in both forms, as the platform does.
 */
import { invalidParam } from './errors.js';

export type RawParams = Readonly<Record<string, unknown>>;

const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i;

export class DeribitParams {
  readonly #values: RawParams;

  constructor(values: RawParams) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  optionalText(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') {
      if (typeof value === 'number') return String(value);
      throw invalidParam(name, 'must be a string');
    }
    return value;
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === '') throw invalidParam(name, 'is required');
    return value;
  }

  /** One of the listed words; the first of `words` is not special. */
  optionalWord<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw invalidParam(name, `value "${value.slice(0, 40)}" is not one of: ${words.join(', ')}`);
    return word;
  }

  word<const Word extends string>(name: string, words: readonly Word[]): Word {
    const word = this.optionalWord(name, words);
    if (word === undefined) throw invalidParam(name, 'is required');
    return word;
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'number' ? value : typeof value === 'string' && DECIMAL.test(value) ? Number(value) : NaN;
    if (!Number.isFinite(number)) throw invalidParam(name, 'must be a number');
    return number;
  }

  number(name: string): number {
    const value = this.optionalNumber(name);
    if (value === undefined) throw invalidParam(name, 'is required');
    return value;
  }

  optionalInteger(name: string, lowest: number, highest: number): number | undefined {
    const value = this.optionalNumber(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value)) throw invalidParam(name, 'must be an integer');
    if (value < lowest || value > highest) throw invalidParam(name, `must be between ${lowest} and ${highest}`);
    return value;
  }

  integer(name: string, lowest: number, highest: number): number {
    const value = this.optionalInteger(name, lowest, highest);
    if (value === undefined) throw invalidParam(name, 'is required');
    return value;
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (value === undefined) return false;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw invalidParam(name, 'must be a boolean');
  }

  /** A list of texts; in a GET it is JSON text or one bare word. */
  texts(name: string, most: number): string[] {
    let value = this.#value(name);
    if (value === undefined) throw invalidParam(name, 'is required');
    if (typeof value === 'string') {
      if (value.startsWith('[')) {
        try {
          value = JSON.parse(value) as unknown;
        } catch {
          throw invalidParam(name, 'must be a list of strings');
        }
      } else value = [value];
    }
    if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) throw invalidParam(name, 'must be a list of strings');
    if (value.length > most) throw invalidParam(name, `must have at most ${most} items`);
    return value;
  }

  /** Own properties only: a call must not reach what objects inherit. An explicit null is an absent value. */
  #value(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === null ? undefined : value;
  }
}
