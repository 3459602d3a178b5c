import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VAR_VARIABLE } from '../../../data/runs/index.js';
import { CliError } from '../../cli/errors.js';
import { type NameLock, takeName } from '../../process/name-lock.js';
import { openRunFolder, RUN_VARIABLE } from '../../process/run-folder.js';
import { DEFAULT_PORT } from '../../ui/port.js';
import type { Window } from '../../ui/serve.js';
import { Child } from './child.js';
import { accountsFile, engineConfig } from './settings.js';

/** So many demonstrations may run beside each other. */
const MOST_BESIDE = 8;

/** Names, folders and processes of one demonstration. Everything is gone when it is closed; what stays is the run. */
export class Stage {
  readonly exchangeName: string;
  readonly engineName: string;
  readonly children: Child[] = [];
  readonly #var: string;
  readonly #account: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'faultline-demo-'));
  readonly #lock: NameLock;

  /** Takes the first name that nobody has. @throws CliError `configuration` when all are taken. */
  static async open(dir: string): Promise<Stage> {
    const folder = openRunFolder();
    for (let number = 1; number <= MOST_BESIDE; number += 1) {
      const suffix = number === 1 ? '' : `-${number}`;
      const lock = await takeName(folder, `demo${suffix}`);
      if (lock !== undefined) return new Stage(resolve(dir), suffix, lock);
    }
    throw new CliError('configuration', `${MOST_BESIDE} demonstrations run already beside each other`, `end one of them (faultline processes shows them), or name another folder with ${RUN_VARIABLE}`);
  }

  private constructor(dir: string, suffix: string, lock: NameLock) {
    this.#var = dir;
    this.#lock = lock;
    this.exchangeName = `demo-exchange${suffix}`;
    this.engineName = `demo-engine${suffix}`;
    // The exchange is a new one each time, and so is the account: orders of an earlier one are nowhere.
    this.#account = `demo-${process.pid}`;
  }

  startExchange(seed: number, speed: number): Child {
    const accounts = this.#write('accounts.toml', accountsFile());
    return this.#start(this.exchangeName, ['exchange', '--json', '--name', this.exchangeName, '--seed', String(seed), '--speed', String(speed), '--symbols', '2', '--accounts', accounts]);
  }

  /** `venueLine`: what the exchange printed. */
  startEngine(venueLine: string): Child {
    const config = this.#write('engine.toml', engineConfig(this.#account));
    const venue = this.#write('venue.json', `${venueLine}\n`);
    return this.#start(this.engineName, ['engine', 'run', '--json', '--name', this.engineName, '--config', config, '--mode', 'demo', '--venue-json', venue]);
  }

  /** The window on both, in this process; undefined when it cannot be had, which is no reason to show nothing. */
  async openWindow(): Promise<Window | undefined> {
    const env = { ...process.env, [VAR_VARIABLE]: this.#var };
    try {
      const { openWindow } = await import('../../ui/serve.js');
      return await openWindow({ port: DEFAULT_PORT, env }).catch(() => openWindow({ port: 0, env }));
    } catch {
      return undefined;
    }
  }

  #start(name: string, args: readonly string[]): Child {
    const child = new Child(name, args, { ...process.env, [VAR_VARIABLE]: this.#var });
    this.children.push(child);
    return child;
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** A second wish to end. */
  hurry(): void {
    for (const child of this.children) child.hurry();
  }

  /** Ends what runs, the engine before its exchange, and removes what was made for this demonstration alone. */
  async close(): Promise<void> {
    for (const child of this.children.toReversed()) await child.stop();
    this.remove();
    await this.#lock.release();
  }

  /** For an end without time to wait. */
  remove(): void {
    for (const child of this.children) child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(join(this.#var, 'accounts', `${this.#account}-demo`), { recursive: true, force: true });
  }
}
