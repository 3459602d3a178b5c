import type { NewOrder } from './messages.js';

/** An order in the venue's hands. Numbers are lots and ticks. */
export class RestingOrder {
  readonly order: NewOrder;
  remaining: number;
  /** Visible lots ahead of us at our price; Infinity = not known (no book shows that price). */
  ahead: number;
  /** Visible lots at our price when last seen; what traded there since. Only the power model reads them. */
  level: number;
  traded = 0;

  constructor(order: NewOrder, remaining: number, ahead: number) {
    this.order = order;
    this.remaining = remaining;
    this.ahead = ahead;
    this.level = ahead;
  }
}

/** What one entry order has opened and its reduce-only orders have closed. */
export class EntryPosition {
  readonly buys: boolean;
  filled = 0;
  closed = 0;
  constructor(buys: boolean) {
    this.buys = buys;
  }
}
