/** Runs the product's own market kernel over records and keeps what the market view shows of each symbol. */
import { insideMessage, MarketKernel, type Control } from '../../actors/market/index.js';
import { paramsForSymbol } from '../../config/indicators.js';
import type { Config } from '../../config/index.js';
import {
  Flag, Kind, KIND_MASK, PRICE, QTY, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch,
} from '../../data/records/index.js';
import { SymbolData, type HeatSize } from './symbol-data.js';

/** Columns of a heat map of one symbol, fewer the more symbols there are. */
const MOST_HEAT_COLUMNS = 16_384;
const LEAST_HEAT_COLUMNS = 512;
const HEAT_STEP_US = 250_000;

export class MarketScan {
  readonly kernel: MarketKernel;
  readonly symbols: readonly SymbolData[];
  readonly #bySymbol: (SymbolData | undefined)[] = [];
  /** Records taken, and the tape's clock at the first and last. */
  records = 0;
  firstUs = 0;
  lastUs = 0;
  #seq = 0;

  constructor(instruments: readonly Instrument[], config: Config) {
    this.kernel = new MarketKernel(instruments, ({ symbol }) => paramsForSymbol(config.indicators, symbol));
    const heat: HeatSize = { columns: Math.max(LEAST_HEAT_COLUMNS, Math.floor((MOST_HEAT_COLUMNS * 4) / Math.max(4, instruments.length))), stepUs: HEAT_STEP_US };
    this.symbols = this.kernel.symbols.map((symbol) => new SymbolData(symbol, heat));
    for (const data of this.symbols) this.#bySymbol[data.kernel.index] = data;
  }

  get bytes(): number {
    let sum = 0;
    for (const symbol of this.symbols) sum += symbol.bytes;
    return sum;
  }

  /** What a detector told the kernel. */
  control(control: Control): void {
    this.kernel.control(control);
  }

  /** Takes the records of the batch, which are numbered anew where `renumber` says that tapes follow each other. */
  take(batch: RecordBatch, renumber: boolean): void {
    const { F, I, length } = batch;
    const { kernel } = this;
    for (let at = 0; at < length; ) {
      const tag = I[at * WORDS_I + TAG];
      let end = at + 1;
      while (end < length && insideMessage(I[end * WORDS_I + TAG]) && (I[end * WORDS_I + TAG] >>> SYMBOL_SHIFT) === tag >>> SYMBOL_SHIFT) end += 1;
      if (renumber) for (let r = at; r < end; r += 1) F[r * WORDS_F + SEQ] = this.#seq++;
      // It stops after every edge.
      for (let next = at; next < end; ) next = kernel.run(F, I, next, end);
      const us = kernel.clockUs;
      this.records += end - at;
      if (this.firstUs === 0) this.firstUs = us;
      this.lastUs = us;
      const data = this.#bySymbol[tag >>> SYMBOL_SHIFT];
      if (data !== undefined && us > 0) {
        const kind = tag & KIND_MASK;
        if (kind === Kind.TRADE || kind === Kind.AGG_TRADE) data.trade(kind, I[at * WORDS_I + PRICE], F[at * WORDS_F + QTY], (tag & Flag.SELL) !== 0, us);
        else if (kind === Kind.LIQUIDATION) data.liquidation(I[at * WORDS_I + PRICE], F[at * WORDS_F + QTY], (tag & Flag.SELL) !== 0, us);
        data.look(us);
      }
      at = end;
    }
  }
}
