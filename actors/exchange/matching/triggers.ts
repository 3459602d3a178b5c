import { ASK, BID } from '../book/index.js';
import type { ClientOrder, TriggerSource } from './client-order.js';
import { SortedOrders } from './sorted-orders.js';

/** Whether a conditional order's price is reached from below: a buy stop, a sell take-profit. */
function waitsForRise(order: ClientOrder): boolean {
  return (order.condition === 'stop') === (order.side === BID);
}

/** Where a trailing order triggers, `trailBips` or `trailTicks` behind the best price it has seen. */
function trailedTicks(order: ClientOrder): number {
  const { extremeTicks, trailBips, trailTicks, side } = order;
  if (trailTicks !== 0) return side === ASK ? extremeTicks - trailTicks : extremeTicks + trailTicks;
  // Rounded away from the price it trails: a move of at least the distance triggers.
  const scaled = extremeTicks * (side === ASK ? 10_000 - trailBips : 10_000 + trailBips);
  const rest = scaled % 10_000;
  return (scaled - rest) / 10_000 + (side === BID && rest > 0 ? 1 : 0);
}

/** The conditional orders that wait for one source's price. */
class Waiting<O extends ClientOrder> {
  ticks = 0;
  readonly rise = new SortedOrders<O>();
  /** Keyed by negated ticks. */
  readonly fall = new SortedOrders<O>();
  readonly trailing: O[] = [];
}

/**
 * The conditional orders of one symbol. `price` moves those it triggers to `fired`: nearest trigger price first, those
 * with the same in order of arrival, trailing orders last.
 */
export class Triggers<O extends ClientOrder> {
  readonly #sources: Readonly<Record<TriggerSource, Waiting<O>>> = { last: new Waiting(), mark: new Waiting(), index: new Waiting() };
  readonly #fire: (order: O) => void;

  constructor(fire: (order: O) => void) {
    this.#fire = fire;
  }

  /** The last price of a source; 0 = none yet. */
  ticksOf(source: TriggerSource): number {
    return this.#sources[source].ticks;
  }

  /** Whether the order would trigger at the prices of now. A trailing order never does at once. */
  reached(order: O): boolean {
    return !order.trailing && isReached(order, this.#sources[order.triggerSource].ticks);
  }

  add(order: O): void {
    const waiting = this.#sources[order.triggerSource];
    if (order.trailing) {
      waiting.trailing.push(order);
      if (waiting.ticks !== 0) trail(order, waiting.ticks);
    } else if (waitsForRise(order)) waiting.rise.add(order.stopTicks, order);
    else waiting.fall.add(-order.stopTicks, order);
  }

  remove(order: O): void {
    const waiting = this.#sources[order.triggerSource];
    if (order.trailing) {
      const at = waiting.trailing.indexOf(order);
      if (at >= 0) waiting.trailing.splice(at, 1);
    } else if (waitsForRise(order)) waiting.rise.remove(order.stopTicks, order);
    else waiting.fall.remove(-order.stopTicks, order);
  }

  price(source: TriggerSource, ticks: number): void {
    const waiting = this.#sources[source];
    waiting.ticks = ticks;
    while (waiting.rise.firstKey <= ticks) this.#fire(waiting.rise.shift()!);
    while (-waiting.fall.firstKey >= ticks) this.#fire(waiting.fall.shift()!);
    const { trailing } = waiting;
    if (trailing.length === 0) return;
    let kept = 0;
    for (const order of trailing) {
      if (trail(order, ticks)) this.#fire(order);
      else trailing[kept++] = order;
    }
    trailing.length = kept;
  }
}

function isReached(order: ClientOrder, ticks: number): boolean {
  return ticks !== 0 && (waitsForRise(order) ? ticks >= order.stopTicks : ticks <= order.stopTicks);
}

/** Shows a price to a trailing order; answers whether it triggers. */
function trail(order: ClientOrder, ticks: number): boolean {
  if (order.extremeTicks === 0) {
    if (order.stopTicks !== 0 && !isReached(order, ticks)) return false;
    order.extremeTicks = ticks;
    order.stopTicks = trailedTicks(order);
    return false;
  }
  if (order.side === ASK ? ticks > order.extremeTicks : ticks < order.extremeTicks) {
    order.extremeTicks = ticks;
    order.stopTicks = trailedTicks(order);
    return false;
  }
  return order.side === ASK ? ticks <= order.stopTicks : ticks >= order.stopTicks;
}
