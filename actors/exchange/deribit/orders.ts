import { ASK, BID, type Side } from '../book/index.js';
import { orderId } from '../ids.js';
import type { Condition, EndReason, TimeInForce, TriggerSource } from '../matching/index.js';
import type { DeribitAccount } from './account.js';
import { DeribitError, invalidParam } from './errors.js';
import { type DeribitInstrument, wholeSteps } from './instruments.js';
import {
  DeribitOrder, type DeribitOrderType, type DeribitTimeInForce, type DeribitTrigger, type OrderView, orderView, sideOf,
} from './order.js';
import type { Perpetual } from './perpetual.js';
import { type DeribitVenue, idPrefix } from './venue.js';
import type { UserTrade } from './account.js';

/** The arguments of private/buy and private/sell, decoded. Prices and amounts as on the wire. */
export interface PlaceArguments {
  readonly instrument: DeribitInstrument;
  readonly direction: 'buy' | 'sell';
  readonly amount: number;
  readonly type: DeribitOrderType;
  readonly price?: number | undefined;
  readonly label?: string | undefined;
  readonly timeInForce?: DeribitTimeInForce | undefined;
  readonly maxShow?: number | undefined;
  readonly postOnly: boolean;
  readonly rejectPostOnly: boolean;
  readonly reduceOnly: boolean;
  readonly trigger?: DeribitTrigger | undefined;
  readonly triggerPrice?: number | undefined;
  readonly triggerOffset?: number | undefined;
  /** Websocket that it came by; 0 = none. */
  readonly connection: number;
}

export interface EditArguments {
  readonly amount?: number | undefined;
  readonly contracts?: number | undefined;
  readonly price?: number | undefined;
  readonly triggerPrice?: number | undefined;
  readonly rejectPostOnly?: boolean | undefined;
}

export interface PlaceResult {
  readonly order: OrderView;
  readonly trades: readonly UserTrade[];
}

const MOST_OPEN = 10_000;
const MOST_TRIGGERS = 100;
const DAY_US = 86_400e6;
const SETTLEMENT_US = 8 * 3600e6;

const SOURCES = { index_price: 'index', mark_price: 'mark', last_price: 'last' } as const satisfies Record<DeribitTrigger, TriggerSource>;
const SOURCE_LETTERS = { index_price: 'I', mark_price: 'M', last_price: 'T' } as const satisfies Record<DeribitTrigger, string>;
const TIMES = { good_til_cancelled: 'GTC', good_til_day: 'GTD', fill_or_kill: 'FOK', immediate_or_cancel: 'IOC' } as const satisfies Record<DeribitTimeInForce, TimeInForce>;

/** What an order's type means to the matcher. */
function shapeOf(type: DeribitOrderType): { readonly market: boolean; readonly condition: Condition; readonly trails: boolean } {
  switch (type) {
    case 'limit':
    case 'market_limit':
      return { market: false, condition: 'none', trails: false };
    case 'market':
      return { market: true, condition: 'none', trails: false };
    case 'stop_limit':
      return { market: false, condition: 'stop', trails: false };
    case 'stop_market':
      return { market: true, condition: 'stop', trails: false };
    case 'take_limit':
      return { market: false, condition: 'takeProfit', trails: false };
    case 'take_market':
      return { market: true, condition: 'takeProfit', trails: false };
    case 'trailing_stop':
      return { market: true, condition: 'stop', trails: true };
  }
}

/** Placing, changing and ending orders: what the platform checks before and around its matching engine. */
export class Orders {
  readonly #venue: DeribitVenue;
  #lastNumber = 0;
  #lastTrigger = 0;
  readonly #lastId = new Map<string, number>();

  constructor(venue: DeribitVenue) {
    this.#venue = venue;
  }

  nextId(instrument: DeribitInstrument): string {
    const prefix = idPrefix(instrument);
    const next = (this.#lastId.get(prefix) ?? 0) + 1;
    this.#lastId.set(prefix, next);
    return `${prefix}${next}`;
  }

  place(account: DeribitAccount, wanted: PlaceArguments): PlaceResult {
    const venue = this.#venue;
    if (venue.locked) throw new DeribitError('system_maintenance');
    const { instrument, direction, type } = wanted;
    const market = venue.market(instrument);
    const { market: isMarket, condition, trails } = shapeOf(type);
    const side = sideOf(direction);
    if (isMarket && wanted.timeInForce !== undefined) throw invalidParam('time_in_force', 'not allowed for market orders');
    if (isMarket && wanted.postOnly) throw invalidParam('post_only', 'not allowed for market orders');
    const timeInForce = wanted.timeInForce ?? 'good_til_cancelled';
    if (wanted.postOnly && (timeInForce === 'fill_or_kill' || timeInForce === 'immediate_or_cancel')) throw new DeribitError('unsupported_arg_combination', { param: 'post_only', reason: `not with ${timeInForce}` });
    let lots = this.#lots(instrument, wanted.amount);
    const visible = wanted.maxShow === undefined ? 0 : this.#visible(instrument, wanted.maxShow, lots);
    if (wanted.reduceOnly && condition === 'none') lots = this.#reducible(account, instrument, side, lots);
    const stopTicks = condition === 'none' || trails ? 0 : this.#triggerTicks(instrument, wanted.triggerPrice);
    const trailTicks = trails ? this.#steps(instrument, 'trigger_offset', wanted.triggerOffset) : 0;
    if (condition !== 'none' && wanted.trigger === undefined) throw invalidParam('trigger', 'is required');
    let ticks = 0;
    if (type === 'market_limit') {
      ticks = side === BID ? market.book.bestAsk : market.book.bestBid;
      if (ticks === 0) throw new DeribitError('other_reject', { reason: 'no liquidity' });
    } else if (isMarket) ticks = condition === 'none' ? this.#worst(market, side) : 0;
    else ticks = this.#priceTicks(market, side, wanted.price, condition === 'none');
    if (wanted.postOnly && condition === 'none') ticks = this.#postOnlyTicks(market, side, ticks, wanted.rejectPostOnly);
    this.#checkCounts(account, condition);
    if (!wanted.reduceOnly && condition === 'none' && !venue.margins.affords(account, instrument, side === BID ? lots : 0, side === ASK ? lots : 0)) {
      throw new DeribitError('not_enough_funds');
    }
    const { trigger } = wanted;
    const id = condition === 'none' ? this.nextId(instrument) : `SL${SOURCE_LETTERS[trigger ?? 'last_price']}${side === BID ? 'B' : 'S'}-${++this.#lastTrigger}`;
    const order = new DeribitOrder(
      {
        orderId: orderId(++this.#lastNumber), account: account.id, side, type: isMarket ? 'market' : 'limit', ticks, lots,
        timeInForce: isMarket ? 'IOC' : wanted.postOnly && timeInForce === 'good_til_cancelled' ? 'GTX' : TIMES[timeInForce],
        ...(timeInForce === 'good_til_day' ? { expireAtUs: Math.floor((venue.nowUs - SETTLEMENT_US) / DAY_US) * DAY_US + DAY_US + SETTLEMENT_US } : {}),
        visibleLots: visible, stpMode: 'expire_taker', condition, stopTicks, trailTicks,
        ...(trigger === undefined ? {} : { triggerSource: SOURCES[trigger] }),
      },
      {
        instrument, id, originalType: type, timeInForce, label: wanted.label ?? '', postOnly: wanted.postOnly, rejectPostOnly: wanted.rejectPostOnly,
        reduceOnly: wanted.reduceOnly, trigger, createdMs: venue.nowMs, liquidation: false, connection: wanted.connection,
      },
    );
    return this.#submit(account, market, order);
  }

  /** A forced close of `lots` (signed): market, at whatever the book gives within the price band. */
  liquidate(account: DeribitAccount, instrument: DeribitInstrument, lots: number): void {
    const venue = this.#venue;
    const market = venue.market(instrument);
    const side = lots > 0 ? ASK : BID;
    const order = new DeribitOrder(
      {
        orderId: orderId(++this.#lastNumber), account: account.id, side, type: 'market', ticks: 0, lots: Math.abs(lots), timeInForce: 'IOC', stpMode: 'none',
      },
      {
        instrument, id: this.nextId(instrument), originalType: 'market', timeInForce: 'good_til_cancelled', label: '', postOnly: false, rejectPostOnly: false,
        reduceOnly: true, trigger: undefined, createdMs: venue.nowMs, liquidation: true, connection: 0,
      },
    );
    market.matcher.place(order, venue.nowUs);
  }

  edit(account: DeribitAccount, id: string, wanted: EditArguments): PlaceResult {
    const venue = this.#venue;
    if (venue.locked) throw new DeribitError('system_maintenance');
    const order = this.#open(account, id);
    const { instrument } = order.terms;
    const market = venue.market(instrument);
    const { matcher } = market;
    const amountLots = wanted.amount === undefined ? (wanted.contracts ?? order.lots) : this.#lots(instrument, wanted.amount);
    const waiting = order.waiting;
    let ticks = order.ticks;
    if (order.type === 'limit' && wanted.price !== undefined) ticks = this.#priceTicks(market, order.side, wanted.price, !waiting);
    const stopTicks = wanted.triggerPrice === undefined ? order.stopTicks : this.#triggerTicks(instrument, wanted.triggerPrice);
    if (amountLots <= order.filledLots) throw new DeribitError('invalid_amount', { reason: 'not more than what is filled', param: 'amount' });
    if (!waiting && order.terms.postOnly && ticks !== order.ticks) {
      ticks = this.#postOnlyTicks(market, order.side, ticks, wanted.rejectPostOnly ?? order.terms.rejectPostOnly);
    }
    const more = Math.max(0, amountLots - order.lots);
    if (more > 0 && !order.terms.reduceOnly && !waiting && !venue.margins.affords(account, instrument, order.side === BID ? more : 0, order.side === ASK ? more : 0)) {
      throw new DeribitError('not_enough_funds');
    }
    const lots = order.terms.reduceOnly && !waiting ? order.filledLots + this.#reducible(account, instrument, order.side, amountLots - order.filledLots) : amountLots;
    const tradesBefore = account.trades.length === 0 ? undefined : account.trades.at(-1);
    order.replaced = true;
    matcher.amend(order, ticks, lots, venue.nowUs);
    if (waiting && stopTicks !== order.stopTicks && !order.trailing) matcher.amendTrigger(order, stopTicks, venue.nowUs);
    return { order: orderView(order), trades: tradesOf(account, order, tradesBefore) };
  }

  cancel(account: DeribitAccount, id: string): OrderView {
    const order = this.#open(account, id);
    this.#venue.market(order.terms.instrument).matcher.cancel(order, this.#venue.nowUs);
    return orderView(order);
  }

  /** Cancels every open order that `which` picks; answers how many. */
  cancelAll(account: DeribitAccount, which: (order: DeribitOrder) => boolean, reason: EndReason = 'user'): number {
    let count = 0;
    for (const order of [...account.open.values()]) {
      if (which(order) && this.#venue.market(order.terms.instrument).matcher.cancel(order, this.#venue.nowUs, reason)) count += 1;
    }
    return count;
  }

  /** The order by its present or former id. @throws order_not_found, not_owner_of_order */
  state(account: DeribitAccount, id: string): OrderView {
    const open = account.open.get(id);
    if (open !== undefined) return orderView(open);
    const closed = account.closed.get(id);
    if (closed !== undefined) return closed;
    this.#notFound(account, id);
  }

  #submit(account: DeribitAccount, market: Perpetual, order: DeribitOrder): PlaceResult {
    const tradesBefore = account.trades.at(-1);
    const outcome = market.matcher.place(order, this.#venue.nowUs);
    switch (outcome) {
      case 'accepted':
        return { order: orderView(order), trades: tradesOf(account, order, tradesBefore) };
      case 'would-take':
        throw new DeribitError('post_only_reject');
      case 'would-trigger':
        throw new DeribitError('invalid_trigger_price', { reason: 'the trigger price is reached already', param: 'trigger_price' });
      case 'queued':
        throw new Error('a client order was placed from inside an event');
    }
  }

  #open(account: DeribitAccount, id: string): DeribitOrder {
    const order = account.open.get(id);
    if (order !== undefined) return order;
    const closed = account.closed.get(id);
    if (closed === undefined) this.#notFound(account, id);
    throw new DeribitError(closed['order_state'] === 'filled' ? 'already_filled' : 'not_open_order');
  }

  #notFound(account: DeribitAccount, id: string): never {
    for (const other of this.#venue.accounts.values()) if (other !== account && (other.open.has(id) || other.closed.has(id))) throw new DeribitError('not_owner_of_order');
    throw new DeribitError('order_not_found');
  }

  #lots(instrument: DeribitInstrument, amount: number): number {
    const lots = wholeSteps(amount, instrument.contractSize);
    if (lots === undefined) throw invalidParam('amount', `must be a multiple of contract size ${instrument.contractSize}`);
    return lots;
  }

  /** The platform hides no more than a hundred times what it shows. */
  #visible(instrument: DeribitInstrument, maxShow: number, lots: number): number {
    const visible = wholeSteps(maxShow, instrument.contractSize);
    if (visible === undefined || visible * 100 < lots) throw invalidParam('max_show', 'too small, or no multiple of the contract size');
    return visible >= lots ? 0 : visible;
  }

  #priceTicks(market: Perpetual, side: Side, price: number | undefined, banded: boolean): number {
    const { instrument } = market;
    const ticks = this.#steps(instrument, 'price', price);
    if (banded) {
      const { highestTicks, lowestTicks } = market;
      if (side === BID && ticks > highestTicks) throw new DeribitError('price_too_high', undefined, String(highestTicks * instrument.tickSize));
      if (side === ASK && ticks < lowestTicks) throw new DeribitError('price_too_low', undefined, String(lowestTicks * instrument.tickSize));
    }
    return ticks;
  }

  #triggerTicks(instrument: DeribitInstrument, price: number | undefined): number {
    if (price === undefined) throw invalidParam('trigger_price', 'is required');
    const ticks = wholeSteps(price, instrument.tickSize);
    if (ticks === undefined) throw new DeribitError('trigger_price_wrong_tick', { param: 'trigger_price', reason: `must be a multiple of ${instrument.tickSize}` });
    return ticks;
  }

  #steps(instrument: DeribitInstrument, name: string, price: number | undefined): number {
    if (price === undefined) throw invalidParam(name, 'is required');
    const ticks = wholeSteps(price, instrument.tickSize);
    if (ticks === undefined) throw price > 0 ? new DeribitError('price_wrong_tick', { param: name, reason: `must be a multiple of ${instrument.tickSize}` }) : invalidParam(name, 'must be positive');
    return ticks;
  }

  /** Worst price of a market order: the edge of the price band. */
  #worst(market: Perpetual, side: Side): number {
    return side === BID ? market.highestTicks : market.lowestTicks;
  }

  /** Where a post-only order goes: one tick off the other side when it would take. */
  #postOnlyTicks(market: Perpetual, side: Side, ticks: number, reject: boolean): number {
    if (!market.book.crosses(side, ticks)) return ticks;
    const beside = side === BID ? market.book.bestAsk - 1 : market.book.bestBid + 1;
    if (reject || beside === 0) throw new DeribitError('post_only_reject');
    return beside;
  }

  #reducible(account: DeribitAccount, instrument: DeribitInstrument, side: Side, lots: number): number {
    const held = account.lots(instrument);
    const closable = side === BID ? -held : held;
    if (closable <= 0) throw new DeribitError('invalid_reduce_only_order');
    return Math.min(lots, closable);
  }

  #checkCounts(account: DeribitAccount, condition: Condition): void {
    if (account.open.size >= MOST_OPEN) throw new DeribitError('other_reject', { reason: 'max_open_orders' });
    if (condition === 'none') return;
    let waiting = 0;
    for (const order of account.open.values()) if (order.waiting) waiting += 1;
    if (waiting >= MOST_TRIGGERS) throw new DeribitError('no_more_triggers', undefined, String(MOST_TRIGGERS));
  }
}

/** The order's trades that came after `before` in the account's list. */
function tradesOf(account: DeribitAccount, order: DeribitOrder, before: UserTrade | undefined): UserTrade[] {
  const found: UserTrade[] = [];
  for (let at = account.trades.length - 1; at >= 0 && account.trades[at] !== before; at--) {
    const trade = account.trades[at]!;
    if (trade.order_id === order.id) found.push(trade);
  }
  return found.reverse();
}
