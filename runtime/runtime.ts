import { VirtualClock } from './clock/clock.js';
import { ask, commit, publish, rollback } from './core/commit.js';
import { AskChains } from './core/ask-chains.js';
import { Ask } from './core/asks.js';
import { type Cell, Ref, type Watcher } from './core/cell.js';
import { CellContext, checkDeadline, resolve } from './core/context.js';
import { Dispatcher } from './core/dispatcher.js';
import type { Hooks } from './core/hooks.js';
import { Intake, type IntakeOptions } from './core/intake.js';
import { toFailureCause } from './core/failure.js';
import { drainEnded, exitSupervisor, kill, stopCell } from './core/lifecycle.js';
import { PermanentWatches } from './core/permanent.js';
import { forget } from './core/release.js';
import { powerOfTwo } from './core/mailbox.js';
import { fireOverdue } from './core/snapshot.js';
import { createCell, startCell } from './core/start.js';
import { finishTree, resumeTree, type TreeSnapshot } from './core/tree-snapshot.js';
import { awaitStart } from './core/pending-start.js';
import { startAnswer } from './core/start-wishes.js';
import { CellState, StopMode } from './core/states.js';
import { TokenMap } from './core/token-map.js';
import { type BurstMeter, WallLoop } from './core/wall-loop.js';
import { durableContext } from './durable/adopt.js';
import { DurableHost } from './durable/host.js';
import { Administration } from './facade/administration.js';
import { DeadLetters } from './observe/dead-letters.js';
import { Determinism } from './observe/determinism.js';
import { Trace } from './observe/trace.js';
import type { RuntimeOptions } from './options.js';
import { startFinished } from './supervision/boot.js';
import { routeTo } from './supervision/partitions.js';
import { CoordinatedShutdown, type ShutdownPhase, type ShutdownReport } from './supervision/shutdown.js';
import { childExited, retryFailed, siblingStopped } from './supervision/supervise.js';
import { problemsOfSpec } from './supervision/validate.js';
import type { ActorRef, AskResult, ChildSpec, ExitReason, PartitionKey, SendResult, StartChildResult, WorkerSpec } from './types.js';

const HOOKS: Hooks = {
  commit, rollback, drainEnded, exitSupervisor, childExited, siblingStopped, retryFailed, startFinished,
  makeContext: (d, cell) => ((cell.spec as WorkerSpec).durable === undefined ? new CellContext(d, cell) : durableContext(d, cell)),
};

/**
 * A tree of supervised actors with one clock, one seed and one run queue. All its methods are to be called
 * from outside a turn; a behaviour has its `ActorContext`.
 */
export class Runtime extends Administration {
  readonly #d: Dispatcher;
  readonly #onFatal: ((reason: ExitReason) => void) | null;
  readonly #shutdown = new CoordinatedShutdown();
  #inputLog = false;
  #resume: TreeSnapshot | null = null;
  #root: Cell | null = null;
  #ended: ExitReason | null = null;
  #loop: WallLoop | null = null;
  #onEnd: (() => void) | null = null;

  constructor(options: RuntimeOptions) {
    super();
    this.#onFatal = options.onFatal ?? null;
    const trace = new Trace(powerOfTwo(options.traceEvents ?? 8192));
    const covers = options.traceHash ?? 'events';
    this.#d = new Dispatcher({
      hooks: HOOKS,
      clock: options.clock ?? new VirtualClock(),
      seed: String(options.seed ?? 0),
      sliceMessages: options.sliceMessages ?? 64,
      maxTimersPerActor: options.maxTimersPerActor ?? 1024,
      effects: options.effects ?? {},
      trace, determinism: covers === 'events' ? null : new Determinism(trace, covers),
      deadLetters: new DeadLetters(options.deadLetterRing ?? 256),
      onRootExit: (reason) => this.#rootExited(reason),
    });
    this.#d.onRest = options.onRest ?? null;
    if (options.onAskCycle !== undefined) this.#d.askChains = new AskChains(options.onAskCycle);
    const { recover, journal, resume } = options;
    if (resume !== undefined) {
      if (recover !== undefined || journal !== undefined) throw new TypeError('resume goes with neither recover nor a journal');
      this.#resume = resume;
      resumeTree(this.#d, resume);
    }
    if (recover !== undefined) this.#d.recover = (cell) => (cell.incarnation === 1 ? (recover(cell.path) ?? null) : null);
    if (journal === undefined) return;
    const given = this.#d.recover;
    this.#inputLog = options.inputLog ?? false;
    this.#d.durable = new DurableHost(this.#d, journal, {
      snapshotEveryMs: options.snapshotEveryMs ?? 60_000, onFailure: options.onJournalFailure ?? null,
    });
    this.#d.recover = (cell) => (cell.durable !== null ? cell.durable.recover() : given === null ? null : given(cell));
  }

  protected override get d(): Dispatcher {
    return this.#d;
  }

  /**
   * Starts the tree. The root supervisor's path is `/`, a child of it `/child`. A worker given as root stands
   * under a root supervisor that allows no restart. Answers with every problem of the specification, or with
   * why a child did not start; nothing is left running then.
   */
  start(spec: ChildSpec): StartChildResult {
    if (this.#root !== null) return { ok: false, reason: { kind: 'already_started', path: '/' } };
    const asWorker = typeof spec === 'object' && spec !== null && spec.kind === 'worker';
    const root: ChildSpec = asWorker
      ? { kind: 'supervisor', id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 }, children: [spec] }
      : spec;
    const problems = problemsOfSpec(root);
    if (problems.length > 0) return { ok: false, reason: { kind: 'invalid_spec', problems } };
    const d = this.#d;
    d.nowUs = d.clock.nowUs();
    const cell = createCell(d, null, root);
    const cause = startCell(d, cell);
    if (cause !== null) {
      forget(d, cell);
      d.settle();
      return { ok: false, reason: { kind: 'start_failed', cause } };
    }
    if (this.#resume !== null) {
      try {
        finishTree(d, this.#resume);
      } catch (thrown) {
        kill(d, cell);
        forget(d, cell);
        d.settle();
        return { ok: false, reason: { kind: 'start_failed', cause: toFailureCause(thrown) } };
      }
      this.#resume = null;
    }
    this.#root = cell;
    this.#ended = null;
    if (cell.pendingStart !== null) awaitStart(cell, false, (failed) => { if (failed !== null) d.onRootExit({ kind: 'error', cause: failed }); });
    if (spec.kind !== 'worker') {
      const answer = startAnswer(d, cell);
      d.settle();
      fireOverdue(d);
      return answer;
    }
    const child = d.paths.get(`/${spec.id}`);
    const answer = child === undefined ? { ok: true as const, ref: this.ref(`/${spec.id}`), ignored: true as const } : startAnswer(d, child);
    // A root with nothing to do is no tree.
    if (answer.ignored === true) this.stop();
    d.settle();
    fireOverdue(d);
    return answer;
  }

  /** Reference by absolute path or registered name; one that nobody has yet is a valid address. */
  ref<M = unknown>(path: string): ActorRef<M> {
    return this.#d.paths.get(path)?.self ?? new Ref(path, null);
  }

  send<M>(to: ActorRef<M> | string, message: M): SendResult {
    const d = this.#d;
    const cell = typeof to === 'string' ? d.find(to) : resolve(d, to);
    if (cell !== undefined) {
      if (d.durable !== null && (this.#inputLog || (cell.durable !== null && cell.durable.spec.inputLog === true))) {
        d.touch();
        const result = d.durable.accept(cell.path, message, 'send', d.durable.nextInput('send'));
        d.settle();
        return result;
      }
      const result = d.deliver(cell, message);
      if (result !== 'delivered') d.settle();
      return result;
    }
    d.sent++;
    d.deadLetter('no_such_actor', typeof to === 'string' ? to : to.path, message);
    d.settle();
    return 'dead';
  }

  /**
   * Sends a message that its source has numbered, and writes it to the journal before it is delivered. One that the journal has
   * already (by source and number) is not delivered again: a source that begins anew after `lastInput` loses and doubles nothing.
   * It is safe to forget it at the source when `flushed` has resolved.
   */
  input<M>(to: ActorRef<M> | string, message: M, from: { readonly source: string; readonly seq: number }): SendResult {
    const d = this.#d;
    if (d.durable === null) throw new Error('input needs a journal: createRuntime({ journal })');
    if (!Number.isSafeInteger(from.seq) || from.seq < 0) throw new RangeError(`input: seq must be a whole number from 0, not ${from.seq}`);
    d.touch();
    const result = d.durable.accept(typeof to === 'string' ? to : to.path, message, from.source, from.seq);
    d.settle();
    return result;
  }

  /** The way into an actor's mailbox for a source that can wait: `offer` instead of `send`. */
  intake<M>(to: ActorRef<M> | string, options: IntakeOptions): Intake<M> {
    const path = typeof to === 'string' ? to : to.path;
    return new Intake<M>(this.#d, path, (message) => this.send(path, message), options);
  }

  /** The last number the journal has from a source, -1 when there is none. */
  lastInput(source: string): number {
    return this.#d.durable?.journal.lastInput(source) ?? -1;
  }

  /**
   * Resolves when everything done so far is on disk and the effects and replies that waited for it have been let go; at once without a
   * journal. Rejects with the JournalFailure when the journal has failed.
   */
  async flushed(): Promise<void> {
    await this.#d.durable?.journal.flushed();
  }

  /** Asks from outside the tree; `done` gets the one outcome, at the latest at the deadline. */
  ask<R>(to: ActorRef<never> | string, request: unknown, deadlineMs: number, done: (result: AskResult<R>) => void): void {
    checkDeadline(deadlineMs);
    this.#d.touch();
    const question = new Ask(null, 0, request, done as (result: AskResult<never>) => unknown);
    ask(this.#d, null, typeof to === 'string' ? to : to.path, question, this.#d.nowUs + Math.round(deadlineMs * 1000));
  }

  /** Tells `listener` once when the present incarnation ends; at once (noproc) when there is none. Returns the way to stop listening. */
  monitor(path: string, listener: Extract<Watcher, (...args: never[]) => void>): () => void {
    const d = this.#d;
    const token = ++d.tokens;
    const cell = d.find(path);
    if (cell === undefined || cell.state > CellState.draining) {
      d.tell(listener, token, path, cell?.incarnation ?? 0, { kind: 'noproc' });
      return () => undefined;
    }
    (cell.watchers ??= new TokenMap()).set(token, listener);
    return () => cell.watchers?.delete(token);
  }

  /** Tells `listener` once when the address is gone for good, see `ActorContext.watchPermanent`. Returns the way to stop listening. */
  watchPermanent(address: string, listener: Extract<Watcher, (...args: never[]) => void>): () => void {
    const d = this.#d;
    const token = ++d.tokens;
    const path = (d.permanent ??= new PermanentWatches()).add(d, listener, token, address);
    return () => d.permanent?.removeAt(path, token);
  }

  publish(topic: string, message: unknown): void {
    publish(this.#d, topic, message);
    this.#d.settle();
  }

  /** Sends the message to every member of the group; answers with how many there are. */
  broadcast(group: string, message: unknown): number {
    const reached = this.#d.groups.broadcast(this.#d, group, message);
    this.#d.settle();
    return reached;
  }

  /** The partition of a partitioned supervisor that a key belongs to; undefined when there is no such supervisor. */
  route<M = unknown>(supervisor: string, key: PartitionKey): ActorRef<M> | undefined {
    return routeTo(this.#d.paths.get(supervisor), key);
  }

  /** Calls `observer` between turns for everything published on the topic; one that throws is taken off. */
  subscribe(topic: string, observer: (message: unknown) => void): () => void {
    const observers = this.#d.observers.get(topic) ?? new Set();
    observers.add(observer);
    this.#d.observers.set(topic, observers);
    return () => void observers.delete(observer);
  }

  /** Runs turns until nothing is queued (or until about `maxMessages` are handled). Returns how many messages were handled. */
  drain(maxMessages = Infinity): number {
    return this.#d.run(maxMessages);
  }

  /** Runs one slice of one actor; false when nothing was queued. */
  step(): boolean {
    return this.#d.runSlice();
  }

  /**
   * Virtual clock only: drains, then fires the due timers in the order (due, sequence), each at its own due
   * time and with a drain after it, and ends at `us`. An earlier time than now changes nothing.
   */
  advanceTo(us: number): void {
    const d = this.#d;
    const clock = d.clock;
    if (!(clock instanceof VirtualClock)) throw new TypeError('advanceTo needs a virtual clock; a wall clock moves by itself');
    if (!Number.isFinite(us)) throw new RangeError(`advanceTo: the time must be a number of microseconds, not ${us}`);
    if (d.busy) throw new Error('advanceTo is for code outside the tree: a turn or an effect cannot move the clock');
    d.run();
    while (d.timers.nextUs() <= us) {
      clock.moveTo(d.timers.nextUs());
      d.nowUs = clock.nowUs();
      d.fire();
      d.run();
    }
    clock.moveTo(us);
    d.nowUs = clock.nowUs();
  }

  /**
   * Virtual clock only: moves the clock to `us` and runs nothing. For a driver that learns the time from a turn
   * and must set it before what that turn sent is handled; no timer may be due before `us`.
   */
  moveTo(us: number): void {
    const clock = this.#d.clock;
    if (!(clock instanceof VirtualClock)) throw new TypeError('moveTo needs a virtual clock; a wall clock moves by itself');
    clock.moveTo(us);
    this.#d.nowUs = clock.nowUs();
  }

  /**
   * Virtual clock only: moves to the earliest timer's due time and fires that one timer. With `step` a driver can look after every
   * turn. False when none is armed.
   */
  fireNext(): boolean {
    const us = this.#d.timers.nextUs();
    if (us === Infinity) return false;
    if (this.#d.busy) throw new Error('fireNext is for code outside the tree: a turn or an effect cannot move the clock');
    this.moveTo(us);
    this.#d.fire();
    return true;
  }

  /** Runs the tree on the wall clock from now on, in bursts of about `burstMessages` messages; `meter` hears of each. */
  run(burstMessages = 2048, meter: BurstMeter | null = null): void {
    if (this.#d.clock.virtual) throw new TypeError('run needs a wall clock; a virtual clock is moved with advanceTo');
    this.#loop ??= new WallLoop(this.#d, burstMessages, meter);
  }

  /** Why the root ended by itself, null while it has not. */
  get ended(): ExitReason | null {
    return this.#ended;
  }

  /** Stops the tree in reverse start order. True when it is down; false when a stop hook asked for time (run or advance on). */
  stop(): boolean {
    const root = this.#root;
    if (root === null) return true;
    this.#d.touch();
    if (!stopCell(this.#d, root, StopMode.final, { kind: 'shutdown' })) return false;
    this.#treeDown();
    this.#d.durable?.idle();
    return true;
  }

  /** Fences the whole tree at once. No user code runs. */
  fence(): void {
    if (this.#root === null) return;
    kill(this.#d, this.#root);
    this.#treeDown();
  }

  /** Adds a task to a phase of the coordinated shutdown; false when that has begun. */
  onShutdown(phase: ShutdownPhase, name: string, task: () => void | Promise<void>): boolean {
    return this.#shutdown.add(phase, name, task);
  }

  /**
   * Coordinated shutdown under one overall deadline. Asking again gives the same promise; asking with `now` fences
   * everything at once. Never rejects.
   */
  shutdown(options: { readonly reason?: string; readonly deadlineMs?: number; readonly now?: boolean } = {}): Promise<ShutdownReport> {
    const stopTree = (): Promise<void> => new Promise<void>((resolveDown) => {
      this.#onEnd = resolveDown;
      if (this.stop()) resolveDown();
    }).then(() => this.flushed()).catch(() => {
      // A journal that failed has told so.
    });
    const report = this.#shutdown.begin(options.reason ?? 'asked', options.deadlineMs ?? 5000, stopTree, () => this.fence());
    if (options.now === true) this.#shutdown.hurry();
    return report;
  }

  #rootExited(reason: ExitReason): void {
    const asked = this.#root === null || this.#shutdown.begun;
    this.#treeDown();
    this.#ended = reason;
    if (!asked && this.#onFatal !== null) this.#d.guard(null, () => this.#onFatal?.(reason));
  }

  #treeDown(): void {
    if (this.#root !== null) {
      for (const child of this.#root.childrenLastFirst) {
        kill(this.#d, child);
        forget(this.#d, child);
      }
      forget(this.#d, this.#root);
    }
    this.#root = null;
    this.#loop?.stop();
    this.#loop = null;
    this.#d.settle();
    this.#onEnd?.();
  }
}

/** A runtime with nothing in it yet; see `Runtime.start`. */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  return new Runtime(options);
}
