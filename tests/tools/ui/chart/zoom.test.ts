import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { centred, fit, moved, resized, zoomed } from '../../../../tools/ui/page/chart/zoom.js';

const size = fc.record({ width: fc.integer({ min: 50, max: 6_000 }), height: fc.integer({ min: 50, max: 6_000 }) });

test('a frame keeps the window\'s shape and never loses the drawing, whatever is done to it', () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant('zoom' as const), factor: fc.double({ min: 0.2, max: 5, noNaN: true }), x: fc.double({ min: 0, max: 1, noNaN: true }), y: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('move' as const), dx: fc.integer({ min: -9_000, max: 9_000 }), dy: fc.integer({ min: -9_000, max: 9_000 }) }),
    fc.record({ kind: fc.constant('centre' as const), x: fc.integer({ min: 0, max: 6_000 }), y: fc.integer({ min: 0, max: 6_000 }) }),
  );
  fc.assert(fc.property(size, size, fc.array(act, { maxLength: 30 }), (drawing, window, acts) => {
    let frame = fit(drawing, window);
    for (const one of acts) {
      frame = one.kind === 'zoom' ? zoomed(frame, one.factor, drawing, window, one.x, one.y) : one.kind === 'move' ? moved(frame, one.dx, one.dy, drawing) : centred(frame, one.x, one.y, drawing);
      assert.ok(Math.abs(frame.width / frame.height - window.width / window.height) < 1e-6 * (window.width / window.height));
      assert.ok(frame.x < drawing.width && frame.x + frame.width > 0 && frame.y < drawing.height && frame.y + frame.height > 0);
    }
  }), { numRuns: 200 });
});

test('what is under the pointer stays there, and another window shows the same scale', () => {
  const drawing = { width: 1_000, height: 1_000 };
  const window = { width: 500, height: 500 };
  const before = fit(drawing, window);
  const after = zoomed(before, 2, drawing, window, 0.3, 0.6);
  assert.ok(Math.abs(before.x + before.width * 0.3 - (after.x + after.width * 0.3)) < 1e-9);
  assert.ok(Math.abs(before.y + before.height * 0.6 - (after.y + after.height * 0.6)) < 1e-9);
  const wide = resized(after, window, { width: 900, height: 500 });
  assert.ok(Math.abs(wide.width / 900 - after.width / 500) < 1e-9);
});
