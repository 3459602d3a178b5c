import type { TroubleReport } from './feed-line.js';
import type { ScenarioName } from './scenario.js';

/** What really happened to one symbol, measured on the simulation's own trades. Stamps are exchange time, µs. */
export interface SymbolTruth {
  readonly index: number;
  readonly symbol: string;
  /** null when the scenario has no crash. */
  readonly crash: CrashTruth | null;
  readonly trades: number;
  readonly liquidatedLots: number;
}

export interface CrashTruth {
  /** First order of the seller, and the last trade's price before it. */
  readonly startUs: number;
  readonly startPriceTicks: number;
  /** First trade at the lowest price of the whole tape from the start on. */
  readonly bottomUs: number;
  readonly bottomPriceTicks: number;
  /** (start - bottom) / start. */
  readonly fall: number;
  /** First trade after the bottom that has won back a third of the fall; null when none did. */
  readonly recoveryUs: number | null;
  /**
   * First second after the bottom that begins half a minute in which the rolling 10 s RMS of one-second mid returns
   * stays below four times its median before the crash; null when there is none.
   */
  readonly calmUs: number | null;
}

/** The ground truth written beside a generated tape. */
export interface MarketTruth {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly symbols: readonly SymbolTruth[];
  readonly troubles: readonly TroubleReport[];
}

const WINDOW = 10;
const CALM_FACTOR = 4;
const CALM_SECONDS = 30;
const RECOVERED_SHARE = 1 / 3;

/** Watches one symbol's trades and one-second mids and answers the truth at the end. */
export class TruthRecorder {
  trades = 0;
  liquidatedLots = 0;
  lastTradeTicks = 0;
  #startUs = 0;
  #startTicks = 0;
  #bottomUs = 0;
  #bottomTicks = 0;
  #recoveryUs = 0;
  readonly #mids: number[] = [];
  readonly #firstSecondUs: number;
  readonly #keepSeconds: boolean;

  /** `keepSeconds`: a tape has an end and wants its calm judged; a live market has none. */
  constructor(firstSecondUs: number, keepSeconds: boolean) {
    this.#firstSecondUs = firstSecondUs;
    this.#keepSeconds = keepSeconds;
  }

  trade(us: number, ticks: number): void {
    this.trades += 1;
    this.lastTradeTicks = ticks;
    if (this.#startUs === 0) return;
    if (this.#bottomTicks === 0 || ticks < this.#bottomTicks) {
      this.#bottomTicks = ticks;
      this.#bottomUs = us;
      this.#recoveryUs = 0;
    } else if (this.#recoveryUs === 0 && ticks >= this.#bottomTicks + RECOVERED_SHARE * (this.#startTicks - this.#bottomTicks)) {
      this.#recoveryUs = us;
    }
  }

  crashStarts(us: number): void {
    this.#startUs = us;
    this.#startTicks = this.lastTradeTicks;
  }

  /** The mid at the end of each second, in order. */
  second(mid: number): void {
    if (this.#keepSeconds) this.#mids.push(mid);
  }

  result(index: number, symbol: string): SymbolTruth {
    return { index, symbol, crash: this.#crash(), trades: this.trades, liquidatedLots: this.liquidatedLots };
  }

  #crash(): CrashTruth | null {
    if (this.#startUs === 0 || this.#bottomTicks === 0) return null;
    return {
      startUs: this.#startUs,
      startPriceTicks: this.#startTicks,
      bottomUs: this.#bottomUs,
      bottomPriceTicks: this.#bottomTicks,
      fall: (this.#startTicks - this.#bottomTicks) / this.#startTicks,
      recoveryUs: this.#recoveryUs === 0 ? null : this.#recoveryUs,
      calmUs: this.#calmUs(),
    };
  }

  #calmUs(): number | null {
    const mids = this.#mids;
    const rms: number[] = [];
    let sum = 0;
    for (let k = 1; k < mids.length; k++) {
      const change = relativeChange(mids[k - 1]!, mids[k]!);
      sum += change * change;
      if (k > WINDOW) {
        const left = relativeChange(mids[k - 1 - WINDOW]!, mids[k - WINDOW]!);
        sum -= left * left;
      }
      rms[k] = Math.sqrt(Math.max(0, sum) / WINDOW);
    }
    const start = Math.floor((this.#startUs - this.#firstSecondUs) / 1e6);
    const before = rms.slice(WINDOW, start).sort((a, b) => a - b);
    const limit = CALM_FACTOR * (before[before.length >> 1] ?? 0);
    let since = Math.ceil((this.#bottomUs - this.#firstSecondUs) / 1e6);
    for (let k = since; k < rms.length; k++) {
      if (rms[k]! >= limit) since = k + 1;
      else if (k - since + 1 >= CALM_SECONDS) return this.#firstSecondUs + since * 1e6;
    }
    return null;
  }
}

function relativeChange(from: number, to: number): number {
  return from > 0 && to > 0 ? (to - from) / from : 0;
}
