import assert from 'node:assert/strict';
import { createRuntime, VirtualClock } from '../../../runtime/index.js';
import { causes, child, dyn, Rig, Script, sup, tag } from '../support.js';

export function sup_start_normal(): void {
  const rig = Rig.started(sup('sup'));
  assert.equal(rig.state('/'), 'running');
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
  const reasons = rig.watch('/');
  assert.equal(rig.stop(), 0);
  assert.deepEqual(reasons, [{ kind: 'shutdown' }]);
  assert.deepEqual(rig.failures(), []);
  assert.deepEqual(rig.ended, [], 'a stop that was asked for is no end by itself');
}

export function sup_start_ignore_init(): void {
  const rig = new Rig(child('child1', new Script({ start: 'ignore' })));
  assert.ok(rig.answer.ok && rig.answer.ignored === true);
  assert.equal(rig.alive, false);
  assert.equal(rig.runtime.counters().cells, 0);
  assert.deepEqual(rig.failures(), [], 'to ignore a start is no failure');
  assert.deepEqual(rig.ended, []);
}

export function sup_start_ignore_child(): void {
  const rig = Rig.started(sup('sup'));
  const ignored = rig.runtime.startChild('/', child('child1', new Script({ start: 'ignore' })));
  assert.ok(ignored.ok && ignored.ignored === true);
  assert.equal(rig.runtime.send(ignored.ref, 'stop'), 'dead', 'its reference is nobody');
  const second = rig.runtime.startChild('/', child('child2'));
  assert.ok(second.ok && second.ignored === undefined);
  assert.deepEqual(rig.children(), ['child1 stopped', 'child2#1']);
  assert.deepEqual(rig.counts(), [2, 1, 0, 2]);
  assert.equal(tag(rig.runtime.startChild('/', child('child1'))), 'already_present');
  // Also among the children a supervisor begins with.
  const boot = Rig.started(sup('sup', [child('child1', new Script({ start: 'ignore' })), child('child2')]));
  assert.deepEqual(boot.children(), ['child1 stopped', 'child2#1']);
}

export function sup_start_ignore_temporary_child(): void {
  const rig = Rig.started(sup('sup', [
    child('child1', new Script({ start: 'ignore' }), { restart: 'temporary' }), child('child2', new Script(), { restart: 'temporary' }),
  ]));
  assert.deepEqual(rig.children(), ['child2#1']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
}

export function sup_start_ignore_temporary_child_start_child(): void {
  const rig = Rig.started(sup('sup'));
  const ignored = rig.runtime.startChild('/', child('child1', new Script({ start: 'ignore' }), { restart: 'temporary' }));
  assert.ok(ignored.ok && ignored.ignored === true);
  assert.equal(tag(rig.runtime.startChild('/', child('child2', new Script(), { restart: 'temporary' }))), 'ok');
  assert.deepEqual(rig.children(), ['child2#1']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  assert.equal(tag(rig.runtime.startChild('/', child('child1'))), 'ok', 'the id is free');
}

export function sup_start_ignore_temporary_child_start_child_simple(): void {
  ignoreInDynamic('temporary');
}

export function sup_start_ignore_permanent_child_start_child_simple(): void {
  const rig = ignoreInDynamic('permanent');
  const reasons = rig.watch('/');
  assert.equal(rig.stop(), 0);
  assert.deepEqual(reasons, [{ kind: 'shutdown' }]);
  assert.deepEqual(rig.failures(), []);
}

function ignoreInDynamic(restart: 'temporary' | 'permanent'): Rig {
  const rig = Rig.started(dyn('sup', { restart }));
  const ignored = rig.runtime.startChild('/', child('child1', new Script({ start: 'ignore' })));
  assert.ok(ignored.ok && ignored.ignored === true);
  assert.equal(tag(rig.runtime.startChild('/', child('child2'))), 'ok');
  assert.deepEqual(rig.children(), ['child2#1']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  return rig;
}

export function sup_start_error_return(): void {
  for (const garbage of ['invalid', undefined, null, 7, [], { ok: true }]) {
    const runtime = createRuntime({ clock: new VirtualClock(0) });
    const answer = runtime.start(garbage as never);
    assert.equal(tag(answer), 'invalid_spec');
    assert.ok(!answer.ok && answer.reason.kind === 'invalid_spec' && answer.reason.problems.length > 0);
    assert.equal(runtime.tree(), null);
    assert.equal(tag(runtime.start(sup('sup'))), 'ok', 'the runtime is still good for a tree');
  }
}

export function sup_start_fail(): void {
  const log: string[] = [];
  const rig = new Rig(sup('sup', [child('child1', new Script({ log })), child('child2', new Script({ log, start: 'throw' })), child('child3', new Script({ log }))]));
  assert.equal(tag(rig.answer), 'start_failed');
  assert.deepEqual(causes(rig.answer), ['child "child2" did not start', 'start threw']);
  assert.deepEqual(log, ['+child1', '-child1 shutdown'], 'what had started is stopped, what comes later is not started');
  assert.deepEqual(rig.failures(), ['start_error child2 error']);
  assert.equal(rig.runtime.counters().cells, 0);
  assert.deepEqual(rig.ended, [], 'the caller was told');
}

export function sup_start_child_returns_error(): void {
  returnsError(Rig.started(sup('sup')));
}

export function sup_start_child_returns_error_simple(): void {
  returnsError(Rig.started(dyn('sup')));
}

const FAILURES = [['error', 'reason'], ['odd', 'init returned a promise'], ['throw', 'start threw']] as const;

function returnsError(rig: Rig): void {
  for (const [start, message] of FAILURES) {
    const answer = rig.runtime.startChild('/', child('child1', new Script({ start })));
    assert.equal(tag(answer), 'start_failed');
    assert.ok(causes(answer)[0]?.startsWith(message), JSON.stringify(answer));
    assert.deepEqual(rig.children(), []);
    assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
    assert.equal(rig.runtime.inspect('/child1'), undefined);
  }
  assert.deepEqual(rig.failures(), [], 'the caller is told, and nobody else');
  assert.equal(rig.runtime.counters().cells, 1);
}

export function sup_start_restart_child_returns_error(): void {
  for (const [start, message] of FAILURES) {
    const script = new Script();
    const rig = Rig.started(sup('sup', [child('child1', script)]));
    assert.equal(tag(rig.runtime.terminateChild('/', 'child1')), 'ok');
    script.start = start;
    const answer = rig.runtime.restartChild('/', 'child1');
    assert.equal(tag(answer), 'start_failed');
    assert.ok(causes(answer)[0]?.startsWith(message));
    assert.deepEqual(rig.children(), ['child1 stopped']);
    rig.pass(60_000);
    assert.deepEqual(rig.children(), ['child1 stopped'], 'a failed manual restart is not tried again by itself');
    script.start = 'ok';
    assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok');
    assert.equal(rig.state('/child1'), 'running');
  }
}
