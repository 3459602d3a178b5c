import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { candidatesOf, type Event, type FlatNode, FlatRow, type MachineNode, makeNode, namedEvents, type Row } from './flat-rows.js';

/** An action a step asked for, as XState's executor hands it over. */
export interface StepAction {
  readonly type: string;
  readonly info: { readonly context: unknown; readonly event: unknown };
  readonly params: unknown;
}

/**
 * Snapshot of a compiled machine: the state and the context. Everything else of XState's snapshot is the same for all actors in
 * that state and is read off the state; a whole one is made when somebody wants it.
 */
export class FlatState {
  readonly node: FlatNode;
  readonly context: unknown;
  private made: AnyMachineSnapshot | null = null;

  constructor(node: FlatNode, context: unknown) {
    this.node = node;
    this.context = context;
  }

  /** XState's own snapshot of this state and context. */
  whole(): AnyMachineSnapshot {
    this.made ??= { ...this.node.template, context: this.context } as AnyMachineSnapshot;
    return this.made;
  }

  get status(): 'active' { return 'active'; }
  get output(): undefined { return undefined; }
  get error(): undefined { return undefined; }
  get value(): unknown { return this.node.template.value as unknown; }
  get machine(): AnyStateMachine { return this.node.template.machine as AnyStateMachine; }
  get tags(): ReadonlySet<string> { return this.node.template.tags; }
  get children(): object { return this.node.template.children as object; }
  get historyValue(): unknown { return (this.node.template as { readonly historyValue?: unknown }).historyValue; }
  get _nodes(): unknown { return (this.node.template as { readonly _nodes?: unknown })._nodes; }

  matches(value: never): boolean { return this.node.template.matches.call(this, value); }
  hasTag(tag: string): boolean { return this.tags.has(tag); }
  can(event: never): boolean { return this.whole().can(event); }
  getMeta(): unknown { return this.node.template.getMeta(); }
  toJSON(): unknown { return this.whole().toJSON(); }
}

/**
 * A flat machine (atomic states under one root) as tables: per state and event the transitions in XState's order, with guards and
 * assignments ready to call. Rows that would enter or leave a state with entry, exit, invoke, after or always, or that
 * do anything but assign and name effects, go through `machine.transition`; so do XState's own events.
 *
 * The guards of a row whose taken transition is of that kind are evaluated twice: they are pure, as XState demands.
 */
export class FlatMachine {
  /** Of all rows, those that need no `machine.transition`. */
  readonly fastRows: number;
  readonly rows: number;
  private readonly nodes = new Map<string, FlatNode>();
  private readonly actions: StepAction[];
  private readonly slowly: (snapshot: AnyMachineSnapshot, event: Event) => AnyMachineSnapshot;

  private constructor(
    machine: AnyStateMachine, states: readonly MachineNode[], actions: StepAction[],
    slowly: (snapshot: AnyMachineSnapshot, event: Event) => AnyMachineSnapshot, extras: AssignExtras,
  ) {
    this.actions = actions;
    this.slowly = slowly;
    const root = machine.root as unknown as MachineNode;
    const names = namedEvents(root);
    for (const state of states) this.nodes.set(state === root ? '' : state.key, makeNode(machine, root, state));
    let fast = 0;
    let rows = 0;
    for (const node of this.nodes.values()) {
      const fill = (type: string | null): Row => {
        const row = candidatesOf(root, node, type, this.nodes, machine, extras);
        rows++;
        if (row instanceof FlatRow) fast++;
        return row;
      };
      for (const name of names) node.rows.set(name, fill(name));
      node.other = fill(null);
    }
    this.fastRows = fast;
    this.rows = rows;
  }

  /** Null when the machine is not flat, or nothing in it would be faster. */
  static compile(
    machine: AnyStateMachine, actions: StepAction[], slowly: (snapshot: AnyMachineSnapshot, event: Event) => AnyMachineSnapshot, extras: AssignExtras,
  ): FlatMachine | null {
    const root = machine.root as unknown as MachineNode;
    const states = root.type === 'atomic' ? [root] : Object.values(root.states);
    if (root.type !== 'atomic' && root.type !== 'compound') return null;
    if (root.invoke.length > 0 || (root.always?.length ?? 0) > 0) return null;
    if (states.some((state) => state.type !== 'atomic' && state.type !== 'final')) return null;
    const flat = new FlatMachine(machine, states.filter((state) => state.type === 'atomic'), actions, slowly, extras);
    return flat.fastRows === 0 ? null : flat;
  }

  /** The compiled form of a snapshot; the snapshot itself where it holds more than a state and a context. */
  compact(snapshot: AnyMachineSnapshot): FlatState | AnyMachineSnapshot {
    if (snapshot.status !== 'active' || !isEmpty(snapshot.children as object) || !isEmpty((snapshot as { readonly historyValue?: object }).historyValue ?? {})) return snapshot;
    const value: unknown = snapshot.value;
    const node = this.nodes.get(typeof value === 'string' ? value : '');
    return node === undefined ? snapshot : new FlatState(node, snapshot.context);
  }

  /** One event. The actions it asks for are appended to the list given to `compile`. */
  step(state: FlatState, event: Event): FlatState | AnyMachineSnapshot {
    const node = state.node;
    let row = node.rows.get(event.type);
    if (row === undefined) row = this.unnamed(node, event.type);
    if (row === null) return this.fallBack(state, event);
    const { transitions } = row;
    for (let at = 0; at < transitions.length; at++) {
      const transition = transitions[at]!;
      if (transition.guard !== null && !transition.guard.passes(state, event)) continue;
      const { steps } = transition;
      if (steps === null) return this.fallBack(state, event);
      let context = state.context;
      for (let k = 0; k < steps.length; k++) {
        const step = steps[k]!;
        if (step.merge === null) this.actions.push({ type: step.type, info: { context, event }, params: step.paramsOf(context, event) });
        else context = step.merge(context, event, step.paramsOf(context, event));
      }
      const target = transition.target ?? node;
      return target === node && context === state.context ? state : new FlatState(target, context);
    }
    return state;
  }

  private unnamed(node: FlatNode, type: string): Row {
    return type.startsWith('xstate.') ? null : node.other;
  }

  private fallBack(state: FlatState, event: Event): FlatState | AnyMachineSnapshot {
    const before = state.whole();
    const after = this.slowly(before, event);
    return after === before ? state : this.compact(after);
  }
}

/** What an assigner gets besides context and event; the same for every call. */
export interface AssignExtras {
  readonly self: unknown;
  readonly system: unknown;
  readonly spawn: () => never;
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
