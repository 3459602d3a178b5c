/**
 * A kernel that follows the record of a live run: it takes the tape inline, but applies controls where they fell and
 * gives edges in the order in which they were merged. What the machines decided then they decide again.
 */
import { EXCH_US, RECV_US, SEQ } from '../../../data/records/layout.js';
import type { Control } from '../control-queue.js';
import type { Edge, KernelCounters } from '../kernel-port.js';
import type { MarketKernel } from '../kernel.js';
import type { KernelPort } from '../kernel-port.js';
import type { SymbolFacts } from '../facts.js';
import type { OrderEntry } from './order.js';

type PlacedEntry = Extract<OrderEntry, { readonly type: 'control' }>;

/** The run's records, in stretches; undefined at the end. */
export type NextRecords = () => { readonly F: Float64Array; readonly I: Int32Array; readonly length: number } | undefined;

export class FollowingKernel implements KernelPort {
  readonly edges: Edge[] = [];
  readonly stalled = false;
  readonly skipped = 0;
  /** Controls fall where the record says. */
  readonly nextControlUs = Infinity;
  private readonly kernel: MarketKernel;
  private readonly next: NextRecords;
  /** Where controls fell, in the order they were sent. */
  private readonly places: readonly PlacedEntry[];
  /** Symbols of the lanes that left a record out, by its number. */
  private readonly skips: ReadonlyMap<number, readonly number[]>;
  private sent = 0;
  /** Controls sent and not yet applied. */
  private readonly waiting: { readonly control: Control; readonly entry: PlacedEntry }[] = [];
  /** Edges raised and not yet merged, by what raised them. */
  private readonly raised = new Map<string, readonly Edge[]>();
  private stretch: ReturnType<NextRecords>;
  private at = 0;

  /** `kernel` of all symbols and of a part of the stream: what is missing is in the record. `order`: the record of the run. */
  constructor(kernel: MarketKernel, next: NextRecords, order: readonly OrderEntry[]) {
    this.kernel = kernel;
    this.next = next;
    this.places = order.filter((entry) => entry.type === 'control');
    this.skips = new Map(order.flatMap((entry) => (entry.type === 'skip' ? [[entry.seq, entry.symbols] as const] : [])));
  }

  passTime(): void {}

  get clockUs(): number {
    return this.kernel.clockUs;
  }
  get seq(): number {
    return this.kernel.seq;
  }
  get position(): number {
    return this.kernel.position;
  }

  /** The edges of `control` where that is not -1, else of record `seq`. @throws Error when the tape does not give them. */
  merge(seq: number, control: number): void {
    // A control's edges come before the record it stands before, so that record is not taken yet.
    this.advance(control < 0 ? seq : seq - 1);
    if (control >= 0) this.applyBefore(seq);
    const key = keyOf(seq, control);
    const edges = this.raised.get(key);
    if (edges === undefined) throw new Error(`the record of the order says that ${key} raised edges; on this tape it does not`);
    this.raised.delete(key);
    this.edges.length = 0;
    this.edges.push(...edges);
  }

  /** Its driver says by `merge` what comes next, so there is nothing left to run. */
  run(_F: Float64Array, _I: Int32Array, from: number): number {
    return from;
  }

  /** @throws Error when the record knows of no such control. */
  control(control: Control): void {
    const entry = this.places[this.sent];
    if (entry === undefined || entry.symbol !== control.symbol) throw new Error(`control ${this.sent} (${control.type} of symbol ${control.symbol}) is not in the record of the order`);
    this.sent += 1;
    this.waiting.push({ control, entry });
  }

  /** Takes what is left of the tape; edges that nobody merged then are dropped, as they were live. */
  finish(): void {
    this.advance(Infinity);
    this.kernel.finish();
  }

  retell(): void {
    this.kernel.retell();
  }
  disown(taken: number): void {
    this.kernel.disown(taken);
  }
  counters(): KernelCounters {
    return this.kernel.counters();
  }
  facts(symbol: number): SymbolFacts | undefined {
    return this.kernel.facts(symbol);
  }

  /** Takes records up to number `seq`. */
  private advance(seq: number): void {
    for (;;) {
      this.stretch ??= this.next();
      if (this.stretch === undefined) return;
      const { F, I, length } = this.stretch;
      while (this.at < length && F[this.at * 8 + SEQ]! <= seq) {
        this.applyBefore(F[this.at * 8 + SEQ]!);
        const due = this.waiting[0]?.entry.seq ?? Infinity;
        const skipped = this.skips.get(F[this.at * 8 + SEQ]!);
        if (skipped !== undefined) {
          this.leaveOut(F, skipped);
          continue;
        }
        let to = this.at + 1;
        while (to < length && F[to * 8 + SEQ]! <= seq && F[to * 8 + SEQ]! < due && !this.skips.has(F[to * 8 + SEQ]!)) to += 1;
        this.at = this.kernel.run(F, I, this.at, to);
        if (this.kernel.edges.length > 0) this.keep(keyOf(this.kernel.seq, -1));
      }
      if (this.at < length) return;
      this.stretch = undefined;
      this.at = 0;
    }
  }

  /** Passes over the record under way, as the lane did that could not take it. */
  private leaveOut(F: Float64Array, symbols: readonly number[]): void {
    const recv = F[this.at * 8 + RECV_US]!;
    const stamp = recv > 0 ? recv : F[this.at * 8 + EXCH_US]!;
    if (stamp < 9e15) this.kernel.raiseClock(stamp);
    for (const index of symbols) this.kernel.symbol(index)?.hole();
    this.at += 1;
  }

  /** Applies the controls that fell before record `seq` or earlier. */
  private applyBefore(seq: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.entry.seq <= seq) {
      const { control, entry } = this.waiting.shift()!;
      this.kernel.clearEdges();
      this.kernel.applyControl(control, entry.seq, entry.clockUs);
      if (this.kernel.edges.length > 0) this.keep(keyOf(entry.seq, entry.number));
    }
  }

  private keep(key: string): void {
    this.raised.set(key, [...this.kernel.edges]);
    this.kernel.clearEdges();
  }
}

const keyOf = (seq: number, control: number): string => (control < 0 ? `record ${seq}` : `control ${control}`);
