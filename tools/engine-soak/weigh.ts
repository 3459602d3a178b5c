/**
 * Loaded into an engine before it begins (`--import`, with `--expose-gc`): tells its parent, when asked, what the process weighs after a collection.
 */
import { readFileSync } from 'node:fs';

export interface Weight {
  readonly heapMb: number;
  readonly externalMb: number;
  /** All that is resident, with pages of mapped files. */
  readonly rssMb: number;
  /** Resident and nobody else's: without the pages of the record's file. Zero where the system does not say. */
  readonly ownMb: number;
  /** Sockets, timers, files and the like that are open. */
  readonly handles: number;
}

const mb = (bytes: number): number => Math.round(bytes / 1e4) / 100;

function ownMb(): number {
  try {
    const kb = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kb === undefined ? 0 : mb(Number(kb) * 1024);
  } catch {
    return 0;
  }
}

async function weigh(): Promise<Weight> {
  const collect = (globalThis as { readonly gc?: () => void }).gc!;
  collect();
  // What the first one let go by finalizers.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapMb: mb(heapUsed), externalMb: mb(external), rssMb: mb(rss), ownMb: ownMb(), handles: process.getActiveResourcesInfo().length };
}

if (process.send !== undefined) {
  process.on('message', (message) => {
    if (message === 'weigh') void weigh().then((weight) => process.send!(weight));
  });
  // It is to end as if nobody looked.
  process.channel?.unref();
}
