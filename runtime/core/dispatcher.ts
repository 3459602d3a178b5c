import type { Clock } from '../clock/clock.js';
import { Timer, TimerHeap, type TimerJob } from '../clock/timer-heap.js';
import type { DeadLetters } from '../observe/dead-letters.js';
import { Trace, TraceKind } from '../observe/trace.js';
import type { ActorContext, AskResult, DeadLetterReason, ExitReason, FailureCause, SendResult } from '../types.js';
import { type Ask, AskOutcome, AskRequest, ChildEnded } from './asks.js';
import { Cell, type Watcher } from './cell.js';
import type { EffectTable } from './effects.js';
import { messageType, toFailureCause } from './failure.js';
import { Envelope } from './mailbox.js';
import { Fifo } from './run-queue.js';
import { CellKind, CellState, StopMode } from './states.js';
import { TurnOps } from './turn-ops.js';

/**
 * What the dispatcher needs of the rooms built on it, and they of each other. They are handed in because they import the
 * dispatcher; see runtime.ts for the wiring.
 */
export interface Hooks {
  commit(d: Dispatcher, mark: number): void;
  rollback(d: Dispatcher, mark: number): void;
  makeContext(d: Dispatcher, cell: Cell): ActorContext;
  /** A draining cell said it is done, or crashed while draining. */
  drainEnded(d: Dispatcher, cell: Cell): void;
  /** A supervisor is to end as after a crash of its own. */
  exitSupervisor(d: Dispatcher, cell: Cell, reason: ExitReason): void;
  /** A cell is down by itself: its supervisor decides. */
  childExited(d: Dispatcher, cell: Cell): void;
  /** A child that took time to stop has stopped. */
  siblingStopped(d: Dispatcher, parent: Cell, cell: Cell): void;
  retryFailed(d: Dispatcher, supervisor: Cell): void;
}

export interface DispatcherOptions {
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly seed: string;
  readonly sliceMessages: number;
  readonly maxTimersPerActor: number;
  readonly effects: EffectTable;
  readonly trace: Trace;
  readonly deadLetters: DeadLetters;
  readonly onRootExit: (reason: ExitReason) => void;
}

class PendingExit {
  readonly cell: Cell;
  readonly incarnation: number;
  /** Null when the cell has already left its running state. */
  readonly reason: ExitReason | null;

  constructor(cell: Cell, incarnation: number, reason: ExitReason | null) {
    this.cell = cell;
    this.incarnation = incarnation;
    this.reason = reason;
  }
}

const EXIT_CODES: Readonly<Record<ExitReason['kind'], number>> = { normal: 0, shutdown: 1, killed: 2, error: 3 };
/** What `open` answers when there is nothing to step with. */
const NOTHING: unique symbol = Symbol('nothing');
/** What `open` answers when a poison message waits in `poisonMessage`. */
const POISON: unique symbol = Symbol('poison');

/**
 * The one thread of turns. It owns the run queue, the timers and the wishes of the turn under way; cells are
 * data to it. Between two turns all exits are settled first, so nobody's turn comes between a crash and the
 * supervisor's answer.
 */
export class Dispatcher {
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly seed: string;
  readonly effects: EffectTable;
  readonly trace: Trace;
  readonly deadLetters: DeadLetters;
  readonly maxTimersPerActor: number;
  readonly timers = new TimerHeap();
  readonly ops = new TurnOps();
  readonly paths = new Map<string, Cell>();
  readonly names = new Map<string, Cell>();
  readonly topics = new Map<string, Set<Cell>>();
  readonly observers = new Map<string, Set<(message: unknown) => void>>();
  readonly queue = new Fifo<Cell>();
  /** Called when work arrives from outside a run; the wall-clock loop hangs here. */
  onWork: (() => void) | null = null;
  readonly onRootExit: (reason: ExitReason) => void;

  nowUs: number;
  inTurn = false;
  running = false;
  /** Commits on the stack: an exit waits until what the turn asked for is carried out whole. */
  committing = 0;
  current: Cell | null = null;
  currentAsk: Ask | null = null;
  /** Number of the turn under way, over all cells. */
  turn = 0;
  sent = 0;
  handled = 0;
  conflated = 0;
  faults = 0;
  restarts = 0;
  epochs = 0;
  tokens = 0;
  cellNumbers = 0;
  private timerSeq = 0;
  private settling = false;
  private readonly exits = new Fifo<PendingExit>();
  private readonly sliceMessages: number;
  private poisonMessage: unknown = undefined;

  constructor(options: DispatcherOptions) {
    this.hooks = options.hooks;
    this.clock = options.clock;
    this.seed = options.seed;
    this.sliceMessages = options.sliceMessages;
    this.maxTimersPerActor = options.maxTimersPerActor;
    this.effects = options.effects;
    this.trace = options.trace;
    this.deadLetters = options.deadLetters;
    this.onRootExit = options.onRootExit;
    this.nowUs = options.clock.nowUs();
  }

  /** Cell at an absolute path, or holding a registered name. */
  find(path: string): Cell | undefined {
    return path.charCodeAt(0) === 47 ? this.paths.get(path) : this.names.get(path);
  }

  /** A turn, or what a turn asked for, is under way. */
  get busy(): boolean {
    return this.running || this.inTurn || this.committing !== 0;
  }

  /** For calls from outside: the time of the call, which between turns is later than that of the last turn. */
  touch(): void {
    if (!this.busy) this.nowUs = this.clock.nowUs();
  }

  schedule(cell: Cell): void {
    cell.scheduled = true;
    this.queue.push(cell);
    if (this.onWork !== null && !this.running) this.onWork();
  }

  /** Puts a message into the user lane, or says why not. */
  deliver(cell: Cell, message: unknown): SendResult {
    this.sent++;
    const box = cell.mailbox;
    if (cell.state > CellState.draining && !this.takesWhileDown(cell)) return this.refuse(cell, message);
    if (box.conflateKey !== null) return this.conflate(cell, message);
    if (box.count >= box.capacity) return this.overflow(cell, message);
    box.push(message);
    if (!cell.scheduled && cell.state <= CellState.draining) this.schedule(cell);
    return 'delivered';
  }

  /** What `deliver` will answer once the present turn is committed. Reserves the place. */
  reserve(cell: Cell): SendResult {
    const box = cell.mailbox;
    const full = box.count + box.reserved >= box.capacity;
    box.reserved++;
    if (cell.kind !== CellKind.worker || (cell.state > CellState.draining && !this.takesWhileDown(cell))) return 'dead';
    return full && box.overflow !== 'dropOldest' && box.overflow !== 'conflate' ? 'full' : 'delivered';
  }

  /** Puts an envelope into the user lane past the bound; what made it bounds it. */
  force(cell: Cell, envelope: Envelope): void {
    this.sent++;
    if (cell.state > CellState.draining && cell.state !== CellState.down) {
      this.deadLetter(cell.state === CellState.gone ? 'no_such_actor' : 'stopped', cell, contentOf(envelope));
      return;
    }
    cell.mailbox.push(envelope);
    cell.mailbox.specials++;
    if (!cell.scheduled && cell.state <= CellState.draining) this.schedule(cell);
  }

  /** Puts a message of the runtime's own on the system lane. */
  notify(cell: Cell, message: unknown): void {
    this.sent++;
    if (cell.state > CellState.draining && !cell.retained && !cell.undecided) {
      this.deadLetter('stale', cell, contentOf(message));
      return;
    }
    cell.system.push(message);
    if (!cell.scheduled && cell.state <= CellState.draining) this.schedule(cell);
  }

  /** Tells a watcher that an incarnation is over. */
  tell(watcher: Watcher, token: number, path: string, incarnation: number, reason: ExitReason | { readonly kind: 'noproc' }): void {
    if (watcher instanceof Cell) {
      watcher.watching?.delete(token);
      this.notify(watcher, { type: 'runtime.down', token, path, incarnation, reason });
    } else {
      this.guard(null, () => watcher({ path, incarnation, reason }));
    }
  }

  deadLetter(reason: DeadLetterReason, at: Cell | string, message: unknown, cause?: FailureCause): void {
    const path = typeof at === 'string' ? at : at.path;
    this.trace.write(TraceKind.deadLetter, typeof at === 'string' ? 0 : at.number, this.deadLetters.total + 1, this.nowUs);
    this.deadLetters.add(reason, path, message, this.nowUs, cause);
  }

  arm(dueUs: number, cell: Cell | null, key: string, message: unknown, job: TimerJob): Timer {
    const timer = new Timer(dueUs, ++this.timerSeq, cell, key, message, job);
    this.timers.add(timer);
    if (this.onWork !== null && !this.running) this.onWork();
    return timer;
  }

  /** Fires the earliest timer. */
  fire(): void {
    const timer = this.timers.pop();
    if (timer === undefined) return;
    this.trace.write(TraceKind.timer, timer.cell === null ? 0 : timer.cell.number, timer.seq, this.nowUs);
    timer.job.run(timer);
    this.settle();
  }

  /** Runs turns until nothing is queued, or until about `maxTurns` are done. Returns how many messages were handled. */
  run(maxTurns = Infinity): number {
    if (this.busy) return 0;
    this.running = true;
    const before = this.handled;
    try {
      this.settle();
      while (this.handled - before < maxTurns) {
        const cell = this.queue.shift();
        if (cell === undefined) break;
        this.slice(cell);
      }
    } finally {
      this.running = false;
    }
    return this.handled - before;
  }

  /** Runs one slice: at most `sliceMessages` messages of the cell whose turn it is. False when nothing was queued. */
  runSlice(): boolean {
    if (this.busy) return false;
    this.running = true;
    try {
      this.settle();
      const cell = this.queue.shift();
      if (cell === undefined) return false;
      this.slice(cell);
      return true;
    } finally {
      this.running = false;
    }
  }

  /** Ends an incarnation from outside its turn: noted now, carried out between turns. */
  requestExit(cell: Cell, reason: ExitReason): void {
    this.exits.push(new PendingExit(cell, cell.incarnation, reason));
    this.settle();
  }

  /** The cell leaves its running state now; its supervisor decides when the exits are settled. */
  exit(cell: Cell, reason: ExitReason): void {
    this.trace.write(TraceKind.exit, cell.number, EXIT_CODES[reason.kind], this.nowUs);
    if (cell.state === CellState.draining) {
      cell.state = CellState.stopping;
      cell.stopReason = reason.kind === 'normal' ? cell.stopReason : reason;
    } else {
      cell.state = CellState.down;
      cell.undecided = true;
      cell.lastExit = reason;
    }
    this.exits.push(new PendingExit(cell, cell.incarnation, null));
  }

  /** A cell that is already down waits for its supervisor's decision. */
  exited(cell: Cell): void {
    cell.undecided = true;
    this.exits.push(new PendingExit(cell, cell.incarnation, null));
  }

  /** Settles every exit that is waiting. Does nothing inside a turn or inside itself. */
  settle(): void {
    if (this.exits.count === 0 || this.settling || this.inTurn || this.committing !== 0) return;
    this.settling = true;
    try {
      for (let entry = this.exits.shift(); entry !== undefined; entry = this.exits.shift()) this.settleOne(entry);
    } finally {
      this.settling = false;
    }
  }

  /** Runs code that is not the runtime's; what it throws is counted and goes no further. */
  guard(cell: Cell | null, call: () => void): FailureCause | undefined {
    try {
      call();
      return undefined;
    } catch (thrown) {
      this.faults++;
      this.trace.write(TraceKind.fault, cell === null ? 0 : cell.number, this.faults, this.nowUs);
      return toFailureCause(thrown, cell === null ? {} : { path: cell.path, incarnation: cell.incarnation });
    }
  }

  /** Gives an ask its one outcome. */
  answer(ask: Ask, result: AskResult<unknown>): void {
    if (ask.done) return;
    ask.done = true;
    if (ask.timer !== null) this.timers.remove(ask.timer);
    const asker = ask.asker;
    if (asker === null) {
      this.guard(null, () => void ask.toMessage(result as AskResult<never>));
      return;
    }
    asker.asks?.delete(ask);
    if (asker.epoch === ask.epoch) this.force(asker, new AskOutcome(ask, result));
  }

  /** An envelope nobody will open: its ask, if it has one, fails. Returns what to show as the message. */
  discard(message: unknown): unknown {
    if (!(message instanceof Envelope)) return message;
    if (message instanceof AskRequest) this.answer(message.ask, { ok: false, reason: 'down' });
    return contentOf(message);
  }

  private slice(cell: Cell): void {
    this.nowUs = this.clock.nowUs();
    if (cell.kind !== CellKind.worker) {
      cell.scheduled = false;
      this.hooks.retryFailed(this, cell);
      this.settle();
      return;
    }
    const box = cell.mailbox;
    const context = cell.context;
    let left = this.sliceMessages;
    let done = 0;
    this.current = cell;
    this.inTurn = true;
    while (left > 0 && cell.state <= CellState.draining) {
      let message: unknown;
      if (cell.system.length !== 0) {
        message = this.shiftSystem(cell);
      } else if (box.count !== 0) {
        message = box.shift();
        if (box.specials !== 0) message = this.open(cell, message);
        if (message === NOTHING) continue;
      } else {
        break;
      }
      left--;
      this.turn++;
      try {
        if (message === POISON) throw this.takePoison();
        if (message instanceof Envelope) message = this.unfold(cell, message);
        if (message !== NOTHING) cell.value = cell.behaviour.step(cell.value, message, context);
      } catch (thrown) {
        this.failTurn(cell, message, thrown);
        this.inTurn = false;
        this.settle();
        this.current = cell;
        this.inTurn = true;
        continue;
      }
      cell.handled++;
      done++;
      this.trace.write(TraceKind.turn, cell.number, cell.handled, this.nowUs);
      this.currentAsk = null;
      if (this.ops.count !== 0) {
        this.inTurn = false;
        this.hooks.commit(this, 0);
        this.settle();
        this.current = cell;
        this.inTurn = true;
      }
    }
    this.handled += done;
    this.inTurn = false;
    this.current = null;
    if (cell.state <= CellState.draining && cell.queued !== 0) this.queue.push(cell);
    else cell.scheduled = false;
    this.settle();
  }

  private shiftSystem(cell: Cell): unknown {
    const message = cell.system[cell.systemHead];
    cell.system[cell.systemHead++] = undefined;
    if (cell.systemHead === cell.system.length) {
      cell.system.length = 0;
      cell.systemHead = 0;
    }
    return message;
  }

  /** Looks at a message of a mailbox that holds something special. */
  private open(cell: Cell, message: unknown): unknown {
    const box = cell.mailbox;
    if (message instanceof Envelope) {
      box.specials--;
      if (message instanceof Timer) {
        if (cell.timers?.get(message.key) !== message) {
          this.deadLetter('stale_timer', cell, message.message);
          return NOTHING;
        }
        cell.timers.delete(message.key);
        return this.poisonOr(cell, message.message);
      }
      if (message instanceof AskRequest) {
        this.currentAsk = message.ask;
        return this.poisonOr(cell, message.ask.request);
      }
      if (message instanceof AskOutcome && message.ask.epoch !== cell.epoch) {
        this.deadLetter('late_reply', cell, message.result);
        return NOTHING;
      }
      return message;
    }
    return this.poisonOr(cell, message);
  }

  private poisonOr(cell: Cell, message: unknown): unknown {
    if (cell.poisoned === 0) return message;
    cell.poisoned--;
    cell.mailbox.specials--;
    this.poisonMessage = message;
    return POISON;
  }

  private takePoison(): Error {
    return new Error('injected: this message was poisoned');
  }

  /** Makes the message an outcome or a child's end stands for; user code, so inside the turn. */
  private unfold(cell: Cell, envelope: Envelope): unknown {
    if (envelope instanceof AskOutcome) return envelope.ask.toMessage(envelope.result as AskResult<never>);
    if (envelope instanceof ChildEnded) {
      const message = cell.behaviour.childExit?.(envelope.id, envelope.reason);
      return message === undefined ? NOTHING : message;
    }
    return envelope;
  }

  private failTurn(cell: Cell, message: unknown, thrown: unknown): void {
    this.hooks.rollback(this, 0);
    if (cell.savedTurn === this.turn) {
      cell.idCounter = cell.savedId;
      if (cell.savedRandom !== null) cell.random?.load(cell.savedRandom);
      else cell.random = null;
    }
    const poisoned = message === POISON;
    const content = poisoned ? this.poisonMessage : contentOf(message);
    const during = { type: messageType(content), turn: cell.handled + 1 };
    const cause = toFailureCause(thrown, { path: cell.path, incarnation: cell.incarnation, during });
    this.deadLetter('poison', cell, content, cause);
    this.poisonMessage = undefined;
    const ask = this.currentAsk;
    this.currentAsk = null;
    if (cell.behaviour.stateKind === 'mutable' && !poisoned) cell.stateGood = false;
    this.exit(cell, { kind: 'error', cause });
    if (ask !== null) this.answer(ask, { ok: false, reason: 'down' });
  }

  private settleOne(entry: PendingExit): void {
    const cell = entry.cell;
    if (cell.incarnation !== entry.incarnation) return;
    if (entry.reason !== null) {
      if (cell.state > CellState.draining) return;
      if (cell.kind === CellKind.worker) this.exit(cell, entry.reason);
      else this.hooks.exitSupervisor(this, cell, entry.reason);
      return;
    }
    if (cell.state === CellState.stopping) this.hooks.drainEnded(this, cell);
    else if (cell.state === CellState.down && cell.undecided) this.hooks.childExited(this, cell);
  }

  private takesWhileDown(cell: Cell): boolean {
    if (cell.policy.onRestart !== 'keep') return false;
    return cell.state === CellState.down || (cell.state === CellState.stopping && cell.stopMode === StopMode.retain);
  }

  private refuse(cell: Cell, message: unknown): SendResult {
    const waiting = cell.state === CellState.down;
    this.deadLetter(waiting ? 'restarting_drop' : cell.state === CellState.gone ? 'no_such_actor' : 'stopped', cell, message);
    return waiting && cell.policy.onRestart === 'reject' ? 'full' : 'dead';
  }

  private conflate(cell: Cell, message: unknown): SendResult {
    const box = cell.mailbox;
    let key: string | number;
    try {
      key = box.conflateKey!(message as never);
    } catch (thrown) {
      this.deadLetter('unhandled', cell, message, toFailureCause(thrown, { path: cell.path }));
      return 'full';
    }
    if (box.replace(key, message)) {
      this.conflated++;
      return 'delivered';
    }
    if (box.count >= box.capacity) return this.overflow(cell, message);
    box.push(message);
    box.noteKey(key);
    if (!cell.scheduled && cell.state <= CellState.draining) this.schedule(cell);
    return 'delivered';
  }

  private overflow(cell: Cell, message: unknown): SendResult {
    if (cell.kind !== CellKind.worker) {
      this.deadLetter('unhandled', cell, message);
      return 'dead';
    }
    if (cell.mailbox.overflow === 'dropOldest') {
      const oldest = cell.mailbox.evict();
      if (oldest !== undefined) {
        this.deadLetter('mailbox_full', cell, oldest.message);
        cell.mailbox.push(message);
        return 'delivered';
      }
    }
    this.deadLetter('mailbox_full', cell, message);
    if (cell.mailbox.overflow === 'fail') {
      const text = `mailbox is full: ${cell.mailbox.capacity} messages`;
      this.requestExit(cell, { kind: 'error', cause: { name: 'MailboxOverflow', message: text, path: cell.path, incarnation: cell.incarnation } });
    }
    return 'full';
  }
}

/** What an envelope carries, for a dead letter. */
function contentOf(message: unknown): unknown {
  if (message instanceof Timer) return message.message;
  if (message instanceof AskRequest) return message.ask.request;
  if (message instanceof AskOutcome) return message.result;
  if (message instanceof ChildEnded) return { id: message.id, reason: message.reason };
  return message;
}
