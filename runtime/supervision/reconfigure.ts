import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { powerOfTwo } from '../core/mailbox.js';
import { OrderedMap } from '../core/ordered-map.js';
import { createCell, DEFAULT_CAPACITY } from '../core/start.js';
import { CellKind, CellState } from '../core/states.js';
import type { ChildSpec, DynamicSupervisorSpec, StartChildError, SupervisorSpec, WorkerSpec } from '../types.js';
import { isCell, refused, supervisorAt } from './admin.js';
import { policyOf } from './policy.js';
import { nameOf, problemsOfSpec } from './validate.js';

/** A whole specification, or the flags that change (`children` is one of them). */
export type Reconfiguration =
  | SupervisorSpec | DynamicSupervisorSpec
  | Partial<Omit<SupervisorSpec, 'kind' | 'id'>> | Partial<Omit<DynamicSupervisorSpec, 'kind' | 'id'>>;

export type ReconfigureResult =
  | {
      readonly ok: true;
      /** Ids of children that are known now and not started, that have a new specification, and that the new one no longer names. */
      readonly added: readonly string[];
      readonly replaced: readonly string[];
      readonly kept: readonly string[];
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
  const before = cell.spec as SupervisorSpec | DynamicSupervisorSpec;
  const problems: string[] = [];
  const spec = merge(before, wanted, problems);
  if (problems.length === 0) problems.push(...problemsOfSpec(spec, cell.parent?.supervision?.autoShutdown));
  if (problems.length === 0) problems.push(...clashes(cell, spec));
  if (problems.length > 0) return refused({ kind: 'invalid_spec', problems });

  cell.spec = spec;
  cell.policy = policyOf(spec, cell.parent?.kind === CellKind.worker);
  cell.supervision!.configure(spec);
  keepInParents(cell);
  const runs = cell.state <= CellState.draining;
  const result = runs && cell.kind === CellKind.supervisor ? takeChildren(d, cell) : { added: [], replaced: [], kept: [] };
  d.settle();
  return { ok: true, ...result };
}

function merge(before: SupervisorSpec | DynamicSupervisorSpec, wanted: Reconfiguration, problems: string[]): SupervisorSpec | DynamicSupervisorSpec {
  if (typeof wanted !== 'object' || wanted === null) {
    problems.push(`/: what to change is an object of flags or a whole specification, not ${wanted === null ? 'null' : typeof wanted}`);
    return before;
  }
  const { kind, id } = wanted as { readonly kind?: unknown; readonly id?: unknown };
  if (kind !== undefined && kind !== before.kind) problems.push(`/${before.id}: a ${before.kind} cannot become ${nameOf(kind)} while it runs`);
  if (id !== undefined && id !== before.id) problems.push(`/${before.id}: the id cannot change to ${nameOf(id)}: it is the address`);
  const whole = kind !== undefined;
  return { ...(whole ? { id: before.id } : before), ...wanted } as SupervisorSpec | DynamicSupervisorSpec;
}

/** Children that exist under an id of the new specification and are something else. */
function clashes(cell: Cell, spec: ChildSpec): string[] {
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
  else if (behaviour !== child.behaviour) (state.replaced ??= new Map()).set(child.id, behaviour);
  setMailbox(child, spec);
}

/** A mailbox that holds more than the new bound keeps what it holds. */
function setMailbox(child: Cell, { mailbox }: WorkerSpec | WorkerSpec<never>): void {
  child.mailbox.capacity = powerOfTwo(mailbox?.capacity ?? DEFAULT_CAPACITY);
  child.mailbox.overflow = mailbox?.overflow ?? 'reject';
  child.mailbox.conflateKey = mailbox?.overflow === 'conflate' ? (mailbox.conflateKey ?? null) : null;
}
