import { LiveMarket, type AgentDesk } from '../../generator/live-market.js';
import type { ScenarioName } from '../../generator/scenario.js';
import type { MarketProfile } from '../../generator/instruments.js';
import type { MarketDriver } from '../engine.js';
import type { Listing, ListedContract } from '../listings.js';
import type { SymbolData } from '../market-data/index.js';

/** Steps of the clock that market data is published on; every speed of the venue's streams is a multiple of it. */
export const GRID_US = 50_000;

/** One symbol of the market inside: where its agents trade, and what is public of it. */
export interface InsideSymbol {
  readonly profile: MarketProfile;
  readonly desk: AgentDesk;
  readonly data: SymbolData;
}

export interface InsideOptions {
  readonly symbols: readonly InsideSymbol[];
  readonly scenario: ScenarioName;
  /** Seed of this product's crowd, and of what all products share. */
  readonly seed: number;
  readonly commonSeed: number;
  readonly startUs: number;
  /** After every {@link GRID_US}, candles that are over closed before; `grid` counts the steps since the epoch. */
  onGrid(grid: number, nowUs: number): void;
  /** Every second: the latent value of a symbol, in ticks. */
  onValue?(symbol: number, nowUs: number, ticks: number): void;
  /** The crowd's forced sales. */
  onLiquidation?(symbol: number, nowUs: number, averageTicks: number, lots: number): void;
}

/** How long a market that is opened with a crash is calm before it. */
const LEAD_US = 30_000_000;

/** The crowd that trades on one product's matchers, and the clock of its market data. Runs for ever. */
export class MarketInside implements MarketDriver {
  readonly #live: LiveMarket;
  readonly #symbols: readonly InsideSymbol[];
  readonly #onGrid: InsideOptions['onGrid'];
  #grid: number;

  constructor(options: InsideOptions) {
    const { symbols, scenario, seed, commonSeed, startUs, onValue, onLiquidation } = options;
    this.#symbols = symbols;
    this.#onGrid = (grid, nowUs) => options.onGrid(grid, nowUs);
    this.#grid = Math.floor(startUs / GRID_US) + 1;
    this.#live = new LiveMarket({
      scenario: 'calm', seed, commonSeed, rate: 1, startUs,
      symbols: symbols.map(({ profile, desk }, index) => ({
        profile, desk,
        onMark: (nowUs: number, _markTicks: number, valueTicks: number) => onValue?.(index, nowUs, valueTicks),
        onLiquidation: (nowUs: number, averageTicks: number, lots: number) => onLiquidation?.(index, nowUs, averageTicks, lots),
      })),
    });
    if (scenario !== 'calm') this.#live.startScenario(scenario, 1, startUs, LEAD_US);
    this.settle(startUs);
  }

  get nextUs(): number {
    return Math.min(this.#live.nextUs, this.#grid * GRID_US);
  }

  step(): void {
    const gridUs = this.#grid * GRID_US;
    const nowUs = this.#live.nextUs;
    if (gridUs > nowUs) {
      this.#live.step();
      this.settle(nowUs);
      return;
    }
    for (const { data } of this.#symbols) data.roll(gridUs);
    this.#onGrid(this.#grid, gridUs);
    this.#grid += 1;
  }

  settle(nowUs: number): void {
    for (const { data } of this.#symbols) data.settle(nowUs);
  }

  startScenario(name: ScenarioName, nowUs: number): void {
    this.#live.startScenario(name, 1, nowUs);
  }

  /** Mid price of a symbol in ticks. */
  midTicks(symbol: number): number {
    return this.#live.midTicks(symbol);
  }

  /** Arbitrage with the other product. */
  drawTo(symbol: number, ticks: number, share: number): void {
    this.#live.drawTo(symbol, ticks, share);
  }
}

/** What the generator must know of a listed symbol when it is traded in these ticks and lots. */
export function profileOf(listing: Listing, contract: ListedContract): MarketProfile {
  const tick = Number(contract.tickSize);
  return { ...listing.profile, tickSize: contract.tickSize, lotSize: contract.lotSize, startTicks: Math.round(listing.startPrice / tick), tickLotValue: tick * Number(contract.lotSize) };
}
