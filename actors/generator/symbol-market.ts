import { Flag, FIXED_SCALE, Kind } from '../../data/records/index.js';
import type { CommonFactor } from './common-factor.js';
import { CrashAgents } from './crash-agents.js';
import { Crowd } from './crowd.js';
import type { FeedLine } from './feed-line.js';
import type { MarketProfile } from './instruments.js';
import { LeveragedLongs } from './leverage.js';
import { MarketMaker, type MakerStyle, type MarketState } from './market-maker.js';
import { ASK, BID, CROWD, LimitOrderBook, type Side } from './order-book.js';
import { Prng } from './prng.js';
import type { CrashPlan, Scenario } from './scenario.js';
import { TakerFlow } from './taker-flow.js';
import { TruthRecorder } from './truth.js';

/** Rates at activity 1 of the first symbol, per second. */
const TAKER_RATE = 10;
const CROWD_RATE = 130;
/** Wake-ups per second of each maker style below. */
const MAKER_RATES = [18, 18, 14, 8, 3, 1.5] as const;
const MAKER_RATE_SUM = 62.5;
const FLUSH_US = 100_000;
const MARK_US = 1_000_000;
const LIQUIDATION_INTERVAL_US = 1_000_000;
/** Seconds over which volatility, lean and activity are measured. */
const STRESS_SECONDS = 6;
/** Move of the makers' value by an order as large as the touch, in latent one-second volatilities; and what stays of it. */
const FLOW_IMPACT = 1.3;
const PERMANENT_IMPACT = 0.25;
const MAX_STRESS = 25;
const BP = 1e-4;

export interface SymbolMarketOptions {
  readonly profile: MarketProfile;
  readonly index: number;
  readonly seed: number;
  readonly scenario: Scenario;
  /** Scale of all order flow on top of the scenario's. */
  readonly rate: number;
  readonly crash: CrashPlan | undefined;
  readonly startUs: number;
}

/** One symbol's exchange and everyone who trades on it. `nextUs` says when it acts next; `step` lets it act. */
export class SymbolMarket {
  readonly book: LimitOrderBook;
  readonly truth: TruthRecorder;
  nextUs: number;

  readonly #profile: MarketProfile;
  readonly #index: number;
  readonly #scenario: Scenario;
  readonly #rate: number;
  readonly #common: CommonFactor;
  readonly #feed: FeedLine;
  readonly #rng: Prng;
  readonly #state: MarketState;
  readonly #crowd: Crowd;
  readonly #takers: TakerFlow;
  readonly #makers: MarketMaker[] = [];
  readonly #longs: LeveragedLongs;
  readonly #crash: CrashAgents | undefined;
  readonly #touchLots: number;
  readonly #takerLots: number;

  // Latent value and what order flow did to the makers' view of it, both in ticks.
  #value: number;
  #impact = 0;
  #permanent = 1;
  #aftershock = 0;
  #commonSeen: number;
  // Realised moments of the mid.
  #variance: number;
  #lastMid: number;
  #meanFast: number;
  #meanSlow: number;
  #activity = 1;
  #expectedSign = 0;

  #flowUs: number;
  #boundRate = 0;
  #gridUs: number;
  #gridSeenUs: number;
  #flushUs: number;
  #markUs: number;
  #snapshotUs: number;
  #liquidationUs = 0;
  #heldLiquidationUs = Infinity;
  #heldLiquidationTicks = 0;
  #heldLiquidationLots = 0;

  #tradeId: number;
  #sentUpdateId: number;
  #sentBid = 0;
  #sentBidLots = 0;
  #sentAsk = 0;
  #sentAskLots = 0;

  constructor(options: SymbolMarketOptions, common: CommonFactor, feed: FeedLine) {
    const { profile, index, seed, scenario, crash, startUs } = options;
    const stream = 100 + index * 16;
    this.#profile = profile;
    this.#index = index;
    this.#scenario = scenario;
    this.#rate = scenario.activity * options.rate * profile.activity;
    this.#common = common;
    this.#feed = feed;
    this.#rng = new Prng(seed, stream);
    const start = profile.startTicks;
    this.book = new LimitOrderBook(Math.floor(start * 0.6), Math.ceil(start * 1.4), 4_100_000_000_000 + index * 1_000_000_000);
    this.truth = new TruthRecorder(startUs);
    this.#tradeId = 5_200_000_000 + index * 100_000_000;
    this.#touchLots = this.#lotsFor(profile.touchUsd);
    this.#takerLots = this.#lotsFor(profile.takerUsd);
    const unitTicks = start * 0.1 * BP;
    const sigmaTicks = start * this.#ordinarySigma();
    this.#value = start + this.#rng.normal() * unitTicks * 20;
    this.#variance = this.#ordinarySigma() * this.#ordinarySigma();
    this.#lastMid = this.#value;
    this.#meanFast = this.#value;
    this.#meanSlow = this.#value;
    this.#commonSeen = common.level;
    this.#state = { nowUs: startUs, center: this.#value, unitTicks, stress: 1, sigmaTicks, lean: 0 };

    this.#crowd = new Crowd(new Prng(seed, stream + 1), this.book, Math.max(1, this.#takerLots * 0.9));
    this.#takers = new TakerFlow(new Prng(seed, stream + 2), TAKER_RATE * this.#rate);
    const styles = makerStyles(this.#touchLots);
    for (let maker = 0; maker < styles.length; maker++) {
      this.#makers.push(new MarketMaker(maker + 1, styles[maker]!, new Prng(seed, stream + 4 + maker)));
    }
    const density = crash?.ladderDensity ?? 0.6;
    this.#longs = new LeveragedLongs(
      new Prng(seed, stream + 3), start, crash === undefined ? 0.006 : 0.011, crash === undefined ? 0.05 : crash.depth * 1.05, this.#touchLots * density,
    );
    this.#crash = crash === undefined ? undefined : new CrashAgents(crash, new Prng(seed, stream + 15), this.#touchLots);

    this.#crowd.populate(Math.round(this.#value), this.#state);
    for (let round = 0; round < 3; round++) for (const maker of this.#makers) maker.act(this.book, this.#state);
    this.book.clearChanged();
    this.#sentUpdateId = this.book.updateId;

    this.#gridUs = startUs + Math.floor(this.#rng.between(1000, 50_000));
    this.#gridSeenUs = startUs;
    this.#snapshotUs = startUs;
    this.#flushUs = startUs + 60_000 + Math.floor(this.#rng.between(0, FLUSH_US));
    this.#markUs = startUs + MARK_US;
    this.#flowUs = 0;
    this.nextUs = 0;
    this.#schedule(startUs);
  }

  /** Lets whatever is due at `nextUs` happen. */
  step(): void {
    const nowUs = this.nextUs;
    this.#state.nowUs = nowUs;
    if (nowUs === this.#flowUs) this.#flow(nowUs);
    else if (nowUs === this.#gridUs) this.#grid(nowUs);
    else if (nowUs === this.#flushUs) this.#flush(nowUs);
    else if (nowUs === this.#snapshotUs) this.#snapshot(nowUs);
    else if (nowUs === this.#markUs) this.#mark(nowUs);
    else if (nowUs === this.#longs.nextUs) this.#liquidate(nowUs);
    else if (nowUs === this.#heldLiquidationUs) this.#sendLiquidation(nowUs);
    else this.#crashAct(nowUs);
    this.#bestQuotes(nowUs);
    this.#schedule(nowUs);
  }

  get mid(): number {
    const { bestBid, bestAsk } = this.book;
    return bestBid !== 0 && bestAsk !== 0 ? (bestBid + bestAsk) / 2 : this.#state.center;
  }

  #lotsFor(usd: number): number {
    return Math.max(1, Math.round(usd / (this.#profile.startTicks * this.#profile.tickLotValue)));
  }

  /** Ordinary one-second volatility of the mid, relative: the value's own and what flow adds. */
  #ordinarySigma(): number {
    return this.#scenario.sigmaBps * BP * this.#profile.beta * 1.6;
  }

  /** Draws the next arrival of order flow (rates only fall until then, so thinning is exact) and finds what is due first. */
  #schedule(nowUs: number): void {
    this.#boundRate = this.#takers.rate(this.#activity) + this.#crowdRate() + this.#cancelRate() + this.#makerRate();
    this.#flowUs = nowUs + Math.max(1, Math.floor(this.#rng.exponential(1e6 / this.#boundRate)));
    let next = this.#flowUs;
    if (this.#gridUs < next) next = this.#gridUs;
    if (this.#flushUs < next) next = this.#flushUs;
    if (this.#snapshotUs < next) next = this.#snapshotUs;
    if (this.#markUs < next) next = this.#markUs;
    if (this.#longs.nextUs < next) next = this.#longs.nextUs;
    if (this.#heldLiquidationUs < next) next = this.#heldLiquidationUs;
    if (this.#crash !== undefined && this.#crash.nextUs < next) next = this.#crash.nextUs;
    // Excitation fades whether or not anything arrives.
    this.#takers.decay((next - nowUs) / 1e6);
    this.nextUs = Math.max(next, nowUs);
  }

  #crowdRate(): number {
    return CROWD_RATE * this.#rate * Math.min(8, this.#activity);
  }

  #cancelRate(): number {
    return this.#crowdRate() * (this.#crowd.alarmed(this.#state) ? 4 : 1);
  }

  #makerRate(): number {
    // An open spread is what makers live on: they hurry.
    const hurry = this.book.bestAsk - this.book.bestBid > 1 ? 10 / Math.sqrt(Math.max(1, this.#state.stress)) : 1;
    return MAKER_RATE_SUM * Math.max(1, hurry) * Math.min(3, 0.6 + 0.4 * this.#activity) * Math.min(1.5, 0.4 + 0.6 * this.#rate);
  }

  /** One candidate of the superposed flows: a taker, a new crowd order, a cancellation, a maker, or nothing. */
  #flow(nowUs: number): void {
    const rng = this.#rng;
    let u = rng.uniform() * this.#boundRate;
    u -= this.#takers.rate(this.#activity);
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
    const filled = this.#execute(nowUs, side, wanted, side === BID ? bestAsk + reach : bestBid - reach);
    this.#learn(side === BID ? 1 : -1, filled);
  }

  /**
   * What an order tells the makers: they move their value by the square root of its size, some of it for good, but
   * only for what surprises them; a parent order's tenth child is no news. Without that discount the long memory of
   * signs would make returns predictable (Bouchaud, Farmer, Lillo 2009).
   */
  #learn(sign: number, lots: number): void {
    const surprise = sign - this.#expectedSign;
    this.#expectedSign += 0.08 * (sign - this.#expectedSign);
    const weight = Math.min(3, Math.sqrt(lots / this.#touchLots));
    const ticks = surprise * weight * FLOW_IMPACT * this.#scenario.sigmaBps * BP * this.#profile.beta * this.#state.center;
    this.#impact += ticks * (1 - PERMANENT_IMPACT);
    this.#value += ticks * PERMANENT_IMPACT;
    this.#state.center += ticks;
  }

  /** Takes liquidity, reports each fill as a trade; answers the lots filled. */
  #execute(nowUs: number, side: Side, lots: number, limitTick: number): number {
    const book = this.book;
    const left = book.take(side, lots, limitTick);
    const exchangeUs = Math.floor(nowUs / 1000) * 1000;
    for (let fill = 0; fill < book.fillCount; fill++) {
      const tick = book.fillTick[fill]!;
      const filled = book.fillLots[fill]!;
      const owner = book.fillOwner[fill]!;
      if (owner !== 0) {
        this.#makers[(owner >> 6) - 1]!.filled((owner & 1) as Side, (owner & 63) >> 1, filled, book.fillDone[fill] === 1);
      }
      const id = ++this.#tradeId;
      this.#feed.begin(this.#index, Kind.TRADE, nowUs, id, id);
      this.#feed.record(side === ASK ? Flag.SELL : 0, id, tick, filled, 0, 0, 0);
      this.#feed.end();
      this.truth.trade(exchangeUs, tick);
    }
    if (book.fillCount > 0) this.#longs.price(nowUs, this.truth.lastTradeTicks);
    return lots - left;
  }

  /** Every 30 to 70 ms: value, volatility, and the agents that watch prices rather than wait for arrivals. */
  #grid(nowUs: number): void {
    const rng = this.#rng;
    const state = this.#state;
    const seconds = (nowUs - this.#gridSeenUs) / 1e6;
    this.#gridSeenUs = nowUs;
    this.#gridUs = nowUs + Math.floor(rng.between(30_000, 70_000));
    this.#moveValue(seconds);
    this.#measure(seconds);

    const mid = this.mid;
    const deviation = state.center - mid;
    this.#arbitrage(nowUs, deviation, mid);
    this.#followTrend(nowUs, mid);
    if (this.#crash !== undefined) this.#huntBargains(nowUs, mid);
    if (state.stress > 4) this.#lastResort(mid);
    this.#feed.stress = Math.max(0, Math.min(12, state.stress - 3));
  }

  #moveValue(seconds: number): void {
    const { beta, correlation } = this.#profile;
    const common = this.#common;
    common.advanceTo(this.#gridSeenUs);
    const shared = common.level - this.#commonSeen;
    this.#commonSeen = common.level;
    const own = Math.sqrt((1 - correlation * correlation) * seconds) * common.volatility * this.#rng.normal();
    const sigma = this.#scenario.sigmaBps * BP * beta * (1 + 2.5 * this.#aftershock);
    this.#value *= 1 + sigma * (correlation * shared + own);
    const crash = this.#crash;
    if (crash !== undefined) {
      this.#value *= crash.permanentFactor / this.#permanent;
      this.#permanent = crash.permanentFactor;
      if (crash.active) this.#aftershock = 1;
      else this.#aftershock *= 1 - seconds / 40;
    }
    // Far from value, opinion comes back slowly: liquidity has to return first.
    const dislocation = Math.min(1, Math.abs(this.#impact) / (0.01 * this.#value));
    this.#impact *= 1 - seconds / (10 + 60 * dislocation);
    const state = this.#state;
    const ahead = this.mid - (this.#value + this.#impact);
    const slack = 8 * state.unitTicks + 0.3 * state.sigmaTicks;
    if (ahead > slack) this.#impact += (ahead - slack) * Math.min(1, 6 * seconds);
    else if (ahead < -slack) this.#impact += (ahead + slack) * Math.min(1, 6 * seconds);
    state.center = this.#value + this.#impact;
  }

  #measure(seconds: number): void {
    const state = this.#state;
    const mid = this.mid;
    const change = (mid - this.#lastMid) / this.#lastMid;
    this.#lastMid = mid;
    const memory = 1 - seconds / STRESS_SECONDS;
    this.#variance = this.#variance * memory + (change * change) / STRESS_SECONDS;
    this.#meanFast += (mid - this.#meanFast) * Math.min(1, seconds);
    this.#meanSlow += (mid - this.#meanSlow) * Math.min(1, seconds / 4);
    const sigma = Math.sqrt(this.#variance);
    const ordinary = this.#ordinarySigma();
    state.sigmaTicks = sigma * mid;
    // Beyond this nobody can be more nervous, and reactions that scale with it stay bounded.
    state.stress = Math.min(MAX_STRESS, sigma / ordinary);
    const drift = (mid - this.#meanSlow) / this.#meanSlow / Math.max(0.002, 25 * ordinary);
    state.lean = Math.max(-1, Math.min(1, drift));
    const busy = Math.max(0.4, Math.min(3, this.#common.volatility)) * (1 + 0.45 * Math.max(0, state.stress - 2));
    this.#activity += (Math.min(12, busy) - this.#activity) * Math.min(1, 3 * seconds);
  }

  /** Takers who know the value buy what is too cheap and sell what is too dear, if the edge beats the nervousness. */
  #arbitrage(nowUs: number, deviation: number, mid: number): void {
    const state = this.#state;
    const rng = this.#rng;
    const edge = Math.max(0.7, 3 * state.unitTicks) * rng.between(0.8, 1.6) + 0.2 * Math.max(0, state.stress - 2) * state.unitTicks * 4;
    if (Math.abs(deviation) < edge) return;
    // The more there is to gain, the more of them race for it.
    const prize = Math.min(8, Math.abs(deviation) / edge);
    const lots = Math.max(1, Math.round(rng.logNormal(this.#touchLots * 0.05 * prize * prize, 1.5)));
    if (deviation > 0) this.#execute(nowUs, BID, lots, Math.floor(mid + deviation - edge * 0.5));
    else this.#execute(nowUs, ASK, lots, Math.ceil(mid + deviation + edge * 0.5));
  }

  /** Momentum traders jump on moves that are large for this market, one way and the other. */
  #followTrend(nowUs: number, mid: number): void {
    const move = (mid - this.#meanFast) / this.#meanFast / this.#ordinarySigma();
    if (Math.abs(move) < 5 || this.#rng.uniform() > Math.min(0.5, 0.02 * Math.abs(move))) return;
    const lots = Math.max(1, Math.round(this.#rng.logNormal(this.#takerLots * 3 * Math.min(10, Math.abs(move) / 4), 1.3)));
    const reach = Math.ceil(2 * this.#state.unitTicks);
    if (move > 0) this.#execute(nowUs, BID, lots, this.book.bestAsk + reach);
    else this.#execute(nowUs, ASK, lots, this.book.bestBid - reach);
  }

  /** Buyers with patience bid for what has become absurdly cheap and, once the selling pauses, take what trades far below value. */
  #huntBargains(nowUs: number, mid: number): void {
    const crash = this.#crash;
    if (crash === undefined || crash.permanentFactor === 1) return;
    if (mid < crash.cheapTicks) {
      const tick = Math.floor(mid * (1 - this.#rng.between(0.0004, 0.006)));
      this.book.add(BID, Math.min(tick, this.book.bestAsk - 1), Math.max(1, Math.round(this.#rng.logNormal(this.#touchLots * 0.8, 0.8))), CROWD);
    }
    if (crash.selling) return;
    const discount = (this.#value - mid) / this.#value;
    if (discount < 0.006 || this.#rng.uniform() > Math.min(0.25, discount * 8)) return;
    const lots = Math.max(1, Math.round(this.#rng.logNormal(this.#touchLots * 0.4, 1)));
    this.#execute(nowUs, BID, lots, Math.floor(mid * 1.0012));
  }

  /** When a side is all but empty, someone bids a silly price and hopes. */
  #lastResort(mid: number): void {
    const rng = this.#rng;
    for (let side: Side = BID; side <= ASK; side++) {
      if (this.book.depthLots(side as Side, 12) > this.#touchLots * 0.25) continue;
      const away = mid * rng.between(0.001, 0.012);
      const tick = side === BID ? Math.floor(mid - away) : Math.ceil(mid + away);
      this.book.add(side as Side, tick, Math.max(1, Math.round(rng.logNormal(this.#touchLots * 0.25, 0.8))), CROWD);
    }
  }

  #crashAct(nowUs: number): void {
    const crash = this.#crash;
    if (crash === undefined || nowUs !== crash.nextUs) return;
    if (!crash.active) this.truth.crashStarts(Math.floor(nowUs / 1000) * 1000);
    crash.act(nowUs, this.mid, this.#value);
    const { side, lots, limitTick } = crash.order;
    if (lots > 0) this.#execute(nowUs, side, lots, limitTick);
  }

  /** The venue sells a liquidated position at whatever the bids pay, down to a limit below the market. */
  #liquidate(nowUs: number): void {
    const lots = this.#longs.piece(nowUs, this.#touchLots * 0.7);
    const { bestBid } = this.book;
    const filled = bestBid === 0 ? 0 : this.#execute(nowUs, ASK, lots, Math.floor(bestBid * 0.9985));
    if (filled === 0) return;
    let notional = 0;
    for (let fill = 0; fill < this.book.fillCount; fill++) notional += this.book.fillTick[fill]! * this.book.fillLots[fill]!;
    this.#longs.sold(filled);
    this.truth.liquidatedLots += filled;
    // The venue publishes at most one forced order per second and symbol: the latest.
    this.#heldLiquidationTicks = Math.round(notional / filled);
    this.#heldLiquidationLots = filled;
    if (this.#heldLiquidationUs === Infinity) this.#heldLiquidationUs = Math.max(nowUs, this.#liquidationUs + LIQUIDATION_INTERVAL_US);
    if (this.#heldLiquidationUs === nowUs) this.#sendLiquidation(nowUs);
  }

  #sendLiquidation(nowUs: number): void {
    this.#liquidationUs = nowUs;
    this.#heldLiquidationUs = Infinity;
    this.#feed.begin(this.#index, Kind.LIQUIDATION, nowUs, 0, 0);
    this.#feed.record(Flag.SELL, 0, this.#heldLiquidationTicks, this.#heldLiquidationLots, 0, 0, 0);
    this.#feed.end();
  }

  #bestQuotes(nowUs: number): void {
    const { book } = this;
    const { bestBid, bestAsk } = book;
    const bidLots = book.lotsAt(bestBid);
    const askLots = book.lotsAt(bestAsk);
    if (bestBid === this.#sentBid && bestAsk === this.#sentAsk && bidLots === this.#sentBidLots && askLots === this.#sentAskLots) return;
    this.#sentBid = bestBid;
    this.#sentAsk = bestAsk;
    this.#sentBidLots = bidLots;
    this.#sentAskLots = askLots;
    this.#feed.begin(this.#index, Kind.BOOK_TICKER, nowUs, 0, 0);
    this.#feed.record(0, book.updateId, bestBid, bidLots, bestAsk, askLots, 0);
    this.#feed.end();
  }

  /** Sends every level touched since the last diff with its lots now. */
  #flush(nowUs: number): void {
    const { book } = this;
    this.#flushUs = nowUs + FLUSH_US;
    const due = this.#feed.snapshotDueUs[this.#index]!;
    if (due !== 0 && due <= nowUs) {
      this.#feed.snapshotDueUs[this.#index] = 0;
      this.#snapshotUs = nowUs + FLUSH_US / 2;
    }
    const previous = this.#sentUpdateId;
    // A diff consumes an id of its own, so that a snapshot taken before it never carries its final id.
    const final = ++book.updateId;
    this.#sentUpdateId = final;
    this.#feed.begin(this.#index, Kind.DEPTH, nowUs, previous + 1, final);
    const span = final - previous - 1;
    const count = book.changedCount;
    if (count === 0) this.#feed.record(Flag.EMPTY | Flag.FIRST | Flag.LAST, final, 0, 0, 0, previous, span);
    else {
      const ticks = book.changed.subarray(0, count).sort();
      let levels = 0;
      for (let i = 0; i < count; i++) levels += (book.changedOn(BID, ticks[i]!) ? 1 : 0) + (book.changedOn(ASK, ticks[i]!) ? 1 : 0);
      let sent = 0;
      for (let side: Side = BID; side <= ASK; side++) {
        for (let i = 0; i < count; i++) {
          const tick = ticks[i]!;
          if (!book.changedOn(side as Side, tick)) continue;
          const flags = (side === ASK ? Flag.SELL : 0) | (sent === 0 ? Flag.FIRST : 0) | (sent === levels - 1 ? Flag.LAST : 0);
          this.#feed.record(flags, final, tick, book.lotsOnSide(side as Side, tick), 0, previous, span);
          sent += 1;
        }
      }
    }
    this.#feed.end();
    book.clearChanged();
  }

  /** Sends the whole book, best level first, bids then asks. */
  #snapshot(nowUs: number): void {
    const { book } = this;
    this.#snapshotUs = Infinity;
    // As in #flush: the id it names lies strictly inside the next diff.
    const id = ++book.updateId;
    this.#feed.begin(this.#index, Kind.SNAPSHOT, nowUs, this.#sentUpdateId, id);
    let first = Flag.FIRST as number;
    for (let tick = book.bestBid; tick !== 0; tick = book.worse(BID, tick)) {
      this.#feed.record(first, id, tick, book.lotsAt(tick), 0, 0, 0);
      first = 0;
    }
    for (let tick = book.bestAsk; tick !== 0; ) {
      const next = book.worse(ASK, tick);
      this.#feed.record(Flag.SELL | first | (next === 0 ? Flag.LAST : 0), id, tick, book.lotsAt(tick), 0, 0, 0);
      first = 0;
      tick = next;
    }
    this.#feed.end();
  }

  #mark(nowUs: number): void {
    this.#markUs = nowUs + MARK_US;
    this.truth.second(this.mid);
    // Price of one tick x 1e8 is an integer for every listed symbol, so the products are exact to 2^53.
    const tick = Math.round(Number(this.#profile.tickSize) * FIXED_SCALE);
    const mark = Math.round(((this.#meanSlow + this.mid) / 2) * tick);
    const indexPrice = Math.round(this.#value * tick);
    this.#feed.begin(this.#index, Kind.MARK, nowUs, 0, 0);
    this.#feed.record(0, (Math.floor(nowUs / 28_800e6) + 1) * 28_800e6, 0, mark, 0, indexPrice, 10_000);
    this.#feed.end();
  }
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
