import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test, { after, before } from 'node:test';
import { WebSocket } from 'ws';
import { asset, type Amount, type Asset } from '../../../../actors/exchange/ledger/index.js';
import type { DeribitVenue } from '../../../../actors/exchange/deribit/venue.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';

type Json = Readonly<Record<string, unknown>>;
interface Answer extends Json {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Json };
  readonly method?: string;
  readonly params?: { readonly channel?: string; readonly data?: unknown; readonly type?: string };
}

let venue: OpenedExchange;
let key = '';
let secret = '';

before(async () => {
  venue = await openExchange({ accountCount: 2 });
  const hmac = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  key = hmac.key;
  secret = hmac.secret!;
});

after(async () => {
  await venue.close();
  assert.deepEqual(venue.defects, []);
});

/** A client of JSON-RPC over a websocket: asks, and waits for what is told. */
class Client {
  readonly #ws: WebSocket;
  readonly #waiting = new Set<{ readonly wanted: (frame: Answer) => boolean; readonly done: (frame: Answer) => void }>();
  readonly seen: Answer[] = [];
  readonly closed: Promise<number>;
  #id = 0;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    this.closed = new Promise((resolve) => ws.once('close', (code) => resolve(code)));
    ws.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Answer;
      this.seen.push(frame);
      for (const waiter of this.#waiting) {
        if (!waiter.wanted(frame)) continue;
        this.#waiting.delete(waiter);
        waiter.done(frame);
      }
    });
  }

  static async open(): Promise<Client> {
    const ws = new WebSocket(`${venue.origins.deribit.ws}/ws/api/v2`);
    const client = new Client(ws);
    await new Promise<void>((resolve, reject) => {
      ws.once('open', () => resolve());
      ws.once('error', reject);
    });
    return client;
  }

  send(text: string): void {
    this.#ws.send(text);
  }

  next(wanted: (frame: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came; seen: ${JSON.stringify(this.seen.slice(-5))}`)), 10_000);
      this.#waiting.add({
        wanted,
        done: (frame) => {
          clearTimeout(timer);
          resolve(frame);
        },
      });
    });
  }

  ask(method: string, params: Json = {}): Promise<Answer> {
    const id = ++this.#id;
    const answer = this.next((frame) => frame.id === id);
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answer;
  }

  async result(method: string, params: Json = {}): Promise<Json> {
    const { result, error } = await this.ask(method, params);
    assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
    return result as Json;
  }

  notice(channel: string): Promise<Answer> {
    return this.next(({ params }) => params?.channel === channel);
  }

  login(): Promise<Json> {
    return this.result('public/auth', { grant_type: 'client_credentials', client_id: key, client_secret: secret });
  }

  close(): void {
    this.#ws.terminate();
  }
}

const http = async (path: string, init: RequestInit = {}): Promise<{ readonly status: number; readonly body: Answer }> => {
  const response = await fetch(`${venue.origins.deribit.rest}${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer };
};

test('what is no call gets its JSON-RPC error, over the websocket and over HTTP', async () => {
  const client = await Client.open();
  for (const [text, code] of [['{', -32_700], ['[]', -32_600], ['7', -32_600], ['{"id":1}', -32_600], ['{"id":2,"method":"public/nothing"}', -32_601], ['{"id":3,"method":"public/ticker"}', -32_602]] as const) {
    const answer = client.next(({ error }) => error !== undefined);
    client.send(text);
    assert.equal((await answer).error!.code, code, text);
  }
  const answer = await client.ask('public/ticker', { instrument_name: 'NOPE' });
  assert.deepEqual(answer.error!.data, { reason: 'wrong format or unknown instrument', param: 'instrument_name' });
  for (const field of ['usIn', 'usOut', 'usDiff'] as const) assert.equal(typeof answer[field], 'number');
  assert.equal(answer['testnet'], true);
  client.send(JSON.stringify({ method: 'public/test', padding: 'x'.repeat(300_000) }));
  assert.equal(await client.closed, 1009);

  assert.equal((await http('/api/v2/public/nothing')).body.error!.code, -32_601);
  assert.equal((await http('/api/v2/public/ticker')).status, 400);
  assert.equal((await http('/api/v2/public/subscribe?channels=quote.BTC-PERPETUAL')).body.error!.code, 10_030);
  assert.equal((await http('/api/v2', { method: 'POST', body: '{"id":5,"method":"public/test","params":{}}' })).body.id, 5);
  assert.equal((await http('/api/v2', { method: 'POST', body: '[{}]' })).body.error!.code, -32_600);
  assert.equal((await http('/api/v2/private/get_positions')).body.error!.code, 13_009);
});

test('every way to log in is taken, and a wrong one refused', async () => {
  const client = await Client.open();
  assert.equal((await client.ask('private/get_account_summary', { currency: 'BTC' })).error!.code, 13_009);
  assert.equal((await client.ask('public/auth', { grant_type: 'client_credentials', client_id: key, client_secret: 'wrong' })).error!.code, 13_004);
  const timestamp = Date.now();
  const signature = createHmac('sha256', secret).update(`${timestamp}\nabc\nx`).digest('hex');
  const granted = await client.result('public/auth', { grant_type: 'client_signature', client_id: key, timestamp, nonce: 'abc', data: 'x', signature, state: 'mine' });
  assert.equal(granted['state'], 'mine');
  assert.equal(granted['token_type'], 'bearer');
  assert.equal((await client.result('private/get_account_summary', { currency: 'BTC' }))['balance'], 10);
  // A token of scope connection is good for nobody else.
  const other = await Client.open();
  assert.equal((await other.ask('private/get_positions', { access_token: granted['access_token'] })).error!.code, 13_009);
  const session = await client.result('public/auth', { grant_type: 'refresh_token', refresh_token: granted['refresh_token'], scope: 'session:test trade:read expires:60' });
  assert.equal((await client.ask('public/auth', { grant_type: 'refresh_token', refresh_token: granted['refresh_token'] })).error!.code, 13_004);
  assert.equal(session['expires_in'], 60);
  const token = String(session['access_token']);
  assert.ok((await other.ask('private/get_positions', { access_token: token })).result);
  assert.equal((await other.ask('private/buy', { access_token: token, instrument_name: 'BTC-PERPETUAL', amount: 10, price: 60_000 })).error!.code, 13_021);
  const basic = Buffer.from(`${key}:${secret}`).toString('base64');
  const path = '/api/v2/private/get_position?instrument_name=BTC-PERPETUAL';
  const sig = createHmac('sha256', secret).update(`${timestamp}\nn1\nGET\n${path}\n\n`).digest('hex');
  for (const authorization of [`Basic ${basic}`, `bearer ${token}`, `deri-hmac-sha256 id=${key},ts=${timestamp},sig=${sig},nonce=n1`]) {
    assert.equal((await http(path, { headers: { authorization } })).status, 200, authorization.slice(0, 12));
  }
  for (const authorization of ['Basic xyz', 'bearer nope', `deri-hmac-sha256 id=${key},ts=${timestamp},sig=${sig},nonce=n2`, 'Digest x']) {
    assert.equal((await http(path, { headers: { authorization } })).status, 400, authorization.slice(0, 12));
  }
  client.close();
  other.close();
});

test('the raw book needs a login and follows its snapshot without a gap', async () => {
  const client = await Client.open();
  const channel = 'book.BTC-PERPETUAL.raw';
  assert.equal((await client.ask('public/subscribe', { channels: [channel] })).error!.code, 13_778);
  assert.equal((await client.ask('public/subscribe', { channels: ['quote.BTC-PERPETUAL', 'nothing.at.all'] })).error!.code, -32_602);
  await client.login();
  const enough = client.next(({ params }) => params?.channel === channel && client.seen.filter((frame) => frame.params?.channel === channel).length >= 30);
  assert.deepEqual(await client.result('private/subscribe', { channels: [channel] }), [channel]);
  await enough;
  const frames = client.seen.filter(({ params }) => params?.channel === channel).map(({ params }) => params!.data as Json);
  assert.equal(frames[0]!['type'], 'snapshot');
  for (let at = 1; at < frames.length; at++) assert.equal(frames[at]!['prev_change_id'], frames[at - 1]!['change_id']);
  // The answer comes before what is told.
  const answered = client.seen.findIndex(({ result }) => Array.isArray(result));
  assert.ok(answered >= 0 && answered < client.seen.findIndex(({ params }) => params?.channel === channel));
  assert.deepEqual(await client.result('private/unsubscribe', { channels: [channel, 'quote.X'] }), [channel]);
  client.close();
});

test('an order is told on the user channels, edited, found by its label, and cancelled with the connection', async () => {
  const client = await Client.open();
  const watcher = await Client.open();
  await Promise.all([client.login(), watcher.login()]);
  await watcher.result('private/subscribe', { channels: ['user.orders.BTC-PERPETUAL.raw', 'user.changes.any.any.raw', 'user.portfolio.btc'] });
  const { mark_price: mark } = (await client.result('public/ticker', { instrument_name: 'BTC-PERPETUAL' })) as { readonly mark_price: number };
  const low = Math.floor(mark) - 400;
  await client.result('private/enable_cancel_on_disconnect');
  assert.deepEqual(await client.result('private/get_cancel_on_disconnect'), { enabled: true, scope: 'connection' });
  const opened = watcher.notice('user.orders.BTC-PERPETUAL.raw');
  const { order } = (await client.result('private/buy', { instrument_name: 'BTC-PERPETUAL', amount: 100, price: low, label: 'mine' })) as { readonly order: Json };
  assert.deepEqual((await opened).params!.data, order);
  const edited = (await client.result('private/edit_by_label', { instrument_name: 'BTC-PERPETUAL', label: 'mine', amount: 50, price: low - 1 })) as { readonly order: Json };
  assert.equal(edited.order['price'], low - 1);
  assert.equal((await client.result('private/get_order_state_by_label', { currency: 'BTC', label: 'mine' }) as unknown as Json[])[0]!['order_id'], order['order_id']);
  const kept = (await watcher.result('private/buy', { instrument_name: 'BTC-PERPETUAL', amount: 20, price: low })) as { readonly order: Json };
  const ended = watcher.next(({ params }) => params?.channel === 'user.orders.BTC-PERPETUAL.raw' && (params.data as Json)['order_state'] === 'cancelled');
  client.close();
  const last = (await ended).params!.data as Json;
  assert.equal(last['order_id'], order['order_id']);
  assert.equal(last['cancel_reason'], 'cancel_on_disconnect');
  const open = (await watcher.result('private/get_open_orders_by_currency', { currency: 'BTC' })) as unknown as Json[];
  assert.deepEqual(open.map((one) => one['order_id']), [kept.order['order_id']]);
  const changed = watcher.next(({ params }) => params?.channel === 'user.changes.any.any.raw' && ((params.data as { readonly trades: unknown[] }).trades.length > 0));
  await watcher.result('private/sell', { instrument_name: 'BTC-PERPETUAL', amount: 200, type: 'market' });
  const change = (await changed).params!.data as { readonly positions: readonly Json[]; readonly orders: readonly Json[] };
  assert.equal(change.positions[0]!['size'], -200);
  assert.equal(change.orders[0]!['order_state'], 'filled');
  await watcher.result('private/close_position', { instrument_name: 'BTC-PERPETUAL', type: 'market' });
  assert.equal(await watcher.result('private/cancel_all') as unknown, 1);
  watcher.close();
});

test('a connection that logs out keeps its orders', async () => {
  const client = await Client.open();
  await client.login();
  await client.result('private/enable_cancel_on_disconnect', { scope: 'account' });
  const { mark_price: mark } = (await client.result('public/ticker', { instrument_name: 'ETH-PERPETUAL' })) as { readonly mark_price: number };
  const { order } = (await client.result('private/buy', { instrument_name: 'ETH-PERPETUAL', amount: 10, price: Math.floor(mark) - 20 })) as { readonly order: Json };
  client.send('{"method":"private/logout","params":{}}');
  await client.closed;
  const other = await Client.open();
  await other.login();
  assert.equal((await other.result('private/get_order_state', { order_id: order['order_id'] }))['order_state'], 'open');
  await other.result('private/cancel', { order_id: order['order_id'] });
  other.close();
});

test('an engine that crashes in a call is there again, with the orders and subscriptions it had', async () => {
  const client = await Client.open();
  await client.login();
  const { mark_price: mark } = (await client.result('public/ticker', { instrument_name: 'ETH-PERPETUAL' })) as { readonly mark_price: number };
  const { order } = (await client.result('private/buy', { instrument_name: 'ETH-PERPETUAL', amount: 10, price: Math.floor(mark) - 20 })) as { readonly order: Json };
  const channel = 'book.BTC-PERPETUAL.100ms';
  const first = client.notice(channel);
  await client.result('public/subscribe', { channels: [channel] });
  const before = ((await first).params!.data as Json)['change_id'] as number;
  venue.exchange.runtime.send('/deribit/engine', { type: 'call', call: () => { throw new Error('planted by the test'); } });
  assert.equal((await client.result('private/get_order_state', { order_id: order['order_id'] }))['order_state'], 'open');
  assert.ok((((await client.notice(channel)).params!.data as Json)['change_id'] as number) >= before);
  await client.result('private/cancel', { order_id: order['order_id'] });
  client.close();
});

test('an engine that a crash left wrong begins anew, and closes the websockets', async () => {
  const client = await Client.open();
  await client.result('public/subscribe', { channels: ['book.BTC-PERPETUAL.100ms'] });
  venue.exchange.runtime.send('/deribit/engine', {
    type: 'call',
    call: ({ ledger }: DeribitVenue) => {
      (ledger.supply() as Map<Asset, Amount>).set(asset('BTC'), 1n as Amount);
      throw new Error('planted by the test');
    },
  });
  assert.equal(await client.closed, 1012);
  assert.match(String(venue.defects.splice(0)[0]), /it begins anew: all accounts together have [0-9.]+ BTC, not 0.00000001/);
  const next = await Client.open();
  await next.login();
  assert.equal((await next.result('private/get_account_summary', { currency: 'BTC' }))['balance'], 10);
  const channel = 'book.BTC-PERPETUAL.100ms';
  const told = next.notice(channel);
  await next.result('public/subscribe', { channels: [channel] });
  assert.equal(((await told).params!.data as Json)['type'], 'snapshot');
  next.close();
});
