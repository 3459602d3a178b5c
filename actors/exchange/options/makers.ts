import { log } from '../../math/elementary.js';
import { Prng } from '../../generator/prng.js';
import { ASK, BID, type Side } from '../book/index.js';
import { OwnTime } from '../../generator/own-time.js';
import type { MarketDriver, StoppableMarket } from '../engine.js';
import type { AgentListener } from '../matching/index.js';
import type { LatentIndex } from './latent-index.js';
import type { OptionMarket } from './option-market.js';
import type { OptionsVenue } from './venue.js';

const LEVELS = 3;
/** Every contract is quoted anew about so often; one of them at a time. */
const ROUND_US = 2e6;
/** Takers of the whole chain, per second. */
const TAKERS_PER_SECOND = 2;
const SECOND_US = 1e6;
/** Half of the spread: a share of the mark, and of the price of one volatility point. */
const SPREAD_SHARE = 0.012;
const SPREAD_VEGA = 0.6;
/** Median size of a quote in dollars of the underlying. */
const QUOTE_USD = 60_000;

/** The makers' resting orders on one option, by slot; 0 = none. */
interface Quotes extends AgentListener {
  readonly handles: Int32Array;
}

function quotesOf(): Quotes {
  const handles = new Int32Array(LEVELS * 2);
  return {
    handles,
    traded: (_nowUs, _takerSide, _takerIsClient, _ticks, _lots, makerOwner, makerDone) => {
      if (makerDone && makerOwner > 0) handles[makerOwner - 1] = 0;
    },
    clientTook: () => undefined,
  };
}

/**
 * Market makers on every listed option, who quote three levels each side of the mark and quote anew as it moves, and takers who mostly want
 * what is near the money. Time is cut into turns of one contract each; the index is read every second.
 */
export class OptionMakers implements MarketDriver, StoppableMarket {
  #turnUs: number;
  readonly #time = new OwnTime();
  readonly #venue: OptionsVenue;
  readonly #rng: Prng;
  readonly #latent: LatentIndex | undefined;
  readonly #bases: readonly string[];
  readonly #quotes = new Map<OptionMarket, Quotes>();
  #round: OptionMarket[] = [];
  #takerUs: number;
  #indexUs: number;

  constructor(venue: OptionsVenue, latent: LatentIndex | undefined, seed: number, startUs: number) {
    this.#venue = venue;
    this.#latent = latent;
    this.#rng = new Prng(seed, 8100);
    this.#bases = [...venue.underlyings.keys()];
    this.#indexUs = startUs;
    this.#takerUs = startUs + SECOND_US;
    this.#turnUs = startUs;
    for (const market of venue.markets.values()) this.#quote(market, startUs);
  }

  get nextUs(): number {
    return this.#time.isStopped ? Infinity : this.#turnUs;
  }

  stop(nowUs: number): void {
    this.#time.stop(nowUs);
  }

  goOn(nowUs: number): void {
    const lostUs = this.#time.goOn(nowUs);
    this.#turnUs += lostUs;
    this.#takerUs += lostUs;
    this.#indexUs += lostUs;
  }

  step(): void {
    const nowUs = this.#turnUs;
    if (nowUs >= this.#indexUs) {
      this.#indexUs = nowUs + SECOND_US;
      this.#latent?.advance(nowUs).forEach((price, at) => this.#venue.setIndex(this.#bases[at]!, price));
      for (const market of this.#quotes.keys()) if (this.#venue.markets.get(market.symbol) !== market) this.#quotes.delete(market);
    }
    if (nowUs >= this.#takerUs) {
      this.#take(nowUs);
      this.#takerUs = nowUs + Math.max(1, Math.floor(this.#rng.exponential(SECOND_US / TAKERS_PER_SECOND)));
    }
    if (this.#round.length === 0) this.#round = [...this.#venue.markets.values()];
    const market = this.#round.pop();
    if (market !== undefined && this.#venue.markets.get(market.symbol) === market) this.#quote(market, nowUs);
    this.#venue.marketActed(nowUs);
    this.#turnUs = nowUs + Math.max(1000, Math.floor(ROUND_US / Math.max(1, this.#venue.markets.size)));
  }

  /** Takes the makers' orders on a contract out and puts new ones in, post-only. */
  #quote(market: OptionMarket, nowUs: number): void {
    let quotes = this.#quotes.get(market);
    if (quotes === undefined) {
      quotes = quotesOf();
      market.matcher.agents = quotes;
      this.#quotes.set(market, quotes);
    }
    const { handles } = quotes;
    const { book } = market;
    for (let slot = 0; slot < handles.length; slot++) {
      if (handles[slot] !== 0) book.cancel(handles[slot]!);
      handles[slot] = 0;
    }
    const rng = this.#rng;
    const fair = (market.mark * (1 + 0.002 * rng.normal())) / market.tickSize;
    const half = Math.max(0.6, (market.mark * SPREAD_SHARE + market.greeks.vega * SPREAD_VEGA) / market.tickSize);
    const index = this.#venue.index(market.contract.base);
    // A client who gives half of their margin need not wait for a taker.
    const gift = half / 2;
    if (book.bestBid >= fair + gift) market.matcher.takeForAgent(ASK, Number.MAX_SAFE_INTEGER, Math.ceil(fair + gift), nowUs);
    if (book.bestAsk !== 0 && book.bestAsk <= fair - gift) market.matcher.takeForAgent(BID, Number.MAX_SAFE_INTEGER, Math.floor(fair - gift), nowUs);
    for (let level = 0; level < LEVELS; level++) {
      const distance = half * (1 + level * 0.9);
      this.#rest(market, handles, level * 2, BID, Math.floor(fair - distance), index);
      this.#rest(market, handles, level * 2 + 1, ASK, Math.ceil(fair + distance), index);
    }
  }

  #rest(market: OptionMarket, handles: Int32Array, slot: number, side: Side, ticks: number, index: number): void {
    if (ticks < 1) return;
    const lots = Math.max(1, Math.round((QUOTE_USD * (0.3 + this.#rng.exponential(0.7))) / index / market.lotSize));
    // Owners are slots from 1: 0 is the crowd's.
    handles[slot] = market.book.add(side, ticks, lots, slot + 1);
  }

  #take(nowUs: number): void {
    const markets = [...this.#venue.markets.values()];
    if (markets.length === 0) return;
    const rng = this.#rng;
    // The nearest to the money of four looks.
    let chosen = markets[0]!;
    let nearest = Infinity;
    for (let look = 0; look < 4; look++) {
      const market = markets[Math.min(markets.length - 1, Math.floor(rng.uniform() * markets.length))]!;
      const distance = Math.abs(log(market.contract.strike / this.#venue.index(market.contract.base)));
      if (distance >= nearest) continue;
      nearest = distance;
      chosen = market;
    }
    const side = rng.uniform() < 0.52 ? BID : ASK;
    const lots = Math.max(1, Math.round(rng.exponential(0.25 / chosen.lotSize)));
    chosen.matcher.takeForAgent(side, lots, side === BID ? chosen.highestTicks : chosen.lowestTicks, nowUs);
  }
}
