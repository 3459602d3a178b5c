/**
 * A kernel that follows the record of a live run: it takes the tape inline, but applies controls where they fell and
 * gives edges in the order in which they were merged. What the machines decided then they decide again.
 */
import { EXCH_US, RECV_US, SEQ, SYMBOL_SHIFT, TAG } from '../../../data/records/layout.js';
import type { Control } from '../control-queue.js';
import type { Edge, KernelCounters, KernelPort } from '../kernel-port.js';
import type { MarketKernel } from '../kernel.js';
import type { SymbolFacts } from '../facts.js';
import { countsOf } from './lane-set.js';
import type { KernelSnapshot } from '../snapshot.js';
import type { OrderEntry } from './order.js';
import type { Retell } from './source/source-lane.js';

type PlacedEntry = Extract<OrderEntry, { readonly type: 'control' }>;

/** The run's records, in stretches; undefined at the end. */
export type NextRecords = () => { readonly F: Float64Array; readonly I: Int32Array; readonly length: number } | undefined;

export interface FollowingOptions {
  /** By symbol index: whose kernel takes it. Default: there is one kernel. */
  readonly assignment?: readonly number[];
  /** Lanes owned their sources: each numbered its records itself, and a control may have been on its way when the run ended. */
  readonly sources?: boolean;
  /** The run goes on: where a control fell may not be known yet, and will be by `learn`. */
  readonly open?: boolean;
  /** Controls that had been given their places where the kernels stand. Default: none. */
  readonly placed?: number;
  /** Goes on as the one that was saved, on records from its `taken` on. */
  readonly resume?: FollowingState;
}

/** A following kernel at rest, as plain data that `structuredClone` takes. */
export interface FollowingState {
  readonly kernels: readonly KernelSnapshot[];
  readonly numbers: readonly number[];
  /** Records of the run that were taken. */
  readonly taken: number;
  readonly sent: number;
  readonly waiting: readonly { readonly control: Control | Retell; readonly entry: PlacedEntry }[];
  readonly raised: readonly (readonly [string, readonly Edge[]])[];
  readonly last: number;
}

interface Waiting {
  readonly control: Control | Retell;
  readonly entry: PlacedEntry;
}

export class FollowingKernel implements KernelPort {
  readonly edges: Edge[] = [];
  readonly stalled = false;
  readonly skipped = 0;
  /** Controls fall where the record says. */
  readonly nextControlUs = Infinity;
  private readonly kernels: readonly MarketKernel[];
  private readonly assignment: readonly number[];
  private readonly sources: boolean;
  /** By kernel, where lanes numbered their records: the number of the next one. */
  private readonly numbers: number[];
  private readonly next: NextRecords;
  /** Where controls fell, by their numbers. */
  private readonly places = new Map<number, PlacedEntry>();
  /** Symbols of the lanes that left a record out, by its number. */
  private readonly skips = new Map<number, readonly number[]>();
  private open: boolean;
  /** Controls sent of which the record does not say yet where they fell. */
  private unplaced: { readonly control: Control | Retell; readonly number: number }[] = [];
  private sent = 0;
  /** Controls sent and not yet applied, in the order in which they fell. */
  private readonly waiting: Waiting[] = [];
  /** Edges raised and not yet merged, by what raised them. */
  private readonly raised = new Map<string, readonly Edge[]>();
  private taken = 0;
  private stretch: ReturnType<NextRecords>;
  /** Numbers of its records in the run. */
  private seqs = new Float64Array(0);
  private at = 0;
  /** The kernel that raised what was merged last. */
  private last: MarketKernel;

  /** `kernels` of parts of the stream: what is missing is in the record. `order`: the record of the run. */
  constructor(kernels: MarketKernel | readonly MarketKernel[], next: NextRecords, order: readonly OrderEntry[], { assignment = [], sources = false, open = false, placed = 0, resume }: FollowingOptions = {}) {
    this.kernels = 'run' in kernels ? [kernels] : kernels;
    this.last = this.kernels[0]!;
    this.assignment = assignment;
    this.sources = sources;
    this.sent = placed;
    this.numbers = this.kernels.map(() => 0);
    this.next = next;
    this.open = open;
    this.learn(order, open);
    if (resume === undefined) return;
    for (const [lane, kernel] of this.kernels.entries()) kernel.restore(resume.kernels[lane]!);
    for (const [lane, number] of resume.numbers.entries()) this.numbers[lane] = number;
    this.taken = resume.taken;
    this.sent = resume.sent;
    this.waiting.push(...resume.waiting);
    for (const [key, edges] of resume.raised) this.raised.set(key, edges);
    this.last = this.kernels[resume.last]!;
  }

  /** A control was sent of which nobody knows yet where it fell: nothing that came after it is to be merged. */
  get waits(): boolean {
    return this.unplaced.length > 0;
  }

  /** More of the record of the run. @throws Error when it ends without a control that was sent. */
  learn(order: readonly OrderEntry[], open: boolean): void {
    for (const entry of order) {
      if (entry.type === 'control') this.places.set(entry.number, entry);
      if (entry.type === 'skip') this.skips.set(entry.seq, entry.symbols);
    }
    this.open = open;
    const unplaced = this.unplaced;
    this.unplaced = [];
    for (const { control, number } of unplaced) this.place(control, number);
  }

  passTime(): void {}

  /** How it stands between two merges. */
  save(): FollowingState {
    return {
      kernels: this.kernels.map((kernel) => kernel.snapshot()), numbers: [...this.numbers], taken: this.taken, sent: this.sent,
      waiting: [...this.waiting], raised: [...this.raised], last: this.kernels.indexOf(this.last),
    };
  }

  get clockUs(): number {
    return this.last.clockUs;
  }
  get seq(): number {
    return this.last.seq;
  }
  get position(): number {
    return this.last.position;
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
  control(control: Control | Retell): void {
    this.place(control, this.sent++);
  }

  private place(control: Control | Retell, number: number): void {
    const entry = this.places.get(number);
    if (entry === undefined && this.open) {
      this.unplaced.push({ control, number });
      return;
    }
    // One that no lane had got when the run ended.
    if (entry === undefined && this.sources) return;
    if (entry === undefined || entry.symbol !== control.symbol) throw new Error(`control ${number} (${control.type} of symbol ${control.symbol}) is not in the record of the order`);
    let at = this.waiting.length;
    while (at > 0 && this.waiting[at - 1]!.entry.seq > entry.seq) at -= 1;
    this.waiting.splice(at, 0, { control, entry });
  }

  /** Takes what is left of the tape; edges that nobody merged then are dropped, as they were live. */
  finish(): void {
    this.advance(Infinity);
    for (const kernel of this.kernels) kernel.finish();
  }

  retell(): void {
    if (!this.sources) this.last.retell();
    else for (let lane = 0; lane < this.kernels.length; lane += 1) this.control({ type: 'retell', symbol: this.assignment.indexOf(lane) });
  }
  disown(taken: number): void {
    this.last.disown(taken);
  }
  counters(): KernelCounters {
    return countsOf(this.kernels.map((kernel) => ({ facts: { counters: kernel.counters(), symbols: [] } })));
  }
  facts(symbol: number): SymbolFacts | undefined {
    return this.kernels[this.lane(symbol)]!.facts(symbol);
  }

  /** A stranger's record is refused and counted by whoever gets it. */
  private lane(symbol: number): number {
    const lane = this.assignment[symbol];
    return lane === undefined || lane >= this.kernels.length ? 0 : lane;
  }

  /** Takes records up to number `seq`. */
  private advance(seq: number): void {
    for (;;) {
      if (this.stretch === undefined) this.load();
      if (this.stretch === undefined) return;
      const { F, I, length } = this.stretch;
      const { seqs } = this;
      while (this.at < length && seqs[this.at]! <= seq) {
        const number = seqs[this.at]!;
        this.applyBefore(number);
        const due = this.waiting[0]?.entry.seq ?? Infinity;
        const lane = this.lane(I[this.at * 16 + TAG]! >>> SYMBOL_SHIFT);
        const skipped = this.skips.get(number);
        if (skipped !== undefined) {
          this.leaveOut(F, lane, skipped);
          continue;
        }
        let to = this.at + 1;
        while (to < length && seqs[to]! <= seq && seqs[to]! < due && !this.skips.has(seqs[to]!) && this.lane(I[to * 16 + TAG]! >>> SYMBOL_SHIFT) === lane) to += 1;
        this.take(lane, F, I, to);
      }
      if (this.at < length) return;
      this.stretch = undefined;
    }
  }

  private load(): void {
    this.stretch = this.next();
    this.at = 0;
    const { F, length } = this.stretch ?? { F: this.seqs, length: 0 };
    if (this.seqs.length < length) this.seqs = new Float64Array(length);
    for (let n = 0; n < length; n += 1) this.seqs[n] = F[n * 8 + SEQ]!;
  }

  /** Lets a kernel take records from the one under way up to `to`, or to the first that raises edges. */
  private take(lane: number, F: Float64Array, I: Int32Array, to: number): void {
    const kernel = this.kernels[lane]!;
    if (this.sources) for (let n = this.at; n < to; n += 1) F[n * 8 + SEQ] = this.numbers[lane]! + n - this.at;
    const from = this.at;
    this.at = kernel.run(F, I, from, to);
    this.numbers[lane]! += this.at - from;
    this.taken += this.at - from;
    this.last = kernel;
    if (kernel.edges.length > 0) this.keep(kernel, this.seqs[this.at - 1]!, -1);
  }

  /** Passes over the record under way, as the lane did that could not take it. */
  private leaveOut(F: Float64Array, lane: number, symbols: readonly number[]): void {
    const kernel = this.kernels[lane]!;
    const recv = F[this.at * 8 + RECV_US]!;
    const stamp = recv > 0 ? recv : F[this.at * 8 + EXCH_US]!;
    if (stamp < 9e15) kernel.raiseClock(stamp);
    for (const index of symbols) kernel.symbol(index)?.hole();
    this.numbers[lane]! += 1;
    this.taken += 1;
    this.at += 1;
  }

  /** Applies the controls that fell before record `seq` or earlier. */
  private applyBefore(seq: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.entry.seq <= seq) {
      const { control, entry } = this.waiting.shift()!;
      const lane = this.lane(control.symbol);
      const kernel = this.kernels[lane]!;
      kernel.clearEdges();
      if (control.type === 'retell') kernel.retell();
      else kernel.applyControl(control, this.sources ? this.numbers[lane]! : entry.seq, entry.clockUs);
      this.last = kernel;
      if (kernel.edges.length > 0) this.keep(kernel, entry.seq, entry.number);
    }
  }

  private keep(kernel: MarketKernel, seq: number, control: number): void {
    this.raised.set(keyOf(seq, control), this.sources ? kernel.edges.map((edge) => ({ ...edge, seq })) : [...kernel.edges]);
    kernel.clearEdges();
  }
}

const keyOf = (seq: number, control: number): string => (control < 0 ? `record ${seq}` : `control ${control}`);
