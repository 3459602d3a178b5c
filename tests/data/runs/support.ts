import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { allocateBatch, EXCH_US, Kind, KIND_MASK, LAYOUT_VERSION, PRICE, QTY, RECV_US, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../data/records/index.js';
import { RunReader, type RecordedBeginning, type RunFeedEnd } from '../../../data/runs/index.js';
import type { TapeHeader } from '../../../data/tape/index.js';

export const START_US = 1_760_000_000_000_000;

/** A folder for runs that goes when the test ends. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-runs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const TAPE: TapeHeader = {
  layoutVersion: LAYOUT_VERSION, clocks: { receive: 'engine', exchange: 'venue' }, origin: [],
  instruments: [{ index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] }],
};

export const BEGINNING: RecordedBeginning = {
  kind: 'engine', mode: 'paper', version: '0.0.0', config: { trading: { odd: true } }, configDigest: 'c0ffee', boot: { instruments: ['BTCUSDT'], rows: [] }, tape: TAPE,
};

/** `count` trades, the first of price `from + 1`, a millisecond apart. */
export function trades(from: number, count: number, kind: Kind = Kind.TRADE): RecordBatch {
  const batch = allocateBatch(count);
  batch.length = count;
  for (let k = 0; k < count; k += 1) {
    batch.F[k * WORDS_F + RECV_US] = START_US + (from + k) * 1000;
    batch.F[k * WORDS_F + EXCH_US] = START_US + (from + k) * 1000 - 500;
    batch.F[k * WORDS_F + QTY] = 1;
    batch.I[k * WORDS_I + PRICE] = from + k + 1;
    batch.I[k * WORDS_I + TAG] = kind;
  }
  return batch;
}

/** Everything a feed gives, one short word each: `t7` trade of price 7, `/a:x` an input, `[end]` a mark. */
export function wordsOf(folder: string): { readonly words: string[]; readonly end: RunFeedEnd } {
  const feed = RunReader.open(folder).feed();
  try {
    const words: string[] = [];
    for (let step = feed.next(); step !== undefined; step = feed.next()) {
      if (step.kind === 'input') words.push(`${step.input.to}:${step.input.message.type}@${step.clockUs - START_US}`);
      else if (step.kind === 'mark') words.push(`[${step.mark.mark}]`);
      else for (let r = step.from; r < step.to; r += 1) words.push(`${(step.batch.I[r * WORDS_I + TAG]! & KIND_MASK) === Kind.TRADE ? 't' : 's'}${step.batch.I[r * WORDS_I + PRICE]!}`);
    }
    return { words, end: feed.end! };
  } finally {
    feed.close();
  }
}
