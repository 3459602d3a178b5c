import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient, type MethodName, type MethodParams, type MethodResult } from '../../runtime/control/index.js';
import { faultline, projectRoot, type Outcome, type RunOptions } from '../tools/cli/run-node.js';
import { command } from './shell.js';

/** Longest wait for anything to happen; only a hang takes so long. */
export const PATIENCE_MS = 60_000;

/** A folder with run and log folders of its own, and the environment that names them. */
export class Playground {
  readonly folder = mkdtempSync(join(tmpdir(), 'fl-'));
  readonly env: Readonly<Record<string, string>> = { FAULTLINE_RUN_DIR: join(this.folder, 'run'), FAULTLINE_LOG_DIR: join(this.folder, 'log'), NO_COLOR: '1' };
  readonly #children: Served[] = [];

  constructor() {
    // The runner ends a file that takes too long with SIGTERM, and then no hook is run.
    process.once('SIGTERM', () => {
      for (const { child } of this.#children) child.kill('SIGKILL');
      process.exit(143);
    });
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Runs a command to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return faultline(args, { ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs a command that ends by itself, in the process of this file's short commands. */
  command(args: readonly string[], options: Pick<RunOptions, 'env'> = {}): Promise<Outcome> {
    return command(args, { env: { ...this.env, ...options.env } });
  }

  /** Generates a short flash crash; its path. */
  async tape(name = 't.tape', minutes = 12): Promise<string> {
    const made = await this.command(['market', 'generate', '--scenario', 'flash-crash', '--minutes', String(minutes), '--seed', '7', '--symbols', '1', '--rate', '0.3', '--out', this.at(name)]);
    if (made.code !== 0) throw new Error(made.stderr);
    return this.at(name);
  }

  /** Starts a long-lived command. */
  serve(args: readonly string[], options: { readonly env?: Readonly<Record<string, string>>; readonly script?: string; readonly ipc?: boolean } = {}): Served {
    const served = new Served(options.script ?? join(projectRoot, 'bin/faultline.js'), args, { ...this.env, ...options.env }, options.ipc ?? false);
    this.#children.push(served);
    return served;
  }

  /** Asks a process itself, without a command in between. */
  async ask<M extends MethodName>(name: string, method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    const client = await ControlClient.connect({ socketPath: this.at(`run/${name}.sock`), client: 'test', timeoutMs: PATIENCE_MS });
    try {
      return await (client.call as (method: M, params: MethodParams<M>, options: { readonly timeoutMs: number }) => Promise<MethodResult<M>>).call(client, method, params, { timeoutMs: PATIENCE_MS });
    } finally {
      client.close();
    }
  }

  /** Decisions that a served replay has made in its present pass. */
  async decisions(name: string): Promise<number> {
    return ((await this.ask(name, 'process', {})).status as { readonly decisions: number }).decisions;
  }

  /** Kills what still runs and removes everything. */
  async close(): Promise<void> {
    for (const child of this.#children) await child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A long-lived child, and what it has said so far. */
export class Served {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Messages over the parent's channel. */
  readonly messages: unknown[] = [];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #waiting = new Set<() => void>();

  constructor(script: string, args: readonly string[], more: Readonly<Record<string, string>>, ipc: boolean) {
    const env: NodeJS.ProcessEnv = { ...process.env, ...more };
    delete env['NODE_TEST_CONTEXT'];
    this.child = spawn(process.execPath, [script, ...args], { env, cwd: projectRoot, stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'] });
    const news = (): void => this.#waiting.forEach((look) => look());
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      news();
    });
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      news();
    });
    this.child.on('message', (message) => {
      this.messages.push(message);
      news();
    });
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        resolve({ code, signal });
        news();
      };
      this.child.on('close', end);
      // Streams that a test has closed itself never tell.
      this.child.on('exit', (code, signal) => {
        if (this.child.stdout!.destroyed) end(code, signal);
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }
  /** Whole lines of stdout. */
  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** Resolves when `seen` says so, looked at whenever the child says something; rejects when it ends first, or after a long time. */
  until(seen: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (seen()) done();
        else if (this.child.exitCode !== null || this.child.signalCode !== null) done(new Error(`it ended before ${what}: ${this.stderr}`));
      };
      const timer = setTimeout(() => done(new Error(`no ${what} in time: ${this.stdout}${this.stderr}`)), PATIENCE_MS);
      this.#waiting.add(look);
      look();
    });
  }

  ready(): Promise<void> {
    return this.until(() => this.stderr.includes(' is ready, pid '), 'ready');
  }

  passes(count: number): Promise<void> {
    return this.until(() => this.lines.length >= count, `pass ${count}`);
  }

  async kill(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    this.child.kill(signal);
    return this.ended;
  }
}
