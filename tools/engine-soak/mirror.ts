import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { STORE_TABLES } from '../../data/store/index.js';
import { MIRROR_SCHEMA } from '../../data/store/postgres-schema.js';
import { PATIENCE_MS } from '../process/children.js';
import type { Stage } from './stage.js';

/** How the mirror names the account of a soak. */
const ACCOUNT = 'main-demo';
const LOOK_MS = 200;

/** Holds every row of the mirror against the record, once it has caught up; how many rows. The engine trades no more, and lives. */
export async function mirrorProblems(url: string, stage: Stage, wrong: (problem: string) => void): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows = 0;
    let differing: string[] = [];
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await sleep(LOOK_MS)) {
      rows = 0;
      differing = [];
      for (const table of STORE_TABLES) {
        const here = new Map((await stage.rows(table)).map(({ key, row }) => [key, canonical(row)]));
        const { rows: there } = await client.query<{ key: string; row: unknown }>(`SELECT key, row FROM ${MIRROR_SCHEMA}.${table} WHERE account = $1`, [ACCOUNT]);
        rows += here.size;
        const mirrored = new Map(there.map(({ key, row }) => [key, canonical(row)]));
        for (const key of new Set([...here.keys(), ...mirrored.keys()])) if (here.get(key) !== mirrored.get(key)) differing.push(`${table} ${key}`);
      }
      if (differing.length === 0) return rows;
    }
    wrong(`the mirror differs from the record in ${differing.length} rows: ${differing.slice(0, 5).join(', ')}`);
    return rows;
  } finally {
    await client.end();
  }
}

/** The text of a value, whatever the order of its fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each));
}
