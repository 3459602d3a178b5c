/**
 * What an order must satisfy before the matching engine sees it: mode, reduce-only, filters around the mark price, and the
 * margin for what it could open. Everything here looks and throws; nothing is changed.
 */
import { ASK, BID, type Side } from '../../book/index.js';
import { type Amount, amount, ONE } from '../../ledger/index.js';
import type { FuturesAccount, Holding, SymbolAccount } from './account.js';
import * as refuse from './errors.js';
import type { SymbolMarket } from './market.js';
import type { PriceMatch, StpName } from './order.js';
import type { NewOrder } from './requests.js';
import { formatShort } from './symbol.js';

/** GTD orders live at least so long. */
const LEAST_GTD_MS = 600_000;
const MOST_GTD_MS = 253_402_300_799_000;

export interface Target {
  readonly side: Side;
  readonly holding: Holding;
  /** The order only closes. */
  readonly closing: boolean;
}

/** The holding that an order would change. @throws VenueError -4061, -4062, -1106. */
export function target(holder: SymbolAccount, order: NewOrder): Target {
  const positionSide = order.positionSide ?? 'BOTH';
  const { dual } = holder.account;
  if (dual === (positionSide === 'BOTH')) throw refuse.positionSideMismatch();
  const side = order.side === 'BUY' ? BID : ASK;
  if (!dual) return { side, holding: holder.both, closing: order.reduceOnly === true || order.closePosition === true };
  if (order.reduceOnly !== undefined && order.closePosition !== true) throw refuse.notRequired('reduceonly');
  return { side, holding: holder.holding(positionSide), closing: (positionSide === 'LONG') === (side === ASK) };
}

/** Lots that a closing order may have: one-way orders are cut down to the position, hedge mode refuses more. @throws VenueError -2022. */
export function closingLots(to: Target, lots: number, dual: boolean): number {
  const size = Math.abs(to.holding.lots);
  if (size === 0 || to.holding.lots > 0 === (to.side === BID)) throw refuse.reduceOnlyRejected();
  if (lots <= size) return lots;
  if (dual) throw refuse.reduceOnlyRejected();
  return size;
}

/** PERCENT_PRICE: buys at most so far above, sells at most so far below the mark price. @throws VenueError -4016, -4024. */
export function percentPrice(market: SymbolMarket, side: Side, ticks: number): void {
  const { symbol, markPrice } = market;
  if (side === BID) {
    const cap = Number((markPrice * symbol.multiplierUp) / ONE / symbol.contract.terms.tickSize);
    if (ticks > cap) throw refuse.priceAboveCap(symbol.formatTicks(cap));
  } else {
    const unit = symbol.contract.terms.tickSize * ONE;
    const floor = Number((markPrice * symbol.multiplierDown + unit - 1n) / unit);
    if (ticks < floor) throw refuse.priceBelowFloor(symbol.formatTicks(floor));
  }
}

/** The same band around the trigger price, for the limit price of a conditional order. @throws VenueError -4183, -4184. */
export function percentOfStop(market: SymbolMarket, side: Side, ticks: number, stopTicks: number): void {
  const { symbol } = market;
  if (side === BID) {
    const cap = Number((BigInt(stopTicks) * symbol.multiplierUp) / ONE);
    if (ticks > cap) throw refuse.stopPriceAboveCap(symbol.formatTicks(cap));
  } else {
    const floor = Number((BigInt(stopTicks) * symbol.multiplierDown + ONE - 1n) / ONE);
    if (ticks < floor) throw refuse.stopPriceBelowFloor(symbol.formatTicks(floor));
  }
}

/** MIN_NOTIONAL; closing orders are free of it. @throws VenueError -4164. */
export function minNotional(market: SymbolMarket, notional: Amount): void {
  if (notional < market.symbol.minNotional) throw refuse.notionalTooSmall(formatShort(market.symbol.minNotional));
}

/**
 * Margin and size limit for an order that may open, in place of `replaced` (its reservation before a change).
 * A market order counts at the worst price it may meet. @throws VenueError -2019, -2027.
 */
export function affordable(account: FuturesAccount, holder: SymbolAccount, side: Side, ticks: number, lots: number, replaced: Amount = amount(0n)): void {
  const { symbol, markPrice } = holder.market;
  const value = symbol.contract.tradeValue(ticks, lots);
  const bids = side === BID ? amount(holder.bidNotional - replaced + value) : holder.bidNotional;
  const asks = side === BID ? holder.askNotional : amount(holder.askNotional - replaced + value);
  const more = holder.orderMargin(bids, asks) - holder.orderMargin();
  if (more <= 0n) return;
  if (holder.reach(side === BID, bids, asks) > symbol.brackets.maxNotional(holder.leverage)) throw refuse.positionTooLarge();
  const atMark = symbol.contract.value(markPrice, lots);
  const openLoss = side === BID ? value - atMark : atMark - value;
  const needed = openLoss > 0n ? more + openLoss : more;
  if (account.margin(symbol.marginAsset).available < needed) throw refuse.marginInsufficient();
}

/** Worst price of a market order: so far from the mark price and no further. */
export function marketBound(market: SymbolMarket, side: Side): number {
  const { symbol, markPrice } = market;
  const unit = symbol.contract.terms.tickSize * ONE;
  if (side === BID) return Number((markPrice * (ONE + symbol.marketTakeBound)) / unit);
  return Math.max(1, Number((markPrice * (ONE - symbol.marketTakeBound) + unit - 1n) / unit));
}

/** A good-till date in whole seconds. @throws VenueError -1102, -5040. */
export function goodTillMs(date: number | undefined, nowUs: number): number {
  if (date === undefined) throw refuse.mandatory('goodTillDate');
  const nowMs = nowUs / 1000;
  if (date <= nowMs + LEAST_GTD_MS || date >= MOST_GTD_MS) throw refuse.goodTillDateTooSoon();
  return date - (date % 1000);
}

/** Price that a `priceMatch` stands for, from the book as it is. @throws VenueError -5041. */
export function matchedTicks(market: SymbolMarket, side: Side, match: PriceMatch): number {
  const [where, depth] = match.split('_') as [string, string | undefined];
  const resting = (where === 'QUEUE') === (side === BID) ? BID : ASK;
  const { book } = market;
  let ticks = resting === BID ? book.bestBid : book.bestAsk;
  for (let level = Number(depth ?? '1'); level > 1 && ticks !== 0; level--) ticks = book.worse(resting, ticks);
  if (ticks === 0) throw refuse.noDepthForPriceMatch();
  return ticks;
}

export const DEFAULT_STP: StpName = 'EXPIRE_MAKER';
