import assert from 'node:assert/strict';
import { child, dyn, ref, Rig, Script, sup, tag } from '../support.js';

const BUDGET = { intensity: { restarts: 8, withinMs: 10_000 } };

/** Crashes the child so that its next starts fail, and lets the supervisor try a few times: it is in the middle of its loop then. */
function hang(rig: Rig, script: Script, path: string): void {
  script.start = 'error';
  const begun = script.starts;
  assert.equal(rig.runtime.crash(path), true);
  for (let n = 0; n < 3; n++) assert.equal(rig.runtime.step(), true, 'the next attempt is a turn of its own');
  assert.equal(script.starts - begun, 4);
  assert.equal(rig.state(path), 'restarting');
}

export function hanging_restart_loop(): void {
  const script = new Script();
  const spec = child('child1', script, { shutdown: 'brutal' });
  const rig = Rig.started(sup('sup', [], BUDGET));
  assert.equal(tag(rig.runtime.startChild('/', spec)), 'ok');
  hang(rig, script, '/child1');
  assert.equal(tag(rig.runtime.startChild('/', spec)), 'already_present');
  assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'restarting');
  assert.equal(tag(rig.runtime.deleteChild('/', 'child1')), 'restarting');
  assert.deepEqual(rig.children(), ['child1 restarting']);
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);

  assert.equal(tag(rig.runtime.terminateChild('/', 'child1')), 'ok');
  assert.deepEqual(rig.children(), ['child1 stopped']);
  const { starts } = script;
  rig.runtime.drain();
  rig.pass(60_000);
  assert.equal(script.starts, starts, 'the pending attempt is called off');
  assert.deepEqual(rig.children(), ['child1 stopped']);

  script.start = 'ok';
  assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok');
  hang(rig, script, '/child1');
  assert.equal(rig.stop(), 0, 'stopping the supervisor does not wait for the loop');
  assert.deepEqual(rig.ended, []);
}

export function hanging_restart_loop_rest_for_one(): void {
  const script = new Script();
  const third = new Script();
  const rig = Rig.started(sup('sup', [
    child('child1', new Script(), { shutdown: 'brutal' }), child('child2', script, { shutdown: 'brutal' }), child('child3', third, { shutdown: 'brutal' }),
  ], { strategy: 'restForOne', ...BUDGET }));
  const first = rig.watch('/child1');
  hang(rig, script, '/child2');
  assert.equal(tag(rig.runtime.startChild('/', child('child2'))), 'already_present');
  assert.equal(tag(rig.runtime.restartChild('/', 'child2')), 'restarting');
  assert.equal(tag(rig.runtime.deleteChild('/', 'child2')), 'restarting');
  assert.deepEqual(rig.children(), ['child1#1', 'child2 restarting', 'child3 restarting']);
  assert.deepEqual(rig.counts(), [3, 1, 0, 3]);

  assert.equal(tag(rig.runtime.terminateChild('/', 'child2')), 'ok');
  assert.deepEqual(rig.children(), ['child1#1', 'child2 stopped', 'child3 stopped']);
  rig.runtime.drain();
  rig.pass(60_000);
  assert.deepEqual(rig.children(), ['child1#1', 'child2 stopped', 'child3 stopped']);
  assert.equal(third.starts, 1);

  script.start = 'ok';
  assert.equal(tag(rig.runtime.restartChild('/', 'child2')), 'ok');
  assert.equal(rig.state('/child3'), 'stopped', 'a manual restart is about one child');
  assert.deepEqual(first, [], 'the earlier child stayed up all the time');
  hang(rig, script, '/child2');
  assert.equal(rig.stop(), 0);
}

export function hanging_restart_loop_simple(): void {
  const script = new Script();
  const rig = Rig.started(dyn('sup', { shutdown: 'brutal' }, BUDGET));
  const first = ref(rig.runtime.startChild('/', child('a', script)));
  hang(rig, script, '/a');
  assert.equal(tag(rig.runtime.restartChild('/', 'a')), 'needs_reference');
  assert.equal(tag(rig.runtime.deleteChild('/', 'a')), 'needs_reference');
  assert.equal(tag(rig.runtime.startChild('/', child('a'))), 'already_present');
  assert.deepEqual(rig.children(), ['a restarting']);
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);
  assert.equal(tag(rig.runtime.terminateChild('/', first)), 'ok');
  assert.deepEqual(rig.children(), []);
  rig.runtime.drain();
  script.start = 'ok';
  ref(rig.runtime.startChild('/', child('a', script)));
  hang(rig, script, '/a');
  assert.equal(rig.stop(), 0);
}
