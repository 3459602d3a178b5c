import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test, { after, before } from 'node:test';
import { WebSocket } from 'ws';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';

type Json = Readonly<Record<string, unknown>>;

let venue: OpenedExchange;
let key = '';
let secret = '';
let symbol = '';
let ask = 0;

before(async () => {
  venue = await openExchange();
  const hmac = venue.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  key = hmac.key;
  secret = hmac.secret!;
  const info = (await get('/eapi/v1/exchangeInfo')) as unknown as { readonly optionSymbols: readonly { readonly symbol: string; readonly underlying: string; readonly side: string; readonly strikePrice: string; readonly expiryDate: number }[] };
  const index = Number((await get('/eapi/v1/index?underlying=BTCUSDT'))['indexPrice']);
  const last = Math.max(...info.optionSymbols.map(({ expiryDate }) => expiryDate));
  symbol = info.optionSymbols.filter((one) => one.underlying === 'BTCUSDT' && one.expiryDate === last && one.side === 'CALL')
    .sort((a, b) => Math.abs(Number(a.strikePrice) - index) - Math.abs(Number(b.strikePrice) - index))[0]!.symbol;
  ask = Number((await quoted()).asks[0]![0]);
});

after(async () => {
  await venue.close();
  assert.deepEqual(venue.defects, []);
});

async function get(path: string): Promise<Json> {
  return (await (await fetch(`${venue.origins.options.rest}${path}`)).json()) as Json;
}

/** The book once the makers have quoted it. */
async function quoted(): Promise<{ readonly bids: readonly string[][]; readonly asks: readonly string[][] }> {
  for (let look = 0; ; look++) {
    assert.ok(look < 1000, 'nobody quotes');
    const book = (await get(`/eapi/v1/depth?symbol=${symbol}`)) as unknown as Awaited<ReturnType<typeof quoted>>;
    if (book.asks.length > 0 && book.bids.length > 0) return book;
  }
}

async function signed(method: string, path: string, params: Readonly<Record<string, string | number | boolean>> = {}, by = secret): Promise<{ readonly status: number; readonly body: Json }> {
  const query = new URLSearchParams(Object.entries({ ...params, timestamp: Date.now() }).map(([name, value]): [string, string] => [name, String(value)])).toString();
  const signature = createHmac('sha256', by).update(query).digest('hex');
  const response = await fetch(`${venue.origins.options.rest}${path}?${query}&signature=${signature}`, { method, headers: { 'X-MBX-APIKEY': key } });
  return { status: response.status, body: (await response.json()) as Json };
}

interface Listener {
  readonly frames: Json[];
  next(wanted: (frame: Json) => boolean): Promise<Json>;
  send(frame: object): void;
  close(): void;
}

async function listen(path: string): Promise<Listener> {
  const ws = new WebSocket(`${venue.origins.options.ws}${path}`);
  const frames: Json[] = [];
  const waiting = new Set<(frame: Json) => void>();
  ws.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString('utf8')) as Json;
    frames.push(frame);
    for (const look of waiting) look(frame);
  });
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => resolve());
    ws.once('error', reject);
  });
  return {
    frames,
    next: (wanted) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came on ${path}; seen ${JSON.stringify(frames.slice(-3))}`)), 15_000);
      const look = (frame: Json): void => {
        if (!wanted(frame)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(frame);
      };
      waiting.add(look);
    }),
    send: (frame) => ws.send(JSON.stringify(frame)),
    close: () => ws.terminate(),
  };
}

test('orders are signed, checked, and told on the private stream in the form of 2026', async () => {
  const order = { symbol, side: 'BUY', type: 'LIMIT', quantity: '0.10', price: String(Math.floor(ask * 1.05)) };
  assert.equal((await signed('POST', '/eapi/v1/order', order, 'wrong')).body['code'], -1022);
  assert.equal((await signed('POST', '/eapi/v1/order', { ...order, type: 'MARKET' })).body['code'], -1116);
  assert.equal((await signed('POST', '/eapi/v1/order', { ...order, symbol: 'BTC-200101-1-C' })).body['code'], -1121);
  assert.equal((await signed('POST', '/eapi/v1/order', { ...order, price: '100.5' })).body['code'], -4029);
  assert.equal((await signed('POST', '/eapi/v1/order', { ...order, quantity: '0.001' })).body['code'], -4030);
  assert.equal((await signed('DELETE', '/eapi/v1/order', { symbol, orderId: 999 })).body['code'], -2013);
  const { listenKey } = (await signed('POST', '/eapi/v1/listenKey')).body as { readonly listenKey: string };
  const stream = await listen(`/private/ws/${listenKey}`);
  const update = stream.next(({ e, o }) => e === 'ORDER_TRADE_UPDATE' && (o as Json)['X'] === 'FILLED');
  const position = stream.next(({ e }) => e === 'BALANCE_POSITION_UPDATE');
  const account = stream.next(({ e }) => e === 'ACCOUNT_UPDATE');
  const greek = stream.next(({ e }) => e === 'GREEK_UPDATE');
  const { body } = await signed('POST', '/eapi/v1/order', { ...order, clientOrderId: 'mine-1' });
  assert.equal(body['status'], 'FILLED');
  const told = (await update)['o'] as Json;
  assert.deepEqual([told['s'], told['c'], told['x'], told['i'], told['z'], told['S']], [symbol, 'mine-1', 'TRADE', body['orderId'], '0.10', 'BUY']);
  const [held] = (await position)['P'] as readonly Json[];
  assert.deepEqual([held!['s'], held!['c']], [symbol, '0.10']);
  const { b: balance } = await account;
  // The average price is shown to a hundredth.
  assert.ok(Math.abs(Number(balance) - (1_000_000 - Number(body['avgPrice']) * 0.1 - Number(body['fee']))) < 0.01, String(balance));
  assert.ok(Number(((await greek)['G'] as readonly Json[])[0]!['d']) > 0);
  const { asset: [margin] } = (await signed('GET', '/eapi/v1/marginAccount')).body as unknown as { readonly asset: readonly [Json] };
  assert.equal(Number(margin['marginBalance']), Number(balance));
  assert.equal((await signed('PUT', '/eapi/v1/listenKey')).status, 200);
  assert.equal((await signed('DELETE', '/eapi/v1/listenKey')).status, 200);
  assert.equal((await signed('PUT', '/eapi/v1/listenKey')).body['code'], -1125);
  stream.close();
});

test('members of a batch are done or refused one by one', async () => {
  const low = Math.ceil(ask * 0.85);
  const orders = JSON.stringify([
    { symbol, side: 'BUY', type: 'LIMIT', quantity: 0.1, price: low, clientOrderId: 'batch-1' }, { symbol, side: 'BUY', type: 'LIMIT', quantity: 0.1, price: 1 }, 7,
    { symbol, side: 'BUY', type: 'LIMIT', quantity: '0.2', price: String(low), clientOrderId: 'batch-2' },
  ]);
  const { body } = await signed('POST', '/eapi/v1/batchOrders', { orders });
  assert.deepEqual((body as unknown as Json[]).map((one) => one['status'] ?? one['code']), ['NEW', -4013, -1102, 'NEW']);
  assert.equal((await signed('POST', '/eapi/v1/batchOrders', { orders: '{"a":1}' })).body['code'], -1102);
  const cancelled = await signed('DELETE', '/eapi/v1/batchOrders', { symbol, clientOrderIds: '["batch-1","none"]' });
  assert.deepEqual((cancelled.body as unknown as Json[]).map((one) => one['status'] ?? one['code']), ['CANCELED', -2013]);
  assert.equal(((await signed('GET', '/eapi/v1/openOrders', { symbol })).body as unknown as Json[]).length, 1);
  assert.deepEqual((await signed('DELETE', '/eapi/v1/allOpenOrdersByUnderlying', { underlying: 'BTCUSDT' })).body, { code: 0, msg: 'success', data: 1 });
});

test('a connection gets the streams of its own way and nothing of the others', async () => {
  const [, expiry] = symbol.split('-');
  const streams = [`${symbol.toLowerCase()}@depth@100ms`, `${symbol}@bookTicker`, `btcusdt@optionTicker@${expiry}`, 'btcusdt@optionMarkPrice', '!index@arr'];
  const open = await listen('/public/stream');
  const market = await listen(`/market/stream?streams=${streams.join('/')}`);
  open.send({ method: 'SUBSCRIBE', params: streams, id: 'a1' });
  await open.next(({ id }) => id === 'a1');
  await Promise.all([
    open.next(({ stream }) => stream === streams[0]), open.next(({ stream }) => stream === streams[1]), open.next(({ stream }) => stream === streams[2]),
    market.next(({ stream }) => stream === streams[3]), market.next(({ stream }) => stream === streams[4]),
  ]);
  const names = ({ frames }: Listener): Set<unknown> => new Set(frames.map(({ stream }) => stream).filter((stream) => stream !== undefined));
  assert.deepEqual(names(open), new Set(streams.slice(0, 3)));
  assert.deepEqual(names(market), new Set(streams.slice(3)));
  const mark = market.frames.find(({ stream }) => stream === streams[3])!['data'] as readonly Json[];
  assert.ok(mark.length > 20 && mark.every(({ d }) => Math.abs(Number(d)) <= 1));
  open.close();
  market.close();
});

test('diffs of the book follow each other and a snapshot lies inside the chain', async () => {
  const stream = `${symbol.toLowerCase()}@depth@100ms`;
  const listener = await listen(`/public/ws/${stream}`);
  // Own orders move the book, so that there is something to tell.
  const move = async (ticks: number): Promise<void> => {
    const told = listener.next(({ e }) => e === 'depthUpdate');
    await signed('POST', '/eapi/v1/order', { symbol, side: 'BUY', type: 'LIMIT', quantity: '0.01', price: String(Math.ceil(ask * 0.85) + ticks) });
    await told;
  };
  await move(0);
  const snapshot = await get(`/eapi/v1/depth?symbol=${symbol}&limit=1000`);
  const levels = { b: new Map(snapshot['bids'] as string[][] as [string, string][]), a: new Map(snapshot['asks'] as string[][] as [string, string][]) };
  for (let count = 1; count <= 3; count++) await move(count);
  const nonce = snapshot['lastUpdateId'] as number;
  let previous: number | undefined;
  for (const frame of listener.frames as unknown as { readonly U: number; readonly u: number; readonly pu: number; readonly b: [string, string][]; readonly a: [string, string][] }[]) {
    if (previous !== undefined) assert.equal(frame.pu, previous);
    previous = frame.u;
    if (frame.u < nonce) continue;
    for (const side of ['b', 'a'] as const) {
      for (const [price, quantity] of frame[side]) {
        if (Number(quantity) === 0) levels[side].delete(price);
        else levels[side].set(price, quantity);
      }
    }
  }
  assert.ok(listener.frames.some((frame) => (frame['U'] as number) <= nonce && (frame['u'] as number) >= nonce));
  assert.ok(Math.max(...[...levels.b.keys()].map(Number)) < Math.min(...[...levels.a.keys()].map(Number)), 'the replayed book is crossed');
  listener.close();
  await signed('DELETE', '/eapi/v1/allOpenOrders', { symbol });
});
