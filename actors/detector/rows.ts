/** What a detector was, as a row of the record: FORMULAS 4.4, restart rule. Reading is total: a row that is none is as if there were none. */
import type { Instrument } from '../../data/records/index.js';
import type { StoredRow, StoreRow } from '../../data/store/row.js';
import type { DetectorMemory, DetectorStateName } from './messages.js';

const STATES: readonly DetectorStateName[] = ['SLEEP', 'ALERT', 'ACTIVE', 'RECOVERY', 'SHUTDOWN'];
const KEY = 'detector ';

/** Of its row; the index of an instrument is of one run. */
export const detectorKey = ({ venue, symbol }: Pick<Instrument, 'venue' | 'symbol'>): string => `${KEY}${venue} ${symbol}`;

export const memoryRow = (key: string, memory: DetectorMemory): StoreRow => ({ table: 'snapshots', key, row: { ...memory } });

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** By key. */
export function memoriesOf(rows: readonly StoredRow[]): ReadonlyMap<string, DetectorMemory> {
  const found = new Map<string, DetectorMemory>();
  for (const { table, key, row } of rows) {
    if (table !== 'snapshots' || !key.startsWith(KEY)) continue;
    const { savedAtUs, eventStartUs, actorPauses } = row;
    const state = STATES.find((name) => name === row['state']);
    // One that was told to shut down begins anew with the process.
    if (state === undefined || state === 'SHUTDOWN' || !isCount(savedAtUs) || !isCount(eventStartUs) || !isCount(actorPauses)) continue;
    found.set(key, { state, savedAtUs, eventStartUs, actorPauses });
  }
  return found;
}
