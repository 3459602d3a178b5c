import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Behaviour, type ChildSpec, type RestartType, type Strategy, worker } from '../../../runtime/index.js';
import { causes, child, dyn, type Ending, ref, Rig, Script, sup, tag } from '../support.js';

const STRATEGIES = ['oneForOne', 'oneForAll', 'restForOne'] as const satisfies readonly Strategy[];

export function child_unlink(): void {
  const log: string[] = [];
  const rig = Rig.started(sup('sup', [child('naughty', new Script({ log }), { shutdown: 1000 }), child('other', new Script({ log }))]));
  rig.send('/naughty', 'sleep');
  const ends = rig.watch('/naughty');
  assert.equal(tag(rig.runtime.terminateChild('/', 'naughty')), 'ok');
  // Meanwhile the supervisor does everything else.
  assert.deepEqual(rig.children(), ['naughty stopping', 'other#1']);
  rig.end('/other', 'abnormal');
  assert.deepEqual(rig.children(), ['naughty stopping', 'other#2']);
  assert.equal(tag(rig.runtime.startChild('/', child('third'))), 'ok');
  assert.equal(tag(rig.runtime.startChild('/', child('naughty'))), 'already_started');
  rig.pass(999.999);
  assert.deepEqual(ends, []);
  rig.pass(0.001);
  assert.deepEqual(ends, [{ kind: 'killed' }]);
  assert.deepEqual(rig.children(), ['naughty stopped', 'other#2', 'third#1']);
  assert.deepEqual(rig.failures(), ['child_terminated other error', 'shutdown_error naughty killed']);
}

export function tree(): void {
  const budget = { intensity: { restarts: 4, withinMs: 3_600_000 } };
  const fails = new Script();
  const rig = Rig.started(sup('top', [
    sup('sup1', [child('child1'), child('child2')], budget), sup('sup2', [], budget), sup('sup3', [], { ...budget, restart: 'transient' }),
  ], { strategy: 'oneForAll', ...budget }));
  const { runtime } = rig;
  assert.equal(tag(runtime.terminateChild('/', 'sup3')), 'ok');
  assert.deepEqual(rig.counts(), [3, 2, 3, 0]);
  assert.deepEqual([rig.counts('/sup1'), rig.counts('/sup2')], [[2, 2, 0, 2], [0, 0, 0, 0]]);
  for (const [id, script] of [['child3', fails], ['child4', new Script()]] as const) assert.equal(tag(runtime.startChild('/sup2', child(id, script))), 'ok');
  assert.deepEqual(rig.counts('/sup2'), [2, 2, 0, 2]);

  rig.end('/sup2/child4', 'abnormal');
  assert.deepEqual(rig.children('/sup2'), ['child3#1', 'child4#2'], 'only the one that died is started again');
  assert.deepEqual(rig.children('/sup1'), ['child1#1', 'child2#1']);

  fails.start = 'error';
  runtime.crash('/sup2/child3');
  runtime.drain();
  assert.deepEqual(rig.children(), ['sup1#2', 'sup2#2', 'sup3#2'], 'the whole tree came back, the one that had been stopped too');
  assert.deepEqual(rig.counts(), [3, 3, 3, 0]);
  assert.deepEqual(rig.children('/sup1'), ['child1#2', 'child2#2'], 'static children return');
  assert.deepEqual(rig.children('/sup2'), [], 'what had been added is gone');
  assert.deepEqual(rig.children('/sup3'), []);
  assert.equal(runtime.inspect('/sup2/child3'), undefined);
}

function countedThousands(make: (id: string) => ChildSpec, supervisors: boolean): void {
  const rig = Rig.started(dyn('sup'));
  const paths: string[] = [];
  for (const thousands of [1, 2]) {
    while (paths.length < thousands * 1000) {
      const id = `c${paths.length}`;
      ref(rig.runtime.startChild('/', make(id)));
      paths.push(`/${id}`);
    }
    const n = paths.length;
    assert.deepEqual(rig.counts(), [n, n, supervisors ? n : 0, supervisors ? 0 : n]);
    assert.deepEqual(rig.runtime.whichChildren('/')?.map((info) => info.path), paths);
  }
  for (const path of paths) assert.equal(rig.runtime.kill(path), true);
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
  assert.equal(rig.runtime.counters().cells, 1);
}

export function count_children(): void {
  countedThousands((id) => child(id, new Script(), { restart: 'temporary', shutdown: 1000 }), false);
}

export function count_children_supervisor(): void {
  countedThousands((id) => sup(id, [], { restart: 'temporary' }), true);
}

export function count_restarting_children(): void {
  const rig = Rig.started(dyn('sup', { shutdown: 'brutal', backoff: { minMs: 1000, maxMs: 1000, jitter: 0 } }, { intensity: { restarts: 20, withinMs: 10_000 } }));
  const scripts = ['a', 'b', 'c'].map((id) => {
    const script = new Script();
    ref(rig.runtime.startChild('/', child(id, script)));
    return script;
  });
  assert.deepEqual(rig.counts(), [3, 3, 0, 3]);
  for (const path of ['/a', '/b', '/c']) rig.runtime.crash(path);
  assert.deepEqual(rig.counts(), [3, 0, 0, 3]);
  rig.pass(1000);
  assert.deepEqual(rig.counts(), [3, 3, 0, 3]);
  for (const script of scripts) script.start = 'error';
  for (const path of ['/a', '/b']) rig.runtime.crash(path);
  rig.pass(4500);
  assert.deepEqual(rig.counts(), [3, 1, 0, 3], 'a restarting child is counted, not as active');
  assert.deepEqual(rig.children(), ['a restarting', 'b restarting', 'c#2']);
  assert.ok(scripts[0]!.starts >= 6, 'it is tried again and again');
  for (const script of scripts) script.start = 'ok';
  rig.pass(1000);
  assert.deepEqual(rig.counts(), [3, 3, 0, 3]);
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/c'))), 'ok');
  assert.deepEqual(rig.counts(), [2, 2, 0, 2]);
  scripts[0]!.start = 'error';
  rig.runtime.crash('/a');
  rig.pass(1000);
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/b'))), 'ok', 'others can be terminated while one retries');
  assert.deepEqual(rig.counts(), [1, 0, 0, 1]);
  assert.equal(tag(rig.runtime.terminateChild('/', rig.runtime.ref('/a'))), 'ok', 'and so can the one that retries');
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
  rig.pass(10_000);
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
}

/** The collector, wherever this runs: the flag is only needed while it is looked up. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** A child that reads what it starts from and keeps nothing of it. */
const reader: Behaviour<number, 'die', { readonly rows: readonly number[] }> = {
  name: 'reader',
  version: 1,
  init: (_ctx, input) => input.rows.length,
  step: () => {
    throw new Error('died');
  },
};

const reads = (id: string, restart: RestartType, weak: WeakRef<object>[]): ChildSpec => {
  const input = { rows: Array.from({ length: 100 }, () => 1) };
  weak.push(new WeakRef(input));
  return worker({ id, behaviour: reader, restart, input }) as ChildSpec;
};

/** How many of the inputs given to 20 children are still held. */
async function heldInputs(rig: Rig, restart: RestartType): Promise<number> {
  const weak: WeakRef<object>[] = [];
  for (let n = 0; n < 20; n++) ref(rig.runtime.startChild('/', reads(`${restart}${n}`, restart, weak)));
  // A WeakRef holds its target until the turn of the event loop it was made in is over.
  await new Promise((resolve) => setImmediate(resolve));
  collector()();
  return weak.filter((one) => one.deref() !== undefined).length;
}

export async function do_not_save_start_parameters_for_temporary_children(): Promise<void> {
  for (const root of [...STRATEGIES.map((strategy) => sup('sup', [], { strategy })), dyn('sup')]) {
    const rig = Rig.started(root);
    assert.equal(await heldInputs(rig, 'permanent'), 20, 'one that may start again needs what it starts from');
    assert.equal(await heldInputs(rig, 'transient'), 20);
    assert.equal(await heldInputs(rig, 'temporary'), 0);
    assert.deepEqual(rig.counts(), [60, 60, 0, 60]);
    rig.stop();
  }
}

export async function simple_one_for_one_corruption(): Promise<void> {
  const rig = Rig.started(dyn('sup', { restart: 'temporary' }));
  ref(rig.runtime.startChild('/', child('first')));
  rig.end('/first', 'abnormal');
  assert.equal(await heldInputs(rig, 'temporary'), 0);
  rig.runtime.crash('/temporary0');
  assert.equal(rig.runtime.counters().cells, 20);
}

export function do_not_save_child_specs_for_temporary_children(): void {
  for (const strategy of STRATEGIES) {
    for (const how of ['kill', 'normal', 'abnormal', 'supervisor'] satisfies Ending[]) {
      const rig = Rig.started(sup('sup', [], { strategy }));
      const start = (id: string, restart: RestartType): string => tag(rig.runtime.startChild('/', child(id, new Script(), { restart })));
      const endAndStart = (id: string, restart: RestartType): string => {
        assert.equal(start(id, restart), 'ok');
        rig.end(`/${id}`, how);
        return start(id, restart);
      };
      const place = `${strategy} ${how}`;
      assert.equal(endAndStart('permanent', 'permanent'), how === 'supervisor' ? 'already_present' : 'already_started', place);
      if (how === 'supervisor') assert.equal(tag(rig.runtime.restartChild('/', 'permanent')), 'ok');
      const stays = how === 'supervisor' || how === 'normal';
      assert.equal(endAndStart('transient', 'transient'), stays ? 'already_present' : 'already_started', place);
      if (stays) assert.equal(tag(rig.runtime.restartChild('/', 'transient')), 'ok');
      assert.equal(endAndStart('temporary', 'temporary'), 'ok', place);
      assert.equal(rig.stop(), 0);
    }
  }
}

/** CPU time in microseconds: what other processes do must not be measured. */
function cpuUs(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}

export function simple_one_for_one_scale_many_temporary_children(): void {
  const behaviour: Behaviour<null, never, undefined> = { name: 'idle', version: 1, init: () => null, step: (state) => state };
  const rig = Rig.started(dyn('sup', { restart: 'temporary' }));
  const timeOf = (count: number): number => {
    const refs = Array.from({ length: count }, (_, n) => ref(rig.runtime.startChild('/', worker({ id: `c${n}`, behaviour }))));
    return cpuUs(() => {
      for (const one of refs) assert.equal(rig.runtime.terminateChild('/', one).ok, true);
    });
  };
  timeOf(1000);
  const [small, large] = [timeOf(1000), timeOf(10_000)];
  assert.ok(large < 50 * Math.max(small, 200), `${large} µs for 10,000 against ${small} µs for 1,000`);
  assert.deepEqual(rig.counts(), [0, 0, 0, 0]);
}

export function scale_start_stop_many_children(): void {
  const behaviour: Behaviour<null, never, undefined> = { name: 'idle', version: 1, init: () => null, step: (state) => state };
  const timesOf = (count: number): { readonly start: number; readonly stop: number } => {
    const rig = Rig.started(sup('sup'));
    const ids = Array.from({ length: count }, (_, n) => `c${n}`);
    const start = cpuUs(() => {
      for (const id of ids) assert.equal(rig.runtime.startChild('/', worker({ id, behaviour })).ok, true);
    });
    const stop = cpuUs(() => {
      for (const id of ids.slice(0, count / 2)) assert.equal(rig.runtime.terminateChild('/', id).ok, true);
      assert.equal(rig.runtime.stop(), true);
    });
    assert.equal(rig.runtime.counters().cells, 0);
    return { start, stop };
  };
  timesOf(1000);
  const [small, large] = [timesOf(1000), timesOf(20_000)];
  for (const what of ['start', 'stop'] as const) {
    assert.ok(large[what] < 200 * Math.max(small[what], 200), `${what}: ${large[what]} µs for 20,000 against ${small[what]} µs for 1,000`);
  }
}

export function temporary_bystander(): void {
  for (const strategy of ['oneForAll', 'restForOne'] as const) {
    const temporary = new Script();
    const rig = Rig.started(sup('sup', [child('child1'), child('child2', temporary, { restart: 'temporary' })], { strategy }));
    const ends = rig.watch('/child2');
    rig.end('/child1', 'normal');
    assert.deepEqual(ends, [{ kind: 'shutdown' }]);
    rig.pass(10_000);
    assert.deepEqual(rig.children(), ['child1#2']);
    assert.equal(temporary.starts, 1);
    assert.equal(rig.state('/'), 'running');
    assert.equal(tag(rig.runtime.startChild('/', child('child2', temporary, { restart: 'temporary' }))), 'ok', 'its id is free');
  }
}

/** A registered server under a supervisor of its own. */
function registered(): { readonly rig: Rig; readonly holder: () => string | undefined } {
  const server = new Script({ name: 'server' });
  const rig = Rig.started(sup('top', [sup('middle', [child('child', server)], { strategy: 'oneForAll', intensity: { restarts: 3, withinMs: 60_000 } })], {
    strategy: 'oneForAll', intensity: { restarts: 3, withinMs: 60_000 },
  }));
  const holder = (): string | undefined => rig.runtime.inspect('server')?.path;
  assert.equal(holder(), '/middle/child');
  return { rig, holder };
}

export function simple_global_supervisor(): void {
  const life = (rig: Rig): (number | undefined)[] => [rig.incarnation('/middle'), rig.incarnation('server')];
  const ways: readonly (readonly [(rig: Rig) => void, readonly number[]])[] = [
    // A killed supervisor takes its children along.
    [(rig) => void rig.runtime.kill('/middle'), [2, 2]],
    [(rig) => void rig.runtime.kill('server'), [1, 2]],
    [(rig) => rig.send('server', 'stop'), [1, 2]],
    [(rig) => {
      assert.equal(tag(rig.runtime.terminateChild('/middle', 'child')), 'ok');
      assert.equal(rig.runtime.inspect('server'), undefined, 'the name is free while its holder is down');
      assert.equal(tag(rig.runtime.restartChild('/middle', 'child')), 'ok');
    }, [1, 2]],
  ];
  for (const [act, expected] of ways) {
    const { rig, holder } = registered();
    act(rig);
    rig.runtime.drain();
    assert.equal(holder(), '/middle/child', 'the name is back');
    assert.deepEqual(life(rig), expected);
    rig.runtime.fence();
    assert.equal(holder(), undefined, 'killing the top leaves nothing');
    assert.equal(rig.runtime.counters().cells, 0);
  }
}

export function order_of_children(): void {
  const log: string[] = [];
  const ids = ['ch7', 'ch3', 'ch10', 'ch2', 'ch5'];
  const rig = Rig.started(sup('sup', ids.map((id) => child(id, new Script({ log }))), { strategy: 'restForOne' }));
  assert.deepEqual(log.splice(0), ids.map((id) => `+${id}`));
  rig.runtime.crash('/ch10');
  assert.deepEqual(log.splice(0), ['-ch10 error', '-ch5 shutdown', '-ch2 shutdown', '+ch10', '+ch2', '+ch5']);
  assert.equal(rig.stop(), 0);
  assert.deepEqual(log, ids.toReversed().map((id) => `-${id} shutdown`));
  // The order of ids is that of the list even where each needs time to stop.
  const slow = Rig.started(sup('sup', ids.map((id) => child(id, new Script({ log, cleanupMs: 10 })))));
  log.length = 0;
  assert.equal(slow.stop(), 50);
  assert.deepEqual(log, ids.toReversed().map((id) => `-${id} shutdown`));
  assert.deepEqual(causes(undefined), []);
}
