import {
  EVENT, FIRST_ID, IDENTITY, LAST_ID, PREVIOUS_ID, PRICE_1, PRICE_2, QUANTITY_1, QUANTITY_2, RATE, TIME,
} from '../../decode/number-lexer.js';
import { FALLBACK, FrameParser, type BinanceMarket } from '../../decode/frame-parser.js';
import { LEARNING_SCALE } from '../../decode/message-parser.js';
import { recordsOf, writeRecords } from '../../decode/record-writer.js';
import { Flag, Kind } from '../../records/index.js';
import { ExactNumber } from '../exact-number.js';
import type { RecordSink } from '../record-sink.js';

/**
 * The decoders in an import: reads stream messages by their bytes, with the effect on the sink that
 * {@link BinanceMessages} has. In the first pass the steps of the instruments are not known yet, so every number is read
 * as a multiple of 10^-8 and handed to the sink, which learns from it; in the second frames become records directly.
 */
export class BinanceBytes {
  readonly #sink: RecordSink;
  readonly #parser: FrameParser;
  readonly #recvUs = new Float64Array(1);
  readonly #a = new ExactNumber();
  readonly #b = new ExactNumber();
  readonly #c = new ExactNumber();
  readonly #d = new ExactNumber();
  #knownSymbols = 0;

  constructor(market: BinanceMarket, sink: RecordSink) {
    this.#sink = sink;
    this.#parser = new FrameParser(market, sink.scanning);
    for (const { instrument } of sink.instruments ?? []) this.#parser.addInstrument(instrument);
  }

  /** Reads bytes [from, to). False leaves the frame to JSON.parse, nothing done. @throws BadRow for what the sink refuses. */
  read(bytes: Uint8Array, from: number, to: number, receivedUs: number): boolean {
    const sink = this.#sink;
    if (sink.scanning) {
      // A symbol is met first by JSON.parse, which judges its name.
      const { names } = sink.symbols;
      for (; this.#knownSymbols < names.length; this.#knownSymbols += 1) this.#parser.addSymbol(names[this.#knownSymbols]!, this.#knownSymbols);
    }
    if (this.#parser.parse(bytes, from, to) === FALLBACK) return false;
    if (sink.scanning) {
      this.#learn(receivedUs);
    } else {
      this.#recvUs[0] = receivedUs;
      const at = sink.reserve(recordsOf(this.#parser));
      writeRecords(this.#parser, this.#recvUs, sink.batch.F, sink.batch.I, at);
    }
    return true;
  }

  #learn(receivedUs: number): void {
    const { kind, symbol, values } = this.#parser;
    const sell = this.#parser.sell === Flag.SELL;
    const timeUs = values[TIME]!;
    const id = values[IDENTITY]!;
    const price = this.#exact(this.#a, values, PRICE_1);
    const quantity = this.#exact(this.#b, values, QUANTITY_1);
    switch (kind) {
      case Kind.AGG_TRADE: {
        const first = values[FIRST_ID]!;
        return this.#sink.aggTrade(symbol, receivedUs, timeUs, id, first, values[LAST_ID]! - first + 1, price, quantity, sell);
      }
      case Kind.TRADE: return this.#sink.trade(symbol, receivedUs, timeUs, id, price, quantity, sell);
      case Kind.BOOK_TICKER:
        return this.#sink.bookTicker(symbol, receivedUs, timeUs, id, price, quantity, this.#exact(this.#c, values, PRICE_2), this.#exact(this.#d, values, QUANTITY_2));
      case Kind.LIQUIDATION: return this.#sink.liquidation(symbol, receivedUs, timeUs, price, this.#exact(this.#c, values, PRICE_2), quantity, sell);
      case Kind.MARK:
        return this.#sink.mark(symbol, receivedUs, values[EVENT]!, price, this.#exact(this.#c, values, PRICE_2), this.#exact(this.#d, values, RATE), id);
      case Kind.DEPTH: return this.#learnBook(Kind.DEPTH, receivedUs, values[PREVIOUS_ID]!, values[LAST_ID]! - values[FIRST_ID]!);
      case Kind.SNAPSHOT: return this.#learnBook(Kind.SNAPSHOT, receivedUs, 0, 0);
      default: throw new Error(`the parser answered kind ${kind}`);
    }
  }

  #learnBook(kind: typeof Kind.DEPTH | typeof Kind.SNAPSHOT, receivedUs: number, previousId: number, span: number): void {
    const sink = this.#sink;
    const { symbol, values, bids, asks, prices, quantities } = this.#parser;
    sink.openBook(kind, symbol, receivedUs, values[TIME]!, values[LAST_ID]!, previousId, span);
    try {
      for (let level = 0; level < bids + asks; level += 1) sink.level(level >= bids, this.#exact(this.#a, prices, level), this.#exact(this.#b, quantities, level));
    } catch (error) {
      sink.dropBook();
      throw error;
    }
    sink.closeBook();
  }

  #exact(out: ExactNumber, values: Float64Array, at: number): ExactNumber {
    out.setScaled(values[at]!, LEARNING_SCALE);
    return out;
  }
}
