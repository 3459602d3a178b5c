import { statfsSync } from 'node:fs';
import { RunError, runWriteFailure } from './error.js';

/** Bytes that a program of this user may still write on the disk of `folder`. @throws RunError. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    throw runWriteFailure(folder, error);
  }
}

/** Bytes written between two looks at the disk. */
const LOOK_EVERY_BYTES = 4 * 1024 * 1024;

/** Ends a run before the disk is full, so that what must still be written can be: fewer than `leastBytes` free is a failure. */
export class SpaceGuard {
  readonly #folder: string;
  readonly #leastBytes: number;
  readonly #free: (folder: string) => number;
  #sinceLook = Infinity;

  constructor(folder: string, leastBytes: number, free: (folder: string) => number = freeBytes) {
    this.#folder = folder;
    this.#leastBytes = leastBytes;
    this.#free = free;
  }

  /** Says that `bytes` more have been or will be written. @throws RunError `lowSpace`. */
  spend(bytes: number): void {
    this.#sinceLook += bytes;
    if (this.#sinceLook < LOOK_EVERY_BYTES) return;
    const free = this.#free(this.#folder);
    if (free < this.#leastBytes) {
      throw new RunError('lowSpace', `${this.#folder}: ${free} bytes are free on its disk, and ${this.#leastBytes} are to stay so`, 'free some space, or keep fewer runs');
    }
    this.#sinceLook = 0;
  }
}
