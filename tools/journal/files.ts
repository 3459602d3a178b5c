import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes a rename in the folder last over a loss of power. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
