import type { AnyStateMachine } from 'xstate';
import { deferProblem } from './xstate-defer.js';

interface Node {
  readonly id: string;
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly invoke: readonly { readonly id: string; readonly src: unknown; readonly systemId?: string; readonly onSnapshot?: unknown }[];
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly Transition[];
  readonly initial?: { readonly actions: readonly unknown[] };
  readonly states: Readonly<Record<string, Node>>;
  readonly config: { readonly invoke?: unknown };
  readonly meta?: unknown;
}

interface Transition {
  readonly actions: readonly unknown[];
  readonly guard?: unknown;
}

/**
 * What in a machine could not be carried out by pure steps: everything at once, each with its place.
 *
 * @param effects names of the effects that are provided
 * @param actors names of the children that are provided
 */
export function machineProblems(machine: AnyStateMachine, effects: readonly string[], actors: readonly string[]): string[] {
  const problems: string[] = [];
  const wildcards: string[] = [];
  let hasChildren = false;

  const checkAction = (action: unknown, place: string): void => {
    if (typeof action === 'function') {
      if (!('resolve' in action)) problems.push(`${place}: the inline action ${nameOfFunction(action)} would run inside the step; name it and put it into effects`);
      else if (isBuiltin(action, 'xstate.spawnChild')) {
        hasChildren = true;
        checkSpawn(action as unknown as { src?: unknown; id?: unknown; systemId?: unknown }, place);
      }
      return;
    }
    const name = typeof action === 'string' ? action : (action as { readonly type: string }).type;
    const provided: unknown = (machine.implementations.actions as Readonly<Record<string, unknown>>)[name];
    if (typeof provided === 'function' && 'resolve' in provided) {
      if (isBuiltin(provided, 'xstate.spawnChild')) hasChildren = true;
      return;
    }
    if (!effects.includes(name)) problems.push(`${place}: the action "${name}" is not in effects`);
  };

  const checkSpawn = (spawn: { src?: unknown; id?: unknown; systemId?: unknown }, place: string): void => {
    if (typeof spawn.src !== 'string') problems.push(`${place}: spawnChild with inline logic; name it and put it into actors`);
    else if (!actors.includes(spawn.src)) problems.push(`${place}: the child "${spawn.src}" is not in actors`);
    if (spawn.id === undefined) problems.push(`${place}: spawnChild needs an id`);
    if (spawn.systemId !== undefined) problems.push(`${place}: systemId is not supported; let the child call ctx.register`);
  };

  const checkGuard = (guard: unknown, place: string): void => {
    const name = typeof guard === 'string' ? guard : typeof guard === 'object' && guard !== null && 'type' in guard ? guard.type : undefined;
    if (typeof name !== 'string') return;
    const provided: unknown = (machine.implementations.guards as Readonly<Record<string, unknown>>)[name];
    if (provided === undefined) problems.push(`${place}: the guard "${name}" is not implemented`);
  };

  const visit = (node: Node): void => {
    for (const action of node.entry) checkAction(action, `${node.id} entry`);
    for (const action of node.exit) checkAction(action, `${node.id} exit`);
    for (const action of node.initial?.actions ?? []) checkAction(action, `${node.id} initial`);
    for (const [event, transitions] of node.transitions) {
      if (/^(xstate\.(error\.(actor\.)?)?)?\*$/.test(event)) wildcards.push(`${node.id} on "${event}"`);
      for (const transition of transitions) checkTransition(transition, `${node.id} on "${event}"`);
    }
    for (const transition of node.always ?? []) checkTransition(transition, `${node.id} always`);
    const inline = [node.config.invoke].flat().some((invoke) => typeof invoke === 'object' && invoke !== null && 'src' in invoke && typeof invoke.src !== 'string');
    for (const invoke of node.invoke) {
      hasChildren = true;
      if (inline) problems.push(`${node.id} invoke: inline logic; name it and put it into actors`);
      else if (typeof invoke.src !== 'string' || !actors.includes(invoke.src)) problems.push(`${node.id} invoke: the child "${String(invoke.src)}" is not in actors`);
      if (invoke.systemId !== undefined) problems.push(`${node.id} invoke: systemId is not supported; let the child call ctx.register`);
      if (invoke.onSnapshot !== undefined) problems.push(`${node.id} invoke: onSnapshot is not supported; let the child send to its parent`);
    }
    const defer = deferProblem(node.meta);
    if (defer !== null) problems.push(`${node.id}: ${defer}`);
    for (const name of Object.keys(node.states)) visit(node.states[name]!);
  };

  const checkTransition = (transition: Transition, place: string): void => {
    for (const action of transition.actions) checkAction(action, place);
    checkGuard(transition.guard, place);
  };

  visit(machine.root as unknown as Node);
  if (hasChildren) for (const place of wildcards) problems.push(`${place}: a wildcard would swallow a child's error; name the events`);
  return problems;
}

/** True when the machine has neither eventless transitions nor wildcard descriptors. */
export function isPlain(machine: AnyStateMachine): boolean {
  const plain = (node: Node): boolean => {
    if (node.always !== undefined && node.always.length > 0) return false;
    for (const event of node.transitions.keys()) if (event.includes('*')) return false;
    return Object.keys(node.states).every((name) => plain(node.states[name]!));
  };
  return plain(machine.root as unknown as Node);
}

function isBuiltin(action: object, type: string): boolean {
  return 'type' in action && action.type === type;
}

function nameOfFunction(action: { readonly name: string }): string {
  return action.name === '' ? 'function' : `"${action.name}"`;
}
