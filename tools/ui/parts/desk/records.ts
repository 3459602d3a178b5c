/** Records of accounts, opened for reading beside the engine that writes them. */
import { dirname, resolve } from 'node:path';
import { varFolder } from '../../../../data/runs/index.js';
import { RecordStore } from '../../../../data/store/record-store.js';
import { StoreFailure } from '../../../../data/store/failure.js';
import type { StoredRow } from '../../../../data/store/index.js';
import { UiError } from '../../server/host.js';

/** Kept open at a time; the one that was used longest ago gives way. */
const MOST_OPEN = 4;
/** Rows read at a stretch: after it others may run, and LMDB may use the space again that a longer look would have held. */
const STRETCH = 500;
/** What has no place of its own, as {@link isOwnRecord} says. */
export const NO_RECORD = '';

/**
 * Whether a folder that a process says is its record may be opened: that of its account, beside its own run or where records of this user lie. LMDB maps
 * what it opens and believes its pages, so no process may name any folder it likes.
 */
export function isOwnRecord(told: string, { account, mode }: { readonly account: string; readonly mode: string }, runFolder: string | null): boolean {
  if (!/^[\w.-]{1,100}$/.test(account) || !/^\w{1,20}$/.test(mode)) return false;
  const places = [varFolder(), ...(runFolder === null ? [] : [dirname(dirname(runFolder))])];
  return places.some((place) => resolve(told) === resolve(place, 'accounts', `${account}-${mode}`));
}

export class Records {
  readonly #open = new Map<string, RecordStore>();

  /** @throws UiError when it cannot be read. */
  get(dir: string): RecordStore {
    if (dir === NO_RECORD) throw new UiError(403, 'the process names a record that is not the one beside its runs: it is not opened');
    const known = this.#open.get(dir);
    if (known !== undefined) {
      this.#open.delete(dir);
      this.#open.set(dir, known);
      return known;
    }
    try {
      const store = RecordStore.read(dir);
      this.#open.set(dir, store);
      for (const [oldest, stale] of this.#open) {
        if (this.#open.size <= MOST_OPEN) break;
        this.#open.delete(oldest);
        void stale.close();
      }
      return store;
    } catch (error) {
      if (error instanceof StoreFailure) throw new UiError(error.code === 'format' ? 404 : 503, `${error.message}; its engine may not have begun yet`);
      throw error;
    }
  }

  /** Rows below `before`, newest first. Lets others run between stretches; ends when the record, or the reader, does. */
  async *newest(dir: string, before: number = Number.MAX_SAFE_INTEGER, signal?: AbortSignal): AsyncGenerator<StoredRow, void> {
    for (let below = before; ;) {
      if (signal?.aborted === true) return;
      let rows: StoredRow[];
      try {
        rows = this.get(dir).before(below, STRETCH);
      } catch (error) {
        if (error instanceof StoreFailure) throw new UiError(503, error.message);
        throw error;
      }
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      below = last.seq;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map((store) => store.close()));
  }
}
