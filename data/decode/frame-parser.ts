import { Flag, Kind, MAX_PRICE_TICKS, type Instrument } from '../records/index.js';
import { StepSize } from '../import/exact-number.js';
import * as lexer from './frame-lexer.js';
import { FrameLexer } from './frame-lexer.js';

// V8 folds a constant of this module, and loads an imported one from memory each time.
const { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, POINT, QUOTE, MAX_DECIMAL, MAX_STEP_SCALE, NARROW_DIGITS, POWERS } = lexer;
const { EVENT, TIME, IDENTITY, FIRST_ID, LAST_ID, PREVIOUS_ID, PRICE_1, QUANTITY_1, PRICE_2, QUANTITY_2, RATE } = lexer;
const { SELL } = Flag;
const { TRADE, AGG_TRADE, BOOK_TICKER, DEPTH, SNAPSHOT, LIQUIDATION, MARK } = Kind;

/** Markets whose frames the parser reads. */
export const BINANCE_MARKETS = ['binance-spot', 'binance-usdm', 'binance-coinm'] as const;
export type BinanceMarket = (typeof BINANCE_MARKETS)[number];

export function isBinanceMarket(venue: string): venue is BinanceMarket {
  return (BINANCE_MARKETS as readonly string[]).includes(venue);
}

/** Answer of {@link FrameParser.parse} for a frame that only JSON.parse may judge. */
export const FALLBACK = 0;

/** Levels of one message that the parser holds; more are left to the slow path. */
export const MAX_LEVELS = 16_384;
/** Shorter than the shortest message, so that looking for one stays inside the frame. */
const SHORTEST = 40;
/** Steps of 10^-8, in which a first pass over unknown instruments reads every number. */
const LEARNING_SCALE = 8;
/** Largest funding rate × 10^8 that a record holds. */
const MAX_RATE = 2_147_483_647;

// Keys already seen, one bit each.
const E_EVENT = 1 << 0;
const E_TIME = 1 << 1;
const E_SYMBOL = 1 << 2;
const E_ID = 1 << 3;
const E_PRICE = 1 << 4;
const E_QUANTITY = 1 << 5;
const E_FIRST = 1 << 6;
const E_LAST = 1 << 7;
const E_MAKER = 1 << 8;
const E_SIDE = 1 << 9;
const E_PREVIOUS = 1 << 10;
const E_ASK = 1 << 11;
const E_ASK_QUANTITY = 1 << 12;
const E_NAME = 1 << 13;
const E_RATE = 1 << 14;
const E_FILLED = 1 << 15;
const E_SKIP_1 = 1 << 16;
const E_SKIP_2 = 1 << 17;
const E_SKIP_3 = 1 << 18;
const E_SKIP_4 = 1 << 19;
const E_SKIP_5 = 1 << 20;
const E_PAIR = 1 << 21;
const E_STATUS = 1 << 22;
const E_ORDER = 1 << 23;

const AGG_TRADE_NEEDS = E_EVENT | E_SYMBOL | E_ID | E_PRICE | E_QUANTITY | E_FIRST | E_LAST | E_MAKER;
const TRADE_NEEDS = E_EVENT | E_SYMBOL | E_ID | E_PRICE | E_QUANTITY | E_MAKER;
const TICKER_NEEDS = E_SYMBOL | E_ID | E_PRICE | E_QUANTITY | E_ASK | E_ASK_QUANTITY;
const DEPTH_NEEDS = E_EVENT | E_SYMBOL | E_FIRST | E_LAST | E_PRICE | E_ASK;
const ORDER_NEEDS = E_SYMBOL | E_SIDE | E_PRICE | E_QUANTITY | E_TIME;
const MARK_NEEDS = E_EVENT | E_SYMBOL | E_PRICE;

/** Two-letter keys as {@link FrameParser} numbers them. */
const KEY_PS = (112 << 8) | 115;
const KEY_PU = (112 << 8) | 117;
const KEY_ST = (115 << 8) | 116;
const KEY_NQ = (110 << 8) | 113;
const KEY_AP = (97 << 8) | 112;

/**
 * Reads one Binance stream message from its bytes into fields, without making an object or a string. It knows the
 * messages as the venue sends them: their keys in any order (the symbol before what is scaled by it), each once, no
 * blanks, no escapes, numbers in their plain form. Whatever else there is in a frame, valid or not, is answered with
 * {@link FALLBACK}: what the parser takes is always JSON, and always what JSON.parse with {@link BinanceMessages} takes.
 *
 * Work is linear in the length: every byte is looked at once, those of long numbers twice.
 */
export class FrameParser extends FrameLexer {
  /** What was read, a record kind. */
  kind: number = FALLBACK;
  /** {@link Flag.SELL} or 0. */
  sell = 0;
  bids = 0;
  asks = 0;
  /** Bids from 0, asks from there on, in steps. */
  readonly prices = new Float64Array(MAX_LEVELS);
  readonly quantities = new Float64Array(MAX_LEVELS);
  /** Largest price in steps: that of a record, or any while instruments are unknown. */
  readonly #maxPrice: number;
  readonly #linked: boolean;
  /** The stream is `@depth` with a number of levels: the top of a book, not a diff. */
  #partial = false;
  /** Bytes of the stream's name before its @. */
  #nameFrom = 0;
  #nameTo = 0;
  readonly #rawPartial: boolean;
  readonly #rawName: Uint8Array;
  #next = 0;

  /**
   * `learning`: instruments are not known yet and every price and quantity is read as a multiple of 10^-8.
   * `rawStream`: name of the stream that messages without an envelope come from, "" when unknown.
   */
  constructor(market: BinanceMarket, learning = false, rawStream = '') {
    super();
    this.#rawPartial = isPartialDepth(rawStream);
    this.#rawName = Buffer.from(rawStream.includes('@') ? rawStream.slice(0, rawStream.indexOf('@')) : '');
    this.#linked = market !== 'binance-spot';
    this.#maxPrice = learning ? Number.MAX_SAFE_INTEGER : MAX_PRICE_TICKS;
  }

  /** Makes frames of `instrument` readable. One with steps finer than 10^-12 stays with the slow path. */
  addInstrument(instrument: Pick<Instrument, 'index' | 'symbol' | 'tickSize' | 'lotSize'>): void {
    this.#add(instrument.symbol, instrument.index, new StepSize(instrument.tickSize), new StepSize(instrument.lotSize));
  }

  /** Makes frames of a symbol readable whose steps are still to be learned. */
  addSymbol(name: string, symbol: number): void {
    this.#add(name, symbol, LEARNING_STEP, LEARNING_STEP);
  }

  #add(name: string, symbol: number, tick: StepSize, lot: StepSize): void {
    if (tick.scale > MAX_STEP_SCALE || lot.scale > MAX_STEP_SCALE) return;
    while (symbol >= this.tickScale.length) this.#grow();
    this.tickUnits[symbol] = tick.units;
    this.tickScale[symbol] = tick.scale;
    this.lotUnits[symbol] = lot.units;
    this.lotScale[symbol] = lot.scale;
    this.symbols.add(name, symbol);
  }

  #grow(): void {
    const size = this.tickScale.length * 2;
    const { tickUnits, lotUnits, tickScale, lotScale } = this;
    this.tickUnits = new Float64Array(size);
    this.lotUnits = new Float64Array(size);
    this.tickScale = new Int32Array(size);
    this.lotScale = new Int32Array(size);
    this.tickUnits.set(tickUnits);
    this.lotUnits.set(lotUnits);
    this.tickScale.set(tickScale);
    this.lotScale.set(lotScale);
  }

  /**
   * Reads bytes [from, to) and returns the kind of record they make, its fields in this object, or {@link FALLBACK}.
   * Never throws; reads nothing outside of [from, to) that could change its answer.
   */
  parse(bytes: Uint8Array, from: number, to: number): number {
    if (to - from < SHORTEST || bytes[to - 1] !== CLOSE_BRACE || bytes[from] !== OPEN_BRACE || bytes[from + 1] !== QUOTE) return FALLBACK;
    this.symbol = -1;
    this.sell = 0;
    this.#partial = this.#rawPartial;
    const wrapped = bytes[from + 2] === 115 && bytes[from + 3] === 116;
    let at = wrapped ? this.#envelope(bytes, from) : from + 1;
    if (at < 0) return FALLBACK;
    at = this.#message(bytes, at, wrapped);
    if (at < 0 || bytes[at] !== CLOSE_BRACE) return FALLBACK;
    at += 1;
    if (wrapped) {
      if (at !== to - 1) return FALLBACK;
      at += 1;
    }
    return at === to ? this.kind : FALLBACK;
  }

  /** `{"stream":"NAME","data":{`; returns the index of the first key's quote. */
  #envelope(b: Uint8Array, from: number): number {
    if (b[from + 4] !== 114 || b[from + 5] !== 101 || b[from + 6] !== 97 || b[from + 7] !== 109 || b[from + 8] !== QUOTE || b[from + 9] !== COLON || b[from + 10] !== QUOTE) return -1;
    let at = from + 11;
    let name = 0;
    for (;;) {
      const code = b[at]!;
      if (code === QUOTE) break;
      if (code === 64 && name === 0) name = at;
      if (code < 32 || code > 126 || code === 92 || code === CLOSE_BRACE) return -1;
      at += 1;
    }
    this.#nameFrom = from + 11;
    this.#nameTo = name;
    // @depth and a digit; @depth@100ms is a diff.
    this.#partial = name > 0 && b[name + 1] === 100 && b[name + 2] === 101 && b[name + 3] === 112 && b[name + 4] === 116 && b[name + 5] === 104 && b[name + 6]! >= 48 && b[name + 6]! <= 57;
    return b[at + 1] === COMMA && b[at + 2] === QUOTE && b[at + 3] === 100 && b[at + 4] === 97 && b[at + 5] === 116 && b[at + 6] === 97 && b[at + 7] === QUOTE
      && b[at + 8] === COLON && b[at + 9] === OPEN_BRACE && b[at + 10] === QUOTE ? at + 10 : -1;
  }

  /** The message from its first key on; returns the index of its closing brace. */
  #message(b: Uint8Array, at: number, wrapped: boolean): number {
    if (b[at + 1] === 101 && b[at + 2] === QUOTE && b[at + 3] === COLON && b[at + 4] === QUOTE) {
      switch (b[at + 5]) {
        case 97: return isAggTrade(b, at + 5) ? this.#aggTrade(b, at + 14) : -1;
        case 116: return isTrade(b, at + 5) ? this.#trade(b, at + 11) : -1;
        case 100: return isDepthUpdate(b, at + 5) ? this.#depthUpdate(b, at + 17) : -1;
        case 98: return isBookTicker(b, at + 5) ? this.#bookTicker(b, at + 16, E_NAME) : -1;
        case 102: return isForceOrder(b, at + 5) ? this.#forceOrder(b, at + 16) : -1;
        case 109: return isMarkPriceUpdate(b, at + 5) ? this.#markPrice(b, at + 21) : -1;
        default: return -1;
      }
    }
    if (b[at + 1] === 117) return this.#bookTicker(b, at - 1, 0);
    if (b[at + 1] === 108) return this.#partialBook(b, at, wrapped);
    return -1;
  }

  /** Reads a key and its colon after a comma or brace at `at`: its letters as a number, -1 for none; its value begins at #next. */
  #key(b: Uint8Array, at: number): number {
    if (b[at + 1] !== QUOTE) return -1;
    const letter = b[at + 2]!;
    const second = b[at + 3]!;
    if (second === QUOTE) {
      this.#next = at + 5;
      return b[at + 4] === COLON ? letter : -1;
    }
    this.#next = at + 6;
    return b[at + 4] === QUOTE && b[at + 5] === COLON ? (letter << 8) | second : -1;
  }

  #aggTrade(b: Uint8Array, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(b, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 97: bit = E_ID; at = this.unsigned(b, at, IDENTITY); break;
        case 112: bit = E_PRICE; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_1); break;
        case 113: bit = E_QUANTITY; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_1); break;
        case 102: bit = E_FIRST; at = this.unsigned(b, at, FIRST_ID); break;
        case 108: bit = E_LAST; at = this.unsigned(b, at, LAST_ID); break;
        case 109: bit = E_MAKER; if (b[at] === 116) this.sell = SELL; at = this.boolean(b, at); break;
        case 77: bit = E_SKIP_1; at = this.boolean(b, at); break;
        case KEY_NQ: bit = E_SKIP_2; at = this.skipString(b, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & AGG_TRADE_NEEDS) !== AGG_TRADE_NEEDS || this.values[LAST_ID]! < this.values[FIRST_ID]!) return -1;
    if ((seen & E_TIME) === 0) this.values[TIME] = this.values[EVENT]!;
    this.kind = AGG_TRADE;
    return this.#traded() ? at : -1;
  }

  #trade(b: Uint8Array, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(b, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 116: bit = E_ID; at = this.unsigned(b, at, IDENTITY); break;
        case 112: bit = E_PRICE; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_1); break;
        case 113: bit = E_QUANTITY; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_1); break;
        case 109: bit = E_MAKER; if (b[at] === 116) this.sell = SELL; at = this.boolean(b, at); break;
        case 77: bit = E_SKIP_1; at = this.boolean(b, at); break;
        // Order ids of buyer and seller, until 2023; kind of order.
        case 98: bit = E_SKIP_2; at = this.unsigned(b, at, RATE); break;
        case 97: bit = E_SKIP_3; at = this.unsigned(b, at, RATE); break;
        case 88: bit = E_SKIP_4; at = this.skipString(b, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & TRADE_NEEDS) !== TRADE_NEEDS) return -1;
    if ((seen & E_TIME) === 0) this.values[TIME] = this.values[EVENT]!;
    this.kind = TRADE;
    return this.#traded() ? at : -1;
  }

  /** A trade has a price and a quantity; an empty one is the slow path's. */
  #traded(): boolean {
    const { values } = this;
    return values[PRICE_1]! > 0 && values[PRICE_1]! <= this.#maxPrice && values[QUANTITY_1]! > 0;
  }

  #bookTicker(b: Uint8Array, from: number, named: number): number {
    if (named !== 0 && b[from] !== COMMA) return -1;
    let at = from;
    let seen = named;
    let bit = 0;
    // A message that does not begin with its name is entered at its brace.
    while (b[at] === COMMA || at === from) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 117: bit = E_ID; at = this.unsigned(b, at, IDENTITY); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 98: bit = E_PRICE; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_1); break;
        case 66: bit = E_QUANTITY; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_1); break;
        case 97: bit = E_ASK; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_2); break;
        case 65: bit = E_ASK_QUANTITY; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_2); break;
        case 84: bit = E_TIME; at = this.stamp(b, at, TIME); break;
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 101: bit = E_NAME; at = b[at] === QUOTE && isBookTicker(b, at + 1) ? at + 12 : -1; break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & TICKER_NEEDS) !== TICKER_NEEDS) return -1;
    const { values } = this;
    if ((seen & E_TIME) === 0) values[TIME] = (seen & E_EVENT) === 0 ? 0 : values[EVENT]!;
    this.kind = BOOK_TICKER;
    // A side without quantity is empty whatever its price: the slow path's.
    return values[QUANTITY_1]! > 0 && values[QUANTITY_2]! > 0 && this.#priced(PRICE_1) && this.#priced(PRICE_2) ? at : -1;
  }

  #priced(slot: number): boolean {
    return this.values[slot]! > 0 && this.values[slot]! <= this.#maxPrice;
  }

  #depthUpdate(b: Uint8Array, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(b, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 85: bit = E_FIRST; at = this.unsigned(b, at, FIRST_ID); break;
        case 117: bit = E_LAST; at = this.unsigned(b, at, LAST_ID); break;
        case KEY_PU: bit = E_PREVIOUS; at = this.unsigned(b, at, PREVIOUS_ID); break;
        case 98:
          bit = E_PRICE;
          at = this.symbol < 0 ? -1 : this.#levels(b, at, 0);
          this.bids = this.#next;
          break;
        case 97:
          // Asks are kept behind the bids.
          bit = E_ASK;
          at = this.symbol < 0 || (seen & E_PRICE) === 0 ? -1 : this.#levels(b, at, this.bids);
          this.asks = this.#next - this.bids;
          break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & DEPTH_NEEDS) !== DEPTH_NEEDS) return -1;
    if (((seen & E_PREVIOUS) !== 0) !== this.#linked) return -1;
    const { values } = this;
    if (values[LAST_ID]! < values[FIRST_ID]!) return -1;
    if ((seen & E_TIME) === 0) values[TIME] = values[EVENT]!;
    if (!this.#linked) values[PREVIOUS_ID] = Math.max(0, values[FIRST_ID]! - 1);
    this.kind = this.#partial ? SNAPSHOT : DEPTH;
    return at;
  }

  /** `{"lastUpdateId":ID,"bids":[…],"asks":[…]}`, whose symbol is in the stream's name. */
  #partialBook(b: Uint8Array, from: number, wrapped: boolean): number {
    if (!isLastUpdateId(b, from + 1)) return -1;
    this.symbol = wrapped ? this.symbols.find(b, this.#nameFrom, this.#nameTo) : this.symbols.find(this.#rawName, 0, this.#rawName.length);
    if (this.symbol < 0) return -1;
    let at = this.unsigned(b, from + 15, LAST_ID);
    if (at < 0 || !isSide(b, at, 98, 105, 100)) return -1;
    at = this.#levels(b, at + 8, 0);
    this.bids = this.#next;
    if (at < 0 || !isSide(b, at, 97, 115, 107)) return -1;
    at = this.#levels(b, at + 8, this.bids);
    this.asks = this.#next - this.bids;
    this.values[TIME] = 0;
    this.kind = SNAPSHOT;
    return at;
  }

  /**
   * `[["PRICE","QUANTITY"],…]` into the levels from `first` on; #next becomes the index after the last one. The usual
   * numbers (nine digits at most, steps of a power of ten) are read in place, which is where the time of a diff goes;
   * others by {@link price} and {@link quantity}.
   */
  #levels(b: Uint8Array, from: number, first: number): number {
    this.#next = first;
    if (b[from] !== OPEN_BRACKET) return -1;
    let at = from + 1;
    if (b[at] === CLOSE_BRACKET) return at + 1;
    const { prices, quantities, symbol } = this;
    const limit = this.#maxPrice;
    const tickScale = this.tickUnits[symbol] === 1 ? this.tickScale[symbol]! : 99;
    const lotScale = this.lotUnits[symbol] === 1 ? this.lotScale[symbol]! : 99;
    for (let level = first; level < MAX_LEVELS; level += 1) {
      if (b[at] !== OPEN_BRACKET || b[at + 1] !== QUOTE) return -1;
      const priceAt = at + 1;
      at += 2;
      let units = 0;
      let digit = b[at]! ^ 48;
      while (digit <= 9) {
        units = (((units + (units << 2)) << 1) + digit) | 0;
        at += 1;
        digit = b[at]! ^ 48;
      }
      // One digit at least on either side of the point, and nine in all.
      if (at - priceAt - 1 + tickScale <= NARROW_DIGITS && b[at] === POINT && at > priceAt + 1 && (b[at + 1]! ^ 48) <= 9) {
        at += 1;
        const stop = at + tickScale;
        for (; at < stop; at += 1) {
          digit = b[at]! ^ 48;
          if (digit > 9) break;
          units = (((units + (units << 2)) << 1) + digit) | 0;
        }
        if (at < stop) units *= POWERS[stop - at]!;
        else while (b[at] === 48) at += 1;
        if (b[at] !== QUOTE || at - priceAt > MAX_DECIMAL) return -1;
        prices[level] = units;
        at += 1;
      } else {
        at = this.price(b, priceAt, prices, level);
        if (at < 0) return -1;
      }
      if (!(prices[level]! > 0 && prices[level]! <= limit) || b[at] !== COMMA || b[at + 1] !== QUOTE) return -1;
      const quantityAt = at + 1;
      at += 2;
      units = 0;
      digit = b[at]! ^ 48;
      while (digit <= 9) {
        units = (((units + (units << 2)) << 1) + digit) | 0;
        at += 1;
        digit = b[at]! ^ 48;
      }
      if (at - quantityAt - 1 + lotScale <= NARROW_DIGITS && b[at] === POINT && at > quantityAt + 1 && (b[at + 1]! ^ 48) <= 9) {
        at += 1;
        const stop = at + lotScale;
        for (; at < stop; at += 1) {
          digit = b[at]! ^ 48;
          if (digit > 9) break;
          units = (((units + (units << 2)) << 1) + digit) | 0;
        }
        if (at < stop) units *= POWERS[stop - at]!;
        else while (b[at] === 48) at += 1;
        if (b[at] !== QUOTE || at - quantityAt > MAX_DECIMAL) return -1;
        quantities[level] = units;
        at += 1;
      } else {
        at = this.quantity(b, quantityAt, quantities, level);
        if (at < 0) return -1;
      }
      if (b[at] !== CLOSE_BRACKET) return -1;
      const code = b[at + 1];
      at += 2;
      if (code === COMMA) continue;
      this.#next = level + 1;
      return code === CLOSE_BRACKET ? at : -1;
    }
    return -1;
  }

  #forceOrder(b: Uint8Array, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 111: bit = E_ORDER; at = b[at] === OPEN_BRACE ? this.#order(b, at) : -1; break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    this.kind = LIQUIDATION;
    return (seen & E_ORDER) !== 0 ? at : -1;
  }

  /** The order of a forceOrder from its brace on; PRICE_2 is its average price, or its limit where it has none. */
  #order(b: Uint8Array, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA || at === from) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 83:
          bit = E_SIDE;
          if (isSell(b, at)) {
            this.sell = SELL;
            at += 6;
          } else {
            at = isBuy(b, at) ? at + 5 : -1;
          }
          break;
        case 112: bit = E_PRICE; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_1); break;
        case KEY_AP: bit = E_RATE; at = this.symbol < 0 ? -1 : this.price(b, at, this.values, PRICE_2); break;
        case 113: bit = E_QUANTITY; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_1); break;
        case 122: bit = E_FILLED; at = this.symbol < 0 ? -1 : this.quantity(b, at, this.values, QUANTITY_2); break;
        case 84: bit = E_TIME; at = this.stamp(b, at, TIME); break;
        case 111: bit = E_SKIP_1; at = this.skipString(b, at); break;
        case 102: bit = E_SKIP_2; at = this.skipString(b, at); break;
        case 88: bit = E_SKIP_3; at = this.skipString(b, at); break;
        case 108: bit = E_SKIP_4; at = this.skipString(b, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & ORDER_NEEDS) !== ORDER_NEEDS || b[at] !== CLOSE_BRACE) return -1;
    const { values } = this;
    if ((seen & E_FILLED) !== 0) values[QUANTITY_1] = values[QUANTITY_2]!;
    if ((seen & E_RATE) === 0 || values[PRICE_2] === 0) values[PRICE_2] = values[PRICE_1]!;
    return values[QUANTITY_1]! > 0 && this.#priced(PRICE_2) ? at + 1 : -1;
  }

  /** Prices of this kind are multiples of 10^-8 whatever the instrument; IDENTITY is the next funding time. */
  #markPrice(b: Uint8Array, from: number): number {
    const { values } = this;
    values[PRICE_2] = 0;
    values[RATE] = 0;
    values[IDENTITY] = 0;
    let at = from;
    let seen = 0;
    let bit = 0;
    while (b[at] === COMMA) {
      const key = this.#key(b, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(b, at, EVENT); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(b, at); break;
        case 112: bit = E_PRICE; at = this.decimal(b, at, LEARNING_SCALE, values, PRICE_1); break;
        case 105: bit = E_ASK; at = isEmpty(b, at) ? at + 2 : this.decimal(b, at, LEARNING_SCALE, values, PRICE_2); break;
        case 114: bit = E_RATE; at = isEmpty(b, at) ? at + 2 : this.#rate(b, at); break;
        // 0 on delivery contracts, which fund nobody.
        case 84: bit = E_TIME; at = b[at] === 48 && (b[at + 1] === COMMA || b[at + 1] === CLOSE_BRACE) ? at + 1 : this.stamp(b, at, IDENTITY); break;
        case 80: bit = E_SKIP_1; at = this.skipString(b, at); break;
        case KEY_AP: bit = E_SKIP_5; at = this.skipString(b, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(b, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(b, at, PREVIOUS_ID); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & MARK_NEEDS) !== MARK_NEEDS) return -1;
    values[TIME] = values[EVENT]!;
    this.kind = MARK;
    return at;
  }

  /** A funding rate × 10^8, below one whole. */
  #rate(b: Uint8Array, at: number): number {
    const { values } = this;
    const negative = b[at] === QUOTE && b[at + 1] === 45;
    const end = negative ? this.digits(b, at + 2, LEARNING_SCALE, values, RATE) : this.decimal(b, at, LEARNING_SCALE, values, RATE);
    if (end < 0 || values[RATE]! > MAX_RATE) return -1;
    if (negative) values[RATE] = 0 - values[RATE]!;
    return end;
  }
}

const LEARNING_STEP = new StepSize('0.00000001');

/** Whether a stream carries whole tops of books (`btcusdt@depth20@100ms`), not diffs (`btcusdt@depth@100ms`). */
export function isPartialDepth(stream: string): boolean {
  const at = stream.indexOf('@');
  return at >= 0 && /^@depth\d/.test(stream.slice(at));
}

// Literals, each from its first letter to the closing quote.
function isAggTrade(b: Uint8Array, at: number): boolean {
  return b[at] === 97 && b[at + 1] === 103 && b[at + 2] === 103 && b[at + 3] === 84 && b[at + 4] === 114 && b[at + 5] === 97 && b[at + 6] === 100 && b[at + 7] === 101 && b[at + 8] === QUOTE;
}

function isTrade(b: Uint8Array, at: number): boolean {
  return b[at] === 116 && b[at + 1] === 114 && b[at + 2] === 97 && b[at + 3] === 100 && b[at + 4] === 101 && b[at + 5] === QUOTE;
}

function isDepthUpdate(b: Uint8Array, at: number): boolean {
  return b[at] === 100 && b[at + 1] === 101 && b[at + 2] === 112 && b[at + 3] === 116 && b[at + 4] === 104 && b[at + 5] === 85 && b[at + 6] === 112 && b[at + 7] === 100 && b[at + 8] === 97
    && b[at + 9] === 116 && b[at + 10] === 101 && b[at + 11] === QUOTE;
}

function isBookTicker(b: Uint8Array, at: number): boolean {
  return b[at] === 98 && b[at + 1] === 111 && b[at + 2] === 111 && b[at + 3] === 107 && b[at + 4] === 84 && b[at + 5] === 105 && b[at + 6] === 99 && b[at + 7] === 107 && b[at + 8] === 101
    && b[at + 9] === 114 && b[at + 10] === QUOTE;
}

function isForceOrder(b: Uint8Array, at: number): boolean {
  return b[at] === 102 && b[at + 1] === 111 && b[at + 2] === 114 && b[at + 3] === 99 && b[at + 4] === 101 && b[at + 5] === 79 && b[at + 6] === 114 && b[at + 7] === 100 && b[at + 8] === 101
    && b[at + 9] === 114 && b[at + 10] === QUOTE;
}

function isMarkPriceUpdate(b: Uint8Array, at: number): boolean {
  return b[at] === 109 && b[at + 1] === 97 && b[at + 2] === 114 && b[at + 3] === 107 && b[at + 4] === 80 && b[at + 5] === 114 && b[at + 6] === 105 && b[at + 7] === 99 && b[at + 8] === 101
    && b[at + 9] === 85 && b[at + 10] === 112 && b[at + 11] === 100 && b[at + 12] === 97 && b[at + 13] === 116 && b[at + 14] === 101 && b[at + 15] === QUOTE;
}

/** `lastUpdateId":` */
function isLastUpdateId(b: Uint8Array, at: number): boolean {
  return b[at] === 108 && b[at + 1] === 97 && b[at + 2] === 115 && b[at + 3] === 116 && b[at + 4] === 85 && b[at + 5] === 112 && b[at + 6] === 100 && b[at + 7] === 97 && b[at + 8] === 116
    && b[at + 9] === 101 && b[at + 10] === 73 && b[at + 11] === 100 && b[at + 12] === QUOTE && b[at + 13] === COLON;
}

/** `,"bids":` or `,"asks":` by its first three letters. */
function isSide(b: Uint8Array, at: number, first: number, second: number, third: number): boolean {
  return b[at] === COMMA && b[at + 1] === QUOTE && b[at + 2] === first && b[at + 3] === second && b[at + 4] === third && b[at + 5] === 115 && b[at + 6] === QUOTE && b[at + 7] === COLON;
}

/** `"SELL"` */
function isSell(b: Uint8Array, at: number): boolean {
  return b[at] === QUOTE && b[at + 1] === 83 && b[at + 2] === 69 && b[at + 3] === 76 && b[at + 4] === 76 && b[at + 5] === QUOTE;
}

/** `"BUY"` */
function isBuy(b: Uint8Array, at: number): boolean {
  return b[at] === QUOTE && b[at + 1] === 66 && b[at + 2] === 85 && b[at + 3] === 89 && b[at + 4] === QUOTE;
}

function isEmpty(b: Uint8Array, at: number): boolean {
  return b[at] === QUOTE && b[at + 1] === QUOTE;
}
