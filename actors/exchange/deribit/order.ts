import { ASK, BID } from '../book/index.js';
import { ZERO, type Amount } from '../ledger/index.js';
import { ClientOrder, type EndReason, type PlaceRequest } from '../matching/index.js';
import { amountNumber, priceNumber, type DeribitInstrument } from './instruments.js';

export const ORDER_TYPES = ['limit', 'market', 'market_limit', 'stop_limit', 'stop_market', 'take_limit', 'take_market', 'trailing_stop'] as const;
export type DeribitOrderType = (typeof ORDER_TYPES)[number];
export const TIMES_IN_FORCE = ['good_til_cancelled', 'good_til_day', 'fill_or_kill', 'immediate_or_cancel'] as const;
export type DeribitTimeInForce = (typeof TIMES_IN_FORCE)[number];
export const TRIGGERS = ['index_price', 'mark_price', 'last_price'] as const;
export type DeribitTrigger = (typeof TRIGGERS)[number];

/** What Deribit knows of an order beside what the matcher does. */
export interface DeribitTerms {
  readonly instrument: DeribitInstrument;
  readonly id: string;
  readonly originalType: DeribitOrderType;
  readonly timeInForce: DeribitTimeInForce;
  readonly label: string;
  readonly postOnly: boolean;
  readonly rejectPostOnly: boolean;
  readonly reduceOnly: boolean;
  readonly trigger: DeribitTrigger | undefined;
  readonly createdMs: number;
  readonly liquidation: boolean;
  /** Websocket that it came by, for cancel-on-disconnect; 0 = none. */
  readonly connection: number;
}

/** One order of a client. Its id changes when it is triggered: the trigger order stays in the history, a new one works in the book. */
export class DeribitOrder extends ClientOrder {
  readonly terms: DeribitTerms;
  id: string;
  /** Id under which it waited for its trigger; '' = it did not. */
  triggerOrderId = '';
  updatedMs: number;
  /** Whether it was edited. */
  replaced = false;
  /** Commission so far; negative for rebates. */
  commission: Amount = ZERO;

  constructor(request: PlaceRequest, terms: DeribitTerms) {
    super(request);
    this.terms = terms;
    this.id = terms.id;
    this.updatedMs = terms.createdMs;
  }

  get waiting(): boolean {
    return this.state === 'untriggered';
  }
}

const STATES = {
  idle: 'open', queued: 'open', taking: 'open', resting: 'open', triggered: 'open', untriggered: 'untriggered', filled: 'filled',
  canceled: 'cancelled', expired: 'cancelled', rejected: 'rejected',
} as const satisfies Record<DeribitOrder['state'], string>;

/** `cancel_reason` as the platform names it. */
function cancelReason(reason: EndReason): string {
  switch (reason) {
    case 'liquidation':
      return 'autoliquidation';
    case 'disconnect':
      return 'cancel_on_disconnect';
    case 'post-only':
      return 'edit_post_only_reject';
    case 'stp':
      return 'self_trading_reject';
    case 'venue':
      return 'settlement';
    case 'user':
    case 'replaced':
    case 'amended':
    case 'order-list':
    case 'reduce-only':
    case 'countdown':
    case 'ioc':
    case 'fok':
    case 'no-liquidity':
    case 'price-limit':
    case 'budget':
    case 'gtd':
    case 'book-full':
      return 'user_request';
  }
}

/** What a market order's type is called once it works: its trigger form is gone. */
function workingType(type: DeribitOrderType): DeribitOrderType {
  switch (type) {
    case 'stop_limit':
    case 'take_limit':
      return 'limit';
    case 'stop_market':
    case 'take_market':
    case 'trailing_stop':
      return 'market';
    case 'limit':
    case 'market':
    case 'market_limit':
      return type;
  }
}

export type OrderView = Readonly<Record<string, unknown>>;

/** The order as the API shows it. Amounts in USD (inverse) or base units (linear); times in ms. */
export function orderView(order: DeribitOrder): OrderView {
  const { terms } = order;
  const { instrument } = terms;
  const conditional = order.condition !== 'none' || order.trailing;
  const waiting = order.waiting;
  const marketLike = workingType(terms.originalType) === 'market';
  const price = marketLike && (waiting || order.ticks === 0) ? 'market_price' : priceNumber(instrument, order.ticks);
  const average = order.filledLots === 0 ? 0 : averagePrice(order);
  return {
    order_id: order.id,
    order_state: STATES[order.state],
    order_type: waiting ? terms.originalType : workingType(terms.originalType),
    ...(conditional && !waiting ? { original_order_type: terms.originalType } : {}),
    time_in_force: terms.timeInForce,
    instrument_name: instrument.name,
    direction: order.side === BID ? 'buy' : 'sell',
    price,
    amount: amountNumber(instrument, order.lots),
    contracts: order.lots,
    filled_amount: amountNumber(instrument, order.filledLots),
    average_price: average,
    label: terms.label,
    post_only: terms.postOnly,
    ...(terms.postOnly ? { reject_post_only: terms.rejectPostOnly } : {}),
    reduce_only: terms.reduceOnly,
    replaced: order.replaced,
    api: true,
    web: false,
    mmp: false,
    risk_reducing: false,
    is_liquidation: terms.liquidation,
    max_show: amountNumber(instrument, order.visibleLots === 0 ? order.lots : order.visibleLots),
    creation_timestamp: terms.createdMs,
    last_update_timestamp: order.updatedMs,
    ...(conditional
      ? {
          trigger: terms.trigger,
          triggered: order.triggered,
          ...(order.stopTicks > 0 ? { trigger_price: priceNumber(instrument, order.stopTicks), stop_price: priceNumber(instrument, order.stopTicks) } : {}),
          ...(order.trailing ? { trigger_offset: priceNumber(instrument, order.trailTicks) } : {}),
          ...(order.triggerOrderId === '' ? {} : { trigger_order_id: order.triggerOrderId }),
        }
      : {}),
    ...(order.endReason === undefined ? {} : { cancel_reason: cancelReason(order.endReason) }),
  };
}

/** Mean price of the fills, weighted by amount, to a tenth of a tick's last decimal. */
function averagePrice(order: DeribitOrder): number {
  const { instrument } = order.terms;
  return Number(((order.filledTickLots / order.filledLots) * instrument.tickSize).toFixed(instrument.priceDecimals + 4));
}

export const sideOf = (direction: 'buy' | 'sell'): typeof BID | typeof ASK => (direction === 'buy' ? BID : ASK);
