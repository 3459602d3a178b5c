import { StepSize } from '../import/exact-number.js';
import { MAX_PRICE_TICKS, type Instrument } from '../records/index.js';
import { MessageParser } from './message-parser.js';
import * as numbers from './number-lexer.js';
import { wordOf } from './number-lexer.js';

// V8 folds a constant of this module, and loads an imported one from memory each time.
const { CLOSE_BRACE, OPEN_BRACE, QUOTE, LOOK_AHEAD, MAX_STEP_SCALE } = numbers;
const { imul } = Math;

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
const NO_BYTES = new Uint8Array(64);
/** Frames at the end of their memory are copied up to this size. */
const COPY_BYTES = 1 << 20;

// Literals of the envelope as little-endian words.
const BRACE_QUOTE = OPEN_BRACE | (QUOTE << 8);
const STREAM_0 = wordOf('{"st');
const STREAM_4 = wordOf('ream');
const STREAM_7 = wordOf('m":"');
const DATA_0 = wordOf('","d');
const DATA_4 = wordOf('ata"');
const DATA_7 = wordOf('":{"');
const AT_DEP = wordOf('@dep');
const T_H = 116 | (104 << 8);
/** Streams whose names are remembered, and words kept of each: the whole ones, and the last four bytes. */
const STREAMS = 64;
const STREAM_WORDS = 16;

const LEARNING_STEP = new StepSize('0.00000001');

/**
 * Reads one Binance stream message from its bytes into fields, without making an object or a string. It knows the
 * messages as the venue sends them: their keys in any order (the symbol before what is scaled by it), each once, no
 * blanks, no escapes, numbers in their plain form. Whatever else there is in a frame, valid or not, is answered with
 * {@link FALLBACK}: what the parser takes is always JSON, and always what JSON.parse with {@link BinanceMessages} takes.
 *
 * Work is linear in the length: every byte is looked at once or twice.
 */
export class FrameParser extends MessageParser {
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
  /** Room for frames that lie at the end of their memory. */
  #copy = new Uint8Array(0);
  #copyView: DataView;
  readonly #viewOf: (buffer: ArrayBufferLike) => DataView;
  readonly #rawPartial: boolean;
  readonly #rawName: DataView;

  /**
   * `learning`: instruments are not known yet and every price and quantity is read as a multiple of 10^-8.
   * `rawStream`: name of the stream that messages without an envelope come from, "" when unknown. `viewOf` makes the
   * view through which memory is read; who counts looks brings another.
   */
  constructor(market: BinanceMarket, learning = false, rawStream = '', viewOf = (buffer: ArrayBufferLike): DataView => new DataView(buffer)) {
    super(learning ? Number.MAX_SAFE_INTEGER : MAX_PRICE_TICKS, market !== 'binance-spot');
    this.#rawPartial = isPartialDepth(rawStream);
    this.#rawName = new DataView(new TextEncoder().encode(rawStream.includes('@') ? rawStream.slice(0, rawStream.indexOf('@')) : '').buffer);
    this.#viewOf = viewOf;
    this.#copyView = viewOf(this.#copy.buffer);
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
    this.partial = this.#rawPartial;
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
    if (to - from > COPY_BYTES) return -1;
    if (to - from + LOOK_AHEAD > this.#copy.length) {
      this.#copy = new Uint8Array(2 * (to - from) + LOOK_AHEAD);
      this.#copyView = this.#viewOf(this.#copy.buffer);
    }
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
      this.partial = this.#streamPartials[entry] === 1;
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
    this.partial = name > 0 && v.getInt32(name, true) === AT_DEP && v.getUint16(name + 4, true) === T_H && (v.getUint8(name + 6) ^ 48) <= 9;
    this.predicted = 0;
    const length = at - start;
    if (length >= 4 && length <= 4 * (STREAM_WORDS - 1) + 3) {
      const first = entry * STREAM_WORDS;
      for (let k = 0; k < length >>> 2; k += 1) this.#streamWords[first + k] = v.getInt32(start + 4 * k, true);
      this.#streamWords[first + STREAM_WORDS - 1] = v.getInt32(at - 4, true);
      this.#streamLengths[entry] = length;
      this.#streamAts[entry] = name - start;
      this.#streamPartials[entry] = this.partial ? 1 : 0;
      this.#streamSymbols[entry] = 0;
    }
    return this.data(v, at);
  }

  /** `","data":{"` */
  private data(v: DataView, at: number): number {
    return v.getInt32(at, true) === DATA_0 && v.getInt32(at + 4, true) === DATA_4 && v.getInt32(at + 7, true) === DATA_7 ? at + 10 : -1;
  }

  protected override streamSymbol(v: DataView, wrapped: boolean): number {
    return wrapped ? this.symbols.find(v, this.#nameFrom, this.#nameTo) : this.symbols.find(this.#rawName, 0, this.#rawName.byteLength);
  }
}

/** Whether a stream carries whole tops of books (`btcusdt@depth20@100ms`), not diffs (`btcusdt@depth@100ms`). */
export function isPartialDepth(stream: string): boolean {
  const at = stream.indexOf('@');
  return at >= 0 && /^@depth\d/.test(stream.slice(at));
}
