import assert from 'node:assert/strict';
import { createRuntime, type SpecProblemCode, validateSpec, VirtualClock } from '../../../runtime/index.js';
import { child, dyn, ref, Rig, Script, sup, tag } from '../support.js';

export function sup_start_map(): void {
  const rig = Rig.started(sup('sup', [child('child1'), child('child2', new Script(), { shutdown: 'brutal' }), sup('child3')]));
  const spec = (id: string): Record<string, unknown> => ({ ...(rig.runtime.getChildSpec('/', id) as unknown as Record<string, unknown>) });
  const { id, kind, restart, shutdown, significant, restore } = spec('child1');
  assert.deepEqual({ id, kind, restart, shutdown, significant, restore },
    { id: 'child1', kind: 'worker', restart: 'permanent', shutdown: 5000, significant: false, restore: 'init' });
  assert.equal(spec('child2')['shutdown'], 'brutal');
  const third = spec('child3');
  assert.deepEqual([third['kind'], third['restart'], third['shutdown'], third['significant'], third['autoShutdown']],
    ['supervisor', 'permanent', 'infinity', false, 'never']);
  assert.equal(rig.runtime.getChildSpec('/', 'child4'), undefined);
  assert.equal(rig.stop(), 0);
}

export function sup_start_map_simple(): void {
  const rig = Rig.started(sup('sup', [dyn('d', { restart: 'temporary', shutdown: 1234 }), child('foreign')]));
  for (const id of ['a', 'b', 'c']) {
    const started = ref(rig.runtime.startChild('/d', child(id)));
    const spec = rig.runtime.getChildSpec('/d', started) as unknown as Record<string, unknown>;
    assert.deepEqual([spec['kind'], spec['id'], spec['restart'], spec['shutdown'], spec['significant']], ['worker', id, 'temporary', 1234, false]);
  }
  assert.equal(rig.runtime.getChildSpec('/d', rig.runtime.ref('/foreign')), undefined);
  assert.equal(rig.runtime.getChildSpec('/d', rig.runtime.ref('/nobody')), undefined);
  assert.equal(rig.stop(), 0);
}

/** Codes of what is wrong with a specification, in order of finding. */
function codes(spec: unknown, under?: 'never' | 'anySignificant' | 'allSignificant'): SpecProblemCode[] {
  return validateSpec(spec, under).map((problem) => problem.code);
}

/** The refusal of a tree with this root: the same problems, and nothing runs. */
function refusedAsRoot(spec: unknown, ...expected: SpecProblemCode[]): void {
  assert.deepEqual(codes(spec), expected);
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  const answer = runtime.start(spec as never);
  assert.equal(tag(answer), 'invalid_spec');
  assert.ok(!answer.ok && answer.reason.kind === 'invalid_spec' && answer.reason.problems.length === expected.length, JSON.stringify(answer));
  assert.equal(runtime.tree(), null);
}

const without = (spec: object, key: string): Record<string, unknown> => {
  const rest: Record<string, unknown> = { ...spec };
  delete rest[key];
  return rest;
};

export function sup_start_map_faulty_specs(): void {
  const fine = child('child1');
  const under = (spec: unknown): unknown => ({ ...sup('sup'), children: [spec] });
  refusedAsRoot(under(without(fine, 'id')), 'missing_id');
  refusedAsRoot(under(without(fine, 'behaviour')), 'missing_behaviour');
  refusedAsRoot(under({ ...fine, silly_flag: true }), 'unknown_key');
  refusedAsRoot(under('child4'), 'not_an_object');
  refusedAsRoot(under(null), 'not_an_object');
}

export function child_specs(): void {
  const rig = Rig.started(sup('sup'));
  const fine = child('child');
  const bad: readonly (readonly [unknown, ...SpecProblemCode[]])[] = [
    ['hej', 'not_an_object'],
    [{ ...fine, behaviour: 'mfa' }, 'invalid_behaviour'],
    [{ ...fine, restart: 'prmanent' }, 'invalid_restart'],
    [{ ...fine, shutdown: -10 }, 'invalid_shutdown'],
    [{ ...fine, kind: 'wrker' }, 'unknown_kind'],
    [{ ...fine, behaviour: { ...fine.behaviour, version: 'dy' } }, 'invalid_behaviour'],
    [{ ...fine, behaviour: { ...fine.behaviour, step: [1, 2, 3] } }, 'invalid_behaviour'],
  ];
  for (const [spec, ...expected] of bad) {
    assert.deepEqual(codes(spec), expected);
    const answer = rig.runtime.startChild('/', spec as never);
    assert.equal(tag(answer), 'invalid_spec');
    refusedAsRoot({ ...sup('sup'), children: [spec] }, ...expected);
  }
  assert.deepEqual(rig.children(), []);
  for (const restart of ['permanent', 'transient', 'temporary']) {
    for (const shutdown of [0, 1000, 'infinity', 'brutal']) assert.deepEqual(codes({ ...fine, restart, shutdown }), [], `${restart} ${shutdown}`);
    for (const shutdown of ['infinity', { force: 0 }, { force: 1000 }]) assert.deepEqual(codes({ ...sup('s'), restart, shutdown }), []);
  }
  assert.deepEqual(codes({ ...sup('s'), shutdown: 1000 }), ['invalid_shutdown'], 'a limit on a subtree has to say that it may cut it off');
  refusedAsRoot({ ...sup('sup'), children: [fine, sup('child')] }, 'duplicate_child');
  // A dynamic supervisor has exactly one template.
  refusedAsRoot({ ...dyn('sup'), template: [] }, 'invalid_template');
  refusedAsRoot({ ...dyn('sup'), template: [{}, {}] }, 'invalid_template');
  refusedAsRoot({ ...dyn('sup'), children: [fine] }, 'unknown_key');
  refusedAsRoot({ ...dyn('sup'), template: { restart: 'prmanent' } }, 'invalid_restart');
}

export function child_specs_map(): void {
  const rig = Rig.started(sup('sup'));
  const fine = child('child');
  const bad: readonly (readonly [unknown, ...SpecProblemCode[]])[] = [
    [{}, 'missing_id', 'unknown_kind'],
    [without(fine, 'behaviour'), 'missing_behaviour'],
    [without(fine, 'id'), 'missing_id'],
    [{ ...fine, id: 'a/b' }, 'invalid_id'],
    [{ ...fine, id: 7 }, 'invalid_id'],
    [{ ...fine, significant: 'maybe' }, 'invalid_significant'],
    [{ ...fine, restart: 'transient', significant: true }, 'bad_combination'],
    [{ ...fine, restart: 'prmanent', shutdown: -10 }, 'invalid_shutdown', 'invalid_restart'],
  ];
  for (const [spec, ...expected] of bad) {
    assert.deepEqual(codes(spec, 'never').sort(), expected.slice().sort());
    assert.equal(tag(rig.runtime.startChild('/', spec as never)), 'invalid_spec');
  }
  for (const autoShutdown of [undefined, 'never', 'anySignificant', 'allSignificant'] as const) {
    for (const restart of [undefined, 'permanent', 'transient', 'temporary']) {
      for (const shutdown of [undefined, 0, 1000, 'infinity', 'brutal']) {
        for (const significant of [undefined, true, false]) {
          const spec = { ...fine, restart, shutdown, significant };
          const clashes: SpecProblemCode[] = [];
          if (significant === true && (restart === undefined || restart === 'permanent')) clashes.push('bad_combination');
          if (significant === true && autoShutdown === 'never') clashes.push('bad_combination');
          assert.deepEqual(codes(spec, autoShutdown), clashes, JSON.stringify({ autoShutdown, restart, shutdown, significant }));
        }
      }
    }
  }
  refusedAsRoot({ ...sup('sup'), children: [fine, fine] }, 'duplicate_child');
  refusedAsRoot({ ...sup('sup', [], { autoShutdown: 'never' }), children: [{ ...fine, restart: 'transient', significant: true }] }, 'bad_combination');
  refusedAsRoot({ ...sup('sup'), children: [{ ...fine, restart: 'transient', significant: true }] }, 'bad_combination');
}

export function sup_flags(): void {
  const fine = sup('sup');
  refusedAsRoot({ ...fine, strategy: 'none_for_one' }, 'invalid_strategy');
  refusedAsRoot(without(fine, 'strategy'), 'invalid_strategy');
  for (const restarts of [Infinity, 'infinity', -1, 1.5, NaN, null]) refusedAsRoot({ ...fine, intensity: { restarts, withinMs: 3600 } }, 'invalid_intensity');
  for (const withinMs of [0, -1, Infinity, 'infinity', NaN]) refusedAsRoot({ ...fine, intensity: { restarts: 2, withinMs } }, 'invalid_intensity');
  for (const intensity of [undefined, 2, [2, 3600]]) refusedAsRoot({ ...fine, intensity }, 'invalid_intensity');
  refusedAsRoot({ ...fine, autoShutdown: 'sometimes' }, 'invalid_auto_shutdown');
  refusedAsRoot({ ...fine, silly_flag: true }, 'unknown_key');
  refusedAsRoot({ ...fine, intensity: { restarts: 2, withinMs: 1, silly: 1 } }, 'unknown_key');
  refusedAsRoot({ ...dyn('sup'), maxChildren: 1.5 }, 'invalid_max_children');
  refusedAsRoot({ ...dyn('sup'), intensity: { restarts: -1, withinMs: 1 } }, 'invalid_intensity');
  refusedAsRoot({ ...fine, strategy: 'none_for_one', autoShutdown: 'sometimes', children: 7 }, 'invalid_strategy', 'invalid_auto_shutdown', 'invalid_children');
}
