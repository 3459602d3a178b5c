import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { type ControlClient, ControlServer } from '../../../../runtime/control/index.js';
import { type ChildSpec, createRuntime, dynamicSupervisor, type Runtime, WallClock } from '../../../../runtime/index.js';
import { treePart } from '../../../../tools/ui/parts/tree.js';
import { exitOf, type ToldNode, treeFigures, treeShape } from '../../../../tools/ui/parts/tree/shape.js';
import { startUiServer } from '../../../../tools/ui/server/server.js';
import { ProcessEvents } from '../../../../tools/ui/parts/tree/events.js';
import { TreeFeed } from '../../../../tools/ui/parts/tree/feed.js';
import { openSources, type Sources, type UseClient } from '../../../../tools/ui/sources/index.js';
import { STREAM_PROTOCOL, TOKEN_PROTOCOL, type StreamMessage } from '../../../../tools/ui/wire/stream.js';
import { type ActorDetail, FIGURES_EACH, NODE_STATES, type TreeEvent, type TreeFigures, type TreeShape, type TreeUpdate } from '../../../../tools/ui/wire/tree.js';
import { child, root } from '../../../runtime/support.js';

const PATIENCE_MS = 60_000;

interface Scene {
  readonly runtime: Runtime;
  /** Resolves with the first value of the topic, past or to come, of which `look` makes something. */
  seen<V, T>(topic: string, params: unknown, look: (value: V) => T | undefined): Promise<T>;
  get<T>(path: string): Promise<T>;
  restart(spec: ChildSpec): Promise<Runtime>;
}

/** A process with a control socket, the window's server, and a page's websocket: all real, in this process. */
async function scene(t: TestContext, spec: ChildSpec): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'flu-'));
  const run = join(folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  let ended: (() => Promise<void>) | undefined;
  const serve = async (of: ChildSpec): Promise<Runtime> => {
    await ended?.();
    const runtime = createRuntime({ clock: new WallClock(), seed: 'tree' });
    assert.ok(runtime.start(of).ok);
    runtime.run();
    const server = await ControlServer.start({ socketPath: join(run, 'p.sock'), target: { name: 'p', version: '1', runtime: () => runtime } });
    ended = async () => {
      await server.close();
      runtime.fence();
    };
    return runtime;
  };
  const runtime = await serve(spec);
  const sources = openSources({ env: { FAULTLINE_RUN_DIR: run, FAULTLINE_VAR_DIR: join(folder, 'var') }, lookMs: 20 });
  const faults: unknown[] = [];
  const server = await startUiServer({ port: 0, sources, parts: [treePart], onFault: (error) => faults.push(error) });
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/api/stream`, [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.token}`], { origin: server.origin });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  t.after(async () => {
    socket.terminate();
    await server.close();
    sources.close();
    await ended?.();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  });
  const topics = new Map<string, { readonly values: unknown[]; readonly looks: Set<() => void> }>();
  const byId = new Map<number, string>();
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as StreamMessage;
    assert.ok('value' in message, data.toString());
    const topic = topics.get(byId.get(message.id)!)!;
    topic.values.push(message.value);
    topic.looks.forEach((look) => look());
  });
  return {
    runtime,
    restart: serve,
    get: async <T>(path: string) => (await (await fetch(`${server.origin}/api/${path}`, { headers: { authorization: `Bearer ${server.token}` } })).json()) as T,
    seen: <V, T>(name: string, params: unknown, look: (value: V) => T | undefined) => new Promise<T>((resolve, reject) => {
      const key = `${name} ${JSON.stringify(params)}`;
      let topic = topics.get(key);
      if (topic === undefined) {
        topic = { values: [], looks: new Set() };
        topics.set(key, topic);
        byId.set(topics.size, key);
        socket.send(JSON.stringify({ id: topics.size, subscribe: name, params }));
      }
      const { values, looks } = topic;
      const timer = setTimeout(() => reject(new Error(`never seen in ${name}: ${JSON.stringify(values).slice(0, 2_000)}`)), PATIENCE_MS);
      const again = (): void => {
        for (const value of values) {
          const found = look(value as V);
          if (found === undefined) continue;
          clearTimeout(timer);
          looks.delete(again);
          resolve(found);
          return;
        }
      };
      looks.add(again);
      again();
    }),
  };
}

const P = { source: 'process:p' };
const shaped = (look: (shape: TreeShape) => boolean) => (update: TreeUpdate): TreeShape | undefined => (update.kind === 'shape' && look(update.shape) ? update.shape : undefined);

test('a page is told the shape, the figures as they change, and what failed with its cause; a restart moves nobody', async (t) => {
  const hostile = '<img src=x onerror=alert(1)>';
  const { runtime, seen, get } = await scene(t, root([
    child('a'), root([child('b'), child(hostile)], { id: 'group', strategy: 'oneForAll', intensity: { restarts: 3, withinMs: 3_600_000 } }), dynamicSupervisor({ id: 'many', intensity: { restarts: 1, withinMs: 1000 } }),
  ], { strategy: 'restForOne' }));
  const shape = await seen('tree', P, shaped(() => true));
  assert.deepEqual(shape.nodes.map(({ path, parent }) => [path, parent]), [['/', -1], ['/a', 0], ['/group', 0], ['/many', 0], ['/group/b', 2], [`/group/${hostile}`, 2]]);
  assert.deepEqual(shape.nodes.map((node) => node.supervision?.strategy ?? node.kind), ['restForOne', 'worker', 'oneForAll', 'oneForOne', 'worker', 'worker']);
  assert.equal(shape.nodes[1]!.bound, 1024);
  await seen<TreeFigures, true>('tree.figures', P, ({ version }) => version === shape.version || undefined);

  await seen<readonly TreeEvent[], true>('tree.events', P, (events) => events.length === 0 || undefined);
  for (let n = 0; n < 5; n++) runtime.send('/a', { type: 'add', n: 1 });
  await seen<TreeFigures, true>('tree.figures', P, ({ values }) => values[FIGURES_EACH + 4] === 5 || undefined);
  runtime.suspend('/a');
  runtime.send('/a', { type: 'add', n: 1 });
  await seen<TreeFigures, true>('tree.figures', P, ({ values }) => (NODE_STATES[values[FIGURES_EACH]!] === 'suspended' && values[FIGURES_EACH + 3] === 1) || undefined);
  await seen<readonly TreeEvent[], true>('tree.events', P, (events) => events.some((event) => event.kind === 'state' && event.path === '/a' && event.to === 'suspended') || undefined);

  runtime.send('/group/b', { type: 'die', why: Object.assign(new Error('the venue hung up'), { cause: new Error('ECONNRESET') }) });
  const failed = await seen<readonly TreeEvent[], TreeEvent & { readonly kind: 'failed' }>('tree.events', P, (events) => events.find((event) => event.kind === 'failed'));
  assert.deepEqual([failed.path, failed.context, failed.supervisor], ['/group/b', 'child_terminated', '/group']);
  assert.equal(failed.reason.causes[0]!.message, 'the venue hung up');
  const after = await seen('tree', P, shaped(({ nodes }) => nodes[4]!.lastExit !== null));
  assert.deepEqual(after.nodes.map(({ path, cell }) => [path, cell]), shape.nodes.map(({ path, cell }) => [path, cell]));
  assert.equal(after.nodes[2]!.supervision?.used, 1);

  // One that has done its work is told as that, once, and one that failed is not.
  const order = runtime.startChild('/many', child('order'));
  assert.ok(order.ok && order.ref !== undefined);
  await seen('tree', P, shaped(({ nodes }) => nodes.some(({ path }) => path === '/many/order')));
  assert.ok(runtime.terminateChild('/many', order.ref).ok);
  const ended = await seen<readonly TreeEvent[], readonly TreeEvent[]>('tree.events', P, (events) => (events.some(({ kind }) => kind === 'ended') ? events.filter(({ kind }) => kind === 'ended') : undefined));
  assert.deepEqual(ended.map(({ path }) => path), ['/many/order']);

  const detail = await get<ActorDetail>('tree/actor?source=process%3Ap&path=%2Fgroup%2Fb');
  assert.deepEqual([detail.incarnation, detail.node?.lastExit?.causes[0]?.message, detail.problems], [2, 'the venue hung up', []]);
  assert.ok(detail.trace.some(({ kind }) => kind === 'exit'));
  const nobody = await get<ActorDetail>('tree/actor?source=process%3Ap&path=%2Fnobody');
  assert.match(nobody.problems.join(' '), /no actor at \/nobody/);
});

test('a process that goes and comes back as another tree: said, then shown; a part of a tree is a tree', async (t) => {
  const { seen, restart } = await scene(t, root([root([child('x'), child('y')], { id: 'sub' })]));
  const part = await seen('tree', { ...P, path: '/sub' }, shaped(() => true));
  assert.deepEqual(part.nodes.map(({ path }) => path), ['/sub', '/sub/x', '/sub/y']);
  await seen('tree', P, shaped(() => true));
  await restart(root([child('other')]));
  await seen<TreeUpdate, true>('tree', P, (update) => update.kind === 'none' || undefined);
  await seen('tree', P, shaped(({ nodes }) => nodes.length === 2 && nodes[1]!.path === '/other'));
  await seen<TreeUpdate, true>('tree', { ...P, path: '/sub' }, (update) => (update.kind === 'none' && /no actor at \/sub/.test(update.why)) || undefined);
});

test('an answer that cannot be read is said, and a report that cannot is no end of the others', async (t) => {
  const batches = Object.assign((async function* () {
    const odd = { toString: 1, valueOf: 1 };
    yield { events: [{ kind: 'failure', offender: { path: '/a' }, supervisor: odd, context: odd, atUs: odd, reason: odd }] };
    yield { events: [{ kind: 'progress', started: { path: '/b', incarnation: 2 }, supervisor: '/', atUs: 5 }] };
  })(), { close: async () => null });
  const client = {
    subscribeReports: async () => batches,
    call: async () => {
      throw new RangeError('Maximum call stack size exceeded');
    },
  };
  const sources = {
    info: () => undefined,
    follow: (_id: string, use: UseClient) => {
      const stop = use(client as unknown as ControlClient, 1);
      return () => stop?.();
    },
  } as unknown as Sources;
  const events = new ProcessEvents(sources, 'process:p');
  t.after(() => events.close());
  const told = await new Promise<readonly TreeEvent[]>((resolve) => {
    const all: TreeEvent[] = [];
    events.listen((some) => {
      all.push(...some);
      if (all.length === 2) resolve(all);
    });
  });
  assert.deepEqual(told.map(({ kind, atUs, ...event }) => [kind, atUs, 'supervisor' in event ? event.supervisor : null]), [['failed', 0, ''], ['started', 5, '/']]);
  const feed = new TreeFeed(sources, 'process:p', '/', events, () => {});
  t.after(() => feed.close());
  await new Promise<void>((resolve) => void feed.listen({ shape: (update) => update.kind === 'none' && update.why === 'what it answers cannot be read' && resolve() }));
});

test('trees of other versions, deep, wide and hostile, have a bounded shape', () => {
  const leaf = (id: string, children: readonly ToldNode[] = [], more: Partial<ToldNode> = {}): ToldNode => ({
    path: `/${id}`, id, cell: 1, kind: 'worker', behaviour: null, state: 'running', incarnation: 1, restarts: 0, mailbox: 0, handled: 0, timers: 0, lastExit: null, children, ...more,
  });
  let deep = leaf('bottom');
  for (let level = 0; level < 5_000; level++) deep = leaf(`${level}`, [deep]);
  assert.equal(treeShape(deep, { version: 1, life: 1, atUs: 0 }).nodes.length, 5_001);
  const wide = treeShape(leaf('top', Array.from({ length: 5_000 }, (_, n) => leaf(`${n}`)), { omitted: 95_000 }), { version: 1, life: 1, atUs: 0 });
  assert.deepEqual([wide.nodes.length, wide.omitted, wide.nodes[5_000]!.parent], [5_001, 95_000, 0]);
  const odd = treeShape(leaf('x'.repeat(9_999), [], { state: 'transcendent', lastExit: { kind: 'error', cause: { name: 3, message: 'y'.repeat(9_999), cause: 'not a cause' } } }), { version: 1, life: 1, atUs: 0 });
  assert.ok(JSON.stringify(odd).length < 6_000);
  assert.equal(NODE_STATES[odd.figures.values[0]!], 'unknown');
  for (const reason of [null, 7, 'no', [], { kind: 1 }, { kind: 'error', cause: [] }]) assert.equal(typeof exitOf(reason).kind, 'string');
  const looped: Record<string, unknown> = { name: 'Loop', message: 'again' };
  looped['cause'] = looped;
  assert.equal(exitOf({ kind: 'error', cause: looped }).causes.length, 16);
  // Figures of actors that are others by now say nothing about this shape.
  const told = { atUs: 1, columns: ['cell', 'state', 'incarnation', 'restarts', 'mailbox', 'handled', 'timers', 'later'], states: ['running'], values: [1, 0, 1, 0, 4, 9, 0, 77] };
  const one = treeShape(leaf('one'), { version: 3, life: 1, atUs: 0 });
  assert.deepEqual(treeFigures(one, told), { version: one.version, atUs: 1, values: [NODE_STATES.indexOf('running'), 1, 0, 4, 9, 0, 0], machines: [''] });
  const machines = { ...told, columns: [...told.columns.slice(0, 7), 'machineState'], machineStates: ['', '<b>', 'x'.repeat(1_000)] };
  const machineOf = (place: number): string | undefined => {
    const figures = treeFigures(one, { ...machines, values: [...told.values.slice(0, 7), place] })!;
    return figures.machines[figures.values[6]!];
  };
  assert.deepEqual([0, 1, 2, 3, -1, 0.5].map(machineOf).map((text) => text?.slice(0, 3)), ['', '<b>', 'xxx', '', '', '']);
  assert.equal(machineOf(2)!.length, 41);
  assert.equal(treeFigures(one, { ...told, values: [2, 0, 1, 0, 4, 9, 0, 77] }), null);
  assert.equal(treeFigures(one, { ...told, values: [] }), null);
  assert.equal(treeFigures(one, { ...told, columns: ['cell'] }), null);
});
