import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { ControlClient, type ControlError, type ControlLimits } from '../../../runtime/control/index.js';
import { type Behaviour, worker } from '../../../runtime/index.js';
import { root } from '../support.js';
import { RawClient, serve, socketFolder } from './support.js';

const FIXTURE = fileURLToPath(new URL('./process.js', import.meta.url));
const MORE_MEMORY_BYTES = 160 << 20;

/** A served process of its own, and what a test needs of it. */
class Victim {
  readonly path: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(path: string, child: ChildProcess, lines: Interface) {
    this.path = path;
    this.#child = child;
    this.#lines = lines;
  }

  static async start(t: TestContext, limits: Partial<ControlLimits> = {}): Promise<Victim> {
    const path = join(socketFolder(t), 'v.sock');
    const child = spawn(process.execPath, [FIXTURE, path, JSON.stringify(limits)], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const lines = createInterface(child.stdout);
    const [said] = (await once(lines, 'line')) as [string];
    assert.equal(said, 'listening');
    return new Victim(path, child, lines);
  }

  async say(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    const [answer] = (await once(this.#lines, 'line')) as [string];
    return answer;
  }

  async memoryBytes(): Promise<number> {
    return Number(await this.say('memory'));
  }

  /** A client that behaves: it must always be served. */
  async honest(): Promise<{ readonly socket: Record<string, number> }> {
    const client = await ControlClient.connect({ socketPath: this.path, timeoutMs: 20_000 });
    const { tree } = await client.call('tree', {}, { timeoutMs: 20_000 });
    assert.equal(tree.children.length, 2);
    const { socket } = await client.call('metrics');
    client.close();
    return { socket: socket as Record<string, number> };
  }

  /** A connection nobody reads from, that writes as fast as it may. */
  attacker(t: TestContext): net.Socket {
    const socket = net.connect({ path: this.path });
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    return socket;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('lines of 64 MB, JSON of a million brackets, garbage: refused, counted, and the memory stays', async (t) => {
  const victim = await Victim.start(t);
  await victim.honest();
  const before = await victim.memoryBytes();
  const huge = Buffer.alloc(64 << 20, 'x');
  const deep = Buffer.from(`${'['.repeat(1 << 19)}\n`);
  const noise = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 0xff));
  for (const bytes of [huge, huge, deep, deep, noise, noise]) victim.attacker(t).write(bytes);
  for (let round = 0; round < 10; round++) {
    await victim.honest();
    await pause(100);
  }
  const { socket } = await victim.honest();
  assert.ok(socket['violations']! >= 6, JSON.stringify(socket));
  const after = await victim.memoryBytes();
  assert.ok(after - before < MORE_MEMORY_BYTES, `${(after - before) >> 20} MB more`);
});

test('clients that ask for ever and never read hold up themselves only, and are cut off', async (t) => {
  const victim = await Victim.start(t, { stalledReaderMs: 1_000, clientRequestsPerSecond: 100_000, clientBurst: 100_000, requestsPerSecond: 100_000, clientOutputBytes: 256 << 10 });
  await victim.honest();
  const before = await victim.memoryBytes();
  const asks = '{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'.repeat(2_000);
  const deaf = Array.from({ length: 10 }, () => {
    const socket = victim.attacker(t);
    socket.pause();
    socket.write(asks);
    return socket;
  });
  await Promise.all(deaf.map((socket) => once(socket, 'connect')));
  let most = 0;
  for (const deadline = performance.now() + 20_000; ;) {
    const { socket } = await victim.honest();
    most = Math.max(most, await victim.memoryBytes());
    if (socket['cutForSlowReading'] === 10) break;
    assert.ok(performance.now() < deadline, JSON.stringify(socket));
    await pause(100);
  }
  assert.ok(most - before < MORE_MEMORY_BYTES, `${(most - before) >> 20} MB more`);
});

test('batches of the biggest answers do not add up: what exceeds the bound is told instead', async (t) => {
  const victim = await Victim.start(t, { clientOutputBytes: 100_000, outputBytes: 300_000 });
  const ask = { jsonrpc: '2.0', id: 1, method: 'rpc.discover' };
  const client = new RawClient(victim.path);
  t.after(() => client.close());
  client.send(`${JSON.stringify(Array.from({ length: 64 }, () => ask))}\n`);
  const answers = (await client.next()) as unknown as readonly { readonly error?: { readonly data: unknown } }[];
  const refused = answers.filter(({ error }) => error !== undefined);
  assert.ok(answers.length === 64 && refused.length > 60, `${refused.length} refused`);
  assert.deepEqual(refused[0]!.error!.data, { limit: 'clientOutputBytes' });
  for (let n = 0; n < 40; n++) {
    const socket = victim.attacker(t);
    socket.pause();
    socket.write(`${JSON.stringify(ask)}\n`.repeat(8));
  }
  const { socket } = await victim.honest();
  assert.ok(socket['waitingBytes']! <= 300_000 + 40 * 8 * 300, `${socket['waitingBytes']} wait`);
});

test('a thousand connections a second that vanish, some in the middle of a frame', async (t) => {
  const victim = await Victim.start(t);
  const before = await victim.memoryBytes();
  let connected = 0;
  for (let burst = 0; burst < 20; burst++) {
    for (let n = 0; n < 100; n++) {
      const socket = net.connect({ path: victim.path });
      socket.on('error', () => undefined);
      socket.on('connect', () => {
        connected++;
        if (n % 3 === 0) socket.destroy();
        else if (n % 3 === 1) socket.write('{"jsonrpc":"2.0","id":1,"meth', () => socket.destroy());
        else socket.write('{"jsonrpc":"2.0","id":1,"method":"tree"}\n', () => socket.destroy());
      });
    }
    await pause(100);
    if (burst % 5 === 0) await victim.honest();
  }
  const { socket } = await victim.honest();
  // On a busy machine the kernel's queue turns some away.
  assert.ok(connected >= 500, `${connected} connected`);
  assert.ok(socket['accepted']! >= 500, `${socket['accepted']} accepted`);
  assert.ok(socket['clients']! < 50, `${socket['clients']} are still there`);
  assert.ok((await victim.memoryBytes()) - before < MORE_MEMORY_BYTES);
});

test('10,000 requests in one write are all answered, once each', async (t) => {
  const victim = await Victim.start(t, { clientRequestsPerSecond: 50_000, requestsPerSecond: 50_000, clientBytesPerSecond: 100 << 20 });
  const client = new RawClient(victim.path);
  t.after(() => client.close());
  const methods = ['rpc.ping', 'tree', 'process', 'inspect'];
  client.send(Array.from({ length: 10_000 }, (_, id) => `${JSON.stringify({ jsonrpc: '2.0', id, method: methods[id % 4], params: id % 4 === 3 ? { path: '/a' } : {} })}\n`).join(''));
  const seen = new Uint8Array(10_000);
  for (let n = 0; n < 10_000; n++) {
    const answer = await client.next();
    assert.ok(answer?.result !== undefined, JSON.stringify(answer));
    seen[answer.id as number]!++;
  }
  assert.ok(seen.every((times) => times === 1));
});

test('who exceeds his rate waits, and others do not wait for him', async (t) => {
  const victim = await Victim.start(t, { clientRequestsPerSecond: 20, clientBurst: 20 });
  const greedy = new RawClient(victim.path);
  t.after(() => greedy.close());
  const beganMs = performance.now();
  greedy.send('{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n'.repeat(80));
  const { socket } = await victim.honest();
  assert.ok(socket['requests']! < 80);
  for (let n = 0; n < 80; n++) assert.ok((await greedy.next())?.result !== undefined);
  assert.ok(performance.now() - beganMs > 2_500, '20 at once, the other 60 at 20 a second');
});

test('mute connections that take every place give way to those who ask', async (t) => {
  const victim = await Victim.start(t, { clients: 10 });
  const served = await ControlClient.connect({ socketPath: victim.path });
  t.after(() => served.close());
  for (let n = 0; n < 40; n++) await once(victim.attacker(t), 'connect');
  const { socket } = await victim.honest();
  assert.ok(socket['evicted']! >= 30, JSON.stringify(socket));
  assert.equal((await served.call('tree')).tree.path, '/', 'who has asked once keeps his place');
});

test('when every place is taken by clients that ask, the next one is told so', async (t) => {
  const victim = await Victim.start(t, { clients: 2 });
  const both = [await ControlClient.connect({ socketPath: victim.path }), await ControlClient.connect({ socketPath: victim.path })];
  t.after(() => both.forEach((client) => client.close()));
  const error = await ControlClient.connect({ socketPath: victim.path }).then(() => assert.fail('was let in'), (thrown: unknown) => thrown as ControlError);
  assert.match(error.message, /2 clients are connected already/);
});

test('a stuck main loop: the socket still answers, says for how long, and withdraws what was not carried out', async (t) => {
  const victim = await Victim.start(t, { callDeadlineMs: 500 });
  const client = await ControlClient.connect({ socketPath: victim.path });
  t.after(() => client.close());
  await client.call('process');
  assert.equal(await victim.say(`stall ${victim.path}.go`), 'stalling');
  const restart = await client.call('restart', { path: '/a' }).catch((thrown: unknown) => thrown as ControlError);
  assert.ok(restart instanceof Error && restart.rpc?.name === 'stalled', JSON.stringify(restart));
  assert.equal(restart.rpc.data?.['carriedOut'], false);
  await pause(1_000);
  const { mainLoop } = await client.call('rpc.ping');
  assert.ok(mainLoop.stalled && mainLoop.turnedAgoMs > 1_000, JSON.stringify(mainLoop));
  const info = await client.call('process');
  assert.deepEqual([info.mainLoop.stalled, info.status], [true, { fixture: true }]);
  const late = await client.call('tree').catch((thrown: unknown) => thrown as ControlError);
  assert.ok(late instanceof Error);
  writeFileSync(`${victim.path}.go`, '');
  assert.match(late.message, /the main loop has not turned for \d\.\d s; the call was withdrawn/);
  assert.equal(await new Promise((resolve) => void victim.say('restarts').then((first) => (first === 'turning' ? victim.say('restarts').then(resolve) : resolve(first)))), '0', 'the withdrawn restart did not happen');
  // The thread hears of a turn a moment after it.
  let turns = false;
  for (let n = 0; n < 1_200 && !turns; n++) {
    turns = !(await client.call('rpc.ping')).mainLoop.stalled;
    if (!turns) await pause(50);
  }
  assert.ok(turns);
});

test('a reader of the trace that falls behind loses events, is told how many, and holds up nobody', async (t) => {
  const { path, runtime } = await serve(t, { limits: { clientTraceBytes: 20_000 } });
  const slow = new RawClient(path);
  t.after(() => slow.close());
  slow.request(1, 'trace.subscribe', { kinds: ['turn'] });
  const subscription = (await slow.next())?.result?.['subscription'];
  slow.socket.pause();
  const honest = await ControlClient.connect({ socketPath: path });
  t.after(() => honest.close());
  // More than the kernel holds for a reader.
  let sent = 0;
  for (let round = 0; round < 40; round++) {
    for (let n = 0; n < 900; n++) sent += runtime.send('/a', { type: 'add', n }) === 'delivered' ? 1 : 0;
    await pause(60);
  }
  slow.socket.resume();
  slow.request(2, 'trace.unsubscribe', { subscription });
  let told = 0;
  let read = 0;
  for (let answer = await slow.next(); ; answer = await slow.next()) {
    if (answer?.id === 2) {
      const { delivered, dropped } = answer.result as { readonly delivered: number; readonly dropped: number };
      assert.ok(read > 0 && dropped > 0, `${read} read, ${dropped} dropped`);
      assert.equal(delivered, read);
      assert.equal(read + dropped, sent, 'every event was delivered or counted');
      assert.ok(told <= dropped);
      break;
    }
    const batch = answer?.params as { readonly events: readonly unknown[]; readonly dropped: number; readonly missed: number };
    read += batch.events.length;
    told += batch.dropped;
    assert.equal(batch.missed, 0);
  }
  assert.equal((await honest.call('metrics')).socket['droppedEvents']! as number > 0, true);
});

test('reads get their share of the main loop, however dear they are and however many ask', async (t) => {
  const dear: Behaviour<number, never> = {
    name: 'dear', version: 1, init: () => 0, step: (state) => state, view: (state) => {
      for (const until = performance.now() + 5; performance.now() < until;) Math.sqrt(2);
      return state;
    },
  };
  const { path } = await serve(t, { spec: root([worker({ id: 'dear', behaviour: dear })]), limits: { shareMs: 0, mainShare: 0.05 } });
  const clients = Array.from({ length: 8 }, () => new RawClient(path));
  t.after(() => clients.forEach((client) => client.close()));
  for (const client of clients) client.send('{"jsonrpc":"2.0","id":1,"method":"inspect","params":{"path":"/dear"}}\n'.repeat(150));
  const honest = await ControlClient.connect({ socketPath: path });
  t.after(() => honest.close());
  const spentUs = async (): Promise<number> => (await honest.call('metrics')).socket['mainUs'] as number;
  await spentUs();
  const beganMs = performance.now();
  const before = await spentUs();
  await pause(2_000);
  const share = ((await spentUs()) - before) / 1000 / (performance.now() - beganMs);
  assert.ok(share > 0.005 && share < 0.12, `${(100 * share).toFixed(1)} % of the main loop`);
});

test('a thread that dies is started again, and the tree has not noticed', async (t) => {
  const threads: Worker[] = [];
  const found = (message: unknown): void => void threads.push((message as { readonly worker: Worker }).worker);
  diagnostics.subscribe('worker_threads', found);
  t.after(() => diagnostics.unsubscribe('worker_threads', found));
  const faults: string[] = [];
  const { path, runtime } = await serve(t, { more: { onFault: (message) => void faults.push(message) } });
  await threads[0]!.terminate();
  for (let client: ControlClient | null = null; client === null;) {
    client = await ControlClient.connect({ socketPath: path }).catch(() => pause(50).then(() => null));
    if (client === null) continue;
    assert.equal((await client.call('tree')).tree.children.length, 2);
    client.close();
  }
  assert.match(faults[0]!, /the thread of the control socket ended/);
  assert.equal(runtime.counters().restarts, 0);
});
