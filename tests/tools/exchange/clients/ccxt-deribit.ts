import assert from 'node:assert/strict';
import test from 'node:test';
import ccxt from 'ccxt';
import { ccxtDeribit } from './ccxt-clients.js';
import type { ClientVenue } from './venue.js';
import { refusals, told } from './waiting.js';

/** ccxt on Deribit: JSON-RPC over HTTP and the websocket. */
export function ccxtDeribitWalk(venue: () => ClientVenue): void {
  test('ccxt, Deribit: trades and watches a perpetual', async () => {
    const { hmac, reader } = venue().keys('ccxt-deribit');
    const client = await ccxtDeribit(venue().ready, hmac);
    try {
      const markets = await client.loadMarkets();
      assert.deepEqual(Object.keys(markets).sort(), ['BTC/USD:BTC', 'BTC/USDC:USDC', 'ETH/USD:ETH', 'ETH/USDC:USDC']);
      const symbol = 'BTC/USD:BTC';
      assert.equal(markets[symbol]!.inverse, true);
      const book = await client.fetchOrderBook(symbol, 5);
      const [bid, ask] = [book.bids[0]![0]!, book.asks[0]![0]!];
      assert.ok(bid < ask);
      assert.equal((await client.fetchTicker(symbol)).symbol, symbol);
      assert.equal((await client.fetchBalance())['BTC']!.total, 10);

      const watched = await client.watchOrderBook(symbol);
      assert.ok(watched.bids[0]![0]! < watched.asks[0]![0]!);
      const orders = await told(client.watchOrders(symbol), () => client.createOrder(symbol, 'limit', 'buy', 100, bid - 300, { label: 'ccxt' }));
      await client.cancelAllOrders(symbol);
      assert.equal((orders.at(-1)!.info as { readonly label: string }).label, 'ccxt');
      const resting = await client.createOrder(symbol, 'limit', 'buy', 100, bid - 300);
      assert.equal((await client.fetchOpenOrders(symbol))[0]!.id, resting.id);
      assert.equal((await client.editOrder(resting.id!, symbol, 'limit', 'buy', 50, bid - 310)).price, bid - 310);
      assert.equal((await client.cancelOrder(resting.id!)).status, 'canceled');
      await assert.rejects(client.cancelOrder('999999'), ccxt.OrderNotFound);

      const bought = await client.createOrder(symbol, 'market', 'buy', 1000);
      assert.equal(bought.status, 'closed');
      assert.equal(bought.filled, 1000);
      const [position] = await client.fetchPositions([symbol]);
      assert.equal(position!.side, 'long');
      assert.equal(position!.contracts, 1000);
      const stop = await client.createOrder(symbol, 'market', 'sell', 1000, undefined, { stopLossPrice: Math.floor(bid * 0.95), reduceOnly: true });
      assert.equal((stop.info as { readonly order_state: string }).order_state, 'untriggered');
      await client.cancelAllOrders(symbol);
      assert.deepEqual(await client.fetchOpenOrders(symbol), []);
      await client.createOrder(symbol, 'market', 'sell', 1000, undefined, { reduceOnly: true });
      assert.equal((await client.fetchMyTrades(symbol)).length >= 2, true);

      await assert.rejects(client.createOrder(symbol, 'limit', 'buy', 100, ask + 200, { postOnly: true }), ccxt.InvalidOrder);
      await assert.rejects(client.createOrder(symbol, 'limit', 'buy', 100_000_000, bid), ccxt.InsufficientFunds);
      const [stranger, onlooker] = await Promise.all([ccxtDeribit(venue().ready, { ...hmac, secret: 'wrong' }), ccxtDeribit(venue().ready, reader)]);
      await onlooker.loadMarkets();
      await refusals([
        ['a wrong secret', () => stranger.fetchBalance(), ccxt.AuthenticationError, /13004/],
        ['a key that may only read', () => onlooker.createOrder(symbol, 'limit', 'buy', 100, bid - 300), ccxt.PermissionDenied, /13021/],
        ['an instrument that is not listed', () => client.publicGetGetOrderBook({ instrument_name: 'NOPE-PERPETUAL' }), ccxt.BadRequest, /13020|-32602/],
        ['half a contract', () => client.privateGetBuy({ instrument_name: 'BTC-PERPETUAL', amount: '5', type: 'limit', price: bid - 300 }), ccxt.BadRequest, /-32602/],
      ]);
    } finally {
      await client.close();
    }
  });
}
