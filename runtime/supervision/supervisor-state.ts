import type { Cell } from '../core/cell.js';
import type { DynamicSupervisorSpec, Strategy, SupervisorSpec } from '../types.js';
import { RestartWindow } from './window.js';

/** What a supervisor knows besides its children (`cell.children`, in start order). */
export class SupervisorState {
  readonly strategy: Strategy;
  readonly autoShutdown: 'never' | 'anySignificant' | 'allSignificant';
  readonly maxChildren: number;
  readonly window: RestartWindow;
  /** Group restart that waits for a sibling to stop: the child it is about. */
  waitingFor: Cell | null = null;
  /** Children whose restart failed and is tried again in the supervisor's next slice. */
  retries: Cell[] = [];

  constructor(spec: SupervisorSpec | DynamicSupervisorSpec) {
    this.strategy = spec.kind === 'supervisor' ? spec.strategy : 'oneForOne';
    this.autoShutdown = spec.autoShutdown ?? 'never';
    this.maxChildren = spec.kind === 'dynamic' ? (spec.maxChildren ?? Infinity) : Infinity;
    this.window = new RestartWindow(spec.intensity.restarts, spec.intensity.withinMs);
  }
}

/**
 * Which children a failing child takes along, in start order, itself included.
 *
 * oneForOne: itself. restForOne: itself and those started after it. oneForAll: all of them.
 */
export function affectedChildren(strategy: Strategy, supervisor: Cell, failing: Cell): readonly Cell[] {
  // The common case must not walk ten thousand siblings.
  if (strategy === 'oneForOne') return [failing];
  const children = [...(supervisor.children?.values() ?? [])];
  return strategy === 'oneForAll' ? children : children.slice(children.indexOf(failing));
}
