import assert from 'node:assert/strict';
import { assign, cancel, createActor, enqueueActions, raise, setup, type AnyStateMachine } from 'xstate';
import { createRuntime, machine, Random, VirtualClock, worker } from '../../runtime/index.js';

// Random XState machines: the runtime's adapter, stepping and compiled, against XState's own actor.

/** A machine definition as JSON; guards and actions are names of `IMPLEMENTATIONS`. */
export interface StateConfig {
  readonly id?: string;
  readonly type?: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial?: string;
  readonly history?: 'shallow' | 'deep';
  readonly target?: string;
  readonly entry?: readonly string[];
  readonly exit?: readonly string[];
  readonly on?: Readonly<Record<string, readonly TransitionConfig[]>>;
  readonly after?: Readonly<Record<string, readonly TransitionConfig[]>>;
  readonly always?: readonly TransitionConfig[];
  readonly onDone?: readonly TransitionConfig[];
  readonly states?: Readonly<Record<string, StateConfig>>;
}

export interface TransitionConfig {
  readonly target?: string;
  readonly guard?: string;
  readonly actions?: readonly string[];
  readonly reenter?: boolean;
}

/** An event with a number, or milliseconds to wait. */
export type Step = { readonly type: string; readonly k: number } | { readonly wait: number };

export interface MachineCase {
  readonly config: StateConfig;
  readonly steps: readonly Step[];
}

const EVENTS = ['A', 'B', 'C', 'D'];
const GUARDS = ['even', 'small', 'big'];
const ACTIONS = ['bump', 'bump', 'add', 'act', 'act', 'raiseA', 'raiseB', 'laterC', 'armD', 'cancelD'];
const DELAYS = ['3', '10', '25', 'varying'];
/** An endless loop of eventless transitions is an error on both sides. */
const MOST_MICROSTEPS = 60;
const MOST_LATER = 10;

interface Context { readonly n: number; readonly later: number }
interface Event { readonly type: string; readonly k?: number }

/** The definition with its implementations; `act` writes into `acted`. */
function define(config: StateConfig, acted: string[]): AnyStateMachine {
  return setup({
    types: {} as { context: Context; events: Event },
    guards: {
      even: ({ context }) => context.n % 2 === 0,
      small: ({ context }) => context.n % 7 < 3,
      big: ({ event }) => (event.k ?? 0) > 5,
    },
    actions: {
      bump: assign({ n: ({ context }) => context.n + 1 }),
      add: assign({ n: ({ context, event }) => context.n + (event.k ?? 2) }),
      act: ({ context }) => void acted.push(`act ${context.n}`),
      raiseA: raise({ type: 'A', k: 3 }),
      raiseB: raise({ type: 'B' }),
      // A transition that raises its own event in several regions would double them for ever.
      laterC: enqueueActions(({ context, enqueue }) => {
        if (context.later >= MOST_LATER) return;
        enqueue.assign({ later: context.later + 1 });
        enqueue.raise({ type: 'C', k: 7 }, { delay: 4 });
      }),
      // Cancelled first: an id that is raised again replaces the first event under the runtime, and adds to it under XState (docs/runtime.md).
      armD: enqueueActions(({ enqueue }) => {
        enqueue.cancel('armed');
        enqueue.raise({ type: 'D', k: 1 }, { delay: 6, id: 'armed' });
      }),
      cancelD: cancel('armed'),
    },
    delays: { varying: ({ context }) => 2 + (context.n % 5) * 4 },
  }).createMachine({ ...config, context: { n: 0, later: 0 }, options: { maxIterations: MOST_MICROSTEPS } } as never) as unknown as AnyStateMachine;
}

/** The machine of this number in the run of this seed, and what happens to it. */
export function randomMachine(seed: number, number: number): MachineCase {
  const random = new Random(`machine ${seed} ${number}`);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const of = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const chance = (share: number): boolean => random.next() < share;
  let states = 0;
  const targets: string[] = [];
  /** Histories, each with the state it belongs to. */
  const pasts: { readonly target: string; readonly of: string }[] = [];

  const shape = (depth: number, isRoot: boolean): Record<string, unknown> => {
    const id = isRoot ? 'm' : `s${states++}`;
    const state: Record<string, unknown> = { id };
    if (!isRoot) targets.push(`#${id}`);
    if (depth === 0 || (!isRoot && chance(0.5))) return state;
    const children: Record<string, unknown> = {};
    const size = 2 + below(3);
    const parallel = !isRoot ? chance(0.2) : chance(0.15);
    for (let at = 0; at < size; at++) children[`c${at}`] = shape(depth - 1, false);
    if (parallel) state['type'] = 'parallel';
    else {
      state['initial'] = 'c0';
      if (chance(0.3)) {
        const past = `s${states++}`;
        children['past'] = { id: past, type: 'history', history: of(['shallow', 'deep']), ...(chance(0.5) ? { target: `#${String((children[`c${below(size)}`] as { id: string }).id)}` } : {}) };
        pasts.push({ target: `#${past}`, of: id });
      }
      if (chance(0.3)) {
        children['end'] = { id: `s${states}`, type: 'final' };
        targets.push(`#s${states++}`);
      }
    }
    state['states'] = children;
    return state;
  };

  const actions = (share: number): { actions?: string[] } => (chance(share) ? { actions: Array.from({ length: 1 + below(3) }, () => of(ACTIONS)) } : {});
  const transition = (guarded: number, above: readonly string[]): TransitionConfig => {
    // Where a history is taken from inside its own state, XState 5.33 may enter a state again that it has not left, and arm its timers twice.
    const outside = pasts.filter((past) => !above.includes(past.of)).map((past) => past.target);
    const target = chance(0.75) ? { target: of(outside.length > 0 && chance(0.2) ? outside : targets), ...(chance(0.2) ? { reenter: true } : {}) } : {};
    return { ...target, ...(chance(guarded) ? { guard: of(GUARDS) } : {}), ...actions('target' in target ? 0.4 : 1) };
  };
  const transitions = (guarded: number, above: readonly string[]): TransitionConfig[] =>
    (chance(0.35) ? [transition(1, above), transition(guarded, above)] : [transition(guarded, above)]);

  const fill = (state: Record<string, unknown>, around: readonly string[]): void => {
    const above = [...around, state['id'] as string];
    if (state['type'] === 'history') return;
    if (chance(0.25)) state['entry'] = [of(ACTIONS)];
    if (chance(0.2)) state['exit'] = [of(ACTIONS)];
    const children = state['states'] as Record<string, Record<string, unknown>> | undefined;
    for (const name of Object.keys(children ?? {})) fill(children![name]!, above);
    if (state['type'] === 'final') return;
    const on: Record<string, TransitionConfig[]> = {};
    for (const event of EVENTS) if (chance(0.4)) on[event] = transitions(0.35, above);
    if (chance(0.05)) on['*'] = transitions(0.5, above);
    if (Object.keys(on).length > 0) state['on'] = on;
    if (chance(0.3)) state['after'] = { [of(DELAYS)]: transitions(0.3, above) };
    if (chance(0.1)) state['always'] = [transition(1, above)];
    if (children !== undefined && chance(0.4)) state['onDone'] = transitions(0.3, above);
  };

  const config = shape(3, true);
  fill(config, []);
  const steps = Array.from({ length: 5 + below(30) }, (): Step => (chance(0.25) ? { wait: of([1, 2, 3, 5, 8, 20]) } : { type: of(EVENTS), k: below(12) }));
  return { config: config as StateConfig, steps };
}

/** A clock for createActor that fires in (due, order of arming), each timer at its due time. */
class FairClock {
  now = 0;
  private seq = 0;
  private readonly timers = new Map<number, { readonly at: number; readonly run: () => void }>();

  setTimeout(run: () => void, ms: number): number {
    this.timers.set(++this.seq, { at: this.now + ms, run });
    return this.seq;
  }

  clearTimeout(id: number): void {
    this.timers.delete(id);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let next: number | undefined;
      for (const [id, timer] of this.timers) if (timer.at <= end && (next === undefined || timer.at < this.timers.get(next)!.at)) next = id;
      if (next === undefined) break;
      const timer = this.timers.get(next)!;
      this.timers.delete(next);
      this.now = timer.at;
      timer.run();
    }
    this.now = end;
  }
}

interface Shown {
  readonly status: string;
  readonly value: unknown;
  readonly n: unknown;
  readonly acted: readonly string[];
}

/** XState's own actor. */
function ofXState({ config, steps }: MachineCase): Shown[] {
  const acted: string[] = [];
  const clock = new FairClock();
  const actor = createActor(define(config, acted), { clock: clock as never });
  actor.subscribe({ error: () => undefined });
  const show = (): Shown => {
    const { status, value, context } = actor.getSnapshot() as { readonly status: string; readonly value: unknown; readonly context?: Context };
    return ended(status, value, context?.n, acted);
  };
  actor.start();
  const shown = [show()];
  for (const step of steps) {
    if (shown.at(-1)!.status !== 'active') break;
    if ('wait' in step) clock.advance(step.wait);
    else actor.send(step);
    shown.push(show());
  }
  actor.stop();
  return shown;
}

/** The same under the runtime. */
function ofRuntime({ config, steps }: MachineCase, compiled: boolean): Shown[] {
  const acted: string[] = [];
  const behaviour = machine(define(config, []), { version: 1, compiled, effects: { act: ({ context }) => void acted.push(`act ${(context as Context).n}`) } });
  const runtime = createRuntime({ clock: new VirtualClock(0), traceEvents: 16, deadLetterRing: 1 });
  const begun = runtime.start(worker({ id: 'm', behaviour: behaviour as never, restart: 'transient', quarantine: { restarts: 0, withinMs: 1 } }));
  if (!begun.ok) return [ended('error', null, null, acted)];
  const show = (): Shown => {
    const node = runtime.tree()?.children[0];
    const view = runtime.inspect('/m')?.value as { status?: string; value?: unknown; context?: { n?: unknown } } | undefined;
    if (node?.state === 'running') return ended(view?.status ?? '?', view?.value, view?.context?.n, acted);
    return ended(node?.lastExit?.kind === 'normal' ? 'done' : 'error', null, null, acted);
  };
  runtime.drain();
  const shown = [show()];
  for (const step of steps) {
    if (shown.at(-1)!.status !== 'active') break;
    if ('wait' in step) runtime.advanceTo(runtime.nowUs() + step.wait * 1000);
    else runtime.send('/m', step);
    runtime.drain();
    shown.push(show());
  }
  return shown;
}

/** An actor that has ended shows only how; one that failed has done its effects up to there under XState, and none here. */
function ended(status: string, value: unknown, n: unknown, acted: readonly string[]): Shown {
  if (status === 'active') return { status, value, n, acted: [...acted] };
  return { status, value: null, n: null, acted: status === 'error' ? [] : [...acted] };
}

/** What the two say after the first step they do not agree on; null when they agree on all of them. */
export function disagreement(subject: MachineCase): string | null {
  const expected = ofXState(subject);
  for (const compiled of [false, true]) {
    const found = ofRuntime(subject, compiled);
    for (let at = 0; at < Math.max(expected.length, found.length); at++) {
      const a = JSON.stringify(expected[at]);
      const b = JSON.stringify(found[at]);
      if (a !== b) return `${compiled ? 'compiled' : 'stepped'}, after step ${at}: XState says ${(a ?? 'nothing').slice(0, 300)}, the runtime ${(b ?? 'nothing').slice(0, 300)}`;
    }
  }
  return null;
}

/** Fails with the first disagreement. */
export function agree(config: StateConfig, steps: readonly Step[]): void {
  assert.equal(disagreement({ config, steps }), null);
}

/** Takes steps and parts of the definition away as long as the two still disagree. */
export function shrinkMachine(subject: MachineCase): MachineCase {
  let best = subject;
  const better = (candidate: MachineCase): boolean => {
    try {
      if (disagreement(candidate) === null) return false;
    } catch {
      // A target without its state is no machine any more.
      return false;
    }
    best = candidate;
    return true;
  };
  for (let before = -1; before !== JSON.stringify(best).length;) {
    before = JSON.stringify(best).length;
    for (let at = best.steps.length - 1; at >= 0; at--) better({ ...best, steps: best.steps.toSpliced(at, 1) });
    for (let again = true; again;) again = lessOf(best.config).some((config) => better({ ...best, config: config as StateConfig }));
  }
  return best;
}

/** The same tree of objects and lists with one entry less, outermost first. */
function lessOf(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return [...list.map((_item, at) => list.toSpliced(at, 1)), ...list.flatMap((item, at) => lessOf(item).map((less) => list.with(at, less)))];
  }
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(fields);
  const without = keys.filter((key) => key !== 'id' && key !== 'initial').map((key) => Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key)));
  return [...without, ...keys.flatMap((key) => lessOf(fields[key]).map((less) => ({ ...fields, [key]: less })))];
}

/** The case as the source of a test beside `machines.ts`. */
export function printMachineTest({ config, steps }: MachineCase, message: string, options: { readonly machines?: string; readonly before?: readonly string[] } = {}): string {
  return [
    "import { test } from 'node:test';", `import { agree } from '${options.machines ?? './machines.js'}';`, ...(options.before ?? []), '',
    `// ${message.slice(0, 300).replaceAll('\n', ' ')}`, "test('the adapter agrees with createActor', () => {",
    `  agree(${JSON.stringify(config, null, 2).replaceAll('\n', '\n  ')}, ${JSON.stringify(steps)});`, '});', '',
  ].join('\n');
}
