import { AUX, BLOCK_RECORDS, EXCH_US, Flag, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, allocateBatch, type RecordBatch } from '../../../data/records/index.js';
import type { AgentDesk } from '../../generator/live-market.js';
import { OwnTime } from '../../generator/own-time.js';
import { ASK, BID, type Side } from '../book/index.js';
import { TapeCrowd } from './tape-crowd.js';

/** Where a tape's records come from. */
export interface TapeSource {
  /** Fills the batch from index 0; 0 = the end, after which it begins again. Must not throw. */
  next(batch: RecordBatch): number;
}

export interface TapeSymbol {
  /** Its number in the records. */
  readonly recorded: number;
  readonly desk: AgentDesk;
  /** Price before the first one that it shows. */
  readonly startTicks: number;
  onLiquidation?(nowUs: number, side: Side, ticks: number, lots: number): void;
}

/** From the tape's last record to its first, when it begins again. */
const PAUSE_US = 1_000_000;

interface Playing {
  readonly symbol: TapeSymbol;
  readonly crowd: TapeCrowd;
  /** Whether the tape has shown levels; until then best quotes are all there is. */
  hasDepth: boolean;
  /** Whether it has shown best quotes; where it has only trades, the last one stands for them. */
  hasQuotes: boolean;
  /** Single or aggregate trades, whichever came first: a tape may carry both, of the same fills. */
  tradeKind: number;
  lastTicks: number;
}

/** Plays a tape into matchers, over and over, at the pace at which it was recorded. */
export class TapeMarket {
  /** When the next message is due, were it not stopped. */
  #dueUs: number;
  readonly #time = new OwnTime();
  readonly #source: TapeSource;
  readonly #byRecorded = new Map<number, Playing>();
  readonly #playing: readonly Playing[];
  readonly #batch = allocateBatch(BLOCK_RECORDS);
  #at = 0;
  #count = 0;
  /** Venue time less the tape's. */
  #shiftUs = 0;
  #empty = false;
  #fresh = true;
  readonly #named: readonly [Set<number>, Set<number>] = [new Set(), new Set()];

  constructor(source: TapeSource, symbols: readonly TapeSymbol[], startUs: number) {
    this.#source = source;
    this.#dueUs = startUs;
    this.#playing = symbols.map((symbol) => ({ symbol, crowd: new TapeCrowd(symbol.desk), hasDepth: false, hasQuotes: false, tradeKind: 0, lastTicks: symbol.startTicks }));
    for (const playing of this.#playing) this.#byRecorded.set(playing.symbol.recorded, playing);
    this.#load();
  }

  get nextUs(): number {
    return this.#time.isStopped ? Infinity : this.#dueUs;
  }

  stop(nowUs: number): void {
    this.#time.stop(nowUs);
  }

  goOn(nowUs: number): void {
    const lostUs = this.#time.goOn(nowUs);
    this.#dueUs += lostUs;
    this.#shiftUs += lostUs;
  }

  /** Mid of a symbol in ticks; its last price while a side is empty. */
  midTicks(symbol: number): number {
    const { symbol: { desk: { book } }, lastTicks } = this.#playing[symbol]!;
    return book.bestBid !== 0 && book.bestAsk !== 0 ? (book.bestBid + book.bestAsk) / 2 : lastTicks;
  }

  /** Plays one message: a diff or snapshot as a whole. */
  step(): void {
    const { F, I } = this.#batch;
    for (;;) {
      if (this.#empty) return;
      const nowUs = this.#dueUs;
      const tag = I[this.#at * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      const playing = this.#byRecorded.get(tag >>> SYMBOL_SHIFT);
      if (playing !== undefined) this.#play(playing, kind, tag, F, I, this.#at, nowUs);
      this.#at += 1;
      this.#load();
      if ((kind !== Kind.DEPTH && kind !== Kind.SNAPSHOT) || (tag & Flag.LAST) !== 0 || this.#dueUs > nowUs) return;
    }
  }

  #play(playing: Playing, kind: number, tag: number, F: Float64Array, I: Int32Array, record: number, nowUs: number): void {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const { crowd } = playing;
    const lots = F[f + QTY]!;
    const ticks = I[i + PRICE]!;
    const side: Side = (tag & Flag.SELL) === 0 ? BID : ASK;
    switch (kind) {
      case Kind.TRADE:
      case Kind.AGG_TRADE:
        if (playing.tradeKind === 0) playing.tradeKind = kind;
        if (kind !== playing.tradeKind || !isLevel(ticks, lots)) return;
        playing.lastTicks = ticks;
        crowd.trade(nowUs, side, ticks, lots);
        if (!playing.hasDepth && !playing.hasQuotes) {
          const bid = side === BID ? ticks - 1 : ticks;
          this.#quote(crowd, nowUs, BID, bid, lots);
          this.#quote(crowd, nowUs, ASK, bid + 1, lots);
          this.#onlyNamed(crowd);
        }
        return;
      case Kind.DEPTH:
      case Kind.SNAPSHOT:
        playing.hasDepth = true;
        if ((tag & Flag.EMPTY) === 0 && ticks > 0 && lots >= 0) {
          crowd.level(nowUs, side, ticks, Math.floor(lots));
          if (kind === Kind.SNAPSHOT) this.#named[side].add(ticks);
        }
        if (kind === Kind.SNAPSHOT && (tag & Flag.LAST) !== 0) this.#onlyNamed(crowd);
        return;
      case Kind.BOOK_TICKER:
        if (playing.hasDepth) return;
        playing.hasQuotes = true;
        this.#quote(crowd, nowUs, BID, ticks, lots);
        this.#quote(crowd, nowUs, ASK, I[i + PRICE2]!, F[f + AUX]!);
        this.#onlyNamed(crowd);
        return;
      case Kind.LIQUIDATION:
        if (isLevel(ticks, lots)) playing.symbol.onLiquidation?.(nowUs, side, ticks, lots);
        return;
      default:
    }
  }

  /** One level of a book of which only the best is known. */
  #quote(crowd: TapeCrowd, nowUs: number, side: Side, ticks: number, lots: number): void {
    if (!isLevel(ticks, lots)) return;
    crowd.level(nowUs, side, ticks, lots);
    this.#named[side].add(ticks);
  }

  #onlyNamed(crowd: TapeCrowd): void {
    crowd.onlyLevels(this.#named);
    this.#named[BID].clear();
    this.#named[ASK].clear();
  }

  /** Finds the next record and when it is due; stamps that run backwards are due at once. */
  #load(): void {
    if (this.#at < this.#count) {
      this.#dueUs = Math.max(this.#dueUs, this.#stampUs() + this.#shiftUs);
      return;
    }
    this.#at = 0;
    this.#count = this.#source.next(this.#batch);
    if (this.#count === 0) {
      this.#count = this.#source.next(this.#batch);
      this.#dueUs += PAUSE_US;
      this.#fresh = true;
    }
    if (this.#count === 0) {
      this.#empty = true;
      this.#dueUs = Infinity;
      return;
    }
    if (this.#fresh) {
      this.#fresh = false;
      this.#shiftUs = this.#dueUs - this.#stampUs();
    }
    this.#dueUs = Math.max(this.#dueUs, this.#stampUs() + this.#shiftUs);
  }

  #stampUs(): number {
    const f = this.#at * WORDS_F;
    const recvUs = this.#batch.F[f + RECV_US]!;
    return recvUs > 0 ? recvUs : this.#batch.F[f + EXCH_US]!;
  }
}

function isLevel(ticks: number, lots: number): boolean {
  return ticks > 0 && lots >= 1 && Number.isSafeInteger(lots);
}
