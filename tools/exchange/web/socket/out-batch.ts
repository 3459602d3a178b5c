import type { Socket } from 'node:net';
import { textFrame, writeTextFrame } from './frames.js';

const BLOCK_BYTES = 64 * 1024;
/** Blocks that all connections together may be filling or waiting for; beyond them a frame has a buffer of its own. */
const MOST_BLOCKS = 128;

const spare: Buffer[] = [];
let made = 0;

function takeBlock(): Buffer | undefined {
  const block = spare.pop();
  if (block !== undefined || made === MOST_BLOCKS) return block;
  made += 1;
  return Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/**
 * Frames that are for one socket alone, laid one after the other into a block that is used again: a busy connection's answers cost no
 * object each. Nothing is sent before `flush`.
 */
export class OutBatch {
  readonly #socket: Socket;
  #block: Buffer | undefined;
  #used = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that wait here. */
  get length(): number {
    return this.#used;
  }

  /** Adds `text` as a frame; `bytes` is its length in UTF-8. */
  add(text: string, bytes: number): void {
    if (this.#block !== undefined) {
      const end = writeTextFrame(this.#block, this.#used, text, bytes);
      if (end >= 0) {
        this.#used = end;
        return;
      }
      this.flush();
    }
    const block = takeBlock();
    const end = block === undefined ? -1 : writeTextFrame(block, 0, text, bytes);
    if (end < 0) {
      if (block !== undefined) spare.push(block);
      this.#socket.write(textFrame(text));
      return;
    }
    this.#block = block;
    this.#used = end;
  }

  /** Gives what was added to the socket. */
  flush(): void {
    const block = this.#block;
    if (block === undefined) return;
    const filled = block.subarray(0, this.#used);
    this.#block = undefined;
    this.#used = 0;
    // A block that waits for a slow reader would hold more than it counts for.
    if (filled.length < BLOCK_BYTES / 2 && this.#socket.writableLength > 0) {
      this.#socket.write(Buffer.from(filled));
      spare.push(block);
    } else {
      this.#socket.write(filled, () => spare.push(block));
    }
  }

  /** Forgets what was added: there is nobody to send it to. */
  drop(): void {
    if (this.#block !== undefined) spare.push(this.#block);
    this.#block = undefined;
    this.#used = 0;
  }
}
