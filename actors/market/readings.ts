/** What a symbol shows to others at one moment, as objects of their own. */
import { Indicator } from './messages.js';
import type { Features } from './messages.js';
import type { SymbolKernel } from './symbol.js';

/** Prices in ticks, spreads relative, quantities in lots; lambdas per quote unit (Kyle) or its root (Hasbrouck). */
export interface Quantities {
  readonly mid: number;
  /** Bid and ask weighted by the opposite size; the zero-effort stand-in for the micro-price. */
  readonly weightedMid: number;
  readonly microprice: number;
  readonly effectiveSpread: number;
  readonly realisedSpread: number;
  readonly ofiTotal: number;
  readonly ofiImpact: number;
  readonly ofiImpactR2: number;
  readonly cvdSession: number;
  readonly cvd1m: number;
  readonly cvd5m: number;
  readonly cvd15m: number;
  readonly kyleLambda: number;
  readonly kyleLambdaBpsPerMillion: number;
  readonly kyleT: number;
  readonly kyleR2: number;
  readonly kyleZ: number;
  readonly hasbrouckLambda: number;
  readonly amihud: number;
  readonly vpin: number;
}

/** The base quantities of 4.1; NaN where unknown. */
export function quantitiesOf(symbol: SymbolKernel): Quantities {
  const { flow, microprice, bestBidTicks, bestBidLots, bestAskTicks, bestAskLots } = symbol;
  const both = flow.mid > 0;
  return {
    mid: both ? flow.mid : NaN,
    weightedMid: both ? (bestBidLots * bestAskTicks + bestAskLots * bestBidTicks) / (bestBidLots + bestAskLots) : NaN,
    microprice: microprice.price,
    effectiveSpread: flow.effectiveSpread,
    realisedSpread: flow.realisedSpread,
    ofiTotal: flow.ofiTotal,
    ofiImpact: flow.ofiImpact.slope,
    ofiImpactR2: flow.ofiImpact.rSquared,
    cvdSession: flow.cvdSession,
    cvd1m: flow.cvd1m,
    cvd5m: flow.cvd5m,
    cvd15m: flow.cvd15m,
    kyleLambda: flow.kyle.slope,
    kyleLambdaBpsPerMillion: flow.kyle.slope * 1e10,
    kyleT: flow.kyle.t,
    kyleR2: flow.kyle.rSquared,
    kyleZ: flow.kyleZ,
    hasbrouckLambda: flow.hasbrouck.slope,
    amihud: flow.amihud,
    vpin: flow.vpin,
  };
}

/** The values an edge carries. */
export function featuresOf(symbol: SymbolKernel): Features {
  const { grid, depth, votes } = symbol;
  return {
    price: grid.price,
    bestBidTicks: symbol.bestBidTicks,
    bestAskTicks: symbol.bestAskTicks,
    volatilityRatio: grid.volatilityRatio,
    volatilityNow: grid.volatilityNow,
    acceleration: grid.acceleration,
    obi: depth.obi,
    spreadRatio: symbol.spreadRatio,
    spreadBps: symbol.spread * 10_000,
    volumeDeltaZ: grid.volumeDeltaZ,
    velocityRatio: grid.velocityRatio,
    eventsPerSecond: grid.eventsPerSecond,
    pattern: (votes.mask & Indicator.PATTERN) !== 0 ? symbol.pattern : 0,
    depthBid: depth.bid,
    depthAsk: depth.ask,
    walls: depth.walls,
    spoofs: depth.spoofs(symbol.exchUs),
    violentRange: grid.violentRange,
    latencyMs: grid.latencyMs,
  };
}
