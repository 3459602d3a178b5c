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
import * as layout from '../../../data/records/layout.js';
import { ControlQueue } from '../control-queue.js';
import type { Control } from '../control-queue.js';
import { insideMessage } from '../kernel.js';
import type { Edge } from '../kernel-port.js';
import type { KernelPort } from '../kernel-port.js';
import type { LaneFeed } from './lane-feed.js';
import { LaneSet } from './lane-set.js';
import type { LaneSetOptions, Placed } from './lane-set.js';

// V8 does not fold imported constants.
const { SEQ, TAG } = layout;

export interface LaneGroupOptions extends LaneSetOptions {
  /** Least tape-clock distance from a cause to what flows back from it, µs. */
  readonly distanceUs: number;
  /** Waits a little for lanes to get on; false when there is no use in waiting longer before the main loop has turned. */
  readonly wait: () => boolean;
}

export class LaneGroup extends LaneSet implements KernelPort {
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
  private readonly controls = new ControlQueue();
  /** Records merged since the beginning. */
  private mergedOrdinal = 0;
  /** Ordinal and clock of the last record routed before which a control could have been applied. */
  private fenceOrdinal = -1;
  private fenceUs = 0;
  /** Clock after each record of the present stretch, by index into it. */
  private clocks: Float64Array = new Float64Array(2048);
  private controlUnderway: Placed | null = null;

  constructor(options: LaneGroupOptions) {
    super(options);
    this.options = options;
  }

  /** The lane's thread is gone; `threw`: its kernel could not take a record; `failed`: nobody wanted its end. */
  disconnect(lane: number, threw = false, failed = threw): void {
    const feed = this.feeds[lane]!;
    feed.merged = Math.max(feed.merged, feed.tape.positionOf(this.mergedOrdinal));
    feed.disconnect(threw, failed);
  }

  /** Everything handed to lanes is merged. */
  get settled(): boolean {
    return this.routed === this.mergedOrdinal && this.controlUnderway === null;
  }

  control(control: Control): void {
    if (control.dueUs <= this.fenceUs && this.fenceOrdinal >= this.mergedOrdinal) {
      throw new Error(`a control is due at ${control.dueUs}, but lanes were let run to ${this.fenceUs}: the distance of ${this.options.distanceUs} us was not kept`);
    }
    this.controls.add(control);
  }

  /** As `MarketKernel.run`. Also returns early when `stalled`. */
  run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs = Infinity): number {
    // By index here and below: until a loop is optimised, its iterator is garbage.
    const { feeds } = this;
    this.edges.length = 0;
    this.stalled = false;
    if (this.clocks.length < to) this.clocks = grown(this.clocks, to);
    // Records before `next` are merged, those before `ahead` are with their lanes.
    let next = from;
    let ahead = from + (this.routed - this.mergedOrdinal);
    if (ahead > to) throw new Error(`records up to ${ahead} are with their lanes already; the stretch ends at ${to}`);
    for (;;) {
      ahead = this.route(F, I, next, ahead, to, untilUs);
      for (let lane = 0; lane < feeds.length; lane += 1) feeds[lane]!.send();
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
      for (let lane = 0; lane < feeds.length; lane += 1) feeds[lane]!.poll();
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

  // ---------------------------------------------------------------- routing

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
    // Lanes that still have half of what they may have are not woken for less.
    if (n > next && this.clocks[n - 1]! - this.clocks[next]! > this.options.distanceUs / 2) return n;
    while (this.mayRoute(F, I, next, n, to, untilUs)) {
      this.hand(F, I, n);
      this.clocks[n] = this.routeClockUs;
      if (!insideMessage(I[n * 16 + TAG]!)) {
        this.fenceOrdinal = this.routed - 1;
        this.fenceUs = this.routeClockUs;
      }
      n += 1;
    }
    return n;
  }

  /** Hands the first control in line to its lane; everything before it is merged. */
  private handOver(F: Float64Array, n: number): void {
    if (this.controls.nextDueUs > this.clockUs) this.clockUs = this.controls.nextDueUs;
    this.routeClockUs = this.clockUs;
    this.controlUnderway = this.place(this.controls.shift()!, F[n * 8 + SEQ]!);
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
    for (let lane = 0; lane < this.feeds.length; lane += 1) {
      const { taken, tape } = this.feeds[lane]!;
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
    for (let lane = 0; lane < this.feeds.length; lane += 1) {
      const feed = this.feeds[lane]!;
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
