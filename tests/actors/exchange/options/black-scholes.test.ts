import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { greeks, impliedVolatility, normalPdf, optionPrice, type OptionTerms } from '../../../../actors/exchange/options/black-scholes.js';
import { exp, normalCdf } from '../../../../actors/math/elementary.js';

const near = (actual: number, expected: number, error: number): void =>
  assert.ok(Math.abs(actual - expected) <= error, `${actual} is not ${expected} ± ${error}`);

test('the normal distribution has its tabulated values', () => {
  // Abramowitz and Stegun, table 26.1.
  const table: readonly (readonly [number, number])[] = [
    [0, 0.5], [0.5, 0.691462461274013], [1, 0.841344746068543], [1.96, 0.975002104851780], [2.5, 0.993790334674224], [-3, 0.001349898031630],
  ];
  for (const [x, phi] of table) near(normalCdf(x), phi, 1e-14);
  near(normalPdf(0), 0.398942280401433, 1e-15);
  near(normalPdf(1), 0.241970724519143, 1e-15);
});

test('the published examples come out', () => {
  // Hull, example 15.6.
  const hull = { spot: 42, strike: 40, years: 0.5, volatility: 0.2, rate: 0.1 };
  near(optionPrice({ kind: 'call', ...hull }), 4.76, 0.005);
  near(optionPrice({ kind: 'put', ...hull }), 0.81, 0.005);
  // Haug, The Complete Guide to Option Pricing Formulas, 1.1.1.
  near(optionPrice({ kind: 'call', spot: 60, strike: 65, years: 0.25, volatility: 0.3, rate: 0.08 }), 2.1334, 5e-5);
  // Haug 1.1.4, Black-76: a discounted forward is a spot price.
  const forward = 19 * exp(-0.1 * 0.75);
  near(optionPrice({ kind: 'call', spot: forward, strike: 19, years: 0.75, volatility: 0.28, rate: 0.1 }), 1.7011, 5e-5);
});

test('the published Greeks come out', () => {
  // Hull, ch. 19: S = 49, K = 50, r = 5 %, sigma = 20 %, 20 weeks.
  const at = greeks({ kind: 'call', spot: 49, strike: 50, years: 0.3846, volatility: 0.2, rate: 0.05 });
  near(at.price, 2.4, 0.005);
  near(at.delta, 0.522, 0.0005);
  near(at.gamma, 0.066, 0.0005);
  near(at.theta * 365, -4.31, 0.005);
  near(at.vega * 100, 12.1, 0.05);
  near(at.rho * 100, 8.91, 0.005);
});

const terms = fc.record({
  kind: fc.constantFrom('call' as const, 'put' as const),
  spot: fc.double({ min: 100, max: 200_000, noNaN: true }),
  moneyness: fc.double({ min: 0.5, max: 2, noNaN: true }),
  years: fc.double({ min: 1 / 365, max: 2, noNaN: true }),
  volatility: fc.double({ min: 0.05, max: 3, noNaN: true }),
  rate: fc.double({ min: 0, max: 0.1, noNaN: true }),
}).map(({ moneyness, ...rest }): OptionTerms => ({ ...rest, strike: rest.spot * moneyness }));

test('put and call are at parity, and the Greeks are the slopes of the price', () => {
  fc.assert(fc.property(terms, (option) => {
    const call = optionPrice({ ...option, kind: 'call' });
    const put = optionPrice({ ...option, kind: 'put' });
    near(call - put, option.spot - option.strike * exp(-option.rate * option.years), 1e-9 * option.spot);
    const at = greeks(option);
    const step = option.spot * 1e-5;
    const up = optionPrice({ ...option, spot: option.spot + step });
    const down = optionPrice({ ...option, spot: option.spot - step });
    near((up - down) / (2 * step), at.delta, 1e-4);
    const widened = optionPrice({ ...option, volatility: option.volatility + 1e-5 }) - optionPrice({ ...option, volatility: option.volatility - 1e-5 });
    near(widened / 2e-5 / 100, at.vega, 1e-5 * option.spot);
  }));
});

test('implied volatility finds the volatility that made the price, and refuses impossible prices', () => {
  fc.assert(fc.property(terms, (option) => {
    const at = greeks(option);
    // Where the price does not depend on volatility there is nothing to find.
    fc.pre(at.vega > 1e-6 * option.spot);
    near(impliedVolatility(at.price, option) ?? NaN, option.volatility, 1e-6);
  }));
  const option = { kind: 'call', spot: 100, strike: 50, years: 0.5, rate: 0 } as const;
  assert.equal(impliedVolatility(49, option), undefined);
  assert.equal(impliedVolatility(101, option), undefined);
  assert.equal(impliedVolatility(0, option), undefined);
});
