import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ManualWebClock } from '../manual-clock.js';
import { Client, DOC_KEY, ED_KEY, FAR_KEY, hmac, ORDERS_10S, ORDERS_DAY, READER_KEY, RSA_KEY, signedBy, startVenue, WEIGHT } from '../venue.js';
import type { TestVenue } from '../venue.js';

const STAMP_MS = 1_645_423_376_532;
type Reply = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, string | number | boolean>>;

const payloadOf = (params: Values): string => Object.keys(params).sort().map((name) => `${name}=${params[name]!}`).join('&');
const ORDER: Values = { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01000000', price: '52000.00' };
const REJECTED = { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' };

function signed(params: Values, key = DOC_KEY): Values {
  const whole = { ...params, apiKey: key };
  const payload = payloadOf(whole);
  return { ...whole, signature: key === ED_KEY ? signedBy('ed25519', payload) : key === RSA_KEY ? signedBy('rsa', payload) : hmac(payload) };
}

const clock = new ManualWebClock(STAMP_MS * 1000);
let venue: TestVenue;
before(async () => { venue = await startVenue({ clock, limitsEnforced: false }); });
after(() => venue.server.close());

const open = (query = ''): Promise<Client> => Client.open(`${venue.origins.ws}/ws-api/v3${query}`);
const now = (): Values => ({ timestamp: Math.floor(clock.nowUs() / 1000) });

async function logOn(api: Client, key = ED_KEY): Promise<Reply> {
  return api.ask({ id: 'logon', method: 'session.logon', params: signed(now(), key) });
}

describe('requests', () => {
  test('the documentation\'s order, with its signature', async () => {
    const api = await open();
    const params = { ...ORDER, recvWindow: 100, timestamp: STAMP_MS, apiKey: DOC_KEY, signature: 'aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24' };
    const reply = await api.ask({ id: '4885f793-e5ad-4c3b-8f6c-55d891472b71', method: 'order.place', params });
    assert.deepEqual([reply['id'], reply['status']], ['4885f793-e5ad-4c3b-8f6c-55d891472b71', 200], JSON.stringify(reply));
    assert.deepEqual(reply['result'], { ...ORDER, account: 'alice' });
    const changed = await api.ask({ id: 2, method: 'order.place', params: { ...params, price: '52000.01' } });
    assert.deepEqual([changed['id'], changed['status'], changed['error']], [2, 400, { code: -1022, msg: 'Signature for this request is not valid.' }]);
    api.close();
  });

  test('numbers are signed as they are written', async () => {
    const api = await open();
    const place = (quantity: string, price: string): Promise<Reply> => {
      const payload = `apiKey=${DOC_KEY}&price=${price}&quantity=${quantity}&side=BUY&symbol=BTCUSDT&timestamp=${STAMP_MS}&type={"a":1.0}`;
      return api.ask(`{"id":1.0,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","quantity":${quantity}, "price": ${price} ,"type":"{\\"a\\":1.0}","timestamp":${STAMP_MS},"apiKey":"${DOC_KEY}","signature":"${hmac(payload)}"}}`);
    };
    for (const [quantity, price] of [['1.0', '52000.00'], ['0.00000010', '5'], ['123456789012345678', '1']] as const) {
      const { id, status, result } = await place(quantity, price);
      assert.deepEqual([id, status, result], [1, 200, { symbol: 'BTCUSDT', side: 'BUY', type: '{"a":1.0}', quantity, price, account: 'alice' }]);
    }
    assert.equal(((await place('1', '5.2e4'))['error'] as Reply)['code'], -1100, 'a power of ten is signed well, and no decimal');
    api.close();
  });

  test('ids are echoed, methods may carry a version, answers carry limits unless they are not wanted', async () => {
    const api = await open();
    for (const id of [1, 'x', 'e2a85d9f-07a5-4f94-8d5f-789dc3deb097', null]) {
      const reply = await api.ask({ id, method: 'v3/ping' });
      assert.deepEqual([reply['id'], reply['status'], reply['result']], [id, 200, {}]);
    }
    const limits = (await api.ask({ id: 1, method: 'ping' }))['rateLimits'] as readonly Reply[];
    assert.deepEqual(limits.map(({ count, ...limit }) => [limit, typeof count]), [[WEIGHT, 'number']]);
    const order = await api.ask({ id: 1, method: 'order.place', params: signed({ ...ORDER, ...now() }) });
    assert.deepEqual((order['rateLimits'] as readonly Reply[]).map(({ count: _count, ...limit }) => limit), [ORDERS_10S, ORDERS_DAY, WEIGHT]);
    assert.deepEqual(await api.ask({ id: 1, method: 'ping', params: { returnRateLimits: false } }), { id: 1, status: 200, result: {} });
    const quiet = await open('?returnRateLimits=false');
    assert.deepEqual(await quiet.ask({ id: 1, method: 'ping' }), { id: 1, status: 200, result: {} });
    assert.ok('rateLimits' in await quiet.ask({ id: 1, method: 'ping', params: { returnRateLimits: true } }));
    api.close();
    quiet.close();
  });

  const mandatory = (name: string): unknown => ({ code: -1102, msg: `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.` });
  const invalidJson = { code: -1135, msg: 'Invalid JSON Request' };
  const bad: readonly (readonly [string, unknown, unknown])[] = [
    ['', null, invalidJson],
    ['{', null, invalidJson],
    ['[]', null, invalidJson],
    ['"order.place"', null, invalidJson],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, null, invalidJson],
    ['{"id":{},"method":"ping"}', null, mandatory('id')],
    ['{"id":1}', 1, mandatory('method')],
    ['{"id":1,"method":7}', 1, mandatory('method')],
    ['{"id":1,"method":"order.eat"}', 1, { code: -1020, msg: 'This operation is not supported.' }],
    ['{"id":1,"method":"constructor"}', 1, { code: -1020, msg: 'This operation is not supported.' }],
    ['{"id":1,"method":"order.place","params":[]}', 1, mandatory('params')],
    ['{"id":1,"method":"order.place","params":{}}', 1, mandatory('apiKey')],
    [`{"id":1,"method":"order.place","params":{"apiKey":"${DOC_KEY}"}}`, 1, mandatory('timestamp')],
    [`{"id":1,"method":"order.place","params":{"apiKey":"${DOC_KEY}","timestamp":${STAMP_MS}}}`, 1, mandatory('signature')],
    ['{"id":1,"method":"order.place","params":{"apiKey":"short"}}', 1, { code: -2014, msg: 'API-key format invalid.' }],
    [`{"id":1,"method":"order.place","params":{"apiKey":"${FAR_KEY}"}}`, 1, REJECTED],
    [`{"id":1,"method":"order.place","params":{"apiKey":"${READER_KEY}"}}`, 1, REJECTED],
    [`{"id":1,"method":"account.status","params":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 1, mandatory('apiKey')],
  ];
  for (const [sent, id, error] of bad) {
    test(sent.length > 90 ? `${sent.slice(0, 60)}… (${sent.length})` : sent || 'nothing', async () => {
      const api = await open();
      const reply = await api.ask(sent);
      assert.deepEqual([reply['id'], reply['error']], [id, error]);
      assert.equal((await api.ask({ id: 2, method: 'ping' }))['status'], 200);
      api.close();
    });
  }

  test('the window holds here too', async () => {
    const api = await open();
    const reply = await api.ask({ id: 1, method: 'order.place', params: signed({ ...ORDER, timestamp: Math.floor(clock.nowUs() / 1000) - 5001 }) });
    assert.deepEqual(reply['error'], { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' });
    api.close();
  });
});

describe('sessions', () => {
  test('log on with Ed25519; then neither key nor signature is needed, but the timestamp is', async () => {
    const api = await open();
    const connectedSince = Math.floor(clock.nowUs() / 1000);
    const nobody = { apiKey: null, authorizedSince: null, connectedSince, returnRateLimits: true, serverTime: connectedSince, userDataStream: false };
    assert.deepEqual((await api.ask({ id: 1, method: 'session.status' }))['result'], nobody);
    const somebody = { ...nobody, apiKey: ED_KEY, authorizedSince: connectedSince };
    assert.deepEqual((await logOn(api))['result'], somebody);
    assert.deepEqual((await api.ask({ id: 1, method: 'session.status' }))['result'], somebody);
    assert.equal(((await api.ask({ id: 1, method: 'order.place', params: { ...ORDER, ...now() } }))['result'] as Reply)['account'], 'bob');
    assert.equal(((await api.ask({ id: 1, method: 'order.place', params: ORDER }))['error'] as Reply)['code'], -1102);
    // Another key for one request.
    assert.equal(((await api.ask({ id: 1, method: 'order.place', params: signed({ ...ORDER, ...now() }) }))['result'] as Reply)['account'], 'alice');
    assert.deepEqual((await api.ask({ id: 1, method: 'session.logout' }))['result'], nobody);
    assert.equal(((await api.ask({ id: 1, method: 'order.place', params: { ...ORDER, ...now() } }))['error'] as Reply)['code'], -1102);
    api.close();
  });

  test('no other kind of key can', async () => {
    const api = await open();
    assert.deepEqual((await logOn(api, DOC_KEY))['error'], { code: -4056, msg: 'HMAC_SHA256 API key is not supported.' });
    assert.deepEqual((await logOn(api, RSA_KEY))['error'], { code: -4056, msg: 'RSA API key is not supported.' });
    assert.equal(((await api.ask({ id: 1, method: 'session.status' }))['result'] as Reply)['apiKey'], null);
    api.close();
  });

  test('a key that is taken away ends the session at its next request, under no id', async () => {
    const own = await startVenue({ clock });
    try {
      const api = await Client.open(`${own.origins.ws}/ws-api/v3`);
      own.keys.add({ ...{ id: ED_KEY, account: 'bob' }, publicKeyPem: pemOf(venue) });
      await logOn(api);
      own.keys.remove(ED_KEY);
      const reply = await api.ask({ id: 7, method: 'account.status', params: now() });
      assert.deepEqual([reply['id'], reply['status'], reply['error']], [null, 401, REJECTED]);
      assert.equal(((await api.ask({ id: 1, method: 'session.status' }))['result'] as Reply)['apiKey'], null);
    } finally {
      await own.server.close();
    }
  });

  function pemOf(from: TestVenue): string {
    const { proof } = from.keys.get(ED_KEY)!;
    assert.ok(proof.kind !== 'hmac');
    return String(proof.publicKey.export({ type: 'spki', format: 'pem' }));
  }
});

describe('user stream subscriptions', () => {
  const subscribe = (api: Client, key = DOC_KEY): Promise<Reply> => api.ask({ id: 1, method: 'userDataStream.subscribe.signature', params: signed(now(), key) });
  const terminated = (subscriptionId: number): unknown => ({ subscriptionId, event: { e: 'eventStreamTerminated', E: Math.floor(clock.nowUs() / 1000) } });

  test('by signature: any kind of key, one an account and connection, events under their ids', async () => {
    const api = await open();
    assert.deepEqual((await subscribe(api))['result'], { subscriptionId: 0 });
    assert.deepEqual((await subscribe(api, RSA_KEY))['error'], { code: -2035, msg: 'User Data Stream subscription already active.' });
    assert.deepEqual((await subscribe(api, ED_KEY))['result'], { subscriptionId: 1 });
    assert.deepEqual((await api.ask({ id: 1, method: 'session.subscriptions' }))['result'], [{ subscriptionId: 0 }, { subscriptionId: 1 }]);
    assert.equal(((await api.ask({ id: 1, method: 'session.status' }))['result'] as Reply)['userDataStream'], true);
    venue.hub.user('bob', 'executionReport', () => '{"e":"executionReport","s":"B"}');
    venue.hub.user('carol', 'executionReport', () => assert.fail('nobody takes her events'));
    venue.hub.user('alice', 'executionReport', () => '{"e":"executionReport","s":"A"}');
    assert.equal(await api.next(), '{"subscriptionId":1,"event":{"e":"executionReport","s":"B"}}');
    assert.equal(await api.next(), '{"subscriptionId":0,"event":{"e":"executionReport","s":"A"}}');
    api.close();
  });

  test('ended by id or all together, with eventStreamTerminated; ids are not used again', async () => {
    const api = await open();
    await subscribe(api);
    await subscribe(api, ED_KEY);
    const unsubscribe = (params: Values): void => api.ws.send(JSON.stringify({ id: 5, method: 'userDataStream.unsubscribe', params }));
    unsubscribe({ subscriptionId: 0 });
    assert.deepEqual(await api.nextJson(), terminated(0));
    assert.deepEqual((await api.nextJson())['result'], {});
    assert.ok(!venue.hub.hasUser('alice'));
    unsubscribe({ subscriptionId: 0 });
    assert.deepEqual((await api.nextJson())['error'], { code: -2036, msg: 'User Data Stream subscription not active.' });
    assert.deepEqual((await subscribe(api))['result'], { subscriptionId: 2 });
    unsubscribe({});
    assert.deepEqual([await api.nextJson(), await api.nextJson()], [terminated(1), terminated(2)]);
    assert.deepEqual((await api.nextJson())['result'], {});
    unsubscribe({});
    assert.deepEqual((await api.nextJson())['error'], { code: -2036, msg: 'User Data Stream subscription not active.' });
    api.close();
  });

  test('of the session\'s own account: needs a logon, and ends with it', async () => {
    const api = await open();
    assert.deepEqual((await api.ask({ id: 1, method: 'userDataStream.subscribe' }))['error'], REJECTED);
    await logOn(api);
    assert.deepEqual((await api.ask({ id: 1, method: 'userDataStream.subscribe' }))['result'], { subscriptionId: 0 });
    assert.deepEqual((await subscribe(api))['result'], { subscriptionId: 1 });
    api.ws.send('{"id":9,"method":"session.logout"}');
    assert.deepEqual(await api.nextJson(), terminated(0));
    assert.equal((await api.nextJson())['id'], 9);
    assert.deepEqual((await api.ask({ id: 1, method: 'session.subscriptions' }))['result'], [{ subscriptionId: 1 }]);
    api.close();
  });

  test('go with their connection', async () => {
    const api = await open();
    await subscribe(api);
    api.ws.close();
    await api.closed;
    const other = await open();
    await other.ask({ id: 1, method: 'ping' });
    assert.ok(!venue.hub.hasUser('alice'));
    other.close();
  });
});

test('a thousand requests in flight on one socket are each answered once', async () => {
  const api = await open();
  await logOn(api);
  const ids = new Set<number>();
  for (let id = 0; id < 1000; id += 1) {
    ids.add(id);
    api.ws.send(JSON.stringify({ id, method: id % 2 === 0 ? 'order.place' : 'account.status', params: { ...(id % 2 === 0 ? ORDER : {}), ...now() } }));
  }
  while (ids.size > 0) {
    const reply = await api.nextJson();
    assert.equal(reply['status'], 200, JSON.stringify(reply));
    assert.ok(ids.delete(reply['id'] as number));
  }
  assert.equal(api.waiting, 0);
  api.close();
});
