/** Books out of a row of the record. Nothing in it is taken on trust: money is not guessed. */
import { type Money, money } from '../account/money.js';
import type { VenueProduct } from '../engine/io.js';
import type { PositionSide } from '../truth/views.js';
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
  return { view, ownFills: new Set(ownFills), trips: new Map(trips), settledMs, ...totals };
}
