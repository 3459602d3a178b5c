/**
 * Many lanes with the face of one kernel: routes records and controls to the lanes of their symbols and merges what
 * they answer by (sequence, lane), so that its driver cannot tell it from a kernel that runs inline.
 *
 * - A record goes to its symbol's lane. Where the kernel would see more than its symbol's records (a hole in the
 *   stream, the tape clock), a mark in the lane's input says it at the same place.
 * - A record is merged when every lane has taken all that came before it. `run` stops at the first record that raised
 *   edges, as the kernel does; what lanes have taken beyond it waits.
 * - What flows back is due at least `distanceUs` after its cause. So lanes may run ahead of the merge by less than that
 *   distance, and no control can be due where a lane has been already. A control itself is handed over alone: when
 *   everything before it is merged.
 * - A lane that dies is connected again and told up to where its answers were merged.
 *
 * docs/lanes.md says why the order holds.
 */
import type { Instrument } from '../../../data/records/instrument.js';
import { EXCH_US, RECV_US, SEQ, SYMBOL_SHIFT, TAG } from '../../../data/records/layout.js';
import { ControlQueue } from '../control-queue.js';
import type { Control } from '../control-queue.js';
import { insideMessage } from '../kernel.js';
import type { Edge, KernelCounters } from '../kernel.js';
import type { KernelPort } from '../kernel-port.js';
import type { SymbolFacts } from '../facts.js';
import type { LaneConnection } from './lane-feed.js';
import { LaneFeed } from './lane-feed.js';
import { controlSlots, Mark, putControlPart } from './marks.js';
import type { PlacedControl } from './marks.js';

export interface LaneGroupOptions {
  readonly instruments: readonly Instrument[];
  /** Lane of each symbol index. */
  readonly assignment: readonly number[];
  readonly lanes: number;
  /** Least tape-clock distance from a cause to what flows back from it, µs. */
  readonly distanceUs: number;
  /** Slots of input between two checkpoints of a lane. */
  readonly checkpointEvery: number;
  /** Waits a little for lanes to get on; false when there is no use in waiting longer before the main loop has turned. */
  readonly wait: () => boolean;
}

export class LaneGroup implements KernelPort {
  readonly feeds: readonly LaneFeed[];
  /** Edges raised by the last `run`, in order. Emptied by the next one. */
  readonly edges: Edge[] = [];
  /** The tape clock as of the last record merged, µs. */
  clockUs = 0;
  /** Sequence number of the last record merged. */
  seq = -1;
  /** As of the kernel; a record that throws does so in its lane. */
  position = 0;
  /** The last `run` stopped because a lane is not there or not done: come back when the main loop has turned. */
  stalled = false;

  private readonly options: LaneGroupOptions;
  private readonly laneOf: Int32Array;
  private readonly controls = new ControlQueue();
  /** Tape clock of each lane, as its kernel has it after everything handed to it. */
  private readonly laneClocks: Float64Array;
  /** Records routed and merged since the beginning: a record's ordinal is its place in the stream. */
  private routed = 0;
  private mergedOrdinal = 0;
  /** Clock and sequence number of the last record routed. */
  private routeClockUs = 0;
  private routeSeq = -1;
  /** Ordinal and clock of the last record routed before which a control could have been applied. */
  private fenceOrdinal = -1;
  private fenceUs = 0;
  /** Clock after each record of the present stretch, by index into it. */
  private clocks: Float64Array = new Float64Array(2048);
  private controlUnderway: { readonly lane: number; readonly position: number } | null = null;
  private finishing = false;

  constructor(options: LaneGroupOptions) {
    this.options = options;
    this.feeds = Array.from({ length: options.lanes }, () => new LaneFeed(options.checkpointEvery));
    this.laneClocks = new Float64Array(options.lanes);
    this.laneOf = Int32Array.from(options.assignment);
  }

  /** Connects lane `lane` to a thread that begins where `startOf(lane)` says. */
  connect(lane: number, connection: LaneConnection): void {
    this.feeds[lane]!.connect(connection);
  }

  /** The lane's thread is gone; `threw`: its kernel could not take a record. */
  disconnect(lane: number, threw = false): void {
    const feed = this.feeds[lane]!;
    feed.merged = Math.max(feed.merged, feed.tape.positionOf(this.mergedOrdinal));
    feed.disconnect(threw);
  }

  /** Every lane has its thread. */
  get connected(): boolean {
    return this.feeds.every((feed) => feed.connected);
  }

  get skipped(): number {
    return this.feeds.reduce((sum, feed) => sum + feed.skipped, 0);
  }

  control(control: Control): void {
    if (control.dueUs <= this.fenceUs && this.fenceOrdinal >= this.mergedOrdinal) {
      throw new Error(`a control is due at ${control.dueUs}, but lanes were let run to ${this.fenceUs}: the distance of ${this.options.distanceUs} us was not kept`);
    }
    this.controls.add(control);
  }

  /** As `MarketKernel.run`. Also returns early when `stalled`. */
  run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs = Infinity): number {
    this.edges.length = 0;
    this.stalled = false;
    if (this.clocks.length < to) this.clocks = grown(this.clocks, to);
    // Records before `next` are merged, those before `ahead` are with their lanes.
    let next = from;
    let ahead = from + (this.routed - this.mergedOrdinal);
    if (ahead > to) throw new Error(`records up to ${ahead} are with their lanes already; the stretch ends at ${to}`);
    for (;;) {
      ahead = this.route(F, I, next, ahead, to, untilUs);
      for (const feed of this.feeds) feed.send();
      if (ahead === next && this.controlUnderway === null) {
        const clock = next < to ? this.clockOf(F, next) : Infinity;
        if (next < to && this.controlDue(clock, untilUs, I, next)) {
          this.handOver(F, next);
          continue;
        }
        return next;
      }
      // A timer may have been set since records were routed: what is not before it waits with its lane.
      const limit = this.before(untilUs, next, ahead);
      if (limit === next && ahead > next) return next;
      for (const feed of this.feeds) feed.poll();
      const underway = this.controlUnderway !== null;
      const done = this.merge(F, next, limit);
      const moved = done > next || (underway && this.controlUnderway === null);
      next = done;
      if (this.edges.length > 0) return next;
      if (moved || this.options.wait()) continue;
      this.stalled = true;
      return next;
    }
  }

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
    const total = { records: 0, processed: 0, gapped: 0, waiting: 0, invalid: 0, backwardStamps: 0, exchangeBackwards: 0, missing: 0 };
    for (const { facts } of this.feeds) {
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

  // ---------------------------------------------------------------- routing

  private lane(symbol: number): number {
    const lane = this.laneOf[symbol];
    // A stranger's record is refused and counted by whoever gets it.
    return lane === undefined || lane >= this.feeds.length ? 0 : lane;
  }

  /** The tape clock that record `n`, the next to be routed, has. */
  private clockOf(F: Float64Array, n: number): number {
    const recv = F[n * 8 + RECV_US]!;
    const stamp = recv > 0 ? recv : F[n * 8 + EXCH_US]!;
    return stamp > this.routeClockUs && stamp < 9e15 ? stamp : this.routeClockUs;
  }

  private controlDue(clock: number, untilUs: number, I: Int32Array, n: number): boolean {
    return this.controls.nextDueUs <= clock && this.controls.nextDueUs < untilUs && !insideMessage(I[n * 16 + TAG]!);
  }

  /** Whether record `n` may go to its lane while records from `next` on are not merged. */
  private mayRoute(F: Float64Array, I: Int32Array, next: number, n: number, to: number, untilUs: number): boolean {
    if (n >= to || this.controlUnderway !== null) return false;
    const clock = this.clockOf(F, n);
    if (this.controlDue(clock, untilUs, I, n) || clock >= untilUs) return false;
    // What a turn still to come sends back is due this far from the first record not merged, at the earliest.
    return n === next || insideMessage(I[n * 16 + TAG]!) || clock < this.clocks[next]! + this.options.distanceUs;
  }

  private route(F: Float64Array, I: Int32Array, next: number, ahead: number, to: number, untilUs: number): number {
    let n = ahead;
    while (this.mayRoute(F, I, next, n, to, untilUs)) {
      this.hand(F, I, n);
      n += 1;
    }
    return n;
  }

  /** Hands record `n` to its lane, with the marks that it needs. */
  private hand(F: Float64Array, I: Int32Array, n: number): void {
    const seq = F[n * 8 + SEQ]!;
    const clock = this.clockOf(F, n);
    if (seq > this.routeSeq + 1 && this.routeSeq >= 0) this.toAll(Mark.HOLE);
    this.routeSeq = seq;
    this.routeClockUs = clock;
    this.clocks[n] = clock;
    if (!insideMessage(I[n * 16 + TAG]!)) {
      this.fenceOrdinal = this.routed;
      this.fenceUs = clock;
    }
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

  /** Hands the first control in line to its lane; everything before it is merged. */
  private handOver(F: Float64Array, n: number): void {
    if (this.controls.nextDueUs > this.clockUs) this.clockUs = this.controls.nextDueUs;
    this.routeClockUs = this.clockUs;
    const control = this.controls.shift()!;
    const lane = this.lane(control.symbol);
    const feed = this.feeds[lane]!;
    const placed: PlacedControl = { control, seq: F[n * 8 + SEQ]!, clockUs: this.clockUs };
    const text = JSON.stringify(placed);
    const slots = controlSlots(text);
    for (let part = 0; part < slots; part += 1) feed.tape.mark(this.routed, (to, at) => putControlPart(to, at, text, part));
    if (this.clockUs > this.laneClocks[lane]!) this.laneClocks[lane] = this.clockUs;
    this.controlUnderway = { lane, position: feed.tape.end - 1 };
  }

  private toAll(kind: number): void {
    for (const feed of this.feeds) feed.mark(kind, this.routed, this.routeSeq + 1);
  }

  // ---------------------------------------------------------------- merging

  /** First of the routed records [next, ahead) whose clock is at or beyond `untilUs`. */
  private before(untilUs: number, next: number, ahead: number): number {
    let limit = ahead;
    while (limit > next && this.clocks[limit - 1]! >= untilUs) limit -= 1;
    return limit;
  }

  /** Ordinal before which every record was taken by its lane. */
  private watermark(): number {
    let mark = this.routed;
    for (const feed of this.feeds) {
      const { taken, tape } = feed;
      if (taken < tape.end) mark = Math.min(mark, tape.ordinalAt(taken));
    }
    return mark;
  }

  /**
   * Merges what can be merged of records [next, limit): up to the first that raised edges, which are then in `edges`.
   * Returns the first index not merged.
   */
  private merge(F: Float64Array, next: number, limit: number): number {
    if (this.controlUnderway !== null) {
      this.mergeControl();
      return next;
    }
    const base = this.mergedOrdinal - next;
    let until = Math.min(base + limit, Math.max(this.mergedOrdinal, this.watermark()));
    let first: LaneFeed | undefined;
    for (const feed of this.feeds) {
      const answer = feed.answers[0];
      if (answer === undefined) continue;
      const ordinal = feed.tape.ordinalAt(answer.position);
      if (ordinal < until) {
        until = ordinal;
        first = feed;
      }
    }
    let done = until - base;
    if (first !== undefined) {
      this.takeEdges(first, first.answers[0]!.position);
      done += 1;
    }
    if (done > next) {
      this.clockUs = Math.max(this.clockUs, this.clocks[done - 1]!);
      this.seq = F[(done - 1) * 8 + SEQ]!;
      this.mergedOrdinal = base + done;
    }
    return done;
  }

  private mergeControl(): void {
    const { lane, position } = this.controlUnderway!;
    const feed = this.feeds[lane]!;
    if (feed.taken <= position) return;
    this.controlUnderway = null;
    if (feed.answers[0]?.position === position) this.takeEdges(feed, position);
    feed.merged = position + 1;
  }

  private takeEdges(feed: LaneFeed, position: number): void {
    let taken = 0;
    while (feed.answers[taken]?.position === position) this.edges.push(feed.answers[taken++]!.edge);
    feed.answers.splice(0, taken);
    feed.merged = position + 1;
  }
}

function grown(clocks: Float64Array, length: number): Float64Array {
  const larger = new Float64Array(length * 2);
  larger.set(clocks);
  return larger;
}
