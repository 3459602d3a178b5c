import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { setup } from 'xstate';
import { type Behaviour, type ChildSpec, dynamicSupervisor, FIGURES, type Figures, machine, NODE_STATES, type TreeNode, worker } from '../../runtime/index.js';
import { MOST_STATE_TEXT, stateText } from '../../runtime/probe/state-text.js';
import { door, everything } from './probe/machines.js';
import { child, root, started } from './support.js';

/** The tree's own account, level by level. */
function expected(tree: TreeNode): Figures {
  const level: TreeNode[] = [tree];
  for (let at = 0; at < level.length; at++) level.push(...level[at]!.children);
  const machineStates = [...new Set(['', ...level.map(({ machineState }) => machineState)])];
  const number = (node: TreeNode, name: (typeof FIGURES)[number]): number => {
    if (name === 'state') return NODE_STATES.indexOf(node.state);
    return name === 'machineState' ? machineStates.indexOf(node.machineState) : node[name];
  };
  return { values: level.flatMap((node) => FIGURES.map((name) => number(node, name))), machineStates };
}

/** A door, flat or nested, by its number: some open, some shut. */
function doorway(id: string, n: number): ChildSpec {
  return worker({ id, behaviour: machine(n % 3 === 0 ? nested : door, { version: 1 }) as Behaviour<unknown>, ...(n % 2 === 0 ? { idleAfter: 1 } : {}) });
}

const nested = setup({}).createMachine({ id: 'nested', initial: 'open', states: { open: { initial: 'half', states: { half: {}, full: {} } } } });

const spec: fc.Arbitrary<ChildSpec[]> = fc.letrec<{ readonly children: ChildSpec[] }>((tie) => ({
  children: fc.array(fc.oneof({ maxDepth: 4 }, fc.constant(null), tie('children')), { maxLength: 5 })
    .map((shape) => shape.map((below, n) => (below === null ? (n % 2 === 0 ? child(`w${n}`) : doorway(`w${n}`, n)) : root(below as ChildSpec[], { id: `s${n}`, strategy: n % 2 === 0 ? 'oneForAll' : 'restForOne' })))),
})).children;

test('figures are those of the tree, of the same actors in the same order, whatever the limits', () => {
  fc.assert(fc.property(spec, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 5 }), fc.array(fc.nat(30), { maxLength: 8 }), (children, nodes, depth, touched) => {
    const runtime = started(root(children));
    const workers: string[] = [];
    const visit = (node: TreeNode): void => {
      if (node.kind === 'worker') workers.push(node.path);
      node.children.forEach(visit);
    };
    visit(runtime.tree()!);
    for (const [n, at] of touched.entries()) if (workers.length > 0) runtime.send(workers[at % workers.length]!, n === 0 ? { type: 'die' } : { type: 'add', n: 1 });
    for (const limits of [{}, { nodes }, { depth }, { nodes, depth }]) assert.deepEqual(runtime.figures(limits), expected(runtime.tree(limits)!));
  }), { numRuns: 60 });
});

test('a node says how it is restarted, what its mailbox holds, and what is left of a budget', () => {
  const runtime = started(root(
    [child('a', {}, { restart: 'transient', mailbox: { capacity: 10 } }), root([], { id: 'all', strategy: 'oneForAll', autoShutdown: 'anySignificant' }), dynamicSupervisor({ id: 'many', intensity: { restarts: 7, withinMs: 500 } })],
    { strategy: 'restForOne', intensity: { restarts: 3, withinMs: 1_000 } },
  ));
  const look = (): TreeNode => runtime.tree()!;
  assert.deepEqual(look().supervision, { strategy: 'restForOne', restarts: 3, withinMs: 1_000, used: 0, autoShutdown: 'never' });
  const [a, all, many] = look().children;
  assert.deepEqual([a!.restart, a!.mailboxBound, a!.supervision], ['transient', 16, null]);
  assert.deepEqual([all!.supervision?.strategy, all!.supervision?.autoShutdown, many!.supervision?.strategy, many!.supervision?.restarts], ['oneForAll', 'anySignificant', 'oneForOne', 7]);
  runtime.send('/a', { type: 'die' });
  runtime.drain();
  assert.equal(look().supervision?.used, 1);
  runtime.advanceTo(runtime.nowUs() + 1_000_001);
  assert.equal(look().supervision?.used, 0);
});

test('a machine says its state wherever it is: flat, nested, parallel, final; wrapped or probed; another state after an event, none without a machine', () => {
  const spec = (id: string, of: Behaviour<unknown>): ChildSpec => worker({ id, behaviour: of });
  const all = machine(everything, { version: 1, effects: { note: () => {}, tell: () => {} }, actors: { work: () => worker({ id: 'job', behaviour: machine(door, { version: 1 }) as Behaviour<unknown> }) } }) as Behaviour<unknown>;
  const wrapped = machine(door, { version: 1, name: 'wrapped' }) as Behaviour<unknown>;
  const runtime = started(root([child('plain'), spec('door', machine(door, { version: 1 }) as Behaviour<unknown>), spec('all', all), spec('nested', machine(nested, { version: 1 }) as Behaviour<unknown>), spec('wrapped', { ...wrapped, step: wrapped.step.bind(wrapped) })]));
  const look = (): Record<string, string> => {
    const tree = runtime.tree()!;
    assert.deepEqual(runtime.figures(), expected(tree));
    return Object.fromEntries(tree.children.map(({ id, machineState }) => [id, machineState]));
  };
  assert.deepEqual(look(), { plain: '', door: 'shut', all: 'idle', nested: 'open.half', wrapped: 'shut' });
  assert.ok(runtime.machine('/door') !== undefined);
  for (let n = 0; n < 12; n++) for (const id of ['door', 'all']) runtime.send(`/${id}`, { type: 'add' });
  for (const id of ['door', 'all']) runtime.send(`/${id}`, { type: 'go' });
  runtime.drain();
  assert.deepEqual(look(), { plain: '', door: 'open', all: 'busy.left.one+busy.right.one', nested: 'open.half', wrapped: 'shut' });
  runtime.send('/all', { type: 'step' });
  runtime.drain();
  // It has reached its end, and is started anew.
  assert.equal(look()['all'], 'idle');
});

test('a state value is told in at most forty characters, whatever it is', () => {
  assert.deepEqual(
    [{}, { a: {} }, { left: 'one', right: { in: 'two' } }, 'x'.repeat(41), 'x'.repeat(40), null, 7, undefined, [], '𝕏'].map(stateText),
    ['', 'a', 'left.one+right.in.two', `${'x'.repeat(39)}…`, 'x'.repeat(40), '', '', '', '', '𝕏'],
  );
  const circle: Record<string, unknown> = {};
  circle['again'] = circle;
  assert.ok(stateText(circle).startsWith('again.again'));
  fc.assert(fc.property(fc.anything(), (value) => stateText(value).length <= MOST_STATE_TEXT), { numRuns: 80 });
});

test('a behaviour of others whose state only looks like a machine shows nothing, and breaks nothing', () => {
  const real = machine(door, { version: 1 }) as Behaviour<unknown>;
  const hostile = { ...real, init: () => ({ get value(): unknown { throw new Error('not to be read'); } }) };
  const runtime = started(root([worker({ id: 'hostile', behaviour: hostile })]));
  assert.equal(runtime.tree()!.children[0]!.machineState, '');
  assert.deepEqual(runtime.figures()!.machineStates, ['']);
});
