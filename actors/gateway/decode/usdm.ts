/** Binance USD-M Futures: user events and answers. Source: developers.binance.com, USDS-margined futures, user data streams and trade. */
import type { Json } from '../../engine/io.js';
import type { AccountReport, AlgoReport, CashReport, OrderReport, VenueFill } from '../../engine/venue-calls.js';
import { type Decoded, decoding, Fields } from './fields.js';
import type { VenueInstrument, VenueInstruments } from './instruments.js';
import type { OrderRow, TradeRow } from './rows.js';
import { ALGO_STATUSES, isZero, negated, ORDER_STATUSES, plus, positionSideOf, quantities, SIDES } from './words.js';

/** `ORDER_TRADE_UPDATE`, member `o`. Executions are `x` TRADE, and CALCULATED where the venue itself traded (liquidation, ADL). */
export function orderUpdate(event: Fields, instrument: VenueInstrument): OrderReport {
  const o = event.object('o');
  const execution = o.text('x');
  const venueMs = o.ms('T');
  let fill: VenueFill | null = null;
  if (execution === 'TRADE' || execution === 'CALCULATED') {
    const lots = o.lots('l', instrument.lot);
    // CALCULATED announces a liquidation before it trades, too.
    if (lots > 0) {
      fill = {
        tradeId: o.id('t'), priceTicks: o.ticks('L', instrument.price), lots, maker: o.boolOr('m', false), fee: o.decimalOr('n', '0'), feeAsset: o.nameOr('N', ''),
        realised: o.decimalOr('rp', '0'), venueMs,
      };
      if (fill.feeAsset === '' && !isZero(fill.fee)) o.fail('N', 'a fee without its asset');
    } else if (execution === 'TRADE') {
      o.fail('l', 'a trade of nothing');
    }
  }
  const expiry = o.textOr('er', '0');
  return {
    type: 'order.report', source: 'stream', product: 'usdm', symbol: instrument.symbol, clientId: o.text('c'), venueId: o.id('i'), status: o.word('X', ORDER_STATUSES),
    side: o.word('S', SIDES), positionSide: positionSideOf(o, 'ps'), kind: o.text('o'), timeInForce: o.text('f'), reduceOnly: o.boolOr('R', false),
    priceTicks: o.ticks('p', instrument.price), triggerTicks: o.ticksOr('sp', instrument.price, 0), ...quantities(o, instrument, 'q', 'z'), fill, venueMs,
    reason: expiry === '0' ? '' : `expiry reason ${expiry}`,
  };
}

/** `ALGO_UPDATE`, member `o`. */
export function algoUpdate(event: Fields, instrument: VenueInstrument): AlgoReport {
  const o = event.object('o');
  return {
    type: 'algo.report', source: 'stream', product: 'usdm', symbol: instrument.symbol, clientId: o.text('caid'), algoId: o.id('aid'), status: o.word('X', ALGO_STATUSES),
    side: o.word('S', SIDES), positionSide: positionSideOf(o, 'ps'), kind: o.text('o'), triggerTicks: o.ticksOr('tp', instrument.price, 0), lots: o.lots('q', instrument.lot),
    closePosition: o.boolOr('cp', false), reduceOnly: o.boolOr('R', false), spawnedVenueId: spawned(o, 'ai'), venueMs: event.ms('T'), reason: o.textOr('rm', ''),
  };
}

/** The order an algo order became: "" and 0 say none. */
function spawned(fields: Fields, name: string): string {
  const value = fields.raw(name);
  if (value === undefined || value === null || value === '' || value === 0 || value === '0') return '';
  return fields.id(name);
}

/**
 * `ACCOUNT_UPDATE`. Of a balance `total` is the wallet, `free` the cross wallet, `locked` what isolated positions hold. Positions in instruments
 * that are none of this run's are left out.
 */
export function accountUpdate(event: Fields, instruments: VenueInstruments): AccountReport {
  const a = event.object('a');
  return {
    type: 'account.report', source: 'stream', whole: false, product: 'usdm', reason: a.textOr('m', ''),
    balances: (a.has('B') ? a.objects('B') : []).map((row) => wallet(row, 'a', 'wb', 'cw')),
    positions: positions(a.has('P') ? a.objects('P') : [], instruments, { symbol: 's', side: 'ps', amount: 'pa', entry: 'ep' }), venueMs: event.ms('T'),
  };
}

function wallet(row: Fields, asset: string, total: string, cross: string): AccountReport['balances'][number] {
  const [wholeText, freeText] = [row.decimal(total), row.decimal(cross)];
  return { asset: row.name(asset), free: freeText, locked: plus(wholeText, negated(freeText)), total: wholeText };
}

function positions(
  rows: readonly Fields[], instruments: VenueInstruments, names: { readonly symbol: string; readonly side: string; readonly amount: string; readonly entry: string },
): AccountReport['positions'] {
  return rows.flatMap((row) => {
    const instrument = instruments.find('usdm', row.text(names.symbol));
    if (instrument === undefined) return [];
    return [{
      symbol: instrument.symbol, positionSide: positionSideOf(row, names.side), signedLots: row.steps(names.amount, instrument.lot, 'lot'),
      entryPrice: row.decimalOr(names.entry, '0'),
    }];
  });
}

/** An order as every answer of the order endpoints writes it. */
export function order(row: Fields, instrument: VenueInstrument): OrderRow {
  return {
    type: 'order.report', source: 'answer', product: 'usdm', symbol: instrument.symbol, clientId: row.text('clientOrderId'), venueId: row.id('orderId'),
    status: row.word('status', ORDER_STATUSES), side: row.word('side', SIDES), positionSide: positionSideOf(row, 'positionSide'), kind: row.text('type'),
    timeInForce: row.text('timeInForce'), reduceOnly: row.boolOr('reduceOnly', false), priceTicks: row.ticks('price', instrument.price),
    triggerTicks: row.ticksOr('stopPrice', instrument.price, 0), ...quantities(row, instrument, 'origQty', 'executedQty'), fill: null, venueMs: row.ms('updateTime'), reason: '',
    listId: null, closePosition: row.boolOr('closePosition', false),
  };
}

/** An algo order as `algoOrder`, `openAlgoOrders` and `allAlgoOrders` write it. */
export function algoOrder(row: Fields, instrument: VenueInstrument): AlgoReport {
  return {
    type: 'algo.report', source: 'answer', product: 'usdm', symbol: instrument.symbol, clientId: row.text('clientAlgoId'), algoId: row.id('algoId'),
    status: row.word('algoStatus', ALGO_STATUSES), side: row.word('side', SIDES), positionSide: positionSideOf(row, 'positionSide'), kind: row.text('orderType'),
    triggerTicks: row.ticksOr('triggerPrice', instrument.price, 0), lots: row.lots('quantity', instrument.lot), closePosition: row.boolOr('closePosition', false),
    reduceOnly: row.boolOr('reduceOnly', false), spawnedVenueId: spawned(row, 'actualOrderId'), venueMs: row.ms('updateTime'), reason: '',
  };
}

/** One of `userTrades`. */
export function trade(row: Fields, instrument: VenueInstrument): TradeRow {
  return {
    symbol: instrument.symbol, tradeId: row.id('id'), venueOrderId: row.id('orderId'), side: row.word('side', SIDES), positionSide: positionSideOf(row, 'positionSide'),
    priceTicks: row.ticks('price', instrument.price), lots: row.lots('qty', instrument.lot), maker: row.boolOr('maker', false),
    fee: row.decimal('commission'), feeAsset: row.name('commissionAsset'), realised: row.decimal('realizedPnl'), venueMs: row.ms('time'),
  };
}

/** `GET account` (v2, v3): every asset, and the positions it lists. Entry prices are in v2 only; take them from {@link positionRisk}. */
export function account(body: Json, instruments: VenueInstruments): AccountReport {
  const fields = Fields.of(body);
  return {
    type: 'account.report', source: 'answer', whole: true, product: 'usdm', reason: 'account',
    balances: fields.objects('assets').map((row) => wallet(row, 'asset', 'walletBalance', 'crossWalletBalance')),
    positions: positions(fields.objects('positions'), instruments, { symbol: 'symbol', side: 'positionSide', amount: 'positionAmt', entry: 'entryPrice' }),
    venueMs: fields.objects('assets').reduce((latest, row) => Math.max(latest, row.msOr('updateTime', 0)), 0),
  };
}

/** `GET balance` (v2, v3). */
export function balances(body: Json): AccountReport['balances'] {
  return Fields.list(body).map((row) => wallet(row, 'asset', 'balance', 'crossWalletBalance'));
}

/** `GET positionRisk` (v2, v3): with v3 only what is held or ordered, so what is not in it is flat. */
export function positionRisk(body: Json, instruments: VenueInstruments): AccountReport['positions'] {
  return positions(Fields.list(body), instruments, { symbol: 'symbol', side: 'positionSide', amount: 'positionAmt', entry: 'entryPrice' });
}

const CASH_KINDS: ReadonlyMap<string, CashReport['kind']> = new Map([
  ['FUNDING_FEE', 'funding'], ['TRANSFER', 'transfer'], ['INTERNAL_TRANSFER', 'transfer'], ['CROSS_COLLATERAL_TRANSFER', 'transfer'], ['COIN_SWAP_DEPOSIT', 'transfer'],
  ['COIN_SWAP_WITHDRAW', 'transfer'], ['WELCOME_BONUS', 'transfer'], ['INSURANCE_CLEAR', 'liquidationFee'],
]);
/** What belongs to trades, and is told with them. */
const OF_TRADES = new Set(['REALIZED_PNL', 'COMMISSION']);

/** `GET income`, without what belongs to trades. `tranId` is unique per income type, so the id names both. */
export function income(body: Json, instruments: VenueInstruments): readonly CashReport[] {
  return Fields.list(body).flatMap((row) => {
    const type = row.name('incomeType');
    if (OF_TRADES.has(type)) return [];
    const name = row.textOr('symbol', '');
    const report: CashReport = {
      type: 'cash.report', product: 'usdm', kind: CASH_KINDS.get(type) ?? 'other', asset: row.name('asset'), amount: row.decimal('income'),
      symbol: instruments.find('usdm', name)?.symbol ?? null, id: `${type}:${row.id('tranId')}`, venueMs: row.ms('time'),
    };
    return [report];
  });
}

/** `GET accountConfig` or `positionSide/dual`: whether the account is in hedge mode. */
export function hedgeMode(body: Json): Decoded<boolean> {
  return decoding('usdm positionSide/dual', () => {
    const fields = Fields.of(body);
    if (!fields.has('dualSidePosition')) fields.fail('dualSidePosition', 'missing');
    return fields.boolOr('dualSidePosition', false);
  });
}
