import type { OrderType, PositionSide, PriceMatch, SideName, StpName, TimeInForceName, WorkingType } from './order.js';

/** A new order as the client sent it: enumerations checked, numbers still text; undefined = not sent. */
export interface NewOrder {
  readonly symbol: string;
  readonly side: SideName;
  readonly type: OrderType;
  readonly positionSide?: PositionSide | undefined;
  readonly timeInForce?: TimeInForceName | undefined;
  readonly quantity?: string | undefined;
  readonly price?: string | undefined;
  readonly reduceOnly?: boolean | undefined;
  readonly clientOrderId?: string | undefined;
  /** `stopPrice` of an order, `triggerPrice` of an algo order. */
  readonly stopPrice?: string | undefined;
  readonly closePosition?: boolean | undefined;
  readonly activationPrice?: string | undefined;
  readonly callbackRate?: string | undefined;
  readonly workingType?: WorkingType | undefined;
  readonly priceProtect?: boolean | undefined;
  readonly priceMatch?: PriceMatch | undefined;
  readonly stp?: StpName | undefined;
  /** ms since the epoch. */
  readonly goodTillDate?: number | undefined;
}

/** How an order is named: by the venue's number or by the client's; the number wins when both are given. */
export interface OrderName {
  readonly symbol: string;
  readonly orderId?: number | undefined;
  readonly clientOrderId?: string | undefined;
}

export interface ModifyOrder extends OrderName {
  readonly side: SideName;
  readonly quantity: string;
  readonly price?: string | undefined;
  readonly priceMatch?: PriceMatch | undefined;
}
