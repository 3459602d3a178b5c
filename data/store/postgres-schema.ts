import { STORE_TABLES } from './row.js';

/** One step of the mirror's schema. What has been run once is never changed: a new step is added. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIRROR_SCHEMA = 'faultline';

/** Everything of one kind under its account and key; `row` is the row as the engine wrote it. */
const tables = STORE_TABLES.map((table) => `
  CREATE TABLE ${MIRROR_SCHEMA}.${table} (
    account text NOT NULL,
    key text NOT NULL,
    store uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    row jsonb NOT NULL,
    PRIMARY KEY (account, key)
  );
  CREATE INDEX ${table}_at ON ${MIRROR_SCHEMA}.${table} (account, at);`).join('\n');

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'tables',
    sql: `${tables}
  -- How far each record has been mirrored: rows with higher numbers are not here yet.
  CREATE TABLE ${MIRROR_SCHEMA}.mirrored (
    account text NOT NULL,
    store uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, store)
  );`,
  },
];
