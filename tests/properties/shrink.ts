import { type Failure, play } from './play.js';
import type { Action, Plan, Script } from './script.js';

const MOST_PLAYS = 1_500;
/** What a script of a broken runtime may cost; the reproduction may then be longer than it could be. */
const MOST_MS = 15_000;

export interface Shrunk {
  readonly script: Script;
  readonly failure: Failure;
  readonly plays: number;
}

/**
 * Makes a failing script short: takes out actions, children and fields, and makes numbers small, as long as it still fails by
 * the same rule. The order of what is left stays.
 */
export function shrink(script: Script, failure: Failure, playIt: (script: Script) => Failure | null = play): Shrunk {
  let best = script;
  let why = failure;
  let plays = 0;
  const began = performance.now();
  const better = (candidate: Script): boolean => {
    if (plays >= MOST_PLAYS || performance.now() - began > MOST_MS) return false;
    plays++;
    const found = playIt(candidate);
    if (found?.rule !== failure.rule) return false;
    best = candidate;
    why = found;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && plays < MOST_PLAYS;) {
    before = sizeOf(best);
    removeActions(() => best, better);
    for (let again = true; again;) again = smallerTrees(best.tree).some((tree) => better({ ...best, tree: tree as Script['tree'] }));
    for (let at = 0; at < best.actions.length; at++) {
      for (let again = true; again;) {
        again = smallerActions(best.actions[at]!).some((action) => better({ ...best, actions: best.actions.with(at, action) }));
      }
    }
  }
  if (best.seed !== 0) better({ ...best, seed: 0 });
  return { script: best, failure: why, plays };
}

/** Halves, quarters, … single actions: whatever the failure does not need goes. */
function removeActions(current: () => Script, better: (candidate: Script) => boolean): void {
  for (let size = Math.max(1, current().actions.length >> 1); size >= 1; size >>= 1) {
    for (let at = current().actions.length - size; at >= 0; at -= size) {
      const script = current();
      better({ ...script, actions: [...script.actions.slice(0, at), ...script.actions.slice(at + size)] });
    }
  }
}

/** The same tree with one thing less. */
function smallerTrees(plan: Plan): Plan[] {
  const smaller: Plan[] = [];
  if (plan.kind === 'supervisor') {
    const { children } = plan;
    for (let at = children.length - 1; at >= 0; at--) {
      smaller.push({ ...plan, children: children.toSpliced(at, 1) });
      for (const child of smallerTrees(children[at]!)) smaller.push({ ...plan, children: children.with(at, child) });
      // A supervisor gives its place to a plain worker.
      if (children[at]!.kind !== 'worker') smaller.push({ ...plan, children: children.with(at, { kind: 'worker', id: children[at]!.id }) });
    }
  }
  return [...smaller, ...withoutFields(plan)];
}

const NEEDED = new Set(['kind', 'id', 'strategy', 'intensity', 'children', 'do', 'to', 'at', 'order', 'child', 'type', 'ms', 'turns', 'flags', 'capacity', 'overflow', 'minMs', 'maxMs', 'jitter', 'restarts', 'withinMs', 'partition', 'partitions', 'group', 'key']);

/** The object without one of its optional fields, or with a smaller number in one. */
function withoutFields<T extends object>(value: T): T[] {
  const smaller: T[] = [];
  for (const key of Object.keys(value) as (keyof T & string)[]) {
    const field: unknown = value[key];
    if (!NEEDED.has(key)) {
      const { [key]: _gone, ...rest } = value;
      smaller.push(rest as unknown as T);
    }
    if (typeof field === 'number' && field > 0 && key !== 'capacity') for (const less of key === 'withinMs' ? [field >> 1 || 1] : [0, field >> 1]) if (less < field) smaller.push({ ...value, [key]: less });
    if (Array.isArray(field) && key === 'onStart') smaller.push({ ...value, [key]: [] });
    if (typeof field === 'object' && field !== null && !Array.isArray(field) && key !== 'child') for (const inner of withoutFields(field)) smaller.push({ ...value, [key]: inner });
  }
  return smaller;
}

function smallerActions(action: Action): Action[] {
  const smaller = withoutFields(action);
  if (action.do === 'startChild') for (const child of smallerTrees(action.child)) smaller.push({ ...action, child });
  if (action.do === 'reconfigure' && action.children !== undefined) {
    const { children } = action;
    for (let at = 0; at < children.length; at++) {
      smaller.push({ ...action, children: children.toSpliced(at, 1) });
      for (const child of smallerTrees(children[at]!)) smaller.push({ ...action, children: children.with(at, child) });
    }
  }
  return smaller;
}

function sizeOf(script: Script): number {
  return JSON.stringify(script).length;
}
