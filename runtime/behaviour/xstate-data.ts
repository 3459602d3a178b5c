import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine } from 'xstate';

/** A machine's state as data: what a migration gets and gives. Timers and deferred events are the envelope's. */
export interface MachineData {
  readonly value: unknown;
  /** As the machine has it: BigInt, Map, Set and Date included. */
  readonly context: unknown;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output?: unknown;
  /** Ids of the state nodes each history node goes back to. */
  readonly history: Readonly<Record<string, readonly string[]>>;
  /** Children it has invoked or spawned; they are the runtime's own, below the machine's path. */
  readonly children: readonly { readonly id: string; readonly src: string; readonly input: unknown }[];
}

interface Inside {
  readonly historyValue?: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly children: Readonly<Record<string, AnyActorRef & { readonly src: string }>>;
}

/** Reads a snapshot without changing it. */
export function machineData(snapshot: AnyMachineSnapshot): MachineData {
  const { historyValue, children } = snapshot as unknown as Inside;
  const history: Record<string, readonly string[]> = {};
  for (const [id, nodes] of Object.entries(historyValue ?? {})) history[id] = nodes.map((node) => node.id);
  const { value, context, status, output } = snapshot as { value: unknown; context: unknown; status: MachineData['status']; output: unknown };
  return {
    value,
    context,
    status,
    ...(output === undefined ? {} : { output }),
    history,
    children: Object.entries(children).map(([id, child]) => ({
      id, src: child.src, input: (child.getSnapshot() as { readonly input?: unknown } | undefined)?.input,
    })),
  };
}

/**
 * The data in the form `restoreSnapshot` takes. A value that stops short of a leaf goes on to the initial states below it.
 *
 * @throws Error when the value names a state the definition does not have
 */
export function persistedOf(definition: AnyStateMachine, data: MachineData): object {
  const { value } = definition.resolveState({ value: data.value as never, context: data.context as never }) as { readonly value: unknown };
  const historyValue: Record<string, readonly { readonly id: string }[]> = {};
  for (const [id, nodes] of Object.entries(data.history)) historyValue[id] = nodes.map((node) => ({ id: node }));
  const children: Record<string, object> = {};
  for (const { id, src, input } of data.children) children[id] = { snapshot: { status: 'active', output: undefined, error: undefined, input }, src };
  return { value, context: data.context, status: data.status, output: data.output, error: undefined, historyValue, children };
}
