import type { Decision } from '../../actors/index.js';
import { AUX, EXCH_US, EXTRA, ID, Kind, KIND_MASK, KIND_NAMES, PRICE, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { Curve, type CurvePoint } from './curve.js';
import { Bounded } from './incidents.js';

/** A hole in the data, as a gap record tells it. */
export interface GapRow {
  readonly atUs: number;
  readonly symbol: number;
  readonly stream: string;
  readonly missing: number;
  /** Ids before and after it; 0 where we lost the records ourselves. */
  readonly before: number;
  readonly after: number;
}

export interface MarketFacts {
  readonly records: number;
  /** By name of the kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Clock of the first and last record; null without one. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  readonly gaps: { readonly count: number; readonly missing: number; readonly rows: readonly GapRow[] };
  /** Prices of trades, in ticks, by symbol. */
  readonly prices: ReadonlyMap<number, readonly CurvePoint[]>;
}

const MOST_GAPS = 200;

/**
 * A run's market and its decisions in one order, by the engine clock: what was decided at a record comes before the price of the next one.
 */
export class MarketPass {
  clockUs = 0;
  /** The end that was asked for has been reached: the rest is not of the run. */
  over = false;
  #records = 0;
  #firstUs: number | null = null;
  #missing = 0;
  readonly #kinds = new Array<number>(256).fill(0);
  readonly #gaps = new Bounded<GapRow>(MOST_GAPS);
  readonly #ticks: number[] = [];
  readonly #tradeKinds: number[] = [];
  readonly #prices = new Map<number, Curve>();
  readonly #decisions: Iterator<Decision>;
  readonly #onDecision: (decision: Decision) => void;
  readonly #onPrice: (symbol: number, ticks: number, atUs: number) => void;
  #next: Decision | undefined;
  /** The run ends before the first record at or after this clock. */
  untilUs = Infinity;

  constructor(instruments: readonly Instrument[], decisions: Iterable<Decision>, onDecision: (decision: Decision) => void, onPrice: (symbol: number, ticks: number, atUs: number) => void) {
    for (const { index } of instruments) this.#prices.set(index, new Curve(400));
    this.#decisions = decisions[Symbol.iterator]();
    this.#onDecision = onDecision;
    this.#onPrice = onPrice;
    this.#advance();
  }

  /** Records [from, to) come next. */
  records({ F, I }: Pick<RecordBatch, 'F' | 'I'>, from: number, to: number): void {
    for (let record = from; record < to && !this.over; record += 1) {
      const f = record * WORDS_F;
      const i = record * WORDS_I;
      const stamp = F[f + RECV_US]! > 0 ? F[f + RECV_US]! : F[f + EXCH_US]!;
      if (stamp > this.clockUs) {
        this.over = stamp >= this.untilUs;
        if (this.over) return;
        this.clockUs = stamp;
      }
      this.#firstUs ??= this.clockUs;
      const tag = I[i + TAG]!;
      const kind = tag & KIND_MASK;
      this.#kinds[kind]! += 1;
      this.#records += 1;
      if (this.#next !== undefined && this.#next.atUs <= this.clockUs) this.#decide(this.clockUs);
      if (kind === Kind.TRADE || kind === Kind.AGG_TRADE) this.#trade(kind, tag >>> SYMBOL_SHIFT, I[i + PRICE]!, F[f + QTY]!);
      else if (kind === Kind.GAP) this.#gap(tag >>> SYMBOL_SHIFT, I[i + EXTRA]!, F[f + QTY]!, F[f + ID]!, F[f + AUX]!);
    }
  }

  /** The clock has come to `us` without a record. */
  time(us: number): void {
    if (us > this.clockUs) this.clockUs = us;
    if (this.#next !== undefined && this.#next.atUs <= this.clockUs) this.#decide(this.clockUs);
  }

  /** Nothing follows but what was decided later. */
  finish(): MarketFacts {
    this.#decide(Infinity);
    return {
      records: this.#records, firstUs: this.#firstUs, lastUs: this.#firstUs === null ? null : this.clockUs,
      kinds: Object.fromEntries(this.#kinds.flatMap((count, kind) => (count === 0 ? [] : [[KIND_NAMES[kind] ?? `kind ${kind}`, count] as const]))),
      gaps: { count: this.#gaps.count, missing: this.#missing, rows: this.#gaps.rows },
      prices: new Map([...this.#prices].map(([symbol, curve]) => [symbol, curve.points()])),
    };
  }

  #trade(kind: number, symbol: number, ticks: number, lots: number): void {
    // As the kernel: of single and aggregate trades the first kind seen counts.
    if ((this.#tradeKinds[symbol] ??= kind) !== kind || !(ticks > 0) || !(lots > 0) || this.#ticks[symbol] === ticks) return;
    this.#ticks[symbol] = ticks;
    this.#prices.get(symbol)?.add(this.clockUs, ticks);
    this.#onPrice(symbol, ticks, this.clockUs);
  }

  #gap(symbol: number, stream: number, missing: number, before: number, after: number): void {
    this.#missing += missing;
    this.#gaps.push({ atUs: this.clockUs, symbol, stream: KIND_NAMES[stream] ?? String(stream), missing, before, after });
  }

  #decide(untilUs: number): void {
    while (this.#next !== undefined && this.#next.atUs <= untilUs) {
      const decision = this.#next;
      this.#advance();
      if (decision.atUs > this.clockUs) this.clockUs = decision.atUs;
      this.#onDecision(decision);
    }
  }

  #advance(): void {
    const next = this.#decisions.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}
