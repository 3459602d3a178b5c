import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUTURES_MANNERS, futuresStreamClass, listenKeyEndpoints, listenKeyMethods, ListenKeys, StreamHub } from '../../../../../tools/exchange/web/index.js';
import { ManualWebClock } from '../manual-clock.js';
import { Client, DOC_KEY, ED_KEY, http, startVenue } from '../venue.js';
import type { HttpAnswer, TestVenue } from '../venue.js';

const MINUTE_US = 60e6;
const NO_KEY = { code: -1125, msg: 'This listenKey does not exist.' };
/** Pings would fall due while the test moves the clock by hours. */
const PATIENT = { ...FUTURES_MANNERS, streams: { ...FUTURES_MANNERS.streams, pingEveryUs: 1e15 }, wsApi: { ...FUTURES_MANNERS.wsApi, pingEveryUs: 1e15 } };

async function futures(body: (venue: TestVenue, clock: ManualWebClock, call: (method: string, params?: string) => Promise<HttpAnswer>) => Promise<void>): Promise<void> {
  const clock = new ManualWebClock();
  const hub = new StreamHub({ classify: futuresStreamClass });
  const keys = new ListenKeys(clock, hub);
  const venue = await startVenue({ product: 'usdm', manners: PATIENT, clock, hub, wsApiPath: '/ws-fapi/v1', endpoints: listenKeyEndpoints('/fapi/v1/listenKey', keys), wsMethods: listenKeyMethods(keys) });
  try {
    await body(venue, clock, (method, params = '') => http(`${venue.origins.rest}/fapi/v1/listenKey${params}`, { method, key: DOC_KEY }));
  } finally {
    await venue.server.close();
  }
}

async function listening(venue: TestVenue, path: string): Promise<Client> {
  const client = await Client.open(venue.origins.ws + path);
  await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
  return client;
}

const publish = (venue: TestVenue, e = 'ORDER_TRADE_UPDATE'): void => venue.hub.user('alice', e, () => JSON.stringify({ e }));

test('POST makes a key, and again gives the same; another account has another', () => futures(async (venue, _clock, call) => {
  const { listenKey } = (await call('POST')).json;
  assert.match(String(listenKey), /^[A-Za-z0-9]{64}$/);
  assert.equal((await call('POST')).json['listenKey'], listenKey);
  assert.notEqual((await http(`${venue.origins.rest}/fapi/v1/listenKey`, { method: 'POST', key: ED_KEY })).json['listenKey'], listenKey);
  const keyless = await http(`${venue.origins.rest}/fapi/v1/listenKey`, { method: 'POST' });
  assert.deepEqual([keyless.status, keyless.code], [401, -2014]);
}));

test('events come by path, by query and by SUBSCRIBE under /private, of the types that were asked for, and nowhere else', () => futures(async (venue, _clock, call) => {
  const key = String((await call('POST')).json['listenKey']);
  const byPath = await listening(venue, `/private/ws/${key}`);
  const byQuery = await listening(venue, `/private/stream?listenKey=${key}`);
  const bySubscribe = await listening(venue, '/private/ws');
  assert.deepEqual(await bySubscribe.ask({ method: 'SUBSCRIBE', params: [key], id: 1 }), { result: null, id: 1 });
  const some = await listening(venue, `/private/ws?listenKey=${key}&events=ACCOUNT_UPDATE/MARGIN_CALL`);
  const unrouted = await listening(venue, `/ws/${key}`);
  const market = await listening(venue, `/market/ws/${key}`);
  publish(venue);
  publish(venue, 'ACCOUNT_UPDATE');
  for (const client of [byPath, bySubscribe]) assert.deepEqual([await client.nextJson(), await client.nextJson()], [{ e: 'ORDER_TRADE_UPDATE' }, { e: 'ACCOUNT_UPDATE' }]);
  assert.deepEqual(await byQuery.nextJson(), { stream: key, data: { e: 'ORDER_TRADE_UPDATE' } });
  assert.deepEqual(await some.nextJson(), { e: 'ACCOUNT_UPDATE' });
  for (const client of [unrouted, market]) assert.deepEqual(await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 3 }), { result: [key], id: 3 });
}));

test('a key dies after an hour with listenKeyExpired, PUT and POST make it an hour from then, and on a dead one PUT and DELETE are -1125', () => futures(async (venue, clock, call) => {
  const key = String((await call('POST')).json['listenKey']);
  const client = await listening(venue, `/private/ws/${key}`);
  clock.advance(59 * MINUTE_US);
  assert.deepEqual((await call('PUT')).json, { listenKey: key });
  clock.advance(59 * MINUTE_US);
  assert.deepEqual((await call('POST')).json, { listenKey: key });
  clock.advance(60 * MINUTE_US - 1);
  publish(venue);
  assert.deepEqual(await client.nextJson(), { e: 'ORDER_TRADE_UPDATE' });
  clock.advance(1);
  assert.deepEqual(await client.nextJson(), { e: 'listenKeyExpired', E: String(Math.floor(clock.nowUs() / 1000)), listenKey: key });
  for (const method of ['PUT', 'DELETE']) {
    const answer = await call(method);
    assert.deepEqual([answer.status, answer.json], [400, NO_KEY], method);
  }
  venue.hub.user('alice', 'ORDER_TRADE_UPDATE', () => assert.fail('the key is dead'));
  assert.notEqual((await call('POST')).json['listenKey'], key);
}));

test('DELETE ends the key in silence, and a key that is not the account\'s is none', () => futures(async (venue, _clock, call) => {
  const key = String((await call('POST')).json['listenKey']);
  const client = await listening(venue, `/private/ws/${key}`);
  assert.deepEqual((await call('PUT', `?listenKey=${'x'.repeat(64)}`)).json, NO_KEY);
  assert.deepEqual((await call('DELETE')).json, {});
  publish(venue);
  assert.deepEqual(await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 3 }), { result: [key], id: 3 });
}));

test('start, ping and stop of the websocket API', () => futures(async (venue) => {
  const api = await Client.open(`${venue.origins.ws}/ws-fapi/v1`);
  const params = { apiKey: DOC_KEY };
  const { listenKey } = (await api.ask({ id: 1, method: 'userDataStream.start', params }))['result'] as { listenKey: string };
  assert.deepEqual((await api.ask({ id: 2, method: 'userDataStream.ping', params }))['result'], { listenKey });
  assert.deepEqual((await api.ask({ id: 3, method: 'userDataStream.stop', params }))['result'], {});
  assert.deepEqual((await api.ask({ id: 4, method: 'userDataStream.ping', params }))['error'], NO_KEY);
}));
