import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Down, type Runtime, supervisor, worker } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

function nodeOf(runtime: Runtime, id: string) {
  const node = runtime.tree()?.children.find((one) => one.id === id);
  assert.ok(node);
  return node;
}

test('a suspended actor handles nothing; messages and timers that fire wait and are handled in order after resume', () => {
  const seen: string[] = [];
  const behaviour = {
    name: 'b', version: 1,
    init: (ctx: ActorContext<string>) => { ctx.startTimer('t', 5, 'timer'); return null; },
    step: (state: null, message: string) => { seen.push(message); return state; },
  };
  const runtime = started(root([worker({ id: 'a', behaviour })]));
  assert.deepEqual(runtime.suspend('/a'), { ok: true, path: '/a', state: 'suspended' });
  runtime.send('/a', 'one');
  runtime.advanceTo(10_000);
  runtime.send('/a', 'two');
  runtime.drain();
  assert.deepEqual(seen, []);
  assert.deepEqual([nodeOf(runtime, 'a').state, nodeOf(runtime, 'a').mailbox, stateOf(runtime, '/a')], ['suspended', 3, 'suspended']);
  assert.equal(runtime.step(), false, 'nothing is left to run');
  assert.deepEqual(runtime.resume('/a'), { ok: true, path: '/a', state: 'running' });
  runtime.drain();
  assert.deepEqual(seen, ['one', 'timer', 'two']);
});

test('the mailbox of a suspended actor is bounded as ever', () => {
  const runtime = started(root([child('a', {}, { mailbox: { capacity: 2 } })]));
  runtime.suspend('/a');
  const answers = [1, 2, 3].map((n) => runtime.send('/a', { type: 'add', n }));
  assert.deepEqual(answers, ['delivered', 'delivered', 'full']);
  runtime.resume('/a');
  runtime.drain();
  assert.equal(total(runtime, '/a'), 3);
});

test('notices wait too: the behaviour does not run while it is suspended', () => {
  const downs: string[] = [];
  const watching = {
    name: 'w', version: 1,
    init: (ctx: ActorContext<Down>) => { ctx.monitor(ctx.ref('/b')); return null; },
    step: (state: null, down: Down) => { downs.push(down.path); return state; },
  };
  const runtime = started(root([child('b'), worker({ id: 'w', behaviour: watching })], generous));
  runtime.suspend('/w');
  runtime.crash('/b');
  runtime.drain();
  assert.deepEqual(downs, []);
  runtime.resume('/w');
  runtime.drain();
  assert.deepEqual(downs, ['/b']);
});

test('a suspended actor can be stopped, with its hook and, if that asks for it, a last exchange', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('slow', { log, onStop: () => 'pending' })]));
  runtime.suspend('/a');
  runtime.suspend('/slow');
  runtime.send('/slow', { type: 'add', n: 1 });
  runtime.terminateChild('/', 'a');
  assert.equal(log.at(-1), '-a shutdown');
  runtime.terminateChild('/', 'slow');
  assert.equal(stateOf(runtime, '/slow'), 'stopping');
  run(runtime, '/slow', (ctx) => ctx.stop());
  assert.equal(stateOf(runtime, '/slow'), 'stopped');
});

test('a suspended actor can be crashed and killed, and its restart is not suspended, with the last good state or without', () => {
  const runtime = started(root([child('a'), child('b', {}, { restore: 'lastGood' })], generous));
  for (const path of ['/a', '/b']) {
    for (const end of ['crash', 'kill'] as const) {
      runtime.send(path, { type: 'add', n: 1 });
      runtime.drain();
      runtime.suspend(path);
      runtime.send(path, { type: 'add', n: 10 });
      runtime.drain();
      assert.equal(runtime[end](path), true);
      assert.equal(stateOf(runtime, path), 'running');
      runtime.drain();
    }
  }
  assert.equal(total(runtime, '/a'), 10);
  assert.equal(total(runtime, '/b'), 22, 'each time with what waited');
});

test('a suspended bystander of a group restart comes back running', () => {
  const runtime = started(root([child('x'), child('a', {}, { restore: 'lastGood' })], { strategy: 'oneForAll', ...generous }));
  runtime.suspend('/a');
  runtime.crash('/x');
  assert.equal(stateOf(runtime, '/a'), 'running');
});

test('the deadline of an ask goes on while its target is suspended', () => {
  const runtime = started(root([child('a')]));
  runtime.suspend('/a');
  const answers: unknown[] = [];
  runtime.ask('/a', { type: 'do', run: (ctx: ActorContext) => ctx.reply(1) }, 10, (answer) => answers.push(answer));
  runtime.advanceTo(20_000);
  assert.deepEqual(answers, [{ ok: false, reason: 'timeout' }]);
});

test('suspending what cannot be suspended says why', () => {
  const runtime = started(root([supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [] }), child('gone')]));
  runtime.terminateChild('/', 'gone');
  assert.deepEqual(runtime.suspend('/nobody'), { ok: false, reason: { kind: 'not_found', path: '/nobody' } });
  assert.deepEqual(runtime.suspend('/s'), { ok: false, reason: { kind: 'not_worker', path: '/s' } });
  assert.deepEqual(runtime.resume('/gone'), { ok: false, reason: { kind: 'not_running', path: '/gone', state: 'stopped' } });
});

test('suspending and resuming twice are no errors', () => {
  const runtime = started(root([child('a')]));
  for (const verb of ['suspend', 'suspend', 'resume', 'resume'] as const) assert.equal(runtime[verb]('/a').ok, true);
  run(runtime, '/a', () => undefined);
  assert.equal(nodeOf(runtime, 'a').handled, 1);
});

test('an effect may suspend its own actor: the next message waits, though it was queued before', () => {
  let runtime: Runtime | null = null;
  runtime = started(root([child('a')]), { effects: { pause: () => runtime?.suspend('/a') } });
  runtime.send('/a', { type: 'do', run: (ctx: ActorContext) => ctx.effect('pause', null) });
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 0);
  runtime.resume('/a');
  runtime.drain();
  assert.equal(total(runtime, '/a'), 1);
});

test('a turn cannot suspend anybody: between turns only', () => {
  let runtime: Runtime | null = null;
  let answer: unknown;
  runtime = started(root([child('a')]));
  run(runtime, '/a', () => { answer = runtime?.suspend('/a'); });
  assert.deepEqual(answer, { ok: false, reason: { kind: 'in_turn', path: '/a' } });
});
