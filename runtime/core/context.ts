import { Random } from '../random.js';
import { routeTo } from '../supervision/partitions.js';
import type { ActorContext, ActorRef, AskResult, ExitReason, PartitionKey, SendResult, StartChildResult, TaskOutcome, TaskSpec, WorkerSpec } from '../types.js';
import { Ask } from './asks.js';
import { bindRef, type Cell, cellOf, Ref } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { toFailureCause } from './failure.js';
import { PermanentWatches } from './permanent.js';
import { forget } from './release.js';
import { callBroadcast, callJoin, callLeave, callUnwatch, callWatch } from './groups.js';
import { createCell, startCell } from './start.js';
import { NO_ASK } from './stash.js';
import { finishStart, refuseStart } from './pending-start.js';
import { awaitSpawned } from './spawned.js';
import { IGNORED, startAnswer, type StartWishes, wishesOf } from './start-wishes.js';
import { CellState } from './states.js';
import { callCancelTask, callTask, type TaskWish } from './tasks.js';
import { type Call, Op } from './turn-ops.js';

/** The cell a reference stands for now, or undefined. Names are looked up each time: another actor may hold them. */
export function resolve(d: Dispatcher, to: ActorRef<never>): Cell | undefined {
  if (to instanceof Ref) {
    const known = cellOf(to);
    if (known !== null && known.state !== CellState.gone) return known;
    const found = d.find(to.path);
    if (found !== undefined && to.path.charCodeAt(0) === 47) bindRef(to, found);
    return found;
  }
  return d.find(to.path);
}

/** Effects of one actor without an answer; they stand in every snapshot. */
export const MOST_OPEN_EFFECTS = 16_384;

/** @throws RangeError when it is no deadline: each question has one */
export function checkDeadline(deadlineMs: number): void {
  if (!(deadlineMs >= 0 && deadlineMs < Infinity)) throw new RangeError(`ask: the deadline must be a number of milliseconds, 0 or more, not ${deadlineMs}`);
}

const callFinish: Call = (d, owner, info) => finishStart(d, owner, info);
const callRefuse: Call = (d, owner, reason) => refuseStart(d, owner, reason);

function watchPermanent(d: Dispatcher, watcher: Cell, path: unknown, token: number): void {
  (d.permanent ??= new PermanentWatches()).add(d, watcher, token, path as string);
}

/** What one cell's behaviour sees of the runtime. One per cell, for all its incarnations. */
export class CellContext implements ActorContext {
  readonly self: Ref;
  readonly path: string;
  // Not enumerable through `#`: a context that ends up in a state or a log must not drag the runtime along.
  readonly #d: Dispatcher;
  readonly #cell: Cell;

  constructor(d: Dispatcher, cell: Cell) {
    this.#d = d;
    this.#cell = cell;
    this.self = cell.self;
    this.path = cell.path;
  }

  get incarnation(): number {
    return this.#cell.incarnation;
  }

  nowUs(): number {
    return this.#d.nowUs;
  }

  random(): number {
    this.saveDraws();
    const cell = this.#cell;
    cell.random ??= new Random(`${this.#d.seed}|${cell.path}|${cell.epoch}`);
    return cell.random.next();
  }

  nextId(): string {
    this.saveDraws();
    return `${this.path}#${this.#cell.epoch}-${++this.#cell.idCounter}`;
  }

  send<T>(to: ActorRef<T>, message: T): SendResult {
    const d = this.#d;
    const target = resolve(d, to);
    if (target === undefined) {
      d.ops.add(Op.sendNowhere, this.#cell, to.path, message, 0);
      return 'dead';
    }
    d.ops.add(Op.send, this.#cell, target, message, 0);
    return d.reserve(target);
  }

  ref<T = unknown>(path: string): ActorRef<T> {
    return this.#d.paths.get(path)?.self ?? new Ref(path, null);
  }

  startTimer(key: string, delayMs: number, message: unknown): void {
    if (!(delayMs >= 0 && delayMs < Infinity)) throw new RangeError(`timer "${key}": the delay must be a number of milliseconds, 0 or more, not ${delayMs}`);
    this.startTimerAt(key, this.#d.nowUs + Math.round(delayMs * 1000), message);
  }

  startTimerAt(key: string, dueUs: number, message: unknown): void {
    if (!Number.isFinite(dueUs)) throw new RangeError(`timer "${key}": the due time must be a number of microseconds, not ${dueUs}`);
    const most = this.#d.maxTimersPerActor;
    const held = this.#cell.timers?.size ?? 0;
    // Only a turn that comes near the bound pays for the exact count.
    if (held + this.#d.ops.count >= most && !this.hasTimer(key) && this.timersAfterTurn() >= most) {
      throw new RangeError(`timer "${key}": this actor already has ${most} timers; cancel some, or raise maxTimersPerActor`);
    }
    this.#d.ops.add(Op.startTimer, this.#cell, key, message, dueUs);
  }

  cancelTimer(key: string): boolean {
    const had = this.hasTimer(key);
    if (had) this.#d.ops.add(Op.cancelTimer, this.#cell, key, undefined, 0);
    return had;
  }

  monitor(ref: ActorRef<never>): number {
    const token = ++this.#d.tokens;
    this.#d.ops.add(Op.monitor, this.#cell, ref, undefined, token);
    return token;
  }

  watchPermanent(ref: ActorRef<never>): number {
    const token = ++this.#d.tokens;
    this.#d.ops.add(Op.call, this.#cell, watchPermanent, ref.path, token);
    return token;
  }

  demonitor(token: number): void {
    this.#d.ops.add(Op.demonitor, this.#cell, undefined, undefined, token);
  }

  ask<R>(to: ActorRef<never>, request: unknown, deadlineMs: number, toMessage: (result: AskResult<R>) => unknown): void {
    checkDeadline(deadlineMs);
    const question = new Ask(this.#cell, this.#cell.epoch, request, toMessage as (result: AskResult<never>) => unknown);
    const { askChains, currentAsk } = this.#d;
    if (askChains !== null && currentAsk !== null) askChains.note(question, currentAsk);
    this.#d.ops.add(Op.ask, this.#cell, to.path, question, this.#d.nowUs + Math.round(deadlineMs * 1000));
  }

  reply(value: unknown): void {
    this.#d.ops.add(Op.reply, this.#cell, this.#d.currentAsk, value, 0);
  }

  spawn<T>(spec: WorkerSpec<T>): StartChildResult<T> {
    const d = this.#d;
    const cell = this.#cell;
    const problems = d.specs.problems(spec);
    if (problems.length > 0) return { ok: false, reason: { kind: 'invalid_spec', problems } };
    if (cell.state > CellState.starting) return { ok: false, reason: { kind: 'stopping', path: cell.path } };
    const known = cell.children?.get(spec.id);
    if (known !== undefined) {
      const kind = known.state <= CellState.draining ? 'already_started' : 'already_present';
      return { ok: false, reason: { kind, path: known.path } };
    }
    const child = createCell(d, cell, spec as WorkerSpec);
    const mark = d.ops.count;
    d.ops.add(Op.spawned, cell, child, undefined, 0);
    const cause = startCell(d, child);
    if (cause !== null) {
      d.ops.truncate(mark);
      forget(d, child);
      return { ok: false, reason: { kind: 'start_failed', cause } };
    }
    const answer = startAnswer<T>(d, child);
    if (answer.pending === true) awaitSpawned(d, cell, child);
    if (answer.ignored === true) {
      d.ops.truncate(mark);
      forget(d, child);
    }
    return answer;
  }

  spawnLater(spec: WorkerSpec<never>): void {
    const problems = this.#d.specs.problems(spec);
    if (problems.length > 0) throw new TypeError(`the child specification is not valid:\n${problems.join('\n')}`);
    this.#d.ops.add(Op.spawnLater, this.#cell, undefined, spec, 0);
  }

  stopChild(id: string): void {
    this.#d.ops.add(Op.stopChild, this.#cell, id, undefined, 0);
  }

  task<I, R>(wanted: TaskSpec<I>, toMessage: (outcome: TaskOutcome<R>) => unknown): string {
    const { deadlineMs, linked = true, id, shutdown = 'brutal', ...rest } = wanted;
    if (!(deadlineMs >= 0)) throw new RangeError(`task: the deadline must be a number of milliseconds, 0 or more, or Infinity, not ${deadlineMs}`);
    if (id === undefined) this.saveDraws();
    const spec = { ...rest, kind: 'worker', id: id ?? `task-${++this.#cell.idCounter}`, restart: 'temporary', shutdown } as unknown as WorkerSpec<never>;
    const problems = this.#d.specs.problems(spec);
    if (problems.length > 0) throw new TypeError(`the task's specification is not valid:\n${problems.join('\n')}`);
    const wish: TaskWish = { spec, linked, deadlineMs, toMessage: toMessage as TaskWish['toMessage'] };
    this.#d.ops.add(Op.call, this.#cell, callTask, wish, 0);
    return spec.id;
  }

  cancelTask(id: string): void {
    this.#d.ops.add(Op.call, this.#cell, callCancelTask, id, 0);
  }

  join(group: string): void {
    this.#d.ops.add(Op.call, this.#cell, callJoin, group, 0);
  }

  leave(group: string): void {
    this.#d.ops.add(Op.call, this.#cell, callLeave, group, 0);
  }

  members<T = unknown>(group: string): ActorRef<T>[] {
    return this.#d.groups.membersOf(group);
  }

  watchGroup(group: string): number {
    const token = ++this.#d.tokens;
    this.#d.ops.add(Op.call, this.#cell, callWatch, group, token);
    return token;
  }

  unwatchGroup(token: number): void {
    this.#d.ops.add(Op.call, this.#cell, callUnwatch, undefined, token);
  }

  broadcast(group: string, message: unknown): void {
    this.#d.ops.add(Op.call, this.#cell, callBroadcast, { group, message }, 0);
  }

  route<T = unknown>(supervisor: string, key: PartitionKey): ActorRef<T> | undefined {
    return routeTo(this.#d.paths.get(supervisor), key);
  }

  effect(name: string, payload: unknown): void {
    if (!Object.hasOwn(this.#d.effects, name)) {
      const known = Object.keys(this.#d.effects).join(', ');
      throw new Error(`no effect "${name}" in the runtime's table; it has: ${known === '' ? 'none' : known}`);
    }
    const open = this.#cell.effects?.size ?? 0;
    if (open >= MOST_OPEN_EFFECTS) throw new RangeError(`effect "${name}": ${open} effects of this actor have no answer yet, which is the most there may be`);
    this.#d.ops.add(Op.effect, this.#cell, name, payload, 0);
  }

  stop(output?: unknown): void {
    this.#d.ops.add(Op.stop, this.#cell, undefined, output, 0);
  }

  exit(reason: Exclude<ExitReason, { readonly kind: 'killed' }>): void {
    this.#d.ops.add(Op.stop, this.#cell, reason, undefined, 0);
  }

  ignore(): never {
    this.startWishes('ignore').ignored = true;
    // oxlint-disable-next-line typescript/only-throw-error
    throw IGNORED;
  }

  started(info?: unknown): void {
    if (this.#cell.pendingStart !== null) {
      this.#d.ops.add(Op.call, this.#cell, callFinish, info, 0);
      return;
    }
    const wishes = this.startWishes('started');
    wishes.info = info;
    wishes.later = false;
  }

  startLater(): void {
    this.startWishes('startLater').later = true;
  }

  failStart(reason: unknown): void {
    if (this.#cell.pendingStart !== null) {
      this.#d.ops.add(Op.call, this.#cell, callRefuse, reason, 0);
      return;
    }
    const wishes = this.startWishes('failStart');
    wishes.failed ??= toFailureCause(reason, { path: this.path, incarnation: this.incarnation, during: { type: 'init', turn: 0 } });
  }

  publish(topic: string, message: unknown): void {
    this.#d.ops.add(Op.publish, this.#cell, topic, message, 0);
  }

  subscribe(topic: string): void {
    this.#d.ops.add(Op.subscribe, this.#cell, topic, undefined, 0);
  }

  register(name: string): boolean {
    const d = this.#d;
    if (name === '' || name.startsWith('/')) throw new RangeError(`"${name}" is no name: a name is not empty and does not begin with "/"`);
    const holder = d.names.get(name);
    if (holder !== undefined) return holder === this.#cell;
    d.names.set(name, this.#cell);
    d.ops.add(Op.register, this.#cell, name, undefined, 0);
    return true;
  }

  private startWishes(verb: string): StartWishes {
    if (!this.#d.initialises || this.#d.current !== this.#cell) throw new Error(`ctx.${verb} is for init: this actor has already started`);
    return wishesOf(this.#d);
  }

  persist(_event: unknown): unknown {
    throw new Error(`${this.path} has no log of events: ctx.persist needs durable: { log: 'events' } in its specification`);
  }

  stash(): 'stashed' | 'full' {
    const d = this.#d;
    const cell = this.#cell;
    if (d.current !== cell || d.initialises || cell.state > CellState.draining) throw new Error('stash: no message is being handled');
    let held = cell.stash?.length ?? 0;
    for (let at = 0; at < d.ops.count; at++) {
      if (d.ops.owners[at] !== cell) continue;
      if (d.ops.kinds[at] === Op.stash) return held < cell.policy.stash ? 'stashed' : 'full';
      if (d.ops.kinds[at] === Op.unstashAll) held = 0;
    }
    d.ops.add(Op.stash, cell, d.currentAsk ?? NO_ASK, undefined, 0);
    return held < cell.policy.stash ? 'stashed' : 'full';
  }

  unstashAll(): void {
    this.#d.ops.add(Op.unstashAll, this.#cell, undefined, undefined, 0);
  }

  /** How many timers are armed once what this turn has asked for so far is carried out. */
  private timersAfterTurn(): number {
    const { kinds, owners, a, count } = this.#d.ops;
    const armed = this.#cell.timers;
    const changed = new Map<unknown, boolean>();
    for (let at = 0; at < count; at++) {
      if (owners[at] === this.#cell && (kinds[at] === Op.startTimer || kinds[at] === Op.cancelTimer)) changed.set(a[at], kinds[at] === Op.startTimer);
    }
    let total = armed?.size ?? 0;
    for (const [key, wanted] of changed) total += Number(wanted) - Number(armed?.has(key as string) ?? false);
    return total;
  }

  /** Whether the timer is armed, seen from inside the turn. */
  private hasTimer(key: string): boolean {
    const ops = this.#d.ops;
    for (let at = ops.count - 1; at >= 0; at--) {
      if (ops.owners[at] !== this.#cell || ops.a[at] !== key) continue;
      if (ops.kinds[at] === Op.startTimer) return true;
      if (ops.kinds[at] === Op.cancelTimer) return false;
    }
    return this.#cell.timers?.has(key) ?? false;
  }

  /** Remembers the generator and the counter as they were before this turn's first draw. */
  private saveDraws(): void {
    const cell = this.#cell;
    const draws = (cell.draws ??= { turn: -1, id: 0, random: null });
    if (draws.turn === this.#d.turn) return;
    draws.turn = this.#d.turn;
    draws.id = cell.idCounter;
    if (cell.random === null) draws.random = null;
    else cell.random.save((draws.random ??= new Int32Array(4)));
  }
}
