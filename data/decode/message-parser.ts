import { Flag, Kind } from '../records/index.js';
import * as lexer from './frame-lexer.js';
import { FrameLexer } from './frame-lexer.js';
import * as numbers from './number-lexer.js';
import { wordOf } from './number-lexer.js';

// V8 folds a constant of this module, and loads an imported one from memory each time.
const { TWO_LETTERS } = lexer;
const { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, QUOTE } = numbers;
const { EVENT, TIME, IDENTITY, FIRST_ID, LAST_ID, PREVIOUS_ID, PRICE_1, QUANTITY_1, PRICE_2, QUANTITY_2, RATE } = numbers;
const { SELL } = Flag;
const { TRADE, AGG_TRADE, BOOK_TICKER, DEPTH, SNAPSHOT, LIQUIDATION, MARK } = Kind;

/** Steps of 10^-8, in which a first pass over unknown instruments reads every number. */
export const LEARNING_SCALE = 8;
/** Largest funding rate × 10^8 that a record holds. */
const MAX_RATE = 2_147_483_647;

// Literals of the messages as little-endian words.
const KEY_E = wordOf(',"E"');
const KEY_S = wordOf(',"s"');
const KEY_A = wordOf(',"a"');
const KEY_P = wordOf(',"p"');
const KEY_Q = wordOf(',"q"');
const KEY_F = wordOf(',"f"');
const KEY_L = wordOf(',"l"');
const KEY_T = wordOf(',"T"');
const KEY_M = wordOf(',"m"');
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

/** Two-letter keys, as {@link FrameLexer.key} numbers them. */
const KEY_PS = TWO_LETTERS | 112 | (115 << 8);
const KEY_PU = TWO_LETTERS | 112 | (117 << 8);
const KEY_ST = TWO_LETTERS | 115 | (116 << 8);
const KEY_NQ = TWO_LETTERS | 110 | (113 << 8);
const KEY_AP = TWO_LETTERS | 97 | (112 << 8);

/**
 * Reads the messages of Binance's streams: their keys in any order (the symbol before what is scaled by it), each once.
 * As in the lexers, -1 is whatever is not exactly as expected.
 */
export abstract class MessageParser extends FrameLexer {
  /** What was read, a record kind. */
  kind = 0;
  /** {@link Flag.SELL} or 0. */
  sell = 0;
  bids = 0;
  asks = 0;
  /** The stream is `@depth` with a number of levels: the top of a book, not a diff. */
  protected partial = false;
  /** Diffs name the id of the one before, as those of futures do. */
  readonly #linked: boolean;

  constructor(maxPrice: number, linked: boolean) {
    super(maxPrice);
    this.#linked = linked;
  }

  /** The symbol that the message's stream is named for, -1 for none. */
  protected abstract streamSymbol(v: DataView, wrapped: boolean): number;

  /** The message from its first key on; returns the index of its closing brace. */
  protected message(v: DataView, at: number, wrapped: boolean): number {
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
      at = this.next;
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
      at = this.next;
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
      at = this.next;
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
      at = this.next;
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
    this.kind = this.partial ? SNAPSHOT : DEPTH;
    return at;
  }

  /** `{"lastUpdateId":ID,"bids":[…],"asks":[…]}`, whose symbol is in the stream's name. */
  private partialBook(v: DataView, from: number, wrapped: boolean): number {
    if (!isLastUpdateId(v, from + 1)) return -1;
    this.symbol = this.streamSymbol(v, wrapped);
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
      at = this.next;
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
      at = this.next;
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
      at = this.next;
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
