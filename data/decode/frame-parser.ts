import { Flag, Kind, MAX_PRICE_TICKS, type Instrument } from '../records/index.js';
import { StepSize } from '../import/exact-number.js';
import * as lexer from './frame-lexer.js';
import { FrameLexer, wordOf } from './frame-lexer.js';

// V8 folds a constant of this module, and loads an imported one from memory each time.
const { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, QUOTE, LOOK_AHEAD, MAX_STEP_SCALE } = lexer;
const { imul } = Math;
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

/** Shorter than the shortest message, so that looking for one stays inside the frame. */
const SHORTEST = 40;
/** Steps of 10^-8, in which a first pass over unknown instruments reads every number. */
export const LEARNING_SCALE = 8;
/** Largest funding rate × 10^8 that a record holds. */
const MAX_RATE = 2_147_483_647;

const NO_BYTES = new Uint8Array(64);
/** Frames at the end of their memory are copied up to this size. */
const COPY_BYTES = 1 << 20;

// Literals of the messages as little-endian words.
const STREAM_0 = wordOf('{"st');
const STREAM_4 = wordOf('ream');
const STREAM_7 = wordOf('m":"');
const DATA_0 = wordOf('","d');
const DATA_4 = wordOf('ata"');
const DATA_7 = wordOf('":{"');
const KEY_E = wordOf(',"E"');
const KEY_S = wordOf(',"s"');
const KEY_A = wordOf(',"a"');
const KEY_P = wordOf(',"p"');
const KEY_Q = wordOf(',"q"');
const KEY_F = wordOf(',"f"');
const KEY_L = wordOf(',"l"');
const KEY_T = wordOf(',"T"');
const KEY_M = wordOf(',"m"');
const AT_DEP = wordOf('@dep');
const T_H = 116 | (104 << 8);
/** Streams whose names are remembered, and words kept of each: the whole ones, and the last four bytes. */
const STREAMS = 64;
const STREAM_WORDS = 16;
const NAME_KEY = wordOf('"e":');
const AGGT = wordOf('aggT');
const RADE = wordOf('rade');
const TRAD = wordOf('trad');
const ADE_ = wordOf('ade"');
const DEPT = wordOf('dept');
const HUPD = wordOf('hUpd');
const ATE_ = wordOf('ate"');
const BOOK = wordOf('book');
const TICK = wordOf('Tick');
const KER_ = wordOf('ker"');
const FORC = wordOf('forc');
const EORD = wordOf('eOrd');
const DER_ = wordOf('der"');
const MARK_ = wordOf('mark');
const PRIC = wordOf('Pric');
const EUPD = wordOf('eUpd');
const LAST_ = wordOf('last');
const UPDA = wordOf('Upda');
const TEID = wordOf('teId');
const BIDS = wordOf('bids');
const ASKS = wordOf('asks');
const SEL_ = wordOf('"SEL');
const BUY_ = wordOf('"BUY');
const BRACE_QUOTE = OPEN_BRACE | (QUOTE << 8);
const COMMA_QUOTE = COMMA | (QUOTE << 8);
const QUOTE_COLON = QUOTE | (COLON << 8);
const TWO_QUOTES = QUOTE | (QUOTE << 8);
const L_QUOTE = 76 | (QUOTE << 8);

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
const AGG_TRADE_USUAL = AGG_TRADE_NEEDS | E_TIME;
const TRADE_NEEDS = E_EVENT | E_SYMBOL | E_ID | E_PRICE | E_QUANTITY | E_MAKER;
const TICKER_NEEDS = E_SYMBOL | E_ID | E_PRICE | E_QUANTITY | E_ASK | E_ASK_QUANTITY;
const DEPTH_NEEDS = E_EVENT | E_SYMBOL | E_FIRST | E_LAST | E_PRICE | E_ASK;
const ORDER_NEEDS = E_SYMBOL | E_SIDE | E_PRICE | E_QUANTITY | E_TIME;
const MARK_NEEDS = E_EVENT | E_SYMBOL | E_PRICE;

/** Two-letter keys as {@link FrameParser} numbers them: apart from one letter, whatever the second byte is. */
const TWO_LETTERS = 1 << 16;
const KEY_PS = TWO_LETTERS | 112 | (115 << 8);
const KEY_PU = TWO_LETTERS | 112 | (117 << 8);
const KEY_ST = TWO_LETTERS | 115 | (116 << 8);
const KEY_NQ = TWO_LETTERS | 110 | (113 << 8);
const KEY_AP = TWO_LETTERS | 97 | (112 << 8);

/**
 * Reads one Binance stream message from its bytes into fields, without making an object or a string. It knows the
 * messages as the venue sends them: their keys in any order (the symbol before what is scaled by it), each once, no
 * blanks, no escapes, numbers in their plain form. Whatever else there is in a frame, valid or not, is answered with
 * {@link FALLBACK}: what the parser takes is always JSON, and always what JSON.parse with {@link BinanceMessages} takes.
 *
 * Work is linear in the length: every byte is looked at once or twice.
 */
export class FrameParser extends FrameLexer {
  /** What was read, a record kind. */
  kind: number = FALLBACK;
  /** {@link Flag.SELL} or 0. */
  sell = 0;
  bids = 0;
  asks = 0;
  readonly #linked: boolean;
  /** The stream is `@depth` with a number of levels: the top of a book, not a diff. */
  #partial = false;
  /** Names of streams that were found good, each in the entry that its first letters give. */
  readonly #streamLengths = new Int32Array(STREAMS);
  readonly #streamWords = new Int32Array(STREAMS * STREAM_WORDS);
  readonly #streamAts = new Int32Array(STREAMS);
  readonly #streamPartials = new Uint8Array(STREAMS);
  /** The symbol that the stream's last message was of. */
  readonly #streamSymbols = new Int32Array(STREAMS);
  #entry = 0;
  /** Bytes of the stream's name before its @. */
  #nameFrom = 0;
  #nameTo = 0;
  /** What the view lies over. */
  #bytes: Uint8Array = NO_BYTES;
  #memory: ArrayBufferLike = NO_BYTES.buffer;
  #offset = 0;
  #memoryView: DataView = new DataView(NO_BYTES.buffer);
  #view: DataView = this.#memoryView;
  readonly #copy = new Uint8Array(COPY_BYTES);
  readonly #copyView: DataView;
  readonly #viewOf: (buffer: ArrayBufferLike) => DataView;
  readonly #rawPartial: boolean;
  readonly #rawName: DataView;
  #next = 0;

  /**
   * `learning`: instruments are not known yet and every price and quantity is read as a multiple of 10^-8.
   * `rawStream`: name of the stream that messages without an envelope come from, "" when unknown. `viewOf` makes the
   * view through which memory is read; who counts looks brings another.
   */
  constructor(market: BinanceMarket, learning = false, rawStream = '', viewOf = (buffer: ArrayBufferLike): DataView => new DataView(buffer)) {
    super(learning ? Number.MAX_SAFE_INTEGER : MAX_PRICE_TICKS);
    this.#rawPartial = isPartialDepth(rawStream);
    this.#rawName = new DataView(new TextEncoder().encode(rawStream.includes('@') ? rawStream.slice(0, rawStream.indexOf('@')) : '').buffer);
    this.#viewOf = viewOf;
    this.#copyView = viewOf(this.#copy.buffer);
    this.#linked = market !== 'binance-spot';
  }

  /** Makes frames of `instrument` readable. One with steps finer than 10^-12 stays with the slow path. */
  addInstrument(instrument: Pick<Instrument, 'index' | 'symbol' | 'tickSize' | 'lotSize'>): void {
    this.add(instrument.symbol, instrument.index, new StepSize(instrument.tickSize), new StepSize(instrument.lotSize));
  }

  /** Makes frames of a symbol readable whose steps are still to be learned. */
  addSymbol(name: string, symbol: number): void {
    this.add(name, symbol, LEARNING_STEP, LEARNING_STEP);
  }

  private add(name: string, symbol: number, tick: StepSize, lot: StepSize): void {
    if (tick.scale > MAX_STEP_SCALE || lot.scale > MAX_STEP_SCALE) return;
    while (symbol >= this.tickScale.length) this.grow();
    this.nameSymbol(name, symbol);
    this.tickUnits[symbol] = tick.units;
    this.tickScale[symbol] = tick.scale;
    this.lotUnits[symbol] = lot.units;
    this.lotScale[symbol] = lot.scale;
    this.symbols.add(name, symbol);
  }

  private grow(): void {
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
    if (!(from >= 0 && to <= bytes.length && to - from >= SHORTEST) || bytes[to - 1] !== CLOSE_BRACE) return FALLBACK;
    const start = this.attach(bytes, from, to);
    if (start < 0) return FALLBACK;
    const v = this.#view;
    const end = start + to - from;
    const head = v.getInt32(start, true);
    if ((head & 0xffff) !== BRACE_QUOTE) return FALLBACK;
    this.symbol = -1;
    this.sell = 0;
    this.#partial = this.#rawPartial;
    const wrapped = head === STREAM_0;
    let at = wrapped ? this.envelope(v, start) : start + 1;
    if (at < 0) return FALLBACK;
    at = this.message(v, at, wrapped);
    if (at < 0 || v.getUint8(at) !== CLOSE_BRACE) return FALLBACK;
    at += 1;
    if (wrapped) {
      if (at !== end - 1) return FALLBACK;
      this.#streamSymbols[this.#entry] = this.symbol;
      at += 1;
    }
    return at === end ? this.kind : FALLBACK;
  }

  /**
   * Lays the view over the memory of `bytes` and returns where the frame begins in it. A frame at the very end of its
   * memory, where nothing may be read behind it, is copied first; -1 for one too large for that.
   */
  private attach(bytes: Uint8Array, from: number, to: number): number {
    if (bytes !== this.#bytes) {
      const { buffer } = bytes;
      this.#bytes = bytes;
      this.#offset = bytes.byteOffset;
      if (buffer !== this.#memory) {
        this.#memory = buffer;
        this.#memoryView = this.#viewOf(buffer);
      }
    }
    const start = this.#offset + from;
    if (this.#offset + to + LOOK_AHEAD <= this.#memoryView.byteLength) {
      this.#view = this.#memoryView;
      return start;
    }
    if (to - from + LOOK_AHEAD > COPY_BYTES) return -1;
    const copy = this.#copy;
    for (let k = from; k < to; k += 1) copy[k - from] = bytes[k]!;
    this.#view = this.#copyView;
    return 0;
  }

  /** `{"stream":"NAME","data":{`; returns the index of the first key's quote. */
  private envelope(v: DataView, from: number): number {
    if (v.getInt32(from + 4, true) !== STREAM_4 || v.getInt32(from + 7, true) !== STREAM_7) return -1;
    const start = from + 11;
    // Two words of the name, short names and names that differ later included: a wrong entry is seen when it is compared.
    const entry = ((imul(v.getInt32(start, true), 0x2c1b3c6d) ^ imul(v.getInt32(start + 3, true), 0x297a2d39)) >>> 26) | 0;
    const length = this.#streamLengths[entry]!;
    const words = this.#streamWords;
    const first = entry * STREAM_WORDS;
    this.#entry = entry;
    let same = length > 0;
    for (let k = 0, at = start; same && k < length >>> 2; k += 1, at += 4) same = words[first + k] === v.getInt32(at, true);
    const end = start + length;
    // A remembered name may be the beginning of another.
    if (same && words[first + STREAM_WORDS - 1] === v.getInt32(end - 4, true) && v.getUint8(end) === QUOTE) {
      this.#nameFrom = start;
      this.#nameTo = start + this.#streamAts[entry]!;
      this.#partial = this.#streamPartials[entry] === 1;
      this.predicted = this.#streamSymbols[entry]!;
      return this.data(v, end);
    }
    return this.newStream(v, start, entry);
  }

  /** As {@link envelope} for a stream that is not the remembered one of its entry, from its name's first letter on. */
  private newStream(v: DataView, start: number, entry: number): number {
    let at = start;
    let name = 0;
    for (;;) {
      const code = v.getUint8(at);
      if (code === QUOTE) break;
      if (code === 64 && name === 0) name = at;
      if (code < 32 || code > 126 || code === 92 || code === CLOSE_BRACE) return -1;
      at += 1;
    }
    this.#nameFrom = start;
    this.#nameTo = name;
    // @depth and a digit; @depth@100ms is a diff.
    this.#partial = name > 0 && v.getInt32(name, true) === AT_DEP && v.getUint16(name + 4, true) === T_H && (v.getUint8(name + 6) ^ 48) <= 9;
    this.predicted = 0;
    const length = at - start;
    if (length >= 4 && length <= 4 * (STREAM_WORDS - 1) + 3) {
      const first = entry * STREAM_WORDS;
      for (let k = 0; k < length >>> 2; k += 1) this.#streamWords[first + k] = v.getInt32(start + 4 * k, true);
      this.#streamWords[first + STREAM_WORDS - 1] = v.getInt32(at - 4, true);
      this.#streamLengths[entry] = length;
      this.#streamAts[entry] = name - start;
      this.#streamPartials[entry] = this.#partial ? 1 : 0;
      this.#streamSymbols[entry] = 0;
    }
    return this.data(v, at);
  }

  /** `","data":{"` */
  private data(v: DataView, at: number): number {
    return v.getInt32(at, true) === DATA_0 && v.getInt32(at + 4, true) === DATA_4 && v.getInt32(at + 7, true) === DATA_7 ? at + 10 : -1;
  }

  /** The message from its first key on; returns the index of its closing brace. */
  private message(v: DataView, at: number, wrapped: boolean): number {
    if (v.getInt32(at, true) === NAME_KEY && v.getUint8(at + 4) === QUOTE) {
      switch (v.getUint8(at + 5)) {
        case 97: return isAggTrade(v, at + 5) ? this.aggTrade(v, at + 14) : -1;
        case 116: return isTrade(v, at + 5) ? this.trade(v, at + 11) : -1;
        case 100: return isDepthUpdate(v, at + 5) ? this.depthUpdate(v, at + 17) : -1;
        case 98: return isBookTicker(v, at + 5) ? this.bookTicker(v, at + 16, E_NAME) : -1;
        case 102: return isForceOrder(v, at + 5) ? this.forceOrder(v, at + 16) : -1;
        case 109: return isMarkPriceUpdate(v, at + 5) ? this.markPrice(v, at + 21) : -1;
        default: return -1;
      }
    }
    if (v.getUint8(at + 1) === 117) return this.bookTicker(v, at - 1, 0);
    if (v.getUint8(at + 1) === 108) return this.partialBook(v, at, wrapped);
    return -1;
  }

  /** Reads a key and its colon after a comma or brace at `at`: its letters as a number, -1 for none; its value begins at #next. */
  private key(v: DataView, at: number): number {
    // The byte at `at`, a quote, a letter, and a quote or a second letter.
    const four = v.getInt32(at, true);
    if ((four & 0xff00) !== QUOTE << 8) return -1;
    if (four >>> 24 === QUOTE) {
      this.#next = at + 5;
      return v.getUint8(at + 4) === COLON ? (four >>> 16) & 0xff : -1;
    }
    this.#next = at + 6;
    return v.getUint16(at + 4, true) === QUOTE_COLON ? TWO_LETTERS | (four >>> 16) : -1;
  }

  private aggTrade(v: DataView, from: number): number {
    let at = this.usualAggTrade(v, from);
    let seen = AGG_TRADE_USUAL;
    let bit = 0;
    if (at < 0) {
      at = from;
      seen = 0;
    }
    while (v.getUint8(at) === COMMA) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(v, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 97: bit = E_ID; at = this.unsigned(v, at, IDENTITY); break;
        case 112: bit = E_PRICE; at = this.price(v, at, this.values, PRICE_1); break;
        case 113: bit = E_QUANTITY; at = this.quantity(v, at, this.values, QUANTITY_1); break;
        case 102: bit = E_FIRST; at = this.unsigned(v, at, FIRST_ID); break;
        case 108: bit = E_LAST; at = this.unsigned(v, at, LAST_ID); break;
        case 109: bit = E_MAKER; if (v.getUint8(at) === 116) this.sell = SELL; at = this.boolean(v, at); break;
        case 77: bit = E_SKIP_1; at = this.boolean(v, at); break;
        case KEY_NQ: bit = E_SKIP_2; at = this.skipString(v, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & AGG_TRADE_NEEDS) !== AGG_TRADE_NEEDS || this.values[LAST_ID]! < this.values[FIRST_ID]!) return -1;
    if ((seen & E_TIME) === 0) this.values[TIME] = this.values[EVENT]!;
    this.kind = AGG_TRADE;
    return this.traded() ? at : -1;
  }

  /** An aggTrade up to `m` as spot and USD-M send it, without asking for each key what it is; -1 for another order. */
  private usualAggTrade(v: DataView, from: number): number {
    if (v.getInt32(from, true) !== KEY_E || v.getUint8(from + 4) !== COLON) return -1;
    let at = this.usualStamp(v, from + 5, EVENT);
    if (at < 0 || v.getInt32(at, true) !== KEY_S || v.getUint8(at + 4) !== COLON) return -1;
    at = this.symbolString(v, at + 5);
    if (at < 0 || v.getInt32(at, true) !== KEY_A || v.getUint8(at + 4) !== COLON) return -1;
    at = this.unsigned(v, at + 5, IDENTITY);
    if (at < 0 || v.getInt32(at, true) !== KEY_P || v.getUint8(at + 4) !== COLON) return -1;
    at = this.price(v, at + 5, this.values, PRICE_1);
    if (at < 0 || v.getInt32(at, true) !== KEY_Q || v.getUint8(at + 4) !== COLON) return -1;
    at = this.quantity(v, at + 5, this.values, QUANTITY_1);
    if (at < 0 || v.getInt32(at, true) !== KEY_F || v.getUint8(at + 4) !== COLON) return -1;
    at = this.unsigned(v, at + 5, FIRST_ID);
    if (at < 0 || v.getInt32(at, true) !== KEY_L || v.getUint8(at + 4) !== COLON) return -1;
    at = this.unsigned(v, at + 5, LAST_ID);
    if (at < 0 || v.getInt32(at, true) !== KEY_T || v.getUint8(at + 4) !== COLON) return -1;
    at = this.usualStamp(v, at + 5, TIME);
    if (at < 0 || v.getInt32(at, true) !== KEY_M || v.getUint8(at + 4) !== COLON) return -1;
    const sold = v.getUint8(at + 5) === 116;
    at = this.boolean(v, at + 5);
    if (at >= 0 && sold) this.sell = SELL;
    return at;
  }

  private trade(v: DataView, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (v.getUint8(at) === COMMA) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(v, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 116: bit = E_ID; at = this.unsigned(v, at, IDENTITY); break;
        case 112: bit = E_PRICE; at = this.price(v, at, this.values, PRICE_1); break;
        case 113: bit = E_QUANTITY; at = this.quantity(v, at, this.values, QUANTITY_1); break;
        case 109: bit = E_MAKER; if (v.getUint8(at) === 116) this.sell = SELL; at = this.boolean(v, at); break;
        case 77: bit = E_SKIP_1; at = this.boolean(v, at); break;
        // Order ids of buyer and seller, until 2023; kind of order.
        case 98: bit = E_SKIP_2; at = this.unsigned(v, at, RATE); break;
        case 97: bit = E_SKIP_3; at = this.unsigned(v, at, RATE); break;
        case 88: bit = E_SKIP_4; at = this.skipString(v, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & TRADE_NEEDS) !== TRADE_NEEDS) return -1;
    if ((seen & E_TIME) === 0) this.values[TIME] = this.values[EVENT]!;
    this.kind = TRADE;
    return this.traded() ? at : -1;
  }

  /** A trade has a price and a quantity; an empty one is the slow path's. */
  private traded(): boolean {
    const { values } = this;
    return values[PRICE_1]! > 0 && values[PRICE_1]! <= this.maxPrice && values[QUANTITY_1]! > 0;
  }

  private bookTicker(v: DataView, from: number, named: number): number {
    if (named !== 0 && v.getUint8(from) !== COMMA) return -1;
    let at = from;
    let seen = named;
    let bit = 0;
    // A message that does not begin with its name is entered at its brace.
    while (v.getUint8(at) === COMMA || at === from) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 117: bit = E_ID; at = this.unsigned(v, at, IDENTITY); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 98: bit = E_PRICE; at = this.price(v, at, this.values, PRICE_1); break;
        case 66: bit = E_QUANTITY; at = this.quantity(v, at, this.values, QUANTITY_1); break;
        case 97: bit = E_ASK; at = this.price(v, at, this.values, PRICE_2); break;
        case 65: bit = E_ASK_QUANTITY; at = this.quantity(v, at, this.values, QUANTITY_2); break;
        case 84: bit = E_TIME; at = this.stamp(v, at, TIME); break;
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 101: bit = E_NAME; at = v.getUint8(at) === QUOTE && isBookTicker(v, at + 1) ? at + 12 : -1; break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
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
    return values[QUANTITY_1]! > 0 && values[QUANTITY_2]! > 0 && this.priced(PRICE_1) && this.priced(PRICE_2) ? at : -1;
  }

  private priced(slot: number): boolean {
    return this.values[slot]! > 0 && this.values[slot]! <= this.maxPrice;
  }

  private depthUpdate(v: DataView, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (v.getUint8(at) === COMMA) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 84: bit = E_TIME; at = this.stamp(v, at, TIME); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 85: bit = E_FIRST; at = this.unsigned(v, at, FIRST_ID); break;
        case 117: bit = E_LAST; at = this.unsigned(v, at, LAST_ID); break;
        case KEY_PU: bit = E_PREVIOUS; at = this.unsigned(v, at, PREVIOUS_ID); break;
        case 98:
          bit = E_PRICE;
          at = this.levels(v, at, 0);
          this.bids = this.levelsEnd;
          break;
        case 97:
          // Asks are kept behind the bids.
          bit = E_ASK;
          at = (seen & E_PRICE) === 0 ? -1 : this.levels(v, at, this.bids);
          this.asks = this.levelsEnd - this.bids;
          break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
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
  private partialBook(v: DataView, from: number, wrapped: boolean): number {
    if (!isLastUpdateId(v, from + 1)) return -1;
    this.symbol = wrapped ? this.symbols.find(v, this.#nameFrom, this.#nameTo) : this.symbols.find(this.#rawName, 0, this.#rawName.byteLength);
    if (this.symbol < 0) return -1;
    let at = this.unsigned(v, from + 15, LAST_ID);
    if (at < 0 || !isSide(v, at, BIDS)) return -1;
    at = this.levels(v, at + 8, 0);
    this.bids = this.levelsEnd;
    if (at < 0 || !isSide(v, at, ASKS)) return -1;
    at = this.levels(v, at + 8, this.bids);
    this.asks = this.levelsEnd - this.bids;
    this.values[TIME] = 0;
    this.kind = SNAPSHOT;
    return at;
  }

  private forceOrder(v: DataView, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (v.getUint8(at) === COMMA) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 111: bit = E_ORDER; at = v.getUint8(at) === OPEN_BRACE ? this.order(v, at) : -1; break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    this.kind = LIQUIDATION;
    return (seen & E_ORDER) !== 0 ? at : -1;
  }

  /** The order of a forceOrder from its brace on; PRICE_2 is its average price, or its limit where it has none. */
  private order(v: DataView, from: number): number {
    let at = from;
    let seen = 0;
    let bit = 0;
    while (v.getUint8(at) === COMMA || at === from) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 83:
          bit = E_SIDE;
          if (isSell(v, at)) {
            this.sell = SELL;
            at += 6;
          } else {
            at = isBuy(v, at) ? at + 5 : -1;
          }
          break;
        case 112: bit = E_PRICE; at = this.price(v, at, this.values, PRICE_1); break;
        case KEY_AP: bit = E_RATE; at = this.price(v, at, this.values, PRICE_2); break;
        case 113: bit = E_QUANTITY; at = this.quantity(v, at, this.values, QUANTITY_1); break;
        case 122: bit = E_FILLED; at = this.quantity(v, at, this.values, QUANTITY_2); break;
        case 84: bit = E_TIME; at = this.stamp(v, at, TIME); break;
        case 111: bit = E_SKIP_1; at = this.skipString(v, at); break;
        case 102: bit = E_SKIP_2; at = this.skipString(v, at); break;
        case 88: bit = E_SKIP_3; at = this.skipString(v, at); break;
        case 108: bit = E_SKIP_4; at = this.skipString(v, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, RATE); break;
        default: return -1;
      }
      if (at < 0 || (seen & bit) !== 0) return -1;
      seen |= bit;
    }
    if ((seen & ORDER_NEEDS) !== ORDER_NEEDS || v.getUint8(at) !== CLOSE_BRACE) return -1;
    const { values } = this;
    if ((seen & E_FILLED) !== 0) values[QUANTITY_1] = values[QUANTITY_2]!;
    if ((seen & E_RATE) === 0 || values[PRICE_2] === 0) values[PRICE_2] = values[PRICE_1]!;
    return values[QUANTITY_1]! > 0 && this.priced(PRICE_2) ? at + 1 : -1;
  }

  /** Prices of this kind are multiples of 10^-8 whatever the instrument; IDENTITY is the next funding time. */
  private markPrice(v: DataView, from: number): number {
    const { values } = this;
    values[PRICE_2] = 0;
    values[RATE] = 0;
    values[IDENTITY] = 0;
    let at = from;
    let seen = 0;
    let bit = 0;
    while (v.getUint8(at) === COMMA) {
      const key = this.key(v, at);
      at = this.#next;
      switch (key) {
        case 69: bit = E_EVENT; at = this.stamp(v, at, EVENT); break;
        case 115: bit = E_SYMBOL; at = this.symbolString(v, at); break;
        case 112: bit = E_PRICE; at = this.fixed(v, at, PRICE_1); break;
        case 105: bit = E_ASK; at = isEmpty(v, at) ? at + 2 : this.fixed(v, at, PRICE_2); break;
        case 114: bit = E_RATE; at = isEmpty(v, at) ? at + 2 : this.rate(v, at); break;
        // 0 on delivery contracts, which fund nobody.
        case 84: bit = E_TIME; at = v.getUint8(at) === 48 && (v.getUint8(at + 1) === COMMA || v.getUint8(at + 1) === CLOSE_BRACE) ? at + 1 : this.stamp(v, at, IDENTITY); break;
        case 80: bit = E_SKIP_1; at = this.skipString(v, at); break;
        case KEY_AP: bit = E_SKIP_5; at = this.skipString(v, at); break;
        case KEY_PS: bit = E_PAIR; at = this.skipString(v, at); break;
        case KEY_ST: bit = E_STATUS; at = this.unsigned(v, at, PREVIOUS_ID); break;
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

  /** A decimal string × 10^8. */
  private fixed(v: DataView, at: number, slot: number): number {
    return v.getUint8(at) === QUOTE ? this.decimal(v, at + 1, LEARNING_SCALE, this.values, slot) : -1;
  }

  /** A funding rate × 10^8, below one whole. */
  private rate(v: DataView, at: number): number {
    const { values } = this;
    const negative = v.getUint8(at) === QUOTE && v.getUint8(at + 1) === 45;
    const end = negative ? this.decimal(v, at + 2, LEARNING_SCALE, values, RATE) : this.fixed(v, at, RATE);
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

// Literals, each from its first letter to the closing quote. Their words overlap where the length is no multiple of four.
function isAggTrade(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === AGGT && v.getInt32(at + 4, true) === RADE && v.getUint8(at + 8) === QUOTE;
}

function isTrade(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === TRAD && v.getInt32(at + 2, true) === ADE_;
}

function isDepthUpdate(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === DEPT && v.getInt32(at + 4, true) === HUPD && v.getInt32(at + 8, true) === ATE_;
}

function isBookTicker(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === BOOK && v.getInt32(at + 4, true) === TICK && v.getInt32(at + 7, true) === KER_;
}

function isForceOrder(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === FORC && v.getInt32(at + 4, true) === EORD && v.getInt32(at + 7, true) === DER_;
}

function isMarkPriceUpdate(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === MARK_ && v.getInt32(at + 4, true) === PRIC && v.getInt32(at + 8, true) === EUPD && v.getInt32(at + 12, true) === ATE_;
}

/** `lastUpdateId":` */
function isLastUpdateId(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === LAST_ && v.getInt32(at + 4, true) === UPDA && v.getInt32(at + 8, true) === TEID && v.getUint16(at + 12, true) === QUOTE_COLON;
}

/** `,"bids":` or `,"asks":`, by the word in its middle. */
function isSide(v: DataView, at: number, side: number): boolean {
  return v.getUint16(at, true) === COMMA_QUOTE && v.getInt32(at + 2, true) === side && v.getUint16(at + 6, true) === QUOTE_COLON;
}

/** `"SELL"` */
function isSell(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === SEL_ && v.getUint16(at + 4, true) === L_QUOTE;
}

/** `"BUY"` */
function isBuy(v: DataView, at: number): boolean {
  return v.getInt32(at, true) === BUY_ && v.getUint8(at + 4) === QUOTE;
}

function isEmpty(v: DataView, at: number): boolean {
  return v.getUint16(at, true) === TWO_QUOTES;
}
