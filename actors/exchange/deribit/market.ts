import type { MarketDriver } from '../engine.js';
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

/**
 * Makers, crowd and takers on every perpetual, on the latent factor of the whole exchange. The inverse perpetual's latent value is its
 * base's index.
 */
export function deribitMarket(options: DeribitMarketOptions): MarketDriver {
  const { venue, profiles, scenario, seed, rate, startUs } = options;
  const instruments = venue.instruments.filter(({ base }) => profiles.has(base));
  const live = new LiveMarket({
    scenario, seed: seed + 40_000, commonSeed: seed, rate, startUs,
    symbols: instruments.map((instrument) => ({
      profile: profileOf(instrument, profiles.get(instrument.base)!, venue.index(instrument.base)),
      desk: venue.market(instrument).matcher,
      onMark: (_nowUs: number, _markTicks: number, indexTicks: number) => {
        if (instrument.contract.inverse) venue.setIndex(instrument.base, indexTicks * instrument.tickSize);
      },
    })),
  });
  return {
    get nextUs() {
      return live.nextUs;
    },
    step: () => {
      const atUs = live.nextUs;
      live.step();
      venue.marketActed(atUs);
    },
  };
}
