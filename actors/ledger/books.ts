/** The books of one product: what we believe of balances, positions and holdings, and the sums behind it. Pure and immutable. */
import type { Instrument } from '../../data/records/index.js';
import { formatMoney, type Money, money } from '../account/money.js';
import type { Json, VenueProduct } from '../engine/io.js';
import { applyCorrections } from '../truth/apply.js';
import type { Difference, Origin } from '../truth/differences.js';
import { fillKey, positionKey, signed } from '../truth/keys.js';
import type { LedgerAnswer } from '../truth/messages.js';
import type { LocalView, PositionSide, ReconcileInstrument, VenueIncome, VenueTrade } from '../truth/views.js';
import { broughtBy, quantityOf } from './cash.js';
import type { LedgerTotals } from './messages.js';
import { type Booked, bookSpotTrip, bookTrip, profitOf, type RoundTrip, withoutLots } from './round-trip.js';

type Sums = ReadonlyMap<string, Money>;

export interface Books {
  readonly view: LedgerAnswer;
  /** Of the fills in `view`: those that our own orders made. */
  readonly ownFills: ReadonlySet<string>;
  /** By `symbol positionSide`. */
  readonly trips: ReadonlyMap<string, RoundTrip>;
  readonly realised: Sums;
  readonly venueRealised: Sums;
  readonly fees: Sums;
  readonly funding: Sums;
  readonly other: Sums;
  readonly unexplained: Sums;
  readonly fills: number;
  readonly trades: number;
  /** When the incomes in `view` happened, ms, as far as it is known. */
  readonly incomeMs: ReadonlyMap<string, number>;
  /** All that happened before it was settled with the exchange and is forgotten one by one, ms: a late report of it is no news. */
  readonly settledMs: number;
}

export const newBooks = (product: VenueProduct): Books => ({
  view: { product, hedgeMode: false, opening: true, positions: [], holdings: [], balances: [], fills: [], incomes: [], dust: [] },
  ownFills: new Set(), trips: new Map(), realised: new Map(), venueRealised: new Map(), fees: new Map(), funding: new Map(), other: new Map(), unexplained: new Map(), fills: 0, trades: 0, incomeMs: new Map(), settledMs: 0,
});

export interface Change {
  readonly books: Books;
  /** Trades of ours that have ended. */
  readonly closed: readonly { readonly trip: RoundTrip; readonly instrument: Instrument; readonly key: string }[];
  /** False: it was booked already. */
  readonly changed: boolean;
}

const plus = (sums: Sums, asset: string, amount: Money): Sums => (amount === 0n ? sums : new Map(sums).set(asset, (sums.get(asset) ?? 0n) + amount));

/** A decimal from outside; what is none counts nothing here, and reconciliation finds what it left. */
function decimal(text: string | null): Money {
  try {
    return text === null ? 0n : money(text);
  } catch {
    return 0n;
  }
}

/** Beliefs corrected as reconciliation would; orders are others' affair. */
function correct(view: LedgerAnswer, differences: readonly Difference[], instruments: readonly ReconcileInstrument[], ownPrefixes: readonly string[]): LedgerAnswer {
  const local: LocalView = { ...view, orders: [], ended: [] };
  const { orders: _orders, ended: _ended, ...corrected } = applyCorrections(local, differences, instruments, ownPrefixes);
  return { ...corrected, opening: view.opening };
}

/** An execution, told by the stream or found missing. The same again changes nothing, but may tell that it is ours after all. */
export function bookTrade(books: Books, trade: VenueTrade, origin: Origin, entryId: string, instruments: readonly ReconcileInstrument[], ownPrefixes: readonly string[]): Change {
  const key = fillKey(trade);
  const known = instruments.find(({ instrument }) => instrument.index === trade.symbol);
  const before = books.view.fills.find((fill) => fill.tradeId === trade.tradeId && fill.symbol === trade.symbol);
  if (before !== undefined) {
    const ours = origin === 'ours' && !books.ownFills.has(key) && known !== undefined;
    return ours ? claim(books, trade, entryId, known) : { books, closed: [], changed: false };
  }
  if (trade.venueMs < books.settledMs) return { books, closed: [], changed: false };
  const view = correct(books.view, [{ kind: 'fillMissed', trade, origin, action: { do: 'bookFill', trade } }], instruments, ownPrefixes);
  const summed: Books = {
    ...books, view, fills: books.fills + 1, fees: plus(books.fees, trade.feeAsset, decimal(trade.fee)),
    venueRealised: known === undefined ? books.venueRealised : plus(books.venueRealised, known.instrument.settle, decimal(trade.realised)),
  };
  return origin === 'ours' && known !== undefined ? ownTrade(summed, trade, entryId, known) : { books: summed, closed: [], changed: true };
}

/**
 * A booked fill has just been told to all: answers to questions that were asked before need not know of it, whatever the exchange's stamp says. `ours`: and to
 * whoever protects what is ours, as that.
 */
export function heard({ view: before }: Books, after: Books, trade: VenueTrade, heardMs: number, ours: boolean): Books {
  const { view } = after;
  const told = ours ? { heardMs, own: { positionSide: trade.positionSide, signedLots: signed(trade.side, trade.lots) } } : { heardMs };
  const totals = new Map(before.balances.map(({ asset, total }) => [asset, total]));
  const touched = <T extends { readonly changedMs: number }>(each: T): T => ({ ...each, changedMs: Math.max(each.changedMs, heardMs) });
  return {
    ...after,
    view: {
      ...view,
      fills: view.fills.map((fill) => (fill.tradeId === trade.tradeId && fill.symbol === trade.symbol ? { ...fill, ...told } : fill)),
      positions: view.positions.map((each) => (each.symbol === trade.symbol && each.positionSide === trade.positionSide ? touched(each) : each)),
      balances: view.balances.map((each) => (totals.get(each.asset) === each.total ? each : touched(each))),
    },
  };
}

/** A booked fill turns out to be ours. */
function claim(books: Books, trade: VenueTrade, entryId: string, known: ReconcileInstrument): Change {
  const lots = trade.side === 'buy' ? trade.lots : -trade.lots;
  let { positions, holdings } = books.view;
  if (known.instrument.product === 'spot') {
    const quantity = heldOf(books.view, trade.symbol) + broughtBy({ ...trade, fee: formatMoney(decimal(trade.fee)) }, known.instrument, known.baseAsset);
    holdings = [...holdings.filter(({ symbol }) => symbol !== trade.symbol), { symbol: trade.symbol, asset: known.baseAsset, quantity: formatMoney(quantity) }];
  } else {
    positions = positions.map((each) => (each.symbol === trade.symbol && each.positionSide === trade.positionSide ? { ...each, ownLots: each.ownLots + lots } : each));
  }
  return ownTrade({ ...books, view: { ...books.view, positions, holdings } }, trade, entryId, known);
}

function ownTrade(books: Books, trade: VenueTrade, entryId: string, { instrument, baseAsset }: ReconcileInstrument): Change {
  const key = positionKey(trade.symbol, trade.positionSide);
  let booked: Booked;
  try {
    const { tradeId, side, lots, priceTicks, feeAsset, venueMs } = trade;
    const fill = { tradeId, entryId, side, lots, priceTicks, fee: decimal(trade.fee), feeAsset, venueMs };
    const before = books.trips.get(key) ?? null;
    booked = instrument.product === 'spot' ? bookSpotTrip(before, fill, heldOf(books.view, trade.symbol), instrument, baseAsset) : bookTrip(before, fill, instrument);
  } catch {
    // An instrument that cannot be valued has no profit of ours; the exchange's is booked all the same.
    return { books, closed: [], changed: true };
  }
  const { open, closed } = booked;
  const trips = new Map(books.trips);
  if (open === null) trips.delete(key);
  else trips.set(key, open);
  let realised = books.realised;
  for (const trip of closed) realised = plus(realised, instrument.settle, profitOf(trip, instrument));
  return {
    books: { ...books, trips, realised, ownFills: new Set(books.ownFills).add(fillKey(trade)), trades: books.trades + closed.length },
    closed: closed.map((trip) => ({ trip, instrument, key })), changed: true,
  };
}

const heldOf = ({ holdings }: LedgerAnswer, symbol: number): Money => decimal(holdings.find((each) => each.symbol === symbol)?.quantity ?? '0');

/** Signed lots that our own orders opened and that are still there; on spot whole lots that we hold. */
export function ownLots({ view }: Books, symbol: number, positionSide: PositionSide, instruments: readonly ReconcileInstrument[]): number {
  if (view.product !== 'spot') return view.positions.find((each) => each.symbol === symbol && each.positionSide === positionSide)?.ownLots ?? 0;
  const lotSize = instruments.find(({ instrument }) => instrument.index === symbol)?.instrument.lotSize;
  const held = heldOf(view, symbol);
  return lotSize === undefined || held <= 0n ? 0 : Number(held / money(lotSize));
}

/** Whether what we hold on spot is too little to be sold: less than a lot, or what reconciliation has called dust. */
export function isDust(books: Books, symbol: number, instruments: readonly ReconcileInstrument[]): boolean {
  const lots = ownLots(books, symbol, 'BOTH', instruments);
  return lots === 0 || books.view.dust.some((each) => each.symbol === symbol && each.ownLots === lots);
}

/** What changed a balance without a trade; the same id again changes nothing. */
export function bookIncome(books: Books, income: VenueIncome): Change {
  if (books.view.incomes.includes(income.id)) return { books, closed: [], changed: false };
  const view = correct(books.view, [{ kind: 'incomeMissed', income, action: { do: 'bookIncome', income } }], [], []);
  const amount = decimal(income.amount);
  const sums = income.kind === 'funding' ? { funding: plus(books.funding, income.asset, amount) } : { other: plus(books.other, income.asset, amount) };
  return { books: { ...books, view, ...sums, incomeMs: new Map(books.incomeMs).set(income.id, income.venueMs) }, closed: [], changed: true };
}

/** Corrections that set a number to the exchange's. */
export function setRight(books: Books, difference: Difference, instruments: readonly ReconcileInstrument[], ownPrefixes: readonly string[]): Books {
  const view = correct(books.view, [difference], instruments, ownPrefixes);
  if (difference.kind === 'balanceMismatch' && difference.cause !== 'opening') {
    const off = decimal(difference.venue) - decimal(books.view.balances.find(({ asset }) => asset === difference.asset)?.total ?? '0');
    return { ...books, view, unexplained: plus(books.unexplained, difference.asset, off) };
  }
  if (difference.kind === 'positionMismatch') {
    const key = positionKey(difference.symbol, difference.positionSide);
    const own = view.positions.find((each) => positionKey(each.symbol, each.positionSide) === key)?.ownLots ?? 0;
    // Our trade cannot be told to its end when the lots went without a fill.
    if (own === 0 && books.trips.has(key)) return { ...books, view, trips: without(books.trips, key) };
  }
  if (difference.kind === 'holdingShort') {
    const { symbol } = difference;
    const key = positionKey(symbol, 'BOTH');
    const trip = books.trips.get(key);
    const instrument = instruments.find((each) => each.instrument.index === symbol)?.instrument;
    if (trip === undefined || instrument === undefined) return { ...books, view };
    const lots = Math.max(0, Number((heldOf(books.view, symbol) - heldOf(view, symbol)) / quantityOf(instrument, 1)));
    const left = ownLots({ ...books, view }, symbol, 'BOTH', instruments) === 0 ? null : withoutLots(trip, lots);
    return { ...books, view, trips: left === null ? without(books.trips, key) : new Map(books.trips).set(key, left) };
  }
  return { ...books, view };
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** Forgets fills and incomes older than `keepSinceMs`, for nobody will ask about them again. */
export function prune(unpruned: Books, keepSinceMs: number): Books {
  if (keepSinceMs <= unpruned.settledMs) return unpruned;
  const books = withoutIncomes(unpruned, keepSinceMs);
  if (!books.view.fills.some(({ venueMs }) => venueMs < keepSinceMs)) return { ...books, settledMs: keepSinceMs };
  const fills = books.view.fills.filter(({ venueMs }) => venueMs >= keepSinceMs);
  const kept = new Set(fills.map(fillKey));
  return { ...books, settledMs: keepSinceMs, view: { ...books.view, fills }, ownFills: new Set([...books.ownFills].filter((key) => kept.has(key))) };
}

function withoutIncomes(books: Books, keepSinceMs: number): Books {
  const kept = books.view.incomes.filter((id) => (books.incomeMs.get(id) ?? Infinity) >= keepSinceMs);
  if (kept.length === books.view.incomes.length) return books;
  return { ...books, view: { ...books.view, incomes: kept }, incomeMs: new Map([...books.incomeMs].filter(([, venueMs]) => venueMs >= keepSinceMs)) };
}

const sumsJson = (sums: Sums): Record<string, string> => Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([asset, amount]) => [asset, formatMoney(amount)]));

export const totalsOf = (books: Books): LedgerTotals => ({
  realised: sumsJson(books.realised), venueRealised: sumsJson(books.venueRealised), fees: sumsJson(books.fees), funding: sumsJson(books.funding), other: sumsJson(books.other),
  unexplained: sumsJson(books.unexplained), fills: books.fills, trades: books.trades,
});

/** The books as a row of the record: {@link booksFrom} makes them again. */
export function booksRow(books: Books): { readonly [column: string]: Json } {
  return {
    product: books.view.product, settledMs: books.settledMs, view: JSON.parse(JSON.stringify(books.view)) as Json, ownFills: [...books.ownFills], incomeMs: [...books.incomeMs] as unknown as Json, totals: JSON.parse(JSON.stringify(totalsOf(books))) as Json,
    trips: [...books.trips].map(([key, trip]) => [key, { ...trip, bought: formatMoney(trip.bought), sold: formatMoney(trip.sold), fees: sumsJson(trip.fees) }]) as unknown as Json,
  };
}
