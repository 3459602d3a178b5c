import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import type { Client } from '../web/venue.js';
import { Trader } from './trader.js';

let opened: OpenedExchange;
before(async () => {
  opened = await openExchange();
});
after(() => opened.close());

type Row = Readonly<Record<string, unknown>>;
const LOW = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '30000.00', quantity: '0.01' } as const;

/** Sends and takes messages until the answer; events that came before it are in `events`. */
async function ask(client: Client, request: string, events: Row[]): Promise<Row> {
  client.ws.send(request);
  for (;;) {
    const message = await client.nextJson();
    if ('status' in message) return message;
    events.push(message);
  }
}

async function until(client: Client, events: Row[], enough: () => boolean): Promise<void> {
  while (!enough()) events.push(await client.nextJson());
}

describe('the websocket API of spot', () => {
  test('a logged-on session trades without keys, and its events come wrapped, in the venue\'s order', async () => {
    const trader = new Trader(opened, 'ed25519');
    const client = await trader.open();
    const events: Row[] = [];
    const plain = (method: string, params: object = {}): string => JSON.stringify({ id: method.replaceAll('.', '-'), method, params });
    try {
      assert.equal((await ask(client, trader.request('session.logon'), events))['status'], 200);
      assert.deepEqual((await ask(client, plain('userDataStream.subscribe'), events))['result'], { subscriptionId: 0 });
      const placed = await ask(client, plain('order.place', { ...LOW, newClientOrderId: 'ws-1', timestamp: trader.nowMs }), events);
      const result = placed['result'] as Row;
      assert.deepEqual([placed['status'], placed['id'], result['status'], result['clientOrderId']], [200, 'order-place', 'NEW', 'ws-1']);
      assert.deepEqual((placed['rateLimits'] as readonly Row[]).map((row) => row['rateLimitType']).slice(0, 2), ['ORDERS', 'ORDERS']);
      const status = await ask(client, plain('order.status', { symbol: 'BTCUSDT', origClientOrderId: 'ws-1', timestamp: trader.nowMs }), events);
      assert.equal((status['result'] as Row)['orderId'], result['orderId']);
      const canceled = await ask(client, plain('order.cancel', { symbol: 'BTCUSDT', origClientOrderId: 'ws-1', newClientOrderId: 'ws-1-x', timestamp: trader.nowMs }), events);
      assert.equal((canceled['result'] as Row)['status'], 'CANCELED');
      const bought = await ask(client, plain('order.place', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.00100', newOrderRespType: 'RESULT', timestamp: trader.nowMs }), events);
      assert.equal((bought['result'] as Row)['status'], 'FILLED');
      await until(client, events, () => (events.at(-1)?.['event'] as Row | undefined)?.['e'] === 'outboundAccountPosition' && events.some((one) => (one['event'] as Row)['X'] === 'FILLED'));
      assert.deepEqual(events.map((one) => one['subscriptionId']).every((id) => id === 0), true);
      const inner = events.map((one) => one['event'] as Row);
      const kinds = inner.map((event) => (event['e'] === 'executionReport' ? `${String(event['x'])}/${String(event['X'])}` : String(event['e'])));
      assert.deepEqual(kinds.slice(0, 5), ['NEW/NEW', 'outboundAccountPosition', 'CANCELED/CANCELED', 'outboundAccountPosition', 'NEW/NEW']);
      assert.ok(kinds.slice(5, -1).every((kind) => kind.startsWith('TRADE/')) && kinds.at(-2) === 'TRADE/FILLED');
      assert.deepEqual([inner[2]!['c'], inner[2]!['C'], inner[2]!['i']], ['ws-1-x', 'ws-1', result['orderId']]);
      const account = await ask(client, plain('account.status', { omitZeroBalances: true, timestamp: trader.nowMs }), events);
      const told = (inner.at(-1)!['B'] as readonly Row[]).map((row) => ({ asset: row['a'], free: row['f'], locked: row['l'] }));
      const balances = (account['result'] as { balances: readonly Row[] }).balances;
      for (const row of told) assert.deepEqual(balances.find((one) => one['asset'] === row.asset), row);
      events.length = 0;
      await ask(client, plain('session.logout'), events);
      await until(client, events, () => events.length > 0);
      assert.equal((events[0]!['event'] as Row)['e'], 'eventStreamTerminated');
    } finally {
      client.close();
    }
  });

  test('an HMAC key signs each request and subscribes by signature; stamps in microseconds where they are asked for', async () => {
    const trader = new Trader(opened);
    const client = await trader.open('?timeUnit=MICROSECOND&returnRateLimits=false');
    const events: Row[] = [];
    try {
      assert.deepEqual((await ask(client, trader.request('userDataStream.subscribe.signature', {}, 1), events)), { id: 1, status: 200, result: { subscriptionId: 0 } });
      assert.deepEqual((await ask(client, trader.request('session.subscriptions', {}, 2), events))['result'], [{ subscriptionId: 0 }]);
      const placed = (await ask(client, trader.request('orderList.place.oco', {
        symbol: 'BTCUSDT', side: 'SELL', quantity: '0.01', aboveType: 'LIMIT_MAKER', abovePrice: '120000', belowType: 'STOP_LOSS', belowStopPrice: '30000',
      }), events))['result'] as Row;
      assert.equal(String(placed['transactionTime']).length, 16);
      await until(client, events, () => events.length >= 4);
      const inner = events.map((one) => one['event'] as Row);
      assert.deepEqual(inner.map((event) => event['e']), ['executionReport', 'executionReport', 'listStatus', 'outboundAccountPosition']);
      assert.deepEqual([String(inner[0]!['E']).length, inner[0]!['g'], inner[2]!['l']], [16, placed['orderListId'], 'EXEC_STARTED']);
      const canceled = await ask(client, trader.request('openOrders.cancelAll', { symbol: 'BTCUSDT' }), events);
      assert.equal((canceled['result'] as readonly Row[])[0]!['listStatusType'], 'ALL_DONE');
      const refused = await ask(client, trader.request('order.place', { ...LOW, quantity: '0.000001' }), events);
      assert.deepEqual([refused['status'], refused['error']], [400, { code: -1013, msg: 'Filter failure: LOT_SIZE' }]);
      const half = await ask(client, trader.request('order.cancelReplace', { ...LOW, cancelReplaceMode: 'ALLOW_FAILURE', cancelOrderId: 12 }), events);
      assert.deepEqual([half['status'], (half['error'] as Row)['code'], ((half['error'] as Row)['data'] as Row)['newOrderResult']], [409, -2021, 'SUCCESS']);
      assert.equal(((await ask(client, trader.request('openOrders.status', { symbol: 'BTCUSDT' }), events))['result'] as unknown[]).length, 1);
      const amended = await ask(client, trader.request('order.amend.keepPriority', { symbol: 'BTCUSDT', orderId: (((half['error'] as Row)['data'] as Row)['newOrderResponse'] as Row)['orderId'] as number, newQty: '0.005' }), events);
      assert.equal(((amended['result'] as Row)['amendedOrder'] as Row)['qty'], '0.00500000');
      const answers = async (method: string, values: Readonly<Record<string, string | number>>): Promise<unknown> => {
        const answer = await ask(client, trader.request(method, values), events);
        assert.equal(answer['status'], 200, `${method}: ${JSON.stringify(answer['error'])}`);
        return answer['result'];
      };
      const { symbol } = LOW;
      for (const method of ['allOrders', 'myTrades', 'account.commission', 'myFilters', 'myAllocations', 'referencePrice', 'referencePrice.calculation', 'executionRules']) await answers(method, { symbol });
      for (const method of ['allOrderLists', 'openOrderLists.status', 'account.rateLimits.orders', 'account.status']) await answers(method, {});
      await answers('orderList.status', { orderListId: placed['orderListId'] as number });
      await answers('order.amendments', { symbol, orderId: ((amended['result'] as Row)['amendedOrder'] as Row)['orderId'] as number });
      await answers('myPreventedMatches', { symbol, orderId: 1 });
      const pair = { symbol, side: 'SELL', quantity: '0.01', price: '120000', stopPrice: '30000', stopLimitPrice: '29900', stopLimitTimeInForce: 'GTC' };
      const listId = (await answers('orderList.place', pair) as Row)['orderListId'] as number;
      assert.equal((await answers('orderList.cancel', { symbol, orderListId: listId }) as Row)['listOrderStatus'], 'ALL_DONE');
      const working = { symbol, workingType: 'LIMIT', workingSide: 'BUY', workingPrice: '30000', workingQuantity: '0.02', workingTimeInForce: 'GTC', pendingSide: 'SELL', pendingQuantity: '0.01' };
      await answers('orderList.place.oto', { ...working, pendingType: 'MARKET' });
      await answers('orderList.place.otoco', { ...working, pendingAboveType: 'LIMIT_MAKER', pendingAbovePrice: '120000', pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: '29000' });
      assert.deepEqual((await ask(client, trader.request('orderList.place.opo', working), events))['error'], { code: -2010, msg: 'OPO orders are not supported for this symbol.' });
      assert.equal((await ask(client, trader.request('order.test', LOW), events))['status'], 200);
      assert.equal((await ask(client, JSON.stringify({ id: 9, method: 'exchangeInfo', params: { symbol: 'BTCUSDT' } }), events))['status'], 200);
      assert.deepEqual(opened.defects, []);
    } finally {
      client.close();
    }
  });

  test('an order that meets another of its account is kept from trading, and the match can be looked up', async () => {
    const trader = new Trader(opened);
    const client = await trader.open('?returnRateLimits=false');
    try {
      // One rests before everybody else, inside the spread where there is room and else by taking what is offered at the touch; the other is sent with
      // it, so that the crowd hardly acts between them.
      for (let tries = 0; ; tries += 1) {
        assert.ok(tries < 12, 'the crowd took every resting order whole');
        const { askPrice, bidPrice } = (await ask(client, JSON.stringify({ id: 1, method: 'ticker.book', params: { symbol: 'BTCUSDT' } }), []))['result'] as Row;
        const inside = (Number(bidPrice) + 0.01).toFixed(2);
        const price = Number(inside) < Number(askPrice) ? inside : String(askPrice);
        client.ws.send(trader.request('order.place', { ...LOW, price, quantity: '1.2' }, 2));
        client.ws.send(trader.request('order.place', { ...LOW, side: 'SELL', price, quantity: '0.005', selfTradePreventionMode: 'EXPIRE_TAKER' }, 3));
        const [resting, met] = [(await client.nextJson())['result'] as Row, (await client.nextJson())['result'] as Row];
        await ask(client, trader.request('openOrders.cancelAll', { symbol: 'BTCUSDT' }), []);
        if (met['status'] !== 'EXPIRED_IN_MATCH') continue;
        const preventedMatchId = met['preventedMatchId'] as number;
        assert.deepEqual((met['preventedMatches'] as readonly Row[]).map((row) => [row['preventedMatchId'], row['makerOrderId']]), [[preventedMatchId, resting['orderId']]]);
        const { text } = await trader.call('GET', '/api/v3/myPreventedMatches', { symbol: 'BTCUSDT', preventedMatchId });
        const [match] = JSON.parse(text) as readonly Row[];
        assert.deepEqual([match!['takerOrderId'], match!['makerOrderId'], match!['selfTradePreventionMode'], match!['tradeGroupId'], match!['makerPreventedQuantity']], [met['orderId'], resting['orderId'], 'EXPIRE_TAKER', -1, undefined]);
        return;
      }
    } finally {
      client.close();
    }
  });
});
