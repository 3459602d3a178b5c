/** Binance Spot: user events and answers. Sources: user-data-stream.md, rest-api.md and enums.md of binance-spot-api-docs. */
import type { Json } from '../../engine/io.js';
import type { AccountReport, CashReport, OrderReport, VenueFill } from '../../engine/venue-calls.js';
import { Fields } from './fields.js';
import type { VenueInstrument } from './instruments.js';
import type { OrderRow, Placement, TradeRow } from './rows.js';
import { isZero, ORDER_STATUSES, plus, quantities, SIDES } from './words.js';

const NO_LIST = '-1';
const listIdOf = (fields: Fields, name: string): string | null => {
  const id = fields.has(name) ? fields.id(name) : NO_LIST;
  return id === NO_LIST ? null : id;
};

/** `executionReport`. */
export function executionReport(event: Fields, instrument: VenueInstrument): OrderReport {
  const execution = event.text('x');
  const original = event.textOr('C', '');
  const venueMs = event.ms('T');
  let fill: VenueFill | null = null;
  if (execution === 'TRADE') {
    fill = {
      tradeId: event.id('t'), priceTicks: event.ticks('L', instrument.price), lots: event.lots('l', instrument.lot), maker: event.boolOr('m', false),
      fee: event.decimal('n'), feeAsset: event.nameOr('N', ''), realised: null, venueMs,
    };
    if (fill.lots === 0) event.fail('l', 'a trade of nothing');
    if (fill.feeAsset === '' && !isZero(fill.fee)) event.fail('N', 'a fee without its asset');
  }
  const reject = event.textOr('r', 'NONE');
  return {
    type: 'order.report', source: 'stream', product: 'spot', symbol: instrument.symbol,
    // `c` of a cancel is the cancel's own name; the order's is then in `C`.
    clientId: original === '' ? event.text('c') : original,
    venueId: event.id('i'), status: event.word('X', ORDER_STATUSES), side: event.word('S', SIDES), positionSide: 'BOTH', kind: event.text('o'),
    timeInForce: event.text('f'), reduceOnly: false, priceTicks: event.ticks('p', instrument.price), triggerTicks: event.ticksOr('P', instrument.price, 0),
    ...quantities(event, instrument, 'q', 'z'), fill, venueMs, reason: reject === 'NONE' ? event.textOr('eR', '') : reject,
  };
}

/** `outboundAccountPosition`. */
export function accountPosition(event: Fields): AccountReport {
  return {
    type: 'account.report', source: 'stream', whole: false, product: 'spot', reason: 'outboundAccountPosition',
    balances: event.objects('B').map((row) => balance(row, 'a', 'f', 'l')), positions: [], venueMs: event.ms('u'),
  };
}

function balance(row: Fields, asset: string, free: string, locked: string): AccountReport['balances'][number] {
  const [freeText, lockedText] = [row.decimal(free), row.decimal(locked)];
  return { asset: row.name(asset), free: freeText, locked: lockedText, total: plus(freeText, lockedText) };
}

/** `balanceUpdate`: a deposit, a withdrawal or a transfer. The venue gives it no id; asset, time and amount name it. */
export function balanceUpdate(event: Fields): CashReport {
  const asset = event.name('a');
  const amount = event.decimal('d');
  const venueMs = event.ms('T');
  return { type: 'cash.report', product: 'spot', kind: 'transfer', asset, amount, symbol: null, id: `balanceUpdate:${asset}:${venueMs}:${amount}`, venueMs };
}

/** An order, as `GET order`, `openOrders` and `allOrders` list it, and as cancels and placements (RESULT, FULL) are answered. */
export function order(row: Fields, instrument: VenueInstrument): OrderRow {
  const original = row.textOr('origClientOrderId', '');
  return {
    type: 'order.report', source: 'answer', product: 'spot', symbol: instrument.symbol, clientId: original === '' ? row.text('clientOrderId') : original,
    venueId: row.id('orderId'), status: row.word('status', ORDER_STATUSES), side: row.word('side', SIDES), positionSide: 'BOTH', kind: row.text('type'),
    timeInForce: row.text('timeInForce'), reduceOnly: false, priceTicks: row.ticks('price', instrument.price), triggerTicks: row.ticksOr('stopPrice', instrument.price, 0),
    ...quantities(row, instrument, 'origQty', 'executedQty'), fill: null, venueMs: row.msOr('updateTime', row.msOr('transactTime', 0)), reason: row.textOr('expiryReason', ''),
    listId: listIdOf(row, 'orderListId'), closePosition: false,
  };
}

/** The answer to `POST order` with `newOrderRespType` RESULT or FULL. */
export function placement(row: Fields, instrument: VenueInstrument): Placement {
  const placed = order(row, instrument);
  const fills = row.has('fills') ? row.objects('fills') : [];
  return {
    order: placed,
    fills: fills.map((fill) => ({
      tradeId: fill.id('tradeId'), priceTicks: fill.ticks('price', instrument.price), lots: fill.lots('qty', instrument.lot), maker: false,
      fee: fill.decimal('commission'), feeAsset: fill.name('commissionAsset'), realised: null, venueMs: placed.venueMs,
    })),
  };
}

/** One of `myTrades`. */
export function trade(row: Fields, instrument: VenueInstrument): TradeRow {
  return {
    symbol: instrument.symbol, tradeId: row.id('id'), venueOrderId: row.id('orderId'), side: row.boolOr('isBuyer', false) ? 'buy' : 'sell', positionSide: 'BOTH',
    priceTicks: row.ticks('price', instrument.price), lots: row.lots('qty', instrument.lot), maker: row.boolOr('isMaker', false),
    fee: row.decimal('commission'), feeAsset: row.name('commissionAsset'), realised: null, venueMs: row.ms('time'),
  };
}

/** `GET account`: all balances that are not zero, or all with zeros, as it was asked. */
export function account(body: Json): AccountReport {
  const fields = Fields.of(body);
  return {
    type: 'account.report', source: 'answer', whole: true, product: 'spot', reason: 'account',
    balances: fields.objects('balances').map((row) => balance(row, 'asset', 'free', 'locked')), positions: [], venueMs: fields.msOr('updateTime', 0),
  };
}
