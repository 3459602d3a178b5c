import type { CommonFactor } from './common-factor.js';
import { CrashAgents } from './crash-agents.js';
import { Crowd } from './crowd.js';
import type { MarketProfile } from './instruments.js';
import { LeveragedLongs } from './leverage.js';
import { MarketMaker, type MakerStyle, type MarketState } from './market-maker.js';
import { ASK, BID, OrderBook, type Side } from '../exchange/book/index.js';
import { BookPort, type MarketOutput, type MarketPort, type TradeListener } from './market-port.js';
import { PriceWatchers, type OrderEntry } from './price-watchers.js';
import { Prng } from './prng.js';
import type { CrashPlan, Scenario } from './scenario.js';
import { TakerFlow } from './taker-flow.js';
import { TruthRecorder } from './truth.js';
import { Valuation } from './valuation.js';

/** Rates at activity 1 of the first symbol, per second. */
const TAKER_RATE = 10;
const CROWD_RATE = 130;
/** Wake-ups per second of each maker style below, and their sum. */
const MAKER_RATES = [18, 18, 14, 8, 3, 1.5] as const;
const MAKER_RATE_SUM = 62.5;
const MARK_US = 1_000_000;

export interface SymbolMarketOptions {
  readonly profile: MarketProfile;
  readonly index: number;
  readonly seed: number;
  readonly scenario: Scenario;
  /** Scale of all order flow on top of the scenario's. */
  readonly rate: number;
  readonly crash: CrashPlan | undefined;
  readonly startUs: number;
  /** Where it says what happens; `firstFlushUs` is when its first diff is due. */
  readonly output: (book: OrderBook, firstFlushUs: number) => MarketOutput;
  /** A matcher's book shared with clients; without it, the market has a book of its own. */
  readonly port?: MarketPort;
}

/** One symbol's exchange and everyone who trades on it. `nextUs` says when it acts next; `step` lets it act. */
export class SymbolMarket implements OrderEntry, TradeListener {
  readonly book: OrderBook;
  readonly truth: TruthRecorder;
  nextUs = 0;

  #rate: number;
  readonly #profile: MarketProfile;
  readonly #port: MarketPort;
  readonly #rng: Prng;
  readonly #valuation: Valuation;
  readonly #state: MarketState;
  readonly #output: MarketOutput;
  readonly #crowd: Crowd;
  readonly #takers: TakerFlow;
  readonly #makers: MarketMaker[] = [];
  readonly #watchers: PriceWatchers;
  #longs: LeveragedLongs;
  #crash: CrashAgents | undefined;
  readonly #touchLots: number;
  readonly #takerLots: number;

  #flowUs = 0;
  /** Sum of ticks × lots that the order under way has traded. */
  #tookTickLots = 0;
  #boundRate = 0;
  #gridUs: number;
  #gridSeenUs: number;
  #markUs: number;

  constructor(options: SymbolMarketOptions, common: CommonFactor) {
    const { profile, index, seed, scenario, crash, startUs } = options;
    const stream = 100 + index * 16;
    const start = profile.startTicks;
    const rng = new Prng(seed, stream);
    this.#rate = scenario.activity * options.rate * profile.activity;
    this.#rng = rng;
    this.#profile = profile;
    this.#port = options.port ?? new BookPort(new OrderBook({ firstUpdateId: 4_100_000_000_000 + index * 1_000_000_000 }), this);
    this.book = this.#port.book;
    this.truth = new TruthRecorder(startUs, options.port === undefined);
    const lotsFor = (usd: number): number => Math.max(1, Math.round(usd / (start * profile.tickLotValue)));
    this.#touchLots = lotsFor(profile.touchUsd);
    this.#takerLots = lotsFor(profile.takerUsd);
    this.#valuation = new Valuation(profile, scenario, common, rng, startUs);
    this.#state = this.#valuation.state;

    this.#crowd = new Crowd(new Prng(seed, stream + 1), this.book, Math.max(1, this.#takerLots * 0.9));
    this.#takers = new TakerFlow(new Prng(seed, stream + 2), TAKER_RATE * this.#rate);
    makerStyles(this.#touchLots).forEach((style, maker) => this.#makers.push(new MarketMaker(maker + 1, style, new Prng(seed, stream + 4 + maker))));
    this.#watchers = new PriceWatchers(this, this.book, this.#valuation, rng, this.#touchLots, this.#takerLots);
    this.#longs = longsFor(crash, new Prng(seed, stream + 3), start, this.#touchLots);
    this.#crash = crash === undefined ? undefined : new CrashAgents(crash, new Prng(seed, stream + 15), this.#touchLots);

    this.#crowd.populate(Math.round(this.#valuation.value), this.#state);
    for (let round = 0; round < 3; round++) for (const maker of this.#makers) maker.act(this.book, this.#state);
    this.book.clearChanged();

    this.#gridUs = startUs + Math.floor(rng.between(1000, 50_000));
    this.#gridSeenUs = startUs;
    this.#output = options.output(this.book, startUs + 60_000 + Math.floor(rng.between(0, 100_000)));
    this.#markUs = startUs + MARK_US;
    this.#schedule(startUs);
  }

  get mid(): number {
    const { bestBid, bestAsk } = this.book;
    return bestBid !== 0 && bestAsk !== 0 ? (bestBid + bestAsk) / 2 : this.#state.center;
  }

  /** Lets whatever is due at `nextUs` happen. */
  step(): void {
    const nowUs = this.nextUs;
    const output = this.#output;
    this.#state.nowUs = nowUs;
    if (nowUs === this.#flowUs) this.#flow(nowUs);
    else if (nowUs === this.#gridUs) this.#grid(nowUs);
    else if (nowUs === output.flushUs) output.flush(nowUs);
    else if (nowUs === output.snapshotUs) output.snapshot(nowUs);
    else if (nowUs === this.#markUs) this.#mark(nowUs);
    else if (nowUs === this.#longs.nextUs) this.#liquidate(nowUs);
    else if (nowUs === output.liquidationUs) output.sendLiquidation(nowUs);
    else this.#crashAct(nowUs);
    output.bestQuotes(nowUs);
    this.#schedule(nowUs);
  }

  /** Takes liquidity; answers the lots filled. */
  execute(nowUs: number, side: Side, lots: number, limitTick: number): number {
    this.#tookTickLots = 0;
    const filled = this.#port.take(nowUs, side, lots, limitTick);
    if (filled > 0) this.#longs.price(nowUs, this.truth.lastTradeTicks);
    return filled;
  }

  traded(nowUs: number, takerSide: Side, takerIsClient: boolean, ticks: number, lots: number, makerOwner: number, makerDone: boolean): void {
    if (makerOwner > 0) this.#makers[(makerOwner >> 6) - 1]!.filled((makerOwner & 1) as Side, (makerOwner & 63) >> 1, lots, makerDone);
    if (!takerIsClient) this.#tookTickLots += ticks * lots;
    this.#output.trade(nowUs, takerSide, ticks, lots);
    this.truth.trade(Math.floor(nowUs / 1000) * 1000, ticks);
  }

  /** A client has taken `lots`: leveraged longs may have been reached, and makers learn from it as from any taker. */
  clientTook(nowUs: number, side: Side, lots: number): void {
    this.#longs.price(nowUs, this.truth.lastTradeTicks);
    this.#valuation.learn(side === BID ? 1 : -1, lots / this.#touchLots);
    if (this.#longs.nextUs < this.nextUs) this.nextUs = this.#longs.nextUs;
  }

  drawTo(ticks: number, share: number): void {
    this.#valuation.value += share * (ticks - this.#valuation.value);
  }

  /** From now on the flow and the volatility are the scenario's; `rate` scales the flow on top. */
  changeScenario(scenario: Scenario, rate: number): void {
    this.#rate = scenario.activity * rate * this.#profile.activity;
    this.#takers.changeRate(TAKER_RATE * this.#rate);
    this.#valuation.changeScenario(scenario);
  }

  /** Begins a crash; one that is under way ends. `seed` is for its agents, and for the ladder of longs they run into. */
  startCrash(plan: CrashPlan, seed: number): void {
    this.#longs = longsFor(plan, new Prng(seed, 3), this.mid, this.#touchLots);
    this.#crash = new CrashAgents(plan, new Prng(seed, 15), this.#touchLots);
    this.#valuation.crashBegins();
    if (plan.startUs < this.nextUs) this.nextUs = plan.startUs;
  }

  /** Draws the next arrival of order flow (rates only fall until then, so thinning is exact) and finds what is due first. */
  #schedule(nowUs: number): void {
    this.#boundRate = this.#takers.rate(this.#valuation.activity) + this.#crowdRate() + this.#cancelRate() + this.#makerRate();
    this.#flowUs = nowUs + Math.max(1, Math.floor(this.#rng.exponential(1e6 / this.#boundRate)));
    const { flushUs, snapshotUs, liquidationUs } = this.#output;
    let next = this.#flowUs;
    if (this.#gridUs < next) next = this.#gridUs;
    if (flushUs < next) next = flushUs;
    if (snapshotUs < next) next = snapshotUs;
    if (this.#markUs < next) next = this.#markUs;
    if (this.#longs.nextUs < next) next = this.#longs.nextUs;
    if (liquidationUs < next) next = liquidationUs;
    if (this.#crash !== undefined && this.#crash.nextUs < next) next = this.#crash.nextUs;
    // Excitation fades whether or not anything arrives.
    this.#takers.decay((next - nowUs) / 1e6);
    this.nextUs = Math.max(next, nowUs);
  }

  #crowdRate(): number {
    return CROWD_RATE * this.#rate * Math.min(8, this.#valuation.activity);
  }

  #cancelRate(): number {
    return this.#crowdRate() * (this.#crowd.alarmed(this.#state) ? 4 : 1);
  }

  #makerRate(): number {
    // An open spread is what makers live on: they hurry.
    const hurry = this.book.bestAsk - this.book.bestBid > 1 ? 10 / Math.sqrt(Math.max(1, this.#state.stress)) : 1;
    return MAKER_RATE_SUM * Math.max(1, hurry) * Math.min(3, 0.6 + 0.4 * this.#valuation.activity) * Math.min(1.5, 0.4 + 0.6 * this.#rate);
  }

  /** One candidate of the superposed flows: a taker, a new crowd order, a cancellation, a maker, or nothing. */
  #flow(nowUs: number): void {
    let u = this.#rng.uniform() * this.#boundRate;
    u -= this.#takers.rate(this.#valuation.activity);
    if (u < 0) {
      this.#takerOrder(nowUs);
      return;
    }
    u -= this.#crowdRate();
    if (u < 0) {
      this.#crowd.placeOne(this.#state);
      return;
    }
    u -= this.#cancelRate();
    if (u < 0) {
      this.#crowd.cancelOne(this.#state);
      return;
    }
    u /= this.#makerRate() / MAKER_RATE_SUM;
    for (let maker = 0; maker < MAKER_RATES.length; maker++) {
      u -= MAKER_RATES[maker]!;
      if (u < 0) {
        this.#makers[maker]!.act(this.book, this.#state);
        return;
      }
    }
  }

  #takerOrder(nowUs: number): void {
    const rng = this.#rng;
    const state = this.#state;
    const side = this.#takers.arrive(state.lean);
    const lots = Math.max(1, Math.round(rng.logNormal(this.#takerLots * 0.6, 2.3)));
    const { bestBid, bestAsk } = this.book;
    if (bestBid === 0 || bestAsk === 0) return;
    // Most takers look before they leap and take no more than the touch shows; some reach deeper, a few want it all.
    const hunger = rng.uniform();
    const reachUnits = hunger < 0.8 ? 0 : hunger < 0.975 ? rng.between(1, 10) : rng.between(8, 40);
    const reach = Math.ceil(reachUnits * state.unitTicks * Math.max(1, state.stress * 0.3));
    const wanted = Math.min(hunger < 0.975 ? lots : lots * 12, this.#touchLots * 40);
    const filled = this.execute(nowUs, side, wanted, side === BID ? bestAsk + reach : bestBid - reach);
    this.#valuation.learn(side === BID ? 1 : -1, filled / this.#touchLots);
  }

  /** Every 30 to 70 ms: value and volatility, and the agents that watch prices. */
  #grid(nowUs: number): void {
    const seconds = (nowUs - this.#gridSeenUs) / 1e6;
    this.#gridSeenUs = nowUs;
    this.#gridUs = nowUs + Math.floor(this.#rng.between(30_000, 70_000));
    const mid = this.mid;
    this.#valuation.move(nowUs, seconds, mid, this.#crash);
    this.#valuation.measure(seconds, mid);
    this.#watchers.act(nowUs, mid, this.#crash);
    this.#output.stress(Math.max(0, Math.min(12, this.#state.stress - 3)));
  }

  #crashAct(nowUs: number): void {
    const crash = this.#crash;
    if (crash === undefined || nowUs !== crash.nextUs) return;
    if (!crash.active) this.truth.crashStarts(Math.floor(nowUs / 1000) * 1000);
    crash.act(nowUs, this.mid, this.#valuation.value);
    const { side, lots, limitTick } = crash.order;
    if (lots > 0) this.execute(nowUs, side, lots, limitTick);
  }

  /** The venue sells a liquidated position at whatever the bids pay, down to a limit below the market. */
  #liquidate(nowUs: number): void {
    const { book } = this;
    const lots = this.#longs.piece(nowUs, this.#touchLots * 0.7);
    const filled = book.bestBid === 0 ? 0 : this.execute(nowUs, ASK, lots, Math.floor(book.bestBid * 0.9985));
    if (filled === 0) return;
    this.#longs.sold(filled);
    this.truth.liquidatedLots += filled;
    this.#output.liquidation(nowUs, Math.round(this.#tookTickLots / filled), filled);
  }

  #mark(nowUs: number): void {
    this.#markUs = nowUs + MARK_US;
    this.truth.second(this.mid);
    this.#output.mark(nowUs, (this.#valuation.meanSlow + this.mid) / 2, this.#valuation.value);
  }
}

function longsFor(crash: CrashPlan | undefined, rng: Prng, priceTicks: number, touchLots: number): LeveragedLongs {
  const ladder = crash === undefined ? { nearest: 0.006, farthest: 0.05, density: 0.6 } : { nearest: 0.011, farthest: crash.depth * 1.05, density: crash.ladderDensity };
  return new LeveragedLongs(rng, priceTicks, ladder.nearest, ladder.farthest, touchLots * ladder.density);
}

/** Three makers who live at the touch, and three who stand further and further away. */
function makerStyles(touchLots: number): MakerStyle[] {
  return [
    { touchLots: touchLots * 0.5, layers: [0, 6], patience: 2.4, nerve: 7, absenceSeconds: 3 },
    { touchLots: touchLots * 0.4, layers: [0, 10], patience: 3, nerve: 16, absenceSeconds: 3 },
    { touchLots: touchLots * 0.25, layers: [0, 16], patience: 3.6, nerve: 6, absenceSeconds: 6 },
    { touchLots: touchLots * 0.15, layers: [3, 9, 20], patience: 4.5, nerve: 22, absenceSeconds: 3 },
    { touchLots: touchLots * 0.6, layers: [15, 35, 60, 90], patience: 8, nerve: 40, absenceSeconds: 8 },
    { touchLots: touchLots * 0.8, layers: [60, 150, 300, 600], patience: 20, nerve: 20, absenceSeconds: 10 },
  ];
}
