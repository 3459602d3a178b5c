import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { AssignExtras } from './flat.js';

export interface Event { readonly type: string }

/** The part of XState's state node that is compiled. */
export interface MachineNode {
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly invoke: readonly unknown[];
  readonly always?: readonly MachineTransition[];
  readonly parent?: MachineNode;
  readonly states: Readonly<Record<string, MachineNode>>;
  readonly transitions: ReadonlyMap<string, readonly MachineTransition[]>;
}

export interface MachineTransition {
  readonly actions: readonly unknown[];
  readonly guard?: unknown;
  readonly target?: readonly MachineNode[];
  readonly source: MachineNode;
  readonly reenter: boolean;
}

/** One state of a compiled machine. */
export interface FlatNode {
  readonly state: MachineNode;
  /** XState's snapshot of this state, without a context of its own. */
  readonly template: AnyMachineSnapshot;
  readonly rows: Map<string, Row>;
  /** For event types the machine does not name; XState's own are never looked up here. */
  other: Row;
}

/** What an event does in a state; null: ask `machine.transition`. */
export type Row = FlatRow | null;

export class FlatRow {
  readonly transitions: readonly FlatTransition[];

  constructor(transitions: readonly FlatTransition[]) {
    this.transitions = transitions;
  }
}

/** No transition at all: the snapshot stays the same object. */
const UNHANDLED = new FlatRow([]);

/** One candidate of a row, in XState's order. */
interface FlatTransition {
  readonly guard: FlatGuard | null;
  /** Null: this transition is XState's to take. */
  readonly steps: readonly FlatStep[] | null;
  /** Null: the state stays. */
  readonly target: FlatNode | null;
}

type GuardFunction = (args: { readonly context: unknown; readonly event: Event }, params: unknown) => boolean;
type ParamsFunction = (args: { readonly context: unknown; readonly event: Event }) => unknown;
type Check = (snapshot: unknown, args: { readonly context: unknown; readonly event: Event }, guard: unknown) => boolean;
type Assigner = (args: object, params: unknown) => object;

/** A guard with its implementation looked up; what it throws is told in XState's words. */
export class FlatGuard {
  private readonly test: GuardFunction | null;
  private readonly combined: { readonly check: Check } | null;
  private readonly params: unknown;
  private readonly type: string | undefined;
  private readonly stateId: string;

  constructor(guard: unknown, machine: AnyStateMachine, stateId: string) {
    const { found, params } = implementationOf(guard, machine);
    const isBuiltin = 'check' in found;
    this.test = isBuiltin ? null : (found as unknown as GuardFunction);
    this.combined = isBuiltin ? (found as { readonly check: Check }) : null;
    this.params = params;
    this.type = typeof guard === 'string' ? guard : typeof guard === 'object' ? (guard as Event).type : undefined;
    this.stateId = stateId;
  }

  passes(state: { readonly context: unknown }, event: Event): boolean {
    try {
      const args = { context: state.context, event };
      const { params } = this;
      const value = typeof params === 'function' ? (params as ParamsFunction)(args) : params;
      if (this.test !== null) return this.test(args, value);
      return this.combined!.check(state, args, this.combined);
    } catch (thrown) {
      const name = this.type === undefined ? '' : `'${this.type}' `;
      throw new Error(`Unable to evaluate guard ${name}in transition for event '${event.type}' in state node '${this.stateId}':\n${(thrown as Error).message}`);
    }
  }
}

/** One action: an assignment, or the name of an effect. */
export interface FlatStep {
  readonly type: string;
  readonly merge: ((context: unknown, event: Event, params: unknown) => unknown) | null;
  paramsOf(context: unknown, event: Event): unknown;
}

/** @throws nothing: a state whose snapshot XState cannot make is no state */
export function makeNode(machine: AnyStateMachine, root: MachineNode, state: MachineNode): FlatNode {
  const template = machine.resolveState({ value: state === root ? {} : state.key, context: {} } as never) as unknown as AnyMachineSnapshot;
  return { state, template, rows: new Map(), other: UNHANDLED };
}

/** Event types the machine names in full, XState's own aside. */
export function namedEvents(root: MachineNode): string[] {
  const names = new Set<string>();
  for (const node of [root, ...Object.values(root.states)]) {
    for (const descriptor of node.transitions.keys()) if (!descriptor.includes('*') && !descriptor.startsWith('xstate.')) names.add(descriptor);
  }
  return [...names];
}

/**
 * The row of a state for an event type, or for all types the machine does not name (`type` null).
 */
export function candidatesOf(
  root: MachineNode, node: FlatNode, type: string | null, nodes: ReadonlyMap<string, FlatNode>, machine: AnyStateMachine, extras: AssignExtras,
): Row {
  const { state } = node;
  // Eventless transitions are looked at after every event, taken or not.
  if ((state.always?.length ?? 0) > 0) return null;
  const sources = state === root ? [root] : [state, root];
  if (type === null && sources.some((source) => [...source.transitions.keys()].some((descriptor) => descriptor !== '*' && descriptor.includes('*')))) return null;
  const found = sources.flatMap((source) => (type === null ? (source.transitions.get('*') ?? []) : matching(source, type)));
  if (found.length === 0) return UNHANDLED;
  const row: FlatTransition[] = [];
  for (const transition of found) {
    row.push({
      guard: transition.guard ? new FlatGuard(transition.guard, machine, transition.source.id) : null,
      ...compileTransition(root, node, transition, nodes, machine, extras),
    });
    // Nothing after a transition without a guard is ever taken.
    if (!transition.guard) break;
  }
  return row.every(({ steps }) => steps === null) ? null : new FlatRow(row);
}

function compileTransition(
  root: MachineNode, from: FlatNode, transition: MachineTransition, nodes: ReadonlyMap<string, FlatNode>, machine: AnyStateMachine, extras: AssignExtras,
): { readonly steps: readonly FlatStep[] | null; readonly target: FlatNode | null } {
  const slow = { steps: null, target: null };
  const { target } = transition;
  let to: FlatNode | null = null;
  if (target !== undefined) {
    if (target.length !== 1 || (transition.reenter && transition.source === root)) return slow;
    to = [...nodes.values()].find(({ state }) => state === target[0]) ?? null;
    if (to === null || to.state === root || (to.state.always?.length ?? 0) > 0) return slow;
    if (to.state.entry.length > 0 || to.state.invoke.length > 0 || from.state.exit.length > 0 || from.state.invoke.length > 0) return slow;
  }
  const steps = stepsOf(transition.actions, machine, extras);
  if (steps === null) return slow;
  return { steps, target: to };
}

/** The actions of a transition; null when one of them is XState's to carry out. */
export function stepsOf(actions: readonly unknown[], machine: AnyStateMachine, extras: AssignExtras): readonly FlatStep[] | null {
  const steps: FlatStep[] = [];
  for (const action of actions) {
    const step = compileAction(action, machine, extras);
    if (step === null) return null;
    steps.push(step);
  }
  return steps;
}

function compileAction(action: unknown, machine: AnyStateMachine, extras: AssignExtras): FlatStep | null {
  const type = typeof action === 'string' ? action : typeof action === 'function' ? action.name : (action as Event).type;
  const found: unknown = typeof action === 'function' ? action : (machine.implementations.actions as Readonly<Record<string, unknown>>)[type];
  const params: unknown = typeof action === 'object' && action !== null && 'params' in action ? action.params : undefined;
  const paramsOf = typeof params === 'function'
    ? (context: unknown, event: Event): unknown => (params as ParamsFunction)({ context, event })
    : (): unknown => params;
  if (typeof found !== 'function' || !('resolve' in found)) return { type, merge: null, paramsOf };
  if ((found as unknown as Event).type !== 'xstate.assign') return null;
  return { type: 'xstate.assign', merge: mergeOf((found as unknown as { readonly assignment: unknown }).assignment, extras), paramsOf };
}

/** `assign` as a function from context to context. */
function mergeOf(assignment: unknown, { self, system, spawn }: AssignExtras): NonNullable<FlatStep['merge']> {
  if (typeof assignment === 'function') {
    const assigner = assignment as Assigner;
    return (context, event, params) => ({ ...(context as object), ...assigner({ context, event, spawn, self, system }, params) });
  }
  const parts = Object.entries(assignment as Readonly<Record<string, unknown>>);
  return (context, event, params) => {
    const args = { context, event, spawn, self, system };
    const next: Record<string, unknown> = { ...(context as object) };
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at]!;
      next[part[0]] = typeof part[1] === 'function' ? (part[1] as (args: object, params: unknown) => unknown)(args, params) : part[1];
    }
    return next;
  };
}

/** XState's order: the exact descriptor, then the wildcards, the longer ones first. */
export function matching(node: MachineNode, type: string): readonly MachineTransition[] {
  const exact = node.transitions.get(type) ?? [];
  const wild = [...node.transitions.keys()].filter((descriptor) => descriptor !== type && matchesDescriptor(type, descriptor)).sort((a, b) => b.length - a.length);
  return [...exact, ...wild.flatMap((descriptor) => node.transitions.get(descriptor) ?? [])];
}

/** As XState: `*` alone, or `a.b.*` for `a.b` and everything under it. */
function matchesDescriptor(type: string, descriptor: string): boolean {
  if (descriptor === '*') return true;
  if (!descriptor.endsWith('.*')) return false;
  const wanted = descriptor.split('.');
  const given = type.split('.');
  for (let at = 0; at < wanted.length; at++) {
    if (wanted[at] === '*') return at === wanted.length - 1;
    if (wanted[at] !== given[at]) return false;
  }
  return true;
}

/** Follows a named guard to the function behind it, with the parameters of the last name on the way, as XState does. */
function implementationOf(guard: unknown, machine: AnyStateMachine): { readonly found: object; readonly params: unknown } {
  let current = guard;
  for (;;) {
    if (typeof current === 'function') return { found: current, params: undefined };
    const name = typeof current === 'string' ? current : (current as Event).type;
    const found = (machine.implementations.guards as Readonly<Record<string, unknown>>)[name];
    if (found === undefined) return { found: missing(name), params: undefined };
    if (typeof found === 'function') {
      const params = typeof current === 'object' && current !== null && 'params' in current ? current.params : undefined;
      return { found, params };
    }
    current = found;
  }
}

function missing(name: string): GuardFunction {
  return () => {
    throw new Error(`Guard '${name}' is not implemented.'.`);
  };
}
