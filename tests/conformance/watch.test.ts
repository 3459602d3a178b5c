import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Down, dynamicSupervisor, type Gone, type Runtime, supervisor, worker } from '../../runtime/index.js';
import { MemoryJournal } from '../../runtime/journal/index.js';
import { child, programmable, root, run, started } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

type Notice = Gone | Down | { readonly type: 'do'; readonly run: (ctx: ActorContext<Notice>) => void };

/** An actor that watches what it is told to and keeps its notices. */
function watcher(id: string, more: object = {}) {
  return worker({
    id,
    behaviour: {
      name: 'watcher', version: 1,
      init: (): readonly string[] => [],
      step: (seen: readonly string[], notice: Notice, ctx: ActorContext<Notice>): readonly string[] => {
        if (notice.type !== 'do') return [...seen, `${notice.type} ${notice.path} ${notice.incarnation} ${notice.reason.kind}`];
        notice.run(ctx);
        return seen;
      },
    },
    ...more,
  });
}

function watch(runtime: Runtime, ...paths: string[]): number[] {
  const tokens: number[] = [];
  runtime.send('/w', { type: 'do', run: (ctx: ActorContext) => { for (const path of paths) tokens.push(ctx.watchPermanent(ctx.ref(path))); } });
  runtime.drain();
  return tokens;
}

function seen(runtime: Runtime, path = '/w'): unknown {
  runtime.drain();
  return runtime.inspect(path)?.value;
}

test('watchPermanent says nothing of restarts and tells once when the address is gone for good', () => {
  const runtime = started(root([child('a', {}, { restart: 'transient' }), child('b', {}, { restore: 'lastGood' }), watcher('w')], generous));
  watch(runtime, '/a', '/b');
  for (const path of ['/a', '/b']) for (const end of ['crash', 'kill'] as const) runtime[end](path);
  assert.deepEqual(seen(runtime), []);
  runtime.send('/a', { type: 'end' });
  assert.deepEqual(seen(runtime), ['runtime.gone /a 3 normal']);
  runtime.terminateChild('/', 'b');
  assert.deepEqual(seen(runtime), ['runtime.gone /a 3 normal', 'runtime.gone /b 3 shutdown']);
  runtime.restartChild('/', 'b');
  runtime.crash('/b');
  runtime.terminateChild('/', 'b');
  assert.equal((seen(runtime) as unknown[]).length, 2, 'one notice for one watch');
});

test('during back-off an address is not gone; when the restart is called off, or its budget is used up, it is', () => {
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([child('a', {}, { backoff }), child('b', {}, { backoff, quarantine: { restarts: 1, withinMs: 1000 } }), watcher('w')], generous));
  watch(runtime, '/a', '/b');
  runtime.crash('/a');
  runtime.crash('/b');
  watch(runtime, '/a');
  assert.deepEqual(seen(runtime), []);
  runtime.terminateChild('/', 'a');
  assert.deepEqual(seen(runtime), ['runtime.gone /a 1 error', 'runtime.gone /a 1 error']);
  runtime.advanceTo(100_000);
  runtime.crash('/b');
  assert.deepEqual((seen(runtime) as unknown[]).slice(2), ['runtime.gone /b 2 error'], 'quarantined');
});

test('an address below a supervisor that is restarted is not gone; below one that is not, it is', () => {
  const branch = (id: string, restart: 'permanent' | 'temporary') => supervisor({
    id, restart, strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, backoff: { minMs: 50, maxMs: 50, jitter: 0 },
    children: [supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [child('a')] })],
  });
  const runtime = started(root([branch('comes', 'permanent'), branch('goes', 'temporary'), watcher('w')], generous));
  watch(runtime, '/comes/s/a', '/goes/s/a');
  runtime.crash('/comes/s/a');
  assert.equal(runtime.inspect('/comes/s/a'), undefined, 'the whole branch is down');
  watch(runtime, '/comes/s/a', '/comes/s/other');
  assert.deepEqual(seen(runtime), ['runtime.gone /comes/s/other 0 noproc'], 'what the specification does not name will not come');
  runtime.advanceTo(50_000);
  assert.equal(runtime.inspect('/comes/s/a')?.state, 'running');
  runtime.crash('/goes/s/a');
  assert.deepEqual((seen(runtime) as unknown[]).slice(1), ['runtime.gone /goes/s/a 1 error']);
  runtime.terminateChild('/', 'comes');
  assert.deepEqual((seen(runtime) as unknown[]).slice(2), ['runtime.gone /comes/s/a 1 shutdown', 'runtime.gone /comes/s/a 1 shutdown']);
});

test('a restart of the branch that fails for good is the end of what was in it', () => {
  let starts = 0;
  const flaky = child('a', { failStarts: () => starts++ > 0 });
  const branch = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 }, children: [child('ok'), flaky] });
  const runtime = started(root([supervisor({ id: 'top', restart: 'temporary', strategy: 'oneForOne', intensity: { restarts: 2, withinMs: 1000 }, children: [branch] }), watcher('w')], generous));
  watch(runtime, '/top/s/a', '/top/s/ok');
  runtime.crash('/top/s/a');
  runtime.drain();
  assert.equal(runtime.inspect('/top'), undefined);
  assert.deepEqual((seen(runtime) as string[]).map((one) => one.split(' ')[1]).sort(), ['/top/s/a', '/top/s/ok']);
});

test('a child of a dynamic supervisor is gone when it ends, one spawned by an actor with its parent', () => {
  const runtime = started(root([dynamicSupervisor({ id: 'd', ...generous }), child('p'), watcher('w')], generous));
  runtime.startChild('/d', child('x', {}, { restart: 'transient' }));
  run(runtime, '/p', (ctx) => void ctx.spawn(child('kid', {}, { restart: 'permanent' })));
  watch(runtime, '/d/x', '/p/kid');
  runtime.crash('/d/x');
  runtime.crash('/p/kid');
  assert.deepEqual(seen(runtime), []);
  runtime.send('/d/x', { type: 'end' });
  runtime.crash('/p');
  assert.deepEqual(seen(runtime), ['runtime.gone /p/kid 2 shutdown', 'runtime.gone /d/x 2 normal']);
});

test('watching nobody tells at once; a name is watched as the address behind it', () => {
  const runtime = started(root([child('a', { onInit: (ctx) => void ctx.register('alpha') }), watcher('w')], generous));
  watch(runtime, '/nobody', 'no-name', 'alpha');
  assert.deepEqual(seen(runtime), ['runtime.gone /nobody 0 noproc', 'runtime.gone no-name 0 noproc']);
  runtime.crash('/a');
  runtime.terminateChild('/', 'a');
  assert.deepEqual((seen(runtime) as unknown[]).slice(2), ['runtime.gone /a 2 shutdown']);
});

test('the notice comes after the subtree is down, the names are free, and the DOWN of the same end', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log, onInit: (ctx) => { ctx.register('alpha'); ctx.spawn(child('kid', { log })); } }), watcher('w')], generous));
  runtime.send('/w', { type: 'do', run: (ctx: ActorContext) => { ctx.watchPermanent(ctx.ref('/a')); ctx.monitor(ctx.ref('/a')); } });
  runtime.drain();
  runtime.terminateChild('/', 'a');
  assert.deepEqual(log, ['+a', '+kid', '-kid shutdown', '-a shutdown']);
  assert.deepEqual(seen(runtime), ['runtime.down /a 1 shutdown', 'runtime.gone /a 1 shutdown']);
  run(runtime, '/w', (ctx) => assert.equal(ctx.register('alpha'), true));
});

test('demonitor takes the watch back, also a notice that is already queued', () => {
  const runtime = started(root([child('a'), watcher('w')], generous));
  const [token] = watch(runtime, '/a');
  run(runtime, '/w', (ctx) => ctx.demonitor(token!));
  runtime.terminateChild('/', 'a');
  assert.deepEqual(seen(runtime), []);
  // The first of two notices takes back the second.
  const told: string[] = [];
  const fickle = {
    name: 'fickle', version: 1,
    init: (ctx: ActorContext<Gone>) => [ctx.watchPermanent(ctx.ref('/x')), ctx.watchPermanent(ctx.ref('/y'))],
    step: (tokens: number[], gone: Gone, ctx: ActorContext<Gone>) => {
      told.push(gone.path);
      for (const one of tokens) ctx.demonitor(one);
      return tokens;
    },
  };
  const other = started(root([child('x'), child('y'), worker({ id: 'f', behaviour: fickle })], generous));
  for (const id of ['x', 'y']) other.terminateChild('/', id);
  other.drain();
  assert.deepEqual(told, ['/x']);
  const { sent, handled, queued, deadLettered } = other.counters();
  assert.equal(sent, handled + queued + deadLettered, 'a notice taken back was never sent');
});

test('a watch belongs to its incarnation: it dies with the watcher, and is kept with the last good state', () => {
  const runtime = started(root([child('a'), child('b'), watcher('w'), watcher('k', { restore: 'lastGood' })], generous));
  watch(runtime, '/a');
  runtime.send('/k', { type: 'do', run: (ctx: ActorContext) => void ctx.watchPermanent(ctx.ref('/a')) });
  runtime.drain();
  runtime.crash('/w');
  runtime.crash('/k');
  runtime.terminateChild('/', 'a');
  assert.deepEqual([seen(runtime, '/w'), seen(runtime, '/k')], [[], ['runtime.gone /a 1 shutdown']]);
  assert.equal(runtime.counters().deadLettered, 0);
});

test('code outside the tree can watch too, until it says otherwise; the end of the tree is the end of everything in it', () => {
  const runtime = started(root([child('a'), child('b')], generous));
  const told: string[] = [];
  for (const path of ['/a', '/b', '/']) runtime.watchPermanent(path, ({ reason }) => told.push(`${path} ${reason.kind}`));
  const off = runtime.watchPermanent('/a', () => told.push('no'));
  off();
  runtime.crash('/a');
  assert.deepEqual(told, []);
  runtime.stop();
  assert.deepEqual(told, ['/b shutdown', '/a shutdown', '/ shutdown']);
});

test('a turn that throws has watched nobody; a durable actor is told to use a monitor', () => {
  const runtime = started(root([child('a'), watcher('w')], generous));
  runtime.send('/w', { type: 'do', run: (ctx: ActorContext) => { ctx.watchPermanent(ctx.ref('/a')); throw new Error('no'); } });
  runtime.drain();
  runtime.terminateChild('/', 'a');
  assert.deepEqual(seen(runtime), []);
  const durable = started(root([child('a'), watcher('w', { durable: { log: 'inputs' }, restart: 'temporary' })], generous), { journal: new MemoryJournal() });
  run(durable, '/w', (ctx) => void ctx.watchPermanent(ctx.ref('/a')));
  assert.match(durable.deadLetters()[0]?.cause?.message ?? '', /use ctx\.monitor/);
});

test('a durable actor is told that tasks and groups would not outlive its process, and what to use', () => {
  const wishes: [(ctx: ActorContext) => void, RegExp][] = [
    [(ctx) => ctx.join('g'), /use ctx\.subscribe/], [(ctx) => void ctx.watchGroup('g'), /another actor/],
    [(ctx) => void ctx.task({ behaviour: programmable() as never, deadlineMs: 1 }, () => null as never), /use ctx\.spawn or ctx\.effect/],
  ];
  for (const [wish, answer] of wishes) {
    const durable = started(root([watcher('w', { durable: { log: 'inputs' }, restart: 'temporary' })], generous), { journal: new MemoryJournal() });
    run(durable, '/w', wish as never);
    assert.match(durable.deadLetters()[0]?.cause?.message ?? '', answer);
  }
});
