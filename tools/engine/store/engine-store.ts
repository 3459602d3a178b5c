import { STORE_FAILURE_LISTENERS } from '../../../actors/engine/paths.js';
import { SESSION_KEY } from '../../../actors/account/session.js';
import type { StoreWrite } from '../../../actors/engine/io.js';
import type { MirrorOptions, MirrorState, PostgresMirror } from '../../../data/store/postgres-mirror.js';
import { RecordStore } from '../../../data/store/record-store.js';
import { StoreFailure } from '../../../data/store/failure.js';
import type { StoredRow, StoredValue } from '../../../data/store/index.js';
import type { EngineDoor, EnginePart } from '../parts.js';

export interface EngineStoreOptions {
  /** Folder of the account's record. */
  readonly dir: string;
  /** Name under which the account's rows stand in PostgreSQL. */
  readonly account: string;
  /** Makes the mirror in PostgreSQL; null for none. */
  readonly mirror: ((options: Omit<MirrorOptions, 'url'>) => PostgresMirror) | null;
  readonly nowUs: () => number;
  /** Tests end the process there. */
  readonly onPoint?: (point: 'before-batch' | 'committed' | 'flushed') => void;
}

/** Longest time that the mirror gets at the end of the process to take over what is on the disk, ms. */
const MIRROR_FAREWELL_MS = 3000;

/**
 * The engine's record: read before the tree starts, because the tree starts from it, and then the part that carries out `store.write`.
 * What it must not do is block: a write is taken at once, and whoever asked for it hears of the flush by an input.
 */
export class EngineStore {
  readonly #store: RecordStore;
  readonly #mirror: PostgresMirror | null;
  #door: EngineDoor | null = null;
  #told = false;
  #waiting = new Map<string, string>();
  #written = 0;
  #statistics: StoredValue = null;

  private constructor(store: RecordStore, mirror: PostgresMirror | null) {
    this.#store = store;
    this.#mirror = mirror;
  }

  /** @throws StoreFailure when the record cannot be opened. The mirror is tried in the background and is never a reason not to start. */
  static open({ dir, account, mirror: mirrorOf, nowUs, onPoint }: EngineStoreOptions): EngineStore {
    const store = RecordStore.open({ dir, nowUs, ...(onPoint === undefined ? {} : { onPoint }) });
    const engine: { store?: EngineStore } = {};
    const mirror = mirrorOf?.({ store, account, onState: (state) => engine.store?.logMirror(state) }) ?? null;
    return (engine.store = new EngineStore(store, mirror));
  }

  /** What an earlier run left for this one: every snapshot, and of all else the rows that say `open: true`. */
  recovered(): StoredRow[] {
    return this.#store.openRows();
  }

  /** Rows of the host's own. What cannot be kept is told as of the tree's. */
  keep(rows: StoreWrite['rows']): void {
    this.#write({ rows });
  }

  /** Statistics of this run as the account told them last; null before. */
  get statistics(): StoredValue {
    return this.#statistics;
  }

  get mirror(): MirrorState | null {
    return this.#mirror?.state ?? null;
  }

  /** The part of the host; once. */
  part(door: EngineDoor): EnginePart {
    this.#door = door;
    return {
      effects: { 'store.write': (write) => this.#write(write) },
      start: () => this.#mirror?.start(),
      close: () => this.#close(),
      metrics: () => {
        const mirror = this.mirror;
        return {
          'store.rows': this.#written, 'store.failed': this.#store.failure === null ? 0 : 1,
          ...(mirror === null ? {} : { 'mirror.connected': mirror.connected ? 1 : 0, 'mirror.behindRows': mirror.behindRows }),
        };
      },
    };
  }

  #write({ rows, ack }: StoreWrite): void {
    try {
      this.#store.write(rows);
      this.#written += rows.length;
      for (const { table, key, row } of rows) if (table === 'snapshots' && key === SESSION_KEY) this.#statistics = row['statistics'] ?? null;
    } catch (thrown) {
      if (!(thrown instanceof StoreFailure)) return this.#door!.fail(thrown);
      // A row that cannot be kept is a defect of whoever made it; one that comes after the end of the record has been answered already.
      if (thrown.code === 'value') return this.#door!.fail(thrown);
      if (ack !== undefined) this.#waiting.set(ack.id, ack.to);
      return this.#failed(thrown);
    }
    if (ack === undefined) {
      this.#store.flushed().catch((failure: StoreFailure) => this.#failed(failure));
      return;
    }
    this.#waiting.set(ack.id, ack.to);
    this.#store.flushed().then(
      () => {
        this.#waiting.delete(ack.id);
        this.#door!.give({ to: ack.to, message: { type: 'store.flushed', id: ack.id } });
      },
      (failure: StoreFailure) => this.#failed(failure),
    );
  }

  /** Tells everybody who waits, and those who must act on it, each once. */
  #failed(failure: StoreFailure): void {
    const door = this.#door!;
    const message = { type: 'store.failed' as const, problem: failure.message };
    const told = new Set(this.#waiting.values());
    this.#waiting.clear();
    if (!this.#told) {
      this.#told = true;
      // Synchronously: what follows may be the end of this process.
      door.log.write('fatal', 'store.failed', failure.message);
      for (const path of STORE_FAILURE_LISTENERS) told.add(path);
    }
    // Never within the turn that asked.
    setImmediate(() => {
      for (const to of told) door.give({ to, message });
    });
  }

  private logMirror({ connected, lastProblem, behindRows }: MirrorState): void {
    if (connected) this.#door?.log.write('info', 'mirror.connected', 'the mirror in PostgreSQL is connected', { behindRows });
    else this.#door?.log.write('warn', 'mirror.lost', `the mirror in PostgreSQL is not connected: ${lastProblem ?? 'it was closed'}`, { behindRows });
  }

  async #close(): Promise<void> {
    await this.#store.flushed().catch(() => undefined);
    const whole = await this.#mirror?.stop(MIRROR_FAREWELL_MS);
    if (whole === false) this.#door?.log.write('warn', 'mirror.behind', `the mirror is ${this.mirror!.behindRows} rows behind; the next run goes on with them`);
    await this.#store.close();
  }
}
