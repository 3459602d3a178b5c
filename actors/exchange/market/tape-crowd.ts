import { ASK, BID, type OrderBook, type Side } from '../book/index.js';
import type { AgentListener } from '../matching/index.js';
import type { AgentDesk } from '../../generator/live-market.js';

/** Owner of everything that a tape's crowd has in the book. */
const TAPE_OWNER = 1;

/**
 * The crowd of one recorded symbol: keeps its orders in the book as the tape shows levels, and takes as the tape shows trades. Clients' orders
 * stand in the same queues, by the conservative rule of replay (docs/simulated-venue.md): who joins a level stands behind, who leaves it stood
 * behind too while there was anybody, and what trades is filled from the front. What a client has taken comes back with the next change of the level.
 */
export class TapeCrowd implements AgentListener {
  readonly #desk: AgentDesk;
  readonly #book: OrderBook;
  /** Own orders by side and tick, oldest first. */
  readonly #levels: readonly [Map<number, number[]>, Map<number, number[]>] = [new Map(), new Map()];

  constructor(desk: AgentDesk) {
    this.#desk = desk;
    this.#book = desk.book;
    desk.agents = this;
  }

  /** The tape shows `visible` lots of the crowd's at a price. */
  level(nowUs: number, side: Side, tick: number, visible: number): void {
    const book = this.#book;
    const handles = this.#levels[side].get(tick);
    let own = 0;
    if (handles !== undefined) for (const handle of handles) own += book.lotsOf(handle);
    if (visible > own) this.#join(nowUs, side, tick, visible - own);
    else if (handles !== undefined) this.#leave(side, tick, handles, own - visible);
  }

  /** The tape shows a whole book: levels it does not name are gone. `named` holds its ticks by side. */
  onlyLevels(named: readonly [ReadonlySet<number>, ReadonlySet<number>]): void {
    for (const side of [BID, ASK] as const) for (const tick of [...this.#levels[side].keys()]) if (!named[side].has(tick)) this.#clear(side, tick);
  }

  /** The tape shows a trade: somebody of the crowd takes, at this price. */
  trade(nowUs: number, takerSide: Side, tick: number, lots: number): void {
    const book = this.#book;
    const resting: Side = takerSide === BID ? ASK : BID;
    // What the crowd had at better prices must have gone before: the tape traded past it.
    this.#clearBetter(resting, tick);
    let left = lots;
    if (book.crosses(resting, tick)) {
      // Somebody offered at this price, where clients bid already: they were there first.
      this.#clearCrossed(resting, tick);
      left -= this.#desk.takeForAgent(resting, left, tick, nowUs);
    }
    const missing = left - book.lotsOnSide(resting, tick);
    if (missing > 0) this.#add(resting, tick, missing);
    if (left > 0) this.#desk.takeForAgent(takerSide, left, tick, nowUs);
  }

  traded(_nowUs: number, takerSide: Side, _takerIsClient: boolean, ticks: number, _lots: number, makerOwner: number, makerDone: boolean): void {
    if (makerOwner !== TAPE_OWNER || !makerDone) return;
    // The front of a level is filled first: it is our oldest there.
    const side: Side = takerSide === BID ? ASK : BID;
    const handles = this.#levels[side].get(ticks);
    handles?.shift();
    if (handles?.length === 0) this.#levels[side].delete(ticks);
  }

  clientTook(): void {
    // A tape's crowd does not react.
  }

  #join(nowUs: number, side: Side, tick: number, lots: number): void {
    let left = lots;
    if (this.#book.crosses(side, tick)) {
      this.#clearCrossed(side, tick);
      left -= this.#desk.takeForAgent(side, left, tick, nowUs);
    }
    if (left > 0) this.#add(side, tick, left);
  }

  #add(side: Side, tick: number, lots: number): void {
    const handle = this.#book.add(side, tick, lots, TAPE_OWNER);
    if (handle === 0) return;
    const handles = this.#levels[side].get(tick);
    if (handles === undefined) this.#levels[side].set(tick, [handle]);
    else handles.push(handle);
  }

  /** Takes lots away from the back of the queue. */
  #leave(side: Side, tick: number, handles: number[], lots: number): void {
    const book = this.#book;
    let left = lots;
    while (left > 0 && handles.length > 0) {
      const last = handles[handles.length - 1]!;
      const there = book.lotsOf(last);
      if (there > left) {
        book.reduce(last, left);
        return;
      }
      handles.pop();
      book.cancel(last);
      left -= there;
    }
    if (handles.length === 0) this.#levels[side].delete(tick);
  }

  /** Own orders of the other side that an order of `side` at `tick` would meet: the tape has not said yet that they are gone. */
  #clearCrossed(side: Side, tick: number): void {
    const other: Side = side === BID ? ASK : BID;
    this.#clearBetter(other, tick);
    this.#clear(other, tick);
  }

  /** Own orders of a side at prices strictly better than `tick`. */
  #clearBetter(side: Side, tick: number): void {
    const book = this.#book;
    let at = side === BID ? book.bestBid : book.bestAsk;
    while (at !== 0 && (side === BID ? at > tick : at < tick)) {
      const next = book.worse(side, at);
      this.#clear(side, at);
      at = next;
    }
  }

  #clear(side: Side, tick: number): void {
    const handles = this.#levels[side].get(tick);
    if (handles === undefined) return;
    for (const handle of handles) this.#book.cancel(handle);
    this.#levels[side].delete(tick);
  }
}
