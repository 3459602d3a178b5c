import assert from 'node:assert/strict';
import test from 'node:test';
import { USDMClient, WebsocketAPIClient, WebsocketClient } from 'binance';
import { listen, refused, type Refused, SILENT } from './binance-clients.js';
import type { ClientVenue, Key } from './venue.js';

const symbol = 'BTCUSDT';

/** `binance` (USDMClient, WebsocketClient, WebsocketAPIClient) on USD-M. */
export function binanceUsdm(venue: () => ClientVenue): void {
  const usdm = ({ key, secret }: Key): USDMClient => new USDMClient({ api_key: key, api_secret: secret, baseUrl: venue().ready.usdm.rest, disableTimeSync: true, recvWindow: 60_000 });

  test('binance, USD-M: orders over REST and the websocket API, streams by their ways, the user stream', async () => {
    const keys = venue().keys('binance-usdm');
    const client = usdm(keys.hmac);
    const { rest, ws } = venue().ready.usdm;
    const credentials = { api_key: keys.hmac.key, api_secret: keys.hmac.secret };
    const streams = new WebsocketClient({ ...credentials, wsUrl: ws, restOptions: { baseUrl: rest } }, SILENT);
    const socket = new WebsocketAPIClient({ ...credentials, wsUrl: ws, beautify: false, muteLatencyWarning: true, attachEventListeners: false }, SILENT);
    const heard = listen(streams);
    listen(socket.getWSClient());
    try {
      await Promise.all([streams.subscribe(['btcusdt@depth@100ms', 'btcusdt@aggTrade', 'btcusdt@kline_1m', 'btcusdt@bookTicker', 'btcusdt@markPrice@1s'], 'usdm'), streams.subscribeUsdFuturesUserDataStream()]);
      const [info, book, ticker, trades, candles, mark, balances, account, brackets] = await Promise.all([
        client.getExchangeInfo(), client.getOrderBook({ symbol, limit: 5 }), client.get24hrChangeStatistics({ symbol }), client.getRecentTrades({ symbol, limit: 20 }),
        client.getKlines({ symbol, interval: '1m', limit: 10 }), client.getMarkPrice({ symbol }), client.getBalanceV3(), client.getAccountInformationV3(), client.getNotionalAndLeverageBrackets({ symbol }),
      ]);
      assert.ok(info.symbols.some(({ symbol: name, contractType }) => name === symbol && contractType === 'PERPETUAL'));
      assert.ok(Number(ticker.lastPrice) > 0 && Number(mark.markPrice) > 0);
      assert.deepEqual([trades.length, candles.length, balances[0]!.asset, Number(account.totalWalletBalance), Array.isArray(brackets)], [20, 10, 'USDT', 1_000_000, true]);
      const bid = Number(book.bids[0]![0]);
      const below = Math.floor(bid * 0.99);
      // A new one each time: the client writes the id it makes into what it is given.
      const limit = () => ({ symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: below }) as const;
      const update = (orderId: number, status: string): Promise<unknown> => heard.first(
        ({ e, o }) => e === 'ORDER_TRADE_UPDATE' && (o as { readonly i: number }).i === orderId && (o as { readonly X: string }).X === status, `${orderId} ${status}`);

      const resting = await client.submitNewOrder(limit());
      await update(resting.orderId, 'NEW');
      const modified = await client.modifyOrder({ symbol, side: 'BUY', orderId: resting.orderId, quantity: 0.02, price: below - 10 });
      assert.deepEqual([modified.orderId, Number(modified.origQty)], [resting.orderId, 0.02]);
      const bought = await client.submitNewOrder({ symbol, side: 'BUY', type: 'MARKET', quantity: 0.02, newOrderRespType: 'RESULT' });
      await update(bought.orderId, 'FILLED');
      await heard.first(({ e }) => e === 'ACCOUNT_UPDATE', 'ACCOUNT_UPDATE');
      assert.equal(Number((await client.getPositionsV3({ symbol }))[0]!.positionAmt), 0.02);
      const algo = await client.submitNewAlgoOrder({ algoType: 'CONDITIONAL', symbol, side: 'SELL', type: 'STOP_MARKET', triggerPrice: String(Math.floor(bid * 0.97)), closePosition: 'true' });
      assert.equal((await client.getOpenAlgoOrders({ symbol })).length, 1);
      await client.cancelAlgoOrder({ algoId: algo.algoId });
      await heard.first(({ e }) => e === 'ALGO_UPDATE', 'ALGO_UPDATE');
      const batch = await client.submitMultipleOrders([0, 1].map((at) => ({ ...limit(), quantity: '0.01', price: String(below - at) })));
      assert.ok(batch.length === 2 && batch.every((one) => 'orderId' in one), JSON.stringify(batch));
      assert.equal((await client.getAllOpenOrders({ symbol })).length, 3);
      assert.equal((await client.cancelOrder({ symbol, orderId: resting.orderId })).status, 'CANCELED');
      await update(resting.orderId, 'CANCELED');
      await client.cancelAllOpenOrders({ symbol });
      assert.equal((await client.setLeverage({ symbol, leverage: 5 })).leverage, 5);
      assert.deepEqual([(await client.getAccountTrades({ symbol })).length > 0, (await client.getIncomeHistory({ symbol })).length > 0], [true, true]);

      const placed = await socket.submitNewFuturesOrder('usdm', { ...limit(), timestamp: Date.now() });
      await update(placed.result.orderId, 'NEW');
      await socket.modifyFuturesOrder('usdm', { symbol, side: 'BUY', orderId: placed.result.orderId, quantity: 0.02, price: below, origType: 'LIMIT', timestamp: Date.now() });
      assert.equal((await socket.getFuturesOrderStatus('usdm', { symbol, orderId: placed.result.orderId, timestamp: Date.now() })).result.status, 'NEW');
      assert.equal((await socket.cancelFuturesOrder('usdm', { symbol, orderId: placed.result.orderId, timestamp: Date.now() })).result.status, 'CANCELED');
      assert.equal(Number((await socket.getFuturesPositionV2({ symbol, timestamp: Date.now() })).result[0]!.positionAmt), 0.02);
      await socket.submitNewFuturesAlgoOrder({ algoType: 'CONDITIONAL', symbol, side: 'SELL', type: 'STOP_MARKET', triggerPrice: Math.floor(bid * 0.97), quantity: 0.01, timestamp: Date.now() });
      await client.cancelAllAlgoOpenOrders({ symbol });
      await client.submitNewOrder({ symbol, side: 'SELL', type: 'MARKET', quantity: 0.02, reduceOnly: 'true' });

      const twice = { ...limit(), newClientOrderId: resting.clientOrderId };
      await client.submitNewOrder(twice);
      const refusals: readonly (readonly [Promise<Refused>, number])[] = [
        [refused(client.submitNewOrder(twice)), -4116], [refused(client.submitNewOrder({ ...limit(), quantity: 500 })), -2019], [refused(client.cancelOrder({ symbol, orderId: 999_999 })), -2011],
        [refused(client.submitNewOrder({ ...limit(), timeInForce: 'GTX', price: Math.ceil(bid * 1.01) })), -5022], [refused(client.submitNewOrder({ ...limit(), side: 'SELL', price: Math.ceil(bid * 1.01), reduceOnly: 'true' })), -2022],
        [refused(client.submitNewOrder({ symbol, side: 'SELL', type: 'STOP_MARKET', quantity: 0.01, stopPrice: below })), -4120], [refused(client.submitNewOrder({ ...limit(), positionSide: 'LONG' })), -4061],
        [refused(usdm({ ...keys.hmac, secret: 'wrong' }).getBalanceV3()), -1022], [refused(usdm(keys.reader).submitNewOrder(limit())), -2015],
      ];
      for (const [request, code] of refusals) assert.equal((await request).code, code);
      await client.cancelAllOpenOrders({ symbol });
    } finally {
      streams.closeAll(true);
      socket.getWSClient().closeAll(true);
    }
  });
}
