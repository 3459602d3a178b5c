/**
 * Entry score, FORMULAS 4.3: 100 * sum of w_j * phi_j with the anchor "exactly at trigger = 0.70". Pure arithmetic.
 */
import type { ScoreParams } from '../../config/index.js';
import { Indicator, type Features } from '../market/messages.js';

/** Weights w_j (SRC); they sum to 1. */
export const SCORE_WEIGHTS = {
  volatility: 0.15,
  acceleration: 0.15,
  obi: 0.15,
  spread: 0.1,
  volumeDelta: 0.15,
  velocity: 0.1,
  pattern: 0.1,
  liquidity: 0.1,
} as const;
export type ScoreComponent = keyof typeof SCORE_WEIGHTS;

/** Features the score reads: what a strategy that scores must declare. */
export const SCORE_FEATURES = [
  'volatilityRatio', 'acceleration', 'obi', 'spreadRatio', 'volumeDeltaZ', 'velocityRatio', 'pattern', 'depthBid', 'depthAsk', 'walls',
] as const satisfies readonly (keyof Features)[];
export type ScoreInputs = Pick<Features, (typeof SCORE_FEATURES)[number]>;

/**
 * The indicators' own thresholds anchor the score ("exactly at trigger = 0.70"): the parameters of the market kernel
 * (config/indicators.ts) have this shape, with its signs.
 */
export interface ScoreAnchors {
  readonly volatilityMultiplier: number;
  /** Negative. */
  readonly accelerationPerSecond2: number;
  /** Negative. */
  readonly obiThreshold: number;
  readonly spreadMultiplier: number;
  readonly spreadEmergencyMultiplier: number;
  /** Negative. */
  readonly volumeDeltaZ: number;
  readonly velocityMultiplier: number;
  readonly depthMinUsd: number;
  readonly usdPerQuote: number;
}

export type ScoreTier = 'excellent' | 'good' | 'marginal' | 'poor';

export interface Score {
  /** 0 … 100. */
  readonly total: number;
  /** phi_j, 0 … 1 each. */
  readonly parts: Readonly<Record<ScoreComponent, number>>;
  readonly tier: ScoreTier;
  /** At least this much is needed: the good tier, or less after selling exhaustion, scaled to what could be scored. */
  readonly bar: number;
  /** Sum of the weights of the components that did not abstain, 0 … 1. */
  readonly coverage: number;
  readonly passed: boolean;
  /** Some component was NaN and counted 0. */
  readonly degraded: boolean;
}

const ASK_WALL = 2;
const BID_WALL = 1;

/** The piecewise linear phi of FORMULAS 4.3: 0 at x0, 0.70 at xT, 1 at x1; x0 < xT < x1. NaN gives 0. */
export function phi(x: number, x0: number, xT: number, x1: number): number {
  if (!(x > x0)) return 0;
  if (x >= x1) return 1;
  return x <= xT ? (0.7 * (x - x0)) / (xT - x0) : 0.7 + (0.3 * (x - xT)) / (x1 - xT);
}

/**
 * Liquidity: phi over L/min, x 0.7 when an ask wall is in the way of the exit, + 0.1 when a bid wall supports. The features
 * say that a wall exists within the top 20 levels, not where: any ask wall counts as in the way.
 */
function liquidityPart(inputs: ScoreInputs, anchors: ScoreAnchors): number {
  const total = (inputs.depthBid + inputs.depthAsk) * anchors.usdPerQuote;
  if (Number.isNaN(total)) return 0;
  let part = phi(total / anchors.depthMinUsd, 1, 2.5, 10);
  if ((inputs.walls & ASK_WALL) !== 0) part *= 0.7;
  if ((inputs.walls & BID_WALL) !== 0) part += 0.1;
  return part < 0 ? 0 : part > 1 ? 1 : part;
}

/** Which component each latched indicator bit stands for. */
const LATCHED: readonly (readonly [number, ScoreComponent])[] = [
  [Indicator.VOLATILITY, 'volatility'],
  [Indicator.ACCELERATION, 'acceleration'],
  [Indicator.OBI, 'obi'],
  [Indicator.SPREAD, 'spread'],
  [Indicator.VOLUME_DELTA, 'volumeDelta'],
  [Indicator.VELOCITY, 'velocity'],
];
const AT_TRIGGER = 0.7;

const ABSENT: Readonly<Record<ScoreComponent, (inputs: ScoreInputs) => boolean>> = {
  volatility: (x) => Number.isNaN(x.volatilityRatio),
  acceleration: (x) => Number.isNaN(x.acceleration),
  obi: (x) => Number.isNaN(x.obi),
  spread: (x) => Number.isNaN(x.spreadRatio),
  volumeDelta: (x) => Number.isNaN(x.volumeDeltaZ),
  velocity: (x) => Number.isNaN(x.velocityRatio),
  pattern: (x) => Number.isNaN(x.pattern),
  liquidity: (x) => Number.isNaN(x.depthBid + x.depthAsk),
};
const COMPONENTS: readonly ScoreComponent[] = ['volatility', 'acceleration', 'obi', 'spread', 'volumeDelta', 'velocity', 'pattern', 'liquidity'];

/**
 * Scores a long entry. A component that abstains (NaN) counts 0 and sets `degraded`; a buying climax counts 0.
 *
 * Two choices of ours, both configurable. `latchedAtTrigger`: an indicator latched in `mask` was at its trigger within the
 * jitter buffer, so its component counts at least 0.70; the second of the rebound, when entries are made, would else score
 * the fall's acceleration and imbalance as 0. `scaleBar`: where components abstain, the bar is multiplied by the weight of
 * the others (a tape without a book can reach 65 of 100 at most), but below `minCoverage` nothing passes.
 */
export function scoreEntry(inputs: ScoreInputs, mask: number, anchors: ScoreAnchors, params: ScoreParams): Score {
  const { volatilityMultiplier, accelerationPerSecond2, obiThreshold, volumeDeltaZ, velocityMultiplier } = anchors;
  const parts: Record<ScoreComponent, number> = {
    volatility: phi(inputs.volatilityRatio, 1, volatilityMultiplier, 2 * volatilityMultiplier),
    acceleration: phi(-inputs.acceleration, 0, -accelerationPerSecond2, -3 * accelerationPerSecond2),
    obi: phi(-inputs.obi, 0, -obiThreshold, 1),
    spread: phi(inputs.spreadRatio, 1, anchors.spreadMultiplier, anchors.spreadEmergencyMultiplier),
    volumeDelta: phi(-inputs.volumeDeltaZ, 0, -volumeDeltaZ, -2 * volumeDeltaZ),
    velocity: phi(inputs.velocityRatio, 1, velocityMultiplier, 2 * velocityMultiplier),
    pattern: inputs.pattern > 0 ? Math.min(1, inputs.pattern) : 0,
    liquidity: liquidityPart(inputs, anchors),
  };
  if (params.latchedAtTrigger) {
    for (const [bit, name] of LATCHED) if ((mask & bit) !== 0 && parts[name] < AT_TRIGGER) parts[name] = AT_TRIGGER;
  }
  let total = 0;
  let absent = 0;
  let degraded = false;
  for (const name of COMPONENTS) {
    total += 100 * SCORE_WEIGHTS[name] * parts[name];
    if (!ABSENT[name](inputs)) continue;
    degraded = true;
    absent += SCORE_WEIGHTS[name];
  }
  const coverage = 1 - absent;
  const full = inputs.pattern > 0 ? Math.min(params.exhaustionScore, params.goodScore) : params.goodScore;
  const bar = params.scaleBar ? full * coverage : full;
  const { excellentScore, goodScore, marginalScore } = params;
  return {
    total,
    parts,
    tier: total >= excellentScore ? 'excellent' : total >= goodScore ? 'good' : total >= marginalScore ? 'marginal' : 'poor',
    bar,
    coverage,
    passed: total >= bar && (!params.scaleBar || coverage >= params.minCoverage),
    degraded,
  };
}
