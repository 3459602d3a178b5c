import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import ccxt from 'ccxt';
import { openExchange, type OpenedExchange } from '../../support/open-exchange.js';

/* The real client, unmodified but for its addresses, against Deribit's and the options' faces. */

let venue: OpenedExchange;
let credentials: { readonly apiKey: string; readonly secret: string };

before(async () => {
  venue = await openExchange();
  const { key, secret } = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  credentials = { apiKey: key, secret: secret! };
});

after(async () => {
  await venue.close();
  assert.deepEqual(venue.defects, []);
});

/** What the client's typings leave open: addresses by name. */
interface Addresses {
  api: Record<string, unknown>;
}

/** Clients learn of orders from a stream that has to stand first, and do not say when it does: acts until something is told. */
async function told<T>(watched: Promise<T>, act: () => Promise<unknown>): Promise<T> {
  for (;;) {
    await act();
    const result = await Promise.race([watched, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 200))]);
    if (result !== undefined) return result;
  }
}

test('ccxt trades and watches the Deribit perpetual', { timeout: 60_000 }, async () => {
  const { rest, ws } = venue.origins.deribit;
  const client = new ccxt.pro.deribit({ ...credentials, enableRateLimit: false });
  Object.assign((client.urls as unknown as Addresses).api, { rest, ws: `${ws}/ws/api/v2` });
  await client.loadHttpProxyAgent();
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
    const stranger = new ccxt.deribit({ apiKey: credentials.apiKey, secret: 'wrong', enableRateLimit: false });
    Object.assign((stranger.urls as unknown as Addresses).api, { rest });
    await stranger.loadHttpProxyAgent();
    await assert.rejects(stranger.fetchBalance(), ccxt.AuthenticationError);
  } finally {
    await client.close();
  }
});

test('ccxt loads the option chain, trades an option and watches its streams', { timeout: 60_000 }, async () => {
  const { rest, ws } = venue.origins.options;
  const client = new ccxt.pro.binance({
    ...credentials, enableRateLimit: false,
    // A timer of twenty minutes would keep this process.
    options: { listenKeyRefreshRate: 500, defaultType: 'option', fetchMarkets: { types: ['option'] }, fetchCurrencies: false, fetchMargins: false, watchPositions: { fetchPositionsSnapshot: false, awaitPositionsSnapshot: false } },
  });
  const { api } = client.urls as unknown as Addresses;
  for (const name of ['eapiPublic', 'eapiPrivate']) api[name] = `${rest}/eapi/v1`;
  Object.assign(api['ws'] as object, { option: `${ws}/public/ws`, optionMarket: `${ws}/market/ws`, optionPrivate: `${ws}/private/ws` });
  await client.loadHttpProxyAgent();
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

