import { SimulatedMatcher } from '../../../actors/index.js';
import { MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import type { RecordBatch } from '../../../data/records/index.js';
import type { Decoding } from './decoding.js';
import { INSTRUMENT } from './frames.js';
import { DecodingPlacement } from './placement.js';
import { LiveSession } from './session.js';
import { spinUs } from './spin.js';

/** Everything on the main loop. `kernelUs`: busy-work for every record, to make the kernel heavier than it is. */
export class InlinePlacement extends DecodingPlacement {
  readonly session: LiveSession;

  constructor({ decoding, kernelUs = 0 }: { readonly decoding?: Decoding; readonly kernelUs?: number } = {}) {
    super(decoding);
    this.session = new LiveSession(this.decided, kernelUs === 0 ? undefined : new HeavyKernel(kernelUs));
  }

  protected take(batch: RecordBatch): void {
    const { session, sampleEvery } = this;
    const first = this.taken - batch.length;
    let from = 0;
    while (from < batch.length) {
      const sampled = this.isSampled(first + from);
      if (sampled) session.retell();
      const next = sampleEvery === 0 ? batch.length : (Math.floor((first + from) / sampleEvery) + 1) * sampleEvery - first;
      const to = Math.min(next, batch.length);
      session.take(batch, from, to);
      from = to;
    }
  }
}

/** A kernel that takes `kernelUs` longer for every record. */
class HeavyKernel extends MarketKernel {
  readonly #kernelUs: number;

  constructor(kernelUs: number) {
    const { indicators, trading } = DEFAULT_CONFIG;
    super([INSTRUMENT], ({ symbol }) => paramsForSymbol(indicators, symbol), { makeMatcher: () => new SimulatedMatcher(trading.venue) });
    this.#kernelUs = kernelUs;
  }

  override run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs = Infinity): number {
    for (let at = from; at < to; at += 1) {
      if (super.run(F, I, at, at + 1, untilUs) === at) return at;
      spinUs(this.#kernelUs);
      if (this.edges.length > 0) return at + 1;
    }
    return to;
  }
}
