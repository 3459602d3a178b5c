import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { CliError } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';
import { isLoopback } from './modes.js';
import { type NameLock, takeName } from '../process/name-lock.js';

/**
 * One engine an account: by the folder of its record, and, where orders leave this machine, by its key, whatever the folders. The system
 * frees both with the process, SIGKILL included. @throws CliError `configuration` when another engine has the account.
 */
export async function lockAccount(recordFolder: string, account: string, key: string | null, origin: string | null = null): Promise<NameLock> {
  makeFolder(recordFolder, 0o700);
  const refuse = (what: string): CliError => new CliError('configuration', `another engine has ${what}`, 'one engine an account: faultline processes shows who runs; end that one first, or give this one another [engine] account');
  const byFolder = await takeName(recordFolder, 'engine');
  if (byFolder === undefined) throw refuse(`the account ${account} (${recordFolder})`);
  if (key === null) return byFolder;
  // Exchanges in a box have the same keys for the same seed: each on this machine is a venue of its own.
  const venue = origin !== null && isLoopback(origin) ? ` ${new URL(origin).origin}` : '';
  const byKey = await takeName(tmpdir(), `faultline-key-${createHash('sha256').update(`${key}${venue}`).digest('hex').slice(0, 24)}`);
  if (byKey === undefined) {
    await byFolder.release();
    throw refuse('the key of this account at the venue');
  }
  return { release: async () => void (await Promise.all([byFolder.release(), byKey.release()])) };
}
