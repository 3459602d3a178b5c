/**
 * Lanes that have sources of their own, with the face of one kernel. Every lane numbers its records itself; the order in which the main loop hears them is that of the
 * run's tape. What depended on the moment is told as with LiveLanes: where in that order each control fell, and in which order answers were merged.
 */
import { Kind } from '../../../../data/records/layout.js';
import * as layout from '../../../../data/records/layout.js';
import type { PriceReference } from '../../../risk/messages.js';
import type { Control } from '../../control-queue.js';
import type { SymbolFacts } from '../../facts.js';
import type { Edge, KernelCounters, KernelPort } from '../../kernel-port.js';
import type { OrderEntry } from '../order.js';
import { countsOf } from '../lane-set.js';
import { PricesAsked } from '../prices.js';
import { SourceFeed, type SourceConnection } from './source-feed.js';
import type { Retell } from './source-lane.js';

// V8 does not fold imported constants.
const { ID, KIND_MASK, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } = layout;
/** Cells a symbol has in `ids`. */
export const KINDS = 16;

export interface SourceLanesOptions {
  /** Lane of each symbol index. */
  readonly assignment: readonly number[];
  readonly lanes: number;
  readonly checkpointEvery: number;
  /** Writes records [from, to) of (F, I) to the run; false when it cannot: nothing more is heard then. */
  readonly onRecords: (F: Float64Array, I: Int32Array, from: number, to: number) => boolean;
  readonly onOrder: (entry: OrderEntry) => void;
  /** What a lane tells by text. */
  readonly onText: (lane: number, text: string) => void;
}

/** The run cannot be written: what lanes say is heard by nobody any more. */
class Unheard extends Error {}

export class SourceLanes implements KernelPort {
  readonly edges: Edge[] = [];
  readonly position = 0;
  readonly stalled = false;
  readonly nextControlUs = Infinity;
  clockUs = 0;
  seq = -1;
  /** What the last `run` merged: the record's number, or the control's where that is not -1. */
  merging: { readonly seq: number; readonly control: number } = { seq: -1, control: -1 };
  readonly feeds: readonly SourceFeed[];
  /** Records heard so far: the number of the next one. */
  records = 0;
  /** Newest stamp heard, µs. */
  heardUs = 0;
  /** Nothing more is heard. */
  closed = false;
  private readonly prices = new PricesAsked();
  /** By symbol and kind: id of the last message heard; what the guard of a lane's next thread begins with. */
  readonly ids: Float64Array;
  private readonly options: SourceLanesOptions;
  private controls = 0;

  constructor(options: SourceLanesOptions) {
    this.options = options;
    const { assignment, lanes, checkpointEvery, onOrder, onText } = options;
    this.ids = new Float64Array(assignment.length * KINDS);
    this.feeds = Array.from({ length: lanes }, (_, lane) => new SourceFeed({
      records: (F, I, from, to) => this.heard(F, I, from, to),
      placed: (number, clockUs, symbol) => {
        onOrder({ type: 'control', number, seq: this.records, clockUs, symbol });
        return this.records;
      },
      text: (text) => onText(lane, text),
    }, checkpointEvery, (symbol) => assignment[symbol] === lane));
  }

  /** Lane of a symbol. */
  lane(symbol: number): number {
    return this.options.assignment[symbol] ?? 0;
  }

  get skipped(): number {
    return this.feeds.reduce((sum, { skipped }) => sum + skipped, 0);
  }

  connect(lane: number, connection: SourceConnection): void {
    this.feeds[lane]!.connect(connection);
  }

  /** The lane's thread is gone. What it said before is heard; what it had taken is taken again by the next one, which says only what was not merged. */
  disconnect(lane: number, threw = false, failed = threw): void {
    const feed = this.feeds[lane]!;
    const { skipped } = feed;
    feed.disconnect(threw, failed);
    if (feed.skipped === skipped) return;
    const symbols = this.options.assignment.flatMap((own, symbol) => (own === lane ? [symbol] : []));
    this.options.onOrder({ type: 'skip', seq: feed.lastSkipped, symbols });
  }

  /** It takes effect where the lane gets it. */
  control(control: Control): void {
    this.feeds[this.lane(control.symbol)]!.control({ number: this.controls++, control });
  }

  retell(): void {
    this.feeds.forEach((feed, lane) => {
      const control: Retell = { type: 'retell', symbol: this.options.assignment.indexOf(lane) };
      feed.control({ number: this.controls++, control });
    });
  }

  /** Hears what lanes have said. */
  poll(): void {
    // The first lane that is not heard closes it: a lane whose words were refused is ended, and the others have said nothing wrong.
    for (let lane = 0; lane < this.feeds.length && !this.closed; lane += 1) this.feeds[lane]!.poll();
  }

  /** `run` has something to merge. */
  get ready(): boolean {
    return !this.closed && this.feeds.some(isWhole);
  }

  /** Merges the answers with the lowest number of those at hand, as LiveLanes. */
  run(_F: Float64Array, _I: Int32Array, from: number): number {
    this.edges.length = 0;
    let first: SourceFeed | undefined;
    for (const feed of this.feeds) if (isWhole(feed) && (first === undefined || feed.answers[0]!.edge.seq < first.answers[0]!.edge.seq)) first = feed;
    if (first === undefined || this.closed) return from;
    const { edge: { seq, atUs } } = first.answers[0]!;
    const control = first.takeFirst(this.edges);
    this.seq = seq;
    if (atUs > this.clockUs) this.clockUs = atUs;
    this.merging = { seq, control };
    return from;
  }

  askPrices(): void {
    this.prices.ask(this.options.assignment.length, (symbol) => this.facts(symbol));
  }

  /** Prices that were asked for and are known by now. */
  takePrices(): PriceReference[] {
    return this.prices.take((symbol) => this.facts(symbol));
  }

  requestFacts(): void {
    for (const feed of this.feeds) feed.requestFacts();
  }

  facts(symbol: number): SymbolFacts | undefined {
    return this.feeds[this.lane(symbol)]!.facts?.symbols.find(({ index }) => index === symbol);
  }

  /** Sums of the lanes' latest facts. */
  counters(): KernelCounters {
    return countsOf(this.feeds);
  }

  passTime(): void {}
  disown(): void {}
  /** A source has no end. */
  finish(): void {}

  private heard(F: Float64Array, I: Int32Array, from: number, to: number): number {
    const first = this.records;
    if (!this.options.onRecords(F, I, from, to)) {
      this.closed = true;
      throw new Unheard('the run cannot be written');
    }
    this.records += to - from;
    const { ids } = this;
    for (let at = from; at < to; at += 1) {
      const tag = I[at * WORDS_I + TAG]!;
      const f = at * WORDS_F;
      if (F[f + RECV_US]! > this.heardUs) this.heardUs = F[f + RECV_US]!;
      // Snapshots and gaps have ids of other streams.
      if ((tag & KIND_MASK) <= Kind.DEPTH) ids[(tag >>> SYMBOL_SHIFT) * KINDS + (tag & KIND_MASK)] = F[f + ID]!;
    }
    return first;
  }
}

/** Its first answer is there in full. */
function isWhole({ answers, taken }: SourceFeed): boolean {
  const first = answers[0];
  return first !== undefined && first.position < taken;
}
