import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, type EffectCall, VirtualClock } from '../../../runtime/index.js';
import { MemoryJournal, openJournal } from '../../../runtime/journal/index.js';
import { type Command, durable, type Handlers, live, stateOf, tree } from './durable-rig.js';
import { temporaryFolder } from './support.js';

test('effects run when their intent is on disk, once, with a key that a recovery keeps; unmatched intents come back as unknown until they are handled', () => {
  const ran: string[] = [];
  const calls: EffectCall[] = [];
  const effects = {
    order: (payload: never, call: EffectCall) => {
      ran.push(`${call.key} ${String(payload)}`);
      calls.push(call);
      return 'pending';
    },
    log: (payload: never, call: EffectCall) => void ran.push(`${call.key} ${String(payload)}`),
  };
  const handlers: Handlers = {
    buy: (state, message, ctx) => {
      ctx.effect('log', 'x');
      ctx.effect('order', message['n']);
      return state;
    },
  };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)), { effects });
  runtime.send('/a', { type: 'buy', n: 1 });
  runtime.send('/a', { type: 'buy', n: 2 });
  assert.equal(runtime.step(), true);
  assert.deepEqual(ran, [], 'nothing before the intents are on disk');
  const before = journal.survivor();
  runtime.drain();
  assert.deepEqual(ran, ['/a#1:1.0 x', '/a#1:1.1 1', '/a#1:2.0 x', '/a#1:2.1 2']);
  calls[0]!.reply({ type: 'filled', n: 1 });
  runtime.drain();
  assert.deepEqual(stateOf(runtime, '/a'), [{ type: 'filled', n: 1 }]);

  ran.length = 0;
  const never = live(before, tree(durable('a', handlers)), { effects });
  never.drain();
  assert.deepEqual([ran, stateOf(never, '/a')], [[], []], 'what was not on disk never happened');

  const killed = journal.survivor();
  const unknown = { type: 'runtime.effect_unknown', effect: 'order', key: '/a#1:2.1', payload: 2 };
  const again = live(killed, tree(durable('a', handlers)), { effects });
  const beforeHandled = killed.survivor();
  again.drain();
  assert.deepEqual(ran, [], 'never sent again by itself');
  assert.deepEqual(stateOf(again, '/a'), [{ type: 'filled', n: 1 }, unknown]);
  const twice = live(beforeHandled, tree(durable('a', handlers)), { effects });
  twice.drain();
  assert.deepEqual(stateOf(twice, '/a'), [{ type: 'filled', n: 1 }, unknown], 'killed before it was told: told again');
  const third = live(killed.survivor(), tree(durable('a', handlers)), { effects });
  third.drain();
  assert.deepEqual(stateOf(third, '/a'), [{ type: 'filled', n: 1 }, unknown], 'told once is enough');
  third.send('/a', { type: 'buy', n: 3 });
  third.drain();
  assert.deepEqual(ran, ['/a#1:5.0 x', '/a#1:5.1 3']);
});

test('an outcome that came before the kill is delivered after it, a failed effect too', () => {
  const effects = {
    ask: (_payload: never, call: EffectCall) => call.reply({ type: 'answer', key: call.key }),
    broken: () => {
      throw new Error('no line');
    },
  };
  const handlers: Handlers = {
    go: (state, _message, ctx) => {
      ctx.effect('ask', 1);
      ctx.effect('broken', 2);
      return state;
    },
  };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)), { effects });
  runtime.send('/a', { type: 'go' });
  runtime.step();
  journal.idle();
  void journal.flushed();
  const killed = journal.survivor();
  assert.deepEqual(stateOf(runtime, '/a'), []);
  const again = live(killed, tree(durable('a', handlers)), { effects });
  again.drain();
  const seen = stateOf(again, '/a') as Command[];
  assert.deepEqual(seen.map(({ type }) => type).sort(), ['answer', 'runtime.effect_failed']);
});

test('an async effect is done when its promise settles: killed before that it is unknown, a rejection is told and kept', async () => {
  let reject: (why: Error) => void = () => undefined;
  const effects = { place: () => new Promise((_, no) => { reject = no; }) };
  const handlers: Handlers = {
    go: (state, _message, ctx) => {
      ctx.effect('place', 1);
      return state;
    },
  };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)), { effects });
  runtime.send('/a', { type: 'go' });
  runtime.drain();
  await new Promise(setImmediate);
  const early = live(journal.survivor(), tree(durable('a', handlers)), { effects: { place: () => assert.fail('sent again') } });
  early.drain();
  assert.deepEqual((stateOf(early, '/a') as Command[]).map(({ type }) => type), ['runtime.effect_unknown']);
  reject(new Error('no line'));
  await new Promise(setImmediate);
  runtime.drain();
  assert.deepEqual((stateOf(runtime, '/a') as Command[]).map(({ type }) => type), ['runtime.effect_failed']);
});

test('a restart within the process keeps what is in flight: no unknown, and the answer comes', () => {
  const calls: EffectCall[] = [];
  const handlers: Handlers = {
    buy: (state, _message, ctx) => {
      ctx.effect('order', 1);
      return state;
    },
    boom: () => {
      throw new Error('boom');
    },
  };
  const effects = {
    order: (_payload: never, call: EffectCall) => {
      calls.push(call);
      return 'pending';
    },
  };
  for (const end of ['crash', 'kill', 'restart'] as const) {
    calls.length = 0;
    const journal = new MemoryJournal();
    const runtime = live(journal, tree(durable('a', handlers)), { effects });
    runtime.send('/a', { type: 'buy' });
    runtime.send('/a', { type: 'buy' });
    runtime.drain();
    if (end === 'crash') runtime.send('/a', { type: 'boom' });
    else if (end === 'kill') runtime.kill('/a');
    else {
      runtime.terminateChild('/', 'a');
      // An answer that comes while nobody is there waits in the journal.
      calls[0]!.reply({ type: 'filled', n: 1 });
      assert.ok(runtime.restartChild('/', 'a').ok);
    }
    runtime.drain();
    if (end !== 'restart') calls[0]!.reply({ type: 'filled', n: 1 });
    calls[1]!.reply({ type: 'filled', n: 2 });
    runtime.drain();
    assert.deepEqual(stateOf(runtime, '/a'), [{ type: 'filled', n: 1 }, { type: 'filled', n: 2 }], end);
    assert.equal(calls.length, 2);
    const again = live(journal.survivor(), tree(durable('a', handlers)), { effects });
    again.drain();
    assert.deepEqual(stateOf(again, '/a'), [{ type: 'filled', n: 1 }, { type: 'filled', n: 2 }], end);
  }
});

test('on LMDB and a virtual clock: what is held leaves when the disk has it', async (t) => {
  const dir = temporaryFolder(t);
  const ran: unknown[] = [];
  const handlers: Handlers = {
    buy: (state, message, ctx) => {
      ctx.effect('order', message['n']);
      return [...state, message['n']];
    },
  };
  const effects = { order: (n: never, call: EffectCall) => {
    ran.push(n);
    call.reply({ type: 'filled', n });
  } };
  let journal = await openJournal({ dir, nowUs: () => 1e12 });
  const runtime = createRuntime({ clock: new VirtualClock(), journal, effects });
  assert.ok(runtime.start(tree(durable('a', handlers))).ok);
  runtime.send('/a', { type: 'buy', n: 1 });
  runtime.drain();
  assert.deepEqual(ran, []);
  await runtime.flushed();
  assert.deepEqual(ran, [1]);
  runtime.drain();
  const report = await runtime.shutdown();
  assert.equal(report.completed, true);
  await journal.close();
  journal = await openJournal({ dir });
  const again = createRuntime({ clock: new VirtualClock(), journal, effects });
  assert.ok(again.start(tree(durable('a', handlers))).ok);
  assert.deepEqual(stateOf(again, '/a'), [1, { type: 'filled', n: 1 }]);
  again.send('/a', { type: 'buy', n: 2 });
  again.drain();
  await again.flushed();
  assert.deepEqual(ran, [1, 2]);
  again.fence();
  await journal.close();
});

test('answers to askers outside the tree leave when the turn is on disk', () => {
  const journal = new MemoryJournal();
  const handlers: Handlers = {
    ask: (state, _message, ctx) => {
      ctx.reply('yes');
      return state;
    },
  };
  const runtime = live(journal, tree(durable('a', handlers)));
  const answers: unknown[] = [];
  runtime.ask('/a', { type: 'ask' }, 1000, (result) => answers.push(result));
  runtime.step();
  assert.deepEqual(answers, []);
  journal.idle();
  assert.deepEqual(answers, [{ ok: true, value: 'yes' }]);
});
