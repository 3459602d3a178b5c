import { MarketKernel } from '../../../actors/market/index.js';
import { type Holdings, matcherHolding } from '../../../actors/venue/matcher.js';
import type { Config } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import type { Instrument } from '../../../data/records/index.js';

/** A kernel as lanes have it: of a part of the stream, with the simulated venue. */
export function partKernel(instruments: readonly Instrument[], { indicators, trading }: Config, holdings?: Holdings): MarketKernel {
  return new MarketKernel(instruments, ({ symbol }) => paramsForSymbol(indicators, symbol), { makeMatcher: (symbol) => matcherHolding(trading.venue, symbol, holdings), stream: 'part' });
}
