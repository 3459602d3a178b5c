import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assign, setup } from 'xstate';
import { type ActorContext, dynamicSupervisor, machine, worker, type WorkerSpec } from '../../runtime/index.js';
import { child, type Command, root, run, started } from './support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** `npm run leaks` takes a million. */
const ACTORS = Number(process.env['FAULTLINE_LEAK_ACTORS'] ?? 100_000);

const sum = setup({
  types: {} as { context: { readonly n: number }; events: { readonly type: 'add'; readonly n: number } },
  actions: { add: assign(({ context, event }) => ({ n: context.n + event.n })) },
}).createMachine({ id: 'sum', initial: 'on', context: { n: 0 }, states: { on: { on: { add: { actions: 'add' }, later: 'timed' } }, timed: { after: { 1000: 'on' } } } });

test(`spawning and stopping ${ACTORS.toLocaleString('en')} actors with every kind of resource leaves the heap flat and no handle`, () => {
  const replies: ((message: unknown) => void)[] = [];
  const runtime = started(root([child('server'), dynamicSupervisor({ id: 'd', intensity: { restarts: 1_000_000, withinMs: 1 } })]), {
    effects: {
      done: () => undefined,
      answered: (_payload, call) => call.reply({ type: 'add', n: 3 }),
      // Answered when the actor has long gone, or never.
      pending: (_payload, call) => {
        if (replies.length < 100) replies.push(call.reply);
        return 'pending';
      },
    },
  });
  const machineOf = machine(sum, { version: 1 });
  const round = (from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      const path = `/d/c${n}`;
      const answer = runtime.startChild('/d', child(`c${n}`, {
        onInit: (ctx) => {
          ctx.startTimer('a', 1_000_000, { type: 'add', n: 1 });
          ctx.startTimer('b', 2_000_000, { type: 'add', n: 1 });
          ctx.monitor(ctx.ref('/server'));
          ctx.watchPermanent(ctx.ref('/server'));
          ctx.register(`name${n}`);
          ctx.subscribe('topic');
          ctx.subscribe(`topic${n}`);
          ctx.ask(ctx.ref('/server'), { type: 'add', n: 1 }, 1e9, () => ({ type: 'add', n: 1 }));
          ctx.spawn(child('kid'));
          ctx.spawnLater(worker({ id: 'machine', behaviour: machineOf, idleAfter: 1000 }) as WorkerSpec<never>);
          ctx.random();
          ctx.nextId();
          for (const name of ['done', 'answered', 'pending']) ctx.effect(name, n);
        },
      }));
      assert.ok(answer.ok, JSON.stringify(answer));
      const ref = answer.ref;
      const unwatch = runtime.monitor(path, () => undefined);
      // Nobody answers; its deadline ends it.
      runtime.ask(path, { type: 'add', n: 1 }, 5, () => undefined);
      runtime.send(ref, { type: 'do', run: (ctx: ActorContext<Command>) => void ctx.stash() });
      runtime.send(`${path}/machine`, { type: 'later' });
      runtime.send(ref, { type: 'add', n: 1 });
      runtime.drain();
      runtime.send(ref, { type: 'add', n: 2 });
      if (n % 3 === 0) runtime.suspend(path);
      if (n % 4 === 0) runtime.kill(`${path}/kid`);
      if (n % 5 === 0) runtime.crash(path);
      if (n % 7 === 0) unwatch();
      runtime.terminateChild('/d', ref);
      if (replies.length === 100) for (const reply of replies.splice(0)) reply({ type: 'add', n: 1 });
      if (n % 512 === 511) runtime.advanceTo(runtime.nowUs() + 10_000);
    }
    runtime.advanceTo(runtime.nowUs() + 10_000);
  };
  const warmUp = Math.min(20_000, ACTORS / 5);
  round(0, warmUp);
  collect();
  const before = process.memoryUsage().heapUsed;
  round(warmUp, warmUp + ACTORS);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  const { cells, timers, queued } = runtime.counters();
  assert.deepEqual({ cells, timers, queued }, { cells: 3, timers: 0, queued: 0 });
  assert.deepEqual([runtime.nextTimerUs(), runtime.tree()?.children.length], [Infinity, 2]);
  assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`);
  const handles = process.getActiveResourcesInfo().filter((name) => name.startsWith('Timeout') || name === 'Immediate' || name === 'MessagePort');
  assert.deepEqual(handles, [], 'no timer, immediate or port of Node');
  run(runtime, '/server', (ctx) => assert.equal(ctx.register('name5'), true, 'names are free'));
});

test('a handled message allocates nothing that stays, and restarts in place do not pile up', () => {
  const runtime = started(root([child('a', {}, { restore: 'lastGood' }), child('b')], { intensity: { restarts: 1_000_000, withinMs: 1 } }));
  const message: Command = { type: 'add', n: 1 };
  const round = (times: number): void => {
    for (let n = 0; n < times; n++) {
      runtime.send('/a', message);
      runtime.drain();
      if (n % 10 === 0) {
        runtime.crash('/a');
        runtime.crash('/b');
      }
    }
  };
  round(20_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  round(200_000);
  collect();
  assert.ok(process.memoryUsage().heapUsed - before < 500_000);
  assert.equal(runtime.inspect('/a')?.incarnation, 22_001);
});
