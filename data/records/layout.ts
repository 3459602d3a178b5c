/**
 * The one record layout of Faultline: 64 bytes from the decoder to the disk to the thread.
 *
 * A record is eight 64-bit words, little-endian, seen at once through a `Float64Array` (F, word index
 * `f = record * 8`) and an `Int32Array` (I, word index `i = record * 16`) over the same bytes. Kernels
 * take (F, I, record) and never an object. Field names below are offsets to add to `f` or `i`.
 *
 * | bytes | view | field      | unit and meaning |
 * | ----- | ---- | ---------- | ---------------- |
 * | 0-7   | F+0  | SEQ        | input sequence number, given at the door: 0, 1, 2 … per tape, exact to 2^53 |
 * | 8-15  | F+1  | RECV_US    | receive stamp, µs since the epoch; 0 = none was recorded |
 * | 16-23 | F+2  | EXCH_US    | exchange event stamp, µs since the epoch; 0 = none was sent |
 * | 24-31 | F+3  | ID         | trade id, or the (final) book update id `u`; see each kind |
 * | 32-39 | F+4  | QTY        | quantity in lots (an integer held in a double, exact to 2^53) |
 * | 40-47 | F+5  | AUX        | second quantity or second id; see each kind (CANDLE uses I+10, I+11 instead) |
 * | 48-51 | I+12 | PRICE      | price in ticks |
 * | 52-55 | I+13 | TAG        | kind (bits 0-7), flags (bits 8-15), symbol index in the tape header (bits 16-31) |
 * | 56-59 | I+14 | PRICE2     | second price in ticks; see each kind |
 * | 60-63 | I+15 | EXTRA      | small integer; see each kind |
 */
export const LAYOUT_VERSION = 1;
export const RECORD_BYTES = 64;
export const WORDS_F = 8;
export const WORDS_I = 16;

export const SEQ = 0;
export const RECV_US = 1;
export const EXCH_US = 2;
export const ID = 3;
export const QTY = 4;
export const AUX = 5;

export const LOW = 10;
export const CLOSE = 11;
export const PRICE = 12;
export const TAG = 13;
export const PRICE2 = 14;
export const EXTRA = 15;

/** Record kinds. Values are on disk: append, never renumber. */
export const Kind = {
  /** One trade. ID trade id, QTY lots, PRICE ticks, flag SELL when the taker sold. */
  TRADE: 1,
  /** Aggregate trade. As TRADE with ID = aggregate id; AUX = first trade id; EXTRA = trades in it. */
  AGG_TRADE: 2,
  /** Best quotes. PRICE/QTY = best bid, PRICE2/AUX = best ask (ticks, lots), ID = update id (0 = none). An empty side has quantity 0 and price 0. */
  BOOK_TICKER: 3,
  /**
   * One changed price level of a depth diff; a message is a run of these, marked FIRST … LAST. PRICE ticks,
   * QTY lots (0 = level removed), flag SELL = ask side, ID = final update id `u` of the message, AUX = the id that
   * must equal the previous message's `u` (spot: U-1; futures: pu; Deribit: prev_change_id), EXTRA = u-U,
   * saturated at 2^31-1. A diff that changes nothing is one record with flag EMPTY, FIRST and LAST.
   */
  DEPTH: 4,
  /** One level of a whole-book snapshot (REST or venue), same fields as DEPTH; ID = lastUpdateId, AUX = 0. */
  SNAPSHOT: 5,
  /** Forced liquidation order. PRICE average (or order) price, QTY filled lots, flag SELL = a long was liquidated. */
  LIQUIDATION: 6,
  /** Mark price. QTY = mark price x 1e8, AUX = index price x 1e8 (0 = none), EXTRA = funding rate x 1e8, ID = next funding time µs (0 = none). */
  MARK: 7,
  /** Closed bar. PRICE open, PRICE2 high, I+10 LOW, I+11 CLOSE (ticks), QTY volume lots, EXTRA seconds of the bar, ID = trades in it (0 = unknown). EXCH_US = end of bar (the first instant after it). */
  CANDLE: 8,
  /** A hole in a venue's sequence, recorded where it was noticed. ID = last id before, AUX = first id after, QTY = ids missing, EXTRA = kind of the stream that broke. Where we lost the records ourselves (`lossGap`) no ids are known: ID and AUX are 0, QTY = records lost. */
  GAP: 9,
  /** Settled funding. QTY = rate x 1e8. */
  FUNDING: 10,
  /** Aggregated depth within a band of the mid (Binance archive bookDepth). EXTRA = band in basis points of price (signed), QTY = depth lots, AUX = notional x 100. */
  DEPTH_BAND: 11,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];
export const KIND_NAMES = [
  '', 'trade', 'aggTrade', 'bookTicker', 'depth', 'snapshot', 'liquidation', 'markPrice', 'candle', 'gap', 'funding', 'depthBand',
] as const;

/** Flags, already shifted to their place in TAG. */
export const Flag = {
  /** Taker sold (trades), ask side (levels), a long was liquidated (liquidations). */
  SELL: 1 << 8,
  /** First record of a multi-record message. */
  FIRST: 1 << 9,
  /** Last record of a multi-record message. */
  LAST: 1 << 10,
  /** The message carried no level. */
  EMPTY: 1 << 11,
  /** Injected by fault replay (a duplicate, the gap record of a loss); never written by an importer. */
  INJECTED: 1 << 12,
} as const;

export const KIND_MASK = 0xff;
export const SYMBOL_SHIFT = 16;
export const MAX_SYMBOLS = 65_536;
/** Largest price in ticks that a record can hold. */
export const MAX_PRICE_TICKS = 2_147_483_647;
/** Scale of MARK, FUNDING and index prices. */
export const FIXED_SCALE = 100_000_000;

/** Records of a block on the tape and the largest unit a reader hands out: 64 KiB. */
export const BLOCK_RECORDS = 1024;
