import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { FlatState } from '../behaviour/flat.js';
import { FlatGuard, type MachineNode, type MachineTransition, matching } from '../behaviour/flat-rows.js';
import type { Deferral } from '../behaviour/xstate-defer.js';
import { type Chart, chartOfMachine } from './chart.js';
import { clip } from './labels.js';

/** One transition that an event could have taken, and what its guard said. */
export interface Candidate {
  /** Place in the model's transitions; -1 of one that the model's bounds left out. */
  readonly transition: number;
  readonly guard: string | null;
  /** 'passes' also where there is no guard. */
  readonly outcome: 'passes' | 'fails' | 'threw';
  readonly error?: string;
}

/** What an event did in a state, found by taking it again without effect. */
export interface Examination {
  readonly outcome: 'taken' | 'refused' | 'forbidden' | 'deferred' | 'threw';
  /** Places of the transitions taken, in order: the event's own, then eventless ones and those of events that the machine raised itself. */
  readonly taken: readonly number[];
  /** Every transition of an active state for this event, in the order of trying. */
  readonly candidates: readonly Candidate[];
  /** The eventless transitions of the state it ended in, none of which passes: what it waits for. */
  readonly waiting: readonly Candidate[];
  readonly error?: string;
}

/** A machine's state as the runtime keeps it. */
export interface MachineState {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
  readonly _nodes: readonly MachineNode[];
}

type Scope = Parameters<AnyStateMachine['transition']>[2];
const MOST_CANDIDATES = 32;
const MOST_TAKEN = 200;

/** The definition behind a behaviour, for charts and probes. Stateless, and shared by all actors of the behaviour. */
export class MachineFace {
  readonly #definition: AnyStateMachine;
  readonly #deferral: Deferral | null;
  readonly #scope: Scope;
  #chart: Chart | null = null;
  readonly #guards = new Map<MachineTransition, FlatGuard>();

  /** `scope`: what the machine is stepped with; its executor is not called. */
  constructor(definition: AnyStateMachine, deferral: Deferral | null, scope: Scope) {
    this.#definition = definition;
    this.#deferral = deferral;
    this.#scope = { ...scope, actionExecutor: () => undefined } as Scope;
  }

  /** Made when it is first wanted. */
  get chart(): Chart {
    this.#chart ??= chartOfMachine(this.#definition);
    return this.#chart;
  }

  /** Places of the active states, in document order. */
  activeStates(state: MachineState): number[] {
    return state._nodes.flatMap((node) => this.chart.stateOf.get(node) ?? []).sort((a, b) => a - b);
  }

  /**
   * Takes an event again on the state that it met. Guards and assignments are evaluated once more: they are pure, as XState demands and the
   * compiled machines rely on. Never throws.
   */
  examine(before: MachineState, event: { readonly type: string }): Examination {
    const snapshot = (before instanceof FlatState ? before.whole() : before) as unknown as AnyMachineSnapshot;
    const candidates = this.#judge(this.#named(before, event.type), before, event);
    try {
      if (this.#deferral?.holds(snapshot, event) === true) return { outcome: 'deferred', taken: [], candidates, waiting: [] };
      const { steps, after } = this.#retrace(snapshot, event);
      const own = steps[0] ?? [];
      const outcome = own.length === 0 ? 'refused' : own.every(isForbidden) ? 'forbidden' : 'taken';
      const waiting = after.status === 'active' ? this.#judge(eventless(after), after, event) : [];
      return { outcome, taken: steps.flat().slice(0, MOST_TAKEN).map((transition) => this.#placeOf(transition)), candidates, waiting };
    } catch (thrown) {
      return { outcome: 'threw', taken: [], candidates, waiting: [], error: messageOf(thrown) };
    }
  }

  /** The transitions of each step of the event, the event's own first. */
  #retrace(snapshot: AnyMachineSnapshot, event: { readonly type: string }): { readonly steps: readonly (readonly MachineTransition[])[]; readonly after: MachineState } {
    const steps: (readonly MachineTransition[])[] = [];
    const system = Object.create(this.#scope.system as object) as object;
    Object.defineProperty(system, '_sendInspectionEvent', {
      value: ({ type, _transitions }: { readonly type: string; readonly _transitions?: readonly MachineTransition[] }) => {
        if (type === '@xstate.microstep') steps.push(_transitions ?? []);
      },
    });
    const after = this.#definition.transition(snapshot, event as never, { ...this.#scope, system } as Scope) as unknown as MachineState;
    return { steps, after };
  }

  #named({ _nodes: nodes }: MachineState, type: string): MachineTransition[] {
    const found = new Set<MachineTransition>();
    for (const node of leaves(nodes)) for (const state of upwards(node)) for (const transition of matching(state, type)) found.add(transition);
    return [...found];
  }

  #judge(transitions: readonly MachineTransition[], state: { readonly context: unknown }, event: { readonly type: string }): Candidate[] {
    return transitions.slice(0, MOST_CANDIDATES).map((transition) => {
      const place = this.#placeOf(transition);
      const guard = this.chart.model.transitions[place]?.guard ?? null;
      if (!transition.guard) return { transition: place, guard: null, outcome: 'passes' };
      try {
        return { transition: place, guard, outcome: this.#guardOf(transition).passes(state, event) ? 'passes' : 'fails' };
      } catch (thrown) {
        return { transition: place, guard, outcome: 'threw', error: messageOf(thrown) };
      }
    });
  }

  #guardOf(transition: MachineTransition): FlatGuard {
    let guard = this.#guards.get(transition);
    if (guard === undefined) {
      guard = new FlatGuard(transition.guard, this.#definition, transition.source.id);
      this.#guards.set(transition, guard);
    }
    return guard;
  }

  #placeOf(transition: MachineTransition): number {
    return this.chart.transitionOf.get(transition) ?? -1;
  }
}

/** Whether an actor's state is one of a machine. */
export function isMachineState(value: unknown): value is MachineState {
  return typeof value === 'object' && value !== null && '_nodes' in value && Array.isArray(value._nodes) && 'context' in value && 'value' in value;
}

function isForbidden({ target, actions }: MachineTransition): boolean {
  return target === undefined && actions.length === 0;
}

function eventless({ _nodes: nodes }: MachineState): MachineTransition[] {
  const found = new Set<MachineTransition>();
  for (const node of leaves(nodes)) for (const state of upwards(node)) for (const transition of state.always ?? []) found.add(transition);
  return [...found];
}

function leaves(nodes: readonly MachineNode[]): readonly MachineNode[] {
  return nodes.filter(({ type }) => type === 'atomic' || type === 'final');
}

function* upwards(node: MachineNode): Generator<MachineNode> {
  for (let at: MachineNode | undefined = node; at !== undefined; at = at.parent) yield at;
}

export function messageOf(thrown: unknown): string {
  try {
    return clip(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown), 500);
  } catch {
    return 'a value that cannot be described';
  }
}
