import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equityRow, recoveredAccount, tradeRow, type WorkingOrder } from '../../../actors/account/rows.js';
import { newTrade, type Trade } from '../../../actors/account/trade.js';
import type { Instrument } from '../../../data/records/index.js';
import type { StoreRow } from '../../../data/store/index.js';

const instrument: Instrument = { index: 3, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] };
const trade: Trade = {
  ...newTrade({ id: 'BTCUSDT.eager.m.1-1', owner: '/trading/strategies/BTCUSDT', strategy: 'eager', symbol: 3, side: 'buy', requestedLots: 8, reserved: 481_915_200_000_000_000_000n }),
  filledLots: 8, entryLotTicks: 4_819_152n, entryValue: 481_915_200_000_000_000_000n, fees: 240n, firstFillUs: 10, lastFillUs: 11, entryReasons: ['venue'], flattening: 'time',
};
const entry: WorkingOrder = { id: trade.id, tradeId: trade.id, side: 'buy', purpose: 'entry', remaining: 2 };
const stop: WorkingOrder = { id: 'guard 1', tradeId: trade.id, side: 'sell', purpose: 'stop', remaining: 8 };
const through = (row: StoreRow): StoreRow => JSON.parse(JSON.stringify(row)) as StoreRow;

test('a trade comes back as it was, with the orders that somebody still has, under the index that its instrument has now', () => {
  const row = through(tradeRow(trade, [entry, stop], instrument, true));
  const found = recoveredAccount([row, through(equityRow(new Map([['USDT', -5n]]), 7))], [{ ...instrument, index: 0 }], new Set([stop.id]));
  assert.deepEqual(found.problems, []);
  // The entry is nobody's any more, and who was closing the trade is gone.
  assert.deepEqual(found.trades, [{ ...trade, symbol: 0, entryDone: true, flattening: null }]);
  assert.deepEqual(found.orders, [stop]);
  assert.deepEqual([[...found.equity], found.closedTrades], [[['USDT', -5n]], 7]);
  const both = recoveredAccount([row], [instrument], null);
  assert.deepEqual([both.trades[0]!.entryDone, both.orders.length], [false, 2]);
});

test('an entry that brought nothing and that nobody has is over; a closed trade is not taken up', () => {
  const bare = { ...trade, filledLots: 0 };
  const { trades, over } = recoveredAccount([through(tradeRow(bare, [entry], instrument, true))], [instrument], new Set());
  assert.deepEqual([trades, over.map(({ row }) => row['open'])], [[], [false]]);
  assert.deepEqual(recoveredAccount([through(tradeRow(trade, [], instrument, false))], [instrument], null).trades, []);
});

test('rows that cannot be read are problems in words, never a throw', () => {
  const row = through(tradeRow(trade, [stop], instrument, true));
  assert.match(recoveredAccount([row], [], null).problems[0]!, /not among the instruments/);
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom('trade', 'orders', 'equity', 'closedTrades'), (value, field) => {
    const bad = [{ ...row, row: { ...row.row, [field]: value } }, { table: 'snapshots', key: 'account', row: { equity: {}, closedTrades: 0, [field]: value } }] as readonly StoreRow[];
    const { trades, problems } = recoveredAccount(bad, [instrument], null);
    assert.ok(trades.length === 1 || problems.length > 0);
  }));
});
