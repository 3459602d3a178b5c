import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { WebSocket } from 'ws';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';

type Json = Readonly<Record<string, unknown>>;
type Params = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const INSTRUMENT = { instrument_name: 'BTC-PERPETUAL' };
const BTC = { currency: 'BTC' };
let venue: OpenedExchange;
let authorization = '';
/** Long before and long after the test. */
let ever: { readonly start_timestamp: number; readonly end_timestamp: number };
/** A buy of 100 USD that filled at once, with its trades. */
let bought: { readonly order: Json; readonly trades: readonly Json[] };
let mark = 0;

before(async () => {
  venue = await openExchange({ accountCount: 2 });
  const { key, secret } = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  authorization = `Basic ${Buffer.from(`${key}:${secret!}`).toString('base64')}`;
  const now = (await ask('public/get_time')) as number;
  ever = { start_timestamp: now - 3_600_000, end_timestamp: now + 3_600_000 };
  mark = ((await ask('public/ticker', INSTRUMENT)) as { readonly mark_price: number }).mark_price;
  bought = (await ask('private/buy', { ...INSTRUMENT, amount: 100, type: 'market', label: 'taken' })) as typeof bought;
  assert.equal(bought.order['order_state'], 'filled');
});

after(async () => {
  await venue.close();
  assert.deepEqual(venue.defects, []);
});

async function answer(method: string, params: Params = {}): Promise<{ readonly result?: unknown; readonly error?: { readonly code: number } }> {
  const response = await fetch(`${venue.origins.deribit.rest}/api/v2`, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), headers: { authorization } });
  return (await response.json()) as Awaited<ReturnType<typeof answer>>;
}

async function ask(method: string, params: Params = {}): Promise<unknown> {
  const { result, error } = await answer(method, params);
  assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
  return result;
}

const list = async (method: string, params: Params = {}): Promise<readonly Json[]> => (await ask(method, params)) as readonly Json[];
const one = async (method: string, params: Params = {}): Promise<Json> => (await ask(method, params)) as Json;
/** A bid of 50 USD far below the market; answers its id. */
const rest = async (label: string): Promise<string> => String(((await one('private/buy', { ...INSTRUMENT, amount: 50, price: Math.floor(mark) - 500, label }))['order'] as Json)['order_id']);
const ids = (orders: readonly Json[]): readonly unknown[] => orders.map(({ order_id }) => order_id);
const near = (value: unknown, wanted: number, share: number): void => assert.ok(Math.abs(Number(value) / wanted - 1) < share, `${String(value)} is not near ${wanted}`);

test('what the venue is and lists', async () => {
  assert.deepEqual(await ask('public/status'), { locked: 'false', locked_currencies: [] });
  assert.deepEqual(await ask('public/get_announcements'), []);
  assert.ok((await list('public/get_currencies')).some(({ currency, decimals }) => currency === 'BTC' && decimals === 8));
  const instrument = await one('public/get_instrument', INSTRUMENT);
  assert.deepEqual([instrument['instrument_name'], instrument['settlement_currency'], instrument['contract_size']], ['BTC-PERPETUAL', 'BTC', 10]);
  assert.equal((await one('public/get_contract_size', INSTRUMENT))['contract_size'], 10);
  assert.deepEqual((await one('public/get_expirations', { currency: 'BTC', kind: 'future' }))['future'], ['PERPETUAL']);
  const byId = await one('public/get_order_book_by_instrument_id', { instrument_id: instrument['instrument_id'] as number, depth: 3 });
  assert.equal(byId['instrument_name'], 'BTC-PERPETUAL');
  assert.equal((byId['bids'] as unknown[]).length, 3);
  for (const method of ['public/get_index_price_names', 'public/get_supported_index_names']) assert.ok(((await ask(method)) as readonly string[]).includes(instrument['price_index'] as string), method);
  near((await one('public/get_index_price', { index_name: 'btc_usd' }))['index_price'], mark, 0.01);
  assert.equal((await answer('public/get_index_price', { index_name: 'xyz_usd' })).error?.code, -32_602);
});

test('what was traded is in the trades, summaries and charts', async () => {
  const { trade_id, price, timestamp, trade_seq } = bought.trades.at(-1)!;
  for (const [method, params] of [
    ['public/get_last_trades_by_instrument', INSTRUMENT], ['public/get_last_trades_by_instrument_and_time', { ...INSTRUMENT, ...ever }],
    ['public/get_last_trades_by_currency', BTC], ['public/get_last_trades_by_currency_and_time', { ...BTC, ...ever }],
  ] as const) {
    const { trades } = (await one(method, { ...params, count: 1000 })) as { readonly trades: readonly Json[] };
    const found = trades.find((trade) => trade['trade_id'] === trade_id);
    assert.deepEqual([found?.['price'], found?.['timestamp'], found?.['direction'], found?.['instrument_name']], [price, timestamp, 'buy', 'BTC-PERPETUAL'], method);
    // Nothing of the account is public.
    assert.ok(!('order_id' in found!) && !('label' in found!), method);
  }
  const { trades: since } = (await one('public/get_last_trades_by_instrument', { ...INSTRUMENT, start_seq: trade_seq as number, end_seq: trade_seq as number })) as { readonly trades: readonly Json[] };
  assert.deepEqual(since.map((trade) => trade['trade_id']), [trade_id]);
  assert.deepEqual(await one('public/get_last_trades_by_instrument_and_time', { ...INSTRUMENT, start_timestamp: 1, end_timestamp: 2 }), { trades: [], has_more: false });
  for (const [method, params] of [['public/get_book_summary_by_instrument', INSTRUMENT], ['public/get_book_summary_by_currency', { ...BTC, kind: 'future' }]] as const) {
    const summary = (await list(method, params)).find((each) => each['instrument_name'] === 'BTC-PERPETUAL')!;
    near(summary['mark_price'], mark, 0.01);
    assert.ok(Number(summary['volume_usd']) >= 100 && Number(summary['high']) >= Number(price) && Number(summary['low']) <= Number(price), method);
    assert.ok(Number(summary['bid_price']) < Number(summary['ask_price']), method);
  }
  const chart = (await one('public/get_tradingview_chart_data', { ...INSTRUMENT, ...ever, resolution: '1' })) as { readonly status: string; readonly ticks: readonly number[]; readonly high: readonly number[]; readonly low: readonly number[] };
  assert.equal(chart.status, 'ok');
  const bar = chart.ticks.findLastIndex((tick) => tick <= Number(timestamp));
  assert.ok(chart.high[bar]! >= Number(price) && chart.low[bar]! <= Number(price));
});

test('funding and settlements', async () => {
  assert.ok(Math.abs((await ask('public/get_funding_rate_value', { ...INSTRUMENT, ...ever })) as number) < 0.01);
  assert.ok((await list('public/get_funding_rate_history', { ...INSTRUMENT, ...ever })).every(({ index_price }) => Math.abs(Number(index_price) / mark - 1) < 0.05));
  const funding = await one('public/get_funding_chart_data', { ...INSTRUMENT, length: '8h' });
  assert.ok(Array.isArray(funding['data']) && Math.abs(funding['current_interest'] as number) < 0.01);
  for (const [method, params] of [
    ['public/get_last_settlements_by_instrument', INSTRUMENT], ['public/get_last_settlements_by_currency', BTC],
    ['private/get_settlement_history_by_instrument', INSTRUMENT], ['private/get_settlement_history_by_currency', BTC],
  ] as const) assert.ok(((await one(method, params)) as { readonly settlements: readonly Json[] }).settlements.every(({ type }) => type === 'settlement'), method);
});

test("an account's own trades and orders, however they are asked for", async () => {
  const { order, trades } = bought;
  for (const [method, params] of [
    ['private/get_user_trades_by_instrument', INSTRUMENT], ['private/get_user_trades_by_instrument_and_time', { ...INSTRUMENT, ...ever }],
    ['private/get_user_trades_by_currency', BTC], ['private/get_user_trades_by_currency_and_time', { ...BTC, ...ever }],
  ] as const) {
    const { trades: found } = (await one(method, { ...params, sorting: 'asc', count: 100 })) as { readonly trades: readonly Json[] };
    assert.deepEqual(found.filter(({ order_id }) => order_id === order['order_id']), trades, method);
  }
  assert.deepEqual(await list('private/get_user_trades_by_order', { order_id: order['order_id'] as string, sorting: 'asc' }), trades);
  assert.equal(trades.reduce((sum, { amount }) => sum + Number(amount), 0), 100);
  for (const [method, params] of [['private/get_order_history_by_instrument', INSTRUMENT], ['private/get_order_history_by_currency', BTC]] as const) {
    const found = (await list(method, params)).find(({ order_id }) => order_id === order['order_id']);
    assert.deepEqual([found?.['order_state'], found?.['filled_amount'], found?.['label']], ['filled', 100, 'taken'], method);
  }
  const id = await rest('found');
  for (const [method, params] of [['private/get_open_orders', {}], ['private/get_open_orders_by_instrument', INSTRUMENT], ['private/get_open_orders_by_label', { ...BTC, label: 'found' }]] as const) {
    assert.deepEqual(ids(await list(method, params)), [id], method);
  }
  assert.deepEqual(await list('private/get_open_orders_by_label', { ...BTC, label: 'none' }), []);
  const [need] = await list('private/get_order_margin_by_ids', { ids: [id] });
  assert.deepEqual([need!['order_id'], need!['initial_margin_currency']], [id, 'BTC']);
  const margins = await one('private/get_margins', { ...INSTRUMENT, amount: 50, price: mark });
  // Fifty times is the most: a fiftieth of 50 USD in bitcoin. Selling only lessens what is held.
  near(margins['buy'], 50 / mark / 50, 0.1);
  assert.equal(margins['sell'], 0);
  near(need!['initial_margin'], 50 / mark / 50, 0.1);
  await ask('private/cancel_all');
});

test('some orders are cancelled and the others stay', async () => {
  for (const [method, params] of [
    ['private/cancel_all_by_instrument', INSTRUMENT], ['private/cancel_all_by_currency', BTC], ['private/cancel_all_by_kind_or_type', { ...BTC, kind: 'future', type: 'limit' }], ['private/cancel_by_label', { ...BTC, label: 'gone' }],
  ] as const) {
    const { mark_price: ethMark } = (await one('public/ticker', { instrument_name: 'ETH-PERPETUAL' })) as { readonly mark_price: number };
    const kept = ((await one('private/buy', { instrument_name: 'ETH-PERPETUAL', amount: 10, price: Math.floor(ethMark) - 20, label: 'kept' }))['order'] as Json)['order_id'];
    const gone = await rest('gone');
    assert.equal(await ask(method, params), 1, method);
    assert.equal((await one('private/get_order_state', { order_id: gone }))['order_state'], 'cancelled', method);
    assert.deepEqual(ids(await list('private/get_open_orders')), [kept], method);
    assert.equal(await ask('private/cancel_all'), 1);
  }
});

test('a trigger order that was cancelled is in their history', async () => {
  const { order } = (await one('private/sell', { ...INSTRUMENT, amount: 50, type: 'stop_market', trigger: 'mark_price', trigger_price: Math.floor(mark * 0.9), label: 'stop' })) as { readonly order: Json };
  assert.equal(order['order_state'], 'untriggered');
  assert.deepEqual(ids(await list('private/get_open_orders', { type: 'stop_all' })), [order['order_id']]);
  assert.equal(await ask('private/cancel_all_by_kind_or_type', { currency: 'any', type: 'limit' }), 0);
  assert.equal(await ask('private/cancel_all_by_kind_or_type', { currency: 'any', type: 'trigger_all' }), 1);
  const { entries } = (await one('private/get_trigger_order_history', BTC)) as { readonly entries: readonly Json[] };
  assert.deepEqual(entries.map(({ order_id, order_state, label }) => [order_id, order_state, label]), [[order['order_id'], 'cancelled', 'stop']]);
});

test('what accounts here never have is empty, and what is not kept is said', async () => {
  for (const method of ['private/get_deposits', 'private/get_withdrawals', 'private/get_transfers']) assert.deepEqual(await ask(method, BTC), { count: 0, data: [] }, method);
  const [user] = await list('private/get_subaccounts');
  assert.deepEqual([user!['type'], user!['username']], ['main', venue.accounts.all[0]!.name]);
  assert.equal((await answer('private/get_transaction_log', { ...BTC, ...ever })).error?.code, 10_033);
});

test('a connection says hello, and unsubscribes from one, some and all', async () => {
  const ws = new WebSocket(`${venue.origins.deribit.ws}/ws/api/v2`, { headers: { authorization } });
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => resolve());
    ws.once('error', reject);
  });
  let id = 0;
  const call = (method: string, params: Params = {}): Promise<unknown> => new Promise((resolve, reject) => {
    const mine = ++id;
    const look = (data: Buffer): void => {
      const frame = JSON.parse(data.toString()) as { readonly id?: number; readonly result?: unknown; readonly error?: unknown };
      if (frame.id !== mine) return;
      ws.off('message', look);
      if (frame.error === undefined) resolve(frame.result);
      else reject(new Error(`${method}: ${JSON.stringify(frame.error)}`));
    };
    ws.on('message', look);
    ws.send(JSON.stringify({ jsonrpc: '2.0', id: mine, method, params }));
  });
  const { key, secret } = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  assert.equal(typeof ((await call('public/hello', { client_name: 'a test', client_version: '1' })) as Json)['version'], 'string');
  await call('public/auth', { grant_type: 'client_credentials', client_id: key, client_secret: secret! });
  const [quote, ticker, trades] = ['quote.BTC-PERPETUAL', 'ticker.BTC-PERPETUAL.100ms', 'trades.BTC-PERPETUAL.100ms'] as const;
  await call('public/subscribe', { channels: [quote, ticker, trades] });
  assert.deepEqual(await call('public/unsubscribe', { channels: [quote, 'quote.ETH-PERPETUAL'] }), [quote]);
  assert.equal(await call('public/unsubscribe_all'), 'ok');
  assert.deepEqual(await call('public/unsubscribe', { channels: [ticker, trades] }), []);
  await call('private/subscribe', { channels: ['user.orders.BTC-PERPETUAL.raw'] });
  assert.equal(await call('private/unsubscribe_all'), 'ok');
  assert.deepEqual(await call('private/unsubscribe', { channels: ['user.orders.BTC-PERPETUAL.raw'] }), []);
  await call('private/enable_cancel_on_disconnect');
  await call('private/disable_cancel_on_disconnect');
  assert.equal(((await call('private/get_cancel_on_disconnect')) as Json)['enabled'], false);
  const { order } = (await call('private/buy', { ...INSTRUMENT, amount: 50, price: Math.floor(mark) - 500 })) as { readonly order: Json };
  const closed = new Promise((resolve) => ws.once('close', resolve));
  ws.close();
  await closed;
  assert.equal((await one('private/get_order_state', { order_id: order['order_id'] as string }))['order_state'], 'open');
});
