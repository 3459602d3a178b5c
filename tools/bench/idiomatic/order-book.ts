import type { DepthEvent, Level } from './events.js';

/** An order book as most packages write it: two sorted arrays of [price, quantity], searched from the best and spliced. */
export class OrderBook {
  /** Best first. */
  bids: Level[] = [];
  asks: Level[] = [];
  lastId = 0;
  live = false;

  snapshot(event: DepthEvent): void {
    this.bids = event.bids.filter(([, quantity]) => quantity > 0).sort(([a], [b]) => b - a);
    this.asks = event.asks.filter(([, quantity]) => quantity > 0).sort(([a], [b]) => a - b);
    this.lastId = event.lastId;
    this.live = true;
  }

  /** Applies a diff; false when it does not follow the one before, and the book waits for a snapshot. */
  apply(event: DepthEvent): boolean {
    if (!this.live || event.lastId <= this.lastId) return this.live;
    if (event.previousId > this.lastId) {
      this.live = false;
      return false;
    }
    for (const [price, quantity] of event.bids) this.#set(this.bids, price, quantity, (other) => other < price);
    for (const [price, quantity] of event.asks) this.#set(this.asks, price, quantity, (other) => other > price);
    this.lastId = event.lastId;
    return true;
  }

  #set(levels: Level[], price: number, quantity: number, isWorse: (price: number) => boolean): void {
    const at = levels.findIndex(([other]) => other === price || isWorse(other));
    if (at >= 0 && levels[at][0] === price) {
      if (quantity === 0) levels.splice(at, 1);
      else levels[at] = [price, quantity];
    } else if (quantity > 0) {
      levels.splice(at < 0 ? levels.length : at, 0, [price, quantity]);
    }
  }
}
