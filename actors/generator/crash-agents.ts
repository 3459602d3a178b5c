import { exp, pow } from '../math/elementary.js';
import { ASK, BID, type Side } from '../exchange/book/index.js';
import type { Prng } from './prng.js';
import type { CrashPlan } from './scenario.js';

/** An order that an agent of the crash wants executed now: up to `lots` at `limitTick` or better. */
export interface CrashOrder {
  side: Side;
  lots: number;
  limitTick: number;
}

const DONE = Infinity;

/**
 * The large seller and, after the bottom, the two-way bursts of traders who fight over the price in an empty
 * book. The seller follows a price path that falls ever faster, in one or more waves, pausing now and then; it
 * sends small orders while the price is on the path and sweeps down to the path when it is not.
 */
export class CrashAgents {
  /** Below this price, in ticks, buyers of last resort stand in line. */
  cheapTicks = 0;
  /** When this agent acts next; Infinity when it is through. */
  nextUs: number;
  /** Latent value the market believes in, as a share of the price at the start: news arrives with the fall. */
  permanentFactor = 1;
  /** True from the first sale until the last burst. */
  active = false;
  readonly order: CrashOrder = { side: ASK, lots: 0, limitTick: 0 };

  readonly #plan: CrashPlan;
  readonly #rng: Prng;
  readonly #touchLots: number;
  #startTicks = 0;
  #pauseUntilUs = 0;
  #wobble = 0;
  #burstSide: Side = BID;
  #burstFromUs = 0;
  #burstToUs = 0;
  #burstFromTicks = 0;
  #burstReach = 0;

  constructor(plan: CrashPlan, rng: Prng, touchLots: number) {
    this.#plan = plan;
    this.#rng = rng;
    this.#touchLots = touchLots;
    this.nextUs = plan.startUs;
  }

  get selling(): boolean {
    return this.active && this.nextUs <= this.#plan.startUs + this.#plan.fallUs;
  }

  /**
   * Decides the next order; `order.lots` is 0 when it only waits. `mid` is the current mid in ticks, `value` the
   * latent value. Sets `nextUs`.
   */
  act(nowUs: number, mid: number, value: number): void {
    const plan = this.#plan;
    this.order.lots = 0;
    if (!this.active) {
      this.active = true;
      this.#startTicks = mid;
      this.cheapTicks = mid * (1 - plan.depth);
    }
    const sinceUs = nowUs - plan.startUs;
    if (sinceUs < plan.fallUs) this.#sell(nowUs, sinceUs / plan.fallUs, mid);
    else if (sinceUs < plan.fallUs + plan.oscillationUs) this.#fight(nowUs, sinceUs - plan.fallUs, mid, value);
    else {
      this.active = false;
      this.nextUs = DONE;
    }
  }

  /** Share of the fall the path has reached after `progress` of the time: convex inside each wave, flat between. */
  #path(progress: number): number {
    const { waves } = this.#plan;
    const scaled = progress * waves;
    const wave = Math.min(waves - 1, Math.floor(scaled));
    const within = scaled - wave;
    // The last part of a wave before the next one is a pause.
    const moving = waves === 1 ? within : Math.min(1, within / 0.72);
    return (wave + pow(moving, 1.9)) / waves;
  }

  #sell(nowUs: number, progress: number, mid: number): void {
    const rng = this.#rng;
    const plan = this.#plan;
    const urgency = plan.waves === 1 ? progress : (progress * plan.waves) % 1;
    const share = this.#path(progress);
    this.permanentFactor = 1 - plan.depth * plan.permanent * share;
    this.#wobble += -0.12 * this.#wobble + 0.001 * rng.normal();
    const target = this.#startTicks * (1 - plan.depth * share + this.#wobble);
    this.nextUs = nowUs + 1000 * Math.floor(rng.exponential(140 - 105 * urgency) + 4);
    if (nowUs < this.#pauseUntilUs) return;
    if (share > 0.06 && rng.uniform() < 0.035) {
      // It draws breath, and those who think that this was the bottom jump in.
      this.#pauseUntilUs = nowUs + 1e6 * rng.between(0.2, 0.9);
      this.order.side = BID;
      this.order.limitTick = Math.ceil(mid * (1 + plan.depth * rng.between(0.02, 0.11)));
      this.order.lots = Math.max(1, Math.round(rng.logNormal(this.#touchLots * 6, 0.8)));
      return;
    }
    this.order.side = ASK;
    this.order.limitTick = Math.floor(mid > target ? Math.max(target, mid * (1 - 0.004)) : mid * (1 - 0.0004));
    const size = mid > target ? 1.5 + 6 * urgency : 0.12 + 0.5 * urgency;
    this.order.lots = Math.max(1, Math.round(rng.logNormal(this.#touchLots * size, 0.9)));
  }

  #fight(nowUs: number, sinceUs: number, mid: number, value: number): void {
    const rng = this.#rng;
    const plan = this.#plan;
    this.permanentFactor = 1 - plan.depth * plan.permanent;
    const heat = exp((-3.2 * sinceUs) / plan.oscillationUs);
    if (nowUs >= this.#burstToUs) {
      const first = this.#burstToUs === 0;
      const cheap = Math.max(-1, Math.min(1, (value - mid) / (0.02 * value)));
      // A plunge into an empty book is bought back at once, more often than not; after a rally people take their time.
      const plunged = !first && this.#burstSide === ASK;
      const snapsBack = plunged && rng.uniform() < 0.85;
      this.#burstSide = first || snapsBack || (!plunged && rng.uniform() < 0.35 + 0.3 * cheap) ? BID : ASK;
      const restUs = first ? 2e5 : snapsBack ? 1e6 * rng.between(0.05, 0.45) : 1e6 * rng.exponential(0.6 + 4 * (1 - heat));
      const reach = heat * Math.max(0.08, plan.depth);
      this.#burstReach = first ? reach * 0.28 : snapsBack ? this.#burstReach * rng.between(0.8, 1.4) : reach * rng.between(0.08, 0.24);
      this.#burstFromUs = nowUs + restUs;
      this.#burstToUs = this.#burstFromUs + 1e6 * rng.between(0.3, 1);
      this.#burstFromTicks = 0;
      this.nextUs = this.#burstFromUs;
      return;
    }
    if (this.#burstFromTicks === 0) this.#burstFromTicks = mid;
    // They push for two thirds of the time and defend what they reached for the rest.
    const progress = Math.min(1, (1.5 * (nowUs - this.#burstFromUs)) / (this.#burstToUs - this.#burstFromUs));
    const sign = this.#burstSide === BID ? 1 : -1;
    const limit = this.#burstFromTicks * (1 + sign * this.#burstReach * progress);
    this.order.side = this.#burstSide;
    this.order.limitTick = this.#burstSide === BID ? Math.ceil(limit) : Math.floor(limit);
    this.order.lots = Math.max(1, Math.round(rng.logNormal(this.#touchLots * (2 + 10 * heat), 1)));
    this.nextUs = nowUs + 1000 * Math.floor(rng.exponential(45) + 3);
  }
}
