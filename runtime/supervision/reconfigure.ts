import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { powerOfTwo } from '../core/mailbox.js';
import { OrderedMap } from '../core/ordered-map.js';
import { createCell, DEFAULT_CAPACITY } from '../core/start.js';
import { CellKind, CellState } from '../core/states.js';
import type { ChildSpec, DynamicSupervisorSpec, PartitionedSupervisorSpec, StartChildError, SupervisorSpec, WorkerSpec } from '../types.js';
import { isCell, refused, supervisorAt } from './admin.js';
import { partitionsOf } from './partitions.js';
import { policyOf } from './policy.js';
import { grow, shrink, stillStopping } from './resize.js';
import { restartFailed, startUncovered } from './supervise.js';
import type { AnySupervisorSpec } from './supervisor-state.js';
import { nameOf, problemsOfSpec } from './validate.js';

/** A whole specification, or the flags that change (`children` is one of them). */
export type Reconfiguration =
  | AnySupervisorSpec
  | Partial<Omit<SupervisorSpec, 'kind' | 'id'>> | Partial<Omit<DynamicSupervisorSpec, 'kind' | 'id'>> | Partial<Omit<PartitionedSupervisorSpec, 'kind' | 'id'>>;

export type ReconfigureResult =
  | {
      readonly ok: true;
      /** Ids of children that are known now and not started, that have a new specification, and that the new one no longer names. */
      readonly added: readonly string[];
      readonly replaced: readonly string[];
      readonly kept: readonly string[];
      /** Partitions there are no longer: stopped, or being stopped. */
      readonly stopped?: readonly string[];
    }
  | { readonly ok: false; readonly reason: StartChildError };

/**
 * Changes a supervisor while it runs, by OTP's rules for a code change: flags are replaced (restarts of the past still count); new
 * children are known but not started; changed ones get the new specification, their behaviour at the next fresh start; those that
 * are no longer named stay with their running incarnation. Anything wrong and nothing is changed. A later restart of a supervisor
 * above begins with the new specification.
 */
export function reconfigure(d: Dispatcher, path: string, wanted: Reconfiguration): ReconfigureResult {
  const cell = supervisorAt(d, path);
  if (!isCell(cell)) return refused(cell);
  if (cell.state === CellState.stopping) return refused({ kind: 'stopping', path });
  const before = cell.spec as AnySupervisorSpec;
  const problems: string[] = [];
  const spec = merge(before, wanted, problems);
  if (problems.length === 0) problems.push(...problemsOfSpec(spec, cell.parent?.supervision?.autoShutdown));
  if (problems.length === 0) problems.push(...clashes(cell, spec));
  if (problems.length > 0) return refused({ kind: 'invalid_spec', problems });
  const runs = cell.state <= CellState.starting;
  const partitions = runs && spec.kind === 'partitioned' ? partitionsOf(spec) : [];
  const added = partitions.map((one) => one.id).filter((id) => cell.children?.has(id) !== true);
  if (partitions.length > 0) {
    if (cell.state === CellState.starting) return refused({ kind: 'starting', path });
    const stopping = stillStopping(cell, partitions);
    if (stopping !== undefined) return refused({ kind: 'stopping', path: stopping.path });
    const cause = grow(d, cell, partitions, (child, failed) => restartFailed(d, cell, child, failed));
    if (cause !== null) {
      d.settle();
      return refused({ kind: 'start_failed', cause });
    }
  }

  cell.spec = spec;
  cell.policy = policyOf(spec, cell.parent?.kind === CellKind.worker);
  cell.supervision!.configure(spec);
  keepInParents(cell);
  let result: Omit<Extract<ReconfigureResult, { readonly ok: true }>, 'ok'> = { added: [], replaced: [], kept: [] };
  // While it is down its children wait to come back; those that are too many now do not.
  if (!runs && spec.kind === 'partitioned') result = { added: [], replaced: [], kept: [], stopped: shrink(d, cell, spec.partitions) };
  else if (partitions.length > 0) result = takePartitions(d, cell, before as PartitionedSupervisorSpec, added);
  else if (runs && cell.kind === CellKind.supervisor) result = takeChildren(d, cell);
  if (runs && (spec as SupervisorSpec).strategy !== (before as SupervisorSpec).strategy) startUncovered(d, cell);
  d.settle();
  return { ok: true, ...result };
}

/** The partitions that are too many stop; the others take over a changed template, a dynamic one at once. */
function takePartitions(d: Dispatcher, cell: Cell, before: PartitionedSupervisorSpec, added: readonly string[]): Omit<Extract<ReconfigureResult, { readonly ok: true }>, 'ok'> {
  const spec = cell.spec as PartitionedSupervisorSpec;
  const stopped = shrink(d, cell, spec.partitions);
  const replaced: string[] = [];
  if (spec.partition !== before.partition) {
    for (const one of cell.supervision!.declared) {
      if (added.includes(one.id)) continue;
      const child = cell.children!.get(one.id)!;
      replaced.push(one.id);
      takeSpec(cell, child, one);
      if (one.kind === 'dynamic') child.supervision!.configure(one);
    }
  }
  return { added, replaced, kept: [], stopped };
}

function merge(before: AnySupervisorSpec, wanted: Reconfiguration, problems: string[]): AnySupervisorSpec {
  if (typeof wanted !== 'object' || wanted === null) {
    problems.push(`/: what to change is an object of flags or a whole specification, not ${wanted === null ? 'null' : typeof wanted}`);
    return before;
  }
  const { kind, id } = wanted as { readonly kind?: unknown; readonly id?: unknown };
  if (kind !== undefined && kind !== before.kind) problems.push(`/${before.id}: a ${before.kind} cannot become ${nameOf(kind)} while it runs`);
  if (id !== undefined && id !== before.id) problems.push(`/${before.id}: the id cannot change to ${nameOf(id)}: it is the address`);
  const whole = kind !== undefined;
  return { ...(whole ? { id: before.id } : before), ...wanted } as AnySupervisorSpec;
}

/** Children that exist under an id of the new specification and are something else. */
function clashes(cell: Cell, spec: AnySupervisorSpec): string[] {
  if (spec.kind === 'partitioned' && spec.partition.kind !== (cell.spec as PartitionedSupervisorSpec).partition.kind) {
    return [`/${spec.id}: its partitions cannot become of another kind while it runs`];
  }
  if (spec.kind !== 'supervisor') return [];
  const problems: string[] = [];
  for (const child of spec.children) {
    const known = cell.children?.get(child.id);
    if (known === undefined || known.spec.kind === child.kind) continue;
    problems.push(`/${spec.id}/${child.id}: a ${known.spec.kind} cannot become a ${child.kind}; terminate and delete it first`);
  }
  return problems;
}

/** The specification a restarted parent will begin with has to be this one. */
export function keepInParents(cell: Cell): void {
  for (let child = cell, parent = cell.parent; parent !== null && parent.spec.kind === 'supervisor'; child = parent, parent = parent.parent) {
    const { children } = parent.spec;
    const at = children.findIndex((spec) => spec.id === child.id);
    if (at < 0) return;
    parent.spec = { ...parent.spec, children: children.with(at, child.spec) };
    parent.supervision!.declared = parent.spec.children;
  }
}

function takeChildren(d: Dispatcher, cell: Cell): { added: string[]; replaced: string[]; kept: string[] } {
  const before = cell.children ?? new OrderedMap<Cell>();
  const after = new OrderedMap<Cell>();
  const added: string[] = [];
  const replaced: string[] = [];
  for (const spec of cell.supervision!.declared) {
    const known = before.get(spec.id);
    if (known === undefined) {
      added.push(spec.id);
      after.set(spec.id, createCell(d, cell, spec));
      continue;
    }
    after.set(spec.id, known);
    if (known.spec === spec) continue;
    replaced.push(spec.id);
    takeSpec(cell, known, spec);
  }
  const kept: string[] = [];
  for (const [id, child] of before.entries()) {
    if (after.has(id)) continue;
    kept.push(id);
    after.set(id, child);
  }
  cell.children = after;
  return { added, replaced, kept };
}

function takeSpec(parent: Cell, child: Cell, spec: ChildSpec): void {
  const old = child.policy.quarantine;
  child.spec = spec;
  child.policy = policyOf(spec, false);
  if (old !== null) child.policy.quarantine?.takeStamps(old);
  if (spec.kind !== 'worker') return;
  const behaviour = spec.behaviour as unknown as Cell['behaviour'];
  const state = parent.supervision!;
  const fresh = child.state === CellState.stopped || (child.state === CellState.down && !child.retained && !child.undecided);
  if (fresh) child.behaviour = child.durable === null ? behaviour : child.durable.around(behaviour);
  else (state.replaced ??= new Map()).set(child.id, behaviour);
  setMailbox(child, spec);
}

/** A mailbox that holds more than the new bound keeps what it holds. */
function setMailbox(child: Cell, { mailbox }: WorkerSpec | WorkerSpec<never>): void {
  child.mailbox.capacity = powerOfTwo(mailbox?.capacity ?? DEFAULT_CAPACITY);
  child.mailbox.overflow = mailbox?.overflow ?? 'reject';
  child.mailbox.conflateKey = mailbox?.overflow === 'conflate' ? (mailbox.conflateKey ?? null) : null;
}
