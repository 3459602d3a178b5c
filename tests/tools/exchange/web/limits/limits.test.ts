import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FUTURES_MANNERS } from '../../../../../tools/exchange/web/index.js';
import type { RateLimit } from '../../../../../tools/exchange/web/index.js';
import { ManualWebClock } from '../manual-clock.js';
import { Client, DOC_KEY, hmac, http, startVenue } from '../venue.js';
import type { HttpAnswer, TestVenue } from '../venue.js';

const MINUTE_US = 60e6;
/** 00:00:20 of a minute. */
const START_US = 1_785_542_420_000_000;
const WEIGHT: RateLimit = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 50 };
const ORDERS: RateLimit = { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 3 };

async function on(limits: readonly RateLimit[], enforced: boolean, body: (venue: TestVenue, clock: ManualWebClock) => Promise<void>): Promise<void> {
  const clock = new ManualWebClock(START_US);
  const venue = await startVenue({ clock, rateLimits: limits, limitsEnforced: enforced });
  try {
    await body(venue, clock);
  } finally {
    await venue.server.close();
  }
}

const ping = (venue: TestVenue): Promise<HttpAnswer> => http(`${venue.origins.rest}/api/v3/ping`);

function signed(venue: TestVenue, clock: ManualWebClock, method: string, path: string, params = ''): Promise<HttpAnswer> {
  const query = `${params === '' ? '' : `${params}&`}timestamp=${Math.floor(clock.nowUs() / 1000)}`;
  return http(`${venue.origins.rest}${path}?${query}&signature=${hmac(query)}`, { method, key: DOC_KEY });
}

const order = (venue: TestVenue, clock: ManualWebClock, quantity = '1'): Promise<HttpAnswer> =>
  signed(venue, clock, 'POST', '/api/v3/order', `symbol=LTCBTC&side=BUY&type=MARKET&quantity=${quantity}`);

describe('weight', () => {
  test('is told in a header, refused past the limit with Retry-After, and forgotten with the minute', () => on([WEIGHT], true, async (venue, clock) => {
    assert.equal((await ping(venue)).headers.get('x-mbx-used-weight-1m'), '1');
    const account = await signed(venue, clock, 'GET', '/api/v3/account');
    assert.deepEqual([account.status, account.headers.get('x-mbx-used-weight-1m'), account.headers.get('x-mbx-used-weight')], [200, '21', '21']);
    await signed(venue, clock, 'GET', '/api/v3/account');
    const over = await signed(venue, clock, 'GET', '/api/v3/account');
    assert.deepEqual([over.status, over.code, over.headers.get('retry-after')], [429, -1003, '40']);
    assert.equal(over.msg, 'Too much request weight used; current limit is 50 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.');
    clock.advance(40e6);
    assert.deepEqual([(await ping(venue)).headers.get('x-mbx-used-weight-1m')], ['1']);
  }));

  test('is nothing for an order that succeeds, and what it says for one that fails', () => on([WEIGHT, ORDERS], true, async (venue, clock) => {
    assert.equal((await order(venue, clock)).headers.get('x-mbx-used-weight-1m'), '0');
    assert.equal((await order(venue, clock, 'many')).headers.get('x-mbx-used-weight-1m'), '1');
  }));

  test('raw requests are limited apart from weight', () => on([{ rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 2 }], true, async (venue) => {
    await ping(venue);
    await ping(venue);
    assert.equal((await ping(venue)).status, 429);
  }));

  test('is counted and never refused with limits off', () => on([{ ...WEIGHT, limit: 1 }, { ...ORDERS, limit: 1 }], false, async (venue, clock) => {
    for (let count = 1; count <= 5; count += 1) assert.equal((await ping(venue)).headers.get('x-mbx-used-weight-1m'), String(count));
    for (let count = 1; count <= 3; count += 1) assert.equal((await order(venue, clock)).headers.get('x-mbx-order-count-10s'), String(count));
  }));

  test('the futures have words of their own', async () => {
    const venue = await startVenue({ clock: new ManualWebClock(START_US), rateLimits: [{ ...WEIGHT, limit: 1 }], manners: FUTURES_MANNERS });
    try {
      await ping(venue);
      assert.equal((await ping(venue)).msg, 'Too many requests; current limit of IP(127.0.0.1) is 1 requests per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.');
      assert.deepEqual((await http(`${venue.origins.rest}/fapi/v1/nothing`)).json, { code: -5000, msg: 'Path /fapi/v1/nothing, Method GET is invalid' });
    } finally {
      await venue.server.close();
    }
  });
});

describe('orders', () => {
  test('are counted an account, told on success, and refused past the limit', () => on([WEIGHT, ORDERS], true, async (venue, clock) => {
    for (const count of ['1', '2', '3']) assert.equal((await order(venue, clock)).headers.get('x-mbx-order-count-10s'), count);
    const over = await order(venue, clock);
    assert.deepEqual([over.status, over.code, over.msg, over.headers.get('retry-after')], [429, -1015, 'Too many new orders; current limit is 3 orders per 10 SECOND.', '10']);
    clock.advance(10e6);
    assert.equal((await order(venue, clock)).status, 200);
  }));

  test('that are refused do not count, and filled ones can be taken back', () => on([WEIGHT, ORDERS], true, async (venue, clock) => {
    assert.equal((await order(venue, clock, 'many')).code, -1100);
    assert.equal((await order(venue, clock)).headers.get('x-mbx-order-count-10s'), '1');
    venue.server.limits.releaseOrders('alice', 1);
    assert.equal((await order(venue, clock)).headers.get('x-mbx-order-count-10s'), '1');
  }));
});

describe('bans', () => {
  const hammer = async (venue: TestVenue): Promise<HttpAnswer> => {
    for (let count = 0; count < 500; count += 1) {
      const answer = await ping(venue);
      if (answer.status === 418) return answer;
    }
    throw new Error('never banned');
  };

  test('come to who goes on after 429, last 2 minutes, then twice as long each, at most 3 days', () => on([{ ...WEIGHT, limit: 5 }], true, async (venue, clock) => {
    const lengths: number[] = [];
    for (let count = 0; count < 13; count += 1) {
      const banned = await hammer(venue);
      const seconds = Number(banned.headers.get('retry-after'));
      const untilMs = Math.floor(clock.nowUs() / 1000) + seconds * 1000;
      assert.deepEqual([banned.code, banned.msg], [-1003, `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`]);
      lengths.push(seconds / 60);
      clock.advance(seconds * 1e6 - 1);
      assert.equal((await ping(venue)).status, 418);
      clock.advance(1);
      // A whole new minute, so that nothing is left of the old one's weight.
      clock.advance(MINUTE_US - (clock.nowUs() % MINUTE_US));
      assert.equal((await ping(venue)).status, 200);
    }
    assert.deepEqual(lengths, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4320]);
  }));

  test('do not come to who backs off', () => on([{ ...WEIGHT, limit: 1 }], true, async (venue, clock) => {
    for (let minute = 0; minute < 30; minute += 1) {
      assert.equal((await ping(venue)).status, 200);
      assert.equal((await ping(venue)).status, 429);
      clock.advance(MINUTE_US);
    }
  }));

  test('that a script has put on hold with limits off, until it lifts them', () => on([WEIGHT], false, async (venue) => {
    venue.server.limits.bans.ban('127.0.0.1', 60 * MINUTE_US);
    assert.equal((await ping(venue)).headers.get('retry-after'), '3600');
    venue.server.limits.bans.lift('127.0.0.1');
    assert.equal((await ping(venue)).status, 200);
  }));

  test('hold for the websocket API too: 418, retryAfter, and the connection ends', () => on([{ ...WEIGHT, limit: 1000 }], true, async (venue, clock) => {
    const api = await Client.open(`${venue.origins.ws}/ws-api/v3`);
    const untilMs = venue.server.limits.bans.ban('127.0.0.1') / 1000;
    const answer = await api.ask({ id: 'x', method: 'ping' });
    assert.equal(answer['status'], 418);
    assert.deepEqual((answer['error'] as { data: unknown }).data, { serverTime: clock.nowUs() / 1000, retryAfter: untilMs });
    assert.equal((await api.closed).code, 1008);
    await assert.rejects(Client.open(`${venue.origins.ws}/ws-api/v3`), /418/);
    await assert.rejects(Client.open(`${venue.origins.ws}/ws`), /418/);
  }));
});

test('three hundred connections in five minutes, and not one more', () => on([{ ...WEIGHT, limit: 1e6 }], true, async (venue, clock) => {
  for (let count = 0; count < 300; count += 50) {
    const batch = await Promise.all(Array.from({ length: 50 }, () => Client.open(`${venue.origins.ws}/ws`)));
    for (const client of batch) client.close();
  }
  await assert.rejects(Client.open(`${venue.origins.ws}/ws`), /429/);
  clock.advance(5 * MINUTE_US);
  (await Client.open(`${venue.origins.ws}/ws`)).close();
}));
