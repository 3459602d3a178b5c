import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { Client, http } from '../web/venue.js';
import { Trader } from './trader.js';

let opened: OpenedExchange;
let trader: Trader;
before(async () => {
  opened = await openExchange({ limits: 'venue', accountCount: 2, symbols: 'BTCUSDT,ETHUSDT' });
  trader = new Trader(opened);
});
after(() => opened.close());

type Row = Readonly<Record<string, unknown>>;
/** Far from the market, so that the crowd leaves it alone. */
const LOW = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '30000.00', quantity: '0.01' } as const;
const rows = (text: string): readonly Row[] => JSON.parse(text) as readonly Row[];
async function balanceOf(asset: string): Promise<Row> {
  const { json } = await trader.call('GET', '/api/v3/account');
  return (json['balances'] as readonly Row[]).find((row) => row['asset'] === asset)!;
}

describe('an order by REST', () => {
  test('is placed, found, listed, canceled and remembered', async () => {
    const before = await balanceOf('USDT');
    const placed = await trader.call('POST', '/api/v3/order', { ...LOW, newClientOrderId: 'rest-1' }, true);
    assert.equal(placed.status, 200);
    assert.equal(placed.headers.get('x-mbx-order-count-10s'), '1');
    const { orderId, transactTime } = placed.json;
    assert.ok(Math.abs(Number(transactTime) - trader.nowMs) < 60_000);
    assert.deepEqual(placed.json, {
      symbol: 'BTCUSDT', orderId, orderListId: -1, clientOrderId: 'rest-1', transactTime, price: '30000.00000000', origQty: '0.01000000', executedQty: '0.00000000',
      origQuoteOrderQty: '0.00000000', cummulativeQuoteQty: '0.00000000', status: 'NEW', timeInForce: 'GTC', type: 'LIMIT', side: 'BUY', workingTime: transactTime, fills: [],
      selfTradePreventionMode: 'EXPIRE_MAKER',
    });
    assert.deepEqual(await balanceOf('USDT'), { asset: 'USDT', free: (Number(before['free']) - 300).toFixed(8), locked: '300.00000000' });
    const expected = {
      symbol: 'BTCUSDT', orderId, orderListId: -1, clientOrderId: 'rest-1', price: '30000.00000000', origQty: '0.01000000', executedQty: '0.00000000',
      cummulativeQuoteQty: '0.00000000', status: 'NEW', timeInForce: 'GTC', type: 'LIMIT', side: 'BUY', stopPrice: '0.00000000', icebergQty: '0.00000000', time: transactTime,
      updateTime: transactTime, isWorking: true, workingTime: transactTime, origQuoteOrderQty: '0.00000000', selfTradePreventionMode: 'EXPIRE_MAKER',
    };
    assert.deepEqual((await trader.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'rest-1' })).json, expected);
    assert.deepEqual(rows((await trader.call('GET', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).text), [expected]);
    assert.equal((await trader.call('POST', '/api/v3/order', { ...LOW, newClientOrderId: 'rest-1' })).text, '{"code":-2010,"msg":"Duplicate order sent."}');
    const canceled = await trader.call('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: orderId as number, newClientOrderId: 'rest-1-cancel' });
    assert.deepEqual([canceled.json['status'], canceled.json['origClientOrderId'], canceled.json['clientOrderId']], ['CANCELED', 'rest-1', 'rest-1-cancel']);
    assert.deepEqual(await balanceOf('USDT'), before);
    const remembered = rows((await trader.call('GET', '/api/v3/allOrders', { symbol: 'BTCUSDT', orderId: orderId as number })).text);
    assert.deepEqual([remembered.length, remembered[0]!['status']], [1, 'CANCELED']);
    assert.deepEqual((await trader.call('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: orderId as number })).json, { code: -2011, msg: 'Unknown order sent.' });
    assert.deepEqual((await trader.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: 77 })).json, { code: -2013, msg: 'Order does not exist.' });
  });

  test('at market trades with the crowd; fills, commission and trades agree', async () => {
    const bought = await trader.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.002' });
    assert.equal(bought.json['status'], 'FILLED');
    const fills = bought.json['fills'] as readonly Row[];
    assert.equal(fills.reduce((sum, fill) => sum + Math.round(Number(fill['qty']) * 1e8), 0), 200_000);
    for (const fill of fills) assert.deepEqual([fill['commissionAsset'], Number(fill['commission'])], ['BTC', Math.floor(Math.round(Number(fill['qty']) * 1e8) / 1000) / 1e8]);
    const trades = rows((await trader.call('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: bought.json['orderId'] as number })).text);
    assert.deepEqual(trades.map((row) => [row['id'], row['price'], row['qty'], row['commission'], row['isBuyer'], row['isMaker']]), fills.map((fill) => [fill['tradeId'], fill['price'], fill['qty'], fill['commission'], true, false]));
    assert.equal((await trader.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quoteOrderQty: '100', newOrderRespType: 'ACK' })).json['status'], undefined);
    const limits = rows((await trader.call('GET', '/api/v3/rateLimit/order')).text);
    assert.deepEqual(limits.map((row) => [row['rateLimitType'], row['interval'], row['intervalNum'], row['limit']]), [['ORDERS', 'SECOND', 10, 100], ['ORDERS', 'DAY', 1, 200_000]]);
    // One order was placed and canceled, one was refused, two were filled: only the first counts.
    assert.equal(limits[1]!['count'], 1);
  });

  test('is replaced and amended in the venue\'s words, with 409 for a half success', async () => {
    const place = async (id: string): Promise<void> => void (await trader.call('POST', '/api/v3/order', { ...LOW, newClientOrderId: id }));
    await place('old-1');
    const both = await trader.call('POST', '/api/v3/order/cancelReplace', { ...LOW, price: '30001.00', cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrigClientOrderId: 'old-1', newClientOrderId: 'new-1' });
    assert.deepEqual([both.status, both.json['cancelResult'], both.json['newOrderResult'], (both.json['newOrderResponse'] as Row)['clientOrderId']], [200, 'SUCCESS', 'SUCCESS', 'new-1']);
    const half = await trader.call('POST', '/api/v3/order/cancelReplace', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT_MAKER', price: '90000.00', quantity: '0.01', cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrigClientOrderId: 'new-1' });
    assert.equal(half.status, 409);
    assert.deepEqual([half.code, (half.json['data'] as Row)['cancelResult'], (half.json['data'] as Row)['newOrderResponse']], [-2021, 'SUCCESS', { code: -2010, msg: 'Order would immediately match and take.' }]);
    const none = await trader.call('POST', '/api/v3/order/cancelReplace', { ...LOW, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: 5 });
    assert.deepEqual([none.status, none.json], [400, { code: -2022, msg: 'Order cancel-replace failed.', data: { cancelResult: 'FAILURE', newOrderResult: 'NOT_ATTEMPTED', cancelResponse: { code: -2011, msg: 'Unknown order sent.' }, newOrderResponse: null } }]);
    await place('shrink');
    const amended = await trader.call('PUT', '/api/v3/order/amend/keepPriority', { symbol: 'BTCUSDT', origClientOrderId: 'shrink', newQty: '0.004', newClientOrderId: 'shrunk' });
    const order = amended.json['amendedOrder'] as Row;
    assert.deepEqual([order['origClientOrderId'], order['clientOrderId'], order['qty'], order['status']], ['shrink', 'shrunk', '0.00400000', 'NEW']);
    const [amendment] = rows((await trader.call('GET', '/api/v3/order/amendments', { symbol: 'BTCUSDT', orderId: order['orderId'] as number })).text);
    assert.deepEqual([amendment!['origQty'], amendment!['newQty'], amendment!['executionId']], ['0.01000000', '0.00400000', amended.json['executionId']]);
    assert.equal(rows((await trader.call('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).text).length, 1);
  });

  test('is refused for what it lacks or has too much, before anything happens', async () => {
    const refusal = async (values: Readonly<Record<string, string>>): Promise<string> => {
      const { code, msg } = await trader.call('POST', '/api/v3/order/test', { symbol: 'BTCUSDT', ...values });
      return code === undefined ? 'taken' : `${code} ${msg}`;
    };
    const mandatory = (name: string): string => `-1102 Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
    const unwanted = (name: string): string => `-1106 Parameter '${name}' sent when not required.`;
    const { price: _price, ...noPrice } = LOW;
    const { timeInForce: _tif, ...noTime } = LOW;
    assert.equal(await refusal(LOW), 'taken');
    assert.equal(await refusal(noPrice), mandatory('price'));
    assert.equal(await refusal(noTime), mandatory('timeInForce'));
    assert.equal(await refusal({ ...LOW, stopPrice: '1' }), unwanted('stopPrice'));
    assert.equal(await refusal({ ...LOW, type: 'LIMIT_MAKER' }), unwanted('timeInForce'));
    assert.equal(await refusal({ side: 'BUY', type: 'MARKET' }), "-1102 Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!");
    assert.equal(await refusal({ side: 'BUY', type: 'MARKET', quantity: '1', timeInForce: 'GTC' }), unwanted('timeInForce'));
    assert.equal(await refusal({ side: 'SELL', type: 'STOP_LOSS', quantity: '1' }), "-1102 Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!");
    assert.equal(await refusal({ ...LOW, side: 'HOLD' }), '-1117 Invalid side.');
    assert.equal(await refusal({ ...LOW, type: 'GUESS' }), '-1116 Invalid orderType.');
    assert.equal(await refusal({ ...LOW, timeInForce: 'GTX' }), '-1115 Invalid timeInForce.');
    assert.equal(await refusal({ ...LOW, price: '30000.123456789' }), "-1111 Parameter 'price' has too much precision.");
    assert.equal(await refusal({ ...LOW, price: '30000.001' }), '-1013 Filter failure: PRICE_FILTER');
    assert.equal(await refusal({ ...LOW, symbol: 'DOGEBTC' }), '-1121 Invalid symbol.');
    assert.equal(await refusal({ ...LOW, selfTradePreventionMode: 'NONE' }), '-1013 This symbol does not allow the specified self-trade prevention mode.');
    assert.equal(await refusal({ ...LOW, pegPriceType: 'PRIMARY_PEG' }), '-2010 Pegged orders are not supported for this symbol.');
    assert.equal(await refusal({ ...LOW, bogus: '1' }), "-1104 Not all sent parameters were read; read '8' parameter(s) but was sent '9'.");
    const rates = await trader.call('POST', '/api/v3/order/test', { ...LOW, computeCommissionRates: true });
    assert.deepEqual(rates.json['standardCommissionForOrder'], { maker: '0.00100000', taker: '0.00100000' });
    assert.equal((await trader.call('POST', '/api/v3/order', { ...LOW, price: '40000', quantity: '200' })).msg, 'Account has insufficient balance for requested action.');
    assert.equal((await trader.call('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: 1, cancelRestrictions: 'MAYBE' })).text, '{"code":-1145,"msg":"Invalid cancelRestrictions"}');
  });
});

describe('order lists by REST', () => {
  const OCO = { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.01', aboveType: 'LIMIT_MAKER', abovePrice: '120000.00', belowType: 'STOP_LOSS_LIMIT', belowStopPrice: '30000.00', belowPrice: '29900.00', belowTimeInForce: 'GTC' } as const;

  test('OCO is placed, found and canceled; the older form gives the same pair', async () => {
    const placed = await trader.call('POST', '/api/v3/orderList/oco', { ...OCO, listClientOrderId: 'pair-1' });
    assert.deepEqual([placed.status, placed.json['contingencyType'], placed.json['listStatusType'], placed.json['listOrderStatus'], placed.json['listClientOrderId']], [200, 'OCO', 'EXEC_STARTED', 'EXECUTING', 'pair-1']);
    assert.deepEqual((placed.json['orderReports'] as readonly Row[]).map((row) => [row['type'], row['status'], row['stopPrice'], row['workingTime'] === -1]), [
      ['STOP_LOSS_LIMIT', 'NEW', '30000.00000000', true], ['LIMIT_MAKER', 'NEW', undefined, false],
    ]);
    const listId = placed.json['orderListId'] as number;
    assert.equal((await trader.call('GET', '/api/v3/orderList', { origClientOrderId: 'pair-1' })).json['orderListId'], listId);
    assert.equal(rows((await trader.call('GET', '/api/v3/openOrderList')).text).length, 1);
    const canceled = await trader.call('DELETE', '/api/v3/orderList', { symbol: 'BTCUSDT', orderListId: listId });
    assert.deepEqual([canceled.json['listOrderStatus'], (canceled.json['orderReports'] as readonly Row[]).map((row) => row['status'])], ['ALL_DONE', ['CANCELED', 'CANCELED']]);
    assert.equal(rows((await trader.call('GET', '/api/v3/allOrderList')).text).length, 1);
    assert.deepEqual((await trader.call('GET', '/api/v3/orderList', { orderListId: 999 })).json, { code: -2018, msg: 'Order list does not exist.' });
    const old = await trader.call('POST', '/api/v3/order/oco', { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.01', price: '120000', stopPrice: '30000', stopLimitPrice: '29900', stopLimitTimeInForce: 'GTC' });
    assert.deepEqual((old.json['orderReports'] as readonly Row[]).map((row) => row['type']), ['STOP_LOSS_LIMIT', 'LIMIT_MAKER']);
    assert.equal((rows((await trader.call('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).text)[0]!['orderReports'] as unknown[]).length, 2);
  });

  test('OTOCO waits for its working order, and ends with it', async () => {
    const placed = await trader.call('POST', '/api/v3/orderList/otoco', {
      symbol: 'BTCUSDT', workingType: 'LIMIT', workingSide: 'BUY', workingPrice: '30000', workingQuantity: '0.02', workingTimeInForce: 'GTC', pendingSide: 'SELL', pendingQuantity: '0.01',
      pendingAboveType: 'LIMIT_MAKER', pendingAbovePrice: '120000', pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: '29000',
    });
    const reports = placed.json['orderReports'] as readonly Row[];
    assert.deepEqual(reports.map((row) => [row['type'], row['status']]), [['LIMIT', 'NEW'], ['STOP_LOSS', 'PENDING_NEW'], ['LIMIT_MAKER', 'PENDING_NEW']]);
    const canceled = await trader.call('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: reports[0]!['orderId'] as number });
    assert.deepEqual((canceled.json['orderReports'] as readonly Row[]).map((row) => row['status']), ['CANCELED', 'CANCELED', 'CANCELED']);
    const oto = await trader.call('POST', '/api/v3/orderList/oto', {
      symbol: 'BTCUSDT', workingType: 'LIMIT', workingSide: 'BUY', workingPrice: '90000', workingQuantity: '0.02', workingTimeInForce: 'IOC', pendingType: 'MARKET', pendingSide: 'SELL', pendingQuantity: '0.01',
    });
    assert.deepEqual([oto.json['listStatusType'], (oto.json['orderReports'] as readonly Row[]).map((row) => row['status'])], ['ALL_DONE', ['FILLED', 'FILLED']]);
    assert.equal((await trader.call('POST', '/api/v3/orderList/oco', { ...OCO, belowType: 'LIMIT_MAKER' })).code, -1106);
  });
});

describe('what clients load', () => {
  test('exchangeInfo lists the symbols with their filters', async () => {
    const info = await http(`${trader.rest}/api/v3/exchangeInfo`);
    const symbols = info.json['symbols'] as readonly Row[];
    assert.deepEqual(symbols.map((row) => row['symbol']), ['BTCUSDT', 'ETHUSDT']);
    assert.deepEqual((symbols[0]!['filters'] as readonly Row[])[0], { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' });
    assert.equal((await http(`${trader.rest}/api/v3/exchangeInfo?symbols=["ETHUSDT"]`)).json['symbols'] instanceof Array, true);
    assert.equal((await http(`${trader.rest}/api/v3/exchangeInfo?symbol=NOPE`)).text, '{"code":-1121,"msg":"Invalid symbol."}');
    assert.deepEqual((info.json['rateLimits'] as readonly Row[]).map((row) => `${String(row['rateLimitType'])} ${String(row['limit'])}`), ['REQUEST_WEIGHT 6000', 'ORDERS 100', 'ORDERS 200000', 'RAW_REQUESTS 300000']);
    const rules = [{ ruleType: 'PRICE_RANGE', bidLimitMultUp: '1.3000', bidLimitMultDown: '0.7000', askLimitMultUp: '1.3000', askLimitMultDown: '0.7000' }];
    assert.deepEqual((await http(`${trader.rest}/api/v3/executionRules`)).json, { symbolRules: ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({ symbol, rules })) });
    assert.deepEqual((await http(`${trader.rest}/api/v3/executionRules?symbol=ETHUSDT`)).json, { symbolRules: [{ symbol: 'ETHUSDT', rules }] });
    assert.deepEqual((await http(`${trader.rest}/api/v3/executionRules?symbolStatus=BREAK`)).json, { symbolRules: [] });
    assert.equal((await http(`${trader.rest}/api/v3/executionRules?symbol=ETHUSDT&symbolStatus=TRADING`)).code, -1128);
    assert.match(String((await http(`${trader.rest}/api/v3/referencePrice?symbol=BTCUSDT`)).json['referencePrice']), /^\d+\.\d{8}$/);
    assert.equal((await http(`${trader.rest}/api/v3/referencePrice/calculation?symbol=BTCUSDT`)).json['calculationType'], 'ARITHMETIC_MEAN');
  });

  test('stubs of wallet, margin and COIN-M; a key\'s rights', async () => {
    const coins = rows((await trader.call('GET', '/sapi/v1/capital/config/getall')).text);
    assert.deepEqual(coins.map((row) => row['coin']), ['BTC', 'ETH', 'USDT']);
    assert.equal((await trader.call('GET', '/sapi/v1/margin/allPairs')).text, '[]');
    assert.equal((await trader.call('GET', '/sapi/v1/margin/isolated/allPairs')).text, '[]');
    assert.deepEqual((await http(`${trader.rest}/dapi/v1/exchangeInfo`)).json['symbols'], []);
    const rights = (await trader.call('GET', '/sapi/v1/account/apiRestrictions')).json;
    assert.deepEqual([rights['enableReading'], rights['enableSpotAndMarginTrading'], rights['enableWithdrawals'], rights['ipRestrict']], [true, true, false, false]);
    assert.deepEqual((await trader.call('GET', '/api/v3/account/commission', { symbol: 'BTCUSDT' })).json['standardCommission'], { maker: '0.00100000', taker: '0.00100000', buyer: '0.00000000', seller: '0.00000000' });
    assert.equal((await trader.call('GET', '/api/v3/myAllocations', { symbol: 'BTCUSDT' })).text, '[]');
    assert.equal(((await trader.call('GET', '/api/v3/myFilters', { symbol: 'BTCUSDT' })).json['symbolFilters'] as unknown[]).length > 5, true);
  });

  test('listenKeys are gone since 2026-02-20; before, they carried an account\'s events, and orders weighed as documented', async () => {
    assert.equal((await http(`${trader.rest}/api/v3/userDataStream`, { method: 'POST', key: trader.key.key })).status, 410);
    const weightOf = async (who: Trader): Promise<number> => {
      const used = async (): Promise<number> => Number((await http(`${who.rest}/api/v3/ping`)).headers.get('x-mbx-used-weight-1m'));
      const before = await used();
      assert.equal((await who.call('POST', '/api/v3/order', LOW)).status, 200);
      // The ping that asks weighs 1 itself.
      return await used() - before - 1;
    };
    assert.equal(await weightOf(trader), 0);
    await trader.call('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' });
    const older = await openExchange({ asOf: new AsOf('2026-02-19') });
    try {
      const early = new Trader(older);
      const { listenKey } = (await http(`${early.rest}/api/v3/userDataStream`, { method: 'POST', key: early.key.key })).json;
      const stream = await Client.open(`${older.origins.spot.ws}/ws/${String(listenKey)}`);
      assert.equal(await weightOf(early), 1);
      assert.equal((await http(`${early.rest}/api/v3/executionRules`)).status, 404, 'there were no such rules yet');
      assert.equal((await early.call('POST', '/api/v3/order/test', { ...LOW, selfTradePreventionMode: 'TRANSFER' })).code, -1013);
      const events = [await stream.nextJson(), await stream.nextJson()];
      assert.deepEqual(events.map((event) => event['e']), ['executionReport', 'outboundAccountPosition']);
      stream.close();
    } finally {
      await older.close();
    }
  });

  test('accounts are kept apart, the venue\'s own books agree, and no request met a defect', async () => {
    const other = new Trader(opened, 'hmac', 1);
    assert.deepEqual(rows((await other.call('GET', '/api/v3/allOrders', { symbol: 'BTCUSDT' })).text), []);
    const books = await opened.exchange.products.find(({ name }) => name === 'spot')!.books(10) as { readonly sums: Readonly<Record<string, { readonly held: string; readonly supply: string }>> };
    for (const [asset, { held, supply }] of Object.entries(books.sums)) assert.equal(held, supply, asset);
    assert.deepEqual(opened.defects, []);
  });
});
