import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { namedScripts } from '../../../../tools/exchange/troubles/index.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { DepthFollower } from '../market-data/follow.js';
import type { Json } from '../usdm/raw-client.js';
import { booksHold, Ear, isFill, orderOf, startNamed, SYMBOL, Trader, until } from './stage.js';

const SPEED = 10;

describe('the failure scenarios of VENUE-API 4.6, as a client meets them', () => {
  let opened: OpenedExchange;
  let nextAccount = 0;
  const trader = (): Trader => new Trader(opened, nextAccount++);
  const venueMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms / SPEED));
  const stop = (name: string): unknown => opened.exchange.troubles.stop(name);

  before(async () => {
    opened = await openExchange({ accountCount: 40, speed: SPEED });
  });
  afterEach(async () => {
    opened.exchange.troubles.stopAll();
    assert.ok(opened.exchange.troubles.quiet);
    await booksHold(opened);
    assert.deepEqual(opened.defects, []);
  });
  after(() => opened.close());

  test('1 ack-after-fill: the fill is told before the order is answered', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'ack-after-fill', { '2s': '8s' });
    const { status, body } = await one.order();
    const fill = ear.messages.find((event) => isFill(event) && orderOf(event)['X'] === 'FILLED');
    assert.ok(fill !== undefined, 'it was told while the answer was awaited');
    assert.deepEqual([status, (body as Json)['orderId']], [200, orderOf(fill)['i']]);
    ear.close();
  });

  test('2 order-timeout-accepted: -1007, the order is there, a second one is refused', async () => {
    const one = trader();
    startNamed(opened, 'order-timeout-accepted');
    assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: '50000', newClientOrderId: 'mine' }), '504 -1007');
    assert.equal(await one.status('mine'), 'NEW');
    stop('order-timeout-accepted');
    assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: '50000', newClientOrderId: 'mine' }), '400 -4116');
    await one.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol: SYMBOL });
  });

  test('2 order-timeout-lost: -1007, the order is nowhere, a second one is taken', async () => {
    const one = trader();
    startNamed(opened, 'order-timeout-lost');
    assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.010', newClientOrderId: 'mine' }), '504 -1007');
    assert.equal(await one.status('mine'), -2013);
    stop('order-timeout-lost');
    assert.equal((await one.order({ newClientOrderId: 'mine' })).status, 200);
    assert.equal(await one.position(), 0.01);
  });

  test('2 order-bad-gateway: a page in the place of JSON', async () => {
    const one = trader();
    startNamed(opened, 'order-bad-gateway', { 'chance = 0.5\n': '' });
    await assert.rejects(one.order({ newClientOrderId: 'mine' }), /JSON/);
    assert.equal(await one.status('mine'), 'FILLED');
  });

  test('3 cancel-timeout-filled: the cancel times out, asked again it is -2011, the order is filled', async () => {
    const one = trader();
    await one.resting(1, { newClientOrderId: 'mine' });
    startNamed(opened, 'cancel-timeout-filled');
    const cancel = { symbol: SYMBOL, origClientOrderId: 'mine' };
    assert.equal(await one.refusal('DELETE', '/fapi/v1/order', cancel), '504 -1007');
    assert.equal(await one.refusal('DELETE', '/fapi/v1/order', cancel), '400 -2011');
    assert.equal(await one.status('mine'), 'FILLED');
    assert.equal(await one.position(), 0.01);
    assert.equal(opened.exchange.troubles.report('cancel-timeout-filled')!.running, false, 'nothing more comes of it');
  });

  test('4 fill-twice: the same trade is told again, after a cancel that came between', async () => {
    let kinds: unknown[] = [];
    // Long enough after the fill for a cancel to come between, even here.
    for (const by of ['10s', '1m', '4m']) {
      const one = trader();
      const ear = await one.listen();
      await one.resting(500, { newClientOrderId: 'resting' });
      startNamed(opened, 'fill-twice', { '3s': by });
      await one.order();
      await one.ok('DELETE', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: 'resting' });
      const fills = (): readonly Json[] => ear.messages.filter(isFill);
      const trades = (): ReadonlySet<unknown> => new Set(fills().map((event) => orderOf(event)['t']));
      await until(() => fills().length > 0 && fills().length === 2 * trades().size, 'each fill is told twice');
      for (const trade of trades()) {
        const [first, second] = fills().filter((event) => orderOf(event)['t'] === trade);
        assert.deepEqual(first, second);
      }
      assert.equal(await one.position(), 0.01);
      await ear.until((event) => orderOf(event)['x'] === 'CANCELED', 'the cancel is told');
      kinds = ear.messages.filter((event) => event['e'] === 'ORDER_TRADE_UPDATE').map((event) => orderOf(event)['x']);
      ear.close();
      stop('fill-twice');
      if (kinds.indexOf('CANCELED') < kinds.lastIndexOf('TRADE')) break;
    }
    assert.ok(kinds.indexOf('CANCELED') < kinds.lastIndexOf('TRADE'), kinds.join());
  });

  test('5 fills-lost: nothing is told, the connection lives, and nothing is told later either', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'fills-lost', { '30s': '10s' });
    await one.order();
    assert.equal(await one.position(), 0.01);
    await until(() => !opened.exchange.troubles.report('fills-lost')!.running, 'the trouble is over');
    await one.order({ side: 'SELL', quantity: '0.004' });
    await ear.until(isFill, 'the next fill is told');
    assert.ok(ear.messages.filter(isFill).every((event) => orderOf(event)['S'] === 'SELL'));
    ear.send('{"method":"LIST_SUBSCRIPTIONS","id":7}');
    await ear.until((message) => message['id'] === 7, 'the connection answers');
    ear.close();
  });

  test('5 fills-in-disconnect: dropped, refused for a while, and what happened is not replayed', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'fills-in-disconnect', { '20s': '1h' });
    assert.equal(await ear.closed, 1006);
    await assert.rejects(one.listen(), /503/);
    await one.order();
    stop('fills-in-disconnect');
    const again = await one.listen();
    await one.order({ side: 'SELL', quantity: '0.004' });
    await again.until(isFill);
    assert.ok(again.messages.filter(isFill).every((event) => orderOf(event)['S'] === 'SELL'));
    assert.equal(((await one.ok('GET', '/fapi/v1/userTrades', { symbol: SYMBOL })) as unknown as unknown[]).length >= 2, true);
    again.close();
  });

  test('6 listen-key-dies: orders work, nothing is told, the keep-alive is -1125', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'listen-key-dies');
    assert.equal((await one.order()).status, 200);
    assert.equal(await one.refusal('PUT', '/fapi/v1/listenKey'), '400 -1125');
    const fresh = await one.listen();
    await one.order();
    await fresh.until(isFill, 'a new key works');
    assert.deepEqual([ear.messages.length, ear.isClosed], [0, false]);
    ear.close();
    fresh.close();
  });

  test('6 listen-key-expires: with the venue\'s word for it', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'listen-key-expires');
    assert.equal((await ear.until((event) => event['e'] === 'listenKeyExpired'))['listenKey'] !== undefined, true);
    ear.close();
  });

  test('7 user-stream-flap: who comes back is accepted and hears nothing', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'user-stream-flap', { '1m': '1h' });
    await ear.closed;
    const again = await one.listen();
    await one.order();
    assert.equal(await one.position(), 0.01);
    assert.deepEqual([again.messages.length, again.isClosed], [0, false]);
    stop('user-stream-flap');
    const good = await one.listen();
    await one.order();
    await good.until(isFill);
    assert.equal(again.messages.length, 0, 'the deaf one stays deaf');
    for (const each of [again, good]) each.close();
  });

  test('8 cancels-stall: the cancel is never answered and the order stays', async () => {
    const one = trader();
    await one.resting(500, { newClientOrderId: 'mine' });
    startNamed(opened, 'cancels-stall', { 'by = "30s"': 'by = "5s"' });
    await assert.rejects(one.call('DELETE', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: 'mine' }), /fetch failed/);
    assert.equal(await one.status('mine'), 'NEW');
    assert.equal((await one.order()).status, 200);
    stop('cancels-stall');
    await one.ok('DELETE', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: 'mine' });
  });

  test('9 fills-forgotten: a position that no fill explains', async () => {
    const one = trader();
    startNamed(opened, 'fills-forgotten', { 'do =': `account = "${one.id}"\ndo =` });
    await until(() => !opened.exchange.troubles.report('fills-forgotten')!.running, 'it is done');
    assert.equal(await one.position(), 0.05);
    assert.deepEqual(await one.ok('GET', '/fapi/v1/userTrades', { symbol: SYMBOL }), []);
  });

  test('10 flat-unseen: the venue is flat, and nobody was told', async () => {
    const one = trader();
    const ear = await one.listen();
    await one.order();
    await ear.until(isFill);
    startNamed(opened, 'flat-unseen', { 'do =': `account = "${one.id}"\ndo =` });
    await until(() => !opened.exchange.troubles.report('flat-unseen')!.running, 'it is done');
    assert.equal(await one.position(), 0);
    assert.equal(ear.messages.filter((event) => isFill(event) && orderOf(event)['S'] === 'SELL').length, 0);
    ear.close();
  });

  test('11 hedge-both: both legs at once', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'hedge-both', { 'do =': `account = "${one.id}"\ndo =` });
    await until(() => !opened.exchange.troubles.report('hedge-both')!.running, 'it is done');
    assert.deepEqual([await one.position('LONG'), await one.position('SHORT')], [0.03, -0.02]);
    await until(() => new Set(ear.messages.filter(isFill).map((event) => orderOf(event)['ps'])).size === 2, 'both are told');
    ear.close();
  });

  test('12 manual-order: events and open orders of orders that the client never sent', async () => {
    const one = trader();
    const ear = await one.listen();
    startNamed(opened, 'manual-order', { 'do =': `account = "${one.id}"\ndo =` });
    const fill = await ear.until(isFill);
    assert.match(String(orderOf(fill)['c']), /^web_/);
    await until(() => !opened.exchange.troubles.report('manual-order')!.running, 'it is done');
    assert.deepEqual(opened.exchange.troubles.report('manual-order')!.steps.map(({ hits, failed }) => [hits, failed]), [[1, 0], [1, 0], [1, 0], [1, 0]]);
    const open = (await one.ok('GET', '/fapi/v1/openOrders', { symbol: SYMBOL })) as unknown as readonly Json[];
    assert.equal(open.length, 1);
    assert.match(String(open[0]!['clientOrderId']), /^web_/);
    assert.equal(await one.position(), 0.01);
    ear.close();
  });

  for (const [name, clientId, execution] of [['liquidation', /^autoclose-/, 'CALCULATED'], ['auto-deleveraging', /^adl_autoclose$/, 'CALCULATED'], ['settlement', /^settlement_autoclose-/, 'CALCULATED']] as const) {
    test(`13 ${name}: the venue closes the position by an order of its own`, async () => {
      const one = trader();
      const ear = await one.listen();
      await one.order({ quantity: '0.020' });
      startNamed(opened, name, { 'do =': `account = "${one.id}"\ndo =` });
      const closing = await ear.until((event) => event['e'] === 'ORDER_TRADE_UPDATE' && clientId.test(String(orderOf(event)['c'])) && orderOf(event)['X'] === 'FILLED', name);
      assert.deepEqual([orderOf(closing)['x'], orderOf(closing)['S']], [execution, 'SELL']);
      assert.equal(await one.position(), 0);
      ear.close();
    });
  }

  const depthUrl = (limit: number): string => `${opened.origins.usdm.rest}/fapi/v1/depth?symbol=${SYMBOL}&limit=${limit}`;
  const follow = (): DepthFollower => new DepthFollower(`${opened.origins.usdm.ws}/public/ws/${SYMBOL.toLowerCase()}@depth@100ms`, true);
  type Snapshot = Parameters<DepthFollower['start']>[0];
  const snapshot = async (limit = 1000): Promise<Snapshot> => (await (await fetch(depthUrl(limit))).json()) as Snapshot;

  test('14 snapshot-old: older than the first event, until it is fetched again', async () => {
    startNamed(opened, 'snapshot-old', { '10s': '60s' });
    await venueMs(1000);
    const follower = follow();
    await follower.buffered(3);
    assert.equal(follower.start(await snapshot()), false, 'it is too old');
    await until(async () => follower.start(await snapshot()), 'a later one fits');
    await follower.until(() => follower.applied >= 5);
    assert.equal(follower.broken, undefined);
    follower.close();
  });

  test('14 snapshot-slow: what was buffered meanwhile fits to it', async () => {
    startNamed(opened, 'snapshot-slow');
    const follower = follow();
    await follower.buffered(1);
    let arrived = false;
    const slow = snapshot().finally(() => (arrived = true));
    await follower.buffered(10);
    assert.equal(arrived, false);
    assert.ok(follower.start(await slow));
    await follower.until(() => follower.applied >= 10);
    assert.equal(follower.broken, undefined);
    follower.close();
  });

  test('14 snapshot-shallow: five levels, and events about deeper ones', async () => {
    startNamed(opened, 'snapshot-shallow');
    const follower = follow();
    await follower.buffered(2);
    const short = await snapshot();
    assert.deepEqual([short.bids.length, short.asks.length], [5, 5]);
    const lowest = Number(short.bids.at(-1)![0]);
    assert.ok(follower.start(short));
    await follower.until(() => [...follower.book.bids.keys()].some((price) => Number(price) < lowest));
    assert.equal(follower.broken, undefined);
    follower.close();
  });

  test('14 engine-restart: -1008 and silence, then a pu that does not follow, and a new snapshot that does', async () => {
    const one = trader();
    const follower = follow();
    await follower.buffered(2);
    assert.ok(follower.start(await snapshot()));
    await follower.until(() => follower.applied >= 2);
    startNamed(opened, 'engine-restart', { '20s': '10s' });
    assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.010' }), '503 -1008');
    // Nothing happens inside either, on any product: the books stand still while it lasts.
    const standing = async (): Promise<unknown> => Promise.all(opened.exchange.products.map(async ({ books }) => (await books(0) as { readonly markets: readonly Json[] }).markets.map(({ bid, ask, orders }) => [bid, ask, orders])));
    const [before, atUs] = [await standing(), opened.exchange.clock.nowUs()];
    await until(() => opened.exchange.clock.nowUs() > atUs + 4e6, 'some time has passed');
    const after = await standing();
    if (opened.exchange.troubles.report('engine-restart')!.running) assert.deepEqual(after, before);
    await follower.until(() => follower.broken !== undefined);
    await until(async () => JSON.stringify(await standing()) !== JSON.stringify(after), 'the markets go on');
    assert.match(follower.broken!, /a gap/);
    assert.equal((await one.order()).status, 200);
    const again = follow();
    await again.buffered(2);
    assert.ok(again.start(await snapshot()));
    await again.until(() => again.applied >= 3);
    assert.equal(again.broken, undefined);
    follower.close();
    again.close();
  });

  test('15 missing-delete: every id follows, and the client\'s book crosses', async () => {
    const follower = follow();
    await follower.buffered(2);
    assert.ok(follower.start(await snapshot()));
    startNamed(opened, 'missing-delete', { '1m': '1h' });
    const best = (side: ReadonlyMap<string, string>, pick: (...prices: number[]) => number): number => pick(...[...side.keys()].map(Number));
    await follower.until(() => best(follower.book.bids, Math.max) >= best(follower.book.asks, Math.min));
    assert.equal(follower.broken, undefined);
    follower.close();
  });

  test('16 latency-grows: messages come later the longer it runs, and in order', async () => {
    const now = (): number => opened.exchange.clockNow().venueMs;
    const ear = await Ear.open(`${opened.origins.usdm.ws}/public/ws/${SYMBOL.toLowerCase()}@depth@100ms`, now);
    await until(() => ear.messages.length > 2, 'messages come');
    startNamed(opened, 'latency-grows', { '200ms': '60s' });
    const startedMs = now();
    // A minute more every minute: what is sent after three seconds is three seconds late. A busy machine makes it later, nothing makes it earlier but a timer's rounding.
    await until(() => ear.messages.some((event) => Number(event['E']) > startedMs + 3000), 'some are told');
    const late = ear.messages.flatMap((event, at) => (Number(event['E']) > startedMs ? [{ sentMs: Number(event['E']) - startedMs, lateMs: ear.heardMs[at]! - Number(event['E']) }] : []));
    for (const { sentMs, lateMs } of late) assert.ok(lateMs >= sentMs - 50, `sent after ${sentMs} ms, ${lateMs} ms late`);
    const ids = ear.messages.map((event) => Number(event['u']));
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
    ear.close();
  });

  test('16 sync-fails: snapshots fail while events go on', async () => {
    startNamed(opened, 'sync-fails');
    const follower = follow();
    await follower.buffered(1);
    assert.equal((await fetch(depthUrl(100))).status, 502);
    await follower.buffered(20);
    stop('sync-fails');
    assert.ok(follower.start(await snapshot()));
    await follower.until(() => follower.applied >= 20);
    assert.equal(follower.broken, undefined);
    follower.close();
  });

  test('17 client-id-collides: the client\'s own order is refused, and somebody else\'s bears its id', async () => {
    const one = trader();
    startNamed(opened, 'client-id-collides');
    assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.010', newClientOrderId: 'drawn' }), '400 -4116');
    const foreign = await one.ok('GET', '/fapi/v1/openOrder', { symbol: SYMBOL, origClientOrderId: 'drawn' });
    assert.equal(foreign['type'], 'LIMIT');
    assert.equal(await one.position(), 0);
    assert.equal((await one.order({ newClientOrderId: 'another' })).status, 200);
  });

  test('18 conditional-orders-moved: -4120 for stops, others are taken', async () => {
    const one = trader();
    startNamed(opened, 'conditional-orders-moved');
    for (const type of ['STOP_MARKET', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']) assert.equal(await one.refusal('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'SELL', type, quantity: '0.010', stopPrice: '50000' }), '400 -4120');
    assert.equal((await one.order()).status, 200);
    await one.ok('POST', '/fapi/v1/algoOrder', { algoType: 'CONDITIONAL', symbol: SYMBOL, side: 'SELL', type: 'STOP_MARKET', quantity: '0.010', triggerPrice: '40000' });
  });

  test('19 stop-refused: the position stands and its stop does not', async () => {
    const one = trader();
    startNamed(opened, 'stop-refused');
    await one.order();
    assert.equal(await one.refusal('POST', '/fapi/v1/algoOrder', { algoType: 'CONDITIONAL', symbol: SYMBOL, side: 'SELL', type: 'STOP_MARKET', quantity: '0.010', triggerPrice: '40000' }), '400 -2021');
    assert.deepEqual(await one.ok('GET', '/fapi/v1/openAlgoOrders'), []);
    assert.equal(await one.position(), 0.01);
  });

  test('20 clock-skew: -1021, first too late, then too early, then good again', async () => {
    const one = trader();
    startNamed(opened, 'clock-skew', { 'for = "1m"': 'for = "1h"', 'at = "1m"': 'at = "10s"' });
    const ask = async (): Promise<string> => {
      const { status, body } = await one.raw.call('GET', '/fapi/v3/balance');
      return status === 200 ? 'good' : `${(body as Json)['code'] as number} ${(body as Json)['msg'] as string}`;
    };
    const told: string[] = [];
    await until(async () => {
      const answer = await ask();
      if (told.at(-1) !== answer) told.push(answer);
      return answer === 'good';
    }, 'both steps are on, and make up for each other');
    stop('clock-skew');
    startNamed(opened, 'clock-skew', { 'by = "10s"': 'by = "0s"', 'at = "1m"': 'at = "0s"' });
    told.push(await ask());
    assert.deepEqual(told, ['-1021 Timestamp for this request is outside of the recvWindow.', 'good', "-1021 Timestamp for this request was 1000ms ahead of the server's time."]);
  });

  test('21 rate-limit-then-ban: 429 with Retry-After, then 418 for him who goes on', async () => {
    startNamed(opened, 'rate-limit-then-ban');
    const statuses: number[] = [];
    let wait: string | null = null;
    for (let at = 0; at < 200 && statuses.at(-1) !== 418; at++) {
      const response = await fetch(`${opened.origins.usdm.rest}/fapi/v1/time`);
      statuses.push(response.status);
      wait = response.headers.get('retry-after');
      await response.text();
    }
    assert.deepEqual([statuses[0], statuses.at(-1), statuses.length > 20], [429, 418, true]);
    assert.ok(Number(wait) > 0);
    stop('rate-limit-then-ban');
    assert.equal((await fetch(`${opened.origins.usdm.rest}/fapi/v1/time`)).status, 200);
  });

  test('22 server-shutdown: announced, then closed, both sockets at once', async () => {
    const one = trader();
    const user = await one.listen();
    const market = await Ear.open(`${opened.origins.usdm.ws}/public/ws/${SYMBOL.toLowerCase()}@bookTicker`);
    startNamed(opened, 'server-shutdown', { '10m': '4s' });
    for (const ear of [user, market]) await ear.until((event) => event['e'] === 'serverShutdown', 'it is announced');
    assert.deepEqual(await Promise.all([user.closed, market.closed]), [1001, 1001]);
  });

  test('22 day-is-over and both-sockets-drop: all at once, with and without a word', async () => {
    const one = trader();
    for (const [name, code] of [['day-is-over', 1001], ['both-sockets-drop', 1006]] as const) {
      const ears = [await one.listen(), await Ear.open(`${opened.origins.spot.ws}/ws/${SYMBOL.toLowerCase()}@trade`)];
      startNamed(opened, name, name === 'day-is-over' ? {} : { '5s': '1h' });
      assert.deepEqual(await Promise.all(ears.map(({ closed }) => closed)), [code, code]);
    }
    await assert.rejects(one.listen(), /503/);
    stop('both-sockets-drop');
    (await one.listen()).close();
  });

  test('every script that comes with the exchange can be started by its name, and says what it does', async () => {
    const listed = opened.exchange.scripts() as readonly { readonly name: string; readonly kind: string; readonly summary: string }[];
    for (const { name } of namedScripts()) assert.ok(listed.some((one) => one.name === name && one.kind === 'script' && one.summary.length > 20), name);
    await opened.exchange.startables.start('slow-line');
    await assert.rejects(Promise.resolve().then(() => opened.exchange.startables.start('slow-line')), /runs already/);
    stop('slow-line');
  });
});
