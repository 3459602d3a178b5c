/**
 * Answers of the private REST endpoints, in our words. Each takes the `body` of an `ok` outcome and is total: what cannot be read is a
 * {@link DecodeProblem}. A list is read whole or not at all, for a list with a hole in it would be a wrong truth; only rows of instruments
 * that are none of this run's are left out.
 */
import type { Json, VenueProduct } from '../../engine/io.js';
import type { AccountReport, AlgoReport, CashReport } from '../../engine/venue-calls.js';
import { type Decoded, decoding, Fields } from './fields.js';
import type { VenueInstrument, VenueInstruments } from './instruments.js';
import * as options from './options.js';
import type { OrderRow, Placement, TradeRow } from './rows.js';
import * as spot from './spot.js';
import * as usdm from './usdm.js';

const ORDER = { spot: spot.order, usdm: usdm.order, options: options.order } as const;
const TRADE = { spot: spot.trade, usdm: usdm.trade, options: options.trade } as const;

function ours<T>(row: Fields, product: VenueProduct, instruments: VenueInstruments, read: (row: Fields, instrument: VenueInstrument) => T): T {
  const name = row.text('symbol');
  return read(row, instruments.find(product, name) ?? row.fail('symbol', `${JSON.stringify(name)} is no instrument of this run`));
}

function oursOf<T>(body: Json, product: VenueProduct, instruments: VenueInstruments, read: (row: Fields, instrument: VenueInstrument) => T): readonly T[] {
  return Fields.list(body).flatMap((row) => {
    const instrument = instruments.find(product, row.text('symbol'));
    return instrument === undefined ? [] : [read(row, instrument)];
  });
}

/** One order: the answer to a query, a cancel, or a placement of USD-M or options. */
export function decodeOrder(product: VenueProduct, body: Json, instruments: VenueInstruments): Decoded<OrderRow> {
  return decoding(`${product} order`, () => ours(Fields.of(body), product, instruments, ORDER[product]));
}

/** The answer to a new order (spot: RESULT or FULL), with its fills where the venue tells them. */
export function decodePlacement(product: VenueProduct, body: Json, instruments: VenueInstruments): Decoded<Placement> {
  return decoding(`${product} placement`, () => {
    const row = Fields.of(body);
    return product === 'spot' ? ours(row, product, instruments, spot.placement) : { order: ours(row, product, instruments, ORDER[product]), fills: [] };
  });
}

/** `openOrders`, `allOrders`, `historyOrders`, and the answer to cancelling all of a symbol on spot, where a list of orders stands for its legs. */
export function decodeOrders(product: VenueProduct, body: Json, instruments: VenueInstruments): Decoded<readonly OrderRow[]> {
  return decoding(`${product} orders`, () =>
    Fields.list(body).flatMap((row) => (row.has('orderReports') ? row.objects('orderReports') : [row])).flatMap((row) => {
      const instrument = instruments.find(product, row.text('symbol'));
      return instrument === undefined ? [] : [ORDER[product](row, instrument)];
    }));
}

/**
 * The answer to a new order list of spot (OCO, OTO, OTOCO), to its cancel, and a list as `orderList` shows it (`orders` is then empty: the legs are only
 * named). `clientIds` are those of all legs.
 */
export interface OrderListRow {
  readonly listId: string;
  readonly listClientId: string;
  readonly done: boolean;
  readonly clientIds: readonly string[];
  readonly orders: readonly OrderRow[];
}
export function decodeOrderList(body: Json, instruments: VenueInstruments): Decoded<OrderListRow> {
  return decoding('spot order list', () => {
    const row = Fields.of(body);
    return {
      listId: row.id('orderListId'), listClientId: row.text('listClientOrderId'), done: row.text('listOrderStatus') !== 'EXECUTING',
      clientIds: row.objects('orders').map((leg) => leg.text('clientOrderId')),
      orders: (row.has('orderReports') ? row.objects('orderReports') : []).map((leg) => ours(leg, 'spot', instruments, spot.order)),
    };
  });
}

/** One algo order of USD-M. */
export function decodeAlgoOrder(body: Json, instruments: VenueInstruments): Decoded<AlgoReport> {
  return decoding('usdm algo order', () => ours(Fields.of(body), 'usdm', instruments, usdm.algoOrder));
}

/** `openAlgoOrders`, `allAlgoOrders`. */
export function decodeAlgoOrders(body: Json, instruments: VenueInstruments): Decoded<readonly AlgoReport[]> {
  return decoding('usdm algo orders', () => oursOf(body, 'usdm', instruments, usdm.algoOrder));
}

/** `myTrades`, `userTrades`. */
export function decodeTrades(product: VenueProduct, body: Json, instruments: VenueInstruments): Decoded<readonly TradeRow[]> {
  return decoding(`${product} trades`, () => oursOf(body, product, instruments, TRADE[product]));
}

/** `account` of spot, `account` of USD-M (v2, v3), `marginAccount` of options: all balances, and on USD-M positions without entry prices. */
export function decodeAccount(product: VenueProduct, body: Json, instruments: VenueInstruments): Decoded<AccountReport> {
  return decoding(`${product} account`, () => {
    switch (product) {
      case 'spot': return spot.account(body);
      case 'usdm': return usdm.account(body, instruments);
      case 'options': return options.account(body);
    }
  });
}

/** `balance` of USD-M. */
export function decodeBalances(body: Json): Decoded<AccountReport['balances']> {
  return decoding('usdm balance', () => usdm.balances(body));
}

/** `positionRisk` of USD-M, `position` of options: what is not listed is flat. */
export function decodePositions(product: 'usdm' | 'options', body: Json, instruments: VenueInstruments): Decoded<AccountReport['positions']> {
  return decoding(`${product} positions`, () => (product === 'usdm' ? usdm.positionRisk(body, instruments) : options.positions(body, instruments)));
}

/** `income` of USD-M without profits and commissions, which trades tell. */
export function decodeIncome(body: Json, instruments: VenueInstruments): Decoded<readonly CashReport[]> {
  return decoding('usdm income', () => usdm.income(body, instruments));
}

/** `positionSide/dual` of USD-M: true in hedge mode. */
export const decodeHedgeMode: (body: Json) => Decoded<boolean> = usdm.hedgeMode;
