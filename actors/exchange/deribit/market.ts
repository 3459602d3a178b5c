import type { MarketDriver, StoppableMarket } from '../engine.js';
import { LiveMarket } from '../../generator/live-market.js';
import type { MarketProfile } from '../../generator/instruments.js';
import type { ScenarioName } from '../../generator/scenario.js';
import type { DeribitInstrument } from './instruments.js';
import type { DeribitVenue } from './venue.js';

export interface DeribitMarketOptions {
  readonly venue: DeribitVenue;
  /** Profiles of the bases' main markets: how lively and correlated each is. */
  readonly profiles: ReadonlyMap<string, MarketProfile>;
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly rate: number;
  readonly startUs: number;
}

/** Activity of a linear perpetual next to the inverse one of its base. */
const LINEAR_SHARE = 0.4;
/** The crowd's own seed lies apart from the other products'. */
const CROWD_SEED = 40_000;

/** The generator's profile of a perpetual. The index of its base gives the price at the start. */
function profileOf(instrument: DeribitInstrument, base: MarketProfile, index: number): MarketProfile {
  const startTicks = Math.round(index / instrument.tickSize);
  const inverse = instrument.contract.inverse;
  // Dollars of one lot over its price in ticks: fixed for inverse contracts, rising with the price for linear ones.
  const lotUsd = inverse ? instrument.contractSize : instrument.contractSize * index;
  return {
    symbol: instrument.name, tickSize: String(instrument.tickSize), lotSize: String(instrument.contractSize), startTicks, tickLotValue: lotUsd / startTicks,
    takerUsd: base.takerUsd, touchUsd: base.touchUsd, activity: base.activity * (inverse ? 1 : LINEAR_SHARE), beta: base.beta, correlation: base.correlation,
  };
}

/** How far a perpetual's value goes towards the index in a second. */
const PULL = 0.2;
const PATIENCE_US = 10e6;
/** How long a market that is opened with a crash is calm before it: as on spot and USD-M. */
const LEAD_US = 30e6;

/**
 * Makers, crowd and takers on every perpetual, on the latent factor of the whole exchange, drawn to the index that is told. While nobody tells
 * one, the inverse perpetual's latent value is its base's index.
 */
export class DeribitMarket implements MarketDriver, StoppableMarket {
  readonly #live: LiveMarket;
  readonly #venue: DeribitVenue;
  readonly #instruments: readonly DeribitInstrument[];
  readonly #rate: number;
  #toldUntilUs = 0;

  constructor(options: DeribitMarketOptions) {
    const { venue, profiles, scenario, seed, rate, startUs } = options;
    this.#venue = venue;
    this.#instruments = venue.instruments.filter(({ base }) => profiles.has(base));
    this.#live = new LiveMarket({
      scenario: 'calm', seed: seed + CROWD_SEED, commonSeed: seed, rate, startUs,
      symbols: this.#instruments.map((instrument) => ({
        profile: profileOf(instrument, profiles.get(instrument.base)!, venue.index(instrument.base)),
        desk: venue.market(instrument).matcher,
        onMark: (nowUs: number, _markTicks: number, valueTicks: number) => {
          if (instrument.contract.inverse && nowUs >= this.#toldUntilUs) venue.setIndex(instrument.base, valueTicks * instrument.tickSize);
        },
      })),
    });
    this.#rate = rate;
    if (scenario !== 'calm') this.#live.startScenario(scenario, rate, startUs, LEAD_US);
  }

  /** From now on the market is another one, like those of the other products. */
  startScenario(name: ScenarioName, nowUs: number): void {
    this.#live.startScenario(name, this.#rate, nowUs);
  }

  stop(nowUs: number): void {
    this.#live.stop(nowUs);
  }

  goOn(nowUs: number): void {
    this.#live.goOn(nowUs);
  }

  get nextUs(): number {
    return this.#live.nextUs;
  }

  step(): void {
    const atUs = this.#live.nextUs;
    this.#live.step();
    this.#venue.marketActed(atUs);
  }

  /** Takes index prices by base. */
  follow(prices: ReadonlyMap<string, number>): void {
    this.#toldUntilUs = this.#venue.nowUs + PATIENCE_US;
    this.#instruments.forEach((instrument, at) => {
      const price = prices.get(instrument.base);
      if (price === undefined || !(price > 0)) return;
      this.#venue.setIndex(instrument.base, price);
      this.#live.drawTo(at, price / instrument.tickSize, PULL);
    });
  }
}
