import { SimulatedMatcher } from '../../../actors/index.js';
import { MarketKernel } from '../../../actors/market/index.js';
import type { Config } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import type { Instrument } from '../../../data/records/index.js';

/** A kernel as lanes have it: of a part of the stream, with the simulated venue. */
export function partKernel(instruments: readonly Instrument[], { indicators, trading }: Config): MarketKernel {
  return new MarketKernel(instruments, ({ symbol }) => paramsForSymbol(indicators, symbol), { makeMatcher: () => new SimulatedMatcher(trading.venue), stream: 'part' });
}
