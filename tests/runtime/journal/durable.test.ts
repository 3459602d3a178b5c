import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import {
  type ActorContext, type Behaviour, type ChildSpec, createRuntime, type EffectCall, machine, type Runtime, type RuntimeOptions, supervisor, VirtualClock, worker,
} from '../../../runtime/index.js';
import { JournalFailure, MemoryJournal, openJournal } from '../../../runtime/journal/index.js';
import { temporaryFolder } from './support.js';

interface Command {
  readonly type: string;
  readonly [key: string]: unknown;
}
type Handlers = Readonly<Record<string, (state: Log, message: Command, ctx: ActorContext<Command>) => Log>>;
type Log = readonly unknown[];

/** A behaviour whose state is the list of what it has seen; messages it has no handler for are noted. */
function noting(name: string, handlers: Handlers = {}, more: Partial<Behaviour<Log, Command, undefined>> = {}): Behaviour<Log, Command, undefined> {
  return {
    name, version: 1,
    init: (ctx) => (handlers['init'] === undefined ? [] : handlers['init']([], { type: 'init' }, ctx)),
    step: (state, message, ctx) => (handlers[message.type] ?? ((seen) => [...seen, message]))(state, message, ctx),
    ...more,
  };
}

const durable = (id: string, handlers: Handlers = {}, more: Partial<Behaviour<Log, Command, undefined>> = {}, log: 'inputs' | 'events' = 'inputs') =>
  worker({ id, behaviour: noting(id, handlers, more), durable: { log } });

const tree = (...children: ChildSpec[]) => supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 }, children });

function live(journal: MemoryJournal, spec: ChildSpec, options: RuntimeOptions = {}, startUs = 0): Runtime {
  const runtime = createRuntime({ clock: new VirtualClock(startUs), seed: 's', journal, ...options });
  const started = runtime.start(spec);
  assert.deepEqual(started.ok, true, JSON.stringify(started));
  return runtime;
}

const stateOf = (runtime: Runtime, path: string): unknown => {
  const taken = runtime.snapshot(path);
  assert.ok(taken.ok, JSON.stringify(taken));
  return taken.snapshot.value;
};

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
