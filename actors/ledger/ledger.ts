/** The ledger: books every execution once, fees in their own asset, funding, profits; and answers what it believes. */
import { DecimalGrid } from '../../data/instruments/decimal.js';
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { StoreRow, StoreWrite, VenueProduct } from '../engine/io.js';
import { decide } from '../journal/decide.js';
import { ORDERS_TOPIC, type OrderFilled } from '../orders/messages.js';
import type { Origin } from '../truth/differences.js';
import { originOf } from '../truth/keys.js';
import type { LedgerAnswer, PositionGone, TruthDifferences } from '../truth/messages.js';
import type { ReconcileInstrument, VenueTrade } from '../truth/views.js';
import { bookIncome, type Books, booksRow, bookTrade, type Change, heard, isDust, ownLots, prune, setRight, totalsOf } from './books.js';
import type { LedgerInput, LedgerMessage, LedgerStatus } from './messages.js';
import { booksFrom, instrumentNames, renumbered } from './recover.js';
import { tripRow } from './round-trip.js';

export interface LedgerState {
  readonly input: LedgerInput;
  readonly books: ReadonlyMap<VenueProduct, Books>;
  /** Products whose books are not in the record as they are. */
  readonly unwritten: readonly VenueProduct[];
}

type Context = ActorContext<LedgerMessage>;

/**
 * The books go to the record a moment after a change: whole, so that they are right as of some moment. What a crash loses of them is found
 * again in the exchange's list of trades.
 */
const WRITE_AFTER_MS = 500;
const snapshotRow = (books: Books, instruments: readonly ReconcileInstrument[]): StoreRow =>
  ({ table: 'snapshots', key: `ledger ${books.view.product}`, row: { ...booksRow(books), names: instrumentNames(books.view.product, instruments) } });

/** Under the name of the instrument, as the order's own row of it, whose place it takes: an index is of one run. */
function fillRow({ symbol, ...trade }: VenueTrade, origin: Origin, product: VenueProduct, entryId: string, instruments: readonly ReconcileInstrument[]): StoreRow {
  const instrument = instruments.find((each) => each.instrument.index === symbol)?.instrument;
  if (instrument === undefined) return { table: 'fills', key: `${product} ${symbol} ${trade.tradeId}`, row: { product, origin, entryId, ...trade } };
  const [price, quantity] = [new DecimalGrid(instrument.tickSize).toDecimal(trade.priceTicks), new DecimalGrid(instrument.lotSize).toDecimal(trade.lots)];
  return { table: 'fills', key: `${product} ${instrument.symbol} ${trade.tradeId}`, row: { product, instrument: instrument.symbol, origin, entryId, ...trade, price, quantity } };
}

/** What a change leaves in the record, besides the books. */
function tradeRows(change: Change, product: VenueProduct, closedMs: number): StoreRow[] {
  return change.closed.map(({ trip, instrument, key }) => ({ table: 'trades', key: `${product} ${instrument.symbol}${key.slice(key.indexOf(' '))} ${trip.firstTradeId}`, row: { product, ...tripRow(trip, instrument, closedMs) } }));
}

export function ledgerBehaviour(): Behaviour<LedgerState, LedgerMessage, LedgerInput> {
  function put(state: LedgerState, books: Books, ctx: Context): LedgerState {
    const { product } = books.view;
    if (state.unwritten.length === 0) ctx.startTimer('write', WRITE_AFTER_MS, { type: 'ledger.write' });
    return { ...state, books: new Map(state.books).set(product, books), unwritten: state.unwritten.includes(product) ? state.unwritten : [...state.unwritten, product] };
  }
  const write = (ctx: Context, rows: readonly StoreRow[]): void => ctx.effect('store.write', { rows } satisfies StoreWrite);

  function filled(state: LedgerState, news: OrderFilled, ctx: Context): LedgerState {
    const books = state.books.get(news.product);
    if (books === undefined) return state;
    const { tradeId, priceTicks, lots, maker, fee, feeAsset, realised, venueMs } = news.fill;
    const trade: VenueTrade = {
      tradeId, symbol: news.symbol, venueOrderId: news.venueId, clientId: news.clientId, side: news.side, positionSide: news.positionSide, priceTicks, lots, maker, fee, feeAsset, realised, venueMs,
    };
    const origin = news.ours ? 'ours' : originOf(news.clientId, state.input.ownPrefixes);
    return booked(state, books, trade, origin, news.entryId, ctx, { heardMs: Math.floor(ctx.nowUs() / 1000), ours: news.ours });
  }

  /** `told`: all are told of it now, ms, and of one of ours those who protect it; undefined for what a list of the exchange's has. */
  function booked(state: LedgerState, books: Books, trade: VenueTrade, origin: Origin, entryId: string, ctx: Context, told?: { readonly heardMs: number; readonly ours: boolean }): LedgerState {
    const change = bookTrade(books, trade, origin, entryId, state.input.instruments, state.input.ownPrefixes);
    if (!change.changed) return state;
    const { product } = books.view;
    write(ctx, [fillRow(trade, origin, product, entryId, state.input.instruments), ...tradeRows(change, product, trade.venueMs)]);
    if (origin !== 'ours') tellGone(state, books, change.books, trade, { priceTicks: trade.priceTicks, reason: origin }, ctx);
    return put(state, told === undefined ? change.books : heard(books, change.books, trade, told.heardMs, told.ours), ctx);
  }

  /** Who counts what we have open hears what of it went without an order of ours. */
  function tellGone(
    { input }: LedgerState, before: Books, after: Books, { symbol, positionSide }: Pick<VenueTrade, 'symbol' | 'positionSide'>, how: Pick<PositionGone, 'priceTicks' | 'reason'>, ctx: Context,
  ): void {
    const had = ownLots(before, symbol, positionSide, input.instruments);
    const lots = Math.abs(had) - Math.abs(ownLots(after, symbol, positionSide, input.instruments));
    if (lots <= 0) return;
    const gone: PositionGone = { type: 'position.gone', product: before.view.product, symbol, positionSide, side: had > 0 ? 'buy' : 'sell', lots, ...how };
    for (const path of input.goneTo ?? []) ctx.send(ctx.ref<PositionGone>(path), gone);
  }

  /** What reconciliation found: only the corrections of money and positions are ours to carry out. */
  function differences(state: LedgerState, message: TruthDifferences, ctx: Context): LedgerState {
    let now = state;
    for (const difference of message.differences) {
      const books = now.books.get(message.product);
      if (books === undefined) return state;
      switch (difference.kind) {
        case 'fillMissed':
          now = booked(now, books, difference.trade, difference.origin, '', ctx);
          break;
        case 'incomeMissed': {
          const { income } = difference;
          const change = bookIncome(books, income);
          if (!change.changed) break;
          write(ctx, [{ table: 'ledger', key: `${message.product} income ${income.id}`, row: { product: message.product, ...income } }]);
          now = put(now, change.books, ctx);
          break;
        }
        case 'balanceMismatch':
        case 'positionMismatch':
        case 'holdingShort':
          write(ctx, [{
            table: 'ledger', key: `${message.product} correction ${message.askedMs} ${difference.kind} ${'asset' in difference ? difference.asset : ''}${'symbol' in difference ? difference.symbol : ''}${'positionSide' in difference ? difference.positionSide : ''}`,
            row: { product: message.product, ...difference, action: { ...difference.action } },
          }]);
          now = put(now, setRight(books, difference, now.input.instruments, now.input.ownPrefixes), ctx);
          if (difference.kind !== 'balanceMismatch') {
            tellGone(now, books, now.books.get(message.product)!, { positionSide: 'BOTH', ...difference }, { priceTicks: 0, reason: 'unexplained' }, ctx);
          }
          break;
        case 'dust':
          decide(ctx, 'control', difference.symbol, -1, { control: 'dust', product: message.product, lots: difference.ownLots });
          now = put(now, setRight(books, difference, now.input.instruments, now.input.ownPrefixes), ctx);
          break;
        case 'fillNotAtVenue':
        case 'positionModeChanged':
          now = put(now, setRight(books, difference, now.input.instruments, now.input.ownPrefixes), ctx);
          break;
        case 'missingOrderAtVenue':
        case 'unknownOrderResolved':
        case 'unknownOrder':
        case 'orderDiffers':
        case 'foreignOrder':
        case 'forgottenOrder':
        case 'protectiveStopMissing':
        case 'orphanStop':
          break;
      }
    }
    const after = now.books.get(message.product);
    if (after === undefined) return now;
    const opened = after.view.opening ? { ...after, view: { ...after.view, opening: false } } : after;
    return opened === after ? now : put(now, opened, ctx);
  }

  function answer(state: LedgerState, product: VenueProduct, sinceMs: number, keepSinceMs: number, ctx: Context): LedgerState {
    const books = state.books.get(product);
    if (books === undefined) return state;
    const fills = books.view.fills.filter(({ venueMs, heardMs = 0 }) => Math.max(venueMs, heardMs) >= sinceMs);
    ctx.reply({ ...books.view, fills } satisfies LedgerAnswer);
    const pruned = prune(books, keepSinceMs);
    return pruned === books ? state : put(state, pruned, ctx);
  }

  function statusOf(state: LedgerState): LedgerStatus {
    return {
      products: [...state.books.values()].map((books) => ({
        product: books.view.product, balances: Object.fromEntries(books.view.balances.map(({ asset, total }) => [asset, total])), 
        holdings: books.view.holdings.map((each) => ({ ...each, dust: isDust(books, each.symbol, state.input.instruments) })),
        positions: books.view.positions.map(({ symbol, positionSide, signedLots, ownLots }) => ({ symbol, positionSide, signedLots, ownLots })), totals: totalsOf(books),
      })),
    };
  }

  return {
    name: 'ledger',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(ORDERS_TOPIC);
      return { input, books: new Map(input.products.map((product) => [product, renumbered(booksFrom(input.recovered[product], product), input.recovered[product], input.instruments)])), unwritten: [] };
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'order.filled':
          return filled(state, message, ctx);
        case 'cash.report': {
          const books = state.books.get(message.product);
          if (books === undefined) return state;
          const change = bookIncome(books, message);
          if (!change.changed) return state;
          const { product, kind, asset, amount, symbol, id, venueMs } = message;
          write(ctx, [{ table: 'ledger', key: `${product} income ${id}`, row: { product, kind, asset, amount, symbol, id, venueMs } }]);
          return put(state, change.books, ctx);
        }
        case 'truth.differences':
          return differences(state, message, ctx);
        case 'ledger.view':
          return answer(state, message.product, message.sinceMs, message.keepSinceMs, ctx);
        case 'ledger.status':
          ctx.reply(statusOf(state));
          return state;
        case 'ledger.write':
          write(ctx, state.unwritten.map((product) => snapshotRow(state.books.get(product)!, state.input.instruments)));
          return { ...state, unwritten: [] };
        case 'order.changed':
        case 'order.foreign':
        case 'order.blocked':
          return state;
        default:
          return state;
      }
    },
    view: statusOf,
  };
}
