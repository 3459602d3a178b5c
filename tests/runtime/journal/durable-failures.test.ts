import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, worker } from '../../../runtime/index.js';
import { JournalFailure, MemoryJournal } from '../../../runtime/journal/index.js';
import { durable, type Handlers, live, noting, stateOf, tree } from './durable-rig.js';

test('a journal that cannot be read back ends every durable actor, also those that were well', () => {
  const failures: JournalFailure[] = [];
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a'), durable('b')), { onJournalFailure: (failure) => failures.push(failure) });
  journal.history = () => {
    throw new JournalFailure('corrupt', 'entry 3 is damaged');
  };
  runtime.crash('/a');
  runtime.drain();
  runtime.advanceTo(120_000_000);
  assert.deepEqual(failures.map(({ message }) => message), ['entry 3 is damaged']);
  for (const path of ['/a', '/b']) assert.equal(runtime.send(path, { type: 'x' }), 'dead', path);
  assert.equal(runtime.ended, null, 'the supervisor has not given up: the process decides');
});

test('a journal that fails ends its actors for good; nothing it held is let go', () => {
  const ran: unknown[] = [];
  const failures: JournalFailure[] = [];
  const handlers: Handlers = {
    buy: (state, _message, ctx) => {
      ctx.effect('order', 1);
      return state;
    },
  };
  const journal = new MemoryJournal();
  const downs: unknown[] = [];
  const runtime = live(journal, tree(durable('a', handlers), worker({ id: 'plain', behaviour: noting('plain') })), {
    effects: { order: () => void ran.push(1) }, onJournalFailure: (failure) => failures.push(failure),
  });
  runtime.monitor('/a', (down) => void downs.push(down));
  runtime.send('/a', { type: 'buy' });
  runtime.step();
  journal.fail();
  runtime.drain();
  runtime.advanceTo(60_000_000);
  assert.deepEqual(ran, []);
  assert.deepEqual(failures.map(({ code }) => code), ['io']);
  assert.deepEqual(downs.map((down) => (down as { reason: { kind: string; cause: { name: string } } }).reason.cause.name), ['JournalFailure']);
  assert.equal(runtime.counters().restarts, 0);
  assert.equal(runtime.inspect('/a')?.state, 'quarantined');
  const restarted = runtime.restartChild('/', 'a');
  assert.ok(!restarted.ok && restarted.reason.kind === 'start_failed' && /disk refused/.test(restarted.reason.cause.message), JSON.stringify(restarted));
  assert.equal(runtime.send('/plain', { type: 'still here' }), 'delivered');
  assert.equal(runtime.send('/a', { type: 'x' }), 'dead');
});

test('a behaviour that depends on more than its messages is found out, not believed', () => {
  let hidden = 0;
  const handlers: Handlers = {
    go: (state, _message, ctx) => {
      if (hidden++ === 0) ctx.startTimer('t', 1, { type: 'x' });
      return state;
    },
  };
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a', handlers)));
  runtime.send('/a', { type: 'go' });
  runtime.drain();
  const started = createRuntime({ journal: journal.survivor() }).start(tree(durable('a', handlers)));
  assert.ok(!started.ok);
  assert.match(JSON.stringify(started.reason), /turn 1 went otherwise when it was stepped again: it asked for \[\], the first time for \[timer t at 1000\]/);
});

test('a message that cannot be written down crashes the turn by name; without a journal a durable actor does not start', () => {
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a')));
  runtime.send('/a', { type: 'fn', call: () => 1 });
  runtime.send('/a', { type: 'fine' });
  runtime.drain();
  assert.deepEqual(stateOf(runtime, '/a'), [{ type: 'fine' }]);
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /turn 1 of \/a cannot be written.*function/);
  const started = createRuntime().start(tree(durable('a')));
  assert.ok(!started.ok);
  assert.match(JSON.stringify(started.reason), /needs a journal/);
  for (const mailbox of [{ overflow: 'dropOldest' }, { onRestart: 'drop' }] as const) {
    const refused = createRuntime({ journal: new MemoryJournal() }).start(tree({ ...durable('a'), mailbox }));
    assert.match(JSON.stringify(refused), /does not lose what is queued/);
  }
});
