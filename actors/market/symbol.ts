/**
 * Everything the kernel knows of one symbol: book, quotes, candles, grid, flow, votes, pauses.
 *
 * `take` is handed every record of the symbol as (F, I, record). Exchange time `exchUs` drives features, the tape
 * clock `clockUs` (set by the kernel) drives staleness. Records without an exchange stamp are placed by their
 * receive stamp and the last known difference between the two clocks.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import type { Instrument } from '../../data/records/instrument.js';
import * as layout from '../../data/records/layout.js';
import type { BookView } from './book-view.js';
import { Book, BookState, sequenceRuleOf } from './book.js';
import { Candles } from './candles.js';
import { contractValue } from './contract.js';
import { Depth } from './depth.js';
import { ExchangeClock, SECOND_US } from './exchange-clock.js';
import { Extremes, Watch } from './extremes.js';
import { Flow } from './flow.js';
import { Grid } from './grid.js';
import { judgeSecond } from './judge-second.js';
import { Indicator, Pause } from './messages.js';
import type { Features } from './messages.js';
import { Microprice } from './microprice.js';
import { featuresOf, quantitiesOf } from './readings.js';
import type { Quantities } from './readings.js';
import { Votes } from './votes.js';

// Constants of this module's own: V8 does not fold imported ones, which would cost a tenth of the tick path.
const { AUX, EXTRA, ID, KIND_MASK, PRICE, PRICE2, QTY, TAG } = layout;
const { FIRST: FLAG_FIRST, SELL: FLAG_SELL } = layout.Flag;
const {
  AGG_TRADE: KIND_AGG_TRADE, BOOK_TICKER: KIND_BOOK_TICKER, CANDLE: KIND_CANDLE, DEPTH: KIND_DEPTH, DEPTH_BAND: KIND_DEPTH_BAND,
  FUNDING: KIND_FUNDING, GAP: KIND_GAP, LIQUIDATION: KIND_LIQUIDATION, MARK: KIND_MARK, SNAPSHOT: KIND_SNAPSHOT, TRADE: KIND_TRADE,
} = layout.Kind;
const { GAP: PAUSE_GAP, LATENCY: PAUSE_LATENCY, LIQUIDITY: PAUSE_LIQUIDITY, SPREAD: PAUSE_SPREAD, STALE: PAUSE_STALE } = Pause;
const { DEPTH: INDICATOR_DEPTH, OBI: INDICATOR_OBI, SPREAD: INDICATOR_SPREAD } = Indicator;
const { GAP: BOOK_GAP, LIVE: BOOK_LIVE, STALE: BOOK_STALE, SYNCING: BOOK_SYNCING } = BookState;
const F_SHIFT = 3;
const I_SHIFT = 4;

export class SymbolKernel extends ExchangeClock implements BookView {
  readonly index: number;
  private readonly rule: 'spot' | 'futures';
  private readonly perTick: number;
  private readonly flat: number;

  // BookView
  live = false;
  bestBidTicks = 0;
  bestBidLots = 0;
  bestAskTicks = 0;
  bestAskLots = 0;
  lastTradeTicks = 0;

  /** Made at the first depth record: symbols without depth have no book. */
  book: Book | null = null;
  /** The state `bookState` last acted on. */
  private bookSeen: BookState = BOOK_SYNCING;
  readonly grid: Grid;
  readonly candles: Candles;
  readonly flow: Flow;
  readonly microprice = new Microprice();
  readonly votes: Votes;
  readonly depth: Depth;
  private readonly watch = new Extremes();

  // Clocks, µs.
  clockUs = 0;
  private lastBookUs = 0;
  private lastQuoteUs = 0;
  /** Tape clock at which something may have gone stale. */
  private staleCheckUs = Infinity;

  // Quotes.
  private quoteId = 0;
  private quotesFromBook = false;
  private quotesStale = false;
  private readonly quote = new Float64Array(2);
  private tradeKind = 0;

  // Features beyond the grid's.
  spreadRatio = NaN;
  /** Relative spread; NaN without two quotes. */
  spread = NaN;
  pattern = 0;

  pauses = 0;
  private gapPauseUntilUs = 0;
  /** Something `flags` depends on may have changed. */
  dirty = false;

  // Counts.
  records = 0;
  gapRecords = 0;
  invalid = 0;
  /** Quotes and book said the best prices under one update id: alike, not alike, not alike the last time. */
  quotesAgreed = 0;
  quotesDiffered = 0;
  quotesDiffer = false;
  /** Stamps before the tape clock, counted by the kernel. */
  backwardStamps = 0;
  missing = 0;
  private readonly seconds = new Float64Array(3);

  constructor(instrument: Instrument, params: IndicatorParams) {
    super(params);
    this.index = instrument.index;
    this.rule = sequenceRuleOf(instrument.venue);
    const { perTick, flat } = contractValue(instrument);
    this.perTick = perTick;
    this.flat = flat;
    this.grid = new Grid(params);
    this.candles = new Candles(params);
    this.flow = new Flow(params, this.perTick, this.flat);
    this.votes = new Votes(params);
    this.depth = new Depth(params, this.perTick, this.flat);
  }

  /** Of each of EXTREME_NAMES the least and greatest value with its exchange time: [min, at, max, at]. */
  get extremes(): Float64Array {
    return this.watch.table;
  }

  lotsAt(side: 'bid' | 'ask', priceTicks: number): number {
    if (!this.live || this.book === null) return 0;
    return (side === 'bid' ? this.book.bids : this.book.asks).lotsAt(priceTicks);
  }

  nextPrice(side: 'bid' | 'ask', priceTicks: number): number {
    if (!this.live || this.book === null) return 0;
    const of = side === 'bid' ? this.book.bids : this.book.asks;
    const next = priceTicks === 0 ? of.best : of.nextWorse(priceTicks);
    return next === of.none ? 0 : next;
  }

  /** Gives the symbol its (empty) book. */
  makeBook(): Book {
    const { params } = this;
    const { obiLevels, depthLevels } = params;
    this.book = new Book(this.rule, params.bookWindowTicks, { obiLevels, depthLevels, perTick: this.perTick, flat: this.flat }, params.bookBufferRecords);
    return this.book;
  }

  /** Records never applied because the book was not LIVE, and gap records. */
  get gapped(): number {
    return this.gapRecords + (this.book === null ? 0 : this.book.refused);
  }

  /** Depth records whose fate is still open. */
  get waiting(): number {
    return this.book === null ? 0 : this.book.waiting;
  }

  take(F: Float64Array, I: Int32Array, record: number): void {
    const f = record << F_SHIFT;
    const i = record << I_SHIFT;
    const tag = I[i + TAG];
    this.records += 1;
    switch (tag & KIND_MASK) {
      case KIND_DEPTH:
      case KIND_SNAPSHOT:
        // One message is one instant, whatever its later records say.
        if ((tag & FLAG_FIRST) !== 0 || this.book === null || !this.book.open) this.advance(F, f);
        this.takeDepth(F, I, record);
        break;
      case KIND_TRADE:
      case KIND_AGG_TRADE:
        if (!(I[i + PRICE] > 0 && F[f + QTY] >= 0 && F[f + QTY] < Infinity)) this.invalid += 1;
        else {
          this.advance(F, f);
          this.takeTrade(F, f, I[i + PRICE], tag);
        }
        break;
      case KIND_BOOK_TICKER:
        this.takeTicker(F, f, I[i + PRICE], I[i + PRICE2]);
        break;
      case KIND_GAP:
        this.advance(F, f);
        this.takeGap(F[f + QTY], I[i + EXTRA]);
        break;
      case KIND_LIQUIDATION:
      case KIND_MARK:
      case KIND_CANDLE:
      case KIND_FUNDING:
      case KIND_DEPTH_BAND:
        this.advance(F, f);
        break;
      default:
        this.invalid += 1;
    }
    if (this.exchUs > this.votes.expiryUs || this.votes.dirty) {
      this.votes.nowUs = this.exchUs;
      this.votes.refresh();
      this.dirty = true;
    }
    if (this.clockUs > this.staleCheckUs) this.checkStale();
    if (this.gapPauseUntilUs !== 0 && this.exchUs > this.gapPauseUntilUs) {
      this.gapPauseUntilUs = 0;
      this.setPauses();
    }
  }

  /** Takes the records at [from, to) that plainly continue a depth message of this symbol; returns the first that does not. */
  takeLevels(F: Float64Array, I: Int32Array, from: number, to: number): number {
    const { book } = this;
    if (book === null || !book.open) return from;
    const next = book.takeLevels(F, I, from, to);
    this.records += next - from;
    return next;
  }

  /** Records before the next one were lost. */
  hole(): void {
    if (this.book === null) return;
    this.book.hole();
    if (this.book.state !== this.bookSeen) this.bookState();
  }

  finish(): void {
    if (this.book !== null) this.book.finish();
  }

  protected resync(): void {
    this.votes.nowUs = this.exchUs;
    this.grid.cut();
    this.votes.unlatch();
    this.depth.resync();
    this.gapPauseUntilUs = 0;
    this.setPauses();
  }

  protected endSecond(): void {
    const { second } = this;
    const endUs = (second + 1) * SECOND_US;
    const { grid, votes, params, candles, watch } = this;
    votes.nowUs = endUs;
    this.seconds[0] = this.flow.delta;
    this.seconds[1] = this.spread;
    this.seconds[2] = grid.price > 0 ? 1 / grid.price : 0;
    const wasWarm = grid.warm;
    const silent = !grid.event;
    grid.endSecond(second, this.seconds);
    this.flow.endSecond(second, grid.silent ? 0 : grid.price);
    if ((second + 1) % params.micropriceFitSeconds === 0) this.microprice.fit();
    if (candles.endSecond(second)) {
      candles.keep(endUs);
      if (candles.pattern !== 0 && grid.warm) {
        this.pattern = candles.pattern;
        votes.pulse(6, true);
        watch.watched[Watch.PATTERN] = candles.pattern;
        this.note(Watch.PATTERN);
      }
    }

    judgeSecond(params, grid, votes, this.tradeKind !== 0);
    this.judgeSpread();
    if (grid.warm !== wasWarm) this.judgeBook();
    const { watched } = watch;
    watched[Watch.VOLATILITY] = grid.volatilityRatio;
    watched[Watch.ACCELERATION] = grid.acceleration;
    watched[Watch.VOLUME_DELTA] = grid.volumeDeltaZ;
    watched[Watch.VELOCITY] = grid.velocityRatio;
    watched[Watch.VIOLENT_RANGE] = grid.violentRange;
    watched[Watch.LATENCY] = grid.latencyMs;
    this.note(Watch.VOLATILITY);
    this.note(Watch.ACCELERATION);
    this.note(Watch.VOLUME_DELTA);
    this.note(Watch.VELOCITY);
    this.note(Watch.VIOLENT_RANGE);
    this.note(Watch.LATENCY);
    if (!silent || votes.dirty || grid.warm !== wasWarm) this.setPauses();
    if (votes.dirty || endUs > votes.expiryUs) votes.refresh();
    this.dirty = true;
  }

  private takeTrade(F: Float64Array, f: number, price: number, tag: number): void {
    const kind = tag & KIND_MASK;
    // A tape may carry single and aggregate trades of the same fills: the first kind seen counts.
    if (this.tradeKind === 0) this.tradeKind = kind;
    if (kind !== this.tradeKind) return;
    const d = (tag & FLAG_SELL) !== 0 ? -1 : 1;
    const at = f + QTY;
    this.lastTradeTicks = price;
    this.candles.trade(price, F, at);
    this.flow.trade(price, d, F, at);
    this.depth.trade(price, F, at);
    const { grid } = this;
    grid.events += 1;
    if (this.flow.mid === 0) grid.price = price;
    this.confirm();
  }

  private takeTicker(F: Float64Array, f: number, bid: number, ask: number): void {
    const bidLots = F[f + QTY];
    const askLots = F[f + AUX];
    if (!(bid >= 0 && ask >= 0 && bidLots >= 0 && askLots >= 0 && bidLots < Infinity && askLots < Infinity)
      || (bid > 0 && ask > 0 && bid >= ask)) {
      this.invalid += 1;
      return;
    }
    this.advance(F, f);
    this.grid.events += 1;
    const id = F[f + ID];
    if (id !== 0 && id < this.quoteId && !this.quotesStale) return; // the book knows better already
    if (id !== 0 && id === this.quoteId && this.quotesFromBook && this.live) this.compareQuotes(bid, ask);
    if (id !== 0) this.quoteId = id;
    this.quotesFromBook = false;
    this.setQuotes(bid, ask, F, f + QTY, f + AUX);
  }

  private takeDepth(F: Float64Array, I: Int32Array, record: number): void {
    const book = this.book ?? this.makeBook();
    book.take(F, I, record);
    if (book.state !== this.bookSeen) this.bookState();
    else if (this.bookSeen === BOOK_LIVE) this.live = !book.retaking;
    if (!book.changed) return;
    this.lastBookUs = this.clockUs;
    this.grid.events += book.changedLevels;
    const { bids, asks } = book;
    if (book.lastId === 0 || book.lastId >= this.quoteId || this.quotesStale) {
      const fromQuotes = book.lastId !== 0 && book.lastId === this.quoteId && !this.quotesFromBook;
      if (book.lastId !== 0) this.quoteId = book.lastId;
      this.quotesFromBook = true;
      const bid = bids.best === bids.none ? 0 : bids.best;
      const ask = asks.best === asks.none ? 0 : asks.best;
      if (fromQuotes) this.compareQuotes(bid, ask);
      this.quote[0] = bid === 0 ? 0 : bids.lotsAt(bid);
      this.quote[1] = ask === 0 ? 0 : asks.lotsAt(ask);
      this.setQuotes(bid, ask, this.quote, 0, 1);
    } else {
      this.confirm();
    }
    this.votes.nowUs = this.exchUs;
    this.judgeBook();
  }

  /** The other stream said the best prices under the same update id. */
  private compareQuotes(bid: number, ask: number): void {
    this.quotesDiffer = bid !== this.bestBidTicks || ask !== this.bestAskTicks;
    if (this.quotesDiffer) this.quotesDiffered += 1;
    else this.quotesAgreed += 1;
  }

  /** Best quotes are now bid (lots in Q[bidAt]) and ask (lots in Q[askAt]); 0 ticks = that side is empty. */
  private setQuotes(bid: number, ask: number, Q: Float64Array, bidAt: number, askAt: number): void {
    const { flow } = this;
    const bidLots = Q[bidAt];
    const askLots = Q[askAt];
    this.lastQuoteUs = this.clockUs;
    this.quotesStale = false;
    if (bid > 0 && ask > 0) {
      const bidBefore = this.bestBidTicks;
      const askBefore = this.bestAskTicks;
      if (bidBefore > 0 && askBefore > 0) {
        // Order flow imbalance, Cont–Kukanov–Stoikov (4.1).
        const e = (bid >= bidBefore ? bidLots : 0) - (bid <= bidBefore ? this.bestBidLots : 0)
          - (ask <= askBefore ? askLots : 0) + (ask >= askBefore ? this.bestAskLots : 0);
        flow.ofi += e;
        flow.ofiTotal += e;
      }
      this.microprice.quotes(bid, ask, Q, bidAt, askAt);
    } else {
      this.microprice.lose();
    }
    this.bestBidLots = bidLots;
    this.bestAskLots = askLots;
    if (bid !== this.bestBidTicks || ask !== this.bestAskTicks || flow.mid === 0) {
      this.bestBidTicks = bid;
      this.bestAskTicks = ask;
      if (bid > 0 && ask > 0) {
        const mid = (bid + ask) / 2;
        if (flow.mid === 0) this.checkStaleBy(this.params.quoteStaleMs);
        flow.mid = mid;
        flow.perMid = 1 / mid;
        this.grid.price = mid;
        this.spread = (ask - bid) / mid;
      } else {
        this.noQuotes();
      }
      this.votes.nowUs = this.exchUs;
      this.judgeSpread();
    }
    this.confirm();
  }

  /** No mid: the price is the last trade. */
  private noQuotes(): void {
    this.microprice.lose();
    this.flow.mid = 0;
    this.spread = NaN;
    if (this.lastTradeTicks > 0) this.grid.price = this.lastTradeTicks;
  }

  /** The price was set or stands confirmed. */
  private confirm(): void {
    const { grid } = this;
    const before = grid.violentRange;
    grid.touch();
    if (grid.violentRange !== before) this.dirty = true;
  }

  private takeGap(missing: number, kind: number): void {
    this.gapRecords += 1;
    if (missing > 0 && missing < Infinity) this.missing += missing;
    if (kind === KIND_DEPTH || kind === KIND_SNAPSHOT) {
      if (this.book !== null) {
        this.book.gap();
        if (this.book.state !== this.bookSeen) this.bookState();
      }
      return;
    }
    this.gapPauseUntilUs = this.exchUs + this.params.tradeGapPauseMs * 1000;
    this.setPauses();
  }

  /** The state of the book changed. */
  private bookState(): void {
    const { book, votes } = this;
    if (book === null) return;
    votes.nowUs = this.exchUs;
    const live = book.state === BOOK_LIVE;
    this.bookSeen = book.state;
    this.dirty = true;
    if (this.live && !live) {
      // What the book said no longer counts, and nothing latched before the gap may add up with what comes after.
      votes.unlatch();
      this.depth.clear();
      votes.ability(INDICATOR_OBI, false);
      votes.ability(INDICATOR_DEPTH, false);
      if (this.quotesFromBook && book.state !== BOOK_STALE) {
        this.bestBidTicks = 0;
        this.bestBidLots = 0;
        this.bestAskTicks = 0;
        this.bestAskLots = 0;
        this.quoteId = 0;
        this.noQuotes();
      }
      this.judgeSpread();
    }
    if (live && !this.live) this.checkStaleBy(this.params.bookStaleMs);
    this.live = live;
    this.setPauses();
  }

  /** Indicators 3 and 8, from the top levels of a LIVE book. */
  private judgeBook(): void {
    const { book, depth, params, votes, watch } = this;
    if (book === null || !this.live) return;
    depth.nowUs = votes.nowUs;
    depth.read(book);
    const { obi, imbalance } = depth;
    const total = depth.bid + depth.ask;
    const { warm } = this.grid;
    votes.ability(INDICATOR_OBI, warm && obi === obi);
    votes.ability(INDICATOR_DEPTH, warm && total > 0);
    votes.level(INDICATOR_OBI, 2, warm && obi < params.obiThreshold);
    votes.level(INDICATOR_DEPTH, 7, warm && Math.abs(imbalance) > params.depthExtremeImbalance);
    watch.watched[Watch.OBI] = obi;
    this.note(Watch.OBI);
    watch.watched[Watch.DEPTH] = imbalance;
    this.note(Watch.DEPTH);
    if ((total * params.usdPerQuote < params.depthMinUsd) !== ((this.pauses & PAUSE_LIQUIDITY) !== 0)) this.setPauses();
  }

  /** Indicator 4: the spread against its lagged median. */
  private judgeSpread(): void {
    const { votes, params, grid, watch } = this;
    const x = this.spread / grid.spreadMedian;
    this.spreadRatio = grid.warm && !this.quotesStale ? x : NaN;
    votes.ability(INDICATOR_SPREAD, this.spreadRatio === this.spreadRatio);
    votes.level(INDICATOR_SPREAD, 3, this.spreadRatio > params.spreadMultiplier && this.spread * 10_000 >= params.spreadGateBps);
    watch.watched[Watch.SPREAD] = this.spreadRatio;
    this.note(Watch.SPREAD);
    if (this.spreadEmergency() !== ((this.pauses & PAUSE_SPREAD) !== 0)) this.setPauses();
  }

  /** Once raised it holds until ratio or spread have halved: a pause that flickers with every quote helps nobody. */
  private spreadEmergency(): boolean {
    const { params } = this;
    const scale = (this.pauses & PAUSE_SPREAD) !== 0 ? 0.5 : 1;
    return this.spreadRatio > params.spreadEmergencyMultiplier * scale && this.spread * 10_000 > params.spreadEmergencyBps * scale;
  }

  /** A source has begun to speak: look at it when it may have gone stale. What speaks already is looked at in turn. */
  private checkStaleBy(afterMs: number): void {
    const due = this.clockUs + afterMs * 1000;
    if (due < this.staleCheckUs) this.staleCheckUs = due;
  }

  private checkStale(): void {
    const { params } = this;
    let next = Infinity;
    if (this.book !== null && this.live) {
      const due = this.lastBookUs + params.bookStaleMs * 1000;
      if (this.clockUs > due) {
        this.book.stale();
        this.bookState();
      } else next = due;
    }
    if (this.flow.mid > 0) {
      const due = this.lastQuoteUs + params.quoteStaleMs * 1000;
      if (this.clockUs > due) {
        this.quotesStale = true;
        this.noQuotes();
        this.votes.nowUs = this.exchUs;
        this.judgeSpread();
        this.setPauses();
      } else if (due < next) next = due;
    }
    this.staleCheckUs = next;
  }

  private setPauses(): void {
    const { params, grid, book } = this;
    let pauses = 0;
    if (book !== null && (book.state === BOOK_GAP || (book.state === BOOK_SYNCING && book.snapshots > 0))) pauses |= PAUSE_GAP;
    if (this.gapPauseUntilUs !== 0) pauses |= PAUSE_GAP;
    if (grid.latencyMs > params.latencyPauseMs) pauses |= PAUSE_LATENCY;
    if (this.spreadEmergency()) pauses |= PAUSE_SPREAD;
    if (this.live && (this.depth.bid + this.depth.ask) * params.usdPerQuote < params.depthMinUsd) pauses |= PAUSE_LIQUIDITY;
    if ((book !== null && book.state === BOOK_STALE) || this.quotesStale) pauses |= PAUSE_STALE;
    if (pauses !== this.pauses) {
      this.pauses = pauses;
      this.dirty = true;
    }
  }

  private note(index: number): void {
    if (this.watch.exceeds(index)) this.watch.keep(index, this.votes.nowUs);
  }

  /** Warm, votes enough, and a price that moved: an event (4.2 "Trigger"). */
  get triggered(): boolean {
    return this.grid.warm && this.votes.votes >= this.votes.need && this.grid.violentRange >= this.params.triggerRange;
  }

  get violent(): boolean {
    return this.grid.violentRange >= this.params.violentRange;
  }

  /** The base quantities of 4.1 as they stand, for reports; NaN where unknown. Allocates. */
  quantities(): Quantities {
    return quantitiesOf(this);
  }

  /** The values an edge carries; allocates. */
  features(): Features {
    return featuresOf(this);
  }
}
