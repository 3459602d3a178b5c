import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ActorContext, type Behaviour, createRuntime, type EffectCall, type Runtime, supervisor, VirtualClock, worker } from '../../../runtime/index.js';
import { MemoryJournal } from '../../../runtime/journal/index.js';

/** What one message tells an actor to do, besides noting it. */
type Deed =
  | { readonly do: 'send'; readonly to: number; readonly deeds: readonly Deed[] }
  | { readonly do: 'timer'; readonly ms: number; readonly cancelled: boolean; readonly deeds: readonly Deed[] }
  | { readonly do: 'draw' }
  | { readonly do: 'effect' }
  | { readonly do: 'stash' }
  | { readonly do: 'unstash' }
  | { readonly do: 'publish' }
  | { readonly do: 'throw' };

interface Message {
  readonly id: string;
  readonly deeds: readonly Deed[];
}
interface State {
  readonly seen: readonly string[];
  readonly stashed: readonly string[];
}

const MOST_KILLS = 12;
const ACTORS = ['/a', '/b', '/c'] as const;

interface Unknown {
  readonly type: 'runtime.effect_unknown';
  readonly effect: string;
  readonly key: string;
  readonly payload: unknown;
}

function react(state: State, message: Message | Unknown, ctx: ActorContext): State {
  if ('type' in message) {
    // The actor asks its exchange what became of the order, under the order's key, and does what is left to do.
    ctx.effect('reconcile', message.effect === 'reconcile' ? message.payload : { key: message.key, name: message.payload });
    return state;
  }
  const { id } = message;
  let line = id;
  for (const [at, deed] of message.deeds.entries()) {
    switch (deed.do) {
      case 'send': line += ` ${ctx.send(ctx.ref(ACTORS[deed.to]!), { id: `${id}.${at}`, deeds: deed.deeds })}`; break;
      case 'timer':
        ctx.startTimer(`${id}.${at}`, deed.ms, { id: `${id}.${at}`, deeds: deed.deeds });
        if (deed.cancelled) line += ` ${ctx.cancelTimer(`${id}.${at}`)}`;
        break;
      case 'draw': line += ` ${ctx.random()} ${ctx.nextId()}`; break;
      case 'effect': ctx.effect('order', id); break;
      case 'stash':
        if (!state.stashed.includes(id)) {
          ctx.stash();
          return { ...state, stashed: [...state.stashed, id] };
        }
        break;
      case 'unstash': ctx.unstashAll(); break;
      case 'publish': ctx.publish('all', { id: `${id}.${at}`, deeds: [] }); break;
      case 'throw': throw new Error(id);
    }
  }
  return { ...state, seen: [...state.seen, `${line} at ${ctx.nowUs()}`] };
}

const byInputs: Behaviour<State, never, undefined> = {
  name: 'by inputs', version: 1,
  init: (ctx) => {
    ctx.subscribe('all');
    return { seen: [], stashed: [] };
  },
  step: (state, message, ctx) => react(state, message, ctx as ActorContext),
};

/** The same actor with a log of events: the whole state is the event. */
const byEvents: Behaviour<State, never, undefined> = {
  ...byInputs, name: 'by events',
  step: (state, message, ctx) => {
    const next = react(state, message, ctx as ActorContext);
    return next === state ? state : (ctx.persist(next) as State);
  },
  apply: (_state, event) => event as State,
};

const spec = () => supervisor({
  id: 'root', strategy: 'oneForOne', intensity: { restarts: 1000, withinMs: 1 },
  children: ACTORS.map((path, at) => worker({
    id: path.slice(1), behaviour: at === 1 ? byEvents : byInputs, durable: { log: at === 1 ? 'events' : 'inputs' }, ...(at === 2 ? { restore: 'lastGood' as const } : {}),
  })),
});

const deed: fc.Arbitrary<Deed> = fc.letrec<{ deed: Deed }>((tie) => ({
  deed: fc.oneof({ maxDepth: 3 },
    fc.record({ do: fc.constant('draw' as const) }),
    fc.record({ do: fc.constant('effect' as const) }), fc.record({ do: fc.constant('stash' as const) }), fc.record({ do: fc.constant('unstash' as const) }),
    fc.record({ do: fc.constant('publish' as const) }), fc.record({ do: fc.constant('throw' as const) }),
    fc.record({ do: fc.constant('send' as const), to: fc.nat(2), deeds: fc.array(tie('deed'), { maxLength: 3 }) }),
    fc.record({ do: fc.constant('timer' as const), ms: fc.nat(30), cancelled: fc.boolean(), deeds: fc.array(tie('deed'), { maxLength: 3 }) }),
  ),
})).deed;
const script = fc.array(fc.record({ to: fc.nat(2), deeds: fc.array(deed, { maxLength: 4 }) }), { minLength: 1, maxLength: 8 });

/** The world outside: what was ordered, by the actor's own name for it. It outlives every process. */
class Exchange {
  readonly orders: string[] = [];
  readonly keys = new Set<string>();

  order(name: string, key: string): void {
    assert.ok(!this.keys.has(key), `the key ${key} was used twice`);
    this.keys.add(key);
    this.orders.push(name);
  }
}

/** Plays the script, killing the process before each slice of which `kill` says so. */
function play(messages: readonly { readonly to: number; readonly deeds: readonly Deed[] }[], kill: (slice: number) => boolean): { readonly states: unknown; readonly orders: string[]; readonly kills: number } {
  const exchange = new Exchange();
  let journal = new MemoryJournal();
  let slice = 0;
  let kills = 0;
  let nowUs = 0;
  let fed = 0;
  const effects = {
    order: (name: never, call: EffectCall) => {
      exchange.order(String(name), call.key);
    },
    reconcile: ({ key, name }: { readonly key: string; readonly name: string }) => {
      if (!exchange.keys.has(key)) exchange.order(name, key);
    },
  };
  const start = (): Runtime => {
    const runtime = createRuntime({ clock: new VirtualClock(nowUs), seed: 7, journal, effects, sliceMessages: 2, snapshotEveryMs: 17 });
    const started = runtime.start(spec());
    assert.ok(started.ok, JSON.stringify(started));
    return runtime;
  };
  let runtime = start();
  const settle = (): void => {
    for (;;) {
      slice++;
      if (kills < MOST_KILLS && kill(slice)) {
        kills++;
        journal = journal.survivor();
        nowUs = runtime.nowUs();
        runtime = start();
        // The source of the messages goes on after the last one that is safe.
        fed = runtime.lastInput('script') + 1;
        feed();
      }
      if (!runtime.step()) return;
    }
  };
  let until = 0;
  const feed = (): void => {
    for (; fed < until; fed++) runtime.input(ACTORS[messages[fed]!.to]!, { id: `m${fed}`, deeds: messages[fed]!.deeds }, { source: 'script', seq: fed });
  };
  const advance = (us: number): void => {
    while (runtime.nextTimerUs() < Infinity && runtime.nextTimerUs() <= us) {
      runtime.fireNext();
      settle();
    }
    if (us < Infinity) runtime.moveTo(us);
  };
  for (let at = 0; at < messages.length; at++) {
    advance(at * 10_000);
    until = at + 1;
    feed();
    settle();
  }
  // Whatever is still set aside comes back.
  kills += MOST_KILLS;
  for (let round = 0; round < 4; round++) {
    advance(Infinity);
    for (const path of ACTORS) runtime.send(path, { id: 'end', deeds: [{ do: 'unstash' }] });
    settle();
  }
  advance(Infinity);
  const states = ACTORS.map((path) => {
    const taken = runtime.snapshot(path);
    assert.ok(taken.ok);
    return taken.snapshot.value;
  });
  return { states, orders: exchange.orders.sort(), kills: kills - MOST_KILLS };
}

/** Order of arrival from several senders and stamps may differ after a kill; what each actor has seen may not. */
function content(states: unknown): unknown {
  return (states as readonly State[]).map(({ seen }) => seen.map((line) => line.split(' ')[0]).filter((id) => id !== 'end').sort());
}

test('random scripts: with kills between any two slices every actor sees what it would have seen, and every order goes out once', () => {
  let kills = 0;
  fc.assert(fc.property(script, fc.array(fc.nat(25), { maxLength: 12 }), (messages, killAt) => {
    const whole = play(messages, () => false);
    const broken = play(messages, (slice) => killAt.includes(slice));
    kills += broken.kills;
    assert.deepEqual(content(broken.states), content(whole.states));
    assert.deepEqual(broken.orders, whole.orders);
  }), { numRuns: 300 });
  assert.ok(kills > 300, `${kills} kills`);
});
