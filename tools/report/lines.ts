import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { runReadFailure } from '../../data/runs/error.js';

const CHUNK_BYTES = 1 << 20;

/**
 * The whole lines of a file, one after the other, however long it is; of one that is still written under another name (`.partial`), those.
 * What follows the last newline is cut. Nothing for a file that is not there. @throws RunError `unreadable`.
 */
export function* linesOf(path: string): Generator<string> {
  const chosen = existsSync(path) ? path : `${path}.partial`;
  if (!existsSync(chosen)) return;
  let fd: number;
  try {
    fd = openSync(chosen, 'r');
  } catch (error) {
    throw runReadFailure(chosen, error);
  }
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      let got: number;
      try {
        got = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      } catch (error) {
        throw runReadFailure(chosen, error);
      }
      if (got === 0) return;
      const lines = (rest + decoder.write(chunk.subarray(0, got))).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  } finally {
    closeSync(fd);
  }
}
