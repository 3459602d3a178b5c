import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LanePool, type LaneThread } from '../../../../runtime/lanes/index.js';
import { put, scripted, take } from '../support.js';

// Starts and ends lanes in every way there is and prints what is left of them: `soak.js CYCLES`.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const cycles = Number(process.argv[2]);
const faults: string[] = [];
process.on('uncaughtException', (error) => void faults.push(`uncaught ${error.message}`));
process.on('unhandledRejection', (error) => void faults.push(`unhandled ${String(error)}`));
process.on('warning', (warning) => void faults.push(`warning ${warning.message}`));

let collected = 0;
let started = 0;
const registry = new FinalizationRegistry<null>(() => collected++);
const threads = (): number => {
  try {
    return readdirSync('/proc/self/task').length;
  } catch {
    return 0;
  }
};

const WAYS: readonly ((pool: LanePool) => Promise<LaneThread>)[] = [
  async (pool) => pool.start(scripted({ start: 'spin' })),
  async (pool) => ready(pool.start(scripted())),
  async (pool) => {
    const thread = pool.start(scripted({ on13: 'flood' }));
    put(thread, 1, 13);
    await take(pool, thread, 100);
    return thread;
  },
  async (pool) => stopped(await ready(pool.start(scripted()))),
  async (pool) => failed(pool.start(scripted({ start: 'throw' }))),
  async (pool) => failed(pool.start(scripted({ start: 'exit-3' }))),
  async (pool) => {
    const thread = await ready(pool.start(scripted({ on13: 'reject-later' })));
    put(thread, 13);
    return failed(thread);
  },
  async (pool) => failed(pool.start({ name: 'nowhere', program: '/no/such/program.js' })),
];

async function ready(thread: LaneThread): Promise<LaneThread> {
  await thread.ready;
  return thread;
}

async function stopped(thread: LaneThread): Promise<LaneThread> {
  thread.stop();
  return failed(thread);
}

async function failed(thread: LaneThread): Promise<LaneThread> {
  await thread.ended;
  return thread;
}

async function round(pool: LanePool, count: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle++) {
    const thread = await WAYS[cycle % WAYS.length]!(pool);
    registry.register(thread, null);
    started++;
    thread.kill();
    await thread.ended;
  }
}

async function measure(): Promise<{ heap: number; shared: number }> {
  for (let k = 0; k < 5; k++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, shared: arrayBuffers };
}

// What Node itself starts at the first use of something (its own threads, code, shapes) comes now.
const warm = new LanePool({ threads: 1 });
await round(warm, 2 * WAYS.length);
await warm.close();
const before = await measure();
const threadsBefore = threads();
const resourcesBefore = process.getActiveResourcesInfo().length;
const pool = new LanePool({ threads: 1 });
await round(pool, cycles);
const after = await measure();
await pool.close();
const end = await measure();
const { sharedObjects } = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
console.log(JSON.stringify({
  addons: sharedObjects.filter((name) => name.endsWith('.node')),
  started, collected, faults, poolThreads: pool.threads,
  threads: threads() - threadsBefore,
  resources: process.getActiveResourcesInfo().length - resourcesBefore,
  heapGrown: after.heap - before.heap, sharedGrown: after.shared - before.shared, sharedEnd: end.shared,
}));
