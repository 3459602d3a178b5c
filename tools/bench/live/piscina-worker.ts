import { MarketKernel, type Edge } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import { SimulatedMatcher } from '../../../actors/index.js';
import { allocateBatch, SEQ } from '../../../data/records/index.js';
import { ByteDecoding } from './decoding.js';
import { INSTRUMENT } from './frames.js';

/** One frame. */
export interface FrameTask {
  readonly bytes: Uint8Array;
  readonly number: number;
  readonly chunkUs: number;
  readonly sampled: boolean;
}

const { indicators, trading } = DEFAULT_CONFIG;
const kernel = new MarketKernel([INSTRUMENT], ({ symbol }) => paramsForSymbol(indicators, symbol), { makeMatcher: () => new SimulatedMatcher(trading.venue) });
const decoding = new ByteDecoding();
const batch = allocateBatch(1);

/** Decodes a frame and runs the kernel on it, which lives as long as its thread; returns the edges, undefined for none. */
export default function decide({ bytes, number, chunkUs, sampled }: FrameTask): readonly Edge[] | undefined {
  if (decoding.decode(bytes, chunkUs, batch, 0) !== 1) throw new Error('no record');
  batch.F[SEQ] = number;
  if (sampled) kernel.retell();
  kernel.run(batch.F, batch.I, 0, 1);
  return kernel.edges.length === 0 ? undefined : [...kernel.edges];
}
