import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backendTimeout, serverBusy, SPOT_MANNERS, unexpectedResponse } from '../../../../tools/exchange/web/index.js';
import type { ConnectionFate, MessageFacts, MessageFate, RequestFacts, RequestFate, Troubles } from '../../../../tools/exchange/web/index.js';
import { ManualWebClock } from './manual-clock.js';
import { Client, DOC_KEY, endpoints, hmac, http, startVenue, until, wsMethods, within } from './venue.js';
import type { HttpAnswer, TestVenue } from './venue.js';

/** Troubles that the test sets while the venue runs. */
class Switches implements Troubles {
  quiet = false;
  onRequest: (facts: RequestFacts) => RequestFate | undefined = () => undefined;
  onMessage: (facts: MessageFacts) => MessageFate | undefined = () => undefined;
  onConnection: () => ConnectionFate | undefined = () => undefined;
  skew = 0;
  request(facts: RequestFacts): RequestFate | undefined { return this.onRequest(facts); }
  message(facts: MessageFacts): MessageFate | undefined { return this.onMessage(facts); }
  connection(): ConnectionFate | undefined { return this.onConnection(); }
  filled(): void {}
  skewUs(): number { return this.skew; }
}

type Handle = (typeof endpoints)[number]['handle'];

interface Stage {
  readonly venue: TestVenue;
  readonly troubles: Switches;
  readonly clock: ManualWebClock;
  /** Orders that had their effect. */
  readonly placed: unknown[];
  order(method?: string): Promise<HttpAnswer>;
}

async function stage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const troubles = new Switches();
  const clock = new ManualWebClock();
  const placed: unknown[] = [];
  const counting = <T extends { readonly handle: Handle }>(rule: T): T => ({
    ...rule,
    handle: (...[params, caller]: Parameters<Handle>) => {
      const result = rule.handle(params, caller);
      placed.push(result);
      return result;
    },
  });
  const venue = await startVenue({
    troubles, clock, limitsEnforced: false,
    endpoints: endpoints.map((endpoint) => (endpoint.path === '/api/v3/order' ? counting(endpoint) : endpoint)),
    wsMethods: wsMethods.map((method) => (method.method === 'order.place' ? counting(method) : method)),
  });
  const order = (method = 'POST'): Promise<HttpAnswer> => {
    const query = `symbol=LTCBTC&side=BUY&type=MARKET&quantity=1&timestamp=${Math.floor(clock.nowUs() / 1000)}`;
    return http(`${venue.origins.rest}/api/v3/order?${query}&signature=${hmac(query)}`, { method, key: DOC_KEY });
  };
  try {
    await body({ venue, troubles, clock, placed, order });
    assert.deepEqual(venue.defects, []);
  } finally {
    await venue.server.close();
  }
}

/** Moves the clock on until the promise is settled. */
async function pushed<T>(clock: ManualWebClock, promise: Promise<T>): Promise<T> {
  let open = true;
  void promise.catch(() => {}).finally(() => { open = false; });
  while (open) {
    clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

test('an unknown outcome: the error is answered, and the order is there or not, as the trouble says', () => stage(async ({ troubles, order, placed }) => {
  for (const [error, status, code] of [[unexpectedResponse(), 500, -1006], [backendTimeout(), 504, -1007], [serverBusy(), 503, -1008]] as const) {
    for (const run of [true, false]) {
      placed.length = 0;
      troubles.onRequest = (facts) => (facts.name === 'POST /api/v3/order' && facts.account === 'alice' ? { answer: error, run } : undefined);
      const answer = await order();
      assert.deepEqual([answer.status, answer.code, answer.msg], [status, code, error.message]);
      assert.equal(placed.length, run ? 1 : 0);
    }
  }
  troubles.onRequest = () => ({ answer: { status: 502, body: '<html>Bad Gateway</html>', headers: { 'X-Cache': 'Error' } } });
  const page = await order();
  assert.deepEqual([page.status, page.text, page.headers.get('x-cache')], [502, '<html>Bad Gateway</html>', 'Error']);
}));

test('a slow way in misses the window; a slow way back does not', () => stage(async ({ clock, troubles, order, placed }) => {
  troubles.onRequest = () => ({ delayUs: 6e6 });
  assert.equal((await pushed(clock, order())).code, -1021);
  assert.equal(placed.length, 0);
  troubles.onRequest = () => ({ answerDelayUs: 6e6 });
  assert.equal((await pushed(clock, order())).status, 200);
  assert.equal(placed.length, 1);
}));

test('a connection cut before its answer or in the middle of it: the order is there, the client does not know', () => stage(async ({ venue, troubles, order, placed }) => {
  for (const cut of ['before-answer', 'mid-answer'] as const) {
    troubles.onRequest = () => ({ cut });
    await assert.rejects(order('DELETE'), cut);
  }
  assert.equal(placed.length, 2);
  const api = await Client.open(`${venue.origins.ws}/ws-api/v3`);
  api.ws.send('{"id":1,"method":"ping"}');
  assert.equal((await within(api.closed, 'the cut')).code, 1006);
}));

test('a venue whose clock is off refuses what is stamped right, and says its own time', () => stage(async ({ venue, clock, troubles, order }) => {
  troubles.skew = 60e6;
  assert.equal((await order()).msg, 'Timestamp for this request is outside of the recvWindow.');
  troubles.skew = -60e6;
  assert.equal((await order()).msg, "Timestamp for this request was 1000ms ahead of the server's time.");
  assert.equal((await http(`${venue.origins.rest}/api/v3/time`)).json['serverTime'], Math.floor(clock.nowUs() / 1000) - 60_000);
}));

test('events are dropped, doubled, swapped and delayed, each stream for itself', () => stage(async ({ venue, clock, troubles }) => {
  const client = await Client.open(`${venue.origins.ws}/ws/dropped/doubled/swapped/late/plain`);
  await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  const fates: Readonly<Record<string, MessageFate>> = { dropped: { drop: true }, doubled: { copies: 2 }, swapped: { swapWithNext: true }, late: { delayUs: 1e6 } };
  troubles.onMessage = ({ kind, name, face, product }) => {
    assert.deepEqual([face, product], ['stream', 'spot']);
    return kind === 'market' ? fates[name] : undefined;
  };
  for (const stream of ['late', 'dropped', 'doubled', 'swapped', 'plain']) venue.hub.publish(stream, () => stream);
  const got = [await client.next(), await client.next(), await client.next(), await client.next()];
  assert.deepEqual(got, ['doubled', 'doubled', 'plain', 'swapped']);
  clock.advance(1e6);
  assert.equal(await client.next(), 'late');
}));

test('a frame cut in the middle ends the connection', () => stage(async ({ venue, troubles }) => {
  const client = await Client.open(`${venue.origins.ws}/ws/cut`);
  await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  troubles.onMessage = () => ({ cut: true });
  venue.hub.publish('cut', () => 'x'.repeat(1000));
  assert.equal((await within(client.closed, 'the cut')).code, 1006);
  assert.equal(client.waiting, 0);
}));

test('a user stream can stay silent while orders are answered', () => stage(async ({ venue, troubles, clock }) => {
  const api = await Client.open(`${venue.origins.ws}/ws-api/v3`);
  const params = { apiKey: DOC_KEY, timestamp: Math.floor(clock.nowUs() / 1000) };
  await api.ask({ id: 1, method: 'userDataStream.subscribe.signature', params: { ...params, signature: hmac(`apiKey=${DOC_KEY}&timestamp=${params.timestamp}`) } });
  troubles.onMessage = ({ kind, account }) => (kind === 'user' && account === 'alice' ? { drop: true } : undefined);
  venue.hub.user('alice', 'executionReport', () => '{}');
  assert.equal((await api.ask({ id: 2, method: 'ping' }))['id'], 2);
}));

test('what troubles hold back is bounded, in order or not: beyond it the connection is dropped', async () => {
  for (const fate of [{ delayUs: 3600e6 }, { delayUs: 3600e6, inOrder: true }, { copies: 2, copiesAfterUs: 3600e6 }] satisfies MessageFate[]) {
    const troubles = new Switches();
    troubles.onMessage = ({ kind }) => (kind === 'market' ? fate : undefined);
    const streams = { ...SPOT_MANNERS.streams, mostBufferedBytes: 1_000_000 };
    const venue = await startVenue({ troubles, clock: new ManualWebClock(), manners: { ...SPOT_MANNERS, streams } });
    try {
      const client = await Client.open(`${venue.origins.ws}/ws/x`);
      await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
      const text = 'x'.repeat(90_000);
      for (let sent = 0; sent < 11; sent++) venue.hub.publish('x', () => text);
      assert.equal(venue.server.counts.ended.trouble, 0);
      venue.hub.publish('x', () => text);
      assert.equal((await within(client.closed, 'the end')).code, 1006);
      await until(() => venue.server.counts.ended.trouble === 1, 'it is counted');
    } finally {
      await venue.server.close();
    }
  }
});

test('connections are refused, or opened and left half-open', () => stage(async ({ venue, troubles }) => {
  troubles.onConnection = () => ({ refuse: 503 });
  await assert.rejects(Client.open(`${venue.origins.ws}/ws`), /503/);
  troubles.onConnection = () => ({ halfOpen: true });
  const mute = await Client.open(`${venue.origins.ws}/ws/x`);
  troubles.onConnection = () => undefined;
  const good = await Client.open(`${venue.origins.ws}/ws/x`);
  mute.ws.send('{"method":"LIST_SUBSCRIPTIONS","id":1}');
  mute.ws.ping();
  mute.ws.on('pong', () => assert.fail('half-open connections answer nothing'));
  await good.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  venue.hub.publish('x', () => 'event');
  assert.equal(await good.next(), 'event');
  await good.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  assert.deepEqual([mute.waiting, mute.ws.readyState], [0, mute.ws.OPEN]);
}));

test('a socket that is open can be made half-open or be cut from outside', () => stage(async ({ venue }) => {
  const client = await Client.open(`${venue.origins.ws}/ws/x`);
  await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  const [connection] = [...venue.server.connections];
  connection!.halfOpen = true;
  venue.hub.publish('x', () => 'unheard');
  connection!.halfOpen = false;
  venue.hub.publish('x', () => 'heard');
  assert.equal(await client.next(), 'heard');
  connection!.terminate('trouble');
  assert.equal((await within(client.closed, 'the cut')).code, 1006);
}));
