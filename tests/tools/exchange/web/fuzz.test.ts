import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Client, DOC_KEY, hmac, http, startVenue, until, within } from './venue.js';
import type { TestVenue } from './venue.js';

/** Cases a port; FAULTLINE_WEB_FUZZ gives the long form. */
const CASES = Number(process.env['FAULTLINE_WEB_FUZZ'] ?? 60);
const SEED = Number(process.env['FAULTLINE_WEB_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 32;

const ORDER = `symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=60000&timestamp=${Date.now()}`;
const BODY = `${ORDER}&signature=${hmac(ORDER)}`;
const HEAD = `Host: x\r\nX-MBX-APIKEY: ${DOC_KEY}\r\nConnection: close\r\n`;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const REQUESTS = [
  `GET /api/v3/ping HTTP/1.1\r\n${HEAD}\r\n`,
  `POST /api/v3/order?${BODY} HTTP/1.1\r\n${HEAD}\r\n`,
  `POST /api/v3/order HTTP/1.1\r\n${HEAD}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  `DELETE /api/v3/order HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  `GET /stream?streams=a@trade/b@depth HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
  `GET /ws-api/v3?returnRateLimits=false HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
].map((text) => Buffer.from(text, 'latin1'));

const CONTROL = ['{"method":"SUBSCRIBE","params":["a@trade","b@depth"],"id":1}', '{"method":"UNSUBSCRIBE","params":["a@trade"],"id":"x"}', '{"method":"LIST_SUBSCRIPTIONS","id":null}', '{"method":"SET_PROPERTY","params":["combined",true],"id":2}'];
const API = [
  JSON.stringify({ id: 1, method: 'ping' }),
  JSON.stringify({ id: 'x', method: 'session.logon', params: { apiKey: DOC_KEY, timestamp: Date.now(), signature: 'a'.repeat(64) } }),
  JSON.stringify({ id: 2, method: 'order.place', params: { symbol: 'LTCBTC', side: 'BUY', type: 'LIMIT', quantity: '1', timestamp: Date.now(), apiKey: DOC_KEY, signature: 'a'.repeat(64) } }),
  JSON.stringify({ id: 3, method: 'userDataStream.unsubscribe', params: { subscriptionId: 0 } }),
];

/** One change: a byte, a piece taken out, doubled, swapped for noise, or put elsewhere. */
const change = fc.record({ kind: fc.constantFrom('byte', 'cut', 'double', 'noise', 'move'), at: fc.nat(), length: fc.integer({ min: 1, max: 40 }), byte: fc.integer({ min: 0, max: 255 }) });
const mutated = (corpus: readonly Buffer[]): fc.Arbitrary<Buffer> => fc.tuple(fc.constantFrom(...corpus), fc.array(change, { minLength: 0, maxLength: 6 }), fc.uint8Array({ maxLength: 40 })).map(([start, changes, noise]) => {
  let bytes = Buffer.from(start);
  for (const { kind, at, length, byte } of changes) {
    const from = at % (bytes.length + 1);
    const piece = bytes.subarray(from, from + length);
    const [head, tail] = [bytes.subarray(0, from), bytes.subarray(from + piece.length)];
    switch (kind) {
      case 'byte': bytes = Buffer.concat([head, Buffer.from([byte]), bytes.subarray(from + 1)]); break;
      case 'cut': bytes = Buffer.concat([head, tail]); break;
      case 'double': bytes = Buffer.concat([head, piece, piece, tail]); break;
      case 'noise': bytes = Buffer.concat([head, noise, tail]); break;
      case 'move': bytes = Buffer.concat([piece, head, tail]); break;
    }
  }
  return bytes;
});
const noise = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));

/** A client's frame with any of its bits wrong. */
const frame = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.boolean(), fc.constantFrom(0, 1, 2, 3), mutated([...CONTROL, ...API].map((text) => Buffer.from(text))), noise, fc.integer({ min: 0, max: 9 }))
  .map(([first, masked, lengthForm, text, other, choice]) => {
    const payload = choice < 7 ? text : other;
    const length = lengthForm === 1 ? 126 : lengthForm === 2 ? 127 : Math.min(payload.length, 125);
    const extended = length === 126 ? Buffer.from([payload.length >> 8, payload.length & 255]) : length === 127 ? Buffer.from([0, 0, 0, 0, 0, 0, payload.length >> 8, payload.length & 255]) : Buffer.alloc(0);
    const head = Buffer.from([choice < 5 ? 0x81 : first, (masked || choice < 6 ? 0x80 : 0) | length]);
    return Buffer.concat([head, extended, Buffer.alloc(masked || choice < 6 ? 4 : 0), length < 126 ? payload.subarray(0, length) : payload]);
  });
const json = fc.json({ maxDepth: 6 });
const request = fc.record({
  id: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.maxSafeInteger(), fc.string()),
  method: fc.oneof(fc.constantFrom('ping', 'order.place', 'session.logon', 'session.status', 'SUBSCRIBE', 'SET_PROPERTY', 'userDataStream.unsubscribe', '__proto__', 'v3/ping'), fc.string()),
  params: fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.dictionary(fc.constantFrom('apiKey', 'timestamp', 'signature', 'symbol', 'quantity', '__proto__', 'subscriptionId', 'returnRateLimits'), fc.oneof(fc.string(), fc.integer(), fc.constant(DOC_KEY), fc.constant(null)))),
}, { requiredKeys: [] }).map((value) => JSON.stringify(value));
const message = fc.oneof(json, request, mutated([...CONTROL, ...API].map((text) => Buffer.from(text))).map((bytes) => bytes.toString('latin1')), fc.string({ unit: 'binary' }));

let venue: TestVenue;
before(async () => { venue = await startVenue({ limitsEnforced: false }); });
after(() => venue.server.close());

function samples<T>(arbitrary: fc.Arbitrary<T>): readonly T[] {
  return fc.sample(arbitrary, { seed: SEED, numRuns: CASES });
}

async function each<T>(cases: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < cases.length; at += AT_ONCE) await Promise.all(cases.slice(at, at + AT_ONCE).map((one) => run(one)));
}

/** Sends bytes on a bare socket and gives what came back until the server, or after a while the client, has ended it. */
async function thrown(bytes: Buffer): Promise<string> {
  const socket = connect(venue.origins.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (data) => chunks.push(data));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.end(bytes);
  await within(closed, `the end of ${bytes.toString('base64')}`);
  return Buffer.concat(chunks).toString('latin1');
}

async function alive(): Promise<void> {
  assert.equal((await http(`${venue.origins.rest}/api/v3/ping`)).text, '{}');
  assert.deepEqual(venue.defects, [], `seed ${SEED}`);
}

describe(`any bytes on the port, ${CASES} cases of each kind, seed ${SEED}`, () => {
  test('HTTP: every answer is HTTP of a client\'s fault or a success, or there is none', async () => {
    await each([...samples(mutated(REQUESTS)), ...samples(noise)], async (bytes) => {
      const text = await thrown(bytes);
      if (text === '') return;
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
      assert.ok([101, 200, 100].includes(status) || (status >= 400 && status < 500), `seed ${SEED}: ${status} for ${bytes.toString('base64')}`);
    });
    await alive();
  });

  for (const path of ['/ws', '/ws-api/v3']) {
    test(`frames on ${path}: whatever they are, the connection has its fate and the others theirs`, async () => {
      const hello = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`, 'latin1');
      await each(samples(fc.array(frame, { minLength: 1, maxLength: 4 })), async (frames) => {
        assert.match(await thrown(Buffer.concat([hello, ...frames])), /^HTTP\/1\.1 101 /);
      });
      await alive();
    });

    test(`texts on ${path}: each is answered with JSON, or the connection ends`, async () => {
      const client = await Client.open(venue.origins.ws + path);
      for (const text of samples(message)) {
        const reply = await client.ask(text);
        assert.ok('id' in reply || 'error' in reply, `seed ${SEED}: ${JSON.stringify(text)}`);
      }
      client.close();
      await alive();
    });
  }

  test('no socket is left behind', async () => {
    await until(() => [...venue.server.connections].length === 0, 'every websocket is gone');
  });
});

test('a megabyte of noise on an open websocket', async () => {
  const hello = Buffer.from(`GET /ws HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`, 'latin1');
  await thrown(Buffer.concat([hello, randomBytes(2 ** 20)]));
  await alive();
});
