/** One reading of a product's truth: which questions, what the answers add up to. Pure. */
import type { VenueProduct } from '../engine/io.js';
import type { AccountReport, AlgoReport, CashReport, VenueOrderStatus, VenueOutcome } from '../engine/venue-calls.js';
import {
  decodeAccount, decodeAlgoOrder, decodeAlgoOrders, decodeHedgeMode, decodeIncome, decodeOrder, decodeOrders, decodePositions, decodeTrades, type Decoded, type OrderRow, problemText,
  type VenueInstruments,
} from '../gateway/decode/index.js';
import { accountQuery, hedgeModeQuery, incomeQuery, listsBySymbol, NO_SUCH_ORDER, openAlgoOrdersQuery, openOrdersQuery, optionPositionsQuery, orderQuery, PAGE, type Query, TRADES_SPAN_MS, tradesQuery } from './endpoints.js';
import type { FillWindow, OrderLookup, OrderService, VenueOrder, VenueTrade, VenueView } from './views.js';

export interface Lookup {
  readonly kind: 'lookup';
  readonly service: OrderService;
  readonly symbol: number;
  readonly name: string;
  readonly by: { readonly clientId: string } | { readonly venueId: string };
}

/** A question that is out. */
export type Part =
  | { readonly kind: 'account' | 'mode' | 'positions' | 'incomes' }
  /** `name`: of one symbol; null: of all. */
  | { readonly kind: 'orders' | 'algos'; readonly name: string | null }
  | { readonly kind: 'trades'; readonly symbol: number; readonly name: string; readonly fromMs: number; readonly fromId: string | null; readonly page: number }
  | Lookup;

export interface Reading {
  readonly product: VenueProduct;
  /** Also trades and the position mode. */
  readonly full: boolean;
  /** Also incomes, which cost most of all: otherwise they are asked for when a balance cannot be explained without them. */
  readonly withIncomes: boolean;
  /** Trades and incomes are listed from then on, ms on the venue's clock; null: from the reading itself on, that is none. */
  readonly sinceMs: number | null;
  readonly startedMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly outstanding: ReadonlyMap<string, Part>;
  /** Why it cannot become a view; empty as long as it can. */
  readonly problem: string;
  readonly account: AccountReport | null;
  readonly positions: AccountReport['positions'] | null;
  readonly hedgeMode: boolean;
  readonly orders: readonly VenueOrder[];
  readonly algos: readonly VenueOrder[];
  readonly trades: readonly VenueTrade[];
  readonly incomes: readonly CashReport[];
  readonly incomesCut: boolean;
  /** Symbols whose trades are not listed in full, and why. */
  readonly cut: ReadonlyMap<number, string>;
  readonly lookups: readonly OrderLookup[];
}

export function newReading(product: VenueProduct, full: boolean, withIncomes: boolean, sinceMs: number | null, startedMs: number, hedgeMode: boolean): Reading {
  return {
    product, full, withIncomes, sinceMs, startedMs, askedMs: 0, answeredMs: 0, outstanding: new Map(), problem: '', account: null, positions: null, hedgeMode, orders: [], algos: [], trades: [], incomes: [],
    incomesCut: false, cut: new Map(), lookups: [],
  };
}

/** What a reading asks first. */
export function firstParts(reading: Reading, symbols: readonly { readonly symbol: number; readonly name: string }[]): Part[] {
  const { product, full, withIncomes, sinceMs } = reading;
  const lists = listsBySymbol(product, symbols.length) ? symbols.map(({ name }) => name) : [null];
  const parts: Part[] = [{ kind: 'account' }, ...lists.map((name): Part => ({ kind: 'orders', name }))];
  if (product === 'usdm') parts.push(...lists.map((name): Part => ({ kind: 'algos', name })));
  if (product === 'options') parts.push({ kind: 'positions' });
  if (!full) return parts;
  if (product === 'usdm') parts.push({ kind: 'mode' });
  if (sinceMs === null) return parts;
  if (product === 'usdm' && withIncomes) parts.push({ kind: 'incomes' });
  for (const { symbol, name } of symbols) parts.push({ kind: 'trades', symbol, name, fromMs: sinceMs, fromId: null, page: 0 });
  return parts;
}

export function queryOf(part: Part, { product, sinceMs }: Reading): Query {
  switch (part.kind) {
    case 'account': return accountQuery(product);
    case 'orders': return openOrdersQuery(product, part.name);
    case 'algos': return openAlgoOrdersQuery(part.name);
    case 'mode': return hedgeModeQuery();
    case 'positions': return optionPositionsQuery();
    case 'incomes': return incomeQuery(sinceMs ?? 0);
    case 'trades':
      return tradesQuery(product, part.name, part.fromId !== null ? { fromId: part.fromId } : { sinceMs: part.fromMs, untilMs: part.fromMs + TRADES_SPAN_MS[product] - 1 });
    case 'lookup': return orderQuery(product, part.service, part.name, part.by);
  }
}

interface Absorbed {
  readonly reading: Reading;
  /** Questions that follow from the answer. */
  readonly next: readonly Part[];
}

/** Takes an outcome in. Total. */
export function absorb(before: Reading, id: string, { outcome, stampMs }: VenueOutcome, nowMs: number, instruments: VenueInstruments, mostPages: number): Absorbed {
  const part = before.outstanding.get(id);
  if (part === undefined) return { reading: before, next: [] };
  const outstanding = new Map(before.outstanding);
  outstanding.delete(id);
  const askedMs = stampMs > 0 ? stampMs : before.startedMs;
  // What a query of one order tells is dated by itself; the view is as old as its oldest list.
  const oldest = part.kind === 'lookup' ? before.askedMs : before.askedMs === 0 ? askedMs : Math.min(before.askedMs, askedMs);
  const reading: Reading = { ...before, outstanding, askedMs: oldest, answeredMs: nowMs };
  const failed = (problem: string): Absorbed => ({ reading: { ...reading, problem: `${part.kind}: ${problem}` }, next: [] });
  if (outcome.kind !== 'ok') {
    if (part.kind === 'lookup') {
      const gone = outcome.kind === 'refused' && NO_SUCH_ORDER.includes(outcome.code);
      return { reading: gone ? { ...reading, lookups: [...reading.lookups, { ...lookedUp(part), askedMs, found: null }] } : reading, next: [] };
    }
    return failed(outcome.kind === 'refused' ? `${outcome.code} ${outcome.text}` : outcome.reason);
  }
  const { body } = outcome;
  const { product } = before;
  const decoded = <T>(value: Decoded<T>, use: (value: T) => Absorbed | Reading): Absorbed => {
    if (!value.ok) return part.kind === 'lookup' ? { reading, next: [] } : failed(problemText(value.problem));
    const used = use(value.value);
    return 'next' in used ? used : { reading: used, next: [] };
  };
  switch (part.kind) {
    case 'account': return decoded(decodeAccount(product, body, instruments), (account) => ({ ...reading, account }));
    case 'orders': return decoded(decodeOrders(product, body, instruments), (orders) => ({ ...reading, orders: [...reading.orders, ...orders.map(orderOf)] }));
    case 'algos': return decoded(decodeAlgoOrders(body, instruments), (algos) => ({ ...reading, algos: [...reading.algos, ...algos.map(algoOf)] }));
    case 'mode': return decoded(decodeHedgeMode(body), (hedgeMode) => ({ ...reading, hedgeMode }));
    case 'positions': return decoded(decodePositions('options', body, instruments), (positions) => ({ ...reading, positions }));
    case 'incomes': return decoded(decodeIncome(body, instruments), (incomes) => ({ ...reading, incomes, incomesCut: Array.isArray(body) && body.length >= PAGE }));
    case 'trades':
      return decoded(decodeTrades(product, body, instruments), (rows) => {
        const trades = [...reading.trades, ...rows.map((row): VenueTrade => ({ ...row, clientId: null }))];
        const next = { ...reading, trades };
        const rest = nextPage(part, rows, product, nowMs);
        if (rest === null) return next;
        if (part.page + 1 >= mostPages) return { ...next, cut: new Map(reading.cut).set(part.symbol, `more than ${mostPages} pages of trades`) };
        return { reading: next, next: [rest] };
      });
    case 'lookup':
      if (part.service === 'algo') return decoded(decodeAlgoOrder(body, instruments), (algo) => ({ ...reading, lookups: [...reading.lookups, { ...lookedUp(part), askedMs, found: { ...algoOf(algo), status: ALGO_STATUS[algo.status] } }] }));
      return decoded(decodeOrder(product, body, instruments), (order) => ({ ...reading, lookups: [...reading.lookups, { ...lookedUp(part), askedMs, found: { ...orderOf(order), status: order.status } }] }));
  }
}

/** A full page goes on by ids, which has no end of time; spans of time follow each other up to now. */
function nextPage(part: Extract<Part, { kind: 'trades' }>, rows: readonly { readonly tradeId: string }[], product: VenueProduct, nowMs: number): Part | null {
  if (rows.length >= PAGE) {
    let last = 0n;
    for (const { tradeId } of rows) if (/^\d+$/.test(tradeId) && BigInt(tradeId) > last) last = BigInt(tradeId);
    return { ...part, fromId: String(last + 1n), page: part.page + 1 };
  }
  const nextMs = part.fromMs + TRADES_SPAN_MS[product];
  return part.fromId === null && nextMs <= nowMs ? { ...part, fromMs: nextMs, page: part.page + 1 } : null;
}

/** What was read, once nothing is outstanding. */
export function viewOf(reading: Reading): VenueView | null {
  if (reading.problem !== '' || reading.account === null || (reading.product === 'options' && reading.positions === null)) return null;
  return {
    product: reading.product, askedMs: reading.askedMs, answeredMs: reading.answeredMs, hedgeMode: reading.hedgeMode,
    orders: [...reading.orders, ...reading.algos], lookups: reading.lookups, positions: reading.positions ?? reading.account.positions,
    balances: reading.account.balances.map(({ asset, total }) => ({ asset, total })), trades: reading.trades,
    incomes: reading.incomes.map(({ id, kind, asset, amount, symbol, venueMs }) => ({ id, kind, asset, amount, symbol, venueMs })),
  };
}

export function fillWindowsOf(reading: Reading, symbols: readonly { readonly symbol: number }[]): FillWindow[] {
  if (!reading.full) return [];
  return symbols.map(({ symbol }) => {
    const problem = reading.cut.get(symbol) ?? '';
    return { symbol, sinceMs: reading.sinceMs ?? reading.askedMs, complete: problem === '', problem };
  });
}

function lookedUp({ service, symbol, by }: Lookup): Pick<OrderLookup, 'service' | 'symbol' | 'by'> {
  return { service, symbol, by };
}

function orderOf({ symbol, clientId, venueId, listId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots }: OrderRow): VenueOrder {
  return { service: 'order', symbol, clientId, venueId, listId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots };
}

function algoOf({ symbol, clientId, algoId, side, positionSide, kind, reduceOnly, closePosition, triggerTicks, lots }: AlgoReport): VenueOrder {
  return { service: 'algo', symbol, clientId, venueId: algoId, listId: null, side, positionSide, kind, reduceOnly, closePosition, priceTicks: 0, triggerTicks, lots, filledLots: 0 };
}

/** An algo order that has triggered is over; what it became is an order of its own. */
const ALGO_STATUS: Readonly<Record<AlgoReport['status'], VenueOrderStatus>> = {
  NEW: 'NEW', TRIGGERING: 'NEW', TRIGGERED: 'FILLED', FINISHED: 'FILLED', CANCELED: 'CANCELED', REJECTED: 'REJECTED', EXPIRED: 'EXPIRED',
};
