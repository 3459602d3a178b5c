import { BadRow, DamagedInput, ImportError } from './import-error.js';

/** The longest line or JSON value that is read; anything longer is not market data. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const NEWLINE = 10;

/** Cuts chunks into frames and hands each to `frame`; `number` counts from 1. */
export interface Framer {
  push(chunk: Buffer): void;
  end(): void;
}
export type OnFrame = (bytes: Buffer, start: number, end: number, number: number) => void;

/** Lines: split at \n, a \r before it dropped; a byte order mark dropped. The last line needs no \n. */
export class LineFramer implements Framer {
  readonly #frame: OnFrame;
  readonly #label: string;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #number = 0;

  constructor(label: string, frame: OnFrame) {
    this.#label = label;
    this.#frame = frame;
  }

  push(chunk: Buffer): void {
    let start = 0;
    let newline = chunk.indexOf(NEWLINE);
    if (this.#restBytes > 0) {
      this.#rest.push(newline < 0 ? chunk : chunk.subarray(0, newline));
      this.#restBytes += newline < 0 ? chunk.length : newline;
      if (this.#restBytes > MAX_FRAME_BYTES) throw tooLong(this.#label, this.#number + 1);
      if (newline < 0) return;
      const line = Buffer.concat(this.#rest);
      this.#rest = [];
      this.#restBytes = 0;
      this.#line(line, 0, line.length);
      start = newline + 1;
      newline = chunk.indexOf(NEWLINE, start);
    }
    while (newline >= 0) {
      this.#line(chunk, start, newline);
      start = newline + 1;
      newline = chunk.indexOf(NEWLINE, start);
    }
    if (start < chunk.length) {
      this.#rest.push(Buffer.from(chunk.subarray(start)));
      this.#restBytes = chunk.length - start;
    }
  }

  end(): void {
    if (this.#restBytes === 0) return;
    const line = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    this.#line(line, 0, line.length);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    this.#number += 1;
    const from = this.#number === 1 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start;
    const to = end > from && bytes[end - 1] === 13 ? end - 1 : end;
    this.#frame(bytes, from, to, this.#number);
  }
}

/**
 * JSON values that are not one a line: values one after the other, pretty-printed or not; an outermost array is opened
 * and its elements are the frames. Only brackets and strings are looked at here; JSON.parse judges the rest.
 */
export class JsonFramer implements Framer {
  readonly #frame: OnFrame;
  readonly #label: string;
  #number = 0;
  #depth = 0;
  /** Depth at which values are frames: 1 inside an outermost array, else 0. */
  #floor = 0;
  #inString = false;
  #escaped = false;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #open = false;

  constructor(label: string, frame: OnFrame) {
    this.#label = label;
    this.#frame = frame;
  }

  push(chunk: Buffer): void {
    let start = this.#open ? 0 : -1;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === 92) this.#escaped = true;
        else if (code === 34) this.#inString = false;
        continue;
      }
      if (!this.#open) {
        if (code === 91 && this.#depth === 0) {
          this.#depth = 1;
          this.#floor = 1;
        } else if (code === 123 || code === 91) {
          this.#open = true;
          this.#depth += 1;
          start = at;
        } else if (code === 93 && this.#depth === 1) {
          this.#depth = 0;
          this.#floor = 0;
        } else if (code !== 32 && code !== 10 && code !== 13 && code !== 9 && code !== 44 && !(code === 0xef || code === 0xbb || code === 0xbf)) {
          throw new DamagedInput(this.#label, `is not JSON after its value ${this.#number} (it goes on with ${JSON.stringify(String.fromCharCode(code))})`);
        }
        continue;
      }
      if (code === 34) {
        this.#inString = true;
      } else if (code === 123 || code === 91) {
        this.#depth += 1;
      } else if (code === 125 || code === 93) {
        this.#depth -= 1;
        if (this.#depth === this.#floor) {
          this.#pieces.push(chunk.subarray(start, at + 1));
          const value = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
          this.#pieces = [];
          this.#pieceBytes = 0;
          this.#open = false;
          this.#number += 1;
          this.#frame(value, 0, value.length, this.#number);
          start = -1;
        }
      }
    }
    if (this.#open) {
      this.#pieces.push(Buffer.from(chunk.subarray(start)));
      this.#pieceBytes += chunk.length - start;
      if (this.#pieceBytes > MAX_FRAME_BYTES) throw tooLong(this.#label, this.#number + 1);
    }
  }

  end(): void {
    if (this.#open || this.#depth > 0) throw new DamagedInput(this.#label, `is cut short (its JSON ends within value ${this.#number + 1})`);
  }
}

function tooLong(label: string, number: number): ImportError {
  return new ImportError('badInput', `${label}: line ${number} is longer than ${MAX_FRAME_BYTES / 1024 / 1024} MiB`, 'this is not market data');
}

/** JSON.parse of bytes. @throws BadRow. */
export function parseJson(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as unknown;
  } catch {
    throw new BadRow(end > start ? 'is not valid JSON' : 'is empty', 'json');
  }
}
