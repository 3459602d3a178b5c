import type { DemoMarket } from './tape.js';

/**
 * The market that `faultline demo --replay` shows: of 24 seeds looked at, one in which every symbol also gets a trade. Most generated
 * crashes refuse the strategy every candidate, and profits on generated tapes prove nothing.
 */
export const DEMO_MARKET: DemoMarket = { scenario: 'flash-crash', seed: 13, minutes: 15, symbols: 3, rate: 1, compress: false };
