import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { AssignExtras, StepAction } from './flat.js';
import { type Event, FlatGuard, type FlatStep, type MachineNode, matching, stepsOf } from './flat-rows.js';

/** What `stay` answers when the event is `machine.transition`'s to take. */
export const MOVES: unique symbol = Symbol('moves');

interface Candidate {
  readonly guard: FlatGuard | null;
  /** Null: this transition is XState's to take. */
  readonly steps: readonly FlatStep[] | null;
}

/** One atomic state of a nested machine, with its ancestors. */
interface Leaf {
  /** The state and its ancestors, innermost first. */
  readonly path: readonly MachineNode[];
  /** Guards of the eventless transitions on that path; null where one has none: it is always taken. */
  readonly always: readonly FlatGuard[] | null;
  readonly rows: Map<string, readonly Candidate[]>;
}

/**
 * Events that leave a nested machine where it is: the first transition whose guard holds has no target, does nothing but assign and name
 * effects, and no eventless transition is enabled afterwards. Those are found and taken here; everything else, errors included, is
 * `machine.transition`'s, which evaluates the same guards and assignments again: they are pure, as XState demands.
 */
export class StayingSteps {
  readonly #machine: AnyStateMachine;
  readonly #actions: StepAction[];
  readonly #extras: AssignExtras;
  /** Null: a state with parallel regions above it. */
  readonly #leaves = new Map<MachineNode, Leaf | null>();

  /** Actions are appended to `actions`. */
  constructor(machine: AnyStateMachine, actions: StepAction[], extras: AssignExtras) {
    this.#machine = machine;
    this.#actions = actions;
    this.#extras = extras;
  }

  /** The snapshot after the event, or {@link MOVES}, and then nothing was asked for. */
  stay(snapshot: AnyMachineSnapshot, event: Event): AnyMachineSnapshot | typeof MOVES {
    if (snapshot.status !== 'active') return MOVES;
    const leaf = this.#leafOf(snapshot);
    if (leaf === null || leaf.always === null) return MOVES;
    const row = leaf.rows.get(event.type) ?? this.#rowOf(leaf, event.type);
    if (row.length === 0) return MOVES;
    try {
      const steps = taken(row, snapshot, event);
      const after = steps === null ? MOVES : this.#apply(steps, snapshot, event, leaf.always);
      if (after === MOVES) this.#actions.length = 0;
      return after;
    } catch {
      this.#actions.length = 0;
      return MOVES;
    }
  }

  #apply(steps: readonly FlatStep[], snapshot: AnyMachineSnapshot, event: Event, always: readonly FlatGuard[]): AnyMachineSnapshot | typeof MOVES {
    let context: unknown = snapshot.context;
    for (let k = 0; k < steps.length; k++) {
      const step = steps[k]!;
      if (step.merge === null) this.#actions.push({ type: step.type, info: { context, event }, params: step.paramsOf(context, event) });
      else context = step.merge(context, event, step.paramsOf(context, event));
    }
    const after = context === snapshot.context ? snapshot : ({ ...snapshot, context } as AnyMachineSnapshot);
    for (let k = 0; k < always.length; k++) if (always[k]!.passes(after, event)) return MOVES;
    return after;
  }

  #leafOf(snapshot: AnyMachineSnapshot): Leaf | null {
    const { _nodes: nodes } = snapshot as unknown as { readonly _nodes: readonly MachineNode[] };
    for (let k = 0; k < nodes.length; k++) {
      const node = nodes[k]!;
      if (node.type !== 'atomic') continue;
      const known = this.#leaves.get(node);
      return known === undefined ? this.#addLeaf(node) : known;
    }
    return null;
  }

  #addLeaf(node: MachineNode): Leaf | null {
    const path: MachineNode[] = [];
    for (let at: MachineNode | undefined = node; at !== undefined; at = at.parent) path.push(at);
    const eventless = path.flatMap((state) => (state.always ?? []).map(({ guard }) => (guard === undefined ? null : new FlatGuard(guard, this.#machine, state.id))));
    const leaf = path.some(({ type }) => type === 'parallel') ? null : {
      path, always: eventless.includes(null) ? null : (eventless as FlatGuard[]), rows: new Map<string, readonly Candidate[]>(),
    };
    this.#leaves.set(node, leaf);
    return leaf;
  }

  #rowOf(leaf: Leaf, type: string): readonly Candidate[] {
    // XState's own events, and those that no state names, are not worth a row: there is no end to them.
    if (type.startsWith('xstate.') || !leaf.path.some(({ transitions }) => transitions.has(type))) return [];
    const row: Candidate[] = [];
    for (const transition of leaf.path.flatMap((state) => matching(state, type))) {
      row.push({
        guard: transition.guard ? new FlatGuard(transition.guard, this.#machine, transition.source.id) : null,
        steps: transition.target === undefined ? stepsOf(transition.actions, this.#machine, this.#extras) : null,
      });
      if (!transition.guard) break;
    }
    const useful = row.some(({ steps }) => steps !== null) ? row : [];
    leaf.rows.set(type, useful);
    return useful;
  }
}

/** The steps of the first candidate whose guard holds; null when XState is to take it, or there is none. */
function taken(row: readonly Candidate[], snapshot: AnyMachineSnapshot, event: Event): readonly FlatStep[] | null {
  for (let k = 0; k < row.length; k++) {
    const { guard, steps } = row[k]!;
    if (guard === null || guard.passes(snapshot, event)) return steps;
  }
  return null;
}
