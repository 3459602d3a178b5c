import { formatMoney, money } from '../../actors/account/money.js';
import type { Decision, JournalState, OpenTrade } from '../../actors/index.js';
import type { KernelPort } from '../../actors/market/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { DeadLetterReason, ExitReason } from '../../runtime/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { extremesOf } from './extremes.js';
import type { Extremes } from './extremes.js';
import type { LaneRow } from './lanes.js';
import type { InputCounts } from './session.js';
import { isoUs } from './time.js';

export interface TimelineEntry {
  /** ISO 8601, UTC, microseconds. */
  readonly at: string;
  readonly atUs: number;
  readonly seq: number;
  readonly symbol: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** One closed round trip; amounts are decimal strings in the settlement asset, profit is net of fees. */
export interface TradeRow {
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly quantityLots: number;
  readonly entryAt: string;
  readonly exitAt: string;
  readonly holdMs: number;
  readonly entryPrice: string;
  readonly exitPrice: string;
  readonly netPnl: string;
  readonly fees: string;
  readonly settle: string;
  readonly entryReason: string;
  readonly exitReason: string;
}

export interface RestartedActor {
  readonly path: string;
  readonly restarts: number;
  readonly lastExit: ExitReason | null;
}

/** Everything a replay has to say; `--json` prints it as it is. */
export interface ReplayReport {
  /** SHA-256 chain over every decision in order. */
  readonly digest: string;
  readonly decisions: number;
  /** Inputs: records of the tape, gap records and injected duplicates included. */
  readonly records: number;
  readonly processed: number;
  readonly gapped: number;
  readonly deadLettered: number;
  /** Records of lanes that ended for good before they could say what became of them; 0 unless the root supervisor gave up. */
  readonly unaccounted: number;
  readonly missing: number;
  readonly invalid: number;
  readonly backwardStamps: number;
  readonly wallMs: number;
  readonly recordsPerSecond: number;
  readonly endedAt: string;
  readonly timeline: readonly TimelineEntry[];
  /** Seconds of tape time in each state, by symbol. */
  readonly secondsInState: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly extremes: Readonly<Record<string, Extremes>>;
  readonly entries: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly trades: readonly TradeRow[];
  /** Positions still open where the tape ends; the sums in `pnl` are without them. */
  readonly open: readonly OpenRow[];
  /** Closed trades, net of fees, by settlement asset. */
  readonly pnl: Readonly<Record<string, PnlTotal>>;
  readonly restarts: number;
  readonly restarted: readonly RestartedActor[];
  readonly deadLetters: Readonly<Partial<Record<DeadLetterReason, number>>>;
  /** Throws caught in effects, observers and stop hooks: 0 unless something of ours is broken. */
  readonly faults: number;
  /** Why the root supervisor gave up; null when it did not. */
  readonly gaveUp: ExitReason | null;
  /** `inline`: the kernel ran on the main loop; `ring`: in these lanes. */
  readonly placement: 'inline' | 'ring';
  readonly lanes: readonly LaneRow[];
  /** Lanes that were asked for and not started, for want of symbols. */
  readonly spareLanes: number;
}

/** A position that the end of the tape leaves open; `unrealised` is its result at the last trade, null where there is none. */
export interface OpenRow extends Omit<OpenTrade, 'symbol' | 'markTicks'> {
  readonly symbol: string;
}

export interface PnlTotal {
  readonly net: string;
  readonly fees: string;
  readonly trades: number;
  readonly winners: number;
}

export interface ReportFacts {
  readonly counts: InputCounts;
  readonly unaccounted: number;
  readonly journal: JournalState;
  readonly kernel: KernelPort;
  readonly open: readonly OpenTrade[];
  readonly endUs: number;
  readonly restarts: number;
  readonly faults: number;
  readonly restarted: readonly RestartedActor[];
  readonly deadLetters: Readonly<Record<DeadLetterReason, number>>;
  readonly gaveUp: ExitReason | null;
  readonly wallMs: number;
  readonly lanes: readonly LaneRow[];
  readonly spareLanes: number;
}

/** Gathers a report from the decisions as they are made: whatever it says stands in the decision log. */
export class ReportBuilder {
  readonly timeline: TimelineEntry[] = [];
  readonly trades: TradeRow[] = [];
  readonly #names: readonly string[];
  readonly #states: string[];
  readonly #enteredUs: number[];
  readonly #secondsInState: Record<string, number>[];
  readonly #refusals = new Map<string, number>();
  #entries = 0;

  /** `startUs`: where the times in each state begin. Symbols that two venues share are told apart as in the tree. */
  constructor(instruments: readonly Instrument[], startUs: number) {
    const names = instanceNames(instruments);
    this.#names = instruments.map(({ index }) => names.get(index)!);
    this.#states = instruments.map(() => 'SLEEP');
    this.#enteredUs = instruments.map(() => startUs);
    this.#secondsInState = instruments.map(() => ({}));
  }

  /** What a symbol is called in the report. */
  name(symbol: number): string {
    return this.#names[symbol] ?? String(symbol);
  }

  /** State a symbol's detector is in. */
  state(symbol: number): string {
    return this.#states[symbol] ?? 'SLEEP';
  }

  decision(decision: Decision): void {
    switch (decision.kind) {
      case 'transition':
        this.#transition(decision);
        break;
      case 'refusal': {
        const reason = String(decision.data['reason']);
        this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
        break;
      }
      case 'entry':
        this.#entries++;
        break;
      case 'trade':
        this.trades.push(this.#tradeRow(decision));
        break;
      default:
        break;
    }
  }

  build(facts: ReportFacts): ReplayReport {
    const { counts, journal, kernel, endUs, wallMs } = facts;
    this.#names.forEach((_, symbol) => this.#leave(symbol, endUs));
    return {
      digest: journal.digest,
      decisions: journal.count,
      records: counts.inputs,
      processed: counts.processed,
      gapped: counts.gapped,
      deadLettered: counts.deadLettered,
      unaccounted: facts.unaccounted,
      missing: counts.missing,
      invalid: counts.invalid,
      backwardStamps: counts.backwardStamps,
      wallMs: Math.round(wallMs * 10) / 10,
      recordsPerSecond: wallMs > 0 ? Math.round((counts.inputs / wallMs) * 1000) : 0,
      endedAt: isoUs(endUs),
      timeline: this.timeline,
      secondsInState: Object.fromEntries(this.#names.map((name, symbol) => [name, roundAll(this.#secondsInState[symbol]!)])),
      extremes: Object.fromEntries(this.#names.map((name, symbol) => [name, extremesOf(kernel.facts(symbol))])),
      entries: this.#entries,
      refusals: Object.fromEntries([...this.#refusals].sort((a, b) => b[1] - a[1])),
      trades: this.trades,
      open: facts.open.map(({ id, symbol, side, openLots, entryPrice, unrealised, settle }) => ({ id, symbol: this.name(symbol), side, openLots, entryPrice, unrealised, settle })),
      pnl: this.pnl(),
      restarts: facts.restarts,
      restarted: facts.restarted,
      deadLetters: Object.fromEntries(Object.entries(facts.deadLetters).filter(([, count]) => count > 0)),
      faults: facts.faults,
      gaveUp: facts.gaveUp,
      placement: facts.lanes.length > 0 ? 'ring' : 'inline',
      lanes: facts.lanes,
      spareLanes: facts.spareLanes,
    };
  }

  pnl(): Record<string, PnlTotal> {
    const totals: Record<string, { net: bigint; fees: bigint; trades: number; winners: number }> = {};
    for (const trade of this.trades) {
      const total = (totals[trade.settle] ??= { net: 0n, fees: 0n, trades: 0, winners: 0 });
      const net = money(trade.netPnl);
      total.net += net;
      total.fees += money(trade.fees);
      total.trades++;
      if (net > 0n) total.winners++;
    }
    return Object.fromEntries(
      Object.entries(totals).map(([settle, { net, fees, trades, winners }]) => [settle, { net: formatMoney(net), fees: formatMoney(fees), trades, winners }]),
    );
  }

  #transition({ symbol, atUs, seq, data }: Decision): void {
    this.#leave(symbol, atUs);
    this.#states[symbol] = String(data['to']);
    this.timeline.push({
      at: isoUs(atUs), atUs, seq, symbol: this.name(symbol),
      from: String(data['from']), to: String(data['to']), reason: String(data['reason']),
    });
  }

  #leave(symbol: number, atUs: number): void {
    const seconds = this.#secondsInState[symbol];
    if (seconds === undefined) return;
    const state = this.#states[symbol]!;
    seconds[state] = (seconds[state] ?? 0) + Math.max(0, atUs - this.#enteredUs[symbol]!) / 1e6;
    this.#enteredUs[symbol] = atUs;
  }

  #tradeRow({ symbol, data }: Decision): TradeRow {
    const text = (key: string): string => String(data[key] ?? '');
    return {
      id: text('id'), symbol: this.name(symbol), side: text('side'), quantityLots: Number(data['lots']),
      entryAt: isoUs(Number(data['entryAtUs'])), exitAt: isoUs(Number(data['exitAtUs'])), holdMs: Number(data['holdMs']),
      entryPrice: text('entryPrice'), exitPrice: text('exitPrice'), netPnl: text('pnl'), fees: text('fees'), settle: text('settle'),
      entryReason: text('entryReason'), exitReason: text('exitReason'),
    };
  }
}

function roundAll(seconds: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(seconds).map(([state, value]) => [state, Math.round(value * 1000) / 1000]));
}
