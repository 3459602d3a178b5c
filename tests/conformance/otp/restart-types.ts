import assert from 'node:assert/strict';
import type { RestartType } from '../../../runtime/index.js';
import { causes, child, type Ending, Rig, Script, sup, tag } from '../support.js';

function endings(restart: RestartType, ...how: readonly Ending[]): Rig {
  const rig = Rig.started(sup('sup'));
  for (const ending of how) {
    const known = rig.runtime.getChildSpec('/', 'child1') !== undefined;
    const state = rig.state('/child1');
    if (!known) assert.equal(tag(rig.runtime.startChild('/', child('child1', new Script(), { restart }))), 'ok');
    else if (state === 'stopped') assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok');
    rig.end('/child1', ending);
  }
  return rig;
}

function comesBack(how: Ending, reported: string, restart: RestartType): void {
  const rig = endings(restart, how);
  assert.deepEqual(rig.children(), ['child1#2']);
  assert.deepEqual(rig.counts(), [1, 1, 0, 1]);
  assert.deepEqual(rig.failures(), [`child_terminated child1 ${reported}`]);
  assert.equal(rig.runtime.counters().restarts, 1);
}

function staysStopped(how: Ending): void {
  const rig = endings('transient', how);
  assert.deepEqual(rig.children(), ['child1 stopped']);
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);
  assert.deepEqual(rig.failures(), [], 'a clean end of a transient child is no failure');
  assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok', 'a manual restart works');
  assert.deepEqual(rig.children(), ['child1#2']);
}

function isForgotten(how: Ending, failures: readonly string[]): void {
  const rig = endings('temporary', how);
  assert.deepEqual(rig.children(), []);
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
  assert.deepEqual(rig.failures(), failures);
  assert.equal(rig.runtime.counters().cells, 1);
  assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'not_found');
}

export function permanent_normal(): void {
  comesBack('normal', 'normal', 'permanent');
}

export function transient_normal(): void {
  staysStopped('normal');
}

export function temporary_normal(): void {
  isForgotten('normal', []);
}

export function permanent_shutdown(): void {
  comesBack('shutdown', 'shutdown', 'permanent');
  comesBack('shutdown-info', 'shutdown', 'permanent');
  assert.deepEqual(endings('permanent', 'shutdown', 'shutdown-info').children(), ['child1#3']);
}

export function transient_shutdown(): void {
  staysStopped('shutdown');
  staysStopped('shutdown-info');
  assert.deepEqual(endings('transient', 'shutdown', 'shutdown-info').children(), ['child1 stopped']);
}

export function temporary_shutdown(): void {
  isForgotten('shutdown', []);
  isForgotten('shutdown-info', []);
  assert.deepEqual(endings('temporary', 'shutdown', 'shutdown-info').children(), []);
}

export function faulty_application_shutdown(): void {
  const server = new Script({ start: 'throw' });
  const rig = new Rig(sup('application', [child('well'), sup('services', [child('app_faulty', server), child('never')])]));
  assert.equal(tag(rig.answer), 'start_failed');
  assert.deepEqual(causes(rig.answer), ['child "services" did not start', 'child "app_faulty" did not start', 'start threw']);
  const paths: (string | undefined)[] = [];
  for (let cause = !rig.answer.ok && rig.answer.reason.kind === 'start_failed' ? rig.answer.reason.cause : undefined; cause !== undefined; cause = cause.cause) paths.push(cause.path);
  assert.deepEqual(paths, ['/', '/services', '/services/app_faulty']);
  assert.deepEqual(rig.failures(), ['start_error app_faulty error', 'start_error services error']);
  assert.equal(rig.alive, false);
  assert.equal(rig.runtime.counters().cells, 0);
}

export function permanent_abnormal(): void {
  comesBack('abnormal', 'error', 'permanent');
  comesBack('kill', 'killed', 'permanent');
}

export function transient_abnormal(): void {
  comesBack('abnormal', 'error', 'transient');
  comesBack('kill', 'killed', 'transient');
}

export function temporary_abnormal(): void {
  isForgotten('abnormal', ['child_terminated child1 error']);
  isForgotten('kill', ['child_terminated child1 killed']);
}
