/**
 * Reading what a venue sent, member by member. Nothing is taken on trust: a member that is missing, of another type, no decimal or off its
 * grid ends the reading with a {@link DecodeProblem} that says which and why.
 */
import { parseDecimal, type DecimalGrid } from '../../../data/instruments/decimal.js';
import type { Json } from '../../engine/io.js';

/** Why something the venue sent is not understood. `member` is its path: `o.L`, `[3].price`. */
export interface DecodeProblem {
  /** What was being read: `usdm ORDER_TRADE_UPDATE`. */
  readonly what: string;
  readonly member: string;
  readonly problem: string;
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: DecodeProblem };

/** Ends a reading; never leaves {@link decoding}. */
class Unreadable extends Error {
  readonly member: string;
  constructor(member: string, problem: string) {
    super(problem);
    this.member = member;
  }
}

/** Runs a reading and says what came of it: total for any JSON. */
export function decoding<T>(what: string, read: () => T): Decoded<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, problem: { what, member: error.member, problem: error.message } };
    throw error;
  }
}

/** The problem in one line, for logs and journals. */
export const problemText = ({ what, member, problem }: DecodeProblem): string => `${what}${member === '' ? '' : `, ${member}`}: ${problem}`;

type JsonObject = { readonly [key: string]: Json };
const MOST_SHOWN = 40;
/** No name or id of a venue is longer. They become keys of the record, which are short and take neither a control character nor half of a character. */
const MOST_NAME = 64;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

function shown(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = String(value);
  return JSON.stringify(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** One object of the venue's. */
export class Fields {
  readonly path: string;
  readonly #members: JsonObject;

  private constructor(members: JsonObject, path: string) {
    this.#members = members;
    this.path = path;
  }

  static of(value: Json | undefined, path = ''): Fields {
    if (value === undefined || value === null || typeof value !== 'object' || isList(value)) throw new Unreadable(path, `expected an object, found ${shown(value)}`);
    return new Fields(value, path);
  }

  /** Every element of a list, as objects. */
  static list(value: Json | undefined, path = ''): readonly Fields[] {
    if (value === undefined || value === null || !isList(value)) throw new Unreadable(path, `expected a list, found ${shown(value)}`);
    return value.map((element, at) => Fields.of(element, `${path}[${at}]`));
  }

  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /** @throws for {@link decoding}: always */
  fail(name: string, problem: string): never {
    throw new Unreadable(this.at(name), problem);
  }

  raw(name: string): Json | undefined {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
  }

  has(name: string): boolean {
    const value = this.raw(name);
    return value !== undefined && value !== null;
  }

  object(name: string): Fields {
    return Fields.of(this.raw(name), this.at(name));
  }

  objects(name: string): readonly Fields[] {
    return Fields.list(this.raw(name), this.at(name));
  }

  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string') this.fail(name, `expected a string, found ${shown(value)}`);
    return value;
  }

  /** Text that names something: short, and without a control character. */
  name(name: string): string {
    const text = this.text(name);
    if (text.length > MOST_NAME || UNPRINTABLE.test(text)) this.fail(name, `no name: ${shown(text)}`);
    return text;
  }

  /** As {@link name}, of a member that may be missing or null. */
  nameOr(name: string, otherwise: string): string {
    return this.has(name) ? this.name(name) : otherwise;
  }

  /** Text that may be missing or null. */
  textOr(name: string, otherwise: string): string {
    return this.has(name) ? this.text(name) : otherwise;
  }

  boolOr(name: string, otherwise: boolean): boolean {
    if (!this.has(name)) return otherwise;
    const value = this.raw(name);
    if (typeof value !== 'boolean') this.fail(name, `expected true or false, found ${shown(value)}`);
    return value;
  }

  /** An id: text, or a whole number that a double holds exactly. */
  id(name: string): string {
    const value = this.raw(name);
    if (typeof value === 'string' && value.length > 0) return this.name(name);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
    return this.fail(name, `expected an id, found ${shown(value)}`);
  }

  /** Milliseconds since the epoch; the venue may write microseconds. */
  ms(name: string): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) this.fail(name, `expected a time, found ${shown(value)}`);
    return value > MOST_MS ? Math.floor(value / 1000) : value;
  }

  msOr(name: string, otherwise: number): number {
    return this.has(name) ? this.ms(name) : otherwise;
  }

  /** A decimal number, as the venue wrote it. */
  decimal(name: string): string {
    const value = this.raw(name);
    // A number with so many digits may have been rounded when it was read.
    const text = typeof value === 'number' && String(value).length <= 15 ? String(value) : value;
    if (typeof text !== 'string' || parseDecimal(text) === undefined) this.fail(name, `expected a decimal number, found ${shown(value)}`);
    return text;
  }

  decimalOr(name: string, otherwise: string): string {
    return this.has(name) ? this.decimal(name) : otherwise;
  }

  /** A decimal in whole steps of the grid. Off the grid is a problem and never rounded. */
  steps(name: string, grid: DecimalGrid, unit: string): number {
    const text = this.decimal(name);
    const steps = grid.toSteps(text);
    if (!Number.isSafeInteger(steps)) this.fail(name, `${shown(text)} is no whole number of ${unit}s of ${grid.size}`);
    return steps;
  }

  /** Not negative. */
  ticks(name: string, grid: DecimalGrid): number {
    const ticks = this.steps(name, grid, 'tick');
    if (ticks < 0) this.fail(name, `a price below zero: ${shown(this.raw(name))}`);
    return ticks;
  }

  ticksOr(name: string, grid: DecimalGrid, otherwise: number): number {
    // Venues write "" for a price that there is none of.
    return this.has(name) && this.raw(name) !== '' ? this.ticks(name, grid) : otherwise;
  }

  /** Not negative. */
  lots(name: string, grid: DecimalGrid): number {
    const lots = this.steps(name, grid, 'lot');
    if (lots < 0) this.fail(name, `a quantity below zero: ${shown(this.raw(name))}`);
    return lots;
  }

  /** One of the words of a table; anything else is a problem. */
  word<T>(name: string, table: ReadonlyMap<string, T>): T {
    const text = this.text(name);
    const found = table.get(text);
    if (found === undefined) this.fail(name, `unknown word ${shown(text)}`);
    return found;
  }
}

/** Past the year 5138 a number is no millisecond stamp but microseconds. */
const MOST_MS = 1e14;
