import { createRequire } from 'node:module';
import { assign, createActor, setup, spawnChild } from 'xstate';
import { createRuntime, machine, type Runtime, VirtualClock, WallClock, worker } from '../../../runtime/index.js';
import type { BenchRow } from '../row.js';

/** Messages sent before the queue is drained, on both sides. */
const BATCH = 1000;

/** The part of nact 7 that is measured; its own declarations do not describe contexts well enough to compile against. */
interface Nact {
  start(): unknown;
  stop(system: unknown): void;
  spawn(parent: unknown, step: (state: Quote | undefined, message: NactMessage) => Quote, name: string): unknown;
  dispatch(actor: unknown, message: NactMessage | Quote): void;
  query(actor: unknown, ask: (reply: unknown) => NactMessage, timeoutMs: number): Promise<unknown>;
}
type NactMessage = { readonly type: 'tick'; readonly bid: number } | { readonly type: 'query'; readonly reply: unknown };

interface Quote {
  readonly ticks: number;
  readonly bid: number;
}
interface Tick {
  readonly type: 'tick';
  readonly bid: number;
}

const ticks: readonly Tick[] = Array.from({ length: BATCH }, (_, bid) => ({ type: 'tick', bid }));

const reducer = {
  name: 'quote', version: 1,
  init: (): Quote => ({ ticks: 0, bid: 0 }),
  step: (state: Quote, message: Tick): Quote => ({ ticks: state.ticks + 1, bid: message.bid }),
};

function perSecond(messages: number, begunMs: number): number {
  return (messages / (performance.now() - begunMs)) * 1000;
}

function sendAndDrain(runtime: Runtime, path: string, messages: readonly { readonly type: string }[], batches: number): number {
  const ref = runtime.ref<{ readonly type: string }>(path);
  const begunMs = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    for (const message of messages) runtime.send(ref, message);
    runtime.drain();
  }
  return perSecond(batches * messages.length, begunMs);
}

function makeReducerRow(): BenchRow {
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  const load = createRequire(import.meta.url);
  const { version } = load('nact/package.json') as { version: string };
  let nact: Nact;
  let system: unknown;
  let actor: unknown;
  const peer = async (batches: number): Promise<number> => {
    const begunMs = performance.now();
    for (let batch = 0; batch < batches; batch++) {
      for (const tick of ticks) nact.dispatch(actor, tick);
      // The answer to a query comes when everything before it has been handled.
      await nact.query(actor, (reply) => ({ type: 'query', reply }), 60_000);
    }
    return perSecond(batches * BATCH, begunMs);
  };
  return {
    id: 'actor-reducer/nact', unit: 'messages/s', better: 'higher', peer: `nact ${version}`, floor: 20,
    async prepare() {
      const started = runtime.start(worker({ id: 'quote', behaviour: reducer }));
      if (!started.ok) throw new Error(JSON.stringify(started.reason));
      nact = load('nact') as Nact;
      system = nact.start();
      actor = nact.spawn(system, (state = { ticks: 0, bid: 0 }, message) => {
        if (message.type === 'tick') return { ticks: state.ticks + 1, bid: message.bid };
        nact.dispatch(message.reply, state);
        return state;
      }, 'quote');
      sendAndDrain(runtime, '/quote', ticks, 500);
      await peer(50);
    },
    ours: () => sendAndDrain(runtime, '/quote', ticks, 4000),
    peerRun: () => peer(100),
    close: () => nact.stop(system),
  };
}

/** A flat machine with named guards and actions, as a feed handler would have it. */
const feed = setup({
  types: { context: {} as Quote, events: {} as Tick | { readonly type: 'flip' } | { readonly type: 'nothing' } },
  guards: { changed: ({ context, event }) => event.type === 'tick' && event.bid !== context.bid },
  actions: { take: assign(({ context, event }) => (event.type === 'tick' ? { ticks: context.ticks + 1, bid: event.bid } : {})) },
}).createMachine({
  id: 'feed', initial: 'calm', context: { ticks: 0, bid: -1 },
  states: {
    calm: { on: { tick: { guard: 'changed', actions: 'take' }, flip: 'alert' } },
    alert: { on: { tick: { guard: 'changed', actions: 'take' }, flip: 'calm' } },
  },
});

/** Two ticks, one change of state, one event that nothing takes. */
const mix = Array.from({ length: BATCH }, (_, n) => (n % 4 < 2 ? ticks[n]! : n % 4 === 2 ? ({ type: 'flip' } as const) : ({ type: 'nothing' } as const)));

function makeXstateRow(compiled = false): BenchRow {
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  const actor = createActor(feed);
  const { version } = createRequire(import.meta.url)('xstate/package.json') as { version: string };
  const peer = (batches: number): number => {
    const begunMs = performance.now();
    for (let batch = 0; batch < batches; batch++) for (const event of mix) actor.send(event);
    return perSecond(batches * BATCH, begunMs);
  };
  return {
    id: 'actor-xstate/xstate-send', unit: 'events/s', better: 'higher', peer: `xstate ${version} actor.send`, floor: 0.9, aim: 1,
    prepare() {
      const started = runtime.start(worker({ id: 'feed', behaviour: machine(feed, { version: 1, compiled }) }));
      if (!started.ok) throw new Error(JSON.stringify(started.reason));
      actor.start();
      sendAndDrain(runtime, '/feed', mix, 40);
      peer(40);
      const view = runtime.inspect('/feed')?.value as { value: unknown; context: unknown };
      const { value, context } = actor.getSnapshot();
      if (JSON.stringify([view.value, view.context]) !== JSON.stringify([value, context])) throw new Error('the two sides do not agree');
      if (compiled) sendAndDrain(runtime, '/feed', mix, 1000);
    },
    ours: () => sendAndDrain(runtime, '/feed', mix, compiled ? 2000 : 100),
    peerRun: () => peer(100),
    close: () => void actor.stop(),
  };
}

/** The same machine compiled to tables against XState's own actor. */
function makeFlatRow(): BenchRow {
  const row = makeXstateRow(true);
  return { ...row, id: 'actor-flat/xstate-send', floor: 20, aim: 25 };
}

/** A child with one timer, of which a thousand stand under one parent. */
const CHILDREN = 1000;
const leaf = setup({}).createMachine({ id: 'leaf', initial: 'waiting', states: { waiting: { after: { 3_600_000: 'late' } }, late: {} } });

function makeTreeRow(): BenchRow {
  const { version } = createRequire(import.meta.url)('xstate/package.json') as { version: string };
  const ids = Array.from({ length: CHILDREN }, (_, n) => `leaf${n}`);
  const parent = setup({ actors: { leaf } }).createMachine({ id: 'parent', entry: ids.map((id) => spawnChild('leaf', { id })) });
  const behaviour = machine(parent, { version: 1, actors: { leaf: () => ({ behaviour: machine(leaf, { version: 1 }) }) } });
  const stopOurs = (): number => {
    const runtime = createRuntime({ clock: new WallClock() });
    const started = runtime.start(worker({ id: 'parent', behaviour }));
    if (!started.ok || runtime.counters().timers !== CHILDREN) throw new Error('the tree did not start whole');
    const begunMs = performance.now();
    const stopped = runtime.stop();
    const ms = performance.now() - begunMs;
    if (!stopped || runtime.counters().timers !== 0) throw new Error('the tree is not down');
    return ms;
  };
  return {
    id: 'tree-stop-1000/xstate', unit: 'ms to stop a parent with 1,000 children, a timer each', better: 'lower', peer: `xstate ${version}`, floor: 1, aim: 0.1, slices: 2,
    prepare() {
      for (let n = 0; n < 30; n++) stopOurs();
    },
    ours: stopOurs,
    peerRun() {
      const actor = createActor(parent);
      actor.start();
      const begunMs = performance.now();
      actor.stop();
      return performance.now() - begunMs;
    },
  };
}

/** A reducer actor under the runtime against the same actor in nact. */
export const reducerActor: BenchRow = makeReducerRow();

/** A machine stepped by the adapter against XState's own actor. */
export const xstateActor: BenchRow = makeXstateRow();

/** The compiled machine against XState's own actor. */
export const flatActor: BenchRow = makeFlatRow();

/** Stopping a tree of machines against XState stopping its own. */
export const treeStop: BenchRow = makeTreeRow();
