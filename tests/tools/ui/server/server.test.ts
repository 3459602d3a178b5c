import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { UiError, type UiPart } from '../../../../tools/ui/server/host.js';
import { startUiServer, type UiServer } from '../../../../tools/ui/server/server.js';
import { openSources, type Sources } from '../../../../tools/ui/sources/index.js';
import { STREAM_PROTOCOL, TOKEN_PROTOCOL, type StreamMessage } from '../../../../tools/ui/wire/stream.js';

const SECRET = 'what only the token opens';
const MANY = 2_000;
const done: unknown[] = [];
const stopped: string[] = [];
let failLate = (): void => {};
const faults: unknown[] = [];

const part: UiPart = (host) => {
  host.query('told', z.strictObject({ n: z.coerce.number().int().default(1) }), ({ n }) => ({ secret: SECRET, n }));
  host.query('bytes', z.strictObject({}), () => new Uint8Array([1, 2, 250]));
  host.query('refused', z.strictObject({}), () => {
    throw new UiError(409, 'not now; ask again');
  });
  host.query('defect', z.strictObject({}), () => {
    throw new Error(`at /srv/someone with ${SECRET}`);
  });
  host.download('rows', z.strictObject({}), () => ({ name: 'a"b\r\n.csv', type: 'text/csv', pieces: ['a,b\r\n', '1,2\r\n'] }));
  host.action('close', z.strictObject({ symbol: z.string() }), ({ symbol }) => symbol, (body) => {
    done.push(body);
    return { closed: body.symbol };
  });
  const burst = (name: string) => (_params: unknown, push: (value: unknown) => void) => {
    for (let n = 1; n <= MANY; n++) push({ n, filler: 'x'.repeat(4_000) });
    return () => void stopped.push(name);
  };
  host.topic('latest', z.strictObject({}), 'latest', burst('latest'));
  host.topic('all', z.strictObject({}), 'all', burst('all'));
  host.topic('late', z.strictObject({}), 'latest', async () => {
    await new Promise<void>((resolve) => (failLate = resolve));
    throw new UiError(503, 'too late');
  });
  host.topic('held', z.strictObject({}), 'latest', (_params, push) => {
    push('held');
    return () => void stopped.push('held');
  });
  host.topic('no', z.strictObject({}), 'latest', () => {
    throw new UiError(404, 'there is no such thing');
  });
};

let sources: Sources;
let server: UiServer;
before(async () => {
  sources = openSources({ env: { FAULTLINE_RUN_DIR: '/nonexistent/run', FAULTLINE_VAR_DIR: '/nonexistent/var' } });
  server = await startUiServer({ port: 0, sources, parts: [part], onFault: (error) => faults.push(error) });
});
after(async () => {
  await server.close();
  sources.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(path: string, { method = 'GET', headers = {}, body = '' }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(server.origin, { path, agent: false, method, headers: { ...(body === '' ? {} : { 'content-type': 'application/json' }), ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    sent.on('error', reject).end(body);
  });
}

const withToken = (extra: Record<string, string> = {}) => ({ authorization: `Bearer ${server.token}`, ...extra });

test('the shell is public, empty and under a strict policy', async () => {
  const shell = await ask('/');
  assert.equal(shell.status, 200);
  const policy = String(shell.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.equal(shell.headers['x-frame-options'], 'DENY');
  assert.doesNotMatch(shell.text, new RegExp(`${server.token}|${server.actionToken}`));
  assert.doesNotMatch(shell.text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, 'no outside resource');
  const scripts = [...shell.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
  assert.ok(scripts.length > 5);
  for (const path of scripts) assert.equal((await ask(path)).status, 200, path);
  for (const path of ['/ui/page/../server/server.js', '/ui/server/server.js', '/%2e%2e/package.json', '/lib/../../package.json', '/ui/page/main.ts']) assert.equal((await ask(path)).status, 404, path);
});

test('no byte of data without the token, whatever the path', async () => {
  // An address that leads to a route is one to it however it is written.
  const written = ['/%61pi/told', '/ap%69/rows', `${server.origin}/api/told`, 'http://x/%61%70%69/bytes'];
  for (const path of ['/api/told', '/api/bytes', '/api/rows', '/api/nothing', '/api/told?token=x', ...written]) {
    for (const authorization of [undefined, 'Bearer x', `Basic ${server.token}`, `Bearer ${server.actionToken}`, `Bearer ${server.token}x`]) {
      const answer = await ask(path, { headers: authorization === undefined ? {} : { authorization } });
      assert.equal(answer.status, 401, path);
      assert.doesNotMatch(answer.text, /secret|opens/);
    }
  }
  const told = await ask('/api/told?n=3', { headers: withToken() });
  assert.deepEqual([told.status, JSON.parse(told.text), told.headers['cache-control']], [200, { secret: SECRET, n: 3 }, 'no-store']);
  assert.equal((await ask('/api/bytes', { headers: withToken() })).headers['content-type'], 'application/octet-stream');
  const rows = await ask('/api/rows', { headers: withToken() });
  assert.deepEqual([rows.text, rows.headers['content-disposition']], ['a,b\r\n1,2\r\n', 'attachment; filename="a_b__.csv"']);
});

test('another name, another origin and another site are refused, token or not', async () => {
  const port = new URL(server.origin).port;
  for (const headers of [{ host: `evil.example:${port}` }, { host: '127.0.0.1' }, { host: `127.0.0.1:${Number(port) + 1}` }, { host: `127.0.0.1.evil.example:${port}` }]) {
    for (const path of ['/', '/api/told']) assert.equal((await ask(path, { headers: withToken(headers) })).status, 421, JSON.stringify(headers));
  }
  const others: readonly Record<string, string>[] = [{ origin: 'http://evil.example' }, { origin: 'null' }, { origin: `https://127.0.0.1:${port}` }, { origin: `http://localhost:${port}` }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }];
  for (const headers of others) {
    assert.equal((await ask('/api/told', { headers: withToken(headers) })).status, 403, JSON.stringify(headers));
  }
  assert.equal((await ask('/api/told', { headers: withToken({ host: `localhost:${port}`, origin: `http://localhost:${port}`, 'sec-fetch-site': 'same-origin' }) })).status, 200);
});

test('a change needs both tokens and what the person typed', async () => {
  const body = JSON.stringify({ symbol: 'BTCUSDT', confirm: 'BTCUSDT' });
  const both = withToken({ 'x-faultline-action': server.actionToken });
  const refusals: readonly [number, Record<string, string>, string][] = [
    [401, { 'x-faultline-action': server.actionToken }, body],
    [403, withToken(), body],
    [403, withToken({ 'x-faultline-action': server.token }), body],
    [403, { ...both, origin: 'http://evil.example' }, body],
    // A browser that tells where it comes from also tells its origin when it changes something.
    [403, { ...both, 'sec-fetch-site': 'none' }, body],
    [409, both, JSON.stringify({ symbol: 'BTCUSDT', confirm: 'ETHUSDT' })],
    [400, both, JSON.stringify({ symbol: 'BTCUSDT' })],
    [400, both, JSON.stringify({ symbol: 'BTCUSDT', confirm: 'BTCUSDT', more: 1 })],
    [400, both, '{"symbol":'],
    [413, both, JSON.stringify({ symbol: 'x'.repeat(100_000), confirm: '' })],
    [415, { ...both, 'content-type': 'text/plain' }, body],
  ];
  for (const [status, headers, text] of refusals) assert.equal((await ask('/api/close', { method: 'POST', headers, body: text })).status, status, text.slice(0, 60));
  assert.equal((await ask('/%61pi/close', { method: 'POST', headers: { 'x-faultline-action': server.actionToken }, body })).status, 401);
  assert.equal((await ask('/api/close', { headers: both })).status, 404, 'reading changes nothing');
  assert.deepEqual(done, []);
  const answer = await ask('/api/close', { method: 'POST', headers: { ...both, 'origin': server.origin, 'sec-fetch-site': 'same-origin' }, body });
  assert.deepEqual([answer.status, JSON.parse(answer.text), done], [200, { closed: 'BTCUSDT' }, [{ symbol: 'BTCUSDT' }]]);
});

test('a refusal is told, a defect is not', async () => {
  assert.deepEqual(JSON.parse((await ask('/api/refused', { headers: withToken() })).text), { problem: 'not now; ask again' });
  assert.equal((await ask('/api/told?n=x', { headers: withToken() })).status, 400);
  const defect = await ask('/api/defect', { headers: withToken() });
  assert.equal(defect.status, 500);
  assert.doesNotMatch(defect.text, /home|opens/);
  assert.match(String(faults[0]), /opens/);
});

function open(protocols: readonly string[], headers: Record<string, string> = {}): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/api/stream`, [...protocols], { headers });
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode!);
      response.resume();
    });
    socket.once('error', reject);
  });
}

test('the websocket opens with the token alone, and from our own page', async () => {
  const good = [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.token}`];
  assert.equal(await open([STREAM_PROTOCOL]), 401);
  assert.equal(await open([STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.actionToken}`]), 401);
  assert.equal(await open(good.slice(1)), 400);
  assert.equal(await open(good, { origin: 'http://evil.example' }), 403);
  assert.equal(await open(good, { host: 'evil.example' }), 421);
  const socket = await open(good, { origin: server.origin });
  assert.ok(socket instanceof WebSocket);
  assert.equal(socket.protocol, STREAM_PROTOCOL, 'the token is not said back');
  socket.terminate();
});

test('a slow page gets the newest value, or as many as wait and how many do not', async () => {
  const socket = await open([STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.token}`]);
  assert.ok(socket instanceof WebSocket);
  const said: StreamMessage[] = [];
  let look = () => {};
  socket.on('message', (data) => {
    said.push(JSON.parse((data as Buffer).toString('utf8')) as StreamMessage);
    look();
  });
  const until = (holds: () => boolean) => new Promise<void>((resolve) => {
    look = () => holds() && resolve();
    look();
  });
  const last = (id: number) => said.findLast((each): each is { id: number; value: { n: number } } => each.id === id && 'value' in each)?.value.n;
  for (const [at, topic] of ['latest', 'all', 'no', 'none'].entries()) socket.send(JSON.stringify({ id: at + 1, subscribe: topic, params: {} }));
  await until(() => last(1) === MANY && last(2) === MANY && said.filter((each) => 'error' in each).length === 2);
  const values = (id: number) => said.filter((each) => each.id === id && 'value' in each).length;
  const dropped = said.reduce((sum, each) => sum + (each.id === 2 && 'dropped' in each ? each.dropped : 0), 0);
  assert.equal(values(2) + dropped, MANY, 'every value is sent or counted');
  assert.ok(dropped > 0);
  assert.ok(values(1) < MANY);
  assert.deepEqual(said.filter((each) => 'error' in each).sort((a, b) => a.id - b.id), [{ id: 3, error: 'there is no such thing' }, { id: 4, error: "there is no topic 'none'" }]);
  socket.send(JSON.stringify({ id: 1, unsubscribe: true }));
  for (let n = 0; n < 16; n++) socket.send('{"what":');
  const code = await new Promise((resolve) => socket.once('close', resolve));
  assert.equal(code, 1008, 'who speaks no sense is cut off');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(stopped, ['latest', 'all'], 'each is stopped once');
});

test('what fails to begin after its page has left it takes nothing else along', async () => {
  stopped.length = 0;
  const socket = await open([STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.token}`]);
  assert.ok(socket instanceof WebSocket);
  const said: StreamMessage[] = [];
  const heard = new Promise<void>((resolve) => socket.on('message', (data) => {
    said.push(JSON.parse((data as Buffer).toString('utf8')) as StreamMessage);
    resolve();
  }));
  for (const each of [{ subscribe: 'late', params: {} }, { unsubscribe: true }, { subscribe: 'held', params: {} }]) socket.send(JSON.stringify({ id: 1, ...each }));
  await heard;
  failLate();
  await new Promise((resolve) => setImmediate(resolve));
  socket.send(JSON.stringify({ id: 1, unsubscribe: true }));
  socket.close();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.deepEqual([said, stopped], [[{ id: 1, value: 'held' }], ['held']]);
});

test('whatever is asked is answered, and is no defect of ours', async () => {
  faults.length = 0;
  const piece = fc.oneof(fc.constantFrom('/', '/api/', '/api/told', '/api/close', '/api/stream', '/ui/page/', '/lib/', '..', '%2e', '%', '%zz', '?', '&', '=', '#', '\\', ';', '__proto__', 'n', '//'), fc.string({ unit: 'grapheme-ascii', maxLength: 6 }).map((text) => encodeURIComponent(text)));
  const body = fc.oneof(fc.json(), fc.string({ maxLength: 60 }), fc.constantFrom('{"__proto__":{"confirm":"x"}}', '{"constructor":{"prototype":1},"confirm":"","symbol":""}', '[]', 'null', '"x"'));
  const headers = fc.record({ 'authorization': fc.constantFrom(`Bearer ${server.token}`, 'Bearer', ''), 'x-faultline-action': fc.constantFrom(server.actionToken, ''), 'content-type': fc.constantFrom('application/json', 'application/json; charset=x', 'text/html', '') });
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'PATCH'), headers, body, async (pieces, method, said, text) => {
    const { status } = await ask(`/${pieces.join('').replace(/^\/+/, '')}`, { method, headers: said, ...(method === 'GET' || method === 'HEAD' ? {} : { body: text }) });
    assert.ok(status >= 200 && status < 500, String(status));
  }), { numRuns: 200, seed: 15 });
  assert.deepEqual(faults.filter((fault) => !String(fault).includes(SECRET)), []);
});
