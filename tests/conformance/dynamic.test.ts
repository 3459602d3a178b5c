/** Dynamic supervisors beyond what OTP's suite asks of simple_one_for_one: limits, templates and ignored restarts, after Elixir's DynamicSupervisor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Behaviour, createRuntime, dynamicSupervisor, supervisor, VirtualClock, worker } from '../../runtime/index.js';
import { child, dyn, ref, Rig, Script, sup, tag } from './support.js';

const backoff = { minMs: 100, maxMs: 100, jitter: 0 };

test('the limit counts every child that is known: running, restarting, stopping', () => {
  const rig = Rig.started(dyn('sup', { backoff }, { maxChildren: 3 }));
  for (const id of ['a', 'b', 'c']) ref(rig.runtime.startChild('/', child(id, new Script({ cleanupMs: id === 'b' ? 50 : 0 }))));
  const refused = { ok: false, reason: { kind: 'max_children', limit: 3 } };
  assert.deepEqual(rig.runtime.startChild('/', child('d')), refused);
  rig.runtime.crash('/a');
  assert.deepEqual(rig.children(), ['a restarting', 'b#1', 'c#1']);
  assert.deepEqual(rig.runtime.startChild('/', child('d')), refused, 'a restarting child will need its place');
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/b'))), 'ok');
  assert.deepEqual(rig.runtime.startChild('/', child('d')), refused, 'one that is still stopping is still there');
  rig.pass(50);
  assert.equal(tag(rig.runtime.startChild('/', child('d'))), 'ok');
  rig.pass(50);
  assert.deepEqual(rig.children(), ['a#2', 'c#1', 'd#1']);
  assert.deepEqual(rig.runtime.startChild('/', child('e')), refused);
});

test('a limit of 0 takes nobody; a start that fails or is ignored takes no place', () => {
  const none = Rig.started(dyn('sup', {}, { maxChildren: 0 }));
  assert.equal(tag(none.runtime.startChild('/', child('a'))), 'max_children');
  const rig = Rig.started(dyn('sup', {}, { maxChildren: 1 }));
  for (const start of ['error', 'throw', 'odd', 'ignore'] as const) rig.runtime.startChild('/', child('a', new Script({ start })));
  assert.equal(tag(rig.runtime.startChild('/', child('a'))), 'ok');
});

test('a lowered limit sends nobody away and takes nobody in', () => {
  const rig = Rig.started(dyn('sup', {}, { maxChildren: 3 }));
  for (const id of ['a', 'b', 'c']) ref(rig.runtime.startChild('/', child(id)));
  assert.equal(rig.runtime.reconfigure('/', { maxChildren: 1 }).ok, true);
  assert.deepEqual(rig.children(), ['a#1', 'b#1', 'c#1']);
  rig.end('/a', 'abnormal');
  assert.deepEqual(rig.children(), ['a#2', 'b#1', 'c#1'], 'a restart is no new child');
  for (const id of ['a', 'b', 'c']) {
    assert.equal(tag(rig.runtime.startChild('/', child('d'))), 'max_children');
    assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref(`/${id}`))), 'ok');
  }
  assert.equal(tag(rig.runtime.startChild('/', child('d'))), 'ok');
});

test('a child that ignores its restart is gone', () => {
  for (const restart of ['permanent', 'transient'] as const) {
    const script = new Script();
    const rig = Rig.started(dyn('sup', { restart }));
    ref(rig.runtime.startChild('/', child('a', script)));
    rig.end('/a', 'kill');
    assert.deepEqual(rig.children(), ['a#2']);
    script.start = 'ignore';
    rig.end('/a', 'kill');
    assert.deepEqual(rig.children(), []);
    assert.equal(rig.runtime.counters().cells, 1);
    assert.equal(rig.stop(), 0);
  }
  // In a static supervisor it is kept, without an incarnation.
  const script = new Script();
  const fixed = Rig.started(sup('sup', [child('a', script)]));
  script.start = 'ignore';
  fixed.end('/a', 'kill');
  assert.deepEqual(fixed.children(), ['a stopped']);
});

test('the template gives what a child leaves out, and no more', () => {
  const rig = Rig.started(dyn('sup', { restart: 'temporary', shutdown: 123 }));
  const first = ref(rig.runtime.startChild('/', child('a')));
  const second = ref(rig.runtime.startChild('/', child('b', new Script(), { restart: 'permanent' })));
  const fields = (one: typeof first): unknown[] => {
    const spec = rig.runtime.getChildSpec('/', one) as unknown as Record<string, unknown>;
    return [spec['restart'], spec['shutdown']];
  };
  assert.deepEqual([fields(first), fields(second)], [['temporary', 123], ['permanent', 123]]);
  for (const path of ['/a', '/b']) rig.end(path, 'abnormal');
  assert.deepEqual(rig.children(), ['b#2']);
});

test('supervisors can be children too; each child fails alone', () => {
  const rig = Rig.started(dyn('sup', {}, { intensity: { restarts: 1, withinMs: 1000 } }));
  ref(rig.runtime.startChild('/', sup('s', [child('x'), child('y')], { strategy: 'oneForAll', intensity: { restarts: 1, withinMs: 1000 } })));
  ref(rig.runtime.startChild('/', child('w')));
  rig.end('/s/x', 'abnormal');
  assert.deepEqual([rig.children(), rig.children('/s')], [['s#1', 'w#1'], ['x#2', 'y#2']]);
  rig.runtime.crash('/s/x');
  assert.deepEqual(rig.children(), ['s#2', 'w#1'], 'escalated one level, counted once');
});

test('children that were added are lost when their supervisor begins anew, also those that keep their state if it gave up', () => {
  const rig = Rig.started(sup('root', [dyn('d'), child('other')], { strategy: 'oneForAll', intensity: { restarts: 9, withinMs: 1000 } }));
  ref(rig.runtime.startChild('/d', child('fresh')));
  ref(rig.runtime.startChild('/d', child('kept', new Script(), { restore: 'lastGood' })));
  rig.end('/other', 'abnormal');
  assert.deepEqual(rig.children('/d'), ['kept#2'], 'an innocent bystander with the last good state goes on');
  for (let n = 0; n < 3; n++) rig.runtime.crash('/d/kept');
  assert.deepEqual(rig.children('/d'), []);
  assert.equal(rig.incarnation('/d'), 3);
});

test('a child in its back-off can be terminated; its timer goes with it', () => {
  const rig = Rig.started(dyn('sup', { backoff }));
  ref(rig.runtime.startChild('/', child('a')));
  rig.runtime.crash('/a');
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/a'))), 'ok');
  assert.deepEqual([rig.children(), rig.runtime.counters().timers], [[], 0]);
  rig.pass(1000);
  assert.deepEqual(rig.children(), []);
});

test('children that take their time to stop together scale with their number, in whatever order they end', () => {
  const MOST = 20_000;
  for (const order of ['firstFirst', 'lastFirst'] as const) {
    const behaviour: Behaviour<number, never, number> = {
      name: 'slow', version: 1, init: (_ctx, delayMs) => delayMs, step: (state, _message, ctx) => { ctx.stop(); return state; },
      stop: (delayMs, ctx) => { ctx.startTimer('end', delayMs, null as never); return 'pending'; },
    };
    const runtime = createRuntime({ clock: new VirtualClock(0) });
    runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [
      dynamicSupervisor({ id: 'd', intensity: { restarts: 0, withinMs: 1 }, template: { restart: 'temporary', shutdown: 100_000 } }),
    ] }));
    for (let n = 0; n < MOST; n++) {
      assert.ok(runtime.startChild('/d', worker({ id: `c${n}`, behaviour, input: 1 + (order === 'firstFirst' ? n : MOST - n) })).ok);
    }
    const beganMs = performance.now();
    assert.equal(runtime.stop(), false);
    runtime.advanceTo(MOST * 1000 + 2000);
    assert.equal(runtime.counters().cells, 0);
    // A look at all children at each end is some 10 s for these, and four times that for twice as many.
    assert.ok(performance.now() - beganMs < 3000, `${order}: ${Math.round(performance.now() - beganMs)} ms`);
  }
});

test('a reference to a grandchild is not found, and nothing happens to it', () => {
  const rig = Rig.started(dyn('sup', {}));
  ref(rig.runtime.startChild('/', sup('s', [child('x')])));
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/s/x'))), 'not_found');
  assert.equal(rig.runtime.inspect('/s/x')?.state, 'running');
});
