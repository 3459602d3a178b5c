import assert from 'node:assert/strict';
import test from 'node:test';
import ccxt from 'ccxt';
import { ccxtBinance } from './ccxt-clients.js';
import type { ClientVenue } from './venue.js';
import { follow, refusals, told } from './waiting.js';

const SYMBOL = 'BTC/USDT:USDT';
const PLENTY_USDT = 1_000_000;

/** ccxt on USD-M: REST, streams and the websocket API. */
export function ccxtUsdm(venue: () => ClientVenue): void {
  test('ccxt, USD-M: markets and market data, over REST and as streams', async () => {
    const client = await ccxtBinance(venue().ready, 'swap', venue().keys('ccxt-usdm-market').hmac);
    try {
      const markets = await client.loadMarkets();
      assert.deepEqual(Object.keys(markets).sort(), ['BTC/USDT:USDT', 'ETH/USDT:USDT']);
      assert.deepEqual([markets[SYMBOL]!.linear, markets[SYMBOL]!.contractSize, markets[SYMBOL]!.precision.price], [true, 1, 0.1]);
      const [book, ticker, trades, candles, balance, fee, funding, interest, mark, tiers, marks, indices, premiums] = await Promise.all([
        client.fetchOrderBook(SYMBOL, 5), client.fetchTicker(SYMBOL), client.fetchTrades(SYMBOL, undefined, 20), client.fetchOHLCV(SYMBOL, '1m', undefined, 10),
        client.fetchBalance(), client.fetchTradingFee(SYMBOL), client.fetchFundingRate(SYMBOL), client.fetchOpenInterest(SYMBOL), client.fetchMarkPrice(SYMBOL),
        client.fetchLeverageTiers([SYMBOL]), client.fetchMarkOHLCV(SYMBOL), client.fetchIndexOHLCV(SYMBOL), client.fetchPremiumIndexOHLCV(SYMBOL),
        client.fetchFundingRateHistory(SYMBOL), client.fetchFundingIntervals([SYMBOL]),
      ]);
      assert.ok(book.bids[0]![0]! < book.asks[0]![0]! && ticker.last! > 0 && trades.length === 20 && candles.length === 10);
      assert.equal(balance['USDT']!.total, PLENTY_USDT);
      assert.deepEqual([fee.maker, fee.taker], [0.0002, 0.0005]);
      assert.ok(funding.fundingTimestamp! > Date.now() && interest.openInterestAmount! >= 0 && Math.abs(mark['markPrice']! / ticker.last! - 1) < 0.05);
      assert.equal(tiers[SYMBOL]![0]!.maxLeverage, 125);
      assert.ok([marks, indices, premiums].every(({ length }) => length > 0));
      const [watched, traded, told24h, candle, best, marked] = await Promise.all([
        client.watchOrderBook(SYMBOL), client.watchTrades(SYMBOL), client.watchTicker(SYMBOL), client.watchOHLCV(SYMBOL, '1m'), client.watchBidsAsks([SYMBOL]), client.watchMarkPrice(SYMBOL),
      ]);
      assert.ok(watched.bids[0]![0]! < watched.asks[0]![0]! && watched.nonce! >= book.nonce!);
      assert.equal(traded[0]!.symbol, SYMBOL);
      assert.ok(told24h.last! > 0 && candle.at(-1)![4]! > 0 && best[SYMBOL]!.bid! < best[SYMBOL]!.ask! && marked['markPrice']! > 0);
      assert.equal((await client.fetchOrderBookWs(SYMBOL, 5)).bids.length, 5);
    } finally {
      await client.close();
    }
  });

  test('ccxt, USD-M: orders of every kind, positions, and what the user stream tells of them', async () => {
    const client = await ccxtBinance(venue().ready, 'swap', venue().keys('ccxt-usdm').hmac);
    try {
      await client.loadMarkets();
      const { bids: [best] } = await client.fetchOrderBook(SYMBOL, 5);
      const bid = best![0]!;
      const below = Math.floor(bid * 0.99);
      assert.equal((await client.setLeverage(7, SYMBOL) as { readonly leverage: number }).leverage, 7);
      assert.equal((await client.fetchLeverage(SYMBOL)).longLeverage, 7);
      const nudge = async (): Promise<void> => {
        const { id } = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, below);
        await client.cancelOrder(id!, SYMBOL);
      };
      const orders = follow(() => client.watchOrders(SYMBOL));
      const fills = follow(() => client.watchMyTrades(SYMBOL));
      const positions = follow(() => client.watchPositions([SYMBOL]));
      await told(orders.first(() => true, 'order'), nudge);

      const resting = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, below, { clientOrderId: 'mine-1' });
      await told(orders.first(({ id, status }) => id === resting.id && status === 'open', 'open order'), nudge);
      const amended = await client.editOrder(resting.id!, SYMBOL, 'limit', 'buy', 0.02, below - 10);
      assert.deepEqual([amended.id, amended.amount, amended.price], [resting.id, 0.02, below - 10]);
      assert.equal((await client.fetchOrder(resting.id!, SYMBOL)).amount, 0.02);
      assert.equal((await client.cancelOrder(resting.id!, SYMBOL)).status, 'canceled');
      await told(orders.first(({ id, status }) => id === resting.id && status === 'canceled', 'canceled order'), nudge);

      const bought = await client.createOrder(SYMBOL, 'market', 'buy', 0.02);
      assert.deepEqual([bought.status, bought.filled], ['closed', 0.02]);
      const fill = await told(fills.first(({ order }) => order === bought.id, 'fill'), nudge);
      assert.deepEqual([fill.fee!.currency, fill.takerOrMaker], ['USDT', 'taker']);
      assert.ok(Math.abs(fill.fee!.cost! - fill.cost! * 0.0005) < 1e-6);
      await told(orders.first(({ id, status, filled }) => id === bought.id && status === 'closed' && filled === 0.02, 'filled order'), nudge);
      await told(positions.first(({ contracts, side }) => contracts === 0.02 && side === 'long', 'position'), nudge);
      const [position] = await client.fetchPositions([SYMBOL]);
      assert.deepEqual([position!.side, position!.contracts], ['long', 0.02]);

      const stop = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { stopLossPrice: Math.floor(bid * 0.97), reduceOnly: true });
      const stopLimit = await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, Math.floor(bid * 0.96), { triggerPrice: Math.floor(bid * 0.97) });
      const takeProfit = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { takeProfitPrice: Math.floor(bid * 1.03) });
      const trailing = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { trailingPercent: 1 });
      const types = new Map((await client.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })).map(({ id, info }) => [id, (info as { readonly orderType: string }).orderType]));
      assert.deepEqual([stop, stopLimit, takeProfit, trailing].map(({ id }) => types.get(id)), ['STOP_MARKET', 'STOP', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']);
      await client.cancelOrder(stop.id!, SYMBOL, { trigger: true });
      await client.cancelAllOrders(SYMBOL, { trigger: true });
      assert.deepEqual(await client.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true }), []);

      const maker = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, below, { postOnly: true });
      assert.equal(maker.timeInForce, 'PO');
      const batch = await client.createOrders([0, 1].map((at) => ({ symbol: SYMBOL, type: 'limit', side: 'buy', amount: 0.01, price: below - at })));
      assert.equal((await client.fetchOpenOrders(SYMBOL)).length, 3);
      await client.cancelOrders(batch.map(({ id }) => id!), SYMBOL);
      assert.deepEqual((await client.fetchOpenOrders(SYMBOL)).map(({ id }) => id), [maker.id]);
      await client.cancelAllOrders(SYMBOL);
      assert.deepEqual(await client.fetchOpenOrders(SYMBOL), []);

      const placed = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, below);
      assert.equal((await client.fetchOrderWs(placed.id!, SYMBOL)).status, 'open');
      assert.equal((await client.editOrderWs(placed.id!, SYMBOL, 'limit', 'buy', 0.02, below - 10)).amount, 0.02);
      assert.equal((await client.cancelOrderWs(placed.id!, SYMBOL)).status, 'canceled');
      const held = await client.fetchPositionsWs([SYMBOL]);
      assert.ok(held.some(({ contracts }) => contracts === 0.02), JSON.stringify(held));
      assert.ok((await client.fetchBalanceWs())['USDT']!.total! < PLENTY_USDT);

      assert.equal((await client.createOrder(SYMBOL, 'market', 'sell', 0.02, undefined, { reduceOnly: true })).filled, 0.02);
      assert.deepEqual(await client.fetchPositions([SYMBOL]), []);
      assert.equal((await client.fetchMyTrades(SYMBOL)).reduce((sum, { side, amount }) => sum + (side === 'buy' ? 1 : -1) * Math.round(amount! * 1000), 0), 0);
      assert.ok((await client.fetchLedger('USDT')).some(({ info }) => (info as { readonly incomeType: string }).incomeType === 'COMMISSION'));
      await client.setMarginMode('isolated', 'ETH/USDT:USDT');
      await client.setPositionMode(true);
      assert.equal((await client.fetchPositionMode()).hedged, true);
    } finally {
      await client.close();
    }
  });

  test('ccxt, USD-M: refusals are errors of its own classes', async () => {
    const keys = venue().keys('ccxt-usdm-errors');
    const make = (key = keys.hmac, options = {}): ReturnType<typeof ccxtBinance> => ccxtBinance(venue().ready, 'swap', key, { options });
    const [client, late, stranger, unknown, malformed, reader] = await Promise.all([
      make(), make(keys.hmac, { timeDifference: 60_000 }), make({ ...keys.hmac, secret: 'wrong' }), make({ ...keys.hmac, key: 'A'.repeat(64) }), make({ ...keys.hmac, key: 'short' }), make(keys.reader),
    ]);
    try {
      await Promise.all([client.loadMarkets(), reader.loadMarkets()]);
      const { bids: [best] } = await client.fetchOrderBook(SYMBOL, 5);
      const bid = best![0]!;
      await client.setMarginMode('isolated', 'ETH/USDT:USDT');
      await refusals([
        ['an order that nobody has', () => client.cancelOrder('999999', SYMBOL), ccxt.OrderNotFound, /-2011/],
        ['a question for it', () => client.fetchOrder('999999', SYMBOL), ccxt.OrderNotFound, /-2013/],
        ['a symbol that is not listed', () => client.fapiPublicGetDepth({ symbol: 'NOPEUSDT' }), ccxt.BadSymbol, /-1121/],
        ['a part of a lot', () => client.fapiPrivatePostOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.00001', price: bid }), ccxt.BadRequest, /-1111/],
        ['the other position mode', () => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bid, { positionSide: 'LONG' }), ccxt.OperationRejected, /-4061/],
        ['the mode that it has', () => client.setPositionMode(false), ccxt.OperationRejected, /-4059/],
        ['the margin type that it has', () => client.setMarginMode('isolated', 'ETH/USDT:USDT'), ccxt.MarginModeAlreadySet, /-4046/],
        ['a leverage too high', () => client.fapiPrivatePostLeverage({ symbol: 'BTCUSDT', leverage: 126 }), ccxt.BadRequest, /-4028/],
        ['a wrong secret', () => stranger.fetchBalance(), ccxt.AuthenticationError, /-1022/],
        ['a key that nobody has', () => unknown.fetchBalance(), ccxt.AuthenticationError, /-2015/],
        ['no key at all', () => malformed.fetchBalance(), ccxt.AuthenticationError, /-2014/],
        ['a key that may only read', () => reader.createOrder(SYMBOL, 'limit', 'buy', 0.01, bid), ccxt.AuthenticationError, /-2015/],
        ['a clock that is late', () => late.fetchBalance(), ccxt.InvalidNonce, /-1021/],
        ['a leverage that the client itself refuses', () => client.setLeverage(126, SYMBOL), ccxt.BadRequest, /between 1 and 125/],
      ]);
    } finally {
      await client.close();
    }
  });
}
