import { LiveMarket, type AgentDesk } from '../../generator/live-market.js';
import type { ScenarioName } from '../../generator/scenario.js';
import type { MarketProfile } from '../../generator/instruments.js';
import { ASK, type Side } from '../book/index.js';
import type { MarketDriver, StoppableMarket } from '../engine.js';
import type { Listing, ListedContract } from '../listings.js';
import type { SymbolData } from '../market-data/index.js';
import { TapeMarket, type TapeSource } from './tape-market.js';

/** Steps of the clock that market data is published on; every speed of the venue's streams is a multiple of it. */
export const GRID_US = 50_000;

/** One symbol of the market inside: where its agents trade, and what is public of it. */
export interface InsideSymbol {
  readonly profile: MarketProfile;
  readonly desk: AgentDesk;
  readonly data: SymbolData;
  /** Its number on the tape, where one is played for it. */
  readonly recorded?: number;
}

export interface InsideOptions {
  readonly symbols: readonly InsideSymbol[];
  readonly scenario: ScenarioName;
  /** Seed of this product's crowd, and of what all products share. */
  readonly seed: number;
  readonly commonSeed: number;
  readonly startUs: number;
  /** The tape that is played for symbols that are on it; the others have a crowd. */
  readonly tape?: TapeSource;
  /** After every {@link GRID_US}, candles that are over closed before; `grid` counts the steps since the epoch. */
  onGrid(grid: number, nowUs: number): void;
  /** A forced sale, or purchase, of the crowd's. */
  onLiquidation?(symbol: number, nowUs: number, side: Side, averageTicks: number, lots: number): void;
}

/** How long a market that is opened with a crash is calm before it. */
const LEAD_US = 30_000_000;
const NEVER = { nextUs: Infinity, step: (): void => undefined };

/** Where a symbol's crowd is, and its number there. */
type Place = { readonly of: 'live' | 'tape'; readonly at: number };

/** The crowd that trades on one product's matchers, and the clock of its market data. Runs for ever. */
export class MarketInside implements MarketDriver, StoppableMarket {
  readonly #live: LiveMarket | null;
  readonly #tape: TapeMarket | null;
  readonly #places: readonly Place[];
  readonly #symbols: readonly InsideSymbol[];
  readonly #onGrid: InsideOptions['onGrid'];
  #grid: number;

  constructor(options: InsideOptions) {
    const { symbols, scenario, seed, commonSeed, startUs, tape } = options;
    this.#symbols = symbols;
    this.#onGrid = (grid, nowUs) => options.onGrid(grid, nowUs);
    this.#grid = Math.floor(startUs / GRID_US) + 1;
    const isTaped = ({ recorded }: InsideSymbol): boolean => tape !== undefined && recorded !== undefined;
    const numbered = symbols.map((symbol, index) => ({ symbol, index }));
    const live = numbered.filter(({ symbol }) => !isTaped(symbol));
    const taped = numbered.filter(({ symbol }) => isTaped(symbol));
    this.#places = symbols.map((symbol, index): Place => (isTaped(symbol) ? { of: 'tape', at: taped.findIndex((one) => one.index === index) } : { of: 'live', at: live.findIndex((one) => one.index === index) }));
    this.#live = live.length === 0 ? null : new LiveMarket({
      scenario: 'calm', seed, commonSeed, rate: 1, startUs,
      symbols: live.map(({ symbol: { profile, desk }, index }) => ({
        profile, desk, onLiquidation: (nowUs: number, averageTicks: number, lots: number) => options.onLiquidation?.(index, nowUs, ASK, averageTicks, lots),
      })),
    });
    this.#tape = taped.length === 0 ? null : new TapeMarket(tape!, taped.map(({ symbol: { desk, recorded, profile: { startTicks } }, index }) => ({
      recorded: recorded!, desk, startTicks, onLiquidation: (nowUs: number, side: Side, ticks: number, lots: number) => options.onLiquidation?.(index, nowUs, side, ticks, lots),
    })), startUs);
    if (scenario !== 'calm') this.#live?.startScenario(scenario, 1, startUs, LEAD_US);
    this.settle(startUs);
  }

  get nextUs(): number {
    return Math.min(this.#crowd.nextUs, this.#grid * GRID_US);
  }

  step(): void {
    const gridUs = this.#grid * GRID_US;
    const crowd = this.#crowd;
    const nowUs = crowd.nextUs;
    if (gridUs > nowUs) {
      crowd.step();
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

  /** The clock of market data goes on: candles end, streams tell what there is. */
  stop(nowUs: number): void {
    this.#live?.stop(nowUs);
    this.#tape?.stop(nowUs);
  }

  goOn(nowUs: number): void {
    this.#live?.goOn(nowUs);
    this.#tape?.goOn(nowUs);
  }

  /** Symbols that a tape is played for go on with it. */
  startScenario(name: ScenarioName, nowUs: number): void {
    this.#live?.startScenario(name, 1, nowUs);
  }

  /** Mid price of a symbol in ticks. */
  midTicks(symbol: number): number {
    const { of, at } = this.#places[symbol]!;
    return of === 'tape' ? this.#tape!.midTicks(at) : this.#live!.midTicks(at);
  }

  /** Arbitrage with the other product; a tape cannot be moved. */
  drawTo(symbol: number, ticks: number, share: number): void {
    const { of, at } = this.#places[symbol]!;
    if (of === 'live') this.#live!.drawTo(at, ticks, share);
  }

  /** Who acts first. */
  get #crowd(): { readonly nextUs: number; step(): void } {
    const live = this.#live ?? NEVER;
    const tape = this.#tape ?? NEVER;
    return tape.nextUs < live.nextUs ? tape : live;
  }
}

/** What the generator must know of a listed symbol when it is traded in these ticks and lots. */
export function profileOf(listing: Listing, contract: ListedContract): MarketProfile {
  const tick = Number(contract.tickSize);
  return { ...listing.profile, tickSize: contract.tickSize, lotSize: contract.lotSize, startTicks: Math.round(listing.startPrice / tick), tickLotValue: tick * Number(contract.lotSize) };
}
