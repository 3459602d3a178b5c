import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { type Json, RawClient } from './raw-client.js';

const SYMBOL = { symbol: 'BTCUSDT' };
let opened: OpenedExchange;
let client: RawClient;
/** A buy of 0.010 at market. */
let bought: Json;
let fills: readonly Json[];

before(async () => {
  opened = await openExchange();
  client = new RawClient(opened);
  bought = await client.ok('POST', '/fapi/v1/order', { ...SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.010', newOrderRespType: 'RESULT' });
  assert.equal(bought['status'], 'FILLED');
  fills = rows(await client.ok('GET', '/fapi/v1/userTrades', { ...SYMBOL, orderId: Number(bought['orderId']) }));
});

after(async () => {
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

const rows = (body: unknown): readonly Json[] => {
  assert.ok(Array.isArray(body), JSON.stringify(body));
  return body as readonly Json[];
};

async function get(path: string, values: Readonly<Record<string, string | number>> = {}, key?: string): Promise<unknown> {
  const query = Object.entries(values).map(([name, value]) => `${name}=${value}`).join('&');
  return await (await fetch(`${client.rest}${path}?${query}`, { headers: key === undefined ? {} : { 'X-MBX-APIKEY': key } })).json();
}

test('the trade is among the old ones, in a candle of the contract, and the price', async () => {
  const { id, price, time, qty } = fills[0]!;
  assert.equal(((await get('/fapi/v1/historicalTrades', SYMBOL)) as Json)['code'], -2014);
  const [old] = rows(await get('/fapi/v1/historicalTrades', { ...SYMBOL, fromId: Number(id), limit: 1 }, client.key));
  assert.deepEqual([old!['id'], Number(old!['price']), old!['qty'], old!['time'], old!['isBuyerMaker']], [id, Number(price), qty, time, false]);
  const candles = (await get('/fapi/v1/continuousKlines', { pair: 'BTCUSDT', contractType: 'PERPETUAL', interval: '1m', limit: 1500 })) as readonly (readonly [number, string, string, string, string, string, number])[];
  const candle = candles.find(([from, , , , , , to]) => from <= Number(time) && to >= Number(time))!;
  assert.ok(Number(candle[2]) >= Number(price) && Number(candle[3]) <= Number(price) && Number(candle[5]) >= Number(qty));
  assert.ok(Number(((await get('/fapi/v1/continuousKlines', { pair: 'BTCUSDT', contractType: 'CURRENT_QUARTER', interval: '1m' })) as Json)['code']) < 0);
  const [last] = rows(await get('/fapi/v1/historicalTrades', { ...SYMBOL, limit: 1 }, client.key));
  const now = (await get('/fapi/v2/ticker/price', SYMBOL)) as Json;
  assert.equal(now['symbol'], 'BTCUSDT');
  assert.ok(Number(now['time']) >= Number(last!['time']) && Math.abs(Number(now['price']) / Number(price) - 1) < 0.01);
  assert.deepEqual(rows(await get('/fapi/v2/ticker/price')).map(({ symbol }) => symbol), ['BTCUSDT', 'ETHUSDT']);
  const made = (await get('/fapi/v1/constituents', SYMBOL)) as Json;
  assert.deepEqual([made['symbol'], rows(made['constituents']).length > 0], ['BTCUSDT', true]);
});

test('the older forms of account and balance tell of the position and of what it cost', async () => {
  const account = await client.ok('GET', '/fapi/v2/account');
  const position = rows(account['positions']).find(({ symbol, positionSide }) => symbol === 'BTCUSDT' && positionSide === 'BOTH')!;
  assert.equal(position['positionAmt'], '0.010');
  const entry = fills.reduce((sum, { price, qty }) => sum + Number(price) * Number(qty), 0) / 0.01;
  assert.ok(Math.abs(Number(position['entryPrice']) - entry) < 0.01, `${String(position['entryPrice'])} for ${entry}`);
  const usdt = rows(account['assets']).find(({ asset }) => asset === 'USDT')!;
  const balance = rows(await client.ok('GET', '/fapi/v2/balance')).find(({ asset }) => asset === 'USDT')!;
  assert.equal(balance['balance'], usdt['walletBalance']);
  const paid = rows(await client.ok('GET', '/fapi/v1/income', { incomeType: 'COMMISSION' })).reduce((sum, { income }) => sum + Number(income), 0);
  assert.ok(paid < 0 && Math.abs(paid + fills.reduce((sum, { commission }) => sum + Number(commission), 0)) < 1e-9);
  const queue = rows(await client.ok('GET', '/fapi/v1/adlQuantile'));
  assert.equal(queue.length, 1);
  assert.equal(queue[0]!['symbol'], 'BTCUSDT');
  const { LONG, SHORT, BOTH } = queue[0]!['adlQuantile'] as Readonly<Record<string, number>>;
  assert.ok(LONG === 0 && SHORT === 0 && Number.isInteger(BOTH) && BOTH! >= 0 && BOTH! <= 4);
});

test('what the account may do and is set to', async () => {
  const config = await client.ok('GET', '/fapi/v1/accountConfig');
  assert.deepEqual([config['canTrade'], config['dualSidePosition'], config['multiAssetsMargin']], [true, false, false]);
  assert.deepEqual((await client.ok('GET', '/fapi/v1/apiTradingStatus'))['indicators'], {});
  assert.deepEqual(await client.ok('GET', '/fapi/v1/feeBurn'), { feeBurn: false });
  assert.match(await client.refusal('POST', '/fapi/v1/multiAssetsMargin', { multiAssetsMargin: 'false' }), /^400 -4171 /);
  assert.match(await client.refusal('POST', '/fapi/v1/multiAssetsMargin', { multiAssetsMargin: 'true' }), /^400 -4084 /);
  assert.deepEqual(await client.ok('GET', '/fapi/v1/multiAssetsMargin'), { multiAssetsMargin: false });
});

test('orders are modified together, each or its refusal', async () => {
  const tick = (share: number): string => (Math.round(Number(fills[0]!['price']) * share * 10) / 10).toFixed(1);
  const order = (quantity: string, share: number): Json => ({ ...SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity, price: tick(share) });
  const placed = rows(await client.ok('POST', '/fapi/v1/batchOrders', { batchOrders: JSON.stringify([order('0.010', 0.97), order('0.020', 0.96)]) }));
  assert.deepEqual(placed.map(({ status }) => status), ['NEW', 'NEW']);
  const change = (at: number, quantity: string, share: number): Json => ({ ...SYMBOL, orderId: placed[at]!['orderId'], side: 'BUY', quantity, price: tick(share) });
  const changed = rows(await client.ok('PUT', '/fapi/v1/batchOrders', { batchOrders: JSON.stringify([change(0, '0.030', 0.965), { ...change(0, '0.030', 0.965), orderId: 1 }, change(1, '0.040', 0.955)]) }));
  assert.deepEqual(changed.map((one) => one['orderId'] ?? one['code']), [placed[0]!['orderId'], -2013, placed[1]!['orderId']]);
  const open = rows(await client.ok('GET', '/fapi/v1/openOrders', SYMBOL));
  const now = placed.map(({ orderId }) => open.find((one) => one['orderId'] === orderId)).map((one) => [one?.['origQty'], Number(one?.['price'])]);
  assert.deepEqual(now, [['0.030', Number(tick(0.965))], ['0.040', Number(tick(0.955))]]);
  assert.equal(open.length, 2);
  await client.ok('DELETE', '/fapi/v1/allOpenOrders', SYMBOL);
});

test('a listenKey that was given up is none any more', async () => {
  const headers = { 'X-MBX-APIKEY': client.key };
  const ask = async (method: string): Promise<Json> => (await (await fetch(`${client.rest}/fapi/v1/listenKey`, { method, headers })).json()) as Json;
  const { listenKey } = await ask('POST');
  assert.deepEqual(await ask('PUT'), { listenKey });
  const given = await (await fetch(`${client.rest}/fapi/v1/listenKey`, { method: 'DELETE', headers })).json();
  assert.deepEqual(given, {});
  assert.equal((await ask('PUT'))['code'], -1125);
  assert.notEqual((await ask('POST'))['listenKey'], listenKey);
});
