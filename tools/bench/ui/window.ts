import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../../../bin/faultline.js', import.meta.url));

/** `faultline ui` in a process of its own. */
export interface WindowProcess {
  readonly url: string;
  readonly token: string;
  readonly child: ChildProcess;
}

/** @param nice how far it stands back behind the process that is measured; what a page's server does with its own time is not what it costs that process */
export async function openWindowProcess(env: Readonly<Record<string, string>>, nice: number): Promise<WindowProcess> {
  const child = spawn('nice', ['-n', String(nice), process.execPath, ENTRY, 'ui', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve)),
    once(child, 'exit').then(() => Promise.reject(new Error('faultline ui ended before it was ready'))),
  ]);
  const { url, token } = JSON.parse(line) as { readonly url: string; readonly token: string };
  return { url, token, child };
}

export async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
