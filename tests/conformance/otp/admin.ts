import assert from 'node:assert/strict';
import { child, dyn, ref, Rig, Script, sup, tag } from '../support.js';

export function child_adm(): void {
  const script = new Script();
  const spec = child('child1', script, { shutdown: 1000 });
  const rig = Rig.started(sup('sup', [spec]));
  const { runtime } = rig;
  assert.deepEqual(rig.children(), ['child1#1']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  const again = runtime.startChild('/', spec);
  assert.deepEqual(again, { ok: false, reason: { kind: 'already_started', path: '/child1' } });
  assert.equal(script.starts, 1);

  // Termination.
  assert.equal(tag(runtime.terminateChild('/', 'hej')), 'not_found');
  assert.equal(tag(runtime.terminateChild('/foo', 'child1')), 'not_found');
  rig.end('/child1', 'supervisor');
  assert.deepEqual(rig.children(), ['child1 stopped']);
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);
  assert.equal(tag(runtime.terminateChild('/', 'child1')), 'ok', 'like deleting what is not there');
  assert.equal(tag(runtime.startChild('/', spec)), 'already_present');

  // Restart.
  assert.equal(tag(runtime.restartChild('/', 'child1')), 'ok');
  assert.deepEqual(rig.children(), ['child1#2']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  assert.equal(tag(runtime.restartChild('/', 'child1')), 'running');
  assert.equal(tag(runtime.restartChild('/', 'child2')), 'not_found');
  assert.equal(tag(runtime.restartChild('/foo', 'child1')), 'not_found');

  // Deletion.
  assert.equal(tag(runtime.deleteChild('/', 'child1')), 'running');
  assert.equal(tag(runtime.deleteChild('/', 'hej')), 'not_found');
  assert.equal(tag(runtime.deleteChild('/foo', 'child1')), 'not_found');
  assert.equal(tag(runtime.terminateChild('/', 'child1')), 'ok');
  assert.equal(tag(runtime.deleteChild('/', 'child1')), 'ok');
  assert.equal(tag(runtime.restartChild('/', 'child1')), 'not_found');
  assert.deepEqual(rig.children(), []);
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);

  // Start.
  assert.equal(tag(runtime.startChild('/foo', spec)), 'not_found');
  const third = ref(runtime.startChild('/', spec));
  assert.deepEqual(rig.children(), ['child1#1']);
  assert.equal(tag(runtime.terminateChild('/', third)), 'needs_id', 'a static supervisor knows its children by id');
  assert.equal(tag(runtime.startChild('/child1', child('grandchild'))), 'not_supervisor');
  assert.deepEqual(rig.children(), ['child1#1']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  assert.equal(runtime.whichChildren('/foo'), undefined);
  assert.equal(runtime.countChildren('/foo'), undefined);
  assert.equal(runtime.counters().restarts, 0, 'nothing of this counts as a restart');
}

export function child_adm_simple(): void {
  const rig = Rig.started(sup('sup', [dyn('d'), child('foreign')]));
  const { runtime } = rig;
  assert.deepEqual(rig.children('/d'), []);
  assert.deepEqual(rig.counts('/d'), [0, 0, 0, 0]);
  const first = ref(runtime.startChild('/d', child('a')));
  assert.deepEqual(rig.counts('/d'), [1, 1, 0, 1]);
  ref(runtime.startChild('/d', child('b')));
  assert.deepEqual(rig.children('/d'), ['a#1', 'b#1']);
  assert.deepEqual(rig.counts('/d'), [2, 2, 0, 2]);

  assert.equal(tag(runtime.terminateChild('/d', 'a')), 'needs_reference');
  assert.deepEqual(rig.counts('/d'), [2, 2, 0, 2]);
  const ends = rig.watch('/d/a');
  assert.equal(tag(runtime.terminateChild('/d', first)), 'ok');
  assert.deepEqual(ends, [{ kind: 'shutdown' }]);
  assert.deepEqual(rig.children('/d'), ['b#1']);
  assert.deepEqual(rig.counts('/d'), [1, 1, 0, 1]);
  assert.equal(tag(runtime.terminateChild('/d', first)), 'ok', 'one of ours that has gone');
  assert.deepEqual(rig.counts('/d'), [1, 1, 0, 1]);
  assert.equal(tag(runtime.terminateChild('/d', runtime.ref('/foreign'))), 'not_found');
  assert.equal(rig.state('/foreign'), 'running');

  assert.equal(tag(runtime.restartChild('/d', 'b')), 'needs_reference');
  assert.equal(tag(runtime.deleteChild('/d', 'b')), 'needs_reference');
  assert.deepEqual(rig.children('/d'), ['b#1']);
}

export function extra_return(): void {
  const script = new Script({ info: 'extra_return' });
  const spec = child('child1', script);
  const rig = Rig.started(sup('sup', [spec]));
  const { runtime } = rig;
  for (const answer of [runtime.terminateChild('/', 'hej'), runtime.deleteChild('/', 'hej'), runtime.restartChild('/', 'hej')]) assert.equal(tag(answer), 'not_found');
  assert.equal(tag(runtime.deleteChild('/', 'child1')), 'running');
  assert.equal(tag(runtime.restartChild('/', 'child1')), 'running');
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);

  rig.end('/child1', 'supervisor');
  assert.deepEqual(rig.children(), ['child1 stopped']);
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);
  const restarted = runtime.restartChild('/', 'child1');
  assert.ok(restarted.ok && restarted.info === 'extra_return');
  assert.deepEqual(rig.children(), ['child1#2']);

  for (const answer of [runtime.terminateChild('/', 'child1'), runtime.terminateChild('/', 'child1'), runtime.deleteChild('/', 'child1')]) assert.equal(tag(answer), 'ok');
  assert.equal(tag(runtime.restartChild('/', 'child1')), 'not_found');
  assert.deepEqual(rig.children(), []);
  const started = runtime.startChild('/', spec);
  assert.ok(started.ok && started.info === 'extra_return');
  assert.deepEqual(rig.children(), ['child1#1']);

  rig.end('/child1', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#2'], 'restarted, with nobody to tell');
  // Information belongs to the start that gave it.
  script.info = undefined;
  const other = runtime.startChild('/', child('child2'));
  assert.ok(other.ok && !('info' in other));
}
