import assert from 'node:assert/strict';
import type { ExitReason } from '../../../runtime/index.js';
import { child, type Command, dyn, Rig, Script, sup, tag } from '../support.js';

export function sup_stop_infinity(): void {
  const log: string[] = [];
  const slow = new Script({ log, cleanupMs: 3_600_000 });
  const rig = Rig.started(sup('sup', [
    sup('child1', [child('inner', new Script({ log }), { shutdown: 'infinity' })], { shutdown: 'infinity' }),
    child('child2', slow, { shutdown: 'infinity' }),
  ]));
  log.length = 0;
  const ends = ['/child1', '/child1/inner', '/child2'].map((path) => rig.watch(path));
  assert.equal(rig.stop(), 3_600_000, 'it is waited for, however long it takes');
  for (const reasons of ends) assert.deepEqual(reasons, [{ kind: 'shutdown' }]);
  assert.deepEqual(log, ['-child2 shutdown', '-inner shutdown']);
  assert.deepEqual(rig.failures(), []);
}

export function sup_stop_timeout(): void {
  const rig = Rig.started(sup('sup', [child('child1', new Script(), { shutdown: 1000 }), child('child2', new Script(), { shutdown: 1000 })]));
  const [first, second] = [rig.watch('/child1'), rig.watch('/child2')];
  rig.send('/child2', 'sleep');
  assert.equal(rig.stop(), 1000);
  assert.deepEqual(first, [{ kind: 'shutdown' }]);
  assert.deepEqual(second, [{ kind: 'killed' }]);
  assert.deepEqual(rig.failures(), ['shutdown_error child2 killed']);
  // The time is each child's own, and one after the other.
  const both = Rig.started(sup('sup', [child('child1', new Script(), { shutdown: 700 }), child('child2', new Script(), { shutdown: 300 })]));
  for (const path of ['/child1', '/child2']) both.send(path, 'sleep');
  assert.equal(both.stop(), 1000);
}

export function sup_stop_timeout_dynamic(): void {
  const rig = Rig.started(dyn('sup', { restart: 'temporary', shutdown: 1000 }));
  for (const id of ['a', 'b', 'c']) assert.equal(tag(rig.runtime.startChild('/', child(id))), 'ok');
  const ends = ['/a', '/b', '/c'].map((path) => rig.watch(path));
  const top = rig.watch('/');
  for (const path of ['/b', '/c']) rig.send(path, 'sleep');
  assert.equal(rig.stop(), 1000, 'their time runs at once, not one after the other');
  assert.deepEqual(ends.map((reasons) => reasons.map((reason) => reason.kind)), [['shutdown'], ['killed'], ['killed']]);
  assert.deepEqual(top, [{ kind: 'shutdown' }]);
}

export function sup_stop_brutal_kill(): void {
  const log: string[] = [];
  const rig = Rig.started(sup('sup', [child('child1', new Script({ log }), { shutdown: 1000 }), child('child2', new Script({ log }), { shutdown: 'brutal' })]));
  log.length = 0;
  const [first, second] = [rig.watch('/child1'), rig.watch('/child2')];
  assert.equal(rig.stop(), 0);
  assert.deepEqual([first, second], [[{ kind: 'shutdown' }], [{ kind: 'killed' }]]);
  assert.deepEqual(log, ['-child1 shutdown'], 'the brutally killed one does nothing more');
  assert.deepEqual(rig.failures(), [], 'and that is as its specification says');
}

export function sup_stop_brutal_kill_dynamic(): void {
  const log: string[] = [];
  const rig = Rig.started(dyn('sup', { restart: 'temporary', shutdown: 'brutal' }));
  const paths = Array.from({ length: 10 }, (_, n) => `/c${n}`);
  for (const path of paths) assert.equal(tag(rig.runtime.startChild('/', child(path.slice(1), new Script({ log })))), 'ok');
  log.length = 0;
  const ends = paths.map((path) => rig.watch(path));
  const top = rig.watch('/');
  assert.equal(rig.stop(), 0);
  for (const reasons of ends) assert.deepEqual(reasons, [{ kind: 'killed' }]);
  assert.deepEqual(top, [{ kind: 'shutdown' }]);
  assert.deepEqual(log, []);
}

const REASONS: readonly { readonly name: string; readonly command: Command; readonly reason: ExitReason['kind'] }[] = [
  { name: 'normal', command: 'stop', reason: 'normal' },
  { name: 'shutdown', command: { exit: { kind: 'shutdown' } }, reason: 'shutdown' },
  { name: 'shutdown-info', command: { exit: { kind: 'shutdown', info: 'test' } }, reason: 'shutdown' },
  { name: 'other', command: 'die', reason: 'error' },
];
const RESTARTS = ['temporary', 'transient', 'permanent'] as const;

export function sup_stop_race(): void {
  const log: string[] = [];
  const middle = RESTARTS.flatMap((restart) => REASONS.map((end) => ({ restart, end, id: `${restart}-${end.name}` })));
  const rig = Rig.started(sup('sup', [
    child('child_a', new Script({ log }), { restart: 'temporary', shutdown: 1000 }),
    ...middle.map(({ id, restart }) => child(id, new Script(), { restart, shutdown: 1000 })),
    child('child_z', new Script({ log, cleanupMs: 1000 }), { restart: 'temporary', shutdown: 2000 }),
  ]));
  log.length = 0;
  const ends = new Map(middle.map(({ id }) => [id, rig.watch(`/${id}`)]));
  const [first, last, top] = [rig.watch('/child_a'), rig.watch('/child_z'), rig.watch('/')];
  assert.equal(rig.runtime.stop(), false, 'the last one started is stopped first and takes its time');
  rig.pass(200);
  for (const { id, end } of middle) rig.send(`/${id}`, end.command);
  assert.equal(rig.stop(), 800);
  for (const { id, end } of middle) assert.deepEqual(ends.get(id)?.map((reason) => reason.kind), [end.reason], id);
  assert.deepEqual([first, last, top], [[{ kind: 'shutdown' }], [{ kind: 'shutdown' }], [{ kind: 'shutdown' }]]);
  assert.deepEqual(log, ['-child_z shutdown', '-child_a shutdown']);
  assert.deepEqual(rig.failures().sort(), [
    'shutdown_error permanent-normal normal', 'shutdown_error permanent-other error', 'shutdown_error permanent-shutdown-info shutdown',
    'shutdown_error temporary-other error', 'shutdown_error transient-other error',
  ], "a permanent child is to end with `shutdown`, the others also clean");
  assert.equal(rig.runtime.counters().restarts, 0);
}

export function sup_stop_non_shutdown_exit_dynamic(): void {
  for (const restart of RESTARTS) {
    const rig = Rig.started(dyn('sup', { restart, shutdown: 5000 }));
    const scripts = REASONS.map((end) => ({ end, path: `/${end.name}` }));
    // Asked to stop, each ends with a reason of its own a second later.
    for (const { end, path } of scripts) assert.equal(tag(rig.runtime.startChild('/', child(path.slice(1), new Script({ cleanupMs: 60_000 })))), 'ok', end.name);
    const ends = scripts.map(({ path }) => rig.watch(path));
    const top = rig.watch('/');
    assert.equal(rig.runtime.stop(), false);
    rig.pass(1000);
    for (const { end, path } of scripts) rig.send(path, end.command);
    assert.equal(rig.stop(), 0);
    // A child that says it is done has done what it was asked: that end is a `shutdown`.
    assert.deepEqual(ends.map((reasons) => reasons.map((reason) => reason.kind)), [['shutdown'], ['shutdown'], ['shutdown'], ['error']]);
    assert.deepEqual(top, [{ kind: 'shutdown' }]);
    assert.equal(rig.runtime.counters().restarts, 0);
  }
}
