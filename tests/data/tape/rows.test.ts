import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvLine, exportColumns, KINDS_BY_NAME, RowMaker } from '../../../data/tape/index.js';
import { Flag, Kind, KIND_NAMES, LOW, CLOSE } from '../../../data/records/index.js';
import { anyRow, batchOf, instrument, START_US, type Row } from './support.js';

const maker = new RowMaker([instrument(0), instrument(1, { tickSize: '2.5', lotSize: '1' })]);

function exported(row: Row): Record<string, unknown> {
  const { seq: _seq, venue: _venue, symbol: _symbol, ...rest } = maker.row(batchOf([row]), 0);
  return rest;
}

void test('each kind of record is written with its own fields, decimals exact', () => {
  const stamps = { recvUs: START_US + 1, exchUs: START_US };
  const common = { receiveUs: START_US + 1, exchangeUs: START_US };
  assert.deepEqual(exported({ ...stamps, kind: Kind.TRADE, price: 11_502_340, qty: 7, id: 12, flags: Flag.SELL }), { ...common, kind: 'trade', side: 'sell', price: '115023.40', quantity: '0.007', tradeId: 12 });
  assert.deepEqual(exported({ kind: Kind.AGG_TRADE, symbol: 1, price: 3, qty: 2 ** 53 - 1, id: 9, aux: 5, extra: 5 }), {
    kind: 'aggTrade', receiveUs: null, exchangeUs: null, side: 'buy', price: '7.5', quantity: '9007199254740991', tradeId: 9, firstTradeId: 5, trades: 5,
  });
  assert.deepEqual(exported({ ...stamps, kind: Kind.BOOK_TICKER, price: 100, qty: 1, price2: 101, aux: 2500, id: 3 }), { ...common, kind: 'bookTicker', bidPrice: '1.00', bidQuantity: '0.001', askPrice: '1.01', askQuantity: '2.500', updateId: 3 });
  assert.deepEqual(exported({ ...stamps, kind: Kind.DEPTH, price: -5, qty: 0, id: 50, aux: 40, extra: 9, flags: Flag.SELL | Flag.FIRST }), {
    ...common, kind: 'depth', side: 'ask', price: '-0.05', quantity: '0.000', firstId: 41, updateId: 50, previousId: 40, first: true, last: false, empty: false,
  });
  assert.deepEqual(exported({ ...stamps, kind: Kind.DEPTH, id: 50, aux: 40, flags: Flag.EMPTY | Flag.FIRST | Flag.LAST }), {
    ...common, kind: 'depth', side: null, price: null, quantity: null, firstId: 50, updateId: 50, previousId: 40, first: true, last: true, empty: true,
  });
  assert.deepEqual(exported({ ...stamps, kind: Kind.MARK, qty: 11_502_340_000_001, aux: 0, extra: -12_345, id: START_US }), { ...common, kind: 'markPrice', markPrice: '115023.40000001', indexPrice: null, fundingRate: '-0.00012345', nextFundingUs: START_US });
  assert.deepEqual(exported({ ...stamps, kind: Kind.GAP, id: 5, aux: 9, qty: 3, extra: Kind.DEPTH }), { ...common, kind: 'gap', lastId: 5, nextId: 9, missing: 3, stream: 'depth' });
  assert.deepEqual(exported({ ...stamps, kind: Kind.FUNDING, qty: 10_000 }), { ...common, kind: 'funding', fundingRate: '0.00010000' });
  assert.deepEqual(exported({ ...stamps, kind: Kind.DEPTH_BAND, extra: -500, qty: 1, aux: 250 }), { ...common, kind: 'depthBand', bandBps: -500, quantity: '0.001', notional: '2.50' });
  assert.deepEqual(exported({ ...stamps, kind: Kind.LIQUIDATION, price: 1, qty: 1, flags: Flag.SELL }), { ...common, kind: 'liquidation', side: 'sell', price: '0.01', quantity: '0.001' });
  const candle = batchOf([{ ...stamps, kind: Kind.CANDLE, price: 100, price2: 120, qty: 5, extra: 60 }]);
  candle.I[LOW] = 90;
  candle.I[CLOSE] = 110;
  const { seq: _seq, venue: _venue, symbol: _symbol, ...bar } = maker.row(candle, 0);
  assert.deepEqual(bar, { ...common, kind: 'candle', open: '1.00', high: '1.20', low: '0.90', close: '1.10', volume: '0.005', seconds: 60, trades: null });
});

void test('any record can be written, and its fields are columns of its kind', () => {
  fc.assert(fc.property(anyRow, (row) => {
    const written = maker.row(batchOf([row]), 0);
    const kind = KINDS_BY_NAME.get(KIND_NAMES[row.kind ?? Kind.TRADE]);
    assert.deepEqual(Object.keys(written).sort(), exportColumns(kind === undefined ? [] : [kind]).sort());
    assert.doesNotThrow(() => JSON.stringify(written));
  }), { numRuns: 2000 });
});

void test('a CSV line is read back by a CSV parser', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('"', 'a,b', 'a\nb', '', '\r')), { minLength: 1, maxLength: 8 }), (cells) => {
    const parsed: unknown = parse(`${csvLine(['x', ...cells])}\n`, { record_delimiter: '\n' });
    assert.deepEqual(parsed, [['x', ...cells]]);
  }));
  assert.equal(csvLine([null, undefined, true, 1.5]), ',,true,1.5');
});
