import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FUTURES_MANNERS, futuresStreamClass, SPOT_MANNERS, StreamHub } from '../../../../../tools/exchange/web/index.js';
import type { ProductServerOptions } from '../../../../../tools/exchange/web/index.js';
import { AsOf } from '../../../../../actors/exchange/rules.js';
import { ManualWebClock } from '../manual-clock.js';
import { Client, startVenue, until, within } from '../venue.js';
import type { TestVenue } from '../venue.js';

const SECOND_US = 1e6;
const HOUR_US = 3600 * SECOND_US;

/** Waits until the server has done what the client asked: a question's answer comes after it. */
async function settled(client: Client): Promise<readonly string[]> {
  const answer = await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 'settled' });
  assert.equal(answer['id'], 'settled');
  return answer['result'] as string[];
}

async function using(options: Partial<ProductServerOptions>, body: (venue: TestVenue) => Promise<void>): Promise<void> {
  const venue = await startVenue(options);
  try {
    await body(venue);
  } finally {
    await venue.server.close();
  }
}

describe('addresses', () => {
  let venue: TestVenue;
  before(async () => { venue = await startVenue({ limitsEnforced: false }); });
  after(() => venue.server.close());

  const addresses: readonly (readonly [string, readonly string[], boolean])[] = [
    ['/ws', [], false],
    ['/ws/', [], false],
    ['/ws/0', [], false],
    ['/ws/btcusdt@trade', ['btcusdt@trade'], false],
    ['/ws/btcusdt%40trade', ['btcusdt@trade'], false],
    ['/ws/btcusdt@trade/ethusdt@depth@100ms', ['btcusdt@trade', 'ethusdt@depth@100ms'], false],
    ['/stream', [], true],
    ['/stream?streams=', [], true],
    ['/stream?streams=btcusdt@trade/!miniTicker@arr', ['btcusdt@trade', '!miniTicker@arr'], true],
    ['/public/ws/7', [], false],
    ['/market/stream?streams=btcusdt@aggTrade', ['btcusdt@aggTrade'], true],
    ['/private/ws?listenKey=KEY', ['KEY'], false],
    ['/private/stream?listenKey=KEY', ['KEY'], true],
  ];
  for (const [path, streams, combined] of addresses) {
    test(`${path} is accepted${streams.length === 0 ? '' : ` and listens to ${streams.join(' and ')}`}`, async () => {
      const client = await Client.open(venue.origins.ws + path);
      assert.deepEqual(await settled(client), streams);
      assert.equal((await client.ask({ method: 'GET_PROPERTY', params: ['combined'], id: 1 }))['result'], combined);
      client.close();
    });
  }

  for (const path of ['/', '/other', '/stream/btcusdt@trade', '/other/ws', '/ws-api']) {
    test(`${path} is not`, () => assert.rejects(Client.open(venue.origins.ws + path), /404/));
  }
});

describe('events', () => {
  test('are raw or wrapped, by address or by SET_PROPERTY, and written once for all', () => using({}, async (venue) => {
    const raw = await Client.open(`${venue.origins.ws}/ws/btcusdt@trade`);
    const combined = await Client.open(`${venue.origins.ws}/stream?streams=btcusdt@trade`);
    const micro = await Client.open(`${venue.origins.ws}/ws/btcusdt@trade?timeUnit=microsecond`);
    await Promise.all([settled(raw), settled(combined), settled(micro)]);
    const asked: string[] = [];
    const publish = (): void => venue.hub.publish('btcusdt@trade', (unit) => {
      asked.push(unit);
      return `{"unit":"${unit}"}`;
    });
    publish();
    assert.equal(await raw.next(), '{"unit":"ms"}');
    assert.equal(await combined.next(), '{"stream":"btcusdt@trade","data":{"unit":"ms"}}');
    assert.equal(await micro.next(), '{"unit":"us"}');
    assert.deepEqual(asked.sort(), ['ms', 'us']);
    assert.deepEqual(await raw.ask({ method: 'SET_PROPERTY', params: ['combined', true], id: 5 }), { result: null, id: 5 });
    publish();
    assert.equal(await raw.next(), '{"stream":"btcusdt@trade","data":{"unit":"ms"}}');
  }));

  test('are made only while somebody listens', () => using({}, async (venue) => {
    const wanted: string[] = [];
    venue.hub.onWanted((stream, on) => wanted.push(`${stream} ${on}`));
    const never = (): string => assert.fail('nobody listens');
    venue.hub.publish('btcusdt@trade', never);
    const client = await Client.open(`${venue.origins.ws}/ws`);
    assert.deepEqual(await client.ask({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 }), { result: null, id: 1 });
    assert.ok(venue.hub.hasSubscribers('btcusdt@trade'));
    assert.deepEqual([...venue.hub.streams()], ['btcusdt@trade', 'ethusdt@trade']);
    assert.deepEqual(await client.ask({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: 2 }), { result: null, id: 2 });
    assert.deepEqual(await settled(client), ['ethusdt@trade']);
    venue.hub.publish('btcusdt@trade', never);
    client.ws.close();
    await client.closed;
    const another = await Client.open(`${venue.origins.ws}/ws`);
    await settled(another);
    venue.hub.publish('ethusdt@trade', never);
    assert.deepEqual(wanted, ['btcusdt@trade true', 'ethusdt@trade true', 'btcusdt@trade false', 'ethusdt@trade false']);
  }));

  test('long ones arrive whole: every form of a frame\'s length', () => using({}, async (venue) => {
    const client = await Client.open(`${venue.origins.ws}/ws/long`);
    await settled(client);
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
      const text = 'ü'.repeat(length >> 1).padEnd((length >> 1) + (length & 1), 'x');
      venue.hub.publish('long', () => text);
      assert.equal(await client.next(), text, String(length));
    }
  }));
});

describe('control messages', () => {
  let venue: TestVenue;
  before(async () => { venue = await startVenue({ limitsEnforced: false }); });
  after(() => venue.server.close());

  const error = (code: number, msg: string, id: unknown = null): unknown => ({ error: { code, msg }, id });
  const variants = 'expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`';
  const cases: readonly (readonly [string, unknown])[] = [
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":1}', { result: null, id: 1 }],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":-9223372036854775808}', null],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":"0123456789abcdef0123456789abcdef"}', { result: null, id: '0123456789abcdef0123456789abcdef' }],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":"e2a85d9f-07a5-4f94-8d5f-789dc3deb097"}', { result: null, id: 'e2a85d9f-07a5-4f94-8d5f-789dc3deb097' }],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":null}', { result: null, id: null }],
    ['{"method":"SUBSCRIBE","params":["a@trade"]}', error(2, 'Invalid request: request ID must be an unsigned integer')],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":1.5}', error(2, 'Invalid request: request ID must be an unsigned integer')],
    ['{"method":"SUBSCRIBE","params":["a@trade"],"id":{"a":1}}', error(2, 'Invalid request: request ID must be an unsigned integer')],
    ['{"method":"SUBSCRIBE","id":3}', error(2, 'Invalid request: params must be an array of stream names', 3)],
    ['{"method":"SUBSCRIBE","params":[7],"id":3}', error(2, 'Invalid request: stream name must be a string', 3)],
    ['{"method":"SUBSCRIBEE","params":[],"id":3}', error(2, `Invalid request: unknown variant \`SUBSCRIBEE\`, ${variants} at line 1 column 22`, 3)],
    ['{"params":["a"],"id":3}', error(2, 'Invalid request: missing field `method` at line 1 column 23', 3)],
    ['{"method":"SET_PROPERTY","params":["combined",1],"id":3}', error(1, 'Invalid value type: expected Boolean', 3)],
    ['{"method":"SET_PROPERTY","params":["colour",true],"id":3}', error(0, 'Unknown property', 3)],
    ['{"method":"SET_PROPERTY","params":[1,true],"id":3}', error(2, 'Invalid request: property name must be a string', 3)],
    ['{"method":"SET_PROPERTY","params":["combined",true,1],"id":3}', error(2, 'Invalid request: too many parameters', 3)],
    ['{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":3}', error(2, 'Invalid request: too many parameters', 3)],
    ['{"method":', error(3, 'Invalid JSON: expected value at line 1 column 11')],
    ['', error(3, 'Invalid JSON: expected value at line 1 column 1')],
    ['[]', error(2, 'Invalid request: missing field `method` at line 1 column 2')],
    ['null', error(2, 'Invalid request: missing field `method` at line 1 column 4')],
    [`${'['.repeat(50_000)}${']'.repeat(50_000)}`, error(2, 'Invalid request: missing field `method` at line 1 column 100000')],
    ['{"method":"__proto__","id":3}', error(2, `Invalid request: unknown variant \`__proto__\`, ${variants} at line 1 column 21`, 3)],
  ];
  for (const [sent, expected] of cases) {
    test(`${sent.length > 90 ? `${sent.slice(0, 20)}… (${sent.length})` : sent || 'nothing'}`, async () => {
      const client = await Client.open(`${venue.origins.ws}/ws`);
      client.ws.send(sent);
      const text = await client.next();
      // The one id that JavaScript cannot hold is echoed digit by digit.
      if (expected === null) assert.equal(text, '{"result":null,"id":-9223372036854775808}');
      else assert.deepEqual(JSON.parse(text), expected);
      client.close();
    });
  }

  test('1024 streams a connection, and not one more', async () => {
    const client = await Client.open(`${venue.origins.ws}/ws`);
    const names = Array.from({ length: 1024 }, (_, at) => `s${at}@trade`);
    assert.deepEqual(await client.ask({ method: 'SUBSCRIBE', params: names, id: 1 }), { result: null, id: 1 });
    assert.deepEqual(await client.ask({ method: 'SUBSCRIBE', params: ['s0@trade'], id: 2 }), { result: null, id: 2 });
    assert.equal(((await client.ask({ method: 'SUBSCRIBE', params: ['one@trade'], id: 3 }))['error'] as { code: number }).code, 2);
    assert.equal((await settled(client)).length, 1024);
    client.close();
  });
});

describe('the futures\' three ways', () => {
  const classes = [
    ['btcusdt@depth', 'public'], ['btcusdt@depth@100ms', 'public'], ['btcusdt@depth20@500ms', 'public'], ['btcusdt@bookTicker', 'public'], ['!bookTicker', 'public'],
    ['btcusdt@aggTrade', 'market'], ['btcusdt@kline_1m', 'market'], ['btcusdt@markPrice@1s', 'market'], ['!markPrice@arr', 'market'], ['btcusdt@forceOrder', 'market'],
    ['!forceOrder@arr', 'market'], ['btcusdt@ticker', 'market'], ['!miniTicker@arr', 'market'], ['pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1', 'private'],
  ] as const;
  for (const [stream, cls] of classes) test(`${stream} is ${cls}`, () => assert.equal(futuresStreamClass(stream), cls));

  test('a connection gets its own way\'s streams only, an unrouted one the public ones, and nobody is told', () => using(
    { manners: FUTURES_MANNERS, hub: new StreamHub({ classify: futuresStreamClass }) },
    async (venue) => {
      const mixed = 'streams=btcusdt@depth/btcusdt@aggTrade';
      const paths = { root: `/stream?${mixed}`, public: `/public/stream?${mixed}`, market: `/market/stream?${mixed}`, private: `/private/stream?${mixed}` };
      for (const [way, path] of Object.entries(paths)) {
        const client = await Client.open(venue.origins.ws + path);
        assert.deepEqual(await settled(client), ['btcusdt@depth', 'btcusdt@aggTrade'], way);
        for (const stream of ['btcusdt@depth', 'btcusdt@aggTrade']) venue.hub.publish(stream, () => `"${stream}"`);
        await settledAfter(client, way === 'private' ? [] : [way === 'market' ? 'btcusdt@aggTrade' : 'btcusdt@depth']);
        client.close();
      }
    },
  ));

  async function settledAfter(client: Client, expected: readonly string[]): Promise<void> {
    client.ws.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 9 }));
    const got: unknown[] = [];
    for (;;) {
      const message = await client.nextJson();
      if (message['id'] === 9) break;
      got.push(message['data']);
    }
    assert.deepEqual(got, expected);
  }
});

describe('the life of a connection, on the venue\'s clock', () => {
  test('spot pings every 20 s and drops who has not answered within a minute', async () => {
    const clock = new ManualWebClock();
    await using({ clock }, async (venue) => {
      const good = await Client.open(`${venue.origins.ws}/ws`);
      const mute = await Client.open(`${venue.origins.ws}/ws`, { autoPong: false });
      const chatty = await Client.open(`${venue.origins.ws}/ws`, { autoPong: false });
      for (let ping = 1; ping <= 4; ping += 1) {
        const seen = within(new Promise((resolve) => good.ws.once('ping', resolve)), 'a ping');
        clock.advance(20 * SECOND_US);
        await seen;
        // Unsolicited pongs are allowed and count for nothing.
        if (ping < 4) chatty.ws.pong('');
        await settled(good);
        if (ping < 4) assert.equal(mute.ws.readyState, mute.ws.OPEN, `ping ${ping}`);
      }
      assert.equal((await within(mute.closed, 'the end of the mute')).code, 1008);
      assert.equal((await within(chatty.closed, 'the end of the chatty')).code, 1008);
      assert.equal(good.pings, 4);
      await until(() => venue.server.counts.ended.noPong === 2, 'both are counted');
    });
  });

  test('a connection ends after 24 h, and serverShutdown comes ten minutes before', async () => {
    const clock = new ManualWebClock();
    const patient = { ...SPOT_MANNERS.streams, pingEveryUs: 100 * HOUR_US };
    await using({ clock, manners: { ...SPOT_MANNERS, streams: patient, wsApi: { ...patient, messagesPerSecond: Infinity } } }, async (venue) => {
      const raw = await Client.open(`${venue.origins.ws}/ws`);
      const combined = await Client.open(`${venue.origins.ws}/stream`);
      const api = await Client.open(`${venue.origins.ws}/ws-api/v3`);
      await Promise.all([settled(raw), settled(combined), api.ask({ id: 1, method: 'ping' })]);
      clock.advance(24 * HOUR_US - 600 * SECOND_US - 1);
      await settled(raw);
      clock.advance(1);
      const E = Math.floor(clock.nowUs() / 1000);
      assert.deepEqual(await raw.nextJson(), { e: 'serverShutdown', E });
      assert.deepEqual(await combined.nextJson(), { stream: '!serverShutdown', data: { e: 'serverShutdown', E } });
      assert.deepEqual(await api.nextJson(), { event: { e: 'serverShutdown', E } });
      clock.advance(600 * SECOND_US);
      for (const client of [raw, combined, api]) assert.equal((await within(client.closed, 'the end')).code, 1001);
    });
  });

  test('serverShutdown can be sent to all at any time, and is unknown as of a day before it came', async () => {
    for (const [day, told] of [['2026-05-08', true], ['2026-05-07', false]] as const) {
      await using({ asOf: new AsOf(day) }, async (venue) => {
        const client = await Client.open(`${venue.origins.ws}/ws`);
        await settled(client);
        venue.server.announceShutdown();
        const message = await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
        assert.equal(message['e'], told ? 'serverShutdown' : undefined);
      });
    }
  });

  for (const [name, manners, most] of [['spot', SPOT_MANNERS, 5], ['futures', FUTURES_MANNERS, 10]] as const) {
    test(`${name}: ${most} messages a second are taken, pings counted, and one more ends the connection`, async () => {
      const clock = new ManualWebClock();
      await using({ clock, manners }, async (venue) => {
        const client = await Client.open(`${venue.origins.ws}/ws`);
        for (let second = 0; second < 3; second += 1) {
          for (let sent = 0; sent < most - 1; sent += 1) await settled(client);
          const pong = within(new Promise((resolve) => client.ws.once('pong', resolve)), 'a pong');
          client.ws.ping();
          await pong;
          clock.advance(SECOND_US);
        }
        for (let sent = 0; sent <= most; sent += 1) client.ws.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: sent }));
        assert.deepEqual(await within(client.closed, 'the end'), { code: 1008, reason: 'Too many requests' });
        await until(() => venue.server.counts.ended.tooManyMessages === 1, 'it is counted');
      });
    });
  }

  test('a reader who does not read is dropped, counted, and costs the others nothing', async () => {
    const streams = { ...SPOT_MANNERS.streams, mostBufferedBytes: 200_000 };
    await using({ manners: { ...SPOT_MANNERS, streams } }, async (venue) => {
      const slow = await Client.open(`${venue.origins.ws}/ws/big`);
      const good = await Client.open(`${venue.origins.ws}/ws/big`);
      await Promise.all([settled(slow), settled(good)]);
      slow.ws.pause();
      const text = 'x'.repeat(50_000);
      let sent = 0;
      while (venue.server.counts.ended.slowReader === 0) {
        assert.ok(sent < 10_000, 'never dropped');
        venue.hub.publish('big', () => text);
        sent += 1;
        assert.equal((await good.next()).length, text.length);
      }
      assert.equal(venue.server.counts.ended.slowReader, 1);
      venue.hub.publish('big', () => 'last');
      assert.equal(await good.next(), 'last');
    });
  });

  test('a client that does not agree to a close is gone soon all the same', () => using({}, async (venue) => {
    const dead = await Client.open(`${venue.origins.ws}/ws`);
    dead.ws.pause();
    for (const connection of venue.server.connections) connection.close(1000, 'the end');
    await until(() => [...venue.server.connections].length === 0, 'he is gone');
    dead.close();
  }));

  test('so is one who pings and reads no pong', async () => {
    const streams = { ...SPOT_MANNERS.streams, mostBufferedBytes: 100_000 };
    await using({ manners: { ...SPOT_MANNERS, streams }, limitsEnforced: false }, async (venue) => {
      const slow = await Client.open(`${venue.origins.ws}/ws`);
      slow.ws.pause();
      const payload = 'x'.repeat(125);
      const flood = setInterval(() => {
        for (let count = 0; count < 2000 && slow.ws.readyState === slow.ws.OPEN; count += 1) slow.ws.ping(payload);
      }, 1);
      await until(() => venue.server.counts.ended.slowReader === 1, 'he is dropped');
      clearInterval(flood);
    });
  });

  test('binary frames, frames too long and text that is no UTF-8 end the connection with the code that says so', () => using({}, async (venue) => {
    const ends: readonly (readonly [(client: Client) => void, number])[] = [
      [(client) => client.ws.send(Buffer.from([1, 2, 3])), 1003],
      [(client) => client.ws.send('x'.repeat(300_000)), 1009],
      [(client) => client.ws.send(Buffer.from([0xff, 0xfe]), { binary: false }), 1007],
    ];
    for (const [send, code] of ends) {
      const client = await Client.open(`${venue.origins.ws}/ws`);
      send(client);
      assert.equal((await within(client.closed, String(code))).code, code);
    }
    assert.deepEqual(venue.defects, []);
  }));
});
