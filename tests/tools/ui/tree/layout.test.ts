import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { edgePoint, type Layout, layOut, nodeAt, Slots } from '../../../../tools/ui/page/tree/layout.js';

interface Plan {
  readonly parents: readonly number[];
  readonly paths: readonly string[];
}

/** Level by level, as the server tells it. */
function plan(shape: readonly number[]): Plan {
  const parents = [-1];
  const paths = ['/'];
  for (let at = 0; at < parents.length && at < shape.length; at++) {
    for (let n = 0; n < shape[at]!; n++) {
      parents.push(at);
      paths.push(`${at === 0 ? '' : paths[at]!}/${n}`);
    }
  }
  return { parents, paths };
}

const laid = ({ parents, paths }: Plan, slots = new Slots(), collapsed: (at: number) => boolean = () => false): Layout => layOut({ count: parents.length, parents, pathOf: (at) => paths[at]!, isCollapsed: collapsed }, slots);

function overlaps(layout: Layout): boolean {
  const { count, shown, x, y } = layout;
  const places = Array.from({ length: count }, (_, at) => at).filter((at) => shown[at] === 1).sort((a, b) => x[a]! - x[b]!);
  for (const [n, a] of places.entries()) {
    for (let m = n + 1; m < places.length && x[places[m]!]! < x[a]! + layout.size.w; m++) if (Math.abs(y[places[m]!]! - y[a]!) < layout.size.h) return true;
  }
  return false;
}

const shapes = fc.array(fc.oneof(fc.nat(4), fc.integer({ min: 5, max: 40 }), fc.constant(0)), { maxLength: 30 });

test('no two nodes share a place, children are right of their supervisor, and every line ends at its node', () => {
  fc.assert(fc.property(shapes, fc.array(fc.nat(20)), (shape, closed) => {
    const tree = plan(shape);
    const layout = laid(tree, new Slots(), (at) => closed.includes(at));
    assert.ok(!overlaps(layout));
    const point = new Float32Array(2);
    for (let at = 1; at < layout.count; at++) {
      if (layout.shown[at] === 0) continue;
      const parent = tree.parents[at]!;
      assert.ok(layout.shown[parent] === 1 && layout.x[at]! > layout.x[parent]! + layout.size.w);
      assert.ok(layout.y[at]! + layout.size.h <= layout.height + 40 && layout.x[at]! + layout.size.w <= layout.width);
      edgePoint(layout, parent, at, 0, point);
      assert.deepEqual([...point], [layout.x[parent]! + layout.size.w, layout.y[parent]! + layout.size.h / 2]);
      edgePoint(layout, parent, at, 1, point);
      assert.ok(Math.abs(point[0]! - layout.endX[at]!) < 0.01 && point[0]! >= layout.x[at]! && point[0]! <= layout.x[at]! + layout.size.w);
      assert.ok(layout.y[at]! - point[1]! < 4 && point[1]! <= layout.y[at]! + layout.size.h);
      assert.equal(nodeAt(layout, layout.x[at]! + 1, layout.y[at]! + 1), at);
    }
  }), { numRuns: 150 });
});

test('a child that goes leaves a hole, the next one to come fills it, and nobody else moves', () => {
  const slots = new Slots();
  const of = (ids: readonly string[]): Plan => ({ parents: [-1, ...ids.map(() => 0)], paths: ['/', ...ids.map((id) => `/${id}`)] });
  const places = (ids: readonly string[]): Map<string, string> => {
    const layout = laid(of(ids), slots);
    return new Map(ids.map((id, n) => [id, `${layout.x[n + 1]} ${layout.y[n + 1]}`]));
  };
  const all = Array.from({ length: 30 }, (_, n) => `c${n}`);
  const before = places(all);
  const without = all.filter((id) => id !== 'c3' && id !== 'c17');
  const then = places(without);
  for (const id of without) assert.equal(then.get(id), before.get(id), id);
  const later = places([...without, 'new']);
  assert.equal(later.get('new'), before.get('c3'));
  for (const id of without) assert.equal(later.get(id), before.get(id), id);
});

test('few actors have larger nodes with a second line; one more or less changes no size, and many have small ones', () => {
  const slots = new Slots();
  const of = (leaves: number): Layout => laid(plan([3, 2, 2, leaves]), slots);
  const few = of(3);
  assert.equal(few.size.lines, 2);
  for (const leaves of [4, 5, 3, 1]) assert.equal(of(leaves).size, few.size);
  const many = of(80);
  assert.ok(many.size.lines === 1 && many.size.h < few.size.h);
  assert.equal(of(60).size, many.size);
  assert.equal(laid(plan([6, 6, 6, 6, 6, 6, 6])).size, many.size, 'a high one would have to be made small to be seen whole');
  assert.ok(!overlaps(few) && !overlaps(many));
});

test('deep and wide trees are laid out: 64 levels, one supervisor with 5,000 children, a chain of 5,000', () => {
  const wide = laid(plan([5_000]));
  assert.ok(!overlaps(wide));
  assert.ok(wide.width / wide.height > 0.7 && wide.width / wide.height < 1.5, `${wide.width} x ${wide.height}`);
  for (const depth of [64, 5_000]) {
    const chain = laid(plan(Array.from({ length: depth }, () => 1)));
    assert.equal(chain.shown.at(-1), 1);
    assert.ok(!overlaps(chain));
  }
});
