import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchResult, BenchRow } from './row.js';

const child = fileURLToPath(new URL('./child.js', import.meta.url));

/** A row that takes longer is broken: all rows together may take twelve minutes. */
const ROW_LIMIT_MS = 150_000;

export interface RunOptions {
  /** Sees the child, so that an interruption can end it. */
  readonly onChild?: (child: ChildProcess) => void;
  readonly limitMs?: number;
  /** Script that measures; a test's stand-in. */
  readonly script?: string;
}

/** Measures one row in a process of its own. A row that crashes or hangs is a result with `failed`, never an exception. */
export function runRow(row: BenchRow, options: RunOptions = {}): Promise<BenchResult> {
  const limitMs = options.limitMs ?? row.limitMs ?? ROW_LIMIT_MS;
  // A killed row cannot remove its tapes.
  const folder = mkdtempSync(join(tmpdir(), 'faultline-bench-'));
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, ['--expose-gc', ...(row.nodeFlags ?? []), options.script ?? child, row.id], { 
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, FAULTLINE_BENCH_DIR: folder },
    });
    options.onChild?.(process_);
    let result: BenchResult | undefined;
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process_.kill('SIGKILL');
    }, limitMs);
    process_.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
    process_.on('message', (message) => (result = message as BenchResult));
    process_.on('error', (error) => (stderr = error.message));
    process_.on('close', (code, signal) => {
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
      resolve(result ?? failedResult(row, late ? `took longer than ${limitMs / 1000} s` : reasonOf(stderr) ?? `ended with ${signal ?? code}`));
    });
  });
}

/** The error's own line out of what Node prints for an uncaught one. */
function reasonOf(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines[0];
}

export function failedResult(row: BenchRow, reason: string): BenchResult {
  return {
    id: row.id, value: null, unit: row.unit, better: row.better, peer: row.peer, peerValue: null, ratio: null,
    floor: row.floor ?? null, aim: row.aim ?? null, rounds: [], failed: reason,
  };
}
