import { CLIENT_ORDER_ID } from '../../../actors/exchange/ids.js';
import type { VenueError } from '../../../actors/exchange/venue-error.js';
import {
  emptyParameter, illegalChars, invalidData, invalidJson, missing, missingBoth, notRequired, overflowed, tooGreat, tooPrecise, unreadParameters,
} from './errors.js';

const INTEGER = /^[0-9]{1,20}$/;
const SIGNED_INTEGER = /^-?[0-9]{1,20}$/;
const DECIMAL = /^[0-9]{1,20}(\.[0-9]{1,20})?$/;
const DECIMAL_RANGE = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
/** The venue writes a Java class: letters of any script but no lower case ones of ASCII. */
const SYMBOL = /^[\p{L}\p{N}\-._]{1,50}$/u;
const LOWER_CASE = /[a-z]/;
const SYMBOL_RANGE = '^[\\w\\-._&&[^a-z]]{1,50}$';
const CLIENT_ID = /^[a-zA-Z0-9\-_]{1,36}$/;
const CLIENT_ID_RANGE = '^[a-zA-Z0-9-_]{1,36}$';
const FUTURES_CLIENT_ID_RANGE = '^[\\.A-Z\\:/a-z0-9_-]{1,36}$';
const ORDER_DECIMALS = 8;
/** A stamp of more digits than milliseconds will have for three centuries is one of microseconds. */
const FIRST_MICROSECOND_STAMP = 1e14;

/** How a product reads what it was sent. */
export interface ParamsRules {
  /** Whether a parameter that nobody read is refused (-1104, spot) or overlooked (futures). */
  readonly refuseUnread: boolean;
  /** Whose form of client order ids, whose words and codes where the two families differ. */
  readonly family: Family;
}

export type Family = 'spot' | 'futures';
export const SPOT_PARAMS: ParamsRules = { refuseUnread: true, family: 'spot' };
export const FUTURES_PARAMS: ParamsRules = { refuseUnread: false, family: 'futures' };

/** Parameters that belong to the request itself; whoever checks security reads them. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set(['timestamp', 'recvWindow', 'signature', 'apiKey', 'returnRateLimits']);

/**
 * The parameters of one request as text, by whichever way they came. Each getter reads one parameter: the required form throws -1102 when it
 * is missing, the optional form gives undefined; both throw the venue's error when it is malformed.
 */
export class Params {
  readonly #values: ReadonlyMap<string, string>;
  readonly #rules: ParamsRules;
  /** Names that were read: a dozen, for which a list is quicker than a set. */
  readonly #read: string[] = [];

  constructor(values: ReadonlyMap<string, string>, rules: ParamsRules = SPOT_PARAMS) {
    this.#values = values;
    this.#rules = rules;
  }

  /** The members of one object of a `batchOrders` list, read alike. */
  of(object: object): Params {
    return new Params(textOfMembers(object), this.#rules);
  }

  /** Whether it was sent, empty or not; does not count as reading it. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Names as sent, in their order. */
  names(): Iterable<string> {
    return this.#values.keys();
  }

  optionalString(name: string): string | undefined {
    this.#read.push(name);
    const value = this.#values.get(name);
    if (value === '') throw emptyParameter(name);
    return value;
  }

  string(name: string): string {
    return this.#mandatory(name);
  }

  /** A symbol in the form that symbols have; whether it is traded is the venue's to say (-1121). */
  symbol(name = 'symbol'): string {
    return symbolOf(name, this.#mandatory(name));
  }

  optionalSymbol(name = 'symbol'): string | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : symbolOf(name, value);
  }

  /** `["BTCUSDT","ETHUSDT"]`, a JSON list of symbols; -1100 when it is none. */
  optionalSymbols(name = 'symbols'): readonly string[] | undefined {
    const text = this.optionalString(name);
    if (text === undefined) return undefined;
    const list = parsed(text);
    const refused = (): VenueError => illegalChars(name, '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$');
    if (!Array.isArray(list)) throw refused();
    return list.map((item: unknown) => {
      if (typeof item !== 'string' || !isSymbol(item)) throw refused();
      return item;
    });
  }

  /** A client order id; -1100 with the product's own range. */
  optionalClientId(name: string): string | undefined {
    const value = this.optionalString(name);
    if (value === undefined) return undefined;
    const futures = this.#rules.family === 'futures';
    if (!(futures ? CLIENT_ORDER_ID : CLIENT_ID).test(value)) throw illegalChars(name, futures ? FUTURES_CLIENT_ID_RANGE : CLIENT_ID_RANGE);
    return value;
  }

  /** A decimal number of no sign, as the text that was sent: -1100 when it is none, -1111 past `decimals` places. */
  decimal(name: string, decimals = ORDER_DECIMALS): string {
    return decimalOf(name, this.#mandatory(name), decimals, this.#rules.family);
  }

  optionalDecimal(name: string, decimals = ORDER_DECIMALS): string | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : decimalOf(name, value, decimals, this.#rules.family);
  }

  /** A whole number of no sign that JavaScript holds exactly; -1100, -1108, and -1102 past `most`. */
  int(name: string, most?: number): number {
    return intOf(name, this.#mandatory(name), most);
  }

  optionalInt(name: string, most?: number): number | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : intOf(name, value, most);
  }

  /** A whole number that may be negative. */
  optionalSignedInt(name: string): number | undefined {
    const value = this.optionalString(name);
    if (value === undefined) return undefined;
    if (!SIGNED_INTEGER.test(value)) throw illegalChars(name, '^-?[0-9]{1,20}$');
    return safe(name, Number(value));
  }

  /** How many of a list are wanted: `otherwise` when not sent, cut down to `most`. */
  limit(otherwise: number, most: number, name = 'limit'): number {
    const value = this.optionalInt(name);
    if (value === undefined) return otherwise;
    if (value === 0) throw invalidData(name);
    return Math.min(value, most);
  }

  /** One of `values`; `wrong` is what the venue says otherwise, -1130 unless told. */
  enum<const T extends string>(name: string, values: readonly T[], wrong?: () => VenueError): T {
    return oneOf(name, this.#mandatory(name), values, wrong);
  }

  optionalEnum<const T extends string>(name: string, values: readonly T[], wrong?: () => VenueError): T | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : oneOf(name, value, values, wrong);
  }

  /** `true` or `false`, in either case of letters. */
  boolean(name: string): boolean {
    return booleanOf(name, this.#mandatory(name));
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : booleanOf(name, value);
  }

  /** A moment in milliseconds or microseconds; microseconds since the epoch. */
  timestampUs(name: string): number {
    return momentUs(name, this.#mandatory(name));
  }

  optionalTimestampUs(name: string): number | undefined {
    const value = this.optionalString(name);
    return value === undefined ? undefined : momentUs(name, value);
  }

  /** A JSON text such as `batchOrders`; -1135 when it is none. What it holds is not checked. */
  json(name: string): unknown {
    const value = parsed(this.#mandatory(name));
    if (value === undefined) throw invalidJson(name);
    return value;
  }

  optionalJson(name: string): unknown {
    return this.optionalString(name) === undefined ? undefined : this.json(name);
  }

  /** Throws -1102 when neither was sent. */
  needOneOf(one: string, other: string): void {
    if (!this.#values.get(one) && !this.#values.get(other)) throw missingBoth(one, other);
  }

  /** Throws -1106 when it was sent: this kind of order has no such parameter. */
  refuse(...names: readonly string[]): void {
    for (const name of names) if (this.#values.has(name)) throw notRequired(name);
  }

  /** To be called when all is read and before anything is done: -1104 when something was sent that nobody read. */
  end(): void {
    if (!this.#rules.refuseUnread) return;
    let read = 0;
    let sent = 0;
    for (const name of this.#values.keys()) {
      sent += 1;
      if (this.#read.includes(name) || OF_THE_REQUEST.has(name)) read += 1;
    }
    if (read < sent) throw unreadParameters(read, sent);
  }

  #mandatory(name: string): string {
    this.#read.push(name);
    const value = this.#values.get(name);
    if (value === undefined || value === '') throw missing(name);
    return value;
  }
}

/** The members of a JSON object as the texts that a query would have had; null counts as not sent. Throws nothing. */
export function textOfMembers(object: object): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of Object.keys(object)) {
    const text = textOf((object as Readonly<Record<string, unknown>>)[name]);
    if (text !== undefined) values.set(name, text);
  }
  return values;
}

/** How a value of JSON is written in a payload that is signed. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || value === undefined) return undefined;
  try {
    return JSON.stringify(value);
  } catch {
    // Nested deeper than the stack goes: no parameter of any endpoint looks so.
    return undefined;
  }
}

function isSymbol(value: string): boolean {
  return SYMBOL.test(value) && !LOWER_CASE.test(value);
}

function symbolOf(name: string, value: string): string {
  if (!isSymbol(value)) throw illegalChars(name, SYMBOL_RANGE);
  return value;
}

function decimalOf(name: string, value: string, decimals: number, family: Family): string {
  if (!DECIMAL.test(value)) throw illegalChars(name, DECIMAL_RANGE);
  const point = value.indexOf('.');
  if (point >= 0) {
    // Zeros at the end say nothing, and clients that format numbers themselves send them.
    let end = value.length;
    while (value.charCodeAt(end - 1) === 48) end -= 1;
    if (end - point - 1 > decimals) throw tooPrecise(name, family);
  }
  return value;
}

function intOf(name: string, value: string, most: number | undefined): number {
  if (!INTEGER.test(value)) throw illegalChars(name, '^[0-9]{1,20}$');
  const number = safe(name, Number(value));
  if (most !== undefined && number > most) throw tooGreat(name, most);
  return number;
}

function safe(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw overflowed(name);
  return value;
}

function oneOf<T extends string>(name: string, value: string, values: readonly T[], wrong: (() => VenueError) | undefined): T {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw wrong?.() ?? invalidData(name);
  return found;
}

function booleanOf(name: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === 'true') return true;
  if (lower === 'false') return false;
  throw illegalChars(name, 'true|false');
}

function momentUs(name: string, value: string): number {
  return stampUs(intOf(name, value, undefined));
}

/** A stamp in milliseconds or microseconds as microseconds. */
export function stampUs(stamp: number): number {
  return stamp >= FIRST_MICROSECOND_STAMP ? stamp : stamp * 1000;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
