import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { parseScript } from '../../../../tools/exchange/troubles/index.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { Trader as SpotTrader } from '../spot/trader.js';
import type { Json } from '../usdm/raw-client.js';
import { booksHold, Ear, isFill, orderOf, startNamed, SYMBOL, Trader, until } from './stage.js';

const SPEED = 10;
const LIVE = { recvWindow: 60_000 };

describe('what beside the 22 scenarios can happen to a connection, and to spot', () => {
  let opened: OpenedExchange;
  let nextAccount = 0;
  const trader = (): Trader => new Trader(opened, nextAccount++);
  const spot = (): SpotTrader => new SpotTrader(opened, 'hmac', nextAccount++);
  const script = (toml: string): void => void opened.exchange.troubles.start(parseScript(toml, 'mine.toml'));
  const hits = (name: string): readonly number[] => opened.exchange.troubles.report(name)!.steps.map((step) => step.hits);

  before(async () => {
    opened = await openExchange({ accountCount: 20, speed: SPEED });
  });
  afterEach(async () => {
    opened.exchange.troubles.stopAll();
    await booksHold(opened);
    assert.deepEqual(opened.defects, []);
  });
  after(() => opened.close());

  test('partition: nothing either way, then the old sockets are dead and new ones good', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'partition', { '30s': '10s' });
    ear.send('{"method":"LIST_SUBSCRIPTIONS","id":1}');
    await assert.rejects(one.order(), /fetch failed/);
    assert.equal(await ear.closed, 1006);
    assert.equal(ear.messages.length, 0);
    const again = await one.listen();
    await one.order();
    await again.until(isFill);
    assert.equal(await one.position(), 0.01, 'the order into the partition never arrived');
    again.close();
  });

  test('half-open: market data dead without a close, user streams alive', async () => {
    const one = trader();
    const market = await Ear.open(`${opened.origins.usdm.ws}/public/ws/${SYMBOL.toLowerCase()}@bookTicker`);
    await until(() => market.messages.length > 0, 'it lives');
    const user = await one.listen();
    startNamed(opened, 'half-open', { '1m': '1h' });
    await one.order();
    await user.until(isFill);
    const before = market.messages.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(market.messages.length, before);
    assert.equal(market.isClosed, false);
    for (const ear of [market, user]) ear.close();
  });

  test('silent-user-stream: silent from the fill on, while all else goes on', async () => {
    const one = trader();
    const ear = await one.listen();
    await one.order();
    await ear.until(isFill);
    startNamed(opened, 'silent-user-stream');
    await one.order();
    await until(() => opened.exchange.troubles.report('silent-user-stream')!.steps[0]!.opened === 1, 'it has begun');
    const third = (await one.order()).body as Json;
    ear.send('{"method":"LIST_SUBSCRIPTIONS","id":1}');
    await ear.until((message) => message['id'] === 1);
    assert.ok(ear.messages.every((event) => orderOf(event)['i'] !== third['orderId']));
    assert.equal(await one.position(), 0.03);
    ear.close();
  });

  test('maintenance: CANCEL_ONLY on both products, shown, obeyed, and over', async () => {
    const one = trader();
    const other = spot();
    await one.resting(500, { newClientOrderId: 'mine' });
    startNamed(opened, 'maintenance', { '5m': '1h' });
    const statusOf = async (url: string): Promise<unknown> => ((await (await fetch(url)).json()) as { symbols: readonly Json[] }).symbols.find((symbol) => symbol['symbol'] === SYMBOL)!['status'];
    assert.deepEqual(await Promise.all([statusOf(`${opened.origins.usdm.rest}/fapi/v1/exchangeInfo`), statusOf(`${opened.origins.spot.rest}/api/v3/exchangeInfo`)]), ['CANCEL_ONLY', 'CANCEL_ONLY']);
    assert.ok((await one.order()).status >= 400);
    assert.equal((await other.call('POST', '/api/v3/order', { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.01', ...LIVE })).status, 400);
    await one.ok('DELETE', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: 'mine' });
    const { rest } = opened.origins.deribit;
    const [{ key, secret }] = opened.accounts.all[0]!.keys as unknown as readonly [{ readonly key: string; readonly secret: string }];
    const buy = async (): Promise<Json> => (await (await fetch(`${rest}/api/v2/private/buy?instrument_name=BTC-PERPETUAL&amount=10&type=market`, { headers: { Authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` } })).json()) as Json;
    assert.equal(((await buy())['error'] as Json)['code'], 11_051);
    opened.exchange.troubles.stop('maintenance');
    assert.ok('result' in await buy());
    assert.equal((await one.order()).status, 200);
  });

  test('repeated-and-swapped: the same events, some twice and some late', async () => {
    startNamed(opened, 'repeated-and-swapped', { 'chance = 0.05': 'chance = 0.3' });
    const ear = await Ear.open(`${opened.origins.spot.ws}/ws/${SYMBOL.toLowerCase()}@depth@100ms`);
    await until(() => ear.messages.length > 60, 'events come');
    const ids = ear.messages.map((event) => Number(event['u']));
    assert.ok(new Set(ids).size < ids.length, 'some twice');
    assert.ok(ids.some((id, at) => at > 0 && id < ids[at - 1]!), 'some late');
    ear.close();
  });

  test('cut-frames and answers-cut: the connection ends in the middle of what it says', async () => {
    startNamed(opened, 'cut-frames', { '0.005': '0.2' });
    const ear = await Ear.open(`${opened.origins.spot.ws}/ws/${SYMBOL.toLowerCase()}@bookTicker`);
    assert.equal(await ear.closed, 1006);
    opened.exchange.troubles.stop('cut-frames');
    const one = trader();
    startNamed(opened, 'answers-cut', { 'chance = 0.1': 'chance = 1.0' });
    await assert.rejects(one.order({ newClientOrderId: 'mine' }));
    opened.exchange.troubles.stop('answers-cut');
    assert.equal(await one.status('mine'), 'FILLED');
  });

  test('answers of Deribit are cut too, over HTTP: before anything is said, or in the middle', async () => {
    const { rest } = opened.origins.deribit;
    const ask = async (): Promise<string> => (await fetch(`${rest}/api/v2/public/get_time`)).text();
    for (const middle of [false, true]) {
      opened.exchange.troubles.start(parseScript(`[[step]]\ndo = "cut-answer"\non = "request"\nproduct = "deribit"\nmiddle = ${middle}\n`, 'cut.toml'));
      await assert.rejects(ask());
      const answer = await fetch(`${rest}/api/v2/public/get_time`).catch(() => undefined);
      assert.equal(answer?.status, middle ? 200 : undefined);
      await answer?.text().catch(() => undefined);
      opened.exchange.troubles.stop('cut');
    }
    assert.match(await ask(), /"result":\d+/);
  });

  test('what spot has no more is refused, and done as of a day on which it had it', async () => {
    const endKeys = '[[step]]\ndo = "end-listen-keys"\nproduct = "spot"\n';
    const { troubles } = opened.exchange;
    assert.throws(() => troubles.start(parseScript(endKeys, 'old.toml')), /old: step 1 \(do = "end-listen-keys"\): spot has had no listenKeys since 2026-02-20/);
    assert.throws(() => troubles.start(parseScript('[[step]]\ndo = "disconnect"\nsockets = "user"\nproduct = "spot"\n', 'old.toml')), /`sockets = "api"`/);
    const older = await openExchange({ asOf: new AsOf('2026-02-19') });
    try {
      const headers = { 'X-MBX-APIKEY': older.accounts.all[0]!.keys[0]!.key };
      const { listenKey } = (await (await fetch(`${older.origins.spot.rest}/api/v3/userDataStream`, { method: 'POST', headers })).json()) as { readonly listenKey: string };
      const ear = await Ear.open(`${older.origins.spot.ws}/ws/${listenKey}`);
      older.exchange.troubles.start(parseScript(endKeys, 'old.toml'));
      await ear.until((event) => event['e'] === 'listenKeyExpired');
      older.exchange.troubles.start(parseScript('[[step]]\ndo = "disconnect"\nsockets = "user"\nproduct = "spot"\n', 'drop.toml'));
      assert.equal(await ear.closed, 1006);
    } finally {
      await older.close();
    }
  });

  test('slow-line: requests and messages take their time, in order', async () => {
    const one = trader();
    startNamed(opened, 'slow-line');
    const fromUs = opened.exchange.clock.nowUs();
    await one.order();
    assert.ok(opened.exchange.clock.nowUs() - fromUs >= 300_000);
    const ear = await Ear.open(`${opened.origins.spot.ws}/ws/${SYMBOL.toLowerCase()}@depth@100ms`);
    await until(() => ear.messages.length > 30, 'events come');
    const ids = ear.messages.map((event) => Number(event['u']));
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
    ear.close();
  });

  test('ban: everybody, at once, on REST and on the websocket API, and lifted', async () => {
    const other = spot();
    const api = await Ear.open(`${other.wsApi}`);
    startNamed(opened, 'ban');
    assert.equal(await api.closed, 1008);
    const answer = await fetch(`${other.rest}/api/v3/time`);
    assert.deepEqual([answer.status, Number(answer.headers.get('retry-after')) > 0], [418, true]);
    assert.match(((await answer.json()) as Json)['msg'] as string, /IP banned until \d+/);
    opened.exchange.troubles.stop('ban');
    assert.equal((await fetch(`${other.rest}/api/v3/time`)).status, 200);
  });

  test('spot: -1007 with an order that is there; its cancel times out when it is filled; fills told twice on the websocket API', async () => {
    const one = spot();
    const api = await one.open();
    const heard: Json[] = [];
    api.ws.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as Json));
    api.ws.send(one.request('userDataStream.subscribe.signature', LIVE));
    await until(() => heard.length > 0, 'it is subscribed');
    const book = (await (await fetch(`${one.rest}/api/v3/ticker/bookTicker?symbol=${SYMBOL}`)).json()) as { readonly bidPrice: string };
    const order = { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: (Number(book.bidPrice) * 0.9998).toFixed(2), newClientOrderId: 'mine', ...LIVE };
    startNamed(opened, 'order-timeout-accepted');
    const timeout = await one.call('POST', '/api/v3/order', order);
    assert.deepEqual([timeout.status, timeout.code], [504, -1007]);
    opened.exchange.troubles.stop('order-timeout-accepted');
    assert.deepEqual([(await one.call('POST', '/api/v3/order', order)).msg], ['Duplicate order sent.']);
    startNamed(opened, 'fill-twice');
    startNamed(opened, 'cancel-timeout-filled');
    const cancel = { symbol: SYMBOL, origClientOrderId: 'mine', ...LIVE };
    assert.equal((await one.call('DELETE', '/api/v3/order', cancel)).code, -1007);
    assert.equal((await one.call('DELETE', '/api/v3/order', cancel)).code, -2011);
    assert.equal((await one.call('GET', '/api/v3/order', cancel)).json['status'], 'FILLED');
    const fills = (): readonly Json[] => heard.map((message) => (message['event'] ?? {}) as Json).filter((event) => event['x'] === 'TRADE');
    await until(() => fills().length >= 2 && fills().length === 2 * new Set(fills().map((event) => event['t'])).size, 'each fill is told twice');
    api.close();
  });

  test('Deribit: calls fail, and books are lost while the connection answers', async () => {
    const { rest, ws } = opened.origins.deribit;
    const ear = await Ear.open(`${ws}/ws/api/v2`);
    ear.send('{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.100ms","trades.BTC-PERPETUAL.100ms"]}}');
    const channel = (message: Json): string => (((message['params'] ?? {}) as Json)['channel'] as string | undefined)?.split('.')[0] ?? '';
    await ear.until((message) => channel(message) === 'book', 'the book comes');
    script('[[step]]\ndo = "lose"\non = "depth"\nsymbol = "BTC-PERPETUAL"\n\n[[step]]\ndo = "fail"\non = "query"\nname = "get_time"\ncode = -1008\n');
    ear.send('{"jsonrpc":"2.0","id":2,"method":"public/test","params":{}}');
    await ear.until((message) => message['id'] === 2, 'it answers');
    const books = (): number => ear.messages.filter((message) => channel(message) === 'book').length;
    const [before, lost] = [books(), hits('mine')[0]!];
    await until(() => hits('mine')[0]! >= lost + 5, 'books are lost');
    ear.send('{"jsonrpc":"2.0","id":3,"method":"public/test","params":{}}');
    await ear.until((message) => message['id'] === 3, 'it answers');
    assert.equal(books(), before);
    assert.ok('error' in ((await (await fetch(`${rest}/api/v2/public/get_time`)).json()) as Json));
    opened.exchange.troubles.stop('mine');
    assert.ok('result' in ((await (await fetch(`${rest}/api/v2/public/get_time`)).json()) as Json));
    ear.close();
  });

  test('spot: a restart leaves a gap in U, and clients of one account can be chosen', async () => {
    const [one, two] = [spot(), spot()];
    const ear = await Ear.open(`${opened.origins.spot.ws}/ws/${SYMBOL.toLowerCase()}@depth@100ms`);
    await until(() => ear.messages.length > 3, 'events come');
    script(`[[step]]\ndo = "restart-engine"\nproduct = "spot"\n\n[[step]]\ndo = "fail"\non = "order"\ncode = -1008\naccount = "${one.key.account}"\n`);
    await until(() => ear.messages.some((event, at) => at > 0 && Number(event['U']) > Number(ear.messages[at - 1]!['u']) + 1), 'a gap');
    const order = { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.01', ...LIVE };
    assert.deepEqual([(await one.call('POST', '/api/v3/order', order)).code, (await two.call('POST', '/api/v3/order', order)).status], [-1008, 200]);
    assert.deepEqual(hits('mine'), [1, 1]);
    ear.close();
  });
});
