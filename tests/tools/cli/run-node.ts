import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a finished child left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onStart?: (child: ChildProcess) => void;
  /** Called for every chunk of stderr, e.g. to send a signal once the child says it is ready. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** The root of the checkout the tests were compiled in. */
export const projectRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** Runs a script with this Node and collects what it prints. */
export function runNode(script: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    // node:test marks its children; the programs under test must not think they are one.
    delete env['NODE_TEST_CONTEXT'];
    const child = spawn(process.execPath, [script, ...args], { env, cwd: options.cwd ?? projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
    options.onStart?.(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      options.onStderr?.(stderr, child);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs the `faultline` command as a user would. */
export function faultline(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runNode(join(projectRoot, 'bin/faultline.js'), args, options);
}
