import { parseJson } from '../import/framing.js';
import { BinanceFrames } from '../import/formats/binance-frames.js';
import { BinanceMessages } from '../import/formats/binance-messages.js';
import type { DecoderContext } from '../import/formats/format.js';
import { BadRow, ImportError, REFUSALS, type Refusal } from '../import/import-error.js';
import { PLACEHOLDER, RecordSink } from '../import/record-sink.js';
import { StepSize } from '../import/exact-number.js';
import { SymbolTable } from '../import/symbol-table.js';
import { KIND_MASK, MAX_SYMBOLS, TAG, WORDS_F, WORDS_I, type Instrument } from '../records/index.js';
import { FALLBACK, FrameParser, type BinanceMarket } from './frame-parser.js';
import { recordsOf, writeRecords } from './record-writer.js';

/** Where records go: two views over the same bytes, a batch or a run of a ring. */
export interface RecordTarget {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

export interface FrameDecoderOptions {
  readonly market: BinanceMarket;
  /** The symbols to take, by their index on the tape (0, 1, 2 … without holes); others are ignored. */
  readonly instruments: readonly Instrument[];
  /** The stream of a connection that sends messages without an envelope, e.g. `btcusdt@depth20`. */
  readonly rawStream?: string;
  /** Judge every frame by JSON.parse, as tests do who compare. */
  readonly slowOnly?: boolean;
  /** Makes the view through which the fast path reads memory, for tests that count its looks. */
  readonly viewOf?: (buffer: ArrayBufferLike) => DataView;
}

/** What became of a frame. */
export type Outcome = 'fast' | 'slow' | 'ignored' | 'refused' | 'noRoom';

export interface DecoderCounts {
  /** Frames that became records without JSON.parse, and with it. */
  readonly fast: number;
  readonly fallback: number;
  /** Frames that are no market data, or of symbols that nobody asked for. */
  readonly ignored: number;
  /** Frames that JSON.parse or the schema refuses. */
  readonly refused: number;
  readonly byReason: Readonly<Record<Refusal, number>>;
}

const OTHER_SYMBOL = 'symbol that was not asked for';

/**
 * Turns a venue's frames into records: by their bytes where they are as the venue is known to send them, else by
 * JSON.parse and the schema of the importers, whose answer is the measure of the first. Decoding by bytes allocates
 * nothing. Any bytes are a frame; none makes it throw.
 */
export class FrameDecoder {
  readonly #parser: FrameParser;
  readonly #slowOnly: boolean;
  readonly #slow: SlowDecoder;
  readonly #counts = new Float64Array(4);
  #outcome: Outcome = 'ignored';

  /** @throws RangeError for indexes with holes, too many symbols, or sizes that are no decimal numbers. */
  constructor(options: FrameDecoderOptions) {
    const { market, instruments, rawStream = '' } = options;
    if (instruments.length > MAX_SYMBOLS) throw new RangeError(`${instruments.length} instruments, more than ${MAX_SYMBOLS}`);
    instruments.forEach(({ index, symbol }, at) => {
      if (index !== at) throw new RangeError(`instrument ${symbol} has index ${index}, expected ${at}`);
    });
    this.#parser = new FrameParser(market, false, rawStream, options.viewOf);
    for (const instrument of instruments) this.#parser.addInstrument(instrument);
    this.#slowOnly = options.slowOnly === true;
    this.#slow = new SlowDecoder(market, instruments, rawStream);
  }

  /**
   * Decodes the frame in bytes [from, to) into records of `target` from slot `at` on, at most `room` of them; element 0
   * of `recvUs` is its receive stamp in µs, 0 for none. Returns how many it wrote, every word of each (sequence number
   * 0); 0 when the frame is ignored or refused, see {@link lastOutcome}; or minus the number of slots it needs when
   * `room` is less: then nothing is written or counted, and the frame may come again.
   */
  decode(bytes: Uint8Array, from: number, to: number, recvUs: Float64Array, target: RecordTarget, at: number, room: number): number {
    if (!this.#slowOnly && this.#parser.parse(bytes, from, to) !== FALLBACK) {
      const needed = recordsOf(this.#parser);
      if (needed > room) return this.#noRoom(needed);
      writeRecords(this.#parser, recvUs, target.F, target.I, at);
      this.#outcome = 'fast';
      this.#counts[FAST]! += 1;
      return needed;
    }
    return this.#decodeSlowly(bytes, from, to, recvUs, target, at, room);
  }

  /** What became of the last frame. */
  get lastOutcome(): Outcome {
    return this.#outcome;
  }

  /** Why the last frame was ignored or refused, a line for a person; "" otherwise. */
  get lastReason(): string {
    return this.#outcome === 'ignored' || this.#outcome === 'refused' ? this.#slow.reason : '';
  }

  /** Totals since the beginning, in an object of their own. */
  get counts(): DecoderCounts {
    const counts = this.#counts;
    const byReason = Object.fromEntries(REFUSALS.map((refusal) => [refusal, this.#slow.refusals[refusal]])) as Record<Refusal, number>;
    return { fast: counts[FAST]!, fallback: counts[FELL_BACK]!, ignored: counts[IGNORED]!, refused: counts[REFUSED]!, byReason };
  }

  #noRoom(needed: number): number {
    this.#outcome = 'noRoom';
    return -needed;
  }

  #decodeSlowly(bytes: Uint8Array, from: number, to: number, recvUs: Float64Array, target: RecordTarget, at: number, room: number): number {
    const records = this.#slow.read(bytes, from, to, recvUs[0]!);
    if (records < 0) {
      this.#outcome = 'refused';
      this.#slow.refusals[this.#slow.refusal] += 1;
      this.#counts[REFUSED]! += 1;
      return 0;
    }
    if (records === 0) {
      this.#outcome = 'ignored';
      this.#counts[IGNORED]! += 1;
      return 0;
    }
    if (records > room) return this.#noRoom(records);
    target.F.set(this.#slow.words(records), at * WORDS_F);
    this.#outcome = 'slow';
    this.#counts[FELL_BACK]! += 1;
    return records;
  }
}

const FAST = 0;
const FELL_BACK = 1;
const IGNORED = 2;
const REFUSED = 3;

/** JSON.parse and the importers' schema: the judge of every frame. */
class SlowDecoder {
  readonly refusals: Record<Refusal, number> = { json: 0, shape: 0, number: 0, time: 0, symbol: 0, range: 0, step: 0, venue: 0 };
  refusal: Refusal = 'json';
  reason = '';
  readonly #frames: BinanceFrames;
  readonly #sink: RecordSink;
  readonly #stream: string;

  constructor(market: BinanceMarket, instruments: readonly Instrument[], rawStream: string) {
    const symbols = new SymbolTable(instruments.map(({ symbol }) => symbol), market);
    const resolved = instruments.map((instrument) => ({
      instrument, tick: new StepSize(instrument.tickSize), lot: new StepSize(instrument.lotSize), tickStated: false, lotStated: false,
    }));
    this.#sink = new RecordSink(symbols, resolved, { roundedPrices: 0, roundedQuantities: 0 });
    this.#stream = rawStream;
    const mixed = (because: string): never => {
      throw new BadRow(because, 'venue');
    };
    const context: DecoderContext = {
      sink: this.#sink,
      venue: market,
      fileSymbol: () => -1,
      venueNamed: (name) => mixed(`is of ${name}`),
      venueShown: (venues, because) => {
        if (!venues.includes(market)) mixed(because);
      },
      ignore: (what) => void (this.reason = what),
      learned: new Map(),
    };
    this.#frames = new BinanceFrames(new BinanceMessages(context), () => mixed('a JSON-RPC message is of Deribit'));
  }

  /** Records the frame makes, 0 when it is ignored, -1 when it is refused. */
  read(bytes: Uint8Array, from: number, to: number, receivedUs: number): number {
    const sink = this.#sink;
    sink.dropBook();
    sink.clear();
    this.reason = '';
    if (!(from >= 0 && from <= to && to <= bytes.length)) {
      this.refusal = 'json';
      this.reason = 'is outside of its bytes';
      return -1;
    }
    try {
      const frame = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
      this.#frames.read(parseJson(frame, 0, frame.length), receivedUs, this.#stream, '');
    } catch (error) {
      if (!(error instanceof BadRow) && !(error instanceof ImportError)) throw error;
      this.refusal = error instanceof BadRow ? error.refusal : 'venue';
      this.reason = error.message;
      return -1;
    }
    this.#dropPlaceholders();
    if (sink.batch.length === 0 && this.reason === '') this.reason = OTHER_SYMBOL;
    return sink.batch.length;
  }

  words(records: number): Float64Array {
    return this.#sink.batch.F.subarray(0, records * WORDS_F);
  }

  /** Ids that were used up without a trade are the sequence guard's business, not a record. */
  #dropPlaceholders(): void {
    const { batch } = this.#sink;
    let kept = 0;
    for (let record = 0; record < batch.length; record += 1) {
      if ((batch.I[record * WORDS_I + TAG]! & KIND_MASK) === PLACEHOLDER) continue;
      if (kept !== record) batch.F.copyWithin(kept * WORDS_F, record * WORDS_F, (record + 1) * WORDS_F);
      kept += 1;
    }
    batch.length = kept;
  }
}
