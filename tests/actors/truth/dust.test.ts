import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookTrade, isDust, newBooks, setRight } from '../../../actors/ledger/books.js';
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
