import assert from 'node:assert/strict';
import type { RestartType, Strategy } from '../../../runtime/index.js';
import { child, dyn, type Ending, ref, Rig, Script, sup, tag } from '../support.js';

type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant';
const MODES = ['never', 'anySignificant', 'allSignificant'] as const;

const kid = (id: string, restart: RestartType, significant: boolean) => child(id, new Script(), { restart, significant });

/** A supervisor with the children child1 and child2, significant, and child3, not. */
function three(autoShutdown: AutoShutdown, restart: RestartType): Rig {
  return Rig.started(sup('sup', [kid('child1', restart, true), kid('child2', restart, true), kid('child3', restart, false)], {
    autoShutdown, intensity: { restarts: 5, withinMs: 5000 },
  }));
}

/** The supervisor closed itself: children stopped in order, an exit that is no failure. */
function closed(rig: Rig): void {
  assert.equal(rig.alive, false);
  assert.deepEqual(rig.ended, [{ kind: 'shutdown', info: 'significant children ended' }]);
  assert.equal(rig.runtime.counters().cells, 0);
  rig.ended.length = 0;
}

/** Ends a child of which `end` cannot look afterwards, because it takes the supervisor along. */
function closesWith(rig: Rig, path: string, how: Ending): void {
  const others = (rig.runtime.whichChildren('/') ?? []).filter((info) => info.path !== path && info.state === 'running').map((info) => rig.watch(info.path));
  rig.end(path, how);
  for (const reasons of others) assert.deepEqual(reasons, [{ kind: 'shutdown' }]);
  closed(rig);
}

export function nonsignificant_temporary(): void {
  for (const autoShutdown of MODES) {
    const rig = Rig.started(sup('sup', [], { autoShutdown }));
    for (const how of ['supervisor', 'kill', 'abnormal', 'normal', 'shutdown'] as const) {
      assert.equal(tag(rig.runtime.startChild('/', kid('child1', 'temporary', false))), 'ok');
      rig.end('/child1', how);
      assert.equal(rig.state('/'), 'running', `${autoShutdown} ${how}`);
    }
    assert.equal(rig.stop(), 0);
  }
}

export function nonsignificant_transient(): void {
  for (const autoShutdown of MODES) {
    const rig = Rig.started(sup('sup', [kid('child1', 'transient', false)], { autoShutdown, intensity: { restarts: 5, withinMs: 5000 } }));
    rig.end('/child1', 'supervisor');
    assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok');
    rig.end('/child1', 'kill');
    assert.deepEqual(rig.children(), ['child1#3']);
    rig.end('/child1', 'abnormal');
    assert.deepEqual(rig.children(), ['child1#4']);
    rig.end('/child1', 'normal');
    assert.deepEqual(rig.children(), ['child1 stopped']);
    assert.equal(rig.state('/'), 'running', autoShutdown);
    assert.equal(rig.stop(), 0);
  }
}

export function significant_temporary(): void {
  for (const how of ['kill', 'abnormal', 'normal', 'shutdown'] as const) {
    const any = three('anySignificant', 'temporary');
    any.end('/child2', 'supervisor');
    assert.deepEqual(any.children(), ['child1#1', 'child3#1'], 'being terminated never closes the supervisor');
    assert.equal(tag(any.runtime.startChild('/', kid('child2', 'temporary', true))), 'ok');
    closesWith(any, '/child1', how);

    const all = three('allSignificant', 'temporary');
    all.end('/child1', how);
    assert.deepEqual(all.children(), ['child2#1', 'child3#1'], 'all waits for the last one');
    closesWith(all, '/child2', how);
  }
}

export function significant_transient(): void {
  const any = three('anySignificant', 'transient');
  any.end('/child1', 'supervisor');
  assert.deepEqual(any.children(), ['child1 stopped', 'child2#1', 'child3#1']);
  assert.equal(tag(any.runtime.restartChild('/', 'child1')), 'ok');
  any.end('/child1', 'kill');
  any.end('/child1', 'abnormal');
  assert.deepEqual(any.children(), ['child1#4', 'child2#1', 'child3#1'], 'a child that comes back has not ended');
  closesWith(any, '/child1', 'normal');

  const all = three('allSignificant', 'transient');
  all.end('/child1', 'normal');
  assert.deepEqual(all.children(), ['child1 stopped', 'child2#1', 'child3#1']);
  all.end('/child2', 'abnormal');
  assert.deepEqual(all.children(), ['child1 stopped', 'child2#2', 'child3#1']);
  closesWith(all, '/child2', 'shutdown-info');

  // One that is being restarted has not ended either.
  const script = new Script();
  const waiting = Rig.started(sup('sup', [
    child('child1', script, { restart: 'transient', significant: true, backoff: { minMs: 1000, maxMs: 1000, jitter: 0 } }), kid('child2', 'transient', true),
  ], { autoShutdown: 'allSignificant' }));
  waiting.end('/child1', 'abnormal');
  waiting.end('/child2', 'normal');
  assert.deepEqual(waiting.children(), ['child1 restarting', 'child2 stopped']);
  waiting.pass(1000);
  closesWith(waiting, '/child1', 'normal');
}

export function significant_simple(): void {
  for (const [mode, left] of [['anySignificant', 1], ['allSignificant', 0]] as const) {
    const rig = Rig.started(dyn('sup', { restart: 'transient', significant: true }, { autoShutdown: mode }));
    for (const id of ['a', 'b']) ref(rig.runtime.startChild('/', child(id)));
    ref(rig.runtime.startChild('/', child('bystander', new Script(), { significant: false })));
    rig.end('/bystander', 'normal');
    rig.end('/a', 'abnormal');
    assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/a'))), 'ok');
    assert.deepEqual(rig.children(), ['b#1'], 'being terminated never closes the supervisor');
    ref(rig.runtime.startChild('/', child('c')));
    if (left === 0) rig.end('/c', 'normal');
    closesWith(rig, '/b', 'normal');
  }
}

export function significant_bystander(): void {
  const touched: Readonly<Record<Strategy, readonly string[]>> = {
    oneForOne: ['child1#1', 'child2#2', 'child3#1'], oneForAll: ['child1#2', 'child2#2', 'child3#2'], restForOne: ['child1#1', 'child2#2', 'child3#2'],
  };
  for (const strategy of Object.keys(touched) as Strategy[]) {
    for (const autoShutdown of ['anySignificant', 'allSignificant'] as const) {
      for (const restart of ['transient', 'temporary'] as const) {
        const rig = Rig.started(sup('sup', [kid('child1', restart, true), kid('child2', 'transient', false), kid('child3', restart, true)], {
          strategy, autoShutdown, intensity: { restarts: 5, withinMs: 5000 },
        }));
        rig.end('/child2', 'kill');
        const expected = touched[strategy].filter((line) => restart === 'transient' || line.endsWith('#1') || line.startsWith('child2'));
        assert.deepEqual(rig.children(), expected, `${strategy} ${autoShutdown} ${restart}`);
        assert.equal(rig.state('/'), 'running');
        assert.equal(rig.stop(), 0);
      }
    }
  }
}

export function significant_escalation(): void {
  for (const significant of [true, false]) {
    const inner = sup('sup1', [kid('child1', 'transient', true)], { autoShutdown: 'anySignificant', restart: 'transient', significant });
    const rig = Rig.started(sup('sup', [inner, child('bystander')], { autoShutdown: 'anySignificant' }));
    const ends = rig.watch('/sup1');
    rig.end('/sup1/child1', 'normal');
    assert.deepEqual(ends, [{ kind: 'shutdown', info: 'significant children ended' }]);
    if (significant) closed(rig);
    else assert.deepEqual(rig.children(), ['sup1 stopped', 'bystander#1']);
  }
}

/** A supervisor whose mode is changed while its significant children run. */
function upgraded(from: AutoShutdown, to: AutoShutdown): Rig {
  const rig = Rig.started(sup('sup', [], { autoShutdown: from }));
  const start = (id: string): string => tag(rig.runtime.startChild('/', kid(id, 'transient', true)));
  if (from === 'never') {
    const refused = rig.runtime.startChild('/', kid('child1', 'transient', true));
    assert.ok(!refused.ok && refused.reason.kind === 'invalid_spec' && /autoShutdown is not 'never'/.test(refused.reason.problems.join()));
    assert.deepEqual(rig.children(), []);
  } else {
    for (const id of ['child1', 'child2']) assert.equal(start(id), 'ok');
  }
  assert.deepEqual(rig.runtime.reconfigure('/', { autoShutdown: to }), { ok: true, added: [], replaced: [], kept: from === 'never' ? [] : ['child1', 'child2'] });
  assert.equal(rig.state('/'), 'running');
  if (from === 'never') for (const id of ['child1', 'child2']) assert.equal(start(id), 'ok');
  assert.deepEqual(rig.children(), ['child1#1', 'child2#1'], 'nobody is touched by the change');
  if (to === 'never') assert.equal(start('child3'), 'invalid_spec', 'no new significant child');
  return rig;
}

function neverCloses(rig: Rig): void {
  for (const id of ['child1', 'child2']) rig.end(`/${id}`, 'normal');
  assert.deepEqual(rig.children(), ['child1 stopped', 'child2 stopped']);
  assert.equal(tag(rig.runtime.restartChild('/', 'child1')), 'ok', 'a significant child that is known can be started again');
  assert.deepEqual(rig.children(), ['child1#2', 'child2 stopped']);
  assert.equal(rig.stop(), 0);
}

function closesWithTheLast(rig: Rig): void {
  rig.end('/child1', 'normal');
  assert.deepEqual(rig.children(), ['child1 stopped', 'child2#1']);
  closesWith(rig, '/child2', 'normal');
}

export function significant_upgrade_never_any(): void {
  closesWith(upgraded('never', 'anySignificant'), '/child1', 'normal');
}

export function significant_upgrade_any_never(): void {
  neverCloses(upgraded('anySignificant', 'never'));
}

export function significant_upgrade_never_all(): void {
  closesWithTheLast(upgraded('never', 'allSignificant'));
}

export function significant_upgrade_all_never(): void {
  neverCloses(upgraded('allSignificant', 'never'));
}

export function significant_upgrade_any_all(): void {
  closesWithTheLast(upgraded('anySignificant', 'allSignificant'));
}

export function significant_upgrade_all_any(): void {
  closesWith(upgraded('allSignificant', 'anySignificant'), '/child1', 'normal');
}

export function significant_upgrade_child(): void {
  const [plain, significant] = [kid('child', 'transient', false), kid('child', 'transient', true)];
  const never = Rig.started(sup('sup', [plain], { autoShutdown: 'never' }));
  assert.equal(tag(never.runtime.reconfigure('/', { children: [significant] })), 'invalid_spec');
  never.end('/child', 'normal');
  assert.deepEqual(never.children(), ['child stopped']);

  const becomes = Rig.started(sup('sup', [plain], { autoShutdown: 'anySignificant' }));
  assert.deepEqual(becomes.runtime.reconfigure('/', { children: [significant] }), { ok: true, added: [], replaced: ['child'], kept: [] });
  assert.deepEqual(becomes.children(), ['child#1']);
  closesWith(becomes, '/child', 'normal');

  const ceases = Rig.started(sup('sup', [significant], { autoShutdown: 'anySignificant' }));
  assert.equal(ceases.runtime.reconfigure('/', { children: [plain] }).ok, true);
  ceases.end('/child', 'normal');
  assert.deepEqual(ceases.children(), ['child stopped']);
  assert.equal(ceases.stop(), 0);
}
