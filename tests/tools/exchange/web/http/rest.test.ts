import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AsOf } from '../../../../../actors/exchange/rules.js';
import { ManualWebClock } from '../manual-clock.js';
import { DOC_KEY, ED_KEY, endpoints, FAR_KEY, hmac, http, READER_KEY, RSA_KEY, signedBy, startVenue, within } from '../venue.js';
import type { TestVenue } from '../venue.js';

const STAMP_MS = 1_499_827_319_559;
const ORDER = `symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1`;
const DOC_PAYLOAD = `${ORDER}&recvWindow=5000&timestamp=${STAMP_MS}`;
const DOC_SIGNATURE = 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71';
const WIDE = '%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96';
const WIDE_PAYLOAD = DOC_PAYLOAD.replace('LTCBTC', WIDE);
const NOT_SIGNED = 'Signature for this request is not valid.';
const OUTSIDE = 'Timestamp for this request is outside of the recvWindow.';

describe('signed REST requests', () => {
  const clock = new ManualWebClock(STAMP_MS * 1000);
  let venue: TestVenue;
  let url: string;
  before(async () => {
    venue = await startVenue({ clock });
    url = `${venue.origins.rest}/api/v3/order`;
  });
  after(() => venue.server.close());
  const post = (query: string, init: { readonly key?: string; readonly body?: string; readonly headers?: Record<string, string> } = {}) =>
    http(query === '' ? url : `${url}?${query}`, { method: 'POST', key: DOC_KEY, ...init });

  test('the documentation\'s order is taken, in the query, in the body, and divided between them', async () => {
    const signature = `signature=${DOC_SIGNATURE}`;
    // No separator stands between query and body where they are signed.
    const [inQuery, inBody] = ['symbol=LTCBTC&side=BUY&type=LIMIT', DOC_PAYLOAD.slice('symbol=LTCBTC&side=BUY&type=LIMIT&'.length)];
    const ways = [
      post(`${DOC_PAYLOAD}&${signature}`),
      post(`${signature}&${DOC_PAYLOAD}`),
      post('', { body: `${DOC_PAYLOAD}&${signature}` }),
      post('', { body: `${signature.toUpperCase().replace('SIGNATURE', 'signature')}&${DOC_PAYLOAD}` }),
post(inQuery, { body: `${inBody}&signature=${hmac(inQuery + inBody)}` }),
      post(`${WIDE_PAYLOAD}&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3`),
    ];
    for (const answer of await Promise.all(ways)) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json['account'], 'alice');
    }
    assert.equal((await ways[5]!).json['symbol'], '１２３４５６');
  });

  test('one changed byte anywhere is -1022', async () => {
    for (const changed of [DOC_PAYLOAD.replace('quantity=1', 'quantity=2'), DOC_PAYLOAD.replace('BUY', 'buy'), `${DOC_PAYLOAD}&`, DOC_PAYLOAD.replace('LTC', '%4CTC')]) {
      const answer = await post(`${changed}&signature=${DOC_SIGNATURE}`);
      assert.deepEqual([answer.status, answer.code, answer.msg], [400, -1022, NOT_SIGNED], changed);
    }
    const last = await post(`${DOC_PAYLOAD}&signature=${DOC_SIGNATURE.slice(0, -1)}0`);
    assert.equal(last.code, -1022);
  });

  test('RSA and Ed25519 signatures, percent-encoded', async () => {
    for (const [kind, key, account] of [['rsa', RSA_KEY, 'alice'], ['ed25519', ED_KEY, 'bob']] as const) {
      const good = await post(`${DOC_PAYLOAD}&signature=${encodeURIComponent(signedBy(kind, DOC_PAYLOAD))}`, { key });
      assert.deepEqual([good.status, good.json['account']], [200, account], good.text);
      const bad = await post(`${DOC_PAYLOAD}&signature=${encodeURIComponent(signedBy(kind, `${DOC_PAYLOAD} `))}`, { key });
      assert.equal(bad.code, -1022);
    }
  });

  test('what is not percent-encoded cannot be signed since 2026-01-15, and could before', async () => {
    const decoded = decodeURIComponent(WIDE_PAYLOAD);
    const signedDecoded = `${WIDE_PAYLOAD}&signature=${hmac(decoded)}`;
    assert.equal((await post(signedDecoded)).code, -1022);
    assert.equal((await post('', { body: `${decoded}&signature=${hmac(decoded)}` })).code, -1022);
    const older = await startVenue({ clock, asOf: new AsOf('2026-01-14') });
    try {
      const olderUrl = `${older.origins.rest}/api/v3/order`;
      assert.equal((await http(`${olderUrl}?${signedDecoded}`, { method: 'POST', key: DOC_KEY })).status, 200);
      assert.equal((await http(olderUrl, { method: 'POST', key: DOC_KEY, body: `${decoded}&signature=${hmac(decoded)}` })).status, 200);
      assert.equal((await http(`${olderUrl}?${WIDE_PAYLOAD}&signature=${hmac(`${decoded} `)}`, { method: 'POST', key: DOC_KEY })).code, -1022);
    } finally {
      await older.server.close();
    }
  });

  test('keys: none, malformed, unknown, without the permission, from another address', async () => {
    const query = `${DOC_PAYLOAD}&signature=${DOC_SIGNATURE}`;
    const format = [401, -2014, 'API-key format invalid.'];
    const rejected = [401, -2015, 'Invalid API-key, IP, or permissions for action.'];
    for (const [key, expected] of [[undefined, format], ['short', format], ['x'.repeat(64), rejected], [READER_KEY, rejected], [FAR_KEY, rejected]] as const) {
      const answer = await http(`${url}?${query}`, { method: 'POST', ...(key === undefined ? {} : { key }) });
      assert.deepEqual([answer.status, answer.code, answer.msg], expected, String(key));
    }
    const read = `timestamp=${STAMP_MS}`;
    assert.equal((await http(`${venue.origins.rest}/api/v3/account?${read}&signature=${hmac(read)}`, { key: READER_KEY })).status, 200);
  });

  test('signature and timestamp are mandatory', async () => {
    const unsigned = await post(DOC_PAYLOAD);
    assert.deepEqual([unsigned.code, unsigned.msg], [-1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed."]);
    const unstamped = await post(`${ORDER}&signature=${hmac(ORDER)}`);
    assert.deepEqual([unstamped.code, unstamped.msg], [-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."]);
  });

  const windows: readonly (readonly [string, string, number | undefined, string | undefined])[] = [
    ['now', `timestamp=${STAMP_MS}`, undefined, undefined],
    ['now, in microseconds', `timestamp=${STAMP_MS}000`, undefined, undefined],
    ['5000 ms ago', `timestamp=${STAMP_MS - 5000}`, undefined, undefined],
    ['5001 ms ago', `timestamp=${STAMP_MS - 5001}`, -1021, OUTSIDE],
    ['5000.001 ms ago, in microseconds', `timestamp=${STAMP_MS * 1000 - 5_000_001}`, -1021, OUTSIDE],
    ['5000.001 ms ago in a window of 5000.001', `timestamp=${STAMP_MS * 1000 - 5_000_001}&recvWindow=5000.001`, undefined, undefined],
    ['999 ms ahead', `timestamp=${STAMP_MS + 999}`, undefined, undefined],
    ['1000 ms ahead', `timestamp=${STAMP_MS + 1000}`, -1021, "Timestamp for this request was 1000ms ahead of the server's time."],
    ['a window of a minute', `timestamp=${STAMP_MS - 60_000}&recvWindow=60000`, undefined, undefined],
    ['a longer window', `timestamp=${STAMP_MS}&recvWindow=60001`, -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."],
    ['four decimals of a window', `timestamp=${STAMP_MS}&recvWindow=5000.0001`, -1100, "Illegal characters found in parameter 'recvWindow'; legal range is '^[0-9]{1,20}(\\.[0-9]{1,3})?$'."],
    ['a stamp that is no number', 'timestamp=soon', -1100, "Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'."],
  ];
  for (const [what, stamped, code, msg] of windows) {
    test(`the window: ${what}`, async () => {
      const payload = `${ORDER}&${stamped}`;
      const answer = await post(`${payload}&signature=${hmac(payload)}`);
      assert.deepEqual([answer.code, answer.msg], [code, msg], answer.text);
    });
  }

  test('the window is looked at again just before the matching engine', async () => {
    const slow = await startVenue({
      clock,
      endpoints: [{ ...endpoints[2]!, handle: (params, caller) => { clock.advance(5_001_000); return endpoints[2]!.handle(params, caller); } }],
    });
    try {
      const payload = `${ORDER}&timestamp=${Math.floor(clock.nowUs() / 1000)}`;
      const answer = await http(`${slow.origins.rest}/api/v3/order?${payload}&signature=${hmac(payload)}`, { method: 'POST', key: DOC_KEY });
      assert.deepEqual([answer.code, answer.msg], [-1021, OUTSIDE]);
      assert.equal(slow.server.limits.orderStatus('alice')[1]!.count, 1, 'such an order counts');
    } finally {
      await slow.server.close();
    }
  });
});

describe('reading parameters', () => {
  let venue: TestVenue;
  before(async () => { venue = await startVenue(); });
  after(() => venue.server.close());
  const order = async (params: string, body = '') => {
    const query = `${params}&timestamp=${Date.now()}`;
    return http(`${venue.origins.rest}/api/v3/order?${query}&signature=${hmac(query + body)}`, { method: 'POST', key: DOC_KEY, ...(body === '' ? {} : { body }) });
  };

  test('the query goes before the body', async () => {
    const answer = await order(ORDER, 'symbol=OTHER&price=0.5');
    assert.deepEqual([answer.json['symbol'], answer.json['price']], ['LTCBTC', '0.1'], answer.text);
  });

  const wrong: readonly (readonly [string, string, number, string])[] = [
    ['a parameter that nobody reads', `${ORDER}&colour=red`, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."],
    ['a parameter twice', `${ORDER}&side=SELL`, -1101, 'Duplicate values for a parameter detected.'],
    ['nothing of a mandatory one', ORDER.replace('LTCBTC', ''), -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    ['no mandatory one', ORDER.replace('symbol=LTCBTC&', ''), -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    ['nothing of an optional one', ORDER.replace('0.1', ''), -1105, "Parameter 'price' was empty."],
    ['a symbol in small letters', ORDER.replace('LTCBTC', 'ltcbtc'), -1100, "Illegal characters found in parameter 'symbol'; legal range is '^[\\w\\-._&&[^a-z]]{1,50}$'."],
    ['a price that is no number', ORDER.replace('0.1', '1e5'), -1100, "Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'."],
    ['a price of nine places', ORDER.replace('0.1', '0.123456789'), -1111, "Parameter 'price' has too much precision."],
    ['what cannot be decoded', ORDER.replace('0.1', '%zz'), -1100, 'Illegal characters found in a parameter.'],
    ['a side that is none', ORDER.replace('BUY', 'UP'), -1130, "Data sent for parameter 'side' is not valid."],
  ];
  for (const [what, params, code, msg] of wrong) {
    test(`${what} is ${code}`, async () => {
      const answer = await order(params);
      assert.deepEqual([answer.status, answer.code, answer.msg], [400, code, msg]);
    });
  }

  test('names of the prototype are names like any other', async () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) assert.equal((await order(`${ORDER}&${name}=1`)).code, -1104, name);
    assert.equal((await order(ORDER.replace('symbol=LTCBTC&', ''), '__proto__=x')).code, -1102);
  });
});

describe('paths, methods and answers', () => {
  let venue: TestVenue;
  before(async () => { venue = await startVenue(); });
  after(() => venue.server.close());

  test('an unknown path is 404 and a known path with another method 405, in the page of spot', async () => {
    for (const [path, method, status, text] of [['/api/v3/nothing', 'GET', 404, '404 Not found'], ['/', 'GET', 404, '404 Not found'], ['/api/v3/ping', 'POST', 405, '405 Method not allowed'], ['/api/v3/order', 'PUT', 405, '405 Method not allowed']] as const) {
      const answer = await http(venue.origins.rest + path, { method });
      assert.deepEqual([answer.status, answer.text], [status, `<html><body><h2>${text}</h2></body></html>`], `${method} ${path}`);
    }
  });

  test('stamps are milliseconds, or microseconds where they are asked for', async () => {
    const time = `${venue.origins.rest}/api/v3/time`;
    const ms = Number((await http(time)).json['serverTime']);
    const us = Number((await http(time, { headers: { 'X-MBX-TIME-UNIT': 'microsecond' } })).json['serverTime']);
    assert.ok(Math.abs(us / 1000 - ms) < 60_000 && Number.isInteger(ms), `${ms} ${us}`);
    assert.equal((await http(time, { headers: { 'X-MBX-TIME-UNIT': 'fortnight' } })).code, -1194);
  });

  test('a defect is -1000 with 500, told to the owner, and the next request is answered', async () => {
    const answer = await http(`${venue.origins.rest}/api/v3/defect`);
    assert.deepEqual([answer.status, answer.code, answer.msg], [500, -1000, 'An unknown error occurred while processing the request.']);
    assert.match(String(venue.defects.at(-1)), /planted/);
    assert.equal((await http(`${venue.origins.rest}/api/v3/ping`)).text, '{}');
  });

  test('an answer may come later', async () => {
    assert.deepEqual((await http(`${venue.origins.rest}/api/v3/later`)).json, { late: true });
  });

  test('pipelined requests are answered in their order', async () => {
    const socket = connect(venue.origins.port, '127.0.0.1');
    const paths = ['/api/v3/later', '/api/v3/ping', '/api/v3/nothing', '/api/v3/later'];
    socket.write(paths.map((path, at) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${at === paths.length - 1 ? 'Connection: close\r\n' : ''}\r\n`).join(''));
    let text = '';
    await within(new Promise<void>((resolve) => socket.on('data', (data) => (text += String(data))).on('close', () => resolve())), 'the answers');
    assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]), ['200', '200', '404', '200']);
  });
});

test('an engine that does not answer within ten seconds is -1007: unknown outcome', async () => {
  const clock = new ManualWebClock();
  const venue = await startVenue({ clock });
  try {
    const waiting = http(`${venue.origins.rest}/api/v3/never`);
    const answered = waiting.then(() => true);
    while (!(await Promise.race([answered, new Promise<boolean>((resolve) => setImmediate(resolve, false))]))) clock.advance(1e6);
    const answer = await waiting;
    assert.deepEqual([answer.status, answer.code, answer.msg], [504, -1007, 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.']);
  } finally {
    await venue.server.close();
  }
});
