import { ASK, BID, type OrderBook, type Side } from '../book/index.js';
import { amountNumber, priceNumber, type DeribitInstrument } from './instruments.js';

export type BookInterval = 'raw' | '100ms' | 'agg2';
export type LevelChange = readonly ['new' | 'change' | 'delete', number, number];

/** Data of a `book.INSTRUMENT.INTERVAL` notification. */
export interface BookNotice {
  readonly type: 'snapshot' | 'change';
  readonly timestamp: number;
  readonly instrument_name: string;
  readonly change_id: number;
  readonly prev_change_id?: number;
  readonly bids: readonly LevelChange[];
  readonly asks: readonly LevelChange[];
}

/** What subscribers of one interval have been told: lots by tick of each side, and the change id of the telling. */
interface Told {
  readonly lots: readonly [Map<number, number>, Map<number, number>];
  readonly dirty: Set<number>;
  changeId: number;
}

/**
 * The difference feed of one book. Every interval has a chain of its own: a notice's `prev_change_id` is the `change_id`
 * of the one before it, whoever looked at the book meanwhile. Costs nothing while nobody listens.
 */
export class BookFeed {
  readonly #instrument: DeribitInstrument;
  readonly #book: OrderBook;
  readonly #told = new Map<BookInterval, Told>();

  constructor(instrument: DeribitInstrument, book: OrderBook) {
    this.#instrument = instrument;
    this.#book = book;
  }

  /** Takes note of what has changed in the book since the last look. */
  note(): void {
    const { changed } = this.#book;
    const { changedCount } = this.#book;
    if (changedCount === 0) return;
    for (const { dirty } of this.#told.values()) for (let at = 0; at < changedCount; at++) dirty.add(changed[at]!);
    this.#book.clearChanged();
  }

  /** The whole book as the chain of `interval` stands now; begins the chain when nobody listened. */
  snapshot(interval: BookInterval, atMs: number): BookNotice {
    this.note();
    let told = this.#told.get(interval);
    if (told === undefined) {
      const book = this.#book;
      const lots = [new Map<number, number>(), new Map<number, number>()] as const;
      for (const side of [BID, ASK] as const) {
        for (let tick = side === BID ? book.bestBid : book.bestAsk; tick !== 0; tick = book.worse(side, tick)) lots[side].set(tick, book.lotsAt(tick));
      }
      told = { lots, dirty: new Set(), changeId: book.updateId };
      this.#told.set(interval, told);
    }
    const list = (side: Side): LevelChange[] => {
      const ticks = [...told.lots[side].keys()].sort((a, b) => (side === BID ? b - a : a - b));
      return ticks.map((tick) => ['new', priceNumber(this.#instrument, tick), amountNumber(this.#instrument, told.lots[side].get(tick)!)]);
    };
    return {
      type: 'snapshot', timestamp: atMs, instrument_name: this.#instrument.name, change_id: told.changeId, bids: list(BID), asks: list(ASK),
    };
  }

  /** Ends the chain of an interval that nobody listens to any more. */
  forget(interval: BookInterval): void {
    this.#told.delete(interval);
  }

  /** What has changed since the interval's last notice; undefined when nothing has, or nobody listens. */
  change(interval: BookInterval, atMs: number): BookNotice | undefined {
    const told = this.#told.get(interval);
    if (told === undefined) return undefined;
    this.note();
    if (told.dirty.size === 0) return undefined;
    const bids = this.#changes(told, BID);
    const asks = this.#changes(told, ASK);
    told.dirty.clear();
    if (bids.length === 0 && asks.length === 0) return undefined;
    const previous = told.changeId;
    told.changeId = this.#book.updateId;
    return {
      type: 'change', timestamp: atMs, instrument_name: this.#instrument.name, change_id: told.changeId, prev_change_id: previous, bids, asks,
    };
  }

  #changes(told: Told, side: Side): LevelChange[] {
    const changes: LevelChange[] = [];
    const known = told.lots[side];
    for (const tick of told.dirty) {
      const lots = this.#book.lotsOnSide(side, tick);
      const before = known.get(tick) ?? 0;
      if (lots === before) continue;
      if (lots === 0) known.delete(tick);
      else known.set(tick, lots);
      changes.push([before === 0 ? 'new' : lots === 0 ? 'delete' : 'change', priceNumber(this.#instrument, tick), amountNumber(this.#instrument, lots)]);
    }
    return changes;
  }
}

/** The best `depth` levels of a side as [price, amount]; with `group` > 0, prices are rounded away from the middle to its multiples. */
export function levels(instrument: DeribitInstrument, book: OrderBook, side: Side, depth: number, group = 0): (readonly [number, number])[] {
  const step = group > 0 ? Math.max(1, Math.round(group / instrument.tickSize)) : 1;
  const found: (readonly [number, number])[] = [];
  let at = 0;
  let lots = 0;
  for (let tick = side === BID ? book.bestBid : book.bestAsk; tick !== 0; tick = book.worse(side, tick)) {
    const grouped = (side === BID ? Math.floor(tick / step) : Math.ceil(tick / step)) * step;
    if (grouped !== at) {
      if (lots > 0) found.push([priceNumber(instrument, at), amountNumber(instrument, lots)]);
      if (found.length === depth) return found;
      at = grouped;
      lots = 0;
    }
    lots += book.lotsAt(tick);
  }
  if (lots > 0 && found.length < depth) found.push([priceNumber(instrument, at), amountNumber(instrument, lots)]);
  return found;
}
