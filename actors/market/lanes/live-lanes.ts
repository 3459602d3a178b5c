/**
 * Lanes in a live process: nobody waits for the slowest. The door numbers what comes in and hands it out; what a lane
 * has no room for is lost and said so by a gap record; controls take effect where the door is when they are sent; answers
 * are merged as they come. What depended on the moment (where a control fell, in which order answers were taken, at what
 * time) goes to `record`, and a replay that follows that record decides the same: FollowingKernel.
 */
import { allocateBatch } from '../../../data/records/batch.js';
import * as layout from '../../../data/records/layout.js';
import { Losses, MOST_LOSS_GAPS } from '../../../data/records/losses.js';
import type { PriceReference } from '../../risk/messages.js';
import type { Control } from '../control-queue.js';
import type { Edge } from '../kernel-port.js';
import type { KernelPort } from '../kernel-port.js';
import { mergeSnapshots, type KernelSnapshot } from '../snapshot.js';
import type { LaneFeed } from './lane-feed.js';
import { LaneSet } from './lane-set.js';
import type { LaneSetOptions } from './lane-set.js';
import type { OrderEntry } from './order.js';
import { PricesAsked } from './prices.js';

// V8 does not fold imported constants.
const { RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F } = layout;

export interface LiveLanesOptions extends LaneSetOptions {
  /** A full lane: `gap` loses what comes and says so; `block` waits for room while the lane is there, and keeps what comes while it is not. */
  readonly overflow: 'gap' | 'block';
  /** Slots that may wait for a lane beyond its ring, while it is down or catches up. */
  readonly backlogSlots: number;
  /** For `block`: waits a little for lanes to get on, and finds out who has ended or hangs: nobody else does while the door blocks. */
  readonly wait: () => void;
  /** Gets every record that was numbered, in order: what the tape of the run holds. Record `n` of (F, I). */
  readonly onRecord?: (F: Float64Array, I: Int32Array, n: number) => void;
  /** Gets what a replay of the run must follow. */
  readonly onOrder?: (entry: OrderEntry) => void;
}

export class LiveLanes extends LaneSet implements KernelPort {
  readonly edges: Edge[] = [];
  readonly position = 0;
  readonly stalled = false;
  /** Latest clock of a merged edge, µs. */
  clockUs = 0;
  /** Sequence number of the last edge merged. */
  seq = -1;
  /** Records that found no room, all told. */
  lost = 0;

  private readonly options: LiveLanesOptions;
  private nextSeq = 0;
  /** By symbol: what was lost and not yet said. */
  private readonly losses: (Losses | undefined)[] = [];
  private losing = 0;
  private readonly gaps = allocateBatch(MOST_LOSS_GAPS);
  /** Stamps of the present moment, where no record gives any. */
  private readonly now = allocateBatch(1);
  /** Controls whose place was passed to a lane and whose answers may come, oldest first, by lane. */
  private readonly placed: { readonly position: number; readonly number: number }[][];
  private controlsPlaced = 0;
  private readonly prices = new PricesAsked();

  constructor(options: LiveLanesOptions) {
    super(options);
    this.options = options;
    this.placed = this.feeds.map(() => []);
  }

  /** The lane's thread is gone; what it answers again is only what was not merged. */
  disconnect(lane: number, threw = false, failed = threw): void {
    const feed = this.feeds[lane]!;
    const { skipped } = feed;
    feed.disconnect(threw, failed);
    if (feed.skipped === skipped) return;
    const symbols = this.options.assignment.flatMap((own, symbol) => (own === lane ? [symbol] : []));
    this.options.onOrder?.({ type: 'skip', seq: feed.lastSkipped, symbols });
  }

  /** Records [from, to) have come in: numbers them (in place) and hands them to their lanes. Returns how many were lost. */
  take(F: Float64Array, I: Int32Array, from: number, to: number): number {
    const before = this.lost;
    for (let n = from; n < to; n += 1) {
      const symbol = I[n * 16 + TAG]! >>> SYMBOL_SHIFT;
      const feed = this.feeds[this.lane(symbol)]!;
      const losses = this.losing > 0 ? this.losses[symbol] : undefined;
      if (losses !== undefined && losses.total > 0) {
        // The loss is told before what comes after it, or goes on.
        if (this.hasRoom(feed, 1)) this.tell(losses, F, n);
        else {
          this.lose(symbol, I, n);
          continue;
        }
      } else if (!this.hasRoom(feed, 1)) {
        this.lose(symbol, I, n);
        continue;
      }
      this.number(F, I, n);
    }
    for (let lane = 0; lane < this.feeds.length; lane += 1) this.feeds[lane]!.send();
    return this.lost - before;
  }

  /** A control takes effect here: after what the door has handed out, before what comes next. */
  control(control: Control): void {
    const seq = this.nextSeq;
    const { lane, position } = this.place(control, seq);
    this.placed[lane]!.push({ position, number: this.controlsPlaced });
    this.options.onOrder?.({ type: 'control', number: this.controlsPlaced, seq, clockUs: this.routeClockUs, symbol: control.symbol });
    this.controlsPlaced += 1;
    this.feeds[lane]!.send();
  }

  /** Controls that have been given a place. */
  get controls(): number {
    return this.controlsPlaced;
  }

  /** The lanes' states as one, of which nothing is under way: `quiet`. */
  snapshot(): KernelSnapshot {
    if (!this.quiet) throw new Error('the lanes have not all given their state, or something was handed out since');
    return mergeSnapshots(this.feeds.map(({ checkpoint }) => checkpoint!));
  }

  askPrices(): void {
    this.prices.ask(this.options.assignment.length, (symbol) => this.facts(symbol));
  }

  /** Prices that were asked for and are known by now. */
  takePrices(): PriceReference[] {
    return this.prices.take((symbol) => this.facts(symbol));
  }

  /** Reads what has come; true when `run` has something to merge. */
  poll(): boolean {
    let ready = false;
    if (this.losing > 0) this.tellLosses();
    for (let lane = 0; lane < this.feeds.length; lane += 1) {
      const feed = this.feeds[lane]!;
      feed.send();
      feed.poll();
      ready ||= isWhole(feed);
    }
    return ready;
  }

  /**
   * Merges the next answer that has come, the one with the lowest (sequence, lane) of those at hand: its edges are in
   * `edges`, which stay empty when there is none. The records themselves come by `take`, so the arguments are ignored.
   */
  run(_F: Float64Array, _I: Int32Array, from: number): number {
    this.edges.length = 0;
    let first: LaneFeed | undefined;
    let lane = -1;
    for (let k = 0; k < this.feeds.length; k += 1) {
      const feed = this.feeds[k]!;
      if (!isWhole(feed) || (first !== undefined && first.answers[0]!.edge.seq <= feed.answers[0]!.edge.seq)) continue;
      first = feed;
      lane = k;
    }
    if (first === undefined) return from;
    const { position, edge } = first.answers[0]!;
    let taken = 0;
    while (first.answers[taken]?.position === position) this.edges.push(first.answers[taken++]!.edge);
    first.answers.splice(0, taken);
    first.merged = position + 1;
    const control = this.controlAt(lane, position);
    this.seq = edge.seq;
    if (edge.atUs > this.clockUs) this.clockUs = edge.atUs;
    this.merging = control === undefined ? { seq: edge.seq, control: -1 } : { seq: edge.seq, control };
    return from;
  }

  /** What the last `run` merged: the record's number, or the control's where that is not -1. */
  merging: { readonly seq: number; readonly control: number } = { seq: -1, control: -1 };

  private hasRoom(feed: LaneFeed, slots: number): boolean {
    const { backlogSlots, overflow, wait } = this.options;
    if (feed.fits(slots, backlogSlots)) return true;
    feed.send();
    if (overflow === 'gap') return feed.fits(slots, backlogSlots);
    // A lane that is gone comes back when the main loop turns. One without room for its answers takes nothing until they are read.
    while (feed.connected && feed.broken === null && !feed.fits(slots, backlogSlots)) {
      wait();
      feed.send();
      feed.poll();
    }
    return true;
  }

  private number(F: Float64Array, I: Int32Array, n: number): void {
    F[n * WORDS_F + SEQ] = this.nextSeq;
    this.nextSeq += 1;
    this.hand(F, I, n);
    this.options.onRecord?.(F, I, n);
  }

  private lose(symbol: number, I: Int32Array, n: number): void {
    const losses = (this.losses[symbol] ??= new Losses(symbol));
    if (losses.total === 0) this.losing += 1;
    losses.add(I, n);
    this.lost += 1;
  }

  /** No record will follow: what was lost is told, room or not. */
  override finish(): void {
    this.tellLosses(true);
    super.finish();
  }

  /** Says what was lost of symbols that may be silent now, where there is room again or `anyway`. */
  private tellLosses(anyway = false): void {
    this.now.F[RECV_US] = this.routeClockUs;
    for (const losses of this.losses) {
      if (losses === undefined || losses.total === 0) continue;
      const feed = this.feeds[this.lane(losses.symbol)]!;
      feed.send();
      if (anyway || feed.fits(1, this.options.backlogSlots)) this.tell(losses, this.now.F, 0);
    }
  }

  /** Says by gap records what was lost of a symbol, with the stamps of record `by`. */
  private tell(losses: Losses, stamps: Float64Array, by: number): void {
    const { F, I } = this.gaps;
    const written = losses.tell(F, I, 0, stamps, by);
    this.losing -= 1;
    for (let gap = 0; gap < written; gap += 1) this.number(F, I, gap);
  }

  /** Number of the control at a lane's position; those before it had no answer. */
  private controlAt(lane: number, position: number): number | undefined {
    const placed = this.placed[lane]!;
    while (placed.length > 0 && placed[0]!.position < position) placed.shift();
    return placed[0]?.position === position ? placed[0].number : undefined;
  }
}

/** Its first answer is there in full: the lane has taken the input that raised it. */
function isWhole(feed: LaneFeed): boolean {
  const first = feed.answers[0];
  return first !== undefined && first.position < feed.taken;
}
