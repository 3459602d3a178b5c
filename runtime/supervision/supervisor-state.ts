import type { Cell } from '../core/cell.js';
import type { Behaviour, ChildSpec, DynamicSupervisorSpec, PartitionedSupervisorSpec, Strategy, SupervisorSpec } from '../types.js';
import type { Boot } from './boot.js';
import { partitionsOf } from './partitions.js';
import { RestartWindow } from './window.js';

export type AnySupervisorSpec = SupervisorSpec | DynamicSupervisorSpec | PartitionedSupervisorSpec;

/** What a supervisor knows besides its children (`cell.children`, in start order). */
export class SupervisorState {
  strategy!: Strategy;
  autoShutdown!: 'never' | 'anySignificant' | 'allSignificant';
  maxChildren!: number;
  window: RestartWindow;
  /** Children every start of this supervisor begins with. */
  declared!: readonly ChildSpec[];
  /** Set while the supervisor is being started. */
  boot: Boot | null = null;
  /** Group restart that waits for a sibling to stop: the child it is about. */
  waitingFor: Cell | null = null;
  /** Children whose restart failed and is tried again in the supervisor's next slice. */
  retries: Cell[] = [];
  /** Behaviours that replace those of running children at their next fresh start, by id. */
  replaced: Map<string, Behaviour<unknown, unknown, unknown>> | null = null;

  constructor(spec: AnySupervisorSpec) {
    this.window = new RestartWindow(spec.intensity.restarts, spec.intensity.withinMs);
    this.configure(spec);
  }

  /** Takes over the flags of a specification. Restarts of the past still count, against the new budget. */
  configure(spec: AnySupervisorSpec): void {
    this.strategy = spec.kind === 'supervisor' ? spec.strategy : 'oneForOne';
    // What a kind does not have is not in its specification.
    const { autoShutdown, maxChildren } = spec as Partial<Pick<SupervisorSpec, 'autoShutdown'> & Pick<DynamicSupervisorSpec, 'maxChildren'>>;
    this.autoShutdown = autoShutdown ?? 'never';
    this.maxChildren = maxChildren ?? Infinity;
    this.declared = spec.kind === 'supervisor' ? spec.children : spec.kind === 'partitioned' ? partitionsOf(spec) : [];
    this.window = this.window.withBudget(spec.intensity.restarts, spec.intensity.withinMs);
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
