import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CliError } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';

/** Variable that names the folder of control sockets and records of running processes. */
export const RUN_VARIABLE = 'FAULTLINE_RUN_DIR';

/** Longest path of a Unix socket, its closing zero included: 108 on Linux, 104 on macOS. */
const MOST_SOCKET_BYTES = process.platform === 'linux' ? 107 : 103;
/** Without dots: NAME.json and NAME.000001.log must be nobody else's. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/;

/** `--name` or `--process` as a name. @throws CliError usage. */
export function processName(text: string): string {
  if (!NAME.test(text)) throw new CliError('usage', `'${text}' is not a name of a process`, 'letters, digits, - and _, at most 48, beginning with a letter or a digit');
  return text;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the processes of this user are found: FAULTLINE_RUN_DIR, else $XDG_RUNTIME_DIR/faultline, else /tmp/faultline-UID. */
export function runFolder(env: Environment = process.env): string {
  const own = env[RUN_VARIABLE];
  if (own !== undefined && own !== '') return resolve(own);
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime.startsWith('/')) return join(runtime, 'faultline');
  return `/tmp/faultline-${process.getuid!()}`;
}

/** The run folder, made if it is missing and checked. @throws CliError configuration when others could reach into it. */
export function openRunFolder(env: Environment = process.env): string {
  const folder = runFolder(env);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      makeFolder(dirname(folder));
      mkdirSync(folder, { mode: 0o700 });
    } else if (code !== 'EEXIST') throw error;
  }
  checkFolder(folder);
  return folder;
}

/** The run folder of a client, who makes none; undefined where there is none. @throws CliError configuration as `openRunFolder`. */
export function existingRunFolder(env: Environment = process.env): string | undefined {
  const folder = runFolder(env);
  try {
    checkFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return folder;
}

/**
 * Who may enter this folder commands our processes, and whoever owns it may put a socket of his own there: it must be a
 * folder, not a link to one, ours, and closed to everybody else.
 */
function checkFolder(folder: string): void {
  const stats = lstatSync(folder);
  const refuse = (what: string, fix: string): never => {
    throw new CliError('configuration', `${folder} ${what}`, fix);
  };
  const elsewhere = `name another folder with ${RUN_VARIABLE}`;
  if (stats.isSymbolicLink()) refuse('is a symbolic link; a run folder must not be one', elsewhere);
  if (!stats.isDirectory()) refuse('is not a folder', elsewhere);
  if (stats.uid !== process.getuid!()) refuse(`belongs to user ${stats.uid}, this is user ${process.getuid!()}`, elsewhere);
  if ((stats.mode & 0o077) !== 0) refuse(`is open to other users (mode ${(stats.mode & 0o777).toString(8)})`, `chmod 700 ${folder}`);
}

/** The control socket of a process. @throws CliError configuration when the path is longer than a socket's may be. */
export function socketPath(folder: string, name: string): string {
  const path = join(folder, `${name}.sock`);
  if (Buffer.byteLength(path) > MOST_SOCKET_BYTES) {
    throw new CliError('configuration', `${path}: a path of ${Buffer.byteLength(path)} bytes, a socket's may have ${MOST_SOCKET_BYTES}`, `name a shorter folder with ${RUN_VARIABLE}`);
  }
  return path;
}
