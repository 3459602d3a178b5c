import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRuntime, type Strategy, supervisor, VirtualClock, worker } from '../../runtime/index.js';

// Properties with a model of their own: exactly when a supervisor gives up, and exactly who stops and starts in which order.

test('the budget is never exceeded: within any window a supervisor restarts at most as often as it says', () => {
  const strategy = fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne');
  fc.assert(fc.property(strategy, fc.nat({ max: 5 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.record({ who: fc.nat({ max: 2 }), waitMs: fc.nat({ max: 30 }) }), { maxLength: 60 }), (kind, restarts, withinMs, crashes) => {
    const runtime = createRuntime({ clock: new VirtualClock(0) });
    const idle = { name: 'idle', version: 1, init: () => null, step: (state: null) => state };
    runtime.start(supervisor({ id: 'root', strategy: kind, intensity: { restarts, withinMs }, children: ['a', 'b', 'c'].map((id) => worker({ id, behaviour: idle })) }));
    const stamps: number[] = [];
    let now = 0;
    for (const { who, waitMs } of crashes) {
      now += waitMs;
      runtime.advanceTo(now * 1000);
      if (!runtime.crash(['/a', '/b', '/c'][who]!)) break;
      stamps.push(now);
      const recent = stamps.filter((stamp) => stamp >= now - withinMs).length;
      assert.equal(runtime.tree() === null, recent > restarts, `${recent} restarts of ${restarts} within ${withinMs} ms`);
      if (runtime.tree() === null) break;
    }
  }), { numRuns: 300, seed: 6 });
});

test('start order and reverse stop order hold through any sequence of crashes in a group', () => {
  const strategy = fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne');
  fc.assert(fc.property(strategy, fc.integer({ min: 2, max: 6 }), fc.array(fc.nat({ max: 5 }), { maxLength: 20 }), (kind, size, crashes) => {
    const log: string[] = [];
    const behaviour = (id: string) => ({
      name: 'l', version: 1, init: () => { log.push(`+${id}`); return null; }, step: (state: null) => state, stop: () => { log.push(`-${id}`); },
    });
    const ids = Array.from({ length: size }, (_, n) => String(n));
    const runtime = createRuntime();
    runtime.start(supervisor({ id: 'root', strategy: kind, intensity: { restarts: 100, withinMs: 1 }, children: ids.map((id) => worker({ id, behaviour: behaviour(id) })) }));
    for (const crash of crashes) {
      log.length = 0;
      const failing = String(crash % size);
      runtime.crash(`/${failing}`);
      const group = kind === 'oneForOne' ? [failing] : kind === 'oneForAll' ? ids : ids.slice(ids.indexOf(failing));
      const stopped = [failing, ...group.filter((id) => id !== failing).reverse()];
      assert.deepEqual(log, [...stopped.map((id) => `-${id}`), ...group.map((id) => `+${id}`)]);
    }
    log.length = 0;
    runtime.stop();
    assert.deepEqual(log, ids.map((id) => `-${id}`).reverse());
  }), { numRuns: 200, seed: 8 });
});
