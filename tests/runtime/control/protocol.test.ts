import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connected, RawClient, serve, type ServeOptions } from './support.js';

async function raw(t: TestContext, options: ServeOptions = {}): Promise<RawClient> {
  const { path } = await serve(t, options);
  const client = new RawClient(path);
  t.after(() => client.close());
  return client;
}

test('an id of any legal kind comes back as it was', async (t) => {
  const client = await raw(t);
  for (const id of [1, 0, -7, 1.5, 'a', '', '\u0000é"\\', Number.MAX_SAFE_INTEGER, null]) {
    client.request(id, 'rpc.ping');
    const answer = await client.next();
    assert.equal(answer?.id, id);
    assert.ok(answer?.result !== undefined);
  }
});

test('an id that no reader would give back exactly, or of another kind, is refused', async (t) => {
  const client = await raw(t);
  for (const id of ['12345678901234567890', '1e999', '[1]', '{}', 'true', `"${'x'.repeat(2000)}"`]) {
    client.send(`{"jsonrpc":"2.0","id":${id},"method":"rpc.ping"}\n`);
    const answer = await client.next();
    assert.deepEqual([answer?.id, answer?.error?.code], [null, -32600], id);
  }
});

test('the errors of JSON-RPC: no JSON, no request, no method, wrong params', async (t) => {
  const client = await raw(t);
  const cases: readonly (readonly [string, number, unknown])[] = [
    ['{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', -32700, null],
    ['\u0001\u0002', -32700, null],
    ['{"jsonrpc":"2.0","id":1', -32700, null],
    ['1', -32600, null],
    ['null', -32600, null],
    ['{"jsonrpc": "2.0", "method": 1, "params": "bar", "id": 3}', -32600, 3],
    ['{"id": 4, "method": "tree"}', -32600, 4],
    ['{"jsonrpc": "2.0", "id": 5, "method": "tree", "params": 1}', -32600, 5],
    ['{"jsonrpc": "2.0", "id": 6, "method": "foobar"}', -32601, 6],
    ['{"jsonrpc": "2.0", "id": 6, "method": "__proto__"}', -32601, 6],
    ['{"jsonrpc": "2.0", "id": 6, "method": "constructor"}', -32601, 6],
    ['{"jsonrpc": "2.0", "id": 7, "method": "inspect"}', -32602, 7],
    ['{"jsonrpc": "2.0", "id": 7, "method": "inspect", "params": {"path": "a"}}', -32602, 7],
    ['{"jsonrpc": "2.0", "id": 7, "method": "tree", "params": {"nodez": 1}}', -32602, 7],
    ['{"jsonrpc": "2.0", "id": 7, "method": "tree", "params": ["/"]}', -32602, 7],
  ];
  for (const [line, code, id] of cases) {
    client.send(`${line}\n`);
    const answer = await client.next();
    assert.deepEqual([answer?.error?.code, answer?.id], [code, id], line);
  }
});

test('a notification is carried out and not answered', async (t) => {
  const levels: string[] = [];
  const client = await raw(t, { target: { logLevel: { get: () => 'info', set: (level) => void levels.push(level) } } });
  client.send('{"jsonrpc":"2.0","method":"logLevel.set","params":{"level":"debug"}}\n{"jsonrpc":"2.0","method":"foobar"}\n{"jsonrpc":"2.0","id":1,"method":"tree"}\n');
  assert.equal((await client.next())?.id, 1);
  assert.deepEqual(levels, ['debug']);
});

test('a batch is answered with one array, without its notifications; an empty one is refused; one of notifications alone gets nothing', async (t) => {
  const client = await raw(t);
  client.send(`${JSON.stringify([
    { jsonrpc: '2.0', id: 'x', method: 'rpc.ping' },
    { jsonrpc: '2.0', method: 'rpc.ping' },
    { foo: 'boo' },
    { jsonrpc: '2.0', id: 'y', method: 'tree' },
    { jsonrpc: '2.0', id: 'z', method: 'foobar' },
    1,
  ])}\n`);
  const answers = (await client.next()) as unknown as readonly { readonly id: unknown; readonly error?: { readonly code: number } }[];
  const codes = new Map(answers.map(({ id, error }) => [String(id), error?.code ?? 0]));
  assert.equal(answers.length, 5);
  assert.deepEqual([codes.get('x'), codes.get('y'), codes.get('z'), codes.get('null')], [0, 0, -32601, -32600]);
  client.send('[]\n');
  assert.equal((await client.next())?.error?.code, -32600);
  client.send('[{"jsonrpc":"2.0","method":"rpc.ping"}]\n{"jsonrpc":"2.0","id":9,"method":"rpc.ping"}\n');
  assert.equal((await client.next())?.id, 9);
  client.send(`[${'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"},'.repeat(64)}1]\n`);
  assert.deepEqual((await client.next())?.error?.data, { limit: 'batchRequests' });
});

test('requests in pieces, many in one piece, with blank lines and carriage returns between them', async (t) => {
  const client = await raw(t);
  for (const byte of '{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\r\n') client.send(byte);
  assert.equal((await client.next())?.id, 1);
  client.send('\n \r\n{"jsonrpc":"2.0","id":2,"method":"rpc.ping"}\n{"jsonrpc":"2.0","id":3,"method":"rpc.ping"}\n\n{"jsonrpc":"2.0","id":4,"method":"rpc.ping"}\n');
  assert.deepEqual([(await client.next())?.id, (await client.next())?.id, (await client.next())?.id], [2, 3, 4]);
});

test('a client that has said all and closed its half still gets its answers, and then the end', async (t) => {
  const client = await raw(t);
  client.request(1, 'tree');
  client.socket.end('{"jsonrpc":"2.0","id":2,"method":"rpc.ping"}\n{"jsonrpc":"2.0","id":3,"meth');
  const ids = new Set([(await client.next())?.id, (await client.next())?.id]);
  assert.deepEqual(ids, new Set([1, 2]));
  assert.equal(await client.next(), undefined, 'the half frame is nothing');
});

test('the version is told and can be insisted on', async (t) => {
  const client = await raw(t);
  client.request(1, 'rpc.version');
  assert.deepEqual((await client.next())?.result, { protocol: 1, name: 'test', pid: process.pid, version: '1.2.3', server: 'faultline' });
  client.request(2, 'rpc.version', { protocol: 99 });
  const answer = await client.next();
  assert.equal(answer?.error?.code, -32010);
  assert.deepEqual(answer?.error?.data, { protocol: 1 });
});

test('a line too long is told once and skipped; one too deep is refused; the connection goes on', async (t) => {
  const client = await raw(t, { limits: { lineBytes: 5_000 } });
  client.send(`${'x'.repeat(20_000)}\n`);
  assert.deepEqual((await client.next())?.error?.data, { limit: 'lineBytes' });
  client.send(`{"jsonrpc":"2.0","id":1,"method":"tree","params":${'['.repeat(1000)}${']'.repeat(1000)}}\n`);
  assert.deepEqual((await client.next())?.error?.data, { limit: 'jsonDepth' });
  client.request(2, 'rpc.ping');
  assert.equal((await client.next())?.id, 2);
});

test('who sends nothing but garbage is cut off after so many lines', async (t) => {
  const client = await raw(t, { limits: { violations: 5, clientRequestsPerSecond: 10_000 } });
  client.send('garbage\n'.repeat(20));
  let told = 0;
  while ((await client.next()) !== undefined) told++;
  assert.equal(told, 5);
});

test('rpc.discover is the schema of every method', async (t) => {
  const { path } = await serve(t);
  const client = await connected(t, path);
  const { openrpc, methods } = await client.call('rpc.discover');
  assert.equal(openrpc, '1.3.2');
  assert.ok((methods as { name: string }[]).some(({ name }) => name === 'trace.subscribe'));
});
