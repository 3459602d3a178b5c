import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { closedFiles, splitLogPath } from '../process/log-file.js';

const CHUNK = 64 * 1024;

/** The last lines of a process's log that `wanted` takes, oldest first, from closed files too. */
export function lastLines(path: string, count: number, wanted: (line: string) => boolean): string[] {
  const { folder, name } = splitLogPath(path);
  const files = [...closedFiles(folder, name).map((file) => file.path), path];
  let lines: string[] = [];
  for (let at = files.length - 1; at >= 0 && lines.length < count; at -= 1) {
    lines = [...lastLinesOf(files[at]!, count - lines.length, wanted), ...lines];
  }
  return lines;
}

/** From the end backwards, so that a big file costs what is shown of it. */
function lastLinesOf(path: string, count: number, wanted: (line: string) => boolean): string[] {
  const descriptor = openOrNot(path);
  if (descriptor === undefined || count === 0) {
    if (descriptor !== undefined) closeSync(descriptor);
    return [];
  }
  const lines: string[] = [];
  try {
    let end = fstatSync(descriptor).size;
    let rest = Buffer.alloc(0);
    while (end > 0 && lines.length < count) {
      const begin = Math.max(0, end - CHUNK);
      const bytes = Buffer.alloc(end - begin);
      readSync(descriptor, bytes, 0, bytes.length, begin);
      const text = Buffer.concat([bytes, rest]);
      // What comes before the first newline may be the tail of a line that begins in an earlier chunk.
      const cut = begin === 0 ? 0 : text.indexOf(0x0a) + 1;
      if (begin > 0 && cut === 0) {
        rest = text;
      } else {
        rest = text.subarray(0, cut);
        const whole = text.subarray(cut).toString('utf8').split('\n').filter((line) => line !== '');
        for (let at = whole.length - 1; at >= 0 && lines.length < count; at -= 1) if (wanted(whole[at]!)) lines.push(whole[at]!);
      }
      end = begin;
    }
  } finally {
    closeSync(descriptor);
  }
  return lines.reverse();
}

/**
 * Follows a log from its present end, over rotations: a file that was closed meanwhile is read to its end, then those that
 * were closed after it, then the one that is written.
 */
export class LogFollower {
  readonly #path: string;
  #descriptor: number | undefined;
  #inode = 0;
  #at = 0;
  #decoder = new StringDecoder('utf8');
  #part = '';

  constructor(path: string) {
    this.#path = path;
    this.#open(path, true);
  }

  /** The whole lines that have come since the last call. */
  poll(): string[] {
    const lines: string[] = [];
    if (this.#descriptor === undefined && !this.#open(this.#path, false)) return lines;
    this.#read(lines);
    const now = inodeOf(this.#path);
    if (now === undefined || now === this.#inode) return lines;
    // Rotated: what was written into the old file between the read and the rename comes first.
    this.#read(lines);
    for (const next of this.#filesSince()) {
      this.#close(lines);
      if (this.#open(next, false)) this.#read(lines);
    }
    return lines;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Files that were closed after ours, and the one that is written. */
  #filesSince(): string[] {
    const { folder, name } = splitLogPath(this.#path);
    const closed = closedFiles(folder, name);
    const own = closed.findIndex(({ path }) => inodeOf(path) === this.#inode);
    // Ours was removed already: everything that is left was closed later, as far as anybody can tell.
    return [...closed.slice(own + 1).map(({ path }) => path), this.#path];
  }

  #open(path: string, atEnd: boolean): boolean {
    this.#descriptor = openOrNot(path);
    if (this.#descriptor === undefined) return false;
    const { ino, size } = fstatSync(this.#descriptor);
    this.#inode = ino;
    this.#at = atEnd ? size : 0;
    return true;
  }

  #close(lines: string[]): void {
    this.close();
    if (this.#part !== '') lines.push(this.#part);
    this.#part = '';
    this.#decoder = new StringDecoder('utf8');
  }

  #read(lines: string[]): void {
    const bytes = Buffer.alloc(CHUNK);
    for (let count = 1; count > 0; ) {
      count = readSync(this.#descriptor!, bytes, 0, CHUNK, this.#at);
      this.#at += count;
      const parts = (this.#part + this.#decoder.write(bytes.subarray(0, count))).split('\n');
      this.#part = parts.pop()!;
      lines.push(...parts.filter((line) => line !== ''));
    }
  }
}

function openOrNot(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
