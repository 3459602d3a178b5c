import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '../../../actors/generator/prng.js';

function moments(draw: () => number, count = 200_000): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const x = draw();
    sum += x;
    squares += x * x;
  }
  return { mean: sum / count, variance: squares / count - (sum / count) ** 2 };
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) < tolerance, `${what}: ${actual}, expected ${expected} within ${tolerance}`);
}

describe('the generator’s random numbers', () => {
  test('a seed and a stream give one sequence; another seed, another stream, or a high bit of the seed give another', () => {
    const draw = (seed: number, stream: number): number[] => {
      const rng = new Prng(seed, stream);
      return Array.from({ length: 8 }, () => rng.next());
    };
    assert.deepEqual(draw(7, 1), draw(7, 1));
    const all = [draw(7, 1), draw(8, 1), draw(7, 2), draw(7 + 2 ** 40, 1), draw(0, 0)].map((it) => it.join());
    assert.equal(new Set(all).size, all.length);
  });

  test('uniforms stay inside (0, 1) and fill it evenly', () => {
    const rng = new Prng(3, 0);
    const cells = new Array<number>(20).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const u = rng.uniform();
      assert.ok(u > 0 && u < 1);
      cells[Math.floor(u * 20)]! += 1;
    }
    // Chi-squared with 19 degrees of freedom: 43.8 is the 99.9 % point.
    const chi = cells.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    assert.ok(chi < 43.8, `chi-squared ${chi}`);
  });

  test('normal, exponential and Pareto draws have the moments of their distributions', () => {
    const rng = new Prng(11, 5);
    const normal = moments(() => rng.normal());
    near(normal.mean, 0, 0.01, 'normal mean');
    near(normal.variance, 1, 0.015, 'normal variance');
    near(moments(() => rng.exponential(3)).mean, 3, 0.03, 'exponential mean');
    // Mean of a Pareto with minimum 1: alpha / (alpha - 1).
    near(moments(() => rng.pareto(4)).mean, 4 / 3, 0.01, 'Pareto mean');
    let above = 0;
    for (let i = 0; i < 100_000; i++) if (rng.pareto(1.5) > 10) above += 1;
    near(above / 100_000, 10 ** -1.5, 0.003, 'Pareto tail');
    let below = 0;
    for (let i = 0; i < 100_000; i++) if (rng.logNormal(5, 2) < 5) below += 1;
    near(below / 100_000, 0.5, 0.006, 'log-normal median');
  });
});
