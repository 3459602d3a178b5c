import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChildSpec, dynamicSupervisor, FIGURES, NODE_STATES, type TreeNode } from '../../runtime/index.js';
import { child, root, started } from './support.js';

/** The tree's own account, level by level. */
function expected(tree: TreeNode): number[] {
  const level: TreeNode[] = [tree];
  for (let at = 0; at < level.length; at++) level.push(...level[at]!.children);
  return level.flatMap((node) => FIGURES.map((name) => (name === 'state' ? NODE_STATES.indexOf(node.state) : node[name])));
}

const spec: fc.Arbitrary<ChildSpec[]> = fc.letrec<{ readonly children: ChildSpec[] }>((tie) => ({
  children: fc.array(fc.oneof({ maxDepth: 4 }, fc.constant(null), tie('children')), { maxLength: 5 })
    .map((shape) => shape.map((below, n) => (below === null ? child(`w${n}`) : root(below as ChildSpec[], { id: `s${n}`, strategy: n % 2 === 0 ? 'oneForAll' : 'restForOne' })))),
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
