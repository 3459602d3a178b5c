import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { Listener, RawClient } from './raw-client.js';

let opened: OpenedExchange;
let client: RawClient;
let bid: number;
before(async () => {
  opened = await openExchange();
  client = new RawClient(opened);
  const { bidPrice } = (await (await fetch(`${client.rest}/fapi/v1/ticker/bookTicker?symbol=BTCUSDT`)).json()) as { readonly bidPrice: string };
  bid = Number(bidPrice);
});
after(async () => {
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

type Values = Readonly<Record<string, string | number | boolean | undefined>>;
const symbol = 'BTCUSDT';
const near = (share: number): string => (Math.round(bid * share * 10) / 10).toFixed(1);
const limit = (more: Values = {}): Values => ({ symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: near(0.98), ...more });
const algo = (more: Values = {}): Values => ({ algoType: 'CONDITIONAL', symbol, side: 'SELL', type: 'STOP_MARKET', quantity: '0.010', triggerPrice: near(0.95), ...more });
const refused = async (code: number, method: string, path: string, values: Values): Promise<void> => {
  const answer = await client.refusal(method, path, values);
  assert.equal(answer.split(' ')[1], String(code), `${method} ${path} ${JSON.stringify(values)}: ${answer}`);
};

test('orders are refused with the code of what is wrong with them', async () => {
  const order = (code: number, more: Values): Promise<void> => refused(code, 'POST', '/fapi/v1/order', limit(more));
  await order(-1115, { timeInForce: 'FOREVER' });
  await order(-1116, { type: 'LIMITED' });
  await order(-1131, { recvWindow: 60_001 });
  await order(-1111, { quantity: '0.0101' });
  await order(-4060, { positionSide: 'UP' });
  await order(-5037, { priceMatch: 'BEST', price: undefined });
  await order(-5038, { type: 'MARKET', priceMatch: 'QUEUE', price: undefined, timeInForce: undefined });
  await order(-5039, { selfTradePreventionMode: 'DECREMENT' });
});

test('so are conditional orders', async () => {
  const order = (code: number, more: Values): Promise<void> => refused(code, 'POST', '/fapi/v1/algoOrder', algo(more));
  await order(-4020, { algoType: 'TWAP' });
  await order(-4006, { triggerPrice: '0' });
  await order(-4007, { triggerPrice: '99999999' });
  await order(-4031, { workingType: 'INDEX' });
  await order(-4184, { type: 'STOP', timeInForce: 'GTC', price: near(0.8) });
});

test('and changes, batches and questions', async () => {
  await refused(-4032, 'DELETE', '/fapi/v1/batchOrders', { symbol, orderIdList: JSON.stringify(Array.from({ length: 11 }, (_none, at) => at + 1)) });
  const nowMs = Math.floor(opened.exchange.clock.nowUs() / 1000);
  await refused(-1023, 'GET', '/fapi/v1/allOrders', { symbol, startTime: nowMs, endTime: nowMs - 1000 });
  await refused(-4165, 'GET', '/fapi/v1/allOrders', { symbol, startTime: nowMs - 8 * 86_400_000, endTime: nowMs });
  await refused(-1127, 'GET', '/fapi/v1/aggTrades', { symbol, startTime: nowMs - 2 * 3_600_000, endTime: nowMs });
  await client.ok('POST', '/fapi/v1/order', limit());
  await refused(-4067, 'POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
  await client.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol });
});

test('a symbol that is closed takes no order and no change, but for what closes', async () => {
  const { orderId } = await client.ok('POST', '/fapi/v1/order', limit());
  await client.venue((venue) => venue.setStatus(symbol, 'CANCEL_ONLY'));
  await refused(-4140, 'POST', '/fapi/v1/order', limit());
  await refused(-5024, 'PUT', '/fapi/v1/order', { symbol, orderId: Number(orderId), side: 'BUY', quantity: '0.020', price: near(0.97) });
  await client.ok('DELETE', '/fapi/v1/order', { symbol, orderId: Number(orderId) });
  await client.venue((venue) => venue.setStatus(symbol, 'TRADING'));
});

test('the older forms of two methods of the websocket API', async () => {
  const listener = await Listener.open(opened.origins.usdm.wsApi!);
  listener.send(client.wsRequest(1, 'account.balance'));
  listener.send(client.wsRequest(2, 'v2/ticker.price', { symbol }, false));
  const [balance] = (await listener.answer(1))['result'] as readonly Readonly<Record<string, string>>[];
  assert.deepEqual([balance!['asset'], Number(balance!['balance'])], ['USDT', 1_000_000]);
  const price = (await listener.answer(2))['result'] as Readonly<Record<string, unknown>>;
  assert.ok(price['symbol'] === symbol && Math.abs(Number(price['price']) / bid - 1) < 0.02);
  listener.close();
});
