/** What the guard hears and keeps. It is told of orders by ORDERS_TOPIC, and acts through the account, or where that knows no trade, itself. */
import type { AccountReply } from '../account/messages.js';
import type { VenueProduct } from '../engine/io.js';
import type { OrderNews, OrderState } from '../orders/messages.js';
import type { KeyEdge, PriceReference } from '../risk/messages.js';
import type { PositionGone, TruthDifferences } from '../truth/messages.js';
import type { PositionSide } from '../truth/views.js';
import type { Side } from '../venue/messages.js';

/**
 * What is to be protected: what one entry order has open, or a position that nothing of this run explains. It is looked after from its
 * first fill until it is flat.
 */
export interface Ward {
  /** The entry's id, or `position SYMBOL SIDE`. */
  readonly id: string;
  readonly symbol: number;
  readonly product: VenueProduct;
  /** Of the position: a buy's is long. */
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly openLots: number;
  /** Worst price it was entered at, in ticks; 0 while unknown. */
  readonly entryTicks: number;
  /** The entry can fill no more. */
  readonly entryDone: boolean;
  /** Since when something of it has no confirmed stop, ms; null while all of it has. */
  readonly nakedMs: number | null;
  /** It is being closed at market; why. */
  readonly closing: string | null;
  /** Closes in a row that were tried with a key that the venue will not have. */
  readonly vain?: number;
  /** The strategy has had its time. */
  readonly own: boolean;
  /** Of a position that was this entry's all along: its stops stand until the entry's own do. */
  readonly heir?: string;
  /** Of a position: the exchange's numbers that it is made of were asked for then, ms. */
  readonly readMs?: number;
}

/** A reduce-only order: a stop covers, all of them are withdrawn when there is nothing left to reduce. */
export interface Cover {
  readonly id: string;
  readonly clientId: string;
  readonly ward: string;
  readonly kind: 'limit' | 'market' | 'stop';
  readonly lots: number;
  readonly bookedLots: number;
  readonly state: OrderState;
  /** Placed by the guard. */
  readonly own: boolean;
  /** And past the account, which has to be told of its fills. */
  readonly alone: boolean;
  /** An earlier run sent it. */
  readonly inherited?: boolean;
}

export type GuardMessage =
  | OrderNews | TruthDifferences | PositionGone | PriceReference | KeyEdge
  | Extract<AccountReply, { readonly type: 'exit.refused' }>
  | { readonly type: 'guard.own'; readonly ward: string }
  | { readonly type: 'guard.again'; readonly ward: string }
  | { readonly type: 'guard.deadline'; readonly ward: string }
  | { readonly type: 'guard.retry'; readonly ward: string };
