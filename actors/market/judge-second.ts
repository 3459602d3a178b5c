import type { IndicatorParams } from '../../config/indicators.js';
import type { Grid } from './grid.js';
import { Indicator } from './messages.js';
import type { Votes } from './votes.js';

/** Indicators 1, 2, 5 and 6 (FORMULAS 4.2), which are decided once a second. `trades`: the symbol has shown a trade. */
export function judgeSecond(params: IndicatorParams, grid: Grid, votes: Votes, trades: boolean): void {
  const v = grid.volatilityRatio;
  const sigma = grid.volatilityNow;
  const byRatio = v > params.volatilityMultiplier && sigma >= params.volatilityGatePerSecond;
  const bySigma = sigma >= params.volatilityAbsolutePerSecond;
  const burst = params.volatilityCombine === 'or' ? byRatio || bySigma : byRatio && bySigma;
  votes.pulse(0, burst || (params.volatilityByRange && v === v && grid.violentRange >= params.violentRange));
  votes.pulse(1, grid.acceleration < params.accelerationPerSecond2
    && grid.acceleration < -params.accelerationNoiseMultiple * grid.volatilityBase);
  votes.pulse(4, grid.volumeDeltaZ < params.volumeDeltaZ);
  votes.pulse(5, grid.velocityRatio > params.velocityMultiplier && grid.eventsPerSecond >= params.velocityMinPerSecond);
  votes.ability(Indicator.VOLATILITY, v === v);
  votes.ability(Indicator.ACCELERATION, grid.acceleration === grid.acceleration);
  votes.ability(Indicator.VOLUME_DELTA, grid.volumeDeltaZ === grid.volumeDeltaZ && trades);
}
