import { createHash } from 'node:crypto';
import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** A name that nobody else holds, until `release` or the end of this process, whatever its end. */
export interface NameLock {
  release(): Promise<void>;
}

/**
 * Takes `name` within a folder, or answers undefined when another process holds it.
 *
 * On Linux the lock is an abstract socket: the kernel frees it with its process, SIGKILL included, and no file can go stale.
 * Its name comes from the folder's device and inode, so two folders lock apart. Elsewhere it is a socket file whose owner is
 * asked whether it lives.
 */
export async function takeName(folder: string, name: string): Promise<NameLock | undefined> {
  const { dev, ino } = lstatSync(folder);
  const key = createHash('sha256').update(`${dev}:${ino}:${name}`).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  if (process.platform === 'linux') return (await listens(server, `\0faultline-${key}`)) ? held(server) : undefined;
  const path = join(folder, `.${name}.lock`);
  if (await listens(server, path)) return held(server);
  if (await answers(path)) return undefined;
  rmSync(path, { force: true });
  return (await listens(server, path)) ? held(server) : undefined;
}

function held(server: Server): NameLock {
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(path, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

/** Whether somebody listens at a socket file. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
