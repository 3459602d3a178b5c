import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ActorContext, type ChildSpec, createRuntime, dynamicSupervisor, type RestartType, type Runtime, type Strategy, supervisor, type TreeNode, VirtualClock, worker,
} from '../../runtime/index.js';

// Random trees under random fault scripts. What must hold whatever happens is checked after every step.

interface Plan {
  readonly kind: 'worker' | 'supervisor' | 'dynamic';
  readonly strategy: Strategy;
  readonly restart: RestartType;
  readonly keeps: boolean;
  readonly mutable: boolean;
  readonly budget: number;
  readonly backoff: boolean;
  readonly slowStop: boolean;
  readonly flaky: number;
  readonly overflow: 'reject' | 'dropOldest' | 'fail';
  readonly children: readonly Plan[];
}

function planOf(depth: number): fc.Arbitrary<Plan> {
  return fc.record({
    kind: depth === 0 ? fc.constantFrom('worker', 'dynamic') : fc.constantFrom('worker', 'worker', 'supervisor', 'supervisor', 'dynamic'),
    strategy: fc.constantFrom('oneForOne', 'oneForAll', 'restForOne'),
    restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
    keeps: fc.boolean(), mutable: fc.boolean(), budget: fc.nat({ max: 4 }), backoff: fc.boolean(),
    slowStop: fc.constantFrom(false, false, false, true), flaky: fc.constantFrom(0, 0, 0, 2, 3),
    overflow: fc.constantFrom('reject', 'dropOldest', 'fail'),
    children: depth === 0 ? fc.constant([]) : fc.array(planOf(depth - 1), { minLength: 1, maxLength: 4 }),
  }) as fc.Arbitrary<Plan>;
}
const plan = planOf(3);

const action = fc.record({
  what: fc.constantFrom('send', 'send', 'send', 'burst', 'chain', 'die', 'end', 'crash', 'kill', 'poison', 'timer', 'spawn', 'stopChild', 'monitor', 'ask', 'subscribe', 'publish', 'terminate', 'restart', 'delete', 'add', 'step', 'wait'),
  who: fc.nat({ max: 30 }),
  other: fc.nat({ max: 30 }),
  n: fc.nat({ max: 40 }),
});

type Message = { readonly type: string; readonly n: number; readonly to?: string };

interface Watch {
  /** Cells by path that have been started and not ended by `stop` hook or fence: order of starts. */
  readonly order: string[];
  starts: number;
}

function behaviourOf(node: Plan, watch: Watch) {
  let starts = 0;
  return {
    name: 'random', version: 1, stateKind: node.mutable ? ('mutable' as const) : ('immutable' as const),
    init: (ctx: ActorContext<Message>) => {
      watch.starts++;
      if (node.flaky > 0 && ++starts % node.flaky === 0) throw new Error('flaky start');
      watch.order.push(`+${ctx.path}`);
      return { sum: 0 };
    },
    step: (state: { sum: number }, message: Message, ctx: ActorContext<Message>) => {
      switch (message.type) {
        case 'die': throw new Error('die');
        case 'end': ctx.stop(message.n); break;
        case 'chain': if (message.n > 0) ctx.send(ctx.ref<Message>(message.to ?? ctx.path), { type: 'chain', n: message.n - 1, to: ctx.path }); break;
        case 'timer': ctx.startTimer(`t${message.n % 5}`, message.n, { type: 'tick', n: message.n }); break;
        case 'spawn': {
          ctx.spawnLater(worker({ id: `kid${ctx.nextId().split('-')[1]}`, behaviour: behaviourOf({ ...node, flaky: 0, slowStop: false }, watch), restart: message.n % 2 === 0 ? 'transient' : 'temporary' }));
          break;
        }
        case 'stopChild': ctx.stopChild(`kid${message.n % 3}`); break;
        case 'monitor': ctx.monitor(ctx.ref(message.to ?? '/')); break;
        case 'ask': ctx.ask(ctx.ref(message.to ?? '/'), { type: 'reply', n: 1 }, message.n, (result) => ({ type: 'answered', n: result.ok ? 1 : 0 })); break;
        case 'reply': ctx.reply(message.n); break;
        case 'subscribe': ctx.subscribe('t'); break;
        case 'publish': ctx.publish('t', { type: 'news', n: 0 }); break;
        default: break;
      }
      if (ctx.random() < 0.02) throw new Error('bad luck');
      if (node.mutable) {
        state.sum += message.n ?? 0;
        return state;
      }
      return { sum: state.sum + (message.n ?? 0) };
    },
    stop: (_state: { sum: number }, ctx: ActorContext<Message>): void | 'pending' => {
      watch.order.push(`-${ctx.path}`);
      return node.slowStop ? 'pending' : undefined;
    },
  };
}

function specOf(node: Plan, id: string, watch: Watch): ChildSpec {
  const backoff = node.backoff ? { backoff: { minMs: 1, maxMs: 8, jitter: 1 } } : {};
  const intensity = { restarts: node.budget, withinMs: 20 };
  if (node.kind === 'worker') {
    return worker({
      id, behaviour: behaviourOf(node, watch), restart: node.restart, restore: node.keeps ? 'lastGood' : 'init', shutdown: 10,
      mailbox: { capacity: 8, overflow: node.overflow }, ...backoff,
    }) as ChildSpec;
  }
  if (node.kind === 'dynamic') return dynamicSupervisor({ id, intensity, restart: node.restart, ...backoff });
  return supervisor({ id, strategy: node.strategy, intensity, restart: node.restart, ...backoff, children: node.children.map((inner, n) => specOf(inner, `n${n}`, watch)) });
}

function pathsOf(tree: TreeNode | null): string[] {
  return tree === null ? [] : [tree.path, ...tree.children.flatMap(pathsOf)];
}

function check(runtime: Runtime): void {
  const counters = runtime.counters();
  const paths = pathsOf(runtime.tree());
  assert.equal(new Set(paths).size, paths.length, 'paths are unique');
  assert.equal(counters.cells, paths.length, 'every live cell is in the tree: no orphan');
  assert.equal(counters.sent, counters.handled + counters.queued + counters.deadLettered + counters.conflated, 'every message is somewhere');
  if (runtime.tree() === null) assert.equal(counters.timers, 0, 'nothing is armed for nobody');
}

function play(tree: Plan, script: readonly { what: string; who: number; other: number; n: number }[], seed: number): { hash: string; order: readonly string[]; end: unknown } {
  const watch: Watch = { order: [], starts: 0 };
  let ends = 0;
  const runtime = createRuntime({ clock: new VirtualClock(0), seed, sliceMessages: 3, onFatal: () => { ends++; } });
  const rootSpec = specOf({ ...tree, kind: 'supervisor', restart: 'permanent' }, 'root', watch);
  const begun = runtime.start(rootSpec);
  check(runtime);
  if (!begun.ok) {
    assert.equal(runtime.tree(), null);
    return { hash: runtime.trace().hash(), order: watch.order, end: begun.reason.kind };
  }
  for (const { what, who, other, n } of script) {
    const paths = pathsOf(runtime.tree());
    if (paths.length === 0) break;
    const path = paths[who % paths.length]!;
    const to = paths[other % paths.length]!;
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    const id = path.slice(path.lastIndexOf('/') + 1);
    switch (what) {
      case 'burst': for (let k = 0; k < n; k++) runtime.send(path, { type: 'add', n: k }); break;
      case 'crash': runtime.crash(path); break;
      case 'kill': runtime.kill(path); break;
      case 'poison': runtime.poison(path); break;
      case 'terminate': runtime.terminateChild(parent, id); runtime.terminateChild(parent, runtime.ref(path)); break;
      case 'restart': runtime.restartChild(parent, id); break;
      case 'delete': runtime.deleteChild(parent, id); break;
      case 'add': runtime.startChild(path, specOf({ ...tree, kind: 'worker', children: [] }, `extra${n % 4}`, watch)); break;
      case 'publish': runtime.publish('t', { type: 'news', n }); break;
      case 'step': runtime.step(); break;
      case 'wait': runtime.advanceTo(runtime.nowUs() + n * 500); break;
      default: runtime.send(path, { type: what === 'send' ? 'add' : what, n, to });
    }
    check(runtime);
    if (n % 3 === 0) {
      runtime.drain(500);
      check(runtime);
    }
  }
  if (!runtime.stop()) runtime.advanceTo(runtime.nowUs() + 1_000_000);
  check(runtime);
  assert.equal(runtime.tree(), null, 'everything can be stopped');
  assert.equal(runtime.counters().cells, 0);
  assert.equal(runtime.counters().queued, 0);
  assert.ok(ends <= 1, 'the root ends at most once');
  return { hash: runtime.trace().hash(), order: watch.order, end: ends };
}

test('random trees under random fault scripts: no orphan, no lost message, everything stops, and the same seed gives the same trace', () => {
  fc.assert(fc.property(plan, fc.array(action, { minLength: 5, maxLength: 60 }), fc.nat(), (tree, script, seed) => {
    const first = play(tree, script, seed);
    const second = play(tree, script, seed);
    assert.deepEqual(second, first);
  }), { numRuns: 400, seed: 20260921 });
});

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
