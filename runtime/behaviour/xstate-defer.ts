import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';

interface Node {
  readonly id: string;
  readonly meta?: unknown;
  readonly states: Readonly<Record<string, Node>>;
}

/**
 * Which events a machine's states put off: `meta: { defer: ['EVENT'] }` on a state. An event is put off when an active state lists it
 * and no transition takes it (UML 2.5, 14.2.3.4.4); it is tried again when the state value has changed, as gen_statem's postponed ones.
 */
export class Deferral {
  private readonly definition: AnyStateMachine;
  private readonly lists: ReadonlyMap<string, readonly string[]>;

  private constructor(definition: AnyStateMachine, lists: ReadonlyMap<string, readonly string[]>) {
    this.definition = definition;
    this.lists = lists;
  }

  /** Null when no state of the machine defers anything. */
  static of(definition: AnyStateMachine): Deferral | null {
    const lists = new Map<string, readonly string[]>();
    const visit = (node: Node): void => {
      const list = deferOf(node.meta);
      if (Array.isArray(list) && list.length > 0) lists.set(node.id, list as readonly string[]);
      for (const child of Object.values(node.states)) visit(child);
    };
    visit(definition.root as unknown as Node);
    return lists.size === 0 ? null : new Deferral(definition, lists);
  }

  /** Whether the event is to be put off in this state. */
  holds(snapshot: AnyMachineSnapshot, event: { readonly type: string }): boolean {
    if (snapshot.status !== 'active') return false;
    const { _nodes: nodes } = snapshot as unknown as { readonly _nodes: readonly Node[] };
    if (!nodes.some((node) => this.lists.get(node.id)?.includes(event.type) === true)) return false;
    return this.definition.getTransitionData(snapshot, event as never).length === 0;
  }
}

/** What is wrong with a node's `meta.defer`; null when nothing is. */
export function deferProblem(meta: unknown): string | null {
  const list = deferOf(meta);
  if (list === undefined || (Array.isArray(list) && list.every((type) => typeof type === 'string' && type !== '' && !type.includes('*')))) return null;
  return 'meta.defer must be a list of event types, each written out';
}

/** Whether two state values are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  const other = b as Readonly<Record<string, unknown>>;
  return keys.length === Object.keys(b).length && keys.every((key) => sameValue((a as Readonly<Record<string, unknown>>)[key], other[key]));
}

function deferOf(meta: unknown): unknown {
  return typeof meta === 'object' && meta !== null && 'defer' in meta ? meta.defer : undefined;
}
