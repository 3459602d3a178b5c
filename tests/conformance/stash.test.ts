import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assign, createActor, setup } from 'xstate';
import { type ActorContext, machine, type Runtime, type SnapshotEnvelope, validateSpec, worker, type WorkerSpec } from '../../runtime/index.js';
import { root, started } from '../runtime/support.js';

interface Gate { readonly open: boolean; readonly seen: readonly string[]; readonly answers: readonly string[] }
const SHUT: Gate = { open: false, seen: [], answers: [] };

/** Sets everything aside until it is told to open. */
const gate = {
  name: 'gate', version: 1,
  init: (): Gate => SHUT,
  step: (state: Gate, message: string, ctx: ActorContext<string>): Gate => {
    if (message === 'open') {
      ctx.unstashAll();
      return { ...state, open: true };
    }
    if (message === 'shut') return { ...state, open: false };
    if (message === 'die') throw new Error('die');
    if (!state.open) return { ...state, answers: [...state.answers, ctx.stash()] };
    if (message === 'ask') ctx.reply(state.seen.length);
    return { ...state, seen: [...state.seen, message] };
  },
};

function gateSpec(more: Partial<WorkerSpec> = {}): WorkerSpec {
  return { ...worker({ id: 'g', behaviour: gate }), ...more } as WorkerSpec;
}

function viewOf<T>(runtime: Runtime): T {
  const seen = runtime.inspect('/g');
  assert.ok(seen);
  return seen.value as T;
}

function seenBy(runtime: Runtime): readonly string[] {
  return viewOf<Gate>(runtime).seen;
}

function sendAll(runtime: Runtime, ...messages: string[]): void {
  for (const message of messages) runtime.send('/g', message);
  runtime.drain();
}

/** Every message is somewhere. */
function balanced(runtime: Runtime): void {
  const { sent, handled, queued, deferred, deadLettered, conflated } = runtime.counters();
  assert.equal(sent, handled + queued + deferred + deadLettered + conflated);
}

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

test('stashed messages come before newer ones, in their order', () => {
  const runtime = started(root([gateSpec()]));
  sendAll(runtime, 'a', 'b', 'open', 'c');
  assert.deepEqual(seenBy(runtime), ['a', 'b', 'c']);
  sendAll(runtime, 'shut', 'd', 'e');
  runtime.send('/g', 'open');
  runtime.send('/g', 'f');
  runtime.drain();
  assert.deepEqual(seenBy(runtime), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('what is set aside counts as deferred and in the length of the mailbox, not as handled', () => {
  const runtime = started(root([gateSpec()]));
  sendAll(runtime, 'a', 'b', 'c');
  const { handled, queued, deferred } = runtime.counters();
  assert.deepEqual({ handled, queued, deferred }, { handled: 0, queued: 0, deferred: 3 });
  assert.equal(runtime.tree()?.children[0]?.mailbox, 3);
  assert.equal(runtime.inspect('/g')?.deferred, 3);
  sendAll(runtime, 'open');
  assert.equal(runtime.counters().handled, 4);
  balanced(runtime);
});

test('the stash is bounded: the behaviour hears full, the message is a dead letter stash_overflow', () => {
  const runtime = started(root([gateSpec({ mailbox: { stash: 2 } })]));
  sendAll(runtime, 'a', 'b', 'c');
  assert.deepEqual(viewOf<Gate>(runtime).answers, ['stashed', 'stashed', 'full']);
  assert.deepEqual(runtime.deadLetters().map(({ reason, message }) => [reason, message]), [['stash_overflow', 'c']]);
  balanced(runtime);
  assert.deepEqual(validateSpec(gateSpec({ mailbox: { stash: -1 } })).map(({ code }) => code), ['invalid_mailbox']);
});

test('a stashed ask keeps its reply address and its deadline; one that finds no room fails at once', () => {
  const runtime = started(root([gateSpec({ mailbox: { stash: 2 } })]));
  const answers: unknown[] = [];
  for (const deadline of [100, 5, 100]) runtime.ask('/g', 'ask', deadline, (answer) => answers.push(answer));
  runtime.drain();
  assert.deepEqual(answers, [{ ok: false, reason: 'full' }]);
  runtime.advanceTo(50_000);
  sendAll(runtime, 'open');
  assert.deepEqual(answers.slice(1), [{ ok: false, reason: 'timeout' }, { ok: true, value: 0 }]);
  balanced(runtime);
});

test('a turn that throws has set nothing aside: its message is poison', () => {
  const behaviour = { ...gate, step: (_state: Gate, _message: string, ctx: ActorContext<string>): Gate => { ctx.stash(); throw new Error('after'); } };
  const runtime = started(root([worker({ id: 'g', behaviour })], generous));
  sendAll(runtime, 'a');
  assert.deepEqual([runtime.counters().deferred, runtime.counters().deadLetters.poison], [0, 1]);
  balanced(runtime);
});

test('setting aside where no message is being handled is a clear crash; twice in a turn is once', () => {
  const eager = { ...gate, init: (ctx: ActorContext<string>): Gate => { ctx.stash(); return SHUT; } };
  assert.throws(() => started(root([worker({ id: 'g', behaviour: eager })])), /no message is being handled/);
  const twice = { ...gate, step: (state: Gate, _message: string, ctx: ActorContext<string>): Gate => { ctx.stash(); ctx.stash(); return state; } };
  const runtime = started(root([worker({ id: 'g', behaviour: twice })]));
  sendAll(runtime, 'a');
  assert.equal(runtime.counters().deferred, 1);
});

for (const [onRestart, expected, letters] of [['keep', ['a', 'b', 'c'], {}], ['drop', ['c'], { restarting_drop: 2 }]] as const) {
  test(`a restart with init, onRestart ${onRestart}: what was set aside ${onRestart === 'keep' ? 'comes first in the new life' : 'is dropped'}`, () => {
    const runtime = started(root([gateSpec({ mailbox: { onRestart } })], generous));
    sendAll(runtime, 'a', 'b', 'die');
    sendAll(runtime, 'open', 'c');
    assert.deepEqual(seenBy(runtime), expected);
    const { deadLetters } = runtime.counters();
    assert.equal(deadLetters.restarting_drop, 'restarting_drop' in letters ? letters.restarting_drop : 0);
    balanced(runtime);
  });
}

test('a restart with the last good state keeps aside what was aside', () => {
  const runtime = started(root([gateSpec({ restore: 'lastGood' })], generous));
  sendAll(runtime, 'a', 'die', 'b');
  assert.equal(runtime.counters().deferred, 2);
  sendAll(runtime, 'open', 'c');
  assert.deepEqual(seenBy(runtime), ['a', 'b', 'c']);
});

test('what is left aside at a stop or a kill becomes dead letters, an ask fails', () => {
  for (const end of ['terminate', 'kill'] as const) {
    const runtime = started(root([gateSpec({ restart: 'temporary' })]));
    const answers: unknown[] = [];
    runtime.ask('/g', 'ask', 100, (answer) => answers.push(answer));
    sendAll(runtime, 'a');
    if (end === 'kill') runtime.kill('/g');
    else runtime.terminateChild('/', 'g');
    assert.deepEqual(runtime.deadLetters().map(({ reason, message }) => [reason, message]), [['stopped', 'ask'], ['stopped', 'a']]);
    assert.deepEqual(answers, [{ ok: false, reason: 'down' }]);
    balanced(runtime);
  }
});

test('what is set aside is in the snapshot, and aside again in an actor started from it', () => {
  const runtime = started(root([gateSpec()]));
  sendAll(runtime, 'a', 'b');
  const taken = runtime.snapshot('/g');
  assert.ok(taken.ok);
  assert.deepEqual(taken.snapshot.deferred, ['a', 'b']);
  const next = started(root([gateSpec()]), { recover: (): SnapshotEnvelope => taken.snapshot });
  balanced(next);
  sendAll(next, 'open', 'c');
  assert.deepEqual(seenBy(next), ['a', 'b', 'c']);
  balanced(next);
});

test('a conflating mailbox is not confused by what comes back in front of it', () => {
  const spec = gateSpec({ mailbox: { capacity: 8, overflow: 'conflate', conflateKey: ((message: string) => message[0]!) as never } });
  const runtime = started(root([spec]), { sliceMessages: 1 });
  for (const message of ['a1', 'b1', 'a2']) sendAll(runtime, message);
  runtime.send('/g', 'open');
  runtime.send('/g', 'b2');
  runtime.step();
  runtime.send('/g', 'b3');
  runtime.send('/g', 'a3');
  runtime.send('/g', 'a4');
  runtime.drain();
  assert.deepEqual(seenBy(runtime), ['a1', 'b1', 'a2', 'b3', 'a4']);
  balanced(runtime);
});

// Machines: gen_statem's postpone, by `meta.defer`.
type Door = { readonly type: 'OPEN' | 'CLOSE' | 'KNOCK' | 'ENTER' | 'LOCK' | 'NOISE' | 'TICK'; readonly n: number };
const door = setup({
  types: { context: {} as { log: readonly string[] }, events: {} as Door },
  actions: { note: assign({ log: ({ context, event }) => [...context.log, `${event.type}${event.n}`] }) },
  guards: { even: ({ event }) => event.n % 2 === 0 },
}).createMachine({
  id: 'door', initial: 'closed', context: { log: [] },
  on: { NOISE: { actions: 'note' } },
  states: {
    closed: { meta: { defer: ['ENTER', 'KNOCK'] }, on: { OPEN: 'open', LOCK: 'locked', KNOCK: { guard: 'even', actions: 'note' }, TICK: { target: 'closed', reenter: true } } },
    locked: { meta: { defer: ['ENTER', 'OPEN'] }, on: { CLOSE: 'closed' } },
    open: { on: { ENTER: { actions: 'note' }, KNOCK: { actions: 'note' }, CLOSE: 'closed' } },
  },
});
const doorSpec = (more: Partial<WorkerSpec> = {}, compiled = true): WorkerSpec =>
  ({ ...worker({ id: 'g', behaviour: machine(door, { version: 1, compiled }) }), ...more }) as WorkerSpec;

function doorLog(runtime: Runtime): readonly string[] {
  return viewOf<{ context: { log: readonly string[] } }>(runtime).context.log;
}

function doors(runtime: Runtime, ...events: readonly string[]): void {
  for (const event of events) runtime.send('/g', { type: event.slice(0, -1), n: Number(event.at(-1)) });
  runtime.drain();
}

test('meta.defer: an event a state defers is tried again when the state value has changed, in order, before newer events', () => {
  const runtime = started(root([doorSpec()]));
  doors(runtime, 'ENTER1', 'NOISE2', 'ENTER3', 'OPEN0', 'NOISE4');
  assert.deepEqual(doorLog(runtime), ['NOISE2', 'ENTER1', 'ENTER3', 'NOISE4']);
});

test('meta.defer: entering the same state again changes no value and tries nothing again', () => {
  const runtime = started(root([doorSpec()]));
  doors(runtime, 'ENTER1', 'TICK0', 'NOISE2');
  assert.deepEqual([doorLog(runtime), runtime.counters().deferred], [['NOISE2'], 1]);
});

test('meta.defer: a transition that takes the event goes first, by its guard', () => {
  const runtime = started(root([doorSpec()]));
  doors(runtime, 'KNOCK1', 'KNOCK2');
  assert.deepEqual([doorLog(runtime), runtime.counters().deferred], [['KNOCK2'], 1]);
  doors(runtime, 'OPEN0');
  assert.deepEqual(doorLog(runtime), ['KNOCK2', 'KNOCK1']);
});

test('meta.defer: an event that is put off again keeps its place; a deferred event may itself change the state', () => {
  const runtime = started(root([doorSpec()]));
  doors(runtime, 'LOCK0', 'ENTER1', 'OPEN2', 'ENTER3', 'CLOSE4', 'NOISE5');
  assert.deepEqual(doorLog(runtime), ['ENTER1', 'ENTER3', 'NOISE5']);
});

/** gen_statem's rule, written down directly: a queue, a list of postponed events, and the state. */
function model(events: readonly Door[]): { readonly log: readonly string[]; readonly postponed: number } {
  const next = (state: string, { type, n }: Door): string => {
    if (type === 'NOISE') return 'note';
    if (state === 'closed') return type === 'OPEN' ? 'open' : type === 'LOCK' ? 'locked' : type === 'ENTER' ? 'defer' : type === 'KNOCK' ? (n % 2 === 0 ? 'note' : 'defer') : 'ignore';
    if (state === 'locked') return type === 'CLOSE' ? 'closed' : type === 'ENTER' || type === 'OPEN' ? 'defer' : 'ignore';
    return type === 'CLOSE' ? 'closed' : type === 'ENTER' || type === 'KNOCK' ? 'note' : 'ignore';
  };
  const log: string[] = [];
  let state = 'closed';
  let queue = [...events];
  let postponed: Door[] = [];
  while (queue.length > 0) {
    const event = queue.shift()!;
    const what = next(state, event);
    if (what === 'note') log.push(`${event.type}${event.n}`);
    else if (what === 'defer') postponed.push(event);
    else if (what !== 'ignore') {
      state = what;
      queue = [...postponed, ...queue];
      postponed = [];
    }
  }
  return { log, postponed: postponed.length };
}

test('meta.defer agrees with gen_statem\'s postpone on any sequence of events, stepped by XState or by tables', () => {
  const event = fc.record({ type: fc.constantFrom('OPEN', 'CLOSE', 'KNOCK', 'ENTER', 'LOCK', 'NOISE', 'TICK'), n: fc.nat({ max: 9 }) }) as fc.Arbitrary<Door>;
  fc.assert(fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, compiled) => {
    const runtime = started(root([doorSpec({}, compiled)]));
    for (const one of events) runtime.send('/g', one);
    runtime.drain();
    assert.deepEqual({ log: doorLog(runtime), postponed: runtime.counters().deferred }, model(events));
    balanced(runtime);
  }), { numRuns: 300, seed: 22 });
});

test('a machine without meta.defer drops what it does not take, as XState does', () => {
  const plain = setup({}).createMachine({ id: 'plain', initial: 'a', states: { a: { on: { GO: 'b' } }, b: { on: { X: 'a' } } } });
  const runtime = started(root([worker({ id: 'g', behaviour: machine(plain, { version: 1 }) })]));
  for (const type of ['X', 'GO']) runtime.send('/g', { type });
  runtime.drain();
  const actor = createActor(plain).start();
  for (const type of ['X', 'GO']) actor.send({ type });
  assert.equal(viewOf<{ value: unknown }>(runtime).value, actor.getSnapshot().value);
  assert.equal(runtime.counters().deferred, 0);
});

test('meta.defer must be a list of event types', () => {
  const bad = setup({}).createMachine({ id: 'bad', initial: 'a', states: { a: { meta: { defer: 'X' } }, b: { meta: { defer: ['X.*'] } } } });
  assert.throws(() => machine(bad, { version: 1 }), /bad\.a: meta\.defer must be a list[\s\S]*bad\.b: meta\.defer/);
});
