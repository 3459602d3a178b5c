import assert from 'node:assert/strict';
import { type ActorContext, type Behaviour, type ChildSpec, createRuntime, type Runtime, type RuntimeOptions, supervisor, VirtualClock, worker } from '../../../runtime/index.js';
import type { MemoryJournal } from '../../../runtime/journal/index.js';

export interface Command {
  readonly type: string;
  readonly [key: string]: unknown;
}
export type Handlers = Readonly<Record<string, (state: Log, message: Command, ctx: ActorContext<Command>) => Log>>;
export type Log = readonly unknown[];

/** A behaviour whose state is the list of what it has seen; messages it has no handler for are noted. */
export function noting(name: string, handlers: Handlers = {}, more: Partial<Behaviour<Log, Command, undefined>> = {}): Behaviour<Log, Command, undefined> {
  return {
    name, version: 1,
    init: (ctx) => (handlers['init'] === undefined ? [] : handlers['init']([], { type: 'init' }, ctx)),
    step: (state, message, ctx) => (handlers[message.type] ?? ((seen) => [...seen, message]))(state, message, ctx),
    ...more,
  };
}

export const durable = (id: string, handlers: Handlers = {}, more: Partial<Behaviour<Log, Command, undefined>> = {}, log: 'inputs' | 'events' = 'inputs') =>
  worker({ id, behaviour: noting(id, handlers, more), durable: { log } });

export const tree = (...children: ChildSpec[]) => supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 }, children });

export function live(journal: MemoryJournal, spec: ChildSpec, options: RuntimeOptions = {}, startUs = 0): Runtime {
  const runtime = createRuntime({ clock: new VirtualClock(startUs), seed: 's', journal, ...options });
  const started = runtime.start(spec);
  assert.deepEqual(started.ok, true, JSON.stringify(started));
  return runtime;
}

export const stateOf = (runtime: Runtime, path: string): unknown => {
  const taken = runtime.snapshot(path);
  assert.ok(taken.ok, JSON.stringify(taken));
  return taken.snapshot.value;
};
