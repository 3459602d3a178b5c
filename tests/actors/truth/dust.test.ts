import assert from 'node:assert/strict';
import { test } from 'node:test';
import { money } from '../../../actors/account/money.js';
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

const told = (fills: readonly (readonly ['buy' | 'sell', number, string, string])[]): readonly VenueTrade[] => fills.map(([side, lots, fee, feeAsset], number) => ({
  symbol: 0, tradeId: String(number), venueOrderId: String(number), clientId: 'fl', side, positionSide: 'BOTH', priceTicks: side === 'buy' ? 6_000_000 : 6_000_100, lots, maker: false, fee, feeAsset, realised: null, venueMs: number,
}));
const orders = (of: readonly number[]): number[][] => (of.length < 2 ? [[...of]] : of.flatMap((first, at) => orders(of.toSpliced(at, 1)).map((rest) => [first, ...rest])));

test('a sale that is booked before its purchase, as after a death, leaves what the other order leaves', () => {
  for (const fills of [
    told([['buy', 431, '0.00000431', 'BTC'], ['buy', 386, '0.00000386', 'BTC'], ['sell', 816, '0.49', 'USDT']]),
    told([['buy', 431, '0.00000431', 'BTC'], ['buy', 386, '0.00000386', 'BTC'], ['sell', 400, '0.24', 'USDT'], ['sell', 416, '0.25', 'USDT']]),
    // Fees of more than a lot; and a sale as great as a purchase, but for its fee.
    told([['buy', 2500, '0.000025', 'BTC'], ['buy', 2500, '0.000025', 'BTC'], ['sell', 2000, '1.2', 'USDT'], ['sell', 2995, '1.8', 'USDT']]),
    told([['buy', 2500, '0.000025', 'BTC'], ['buy', 2500, '0.000025', 'BTC'], ['sell', 2500, '1.5', 'USDT'], ['sell', 2495, '1.5', 'USDT']]),
    told([['buy', 431, '0.001', 'BNB'], ['buy', 386, '0.001', 'BNB'], ['sell', 400, '0.001', 'BNB'], ['sell', 417, '0.001', 'BNB']]),
  ]) {
    const facts = (order: readonly number[]): unknown => {
      let books = newBooks('spot');
      for (const at of order) books = bookTrade(books, fills[at]!, 'ours', 'e', [SPOT], ['fl']).books;
      assert.equal(ownLots(books, 0, 'BOTH', [SPOT]), 0);
      assert.equal(books.trips.size, 0, order.join());
      return { holdings: books.view.holdings, realised: books.realised };
    };
    const inOrder = facts(fills.map((_, at) => at));
    for (const order of orders(fills.map((_, at) => at))) assert.deepEqual(facts(order), inOrder, order.join());
  }
  // Until it is told, nothing of it is ours to sell.
  const sold = bookTrade(newBooks('spot'), told([['sell', 816, '0.49', 'USDT']])[0]!, 'ours', 'e', [SPOT], ['fl']).books;
  assert.deepEqual([sold.view.holdings[0]!.quantity, ownLots(sold, 0, 'BOTH', [SPOT])], ['-0.00816', 0]);
  assert.equal(sold.trades, 0);
});

test('the fee of a sale that is taken in what was sold is of the rest of the account: we owe nothing for it', () => {
  // As of BNB: the order has locked what it sells.
  const fills = told([['buy', 100_000, '0.00075', 'BTC'], ['sell', 50_000, '0.000375', 'BTC'], ['sell', 49_925, '0.000374', 'BTC']]);
  let books = newBooks('spot');
  for (const fill of fills) books = bookTrade(books, fill, 'ours', 'e', [SPOT], ['fl']).books;
  assert.deepEqual([books.view.holdings, books.trips.size, books.trades], [[], 0, 1]);
});

test('what went without a fill is not waited for, and is no loss of the trade that it was of', () => {
  const short = (local: string, quantity: string): Parameters<typeof setRight>[1] => ({ kind: 'holdingShort', symbol: 0, asset: 'BTC', local, venue: quantity, action: { do: 'setHolding', symbol: 0, quantity } });
  const [bought, sold] = told([['buy', 5000, '3', 'USDT'], ['sell', 2000, '1.2', 'USDT']]) as [VenueTrade, VenueTrade];
  const held = bookTrade(newBooks('spot'), bought, 'ours', 'e', [SPOT], ['fl']).books;
  assert.equal(setRight(held, short('0.05', '0'), [SPOT], ['fl']).trips.size, 0);
  const rest = setRight(held, short('0.05', '0.02'), [SPOT], ['fl']);
  const { books, closed } = bookTrade(rest, sold, 'ours', 'e', [SPOT], ['fl']);
  assert.deepEqual(closed.map(({ trip }) => [trip.boughtLots, trip.soldLots, trip.sold - trip.bought]), [[2000, 2000, money('0.02')]]);
  assert.equal(books.trips.size, 0);
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
