import assert from 'node:assert/strict';
import test from 'node:test';
import ccxt from 'ccxt';
import { ccxtBinance } from './ccxt-clients.js';
import type { ClientVenue } from './venue.js';
import { follow, refusals, told } from './waiting.js';

const SYMBOL = 'BTC/USDT';

/** ccxt on spot: REST, streams and the websocket API. */
export function ccxtSpot(venue: () => ClientVenue): void {
  test('ccxt, spot: markets and market data, over REST and as streams', async () => {
    const client = await ccxtBinance(venue().ready, 'spot', venue().keys('ccxt-spot-market').hmac);
    try {
      const markets = await client.loadMarkets();
      assert.deepEqual(Object.keys(markets).sort(), ['BTC/USDT', 'ETH/USDT']);
      assert.deepEqual([markets[SYMBOL]!.precision.price, markets[SYMBOL]!.precision.amount, markets[SYMBOL]!.spot], [0.01, 0.00001, true]);
      const [book, ticker, trades, candles, balance, fee, status] = await Promise.all([
        client.fetchOrderBook(SYMBOL, 5), client.fetchTicker(SYMBOL), client.fetchTrades(SYMBOL, undefined, 20), client.fetchOHLCV(SYMBOL, '1m', undefined, 10),
        client.fetchBalance(), client.fetchTradingFee(SYMBOL), client.fetchStatus(), client.fetchTime(),
      ]);
      assert.deepEqual([book.bids.length, book.asks.length], [5, 5]);
      assert.ok(book.bids[0]![0]! < book.asks[0]![0]!);
      assert.ok(ticker.last! > ticker.low! * 0.9 && ticker.low! <= ticker.high!);
      assert.equal(trades.length, 20);
      assert.deepEqual(candles.slice(1).map(([openMs], at) => openMs! - candles[at]![0]!), Array(9).fill(60_000));
      assert.deepEqual([balance['USDT']!.total, balance['BTC']!.free], [1_000_000, 10]);
      assert.deepEqual([fee.maker, fee.taker, status['status']], [0.001, 0.001, 'ok']);
      const [watched, traded, told24h, candle, best] = await Promise.all([
        client.watchOrderBook(SYMBOL), client.watchTrades(SYMBOL), client.watchTicker(SYMBOL), client.watchOHLCV(SYMBOL, '1m'), client.watchBidsAsks([SYMBOL]),
      ]);
      assert.ok(watched.bids[0]![0]! < watched.asks[0]![0]! && watched.nonce! >= book.nonce!);
      assert.equal(traded[0]!.symbol, SYMBOL);
      assert.ok(told24h.last! > 0 && candle.at(-1)![5]! >= 0 && best[SYMBOL]!.bid! < best[SYMBOL]!.ask!);
      assert.ok((await client.fetchTradesWs(SYMBOL)).length > 0);
      assert.ok((await client.fetchOHLCVWs(SYMBOL, '1m')).length > 0);
    } finally {
      await client.close();
    }
  });

  test('ccxt, spot: wallet and margin lists that it loads unasked', async () => {
    const client = await ccxtBinance(venue().ready, 'spot', venue().keys('ccxt-spot-market').hmac, { options: { fetchCurrencies: true, fetchMargins: true } });
    await client.loadMarkets();
    assert.ok(['BTC', 'USDT'].every((code) => code in client.currencies));
  });

  test('ccxt, spot: orders of every kind, and what the user stream tells of them', async () => {
    const client = await ccxtBinance(venue().ready, 'spot', venue().keys('ccxt-spot').hmac);
    try {
      await client.loadMarkets();
      const { bids: [best] } = await client.fetchOrderBook(SYMBOL, 5);
      const bid = best![0]!;
      const below = (bid * 0.99).toFixed(2);
      const nudge = async (): Promise<void> => {
        const { id } = await client.createOrder(SYMBOL, 'limit', 'buy', 0.001, Number(below));
        await client.cancelOrder(id!, SYMBOL);
      };
      const orders = follow(() => client.watchOrders(SYMBOL));
      const fills = follow(() => client.watchMyTrades(SYMBOL));
      const balances = follow(() => client.watchBalance());
      await told(orders.first(() => true, 'order'), nudge);

      const resting = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, Number(below), { clientOrderId: 'mine-1' });
      assert.deepEqual([resting.status, resting.clientOrderId], ['open', 'mine-1']);
      await told(orders.first(({ id, status }) => id === resting.id && status === 'open', 'open order'), nudge);
      assert.equal((await client.fetchOrder(resting.id!, SYMBOL)).status, 'open');
      const amended = await client.editOrder(resting.id!, SYMBOL, 'limit', 'buy', 0.02, bid - 900);
      assert.deepEqual((await client.fetchOpenOrders(SYMBOL)).map(({ id, amount }) => [id, amount]), [[amended.id, 0.02]]);
      assert.equal((await client.cancelOrder(amended.id!, SYMBOL)).status, 'canceled');
      await told(orders.first(({ id, status }) => id === amended.id && status === 'canceled', 'canceled order'), nudge);

      const bought = await client.createOrder(SYMBOL, 'market', 'buy', 0.02);
      assert.deepEqual([bought.status, bought.filled], ['closed', 0.02]);
      const fill = await told(fills.first(({ order }) => order === bought.id, 'fill'), nudge);
      assert.deepEqual([fill.side, fill.takerOrMaker, fill.fee!.currency], ['buy', 'taker', 'BTC']);
      await told(orders.first(({ id, status, filled }) => id === bought.id && status === 'closed' && filled === 0.02, 'filled order'), nudge);
      await told(balances.first((balance) => Math.abs(balance['BTC']!.total! - (10 + 0.02 * 0.999)) < 1e-9, 'balance after the fill'), nudge);
      const own = await client.fetchMyTrades(SYMBOL);
      assert.ok(Math.abs(own.reduce((sum, { amount }) => sum + amount!, 0) - 0.02) < 1e-9);
      const byQuote = await client.createMarketBuyOrderWithCost(SYMBOL, 1000);
      assert.ok(byQuote.cost! <= 1000 && byQuote.cost! > 998, String(byQuote.cost));

      const stop = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { stopLossPrice: Math.floor(bid * 0.97) });
      const stopLimit = await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, Math.floor(bid * 0.96), { triggerPrice: Math.floor(bid * 0.97) });
      const takeProfit = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { takeProfitPrice: Math.floor(bid * 1.03) });
      const trailing = await client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { trailingPercent: 1, stopLossOrTakeProfit: 'stopLoss' });
      const maker = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, Number(below), { postOnly: true });
      const types = new Map((await client.fetchOpenOrders(SYMBOL)).map(({ id, info }) => [id, (info as { readonly type: string }).type]));
      assert.deepEqual([stop, stopLimit, takeProfit, trailing, maker].map(({ id }) => types.get(id)), ['STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'STOP_LOSS', 'LIMIT_MAKER']);
      await client.cancelAllOrders(SYMBOL);
      assert.deepEqual(await client.fetchOpenOrders(SYMBOL), []);
      for (const timeInForce of ['IOC', 'FOK']) assert.equal((await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, Number(below), { timeInForce })).status, 'expired');

      const placed = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, Number(below));
      assert.equal((await client.fetchOrderWs(placed.id!, SYMBOL)).status, 'open');
      const edited = await client.editOrderWs(placed.id!, SYMBOL, 'limit', 'buy', 0.02, bid - 900);
      assert.equal((await client.cancelOrderWs(edited.id!, SYMBOL)).status, 'canceled');
      await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, Number(below));
      assert.equal((await client.cancelAllOrdersWs(SYMBOL)).length, 1);
      assert.ok((await client.fetchClosedOrders(SYMBOL)).some(({ id }) => id === bought.id));
      await assert.rejects(client.createOrders([{ symbol: SYMBOL, type: 'limit', side: 'buy', amount: 0.01, price: bid - 900 }]), ccxt.NotSupported);
    } finally {
      await client.close();
    }
  });

  test('ccxt, spot: refusals are errors of its own classes', async () => {
    const keys = venue().keys('ccxt-spot-errors');
    const make = (key = keys.hmac, options = {}): ReturnType<typeof ccxtBinance> => ccxtBinance(venue().ready, 'spot', key, { options });
    const [client, late, early, stranger, unknown, malformed, reader] = await Promise.all([
      make(), make(keys.hmac, { timeDifference: 60_000 }), make(keys.hmac, { timeDifference: -60_000 }),
      make({ ...keys.hmac, secret: 'wrong' }), make({ ...keys.hmac, key: 'A'.repeat(64) }), make({ ...keys.hmac, key: 'short' }), make(keys.reader),
    ]);
    try {
      await Promise.all([client.loadMarkets(), reader.loadMarkets()]);
      const { bids: [best], asks: [offer] } = await client.fetchOrderBook(SYMBOL, 5);
      const [bid, ask] = [best![0]!, offer![0]!];
      const order = (...[type, side, amount, price, params]: [type: string, side: 'buy' | 'sell', amount: number, price?: number, params?: object]) => (): Promise<unknown> => client.createOrder(SYMBOL, type, side, amount, price, params);
      await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, Math.floor(bid * 0.99), { clientOrderId: 'twice' });
      await refusals([
        ['more than there is', order('limit', 'buy', 50, bid), ccxt.InsufficientFunds, /insufficient balance/],
        ['the same id again', order('limit', 'buy', 0.01, Math.floor(bid * 0.99), { clientOrderId: 'twice' }), ccxt.InvalidOrder, /-2010.*Duplicate order sent/],
        ['a maker that takes', order('limit', 'buy', 0.01, Math.ceil(ask * 1.01), { postOnly: true }), ccxt.OrderImmediatelyFillable, /would immediately match/],
        ['a stop behind the market', order('market', 'sell', 0.01, undefined, { stopLossPrice: Math.floor(bid * 1.03) }), ccxt.OrderImmediatelyFillable, /trigger immediately/],
        ['a price far away', order('limit', 'buy', 0.01, 10_000), ccxt.InvalidOrder, /PERCENT_PRICE_BY_SIDE/],
        ['a notional too small', order('limit', 'buy', 0.00001, Math.floor(bid * 0.99)), ccxt.BadRequest, /-1013.*NOTIONAL/],
        ['a part of a lot', () => client.privatePostOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.0000001', price: bid }), ccxt.InvalidOrder, /LOT_SIZE/],
        ['a parameter too few', () => client.privatePostOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT' }), ccxt.BadRequest, /-1102/],
        ['an order that nobody has', () => client.cancelOrder('999999', SYMBOL), ccxt.OrderNotFound, /-2011.*Unknown order sent/],
        ['a question for it', () => client.fetchOrder('999999', SYMBOL), ccxt.OrderNotFound, /-2013/],
        ['a symbol that is not listed', () => client.publicGetDepth({ symbol: 'NOPEUSDT' }), ccxt.BadSymbol, /-1121/],
        ['a symbol that the client does not know', () => client.fetchTicker('NOPE/USDT'), ccxt.BadSymbol, /does not have market symbol/],
        ['a wrong secret', () => stranger.fetchBalance(), ccxt.AuthenticationError, /-1022/],
        ['a key that nobody has', () => unknown.fetchBalance(), ccxt.AuthenticationError, /-2015/],
        ['no key at all', () => malformed.fetchBalance(), ccxt.AuthenticationError, /-2014/],
        ['a key that may only read', () => reader.createOrder(SYMBOL, 'limit', 'buy', 0.01, bid), ccxt.AuthenticationError, /-2015/],
        ['a clock that is late', () => late.fetchBalance(), ccxt.InvalidNonce, /-1021.*outside of the recvWindow/],
        ['a clock that is ahead', () => early.fetchBalance(), ccxt.InvalidNonce, /-1021.*1000ms ahead/],
        ['a page that is not there', () => client.sapiGetAccountStatus(), ccxt.ExchangeNotAvailable, /404/],
        ['an order over the websocket API that cannot be paid', () => client.createOrderWs(SYMBOL, 'limit', 'buy', 50, bid), ccxt.InsufficientFunds, /insufficient balance/],
        ['a cancel over the websocket API', () => client.cancelOrderWs('999999', SYMBOL), ccxt.OrderNotFound, /-2011/],
      ]);
      await client.cancelAllOrders(SYMBOL);
    } finally {
      await client.close();
    }
  });

  test('ccxt, spot: a hundred orders in ten seconds and not one more', async () => {
    const client = await ccxtBinance(venue().ready, 'spot', venue().keys('ccxt-spot-limits').hmac);
    try {
      await client.loadMarkets();
      const { bids: [best] } = await client.fetchOrderBook(SYMBOL, 5);
      const place = (): Promise<unknown> => client.createOrderWs(SYMBOL, 'limit', 'buy', 0.001, Math.floor(best![0]! * 0.99));
      const outcomes = await Promise.allSettled(Array.from({ length: 230 }, place));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      // Ten seconds may begin anew on the way, once.
      assert.ok(refused.length >= 30 && refused.length <= 130, `${refused.length} refused`);
      for (const { reason } of refused) assert.ok(reason instanceof ccxt.RateLimitExceeded && /-1015/.test(reason.message), String(reason));
    } finally {
      await client.close();
    }
  });
}
