import type { Clock } from '../clock/clock.js';
import { Timer, TimerHeap, type TimerJob } from '../clock/timer-heap.js';
import type { DeadLetters } from '../observe/dead-letters.js';
import type { Determinism } from '../observe/determinism.js';
import { Reports } from '../observe/report.js';
import { type Trace, TraceKind } from '../observe/trace.js';
import type { AskResult, DeadLetterReason, ExitReason, FailureCause, SendResult } from '../types.js';
import { type Ask, AskOutcome, AskRequest, ChildEnded } from './asks.js';
import { Cell, NO_NOTICES, type Watcher } from './cell.js';
import { toFailureCause } from './failure.js';
import { Journalled } from './journalled.js';
import { Envelope } from './mailbox.js';
import { OrderedMap } from './ordered-map.js';
import { Fifo } from './run-queue.js';
import { CellKind, CellState, StopMode } from './states.js';

/**
 * Who is where, and how a message gets there: addresses, lanes, timers, dead letters and the run queue. Turns are the
 * dispatcher's, which builds on this.
 */
export abstract class Post {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly deadLetters: DeadLetters;
  /** Puts contents into the hash of the trace; null where only events count. */
  readonly determinism: Determinism | null;
  readonly timers = new TimerHeap();
  readonly paths = new OrderedMap<Cell>();
  readonly names = new Map<string, Cell>();
  readonly topics = new Map<string, Set<Cell>>();
  readonly observers = new Map<string, Set<(message: unknown) => void>>();
  readonly queue = new Fifo<Cell>();
  readonly reports = new Reports();
  /** Called when work arrives from outside a run; the wall-clock loop hangs here. */
  onWork: (() => void) | null = null;
  running = false;
  /** A report or a dead letter waits for those who listen; told when the exits are settled. */
  news = false;
  nowUs: number;
  sent = 0;
  conflated = 0;
  faults = 0;
  private timerSeq = 0;

  constructor(clock: Clock, trace: Trace, deadLetters: DeadLetters, determinism: Determinism | null) {
    this.clock = clock;
    this.trace = trace;
    this.deadLetters = deadLetters;
    this.determinism = determinism;
    this.nowUs = clock.nowUs();
  }

  /** Ends an incarnation from outside its turn. */
  abstract requestExit(cell: Cell, reason: ExitReason): void;

  /** Cell at an absolute path, or holding a registered name. */
  find(path: string): Cell | undefined {
    return path.charCodeAt(0) === 47 ? this.paths.get(path) : this.names.get(path);
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
    if (cell.state > CellState.draining && cell.state !== CellState.down && !this.takesWhileDown(cell)) {
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
    if (cell.system === NO_NOTICES) cell.system = [message];
    else cell.system.push(message);
    if (!cell.scheduled && cell.state <= CellState.draining) this.schedule(cell);
  }

  /** Tells a watcher that an incarnation is over. */
  tell(watcher: Watcher, token: number, path: string, incarnation: number, reason: ExitReason | { readonly kind: 'noproc' }): void {
    if (watcher instanceof Cell) {
      watcher.watching?.delete(token);
      this.notify(watcher, { type: 'runtime.down', token, path, incarnation, reason });
    } else {
      this.tellOutside(watcher, { path, incarnation, reason });
    }
  }

  /** Apart, because who makes a closure pays for it on every path through him. */
  private tellOutside(watcher: Exclude<Watcher, Cell>, down: Parameters<Exclude<Watcher, Cell>>[0]): void {
    this.guard(null, () => watcher(down));
  }

  deadLetter(reason: DeadLetterReason, at: Cell | string, message: unknown, cause?: FailureCause): void {
    const path = typeof at === 'string' ? at : at.path;
    this.trace.write(TraceKind.deadLetter, typeof at === 'string' ? 0 : at.number, this.deadLetters.total + 1, this.nowUs);
    if (this.determinism !== null) this.determinism.message(reason, path, contentOf(message));
    this.deadLetters.add(reason, path, message instanceof Journalled ? message.message : message, this.nowUs, cause);
    if (this.deadLetters.waiting) this.news = true;
  }

  arm(dueUs: number, cell: Cell | null, key: string, message: unknown, job: TimerJob): Timer {
    const timer = new Timer(dueUs, ++this.timerSeq, cell, key, message, job);
    this.timers.add(timer);
    if (this.onWork !== null && !this.running) this.onWork();
    return timer;
  }

  /** Runs code that is not the runtime's; what it throws is counted and goes no further. */
  guard(cell: Cell | null, call: () => void): FailureCause | undefined {
    try {
      call();
      return undefined;
    } catch (thrown) {
      this.faults++;
      // What looks on from outside must not change what is compared.
      if (cell !== null) this.trace.write(TraceKind.fault, cell.number, cell.handled, this.nowUs);
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
    this.force(asker, new AskOutcome(ask, result));
  }

  /** An envelope nobody will open: its ask, if it has one, fails. Returns what to show as the message. */
  discard(message: unknown): unknown {
    if (!(message instanceof Envelope)) return message;
    if (message instanceof AskRequest) this.answer(message.ask, { ok: false, reason: 'down' });
    return contentOf(message);
  }

  /** Whether the cell lives, or keeps what comes while it is down. */
  takes(cell: Cell): boolean {
    return cell.state <= CellState.draining || this.takesWhileDown(cell);
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
export function contentOf(message: unknown): unknown {
  if (message instanceof Timer) return contentOf(message.message);
  if (message instanceof Journalled) return message.message;
  if (message instanceof AskRequest) return message.ask.request;
  if (message instanceof AskOutcome) return message.result;
  if (message instanceof ChildEnded) return { id: message.id, reason: message.reason };
  return message;
}
