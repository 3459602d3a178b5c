import { allocateBatch, BLOCK_RECORDS } from '../records/index.js';
import { TapeError } from './error.js';
import { Codec } from './format.js';
import { TapeReader } from './reader.js';
import { verifyTape, type TapeVerdict } from './verify.js';
import { TapeWriter, type TapeSummary } from './writer.js';

/** What a repair found and what it saved. */
export interface TapeRepair {
  readonly verdict: TapeVerdict;
  readonly summary: TapeSummary;
}

/**
 * Writes the good beginning of a damaged or unfinished tape to `out` as a whole tape. The input is only read.
 * @throws TapeError when not even the header is good, or when `out` cannot be written.
 */
export function repairTape(path: string, out: string, options: { readonly overwrite?: boolean } = {}): TapeRepair {
  const verdict = verifyTape(path);
  if (verdict.goodBytes === 0) throw new TapeError('corrupt', `${path}: ${verdict.problem ?? 'nothing of it is good'}`, 'nothing can be saved; import its source again');
  const reader = TapeReader.open(path, { partial: true });
  try {
    const compress = reader.blocks().some((block) => block.codec === Codec.COLUMNS);
    // Not `<out>.partial`: that is the very file that people repair after an interruption.
    const writer = TapeWriter.create(out, reader.header, { compress, overwrite: options.overwrite ?? false, writeTo: `${out}.repair` });
    try {
      const batch = allocateBatch(BLOCK_RECORDS);
      while (writer.records < verdict.goodRecords) writer.append(batch, 0, reader.next(batch));
      return { verdict, summary: writer.close() };
    } finally {
      writer.abort();
    }
  } finally {
    reader.close();
  }
}
