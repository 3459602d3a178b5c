import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { dynamicSupervisor } from '../../runtime/index.js';
import { child, type Command, root, run, started } from './support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('spawning and stopping 100,000 actors with timers, monitors, names, topics, asks and children leaves the heap flat', () => {
  const runtime = started(root([child('server'), dynamicSupervisor({ id: 'd', intensity: { restarts: 10, withinMs: 1 } })]));
  const round = (from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      const answer = runtime.startChild('/d', child(`c${n}`, {
        onInit: (ctx) => {
          ctx.startTimer('a', 1_000_000, { type: 'add', n: 1 });
          ctx.startTimer('b', 2_000_000, { type: 'add', n: 1 });
          ctx.monitor(ctx.ref('/server'));
          ctx.register(`name${n}`);
          ctx.subscribe('topic');
          ctx.ask(ctx.ref('/server'), { type: 'add', n: 1 }, 1e9, () => ({ type: 'add', n: 1 }));
          ctx.spawn(child('kid'));
          ctx.random();
        },
      }));
      assert.ok(answer.ok);
      const ref = answer.ref;
      runtime.send(ref, { type: 'add', n: 1 });
      runtime.drain();
      runtime.send(ref, { type: 'add', n: 2 });
      if (n % 4 === 0) runtime.kill(`/d/c${n}/kid`);
      runtime.terminateChild('/d', ref);
    }
    runtime.drain();
  };
  round(0, 20_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  round(20_000, 120_000);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  const { cells, timers, queued } = runtime.counters();
  assert.deepEqual({ cells, timers, queued }, { cells: 3, timers: 0, queued: 0 });
  assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`);
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
