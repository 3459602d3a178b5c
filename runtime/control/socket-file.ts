import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { basename, dirname, join } from 'node:path';
import { ControlError } from './errors.js';

/** Bytes of a path in `sockaddr_un`, its closing zero not counted: 108 on Linux, 104 on macOS. */
export const SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;
/** `bind` happens under a name of this form in the same folder, which `rename` then turns into the real one. */
const BIND_NAME = /^\.s[0-9a-f]{8}$/;
const BIND_NAME_BYTES = 10;
/** Its holder lives, or the kernel would have freed it: only one that is held up itself takes so long. */
const LOCK_WAIT_MS = 20_000;
const OWNER_WAIT_MS = 500;

/** A socket file that is ours: listening, mode 0600. */
export interface ClaimedSocket {
  readonly path: string;
  /** Removes the file, if it is still ours. */
  release(): Promise<void>;
}

/**
 * Lets `server` listen at `path`. A file that a dead process left is replaced, a living owner's never: under a lock
 * that the kernel frees with its holder, the path is tried, and the new socket, already listening and private,
 * is renamed over it. Of two who start at once one wins.
 * @throws ControlError
 */
export async function claimSocket(server: net.Server, path: string): Promise<ClaimedSocket> {
  const folder = dirname(path);
  checkLength(path);
  await privateFolder(folder);
  const unlock = await lockFor(folder, basename(path));
  try {
    await refuseLivingOwner(path);
    await sweep(folder);
    const bound = join(folder, `.s${randomBytes(4).toString('hex')}`);
    await listen(server, bound, path);
    // Closing the server removes the name that it was bound to, which is nobody's after the rename: never another owner's file.
    await chmod(bound, 0o600);
    await rename(bound, path);
    const { ino, dev } = await lstat(path);
    return {
      path,
      release: async () => {
        try {
          const now = await lstat(path);
          if (now.ino === ino && now.dev === dev) await unlink(path);
        } catch {
          // Gone already.
        }
      },
    };
  } finally {
    await unlock();
  }
}

/** @throws ControlError path_too_long */
export function checkLength(path: string): void {
  const bytes = Math.max(Buffer.byteLength(path), Buffer.byteLength(dirname(path)) + 1 + BIND_NAME_BYTES);
  if (bytes <= SOCKET_PATH_BYTES) return;
  throw new ControlError('path_too_long', `the path of the control socket has ${bytes} bytes, the system allows ${SOCKET_PATH_BYTES}: ${path}`, {
    fix: 'use a shorter run folder or process name',
  });
}

async function privateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = await stat(folder);
    const mine = process.getuid?.();
    if (mine !== undefined && uid !== mine) {
      throw new ControlError('insecure_folder', `the folder of the control socket belongs to another user: ${folder}`, { fix: 'use a run folder of your own' });
    }
    if ((mode & 0o077) !== 0) {
      throw new ControlError('insecure_folder', `the folder of the control socket is open to other users (mode ${(mode & 0o777).toString(8)}): ${folder}`, { fix: `chmod 700 ${folder}` });
    }
  } catch (thrown) {
    if (thrown instanceof ControlError) throw thrown;
    throw new ControlError('cannot_listen', `the folder of the control socket cannot be used: ${messageOf(thrown)}`);
  }
}

async function refuseLivingOwner(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = (await lstat(path)).isSocket();
  } catch {
    return;
  }
  if (!isSocket) throw new ControlError('not_a_socket', `something that is not a socket lies at ${path}`, { fix: 'move it away' });
  if (!(await answers(path))) return;
  const who = await ownerOf(path);
  throw new ControlError('in_use', `a living process${who === undefined ? '' : ` (${who})`} serves ${path}`, { fix: 'use another process name, or shut that one down' });
}

/** What a living owner says of itself, if it does so soon. */
async function ownerOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = net.connect({ path });
    let text = '';
    const end = (who?: string): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(who);
    };
    const timer = setTimeout(end, OWNER_WAIT_MS);
    asked.on('error', () => end());
    asked.on('close', () => end());
    asked.on('connect', () => asked.write('{"jsonrpc":"2.0","id":1,"method":"rpc.version"}\n'));
    asked.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, pid] = /"pid":(\d{1,10})\b/.exec(text) ?? [];
      if (pid !== undefined) end(`pid ${pid}`);
      else if (text.length > 4096) end();
    });
  });
}

/** Whether somebody listens. Anything but a refusal counts as life: a full backlog, a missing permission. */
async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}

/** Takes away what starters left that died between bind and rename. The lock says that nobody is between them now. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!BIND_NAME.test(name)) continue;
    const path = join(folder, name);
    if (!(await answers(path))) await rm(path, { force: true });
  }
}

async function listen(server: net.Server, bound: string, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(new ControlError('cannot_listen', `the control socket cannot be opened at ${path}: ${error.code ?? error.message}`));
    };
    server.once('error', failed);
    server.listen({ path: bound, backlog: 511 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** A lock on (folder, name) that the kernel frees when its holder dies. */
async function lockFor(folder: string, name: string): Promise<() => Promise<void>> {
  const { dev, ino } = await stat(folder);
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const unlock = process.platform === 'linux'
      // One lock for the folder: the sweep is about the whole of it.
      ? await abstractLock(`\0faultline-control-${createHash('sha256').update(`${process.getuid?.() ?? 0}:${dev}:${ino}`).digest('hex').slice(0, 32)}`)
      : await fileLock(join(folder, `.${name}.lock`));
    if (unlock !== null) return unlock;
    if (performance.now() > deadline) {
      throw new ControlError('in_use', `another process has been opening a control socket in ${folder} for ${LOCK_WAIT_MS / 1000} s`, { fix: 'try again' });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Linux: a socket in the abstract name space is nobody's file and goes with its process. */
async function abstractLock(name: string): Promise<(() => Promise<void>) | null> {
  const holder = net.createServer((stranger) => stranger.destroy());
  const held = await new Promise<boolean>((resolve, reject) => {
    holder.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new ControlError('cannot_listen', `the lock of the control socket cannot be taken: ${error.code ?? error.message}`));
    });
    holder.listen({ path: name }, () => resolve(true));
  });
  return held ? () => new Promise((resolve) => holder.close(() => resolve())) : null;
}

/** BSD and macOS: `open` itself can take an exclusive lock (O_EXLOCK, O_NONBLOCK). */
async function fileLock(file: string): Promise<(() => Promise<void>) | null> {
  const O_RDWR = 0x2;
  const O_NONBLOCK = 0x4;
  const O_EXLOCK = 0x20;
  const O_CREAT = 0x200;
  try {
    const handle = await open(file, O_RDWR | O_CREAT | O_EXLOCK | O_NONBLOCK, 0o600);
    return () => handle.close();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw new ControlError('cannot_listen', `the lock of the control socket cannot be taken: ${messageOf(thrown)}`);
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
