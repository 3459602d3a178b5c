/**
 * Where a resting order stands in its level's queue, after hftbacktest's queue models (nkaz001/hftbacktest,
 * hftbacktest/src/backtest/models/queue.rs): RiskAdverseQueueModel ("conservative") and ProbQueueModel with
 * PowerProbQueueFunc ("power"). Both are deterministic: the second takes the expectation, it draws nothing.
 */
import type { RestingOrder } from './resting-order.js';

/** x^n for a whole n >= 1, by multiplication: exact on every engine, unlike Math.pow. */
function power(x: number, n: number): number {
  let product = x;
  for (let k = 1; k < n; k += 1) product *= x;
  return product;
}

/**
 * The level now shows `visible` lots. Conservative: whoever left stood behind us until fewer are visible than were ahead.
 * Power: a decrease that trades do not explain came from ahead with probability f(front) / (f(front) + f(back)),
 * f(x) = x^exponent. Quantity that joins stands behind us.
 */
export function levelChanged(resting: RestingOrder, visible: number, exponent: number): void {
  const { ahead, level, traded } = resting;
  resting.level = visible;
  resting.traded = 0;
  const gone = level - visible - traded;
  if (exponent === 0 || ahead === Infinity || !(gone > 0)) {
    if (visible < ahead) resting.ahead = visible;
    return;
  }
  const back = level - ahead > 0 ? level - ahead : 0;
  const behind = power(back, exponent);
  const inFront = power(ahead, exponent);
  const fromBehind = behind + inFront > 0 ? behind / (behind + inFront) : 1;
  const shortfall = Math.min(back - fromBehind * gone, 0);
  const estimate = ahead - (1 - fromBehind) * gone + shortfall;
  resting.ahead = Math.max(0, Math.min(estimate, visible));
}

/** `lots` traded at our price: those ahead go first. Returns how many lots reached us (whole lots, not capped). */
export function levelTraded(resting: RestingOrder, lots: number): number {
  resting.traded += lots;
  if (resting.ahead === Infinity) return 0;
  const excess = lots - resting.ahead;
  if (excess > 0) {
    resting.ahead = 0;
    return Math.floor(excess);
  }
  resting.ahead -= lots;
  return 0;
}
