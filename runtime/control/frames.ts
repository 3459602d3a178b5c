/** One line, its newline taken off. Blank lines are no frames. */
export type Frame =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** A line longer than allowed: told once, as soon as it is known; the rest of it is skipped. */
  | { readonly kind: 'tooLong' };

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 1024;

/**
 * Cuts a byte stream into lines, whatever chunks it comes in. Holds what it has not handed out: at most one
 * unfinished line and the chunks pushed since `next` last said null.
 */
export class FrameDecoder {
  readonly #maxBytes: number;
  /** The unfinished line so far, before `#chunk`; grows by doubling, so that single bytes cost no more than chunks. */
  #line: Buffer = EMPTY;
  #lineBytes = 0;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #skipping = false;

  /** @param maxBytes longest line, without its newline */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** Bytes held. */
  get heldBytes(): number {
    return this.#lineBytes + this.#chunk.length - this.#at;
  }

  /** The next frame, null when more bytes are needed. Its bytes are good until the next call. */
  next(): Frame | null {
    while (this.#at < this.#chunk.length) {
      const end = this.#chunk.indexOf(NEWLINE, this.#at);
      const stop = end < 0 ? this.#chunk.length : end;
      const piece = this.#chunk.subarray(this.#at, stop);
      const skipped = this.#skipping;
      this.#at = end < 0 ? stop : stop + 1;
      if (end >= 0) this.#skipping = false;
      if (skipped) continue;
      if (this.#lineBytes + piece.length > this.#maxBytes) {
        this.#clearLine();
        this.#skipping = end < 0;
        return { kind: 'tooLong' };
      }
      if (end < 0) {
        this.#append(piece);
        continue;
      }
      let bytes = piece;
      if (this.#lineBytes > 0) {
        this.#append(piece);
        bytes = this.#line.subarray(0, this.#lineBytes);
        this.#clearLine();
      }
      if (!isBlank(bytes)) return { kind: 'line', bytes };
    }
    this.#chunk = EMPTY;
    this.#at = 0;
    return null;
  }

  #append(piece: Buffer): void {
    const needed = this.#lineBytes + piece.length;
    if (needed > this.#line.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(FIRST_BYTES, needed, 2 * this.#line.length)));
      this.#line.copy(grown, 0, 0, this.#lineBytes);
      this.#line = grown;
    }
    piece.copy(this.#line, this.#lineBytes);
    this.#lineBytes = needed;
  }

  #clearLine(): void {
    this.#line = EMPTY;
    this.#lineBytes = 0;
  }
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether JSON text nests arrays and objects deeper than `max`. Says nothing about whether it is JSON. */
export function deeperThan(bytes: Uint8Array, max: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > max) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}
