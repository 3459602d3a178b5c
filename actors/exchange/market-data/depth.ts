import { ASK, BID, type OrderBook, type Side } from '../book/index.js';

/** Levels of a side, as ticks and lots by turns; bids fall, asks rise; lots 0 = the level is gone. */
export type Levels = readonly number[];

/** Every change of the book since the previous diff of the same speed: update ids `firstId` … `finalId`, `previousFinalId` before them. */
export interface DepthDiff {
  readonly firstId: number;
  readonly finalId: number;
  readonly previousFinalId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** What changed since the last diff of one speed. */
class Window {
  readonly changed: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  sentId: number;

  constructor(sentId: number) {
    this.sentId = sentId;
  }
}

/**
 * The diffs of one book at several speeds. A diff that has changes takes an update id of its own, and so does a snapshot taken right after a
 * diff: the id of a snapshot always lies strictly inside the next diff, as both of the venue's sync rules ask. It alone may clear the book's
 * list of changes.
 */
export class DepthFeed {
  readonly #book: OrderBook;
  readonly #windows = new Map<number, Window>();

  /** @param speedsMs the speeds that diffs come at; 0 = after every event */
  constructor(book: OrderBook, speedsMs: readonly number[]) {
    this.#book = book;
    book.clearChanged();
    for (const speedMs of speedsMs) this.#windows.set(speedMs, new Window(book.updateId));
  }

  /** Whether there are changes that no diff of this speed has told. */
  pending(speedMs: number): boolean {
    const { changed } = this.#windows.get(speedMs)!;
    return this.#book.changedCount > 0 || changed[BID].size > 0 || changed[ASK].size > 0;
  }

  /** The diff since the last one of this speed; null when nothing has changed. */
  diff(speedMs: number): DepthDiff | null {
    this.#drain();
    const window = this.#windows.get(speedMs)!;
    const [bids, asks] = window.changed;
    if (bids.size === 0 && asks.size === 0) return null;
    const previousFinalId = window.sentId;
    const finalId = ++this.#book.updateId;
    window.sentId = finalId;
    const diff = { firstId: previousFinalId + 1, finalId, previousFinalId, bids: this.#levels(BID, bids), asks: this.#levels(ASK, asks) };
    bids.clear();
    asks.clear();
    return diff;
  }

  /** Lets a speed pass at which nobody listens: its next diff begins here. */
  skip(speedMs: number): void {
    this.#drain();
    const window = this.#windows.get(speedMs)!;
    window.changed[BID].clear();
    window.changed[ASK].clear();
    window.sentId = this.#book.updateId;
  }

  /** As after a restart of the matching engine: ids jump by `ids`, and what has changed since each speed's last diff is never told. */
  restart(ids: number): void {
    this.#drain();
    this.#book.updateId += ids;
    for (const speedMs of this.#windows.keys()) this.skip(speedMs);
  }

  /** The best `limit` levels of both sides. */
  snapshot(limit: number): DepthSnapshot {
    const book = this.#book;
    for (const { sentId } of this.#windows.values()) {
      if (sentId !== book.updateId) continue;
      book.updateId += 1;
      break;
    }
    return { lastUpdateId: book.updateId, ...this.top(limit) };
  }

  /** The best `limit` levels, and the id they are at; changes nothing. */
  partial(limit: number): DepthSnapshot {
    return { lastUpdateId: this.#book.updateId, ...this.top(limit) };
  }

  top(limit: number): { readonly bids: Levels; readonly asks: Levels } {
    return { bids: this.#best(BID, limit), asks: this.#best(ASK, limit) };
  }

  /** Moves the book's own list of changes into every window. */
  #drain(): void {
    const book = this.#book;
    const { changed, changedCount } = book;
    if (changedCount === 0) return;
    for (let at = 0; at < changedCount; at++) {
      const tick = changed[at]!;
      const bid = book.changedOn(BID, tick);
      const ask = book.changedOn(ASK, tick);
      for (const window of this.#windows.values()) {
        if (bid) window.changed[BID].add(tick);
        if (ask) window.changed[ASK].add(tick);
      }
    }
    book.clearChanged();
  }

  #levels(side: Side, ticks: ReadonlySet<number>): Levels {
    const sorted = Float64Array.from(ticks).sort();
    if (side === BID) sorted.reverse();
    const levels: number[] = [];
    for (const tick of sorted) levels.push(tick, this.#book.lotsOnSide(side, tick));
    return levels;
  }

  #best(side: Side, limit: number): Levels {
    const book = this.#book;
    const levels: number[] = [];
    let tick = side === BID ? book.bestBid : book.bestAsk;
    for (let count = 0; tick !== 0 && count < limit; count++) {
      levels.push(tick, book.lotsAt(tick));
      tick = book.worse(side, tick);
    }
    return levels;
  }
}
