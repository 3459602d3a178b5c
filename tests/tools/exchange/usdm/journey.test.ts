import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { price } from '../../../../actors/exchange/futures/contract.js';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { type Json, Listener, RawClient } from './raw-client.js';

const ORDER_KEYS = [
  'orderId', 'symbol', 'status', 'clientOrderId', 'price', 'origQty', 'executedQty', 'cumQty', 'timeInForce', 'type', 'reduceOnly', 'closePosition', 'side', 'positionSide',
  'stopPrice', 'workingType', 'priceProtect', 'origType', 'priceMatch', 'selfTradePreventionMode', 'goodTillDate', 'updateTime',
];
const UPDATE_KEYS = ['s', 'c', 'S', 'o', 'f', 'q', 'p', 'ap', 'sp', 'x', 'X', 'i', 'l', 'z', 'L', 'T', 't', 'b', 'a', 'm', 'R', 'wt', 'ot', 'ps', 'cp', 'rp', 'pP', 'si', 'ss', 'V', 'pm', 'gtd', 'er'];
const ALGO_KEYS = [
  'algoId', 'clientAlgoId', 'algoType', 'orderType', 'symbol', 'side', 'positionSide', 'timeInForce', 'quantity', 'algoStatus', 'triggerPrice', 'price', 'icebergQuantity',
  'selfTradePreventionMode', 'workingType', 'priceMatch', 'closePosition', 'priceProtect', 'reduceOnly', 'activatePrice', 'callbackRate', 'createTime', 'updateTime', 'triggerTime', 'goodTillDate',
];

/** Prices a share of the mark away, on the tick. */
async function near(client: RawClient, factor: number): Promise<string> {
  const { markPrice } = (await (await fetch(`${client.rest}/fapi/v1/premiumIndex?symbol=BTCUSDT`)).json()) as { readonly markPrice: string };
  return (Math.round(Number(markPrice) * factor * 10) / 10).toFixed(1);
}

async function userStream(client: RawClient, opened: OpenedExchange): Promise<Listener> {
  const response = await fetch(`${client.rest}/fapi/v1/listenKey`, { method: 'POST', headers: { 'X-MBX-APIKEY': client.key } });
  const { listenKey } = (await response.json()) as { readonly listenKey: string };
  return Listener.open(`${opened.origins.usdm.ws}/private/ws/${listenKey}`);
}

const limit = (price_: string, more: Readonly<Record<string, string | number | boolean>> = {}): Readonly<Record<string, string | number | boolean>> =>
  ({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: price_, ...more });
const market = (side: string, quantity: string, more: Readonly<Record<string, string | number | boolean>> = {}): Readonly<Record<string, string | number | boolean>> =>
  ({ symbol: 'BTCUSDT', side, type: 'MARKET', quantity, ...more });

describe('USD-M over real sockets', () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ accountCount: 6 });
  });
  after(async () => {
    await opened.close();
    assert.deepEqual(opened.defects, []);
  });

  test('an order’s life by REST, and what the user stream says of it', async () => {
    const client = new RawClient(opened, 0);
    const stream = await userStream(client, opened);
    const placed = await client.ok('POST', '/fapi/v1/order', limit(await near(client, 0.98), { newClientOrderId: 'life-1' }));
    assert.deepEqual(Object.keys(placed), ORDER_KEYS);
    assert.deepEqual([placed['status'], placed['executedQty'], placed['origQty'], placed['selfTradePreventionMode']], ['NEW', '0.000', '0.010', 'EXPIRE_MAKER']);
    const { orderId } = placed;
    const read = await client.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'life-1' });
    assert.deepEqual([read['orderId'], read['avgPrice'], read['cumQuote']], [orderId, '0.00', '0']);
    assert.equal(await client.refusal('POST', '/fapi/v1/order', limit(await near(client, 0.98), { newClientOrderId: 'life-1' })), '400 -4116 ClientOrderId is duplicated.');
    const moved = await client.ok('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(orderId), side: 'BUY', quantity: '0.020', price: await near(client, 0.975) });
    assert.deepEqual([moved['orderId'], moved['origQty'], moved['status']], [orderId, '0.020', 'NEW']);
    assert.equal(((await client.ok('GET', '/fapi/v1/openOrders')) as unknown as Json[]).length, 1);
    assert.equal((await client.ok('GET', '/fapi/v1/openOrder', { symbol: 'BTCUSDT', orderId: Number(orderId) }))['orderId'], orderId);
    const canceled = await client.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(orderId) });
    assert.deepEqual(Object.keys(canceled), ORDER_KEYS);
    assert.equal(canceled['status'], 'CANCELED');
    assert.equal(await client.refusal('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(orderId) }), '400 -2011 Unknown order sent.');
    await stream.until(({ o }) => (o as Json | undefined)?.['x'] === 'CANCELED');
    const updates = stream.messages.filter(({ e }) => e === 'ORDER_TRADE_UPDATE');
    assert.deepEqual(updates.map(({ o }) => [(o as Json)['x'], (o as Json)['X'], (o as Json)['q']]), [['NEW', 'NEW', '0.010'], ['AMENDMENT', 'NEW', '0.020'], ['CANCELED', 'CANCELED', '0.020']]);
    assert.deepEqual(Object.keys(updates[0]!['o'] as Json), UPDATE_KEYS);
    assert.equal(stream.messages.some(({ e }) => e === 'ACCOUNT_UPDATE'), false, 'no balance has changed');
    stream.close();
  });

  test('a fill comes as TRADE_LITE, ACCOUNT_UPDATE and ORDER_TRADE_UPDATE, and adds up with trades, income, account and position', async () => {
    const client = new RawClient(opened, 1);
    const stream = await userStream(client, opened);
    const filled = await client.ok('POST', '/fapi/v1/order', market('BUY', '0.100', { newOrderRespType: 'RESULT' }));
    assert.deepEqual([filled['status'], filled['executedQty'], filled['type'], filled['price']], ['FILLED', '0.100', 'MARKET', '0.0']);
    await stream.until(({ o }) => (o as Json | undefined)?.['X'] === 'FILLED');
    const kinds = stream.messages.map(({ e }) => e);
    assert.deepEqual(kinds.slice(0, 4), ['ORDER_TRADE_UPDATE', 'TRADE_LITE', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE']);
    const fills = stream.messages.filter(({ o }) => (o as Json | undefined)?.['x'] === 'TRADE').map(({ o }) => o as Json);
    const trades = (await client.ok('GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT' })) as unknown as Json[];
    assert.deepEqual(trades.map((trade) => [trade['id'], trade['qty'], trade['price'], trade['commission'], trade['maker']]), fills.map((fill) => [fill['t'], fill['l'], fill['L'], fill['n'], fill['m']]));
    const fees = trades.reduce((sum, trade) => sum + Number(trade['commission']), 0);
    const account = await client.ok('GET', '/fapi/v3/account');
    assert.ok(Math.abs(Number(account['totalWalletBalance']) - (1_000_000 - fees)) < 1e-6);
    const lastUpdate = stream.messages.findLast(({ e }) => e === 'ACCOUNT_UPDATE')!['a'] as { readonly B: Json[]; readonly P: Json[]; readonly m: string };
    assert.deepEqual([lastUpdate.m, lastUpdate.B[0]!['wb'], lastUpdate.P[0]!['pa'], lastUpdate.P[0]!['mt']], ['ORDER', account['totalWalletBalance'], '0.100', 'cross']);
    const [position] = (await client.ok('GET', '/fapi/v3/positionRisk')) as unknown as Json[];
    const entry = trades.reduce((sum, trade) => sum + Number(trade['quoteQty']), 0) / 0.1;
    assert.ok(Math.abs(Number(position!['entryPrice']) - entry) < 1e-6);
    assert.ok(Number(position!['breakEvenPrice']) > entry);
    const incomes = (await client.ok('GET', '/fapi/v1/income', { incomeType: 'COMMISSION' })) as unknown as Json[];
    assert.equal(incomes.length, trades.length);
    await client.ok('POST', '/fapi/v1/order', market('SELL', '0.100', { reduceOnly: true }));
    assert.deepEqual(await client.ok('GET', '/fapi/v3/positionRisk'), []);
    const v2 = (await client.ok('GET', '/fapi/v2/positionRisk', { symbol: 'BTCUSDT' })) as unknown as Json[];
    assert.deepEqual(v2.map((it) => [it['positionAmt'], it['leverage'], it['marginType']]), [['0.000', '20', 'cross']]);
    stream.close();
  });

  test('algo orders have an endpoint, an id and a stream event of their own', async () => {
    const client = new RawClient(opened, 2);
    const stream = await userStream(client, opened);
    await client.ok('POST', '/fapi/v1/order', market('BUY', '0.050'));
    const stop = { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', quantity: '0.050', reduceOnly: true, workingType: 'MARK_PRICE' };
    assert.match(await client.refusal('POST', '/fapi/v1/order', { ...stop, stopPrice: await near(client, 0.9) }), /^400 -4120 /);
    const placed = await client.ok('POST', '/fapi/v1/algoOrder', { algoType: 'CONDITIONAL', ...stop, triggerPrice: await near(client, 0.9), clientAlgoId: 'sl-1' });
    assert.deepEqual(Object.keys(placed), ALGO_KEYS);
    assert.equal(await client.refusal('POST', '/fapi/v1/algoOrder', { algoType: 'CONDITIONAL', ...stop, triggerPrice: await near(client, 1.1) }), '400 -2021 Order would immediately trigger.');
    assert.deepEqual(await client.ok('GET', '/fapi/v1/openOrders', { symbol: 'BTCUSDT' }), [], 'it is no order');
    const openAlgos = (await client.ok('GET', '/fapi/v1/openAlgoOrders', { symbol: 'BTCUSDT' })) as unknown as Json[];
    assert.deepEqual(openAlgos.map(({ algoId, algoStatus, actualOrderId }) => [algoId, algoStatus, actualOrderId]), [[placed['algoId'], 'NEW', '']]);
    const other = await client.ok('POST', '/fapi/v1/algoOrder', { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side: 'SELL', type: 'TAKE_PROFIT_MARKET', closePosition: true, triggerPrice: await near(client, 1.1) });
    assert.deepEqual(await client.ok('DELETE', '/fapi/v1/algoOrder', { algoId: Number(other['algoId']) }), { algoId: other['algoId'], clientAlgoId: other['clientAlgoId'], code: '200', msg: 'success' });
    // The mark price falls through the trigger, and is where it was.
    await client.venue((venue, nowUs) => {
      const { symbol, markPrice, indexPrice } = venue.core.market('BTCUSDT');
      const through = price(symbol.contract.priceOf(Math.round(Number(placed['triggerPrice']) * 10) - 1));
      venue.setPrices('BTCUSDT', through, through, nowUs);
      venue.setPrices('BTCUSDT', markPrice, indexPrice, nowUs);
    });
    const finished = await stream.until(({ e, o }) => e === 'ALGO_UPDATE' && (o as Json)['X'] === 'FINISHED');
    const states = stream.messages.filter(({ e, o }) => e === 'ALGO_UPDATE' && (o as Json)['aid'] === placed['algoId']).map(({ o }) => (o as Json)['X']);
    assert.deepEqual(states, ['NEW', 'TRIGGERING', 'TRIGGERED', 'FINISHED']);
    const { ai, aq, act, caid } = finished['o'] as Json;
    assert.deepEqual([aq, act, caid], ['0.050', 'MARKET', 'sl-1']);
    const found = await client.ok('GET', '/fapi/v1/algoOrder', { clientAlgoId: 'sl-1' });
    assert.deepEqual([found['algoStatus'], found['actualOrderId']], ['FINISHED', ai]);
    assert.equal((await client.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(ai) }))['status'], 'FILLED');
    assert.equal(((await client.ok('GET', '/fapi/v1/allAlgoOrders', { symbol: 'BTCUSDT' })) as unknown as Json[]).length, 2);
    assert.equal((await client.ok('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' }))['code'], 200);
    stream.close();
  });

  test('the websocket API places, changes, cancels and asks, signed or logged on', async () => {
    const client = new RawClient(opened, 3, 'ed25519');
    const socket = await Listener.open(opened.origins.usdm.wsApi!);
    let id = 0;
    const ask = async (method: string, values: Readonly<Record<string, string | number | boolean>> = {}, signed = true): Promise<Json> => {
      socket.send(client.wsRequest(++id, method, values, signed));
      return socket.answer(id);
    };
    const placed = (await ask('order.place', limit(await near(client, 0.98)))) as { readonly status: number; readonly result: Json; readonly rateLimits: Json[] };
    assert.equal(placed.status, 200);
    assert.deepEqual(Object.keys(placed.result), ORDER_KEYS);
    assert.ok(placed.rateLimits.some(({ rateLimitType, count }) => rateLimitType === 'ORDERS' && count === 1));
    const { orderId } = placed.result as { readonly orderId: number };
    assert.equal(((await ask('session.logon'))['result'] as Json)['apiKey'], client.key);
    const moved = await ask('order.modify', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity: '0.011', price: await near(client, 0.97) }, false);
    assert.equal((moved['result'] as Json)['origQty'], '0.011');
    assert.equal(((await ask('order.status', { symbol: 'BTCUSDT', orderId }, false))['result'] as Json)['status'], 'NEW');
    assert.equal(((await ask('order.cancel', { symbol: 'BTCUSDT', orderId }, false))['result'] as Json)['status'], 'CANCELED');
    const refused = await ask('order.cancel', { symbol: 'BTCUSDT', orderId }, false);
    assert.deepEqual([refused['status'], refused['error']], [400, { code: -2011, msg: 'Unknown order sent.' }]);
    const algo = (await ask('algoOrder.place', { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side: 'BUY', type: 'STOP_MARKET', quantity: '0.010', triggerPrice: await near(client, 1.1) }, false))['result'] as Json;
    assert.equal(algo['algoStatus'], 'NEW');
    assert.equal(((await ask('algoOrder.cancel', { algoId: Number(algo['algoId']) }, false))['result'] as Json)['code'], '200');
    assert.equal(((await ask('v2/account.balance', {}, false))['result'] as Json[])[0]!['balance'], '1000000.00000000');
    assert.equal(((await ask('account.status', {}, false))['result'] as Json)['multiAssetsMargin'], false);
    assert.equal('multiAssetsMargin' in ((await ask('v2/account.status', {}, false))['result'] as Json), false);
    assert.equal(((await ask('account.position', {}, false))['result'] as Json[]).length, 2);
    assert.deepEqual((await ask('v2/account.position', {}, false))['result'], []);
    const { listenKey } = (await ask('userDataStream.start'))['result'] as { readonly listenKey: string };
    assert.equal(((await ask('userDataStream.ping'))['result'] as Json)['listenKey'], listenKey);
    assert.deepEqual((await ask('userDataStream.stop'))['result'], {});
    assert.equal(((await ask('userDataStream.ping'))['error'] as Json)['code'], -1125);
    socket.close();
  });

  test('settings, brackets, batches and the refusals of each', async () => {
    const client = new RawClient(opened, 4);
    const symbol = 'BTCUSDT';
    assert.deepEqual(await client.ok('POST', '/fapi/v1/leverage', { symbol, leverage: 50 }), { symbol, leverage: 50, maxNotionalValue: '12000000' });
    assert.equal(await client.refusal('POST', '/fapi/v1/leverage', { symbol, leverage: 126 }), '400 -4028 Leverage 126 is not valid');
    assert.equal(await client.refusal('POST', '/fapi/v1/marginType', { symbol, marginType: 'CROSSED' }), '400 -4046 No need to change margin type.');
    assert.deepEqual(await client.ok('POST', '/fapi/v1/marginType', { symbol, marginType: 'ISOLATED' }), { code: 200, msg: 'success' });
    await client.ok('POST', '/fapi/v1/order', market('BUY', '0.050'));
    assert.equal((await client.ok('POST', '/fapi/v1/positionMargin', { symbol, amount: '100', type: 1 }))['code'], 200);
    assert.equal(((await client.ok('GET', '/fapi/v1/positionMargin/history', { symbol })) as unknown as Json[]).length, 1);
    const [position] = (await client.ok('GET', '/fapi/v2/positionRisk', { symbol })) as unknown as Json[];
    assert.deepEqual([position!['marginType'], position!['leverage']], ['isolated', '50']);
    assert.ok(Number(position!['liquidationPrice']) > 0 && Number(position!['liquidationPrice']) < Number(position!['entryPrice']));
    assert.equal(await client.refusal('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true }), '400 -4068 Position side cannot be changed if there exists position.');
    await client.ok('POST', '/fapi/v1/order', market('SELL', '0.050'));
    assert.deepEqual(await client.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true }), { code: 200, msg: 'success' });
    assert.deepEqual(await client.ok('GET', '/fapi/v1/positionSide/dual'), { dualSidePosition: true });
    assert.deepEqual(await client.ok('GET', '/fapi/v1/multiAssetsMargin'), { multiAssetsMargin: false });
    const good = limit(await near(client, 0.98), { positionSide: 'LONG', quantity: '0.010' });
    const batch = (await client.ok('POST', '/fapi/v1/batchOrders', { batchOrders: JSON.stringify([good, { ...good, positionSide: 'BOTH' }, good]) })) as unknown as Json[];
    assert.deepEqual(batch.map((it) => it['status'] ?? it['code']), ['NEW', -4061, 'NEW']);
    assert.equal(await client.refusal('POST', '/fapi/v1/batchOrders', { batchOrders: '[]' }), '400 -4082 Invalid number of batch place orders: 0');
    const canceled = (await client.ok('DELETE', '/fapi/v1/batchOrders', { symbol, orderIdList: JSON.stringify([batch[0]!['orderId'], 1]) })) as unknown as Json[];
    assert.deepEqual(canceled.map((it) => it['status'] ?? it['code']), ['CANCELED', -2011]);
    assert.deepEqual(await client.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol }), { code: 200, msg: 'The operation of cancel all open order is done.' });
    assert.deepEqual(await client.ok('POST', '/fapi/v1/countdownCancelAll', { symbol, countdownTime: 0 }), { symbol, countdownTime: '0' });
    const [brackets] = (await client.ok('GET', '/fapi/v1/leverageBracket', { symbol })) as unknown as { readonly brackets: Json[] }[];
    assert.deepEqual(brackets!.brackets[0], { bracket: 1, initialLeverage: 125, notionalCap: 300_000, notionalFloor: 0, maintMarginRatio: 0.004, cum: 0 });
    // As each venue's own clients read it: a list, of one symbol too. Of an isolated hedge BOTH is shown, of a crossed one HEDGE.
    const queues = async (): Promise<unknown> => ((await client.ok('GET', '/fapi/v1/adlQuantile', { symbol })) as unknown as Json[]).map(({ adlQuantile }) => Object.keys(adlQuantile as Json));
    await client.ok('POST', '/fapi/v1/order', market('BUY', '0.010', { positionSide: 'LONG' }));
    assert.deepEqual(await queues(), [['LONG', 'SHORT', 'BOTH']]);
    await client.ok('POST', '/fapi/v1/order', market('SELL', '0.010', { positionSide: 'LONG' }));
    await client.ok('POST', '/fapi/v1/marginType', { symbol, marginType: 'CROSSED' });
    await client.ok('POST', '/fapi/v1/order', market('BUY', '0.010', { positionSide: 'LONG' }));
    await client.ok('POST', '/fapi/v1/order', market('SELL', '0.010', { positionSide: 'SHORT' }));
    assert.deepEqual(await queues(), [['LONG', 'SHORT', 'HEDGE']]);
    const [crossed] = (await client.ok('GET', '/fapi/v1/adlQuantile', { symbol })) as unknown as { readonly adlQuantile: Readonly<Record<string, number>> }[];
    assert.equal(crossed!.adlQuantile['LONG'], crossed!.adlQuantile['SHORT']);
    assert.deepEqual(await client.ok('GET', '/fapi/v1/commissionRate', { symbol }), { symbol, makerCommissionRate: '0.0002', takerCommissionRate: '0.0005', rpiCommissionRate: '0.0002' });
    assert.deepEqual(((await client.ok('GET', '/fapi/v1/rateLimit/order')) as unknown as Json[]).map(({ limit: most }) => most), [1200, 300]);
    const { headers } = await client.call('POST', '/fapi/v1/order/test', market('BUY', '0.010', { positionSide: 'LONG' }));
    assert.ok(Number(headers.get('x-mbx-order-count-10s')) > 0 && headers.get('x-mbx-used-weight-1m') !== null);
  });

  test('a client who only listens knows what the venue knows', async () => {
    const client = new RawClient(opened, 5);
    const stream = await userStream(client, opened);
    const sides = ['BUY', 'SELL', 'SELL', 'BUY', 'BUY', 'SELL', 'BUY'];
    for (const [at, side] of sides.entries()) {
      await client.ok('POST', '/fapi/v1/order', market(side, `0.0${11 + at * 7}`));
      await client.ok('POST', '/fapi/v1/order', limit(await near(client, side === 'BUY' ? 0.999 : 1.001), { side, quantity: '0.020' }));
    }
    await client.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' });
    await client.ok('POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: 7 });
    await stream.until(({ e }) => e === 'ACCOUNT_CONFIG_UPDATE');
    const orders = new Map<unknown, Json>();
    let balance: unknown;
    const positions = new Map<unknown, unknown>();
    for (const { e, o, a } of stream.messages) {
      if (e === 'ORDER_TRADE_UPDATE') orders.set((o as Json)['i'], o as Json);
      if (e !== 'ACCOUNT_UPDATE') continue;
      const { B, P } = a as { readonly B: Json[]; readonly P: Json[] };
      balance = B[0]!['wb'];
      for (const it of P) positions.set(it['s'], it['pa']);
    }
    const all = (await client.ok('GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT' })) as unknown as Json[];
    assert.equal(all.length, sides.length * 2);
    for (const order of all) {
      const known = orders.get(order['orderId'])!;
      assert.deepEqual([known['X'], known['z'], Number(known['ap'])], [order['status'], order['executedQty'], Number(order['avgPrice'])]);
    }
    const account = (await client.ok('GET', '/fapi/v3/account')) as { readonly assets: Json[]; readonly positions: Json[] };
    assert.equal(balance, account.assets[0]!['walletBalance']);
    assert.equal(Number(positions.get('BTCUSDT')), Number(account.positions[0]?.['positionAmt'] ?? 0));
    const books = (await opened.exchange.products.find(({ name }) => name === 'usdm')!.books(100)) as { readonly sums: Record<string, { readonly held: string; readonly supply: string }> };
    assert.equal(books.sums['USDT']!.held, books.sums['USDT']!.supply);
    stream.close();
  });

  test('funding is paid to the user’s stream and history, and told to the public; a liquidation is heard by both', async () => {
    const client = new RawClient(opened, 3);
    const stream = await userStream(client, opened);
    const forced = await Listener.open(`${opened.origins.usdm.ws}/market/ws/btcusdt@forceOrder`);
    await client.ok('POST', '/fapi/v1/order', market('BUY', '0.100'));
    await client.venue((venue) => venue.advance(venue.core.market('BTCUSDT').nextFundingUs));
    const paid = await stream.until(({ a }) => (a as Json | undefined)?.['m'] === 'FUNDING_FEE');
    assert.deepEqual((paid['a'] as { readonly P: Json[] }).P, [], 'a cross position is not told');
    const [fee] = (await client.ok('GET', '/fapi/v1/income', { incomeType: 'FUNDING_FEE' })) as unknown as Json[];
    // The past that the venue was opened with comes before it.
    const funding = ((await (await fetch(`${client.rest}/fapi/v1/fundingRate?symbol=BTCUSDT`)).json()) as Json[]).at(-1);
    assert.ok(Math.abs(Number(fee!['income']) + 0.1 * Number(funding!['markPrice']) * Number(funding!['fundingRate'])) < 1e-4, 'the rate is told with eight decimals');
    await client.venue((venue, nowUs) => venue.forceClose(client.account.id, 'BTCUSDT', 'liquidation', nowUs));
    const closed = (await stream.until(({ o }) => (o as Json | undefined)?.['x'] === 'CALCULATED'))['o'] as Json;
    assert.match(String(closed['c']), /^autoclose-/);
    const { o } = (await forced.until(({ e, o: order }) => e === 'forceOrder' && (order as Json)['q'] === '0.100')) as { readonly o: Json };
    assert.deepEqual([o['s'], o['S'], o['f'], o['X']], ['BTCUSDT', 'SELL', 'IOC', 'FILLED']);
    const listed = (await client.ok('GET', '/fapi/v1/forceOrders', { autoCloseType: 'LIQUIDATION' })) as unknown as Json[];
    assert.deepEqual(listed.map((order) => [order['status'], order['type'], order['origQty']]), [['FILLED', 'LIMIT', '0.100']]);
    stream.close();
    forced.close();
  });
});

describe('USD-M on an older day', () => {
  test('before July 2026 answers have averages; before 2025-12-09 a stop is an order', async () => {
    const opened = await openExchange({ asOf: new AsOf('2025-12-01') });
    try {
      const client = new RawClient(opened, 0);
      const stream = await userStream(client, opened);
      const filled = await client.ok('POST', '/fapi/v1/order', market('BUY', '0.050', { newOrderRespType: 'RESULT' }));
      assert.ok(Number(filled['avgPrice']) > 0 && Number(filled['cumQuote']) > 0);
      const stop = await client.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', closePosition: true, stopPrice: await near(client, 0.9), workingType: 'MARK_PRICE' });
      assert.deepEqual([stop['status'], stop['type'], stop['avgPrice']], ['NEW', 'STOP_MARKET', '0.00']);
      const open = (await client.ok('GET', '/fapi/v1/openOrders', { symbol: 'BTCUSDT' })) as unknown as Json[];
      assert.deepEqual(open.map(({ orderId, origType }) => [orderId, origType]), [[stop['orderId'], 'STOP_MARKET']]);
      assert.equal((await client.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(stop['orderId']) }))['status'], 'CANCELED');
      await stream.until(({ o }) => (o as Json | undefined)?.['x'] === 'CANCELED');
      const updates = stream.messages.filter(({ o }) => (o as Json | undefined)?.['i'] === stop['orderId']).map(({ o }) => [(o as Json)['o'], (o as Json)['X']]);
      assert.deepEqual(updates, [['STOP_MARKET', 'NEW'], ['STOP_MARKET', 'CANCELED']]);
      stream.close();
      assert.deepEqual(opened.defects, []);
    } finally {
      await opened.close();
    }
  });
});
