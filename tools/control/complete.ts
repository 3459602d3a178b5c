import { ControlClient } from '../../runtime/control/client.js';
import { actorPaths } from './client.js';
import { chooseProcess, runningProcesses } from './find.js';

const PATIENCE_MS = 2000;

/** What may stand where the cursor is, one a line; nothing where nobody answers soon. For the shells' completion scripts. */
export async function complete(what: 'processes' | 'actors', name: string | undefined): Promise<void> {
  try {
    const words = what === 'processes' ? (await runningProcesses()).map((one) => one.name) : await paths(name);
    process.stdout.write(words.map((word) => `${word}\n`).join(''));
  } catch {
    // A shell that completes wants no errors.
  }
}

async function paths(name: string | undefined): Promise<string[]> {
  const client = await ControlClient.connect({ socketPath: (await chooseProcess(name)).socket, client: 'completion', timeoutMs: PATIENCE_MS });
  try {
    return await actorPaths(client, PATIENCE_MS);
  } finally {
    client.close();
  }
}
