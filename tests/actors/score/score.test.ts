import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scoreSchema } from '../../../config/index.js';
import { Indicator } from '../../../actors/market/messages.js';
import { phi, SCORE_WEIGHTS, scoreEntry, type ScoreAnchors, type ScoreInputs } from '../../../actors/score/score.js';

const anchors: ScoreAnchors = {
  volatilityMultiplier: 5, accelerationPerSecond2: -0.001, obiThreshold: -0.8, spreadMultiplier: 4, spreadEmergencyMultiplier: 10, volumeDeltaZ: -3,
  velocityMultiplier: 3, depthMinUsd: 100_000, usdPerQuote: 1,
};
/** FORMULAS 4.3 to the letter: no latch, no scaling of the bar. */
const literal = scoreSchema.parse({ latchedAtTrigger: false, scaleBar: false });
const ours = scoreSchema.parse({});
const atTrigger: ScoreInputs = {
  volatilityRatio: 5, acceleration: -0.001, obi: -0.8, spreadRatio: 4, volumeDeltaZ: -3, velocityRatio: 3, pattern: 0, depthBid: 125_000, depthAsk: 125_000, walls: 0,
};
const close = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe('the table of 4.3', () => {
  test('the weights sum to one', () => close(Object.values(SCORE_WEIGHTS).reduce((sum, w) => sum + w, 0), 1));

  test('everything exactly at its trigger and no pattern is 63, marginal, refused', () => {
    const score = scoreEntry(atTrigger, 0, anchors, literal);
    close(score.total, 63);
    assert.equal(score.tier, 'marginal');
    assert.equal(score.bar, 70);
    assert.equal(score.passed, false);
    assert.equal(score.degraded, false);
  });

  // One row a component: x0, xT, x1 of the table, each set by its feature.
  const rows: readonly [keyof typeof SCORE_WEIGHTS, readonly [number, number, number], (x: number) => Partial<ScoreInputs>][] = [
    ['volatility', [1, 5, 10], (x) => ({ volatilityRatio: x })],
    ['acceleration', [0, 0.001, 0.003], (x) => ({ acceleration: -x })],
    ['obi', [0, 0.8, 1], (x) => ({ obi: -x })],
    ['spread', [1, 4, 10], (x) => ({ spreadRatio: x })],
    ['volumeDelta', [0, 3, 6], (x) => ({ volumeDeltaZ: -x })],
    ['velocity', [1, 3, 6], (x) => ({ velocityRatio: x })],
    ['liquidity', [1, 2.5, 10], (x) => ({ depthBid: x * 60_000, depthAsk: x * 40_000 })],
  ];
  for (const [name, [x0, xT, x1], set] of rows) {
    test(`${name}: 0 up to ${x0}, 0.70 at ${xT}, 1 from ${x1}, straight between`, () => {
      const part = (x: number): number => scoreEntry({ ...atTrigger, ...set(x) }, 0, anchors, literal).parts[name];
      for (const [x, expected] of [[x0 - 1, 0], [x0, 0], [(x0 + xT) / 2, 0.35], [xT, 0.7], [(xT + x1) / 2, 0.85], [x1, 1], [x1 * 100, 1]] as const) close(part(x), expected);
    });
  }

  test('pattern: exhaustion counts its strength and lowers the bar to 60; a climax counts 0 and does not', () => {
    const exhausted = scoreEntry({ ...atTrigger, pattern: 0.5 }, 0, anchors, literal);
    close(exhausted.total, 68);
    assert.equal(exhausted.bar, 60);
    assert.equal(exhausted.passed, true);
    const climax = scoreEntry({ ...atTrigger, pattern: -1 }, 0, anchors, literal);
    close(climax.total, 63);
    assert.equal(climax.bar, 70);
  });

  test('walls: an ask wall takes 30 %, a bid wall adds 0.1, within 0 … 1', () => {
    const part = (walls: number, depth: number): number => scoreEntry({ ...atTrigger, walls, depthBid: depth, depthAsk: 0 }, 0, anchors, literal).parts.liquidity;
    close(part(2, 250_000), 0.49);
    close(part(1, 250_000), 0.8);
    close(part(3, 250_000), 0.59);
    close(part(1, 5_000_000), 1);
    close(part(1, 0), 0.1);
  });

  test('a NaN component counts 0 and says so', () => {
    const score = scoreEntry({ ...atTrigger, obi: Number.NaN }, 0, anchors, literal);
    close(score.total, 63 - 10.5);
    assert.equal(score.degraded, true);
    close(score.coverage, 0.85);
  });

  test('phi is monotone and within 0 … 1 for every x, and 0 for NaN', () => {
    fc.assert(fc.property(fc.double({ noDefaultInfinity: false }), fc.double({ noDefaultInfinity: false }), (a, b) => {
      const [low, high] = [phi(a, 1, 2, 5), phi(b, 1, 2, 5)];
      assert.ok(low >= 0 && low <= 1);
      if (a <= b) assert.ok(low <= high);
      if (Number.isNaN(a)) assert.equal(low, 0);
    }));
  });
});

describe('what is ours', () => {
  test('a latched indicator counts at least its trigger', () => {
    const rebound = { ...atTrigger, acceleration: 0.002, obi: 0.1 };
    close(scoreEntry(rebound, 0, anchors, ours).total, 63 - 21);
    close(scoreEntry(rebound, Indicator.ACCELERATION | Indicator.OBI, anchors, ours).total, 63);
    close(scoreEntry({ ...atTrigger, volatilityRatio: 10 }, Indicator.VOLATILITY, anchors, ours).parts.volatility, 1);
  });

  test('a tape of trades alone is measured against what it can show, and less than that passes nothing', () => {
    const trades = { ...atTrigger, obi: Number.NaN, spreadRatio: Number.NaN, depthBid: Number.NaN, depthAsk: Number.NaN };
    const score = scoreEntry(trades, 0, anchors, ours);
    close(score.coverage, 0.65);
    close(score.bar, 45.5);
    assert.equal(scoreEntry({ ...trades, volatilityRatio: 10, acceleration: -0.003 }, 0, anchors, ours).passed, true);
    const blind = scoreEntry({ ...trades, volatilityRatio: Number.NaN, acceleration: -1, volumeDeltaZ: -9, velocityRatio: 9 }, 0, anchors, ours);
    assert.ok(blind.total >= blind.bar);
    assert.equal(blind.passed, false);
  });
});
