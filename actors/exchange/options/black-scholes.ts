/**
 * Prices, Greeks and implied volatility of European options (Black and Scholes 1973; Black 1976 on a forward).
 * Formulas as in J. Hull, "Options, Futures, and Other Derivatives", ch. 15 and 19.
 *
 * Units: prices in the quote currency of one unit of the underlying, `years` of 365 days to expiry, volatility
 * and rate per year as fractions (0.55 = 55 %).
 */
import { exp, log, normalCdf } from '../../math/elementary.js';

export type OptionKind = 'call' | 'put';

export interface OptionTerms {
  readonly kind: OptionKind;
  /** Price of the underlying now. */
  readonly spot: number;
  readonly strike: number;
  readonly years: number;
  readonly volatility: number;
  readonly rate: number;
}

/** Sensitivities of one option. Theta per calendar day; vega and rho per percentage point, as both venues quote them. */
export interface Greeks {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly theta: number;
  readonly vega: number;
  readonly rho: number;
}

const INV_SQRT_2PI = 0.3989422804014327;
const DAYS_A_YEAR = 365;

/** φ(x), the density of the standard normal distribution. */
export function normalPdf(x: number): number {
  return INV_SQRT_2PI * exp(-0.5 * x * x);
}

/** What the option is worth if it is exercised at `spot`. */
export function intrinsicValue(kind: OptionKind, spot: number, strike: number): number {
  return Math.max(0, kind === 'call' ? spot - strike : strike - spot);
}

/** Price alone; at or past expiry, or without volatility, the discounted intrinsic value. */
export function optionPrice(terms: OptionTerms): number {
  const { kind, spot, strike, years, volatility, rate } = terms;
  if (years <= 0) return intrinsicValue(kind, spot, strike);
  const discount = exp(-rate * years);
  if (volatility <= 0) return intrinsicValue(kind, spot, strike * discount);
  const spread = volatility * Math.sqrt(years);
  const d1 = (log(spot / strike) + rate * years) / spread + spread / 2;
  const d2 = d1 - spread;
  return kind === 'call'
    ? spot * normalCdf(d1) - strike * discount * normalCdf(d2)
    : strike * discount * normalCdf(-d2) - spot * normalCdf(-d1);
}

/** Price and all sensitivities. At or past expiry delta is that of the exercise and the others are 0. */
export function greeks(terms: OptionTerms): Greeks {
  const { kind, spot, strike, years, volatility, rate } = terms;
  const sign = kind === 'call' ? 1 : -1;
  if (years <= 0 || volatility <= 0) {
    const price = optionPrice(terms);
    return { price, delta: price > 0 ? sign : 0, gamma: 0, theta: 0, vega: 0, rho: 0 };
  }
  const root = Math.sqrt(years);
  const spread = volatility * root;
  const discount = exp(-rate * years);
  const d1 = (log(spot / strike) + rate * years) / spread + spread / 2;
  const d2 = d1 - spread;
  const density = normalPdf(d1);
  const n1 = normalCdf(sign * d1);
  const n2 = normalCdf(sign * d2);
  const discounted = strike * discount * n2;
  return {
    price: sign * (spot * n1 - discounted),
    delta: sign * n1,
    gamma: density / (spot * spread),
    theta: (-(spot * density * volatility) / (2 * root) - sign * rate * discounted) / DAYS_A_YEAR,
    vega: (spot * density * root) / 100,
    rho: (sign * discounted * years) / 100,
  };
}

const LOWEST_VOLATILITY = 1e-4;
const HIGHEST_VOLATILITY = 20;

/**
 * The volatility at which the option has this price: Newton's method kept inside a shrinking bracket.
 * `undefined` when no volatility in [0.01 %, 2000 %] gives it (below intrinsic value, above the underlying).
 */
export function impliedVolatility(price: number, terms: Omit<OptionTerms, 'volatility'>): number | undefined {
  if (!(terms.years > 0) || !(price > 0)) return undefined;
  let low = LOWEST_VOLATILITY;
  let high = HIGHEST_VOLATILITY;
  if (price < optionPrice({ ...terms, volatility: low }) || price > optionPrice({ ...terms, volatility: high })) return undefined;
  let guess = 0.6;
  for (let step = 0; step < 100; step++) {
    const at = greeks({ ...terms, volatility: guess });
    const error = at.price - price;
    if (Math.abs(error) <= 1e-12 * terms.spot) return guess;
    if (error > 0) high = guess;
    else low = guess;
    if (high - low <= 1e-12) return guess;
    const newton = guess - error / (at.vega * 100);
    guess = newton > low && newton < high ? newton : (low + high) / 2;
  }
  return guess;
}
