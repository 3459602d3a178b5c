import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '../../../actors/generator/prng.js';
import { autocorrelation, kurtosis, quantile, rms, sorted, tailIndex } from '../../../tools/market/numbers.js';

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected} within ${tolerance}`);
}

describe('statistics of a series', () => {
  test('quantiles interpolate linearly; of nothing they are NaN', () => {
    const values = sorted([4, 1, 3, 2]);
    assert.deepEqual([quantile(values, 0), quantile(values, 0.5), quantile(values, 1), quantile(values, 0.1)].map((it) => Math.round(it * 10) / 10), [1, 2.5, 4, 1.3]);
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });

  test('autocorrelation of an alternating, a periodic and a first-order autoregressive series', () => {
    const alternating = Array.from({ length: 1000 }, (_, k) => (k % 2 === 0 ? 1 : -1));
    near(autocorrelation(alternating, 1), -1, 1e-9);
    near(autocorrelation(alternating, 2), 1, 1e-9);
    const rng = new Prng(1, 0);
    const series = [0];
    for (let k = 1; k < 100_000; k++) series.push(0.6 * series[k - 1]! + rng.normal());
    near(autocorrelation(series, 1), 0.6, 0.01);
    near(autocorrelation(series, 3), 0.216, 0.015);
    assert.ok(Number.isNaN(autocorrelation([1, 2, 3], 1)));
    assert.ok(Number.isNaN(autocorrelation(new Array<number>(100).fill(2), 1)));
  });

  test('NaN values are left out of moments and of the pairs they would be in', () => {
    const rng = new Prng(2, 0);
    const clean = Array.from({ length: 5000 }, () => rng.normal());
    const holed = [...clean.slice(0, 2500), NaN, ...clean.slice(2500)];
    near(autocorrelation(holed, 1), autocorrelation(clean, 1), 0.003);
    assert.equal(rms(holed), rms(clean));
    assert.equal(kurtosis(holed), kurtosis(clean));
  });

  test('kurtosis is 3 for normal draws, 6 for a Laplace, 1 for coin flips', () => {
    const rng = new Prng(3, 0);
    near(kurtosis(Array.from({ length: 200_000 }, () => rng.normal())), 3, 0.06);
    near(kurtosis(Array.from({ length: 200_000 }, () => rng.exponential(1) * (rng.uniform() < 0.5 ? 1 : -1))), 6, 0.25);
    near(kurtosis(Array.from({ length: 100 }, (_, k) => (k % 2 === 0 ? 1 : -1))), 1, 1e-12);
  });

  test('Hill’s estimator finds the index of Pareto draws', () => {
    const rng = new Prng(4, 0);
    for (const alpha of [0.8, 1.5, 3]) near(tailIndex(sorted(Array.from({ length: 100_000 }, () => rng.pareto(alpha)))), alpha, alpha * 0.04);
    assert.ok(Number.isNaN(tailIndex(sorted([1, 2, 3]))));
  });
});
