import { CommonFactor } from '../../generator/common-factor.js';
import type { MarketProfile } from '../../generator/instruments.js';
import { Prng } from '../../generator/prng.js';
import { scenarioNamed, type ScenarioName } from '../../generator/scenario.js';

const BP = 1e-4;
const PATIENCE_US = 10e6;

/**
 * Index prices of underlyings where no market of theirs tells them: the generator's latent values without order flow, on the common factor
 * of the whole exchange. A price that is told (`set`) holds; it goes on from there when nobody tells any more.
 */
export class LatentIndex {
  readonly #common: CommonFactor;
  readonly #values: { readonly profile: MarketProfile; readonly sigma: number; readonly rng: Prng; value: number }[];
  #atUs: number;
  #level: number;
  /** Until then the prices are told, and none is made up. */
  #toldUntilUs = 0;

  constructor(bases: readonly { readonly startPrice: number; readonly profile: MarketProfile }[], scenario: ScenarioName, seed: number, startUs: number) {
    const { sigmaBps, jumpEverySeconds } = scenarioNamed(scenario);
    this.#common = new CommonFactor(new Prng(seed, 4), startUs, jumpEverySeconds);
    this.#values = bases.map(({ startPrice, profile }, at) => ({ profile, sigma: sigmaBps * BP * profile.beta, rng: new Prng(seed, 9000 + at), value: startPrice }));
    this.#atUs = startUs;
    this.#level = this.#common.level;
  }

  /** Lets time pass; answers the values in the order of the bases. */
  advance(nowUs: number): readonly number[] {
    const seconds = Math.max(0, nowUs - this.#atUs) / 1e6;
    this.#atUs = nowUs;
    this.#common.advanceTo(nowUs);
    const shared = this.#common.level - this.#level;
    this.#level = this.#common.level;
    if (nowUs < this.#toldUntilUs) return this.#values.map(({ value }) => value);
    for (const one of this.#values) {
      const { correlation } = one.profile;
      const own = Math.sqrt((1 - correlation * correlation) * seconds) * this.#common.volatility * one.rng.normal();
      one.value *= 1 + one.sigma * (correlation * shared + own);
    }
    return this.#values.map(({ value }) => value);
  }

  /** Takes a price that is told; for some seconds none is made up then. */
  set(at: number, price: number): void {
    this.#values[at]!.value = price;
    this.#toldUntilUs = this.#atUs + PATIENCE_US;
  }
}
