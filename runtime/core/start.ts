import { reportStarted } from '../observe/report.js';
import { TraceKind } from '../observe/trace.js';
import { Boot, bootChildren } from '../supervision/boot.js';
import { type AnySupervisorSpec, SupervisorState } from '../supervision/supervisor-state.js';
import type { ChildPolicy } from '../supervision/policy.js';
import type { Behaviour, ChildSpec, FailureCause } from '../types.js';
import { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { toFailureCause } from './failure.js';
import { watchIdle } from './idle.js';
import { isTooDeep, MOST_LEVELS } from './levels.js';
import { Mailbox, powerOfTwo } from './mailbox.js';
import { OrderedMap } from './ordered-map.js';
import { beginPending } from './pending-start.js';
import { release } from './release.js';
import { dropBelongings, restoreBelongings, restoreSnapshot, type SnapshotEnvelope } from './snapshot.js';
import { IGNORED, notAState, type StartWishes } from './start-wishes.js';
import { CellKind, CellState } from './states.js';
import { unpark } from './suspend.js';

export const DEFAULT_CAPACITY = 1024;

type AnyWorkerSpec = Extract<ChildSpec, { readonly kind: 'worker' }>;

/** Supervisors have no behaviour of their own; nothing ever steps this one. */
const NO_BEHAVIOUR: Behaviour<unknown, unknown, unknown> = { name: 'supervisor', version: 1, init: () => undefined, step: (state) => state };

/** Puts a new address into the tree, stopped. The caller starts it. */
export function createCell(d: Dispatcher, parent: Cell | null, spec: ChildSpec): Cell {
  const path = parent === null ? '/' : d.specs.pathUnder(parent.path, spec.id);
  const policy = d.specs.policyOf(spec, parent !== null && parent.kind === CellKind.worker);
  const cell = spec.kind === 'worker' ? workerCell(d, parent, path, spec, policy) : supervisorCell(d, parent, path, spec, policy);
  d.paths.set(path, cell);
  if (parent !== null) (parent.children ??= new OrderedMap()).set(spec.id, cell);
  return cell;
}

/** Apart and short, so that the compiler makes the cell and all that belongs to it in one piece. */
function workerCell(d: Dispatcher, parent: Cell | null, path: string, spec: AnyWorkerSpec, policy: ChildPolicy): Cell {
  const behaviour = spec.behaviour as unknown as Behaviour<unknown, unknown, unknown>;
  const mailbox = spec.mailbox === undefined ? new Mailbox(DEFAULT_CAPACITY, 'reject', null) : mailboxOf(spec.mailbox);
  return new Cell(++d.cellNumbers, path, spec.id, CellKind.worker, parent, spec, policy, behaviour, mailbox, null, d.makeContext);
}

function mailboxOf({ capacity = DEFAULT_CAPACITY, overflow = 'reject', conflateKey }: NonNullable<AnyWorkerSpec['mailbox']>): Mailbox {
  return new Mailbox(powerOfTwo(capacity), overflow, overflow === 'conflate' ? (conflateKey ?? null) : null);
}

function supervisorCell(d: Dispatcher, parent: Cell | null, path: string, spec: AnySupervisorSpec, policy: ChildPolicy): Cell {
  const kind = spec.kind === 'dynamic' ? CellKind.dynamic : CellKind.supervisor;
  return new Cell(++d.cellNumbers, path, spec.id, kind, parent, spec, policy, NO_BEHAVIOUR, new Mailbox(0, 'reject', null), new SupervisorState(spec), d.makeContext);
}

/**
 * Starts the next incarnation, or resumes a kept one. Null when it runs, is still `starting` because its init said so, or is stopped
 * because its init said `ignore`; otherwise why it does not run (it is stopped then).
 */
export function startCell(d: Dispatcher, cell: Cell): FailureCause | null {
  if (isTooDeep(cell.path)) return { name: 'TooDeep', message: `a tree has ${MOST_LEVELS} levels at most`, path: cell.path };
  cell.incarnation++;
  if (d.intakes !== null) d.news = true;
  unpark(d, cell);
  cell.startedAtUs = d.nowUs;
  d.startInfo = undefined;
  if (cell.retained) {
    cell.retained = false;
    cell.state = CellState.running;
    d.trace.write(TraceKind.resume, cell.number, cell.incarnation, d.nowUs);
    if (!cell.scheduled && cell.queued !== 0) d.schedule(cell);
    reportStarted(d, cell);
    return null;
  }
  const replaced = cell.parent?.supervision?.replaced ?? null;
  if (replaced !== null) takeReplacement(replaced, cell);
  if (cell.kind === CellKind.worker) return startWorker(d, cell);
  d.trace.write(TraceKind.start, cell.number, cell.incarnation, d.nowUs);
  return startSupervisor(d, cell);
}

/** The behaviour a reconfiguration has given to a child that was running then. */
function takeReplacement(replaced: Map<string, Cell['behaviour']>, cell: Cell): void {
  const behaviour = replaced.get(cell.id);
  if (behaviour === undefined) return;
  replaced.delete(cell.id);
  cell.behaviour = cell.durable === null ? behaviour : cell.durable.around(behaviour);
}

/** A temporary child never starts again: what it started from is not kept (unless its behaviour may need it to be restored). */
function forgetInput(cell: Cell): void {
  const { spec } = cell;
  if (spec.kind !== 'worker' || typeof spec.input !== 'object' || cell.behaviour.restore !== undefined) return;
  cell.spec = { ...spec, input: undefined } as ChildSpec;
}

function startWorker(d: Dispatcher, cell: Cell): FailureCause | null {
  const nested = d.inTurn;
  const outer = d.current;
  const outerAsk = d.currentAsk;
  const mark = d.ops.count;
  let cause: FailureCause | null = null;
  let envelope: SnapshotEnvelope | null = null;
  cell.epoch = ++d.epochs;
  cell.idCounter = 0;
  cell.random = null;
  cell.state = CellState.starting;
  const outerInit = d.initialises;
  const outerWishes = d.startWishes;
  d.current = cell;
  d.currentAsk = null;
  d.initialises = true;
  d.startWishes = null;
  d.inTurn = true;
  try {
    if (d.recover !== null) envelope = d.recover(cell);
    if (envelope !== null) restoreBelongings(d, cell, envelope);
    d.trace.write(TraceKind.start, cell.number, cell.incarnation, d.nowUs);
    if (envelope !== null) cell.value = restoreSnapshot(cell, envelope);
    else cell.value = cell.behaviour.init(cell.context, (cell.spec as { readonly input?: unknown }).input);
    cause = notAState(cell.value, cell);
  } catch (thrown) {
    if (thrown !== IGNORED) cause = toFailureCause(thrown, { path: cell.path, incarnation: cell.incarnation, during: { type: 'init', turn: 0 } });
  }
  // Seen through the whole type: init may have made it.
  const wishes = d.startWishes as StartWishes | null;
  cause ??= wishes?.failed ?? null;
  d.initialises = outerInit;
  d.startWishes = outerWishes;
  d.inTurn = nested;
  d.current = outer;
  d.currentAsk = outerAsk;
  if (cause !== null) {
    d.hooks.rollback(d, mark);
    if (envelope !== null) dropBelongings(d, cell);
    cell.value = undefined;
    cell.state = CellState.stopped;
    cell.lastExit = { kind: 'error', cause };
    d.trace.write(TraceKind.exit, cell.number, 3, d.nowUs);
    return cause;
  }
  if (wishes !== null && wishes.ignored) {
    d.hooks.rollback(d, mark);
    cell.state = CellState.stopped;
    cell.lastExit = { kind: 'normal' };
    d.trace.write(TraceKind.exit, cell.number, 0, d.nowUs);
    release(d, cell, true);
    return null;
  }
  if (cell.policy.restart === 'temporary') forgetInput(cell);
  cell.stateGood = true;
  if (d.determinism !== null) d.determinism.state(cell);
  if (cell.policy.idleAfterMs !== null) watchIdle(d, cell, cell.policy.idleAfterMs);
  if (wishes !== null && wishes.later) {
    beginPending(d, cell, cell.startedAtUs + cell.policy.startMs * 1000);
  } else {
    cell.state = CellState.running;
    reportStarted(d, cell);
  }
  if (!nested && d.ops.count !== mark) {
    d.commitAs(mark, envelope === null ? '' : `r${cell.incarnation}`);
  }
  if (cell.state <= CellState.starting && !cell.scheduled && cell.queued !== 0) d.schedule(cell);
  d.startInfo = wishes?.info;
  return null;
}

/** Starts the children in order; see `bootChildren`. */
function startSupervisor(d: Dispatcher, cell: Cell): FailureCause | null {
  const kept = cell.children;
  const children = new OrderedMap<Cell>();
  cell.children = children;
  cell.state = CellState.starting;
  const state = cell.supervision!;
  // Its specification may have been replaced while it was down.
  state.configure(cell.spec as AnySupervisorSpec);
  state.window.clear();
  for (const spec of state.declared) {
    const child = kept?.get(spec.id);
    if (child !== undefined) children.set(spec.id, child);
    else createCell(d, cell, spec);
  }
  if (kept !== null) for (const [id, child] of kept.entries()) children.set(id, child);
  state.boot = new Boot([...children.values()]);
  const cause = bootChildren(d, cell);
  if (cause === null && cell.state === CellState.starting) beginPending(d, cell, null);
  return cause;
}
