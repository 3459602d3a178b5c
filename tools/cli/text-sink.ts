import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { CliError } from './errors.js';
import { fromSystemError } from './system-errors.js';

/** Where the text of an export goes. `write` resolves when more may come. */
export interface TextSink {
  readonly write: (text: string) => Promise<void> | void;
  readonly end: () => void;
  readonly discard: () => void;
}

export const stdoutSink: TextSink = {
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  end: () => {},
  discard: () => {},
};

/** A file that gets its name only when it is whole: until `end` it is `<path>.partial`, and `discard` removes that. */
export function fileSink(path: string, overwrite: boolean): TextSink {
  if (!overwrite && existsSync(path)) throw new CliError('cannotWrite', `${path}: exists already`, 'choose another name, or pass --overwrite');
  const partial = `${path}.partial`;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fromSystemError(error, 'write') ?? error;
    }
  };
  const fd = guarded(() => openSync(partial, 'w'));
  return {
    write: (text) => guarded(() => {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    }),
    end: () => guarded(() => {
      fsyncSync(fd);
      closeSync(fd);
      renameSync(partial, path);
    }),
    discard: () => {
      closeSync(fd);
      rmSync(partial, { force: true });
    },
  };
}
