import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, worker } from '../../../runtime/index.js';
import { MemoryJournal } from '../../../runtime/journal/index.js';
import { type Command, durable, type Handlers, live, stateOf, tree } from './durable-rig.js';

test('inputs: an actor killed between two turns goes on with its state, its timers, its ids and its random numbers as if nothing had been', () => {
  const handlers: Handlers = {
    draw: (state, _message, ctx) => [...state, ctx.random(), ctx.nextId(), ctx.nowUs()],
    later: (state, _message, ctx) => {
      ctx.startTimer('t', 50, { type: 'rang', at: ctx.nowUs() });
      return [...state, 'armed'];
    },
    cancel: (state, _message, ctx) => [...state, ctx.cancelTimer('t'), ctx.cancelTimer('t')],
  };
  const script: Command[] = ['draw', 'later', 'draw', 'cancel', 'note', 'later', 'draw'].map((type) => ({ type }));
  const play = (killAfter: number): unknown => {
    const journal = new MemoryJournal();
    let runtime = live(journal, tree(durable('a', handlers)));
    script.forEach((message, at) => {
      runtime.advanceTo(at * 10_000);
      if (at === killAfter) {
        runtime = live(journal.survivor(), tree(durable('a', handlers)), {}, at * 10_000);
        runtime.advanceTo(at * 10_000);
      }
      assert.equal(runtime.send('/a', message), 'delivered');
    });
    runtime.advanceTo(1_000_000);
    return stateOf(runtime, '/a');
  };
  const whole = play(-1);
  assert.equal((whole as unknown[]).filter((item) => typeof item === 'object').length, 2, 'one note, one timer');
  for (let at = 0; at < script.length; at++) assert.deepEqual(play(at), whole, `killed before message ${at}`);
});

test('events: only apply runs again; a step that changes the state without an event is refused', () => {
  let steps = 0;
  const account = {
    name: 'account', version: 1,
    init: () => ({ balance: 0 }),
    step: (state: { balance: number }, message: Command, ctx: ActorContext<Command>) => {
      steps++;
      if (message.type === 'cheat') return { balance: 1e6 };
      const after = ctx.persist({ put: message['amount'] }) as { balance: number };
      if (after.balance > 100) ctx.persist({ put: -1 });
      return state;
    },
    apply: (state: { balance: number }, event: unknown) => ({ balance: state.balance + Number((event as { put: number }).put) }),
  };
  const spec = () => tree(worker({ id: 'a', behaviour: account, durable: { log: 'events' } }));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec());
  for (const amount of [60, 50, 5]) runtime.send('/a', { type: 'put', amount });
  runtime.send('/a', { type: 'cheat' });
  runtime.drain();
  assert.deepEqual(stateOf(runtime, '/a'), { balance: 113 });
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /changes it by ctx\.persist only/);
  steps = 0;
  const again = live(journal.survivor(), spec());
  assert.deepEqual(stateOf(again, '/a'), { balance: 113 });
  assert.equal(steps, 0);
});

test('overdue timers fire in the order they were due, before new input; one that had fired and was not handled fires again', () => {
  const handlers: Handlers = {
    arm: (state, _message, ctx) => {
      ctx.startTimer('late', 200, { type: 'late' });
      ctx.startTimer('soon', 100, { type: 'soon' });
      ctx.startTimer('far', 10_000, { type: 'far' });
      ctx.startTimer('first', 0, { type: 'first' });
      return state;
    },
  };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)));
  runtime.send('/a', { type: 'arm' });
  runtime.step();
  journal.idle();
  const again = live(journal.survivor(), tree(durable('a', handlers)), {}, 1_000_000);
  again.send('/a', { type: 'new' });
  again.drain();
  assert.deepEqual((stateOf(again, '/a') as Command[]).map(({ type }) => type), ['first', 'soon', 'late', 'new']);
  again.advanceTo(20_000_000);
  assert.equal((stateOf(again, '/a') as Command[]).length, 5);
});

test('a crash comes back from the journal, without the message that caused it, here and after a kill', () => {
  const handlers: Handlers = {
    boom: () => {
      throw new Error('boom');
    },
    relay: (state, message, ctx) => {
      ctx.send(ctx.ref('/a'), message['message'] as Command);
      return state;
    },
  };
  for (const restore of ['init', 'lastGood'] as const) {
    const spec = () => tree({ ...durable('a', handlers), restore }, durable('b', handlers));
    const journal = new MemoryJournal();
    const runtime = live(journal, spec());
    for (const message of [{ type: 'one' }, { type: 'boom' }, { type: 'two' }, { type: 'three' }]) runtime.send('/b', { type: 'relay', message });
    runtime.drain();
    assert.deepEqual(stateOf(runtime, '/a'), [{ type: 'one' }, { type: 'two' }, { type: 'three' }], restore);
    assert.deepEqual(runtime.deadLetters().map(({ reason, message }) => [reason, message]), [['poison', { type: 'boom' }]]);
    assert.equal(runtime.counters().restarts, 1);
    runtime.poison('/a');
    runtime.send('/b', { type: 'relay', message: { type: 'poisoned' } });
    runtime.send('/b', { type: 'relay', message: { type: 'four' } });
    runtime.drain();
    const again = live(journal.survivor(), spec());
    again.drain();
    assert.deepEqual((stateOf(again, '/a') as Command[]).map(({ type }) => type), ['one', 'two', 'three', 'four']);
  }
});

test('a stop in good order keeps everything, also what came from actors that are not durable and was not handled', () => {
  const handlers: Handlers = { slow: (state, message) => [...state, message['n']] };
  const spec = () => tree(durable('a', handlers));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec(), { sliceMessages: 1 });
  for (const n of [1, 2, 3]) runtime.send('/a', { type: 'slow', n });
  runtime.step();
  runtime.stop();
  const saved = journal.survivor();
  const again = live(saved, spec());
  again.drain();
  assert.deepEqual(stateOf(again, '/a'), [1, 2, 3]);
  const third = live(saved.survivor(), spec());
  third.drain();
  assert.deepEqual(stateOf(third, '/a'), [1, 2, 3]);
});

test('snapshots come every snapshotEveryMs of the runtime clock, and shorten what is done again', () => {
  let steps = 0;
  const handlers: Handlers = {
    n: (state, message) => {
      steps++;
      return [...state, message['n']];
    },
  };
  const spec = () => tree(durable('a', handlers));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec(), { snapshotEveryMs: 1000 });
  for (let n = 0; n < 25; n++) {
    runtime.advanceTo(n * 100_000);
    runtime.send('/a', { type: 'n', n });
  }
  runtime.advanceTo(2_450_000);
  steps = 0;
  const again = live(journal.survivor(), spec());
  assert.equal((stateOf(again, '/a') as unknown[]).length, 25);
  assert.ok(steps > 0 && steps <= 10, `${steps} steps again`);
  assert.equal(runtime.nextTimerUs(), 3_000_000);
  runtime.advanceTo(10_000_000);
  assert.equal(runtime.nextTimerUs(), Infinity, 'an actor at rest needs no snapshot');
});
