import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { TurnEntry } from '../../../runtime/journal/entry.js';
import { openJournal, type LmdbJournal } from '../../../runtime/journal/lmdb-journal.js';
import type { BenchRow } from '../row.js';

const BATCH = 1000;
const BATCHES = 6;
const RECORDS = BATCH * BATCHES;
const WARM_UPS = 8;

/** What a durable order actor writes in a turn: the message it took, one it sends, an effect and a timer. */
function turn(n: number): TurnEntry {
  return {
    kind: 'turn', actor: '/orders/btc', atUs: 1_790_000_000_000_000 + n, turn: n, incarnation: 1, phase: 'step',
    input: ['message', { type: 'signal', order: n, side: 1, lots: 3, ticks: 10_321 }],
    events: null,
    ops: [['send', '/account', { type: 'reserve', order: n, amount: 30_963 }], ['effect', 'place', { order: n, side: 1, lots: 3, ticks: 10_321 }]],
    answers: [], calls: 0, ids: 0, random: null,
  };
}

/**
 * Turns through the journal's own append path (encoded, checksummed, indexed), batch after batch with `flushed` awaited, against puts of a
 * record each of ready-made bytes of the same size, with nothing else to do. Both sides have LMDB's default durability: a batch is on disk
 * with fdatasync, and then its meta page, before `flushed` resolves; the journal sets no option that makes this less. The peer's puts of
 * a batch are one transaction too, made the way that is fastest for it (its event turn).
 */
export function durableAppend(): BenchRow {
  let folder = '';
  let journal: LmdbJournal | undefined;
  let raw: RootDatabase<Buffer, number> | undefined;
  let at = 0;
  let key = 0;
  let record = Buffer.alloc(0);
  const ours = async (): Promise<number> => {
    const store = journal!;
    const begunMs = performance.now();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      for (let n = 0; n < BATCH; n += 1) store.append(store.prepare(turn(++at)));
      await store.flushed();
    }
    return (RECORDS / (performance.now() - begunMs)) * 1000;
  };
  const peerRun = async (): Promise<number> => {
    const db = raw!;
    const begunMs = performance.now();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      for (let n = 0; n < BATCH; n += 1) void db.put(++key, record);
      await db.flushed;
    }
    return (RECORDS / (performance.now() - begunMs)) * 1000;
  };
  return {
    id: 'durable-append/lmdb',
    unit: 'records/s',
    better: 'higher',
    peer: 'bare lmdb 3.5.6: put of ready-made bytes, uint32 keys',
    floor: 0.5,
    aim: 0.5,
    // The disk is shared with others: many short slices, so that each side meets quiet moments.
    slices: 24,
    over: 'best',
    async prepare() {
      folder = mkdtempSync(join(tmpdir(), 'faultline-bench-journal-'));
      journal = await openJournal({ dir: join(folder, 'ours') });
      raw = open<Buffer, number>({ path: join(folder, 'raw'), noSubdir: false, encoding: 'binary', keyEncoding: 'uint32' });
      record = Buffer.from(journal.prepare(turn(RECORDS)).bytes);
      for (let run = 0; run < WARM_UPS; run += 1) {
        await ours();
        await peerRun();
      }
    },
    ours,
    peerRun,
    also: () => ({ 'bytes a record': record.length }),
    async close() {
      await journal?.close();
      await raw?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
