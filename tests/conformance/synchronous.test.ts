/** A hook that is an `async` function by accident: nothing waits for it, so it fails at once, in a sentence that says what to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Behaviour, createRuntime, type DeadLetter, type ExitReason, type Runtime, supervisor, VirtualClock, worker, type WorkerSpec } from '../../runtime/index.js';
import { MemoryJournal } from '../../runtime/journal/index.js';

interface Sum { readonly sum: number }
type Message = 'add' | 'wait' | 'reject' | 'lazy' | { readonly do: (ctx: ActorContext<Message>) => void };
type Hooks = Partial<Behaviour<Sum, Message, unknown>>;

const SENTENCE = (hook: string) => new RegExp(`^"waiter": ${hook} returned a promise, and a turn is synchronous; take \`async\` away, let an effect do what takes time and have it reply with a message$`);

/** What awaits like a promise and is none. */
function lazy(): object {
  const method = ['th', 'en'].join('');
  return { [method]: () => assert.fail('nobody asks it') };
}

/** The types refuse an async step; casts and plain JavaScript do not. */
function waiter(hooks: Hooks = {}): Behaviour<Sum, Message, unknown> {
  return {
    name: 'waiter', version: 1, init: () => ({ sum: 0 }),
    step: (state, message, ctx) => {
      if (typeof message === 'object') message.do(ctx);
      switch (message) {
        case 'wait': ctx.send(ctx.ref('/other'), 'add'); return Promise.resolve(state) as never;
        case 'reject': return Promise.reject(new Error('late')) as never;
        case 'lazy': return lazy() as never;
        case 'add': return { sum: state.sum + 1 };
        default: return state;
      }
    },
    ...hooks,
  };
}

function started(hooks: Hooks = {}, more: Partial<WorkerSpec<Message>> = {}, journal?: MemoryJournal): { runtime: Runtime; letters: DeadLetter[]; ends: ExitReason[] } {
  const runtime = createRuntime({ clock: new VirtualClock(0), ...(journal === undefined ? {} : { journal }) });
  const letters: DeadLetter[] = [];
  const ends: ExitReason[] = [];
  runtime.onDeadLetter((letter) => letters.push(letter));
  const children = [worker({ id: 'a', behaviour: waiter(hooks), restore: 'lastGood', ...more }), worker({ id: 'other', behaviour: waiter() })];
  assert.equal(runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 }, children })).ok, true);
  runtime.monitor('/a', ({ reason }) => ends.push(reason as ExitReason));
  return { runtime, letters, ends };
}

function sumOf(runtime: Runtime, path = '/a'): unknown {
  return (runtime.inspect(path) as { readonly value: unknown }).value;
}

const messageOf = (reason: ExitReason | undefined): string => (reason?.kind === 'error' ? `${reason.cause.name}: ${reason.cause.message}` : String(reason?.kind));

for (const message of ['wait', 'reject', 'lazy'] as const) {
  test(`a step that returns a promise fails its turn (${message}): the state before it stands, and nothing it asked for happens`, async () => {
    const { runtime, letters, ends } = started();
    const before = message === 'lazy' ? 0 : 1;
    // One that is no promise is seen where the behaviour begins with it.
    if (before === 1) runtime.send('/a', 'add');
    runtime.send('/a', message);
    runtime.send('/a', 'add');
    runtime.drain();
    assert.match(messageOf(ends[0]).replace('PromiseReturned: ', ''), SENTENCE('step'));
    assert.deepEqual(letters.map(({ message: dead, reason }) => [dead, reason]), [[message, 'poison']]);
    assert.deepEqual(sumOf(runtime), { sum: before + 1 }, 'one after');
    assert.deepEqual(sumOf(runtime, '/other'), { sum: 0 });
    // A rejection that nobody handles would end the process, and this test with it.
    await new Promise((done) => setImmediate(done));
  });
}

test('a durable step that returns a promise writes nothing down and fails', () => {
  const journal = new MemoryJournal();
  const { runtime, letters, ends } = started({}, { durable: { log: 'inputs' } }, journal);
  for (const message of ['add', 'wait', 'add'] as const) runtime.send('/a', message);
  runtime.drain();
  assert.match(messageOf(ends[0]).replace('PromiseReturned: ', ''), SENTENCE('step'));
  assert.equal(journal.failure, null);
  assert.deepEqual(letters.map(({ reason }) => reason), ['poison']);
  assert.deepEqual(sumOf(runtime), { sum: 2 });
});

test('an event whose apply returns a promise is not taken', () => {
  const { runtime, ends } = started({ apply: (async () => ({ sum: 1 })) as never }, { durable: { log: 'events' } }, new MemoryJournal());
  runtime.send('/a', { do: (ctx: ActorContext<Message>) => { (ctx as unknown as { persist(event: unknown): unknown }).persist('added'); } });
  runtime.drain();
  assert.match(messageOf(ends[0]).replace('PromiseReturned: ', ''), SENTENCE('apply'));
});

test('the outcome of a question and the end of a child may not become a promise either', () => {
  const { runtime, ends } = started({ childExit: async () => 'add' });
  runtime.send('/a', { do: (ctx: ActorContext<Message>) => { ctx.ask(ctx.ref('/other'), 'add', 10, (async () => 'add') as never); } });
  runtime.advanceTo(20_000);
  assert.match(messageOf(ends[0]).replace('PromiseReturned: ', ''), SENTENCE('the message made of an outcome'));
  runtime.monitor('/a', ({ reason }) => ends.push(reason as ExitReason));
  runtime.send('/a', { do: (ctx: ActorContext<Message>) => { ctx.spawn(worker({ id: 'kid', behaviour: waiter(), restart: 'temporary' }) as never); } });
  runtime.drain();
  runtime.crash('/a/kid');
  runtime.drain();
  assert.match(messageOf(ends[1]).replace('PromiseReturned: ', ''), SENTENCE('childExit'));
});

test('a stop hook that returns a promise is a fault that is counted, and does not hold up the stop', async () => {
  const { runtime } = started({ stop: (async () => { throw new Error('late'); }) as never });
  assert.equal(runtime.stop(), true);
  assert.equal(runtime.counters().faults, 1);
  await new Promise((done) => setImmediate(done));
});

test('a state that is brought back by a promise is not brought back', () => {
  const { runtime, ends } = started({ snapshot: (state) => state, restore: (async (data: unknown) => data) as never }, { idleAfter: 10, restore: 'init' });
  runtime.advanceTo(50_000);
  runtime.send('/a', 'add');
  runtime.drain();
  assert.match(messageOf(ends[0]).replace('PromiseReturned: ', ''), SENTENCE('restore'));
});

test('init says what to do instead', () => {
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  const answer = runtime.start(worker({ id: 'a', behaviour: waiter({ init: (async () => ({ sum: 0 })) as never }) }));
  assert.match(JSON.stringify(answer), /init returned a promise; a start that takes time answers an effect and calls ctx.startLater\(\) meanwhile/);
});
