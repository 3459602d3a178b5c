import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookTrade, isDust, ownLots, newBooks, setRight } from '../../../actors/ledger/books.js';
import { atPrice } from '../../../actors/truth/dust.js';
import type { ReconcileInstrument, VenueTrade } from '../../../actors/truth/views.js';

const SPOT: ReconcileInstrument = {
  instrument: { index: 0, symbol: 'BTCUSDT', venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.00001', multiplier: '1', settle: 'USDT', inferred: [] },
  baseAsset: 'BTC', minLots: 1, minNotional: '5',
};

test('what is too little to be sold is reckoned at the price of the market, with a margin', () => {
  // A lot is worth 0.60 USDT: nine of them are 5.40, eight 4.80, and 5.25 are wanted.
  assert.equal(atPrice(SPOT, 6_000_000).minLots, 9);
  assert.equal(atPrice(SPOT, 60_000_000).minLots, 1);
  assert.equal(atPrice({ ...SPOT, minLots: 20 }, 6_000_000).minLots, 20);
  // Nobody knows a price, or value does not count.
  assert.equal(atPrice(SPOT, 0), SPOT);
  const { minNotional: _none, ...futures } = SPOT;
  assert.equal(atPrice(futures, 6_000_000), futures);
});

test('a sale that is booked before its purchase, as after a death, leaves what the other order leaves', () => {
  const fills = ([['buy', 431, '0.00000431', 'BTC'], ['buy', 386, '0.00000386', 'BTC'], ['sell', 816, '0.49', 'USDT']] as const).map(([side, lots, fee, feeAsset], number): VenueTrade => ({
    symbol: 0, tradeId: String(number), venueOrderId: String(number), clientId: 'fl', side, positionSide: 'BOTH', priceTicks: side === 'buy' ? 6_000_000 : 6_000_100, lots, maker: false, fee, feeAsset, realised: null, venueMs: number,
  }));
  const facts = (order: readonly number[]): unknown => {
    let books = newBooks('spot');
    for (const at of order) books = bookTrade(books, fills[at]!, 'ours', 'e', [SPOT], ['fl']).books;
    assert.equal(ownLots(books, 0, 'BOTH', [SPOT]), 0);
    return { holdings: books.view.holdings, trips: books.trips.size, realised: books.realised };
  };
  const inOrder = facts([0, 1, 2]);
  for (const order of [[0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) assert.deepEqual(facts(order), inOrder, order.join());
  // Until it is told, nothing of it is ours to sell.
  const sold = bookTrade(newBooks('spot'), fills[2]!, 'ours', 'e', [SPOT], ['fl']).books;
  assert.deepEqual([sold.view.holdings[0]!.quantity, ownLots(sold, 0, 'BOTH', [SPOT])], ['-0.00816', 0]);
  assert.equal(sold.trades, 0);
});

test('trades end whatever earlier ones have left, and what is left is ours, dust until there is enough of it', () => {
  const trade = (number: number, side: 'buy' | 'sell', lots: number): VenueTrade => ({
    symbol: 0, tradeId: String(number), venueOrderId: String(number), clientId: `fl-${number}`, side, positionSide: 'BOTH', priceTicks: 6_000_000, lots, maker: false,
    fee: side === 'buy' ? '0.00000817' : '0.49', feeAsset: side === 'buy' ? 'BTC' : 'USDT', realised: null, venueMs: number,
  });
  let books = newBooks('spot');
  for (let round = 0; round < 12; round += 1) {
    for (const [at, [side, lots]] of ([['buy', 817], ['sell', 816]] as const).entries()) {
      books = bookTrade(books, trade(2 * round + at + 1, side, lots), 'ours', `t${round}`, [SPOT], ['fl']).books;
    }
    // 0.183 of a lot a round.
    assert.equal(books.trades, round + 1);
  }
  assert.deepEqual(books.view.holdings, [{ symbol: 0, asset: 'BTC', quantity: '0.00002196' }]);
  assert.equal(isDust(books, 0, [SPOT]), false);
  books = setRight(books, { kind: 'dust', symbol: 0, positionSide: 'BOTH', ownLots: 2, action: { do: 'leaveDust', symbol: 0, positionSide: 'BOTH', ownLots: 2 } }, [SPOT], ['fl']);
  assert.equal(isDust(books, 0, [SPOT]), true);
  // With more of it, it is looked at anew.
  books = bookTrade(books, trade(99, 'buy', 817), 'ours', 't99', [SPOT], ['fl']).books;
  assert.equal(isDust(books, 0, [SPOT]), false);
});
