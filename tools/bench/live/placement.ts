import { allocateBatch, SEQ, WORDS_F, type RecordBatch } from '../../../data/records/index.js';
import type { LevelEdge } from '../../../actors/market/index.js';
import { ByteDecoding, type Decoding } from './decoding.js';
import type { FrameTaker, LiveFeed } from './feed.js';

/** Records that may come in one chunk of the socket before they are handed on. */
const BATCH_RECORDS = 4096;

/**
 * Where the kernel runs, from the socket to the decision. To see when a frame was decided on, one in `sampleEvery` is made to raise a
 * level edge (the kernel tells afresh how things stand, which changes no decision): the frame is decided when the detector has had it.
 */
export abstract class Placement implements FrameTaker {
  /** Frames taken: the next frame's number. Every frame is one record. */
  taken = 0;
  /** 0: none. */
  sampleEvery = 0;
  /** A sampled frame was decided on. */
  onDecision: (number: number, stampUs: number) => void = () => undefined;

  isSampled(number: number): boolean {
    return this.sampleEvery > 0 && number % this.sampleEvery === 0;
  }

  /** The first sampled number after `number`; Infinity where none is. */
  protected nextSample(number: number): number {
    return this.sampleEvery === 0 ? Infinity : (Math.floor(number / this.sampleEvery) + 1) * this.sampleEvery;
  }

  /** Hears of the level edges that a session has dealt with. */
  protected readonly decided = ({ seq, exchUs }: Pick<LevelEdge, 'seq' | 'exchUs'>): void => {
    if (this.isSampled(seq)) this.onDecision(seq, exchUs);
  };

  abstract frame(bytes: Uint8Array, chunkUs: number): void;
  abstract chunkEnded(): void;
  /** Its own feed, where it receives elsewhere than on the main loop. */
  readonly feed?: LiveFeed;
  /** `sampleEvery` and `onDecision` are set, and a load is about to come. */
  beginLoad(): void {}
  /** What led to a decision is with the system, where there is a run. */
  flush(): void {}
  /** Looks whether something has come, for who waits for the last frames. */
  poll(): void {}
  /** Forgets what is under way and begins anew, after a load that was too much. */
  async renew(): Promise<void> {}
  async close(): Promise<void> {}
}

/** A placement that decodes on the main loop, a chunk of the socket at a time. */
export abstract class DecodingPlacement extends Placement {
  protected readonly batch: RecordBatch = allocateBatch(BATCH_RECORDS);
  readonly #decoding: Decoding;

  constructor(decoding: Decoding = new ByteDecoding()) {
    super();
    this.#decoding = decoding;
  }

  frame(bytes: Uint8Array, chunkUs: number): void {
    const { batch } = this;
    if (batch.length === BATCH_RECORDS) this.chunkEnded();
    if (this.#decoding.decode(bytes, chunkUs, batch, batch.length) !== 1) throw new Error(`no record: ${Buffer.from(bytes).toString()}`);
    batch.F[batch.length * WORDS_F + SEQ] = this.taken;
    batch.length += 1;
    this.taken += 1;
  }

  chunkEnded(): void {
    if (this.batch.length === 0) return;
    this.take(this.batch);
    this.batch.length = 0;
  }

  /** The records of a chunk, numbered. */
  protected abstract take(batch: RecordBatch): void;
}
