import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test, { after, before } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';

type Json = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, string | number | boolean>>;

const UNDERLYING = 'BTCUSDT';
let venue: OpenedExchange;
let key = '';
let secret = '';
let symbol = '';
let ask = 0;
/** A buy of 0.2 that filled at once. */
let bought: Json;

before(async () => {
  // Ten times as fast: a countdown takes five seconds at least.
  venue = await openExchange({ speed: 10 });
  const hmac = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  key = hmac.key;
  secret = hmac.secret!;
  const { optionSymbols } = (await get('/eapi/v1/exchangeInfo')) as { readonly optionSymbols: readonly Json[] };
  const { indexPrice } = await get('/eapi/v1/index', { underlying: UNDERLYING });
  const last = Math.max(...optionSymbols.map(({ expiryDate }) => Number(expiryDate)));
  const away = ({ strikePrice }: Json): number => Math.abs(Number(strikePrice) - Number(indexPrice));
  symbol = String(optionSymbols.filter((one) => one['underlying'] === UNDERLYING && one['expiryDate'] === last && one['side'] === 'CALL').sort((a, b) => away(a) - away(b))[0]!['symbol']);
  for (let look = 0; ask === 0; look++) {
    assert.ok(look < 1000, 'nobody quotes');
    const { asks } = (await get('/eapi/v1/depth', { symbol })) as unknown as { readonly asks: readonly string[][] };
    ask = Number(asks[0]?.[0] ?? 0);
  }
  bought = await signed('POST', '/eapi/v1/order', order(1.1, '0.20'));
  assert.equal(bought['status'], 'FILLED');
});

after(async () => {
  await venue.close();
  assert.deepEqual(venue.defects, []);
});

/** A limit order to buy at this share of the best offer. */
const order = (share: number, quantity = '0.10', more: Values = {}): Values => ({ symbol, side: 'BUY', type: 'LIMIT', quantity, price: String(Math.ceil(ask * share)), ...more });
const nowMs = (): number => Math.floor(venue.exchange.clock.nowUs() / 1000);
const query = (values: Values): string => new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value)])).toString();

async function get(path: string, values: Values = {}): Promise<Json> {
  return (await (await fetch(`${venue.origins.options.rest}${path}?${query(values)}`)).json()) as Json;
}

async function signed(method: string, path: string, values: Values = {}): Promise<Json> {
  const payload = query({ ...values, timestamp: nowMs(), recvWindow: 60_000 });
  const signature = createHmac('sha256', secret).update(payload).digest('hex');
  return (await (await fetch(`${venue.origins.options.rest}${path}?${payload}&signature=${signature}`, { method, headers: { 'X-MBX-APIKEY': key } })).json()) as Json;
}

const rows = (answer: Json): readonly Json[] => {
  assert.ok(Array.isArray(answer), JSON.stringify(answer));
  return answer as unknown as readonly Json[];
};
const sum = (all: readonly Json[], name: string): number => all.reduce((total, one) => total + Number(one[name]), 0);
/** Everything between an hour before and an hour after. */
const ever = (): Values => ({ startTime: nowMs() - 3_600_000, endTime: nowMs() + 3_600_000 });

test('the venue is there and tells its time', async () => {
  assert.deepEqual(await get('/eapi/v1/ping'), {});
  assert.ok(Math.abs(Number((await get('/eapi/v1/time'))['serverTime']) - nowMs()) < 60_000);
});

test('a fill is the same in the account’s trades, the public ones, candles and the ticker', async () => {
  const mine = rows(await signed('GET', '/eapi/v1/userTrades', { symbol, ...ever() }));
  assert.ok(mine.every((fill) => fill['orderId'] === bought['orderId'] && fill['side'] === 'BUY' && fill['liquidity'] === 'TAKER' && fill['symbol'] === symbol));
  assert.ok(Math.abs(sum(mine, 'quantity') - 0.2) < 1e-9);
  assert.ok(Math.abs(-sum(mine, 'fee') - Number(bought['fee'])) < 1e-6);
  assert.deepEqual(rows(await signed('GET', '/eapi/v1/userTrades', { symbol, fromId: Number(mine.at(-1)!['id']) + 1 })), []);
  const { tradeId, price, quantity } = mine[0]!;
  const [old] = rows(await get('/eapi/v1/historicalTrades', { symbol, fromId: Number(tradeId), limit: 1 }));
  assert.deepEqual([old!['tradeId'], old!['price'], old!['qty'], old!['side']], [tradeId, price, quantity, 1]);
  const recent = rows(await get('/eapi/v1/trades', { symbol, limit: 500 }));
  assert.deepEqual(recent.find((one) => one['tradeId'] === tradeId), old);
  const candles = (await get('/eapi/v1/klines', { symbol, interval: '1m', ...ever() })) as unknown as readonly (readonly [number, string, string, string, string, string, number])[];
  const candle = candles.find(([from, , , , , , to]) => from <= Number(old!['time']) && to >= Number(old!['time']))!;
  assert.ok(Number(candle[2]) >= Number(price) && Number(candle[3]) <= Number(price) && Number(candle[5]) >= Number(quantity), JSON.stringify(candle));
  const [ticker] = rows(await get('/eapi/v1/ticker', { symbol }));
  assert.deepEqual([ticker!['symbol'], Number(ticker!['volume']) >= 0.2, Number(ticker!['high']) >= Number(price)], [symbol, true, true]);
  assert.ok(rows(await get('/eapi/v1/ticker')).length > 1);
  assert.deepEqual(rows(await get('/eapi/v1/blockTrades', { symbol })), []);
});

test('what is held is open interest, and was paid for', async () => {
  const [base, expiration] = symbol.split('-') as [string, string];
  const interest = rows(await get('/eapi/v1/openInterest', { underlyingAsset: base, expiration }));
  assert.ok(interest.every((one) => String(one['symbol']).startsWith(`${base}-${expiration}-`)));
  assert.ok(Number(interest.find((one) => one['symbol'] === symbol)!['sumOpenInterest']) >= 0.2);
  const { asset: [asset] } = (await signed('GET', '/eapi/v1/account')) as unknown as { readonly asset: readonly [Json] };
  const bills = rows(await signed('GET', '/eapi/v1/bill', { currency: 'USDT', ...ever() }));
  assert.deepEqual(new Set(bills.map(({ type }) => type)), new Set(['CONTRACT', 'FEE']));
  const [premium, fees] = ['CONTRACT', 'FEE'].map((type) => sum(bills.filter((bill) => bill['type'] === type), 'amount')) as [number, number];
  const paid = sum(rows(await signed('GET', '/eapi/v1/userTrades', { symbol })).map((fill) => ({ value: Number(fill['price']) * Number(fill['quantity']) })), 'value');
  assert.ok(Math.abs(premium + paid) < 1e-6, `${premium} for ${paid}`);
  assert.ok(Math.abs(fees + Number(bought['fee'])) < 1e-6);
  assert.ok(Math.abs(Number(asset['marginBalance']) - (1_000_000 + premium + fees)) < 1e-6, String(asset['marginBalance']));
  assert.deepEqual(rows(await signed('GET', '/eapi/v1/bill', { currency: 'USDT', recordId: Number(bills.at(-1)!['id']) + 1 })), []);
  const { commissions } = (await signed('GET', '/eapi/v1/commission')) as { readonly commissions: readonly Json[] };
  const { optionSymbols } = (await get('/eapi/v1/exchangeInfo')) as { readonly optionSymbols: readonly Json[] };
  const listed = optionSymbols.find((one) => one['symbol'] === symbol)!;
  const { makerFee, takerFee } = commissions.find(({ underlying }) => underlying === UNDERLYING)!;
  assert.deepEqual([Number(makerFee), Number(takerFee)], [Number(listed['makerFeeRate']), Number(listed['takerFeeRate'])]);
});

test('what has ended is in the history, and what has not expired is in none', async () => {
  const { orderId } = await signed('POST', '/eapi/v1/order', order(0.85));
  await signed('DELETE', '/eapi/v1/order', { symbol, orderId: Number(orderId) });
  const ended = rows(await signed('GET', '/eapi/v1/historyOrders', { symbol, ...ever() }));
  assert.deepEqual([bought['orderId'], orderId].map((id) => ended.find((one) => one['orderId'] === id)?.['status']), ['FILLED', 'CANCELED']);
  assert.ok(rows(await signed('GET', '/eapi/v1/historyOrders', { symbol, orderId: Number(orderId) })).every((one) => Number(one['orderId']) >= Number(orderId)));
  assert.ok(rows(await get('/eapi/v1/exerciseHistory', { underlying: UNDERLYING })).every((one) => Number(one['expiryDate']) <= nowMs()));
  assert.equal((await get('/eapi/v1/exerciseHistory', { underlying: 'NOPEUSDT' }))['code'], (await get('/eapi/v1/index', { underlying: 'NOPEUSDT' }))['code']);
  assert.deepEqual(rows(await signed('GET', '/eapi/v1/exerciseRecord', { symbol })), []);
});

test('a countdown that nobody keeps alive cancels all orders', async () => {
  const { orderId } = await signed('POST', '/eapi/v1/order', order(0.85));
  assert.equal((await signed('POST', '/eapi/v1/countdownCancelAll', { underlying: UNDERLYING, countdownTime: 10 }))['code'], -1130);
  assert.deepEqual(await signed('POST', '/eapi/v1/countdownCancelAllHeartBeat', { underlyings: UNDERLYING }), { underlyings: [] });
  const hour = { underlying: UNDERLYING, countdownTime: 3_600_000 };
  assert.deepEqual(await signed('POST', '/eapi/v1/countdownCancelAll', hour), hour);
  assert.deepEqual(await signed('GET', '/eapi/v1/countdownCancelAll', { underlying: UNDERLYING }), hour);
  assert.deepEqual(rows(await signed('GET', '/eapi/v1/countdownCancelAll')), [hour]);
  assert.deepEqual(await signed('POST', '/eapi/v1/countdownCancelAllHeartBeat', { underlyings: `${UNDERLYING},ETHUSDT` }), { underlyings: [UNDERLYING] });
  const open = async (): Promise<readonly unknown[]> => rows(await signed('GET', '/eapi/v1/openOrders', { symbol })).map((one) => one['orderId']);
  assert.deepEqual(await open(), [orderId]);
  await signed('POST', '/eapi/v1/countdownCancelAll', { ...hour, countdownTime: 5000 });
  const deadline = Date.now() + 20_000;
  while ((await open()).length > 0) assert.ok(Date.now() < deadline, 'the countdown never ended');
  assert.equal((await signed('GET', '/eapi/v1/order', { symbol, orderId: Number(orderId) }))['status'], 'CANCELED');
  assert.deepEqual(rows(await signed('GET', '/eapi/v1/countdownCancelAll')), []);
});

test('protected orders stop once too much of them is filled, until they are reset', async () => {
  const protection = { underlying: UNDERLYING, windowTimeInMilliseconds: 5000, frozenTimeInMilliseconds: 0, qtyLimit: '0.1', deltaLimit: '100' };
  const refused = (await signed('GET', '/eapi/v1/mmp', { underlying: UNDERLYING }))['code'];
  assert.ok(Number(refused) < 0);
  for (const answer of [await signed('POST', '/eapi/v1/mmpReset', { underlying: UNDERLYING }), await signed('POST', '/eapi/v1/order', order(0.85, '0.10', { isMmp: true }))]) assert.equal(answer['code'], refused);
  const set = await signed('POST', '/eapi/v1/mmpSet', protection);
  assert.deepEqual([set['underlying'], set['windowTimeInMilliseconds'], set['frozenTimeInMilliseconds'], Number(set['qtyLimit']), set['lastTriggerTime']], [UNDERLYING, 5000, 0, 0.1, 0]);
  assert.deepEqual(await signed('GET', '/eapi/v1/mmp', { underlying: UNDERLYING }), set);
  const resting = await signed('POST', '/eapi/v1/order', order(0.85, '0.10', { isMmp: true }));
  assert.deepEqual([resting['status'], resting['mmp']], ['NEW', true]);
  assert.equal((await signed('POST', '/eapi/v1/order', order(1.15, '0.10', { isMmp: true })))['status'], 'FILLED');
  assert.ok(Number((await signed('GET', '/eapi/v1/mmp', { underlying: UNDERLYING }))['lastTriggerTime']) > 0);
  assert.equal((await signed('GET', '/eapi/v1/order', { symbol, orderId: Number(resting['orderId']) }))['status'], 'CANCELED');
  assert.ok(Number((await signed('POST', '/eapi/v1/order', order(0.85, '0.10', { isMmp: true })))['code']) < 0);
  assert.equal((await signed('POST', '/eapi/v1/mmpReset', { underlying: UNDERLYING }))['lastTriggerTime'], 0);
  assert.equal((await signed('POST', '/eapi/v1/order', order(0.85, '0.10', { isMmp: true })))['status'], 'NEW');
});

test('orders are refused with the code of what is wrong with them', async () => {
  const refused = async (code: number, method: string, path: string, values: Values): Promise<void> => {
    const answer = await signed(method, path, values);
    assert.equal(answer['code'], code, `${path} ${JSON.stringify(values)}: ${JSON.stringify(answer)}`);
  };
  await refused(-1115, 'POST', '/eapi/v1/order', order(0.5, '0.10', { timeInForce: 'FOREVER' }));
  await refused(-4004, 'POST', '/eapi/v1/order', order(0.5, '0'));
  await refused(-4082, 'POST', '/eapi/v1/batchOrders', { orders: JSON.stringify(Array.from({ length: 20 }, () => order(0.5))) });
  const payload = query({ timestamp: nowMs(), recvWindow: 60_001 });
  const signature = createHmac('sha256', secret).update(payload).digest('hex');
  const late = (await (await fetch(`${venue.origins.options.rest}/eapi/v1/position?${payload}&signature=${signature}`, { headers: { 'X-MBX-APIKEY': key } })).json()) as Json;
  assert.equal(late['code'], -1131);
});
