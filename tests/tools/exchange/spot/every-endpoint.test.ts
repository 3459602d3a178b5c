import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { http } from '../web/venue.js';
import { Trader } from './trader.js';

type Row = Readonly<Record<string, unknown>>;

let opened: OpenedExchange;
let trader: Trader;
/** The first fill of a buy at market. */
let fill: Row;
let trade: Row;

before(async () => {
  opened = await openExchange({ symbols: 'BTCUSDT,ETHUSDT' });
  trader = new Trader(opened);
  const bought = await trader.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.002' });
  assert.equal(bought.json['status'], 'FILLED');
  fill = (bought.json['fills'] as readonly Row[])[0]!;
  trade = (JSON.parse((await trader.call('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: bought.json['orderId'] as number })).text) as readonly Row[])[0]!;
  assert.equal(trade['id'], fill['tradeId']);
});

after(async () => {
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

async function read(path: string, query = ''): Promise<unknown> {
  return JSON.parse((await http(`${trader.rest}${path}?${query}`)).text) as unknown;
}

test('a fill is among the public trades, new and old, with nothing of the account', async () => {
  const shown = { id: trade['id'], price: trade['price'], qty: trade['qty'], quoteQty: trade['quoteQty'], time: trade['time'], isBuyerMaker: false, isBestMatch: true };
  const recent = (await read('/api/v3/trades', 'symbol=BTCUSDT&limit=1000')) as readonly Row[];
  assert.deepEqual(recent.find(({ id }) => id === fill['tradeId']), shown);
  assert.deepEqual(await read('/api/v3/historicalTrades', `symbol=BTCUSDT&fromId=${String(fill['tradeId'])}&limit=1`), [shown]);
});

test('prices are those of the trades', async () => {
  const price = Number(fill['price']);
  const average = (await read('/api/v3/avgPrice', 'symbol=BTCUSDT')) as Row;
  assert.equal(average['mins'], 5);
  assert.ok(Math.abs(Number(average['price']) / price - 1) < 0.01 && Number(average['closeTime']) >= Number(trade['time']));
  const now = (await read('/api/v3/ticker/price', 'symbol=BTCUSDT')) as Row;
  assert.ok(now['symbol'] === 'BTCUSDT' && Math.abs(Number(now['price']) / price - 1) < 0.01);
  assert.deepEqual(((await read('/api/v3/ticker/price')) as readonly Row[]).map(({ symbol }) => symbol), ['BTCUSDT', 'ETHUSDT']);
  const candles = (await read('/api/v3/uiKlines', 'symbol=BTCUSDT&interval=1m&limit=1000')) as readonly (readonly [number, string, string, string, string, string, number])[];
  const candle = candles.find(([from, , , , , , to]) => from <= Number(trade['time']) && to >= Number(trade['time']))!;
  assert.ok(Number(candle[2]) >= price && Number(candle[3]) <= price && Number(candle[5]) >= Number(fill['qty']));
});

test('lists whose pending orders are paid by the first are refused, as no symbol here takes them', async () => {
  const working = { symbol: 'BTCUSDT', workingType: 'LIMIT', workingSide: 'BUY', workingPrice: '30000', workingQuantity: '0.02', workingTimeInForce: 'GTC', pendingSide: 'SELL' };
  const refusal = { code: -2010, msg: 'OPO orders are not supported for this symbol.' };
  assert.deepEqual((await trader.call('POST', '/api/v3/orderList/opo', { ...working, pendingType: 'MARKET' })).json, refusal);
  const pair = { pendingAboveType: 'LIMIT_MAKER', pendingAbovePrice: '120000', pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: '29000' };
  assert.deepEqual((await trader.call('POST', '/api/v3/orderList/opoco', { ...working, ...pair })).json, refusal);
  assert.equal((await trader.call('GET', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).text, '[]');
});

test('listenKeys are gone, and were kept and given up before', async () => {
  const key = trader.key.key;
  for (const [method, path] of [['POST', '/api/v3/userDataStream'], ['PUT', '/api/v3/userDataStream'], ['DELETE', '/api/v3/userDataStream']] as const) {
    const { status, json } = await http(`${trader.rest}${path}`, { method, key });
    assert.deepEqual([status, json['code']], [410, -1020], method);
  }
  const older = await openExchange({ asOf: new AsOf('2025-06-01') });
  try {
    const url = `${older.origins.spot.rest}/api/v3/userDataStream`;
    const mine = new Trader(older).key.key;
    const listenKey = String((await http(url, { method: 'POST', key: mine })).json['listenKey']);
    assert.deepEqual((await http(`${url}?listenKey=${listenKey}`, { method: 'PUT', key: mine })).status, 200);
    assert.deepEqual((await http(`${url}?listenKey=${listenKey}`, { method: 'DELETE', key: mine })).status, 200);
    assert.equal((await http(`${url}?listenKey=${listenKey}`, { method: 'PUT', key: mine })).json['code'], -1125);
  } finally {
    await older.close();
  }
});
