import { spawn } from 'node:child_process';

const PATIENCE_MS = 5000;

/**
 * Tells the service manager, where NOTIFY_SOCKET names one. Node has no datagram sockets of that kind, so the service
 * manager's own program carries the word; the unit says NotifyAccess=all for it. False when it could not be told.
 */
export function notifyServiceManager(words: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): Promise<boolean> {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...words], { stdio: 'ignore', timeout: PATIENCE_MS });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Tells pm2 (wait_ready) or any parent with a channel. */
export function tellParent(word: 'ready'): void {
  if (process.send === undefined || !process.connected) return;
  try {
    process.send(word, undefined, undefined, () => {});
  } catch {
    // The parent went between the look and the word.
  }
}
