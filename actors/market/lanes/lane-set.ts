/**
 * Lanes as whoever feeds them sees them: which symbol is whose, what marks a record needs on its way, and what the lanes
 * have said of themselves. How their answers are merged is what LaneGroup (in order) and LiveLanes (as they come) add.
 */
import * as layout from '../../../data/records/layout.js';
import type { Control } from '../control-queue.js';
import type { KernelFacts, SymbolFacts } from '../facts.js';
import type { KernelCounters } from '../kernel-port.js';
import { mergeSnapshots } from '../snapshot.js';
import { LaneFeed } from './lane-feed.js';
import type { LaneConnection } from './lane-feed.js';
import { controlSlots, Mark, putControlPart } from './marks.js';
import type { PlacedControl } from './marks.js';

// V8 does not fold imported constants.
const { EXCH_US, RECV_US, SEQ, SYMBOL_SHIFT, TAG } = layout;

export interface LaneSetOptions {
  /** Lane of each symbol index. */
  readonly assignment: readonly number[];
  readonly lanes: number;
  /** Slots of input between two checkpoints of a lane. */
  readonly checkpointEvery: number;
}

/** Where a control stands in its lane's input. */
export interface Placed {
  readonly lane: number;
  readonly position: number;
}

export class LaneSet {
  readonly feeds: readonly LaneFeed[];
  private laneOf: Int32Array;
  /** Tape clock of each lane, as its kernel has it after everything handed to it. */
  private readonly laneClocks: Float64Array;
  /** Records handed out since the beginning: a record's ordinal is its place in the stream. */
  protected routed = 0;
  /** Tape clock and sequence number of the last one. */
  protected routeClockUs = 0;
  protected routeSeq = -1;
  private finishing = false;

  constructor({ assignment, lanes, checkpointEvery }: LaneSetOptions) {
    this.feeds = Array.from({ length: lanes }, (_, lane) => new LaneFeed(checkpointEvery, (symbol) => this.laneOf[symbol] === lane));
    this.laneClocks = new Float64Array(lanes);
    this.laneOf = Int32Array.from(assignment);
  }

  /** Connects lane `lane` to a thread that begins where `startOf(lane)` says. */
  connect(lane: number, connection: LaneConnection): void {
    this.feeds[lane]!.connect(connection);
  }

  /** Every lane has its thread. */
  get connected(): boolean {
    return this.feeds.every((feed) => feed.connected);
  }

  get skipped(): number {
    return this.feeds.reduce((sum, feed) => sum + feed.skipped, 0);
  }

  /** Lanes apply controls before records alone. */
  readonly nextControlUs = Infinity;
  passTime(): void {}

  /** Records that throw do so in their lanes, which count them. */
  disown(): void {}

  retell(): void {
    this.toAll(Mark.RETELL);
  }

  /** No record will follow. `finished` says when the lanes have taken note. */
  finish(): void {
    if (this.finishing) return;
    this.finishing = true;
    this.toAll(Mark.FINISH);
  }

  /** Looks for what is missing to be finished; true when nothing is. */
  settle(): boolean {
    for (const feed of this.feeds) {
      feed.send();
      feed.poll();
    }
    return this.feeds.every((feed) => feed.finished);
  }

  /** Asks every lane for its state; `quiet` says when all have given it and nothing is under way. */
  requestCheckpoints(): void {
    for (const feed of this.feeds) feed.requestCheckpoint();
  }

  /** The checkpoint of every lane is its state as it is: nothing was handed out since. */
  get quiet(): boolean {
    return this.feeds.every((feed) => feed.checkpoint !== null && feed.tape.begin === feed.tape.end);
  }

  /**
   * Deals the symbols anew. Each lane's thread must then be restarted: it begins with the states of its new symbols.
   * @throws Error unless `quiet`, or when a lane would not be there.
   */
  reassign(assignment: readonly number[]): void {
    if (!this.quiet) throw new Error('lanes can be dealt anew only when all have given their state and nothing was handed out since');
    if (assignment.some((lane) => !(lane >= 0 && lane < this.feeds.length))) throw new Error(`a symbol was given to a lane that is not there: there are ${this.feeds.length}`);
    const whole = mergeSnapshots(this.feeds.map(({ checkpoint }) => checkpoint!));
    for (const feed of this.feeds) feed.checkpoint = whole;
    this.laneOf = Int32Array.from(assignment);
    this.laneClocks.fill(whole.clockUs);
  }

  /** Asks every lane for its facts; they are in `facts` some time later. */
  requestFacts(): void {
    this.toAll(Mark.FACTS);
  }

  /** The latest facts of a symbol; undefined before the first. */
  facts(symbol: number): SymbolFacts | undefined {
    return this.feeds[this.lane(symbol)]!.facts?.symbols.find(({ index }) => index === symbol);
  }

  /** Makes a lane stand still for `ms` of wall time, here. */
  stall(lane: number, ms: number): void {
    this.feeds[lane]?.mark(Mark.STALL, this.routed, this.routeSeq + 1, 0, ms);
  }

  /** Sums of the lanes' latest facts. */
  counters(): KernelCounters {
    return countsOf(this.feeds);
  }

  protected lane(symbol: number): number {
    const lane = this.laneOf[symbol];
    // A stranger's record is refused and counted by whoever gets it.
    return lane === undefined || lane >= this.feeds.length ? 0 : lane;
  }

  /** The tape clock that record `n`, the next to be routed, has. */
  protected clockOf(F: Float64Array, n: number): number {
    const recv = F[n * 8 + RECV_US]!;
    const stamp = recv > 0 ? recv : F[n * 8 + EXCH_US]!;
    return stamp > this.routeClockUs && stamp < 9e15 ? stamp : this.routeClockUs;
  }

  /** Hands record `n` to its lane, with the marks that it needs. */
  protected hand(F: Float64Array, I: Int32Array, n: number): void {
    const seq = F[n * 8 + SEQ]!;
    const clock = this.clockOf(F, n);
    if (seq > this.routeSeq + 1 && this.routeSeq >= 0) this.toAll(Mark.HOLE);
    this.routeSeq = seq;
    this.routeClockUs = clock;
    const lane = this.lane(I[n * 16 + TAG]! >>> SYMBOL_SHIFT);
    const feed = this.feeds[lane]!;
    const recv = F[n * 8 + RECV_US]!;
    const stamp = recv > 0 ? recv : F[n * 8 + EXCH_US]!;
    // Its own clock would stay behind only where the stamp does not say the time itself.
    if (stamp !== clock && this.laneClocks[lane]! < clock) feed.mark(Mark.CLOCK, this.routed, seq, clock);
    this.laneClocks[lane] = clock;
    feed.record(F, I, n, this.routed);
    this.routed += 1;
  }

  /** Puts a control into its lane's input, before the record `seq`, at the present clock. */
  protected place(control: Control, seq: number): Placed {
    const lane = this.lane(control.symbol);
    const { tape } = this.feeds[lane]!;
    const placed: PlacedControl = { control, seq: String(seq), clockUs: this.routeClockUs };
    const text = JSON.stringify(placed);
    const slots = controlSlots(text);
    for (let part = 0; part < slots; part += 1) tape.mark(this.routed, (to, at) => putControlPart(to, at, text, part));
    if (this.routeClockUs > this.laneClocks[lane]!) this.laneClocks[lane] = this.routeClockUs;
    return { lane, position: tape.end - 1 };
  }

  protected toAll(kind: number): void {
    for (const feed of this.feeds) feed.mark(kind, this.routed, this.routeSeq + 1);
  }
}

/** Sums of the latest facts that lanes have posted. */
export function countsOf(feeds: readonly { readonly facts: KernelFacts | null }[]): KernelCounters {
  const total = { records: 0, processed: 0, gapped: 0, waiting: 0, invalid: 0, backwardStamps: 0, exchangeBackwards: 0, missing: 0 };
  for (const { facts } of feeds) {
    if (facts === null) continue;
    const { counters } = facts;
    total.records += counters.records;
    total.processed += counters.processed;
    total.gapped += counters.gapped;
    total.waiting += counters.waiting;
    total.invalid += counters.invalid;
    total.backwardStamps += counters.backwardStamps;
    total.exchangeBackwards += counters.exchangeBackwards;
    total.missing += counters.missing;
  }
  return total;
}
