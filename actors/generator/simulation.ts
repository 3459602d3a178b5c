import { WORDS_F, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { CommonFactor } from './common-factor.js';
import { FeedLine } from './feed-line.js';
import { marketInstruments, marketProfiles } from './instruments.js';
import type { OrderBook } from '../exchange/book/index.js';
import { Prng } from './prng.js';
import { Publisher } from './publisher.js';
import { planCrashes, planTroubles, scenarioNamed, type ScenarioName } from './scenario.js';
import { SymbolMarket } from './symbol-market.js';
import type { MarketTruth } from './truth.js';

/** 2026-01-05T14:00:00Z: generated tapes start here whatever the host's clock says. */
export const MARKET_START_US = 1_767_621_600_000_000;

export interface MarketSimulationConfig {
  readonly scenario: ScenarioName;
  /** Integer 0 … 2^53-1. */
  readonly seed: number;
  readonly minutes: number;
  readonly symbols: number;
  /** Scale of all order flow, 1 = as the scenario has it. */
  readonly rate: number;
  readonly startUs?: number;
}

/**
 * A seeded, agent-based order-flow simulation of one or more correlated symbols on one venue, written as the
 * records a recorder on a websocket would have made. Pure: the same configuration gives the same bytes everywhere.
 */
export class MarketSimulation {
  readonly instruments: readonly Instrument[];
  readonly startUs: number;
  readonly endUs: number;
  readonly #config: MarketSimulationConfig;
  readonly #feed: FeedLine;
  readonly #markets: SymbolMarket[] = [];
  #taken = 0;
  #nowUs: number;
  #ended = false;

  constructor(config: MarketSimulationConfig) {
    const scenario = scenarioNamed(config.scenario);
    const profiles = marketProfiles(config.symbols);
    const startUs = config.startUs ?? MARKET_START_US;
    this.#config = config;
    this.instruments = marketInstruments(profiles);
    this.startUs = startUs;
    this.endUs = startUs + config.minutes * 60e6;
    this.#nowUs = startUs;
    const crashes = scenario.crash === 'none' ? [] : planCrashes(scenario, config.seed, config.minutes, profiles.length, startUs);
    const troubles = scenario.troubles ? planTroubles(config.seed, config.minutes, profiles.length, startUs) : [];
    this.#feed = new FeedLine(new Prng(config.seed, 3), profiles.length, troubles);
    const common = new CommonFactor(new Prng(config.seed, 4), startUs, scenario.jumpEverySeconds);
    profiles.forEach((profile, index) => {
      this.#markets.push(
        new SymbolMarket(
          {
            profile, index, seed: config.seed, scenario, rate: config.rate, crash: crashes[index], startUs,
            output: (book, firstFlushUs) => new Publisher(index, book, this.#feed, profile.tickSize, startUs, firstFlushUs),
          },
          common,
        ),
      );
    });
  }

  /** Exchange time reached, µs. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** The exchange's own book of a symbol, as it is now. */
  book(symbol: number): OrderBook {
    return this.#markets[symbol]!.book;
  }

  /** Writes the next records from index 0 and sets `batch.length`; answers their number, 0 at the end. */
  fill(batch: RecordBatch): number {
    const capacity = batch.F.length / WORDS_F;
    const feed = this.#feed;
    if (this.#taken > 0 && this.#taken === feed.staging.length) {
      feed.staging.length = 0;
      this.#taken = 0;
    }
    while (!this.#ended && feed.staging.length - this.#taken < capacity) this.#step();
    const count = Math.min(capacity, feed.staging.length - this.#taken);
    batch.F.set(feed.staging.F.subarray(this.#taken * WORDS_F, (this.#taken + count) * WORDS_F), 0);
    this.#taken += count;
    batch.length = count;
    // Keep the staging small: move what is left to its front.
    if (this.#taken > 8192) {
      feed.staging.F.copyWithin(0, this.#taken * WORDS_F, feed.staging.length * WORDS_F);
      feed.staging.length -= this.#taken;
      this.#taken = 0;
    }
    return count;
  }

  /** Complete once `fill` has answered 0. */
  truth(): MarketTruth {
    const { scenario, seed, minutes, rate } = this.#config;
    return {
      scenario,
      seed,
      minutes,
      rate,
      startUs: this.startUs,
      endUs: this.endUs,
      symbols: this.#markets.map((market, index) => market.truth.result(index, this.instruments[index]!.symbol)),
      troubles: this.#feed.troubleReports(),
    };
  }

  #step(): void {
    let next = this.#markets[0]!;
    for (let index = 1; index < this.#markets.length; index++) {
      const market = this.#markets[index]!;
      if (market.nextUs < next.nextUs) next = market;
    }
    if (next.nextUs >= this.endUs) {
      this.#ended = true;
      return;
    }
    this.#nowUs = next.nextUs;
    next.step();
  }
}
