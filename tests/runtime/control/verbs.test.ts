import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type AuditEntry, type ControlClient, ControlError, type ControlTarget, type LogLevel, type ReportBatch, type RpcErrorName, type ShutdownRequest, TurnMeter } from '../../../runtime/control/index.js';
import { type Behaviour, type ChartModel, createRuntime, dynamicSupervisor, machine, type Runtime, VirtualClock, worker } from '../../../runtime/index.js';
import { door } from '../probe/machines.js';
import { child, root, started } from '../support.js';
import { connected, serve, socketFolder } from './support.js';

async function refused(promise: Promise<unknown>, name: RpcErrorName | 'unknown'): Promise<ControlError> {
  const error: unknown = await promise.then(() => assert.fail('was not refused'), (thrown: unknown) => thrown);
  assert.ok(error instanceof ControlError, String(error));
  assert.equal(error.rpc?.name, name, error.message);
  return error;
}

/** Asks until `holds`; for what another thread or turn brings about. */
async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = performance.now() + 20_000; ;) {
    const value = await ask();
    if (holds(value)) return value;
    assert.ok(performance.now() < deadline, `never came: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

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
  await refused(client.call('inspect', { path: '/nobody' }), 'notFound');
});

test('a tree is told level by level, within its limits, and says what it left out', async (t) => {
  const { path } = await serve(t, { spec: root([root([child('x'), child('y')], { id: 's' }), ...Array.from({ length: 20 }, (_, n) => child(`c${n}`))]) });
  const client = await connected(t, path);
  const { tree } = await client.call('tree', { nodes: 5 });
  assert.deepEqual([tree.children.length, tree.omitted, tree.children[0]!.omitted], [4, 17, 2]);
  const shallow = await client.call('tree', { depth: 0 });
  assert.deepEqual([shallow.tree.children.length, shallow.tree.omitted], [0, 21]);
  const part = await client.call('tree', { path: '/s' });
  assert.deepEqual([part.tree.path, part.tree.children.length, part.tree.omitted], ['/s', 2, undefined]);
  const children = await client.call('whichChildren', { path: '/s' });
  assert.deepEqual(children.children.map(({ id, state }) => [id, state]), [['x', 'running'], ['y', 'running']]);
  assert.deepEqual({ ...children.counts }, { specs: 2, active: 2, supervisors: 0, workers: 2 });
});

test('machine begins a probe of an actor and tells what its events did; the chart is sent to who does not know it', async (t) => {
  const { path, runtime } = await serve(t, { spec: root([child('plain'), worker({ id: 'door', behaviour: machine(door, { version: 3 }) })]) });
  const client = await connected(t, path);
  const first = await client.call('machine', { path: '/door' });
  const chart = first.chart as ChartModel;
  assert.deepEqual([first.kind, chart.id, first.value, first.events, first.behaviour?.version], ['machine', 'door', 'shut', [], 3]);
  runtime.send('/door', { type: 'go' });
  runtime.send('/door', { type: 'add' });
  const seen = await until(() => client.call('machine', { path: '/door', known: first.digest! }), ({ seen: count }) => count === 2);
  assert.deepEqual([seen.chart, seen.context, seen.active.map((at) => chart.states[at]!.key)], [null, { n: 1 }, ['door', 'shut']]);
  assert.deepEqual(seen.events.map(({ type, outcome, candidates }) => [type, outcome, candidates.map(({ guard, outcome: said }) => [guard, said])]), [
    ['go', 'refused', [['above(10)', 'fails']]], ['add', 'taken', [[null, 'passes']]],
  ]);
  assert.deepEqual((await client.call('machine', { path: '/door', after: 0 })).events.map(({ seq }) => seq), [1]);
  assert.deepEqual([(await client.call('machine', { path: '/plain' })).kind, (await client.call('machine', { path: '/' })).kind], ['reducer', 'supervisor']);
  await refused(client.call('machine', { path: '/nobody' }), 'notFound');
});

test('restart says how: a running actor is crashed by its restore rule, a stopped one is started', async (t) => {
  const { path, runtime } = await serve(t, { spec: root([child('a'), child('kept', {}, { restore: 'lastGood' }), child('once', {}, { restart: 'temporary' })], { intensity: { restarts: 9, withinMs: 60_000 } }) });
  const client = await connected(t, path);
  for (const id of ['a', 'kept']) runtime.send(`/${id}`, { type: 'add', n: 7 });
  const totalOf = async (at: string): Promise<unknown> => ((await client.call('inspect', { path: at })).value as { total: number }).total;
  await until(() => totalOf('/kept'), (total) => total === 7);
  const crashed = await client.call('restart', { path: '/a', reason: 'try it' });
  assert.deepEqual([crashed.how, crashed.restore, crashed.restart, crashed.incarnationBefore], ['crashed', 'init', 'permanent', 1]);
  await client.call('restart', { path: '/kept' }).then(({ restore }) => assert.equal(restore, 'lastGood'));
  await until(() => client.call('tree'), ({ tree }) => tree.children.every(({ state }) => state === 'running'));
  assert.deepEqual([await totalOf('/a'), await totalOf('/kept')], [0, 7]);
  const { tree } = await client.call('tree', { path: '/a' });
  assert.deepEqual([tree.incarnation, tree.restarts, (tree.lastExit as unknown as { cause: { name: string; message: string } }).cause.name], [2, 1, 'OperatorRestart']);

  await client.call('terminate', { path: '/a' });
  assert.equal((await until(() => client.call('tree', { path: '/a' }), (answer) => answer.tree.state === 'stopped')).tree.state, 'stopped');
  assert.deepEqual({ ...(await client.call('restart', { path: '/a' })) }, { path: '/a', how: 'started', restore: null, restart: 'permanent', incarnationBefore: 2, state: 'running' });
  await refused(client.call('deleteChild', { path: '/a' }), 'refused');
  await client.call('terminate', { path: '/a' });
  await client.call('deleteChild', { path: '/a' });
  await refused(client.call('tree', { path: '/a' }), 'notFound');
  assert.equal((await client.call('restart', { path: '/once' })).restart, 'temporary');
  await refused(client.call('restart', { path: '/' }), 'refused');
  await refused(client.call('terminate', { path: '/nobody' }), 'notFound');
});

test('children are started from registered templates only, and a template has the last word on its input', async (t) => {
  const templates: ControlTarget['templates'] = {
    counter: { summary: 'A counter.', supervisor: '/dyn', spec: (input, id) => {
      if (typeof input !== 'number') throw new Error('the input is a number');
      return child(id ?? `counter-${input}`);
    } },
    anywhere: { summary: 'A child.', spec: (_input, id) => child(id ?? 'any') },
  };
  const { path } = await serve(t, { spec: root([dynamicSupervisor({ id: 'dyn', intensity: { restarts: 1, withinMs: 1000 }, maxChildren: 2 })]), target: { templates } });
  const client = await connected(t, path);
  assert.deepEqual({ ...(await client.call('startChild', { template: 'counter', input: 4 })) }, { path: '/dyn/counter-4' });
  assert.equal((await client.call('startChild', { template: 'counter', input: 5, id: 'named' })).path, '/dyn/named');
  const full = await refused(client.call('startChild', { template: 'counter', input: 6 }), 'refused');
  assert.deepEqual(full.rpc?.data, { reason: { kind: 'max_children', limit: 2 } });
  assert.match((await refused(client.call('startChild', { template: 'counter', input: 'x' }), 'invalidParams')).message, /the input is a number/);
  await refused(client.call('startChild', { template: 'anywhere' }), 'invalidParams');
  assert.equal((await client.call('startChild', { template: 'anywhere', supervisor: '/' })).path, '/any');
  const unknown = await refused(client.call('startChild', { template: 'constructor' }), 'notFound');
  assert.deepEqual(unknown.rpc?.data, { templates: ['counter', 'anywhere'] });
  await client.call('terminate', { path: '/dyn/counter-4' });
  await refused(client.call('tree', { path: '/dyn/counter-4' }), 'notFound');
});

test('a suspended actor handles nothing until it is resumed, and is shown as suspended', async (t) => {
  const { path, runtime } = await serve(t);
  const client = await connected(t, path);
  assert.equal((await client.call('suspend', { path: '/a', reason: 'look at it' })).state, 'suspended');
  runtime.send('/a', { type: 'add', n: 5 });
  runtime.send('/b', { type: 'add', n: 5 });
  const { tree } = await until(() => client.call('tree'), (answer) => answer.tree.children[1]!.handled === 1);
  assert.deepEqual([tree.children[0]!.state, tree.children[0]!.mailbox, tree.children[0]!.handled], ['suspended', 1, 0]);
  assert.equal((await client.call('resume', { path: '/a' })).state, 'running');
  await until(() => client.call('inspect', { path: '/a' }), ({ value }) => (value as { total: number }).total === 5);
  assert.deepEqual((await refused(client.call('suspend', { path: '/' }), 'refused')).rpc?.data, { reason: { kind: 'not_worker', path: '/' } });
  await refused(client.call('resume', { path: '/nobody' }), 'notFound');
});

test('behaviours are upgraded from a module on disk: tried first, all or none, what is missing is listed', async (t) => {
  const old: Behaviour<number, number> = { name: 'counter', version: 1, init: () => 1, step: (state, n) => state + n };
  const spec = root([worker({ id: 'x', behaviour: old }), worker({ id: 'y', behaviour: old }), child('other')]);
  const { path, runtime } = await serve(t, { spec, target: { loadUpgrade: (file) => import(pathToFileURL(file).href) } });
  const folder = socketFolder(t);
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const body = "name: 'counter', version: 2, init: () => ({ total: 0 }), step: (s, n) => ({ total: s.total + 10 * n })";
  const good = write('good.mjs', `export const two = { ${body}, migrate: (n) => ({ total: n }) };\nexport const NOTE = 'no behaviour';\n`);
  const client = await connected(t, path);
  runtime.send('/x', 4);
  await until(() => client.call('inspect', { path: '/x' }), ({ value }) => value === 5);
  const refusals = await refused(client.call('upgrade', { module: write('bad.mjs', `export default [{ ${body} }];`) }), 'refused');
  const problems = refusals.rpc?.data?.['problems'] as readonly { readonly kind: string; readonly path: string }[] | undefined;
  assert.deepEqual(problems?.map(({ kind, path: at }) => [kind, at]), [['no_migrate', '/x'], ['no_migrate', '/y']]);
  const tried = await client.call('upgrade', { module: good, dryRun: true });
  assert.deepEqual([tried.dryRun, tried.upgraded.map(({ path: at, from, to }) => [at, from, to])], [true, [['/x', 1, 2], ['/y', 1, 2]]]);
  assert.equal((await client.call('inspect', { path: '/x' })).behaviour?.version, 1);
  await client.call('upgrade', { module: good, path: '/y' });
  runtime.send('/y', 1);
  const seen = await until(() => client.call('inspect', { path: '/y' }), ({ value }) => (value as { total: number }).total === 11);
  assert.deepEqual([seen.behaviour?.version, seen.incarnation], [2, 1]);
  assert.equal((await client.call('inspect', { path: '/x' })).behaviour?.version, 1);
  await refused(client.call('upgrade', { module: good }), 'refused');
  await refused(client.call('upgrade', { module: good, path: '/other' }), 'refused');
  assert.match((await refused(client.call('upgrade', { module: join(folder, 'none.mjs') }), 'invalidParams')).message, /cannot be loaded/);
  await refused(client.call('upgrade', { module: write('empty.mjs', 'export const a = 1;') }), 'invalidParams');
});

test('state is replaced only in a process started for debugging, through the restore hook, and told to the audit', async (t) => {
  const audit: string[] = [];
  const behaviour: Behaviour<Map<string, number>, [string, number]> = {
    name: 'map', version: 1, stateKind: 'mutable', init: () => new Map(), step: (state, [key, n]) => state.set(key, n),
    snapshot: (state) => Object.fromEntries(state), restore: (data) => {
      if (data === 'bad') throw new Error('no such state');
      return new Map(Object.entries(data as Record<string, number>));
    },
  };
  const { path, runtime } = await serve(t, { spec: root([worker({ id: 'm', behaviour }), child('plain'), child('inPlace', { mutable: true })]), target: { debug: true }, more: { onAudit: ({ method, ok }) => void audit.push(`${method} ${ok}`) } });
  const client = await connected(t, path);
  await client.call('replaceState', { path: '/m', value: { a: 1 }, reason: 'try' });
  runtime.send('/m', ['b', 2]);
  await until(() => client.call('inspect', { path: '/m' }), ({ value }) => JSON.stringify(value) === '{"$map":[["a",1],["b",2]]}');
  await client.call('replaceState', { path: '/plain', value: { total: 40 }, reason: 'try' });
  assert.deepEqual((await client.call('inspect', { path: '/plain' })).value, { total: 40 });
  assert.match((await refused(client.call('replaceState', { path: '/m', value: 'bad', reason: 'try' }), 'refused')).message, /the restore hook of \/m threw: Error: no such state/);
  assert.match((await refused(client.call('replaceState', { path: '/inPlace', value: 1, reason: 'try' }), 'refused')).message, /inPlace changes its state in place, and its behaviour has no restore hook/);
  await refused(client.call('replaceState', { path: '/', value: 1, reason: 'try' }), 'refused');
  assert.deepEqual((await client.call('inspect', { path: '/m' })).value, { $map: [['a', 1], ['b', 2]] });
  assert.deepEqual(audit, ['replaceState true', 'replaceState true', 'replaceState false', 'replaceState false', 'replaceState false']);
});

test('a supervisor is reconfigured by flags or by a template, and refuses what is wrong', async (t) => {
  const templates: ControlTarget['templates'] = { wider: { summary: 'One child more.', spec: () => root([child('a'), child('more')], { id: 'sub' }) } };
  const { path } = await serve(t, { spec: root([root([child('a'), child('b')], { id: 'sub' })]), target: { templates } });
  const client = await connected(t, path);
  await client.call('reconfigure', { path: '/sub', flags: { strategy: 'oneForAll', intensity: { restarts: 7, withinMs: 100 } } });
  const { spec } = await client.call('inspect', { path: '/sub' });
  assert.deepEqual([(spec as { strategy: string }).strategy, (spec as { intensity: unknown }).intensity], ['oneForAll', { restarts: 7, withinMs: 100 }]);
  const { added, kept } = await client.call('reconfigure', { path: '/sub', template: 'wider' });
  assert.deepEqual([added, kept], [['more'], ['b']]);
  const states = (await client.call('whichChildren', { path: '/sub' })).children.map(({ id, state }) => [id, state]);
  assert.deepEqual(states, [['a', 'running'], ['more', 'stopped'], ['b', 'running']]);
  await refused(client.call('reconfigure', { path: '/sub' }), 'invalidParams');
  await refused(client.call('reconfigure', { path: '/sub', flags: { maxChildren: 3 } }), 'refused');
  await refused(client.call('reconfigure', { path: '/sub/a', flags: { strategy: 'oneForOne' } }), 'refused');
  await refused(client.call('reconfigure', { path: '/sub', template: 'no' }), 'notFound');
});

test('a partitioned supervisor is shown as one, and resized', async (t) => {
  const { kind: _kind, id: _id, ...partition } = child('any');
  const { path } = await serve(t, { spec: root([{ kind: 'partitioned', id: 'p', partitions: 2, partition: { kind: 'worker', ...partition }, intensity: { restarts: 1, withinMs: 1000 } }]) });
  const client = await connected(t, path);
  const partitions = async (): Promise<unknown> => {
    const { tree } = await client.call('tree', { path: '/p' });
    return [tree.kind, tree.children.map(({ path: at }) => at)];
  };
  assert.deepEqual(await partitions(), ['partitioned', ['/p/0', '/p/1']]);
  await client.call('reconfigure', { path: '/p', flags: { partitions: 3 } });
  assert.deepEqual(await partitions(), ['partitioned', ['/p/0', '/p/1', '/p/2']]);
});

test('dead letters and timers, of all or of a part of the tree', async (t) => {
  const { path, runtime } = await serve(t, { spec: root([child('a', { onInit: (ctx) => ctx.startTimer('late', 3_600_000, { type: 'add', n: 1 }) }), child('ab', { onInit: (ctx) => ctx.startTimer('sooner', 60_000, { type: 'add', n: 1 }) })]) });
  runtime.send('/nobody', { big: 10n });
  runtime.send('/a/gone', { small: 1 });
  const client = await connected(t, path);
  const all = await client.call('deadLetters');
  assert.deepEqual([all.total, all.byReason['no_such_actor'], all.letters.map(({ path: to, message }) => [to, message])], [2, 2, [['/nobody', { big: { $bigint: '10' } }], ['/a/gone', { small: 1 }]]]);
  assert.deepEqual((await client.call('deadLetters', { path: '/a' })).letters.map((letter) => letter.path), ['/a/gone']);
  assert.deepEqual((await client.call('deadLetters', { limit: 0 })).letters, []);
  const timers = await client.call('timers');
  assert.deepEqual(timers.timers.map(({ path: of, key }) => [of, key]), [['/ab', 'sooner'], ['/a', 'late']]);
  assert.equal(timers.total, 2);
  assert.ok(timers.timers[0]!.dueUs - timers.atUs > 50_000_000);
  assert.deepEqual((await client.call('timers', { path: '/a' })).timers.map(({ key }) => key), ['late']);
});

test('metrics: counters, turn times, event-loop delay, memory, and what the socket did', async (t) => {
  const turns = new TurnMeter();
  const { path, runtime } = await serve(t, { turns, target: { turns, metrics: () => ({ own: 1n }), status: () => ({ pass: 3 }) } });
  const client = await connected(t, path);
  runtime.send('/a', { type: 'add', n: 1 });
  const metrics = await until(() => client.call('metrics'), ({ turns: seen }) => seen !== null && seen.count > 0);
  assert.ok(metrics.turns !== null && metrics.turns.count >= 1, 'the bursts of the wall loop');
  assert.ok(metrics.turns.p99Us > 0 && metrics.turns.minUs <= metrics.turns.p50Us && metrics.turns.p99Us <= metrics.turns.maxUs);
  assert.ok(metrics.memory.rssBytes > 1e6);
  assert.deepEqual(metrics.extra, { own: { $bigint: '1' } });
  assert.equal((metrics.runtime as { cells: number } | null)?.cells, 3);
  assert.equal((metrics.socket as { clients: number }).clients, 1);
  const info = await client.call('process');
  assert.deepEqual([info.name, info.pid, info.version, info.mainLoop.stalled, info.status], ['test', process.pid, '1.2.3', false, { pass: 3 }]);
  assert.ok(info.uptimeMs > 0 && info.startedAtUs > 1e15 && info.statusAgeMs !== null);
});

test('a snapshot is the envelope as data, or the runtime says why there is none', async (t) => {
  const { path, runtime } = await serve(t);
  const client = await connected(t, path);
  runtime.send('/a', { type: 'add', n: 2 });
  const { snapshot } = await until(() => client.call('snapshot', { path: '/a' }), (answer) => (answer.snapshot as { seq: number }).seq === 1);
  const { format, path: of, value } = snapshot as { format: number; path: string; value: unknown };
  assert.deepEqual([format, of, value], [1, '/a', { total: 2 }]);
  assert.deepEqual((await refused(client.call('snapshot', { path: '/' }), 'refused')).rpc?.data, { reason: { kind: 'not_worker', path: '/' } });
});

test('log level and shutdown go to the process; what it does not offer is refused', async (t) => {
  let level: LogLevel = 'info';
  const asked: ShutdownRequest[] = [];
  const { path } = await serve(t, { target: { logLevel: { get: () => level, set: (wanted) => void (level = wanted) }, shutdown: (request) => void asked.push(request) } });
  const client = await connected(t, path);
  assert.deepEqual({ ...(await client.call('logLevel.set', { level: 'debug' })) }, { level: 'debug', before: 'info' });
  assert.equal((await client.call('logLevel.get')).level, 'debug');
  assert.equal((await client.call('shutdown', { deadlineMs: 100 })).accepted, true);
  assert.deepEqual(asked, [{ reason: 'asked over the control socket', deadlineMs: 100, now: false }]);
  const bare = await serve(t);
  const other = await connected(t, bare.path);
  await refused(other.call('logLevel.get'), 'notSupported');
  await refused(other.call('shutdown'), 'notSupported');
  await refused(other.call('replaceState', { path: '/a', value: 1, reason: 'no' }), 'forbidden');
});

test('every write verb is told to the audit with its outcome and who asked; reads are not', async (t) => {
  const entries: AuditEntry[] = [];
  const { path } = await serve(t, { more: { onAudit: (entry) => {
    entries.push(entry);
    throw new Error('a listener that throws');
  } } });
  const client = await connected(t, path);
  await client.call('tree');
  await client.call('restart', { path: '/a', reason: 'why not' });
  await refused(client.call('terminate', { path: '/nobody' }), 'notFound');
  assert.deepEqual(entries.map(({ connection, client: who, method, params, ok, error }) => [connection, who, method, params, ok, error?.slice(0, 6)]), [
    [1, 'test', 'restart', { path: '/a', reason: 'why not' }, true, undefined],
    [1, 'test', 'terminate', { path: '/nobody' }, false, '-32004'],
  ]);
});

test('no tree, a tree that has ended, hooks that throw: errors, and the server lives', async (t) => {
  const faults: string[] = [];
  let runtime: Runtime | null = null;
  const { path } = await serve(t, { target: { runtime: () => runtime, metrics: () => {
    throw new Error('no metrics today');
  } }, more: { onFault: (message) => void faults.push(message) } });
  const client = await connected(t, path);
  await refused(client.call('tree'), 'notRunning');
  await refused(client.call('restart', { path: '/a' }), 'notRunning');
  assert.match((await refused(client.call('metrics'), 'internal')).message, /no metrics today/);
  assert.match(faults[0]!, /no metrics today/);
  runtime = createRuntime();
  await refused(client.call('tree'), 'notRunning');
  runtime.start(root([child('late')]));
  assert.equal((await until(() => client.call('tree').catch(() => null), (answer) => answer !== null))!.tree.children[0]!.path, '/late');
});

test('the same read asked by many is made once', async (t) => {
  let asked = 0;
  const { path } = await serve(t, { target: { metrics: () => ++asked }, limits: { shareMs: 60_000 } });
  const clients = await Promise.all(Array.from({ length: 10 }, () => connected(t, path)));
  const answers = await Promise.all(clients.map((client) => client.call('metrics')));
  assert.deepEqual(new Set(answers.map(({ extra }) => extra)), new Set([1]));
  assert.equal(asked, 1);
});

interface Seen {
  readonly kind: string;
  readonly path: string | null;
}

async function collect(client: ControlClient, filter: { path?: string; kinds?: ['turn'] | ['exit', 'start'] }, act: () => void, enough: (seen: readonly Seen[]) => boolean): Promise<readonly Seen[]> {
  const subscription = await client.subscribe(filter);
  const seen: Seen[] = [];
  act();
  for await (const batch of subscription) {
    for (const { kind, path } of batch.events) seen.push({ kind, path });
    if (enough(seen)) break;
  }
  await subscription.close();
  return seen;
}

test('the trace is streamed in batches, by path and by kind, and the last events can be read', async (t) => {
  const { path, runtime } = await serve(t);
  const client = await connected(t, path);
  const send = (): void => {
    for (let n = 0; n < 10; n++) for (const id of ['a', 'b']) runtime.send(`/${id}`, { type: 'add', n });
  };
  const turns = await collect(client, { path: '/a' }, send, (seen) => seen.length >= 10);
  assert.deepEqual(turns, Array.from({ length: 10 }, () => ({ kind: 'turn', path: '/a' })));
  const ends = await collect(client, { kinds: ['exit', 'start'] }, () => {
    send();
    runtime.crash('/b');
  }, (seen) => seen.length >= 2);
  assert.deepEqual(ends, [{ kind: 'exit', path: '/b' }, { kind: 'start', path: '/b' }]);
  const last = await client.call('trace', { path: '/b', kinds: ['start'], limit: 1 });
  assert.deepEqual(last.events.map(({ kind, path: of, detail }) => [kind, of, detail]), [['start', '/b', 2]]);
  assert.match(last.hash, /^[0-9a-f]{16}$/);
});

test('what JSON cannot say goes over the wire all the same, and an answer too big is refused', async (t) => {
  const { path, runtime } = await serve(t, { spec: root([child('a', {}, { restart: 'temporary' }), ...Array.from({ length: 30 }, (_, n) => child(`c${n}`))]), limits: { resultBytes: 5_000 } });
  runtime.crash('/c0', { name: 'Odd', message: 'odd', cause: new Map([[1n, new Set([Symbol('s')])]]) });
  const client = await connected(t, path);
  const { tree } = await until(() => client.call('tree', { path: '/c0' }), (answer) => answer.tree.lastExit !== null);
  assert.equal(tree.lastExit?.kind, 'error');
  assert.deepEqual((await refused(client.call('tree'), 'limit')).rpc?.data, { limit: 'resultBytes' });
});

test('a subscription goes on when the process has another runtime, and says so', async (t) => {
  const make = (): Runtime => started(root([child('a')]), { clock: new VirtualClock(0) });
  let runtime = make();
  const { path } = await serve(t, { target: { runtime: () => runtime } });
  const client = await connected(t, path);
  const subscription = await client.subscribe({ kinds: ['turn'] });
  runtime = make();
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.drain();
  for await (const batch of subscription) {
    if (batch.events.length === 0) continue;
    assert.deepEqual([batch.restarted, batch.events[0]!.path], [true, '/a']);
    break;
  }
});

test('supervisor reports are streamed, of a part of the tree, failures alone, and of the next runtime', async (t) => {
  const make = (): Runtime => started(root([child('a'), root([child('b')], { id: 'sub' })]), { clock: new VirtualClock(0) });
  let runtime = make();
  const { path } = await serve(t, { target: { runtime: () => runtime } });
  const client = await connected(t, path);
  const failures = await client.subscribeReports({ path: '/sub', failures: true });
  const all = await client.subscribeReports();
  const seen: unknown[] = [];
  const batches = failures[Symbol.asyncIterator]();
  const next = async (): Promise<void> => {
    const { value } = (await batches.next()) as { readonly value: ReportBatch };
    for (const { kind, supervisor, ...rest } of value.events) seen.push([kind, supervisor, (rest as { offender?: { id: string } }).offender?.id]);
  };
  for (const who of ['/a', '/sub/b']) runtime.crash(who);
  runtime.drain();
  await next();
  assert.deepEqual(seen, [['failure', '/sub', 'b']]);
  const kinds: string[] = [];
  for await (const { events } of all) {
    for (const { kind, supervisor } of events) kinds.push(`${kind} ${supervisor}`);
    if (kinds.length >= 4) break;
  }
  assert.deepEqual(kinds.sort(), ['failure /', 'failure /sub', 'progress /', 'progress /sub']);
  runtime = make();
  const crash = setInterval(() => {
    runtime.crash('/sub/b');
    runtime.drain();
  }, 60);
  await next().finally(() => clearInterval(crash));
  assert.equal(seen.length >= 2, true);
  assert.ok((await failures.close())!.delivered >= 2);
});

test('subscriptions are bounded, belong to their connection, and end with the connection', async (t) => {
  const { path, server, runtime } = await serve(t, { limits: { clientSubscriptions: 2 } });
  const client = await connected(t, path);
  const first = await client.subscribe();
  await client.subscribe();
  await refused(client.subscribe(), 'limit');
  const other = await connected(t, path);
  await refused(other.call('trace.unsubscribe', { subscription: 1 }), 'notFound');
  assert.deepEqual({ ...(await first.close()) }, { delivered: 0, dropped: 0 });
  const left = await client.subscribe({ kinds: ['turn'] });
  runtime.send('/a', { type: 'add', n: 1 });
  for await (const { events } of left) if (events.length > 0) break;
  // Leaving the loop has ended it on the other side too: there is room for one more.
  const third = await until(() => client.subscribe().catch(() => null), (subscription) => subscription !== null);
  assert.ok(third !== null);
  await server.close();
  for await (const _batch of third) assert.fail('nothing was to come');
  const error: unknown = await client.call('tree').catch((thrown: unknown) => thrown);
  assert.equal((error as ControlError).code, 'disconnected');
});

test('a process may have verbs of its own: questions by ask, commands by tell, which alone are audited', async (t) => {
  const audited: string[] = [];
  const told: unknown[] = [];
  const target: Partial<ControlTarget> = {
    questions: {
      'desk.sum': (input) => Promise.resolve({ sum: (input as readonly number[]).reduce((sum, one) => sum + one, 0), big: 5n }),
      'desk.broken': () => {
        throw new Error('the books are closed');
      },
    },
    commands: { 'desk.open': (input) => void told.push(input) },
  };
  const { path } = await serve(t, { target, more: { onAudit: ({ method, ok }) => void audited.push(`${method} ${ok}`) } });
  const client = await connected(t, path);
  assert.deepEqual({ ...(await client.call('ask', { name: 'desk.sum', input: [1, 2, 3] })) }, { value: { sum: 6, big: { $bigint: '5' } } });
  assert.deepEqual({ ...(await client.call('tell', { name: 'desk.open', input: { at: 9 } })) }, { value: null });
  assert.deepEqual(told, [{ at: 9 }]);
  assert.match((await refused(client.call('ask', { name: 'desk.broken' }), 'refused')).message, /the books are closed/);
  const wrong = await refused(client.call('ask', { name: 'desk.open' }), 'notFound');
  assert.match(wrong.message, /has no 'desk\.open'/);
  await refused(client.call('tell', { name: 'toString' }), 'notFound');
  assert.deepEqual(audited, ['tell true', 'tell false']);
});

test('a process without verbs of its own says so', async (t) => {
  const { path } = await serve(t);
  const client = await connected(t, path);
  await refused(client.call('ask', { name: 'anything' }), 'notFound');
});
