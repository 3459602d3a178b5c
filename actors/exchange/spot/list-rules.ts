/** Which two orders make an OCO pair, and where they must lie (rest-api.md, "New Order list - OCO"). */
import type { SpotMarket } from './order.js';
import {
  badListPrices, bothLegsLimit, buyLimitMustBeBelow, buyStopMustBeAbove, buyTakeProfitMustBeBelow, listTypeRefused, sellLimitMustBeAbove,
  sellStopMustBeBelow, sellTakeProfitMustBeAbove,
} from './errors.js';
import type { LegRequest } from './requests.js';

type Kind = 'limit' | 'stop' | 'takeProfit' | undefined;

function kindOf({ type }: LegRequest): Kind {
  switch (type) {
    case 'LIMIT_MAKER':
      return 'limit';
    case 'STOP_LOSS':
    case 'STOP_LOSS_LIMIT':
      return 'stop';
    case 'TAKE_PROFIT':
    case 'TAKE_PROFIT_LIMIT':
      return 'takeProfit';
    case 'LIMIT':
    case 'MARKET':
      return undefined;
  }
}

/** The price by which a leg is above or below the market; NaN where it only trails or is no number (its own check says so). */
function levelOf(market: SpotMarket, leg: LegRequest): number {
  const text = leg.type === 'LIMIT_MAKER' ? leg.price : leg.stopPrice;
  return text === undefined ? Number.NaN : market.symbol.prices.toSteps(text);
}

/** @throws VenueError. A pair that is pending is held against the last price only when it comes to life. */
export function checkPair(market: SpotMarket, above: LegRequest, below: LegRequest, pending: boolean): void {
  const aboveKind = kindOf(above);
  const belowKind = kindOf(below);
  if (aboveKind === undefined || belowKind === undefined) throw listTypeRefused();
  const buy = above.side === 'BUY';
  if (buy) {
    if (aboveKind === 'limit' && belowKind === 'limit') throw bothLegsLimit();
    if (aboveKind === 'limit') throw buyLimitMustBeBelow();
    if (aboveKind === 'takeProfit') throw buyTakeProfitMustBeBelow();
    if (belowKind === 'stop') throw buyStopMustBeAbove();
  } else {
    if (aboveKind === 'limit' && belowKind === 'limit') throw bothLegsLimit();
    if (belowKind === 'limit') throw sellLimitMustBeAbove();
    if (belowKind === 'takeProfit') throw sellTakeProfitMustBeAbove();
    if (aboveKind === 'stop') throw sellStopMustBeBelow();
  }
  const high = levelOf(market, above);
  const low = levelOf(market, below);
  if (high <= low) throw badListPrices();
  const last = market.matcher.lastTicks;
  if (pending || last === 0) return;
  if (high <= last || low >= last) throw badListPrices();
}
