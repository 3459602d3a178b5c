import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExchangeEntry } from './protocol.js';

/** A running exchange process. */
export interface ExchangeProcess {
  readonly socketPath: string;
  /** All it has recorded so far. */
  entries(): ExchangeEntry[];
  /** Ends it and removes its record. */
  stop(): void;
}

/** Starts an exchange for the script of `orders` and `seed`, in a process of its own that ends with this one. */
export async function startExchange(orders: number, seed: string | number): Promise<ExchangeProcess> {
  // Not in the runs' own folder: the path of a socket may have no more than 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'faultline-exchange-'));
  const socketPath = join(folder, 'socket');
  const recordPath = join(folder, 'record.jsonl');
  const child = fork(fileURLToPath(new URL('main.js', import.meta.url)), [socketPath, recordPath, String(orders), String(seed)]);
  await once(child, 'message');
  child.unref();
  child.channel?.unref();
  return {
    socketPath,
    entries: () => readFileSync(recordPath, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as ExchangeEntry),
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
