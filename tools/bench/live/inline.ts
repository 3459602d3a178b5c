import { SimulatedMatcher } from '../../../actors/index.js';
import { MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import type { RecordBatch } from '../../../data/records/index.js';
import type { Decoding } from './decoding.js';
import { INSTRUMENT } from './frames.js';
import { DecodingPlacement } from './placement.js';
import { InlineSession } from './inline-session.js';
import { beHeavy } from './heavy.js';

/** Everything on the main loop. `heavy`: with busy-work for every record, to make the kernel heavier than it is. */
export class InlinePlacement extends DecodingPlacement {
  readonly session: InlineSession;

  constructor({ decoding, heavy = false }: { readonly decoding?: Decoding; readonly heavy?: boolean } = {}) {
    super(decoding);
    this.session = new InlineSession(this.decided, heavy ? new HeavyKernel() : undefined);
  }

  protected take(batch: RecordBatch): void {
    const first = this.taken - batch.length;
    for (let from = 0; from < batch.length; ) {
      if (this.isSampled(first + from)) this.session.retell();
      const to = Math.min(batch.length, this.nextSample(first + from) - first);
      this.session.take(batch, from, to);
      from = to;
    }
  }
}

/** A kernel that takes HEAVY_US longer for every record. */
class HeavyKernel extends MarketKernel {
  constructor() {
    const { indicators, trading } = DEFAULT_CONFIG;
    super([INSTRUMENT], ({ symbol }) => paramsForSymbol(indicators, symbol), { makeMatcher: () => new SimulatedMatcher(trading.venue) });
  }

  override run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs = Infinity): number {
    for (let at = from; at < to; at += 1) {
      if (super.run(F, I, at, at + 1, untilUs) === at) return at;
      beHeavy();
      if (this.edges.length > 0) return at + 1;
    }
    return to;
  }
}
