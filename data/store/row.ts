/** What the record may hold: a kind of row each, see docs/store.md. */
export const STORE_TABLES = ['sessions', 'orders', 'intents', 'fills', 'trades', 'transitions', 'breakers', 'commands', 'ledger', 'snapshots'] as const;
export type StoreTable = (typeof STORE_TABLES)[number];

/** Plain JSON: what goes in comes out the same, here and in PostgreSQL. */
export type StoredValue = null | boolean | number | string | readonly StoredValue[] | { readonly [key: string]: StoredValue };

/** One row of the record that outlives the process. The same key again replaces the row. What the next run is to begin with says `open: true`. */
export interface StoreRow {
  readonly table: StoreTable;
  /** Unique in its table over all runs of the account; 1 to {@link MOST_KEY_CHARACTERS} characters. */
  readonly key: string;
  readonly row: { readonly [column: string]: StoredValue };
}

/** Whether the next run is to begin with it. */
export const standsOpen = ({ table, row }: Pick<StoreRow, 'table' | 'row'>): boolean => table === 'snapshots' || row['open'] === true;

/** A row as it lies there. */
export interface StoredRow extends StoreRow {
  /** Counts the writes of this store: rows that were written later have higher numbers. */
  readonly seq: number;
  /** When it was written, µs since the epoch. */
  readonly atUs: number;
}

/** LMDB's keys are short. */
export const MOST_KEY_CHARACTERS = 200;

/** Why a row cannot be kept, as a sentence; undefined when it can. */
export function problemOfRow({ table, key, row }: StoreRow): string | undefined {
  if (!STORE_TABLES.includes(table)) return `there is no table ${String(table)}`;
  if (typeof key !== 'string' || key.length === 0 || key.length > MOST_KEY_CHARACTERS) return `a key of ${table} has ${String(key).length} characters, 1 to ${MOST_KEY_CHARACTERS} are possible`;
  // NUL is a key's end in LMDB's own order, and half a surrogate pair would not come back.
  if (/[\p{Cc}\p{Cs}]/u.test(key)) return `a key of ${table} holds a control character or half a character`;
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return `the row ${key} of ${table} is no object`;
  return problemOfValue(row, `${table} ${key}`);
}

function problemOfValue(value: unknown, at: string): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${at}: ${value} is no JSON`;
    case 'object': {
      if (value === null) return undefined;
      if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return `${at}: a ${value.constructor.name} is no JSON`;
      for (const [name, item] of Object.entries(value)) {
        const problem = problemOfValue(item, `${at}.${name}`);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    default:
      return `${at}: a ${typeof value} is no JSON`;
  }
}
