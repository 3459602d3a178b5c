import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { openExchange } from '../../support/open-exchange.js';

/** Requests a kind; FAULTLINE_WEB_FUZZ gives the long form. */
const CASES = Number(process.env['FAULTLINE_WEB_FUZZ'] ?? 200);
const SEED = Number(process.env['FAULTLINE_WEB_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 8;
const DEADLINE_MS = 20_000;

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');
const ENDPOINTS: readonly (readonly ['spot' | 'usdm' | 'options', string])[] = [
  ...words(`depth trades aggTrades klines avgPrice ticker ticker/24hr ticker/price ticker/bookTicker exchangeInfo account order order/test order/cancelReplace orderList orderList/oco
    orderList/oto orderList/otoco openOrders allOrders myTrades openOrderList allOrderList order/amendments order/amend/keepPriority rateLimit/order account/commission myFilters`).map((path) => ['spot', `/api/v3/${path}`] as const),
  ...words(`depth trades aggTrades klines premiumIndex fundingRate openInterest ticker/24hr ticker/price exchangeInfo order order/test batchOrders algoOrder openAlgoOrders algoOpenOrders
    allOpenOrders openOrder openOrders allOrders userTrades leverage marginType positionMargin positionSide/dual leverageBracket countdownCancelAll income commissionRate forceOrders
    multiAssetsMargin listenKey`).map((path) => ['usdm', `/fapi/v1/${path}`] as const),
  ...words('account balance positionRisk').map((path) => ['usdm', `/fapi/v3/${path}`] as const),
  ...words('exchangeInfo depth mark order batchOrders openOrders allOpenOrders position account listenKey').map((path) => ['options', `/eapi/v1/${path}`] as const),
];
const METHODS = words(`private/buy private/sell private/cancel private/cancel_all private/cancel_by_label private/close_position private/edit private/get_account_summary
  private/get_open_orders private/get_order_history_by_currency private/get_order_state private/get_position private/get_positions private/get_user_trades_by_instrument private/subscribe
  private/unsubscribe public/auth public/get_book_summary_by_currency public/get_funding_rate_history public/get_index_price public/get_instrument public/get_instruments
  public/get_last_trades_by_instrument public/get_order_book public/get_tradingview_chart_data public/set_heartbeat public/subscribe public/test public/ticker public/nothing`);
const HUGE = ['0', '9007199254740991', '99999999999999999999'];
/** What is right now and then, so that what comes after the first check is reached too. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  symbol: ['BTCUSDT', 'ETHUSDT', 'XXX'], side: ['BUY', 'SELL'], timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  type: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TRAILING_STOP_MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'LIMIT_MAKER', '1'],
  quantity: ['0.001', '0.01', '1', '0.00000001', ...HUGE], price: ['57000', '60000', '60000.123', ...HUGE], stopPrice: ['57000', '65000', '0'], triggerPrice: ['57000', '65000', '0'],
  quoteOrderQty: ['100', '0'], icebergQty: ['0.001', '0'], trailingDelta: ['100', '0'], callbackRate: ['1', '0'], newClientOrderId: ['a', 'b'], origClientOrderId: ['a', 'b'],
  orderId: ['1', '48000000000', ...HUGE], limit: ['5', '500', ...HUGE], fromId: ['0', ...HUGE], startTime: HUGE, endTime: HUGE, interval: ['1m', '1d', '7z'], algoType: ['CONDITIONAL'],
  positionSide: ['BOTH', 'LONG'], reduceOnly: ['true', 'false'], closePosition: ['true'], leverage: ['10', '125', '0'], marginType: ['ISOLATED', 'CROSSED'], dualSidePosition: ['true', 'false'],
  amount: ['1', '0'], countdownTime: ['0', '1000'], cancelReplaceMode: ['STOP_ON_FAILURE', 'ALLOW_FAILURE'], cancelOrderId: ['48000000000'], newQty: ['0.001'],
  batchOrders: ['[]', '[{}]', '[null]', '[1]', '{}', '[{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"0.01","price":"57000","timeInForce":"GTC"},{}]'],
  aboveType: ['LIMIT_MAKER', 'STOP_LOSS'], belowType: ['STOP_LOSS_LIMIT', 'LIMIT_MAKER'], abovePrice: ['65000'], belowPrice: ['55000'], aboveStopPrice: ['64000'], belowStopPrice: ['56000'],
  selfTradePreventionMode: ['NONE', 'EXPIRE_BOTH', 'DECREMENT'], symbols: ['["BTCUSDT"]', '[]'],
};
const SHAPES = ['symbol', 'symbol side type timeInForce quantity price', 'symbol side type quantity', 'symbol side type quantity stopPrice', 'symbol orderId', 'symbol interval limit', 'batchOrders',
  'algoType symbol side type quantity triggerPrice', 'symbol side quantity aboveType belowType abovePrice belowPrice aboveStopPrice belowStopPrice', 'symbol leverage', 'symbol amount type',
  'symbol cancelReplaceMode cancelOrderId side type quantity price timeInForce'].map(words);
const weird = fc.oneof(fc.constantFrom('', ' ', '-1', '1e9', 'NaN', 'null', '[]', '{}', '\u0000', '１２', '%', '__proto__'), fc.string({ maxLength: 20 }));
const value = (name: string): fc.Arbitrary<string> => fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...PARAMETERS[name]!) }, { weight: 1, arbitrary: weird });
const parameters = fc.tuple(fc.constantFrom(...SHAPES), fc.subarray(Object.keys(PARAMETERS), { maxLength: 2 }), fc.boolean())
  .chain(([shape, more, alone]) => fc.record(Object.fromEntries([...shape, ...(alone ? [] : more)].map((name) => [name, value(name)]))));
const rpcValue = fc.oneof(
  fc.constantFrom('BTC-PERPETUAL', 'ETH-PERPETUAL', 'BTC', 'limit', 'market', 'stop_market', 'last_price', 'a', 10, 0, -1, 60_000, 1e300, true, 'any', ['book.BTC-PERPETUAL.100ms'], ['__proto__'], []),
  fc.jsonValue({ maxDepth: 2 }),
);
const RPC_NAMES = words('instrument_name currency amount price type trigger trigger_price label time_in_force post_only reduce_only order_id kind count start_timestamp end_timestamp resolution depth channels grant_type interval index_name');
const rpc = fc.record({
  jsonrpc: fc.constant('2.0'), id: fc.integer({ min: 1 }), method: fc.constantFrom(...METHODS),
  params: fc.tuple(fc.dictionary(fc.constantFrom(...RPC_NAMES), rpcValue), fc.boolean()).map(([params, order]) => (order ? { instrument_name: 'BTC-PERPETUAL', amount: 10, type: 'limit', price: 50_000, currency: 'BTC', ...params } : params)),
});

const samples = <T>(arbitrary: fc.Arbitrary<T>): readonly T[] => fc.sample(arbitrary, { seed: SEED, numRuns: CASES });

describe(`requests of any parameters to every product, ${CASES} of a kind, seed ${SEED}`, () => {
  test('are answered or refused in the venue\'s words: none is a defect, and none goes unanswered', async () => {
    const exchange = await openExchange();
    try {
      const { key, secret = '' } = exchange.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
      const requests = samples(fc.record({ at: fc.constantFrom(...ENDPOINTS), method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), params: parameters }));
      const send = async ({ at: [product, path], method, params }: (typeof requests)[number]): Promise<void> => {
        const query = new URLSearchParams({ ...(params as Record<string, string>), timestamp: String(Date.now()) }).toString();
        const url = `${exchange.origins[product].rest}${path}?${query}&signature=${createHmac('sha256', secret).update(query).digest('hex')}`;
        const response = await fetch(url, { method, headers: { 'X-MBX-APIKEY': key }, signal: AbortSignal.timeout(DEADLINE_MS) });
        const text = await response.text();
        assert.ok(response.status < 500 && !text.includes('"code":-1000'), `seed ${SEED}: ${method} ${path}?${query}: ${response.status} ${text.slice(0, 200)}`);
      };
      for (let from = 0; from < requests.length; from += AT_ONCE) await Promise.all(requests.slice(from, from + AT_ONCE).map(send));
      await deribit(exchange.origins.deribit.ws, key, secret);
      assert.deepEqual(exchange.defects, [], `seed ${SEED}`);
    } finally {
      await exchange.close();
    }
  });

  async function deribit(origin: string, clientId: string, clientSecret: string): Promise<void> {
    const socket = new WebSocket(`${origin}/ws/api/v2`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const waiting = new Map<number, () => void>();
    socket.on('message', (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as { readonly id?: number; readonly error?: { readonly code: number } };
      assert.notEqual(reply.error?.code, -32603, `seed ${SEED}: ${data.toString()}`);
      if (reply.id !== undefined) waiting.get(reply.id)?.();
    });
    const ask = (request: object, id: number): Promise<void> => new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`seed ${SEED}: no answer to ${JSON.stringify(request)}`)), DEADLINE_MS);
      waiting.set(id, () => {
        clearTimeout(late);
        waiting.delete(id);
        resolve();
      });
      socket.send(JSON.stringify({ ...request, id }));
    });
    await ask({ jsonrpc: '2.0', method: 'public/auth', params: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret } }, 0);
    let id = 0;
    for (const request of samples(rpc)) await ask(request, (id += 1));
    socket.terminate();
  }
});
