/** Real recordings as records in memory, through the importers. */
import { importTape } from '../../../data/import/index.js';
import type { ImportReport } from '../../../data/import/index.js';
import type { Instrument } from '../../../data/records/instrument.js';
import { SEQ, WORDS_F } from '../../../data/records/layout.js';
import { sharedData } from '../../support/shared-data.js';
import type { Records } from './records.js';

export interface RealTape extends Records {
  readonly instruments: readonly Instrument[];
  readonly report: ImportReport;
}

/** Imports files of the shared data; undefined when they are not there. */
export async function realTape(format: string, venue: string | undefined, files: readonly string[], symbols?: readonly string[]): Promise<RealTape | undefined> {
  const inputs: string[] = [];
  for (const file of files) {
    const path = sharedData(...file.split('/'));
    if (path === undefined) return undefined;
    inputs.push(path);
  }
  let F = new Float64Array(1 << 16);
  let n = 0;
  const report = await importTape({ inputs, format, venue, symbols, skipBadRows: true }, () => ({
    append(batch, from, to): void {
      while ((n + to - from) * WORDS_F > F.length) {
        const larger = new Float64Array(F.length * 2);
        larger.set(F);
        F = larger;
      }
      F.set(batch.F.subarray(from * WORDS_F, to * WORDS_F), n * WORDS_F);
      for (let k = from; k < to; k += 1, n += 1) F[n * WORDS_F + SEQ] = n;
    },
  }));
  return { F, I: new Int32Array(F.buffer), n, instruments: report.instruments, report };
}
