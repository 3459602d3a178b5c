import type { TestContext } from 'node:test';
import { LanePool, type LaneEnd, type LaneFailure, type LanePoolOptions, type LaneSpec, type LaneThread } from '../../../runtime/lanes/index.js';
import type { Script } from './programs/scripted.js';

export const SCRIPTED = new URL('./programs/scripted.js', import.meta.url);
/** What no test waits longer for. Reached only by a failure. */
export const PATIENCE_MS = 60_000;

export function poolFor(t: TestContext, options: Partial<LanePoolOptions> = {}): LanePool {
  const pool = new LanePool({ threads: 2, startTimeoutMs: PATIENCE_MS, ...options });
  t.after(() => pool.close());
  return pool;
}

export function scripted(script: Script = {}, more: Partial<LaneSpec> = {}): LaneSpec {
  return { name: 'lane 0', program: SCRIPTED, input: script, ...more };
}

export function put(thread: LaneThread, ...numbers: readonly number[]): void {
  for (const n of numbers) {
    if (thread.inbox.claim(1) < 0) throw new Error('the inbox is full');
    thread.inbox.I[thread.inbox.index * 16] = n;
    thread.inbox.publish();
  }
}

/** The next `count` answers, taken with the bell as a main loop does. */
export async function take(pool: LanePool, thread: LaneThread, count: number): Promise<number[]> {
  const answers: number[] = [];
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (answers.length < count) {
    const seen = pool.bell.value;
    answers.push(...read(thread));
    if (answers.length >= count) break;
    if (thread.state === 'ended') throw new Error(`the lane ended: ${JSON.stringify(thread.poll())}`);
    if (performance.now() > deadlineMs) throw new Error(`only ${answers.length} of ${count} answers came`);
    await pool.bell.waitAsync(seen, 1_000);
  }
  return answers;
}

export function read(thread: LaneThread): number[] {
  const answers: number[] = [];
  for (let ready = thread.outbox.available(); ready > 0; ready = thread.outbox.available()) {
    for (let k = 0; k < ready; k++) {
      answers.push(thread.outbox.I[thread.outbox.index * 16] as number);
      thread.outbox.release(1);
    }
  }
  return answers;
}

export function failureOf(end: LaneEnd): LaneFailure {
  if (end.kind !== 'failed') throw new Error(`the lane ended as asked: ${JSON.stringify(end)}`);
  return end.failure;
}

/** Waits while the loop turns. */
export async function until(done: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > deadlineMs) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Blocks, as a loop that does not turn would, until `done` or for too long. */
export function blockUntil(pool: LanePool, done: () => boolean): void {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > deadlineMs) throw new Error('it never came');
    const seen = pool.bell.value;
    if (!done()) pool.bell.wait(seen, 20);
  }
}
