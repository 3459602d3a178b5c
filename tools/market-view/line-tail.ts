import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const PIECE = 1 << 20;
/** A line that is longer is no line of ours. */
const MOST_PENDING = 16 << 20;

/** Reads the whole lines of a file that grows, each once. */
export class LineTail {
  readonly #fd: number;
  #offset = 0;
  #pending: Buffer = Buffer.alloc(0);

  /** @throws the system's error. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** Lines that are whole and new, of about a mebibyte; none at the end. @throws the system's error. */
  next(): string[] {
    const size = Math.min(PIECE, fstatSync(this.#fd).size - this.#offset);
    if (size <= 0) return [];
    const piece = Buffer.alloc(size);
    const got = readSync(this.#fd, piece, 0, size, this.#offset);
    this.#offset += got;
    const bytes = Buffer.concat([this.#pending, piece.subarray(0, got)]);
    const end = bytes.lastIndexOf(10) + 1;
    this.#pending = bytes.subarray(end);
    if (this.#pending.length > MOST_PENDING) this.#pending = Buffer.alloc(0);
    if (end === 0) return got === 0 ? [] : this.next();
    return bytes.toString('utf8', 0, end - 1).split('\n');
  }

  close(): void {
    closeSync(this.#fd);
  }
}
