import { SESSION_KEY } from '../../actors/account/session.js';
import type { StoredRow, StoredValue, StoreRow } from '../../data/store/index.js';

type Columns = StoreRow['row'];

/** The row of a run in the table `sessions`; `open` until it has ended. */
const sessionOf = (run: string, row: Columns): StoreRow => ({ table: 'sessions', key: run, row });

/** A run begins. `began`: mode, version, digest of the configuration, time. */
export const begunSession = (run: string, began: Columns): StoreRow => sessionOf(run, { ...began, open: true });

/** A run ends in good order. `statistics`: what the account told of its trades last. */
export const endedSession = (run: string, began: Columns, endedUs: number, statistics: StoredValue): StoreRow =>
  sessionOf(run, { ...began, open: false, end: 'in good order', endedUs, statistics });

/** Runs that never said that they ended: they were killed, and this is the row that says so. What their trades came to is known of the last of them. */
export function killedSessions(recovered: readonly StoredRow[], foundUs: number): readonly StoreRow[] {
  const told = recovered.find(({ table, key }) => table === 'snapshots' && key === SESSION_KEY)?.row;
  return recovered.filter(({ table }) => table === 'sessions').map(({ key, row }) =>
    sessionOf(key, { ...row, open: false, end: 'killed', foundUs, statistics: told !== undefined && told['startedUs'] === row['startedUs'] ? told['statistics'] ?? null : null }));
}
