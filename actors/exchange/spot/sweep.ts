/** What a market order would meet in the book: the exact cost by which the venue decides whether the balance is enough. */
import { ASK, BID, type Side } from '../book/index.js';
import { type Amount, ZERO } from '../ledger/index.js';
import type { SpotMarket, SpotOrder } from './order.js';
import type { StpMode } from './symbol.js';

export interface Sweep {
  readonly lots: number;
  /** Quote amount of them. */
  readonly cost: Amount;
}

/**
 * Walks the side that a taker meets until `lots` are found, or until the next lot would pass `budget` of quote. Orders that self-trade
 * prevention would take out of the taker's way (EXPIRE_MAKER) count for nothing; hidden lots of icebergs count.
 */
export function sweepOf(market: SpotMarket, side: Side, lots: number, budget: Amount | undefined, stpGroup: number, stp: StpMode): Sweep {
  const { symbol, matcher } = market;
  const { book } = matcher;
  const resting: Side = side === BID ? ASK : BID;
  let found = 0;
  let cost: bigint = ZERO;
  for (let ticks = side === BID ? book.bestAsk : book.bestBid; ticks !== 0 && found < lots; ticks = book.worse(resting, ticks)) {
    let here = 0;
    for (let handle = book.frontAt(resting, ticks); handle !== 0; handle = book.behind(handle)) {
      if (stp === 'EXPIRE_MAKER') {
        const client: SpotOrder | null = matcher.clientAt(handle);
        if (client !== null && client.stpGroup === stpGroup) continue;
      }
      here += book.lotsOf(handle) + book.hiddenLotsOf(handle);
      if (found + here >= lots) break;
    }
    let taken = Math.min(here, lots - found);
    if (budget !== undefined) taken = Math.min(taken, symbol.lotsWithin((budget - cost) as Amount, ticks));
    if (taken > 0) {
      found += taken;
      cost += symbol.quoteAmount(ticks, taken);
    }
    if (taken < here) break;
  }
  return { lots: found, cost: cost as Amount };
}
