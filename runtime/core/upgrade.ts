import { TraceKind } from '../observe/trace.js';
import { nodeState, type NodeState } from '../observe/tree.js';
import { keepInParents } from '../supervision/reconfigure.js';
import { problemsOfBehaviour } from '../supervision/validate.js';
import type { Behaviour, ChildSpec, FailureCause } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { toFailureCause } from './failure.js';
import { rearmIdle } from './idle.js';
import { runRestore, snapshotValue } from './snapshot.js';
import { CellKind, CellState } from './states.js';

/** One actor by its path, or every actor of a behaviour by its name. */
export type UpgradeTarget = string | { readonly behaviour: string };

export type UpgradeProblem =
  | { readonly kind: 'in_turn' }
  | { readonly kind: 'not_found'; readonly path: string }
  | { readonly kind: 'not_worker'; readonly path: string }
  | { readonly kind: 'no_such_behaviour'; readonly behaviour: string }
  | { readonly kind: 'invalid_behaviour'; readonly problems: readonly string[] }
  | { readonly kind: 'name_differs'; readonly path: string; readonly behaviour: string; readonly wanted: string }
  | { readonly kind: 'not_newer'; readonly path: string; readonly from: number; readonly to: number }
  /** It is starting, stopping, or waits for its supervisor: ask again. */
  | { readonly kind: 'busy'; readonly path: string; readonly state: NodeState }
  /** A state changed in place without `snapshot`. */
  | { readonly kind: 'no_snapshot'; readonly path: string }
  | { readonly kind: 'snapshot_threw'; readonly path: string; readonly cause: FailureCause }
  | { readonly kind: 'no_migrate'; readonly path: string; readonly from: number; readonly to: number }
  | { readonly kind: 'migrate_threw'; readonly path: string; readonly cause: FailureCause }
  /** What the new version lacks here: a state changed in place needs `restore`, `idleAfter` needs both hooks. */
  | { readonly kind: 'no_restore'; readonly path: string }
  | { readonly kind: 'restore_threw'; readonly path: string; readonly cause: FailureCause };

export interface Upgraded {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export type UpgradeResult =
  | {
      readonly ok: true;
      readonly dryRun: boolean;
      /** Every actor of the behaviour, also those that are down: they will start with the new version. */
      readonly upgraded: readonly Upgraded[];
      /** Dynamic supervisors whose template starts children of the new version from now on. */
      readonly templates: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly UpgradeProblem[] };

type AnyBehaviour = Behaviour<unknown, unknown, unknown>;

/** A cell with the state it will go on with; none where it has none. */
interface Step {
  readonly cell: Cell;
  readonly state: { readonly value: unknown } | null;
  /** The new version as the dispatcher steps it: behind the journal in a durable actor. */
  readonly behaviour: AnyBehaviour;
}

/**
 * Puts a newer version of a behaviour in the place of the one that runs, between two turns: snapshot, migrate, restore, for all actors
 * or for none. A suspended actor stays suspended, a hibernating one is awake afterwards. Messages, timers, children and everything
 * else an actor owns stay as they are. Whatever is wrong is listed; nothing has changed then.
 */
export function upgrade(d: Dispatcher, target: UpgradeTarget, next: AnyBehaviour, dryRun: boolean): UpgradeResult {
  if (d.inTurn || d.committing !== 0) return { ok: false, problems: [{ kind: 'in_turn' }] };
  const invalid = problemsOfBehaviour(next);
  if (invalid.length > 0) return { ok: false, problems: [{ kind: 'invalid_behaviour', problems: invalid }] };
  const problems: UpgradeProblem[] = [];
  const cells = cellsOf(d, target, problems);
  const templates = typeof target === 'string' ? [] : templatesOf(d, target.behaviour, next);
  if (typeof target !== 'string') {
    if (cells.length === 0 && templates.length === 0) problems.push({ kind: 'no_such_behaviour', behaviour: target.behaviour });
    else if (target.behaviour !== next.name) problems.push({ kind: 'name_differs', path: '/', behaviour: target.behaviour, wanted: next.name });
  }
  const mark = d.ops.count;
  const undo: (() => void)[] = [];
  const steps: Step[] = [];
  if (problems.length === 0) {
    for (const cell of cells) {
      undo.push(keepBefore(cell));
      const step = prepare(d, cell, next, problems);
      if (step !== null) steps.push(step);
    }
  }
  const upgraded = steps.map(({ cell }) => ({ path: cell.path, from: cell.behaviour.version, to: next.version }));
  if (problems.length > 0 || dryRun) {
    d.hooks.rollback(d, mark);
    for (const back of undo) back();
    return problems.length > 0 ? { ok: false, problems } : { ok: true, dryRun, upgraded, templates };
  }
  for (const step of steps) carryOut(d, step, next);
  if (typeof target === 'string') for (const cell of cells) keepInParents(cell);
  else rewriteSupervisors(d, next);
  d.commitAs(mark, `v${next.version}`);
  d.settle();
  return { ok: true, dryRun, upgraded, templates };
}

function cellsOf(d: Dispatcher, target: UpgradeTarget, problems: UpgradeProblem[]): Cell[] {
  if (typeof target === 'string') {
    const cell = d.find(target);
    if (cell === undefined) problems.push({ kind: 'not_found', path: target });
    else if (cell.kind !== CellKind.worker) problems.push({ kind: 'not_worker', path: cell.path });
    else return [cell];
    return [];
  }
  return [...d.paths.values()].filter((cell) => cell.kind === CellKind.worker && cell.behaviour.name === target.behaviour);
}

/** Snapshot, migration and restored state of one cell, without touching it; null when something is wrong. */
function prepare(d: Dispatcher, cell: Cell, next: AnyBehaviour, problems: UpgradeProblem[]): Step | null {
  const { path, behaviour } = cell;
  const { version: from } = behaviour;
  const to = next.version;
  const wrong = (problem: UpgradeProblem): null => {
    problems.push(problem);
    return null;
  };
  if (behaviour.name !== next.name) return wrong({ kind: 'name_differs', path, behaviour: behaviour.name, wanted: next.name });
  if (to <= from) return wrong({ kind: 'not_newer', path, from, to });
  if (cell.policy.idleAfterMs !== null && (next.snapshot === undefined || next.restore === undefined)) return wrong({ kind: 'no_restore', path });
  const waits = cell.state === CellState.down && !cell.undecided;
  if (cell.state === CellState.stopped || (waits && !cell.retained)) {
    return { cell, state: null, behaviour: cell.durable === null ? next : cell.durable.around(next) };
  }
  if (cell.state !== CellState.running && !waits) return wrong({ kind: 'busy', path, state: nodeState(cell) });
  const taken = snapshotValue(d, cell);
  if (!taken.ok) {
    return wrong(taken.reason.kind === 'snapshot_threw' ? { kind: 'snapshot_threw', path, cause: taken.reason.cause } : { kind: 'no_snapshot', path });
  }
  if (next.migrate === undefined) return wrong({ kind: 'no_migrate', path, from, to });
  if (next.stateKind === 'mutable' && next.restore === undefined) return wrong({ kind: 'no_restore', path });
  let data: unknown;
  try {
    data = next.migrate(taken.value, from);
  } catch (thrown) {
    return wrong({ kind: 'migrate_threw', path, cause: toFailureCause(thrown, { path, incarnation: cell.incarnation }) });
  }
  if (data === undefined) return wrong({ kind: 'no_migrate', path, from, to });
  const running = cell.durable === null ? next : cell.durable.around(next);
  const restored = runRestore(d, cell, running, data, 'upgrade');
  return restored.ok ? { cell, state: { value: restored.value }, behaviour: running } : wrong({ kind: 'restore_threw', path, cause: restored.cause });
}

function carryOut(d: Dispatcher, { cell, state, behaviour }: Step, next: AnyBehaviour): void {
  cell.behaviour = behaviour;
  cell.spec = specWith(cell.spec, next);
  const replaced = cell.parent?.supervision?.replaced ?? null;
  const waiting = replaced?.get(cell.id);
  if (waiting !== undefined && waiting.name === next.name && waiting.version <= next.version) replaced!.delete(cell.id);
  if (state === null) return;
  rearmIdle(d, cell);
  cell.value = state.value;
  d.trace.write(TraceKind.upgrade, cell.number, next.version, d.nowUs);
}

/** The same specification with the new behaviour wherever an older version of it stands. */
function specWith(spec: ChildSpec, next: AnyBehaviour): ChildSpec {
  const older = (behaviour: unknown): boolean => {
    const { name, version } = behaviour as AnyBehaviour;
    return name === next.name && version < next.version;
  };
  const behaviour = next as unknown as Behaviour<unknown, never, never>;
  switch (spec.kind) {
    case 'worker': return older(spec.behaviour) ? { ...spec, behaviour } as ChildSpec : spec;
    case 'dynamic': return spec.template?.behaviour !== undefined && older(spec.template.behaviour) ? { ...spec, template: { ...spec.template, behaviour } } : spec;
    case 'supervisor': {
      const children = spec.children.map((child) => specWith(child, next));
      return children.some((child, at) => child !== spec.children[at]) ? { ...spec, children } : spec;
    }
    case 'partitioned': {
      const template = { ...spec.partition, id: '0' } as ChildSpec;
      const changed = specWith(template, next);
      if (changed === template) return spec;
      const { id: _numbered, ...partition } = changed;
      return { ...spec, partition } as ChildSpec;
    }
  }
}

/** Dynamic supervisors, running or only specified, whose template will change. */
function templatesOf(d: Dispatcher, name: string, next: AnyBehaviour): string[] {
  const found: string[] = [];
  for (const cell of d.paths.values()) {
    const template = cell.spec.kind === 'dynamic' ? cell.spec.template?.behaviour : undefined;
    if (template !== undefined && template.name === name && template.version < next.version) found.push(cell.path);
  }
  return found;
}

/** What a supervisor starts children from, now and when it is started again itself. */
function rewriteSupervisors(d: Dispatcher, next: AnyBehaviour): void {
  for (const cell of d.paths.values()) {
    if (cell.supervision === null) continue;
    cell.spec = specWith(cell.spec, next);
    if (cell.spec.kind === 'supervisor') cell.supervision.declared = cell.spec.children;
  }
}

/** The way back: ids and random numbers drawn by a restore that comes to nothing are drawn again, the journal steps the old version. */
function keepBefore(cell: Cell): () => void {
  const { idCounter, random, durable } = cell;
  const inner = durable?.inner;
  const state = new Int32Array(4);
  random?.save(state);
  return () => {
    cell.idCounter = idCounter;
    cell.random = random;
    random?.load(state);
    if (inner !== undefined) durable?.around(inner);
  };
}
