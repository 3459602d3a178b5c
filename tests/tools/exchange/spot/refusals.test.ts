import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { http } from '../web/venue.js';
import { Trader } from './trader.js';

let opened: OpenedExchange;
let trader: Trader;
before(async () => {
  opened = await openExchange();
  trader = new Trader(opened);
});
after(async () => {
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

const symbol = 'BTCUSDT';
const LIMIT = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '40000' } as const;
const OCO = { symbol, quantity: '0.01' } as const;
const stop = (leg: 'above' | 'below', type: string, price: string): Record<string, string> => ({ [`${leg}Type`]: type, [`${leg}StopPrice`]: price });

test('signed requests are refused with the code of what is wrong with them', async () => {
  const DAY_MS = 86_400_000;
  const cases: readonly (readonly [number, 'GET' | 'POST', string, Readonly<Record<string, string | number>>])[] = [
    [-1160, 'POST', '/api/v3/order', { ...LIMIT, timeInForce: 'IOC', icebergQty: '0.005' }],
    [-1127, 'GET', '/api/v3/myTrades', { symbol, startTime: trader.nowMs - 2 * DAY_MS, endTime: trader.nowMs }],
    [-1158, 'POST', '/api/v3/orderList/oco', { ...OCO, side: 'SELL', aboveType: 'LIMIT', abovePrice: '90000', aboveTimeInForce: 'GTC', ...stop('below', 'STOP_LOSS', '40000') }],
    [-1196, 'POST', '/api/v3/orderList/oco', { ...OCO, side: 'BUY', ...stop('above', 'STOP_LOSS', '90000'), ...stop('below', 'STOP_LOSS', '40000') }],
    [-1197, 'POST', '/api/v3/orderList/oco', { ...OCO, side: 'SELL', ...stop('above', 'STOP_LOSS', '90000'), ...stop('below', 'STOP_LOSS', '40000') }],
    [-1198, 'POST', '/api/v3/orderList/oco', { ...OCO, side: 'BUY', ...stop('above', 'TAKE_PROFIT', '90000'), ...stop('below', 'TAKE_PROFIT', '40000') }],
    [-1199, 'POST', '/api/v3/orderList/oco', { ...OCO, side: 'SELL', ...stop('above', 'TAKE_PROFIT', '90000'), ...stop('below', 'TAKE_PROFIT', '40000') }],
  ];
  for (const [code, method, path, values] of cases) {
    const answer = await trader.call(method, path, values);
    assert.deepEqual([answer.code, answer.status], [code, 400], `${path} ${JSON.stringify(values)}: ${answer.text}`);
  }
});

test('questions of the market are refused likewise', async () => {
  for (const [code, path] of [[-1122, '/api/v3/exchangeInfo?symbolStatus=NOPE'], [-1220, `/api/v3/referencePrice/calculation?symbol=${symbol}&symbolStatus=BREAK`], [-1100, `/api/v3/aggTrades?symbol=${symbol}&startTime=${trader.nowMs}&endTime=${trader.nowMs - 1000}`]] as const) {
    assert.equal((await http(`${trader.rest}${path}`)).code, code, path);
  }
});

test('the websocket API has no OPO and OPOCO lists, and says so', async () => {
  const client = await trader.open();
  for (const method of ['orderList.place.opo', 'orderList.place.opoco']) {
    client.ws.send(trader.request(method, { symbol }));
    const { error } = await client.nextJson() as { readonly error: { readonly code: number } };
    assert.equal(error.code, -2010, method);
  }
  client.close();
});
