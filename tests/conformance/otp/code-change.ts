import assert from 'node:assert/strict';
import type { Reconfiguration, Runtime } from '../../../runtime/index.js';
import { child, dyn, ref, Rig, Script, sup, tag } from '../support.js';

/** Everything that a refused change must leave as it was. */
function stateOf(rig: Rig): unknown {
  return { children: rig.children(), tree: rig.runtime.tree(), root: rig.runtime.getChildSpec('/', 'child1') };
}

function refusedWhole(rig: Rig, wanted: unknown): void {
  const before = stateOf(rig);
  assert.equal(tag(rig.runtime.reconfigure('/', wanted as Reconfiguration)), 'invalid_spec');
  assert.deepEqual(stateOf(rig), before);
}

const shutdownOf = (runtime: Runtime, id: string): unknown => (runtime.getChildSpec('/', id) as unknown as Record<string, unknown>)['shutdown'];

/** The body of both code_change cases: `change` gives the new specification in one of the two forms. */
function changes(change: (flags: object) => Reconfiguration): void {
  const rig = Rig.started(sup('sup', [], { intensity: { restarts: 0, withinMs: 1000 } }));
  const { runtime } = rig;
  // Flags are taken over: with the old budget the first crash would be the end.
  assert.deepEqual(runtime.reconfigure('/', change({ intensity: { restarts: 1, withinMs: 3000 } })), { ok: true, added: [], replaced: [], kept: [] });

  // New children are known, and not started.
  const child1 = child('child1', new Script(), { shutdown: 2000 });
  const scripts = [new Script(), new Script()] as const;
  const child2 = child('child2', scripts[1], { shutdown: 'brutal' });
  const flags = { intensity: { restarts: 1, withinMs: 3000 } };
  assert.deepEqual(runtime.reconfigure('/', change({ ...flags, children: [child1, child2] })), { ok: true, added: ['child1', 'child2'], replaced: [], kept: [] });
  rig.pass(60_000);
  assert.deepEqual(rig.children(), ['child1 stopped', 'child2 stopped']);
  for (const id of ['child1', 'child2']) assert.equal(tag(runtime.restartChild('/', id)), 'ok');
  assert.equal(shutdownOf(runtime, 'child1'), 2000);
  rig.end('/child2', 'abnormal');
  assert.deepEqual(rig.children(), ['child1#1', 'child2#2']);

  // child1 is changed, child2 is not named any more, child3 is new.
  const ends = [rig.watch('/child1'), rig.watch('/child2')];
  const child11 = child('child1', scripts[0], { shutdown: 1000 });
  assert.deepEqual(runtime.reconfigure('/', change({ intensity: { restarts: 1, withinMs: 5000 }, children: [child11, child('child3')] })), { ok: true, added: ['child3'], replaced: ['child1'], kept: ['child2'] });
  assert.deepEqual(rig.children(), ['child1#1', 'child3 stopped', 'child2#2']);
  assert.equal(shutdownOf(runtime, 'child1'), 1000);
  assert.deepEqual(ends, [[], []], 'nobody who runs is touched');
  assert.equal(scripts[0].starts, 0);

  // Anything wrong and nothing is changed.
  refusedWhole(rig, change({ ...flags, children: [{ kind: 'worker', id: 'faulty' }] }));
  refusedWhole(rig, change({ ...flags, children: [child11, child11] }));
  refusedWhole(rig, change({ ...flags, children: [sup('child1')] }));
  refusedWhole(rig, change({ intensity: { restarts: 'faulty', withinMs: 1 } }));
  refusedWhole(rig, change({ ...flags, strategy: 'faulty' }));
  refusedWhole(rig, change({ ...flags, silly: 1 }));
  refusedWhole(rig, 'faulty_flags');
  refusedWhole(rig, null);
  refusedWhole(rig, { ...dyn('sup') });
  refusedWhole(rig, { ...sup('other') });

  // The restart of the past still counts against the new budget; the changed behaviour comes with the next start.
  rig.runtime.crash('/child1');
  assert.equal(rig.alive, false);
  assert.equal(scripts[0].starts, 0);
}

export function code_change(): void {
  changes((flags) => flags as Reconfiguration);
  nextStart();
}

export function code_change_map(): void {
  changes((flags) => sup('sup', [], flags as Partial<ReturnType<typeof sup>>));
}

/** A changed child takes its new behaviour at its next fresh start, and a parent's restart begins with the changed specification. */
function nextStart(): void {
  const [before, after] = [new Script(), new Script()];
  const rig = Rig.started(sup('top', [sup('inner', [child('a', before)]), child('b')], { strategy: 'oneForAll', intensity: { restarts: 9, withinMs: 1000 } }));
  assert.equal(rig.runtime.reconfigure('/inner', { strategy: 'oneForAll', children: [child('a', after), child('c')] }).ok, true);
  assert.deepEqual(rig.children('/inner'), ['a#1', 'c stopped']);
  rig.end('/inner/a', 'abnormal');
  assert.deepEqual([before.starts, after.starts], [1, 1]);
  assert.deepEqual(rig.children('/inner'), ['a#2', 'c#1'], 'the group is what the new strategy says');
  rig.end('/b', 'abnormal');
  assert.deepEqual(rig.children('/inner'), ['a#3', 'c#2']);
  assert.deepEqual([before.starts, after.starts], [1, 2]);
  assert.equal(tag(rig.runtime.reconfigure('/b', {})), 'not_supervisor');
  assert.equal(tag(rig.runtime.reconfigure('/nobody', {})), 'not_found');
}

function simple(change: (flags: object) => Reconfiguration): void {
  const rig = Rig.started(dyn('sup', { restart: 'permanent', shutdown: 'brutal' }));
  const { runtime } = rig;
  const first = ref(runtime.startChild('/', child('first')));
  assert.deepEqual(runtime.reconfigure('/', change({ template: { restart: 'transient', shutdown: 1000 }, maxChildren: 2 })), { ok: true, added: [], replaced: [], kept: [] });
  const spec = (one: typeof first): unknown[] => {
    const full = runtime.getChildSpec('/', one) as unknown as Record<string, unknown>;
    return [full['restart'], full['shutdown']];
  };
  assert.deepEqual(spec(first), ['permanent', 'brutal'], 'who runs keeps what it was started with');
  const second = ref(runtime.startChild('/', child('second')));
  assert.deepEqual(spec(second), ['transient', 1000]);
  assert.deepEqual(runtime.startChild('/', child('third')), { ok: false, reason: { kind: 'max_children', limit: 2 } });

  // Exactly one template.
  refusedWhole(rig, change({ template: [{}, {}] }));
  refusedWhole(rig, change({ template: null }));
  refusedWhole(rig, change({ template: { restart: 'faulty' } }));
  refusedWhole(rig, change({ children: [child('x')] }));
  refusedWhole(rig, change({ maxChildren: -1 }));
  assert.deepEqual(rig.children(), ['first#1', 'second#1']);
  assert.equal(rig.stop(), 0);
}

export function code_change_simple(): void {
  simple((flags) => flags as Reconfiguration);
}

export function code_change_simple_map(): void {
  simple((flags) => ({ ...dyn('sup'), ...flags }));
}
