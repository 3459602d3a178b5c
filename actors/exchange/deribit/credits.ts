/**
 * Deribit's rate limits: every call costs credits of a pool that refills with time; calls that reach the matching
 * engine draw on a pool of their own. Source: docs.deribit.com, "Rate limits": 500 credits a call, a pool of 50 000,
 * 10 000 a second; matching engine 5 a second, burst 20, for accounts of the lowest tier.
 */
export interface CreditRule {
  readonly cost: number;
  readonly pool: number;
  readonly perSecond: number;
}

export const NON_MATCHING: CreditRule = { cost: 500, pool: 50_000, perSecond: 10_000 };
/** Counted in requests. */
export const MATCHING: CreditRule = { cost: 1, pool: 20, perSecond: 5 };

/** Methods with limits of their own. */
export const OWN_LIMITS: ReadonlyMap<string, CreditRule> = new Map([
  ['public/get_instruments', { cost: 10_000, pool: 500_000, perSecond: 10_000 }],
  ['public/subscribe', { cost: 3000, pool: 30_000, perSecond: 10_000 }],
  ['private/subscribe', { cost: 3000, pool: 30_000, perSecond: 10_000 }],
  ['private/get_transaction_log', { cost: 10_000, pool: 80_000, perSecond: 10_000 }],
]);

export const MATCHING_METHODS: ReadonlySet<string> = new Set([
  'private/buy', 'private/sell', 'private/edit', 'private/edit_by_label', 'private/close_position', 'private/cancel', 'private/cancel_by_label',
  'private/cancel_all', 'private/cancel_all_by_instrument', 'private/cancel_all_by_currency', 'private/cancel_all_by_kind_or_type',
]);

/** One caller's pool under one rule. */
export class CreditPool {
  readonly #rule: CreditRule;
  #credits: number;
  #atUs: number;

  constructor(rule: CreditRule, nowUs: number) {
    this.#rule = rule;
    this.#credits = rule.pool;
    this.#atUs = nowUs;
  }

  /** Pays for one call; answers 0, or the microseconds after which the same call could be paid (and takes nothing). */
  pay(nowUs: number): number {
    const { cost, pool, perSecond } = this.#rule;
    this.#credits = Math.min(pool, this.#credits + ((nowUs - this.#atUs) * perSecond) / 1e6);
    this.#atUs = nowUs;
    if (this.#credits < cost) return Math.ceil(((cost - this.#credits) * 1e6) / perSecond);
    this.#credits -= cost;
    return 0;
  }
}

/** All pools of one caller (an account, or an address that is not logged in). */
export class CallerCredits {
  readonly #pools = new Map<string, CreditPool>();

  /** As {@link CreditPool.pay}, of the pool that the method draws on. */
  pay(method: string, nowUs: number): number {
    const own = OWN_LIMITS.get(method);
    const matching = MATCHING_METHODS.has(method);
    const name = own !== undefined ? method : matching ? 'matching' : 'non-matching';
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new CreditPool(own ?? (matching ? MATCHING : NON_MATCHING), nowUs);
      this.#pools.set(name, pool);
    }
    return pool.pay(nowUs);
  }
}
