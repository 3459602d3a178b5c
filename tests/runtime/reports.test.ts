import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SupervisorReport } from '../../runtime/index.js';
import { child, root, run, started } from './support.js';

test('reports come between turns, in order; a listener that throws is taken off and the others go on', () => {
  const runtime = started(root([child('a')]));
  const seen: string[] = [];
  const name = (report: SupervisorReport): string => (report.kind === 'failure' ? `${report.context} ${report.offender.path}` : `started ${report.started.path}#${report.started.incarnation}`);
  let calls = 0;
  runtime.onReport(() => {
    calls++;
    throw new Error('observer');
  });
  const off = runtime.onReport((report) => {
    seen.push(name(report));
    // A listener is outside the tree: it may administer it.
    if (report.kind === 'failure') assert.equal(runtime.startChild('/', child(`after${seen.length}`)).ok, true);
  });
  run(runtime, '/a', (ctx) => {
    assert.equal(ctx.spawn(child('inner')).ok, true);
    assert.deepEqual(seen, [], 'not inside the turn');
  });
  assert.deepEqual(seen, ['started /a/inner#1']);
  runtime.crash('/a');
  assert.deepEqual(seen, ['started /a/inner#1', 'child_terminated /a', 'started /a#2', 'started /after2#1']);
  assert.equal(calls, 1);
  assert.equal(runtime.counters().faults, 1);
  off();
  runtime.crash('/a');
  assert.equal(seen.length, 4);
});
