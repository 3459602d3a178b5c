import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { MIGRATIONS, MIRROR_SCHEMA } from './postgres-schema.js';
import type { RecordStore } from './record-store.js';
import { STORE_TABLES, type StoredRow, type StoredValue } from './row.js';

export interface MirrorOptions {
  readonly store: RecordStore;
  /** Connection string, `postgres://user:password@host:port/database`. Never logged. */
  readonly url: string;
  /** Whose rows these are: engines of several accounts may share a database. */
  readonly account: string;
  readonly batchRows?: number;
  /** Longest wait between two attempts, ms. */
  readonly maxBackOffMs?: number;
  readonly statementTimeoutMs?: number;
  /** Told at every change between connected and not, in words without secrets. */
  readonly onState?: (state: MirrorState) => void;
}

export interface MirrorState {
  readonly connected: boolean;
  /** Rows on the local disk that are not in PostgreSQL yet, at most. */
  readonly behindRows: number;
  readonly mirroredSeq: number;
  readonly lastProblem: string | null;
}

/** Advisory lock that keeps two engines from migrating at once: any number nobody else uses. */
const MIGRATION_LOCK = 7_246_105_113;
const FIRST_BACK_OFF_MS = 250;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Copies the local record to PostgreSQL, in the background and in order, as often as it takes. It holds nobody up: the record is the
 * truth, the mirror follows. Every row is written once per version by (account, key), so a batch whose fate is unknown is sent again.
 */
export class PostgresMirror {
  readonly #options: Required<Omit<MirrorOptions, 'onState'>> & Pick<MirrorOptions, 'onState'>;
  #client: pg.Client | null = null;
  #mirrored = 0;
  #connected = false;
  #problem: string | null = null;
  #stopping = false;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(options: MirrorOptions) {
    this.#options = { batchRows: 500, maxBackOffMs: 30_000, statementTimeoutMs: 30_000, ...options };
    options.store.onFlushed(() => this.#nudge());
  }

  get state(): MirrorState {
    const { store } = this.#options;
    return { connected: this.#connected, behindRows: Math.max(0, store.durable - 1 - this.#mirrored), mirroredSeq: this.#mirrored, lastProblem: this.#problem };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Mirrors what is on the disk by now, as long as `withinMs` allows, and ends. True when all of it is there. Never rejects. */
  async stop(withinMs: number): Promise<boolean> {
    const upTo = this.#options.store.durable - 1;
    const deadline = Date.now() + withinMs;
    while (this.#running !== null && this.#mirrored < upTo && Date.now() < deadline) {
      this.#nudge();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#stopping = true;
    this.#nudge();
    // A server that does not answer is not waited for.
    const client = this.#client;
    if (this.#mirrored < upTo) client?.connection.stream.destroy();
    await this.#running;
    return this.#mirrored >= upTo;
  }

  async #run(): Promise<void> {
    let backOffMs = FIRST_BACK_OFF_MS;
    while (!this.#stopping) {
      try {
        await this.#connect();
        backOffMs = FIRST_BACK_OFF_MS;
        this.#tell(true, null);
        while (!this.#stopping) if (!(await this.#batch())) await this.#pause(1000);
      } catch (thrown) {
        this.#tell(false, this.#inWords(thrown));
        if (!this.#stopping) await this.#pause(backOffMs * (0.5 + Math.random() / 2), true);
        backOffMs = Math.min(this.#options.maxBackOffMs, backOffMs * 2);
      }
      await this.#disconnect();
    }
    this.#connected = false;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, statement_timeout: this.#options.statementTimeoutMs,
      query_timeout: this.#options.statementTimeoutMs + 5000, application_name: 'faultline mirror', keepAlive: true,
    });
    // Without a listener a server that goes would end the process.
    client.on('error', (error) => (this.#problem = this.#inWords(error)));
    this.#client = client;
    // A server that takes the connection and then hangs up leaves `connect` waiting for ever.
    await new Promise<void>((resolve, reject) => {
      client.once('end', () => reject(new Error('the server closed the connection')));
      client.connect().then(() => resolve(), reject);
    });
    await migrate(client);
    await client.query('CREATE TEMP TABLE staging (tbl text, key text, seq bigint, at_us bigint, row jsonb) ON COMMIT DELETE ROWS');
    const { account, store } = this.#options;
    const found = await client.query<{ seq: string }>(`SELECT seq FROM ${MIRROR_SCHEMA}.mirrored WHERE account = $1 AND store = $2`, [account, store.id]);
    // The database says how far it is: after it was put back from a backup, the rest comes again.
    this.#mirrored = Number(found.rows[0]?.seq ?? 0);
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    try {
      await client?.end();
    } catch {
      // It was gone already.
    }
  }

  /** Mirrors the next rows; false when there are none. */
  async #batch(): Promise<boolean> {
    const { store, account, batchRows } = this.#options;
    const rows = store.since(this.#mirrored, batchRows);
    const upTo = rows.at(-1)?.seq;
    if (upTo === undefined) return false;
    const client = this.#client!;
    await client.query('BEGIN');
    await pipeline(Readable.from(rows.map(copyLine)), client.query(copyFrom('COPY staging FROM STDIN')));
    for (const table of STORE_TABLES) {
      if (!rows.some((row) => row.table === table)) continue;
      await client.query(
        `INSERT INTO ${MIRROR_SCHEMA}.${table} AS t (account, key, store, seq, at, row)
         SELECT $1, key, $2, seq, to_timestamp(at_us / 1e6), row FROM staging WHERE tbl = $3
         ON CONFLICT (account, key) DO UPDATE SET store = excluded.store, seq = excluded.seq, at = excluded.at, row = excluded.row
         WHERE t.store <> excluded.store OR t.seq < excluded.seq`,
        [account, store.id, table],
      );
    }
    await client.query(
      `INSERT INTO ${MIRROR_SCHEMA}.mirrored (account, store, seq) VALUES ($1, $2, $3)
       ON CONFLICT (account, store) DO UPDATE SET seq = excluded.seq, at = now()`,
      [account, store.id, upTo],
    );
    await client.query('COMMIT');
    this.#mirrored = upTo;
    return true;
  }

  #tell(connected: boolean, problem: string | null): void {
    const changed = connected !== this.#connected || problem !== this.#problem;
    this.#connected = connected;
    this.#problem = problem;
    if (changed) this.#options.onState?.(this.state);
  }

  /** Until something is written or the time is up; `whole`: only the stop cuts it short. */
  #pause(ms: number, whole = false): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (whole && !this.#stopping && Date.now() < until) return;
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const until = Date.now() + ms;
      const timer = setTimeout(() => {
        this.#wake = null;
        resolve();
      }, ms);
      this.#wake = done;
    });
  }

  #nudge(): void {
    this.#wake?.();
  }

  /** What went wrong, without the connection string or anything in it that is secret. */
  #inWords(thrown: unknown): string {
    const text = thrown instanceof AggregateError ? thrown.errors.map(String).join('; ') : thrown instanceof Error ? thrown.message : String(thrown);
    return secretsOf(this.#options.url).reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
  }
}

/** Brings the schema up to this program's version; a database of a newer program is refused. */
async function migrate(client: pg.Client): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${MIRROR_SCHEMA}`);
    await client.query(`CREATE TABLE IF NOT EXISTS ${MIRROR_SCHEMA}.migrations (version int PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())`);
    const { rows } = await client.query<{ version: number | null }>(`SELECT max(version) AS version FROM ${MIRROR_SCHEMA}.migrations`);
    const present = rows[0]?.version ?? 0;
    const newest = MIGRATIONS.at(-1)!.version;
    if (present > newest) throw new Error(`the database has version ${present} of the mirror's schema, this program knows ${newest}: run the newer program`);
    for (const { version, name, sql } of MIGRATIONS) {
      if (version <= present) continue;
      await client.query('BEGIN');
      await client.query(sql);
      await client.query(`INSERT INTO ${MIRROR_SCHEMA}.migrations (version, name) VALUES ($1, $2)`, [version, name]);
      await client.query('COMMIT');
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
  }
}

/** One line of COPY's text format. */
function copyLine({ table, key, seq, atUs, row }: StoredRow): string {
  return `${table}\t${escaped(storable(key))}\t${seq}\t${Math.round(atUs)}\t${escaped(JSON.stringify(storableValue(row)))}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const escaped = (text: string): string => text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!);

/** PostgreSQL keeps no NUL and no half of a surrogate pair. */
const storable = (text: string): string => Buffer.from(text).toString().replaceAll('\0', '�');

function storableValue(value: StoredValue): StoredValue {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [storable(name), storableValue(item)]));
}

function secretsOf(url: string): string[] {
  try {
    const { password } = new URL(url);
    return [url, password, decodeURIComponent(password)].filter((text) => text !== '');
  } catch {
    return [url];
  }
}
