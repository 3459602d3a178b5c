import {
  allocateBatch, AUX, CLOSE, EXCH_US, EXTRA, FIXED_SCALE, Flag, ID, Kind, LOW, MAX_PRICE_TICKS, PRICE, PRICE2, QTY, RECV_US,
  SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch,
} from '../records/index.js';
import { powerOfTen, type ExactNumber, type StepSize } from './exact-number.js';
import { BadRow } from './import-error.js';
import type { ResolvedInstrument } from './resolve-instrument.js';
import { SymbolStats } from './size-stats.js';
import type { SymbolTable } from './symbol-table.js';

const INT32_MAX = 2_147_483_647;
/** A message longer than this is not one: no venue sends a book of a million levels. */
const MAX_MESSAGE_RECORDS = 1_000_000;

/** Numbers that say what an import did besides making records. */
export interface SinkCounts {
  /** Prices of bars and average prices that were rounded to the tick. */
  roundedPrices: number;
  /** Sums (volumes, depths) that were rounded to the lot. */
  roundedQuantities: number;
}

/** Steps that the person stated: the first pass refuses what does not sit on them. */
export interface StatedSteps {
  readonly tick?: StepSize | undefined;
  readonly lot?: StepSize | undefined;
}

/**
 * Turns decoded messages into records. In the first pass (`instruments` undefined) it checks and learns sizes and its
 * records are thrown away; in the second the prices become ticks and the quantities lots.
 * Every method refuses absurd values with {@link BadRow} and then leaves no record of that message.
 */
export class RecordSink {
  readonly symbols: SymbolTable;
  readonly counts: SinkCounts;
  /** Statistics by symbol index; `unnamed` collects messages that name no symbol during the first pass. */
  readonly stats: SymbolStats[] = [];
  readonly unnamed = new SymbolStats();
  /** Whether any record carried a stamp of that clock. */
  anyReceived = false;
  anyExchange = false;
  batch: RecordBatch = allocateBatch(4096);
  readonly #instruments: readonly ResolvedInstrument[] | undefined;
  readonly #stated: StatedSteps;
  readonly #unnamedAs: number | undefined;
  #capacity = 4096;
  /** Start of the open message, -1 outside one. */
  #open = -1;
  #openKind: number = Kind.DEPTH;
  #openSymbol = 0;
  #openReceived = 0;
  #openExchange = 0;
  #openId = 0;
  #openPrevious = 0;
  #openSpan = 0;

  constructor(symbols: SymbolTable, instruments: readonly ResolvedInstrument[] | undefined, counts: SinkCounts, stated: StatedSteps = {}, unnamedAs?: number) {
    this.symbols = symbols;
    this.#stated = stated;
    this.#unnamedAs = unnamedAs;
    this.#instruments = instruments;
    this.counts = counts;
  }

  /** The instruments by index; undefined in the first pass. */
  get instruments(): readonly ResolvedInstrument[] | undefined {
    return this.#instruments;
  }

  /** Makes room for `count` complete records that the caller writes, every word of them; returns the slot of the first. Second pass only. */
  reserve(count: number): number {
    const at = this.batch.length;
    while (at + count > this.#capacity) this.#grow();
    this.batch.length = at + count;
    return at;
  }

  get scanning(): boolean {
    return this.#instruments === undefined;
  }

  /** Index for a message that names no symbol: that of the only symbol in the files. @throws BadRow when they hold several. */
  unnamedSymbol(): number {
    if (this.scanning) return UNNAMED;
    if (this.#unnamedAs === undefined) throw new BadRow(NAMES_NO_SYMBOL, 'symbol');
    return this.#unnamedAs;
  }

  trade(symbol: number, receivedUs: number, exchangeUs: number, id: number, price: ExactNumber, quantity: ExactNumber, sell: boolean): void {
    const ticks = this.#price(symbol, price, 'price');
    const lots = this.#quantity(symbol, quantity, 'quantity', false);
    const record = this.#begin(Kind.TRADE | (sell ? Flag.SELL : 0), symbol, receivedUs, exchangeUs);
    const f = record * WORDS_F;
    this.batch.F[f + ID] = id;
    this.batch.F[f + QTY] = lots;
    this.batch.I[record * WORDS_I + PRICE] = ticks;
  }

  aggTrade(symbol: number, receivedUs: number, exchangeUs: number, id: number, firstTradeId: number, trades: number, price: ExactNumber, quantity: ExactNumber, sell: boolean): void {
    const ticks = this.#price(symbol, price, 'price');
    const lots = this.#quantity(symbol, quantity, 'quantity', false);
    const record = this.#begin(Kind.AGG_TRADE | (sell ? Flag.SELL : 0), symbol, receivedUs, exchangeUs);
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    this.batch.F[f + ID] = id;
    this.batch.F[f + QTY] = lots;
    this.batch.F[f + AUX] = firstTradeId;
    this.batch.I[i + PRICE] = ticks;
    this.batch.I[i + EXTRA] = saturated(trades);
  }

  /** An id of `kind` that the venue used up without a trade: it leaves no record, but no gap either. */
  placeholder(kind: typeof Kind.TRADE, symbol: number, receivedUs: number, exchangeUs: number, id: number): void {
    const record = this.#begin(PLACEHOLDER, symbol, receivedUs, exchangeUs);
    this.batch.F[record * WORDS_F + ID] = id;
    this.batch.I[record * WORDS_I + EXTRA] = kind;
    if (this.scanning) this.#statsOf(symbol).records -= 1;
  }

  /** Best quotes; a side with quantity 0 is empty whatever its price says. */
  bookTicker(symbol: number, receivedUs: number, exchangeUs: number, id: number, bid: ExactNumber, bidQuantity: ExactNumber, ask: ExactNumber, askQuantity: ExactNumber): void {
    const bidLots = this.#quantity(symbol, bidQuantity, 'bid quantity', true);
    const askLots = this.#quantity(symbol, askQuantity, 'ask quantity', true);
    const bidTicks = bidQuantity.units === 0 ? 0 : this.#price(symbol, bid, 'bid price');
    const askTicks = askQuantity.units === 0 ? 0 : this.#price(symbol, ask, 'ask price');
    const record = this.#begin(Kind.BOOK_TICKER, symbol, receivedUs, exchangeUs);
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    this.batch.F[f + ID] = id;
    this.batch.F[f + QTY] = bidLots;
    this.batch.F[f + AUX] = askLots;
    this.batch.I[i + PRICE] = bidTicks;
    this.batch.I[i + PRICE2] = askTicks;
  }

  /** Opens a depth diff or a snapshot; {@link level} adds its levels, {@link closeBook} ends it, {@link dropBook} forgets it. */
  openBook(kind: typeof Kind.DEPTH | typeof Kind.SNAPSHOT, symbol: number, receivedUs: number, exchangeUs: number, id: number, previousId: number, span: number): void {
    this.dropBook();
    this.#open = this.batch.length;
    this.#openKind = kind;
    this.#openSymbol = symbol;
    this.#openReceived = receivedUs;
    this.#openExchange = exchangeUs;
    this.#openId = id;
    this.#openPrevious = previousId;
    this.#openSpan = saturated(span);
  }

  level(ask: boolean, price: ExactNumber, quantity: ExactNumber): void {
    const ticks = this.#price(this.#openSymbol, price, ask ? 'ask price' : 'bid price');
    const lots = this.#quantity(this.#openSymbol, quantity, ask ? 'ask quantity' : 'bid quantity', true);
    if (this.batch.length - this.#open >= MAX_MESSAGE_RECORDS) throw new BadRow(`more than ${MAX_MESSAGE_RECORDS} levels`, 'range');
    const record = this.#bookRecord(ask ? Flag.SELL : 0);
    this.batch.F[record * WORDS_F + QTY] = lots;
    this.batch.I[record * WORDS_I + PRICE] = ticks;
  }

  /** `id`: the update id where it is known only now. */
  closeBook(id = this.#openId): void {
    if (this.#open < 0) return;
    if (id !== this.#openId) {
      this.#openId = id;
      for (let record = this.#open; record < this.batch.length; record += 1) this.batch.F[record * WORDS_F + ID] = id;
    }
    if (this.batch.length === this.#open) this.#bookRecord(Flag.EMPTY);
    if (this.#openKind === Kind.SNAPSHOT) this.#bidsFirst();
    this.batch.I[this.#open * WORDS_I + TAG]! |= Flag.FIRST;
    this.batch.I[(this.batch.length - 1) * WORDS_I + TAG]! |= Flag.LAST;
    this.#open = -1;
  }

  /** Puts the bids of the open message before its asks, each side in the order it came. */
  #bidsFirst(): void {
    const { F, I, length } = this.batch;
    let asks = 0;
    let mixed = false;
    for (let record = this.#open; record < length; record += 1) {
      if ((I[record * WORDS_I + TAG]! & Flag.SELL) !== 0) asks += 1;
      else if (asks > 0) mixed = true;
    }
    if (!mixed) return;
    const from = F.slice(this.#open * WORDS_F, length * WORDS_F);
    const tags = new Int32Array(from.buffer);
    let bid = this.#open;
    let ask = length - asks;
    for (let record = 0; record < length - this.#open; record += 1) {
      const isAsk = (tags[record * WORDS_I + TAG]! & Flag.SELL) !== 0;
      F.set(from.subarray(record * WORDS_F, (record + 1) * WORDS_F), (isAsk ? ask++ : bid++) * WORDS_F);
    }
  }

  dropBook(): void {
    if (this.#open >= 0) this.batch.length = this.#open;
    this.#open = -1;
  }

  /** `orderPrice` is the limit the venue sent and sits on the tick; `price` (average) is rounded to it. */
  liquidation(symbol: number, receivedUs: number, exchangeUs: number, orderPrice: ExactNumber, price: ExactNumber, quantity: ExactNumber, sell: boolean): void {
    if (this.scanning && orderPrice.units > 0) this.#price(symbol, orderPrice, 'price');
    const ticks = this.#nearPrice(symbol, price, 'average price');
    const lots = this.#quantity(symbol, quantity, 'filled quantity', false);
    const record = this.#begin(Kind.LIQUIDATION | (sell ? Flag.SELL : 0), symbol, receivedUs, exchangeUs);
    this.batch.F[record * WORDS_F + QTY] = lots;
    this.batch.I[record * WORDS_I + PRICE] = ticks;
  }

  /** `index` and `fundingRate` may be undefined. Stamps in µs; `nextFundingUs` 0 when there is none. */
  mark(symbol: number, receivedUs: number, exchangeUs: number, mark: ExactNumber, index: ExactNumber | undefined, fundingRate: ExactNumber | undefined, nextFundingUs: number): void {
    const markFixed = fixed(mark, 'mark price');
    const indexFixed = index === undefined ? 0 : fixed(index, 'index price');
    if (markFixed < 0 || indexFixed < 0) throw new BadRow('a mark or index price below 0', 'range');
    const rate = fundingRate === undefined ? 0 : fixed(fundingRate, 'funding rate');
    if (Math.abs(rate) > INT32_MAX) throw new BadRow(`a funding rate of ${fundingRate?.toNumber()}`, 'range');
    const record = this.#begin(Kind.MARK, symbol, receivedUs, exchangeUs);
    const f = record * WORDS_F;
    this.batch.F[f + ID] = nextFundingUs;
    this.batch.F[f + QTY] = markFixed;
    this.batch.F[f + AUX] = indexFixed;
    this.batch.I[record * WORDS_I + EXTRA] = rate;
  }

  /** A closed bar; `endUs` is the first instant after it. Its volume is a sum and is rounded to the lot. */
  candle(symbol: number, receivedUs: number, endUs: number, seconds: number, trades: number, open: ExactNumber, high: ExactNumber, low: ExactNumber, close: ExactNumber, volume: ExactNumber): void {
    const openTicks = this.#nearPrice(symbol, open, 'open', true);
    const highTicks = this.#nearPrice(symbol, high, 'high', true);
    const lowTicks = this.#nearPrice(symbol, low, 'low', true);
    const closeTicks = this.#nearPrice(symbol, close, 'close', true);
    if (high.toNumber() < low.toNumber()) throw new BadRow('a high below the low', 'range');
    if (!(seconds > 0 && seconds <= INT32_MAX)) throw new BadRow(`a bar of ${seconds} seconds`, 'range');
    const lots = this.#sum(symbol, volume, 'volume');
    const record = this.#begin(Kind.CANDLE, symbol, receivedUs, endUs);
    const i = record * WORDS_I;
    this.batch.F[record * WORDS_F + ID] = trades;
    this.batch.F[record * WORDS_F + QTY] = lots;
    this.batch.I[i + PRICE] = openTicks;
    this.batch.I[i + PRICE2] = highTicks;
    this.batch.I[i + LOW] = lowTicks;
    this.batch.I[i + CLOSE] = closeTicks;
    this.batch.I[i + EXTRA] = seconds;
  }

  funding(symbol: number, exchangeUs: number, rate: ExactNumber): void {
    const value = fixed(rate, 'funding rate');
    if (Math.abs(value) > FIXED_SCALE) throw new BadRow(`a funding rate of ${rate.toNumber()}`, 'range');
    const record = this.#begin(Kind.FUNDING, symbol, 0, exchangeUs);
    this.batch.F[record * WORDS_F + QTY] = value;
  }

  /** `bandBps` is signed; `notional` in quote units. */
  depthBand(symbol: number, exchangeUs: number, bandBps: number, depth: ExactNumber, notional: ExactNumber): void {
    const lots = this.#sum(symbol, depth, 'depth');
    const cents = scaled(notional, 2);
    if (!(notional.units >= 0) || !Number.isSafeInteger(cents)) throw new BadRow(`a notional of ${notional.toNumber()}`, 'range');
    const record = this.#begin(Kind.DEPTH_BAND, symbol, 0, exchangeUs);
    this.batch.F[record * WORDS_F + QTY] = lots;
    this.batch.F[record * WORDS_F + AUX] = cents;
    this.batch.I[record * WORDS_I + EXTRA] = bandBps;
  }

  /** Forgets every complete record and keeps those of an open message at the front. */
  clear(): void {
    const kept = this.#open < 0 ? 0 : this.batch.length - this.#open;
    if (kept > 0 && this.#open > 0) {
      this.batch.F.copyWithin(0, this.#open * WORDS_F, this.batch.length * WORDS_F);
    }
    this.batch.length = kept;
    if (this.#open >= 0) this.#open = 0;
  }

  /** Records of complete messages. */
  get complete(): number {
    return this.#open < 0 ? this.batch.length : this.#open;
  }

  #statsOf(symbol: number): SymbolStats {
    if (symbol === UNNAMED) return this.unnamed;
    let stats = this.stats[symbol];
    if (stats === undefined) {
      stats = new SymbolStats();
      this.stats[symbol] = stats;
    }
    return stats;
  }

  #price(symbol: number, value: ExactNumber, what: string): number {
    if (!(value.units > 0)) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
    if (this.#instruments === undefined) {
      if (value.toNumber() > MAX_PRICE) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
      if (this.#stated.tick !== undefined) ticksOf(value, this.#stated.tick, what);
      this.#statsOf(symbol).price.add(value);
      return 0;
    }
    return ticksOf(value, this.#instruments[symbol]!.tick, what);
  }

  /** A price that may be rounded unless the person stated the tick and `strict` asks for it. */
  #nearPrice(symbol: number, value: ExactNumber, what: string, strict = false): number {
    if (this.#instruments === undefined) return strict ? this.#price(symbol, value, what) : this.#positive(value, what);
    const { tick, tickStated } = this.#instruments[symbol]!;
    if (strict && tickStated) return this.#price(symbol, value, what);
    this.#positive(value, what);
    const exact = tick.steps(value);
    const ticks = exact === exact ? exact : tick.nearestSteps(value);
    if (exact !== ticks) this.counts.roundedPrices += 1;
    if (!(ticks <= MAX_PRICE_TICKS)) throw new BadRow(`${what} ${value.toNumber()} is more than ${MAX_PRICE_TICKS} ticks of ${tick.text}`, 'range');
    return ticks;
  }

  #positive(value: ExactNumber, what: string): number {
    if (!(value.units > 0)) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
    return 0;
  }

  #quantity(symbol: number, value: ExactNumber, what: string, zeroAllowed: boolean): number {
    if (value.units < 0 || (value.units === 0 && !zeroAllowed)) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
    if (this.#instruments === undefined) {
      if (this.#stated.lot !== undefined) lotsOf(value, this.#stated.lot, what);
      this.#statsOf(symbol).quantity.add(value);
      return 0;
    }
    return lotsOf(value, this.#instruments[symbol]!.lot, what);
  }

  #sum(symbol: number, value: ExactNumber, what: string): number {
    if (value.units < 0) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
    if (this.#instruments === undefined) {
      this.#statsOf(symbol).volume.add(value);
      return 0;
    }
    const { lot } = this.#instruments[symbol]!;
    const exact = lot.steps(value);
    if (exact === exact) return exact;
    const lots = lot.nearestSteps(value);
    if (lots !== lots) throw new BadRow(`${what} ${value.toNumber()} is more than 2^53 lots of ${lot.text}`, 'range');
    this.counts.roundedQuantities += 1;
    return lots;
  }

  #bookRecord(flags: number): number {
    const record = this.#begin(this.#openKind | flags, this.#openSymbol, this.#openReceived, this.#openExchange);
    this.batch.F[record * WORDS_F + ID] = this.#openId;
    this.batch.F[record * WORDS_F + AUX] = this.#openPrevious;
    this.batch.I[record * WORDS_I + EXTRA] = this.#openSpan;
    return record;
  }

  #begin(kindAndFlags: number, symbol: number, receivedUs: number, exchangeUs: number): number {
    if (this.batch.length === this.#capacity) this.#grow();
    const record = this.batch.length;
    this.batch.length = record + 1;
    const f = record * WORDS_F;
    this.batch.F.fill(0, f, f + WORDS_F);
    this.batch.F[f + RECV_US] = receivedUs;
    this.batch.F[f + EXCH_US] = exchangeUs;
    this.batch.I[record * WORDS_I + TAG] = kindAndFlags | ((symbol & 0xffff) << SYMBOL_SHIFT);
    if (this.#instruments === undefined) this.#statsOf(symbol).records += 1;
    if (receivedUs > 0) this.anyReceived = true;
    if (exchangeUs > 0) this.anyExchange = true;
    return record;
  }

  #grow(): void {
    this.#capacity *= 2;
    const larger = allocateBatch(this.#capacity);
    larger.F.set(this.batch.F);
    larger.length = this.batch.length;
    this.batch = larger;
  }
}

export const NAMES_NO_SYMBOL = 'names no symbol, and the files hold several';
/** Kind of a record that tells the sequence guard of a used id and is never written. */
export const PLACEHOLDER = 0;
/** Symbol index of messages that name none, in the first pass only. */
const UNNAMED = -2;
/** No asset has a price above this; a column that does is not a price. */
const MAX_PRICE = 1e12;

function ticksOf(value: ExactNumber, tick: StepSize, what: string): number {
  const ticks = tick.steps(value);
  if (ticks !== ticks) throw new BadRow(`${what} ${value.toNumber()} does not sit on the tick ${tick.text}`, 'step');
  if (ticks > MAX_PRICE_TICKS) throw new BadRow(`${what} ${value.toNumber()} is more than ${MAX_PRICE_TICKS} ticks of ${tick.text}`, 'range');
  return ticks;
}

function lotsOf(value: ExactNumber, lot: StepSize, what: string): number {
  const lots = lot.steps(value);
  if (lots !== lots) throw new BadRow(`${what} ${value.toNumber()} is not a whole number of lots of ${lot.text}`, 'step');
  return lots;
}

function saturated(value: number): number {
  return value > INT32_MAX ? INT32_MAX : value < 0 ? 0 : value;
}

function scaled(value: ExactNumber, places: number): number {
  const lift = places - value.scale;
  return lift >= 0 ? value.units * powerOfTen(lift) : Math.floor(value.units / powerOfTen(-lift) + 0.5);
}

/** value × 1e8, rounded beyond the eighth place. @throws BadRow beyond 2^53. */
function fixed(value: ExactNumber, what: string): number {
  const result = scaled(value, 8);
  if (!Number.isSafeInteger(result)) throw new BadRow(`a ${what} of ${value.toNumber()}`, 'range');
  return result;
}
