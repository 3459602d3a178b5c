import type { AgentListener, Matcher } from '../exchange/matching/index.js';
import type { Side } from '../exchange/book/index.js';
import { CommonFactor } from './common-factor.js';
import type { MarketProfile } from './instruments.js';
import type { MarketOutput, MarketPort } from './market-port.js';
import { OwnTime } from './own-time.js';
import { Prng } from './prng.js';
import { planCrashes, scenarioNamed, type ScenarioName } from './scenario.js';
import { SymbolMarket } from './symbol-market.js';

/** The part of a Matcher that agents use, whatever its clients' orders are. */
export type AgentDesk = Pick<Matcher, 'book' | 'agents' | 'takeForAgent'>;

/** One symbol that clients trade on too. Trades and fills are told by its Matcher's sink; the rest is told here. */
export interface LiveSymbol {
  readonly profile: MarketProfile;
  /** Its book must be empty; the market fills it. */
  readonly desk: AgentDesk;
  /** Every second: mark and index price in ticks, not rounded. */
  onMark?(nowUs: number, markTicks: number, indexTicks: number): void;
  /** A forced sale of the crowd's: average price in ticks, lots. */
  onLiquidation?(nowUs: number, averageTicks: number, lots: number): void;
}

export interface LiveMarketOptions {
  readonly symbols: readonly LiveSymbol[];
  readonly scenario: ScenarioName;
  /** Integer 0 … 2^53-1. */
  readonly seed: number;
  /** Seed of what all symbols share; `seed` unless told otherwise. Two products with one commonSeed move together. */
  readonly commonSeed?: number;
  /** Scale of all order flow, 1 = as the scenario has it. */
  readonly rate: number;
  readonly startUs: number;
}

/** Length of the tape whose crash is played when one is started. */
const CRASH_MINUTES = 10;

/** Agents trade through the matcher, so that clients' resting orders are filled like any other. */
class MatcherPort implements MarketPort {
  readonly book: MarketPort['book'];
  readonly #desk: AgentDesk;
  readonly #time: OwnTime;

  constructor(desk: AgentDesk, time: OwnTime) {
    this.book = desk.book;
    this.#desk = desk;
    this.#time = time;
  }

  take(nowUs: number, side: Side, lots: number, limitTicks: number): number {
    return this.#desk.takeForAgent(side, lots, limitTicks, this.#time.toVenue(nowUs));
  }
}

/** What the matcher tells the agents, at their own time. */
function inOwnTime(agents: AgentListener, time: OwnTime): AgentListener {
  return {
    traded: (nowUs, takerSide, takerIsClient, ticks, lots, makerOwner, makerDone) => agents.traded(time.ofVenue(nowUs), takerSide, takerIsClient, ticks, lots, makerOwner, makerDone),
    clientTook: (nowUs, side, lots) => agents.clientTook(time.ofVenue(nowUs), side, lots),
  };
}

/** What goes out by itself: marks and forced sales. Diffs, snapshots and quotes are the exchange's own affair. */
function liveOutput(symbol: LiveSymbol, time: OwnTime): MarketOutput {
  const nothing = (): void => undefined;
  return {
    flushUs: Infinity,
    snapshotUs: Infinity,
    liquidationUs: Infinity,
    trade: nothing,
    bestQuotes: nothing,
    flush: nothing,
    snapshot: nothing,
    sendLiquidation: nothing,
    stress: nothing,
    mark: (nowUs, markTicks, indexTicks) => symbol.onMark?.(time.toVenue(nowUs), markTicks, indexTicks),
    liquidation: (nowUs, averageTicks, lots) => symbol.onLiquidation?.(time.toVenue(nowUs), averageTicks, lots),
  };
}

/**
 * The generator's agents on an exchange's own matchers, without an end: clients' orders stand in the same queues, are
 * filled by the crowd's takers, and move the price when they take. Deterministic: the same seed and the same orders of
 * clients at the same times give the same trades.
 */
export class LiveMarket {
  readonly #markets: SymbolMarket[] = [];
  readonly #seed: number;
  readonly #commonSeed: number;
  readonly #time = new OwnTime();
  #crashes = 0;

  constructor(options: LiveMarketOptions) {
    const { seed, startUs, rate } = options;
    const scenario = scenarioNamed(options.scenario);
    this.#seed = seed;
    this.#commonSeed = options.commonSeed ?? seed;
    const common = new CommonFactor(new Prng(this.#commonSeed, 4), startUs, scenario.jumpEverySeconds);
    options.symbols.forEach((symbol, index) => {
      const { profile, desk } = symbol;
      const market = new SymbolMarket(
        { profile, index, seed, scenario, rate, crash: undefined, startUs, output: () => liveOutput(symbol, this.#time), port: new MatcherPort(desk, this.#time) },
        common,
      );
      desk.agents = inOwnTime(market, this.#time);
      this.#markets.push(market);
    });
    if (scenario.crash !== 'none') this.startScenario(options.scenario, rate, startUs);
  }

  /** When the next agent acts, µs. */
  get nextUs(): number {
    return this.#time.isStopped ? Infinity : this.#time.toVenue(this.#earliest().nextUs);
  }

  /** Nobody acts from now on; what clients' orders mean to the agents they learn all the same. */
  stop(nowUs: number): void {
    this.#time.stop(nowUs);
  }

  /** Everybody goes on as if no time had passed. */
  goOn(nowUs: number): void {
    this.#time.goOn(nowUs);
  }

  /** Lets what is due at `nextUs` happen. A client's order should find the market stepped up to its own time. */
  step(): void {
    this.#earliest().step();
  }

  /** Mid of the best prices in ticks; the makers' value while a side is empty. */
  midTicks(symbol: number): number {
    return this.#markets[symbol]!.mid;
  }

  /** Arbitrage with another market of the same thing: moves the latent value by `share` of the way to `ticks`. */
  drawTo(symbol: number, ticks: number, share: number): void {
    this.#markets[symbol]!.drawTo(ticks, share);
  }

  /**
   * From now on the market is another one: order flow and volatility at once, a crash after `leadUs`, first symbol first. Markets with one
   * commonSeed crash alike.
   */
  startScenario(name: ScenarioName, rate: number, venueUs: number, leadUs = 1_000_000): void {
    const nowUs = this.#time.ofVenue(venueUs);
    const scenario = scenarioNamed(name);
    for (const market of this.#markets) market.changeScenario(scenario, rate);
    if (scenario.crash === 'none') return;
    const crash = ++this.#crashes * 1009;
    const plans = planCrashes(scenario, this.#commonSeed + crash, CRASH_MINUTES, this.#markets.length, nowUs);
    const earlierUs = plans[0]!.startUs - nowUs - leadUs;
    this.#markets.forEach((market, index) => market.startCrash({ ...plans[index]!, startUs: plans[index]!.startUs - earlierUs }, this.#seed + crash + index * 16));
  }

  #earliest(): SymbolMarket {
    let next = this.#markets[0]!;
    for (const market of this.#markets) if (market.nextUs < next.nextUs) next = market;
    return next;
  }
}
