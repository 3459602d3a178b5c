/** What a taker would meet in the book: nothing here changes it. */
import { ASK, BID, CLIENT, type OrderBook, type Side } from '../book/index.js';
import type { ClientOrder } from './client-order.js';
import type { PriceRange, Quote } from './sink.js';

/** Whether a price is worse than a taker's limit; limit 0 = none. */
export function beyond(side: Side, ticks: number, limitTicks: number): boolean {
  return limitTicks !== 0 && (side === BID ? ticks > limitTicks : ticks < limitTicks);
}

export function outside(ticks: number, range: PriceRange | undefined): boolean {
  return range !== undefined && (ticks < range.low || ticks > range.high);
}

/** Whole lots that what is left of a quote budget pays for. */
export function affordableLots(order: ClientOrder, ticks: number): number {
  const left = order.budget - order.filledTickLots - order.preventedTickLots;
  return left < ticks ? 0 : (left - (left % ticks)) / ticks;
}

/** Fills `quote` with what `lots` would meet at `limitTicks` (0 = any) or better, hidden lots of icebergs too. */
export function quoteInto(quote: Quote, book: OrderBook, side: Side, lots: number, limitTicks: number): void {
  quote.lots = quote.tickLots = quote.firstTicks = quote.worstTicks = 0;
  const resting = side === BID ? ASK : BID;
  let tick = side === BID ? book.bestAsk : book.bestBid;
  while (tick !== 0 && quote.lots < lots && !beyond(side, tick, limitTicks)) {
    if (quote.firstTicks === 0) quote.firstTicks = tick;
    quote.worstTicks = tick;
    for (let handle = book.frontAt(resting, tick); handle !== 0 && quote.lots < lots; handle = book.behind(handle)) {
      const there = book.lotsOf(handle) + book.hiddenLotsOf(handle);
      const met = there < lots - quote.lots ? there : lots - quote.lots;
      quote.lots += met;
      quote.tickLots += met * tick;
    }
    tick = book.worse(resting, tick);
  }
}

/**
 * Whether a FOK order would be filled whole, within its range. Orders of its own group count for nothing; unless its mode
 * takes them out of the way (expire_maker), one that it meets too early spoils it.
 */
export function fillable(order: ClientOrder, book: OrderBook, clients: readonly (ClientOrder | null)[], range: PriceRange | undefined): boolean {
  const { side, stpMode } = order;
  const resting = side === BID ? ASK : BID;
  let left = order.budget === 0 ? order.leavesLots : order.budget;
  for (let tick = side === BID ? book.bestAsk : book.bestBid; tick !== 0 && !beyond(side, tick, order.ticks) && !outside(tick, range); tick = book.worse(resting, tick)) {
    for (let handle = book.frontAt(resting, tick); handle !== 0; handle = book.behind(handle)) {
      if (stpMode !== 'none' && book.ownerOf(handle) === CLIENT && clients[handle]!.stpGroup === order.stpGroup) {
        if (stpMode === 'expire_maker') continue;
        return false;
      }
      left -= (book.lotsOf(handle) + book.hiddenLotsOf(handle)) * (order.budget === 0 ? 1 : tick);
      if (left <= 0) return true;
    }
  }
  return false;
}
