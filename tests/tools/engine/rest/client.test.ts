import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { RestOutcome, RestRequest } from '../../../../actors/engine/io.js';
import { outcomeOf } from '../../../../tools/engine/rest/answer.js';
import { RestClient, type Answered, type RestClientOptions } from '../../../../tools/engine/rest/client.js';
import { SecretHandles } from '../../../../tools/engine/rest/handles.js';
import { KeyVault } from '../../../../tools/engine/rest/vault.js';
import { http, RawServer } from './raw-server.js';

const KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
const SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
const GENEROUS_MS = 20_000;

let server: RawServer;
const clients: RestClient[] = [];
before(async () => { server = await RawServer.open(); });
after(async () => {
  for (const client of clients) client.close();
  await server.close();
});
beforeEach(() => {
  server.heads.length = 0;
  server.answer = undefined;
  server.ends = false;
});

function client(origin = `http://127.0.0.1:${server.port}`, options: Partial<RestClientOptions> = {}): RestClient {
  const vault = new KeyVault({ kind: 'hmac', key: KEY, secret: SECRET });
  const made = new RestClient({
    origins: { spot: origin, usdm: origin, options: origin }, secrets: { vault, handles: new SecretHandles(vault.hidden()) }, ca: null, speed: 1,
    nowUs: () => Math.round(performance.now() * 1000), maxBodyBytes: 100_000, idleMs: 4000, connections: 4, ...options,
  });
  clients.push(made);
  return made;
}
const REQUEST: RestRequest = { id: 'r', to: '/x', product: 'spot', method: 'GET', path: '/api/v3/time', params: {}, security: 'none', timeoutMs: GENEROUS_MS, flushFirst: false };
const send = async (of: RestClient, request: Partial<RestRequest> = {}): Promise<Answered> => new Promise((resolve) => { of.send({ ...REQUEST, ...request }, resolve); });
const outcome = async (request: Partial<RestRequest> = {}, of = client()): Promise<RestOutcome> => (await send(of, request)).outcome;

describe('an answer', () => {
  test('comes with status, body and what its headers say of the limits', async () => {
    server.answer = http(400, '{"code":-1121,"msg":"Invalid symbol."}', { 'X-MBX-USED-WEIGHT-1M': '12', 'X-MBX-USED-WEIGHT': '12', 'X-MBX-ORDER-COUNT-10S': '3', 'X-MBX-ORDER-COUNT-1D': 'many', 'Retry-After': '7' });
    assert.deepEqual(await outcome(), {
      kind: 'answer', status: 400, headers: { usedWeight: { '1m': 12 }, orderCount: { '10s': 3 }, retryAfterS: 7 }, body: { code: -1121, msg: 'Invalid symbol.' },
    });
  });

  test('keeps numbers that a double does not hold', async () => {
    server.answer = http(200, '{"orderId":4611875134427365377,"n":[12,-0.5],"text":"99999999999999999999 \\" 1e9"}');
    const { body } = await outcome() as Extract<RestOutcome, { kind: 'answer' }>;
    assert.deepEqual(body, { orderId: '4611875134427365377', n: [12, -0.5], text: '99999999999999999999 " 1e9' });
  });

  const bad: Readonly<Record<string, readonly [answer: string, problem: RegExp, ends?: boolean]>> = {
    'a page': [http(502, '<html><body>Bad Gateway</body></html>'), /^a page, not JSON$/],
    'nothing': [http(200, ''), /^empty$/],
    'half of it': [http(200, '{"a":1', { 'Content-Length': '100' }), /^the connection ended in the middle of the answer, after 6 bytes$/, true],
    'half of it in chunks': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n', /middle of the answer/, true],
    'too much': [http(200, `"${'x'.repeat(100_001)}"`), /^longer than is taken$/],
    'no JSON': [http(200, '{"a":1}}'), /^no JSON$/],
    'JSON nested without end': [http(200, `${'['.repeat(5000)}${']'.repeat(5000)}`), /^no JSON$/],
    'a redirect': [http(302, '{}', { Location: 'http://127.0.0.1:1/api/v3/time' }), /^a redirect, which is not followed$/],
    'compressed': [http(200, '{}', { 'Content-Encoding': 'gzip' }), /^in an encoding/],
  };
  for (const [what, [answer, problem, ends = false]] of Object.entries(bad)) {
    test(`that is ${what} is malformed, and said to be`, async () => {
      server.answer = answer;
      server.ends = ends;
      const got = await outcome();
      assert.equal(got.kind, 'malformed', JSON.stringify(got));
      assert.match(got.kind === 'malformed' ? got.problem : '', problem);
      assert.equal(server.heads.length, 1, 'asked once');
    });
  }

  test('that grows beyond what a run can hold when it is written again is malformed', () => {
    const body = Buffer.from(`[${'1e20,'.repeat(2_700_000)}1]`);
    const got = outcomeOf({ status: 200, headers: {}, body, ending: 'whole' }, (text) => text);
    assert.deepEqual([got.kind, got.kind === 'malformed' && got.problem], ['malformed', 'longer than is taken']);
  });

  test('that is no HTTP is no answer', async () => {
    server.answer = 'SSH-2.0-OpenSSH_9.6\r\n';
    assert.deepEqual(await outcome(), { kind: 'failed', reason: 'reset', sent: 'maybe' });
  });
});

describe('no answer', () => {
  test('from a port where nobody listens: not a byte left', async () => {
    const other = await RawServer.open();
    const { port } = other;
    await other.close();
    assert.deepEqual(await outcome({}, client(`http://127.0.0.1:${port}`)), { kind: 'failed', reason: 'refused', sent: 'no' });
  });

  test('from a TLS port that never shakes hands: not a byte left', async () => {
    assert.deepEqual(await outcome({ timeoutMs: 300 }, client(`https://127.0.0.1:${server.port}`)), { kind: 'failed', reason: 'timeout', sent: 'no' });
  });

  test('from a server that takes the request and ends: maybe', async () => {
    server.answer = null;
    assert.deepEqual(await outcome(), { kind: 'failed', reason: 'reset', sent: 'maybe' });
  });

  test('in time: maybe; engine time counts', async () => {
    const before = performance.now();
    // A minute of engine time is 60 ms at this speed.
    assert.deepEqual(await outcome({ timeoutMs: 60_000 }, client(undefined, { speed: 1000 })), { kind: 'failed', reason: 'timeout', sent: 'maybe' });
    assert.ok(performance.now() - before < GENEROUS_MS);
  });

  test('on a connection that was kept and is ended by the next request: maybe', async () => {
    const kept = client();
    server.answer = http(200, '{}');
    assert.equal((await outcome({}, kept)).kind, 'answer');
    server.answer = null;
    assert.deepEqual(await outcome({}, kept), { kind: 'failed', reason: 'reset', sent: 'maybe' });
  });

  test('after the client has been closed, and to what was under way', async () => {
    const closing = client();
    const underway = send(closing);
    while (server.heads.length === 0) await new Promise((resolve) => { setTimeout(resolve, 1); });
    closing.close();
    assert.deepEqual((await underway).outcome, { kind: 'failed', reason: 'cancelled', sent: 'maybe' });
    assert.deepEqual(await outcome({}, closing), { kind: 'failed', reason: 'cancelled', sent: 'no' });
    assert.equal(closing.pending, 0);
  });

  test('to a signed request where there is no key: not a byte left', async () => {
    const keyless = client(undefined, { secrets: { vault: null, handles: new SecretHandles() } });
    assert.deepEqual(await outcome({ security: 'signed' }, keyless), { kind: 'failed', reason: 'cancelled', sent: 'no' });
    assert.equal(server.heads.length, 0);
  });

  test('to a path that HTTP cannot say', async () => {
    assert.deepEqual(await outcome({ path: '/a b\r\n' }), { kind: 'failed', reason: 'unreachable', sent: 'no' });
  });
});

describe('what goes out', () => {
  test('is signed over the very bytes: the venue\'s own example, and percent-encoding first', async () => {
    server.answer = http(200, '{}');
    const params = { symbol: 'LTCBTC', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '1', price: '0.1', recvWindow: '5000', timestamp: '1499827319559' };
    await outcome({ method: 'POST', path: '/api/v3/order', params, security: 'signed' });
    assert.match(server.heads[0]!, /^POST \/api\/v3\/order HTTP\/1\.1\r\n/);
    assert.match(server.heads[0]!, /timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71$/);
    await outcome({ method: 'DELETE', path: '/api/v3/order', params: { ...params, symbol: '１２３４５６' }, security: 'signed' });
    assert.match(server.heads[1]!, /^DELETE \/api\/v3\/order\?symbol=%EF%BC%91.*&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3 HTTP/);
    assert.match(server.heads[1]!, new RegExp(`X-MBX-APIKEY: ${KEY}`));
  });

  test('has no key where none is asked for', async () => {
    server.answer = http(200, '{}');
    await outcome();
    assert.doesNotMatch(server.heads[0]!, /APIKEY/i);
  });

  test('has the secret in the place of its handle; what came in has the handle in the place of the secret', async () => {
    const one = client();
    server.answer = http(200, '{"listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"}');
    const { body } = await outcome({}, one) as Extract<RestOutcome, { kind: 'answer' }>;
    assert.deepEqual(body, { listenKey: 'secret:0' });
    server.answer = http(400, '{"code":-1125,"msg":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1 is dead"}');
    const refused = await outcome({ method: 'PUT', path: '/api/v3/userDataStream', params: { listenKey: 'secret:0' } }, one) as Extract<RestOutcome, { kind: 'answer' }>;
    assert.match(server.heads[1]!, /listenKey=pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1$/);
    assert.deepEqual(refused.body, { code: -1125, msg: 'secret:0 is dead' });
  });

  test('comes back to nobody: key and secret are hidden in answers, whole or broken, and in what is shown of the client', async () => {
    const one = client();
    const told: unknown[] = [one, inspect(one, { depth: 9, showHidden: true }), JSON.stringify(one)];
    for (const answer of [http(200, `{"you":"${KEY}"}`), http(200, `<html>${SECRET}</html>`), http(200, `{"listenKey":"abcdefghijkl`, { 'Content-Length': '500' }), http(302, '', { Location: `/x?${KEY}` })]) {
      server.answer = answer;
      server.ends = true;
      told.push(await outcome({ security: 'signed' }, one));
    }
    const all = inspect(told, { depth: 9, showHidden: true, maxStringLength: null });
    for (const secret of [KEY, SECRET, 'abcdefghijkl']) assert.ok(!all.includes(secret), `${secret.slice(0, 4)}… is told`);
  });
});

test('a depth snapshot goes to whoever takes it, and only its beginning is told', async () => {
  const texts: string[] = [];
  const one = client(undefined, { depth: (request, text) => { texts.push(`${request.depthOf} ${text}`); return text.includes('bids') ? { body: { lastUpdateId: 5, levels: 1 } } : 'no snapshot'; } });
  server.answer = http(200, '{"lastUpdateId":5,"bids":[["1","2"]],"asks":[]}');
  const { body } = await outcome({ depthOf: 3 }, one) as Extract<RestOutcome, { kind: 'answer' }>;
  assert.deepEqual(body, { lastUpdateId: 5, levels: 1 });
  server.answer = http(200, '{"nothing":1}');
  const bad = await outcome({ depthOf: 3 }, one);
  assert.equal(bad.kind === 'malformed' && bad.problem, 'no snapshot');
  assert.equal(texts.length, 2);
});
