import { createHash } from 'node:crypto';
import { allocateBatch, BLOCK_RECORDS, KIND_MASK, KIND_NAMES, RECORD_BYTES, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../records/index.js';
import { TapeClock } from './clock.js';
import type { TapeReader } from './reader.js';

/** Records of one instrument and kind. */
export interface KindCount {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: string;
  readonly records: number;
  /** Clock of the tape at the first and last of them, µs. */
  readonly firstUs: number;
  readonly lastUs: number;
}

/** What reading a whole tape tells. */
export interface TapeSurvey {
  readonly records: number;
  /** Clock at the first and last record, µs; 0 without stamps. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly backwardStamps: number;
  /** By instrument, then by kind. */
  readonly counts: readonly KindCount[];
  /**
   * SHA-256 over the instruments and every record, in hexadecimal. It does not depend on compression, blocks or the
   * names of source files: equal digests mean that a replay sees the same input.
   */
  readonly digest: string;
}

const KINDS = KIND_NAMES.length;

/** Reads the rest of `reader`. Yields the records read so far, block by block. */
export function* surveyTape(reader: TapeReader): Generator<number, TapeSurvey> {
  const { instruments, layoutVersion } = reader.header;
  const slots = instruments.length * KINDS;
  const records = new Float64Array(slots);
  const firstUs = new Float64Array(slots);
  const lastUs = new Float64Array(slots);
  const clock = new TapeClock();
  const hash = createHash('sha256');
  hash.update(JSON.stringify([layoutVersion, instruments.map(({ venue, symbol, product, tickSize, lotSize, multiplier, settle }) => [venue, symbol, product, tickSize, lotSize, multiplier, settle])]));
  const batch = allocateBatch(BLOCK_RECORDS);
  const bytes = new Uint8Array(batch.F.buffer);
  let total = 0;
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    hash.update(bytes.subarray(0, count * RECORD_BYTES));
    for (let record = 0; record < count; record += 1) {
      clock.observe(batch.F, record * WORDS_F);
      const tag = batch.I[record * WORDS_I + TAG];
      const slot = (tag >>> SYMBOL_SHIFT) * KINDS + (tag & KIND_MASK);
      if (records[slot] === 0) firstUs[slot] = clock.nowUs;
      records[slot] += 1;
      lastUs[slot] = clock.nowUs;
    }
    total += count;
    yield total;
  }
  const counts: KindCount[] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    if (records[slot] === 0) continue;
    const { venue, symbol } = instruments[Math.floor(slot / KINDS)];
    counts.push({ venue, symbol, kind: KIND_NAMES[slot % KINDS], records: records[slot], firstUs: firstUs[slot], lastUs: lastUs[slot] });
  }
  return { records: total, firstUs: clock.startUs, lastUs: clock.nowUs, backwardStamps: clock.backwardStamps, counts, digest: hash.digest('hex') };
}
