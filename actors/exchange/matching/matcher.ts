import { ASK, BID, type OrderBook, type Side } from '../book/index.js';
import type { ClientOrder, EndReason, TriggerSource } from './client-order.js';
import { Execution } from './execution.js';
import { quoteInto } from './lookahead.js';
import type { AgentListener, AmendOutcome, MatchSink, PlaceOutcome, PriceRange, Quote } from './sink.js';

export interface MatcherOptions<O extends ClientOrder> {
  readonly book: OrderBook;
  readonly sink: MatchSink<O>;
  /** Id of the first trade; 1 unless told otherwise. */
  readonly firstTradeId?: number;
  /** What becomes of a conditional order whose price is reached already: refused (unless told otherwise), or triggered at once. */
  readonly reachedAtOnce?: 'refuse' | 'trigger';
  /** Prices at which an order that begins to take may trade, for as long as it takes; undefined = any. A taker that meets another one expires. */
  readonly rangeOf?: (taker: O) => PriceRange | undefined;
}

/**
 * The matching engine of one symbol: clients' orders against each other and against the agents whose orders rest in the
 * same book. It decides nothing about money, filters or rights: the venue has done that before it calls. Times are
 * passed in; an operation called from inside a sink event belongs to the operation under way.
 */
export class Matcher<O extends ClientOrder = ClientOrder> {
  readonly book: OrderBook;
  readonly #execution: Execution<O>;
  readonly #sink: MatchSink<O>;
  readonly #triggerAtOnce: boolean;
  /** Triggered orders that wait to be matched, and orders placed from inside events. */
  readonly #fired: O[] = [];
  readonly #queued: O[] = [];
  readonly #quote: Quote = { lots: 0, tickLots: 0, firstTicks: 0, worstTicks: 0 };
  #busy = false;

  constructor({ book, sink, firstTradeId = 1, reachedAtOnce, rangeOf }: MatcherOptions<O>) {
    this.book = book;
    this.#sink = sink;
    this.#triggerAtOnce = reachedAtOnce === 'trigger';
    this.#execution = new Execution({
      book, sink, firstTradeId, rangeOf,
      fired: (order) => {
        order.state = 'triggered';
        this.#fired.push(order);
      },
    });
  }

  /** Whose agents rest in the book beside the clients; may be set once it is known. */
  get agents(): AgentListener | undefined {
    return this.#execution.agents;
  }

  set agents(agents: AgentListener | undefined) {
    this.#execution.agents = agents;
  }

  /** Price of the last trade, or what the venue gave for it; 0 = none yet. */
  get lastTicks(): number {
    return this.#execution.lastTicks;
  }

  set lastTicks(ticks: number) {
    this.#execution.lastTicks = ticks;
  }

  /** Id that the next trade gets. */
  get nextTradeId(): number {
    return this.#execution.nextTradeId;
  }

  set nextTradeId(id: number) {
    this.#execution.nextTradeId = id;
  }

  /** When the next GTD order expires, µs; Infinity = none will. */
  get nextExpiryUs(): number {
    return this.#execution.byExpiry.firstKey;
  }

  /** The client order behind a handle of the book; null = an agent's. */
  clientAt(handle: number): O | null {
    return this.#execution.clients[handle] ?? null;
  }

  /** The last price of a trigger source; 0 = none yet. */
  ticksOf(source: TriggerSource): number {
    return this.#execution.triggers.ticksOf(source);
  }

  /** Takes an order in, matches it, and rests what is left as its kind says. From inside an event: afterwards. */
  place(order: O, nowUs: number): PlaceOutcome {
    if (order.state !== 'idle') throw new Error(`order ${order.orderId} was placed before: it is ${order.state}`);
    if (this.#busy) {
      order.state = 'queued';
      this.#queued.push(order);
      return 'queued';
    }
    this.#enter(nowUs);
    try {
      return this.#admit(order);
    } finally {
      this.#settle();
    }
  }

  /** Ends an open order as canceled; false when it is not open. */
  cancel(order: O, nowUs: number, reason: EndReason = 'user'): boolean {
    return this.#endOpen(order, 'canceled', reason, nowUs);
  }

  /** Ends an open order as expired; false when it is not open. */
  expire(order: O, nowUs: number, reason: EndReason): boolean {
    return this.#endOpen(order, 'expired', reason, nowUs);
  }

  /** Ends every order whose time is over at `nowUs`; answers how many. */
  expireDue(nowUs: number): number {
    let ended = 0;
    const outermost = this.#enter(nowUs);
    try {
      while (this.#execution.byExpiry.firstKey <= nowUs) {
        this.#execution.end(this.#execution.byExpiry.shift()!, 'expired', 'gtd');
        ended += 1;
      }
    } finally {
      if (outermost) this.#settle();
    }
    return ended;
  }

  /**
   * Changes price and total quantity (with what is filled already). Fewer lots at the same price keep the place in the
   * queue, unless the venue's rule is `requeue`; anything else leaves the book and is matched like a new order. A
   * conditional order that waits is changed where it is. Not from inside an event.
   */
  amend(order: O, ticks: number, lots: number, nowUs: number, requeue = false): AmendOutcome {
    if (this.#busy) throw new Error('amend() from inside a sink event');
    if (order.state !== 'resting' && order.state !== 'untriggered') return 'not-open';
    this.#enter(nowUs);
    try {
      return this.#amend(order, ticks, lots, requeue);
    } finally {
      this.#settle();
    }
  }

  /** Moves the trigger price of a conditional order that waits and does not trail. It may trigger at once. */
  amendTrigger(order: O, stopTicks: number, nowUs: number): AmendOutcome {
    if (order.state !== 'untriggered' || order.trailing) return 'not-open';
    const outermost = this.#enter(nowUs);
    try {
      this.#execution.triggers.remove(order);
      order.stopTicks = stopTicks;
      this.#execution.triggers.add(order);
      this.#sink.onAmended(order, true);
      const ticks = this.#execution.triggers.ticksOf(order.triggerSource);
      if (ticks !== 0) this.#execution.triggers.price(order.triggerSource, ticks);
    } finally {
      if (outermost) this.#settle();
    }
    return 'amended';
  }

  /** Takes `lots` off an open order's rest, keeping its place; expires it for `reason` when nothing is left. */
  reduce(order: O, lots: number, nowUs: number, reason: EndReason): boolean {
    if (!order.open || lots <= 0) return false;
    const outermost = this.#enter(nowUs);
    try {
      if (lots >= order.leavesLots) this.#execution.end(order, 'expired', reason);
      else {
        order.lots -= lots;
        if (order.state === 'resting') this.book.reduce(order.handle, lots);
        this.#sink.onAmended(order, true);
      }
    } finally {
      if (outermost) this.#settle();
    }
    return true;
  }

  /** Shows a price of a source, in ticks; triggers what waits for it. The matcher shows `last` its own trades itself. */
  price(source: TriggerSource, ticks: number, nowUs: number): void {
    const outermost = this.#enter(nowUs);
    if (source === 'last') this.lastTicks = ticks;
    this.#execution.triggers.price(source, ticks);
    if (outermost) this.#settle();
  }

  /**
   * An agent of the market takes up to `lots` at `limitTicks` or better; answers the lots filled. Its own orders it
   * adds to the book directly: `OrderBook.add` never trades. Not from inside an event.
   */
  takeForAgent(side: Side, lots: number, limitTicks: number, nowUs: number): number {
    if (this.#busy) throw new Error('takeForAgent() from inside a sink event');
    this.#enter(nowUs);
    const { book } = this;
    let left = lots;
    try {
      while (left > 0) {
        const best = side === BID ? book.bestAsk : book.bestBid;
        if (best === 0 || (side === BID ? best > limitTicks : best < limitTicks)) break;
        left -= this.#execution.fill(null, side, book.front(side === BID ? ASK : BID), best, left);
      }
    } finally {
      this.#settle();
    }
    return lots - left;
  }

  /**
   * What a taker of `lots` would meet at `limitTicks` (0 = any) or better, hidden lots of icebergs too; changes nothing.
   * The answer is one object that is filled anew.
   */
  quote(side: Side, lots: number, limitTicks = 0): Quote {
    const quote = this.#quote;
    quoteInto(quote, this.book, side, lots, limitTicks);
    return quote;
  }

  /** Begins an operation; false when it is part of one. */
  #enter(nowUs: number): boolean {
    if (this.#busy) return false;
    this.#busy = true;
    this.#execution.nowUs = nowUs;
    return true;
  }

  /** Ends the outermost operation: what it triggered is matched in turn, then what was placed meanwhile. */
  #settle(): void {
    try {
      this.#drain();
    } finally {
      if (this.#fired.length > 0) this.#fired.length = 0;
      if (this.#queued.length > 0) this.#queued.length = 0;
      this.#busy = false;
    }
  }

  #drain(): void {
    const fired = this.#fired;
    const queued = this.#queued;
    // Indices, not shift(): both lists may grow while they are worked off.
    let nextFired = 0;
    let nextQueued = 0;
    for (;;) {
      if (nextFired < fired.length) {
        const order = fired[nextFired++]!;
        if (order.state === 'triggered') this.#start(order);
      } else if (nextQueued < queued.length) {
        const order = queued[nextQueued++]!;
        if (order.state !== 'queued') continue;
        const outcome = this.#admit(order);
        if (outcome !== 'accepted') this.#sink.onRefused(order, outcome);
      } else return;
    }
  }

  #admit(order: O): PlaceOutcome {
    if (order.condition === 'none') {
      if (order.timeInForce === 'GTX' && this.book.crosses(order.side, order.ticks)) {
        order.state = 'rejected';
        return 'would-take';
      }
      this.#accept(order, 'taking');
      if (order.state === 'taking') this.#execution.execute(order);
      return 'accepted';
    }
    const reached = this.#execution.triggers.reached(order);
    if (reached && !this.#triggerAtOnce) {
      order.state = 'rejected';
      return 'would-trigger';
    }
    this.#accept(order, 'untriggered');
    if (order.state !== 'untriggered') return 'accepted';
    if (reached) this.#start(order);
    else this.#execution.triggers.add(order);
    return 'accepted';
  }

  #accept(order: O, state: 'taking' | 'untriggered'): void {
    order.state = state;
    order.acceptedAtUs = this.#execution.nowUs;
    if (order.expireAtUs !== 0) this.#execution.byExpiry.add(order.expireAtUs, order);
    this.#sink.onAccepted(order);
  }

  /** A conditional order becomes active. */
  #start(order: O): void {
    order.state = 'taking';
    order.triggered = true;
    this.#sink.onTriggered(order);
    if (order.state === 'taking') this.#execution.execute(order);
  }

  #amend(order: O, ticks: number, lots: number, requeue: boolean): AmendOutcome {
    const leaves = lots - order.filledLots - order.preventedLots;
    if (leaves <= 0) {
      this.#execution.end(order, 'canceled', 'amended');
      return 'ended';
    }
    const before = order.leavesLots;
    if (order.state === 'untriggered') {
      order.ticks = ticks;
      order.lots = lots;
      this.#sink.onAmended(order, true);
      return 'amended';
    }
    if (ticks === order.ticks && leaves <= before && !requeue) {
      order.lots = lots;
      if (leaves < before) this.book.reduce(order.handle, before - leaves);
      this.#sink.onAmended(order, true);
      return 'amended';
    }
    if (order.timeInForce === 'GTX' && this.book.crosses(order.side, ticks)) {
      this.#execution.end(order, 'expired', 'post-only');
      return 'ended';
    }
    this.#execution.leaveBook(order);
    order.state = 'taking';
    order.ticks = ticks;
    order.lots = lots;
    this.#sink.onAmended(order, false);
    if (order.state === 'taking') this.#execution.execute(order);
    return 'amended';
  }

  #endOpen(order: O, state: 'canceled' | 'expired', reason: EndReason, nowUs: number): boolean {
    if (!order.open) return false;
    const outermost = this.#enter(nowUs);
    try {
      this.#execution.end(order, state, reason);
    } finally {
      if (outermost) this.#settle();
    }
    return true;
  }
}
