/** Books out of a row of the record. Nothing in it is taken on trust: money is not guessed. */
import { type Money, money } from '../account/money.js';
import type { VenueProduct } from '../engine/io.js';
import type { PositionSide } from '../truth/views.js';
import { venueProductOf } from '../gateway/decode/index.js';
import type { ReconcileInstrument } from '../truth/views.js';
import { type Books, newBooks } from './books.js';
import type { RoundTrip } from './round-trip.js';

/** Reads a value, or throws a RangeError that names it. */
type Read<T> = (value: unknown, at: string) => T;

function wrong(at: string, expected: string): never {
  throw new RangeError(`${at}: expected ${expected}`);
}
const text: Read<string> = (value, at) => (typeof value === 'string' ? value : wrong(at, 'text'));
const flag: Read<boolean> = (value, at) => (typeof value === 'boolean' ? value : wrong(at, 'true or false'));
const whole: Read<number> = (value, at) => (Number.isSafeInteger(value) ? (value as number) : wrong(at, 'a whole number'));
const decimal: Read<string> = (value, at) => {
  amount(value, at);
  return value as string;
};
const amount: Read<Money> = (value, at) => {
  try {
    return money(text(value, at));
  } catch {
    return wrong(at, 'a decimal amount');
  }
};
const oneOf = <T extends string>(...words: readonly T[]): Read<T> => (value, at) => words.find((word) => word === value) ?? wrong(at, words.join(' or '));
const list = <T>(read: Read<T>): Read<readonly T[]> => (value, at) => (Array.isArray(value) ? value.map((item: unknown, index) => read(item, `${at}[${index}]`)) : wrong(at, 'a list'));
const pair = <T>(read: Read<T>): Read<[string, T]> => (value, at) => (Array.isArray(value) && value.length === 2 ? [text(value[0], `${at}[0]`), read(value[1], `${at}[1]`)] : wrong(at, 'a pair'));
type Shape = { readonly [member: string]: Read<unknown> };
type Made<S extends Shape> = { readonly [K in keyof S]: S[K] extends Read<infer T> ? T : never };
const object = <S extends Shape>(shape: S): Read<Made<S>> => (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(at, 'an object');
  const members = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(shape).sort().map((name) => [name, shape[name]!(Object.hasOwn(members, name) ? members[name] : undefined, `${at}.${name}`)])) as Made<S>;
};
const sums: Read<ReadonlyMap<string, Money>> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(at, 'amounts by asset');
  const members = value as Readonly<Record<string, unknown>>;
  return new Map(Object.keys(members).sort().map((asset) => [asset, amount(members[asset], `${at}.${asset}`)]));
};

const leg = oneOf<PositionSide>('BOTH', 'LONG', 'SHORT');
const product = oneOf<VenueProduct>('spot', 'usdm', 'options');
const trip: Read<RoundTrip> = object({
  firstTradeId: text, entryId: text, side: oneOf('buy', 'sell'), openedMs: whole, lots: whole, boughtLots: whole, soldLots: whole, bought: amount, sold: amount, fees: sums,
});
const row = object({
  product,
  settledMs: whole,
  view: object({
    product, hedgeMode: flag, opening: flag,
    positions: list(object({ symbol: whole, positionSide: leg, signedLots: whole, ownLots: whole, changedMs: whole })),
    holdings: list(object({ symbol: whole, asset: text, quantity: decimal })),
    balances: list(object({ asset: text, total: decimal, changedMs: whole })),
    fills: list(object({ symbol: whole, tradeId: text, lots: whole, venueMs: whole, disputed: flag })),
    incomes: list(text),
    dust: list(object({ symbol: whole, positionSide: leg, ownLots: whole })),
  }),
  ownFills: list(text),
  totals: object({ realised: sums, venueRealised: sums, fees: sums, funding: sums, other: sums, unexplained: sums, fills: whole, trades: whole }),
  trips: list(pair(trip)),
});

/**
 * The books that an earlier run left (`booksRow`); new ones where it left none. @throws RangeError for a row that is not one of ours.
 */
export function booksFrom(value: unknown, of: VenueProduct): Books {
  if (value === undefined || value === null) return newBooks(of);
  const { view, ownFills, totals, trips, settledMs } = row(value, `ledger of ${of}`);
  if (view.product !== of) throw new RangeError(`ledger of ${of}: it is of ${view.product}`);
  return { view, ownFills: new Set(ownFills), trips: new Map(trips), settledMs, incomeMs: incomeMsOf(value), ...totals };
}

/** When the incomes happened; a row of an older version does not say, and one of which it is not known is kept. */
function incomeMsOf(value: unknown): ReadonlyMap<string, number> {
  const { incomeMs } = value as { readonly incomeMs?: unknown };
  const known = (Array.isArray(incomeMs) ? (incomeMs as readonly unknown[]) : []).filter((each): each is [string, number] => Array.isArray(each) && each.length === 2 && typeof each[0] === 'string' && Number.isSafeInteger(each[1]));
  return new Map(known);
}

type Names = Readonly<Record<string, unknown>>;
const namesOf = (value: unknown): Names | undefined => {
  const names = typeof value === 'object' && value !== null ? (value as { readonly names?: unknown }).names : undefined;
  return typeof names === 'object' && names !== null && !Array.isArray(names) ? (names as Names) : undefined;
};

/** Names of the instruments by their index, for the row: an index is of one run. */
export function instrumentNames(of: VenueProduct, instruments: readonly ReconcileInstrument[]): Readonly<Record<string, string>> {
  return Object.fromEntries(instruments.filter(({ instrument }) => venueProductOf(instrument) === of).map(({ instrument }) => [String(instrument.index), instrument.symbol]));
}

/** Books of an earlier run (`value` is their row) under the indices of this one. What this run does not trade is left out: {@link leftBehind}. */
export function renumbered(books: Books, value: unknown, instruments: readonly ReconcileInstrument[]): Books {
  const names = namesOf(value);
  if (names === undefined) return books;
  const { view } = books;
  const indices = new Map<unknown, number>(instruments.filter(({ instrument }) => venueProductOf(instrument) === view.product).map(({ instrument }) => [instrument.symbol, instrument.index]));
  const indexOf = (symbol: number): number | undefined => indices.get(names[String(symbol)]);
  const rows = <T extends { readonly symbol: number }>(list: readonly T[]): readonly T[] =>
    list.flatMap((each) => {
      const symbol = indexOf(each.symbol);
      return symbol === undefined ? [] : [{ ...each, symbol }];
    });
  // Keys are an index, a space, and what is of the instrument alone.
  const keyOf = (key: string): string | undefined => {
    const space = key.indexOf(' ');
    const symbol = indexOf(Number(key.slice(0, space)));
    return symbol === undefined ? undefined : `${symbol}${key.slice(space)}`;
  };
  return {
    ...books,
    view: { ...view, positions: rows(view.positions), holdings: rows(view.holdings), fills: rows(view.fills), dust: rows(view.dust) },
    ownFills: new Set([...books.ownFills].map(keyOf).filter((key) => key !== undefined)),
    trips: new Map([...books.trips].flatMap(([key, open]) => {
      const now = keyOf(key);
      return now === undefined ? [] : [[now, open] as const];
    })),
  };
}

/** Instruments of which an earlier run left something of ours, more than dust, and that this one does not trade. */
export function leftBehind(value: unknown, of: VenueProduct, instruments: readonly { readonly instrument: ReconcileInstrument['instrument'] }[]): readonly string[] {
  const names = namesOf(value);
  if (names === undefined) return [];
  const { view } = booksFrom(value, of);
  const isDust = (symbol: number): boolean => view.dust.some((each) => each.symbol === symbol);
  const held = [...view.positions.filter(({ ownLots }) => ownLots !== 0), ...view.holdings.filter(({ quantity }) => money(quantity) > 0n)].filter(({ symbol }) => !isDust(symbol));
  const known = (name: string): boolean => instruments.some(({ instrument }) => venueProductOf(instrument) === of && instrument.symbol === name);
  const nameOf = (symbol: number): string => {
    const name = names[String(symbol)];
    return typeof name === 'string' ? name : String(symbol);
  };
  return [...new Set(held.map(({ symbol }) => nameOf(symbol)))].filter((name) => !known(name));
}
