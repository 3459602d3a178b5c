/** What a client asks of the spot venue. Decimals stay text until the symbol's grids have read them. */
import type { ClientOrderId } from '../ids.js';
import type { SpotSide, SpotTimeInForce } from './order.js';
import type { OrderType, StpMode } from './symbol.js';

/** Everything of an order but where it is traded. Which fields a type needs is checked by who read them (VENUE-API, "mandatory parameters"). */
export interface LegRequest {
  readonly side: SpotSide;
  readonly type: OrderType;
  readonly timeInForce?: SpotTimeInForce | undefined;
  readonly quantity?: string | undefined;
  readonly quoteOrderQty?: string | undefined;
  readonly price?: string | undefined;
  readonly stopPrice?: string | undefined;
  /** Basis points. */
  readonly trailingDelta?: number | undefined;
  readonly icebergQty?: string | undefined;
  readonly clientOrderId?: ClientOrderId | undefined;
  readonly strategyId?: number | undefined;
  readonly strategyType?: number | undefined;
  readonly stp?: StpMode | undefined;
}

export interface OrderRequest extends LegRequest {
  readonly symbol: string;
}

/** The venue's number, the client's name, or both. */
export interface OrderReference {
  readonly orderId?: number | undefined;
  readonly clientOrderId?: string | undefined;
}

export type CancelRestrictions = 'ONLY_NEW' | 'ONLY_PARTIALLY_FILLED';

export interface CancelRequest extends OrderReference {
  readonly symbol: string;
  /** Name of the cancel itself. */
  readonly newClientOrderId?: ClientOrderId | undefined;
  readonly restrictions?: CancelRestrictions | undefined;
}

export interface OcoRequest {
  readonly symbol: string;
  readonly listClientOrderId?: ClientOrderId | undefined;
  readonly above: LegRequest;
  readonly below: LegRequest;
}

export interface OtoRequest {
  readonly symbol: string;
  readonly listClientOrderId?: ClientOrderId | undefined;
  readonly working: LegRequest;
  /** One order, or the above and the below one of an OTOCO. */
  readonly pending: readonly [LegRequest] | readonly [LegRequest, LegRequest];
}

export interface CancelListRequest {
  readonly symbol: string;
  readonly listId?: number | undefined;
  readonly clientId?: string | undefined;
  /** Name of the cancel itself. */
  readonly newClientOrderId?: ClientOrderId | undefined;
}

export interface CancelReplaceRequest {
  readonly mode: 'STOP_ON_FAILURE' | 'ALLOW_FAILURE';
  readonly cancel: CancelRequest;
  readonly order: OrderRequest;
}

export interface AmendRequest extends OrderReference {
  readonly symbol: string;
  readonly newQty: string;
  readonly newClientOrderId?: ClientOrderId | undefined;
}
