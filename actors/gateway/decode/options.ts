/** Binance Options: user events in the flat form of 2026, and answers. Source: developers.binance.com, derivatives, option. */
import type { Json } from '../../engine/io.js';
import type { AccountReport, OrderReport, VenueFill } from '../../engine/venue-calls.js';
import { Fields } from './fields.js';
import type { VenueInstrument, VenueInstruments } from './instruments.js';
import type { OrderRow, TradeRow } from './rows.js';
import { isZero, negated, ORDER_STATUSES, plus, quantities, SIDES } from './words.js';

/** `ORDER_TRADE_UPDATE`, member `o`. */
export function orderUpdate(event: Fields, instrument: VenueInstrument): OrderReport {
  const o = event.object('o');
  const venueMs = o.ms('T');
  let fill: VenueFill | null = null;
  if (o.text('x') === 'TRADE') {
    fill = {
      tradeId: o.id('t'), priceTicks: o.ticks('L', instrument.price), lots: o.lots('l', instrument.lot), maker: o.boolOr('m', false), fee: o.decimal('n'),
      feeAsset: o.nameOr('N', ''), realised: o.decimalOr('rp', '0'), venueMs,
    };
    if (fill.lots === 0) o.fail('l', 'a trade of nothing');
    if (fill.feeAsset === '' && !isZero(fill.fee)) o.fail('N', 'a fee without its asset');
  }
  return {
    type: 'order.report', source: 'stream', product: 'options', symbol: instrument.symbol, clientId: o.textOr('c', ''), venueId: o.id('i'), status: o.word('X', ORDER_STATUSES),
    side: o.word('S', SIDES), positionSide: 'BOTH', kind: o.text('o'), timeInForce: o.text('f'), reduceOnly: o.boolOr('R', false), priceTicks: o.ticks('p', instrument.price),
    triggerTicks: 0, ...quantities(o, instrument, 'q', 'z'), fill, venueMs, reason: '',
  };
}

/** `BALANCE_POSITION_UPDATE`: the balance is the margin wallet's. Positions in instruments that are none of this run's are left out. */
export function balancePositionUpdate(event: Fields, instruments: VenueInstruments): AccountReport {
  return {
    type: 'account.report', source: 'stream', whole: false, product: 'options', reason: event.textOr('m', ''),
    balances: (event.has('B') ? event.objects('B') : []).map((row) => {
      const total = row.decimal('b');
      return { asset: row.name('a'), free: total, locked: '0', total };
    }),
    positions: (event.has('P') ? event.objects('P') : []).flatMap((row) => {
      const instrument = instruments.find('options', row.text('s'));
      return instrument === undefined ? [] : [{ symbol: instrument.symbol, positionSide: 'BOTH' as const, signedLots: row.steps('c', instrument.lot, 'lot'), entryPrice: row.decimalOr('a', '0') }];
    }),
    venueMs: event.ms('T'),
  };
}

/** An order as every answer of the order endpoints writes it. */
export function order(row: Fields, instrument: VenueInstrument): OrderRow {
  return {
    type: 'order.report', source: 'answer', product: 'options', symbol: instrument.symbol, clientId: row.textOr('clientOrderId', ''), venueId: row.id('orderId'),
    status: row.word('status', ORDER_STATUSES), side: row.word('side', SIDES), positionSide: 'BOTH', kind: row.text('type'), timeInForce: row.text('timeInForce'),
    reduceOnly: row.boolOr('reduceOnly', false), priceTicks: row.ticks('price', instrument.price), triggerTicks: 0, ...quantities(row, instrument, 'quantity', 'executedQty'), fill: null,
    venueMs: row.msOr('updateTime', row.msOr('createTime', 0)), reason: '', listId: null, closePosition: false,
  };
}

/** One of `userTrades`. The venue writes sold quantities and paid fees with a minus. */
export function trade(row: Fields, instrument: VenueInstrument): TradeRow {
  const lots = Math.abs(row.steps('quantity', instrument.lot, 'lot'));
  return {
    symbol: instrument.symbol, tradeId: row.id('tradeId'), venueOrderId: row.id('orderId'), side: row.word('side', SIDES), positionSide: 'BOTH', priceTicks: row.ticks('price', instrument.price),
    lots, maker: row.textOr('liquidity', 'TAKER') === 'MAKER', fee: negated(row.decimal('fee')), feeAsset: row.nameOr('quoteAsset', 'USDT'), realised: row.decimalOr('realizedProfit', '0'),
    venueMs: row.ms('time'),
  };
}

/** `GET marginAccount` or `account`: balances only. */
export function account(body: Json): AccountReport {
  const fields = Fields.of(body);
  return {
    type: 'account.report', source: 'answer', whole: true, product: 'options', reason: 'marginAccount',
    balances: fields.objects('asset').map((row) => {
      const [total, locked] = [row.decimal('marginBalance'), row.decimalOr('locked', '0')];
      return { asset: row.name('asset'), free: plus(total, negated(locked)), locked, total };
    }),
    positions: [], venueMs: fields.msOr('time', 0),
  };
}

/** `GET position`: what is held. */
export function positions(body: Json, instruments: VenueInstruments): AccountReport['positions'] {
  return Fields.list(body).flatMap((row) => {
    const instrument = instruments.find('options', row.text('symbol'));
    if (instrument === undefined) return [];
    const lots = row.steps('quantity', instrument.lot, 'lot');
    // Sold ones are written with a minus, or with their side alone.
    const signedLots = row.textOr('side', 'LONG') === 'SHORT' && lots > 0 ? -lots : lots;
    return [{ symbol: instrument.symbol, positionSide: 'BOTH' as const, signedLots, entryPrice: row.decimalOr('entryPrice', '0') }];
  });
}
