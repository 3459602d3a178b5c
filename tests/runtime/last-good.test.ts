import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ActorContext, type ChildSpec, dynamicSupervisor, type Runtime, type Strategy, supervisor, worker } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from './support.js';

const keep = { restore: 'lastGood' } as const;
const generous = { intensity: { restarts: 1_000_000, withinMs: 1 } } as const;

test('a restart with lastGood begins with the state after the last completed turn', () => {
  const runtime = started(root([child('a', {}, keep), child('b')], generous));
  for (const path of ['/a', '/b']) {
    runtime.send(path, { type: 'add', n: 5 });
    runtime.send(path, { type: 'die' });
    runtime.send(path, { type: 'add', n: 2 });
  }
  runtime.drain();
  assert.equal(total(runtime, '/a'), 7);
  assert.equal(total(runtime, '/b'), 2);
  assert.equal(runtime.counters().deadLetters.poison, 2, 'the failing message is not handled again');
});

test('timers keep their absolute due time with lastGood and are cancelled with init', () => {
  const runtime = started(root([child('a', {}, keep), child('b')], generous));
  for (const path of ['/a', '/b']) run(runtime, path, (ctx) => ctx.startTimer('t', 100, { type: 'add', n: 1 }));
  runtime.advanceTo(60_000);
  for (const path of ['/a', '/b']) runtime.crash(path);
  assert.equal(runtime.nextTimerUs(), 100_000);
  assert.equal(runtime.counters().timers, 1);
  runtime.advanceTo(200_000);
  assert.equal(total(runtime, '/a'), 1);
  assert.equal(total(runtime, '/b'), 0);
});

test('a timer that came due during back-off is handled after the restart', () => {
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([child('a', {}, { ...keep, backoff })], generous));
  run(runtime, '/a', (ctx) => ctx.startTimer('t', 50, { type: 'add', n: 1 }));
  runtime.crash('/a');
  assert.equal(stateOf(runtime, '/a'), 'running', 'the first restart does not wait');
  runtime.crash('/a');
  assert.equal(stateOf(runtime, '/a'), 'restarting', 'the second in a row does');
  runtime.advanceTo(99_000);
  assert.equal(runtime.tree()?.children[0]?.mailbox, 1);
  runtime.advanceTo(100_000);
  assert.equal(total(runtime, '/a'), 1);
});

for (const strategy of ['oneForAll', 'restForOne'] satisfies Strategy[]) {
  test(`${strategy}: a bystander with lastGood comes back with its state, timers and mailbox; one without begins anew`, () => {
    const log: string[] = [];
    const runtime = started(root([child('x'), child('a', { log }, keep), child('b', { log })], { strategy, ...generous }));
    for (const path of ['/a', '/b']) {
      run(runtime, path, (ctx) => ctx.startTimer('t', 100, { type: 'add', n: 100 }));
      runtime.send(path, { type: 'add', n: 5 });
      runtime.drain();
    }
    for (const path of ['/a', '/b']) runtime.send(path, { type: 'add', n: 1 });
    runtime.crash('/x');
    assert.equal(total(runtime, '/a'), 5);
    assert.equal(runtime.inspect('/a')?.incarnation, 2);
    runtime.advanceTo(200_000);
    assert.equal(total(runtime, '/a'), 106);
    assert.equal(total(runtime, '/b'), 1);
    assert.deepEqual(log, ['+a', '+b', '-b shutdown', '+b'], 'who keeps the state is neither stopped nor started by hook');
  });
}

test('a group restart reaches into a sub-supervisor: kept children stay kept, the others begin anew', () => {
  const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('a', {}, keep), child('b')] });
  const dyn = dynamicSupervisor({ id: 'd', intensity: { restarts: 1, withinMs: 1 } });
  const runtime = started(root([child('x'), inner, dyn], { strategy: 'oneForAll', ...generous }));
  runtime.startChild('/d', child('kept', {}, keep));
  runtime.startChild('/d', child('lost'));
  for (const path of ['/s/a', '/s/b', '/d/kept']) runtime.send(path, { type: 'add', n: 3 });
  runtime.drain();
  runtime.crash('/x');
  assert.equal(total(runtime, '/s/a'), 3);
  assert.equal(total(runtime, '/s/b'), 0);
  assert.equal(total(runtime, '/d/kept'), 3);
  assert.equal(runtime.inspect('/d/lost'), undefined);
  runtime.crash('/s');
  assert.equal(total(runtime, '/s/a'), 3, 'the crash of its supervisor is not its fault either');
});

test('after a supervisor gave up nothing of the old state comes back', () => {
  const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 }, children: [child('a', {}, keep)] });
  const runtime = started(root([inner]));
  runtime.send('/s/a', { type: 'add', n: 3 });
  runtime.drain();
  runtime.crash('/s/a');
  assert.equal(total(runtime, '/s/a'), 0);
});

test('a normal end is not undone: the next life of a permanent child with lastGood begins with init', () => {
  const runtime = started(root([child('a', {}, keep)], generous));
  runtime.send('/a', { type: 'add', n: 3 });
  runtime.send('/a', { type: 'end' });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 0);
});

test('a mutable state survives a crash between turns, but not a throw inside one', () => {
  const runtime = started(root([child('a', { mutable: true }, keep)], generous));
  runtime.send('/a', { type: 'add', n: 3 });
  runtime.drain();
  runtime.crash('/a');
  assert.equal(total(runtime, '/a'), 3);
  runtime.poison('/a');
  runtime.send('/a', { type: 'add', n: 100 });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 3, 'a poisoned message never reaches the step');
  runtime.send('/a', { type: 'die' });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 0);
});

test('children, names, subscriptions, monitors and asks of an actor outlive its restart with lastGood', () => {
  const results: unknown[] = [];
  const runtime = started(root([child('a', {}, keep), child('b'), child('c', {}, { restart: 'temporary' })], generous));
  run(runtime, '/a', (ctx) => {
    ctx.spawn(child('kid'));
    ctx.register('alpha');
    ctx.subscribe('news');
    ctx.monitor(ctx.ref('/c'));
    ctx.ask(ctx.ref('/b'), { type: 'do', run: (other: ActorContext) => other.reply('yes') }, 1000, (result) => {
      results.push(result);
      return { type: 'add', n: 10 };
    });
    ctx.send(ctx.self, { type: 'do', run: () => undefined });
  });
  runtime.crash('/a');
  const view = runtime.inspect('/a');
  assert.deepEqual([view?.names, view?.topics, view?.watching], [['alpha'], ['news'], ['/c']]);
  assert.equal(runtime.inspect('/a/kid')?.incarnation, 1);
  runtime.publish('news', { type: 'add', n: 1 });
  runtime.drain();
  assert.deepEqual(results, [{ ok: true, value: 'yes' }]);
  assert.equal(total(runtime, 'alpha'), 11);
});

// The heart of it: whatever is crashed between turns, nothing that an actor with lastGood decides changes.
interface Note { readonly type: string; readonly n: number }

/** An actor that decides with everything it has: state, clock, generator, ids, timers, messages to others. */
function decider(peers: readonly string[], decisions: string[]) {
  return {
    name: 'decider', version: 1,
    init: (ctx: ActorContext<Note>) => {
      ctx.startTimer('beat', 7, { type: 'beat', n: 0 });
      ctx.subscribe('all');
      return { sum: 0 };
    },
    step: (state: { sum: number }, note: Note, ctx: ActorContext<Note>) => {
      const draw = ctx.random();
      const sum = (state.sum * 31 + note.n + Math.floor(draw * 1000)) % 1_000_003;
      decisions.push(`${ctx.path} ${note.type} ${ctx.nowUs()} ${ctx.nextId()} ${sum}`);
      if (note.type === 'beat') ctx.startTimer('beat', 3 + (sum % 11), { type: 'beat', n: sum });
      if (sum % 3 === 0 && note.n > 0) ctx.send(ctx.ref<Note>(peers[sum % peers.length]!), { type: 'pass', n: note.n - 1 });
      if (sum % 7 === 0) ctx.startTimer(`extra${sum % 3}`, sum % 20, { type: 'extra', n: 1 });
      if (sum % 11 === 0) ctx.cancelTimer('extra1');
      if (sum % 13 === 0) ctx.publish('all', { type: 'news', n: 0 });
      return { sum };
    },
  };
}

test('crashes between turns, anywhere and any number of them, change no decision of actors with lastGood', () => {
  const paths = ['/a', '/s/b', '/s/c', '/s/t/d'];
  const play = (strategies: readonly Strategy[], script: readonly { readonly to: number; readonly n: number; readonly waitUs: number }[], crashes: ReadonlyMap<number, string>): string[] => {
    const decisions: string[] = [];
    const w = (id: string): ChildSpec => worker({ id, behaviour: decider(paths, decisions), ...keep });
    const s = (id: string, strategy: Strategy, children: ChildSpec[]) => supervisor({ id, strategy, ...generous, children });
    const runtime: Runtime = started(s('root', strategies[0]!, [w('a'), s('s', strategies[1]!, [w('b'), w('c'), s('t', strategies[2]!, [w('d')])])]), { sliceMessages: 2 });
    let at = 0;
    let step = 0;
    const maybeCrash = (): void => {
      const path = crashes.get(step++);
      if (path !== undefined) runtime.crash(path);
    };
    for (const { to, n, waitUs } of script) {
      runtime.send(paths[to]!, { type: 'input', n });
      maybeCrash();
      while (runtime.step()) maybeCrash();
      at += waitUs;
      runtime.advanceTo(at);
      maybeCrash();
    }
    return decisions;
  };
  const strategy = fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne');
  fc.assert(fc.property(
    fc.tuple(strategy, strategy, strategy),
    fc.array(fc.record({ to: fc.nat({ max: 3 }), n: fc.nat({ max: 9 }), waitUs: fc.nat({ max: 9_000 }) }), { minLength: 1, maxLength: 25 }),
    fc.array(fc.tuple(fc.nat({ max: 120 }), fc.constantFrom(...paths, '/s', '/s/t')), { maxLength: 15 }),
    (strategies, script, crashes) => {
      assert.deepEqual(play(strategies, script, new Map(crashes)), play(strategies, script, new Map()));
    },
  ), { numRuns: 150, seed: 7 });
});
