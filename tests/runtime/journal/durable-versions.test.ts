import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import { type ActorContext, type Behaviour, type ChildSpec, createRuntime, machine, type Runtime, worker } from '../../../runtime/index.js';
import { MemoryJournal } from '../../../runtime/journal/index.js';
import { type Command, durable, live, type Log, noting, stateOf, tree } from './durable-rig.js';

test('another version: the snapshot is migrated; a tail it did not write is refused, or its events are migrated', () => {
  const v1 = () => tree(durable('a'));
  const v2 = (more: Partial<Behaviour<Log, Command, undefined>> = {}) => tree(durable('a', {}, { version: 2, migrate: (data) => ['migrated', ...(data as unknown[])], ...more }));
  const journal = new MemoryJournal();
  const runtime = live(journal, v1());
  runtime.send('/a', { type: 'one' });
  runtime.drain();
  const start = (from: MemoryJournal, spec: ChildSpec): string => {
    const started = createRuntime({ journal: from }).start(spec);
    return started.ok ? 'ok' : JSON.stringify(started.reason);
  };
  assert.match(start(journal.survivor(), v2()), /version 1 handled messages after its last snapshot.*start version 1 once and stop it in good order/);
  runtime.stop();
  const migrated = live(journal.survivor(), v2());
  assert.deepEqual(stateOf(migrated, '/a'), ['migrated', { type: 'one' }]);
  assert.match(start(journal.survivor(), tree(durable('a', {}, { version: 2 }))), /no migration from version 1 to 2/);
  assert.match(start(journal.survivor(), tree(worker({ id: 'a', behaviour: noting('other'), durable: { log: 'inputs' } }))), /behaviour \\"a\\", not of \\"other\\"/);

  const after = new MemoryJournal();
  const second = live(after, v1());
  second.stop();
  const upgraded = live(after, v2());
  upgraded.send('/a', { type: 'two' });
  upgraded.drain();
  assert.match(start(after.survivor(), v1()), /written by version 2.*this is version 1/);
  assert.deepEqual(stateOf(live(after.survivor(), v2()), '/a'), ['migrated', { type: 'two' }], 'migrated once');
});

test('events of an older version are migrated one by one, or refused', () => {
  const ledger = (version: number, more: Partial<Behaviour<number, Command, undefined>> = {}) => tree(worker({
    id: 'a', durable: { log: 'events' },
    behaviour: {
      name: 'ledger', version, init: () => 0,
      step: (state: number, message: Command, ctx: ActorContext<Command>) => {
        ctx.persist(version === 1 ? message['n'] : { cents: Number(message['n']) * 100 });
        return state;
      },
      apply: (state: number, event: unknown) => state + (version === 1 ? Number(event) : (event as { cents: number }).cents),
      migrate: (data: unknown) => Number(data) * 100, ...more,
    },
  }));
  const journal = new MemoryJournal();
  const runtime = live(journal, ledger(1));
  for (const n of [3, 4]) runtime.send('/a', { type: 'add', n });
  runtime.drain();
  const refused = createRuntime({ journal: journal.survivor() }).start(ledger(2));
  assert.match(JSON.stringify(refused), /version 1 persisted events after its last snapshot, and \\"ledger\\" has no migrateEvent/);
  const saved = journal.survivor();
  const again = live(saved, ledger(2, { migrateEvent: (event) => ({ cents: Number(event) * 100 }) }));
  assert.equal(stateOf(again, '/a'), 700);
  again.send('/a', { type: 'add', n: 1 });
  again.drain();
  // The old events are behind the new snapshot: they are not migrated a second time.
  assert.equal(stateOf(live(saved.survivor(), ledger(2)), '/a'), 800);
});

test('an upgrade in place is in the journal: after a kill the new version goes on, the old one is refused', () => {
  const v2 = noting('a', { note: (state) => [...state, 'second'] }, { version: 2, migrate: (data) => ['moved', ...(data as Log)] });
  const journal = new MemoryJournal();
  const runtime = live(journal, tree(durable('a')));
  runtime.send('/a', { type: 'note' });
  runtime.drain();
  const answer = runtime.upgrade('/a', v2);
  assert.ok(answer.ok, JSON.stringify(answer));
  runtime.send('/a', { type: 'note' });
  runtime.drain();
  const whole = ['moved', { type: 'note' }, 'second'];
  assert.deepEqual(stateOf(runtime, '/a'), whole);
  const again = live(journal.survivor(), tree(worker({ id: 'a', behaviour: v2, durable: { log: 'inputs' } })));
  assert.deepEqual(stateOf(again, '/a'), whole);
  const old = createRuntime({ journal: journal.survivor() }).start(tree(durable('a')));
  assert.match(JSON.stringify(old), /written by version 2/);
});

test('an idle actor that was put away comes back, here and after a kill', () => {
  const spec = () => tree({ ...durable('a', {}, { snapshot: (state) => state, restore: (data) => data as Log }), idleAfter: 100 });
  const journal = new MemoryJournal();
  const runtime = live(journal, spec(), { snapshotEveryMs: 1000 });
  runtime.send('/a', { type: 'one' });
  runtime.advanceTo(5_000_000);
  assert.equal(runtime.inspect('/a')?.state, 'hibernating');
  const asleep = journal.survivor();
  runtime.send('/a', { type: 'two' });
  runtime.drain();
  for (const survivor of [asleep, journal.survivor()]) {
    const again = live(survivor, spec());
    if (survivor === asleep) again.send('/a', { type: 'two' });
    again.drain();
    assert.deepEqual(stateOf(again, '/a'), [{ type: 'one' }, { type: 'two' }]);
  }
});

test('a state machine is durable like any other: its delayed transition fires in the next process', () => {
  const definition = setup({ types: { context: {} as { rounds: number }, events: {} as { type: 'open' } | { type: 'close' } } }).createMachine({
    id: 'door', initial: 'closed', context: { rounds: 0 },
    states: {
      closed: { on: { open: 'opened' } },
      opened: { entry: assign({ rounds: ({ context }) => context.rounds + 1 }), after: { 1000: 'closed' }, on: { close: 'closed' } },
    },
  });
  const spec = () => tree(worker({ id: 'door', behaviour: machine(definition, { version: 1 }), durable: { log: 'inputs' } }));
  const stateNow = (runtime: Runtime): unknown => (stateOf(runtime, '/door') as { value: unknown }).value;
  const journal = new MemoryJournal();
  const runtime = live(journal, spec());
  runtime.send('/door', { type: 'open' });
  runtime.drain();
  assert.equal(stateNow(runtime), 'opened');
  const again = live(journal.survivor(), spec(), {}, 500_000);
  again.drain();
  assert.equal(stateNow(again), 'opened');
  again.advanceTo(1_000_000);
  assert.equal(stateNow(again), 'closed');
});
