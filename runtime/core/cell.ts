import type { Timer } from '../clock/timer-heap.js';
import type { DurableActor } from '../durable/actor.js';
import type { Random } from '../random.js';
import type { SupervisorState } from '../supervision/supervisor-state.js';
import type { ChildPolicy } from '../supervision/policy.js';
import type { ActorContext, ActorRef, Behaviour, ChildSpec, ExitReason } from '../types.js';
import type { Ask } from './asks.js';
import type { GroupTies } from './groups.js';
import type { Idle } from './idle.js';
import type { Mailbox } from './mailbox.js';
import type { OrderedMap } from './ordered-map.js';
import type { PendingStart } from './pending-start.js';
import type { SnapshotEffect } from './snapshot.js';
import { CellKind, CellState, StopMode } from './states.js';
import type { TokenMap } from './token-map.js';

let cellOf: (ref: Ref) => Cell | null;
let bind: (ref: Ref, cell: Cell | null) => void;

/** The runtime's own reference: an address with the cell it last resolved to. */
export class Ref implements ActorRef {
  readonly path: string;
  #cell: Cell | null;

  constructor(path: string, cell: Cell | null) {
    this.path = path;
    this.#cell = cell;
  }

  static {
    cellOf = (ref) => ref.#cell;
    bind = (ref, cell) => {
      ref.#cell = cell;
    };
  }

  toJSON(): { path: string } {
    return { path: this.path };
  }
}
export { bind as bindRef, cellOf };

/** Someone to tell that an incarnation ended: a cell (on its system lane) or code outside the tree. */
export type Watcher = Cell | ((down: { readonly path: string; readonly incarnation: number; readonly reason: ExitReason | { readonly kind: 'noproc' } }) => void);

/** What a cell's generator and counter were at the beginning of the last turn that drew from them. */
export interface Draws {
  turn: number;
  id: number;
  random: Int32Array | null;
}

const NEVER: ExitReason = { kind: 'normal' };
/** The system lane of everyone who has none yet; frozen, so that nothing can be put into it. */
export const NO_NOTICES: unknown[] = Object.freeze([]) as unknown as unknown[];
const NO_CELLS: readonly Cell[] = [];

/**
 * One address in the tree: an actor or a supervisor, over all its incarnations. Everything the runtime knows
 * about it is here, every field set by the constructor so that all cells have one shape.
 */
export class Cell {
  readonly number: number;
  readonly path: string;
  readonly id: string;
  readonly kind: CellKind;
  readonly self: Ref;
  parent: Cell | null;
  spec: ChildSpec;
  policy: ChildPolicy;
  behaviour: Behaviour<unknown, unknown, unknown>;
  context: ActorContext;
  readonly mailbox: Mailbox;

  state: CellState = CellState.stopped;
  incarnation = 0;
  /** Unique per fresh start in the whole runtime; kept by a restart with the last good state. */
  epoch = 0;
  value: unknown = undefined;
  /** False before `init` and after a throw inside a turn that changes its state in place. */
  stateGood = false;
  /** Down with its state kept: the next start resumes it. */
  retained = false;
  /** Down, and nobody has decided yet what becomes of it. */
  undecided = false;
  scheduled = false;
  /** Running, but neither lane is read. `parked`: taken out of the run queue meanwhile, though `scheduled`. */
  suspended = false;
  /** Suspended, or watched for idleness: to be looked at before a slice. */
  gated = false;
  parked = false;
  handled = 0;
  restarts = 0;
  poisoned = 0;
  startedAtUs = 0;
  lastExit: ExitReason | null = null;

  /** System lane: unbounded, read before the mailbox. `systemHead` = first unread. */
  system: unknown[] = NO_NOTICES;
  systemHead = 0;

  timers: Map<string, Timer> | null = null;
  asks: Set<Ask> | null = null;
  children: OrderedMap<Cell> | null = null;
  /** Who watches this incarnation, by token. */
  watchers: TokenMap<Watcher> | null = null;
  /** What this incarnation watches, by token. */
  watching: TokenMap<Cell> | null = null;
  topics: Set<string> | null = null;
  names: string[] | null = null;
  ties: GroupTies | null = null;

  /** Stashed and deferred messages, oldest first. */
  stash: unknown[] | null = null;
  /** Effects whose handlers answered 'pending', by key. */
  effects: Map<string, SnapshotEffect> | null = null;

  idle: Idle | null = null;

  /** Stands between the journal and this cell; null for almost everybody. */
  durable: DurableActor | null = null;

  random: Random | null = null;
  idCounter = 0;
  /** Null until it has drawn. */
  draws: Draws | null = null;

  /** Consecutive restarts without a stable run between them. */
  attempt = 0;
  restartTimer: Timer | null = null;
  /** A restart whose start failed waits for the supervisor's next slice. */
  retryQueued = false;
  quarantined = false;
  /** A start that goes on after `init`; the state is `starting` as long. */
  pendingStart: PendingStart | null = null;

  stopMode: StopMode = StopMode.final;
  stopReason: ExitReason = NEVER;
  /** The stop in progress is the end of a giving-up supervisor: its parent decides as after a crash. */
  exitAfterStop = false;
  stopTimer: Timer | null = null;

  readonly supervision: SupervisorState | null;

  constructor(
    number: number, path: string, id: string, kind: CellKind, parent: Cell | null, spec: ChildSpec, policy: ChildPolicy,
    behaviour: Behaviour<unknown, unknown, unknown>, mailbox: Mailbox, supervision: SupervisorState | null,
    makeContext: (cell: Cell) => ActorContext,
  ) {
    this.number = number;
    this.path = path;
    this.id = id;
    this.kind = kind;
    this.parent = parent;
    this.spec = spec;
    this.policy = policy;
    this.behaviour = behaviour;
    this.mailbox = mailbox;
    this.supervision = supervision;
    this.self = new Ref(path, this);
    this.context = makeContext(this);
  }

  /** Its children, the last one first; a copy, because most who ask are about to stop them. */
  get childrenLastFirst(): readonly Cell[] {
    return this.children === null || this.children.size === 0 ? NO_CELLS : this.children.valuesLastFirst();
  }

  get queued(): number {
    return this.mailbox.count + this.system.length - this.systemHead;
  }
}
