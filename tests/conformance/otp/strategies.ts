import assert from 'node:assert/strict';
import { causes, child, dyn, ref, Rig, Script, sup, tag } from '../support.js';

/** The supervisor ended by itself because its budget was used up. */
function gaveUp(rig: Rig, child_: string): void {
  assert.equal(rig.alive, false);
  assert.equal(rig.ended.length, 1);
  const reason = rig.ended[0];
  assert.equal(reason?.kind === 'error' && reason.cause.name, 'IntensityExceeded');
  assert.ok(causes(reason)[0]?.includes(`"${child_}"`), causes(reason)[0]);
  assert.ok(rig.failures().includes(`shutdown ${child_} error`));
  assert.equal(rig.runtime.counters().cells, 0);
}

export function multiple_restarts(): void {
  const rig = Rig.started(sup('sup', [child('child1', new Script(), { shutdown: 'brutal' })], { intensity: { restarts: 1, withinMs: 1000 } }));
  for (let n = 1; n <= 20; n++) {
    rig.end('/child1', 'abnormal');
    assert.deepEqual(rig.children(), [`child1#${n + 1}`]);
    rig.pass(1000.001);
  }
  assert.equal(tag(rig.runtime.terminateChild('/', 'child1')), 'ok');
  assert.equal(tag(rig.runtime.deleteChild('/', 'child1')), 'ok');
  // At the very end of the window the earlier restart still counts.
  assert.equal(tag(rig.runtime.startChild('/', child('child1'))), 'ok');
  rig.end('/child1', 'abnormal');
  rig.pass(1000);
  rig.runtime.crash('/child1');
  gaveUp(rig, 'child1');
}

export function one_for_one(): void {
  const rig = Rig.started(sup('sup', [child('child1'), child('child2')]));
  const second = rig.watch('/child2');
  rig.end('/child1', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#2', 'child2#1']);
  assert.deepEqual(second, []);
  assert.deepEqual(rig.counts(), [2, 2, 0, 2]);
  rig.end('/child2', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#2', 'child2#2'], 'the budget is the supervisor’s, and not used up by two');
  rig.runtime.crash('/child1');
  gaveUp(rig, 'child1');
}

/** A child that can never be started again, beside one that is well. */
function escalation(rig: Rig, failing: Script, crash: string, culprit: string, restarts: number): void {
  const begun = failing.starts;
  const top = rig.watch('/');
  failing.start = 'error';
  rig.runtime.crash(crash);
  rig.runtime.drain();
  gaveUp(rig, culprit);
  assert.deepEqual(top.map((reason) => reason.kind), ['error']);
  assert.equal(failing.starts - begun, restarts, 'it is tried as often as the budget says');
}

const BUDGET = { intensity: { restarts: 4, withinMs: 3_600_000 } };

export function one_for_one_escalation(): void {
  const failing = new Script();
  const log: string[] = [];
  const rig = Rig.started(sup('sup', [child('child1', failing), child('child2', new Script({ log }))], BUDGET));
  escalation(rig, failing, '/child1', 'child1', 4);
  assert.deepEqual(log, ['+child2', '-child2 shutdown']);
}

export function one_for_all(): void {
  const rig = Rig.started(sup('sup', [child('child1'), child('child2')], { strategy: 'oneForAll' }));
  const second = rig.watch('/child2');
  rig.end('/child1', 'abnormal');
  assert.deepEqual(second, [{ kind: 'shutdown' }]);
  assert.deepEqual(rig.children(), ['child1#2', 'child2#2']);
  assert.deepEqual(rig.counts(), [2, 2, 0, 2]);
  rig.end('/child2', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#3', 'child2#3']);
  rig.runtime.crash('/child2');
  gaveUp(rig, 'child2');
}

export function one_for_all_escalation(): void {
  const failing = new Script();
  const rig = Rig.started(sup('sup', [child('child1'), child('child2', failing)], { strategy: 'oneForAll', ...BUDGET }));
  const second = rig.watch('/child2');
  escalation(rig, failing, '/child1', 'child2', 4);
  assert.deepEqual(second, [{ kind: 'shutdown' }]);
}

export function one_for_all_other_child_fails_restart(): void {
  const log: string[] = [];
  const [first, second] = [new Script({ log }), new Script({ log })];
  const rig = Rig.started(sup('sup', [child('child1', first), child('child2', second)], { strategy: 'oneForAll', intensity: { restarts: 3, withinMs: 3_600_000 } }));
  log.length = 0;
  second.failNext = 1;
  rig.runtime.crash('/child1');
  assert.deepEqual(rig.children(), ['child1#2', 'child2 restarting'], 'between two attempts the first one stays up');
  rig.runtime.drain();
  assert.deepEqual(log, ['-child1 error', '-child2 shutdown', '+child1', '-child1 shutdown', '+child1', '+child2']);
  assert.deepEqual(rig.children(), ['child1#3', 'child2#3']);
  assert.equal(first.starts, 3);
  assert.deepEqual(rig.failures(), ['child_terminated child1 error', 'start_error child2 error']);
}

function dynamicPair(info?: string): Rig {
  const rig = Rig.started(dyn('sup', { restart: 'permanent' }));
  for (const id of ['a', 'b']) {
    const answer = rig.runtime.startChild('/', child(id, new Script({ info })));
    assert.ok(answer.ok && answer.info === info);
  }
  const second = rig.watch('/b');
  rig.end('/a', 'abnormal');
  assert.deepEqual(rig.children(), ['a#2', 'b#1']);
  assert.deepEqual(second, []);
  assert.deepEqual(rig.counts(), [2, 2, 0, 2]);
  rig.end('/b', 'abnormal');
  assert.deepEqual(rig.children(), ['a#2', 'b#2']);
  rig.runtime.crash('/a');
  return rig;
}

export function simple_one_for_one(): void {
  gaveUp(dynamicPair(), 'a');
}

export function simple_one_for_one_shutdown(): void {
  const rig = Rig.started(dyn('sup', { restart: 'permanent', shutdown: 2000 }));
  for (const [id, cleanupMs] of [['a', 1000], ['b', 1000], ['c', 5000]] as const) ref(rig.runtime.startChild('/', child(id, new Script({ cleanupMs }))));
  const ends = ['/a', '/b', '/c'].map((path) => rig.watch(path));
  assert.equal(rig.stop(), 2000, 'as long as the longest polite child, capped by the time-out');
  assert.deepEqual(ends.map((reasons) => reasons.map((reason) => reason.kind)), [['shutdown'], ['shutdown'], ['killed']]);
  const polite = Rig.started(dyn('sup', { shutdown: 2000 }));
  for (const [id, cleanupMs] of [['a', 300], ['b', 1000]] as const) ref(polite.runtime.startChild('/', child(id, new Script({ cleanupMs }))));
  assert.equal(polite.stop(), 1000, 'not the sum');
}

export function simple_one_for_one_extra(): void {
  gaveUp(dynamicPair('extra_info'), 'a');
}

export function simple_one_for_one_escalation(): void {
  const failing = new Script();
  const log: string[] = [];
  const rig = Rig.started(dyn('sup', {}, BUDGET));
  ref(rig.runtime.startChild('/', child('a', failing)));
  ref(rig.runtime.startChild('/', child('b', new Script({ log }))));
  escalation(rig, failing, '/a', 'a', 4);
  assert.deepEqual(log, ['+b', '-b shutdown']);
}

export function rest_for_one(): void {
  const rig = Rig.started(sup('sup', [child('child1'), child('child2'), child('child3')], { strategy: 'restForOne' }));
  const [first, third] = [rig.watch('/child1'), rig.watch('/child3')];
  rig.end('/child2', 'abnormal');
  assert.deepEqual(third, [{ kind: 'shutdown' }]);
  assert.deepEqual(first, []);
  assert.deepEqual(rig.children(), ['child1#1', 'child2#2', 'child3#2']);
  assert.deepEqual(rig.counts(), [3, 3, 0, 3]);
  rig.end('/child3', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#1', 'child2#2', 'child3#3'], 'nothing before it is touched');
  rig.runtime.crash('/child2');
  gaveUp(rig, 'child2');
}

export function rest_for_one_escalation(): void {
  const failing = new Script();
  const rig = Rig.started(sup('sup', [child('child1'), child('child2', failing)], { strategy: 'restForOne', ...BUDGET }));
  const second = rig.watch('/child2');
  escalation(rig, failing, '/child1', 'child2', 4);
  assert.deepEqual(second, [{ kind: 'shutdown' }]);
}

export function rest_for_one_other_child_fails_restart(): void {
  const scripts = [new Script(), new Script(), new Script()] as const;
  const rig = Rig.started(sup('sup', scripts.map((script, n) => child(`child${n + 1}`, script)), { strategy: 'restForOne', intensity: { restarts: 3, withinMs: 3_600_000 } }));
  scripts[1].failNext = 1;
  rig.runtime.crash('/child1');
  assert.deepEqual(rig.children(), ['child1#2', 'child2 restarting', 'child3 restarting'], 'those after it wait');
  assert.equal(scripts[2].starts, 1);
  rig.runtime.drain();
  assert.deepEqual(rig.children().map((line) => line.slice(0, 7)), ['child1#', 'child2#', 'child3#']);
  assert.equal(rig.incarnation('/child1'), 2, 'the one that came back stays');
  assert.deepEqual(scripts.map((script) => script.starts), [2, 3, 2]);
}
