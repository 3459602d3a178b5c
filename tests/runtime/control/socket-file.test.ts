import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { ControlClient, ControlError, type ControlErrorCode, ControlServer, type ControlTarget } from '../../../runtime/control/index.js';
import { socketFolder } from './support.js';

const FIXTURE = fileURLToPath(new URL('./process.js', import.meta.url));
const target: ControlTarget = { name: 'test', version: '1', runtime: () => null };

/** A process that serves `path`; resolves to what it says first: `listening`, or the code of its failure. */
async function starter(t: TestContext, path: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(process.execPath, [FIXTURE, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, said };
}

async function rejectsWith(promise: Promise<unknown>, code: ControlErrorCode): Promise<ControlError> {
  const error: unknown = await promise.then(() => assert.fail('was not refused'), (thrown: unknown) => thrown);
  assert.ok(error instanceof ControlError, String(error));
  assert.equal(error.code, code);
  return error;
}

test('the file is a socket of mode 0600 in a folder of mode 0700, and gone after close', async (t) => {
  const path = join(socketFolder(t), 'run', 'p.sock');
  const server = await ControlServer.start({ socketPath: path, target });
  assert.equal(lstatSync(path).isSocket(), true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  await server.close();
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('what a killed process left is replaced', async (t) => {
  const folder = socketFolder(t);
  const path = join(folder, 'p.sock');
  const { child, said } = await starter(t, path);
  assert.equal(said, 'listening');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(path), true, 'the file outlives its process');
  const server = await ControlServer.start({ socketPath: path, target });
  const client = await ControlClient.connect({ socketPath: path });
  assert.equal(client.process.pid, process.pid);
  client.close();
  await server.close();
  assert.deepEqual(readdirSync(folder), []);
});

test('a living owner keeps its socket, also when it is stuck', async (t) => {
  const path = join(socketFolder(t), 'p.sock');
  const { child } = await starter(t, path);
  const error = await rejectsWith(ControlServer.start({ socketPath: path, target }), 'in_use');
  assert.match(error.message, new RegExp(`a living process \\(pid ${child.pid}\\)`));
  child.kill('SIGSTOP');
  await rejectsWith(ControlServer.start({ socketPath: path, target }), 'in_use');
  child.kill('SIGCONT');
  const client = await ControlClient.connect({ socketPath: path });
  assert.equal(client.process.pid, child.pid);
  client.close();
});

test('of many who start at once over a dead socket exactly one wins', async (t) => {
  const path = join(socketFolder(t), 'p.sock');
  const dead = await starter(t, path);
  dead.child.kill('SIGKILL');
  await once(dead.child, 'exit');
  const starters = await Promise.all(Array.from({ length: 4 }, () => starter(t, path)));
  const said = starters.map((each) => each.said).sort();
  assert.deepEqual(said, ['in_use', 'in_use', 'in_use', 'listening']);
  const winner = starters.find((each) => each.said === 'listening')!;
  const client = await ControlClient.connect({ socketPath: path });
  assert.equal(client.process.pid, winner.child.pid);
  client.close();
});

test('two servers in one process race as well', async (t) => {
  const path = join(socketFolder(t), 'p.sock');
  const answers = await Promise.allSettled([1, 2, 3].map(() => ControlServer.start({ socketPath: path, target })));
  const won = answers.filter((answer) => answer.status === 'fulfilled');
  assert.equal(won.length, 1);
  await won[0]!.value.close();
});

test('closing removes our file only, not that of another who has taken the place', async (t) => {
  const path = join(socketFolder(t), 'p.sock');
  const first = await ControlServer.start({ socketPath: path, target });
  unlinkSync(path);
  const second = await ControlServer.start({ socketPath: path, target: { ...target, name: 'second' } });
  await first.close();
  const client = await ControlClient.connect({ socketPath: path });
  assert.equal(client.process.name, 'second');
  client.close();
  await second.close();
});

test('sockets that starters left half way are swept, living ones are not', async (t) => {
  const folder = socketFolder(t);
  const half = net.createServer().listen(join(folder, '.s00000001'));
  await once(half, 'listening');
  const path = join(folder, 'p.sock');
  await (await ControlServer.start({ socketPath: path, target })).close();
  assert.deepEqual(readdirSync(folder), ['.s00000001']);
  half.close();
});

test('a path too long is told with its length, before anything is done', async (t) => {
  const path = join(socketFolder(t), `${'x'.repeat(110)}.sock`);
  const error = await rejectsWith(ControlServer.start({ socketPath: path, target }), 'path_too_long');
  assert.match(error.message, /has 1\d\d bytes, the system allows 10[37]/);
  assert.match(error.fix!, /shorter/);
});

test('a folder that others can enter, a file that is no socket, a folder that cannot be made are refused', async (t) => {
  const folder = socketFolder(t);
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  const insecure = await rejectsWith(ControlServer.start({ socketPath: join(open, 'p.sock'), target }), 'insecure_folder');
  assert.match(insecure.fix!, /chmod 700/);
  const file = join(folder, 'file');
  writeFileSync(file, 'keep me');
  await rejectsWith(ControlServer.start({ socketPath: file, target }), 'not_a_socket');
  assert.equal(statSync(file).size, 7);
  await rejectsWith(ControlServer.start({ socketPath: join(file, 'sub', 'p.sock'), target }), 'cannot_listen');
});

test('a client is told when nobody serves, and when something else does', async (t) => {
  const folder = socketFolder(t);
  await rejectsWith(ControlClient.connect({ socketPath: join(folder, 'none.sock') }), 'not_running');
  const path = join(folder, 'other.sock');
  const answers = ['HTTP/1.1 400 Bad Request\r\n\r\n', '', '{"jsonrpc":"2.0","id":1,"result":{"protocol":1}}\n', '[1]\n'];
  for (const answer of answers) {
    const other = net.createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer === '') socket.destroy();
      else socket.write(answer);
    }).listen(path);
    await once(other, 'listening');
    await rejectsWith(ControlClient.connect({ socketPath: path }), answer === '' ? 'disconnected' : 'protocol');
    other.close();
  }
  const silent = net.createServer(() => undefined).listen(path);
  await once(silent, 'listening');
  await rejectsWith(ControlClient.connect({ socketPath: path, timeoutMs: 50 }), 'timeout');
  silent.close();
});

test('whatever a stranger answers, a client rejects with an error of its own', async (t) => {
  const path = join(socketFolder(t), 'fuzz.sock');
  let answer = Buffer.alloc(0);
  const stranger = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(answer);
  }).listen(path);
  await once(stranger, 'listening');
  const line = fc.oneof(fc.jsonValue().map((value) => JSON.stringify(value)), fc.record({
    jsonrpc: fc.constant('2.0'), id: fc.constantFrom(1, null, 'x', 2), result: fc.jsonValue(), error: fc.oneof(fc.jsonValue(), fc.record({ code: fc.integer(), message: fc.string() })),
    method: fc.constantFrom('trace.events', 'reports.events', 'other'), params: fc.jsonValue(),
  }, { requiredKeys: ['jsonrpc'] }).map((value) => JSON.stringify(value)));
  await fc.assert(fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)), fc.array(line, { maxLength: 4 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`))), async (bytes) => {
    answer = bytes;
    const error: unknown = await ControlClient.connect({ socketPath: path, timeoutMs: 5_000 }).then((client) => client.close(), (thrown: unknown) => thrown);
    assert.ok(error instanceof ControlError, String(error));
  }), { numRuns: 150 });
  stranger.close();
});
