import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookIncome, booksRow, bookTrade, heard, newBooks, prune } from '../../../actors/ledger/books.js';
import { booksFrom } from '../../../actors/ledger/recover.js';
import type { VenueTrade } from '../../../actors/truth/views.js';
import { btc } from '../support/instruments.js';

const instruments = [{ instrument: btc, baseAsset: '', minLots: 1 }];
const trade: VenueTrade = {
  tradeId: '7', symbol: 0, venueOrderId: '1', clientId: 'fl-1', side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 10, maker: false, fee: '0.05', feeAsset: 'USDT', realised: '0', venueMs: 5000,
};

test('what a stream has just told moved now, whatever clock the exchange stamped it by', () => {
  const before = newBooks('usdm');
  const { view } = heard(before, bookTrade(before, trade, 'ours', 'e', instruments, ['fl']).books, trade, 9000, true);
  assert.deepEqual([view.fills.map(({ heardMs }) => heardMs), view.positions.map(({ changedMs }) => changedMs), view.balances.map(({ changedMs }) => changedMs)], [[9000], [9000], [9000]]);
  assert.deepEqual(view.fills.map(({ own }) => own), [{ positionSide: 'BOTH', signedLots: 10 }]);
  // A stamp that is ahead counts all the same.
  const ahead = heard(before, bookTrade(before, trade, 'ours', 'e', instruments, ['fl']).books, trade, 1000, false);
  assert.deepEqual(ahead.view.positions.map(({ changedMs }) => changedMs), [5000]);
  assert.deepEqual(ahead.view.fills.map(({ own }) => own), [undefined], 'nobody who protects what is ours was told');
  // Who is told of it anew after a restart is told by what was left, not by this.
  assert.deepEqual(booksFrom(JSON.parse(JSON.stringify(booksRow({ ...before, view }))), 'usdm').view.fills.map(({ heardMs, own }) => [heardMs, own]), [[undefined, undefined]]);
});

test('incomes that nobody will list again are forgotten, also after a restart; one of unknown age is kept', () => {
  let books = newBooks('usdm');
  for (let at = 1; at <= 5; at += 1) books = bookIncome(books, { id: `i${at}`, kind: 'funding', asset: 'USDT', amount: '-1', symbol: 0, venueMs: at * 1000 }).books;
  assert.deepEqual(prune(books, 3000).view.incomes, ['i3', 'i4', 'i5']);
  const row = JSON.parse(JSON.stringify(booksRow(books))) as Record<string, unknown>;
  const again = prune(booksFrom(row, 'usdm'), 4000);
  assert.deepEqual(again.view.incomes, ['i4', 'i5']);
  assert.equal(bookIncome(again, { id: 'i4', kind: 'funding', asset: 'USDT', amount: '-1', symbol: 0, venueMs: 4000 }).changed, false);
  const { incomeMs: _none, ...older } = row;
  assert.deepEqual(prune(booksFrom(older, 'usdm'), 4000).view.incomes, ['i1', 'i2', 'i3', 'i4', 'i5']);
});
