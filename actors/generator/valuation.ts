import type { CommonFactor } from './common-factor.js';
import type { CrashAgents } from './crash-agents.js';
import type { MarketProfile } from './instruments.js';
import type { MarketState } from './market-maker.js';
import type { Prng } from './prng.js';
import type { Scenario } from './scenario.js';

const BP = 1e-4;
/** Seconds over which volatility is measured. */
const STRESS_SECONDS = 6;
const MAX_STRESS = 25;
/** Move of the makers' value by an order as large as the touch, in latent one-second volatilities; and what stays of it. */
const FLOW_IMPACT = 1.3;
const PERMANENT_IMPACT = 0.25;
/** Volatility of the mid over the latent value's: order flow adds the rest. */
const FLOW_SHARE = 1.6;

/**
 * What one symbol is worth and how nervous its market is. The latent value diffuses with the common factor; order
 * flow moves the makers' opinion of it, partly for good; a sweep drags the opinion along. From the mid it measures
 * what the agents react to: volatility, lean, activity. Keeps the shared `MarketState` up to date.
 */
export class Valuation {
  readonly state: MarketState;
  /** Latent value, ticks. */
  value: number;
  /** Order flow over its ordinary rate. */
  activity = 1;
  /** Means of the mid over one and four seconds, ticks. */
  meanFast: number;
  meanSlow: number;
  /** Ordinary one-second volatility of the mid, relative. */
  ordinarySigma: number;

  readonly #profile: MarketProfile;
  readonly #common: CommonFactor;
  readonly #rng: Prng;
  /** Latent one-second volatility, relative. */
  #sigma: number;
  #impact = 0;
  #permanent = 1;
  #aftershock = 0;
  #commonSeen: number;
  #expectedSign = 0;
  #variance: number;
  #lastMid: number;

  constructor(profile: MarketProfile, scenario: Scenario, common: CommonFactor, rng: Prng, startUs: number) {
    const start = profile.startTicks;
    const unitTicks = start * 0.1 * BP;
    this.#profile = profile;
    this.#common = common;
    this.#rng = rng;
    this.#sigma = scenario.sigmaBps * BP * profile.beta;
    this.ordinarySigma = this.#sigma * FLOW_SHARE;
    this.value = start + rng.normal() * unitTicks * 20;
    this.#variance = this.ordinarySigma * this.ordinarySigma;
    this.#lastMid = this.value;
    this.meanFast = this.value;
    this.meanSlow = this.value;
    this.#commonSeen = common.level;
    this.state = { nowUs: startUs, center: this.value, unitTicks, stress: 1, sigmaTicks: start * this.ordinarySigma, lean: 0 };
  }

  changeScenario(scenario: Scenario): void {
    this.#sigma = scenario.sigmaBps * BP * this.#profile.beta;
    this.ordinarySigma = this.#sigma * FLOW_SHARE;
  }

  /** The news of an earlier crash stays in the value; the next one's comes on top. */
  crashBegins(): void {
    this.#permanent = 1;
  }

  /**
   * What an order tells the makers: they move their value by the square root of its size (`touches` = its lots over the
   * ordinary touch), some of it for good, but only for what surprises them; a parent order's tenth child is no news.
   * Without that discount the long memory of signs would make returns predictable (Bouchaud, Farmer, Lillo 2009).
   */
  learn(sign: number, touches: number): void {
    const surprise = sign - this.#expectedSign;
    this.#expectedSign += 0.08 * (sign - this.#expectedSign);
    const weight = Math.min(3, Math.sqrt(touches));
    const ticks = surprise * weight * FLOW_IMPACT * this.#sigma * this.state.center;
    this.#impact += ticks * (1 - PERMANENT_IMPACT);
    this.value += ticks * PERMANENT_IMPACT;
    this.state.center += ticks;
  }

  /** Lets `seconds` pass until `nowUs`. */
  move(nowUs: number, seconds: number, mid: number, crash: CrashAgents | undefined): void {
    const { correlation } = this.#profile;
    const common = this.#common;
    common.advanceTo(nowUs);
    const shared = common.level - this.#commonSeen;
    this.#commonSeen = common.level;
    const own = Math.sqrt((1 - correlation * correlation) * seconds) * common.volatility * this.#rng.normal();
    this.value *= 1 + this.#sigma * (1 + 8 * this.#aftershock) * (correlation * shared + own);
    if (crash !== undefined) {
      this.value *= crash.permanentFactor / this.#permanent;
      this.#permanent = crash.permanentFactor;
      if (crash.active) this.#aftershock = 1;
      else this.#aftershock *= 1 - seconds / 25;
    }
    // Far from value, opinion comes back slowly: liquidity has to return first.
    const dislocation = Math.min(1, Math.abs(this.#impact) / (0.01 * this.value));
    this.#impact *= 1 - seconds / (10 + 60 * dislocation);
    const state = this.state;
    const ahead = mid - (this.value + this.#impact);
    const slack = 8 * state.unitTicks + 0.3 * state.sigmaTicks;
    if (ahead > slack) this.#impact += (ahead - slack) * Math.min(1, 6 * seconds);
    else if (ahead < -slack) this.#impact += (ahead + slack) * Math.min(1, 6 * seconds);
    state.center = this.value + this.#impact;
  }

  /** Measures the mid as it is now, `seconds` after the last time. */
  measure(seconds: number, mid: number): void {
    const state = this.state;
    const change = (mid - this.#lastMid) / this.#lastMid;
    this.#lastMid = mid;
    this.#variance = this.#variance * (1 - seconds / STRESS_SECONDS) + (change * change) / STRESS_SECONDS;
    this.meanFast += (mid - this.meanFast) * Math.min(1, seconds);
    this.meanSlow += (mid - this.meanSlow) * Math.min(1, seconds / 4);
    const sigma = Math.sqrt(this.#variance);
    state.sigmaTicks = sigma * mid;
    // Beyond this nobody can be more nervous, and reactions that scale with it stay bounded.
    state.stress = Math.min(MAX_STRESS, sigma / this.ordinarySigma);
    const drift = (mid - this.meanSlow) / this.meanSlow / Math.max(0.002, 25 * this.ordinarySigma);
    state.lean = Math.max(-1, Math.min(1, drift));
    const busy = Math.max(0.4, Math.min(3, this.#common.volatility)) * (1 + 0.45 * Math.max(0, state.stress - 2));
    this.activity += (Math.min(12, busy) - this.activity) * Math.min(1, 3 * seconds);
  }
}
