/** For tools that drive processes of ours from outside: nothing is waited for without an end, and nothing is left running. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for anything a process is to do, on a machine with much else to do, ms. */
export const PATIENCE_MS = 180_000;

/** @throws Error when it takes longer than {@link PATIENCE_MS}; `name` says in it what was waited for. */
export async function within<T>(what: Promise<T>, name: string): Promise<T> {
  const controller = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`waited ${PATIENCE_MS / 1000} s for ${name}`);
  }, () => new Promise<never>(() => {}));
  try {
    return await Promise.race([what, late]);
  } finally {
    controller.abort();
  }
}

/** SIGKILL to those that still run; resolves when they are gone. */
export async function killAll(children: readonly (ChildProcess | undefined)[]): Promise<void> {
  for (const child of children) {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
