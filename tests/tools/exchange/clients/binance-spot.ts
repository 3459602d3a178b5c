import assert from 'node:assert/strict';
import test from 'node:test';
import { MainClient, WebsocketAPIClient, WebsocketClient } from 'binance';
import { listen, refused, type Refused, SILENT } from './binance-clients.js';
import type { ClientVenue, Key } from './venue.js';

const symbol = 'BTCUSDT';

/** The client's typings of this one method lack the timestamp that its signature needs. */
const stamped = <T extends object>(order: T): T => ({ ...order, timestamp: Date.now() });

/** `binance` (MainClient, WebsocketClient, WebsocketAPIClient) on spot. */
export function binanceSpot(venue: () => ClientVenue): void {
  const main = ({ key, secret }: Key): MainClient => new MainClient({ api_key: key, api_secret: secret, baseUrl: venue().ready.spot.rest, disableTimeSync: true, recvWindow: 60_000 });
  const api = ({ key, secret }: Key): WebsocketAPIClient =>
    new WebsocketAPIClient({ api_key: key, api_secret: secret, wsUrl: venue().ready.spot.ws, beautify: false, muteLatencyWarning: true, attachEventListeners: false, resubscribeUserDataStreamAfterReconnect: false }, SILENT);

  test('binance, spot: market data over REST and as streams', async () => {
    const client = main(venue().keys('binance-spot').hmac);
    const streams = new WebsocketClient({ wsUrl: venue().ready.spot.ws }, SILENT);
    const heard = listen(streams);
    try {
      await streams.subscribe(['btcusdt@depth@100ms', 'btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@kline_1m', 'btcusdt@bookTicker', 'btcusdt@ticker'], 'main');
      const [info, book, ticker, trades, aggregates, candles, account, rights, status] = await Promise.all([
        client.getExchangeInfo(), client.getOrderBook({ symbol, limit: 5 }), client.get24hrChangeStatistics({ symbol, type: 'FULL' }), client.getRecentTrades({ symbol, limit: 20 }),
        client.getAggregateTrades({ symbol, limit: 20 }), client.getKlines({ symbol, interval: '1m', limit: 10 }), client.getAccountInformation(), client.getApiKeyPermissions(), client.getSystemStatus(),
      ]);
      assert.deepEqual(info.symbols.map(({ symbol: name }) => name).sort(), ['BTCUSDT', 'ETHUSDT']);
      assert.ok(Number(book.bids[0]![0]) < Number(book.asks[0]![0]));
      assert.ok(Number((ticker as { readonly lastPrice: string | number }).lastPrice) > 0);
      assert.deepEqual([trades.length, aggregates.length, candles.length], [20, 20, 10]);
      assert.ok(account.balances.some(({ asset, free }) => asset === 'USDT' && Number(free) > 0));
      assert.deepEqual([rights.enableReading, rights.enableSpotAndMarginTrading, rights.enableWithdrawals, status.status], [true, true, false, 0]);
      for (const e of ['depthUpdate', 'trade', 'aggTrade', 'kline', '24hrTicker']) assert.equal((await heard.first((message) => message['e'] === e, e))['s'], symbol);
      // The client names what the venue leaves without a name.
      await heard.first((message) => message['e'] === 'bookTicker' && Number(message['b']) < Number(message['a']), 'bookTicker');
    } finally {
      streams.closeAll(true);
    }
  });

  test('binance, spot: orders over REST and the websocket API, told by the user stream', async () => {
    const keys = venue().keys('binance-spot');
    const client = main(keys.hmac);
    const socket = api(keys.hmac);
    const heard = listen(socket.getWSClient());
    try {
      await socket.subscribeUserDataStream('mainWSAPI');
      const { bids: [best], asks: [offer] } = await client.getOrderBook({ symbol, limit: 5 });
      const [bid, ask] = [Number(best![0]), Number(offer![0])];
      const below = Math.floor(bid * 0.99);
      // A new one each time: the client writes the id it makes into what it is given.
      const limit = () => ({ symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: below }) as const;
      const report = (orderId: number, status: string): Promise<unknown> => heard.first((message) => message['e'] === 'executionReport' && message['i'] === orderId && message['X'] === status, `${orderId} ${status}`);

      const resting = await client.submitNewOrder(limit());
      await report(resting.orderId, 'NEW');
      assert.equal((await client.getOrder({ symbol, orderId: resting.orderId })).status, 'NEW');
      const kept = await socket.amendSpotOrderKeepPriority({ symbol, orderId: resting.orderId, newQty: '0.005', timestamp: Date.now() });
      assert.equal(kept.status, 200);
      const replaced = await client.replaceOrder({ ...limit(), price: below - 10, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: resting.orderId });
      assert.deepEqual([replaced.cancelResult, replaced.newOrderResult], ['SUCCESS', 'SUCCESS']);
      await report(resting.orderId, 'CANCELED');

      const bought = await client.submitNewOrder({ symbol, side: 'BUY', type: 'MARKET', quantity: 0.02, newOrderRespType: 'FULL' });
      assert.equal(Number((bought as { readonly executedQty: string | number }).executedQty), 0.02);
      await report(bought.orderId, 'FILLED');
      await heard.first((message) => message['e'] === 'outboundAccountPosition', 'balances');
      const stop = await client.submitNewOrder({ symbol, side: 'SELL', type: 'STOP_LOSS', quantity: 0.01, stopPrice: Math.floor(bid * 0.97) });
      assert.deepEqual(new Set((await client.getOpenOrders({ symbol })).map(({ type }) => type)), new Set(['STOP_LOSS', 'LIMIT']));
      await client.cancelOrder({ symbol, orderId: stop.orderId });
      await report(stop.orderId, 'CANCELED');
      const oco = await socket.placeSpotOCOOrderList({
        symbol, side: 'SELL', quantity: '0.01', aboveType: 'LIMIT_MAKER', abovePrice: String(Math.ceil(ask * 1.02)), belowType: 'STOP_LOSS', belowStopPrice: String(Math.floor(bid * 0.98)), timestamp: Date.now(),
      });
      assert.equal(oco.result.orders.length, 2);
      await heard.first((message) => message['e'] === 'listStatus', 'list');

      const placed = await socket.submitNewSpotOrder(stamped(limit()));
      await report(placed.result.orderId, 'NEW');
      assert.equal((await socket.getSpotOrderStatus({ symbol, orderId: placed.result.orderId, timestamp: Date.now() })).result.status, 'NEW');
      assert.equal((await socket.cancelSpotOrder({ symbol, orderId: placed.result.orderId, timestamp: Date.now() })).result.status, 'CANCELED');
      await socket.cancelAllSpotOpenOrders({ symbol, timestamp: Date.now() });
      assert.deepEqual(await client.getOpenOrders({ symbol }), []);
      assert.ok((await client.getAccountTradeList({ symbol })).length > 0);
      assert.ok((await client.getAllOrders({ symbol })).length >= 5);

      const refusals: readonly (readonly [Promise<Refused>, number])[] = [
        [refused(client.submitNewOrder({ ...limit(), quantity: 50 })), -2010], [refused(client.getOrderBook({ symbol: 'NOPEUSDT' })), -1121], [refused(client.cancelOrder({ symbol, orderId: 999_999 })), -2011],
        [refused(client.getOrder({ symbol, orderId: 999_999 })), -2013], [refused(client.submitNewOrder({ ...limit(), quantity: 0.000_001 })), -1013],
        [refused(main({ ...keys.hmac, secret: 'wrong' }).getAccountInformation()), -1022], [refused(main({ ...keys.hmac, key: 'A'.repeat(64) }).getAccountInformation()), -2015],
        [refused(main(keys.reader).submitNewOrder(limit())), -2015],
      ];
      for (const [request, code] of refusals) {
        const { code: told, body } = await request;
        assert.deepEqual([told, body.code], [code, code]);
      }
      const { error } = await socket.submitNewSpotOrder(stamped({ ...limit(), quantity: 50 })).catch((refusal: unknown) => refusal as { readonly error: { readonly code: number } }) as { readonly error: { readonly code: number } };
      assert.equal(error.code, -2010);
    } finally {
      socket.getWSClient().closeAll(true);
    }
  });

  test('binance, spot: signs with RSA and Ed25519 keys; a session is logged on', async () => {
    const keys = venue().keys('binance-spot');
    const socket = api(keys.ed25519);
    listen(socket.getWSClient());
    try {
      const [rsa, edwards] = await Promise.all([main(keys.rsa).getAccountInformation(), main(keys.ed25519).getAccountInformation()]);
      assert.deepEqual([rsa.canTrade, edwards.canTrade], [true, true]);
      await socket.getSpotAccountInformation({ timestamp: Date.now() });
      assert.equal((await socket.getSpotSessionStatus()).result.apiKey, keys.ed25519.key);
    } finally {
      socket.getWSClient().closeAll(true);
    }
  });
}
