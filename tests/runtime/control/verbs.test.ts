import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlError } from '../../../runtime/control/index.js';
import { child, root } from '../support.js';
import { connected, serve } from './support.js';

test('a client finds the process, its tree and an actor in it', async (t) => {
  const { path, runtime } = await serve(t, { spec: root([child('a'), root([child('leaf')], { id: 'sub' })]) });
  runtime.send('/a', { type: 'add', n: 4 });
  const client = await connected(t, path);
  assert.deepEqual({ ...client.process }, { protocol: 1, name: 'test', pid: process.pid, version: '1.2.3', server: 'faultline' });
  const { tree } = await client.call('tree');
  assert.deepEqual(tree.children.map(({ path: at, kind, state }) => [at, kind, state]), [['/a', 'worker', 'running'], ['/sub', 'supervisor', 'running']]);
  assert.equal(tree.children[1]!.children[0]!.path, '/sub/leaf');
  const seen = await client.call('inspect', { path: '/a' });
  assert.deepEqual({ state: seen.state, value: seen.value, behaviour: { ...seen.behaviour } }, { state: 'running', value: { total: 4 }, behaviour: { name: 'programmable', version: 1 } });
  assert.equal((seen.spec as { restart: string }).restart, 'permanent');
  await assert.rejects(client.call('inspect', { path: '/nobody' }), (error: unknown) => error instanceof ControlError && error.rpc?.name === 'notFound');
});
