import assert from 'node:assert/strict';
import { FrameDecoder, type BinanceMarket } from '../../../data/decode/index.js';
import { allocateBatch, RECORD_BYTES, type Instrument } from '../../../data/records/index.js';

const ROOM = 16_384;

/** A decoder and its judge, JSON.parse with the importers' schema, side by side. */
export class Pair {
  readonly decoder: FrameDecoder;
  readonly judge: FrameDecoder;
  readonly target = allocateBatch(ROOM);
  readonly expected = allocateBatch(ROOM);
  readonly recvUs = new Float64Array([1_723_161_255_000_123]);

  constructor(market: BinanceMarket, instruments: readonly Instrument[], rawStream = '') {
    this.decoder = new FrameDecoder({ market, instruments, rawStream });
    this.judge = new FrameDecoder({ market, instruments, rawStream, slowOnly: true });
  }

  /** Decodes with both, insists on equal records and outcome, and returns the decoder's outcome and count. */
  check(frame: string | Uint8Array): { readonly outcome: string; readonly records: number } {
    const bytes = typeof frame === 'string' ? Buffer.from(frame) : frame;
    this.target.F.fill(Number.NaN);
    const records = this.decoder.decode(bytes, 0, bytes.length, this.recvUs, this.target, 3, ROOM - 3);
    const expected = this.judge.decode(bytes, 0, bytes.length, this.recvUs, this.expected, 3, ROOM - 3);
    const text = (): string => JSON.stringify(Buffer.from(bytes).toString('latin1').slice(0, 600));
    assert.equal(records, expected, text());
    const from = 3 * RECORD_BYTES;
    const made = Buffer.from(this.target.F.buffer, from, records * RECORD_BYTES);
    assert.ok(made.equals(Buffer.from(this.expected.F.buffer, from, records * RECORD_BYTES)), text());
    const { lastOutcome: outcome } = this.decoder;
    assert.equal(outcome === 'fast' ? 'slow' : outcome, this.judge.lastOutcome, text());
    return { outcome, records };
  }
}
