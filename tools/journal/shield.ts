import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isDamage } from '../../runtime/journal/failure.js';
import { CliError } from '../cli/errors.js';
import { lookAtDataFile } from './data-file.js';

/**
 * LMDB maps its file: a page that is damaged or cut off mostly ends the process that reads it with a signal, not with an error. So
 * these commands read in a process of their own, which is this same command line once more, and say what became of it.
 */
const READER = 'FAULTLINE_JOURNAL_READER';
const POSITION_FD = 3;
const FATAL: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE'];

/** What became of the reading process: it ended with a code, or a damaged page ended it. */
export type ShieldedEnd = { readonly code: number } | { readonly signal: NodeJS.Signals; readonly position: string };

/** True in the process that reads. */
export const inReader = (): boolean => process.env[READER] === '1';

let reached = '';

/** How far reading came: the last thing that was good. */
export const lastPosition = (): string => reached;

/** Tells the process above how far reading is, for the case that the next page ends this one. */
export function notePosition(position: string): void {
  reached = position;
  if (inReader()) writeSync(POSITION_FD, `${position}\n`);
}

/** Runs this command line again as the reading process. */
export async function readShielded(): Promise<ShieldedEnd> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...process.env, [READER]: '1' } });
  let position = '';
  (child.stdio[POSITION_FD] as Readable).on('data', (chunk: Buffer) => {
    position = chunk.toString('utf8').trimEnd().split('\n').at(-1) ?? position;
  });
  // A terminal sends Ctrl-C to both; the reader cleans up and says so, and this one only waits for it.
  const forward = (signal: NodeJS.Signals) => (): void => void child.kill(signal);
  const onInt = forward('SIGINT');
  const onTerm = forward('SIGTERM');
  process.removeAllListeners('SIGINT').on('SIGINT', onInt);
  process.removeAllListeners('SIGTERM').on('SIGTERM', onTerm);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal !== null && !FATAL.includes(signal)) {
    process.removeListener(signal, onInt).removeListener(signal, onTerm);
    process.kill(process.pid, signal);
  }
  return signal === null ? { code: code ?? 1 } : { signal, position };
}

/** Runs `read` in the reading process, and waits for that one everywhere else. */
export async function shielded(folder: string, read: () => Promise<void> | void): Promise<void> {
  if (inReader()) {
    try {
      return await read();
    } catch (error) {
      if (isDamage(error)) throw damaged(folder, (error as Error).message, reached);
      throw error;
    }
  }
  // Said here at once, where it is not even a file of LMDB.
  lookAtDataFile(folder);
  const end = await readShielded();
  if ('code' in end) process.exitCode = end.code;
  else throw damaged(folder, end.signal, end.position);
}

/** @param how reading ended: a signal, or what LMDB said */
export function damaged(folder: string, how: string, position: string): CliError {
  return new CliError('badInput', `${folder}: a page of it is damaged or missing: reading ended with ${how}${position === '' ? '' : ` after ${position}`}`, `see how much is good: faultline journal verify ${folder}; the folder was only read`);
}
