import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type ExitReason, supervisor, worker } from '../../runtime/index.js';
import { child, type Command, root, run, started, stateOf, total } from './support.js';

// Corners where two things happen at once, found by mutating the runtime and looking for what no test noticed.

const keep = { restore: 'lastGood' } as const;
const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

/** A tree whose actor /x can crash several others in one turn. */
function together(children: Parameters<typeof root>[0], more: Parameters<typeof root>[1] = generous) {
  const runtime: ReturnType<typeof started> = started(root([child('x', {}, keep), ...children], more), { effects: { crash: (path: string) => void runtime.crash(path) } });
  const crash = (...paths: string[]): void => run(runtime, '/x', (ctx) => { for (const path of paths) ctx.effect('crash', path); });
  return { runtime, crash };
}

test('an actor that is crashed twice in one turn is restarted once', () => {
  const { runtime, crash } = together([child('a')]);
  crash('/a', '/a');
  assert.equal(runtime.inspect('/a')?.incarnation, 2);
});

test('two of a group crash in one turn: who keeps its state keeps it, who begins anew has no timers left', () => {
  const { runtime, crash } = together([child('a'), child('b', {}, keep), child('c')], { strategy: 'oneForAll', intensity: { restarts: 1, withinMs: 1000 } });
  for (const path of ['/b', '/c']) {
    runtime.send(path, { type: 'add', n: 4 });
    run(runtime, path, (ctx) => ctx.startTimer('t', 1000, { type: 'add', n: 1 }));
  }
  crash('/a', '/b', '/c');
  assert.deepEqual([total(runtime, '/b'), total(runtime, '/c')], [4, 0]);
  assert.equal(runtime.counters().timers, 1);
});

test('a child and its supervisor crash in one turn: the child is started once', () => {
  const log: string[] = [];
  for (const order of [['/s/b', '/s'], ['/s', '/s/b']]) {
    log.length = 0;
    const { runtime, crash } = together([supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [child('b', { log })] })]);
    crash(...order);
    assert.equal(log.filter((entry) => entry === '+b').length, 2);
    assert.equal(runtime.inspect('/s/b')?.incarnation, 2);
    assert.equal(stateOf(runtime, '/s/b'), 'running');
  }
});

test('a child ends in the turn in which its parent crashes: a parent that keeps its state still hears of it', () => {
  const told: [string, ExitReason['kind']][] = [];
  const behaviour = {
    name: 'p', version: 1,
    init: (ctx: ActorContext<Command>) => { ctx.spawn(child('kid')); return null; },
    step: (state: null) => state,
    childExit: (id: string, reason: ExitReason) => { told.push([id, reason.kind]); return undefined; },
  };
  const { crash } = together([worker({ id: 'p', behaviour, ...keep })]);
  crash('/p/kid', '/p');
  assert.deepEqual(told, [['kid', 'error']]);
});

test('a message to a child that the same turn replaces goes to the new one', () => {
  const runtime = started(root([child('p', { onInit: (ctx) => void ctx.spawn(child('kid')) })]));
  run(runtime, '/p', (ctx) => {
    const kid = ctx.ref<Command>('/p/kid');
    ctx.stopChild('kid');
    ctx.spawnLater(child('kid'));
    ctx.send(kid, { type: 'add', n: 3 });
  });
  assert.equal(total(runtime, '/p/kid'), 3);
});

test('an outcome that waits in the mailbox while the asker begins anew is not for the new life', () => {
  const runtime = started(root([child('a'), child('b')]), { sliceMessages: 1 });
  runtime.send<Command>('/a', { type: 'do', run: (ctx) => ctx.ask(ctx.ref('/b'), { type: 'do', run: (other: ActorContext) => other.reply(1) }, 1000, () => ({ type: 'add', n: 1 })) });
  runtime.step();
  runtime.step();
  assert.equal(runtime.tree()?.children[0]?.mailbox, 1);
  runtime.crash('/a');
  runtime.drain();
  assert.equal(total(runtime, '/a'), 0);
  assert.equal(runtime.counters().deadLetters.late_reply, 1);
});

test('onRestart drop: what is queued at a restart is dropped, pending poison is not', () => {
  const runtime = started(root([child('a', {}, { mailbox: { onRestart: 'drop' } })], generous));
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.poison('/a');
  runtime.crash('/a');
  assert.equal(runtime.counters().deadLetters.restarting_drop, 1);
  runtime.send('/a', { type: 'add', n: 2 });
  runtime.send('/a', { type: 'add', n: 4 });
  runtime.drain();
  assert.equal(runtime.counters().deadLetters.poison, 1);
});

test('a message to a bystander that waits for its own children to stop is kept for its next life', () => {
  const slow = child('kid', { onStop: () => 'pending' }, { shutdown: 50 });
  const runtime = started(root([child('a'), child('p', { onInit: (ctx) => void ctx.spawn(slow) })], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  assert.equal(stateOf(runtime, '/p'), 'stopping');
  assert.equal(runtime.send('/p', { type: 'add', n: 2 }), 'delivered');
  runtime.advanceTo(50_000);
  assert.equal(total(runtime, '/p'), 2);
});

test('an init that throws leaves neither names nor messages behind', () => {
  const runtime = started(root([child('a')]));
  const answer = runtime.startChild('/', child('b', {
    onInit: (ctx) => {
      ctx.register('name');
      ctx.send(ctx.ref('/a'), { type: 'add', n: 1 });
      throw new Error('late');
    },
  }));
  assert.equal(answer.ok, false);
  assert.equal(runtime.inspect('name'), undefined);
  assert.equal(runtime.counters().queued, 0);
});

test('a watcher that ended is not told: no stray notices', () => {
  const runtime = started(root([child('w', {}, { restart: 'temporary' }), child('t')]));
  run(runtime, '/w', (ctx) => void ctx.monitor(ctx.ref('/t')));
  runtime.kill('/w');
  runtime.crash('/t');
  assert.equal(runtime.counters().deadLettered, 0);
});

test('a supervisor that is started again has its whole budget', () => {
  const runtime = started(root([supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1e6 }, children: [child('a')] })]));
  runtime.crash('/s/a');
  runtime.crash('/s');
  runtime.crash('/s/a');
  assert.equal(runtime.inspect('/s')?.incarnation, 2);
});

test('a temporary child of a restarted supervisor begins anew, whatever it restores', () => {
  const runtime = started(root([supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [child('t', {}, { ...keep, restart: 'temporary' })] })]));
  runtime.send('/s/t', { type: 'add', n: 1 });
  runtime.drain();
  runtime.crash('/s');
  assert.equal(total(runtime, '/s/t'), 0);
  assert.equal(runtime.inspect('/s/t')?.incarnation, 1);
});

test('a quarantined child stays down through a group restart, and does not count as a significant end', () => {
  const quarantine = { restarts: 0, withinMs: 1000 };
  const runtime = started(root([supervisor({
    id: 's', strategy: 'restForOne', intensity: { restarts: 5, withinMs: 1000 }, autoShutdown: 'anySignificant',
    children: [child('a'), child('q', {}, { quarantine, restart: 'transient', significant: true }), child('c')],
  })]));
  runtime.crash('/s/q');
  assert.equal(stateOf(runtime, '/s'), 'running');
  assert.equal(stateOf(runtime, '/s/q'), 'quarantined');
  runtime.crash('/s/a');
  assert.deepEqual([stateOf(runtime, '/s/a'), stateOf(runtime, '/s/q'), stateOf(runtime, '/s/c')], ['running', 'quarantined', 'running']);
});

test('a supervisor that shut itself down and is permanent begins anew, its children too', () => {
  const runtime = started(root([supervisor({
    id: 's', strategy: 'oneForOne', ...generous, autoShutdown: 'anySignificant',
    children: [child('a', {}, keep), child('sig', {}, { restart: 'transient', significant: true })],
  })]));
  runtime.send('/s/a', { type: 'add', n: 1 });
  runtime.send('/s/sig', { type: 'end' });
  runtime.drain();
  assert.equal(runtime.inspect('/s')?.incarnation, 2);
  assert.equal(total(runtime, '/s/a'), 0);
});
