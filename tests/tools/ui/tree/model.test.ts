import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Filter, GHOST_MS, NO_FILTER, RECENT_MS, TreeModel, TURN_MS } from '../../../../tools/ui/page/tree/model.js';
import { FIGURES_EACH, NODE_STATES, type NodeState, type TreeEvent, type TreeExit, type TreeFigures, type TreeNode, type TreeShape } from '../../../../tools/ui/wire/tree.js';

interface Some extends Partial<TreeNode> {
  readonly state?: NodeState;
  readonly mailbox?: number;
  readonly handled?: number;
  readonly machine?: string;
}

const CRASH: TreeExit = { kind: 'error', causes: [{ name: 'Error', message: 'boom', path: '', during: '', stack: '' }], info: '' };

/** By path; parents must come first. */
function shape(version: number, nodes: Readonly<Record<string, Some>>): TreeShape {
  const paths = Object.keys(nodes);
  const values: number[] = [];
  const machines = [''];
  const full = Object.entries(nodes).map(([path, { state = 'running', mailbox = 0, handled = 0, machine = '', ...node }], at): TreeNode => {
    if (!machines.includes(machine)) machines.push(machine);
    values.push(NODE_STATES.indexOf(state), 1, 0, mailbox, handled, 0, machines.indexOf(machine));
    const cut = path.lastIndexOf('/');
    return {
      path, id: path.slice(cut + 1), parent: path === '/' ? -1 : paths.indexOf(cut === 0 ? '/' : path.slice(0, cut)), cell: at, kind: 'worker', behaviour: 'b@1', restart: 'permanent', bound: 100,
      supervision: null, lastExit: null, omitted: 0, ...node,
    };
  });
  return { version, life: 1, atUs: 0, nodes: full, omitted: 0, figures: { version, atUs: 0, values, machines } };
}

const failed = (seq: number, path: string): TreeEvent => ({ seq, life: 1, atUs: 0, path, kind: 'failed', incarnation: 2, supervisor: '/', context: 'child_terminated', reason: CRASH });
const change = (of: TreeShape, at: number, column: number, value: number): TreeFigures => (
  { ...of.figures, version: of.version, values: of.figures.values.map((old, n) => (n === at * FIGURES_EACH + column ? value : old)) }
);
const pathsOf = (model: TreeModel): string[] => model.rows().map(({ at, depth }) => `${depth} ${model.node(at)!.path}`);
const found = (filter: Partial<Filter>): Filter => ({ ...NO_FILTER, ...filter });

test('a machine that turns is marked for a moment, says what it was, and is found by its state', () => {
  const model = new TreeModel();
  const first = shape(1, { '/': {}, '/a': { machine: 'SLEEP' }, '/b': { machine: 'open.half' }, '/c': {} });
  model.setShape(first, 0);
  const dirty = new Int32Array(9);
  assert.equal(model.takeDirty(dirty), 0);
  assert.deepEqual([...model.turned], [], 'what it is when somebody begins to look is no change');
  // Another answer has another list of states.
  const next = (atUs: number, machines: readonly string[], of: readonly number[]): TreeFigures => ({ version: 1, atUs, machines, values: first.figures.values.map((old, n) => (n % FIGURES_EACH === 6 ? of[Math.floor(n / FIGURES_EACH)]! : old)) });
  model.setFilter(found({ text: 'alert' }));
  assert.deepEqual(pathsOf(model), []);
  assert.ok(model.setFigures(next(5, ['', 'open.half', 'ALERT'], [0, 2, 1, 0]), 100));
  assert.deepEqual([model.machineOf(1), model.machineOf(2), model.machineOf(3), [...model.turned]], ['ALERT', 'open.half', '', ['/a']]);
  assert.deepEqual(model.turnOf('/a'), { from: 'SLEEP', to: 'ALERT', atUs: 5, startedMs: 100 });
  assert.deepEqual([...dirty.subarray(0, model.takeDirty(dirty))], [1]);
  assert.deepEqual(pathsOf(model), ['0 /', '1 /a'], 'and what is found follows');
  assert.equal(model.nextMatch('/'), '/a');
  model.tick(100 + TURN_MS + 1);
  assert.equal(model.isTurned(1), false);
  assert.deepEqual([model.turnOf('/a')?.from, [...dirty.subarray(0, model.takeDirty(dirty))]], ['SLEEP', [1]]);

  // Restarting it has none, and that is no change of state; a shape that brings another one is.
  model.setFigures(next(6, ['', 'open.half'], [0, 0, 1, 0]), 2_000);
  model.setFigures(next(7, ['', 'open.half', 'SLEEP'], [0, 2, 1, 0]), 2_100);
  assert.equal(model.turnOf('/a')?.atUs, 5);
  model.setShape(shape(2, { '/': {}, '/b': { machine: 'open.full' }, '/a': { machine: 'SLEEP' } }), 2_200);
  assert.deepEqual([[...model.turned], model.turnOf('/b')?.to], [['/b'], 'open.full']);
  model.setShape({ ...shape(3, { '/': {}, '/b': { machine: 'shut' } }), life: 0 }, 2_300);
  assert.deepEqual([...model.turned].length + Number(model.turnOf('/b') !== undefined), 0, 'a moment that is over has no changes');
});

test('the next problem is the worst one, then on through all of them and around', () => {
  const model = new TreeModel();
  model.setShape(shape(1, {
    '/': {}, '/fine': {}, '/once': { lastExit: CRASH }, '/again': { lastExit: CRASH }, '/held': { state: 'suspended' }, '/quarantined': { state: 'quarantined' }, '/full': { mailbox: 80 },
    '/done': { state: 'stopped', lastExit: { kind: 'normal', causes: [], info: '' } }, '/dead': { state: 'stopped', lastExit: CRASH },
    '/s': { kind: 'supervisor', supervision: { strategy: 'oneForOne', restarts: 3, withinMs: 5, used: 3, autoShutdown: 'never' } },
  }), 0);
  model.addEvents([failed(1, '/once'), failed(2, '/again')], 0);
  const seen = ['/'];
  for (let n = 0; n < 8; n++) seen.push(model.nextProblem(seen.at(-1)!)!);
  assert.deepEqual(seen.slice(1), ['/quarantined', '/dead', '/held', '/full', '/s', '/again', '/once', '/quarantined']);
  assert.equal(model.nextProblem('/quarantined', -1), '/once');
  const well = new TreeModel();
  well.setShape(shape(1, { '/': {} }), 0);
  assert.equal(well.nextProblem('/'), undefined);
});

test('figures make rates, and only nodes that look different are drawn again', () => {
  const model = new TreeModel();
  const first = shape(4, { '/': {}, '/a': {}, '/b': {} });
  model.setShape(first, 0);
  const dirty = new Int32Array(3);
  assert.equal(model.takeDirty(dirty), 0);
  assert.ok(model.setFigures(change(first, 1, 4, 1_000), 250));
  assert.ok(model.rates[1]! > 2_000 && model.rates[2] === 0, String(model.rates));
  assert.equal(model.takeDirty(dirty), 0, 'a rate moves, it does not repaint');
  model.setFigures(change(first, 2, 3, 50), 500);
  assert.deepEqual([model.takeDirty(dirty), dirty[0], model.takeDirty(dirty)], [1, 2, 0]);
  assert.ok(!model.setFigures({ ...first.figures, version: 3 }, 600), 'figures of another shape are not taken');
  model.setFigures(change(first, 2, 4, 500), 700);
  model.tick(1_000);
  assert.ok(model.rates[2]! > 0);
  model.tick(3_000);
  assert.equal(model.rates[2], 0, 'of a process that says nothing, nothing moves');
  for (let at = 0; at < 20; at++) model.setFigures(change(first, 2, 3, 50), 4_000 + at * 250);
  assert.equal(model.rates[1], 0, 'what stands still comes to rest');
});

test('a restart is a pulse with its cause and a mark that goes away; what a topic tells twice counts once', () => {
  const model = new TreeModel();
  model.setShape(shape(1, { '/': {}, '/a': {} }), 0);
  model.addEvents([failed(1, '/a')], 100);
  model.addEvents([failed(1, '/a')], 200);
  assert.deepEqual([model.pulses.length, model.events.length, model.pulses[0]!.text], [1, 1, 'Error: boom']);
  assert.deepEqual([model.nextProblem('/'), model.node(1)!.lastExit], ['/a', CRASH], 'its cause is there at once');
  const dirty = new Int32Array(2);
  assert.deepEqual([model.isRecent(1), model.takeDirty(dirty), dirty[0]], [true, 1, 1]);
  model.tick(100 + RECENT_MS + 1);
  assert.deepEqual([model.pulses.length, model.isRecent(1), model.takeDirty(dirty)], [0, false, 1]);
});

test('what leaves the tree fades where it stood; of another life, or between two moments that are over, nothing does', () => {
  const model = new TreeModel();
  model.setShape(shape(1, { '/': {}, '/a': {}, '/b': {} }), 0);
  const [x, y] = [model.layout.x[2]!, model.layout.y[2]!];
  model.setShape(shape(2, { '/': {}, '/a': {} }), 100);
  assert.deepEqual(model.ghosts, [{ x, y, name: 'b', startedMs: 100 }]);
  model.tick(100 + GHOST_MS + 1);
  assert.deepEqual(model.ghosts, []);
  for (const life of [2, 0]) {
    model.setShape({ ...shape(3, { '/': {} }), life }, 200);
    assert.deepEqual(model.ghosts, [], `life ${life}`);
    model.setShape({ ...shape(4, { '/': {}, '/c': {} }), life }, 300);
  }
  model.addEvents([{ seq: 1, life: 1, atUs: 0, path: '/b', kind: 'ended' }], 400);
  assert.deepEqual([model.events.length, model.pulses.length], [1, 0], 'it is in the feed, and no restart');
});

test('collapse hides, search finds through it, reveal opens', () => {
  const model = new TreeModel();
  model.setShape(shape(1, { '/': { kind: 'supervisor' }, '/s': { kind: 'supervisor' }, '/z': { state: 'suspended' }, '/s/<b>x': {}, '/s/y': { kind: 'dynamic' } }), 0);
  assert.deepEqual(pathsOf(model), ['0 /', '1 /s', '2 /s/<b>x', '2 /s/y', '1 /z']);
  model.setCollapsed('/s', true);
  assert.deepEqual(pathsOf(model), ['0 /', '1 /s', '1 /z']);
  assert.deepEqual([...model.layout.shown], [1, 1, 1, 0, 0]);
  model.setFilter(found({ text: 'B>X' }));
  assert.deepEqual([model.matchCount, ...pathsOf(model)], [1, '0 /', '1 /s', '2 /s/<b>x']);
  assert.equal(model.nextMatch('/'), '/s/<b>x');
  model.setFilter(found({ text: 'S' }));
  assert.equal(model.nextMatch('/nowhere'), '/s', 'what is called so comes before what only has it in its path');
  model.setFilter(found({ state: 'suspended' }));
  assert.deepEqual(pathsOf(model), ['0 /', '1 /z']);
  model.setFilter(found({ kind: 'dynamic' }));
  assert.equal(model.nextMatch('/'), '/s/y');
  model.setFilter(found({ text: 'nothing like that' }));
  assert.deepEqual([pathsOf(model), model.nextMatch('/')], [[], undefined]);
  model.setFilter(NO_FILTER);
  model.reveal('/s/y');
  assert.deepEqual([...model.layout.shown], [1, 1, 1, 1, 1]);
});
