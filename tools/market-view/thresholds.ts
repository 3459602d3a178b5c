import type { IndicatorParams } from '../../config/indicators.js';
import type { Threshold } from '../ui/wire/market.js';

/** The lines of docs/indicators.md at which the kernel acts, with the values in force. */
export function thresholdsOf(params: IndicatorParams): Threshold[] {
  return [
    { indicator: 'spreadBps', value: params.spreadGateBps, says: 'the ratio counts from here on' },
    { indicator: 'spreadBps', value: params.spreadEmergencyBps, says: 'pauses above, with the ratio' },
    { indicator: 'spreadRatio', value: params.spreadMultiplier, says: 'fires above' },
    { indicator: 'spreadRatio', value: params.spreadEmergencyMultiplier, says: 'pauses above, with the spread' },
    { indicator: 'obi', value: params.obiThreshold, says: 'fires below' },
    { indicator: 'depthImbalance', value: params.depthExtremeImbalance, says: 'fires above' },
    { indicator: 'depthImbalance', value: -params.depthExtremeImbalance, says: 'fires below' },
    { indicator: 'volatilityRatio', value: params.volatilityMultiplier, says: 'fires above' },
    { indicator: 'acceleration', value: params.accelerationPerSecond2, says: 'fires below' },
    { indicator: 'volumeDeltaZ', value: params.volumeDeltaZ, says: 'fires below' },
    { indicator: 'velocityRatio', value: params.velocityMultiplier, says: 'fires above' },
    { indicator: 'violentRange', value: params.triggerRange, says: 'votes trigger from here on' },
    { indicator: 'violentRange', value: params.violentRange, says: 'violent above' },
    { indicator: 'votes', value: Math.max(params.votesFloor, params.votesNeeded), says: 'needed of five voters' },
    { indicator: 'latencyMs', value: params.latencyPauseMs, says: 'pauses above' },
  ];
}
