import assert from 'node:assert/strict';
import test from 'node:test';
import ccxt from 'ccxt';
import { ccxtBinance } from './ccxt-clients.js';
import type { ClientVenue } from './venue.js';
import { told } from './waiting.js';

/** ccxt on options. */
export function ccxtOptions(venue: () => ClientVenue): void {
  test('ccxt, options: loads the chain, trades an option and watches its streams', async () => {
    // A position is told by its event; the client's own snapshot of them would be awaited before.
    const client = await ccxtBinance(venue().ready, 'option', venue().keys('ccxt-options').hmac, { options: { watchPositions: { fetchPositionsSnapshot: false, awaitPositionsSnapshot: false } } });
    try {
      const markets = Object.values(await client.loadMarkets());
      assert.ok(markets.length > 100 && markets.every((market) => market!.option === true));
      // The last expiry's contract whose mark is the largest time value: calls with delta near a half.
      const farthest = Math.max(...markets.map((market) => market!.expiry!));
      const greeks = await client.fetchAllGreeks();
      const { symbol, id } = markets.filter((market) => market!.base === 'BTC' && market!.expiry === farthest && market!.optionType === 'call')
        .sort((a, b) => Math.abs(greeks[a!.symbol]!.delta! - 0.5) - Math.abs(greeks[b!.symbol]!.delta! - 0.5))[0]!;
      assert.match(id!, /^BTC-\d{6}-\d+-C$/);
      const book = await client.fetchOrderBook(symbol, 5);
      const [bid, ask] = [book.bids[0]![0]!, book.asks[0]![0]!];
      const { markPrice } = await client.fetchMarkPrice(symbol);
      assert.ok(bid < markPrice! && markPrice! < ask);

      const watched = await client.watchOrderBook(symbol);
      assert.ok(watched.bids[0]![0]! < watched.asks[0]![0]!);
      assert.ok(Object.keys(await client.watchMarkPrices([symbol])).length > 0);
      const [orders, positions, trades] = await told(Promise.all([
        client.watchOrders(symbol, undefined, undefined, { type: 'option' }), client.watchPositions([symbol], undefined, undefined, { type: 'option' }),
        client.watchMyTrades(symbol, undefined, undefined, { type: 'option' }),
      ]), async () => {
        const bought = await client.createOrder(symbol, 'limit', 'buy', 0.2, Math.floor(ask * 1.05));
        assert.equal(bought.status, 'closed');
      });
      assert.equal(orders.at(-1)!.symbol, symbol);
      assert.equal(positions.at(-1)!.side, 'long');
      assert.equal(trades.at(-1)!.order, orders.at(-1)!.id);

      const resting = await client.createOrder(symbol, 'limit', 'buy', 0.1, Math.ceil(bid * 0.95), { clientOrderId: 'mine-1' });
      assert.equal((await client.fetchOpenOrders(symbol))[0]!.clientOrderId, 'mine-1');
      assert.equal((await client.fetchOrder(resting.id!, symbol)).status, 'open');
      assert.equal((await client.cancelOrder(resting.id!, symbol)).status, 'canceled');
      await assert.rejects(client.cancelOrder(resting.id!, symbol), ccxt.OrderNotFound);
      assert.equal((await client.fetchPosition(symbol)).side, 'long');
      await assert.rejects(client.createOrder(symbol, 'limit', 'buy', 900, ask), /-2018/);
      // The client tells the options' own codes by the venue's host name, which this is not.
      await assert.rejects(client.createOrder(symbol, 'limit', 'sell', 900, ask), /-2027/);
      await assert.rejects(client.createOrder(symbol, 'market', 'sell', 0.1), ccxt.InvalidOrder);
    } finally {
      await client.close();
    }
  });
}
