/** What two runs are compared by: the hash of the trace, of events alone, of what messages say, or of the states as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorRef, type Behaviour, createRuntime, supervisor, type TraceHash, VirtualClock, worker } from '../../runtime/index.js';
import { ContentHash } from '../../runtime/observe/contents.js';

type Message = { readonly type: string; readonly n?: unknown };

/** Adds up, sends to a peer, orders an effect, and dies, as it is told. `skew` is a difference that no message shows. */
function adder(skew = 0): Behaviour<{ readonly sum: number; readonly skew: number }, Message, unknown> {
  return {
    name: 'adder', version: 1, init: () => ({ sum: 0, skew }),
    step: (state, { type, n }, ctx) => {
      if (type === 'die') throw new Error('told to');
      if (type === 'pass') ctx.send(ctx.ref('/b') as ActorRef<never>, { type: 'add', n } as never);
      if (type === 'order') ctx.effect('order', n);
      return { ...state, sum: state.sum + Number(n ?? 0) };
    },
  };
}

function hashOf(traceHash: TraceHash | undefined, messages: readonly Message[], skew = 0, ids: readonly [string, string] = ['a', 'b']): string {
  const runtime = createRuntime({ clock: new VirtualClock(0), effects: { order: () => undefined }, ...(traceHash === undefined ? {} : { traceHash }) });
  const children = ids.map((id) => worker({ id, behaviour: adder(skew), mailbox: { capacity: 4 } }));
  assert.equal(runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 9, withinMs: 1000 }, children })).ok, true);
  for (const message of messages) {
    runtime.send(`/${ids[0]}`, message);
    runtime.drain();
  }
  return runtime.trace().hash();
}

const THREE: readonly Message[] = [{ type: 'add', n: 1 }, { type: 'pass', n: 2 }, { type: 'order', n: 3 }];

test('the same messages give the same hash, whatever it covers', () => {
  for (const covers of ['events', 'messages', 'states'] as const) assert.equal(hashOf(covers, THREE), hashOf(covers, THREE));
  assert.equal(hashOf(undefined, THREE), hashOf('events', THREE), 'events alone are the default');
});

test('a changed value of a message changes the hash, and so does its type', () => {
  const value = [...THREE.slice(0, 2), { type: 'order', n: 4 }];
  const type = [{ type: 'sum', n: 1 }, ...THREE.slice(1)];
  for (const changed of [value, type]) {
    assert.equal(hashOf('events', changed), hashOf('events', THREE), 'the events are the same');
    assert.notEqual(hashOf('messages', changed), hashOf('messages', THREE));
    assert.notEqual(hashOf('states', changed), hashOf('states', THREE));
  }
});

test('the values of a message between actors, of a dead letter and of an effect count as well', () => {
  const said = (n: unknown) => [{ type: 'pass', n }, { type: 'order', n }];
  assert.notEqual(hashOf('messages', said(1)), hashOf('messages', said(2)));
  const died = (n: unknown) => [{ type: 'die', n }];
  assert.equal(hashOf('events', died(1)), hashOf('events', died(2)));
  assert.notEqual(hashOf('messages', died(1)), hashOf('messages', died(2)), 'the message of a failed turn');
  assert.notEqual(hashOf('messages', THREE, 0, ['a', 'b']), hashOf('messages', THREE, 0, ['x', 'b']), 'the path');
});

test('a state that no message shows changes the hash of the states only', () => {
  assert.equal(hashOf('messages', THREE, 1), hashOf('messages', THREE));
  assert.notEqual(hashOf('states', THREE, 1), hashOf('states', THREE));
  assert.notEqual(hashOf('states', [], 1), hashOf('states', []), 'the state a start gives');
});

test('an actor with a snapshot hook is hashed by what that gives, whatever its state is', () => {
  const behaviour: Behaviour<{ n: number; self: unknown }, Message, unknown> = {
    name: 'cyclic', version: 1, stateKind: 'mutable',
    init: () => {
      const state = { n: 0, self: null as unknown };
      state.self = state;
      return state;
    },
    step: (state, { n }) => {
      state.n += Number(n);
      return state;
    },
    snapshot: ({ n }) => {
      if (n > 5) throw new Error('too much');
      return n;
    },
  };
  const run = (...amounts: number[]): string => {
    const runtime = createRuntime({ clock: new VirtualClock(0), traceHash: 'states' });
    runtime.start(worker({ id: 'a', behaviour }));
    for (const n of amounts) {
      runtime.send('/a', { type: 'add', n });
      runtime.drain();
    }
    assert.equal(runtime.counters().faults, 0, 'a snapshot that fails harms nobody');
    return runtime.trace().hash();
  };
  assert.equal(run(1, 2, 9), run(1, 2, 9));
  assert.notEqual(run(1, 2), run(2, 1));
});

const hash = (value: unknown): string => {
  const content = new ContentHash();
  content.add(value);
  return `${content.high}:${content.low}`;
};

/** No two of these are the same. */
const DIFFERENT: readonly (() => unknown)[] = [
  () => undefined, () => null, () => false, () => true, () => 0, () => -0, () => 1, () => 1 + Number.EPSILON, () => NaN, () => 2 ** 53, () => -1, () => '', () => '0', () => '1', () => 'ab',
  () => 0n, () => 1n, () => -1n, () => 1n << 64n, () => Symbol('a'), () => Symbol('b'), () => function named() {}, () => [], () => [undefined], () => [[]], () => [1, 2], () => [2, 1],
  () => ({}), () => ({ a: undefined }), () => ({ a: 1 }), () => ({ a: '1' }), () => ({ b: 1 }), () => ({ a: 1, b: 1 }), () => ({ b: 1, a: 1 }), () => ({ a: { b: 1 } }), () => new Map(),
  () => new Map([['a', 1]]), () => new Map([['a', 2]]), () => new Set(), () => new Set(['a']), () => new Set(['a', 'b']), () => new Date(0), () => new Date(1), () => new Error('a'),
  () => new Error('b'), () => new TypeError('a'), () => new Error('a', { cause: 'b' }), () => Uint8Array.of(1, 2), () => Uint8Array.of(2, 1), () => Int8Array.of(1, 2),
  () => Float64Array.of(1), () => Float64Array.of(1).buffer, () => new DataView(new ArrayBuffer(2)),
];

test('no two values of a kind or of different kinds have one hash, and equal ones have', () => {
  const seen = new Map<string, number>();
  for (const [at, make] of DIFFERENT.entries()) {
    const one = hash(make());
    assert.equal(one, hash(make()), `value ${at} again`);
    assert.equal(seen.get(one), undefined, `value ${at} has the hash of value ${seen.get(one)}`);
    seen.set(one, at);
  }
});

test('circles, great depth and getters that throw are hashed too', () => {
  const circle = (n: number): unknown => {
    const one: { n: number; two?: unknown } = { n };
    one.two = { back: one };
    return one;
  };
  assert.equal(hash(circle(1)), hash(circle(1)));
  assert.notEqual(hash(circle(1)), hash(circle(2)));
  let deep: unknown = 1;
  for (let at = 0; at < 100_000; at++) deep = [deep];
  assert.equal(hash(deep), hash(deep));
  const odd = { before: 1, get bad(): never { throw new Error('no'); } };
  assert.equal(hash(odd), hash({ before: 1, get bad(): never { throw new Error('no'); } }));
  assert.notEqual(hash([odd, 1]), hash([odd, 2]), 'what comes after it still counts');
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(hash(proxy), hash(proxy));
});

test('where an error was thrown from does not count, in whatever it is told', () => {
  const deeper = (depth: number): string => (depth > 0 ? deeper(depth - 1) : hashWithDown());
  assert.equal(deeper(0), deeper(7));
  assert.notEqual(hash({ stack: 'a' }), hash({ stack: 'b' }), 'the word means nothing elsewhere');
});

/** An actor that is told why another died, stack and all. */
function hashWithDown(): string {
  const runtime = createRuntime({ clock: new VirtualClock(0), traceHash: 'states' });
  const told: unknown[] = [];
  const watcher: Behaviour<unknown, unknown, unknown> = {
    name: 'watcher', version: 1, init: (ctx) => ctx.monitor(ctx.ref('/a')),
    step: (_state, message) => {
      told.push(message);
      return message;
    },
  };
  const children = [worker({ id: 'a', behaviour: adder() }), worker({ id: 'w', behaviour: watcher })];
  runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 9, withinMs: 1000 }, children }));
  runtime.send('/a', { type: 'die' });
  runtime.drain();
  assert.match(JSON.stringify(told), /"stack":"Error: told to/);
  return runtime.trace().hash();
}

test('one bit of a long message shows, wherever it is', () => {
  const words = Array.from({ length: 2_000 }, (_, at) => at * 1.1);
  const whole = hash(words);
  for (let at = 0; at < words.length; at += 37) assert.notEqual(hash(words.with(at, -words[at]! || -0)), whole);
});
