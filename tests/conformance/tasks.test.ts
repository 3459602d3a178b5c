/** Tasks: one-shot children whose outcome comes back as a message, after Elixir's Task and Task.Supervisor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Behaviour, oneShot, type RuntimeOptions, type TaskOutcome, worker, type WorkerSpec } from '../../runtime/index.js';
import { causes, Rig, sup } from './support.js';

type Message = { readonly type: 'outcome'; readonly of: string; readonly outcome: TaskOutcome } | { readonly type: 'do'; readonly run: (ctx: ActorContext<Message>) => void };

interface Owner {
  readonly rig: Rig;
  readonly outcomes: string[];
  act(run: (ctx: ActorContext<Message>) => void): void;
}

const text = (outcome: TaskOutcome): string => (outcome.ok ? `ok ${String(outcome.value)}` : outcome.reason === 'crashed' ? `crashed ${outcome.cause.message}` : outcome.reason);
const back = (of: string) => (outcome: TaskOutcome): Message => ({ type: 'outcome', of, outcome });

function owner(more: Partial<WorkerSpec<Message>> = {}, options: RuntimeOptions = {}): Owner {
  const outcomes: string[] = [];
  const behaviour: Behaviour<number, Message, undefined> = {
    name: 'owner', version: 1,
    init: () => 0,
    step: (turns, message, ctx) => {
      if (message.type === 'outcome') outcomes.push(`${message.of} ${text(message.outcome)}`);
      else message.run(ctx);
      return turns + 1;
    },
    childExit: (id) => { outcomes.push(`childExit ${id}`); },
  };
  const rig = Rig.started(sup('sup', [{ ...worker({ id: 'owner', behaviour }), ...more }], { intensity: { restarts: 9, withinMs: 1000 } }), options);
  return {
    rig, outcomes,
    act: (run) => {
      rig.runtime.send('/owner', { type: 'do', run });
      rig.runtime.drain();
    },
  };
}

const double = oneShot('double', (n: number) => 2 * n);
const fails = oneShot('fails', () => { throw new Error('no luck'); });

/** A task that goes on until it is told what its result is, or to crash. */
const waits: Behaviour<null, string, undefined> = {
  name: 'waits', version: 1, init: () => null,
  step: (state, message, ctx) => {
    if (message === 'crash') throw new Error('told to crash');
    if (message === 'shutdown') ctx.exit({ kind: 'shutdown' });
    else ctx.stop(message);
    return state;
  },
};
/** The same, but it does not end when it is asked to stop. */
const lingers: typeof waits = { ...waits, name: 'lingers', stop: () => 'pending' };
const asTask = (behaviour: typeof waits) => behaviour as unknown as Behaviour<never, never, undefined>;

test('the value of a task comes back as a message, once; nothing of the task is left', () => {
  const { rig, outcomes, act } = owner();
  let id = '';
  act((ctx) => { id = ctx.task({ behaviour: double, input: 21, deadlineMs: 1000 }, back('x')); });
  assert.equal(id, 'task-1');
  assert.deepEqual(outcomes, ['x ok 42']);
  act((ctx) => {
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, id: 'named' }, back('y'));
    assert.equal(rig.runtime.inspect('/owner/named'), undefined, 'it begins when the turn is committed');
  });
  assert.equal(rig.state('/owner/named'), 'running');
  rig.pass(999);
  rig.runtime.send('/owner/named', 'done');
  rig.runtime.drain();
  assert.deepEqual(outcomes, ['x ok 42', 'y ok done']);
  rig.pass(10_000);
  assert.deepEqual(outcomes, ['x ok 42', 'y ok done']);
  assert.equal(rig.runtime.counters().cells, 2);
  assert.equal(rig.runtime.counters().timers, 0);
});

test('an unlinked task that crashes, at its start or later, is an outcome', () => {
  const { rig, outcomes, act } = owner();
  act((ctx) => {
    ctx.task({ behaviour: fails, deadlineMs: 1000, linked: false }, back('start'));
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, linked: false, id: 'later' }, back('later'));
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, linked: false, id: 'killed' }, back('killed'));
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, linked: false, id: 'killed' }, back('double'));
  });
  rig.runtime.send('/owner/later', 'crash');
  rig.runtime.drain();
  rig.runtime.kill('/owner/killed');
  rig.runtime.drain();
  assert.deepEqual(outcomes, ['start crashed no luck', 'double crashed there is already a child "killed"', 'later crashed told to crash', 'killed crashed killed']);
  assert.equal(rig.incarnation('/owner'), 1);
  assert.equal(rig.runtime.counters().cells, 2);
});

test('the crash of a linked task is the crash of its owner, with the chain of causes', () => {
  for (const restore of ['init', 'lastGood'] as const) {
    for (const way of ['start', 'later'] as const) {
      const { rig, outcomes, act } = owner({ restore });
      const ends = rig.watch('/owner');
      act((ctx) => {
        ctx.task({ behaviour: asTask(waits), deadlineMs: 5000, id: 'sibling' }, back('sibling'));
        ctx.task(way === 'start' ? { behaviour: fails, deadlineMs: 1000 } : { behaviour: asTask(waits), deadlineMs: 1000, id: 'x' }, back('x'));
      });
      if (way === 'later') rig.runtime.send('/owner/x', 'crash');
      rig.runtime.drain();
      assert.deepEqual(causes(ends[0]), [`task "${way === 'start' ? 'task-1' : 'x'}" crashed`, way === 'start' ? 'no luck' : 'told to crash']);
      assert.equal(rig.incarnation('/owner'), 2);
      assert.equal(rig.state('/owner/sibling'), restore === 'init' ? undefined : 'running', 'the other task shares the fate of its owner');
      rig.pass(5000);
      assert.deepEqual(outcomes, restore === 'init' ? [] : ['sibling timeout'], 'no outcome of what crashed');
      assert.equal(rig.runtime.counters().timers, 0);
    }
  }
});

test('a normal end without a value and a shutdown are no crash of anybody', () => {
  const { rig, outcomes, act } = owner();
  act((ctx) => {
    ctx.task({ behaviour: oneShot('quiet', () => undefined), deadlineMs: 1000 }, back('quiet'));
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, id: 'bye' }, back('bye'));
    ctx.task({ behaviour: { ...double, init: (inner) => inner.ignore() }, deadlineMs: 1000 }, back('nothing'));
  });
  rig.runtime.send('/owner/bye', 'shutdown');
  rig.runtime.drain();
  assert.deepEqual(outcomes.sort(), ['bye stopped', 'nothing ok undefined', 'quiet ok undefined']);
  assert.equal(rig.incarnation('/owner'), 1);
});

test('at the deadline the outcome is a timeout and the task is stopped; what it still says is a dead letter', () => {
  const { rig, outcomes, act } = owner();
  act((ctx) => {
    ctx.task({ behaviour: asTask(lingers), deadlineMs: 100, id: 'brutal' }, back('brutal'));
    ctx.task({ behaviour: asTask(lingers), deadlineMs: 200, id: 'polite', shutdown: 1000 }, back('polite'));
    ctx.task({ behaviour: asTask(waits), deadlineMs: Infinity, id: 'ever' }, back('ever'));
  });
  rig.pass(99.999);
  assert.deepEqual(outcomes, []);
  rig.pass(0.001);
  assert.deepEqual(outcomes, ['brutal timeout']);
  assert.equal(rig.runtime.inspect('/owner/brutal'), undefined);
  rig.pass(100);
  assert.deepEqual(outcomes, ['brutal timeout', 'polite timeout']);
  assert.equal(rig.state('/owner/polite'), 'stopping');
  rig.runtime.send('/owner/polite', 'too late');
  rig.runtime.drain();
  assert.equal(rig.runtime.inspect('/owner/polite'), undefined);
  assert.equal(rig.runtime.counters().deadLetters.late_reply, 1);
  assert.equal(rig.runtime.deadLetters().at(-1)?.message, 'too late');
  rig.pass(3_600_000);
  assert.equal(rig.state('/owner/ever'), 'running');
  rig.runtime.send('/owner/ever', 'at last');
  rig.runtime.drain();
  assert.deepEqual(outcomes, ['brutal timeout', 'polite timeout', 'ever ok at last']);
  assert.equal(rig.incarnation('/owner'), 1);
});

test('a late answer of the outside world to a task that is over reaches nobody', () => {
  const late: ((message: unknown) => void)[] = [];
  const { rig, outcomes, act } = owner({}, { effects: { fetch: (_payload, call) => void late.push(call.reply) } });
  const fetches: typeof waits = { ...waits, init: (ctx) => { ctx.effect('fetch', null); return null; } };
  act((ctx) => { ctx.task({ behaviour: asTask(fetches), deadlineMs: 50 }, back('x')); });
  rig.pass(50);
  late[0]!('the page');
  rig.runtime.drain();
  assert.deepEqual(outcomes, ['x timeout']);
  assert.equal(rig.runtime.counters().deadLetters.stale, 1);
});

test('an outcome that waits in the queue of an owner that begins anew is a dead letter, and is handled where its state is kept', () => {
  for (const restore of ['init', 'lastGood'] as const) {
    const { rig, outcomes, act } = owner({ restore });
    act((ctx) => { ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, id: 'x' }, back('x')); });
    // Asked for in this order, the result waits behind the crash.
    rig.runtime.send('/owner', { type: 'do', run: () => { throw new Error('crash'); } });
    rig.runtime.send('/owner/x', 'done');
    rig.runtime.drain();
    assert.deepEqual(outcomes, restore === 'init' ? [] : ['x ok done']);
    assert.equal(rig.runtime.counters().cells, 2);
    assert.equal(rig.runtime.counters().timers, 0);
  }
});

test('a cancelled task has the outcome `cancelled` at once, and stops as its specification says', () => {
  const { rig, outcomes, act } = owner();
  act((ctx) => {
    ctx.task({ behaviour: asTask(waits), deadlineMs: 1000, id: 'x' }, back('x'));
    ctx.task({ behaviour: asTask(lingers), deadlineMs: 1000, id: 'y', shutdown: 300 }, back('y'));
  });
  act((ctx) => { ctx.cancelTask('x'); ctx.cancelTask('y'); ctx.cancelTask('nobody'); });
  assert.deepEqual(outcomes, ['x cancelled', 'y cancelled']);
  assert.deepEqual([rig.state('/owner/x'), rig.state('/owner/y')], [undefined, 'stopping']);
  rig.pass(300);
  assert.equal(rig.runtime.counters().cells, 2);
  assert.equal(rig.runtime.counters().timers, 0);
  assert.deepEqual(outcomes, ['x cancelled', 'y cancelled']);
});

test('a turn that throws begins no task; a stop of the owner stops its tasks first', () => {
  const log: string[] = [];
  const { rig, outcomes, act } = owner({ restart: 'temporary' });
  const logs: typeof waits = { ...waits, stop: (_state, ctx) => { log.push(`-${ctx.path}`); } };
  act((ctx) => { ctx.task({ behaviour: asTask(logs), deadlineMs: 1000, id: 'x', shutdown: 100 }, back('x')); });
  assert.equal(rig.stop(), 0);
  assert.deepEqual([log, outcomes], [['-/owner/x'], []]);
  const second = owner();
  second.act((ctx) => { ctx.task({ behaviour: double, input: 1, deadlineMs: 1000 }, back('x')); throw new Error('after all'); });
  assert.deepEqual(second.outcomes, []);
  assert.equal(second.rig.runtime.counters().cells, 2);
});

test('a task whose specification is not valid is a crash that says so', () => {
  const { rig, act } = owner();
  act((ctx) => { ctx.task({ behaviour: {} as never, deadlineMs: 1 }, back('x')); });
  assert.match(rig.runtime.deadLetters().at(-1)?.cause?.message ?? '', /task's specification is not valid[\s\S]*behaviour\.name/);
  act((ctx) => { ctx.task({ behaviour: double, deadlineMs: NaN }, back('x')); });
  assert.match(rig.runtime.deadLetters().at(-1)?.cause?.message ?? '', /deadline must be/);
});

test('a task whose start takes time has its start deadline beside its own', () => {
  const { rig, outcomes, act } = owner();
  const starts: typeof waits = { ...waits, init: (ctx) => { ctx.startLater(); return null; } };
  act((ctx) => { ctx.task({ behaviour: asTask(starts), deadlineMs: 5000, startDeadlineMs: 100, linked: false }, back('x')); });
  rig.pass(100);
  assert.deepEqual(outcomes, ['x crashed the start was not finished within 100 ms']);
  assert.equal(rig.runtime.counters().timers, 0);
});
