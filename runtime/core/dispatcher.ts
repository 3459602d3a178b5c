import { Timer } from '../clock/timer-heap.js';
import { TraceKind } from '../observe/trace.js';
import type { DurableHost } from '../durable/host.js';
import type { Probes } from '../probe/probes.js';
import { SpecMemory } from '../supervision/spec-memory.js';
import type { ActorContext, AskResult, ExitReason } from '../types.js';
import type { AskChains } from './ask-chains.js';
import { type Ask, AskOutcome, AskRequest, ChildEnded } from './asks.js';
import type { Cell } from './cell.js';
import type { EffectTable } from './effects.js';
import { messageType, toFailureCause } from './failure.js';
import type { DispatcherOptions, Hooks } from './hooks.js';
import { wake } from './idle.js';
import { Groups } from './groups.js';
import type { Intake } from './intake.js';
import { Envelope } from './mailbox.js';
import { PendingExit } from './pending-exit.js';
import type { PermanentWatches } from './permanent.js';
import { contentOf, Post } from './post.js';
import { refusePromise } from './refuse-promise.js';
import { Fifo } from './run-queue.js';
import type { SnapshotEnvelope } from './snapshot.js';
import { CellKind, CellState } from './states.js';
import { NO_ASK, setAside } from './stash.js';
import type { StartWishes } from './start-wishes.js';
import type { Task } from './tasks.js';
import { TurnOps } from './turn-ops.js';

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
export class Dispatcher extends Post {
  readonly hooks: Hooks;
  readonly seed: string;
  readonly effects: EffectTable;
  readonly maxTimersPerActor: number;
  readonly ops = new TurnOps();
  readonly specs = new SpecMemory();
  /** One function for all cells. */
  readonly makeContext = (cell: Cell): ActorContext => this.hooks.makeContext(this, cell);
  readonly groups = new Groups();
  /** Of the children of a cell that stop all at once, one of those still at it. */
  readonly awaited = new WeakMap<Cell, Cell>();
  /** Children that are tasks of their parents; null until there is one. */
  tasks: Map<Cell, Task> | null = null;
  readonly onRootExit: (reason: ExitReason) => void;

  inTurn = false;
  /** Commits on the stack: an exit waits until what the turn asked for is carried out whole. */
  committing = 0;
  current: Cell | null = null;
  currentAsk: Ask | null = null;
  /** The `init` or restore of `current` is on the stack; what that init said about its start, and the info of the last start. */
  initialises = false;
  startWishes: StartWishes | null = null;
  startInfo: unknown = undefined;
  /** Asked for the envelope a worker's fresh start begins from; null begins with `init`, a throw is a start that failed. */
  recover: ((cell: Cell) => SnapshotEnvelope | null) | null = null;
  /** Who wants to know when an address is gone for good; null while nobody does. */
  permanent: PermanentWatches | null = null;
  /** Sources that wait for room in a mailbox; null until one has waited. */
  intakes: Set<Intake<never>> | null = null;
  /** Watches for questions that go round in a circle; null unless asked for. */
  askChains: AskChains | null = null;
  /** The durable actors; null without a journal. */
  durable: DurableHost | null = null;
  /** Who watches single actors closely; null until somebody has asked. A probed cell has another behaviour, nothing here knows. */
  probes: Probes | null = null;
  /** Told of every moment between two turns, see `RuntimeOptions.onRest`; null while nobody looks. */
  onRest: (() => void) | null = null;
  /** Tells the effects of a stop hook or a restore from those of the last turn, in their keys. */
  keyPart = '';
  /** Number of the turn under way, over all cells. */
  turn = 0;
  handled = 0;
  /** Turns that set their message aside, or tried to. */
  setAside = 0;
  /** The turn that is being committed wants its message set aside: the ask it came with, or `NO_ASK`. */
  stashing: Ask | typeof NO_ASK | null = null;
  /** Something is left to do after a commit, see `finish`. */
  unfinished = false;
  restarts = 0;
  epochs = 0;
  tokens = 0;
  cellNumbers = 0;
  private settling = false;
  private readonly exits = new Fifo<PendingExit>();
  private readonly sliceMessages: number;
  private poisonMessage: unknown = undefined;

  constructor(options: DispatcherOptions) {
    super(options.clock, options.trace, options.deadLetters, options.determinism);
    this.hooks = options.hooks;
    this.seed = options.seed;
    this.sliceMessages = options.sliceMessages;
    this.maxTimersPerActor = options.maxTimersPerActor;
    this.effects = options.effects;
    this.onRootExit = options.onRootExit;
  }

  /** A turn, or what a turn asked for, is under way. */
  get busy(): boolean {
    return this.running || this.inTurn || this.committing !== 0;
  }

  /** For calls from outside: the time of the call, which between turns is later than that of the last turn. */
  touch(): void {
    if (!this.busy) this.nowUs = this.clock.nowUs();
  }

  /** Fires the earliest timer. */
  fire(): void {
    const timer = this.timers.pop();
    if (timer === undefined) return;
    this.trace.write(TraceKind.timer, timer.cell === null ? 0 : timer.cell.number, timer.seq, this.nowUs);
    timer.job.run(timer);
    this.settle();
    if (this.onRest !== null && !this.busy) this.onRest();
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
        if (cell !== undefined) this.slice(cell);
        else if (this.durable === null || !this.durable.idle()) break;
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
      if (cell === undefined) return this.durable !== null && this.durable.idle();
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
      // A task that finishes after its deadline, while it is being stopped.
      if (this.tasks !== null && this.tasks.has(cell) && reason.kind === 'normal' && reason.output !== undefined) this.lateReply(cell, reason.output);
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

  /** The start of a cell is finished; its supervisor goes on when the exits are settled. */
  startSettled(cell: Cell): void {
    this.exits.push(new PendingExit(cell, cell.incarnation, null));
  }

  /** Settles every exit that is waiting. Does nothing inside a turn or inside itself. */
  settle(): void {
    if ((this.exits.count === 0 && !this.news && (this.permanent === null || !this.permanent.waiting)) || this.settling || this.inTurn || this.committing !== 0) return;
    this.settling = true;
    try {
      for (let entry = this.exits.shift(); entry !== undefined; entry = this.exits.shift()) this.settleOne(entry);
    } finally {
      this.settling = false;
    }
    if (this.permanent !== null) this.permanent.review(this);
    if (!this.news) return;
    this.news = false;
    if (this.reports.waiting) this.reports.deliver(this);
    if (this.deadLetters.waiting) this.deadLetters.tell();
    if (this.intakes !== null) for (const intake of [...this.intakes]) intake.review();
  }

  private lateReply(cell: Cell, value: unknown): void {
    this.sent++;
    this.deadLetter('late_reply', cell, value);
  }

  private slice(cell: Cell): void {
    this.nowUs = this.clock.nowUs();
    if (cell.kind !== CellKind.worker) {
      cell.scheduled = false;
      this.hooks.retryFailed(this, cell);
      this.settle();
      return;
    }
    if (cell.gated && !this.opens(cell)) return;
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
        if (message !== NOTHING) {
          const next = cell.behaviour.step(cell.value, message, context);
          if (next !== cell.value) {
            // What only awaits like a promise is looked for in the first turn: to ask every new state for `then` costs a turn a twentieth.
            if (next instanceof Promise || cell.handled === 0) refusePromise(next, cell.behaviour.name, 'step');
            cell.value = next;
          }
        }
      } catch (thrown) {
        this.failTurn(cell, message, thrown);
        this.inTurn = false;
        this.settle();
        if (this.onRest !== null) this.rest();
        this.current = cell;
        this.inTurn = true;
        continue;
      }
      cell.handled++;
      done++;
      this.trace.write(TraceKind.turn, cell.number, cell.handled, this.nowUs);
      if (this.determinism !== null) this.determinism.turn(cell, contentOf(message));
      this.currentAsk = null;
      if (this.ops.count !== 0) {
        this.inTurn = false;
        this.hooks.commit(this, 0);
        if (this.unfinished && !this.finish(cell, message)) left = 0;
        this.settle();
        this.current = cell;
        this.inTurn = true;
      }
      if (this.onRest !== null) {
        this.inTurn = false;
        this.rest();
        this.current = cell;
        this.inTurn = true;
      }
    }
    this.handled += done;
    this.inTurn = false;
    this.current = null;
    if (this.intakes !== null) this.news = true;
    if (cell.state <= CellState.draining && cell.queued !== 0) this.queue.push(cell);
    else cell.scheduled = false;
    this.settle();
  }

  /** A turn is done with all that it asked for. Whoever looks sees the tree as one finds it from outside; what it throws leaves it so. */
  private rest(): void {
    this.current = null;
    this.onRest!();
  }

  /** Takes back the ids and random numbers this turn has drawn. */
  undraw(cell: Cell): void {
    const { draws } = cell;
    if (draws === null || draws.turn !== this.turn) return;
    cell.idCounter = draws.id;
    if (draws.random !== null) cell.random?.load(draws.random);
    else cell.random = null;
  }

  /** Commits what was asked for outside a message's turn; `part` tells its effects' keys from those of the last turn. */
  commitAs(mark: number, part: string): void {
    const outer = this.keyPart;
    this.keyPart = part;
    this.hooks.commit(this, mark);
    this.keyPart = outer;
  }

  /** After a turn's commit: sets its message aside if it wants that. False when the cell has been suspended. */
  private finish(cell: Cell, message: unknown): boolean {
    this.unfinished = false;
    if (this.stashing !== null) setAside(this, cell, message, this.stashing);
    this.stashing = null;
    return !cell.suspended;
  }

  /**
   * Whether a cell that is suspended or watched for idleness gets its turn. An idle one's state is brought back; where that fails the
   * cell has ended.
   */
  private opens(cell: Cell): boolean {
    if (cell.suspended) {
      // It stays `scheduled`, so that nothing puts it into the queue; see `resume`.
      cell.parked = true;
      return false;
    }
    // One that waits for its supervisor stays away: no code of it runs.
    const cause = cell.state > CellState.draining ? null : wake(this, cell);
    if (cause === null && cell.state <= CellState.draining) return true;
    cell.scheduled = false;
    if (cause !== null) this.exit(cell, { kind: 'error', cause });
    this.settle();
    return false;
  }

  private shiftSystem(cell: Cell): unknown {
    const lane = cell.system;
    const message = lane[cell.systemHead];
    // `pop` keeps the array's room, a length of 0 does not.
    if (lane.length === 1) {
      lane.pop();
      return message;
    }
    lane[cell.systemHead++] = undefined;
    if (cell.systemHead === lane.length) {
      lane.length = 0;
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
    if (envelope instanceof AskOutcome) {
      const message = envelope.ask.toMessage(envelope.result as AskResult<never>);
      refusePromise(message, cell.behaviour.name, 'the message made of an outcome');
      return message;
    }
    if (envelope instanceof ChildEnded) {
      const message = cell.behaviour.childExit?.(envelope.id, envelope.reason);
      refusePromise(message, cell.behaviour.name, 'childExit');
      return message === undefined ? NOTHING : message;
    }
    return envelope;
  }

  private failTurn(cell: Cell, message: unknown, thrown: unknown): void {
    this.hooks.rollback(this, 0);
    this.undraw(cell);
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
    else if (cell.state === CellState.starting && cell.pendingStart?.finished === true) this.hooks.startFinished(this, cell);
  }

}
