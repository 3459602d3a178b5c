import assert from 'node:assert/strict';
import { causes, child, Rig, Script, sup, tag } from '../support.js';

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
