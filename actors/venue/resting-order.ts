import type { NewOrder } from './messages.js';

export interface RestingOrderState {
  readonly order: NewOrder;
  readonly remaining: number;
  readonly ahead: number;
  readonly level: number;
  readonly traded: number;
}

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

  snapshot(): RestingOrderState {
    const { order, remaining, ahead, level, traded } = this;
    return { order, remaining, ahead, level, traded };
  }

  static restored({ order, remaining, ahead, level, traded }: RestingOrderState): RestingOrder {
    const resting = new RestingOrder(order, remaining, ahead);
    resting.level = level;
    resting.traded = traded;
    return resting;
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
