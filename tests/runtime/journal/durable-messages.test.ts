import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Runtime, worker } from '../../../runtime/index.js';
import { MemoryJournal } from '../../../runtime/journal/index.js';
import { type Command, durable, type Handlers, live, noting, stateOf, tree } from './durable-rig.js';

test('messages between durable actors: killed after any batch, nothing is lost and nothing doubled', () => {
  const handlers: Handlers = {
    serve: (state, message, ctx) => {
      const n = Number(message['n']);
      if (n > 0) ctx.send(ctx.ref('/b'), { type: 'return', n: n - 1 });
      return [...state, n];
    },
    return: (state, message, ctx) => {
      const n = Number(message['n']);
      ctx.send(ctx.ref('/a'), { type: 'serve', n: n - 1 });
      if (n % 4 === 1) ctx.send(ctx.self, { type: 'note', n });
      return [...state, n];
    },
    note: (state, message) => [...state, message['n']],
  };
  const spec = () => tree(durable('a', handlers), durable('b', handlers));
  const journal = new MemoryJournal();
  const survivors: MemoryJournal[] = [];
  const runtime = live(journal, spec(), { sliceMessages: 1 });
  runtime.send('/a', { type: 'serve', n: 20 });
  while (runtime.step()) {
    survivors.push(journal.survivor());
    journal.idle();
    survivors.push(journal.survivor());
  }
  const whole = [stateOf(runtime, '/a'), stateOf(runtime, '/b')];
  assert.deepEqual(whole[0], [20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
  assert.ok(survivors.length > 40);
  survivors.slice(1).forEach((survivor, at) => {
    const again = live(survivor, spec());
    again.drain();
    assert.deepEqual([stateOf(again, '/a'), stateOf(again, '/b')], whole, `killed at ${at}`);
    assert.equal(again.counters().deadLettered, 0);
  });
});

test('asks, monitors and children of a killed process have one end: down, noproc, killed', () => {
  const child = worker({ id: 'kid', behaviour: noting('kid') });
  const handlers: Handlers = {
    go: (state, _message, ctx) => {
      ctx.ask(ctx.ref('/mute'), 'q', 5000, (result) => ({ type: 'answered', result }));
      const token = ctx.monitor(ctx.ref('/mute'));
      const spawned = ctx.spawn(child);
      return [...state, token, spawned.ok];
    },
  };
  const more = { childExit: (id: string, reason: unknown) => ({ type: 'child', id, reason }) };
  const spec = () => tree(worker({ id: 'mute', behaviour: noting('mute') }), durable('a', handlers, more));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec());
  runtime.send('/a', { type: 'go' });
  runtime.drain();
  const killed = journal.survivor();
  const again = live(killed, spec());
  again.drain();
  const seen = stateOf(again, '/a') as unknown[];
  const token = seen[0];
  assert.deepEqual(seen.slice(2), [
    { type: 'child', id: 'kid', reason: { kind: 'killed' } },
    { type: 'runtime.down', token, path: '/mute', incarnation: 0, reason: { kind: 'noproc' } },
    { type: 'answered', result: { ok: false, reason: 'down' } },
  ]);
  const third = live(killed.survivor(), spec());
  third.drain();
  assert.deepEqual(stateOf(third, '/a'), seen, 'exactly once');
});

test('stashed messages survive, aside and put back', () => {
  const handlers: Handlers = {
    hold: (state, _message, ctx) => {
      ctx.stash();
      return state;
    },
    open: (state, _message, ctx) => {
      ctx.unstashAll();
      return [...state, 'open'];
    },
  };
  const second: Handlers = { open: handlers['open']! };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)));
  for (const n of [1, 2]) runtime.send('/a', { type: 'hold', n });
  runtime.drain();
  assert.equal(runtime.counters().deferred, 2);
  runtime.stop();
  // The new process handles what the old one put aside.
  const saved = journal.survivor();
  const again = live(saved, tree(durable('a', second)));
  assert.equal(again.counters().deferred, 2);
  again.send('/a', { type: 'open' });
  again.step();
  again.drain();
  const whole = ['open', { type: 'hold', n: 1 }, { type: 'hold', n: 2 }];
  assert.deepEqual(stateOf(again, '/a'), whole);
  const third = live(saved.survivor(), tree(durable('a', second)));
  assert.deepEqual([third.counters().deferred, stateOf(third, '/a')], [0, whole]);
});

test('stashed messages that were put back and not handled come back in their order', () => {
  const handlers = (ready: boolean): Handlers => ({
    hold: (state, message, ctx) => {
      if (state.includes('open')) return [...state, message['n']];
      ctx.stash();
      return ready ? state : state;
    },
    open: (state, _message, ctx) => {
      ctx.unstashAll();
      return [...state, 'open'];
    },
  });
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers(true))), { sliceMessages: 1 });
  for (const message of [{ type: 'hold', n: 1 }, { type: 'hold', n: 2 }, { type: 'open' }]) runtime.send('/a', message);
  const survivors: MemoryJournal[] = [];
  while (runtime.step()) {
    journal.idle();
    survivors.push(journal.survivor());
  }
  assert.deepEqual(stateOf(runtime, '/a'), ['open', 1, 2]);
  for (const survivor of survivors.slice(2)) {
    const again = live(survivor, tree(durable('a', handlers(true))));
    again.drain();
    assert.deepEqual(stateOf(again, '/a'), ['open', 1, 2]);
  }
});

test('topics and names are taken again, and what is published reaches a durable subscriber once', () => {
  const handlers: Handlers = {
    init: (state, _message, ctx) => {
      ctx.subscribe('news');
      ctx.register('desk');
      return state;
    },
  };
  const press: Handlers = {
    print: (state, message, ctx) => {
      ctx.publish('news', { type: 'news', n: message['n'] });
      return state;
    },
  };
  const spec = () => tree(durable('a', handlers), durable('press', press));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec());
  runtime.send('/press', { type: 'print', n: 1 });
  runtime.step();
  journal.idle();
  const again = live(journal.survivor(), spec());
  again.send('desk', { type: 'named' });
  again.send('/press', { type: 'print', n: 2 });
  again.drain();
  assert.deepEqual(stateOf(again, '/a'), [{ type: 'news', n: 1 }, { type: 'named' }, { type: 'news', n: 2 }]);
});

test('inputs: numbered messages from outside are taken once and survive in the queue', () => {
  const spec = () => tree(durable('a'), worker({ id: 'plain', behaviour: noting('plain') }));
  const journal = new MemoryJournal();
  const runtime = live(journal, spec());
  const feed = (target: Runtime, seq: number) => target.input('/a', { type: 'tick', seq }, { source: 'feed', seq });
  for (const seq of [0, 1, 2]) assert.equal(feed(runtime, seq), 'delivered');
  runtime.step();
  feed(runtime, 3);
  journal.idle();
  const again = live(journal.survivor(), spec());
  assert.equal(again.lastInput('feed'), 3);
  for (let seq = again.lastInput('feed') - 1; seq < 6; seq++) feed(again, seq);
  again.drain();
  assert.deepEqual((stateOf(again, '/a') as Command[]).map((message) => message['seq']), [0, 1, 2, 3, 4, 5]);
  again.input('/plain', { type: 'x' }, { source: 'other', seq: 1 });
  again.drain();
  assert.deepEqual(stateOf(again, '/plain'), [{ type: 'x' }]);
  assert.equal(again.lastInput('other'), 1);
});
