import { MarketKernel } from '../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../config/indicators.js';
import { allocateBatch, BLOCK_RECORDS, type RecordBatch } from '../../data/records/index.js';
import { EndlessTape } from './endless-tape.js';

/** The tick path alone: tape, book, candles, indicators, edges. Nobody takes the edges. */
export class TickPath {
  readonly kernel: MarketKernel;
  readonly #tape: EndlessTape;
  readonly #batch: RecordBatch = allocateBatch(BLOCK_RECORDS);
  /** Edges raised so far. */
  edges = 0;

  constructor(path: string) {
    this.#tape = new EndlessTape(path);
    this.kernel = new MarketKernel(this.#tape.header.instruments, () => DEFAULT_INDICATOR_PARAMS);
  }

  /** Takes at least `records` more records (up to the end of a block). */
  run(records: number): void {
    const { kernel } = this;
    const { F, I } = this.#batch;
    for (let done = 0; done < records;) {
      const count = this.#tape.next(this.#batch);
      for (let at = 0; at < count;) {
        at = kernel.run(F, I, at, count);
        this.edges += kernel.edges.length;
      }
      done += count;
    }
  }

  close(): void {
    this.#tape.close();
  }
}
