import { createHash } from 'node:crypto';
import { chainDigest, EMPTY_DIGEST, type JournalState } from '../../actors/index.js';
import type { EngineEffect } from '../../actors/engine/effects.js';
import type { StoreWrite } from '../../actors/engine/io.js';

/** Takes a line of what the tree asked of the world, and the digest up to it. */
export type TakeAsked = (line: string, digest: string) => void;

/**
 * What the tree asks of the world, a line each, in order: `{n, atUs, by, effect, payload}`. Nothing in it is secret: the host adds keys and
 * signatures later. Of rows for the record there are the keys and a digest: the record has them whole.
 */
export class AskedLines {
  state: JournalState;
  readonly #take: TakeAsked;

  constructor(take: TakeAsked, state: JournalState = { count: 0, digest: EMPTY_DIGEST }) {
    this.#take = take;
    this.state = state;
  }

  add(effect: EngineEffect, payload: unknown, by: string, atUs: number): void {
    const { count, digest } = this.state;
    const line = `{"n":${count},"atUs":${atUs},"by":${JSON.stringify(by)},"effect":"${effect}","payload":${JSON.stringify(effect === 'store.write' ? keysOf(payload as StoreWrite) : payload)}}`;
    this.state = { count: count + 1, digest: chainDigest(digest, line) };
    this.#take(line, this.state.digest);
  }
}

function keysOf({ rows, ack }: StoreWrite): unknown {
  const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16);
  return { rows: rows.map(({ table, key }) => `${table} ${key}`), digest, ...(ack === undefined ? {} : { ack }) };
}
