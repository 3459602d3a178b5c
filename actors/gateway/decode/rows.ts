import type { OrderReport, VenueFill } from '../../engine/venue-calls.js';

/** An order as an answer lists it: the report, and what only lists of open orders are asked for. */
export interface OrderRow extends OrderReport {
  /** Order list it belongs to (spot OCO); null for none. */
  readonly listId: string | null;
  /** Closes whatever there is; `lots` is then 0. */
  readonly closePosition: boolean;
}

/** The answer to a new order: fills come with it on spot only. */
export interface Placement {
  readonly order: OrderRow;
  readonly fills: readonly VenueFill[];
}

/** An execution as `myTrades` and `userTrades` list it. */
export interface TradeRow extends VenueFill {
  readonly symbol: number;
  readonly venueOrderId: string;
  readonly side: OrderReport['side'];
  readonly positionSide: OrderReport['positionSide'];
}
