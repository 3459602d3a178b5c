import { KERNEL_PATH } from '../../actors/index.js';
import type { KernelPort, RecordsMessage, TimeMessage } from '../../actors/market/index.js';
import { Flag, Kind, KIND_MASK, TAG, WORDS_I } from '../../data/records/index.js';
import type { Runtime } from '../../runtime/index.js';
import { isLaneFault } from './fault-spec.js';
import type { ActorFault, LaneFault } from './fault-spec.js';
import type { InputChunk, InputSource } from './faulted-source.js';

/** Where the inputs went: inputs = processed + gapped + deadLettered, once the session is finished. */
export interface InputCounts {
  readonly inputs: number;
  readonly processed: number;
  /** Gap records, injected drops and overflows, and depth records refused because their book was not LIVE. */
  readonly gapped: number;
  /** Records whose message the kernel could not handle. */
  readonly deadLettered: number;
  /** Sequence ids that gap records say are missing, and inputs that were dropped. */
  readonly missing: number;
  readonly invalid: number;
  readonly backwardStamps: number;
}

/** A message's `clockUs` while nobody has read it. */
const UNREAD = -1;

const freshMessage = (): RecordsMessage => ({
  type: 'records', F: new Float64Array(0), I: new Int32Array(0), from: 0, to: 0, untilUs: Infinity, mute: false, next: 0, clockUs: 0, stalled: false,
});

/**
 * Drives a tree over a tape: the only place that moves the virtual clock.
 *
 * One round: the kernel takes records until one of them makes an edge, or a timer is due first, or the stretch
 * ends; the clock moves to the last record taken; then everybody who got a message has their turns. So an edge
 * takes effect at its record and before the next one, and a timer fires at its due time between two records.
 */
export class ReplaySession {
  /** Tape clock of the last record taken, or of what was told between two, µs; 0 before the first. */
  clockUs = 0;
  /** Nothing more will come: the tape has ended, or the root supervisor has given up. */
  ended = false;
  /** Warming up: records are taken, edges are told to nobody. */
  mute = false;
  /** The last `advance` stopped because lanes are not done: let the main loop turn, then go on. */
  stalled = false;
  /** A kernel that an operator stopped may be started again: wait for it instead of ending. */
  patient = false;
  /** Hears of a fault before an actor is struck by it. */
  onStrike: (fault: ActorFault) => void = () => {};
  /** Hears when the kernel has done something that was due between two records, before anybody hears what came of it. */
  onDue: (atUs: number) => void = () => {};

  readonly #runtime: Runtime;
  readonly #source: InputSource;
  /** The kernel of every incarnation, oldest first. */
  readonly #kernels: readonly KernelPort[];
  #message = freshMessage();
  readonly #time: TimeMessage = { type: 'time', us: 0, untilUs: Infinity, clockUs: UNREAD };
  readonly #strikeLane: ((fault: LaneFault) => void) | undefined;
  #deadLettered = 0;
  #chunk: InputChunk | undefined;
  #at = 0;
  #strike = 0;
  /** The last record taken has more of its depth message to follow: nobody sees half of one. */
  #insideMessage = false;
  /** The kernel takes no time: it is not there, or held up. */
  #timeless = false;
  #poisonsKernel = false;
  #threw = false;
  /** `queued`: the stretch lies in the mailbox of a kernel that takes nothing, suspended or backing off. `absent`: there is no kernel. */
  #held: 'no' | 'queued' | 'absent' = 'no';

  constructor(runtime: Runtime, source: InputSource, kernels: readonly KernelPort[], strikeLane?: (fault: LaneFault) => void) {
    this.#strikeLane = strikeLane;
    this.#runtime = runtime;
    this.#source = source;
    this.#kernels = kernels;
    runtime.onDeadLetter((letter) => {
      if (letter.message !== this.#message) return;
      if (letter.reason !== 'poison') {
        // It went with its mailbox: nobody saw it, so it is to be sent again.
        this.#held = 'absent';
        return;
      }
      this.#deadLettered++;
      this.#message.next++;
      this.#threw = true;
    });
  }

  /** The last record taken has more of its depth message to follow. */
  get insideMessage(): boolean {
    return this.#insideMessage;
  }

  /** Goes on where another session stood. */
  goOn({ insideMessage }: { readonly insideMessage: boolean }): void {
    this.#insideMessage = insideMessage;
    this.clockUs = this.kernel.clockUs;
  }

  /** Nobody takes the next records, because of an operator: the tape stands still. */
  get waiting(): boolean {
    return this.#held !== 'no';
  }

  /** Inputs taken so far. */
  get taken(): number {
    return this.#source.inputs - (this.#chunk === undefined ? 0 : this.#chunk.batch.length - this.#at);
  }

  /** The kernel that is alive. */
  get kernel(): KernelPort {
    return this.#kernels.at(-1)!;
  }

  /** Takes records whose clock is before `beforeUs`, about `limit` of them. True when it stopped because of `beforeUs`. */
  advance(limit: number, beforeUs = Infinity): boolean {
    let taken = 0;
    this.stalled = false;
    while (taken < limit && !this.stalled && this.#load()) {
      const chunk = this.#chunk!;
      this.#strikeActors(chunk);
      if (this.#at >= chunk.batch.length) continue;
      const before = this.#at;
      if (this.#round(chunk, beforeUs)) return true;
      taken += this.#at - before;
    }
    return false;
  }

  /**
   * The time of the next thing that is due without a record: a timer, or what the kernel is to do between two records. Infinity where
   * there is none.
   */
  get nextDueUs(): number {
    return Math.min(this.#runtime.nextTimerUs(), this.#controlUs);
  }

  get #controlUs(): number {
    return this.#insideMessage || this.#timeless ? Infinity : this.kernel.nextControlUs;
  }

  /**
   * No record with an earlier stamp than `us` will come: does what is due by then, each at its own time, in the order in which the next
   * record would have it done.
   */
  advanceTo(us: number): void {
    const runtime = this.#runtime;
    runtime.drain();
    while (this.nextDueUs <= us && runtime.ended === null) {
      const timerUs = runtime.nextTimerUs();
      // One at a time: what it sends may be due before the next.
      if (timerUs <= this.#controlUs) runtime.advanceTo(timerUs);
      else this.#passTime(us, timerUs);
    }
    runtime.advanceTo(us);
  }

  #passTime(us: number, untilUs: number): void {
    const runtime = this.#runtime;
    const time = this.#time;
    time.us = us;
    time.untilUs = untilUs;
    time.clockUs = UNREAD;
    // One that is gone or held up lets its time pass until it takes a record again.
    this.#timeless = runtime.stateOf(KERNEL_PATH) !== 'running' || runtime.send(KERNEL_PATH, time) !== 'delivered';
    if (this.#timeless) return;
    runtime.drain(1);
    this.#moveTo(time.clockUs);
    this.#tellDue();
    runtime.drain();
  }

  /** Edges of a record have its number, those of what was due that of the record that comes next. */
  #tellDue(): void {
    const { edges, seq } = this.kernel;
    if (edges.length > 0 && edges[0]!.seq > seq) this.onDue(this.clockUs);
  }

  /** Gives up what is left of the stretch under way, which no kernel takes; returns how many records that are. */
  abandon(): number {
    const left = this.#chunk === undefined ? 0 : this.#chunk.batch.length - this.#at;
    if (this.#held === 'queued') {
      // It lies in a mailbox still: whoever gets it is to find nothing in it.
      this.#message.to = this.#message.from;
      this.#message = freshMessage();
      this.#held = 'absent';
    }
    this.#at += left;
    return left;
  }

  /** Ends a warm-up: from here on edges are told, beginning with how things stand. */
  unmute(): void {
    this.mute = false;
    this.#runtime.send(KERNEL_PATH, { type: 'retell' });
    this.#runtime.drain();
  }

  /** The input is over: what still waits in a book is decided, everybody's last messages are handled. */
  finish(): void {
    this.ended = true;
    this.#runtime.send(KERNEL_PATH, { type: 'finish' });
    this.#runtime.drain();
  }

  counts(): InputCounts {
    let processed = 0;
    // What an overflow took is missing too, but gap records say so.
    let gapped = this.#source.dropped + this.#source.lost;
    let missing = this.#source.dropped;
    let invalid = 0;
    let backwardStamps = 0;
    for (const kernel of this.#kernels) {
      const counted = kernel.counters();
      processed += counted.processed;
      // What an earlier incarnation still held back for a snapshot was never applied.
      gapped += counted.gapped + counted.waiting;
      missing += counted.missing;
      invalid += counted.invalid;
      backwardStamps += counted.backwardStamps;
    }
    return { inputs: this.taken, processed, gapped, deadLettered: this.#deadLettered + this.kernel.skipped, missing, invalid, backwardStamps };
  }

  #load(): boolean {
    while (!this.ended && (this.#chunk === undefined || (this.#at >= this.#chunk.batch.length && this.#strike >= this.#chunk.strikes.length))) {
      this.#chunk = this.#source.next();
      this.#at = this.#chunk?.from ?? 0;
      this.#strike = 0;
      if (this.#chunk !== undefined) continue;
      if (this.#source.endless === true) break;
      this.ended = true;
    }
    if (this.#runtime.ended !== null) this.ended = true;
    return !this.ended && this.#chunk !== undefined;
  }

  #moveTo(us: number): void {
    if (us <= this.clockUs) return;
    this.clockUs = us;
    this.#runtime.moveTo(us);
  }

  #strikeActors(chunk: InputChunk): void {
    for (let strike = chunk.strikes[this.#strike]; strike !== undefined && strike.before <= this.#at; strike = chunk.strikes[++this.#strike]) {
      const { fault } = strike;
      if (isLaneFault(fault)) {
        this.#strikeLane?.(fault);
        continue;
      }
      this.onStrike(fault);
      const { kind, path } = fault;
      if (kind === 'crash') this.#runtime.crash(path, new Error('injected by --fault'));
      else if (this.#runtime.poison(path)) this.#poisonsKernel ||= path === KERNEL_PATH;
      this.#runtime.drain();
    }
  }

  /** Sends the kernel the next stretch; false when there is none to send it to. */
  #offer(chunk: InputChunk, untilUs: number): boolean {
    const message = this.#message;
    const strike = chunk.strikes[this.#strike];
    message.F = chunk.batch.F;
    message.I = chunk.batch.I;
    message.from = this.#at;
    message.next = this.#at;
    // A poison takes the one record it strikes, not the stretch that happens to follow.
    message.to = this.#poisonsKernel ? this.#at + 1 : strike === undefined ? chunk.batch.length : strike.before;
    message.untilUs = untilUs;
    message.mute = this.mute;
    message.clockUs = UNREAD;
    message.stalled = false;
    this.#poisonsKernel = false;
    this.#threw = false;
    return this.#runtime.send(KERNEL_PATH, message) === 'delivered';
  }

  /** No kernel: true to wait for one, false at the end. */
  #withoutKernel(): boolean {
    this.ended = !this.patient || this.#runtime.ended !== null;
    this.#held = 'absent';
    return !this.ended;
  }

  /** The stretch lies in the kernel's mailbox. True: nothing happens until somebody outside does something. */
  #waitForKernel(): boolean {
    this.#held = 'queued';
    // One that backs off needs time to pass.
    if (this.#runtime.stateOf(KERNEL_PATH) !== 'restarting' || this.#runtime.nextTimerUs() === Infinity) return true;
    this.#runtime.advanceTo(this.#runtime.nextTimerUs());
    return false;
  }

  /** One message to the kernel and the turns that follow from it. True when the next record is not before `beforeUs`. */
  #round(chunk: InputChunk, beforeUs: number): boolean {
    const runtime = this.#runtime;
    const message = this.#message;
    const timerUs = runtime.nextTimerUs();
    // Asked first, so that a kernel that is gone is not sent a dead letter at every look.
    if (this.#held === 'absent' && runtime.stateOf(KERNEL_PATH) !== 'running') return this.#withoutKernel();
    if (this.#held !== 'queued' && !this.#offer(chunk, Math.min(timerUs, beforeUs))) return this.#withoutKernel();
    this.#held = 'no';
    runtime.drain(1);
    if (message.clockUs === UNREAD && !this.#threw) return this.waiting || this.#waitForKernel();
    this.#at = message.next;
    if (this.#at > message.from) this.#insideMessage = continues(message.I, this.#at - 1);
    this.#timeless = false;
    this.#moveTo(message.clockUs);
    this.#tellDue();
    runtime.drain();
    this.stalled = message.stalled;
    if (this.stalled || this.#at >= message.to || this.#threw || this.kernel.edges.length > 0) return false;
    // It stopped short without an edge: the next record waits for a timer, or for whoever paces us.
    if (timerUs > beforeUs) return true;
    runtime.advanceTo(timerUs);
    return false;
  }
}

/** Whether the record is of a depth message, and not its last. */
function continues(I: Int32Array, record: number): boolean {
  const tag = I[record * WORDS_I + TAG]!;
  const kind = tag & KIND_MASK;
  return (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) && (tag & Flag.LAST) === 0;
}
