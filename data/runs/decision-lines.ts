import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RunError, runReadFailure, runWriteFailure } from './error.js';
import { DECISIONS, FILE_MODE } from './folder.js';

/** Writes decisions.jsonl, or effects.jsonl: canonical lines, in order, as they come. */
export class DecisionLinesWriter {
  readonly path: string;
  readonly #fd: number;
  #pending = '';
  #count = 0;
  #closed = false;

  /** @throws RunError. */
  constructor(folder: string, file: string = DECISIONS) {
    this.path = join(folder, file);
    try {
      this.#fd = openSync(this.path, 'wx', FILE_MODE);
    } catch (error) {
      throw runWriteFailure(this.path, error);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Characters that wait for `flush`. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Takes a line without its newline. */
  append(line: string): void {
    this.#pending += `${line}\n`;
    this.#count += 1;
  }

  /** @throws RunError. */
  flush(): void {
    if (this.#pending === '') return;
    if (this.#closed) throw new RunError('closed', `${this.path}: its writer is closed`);
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      throw runWriteFailure(this.path, error);
    }
  }

  /** @throws RunError. */
  sync(): void {
    this.flush();
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw runWriteFailure(this.path, error);
    }
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.sync();
    } finally {
      this.abort();
    }
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

/**
 * Lines of the decisions in a folder, those that are whole; also those of a replay's `--out` folder that was interrupted.
 * @throws RunError `missing` or `unreadable`.
 */
export function readDecisionLines(folder: string, file: string = DECISIONS): string[] {
  const path = join(folder, file);
  const chosen = !existsSync(path) && existsSync(`${path}.partial`) ? `${path}.partial` : path;
  let text: string;
  try {
    text = readFileSync(chosen, 'utf8');
  } catch (error) {
    throw runReadFailure(chosen, error);
  }
  const lines = text.split('\n');
  // What follows the last newline is cut.
  lines.pop();
  return lines;
}
