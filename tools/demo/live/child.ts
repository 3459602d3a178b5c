import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError, EXIT_CODES, type ExitName } from '../../cli/errors.js';

const ENTRY = fileURLToPath(new URL('./child-entry.js', import.meta.url));
/** What a process said last, for whoever has to know why it ended. */
const KEPT_CHARACTERS = 4000;
/** A process cuts its own shutdown off before that. */
const LAST_RESORT_MS = 25_000;
/** From the second wish to end it. */
const HURRY_MS = 2000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process of the demonstration: a command of ours under a name, in a process group of its own, so that a Ctrl-C is ours to pass on, in
 * order. It ends when we do.
 */
export class Child {
  readonly name: string;
  /** Resolves with its end; never rejects. */
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #over = false;
  #said = '';

  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name;
    const child = spawn(process.execPath, [ENTRY, ...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-KEPT_CHARACTERS)));
    this.ended = new Promise((resolve) => {
      const end = (ended: Ended): void => {
        this.#over = true;
        resolve(ended);
      };
      child.once('error', (error) => {
        this.#said += error.message;
        end({ code: EXIT_CODES.bug.code, signal: null });
      });
      child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }
  get over(): boolean {
    return this.#over;
  }

  /** The line that it prints when it is ready. @throws CliError with its own code when it ends before. */
  async readyLine(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done !== true) return line.value;
    throw this.failure(await this.ended);
  }

  /** Its end, where none was asked for, as a failure of ours. */
  failure(ended: Ended): CliError {
    const { code, signal } = ended;
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    const said = this.#said.trim().split('\n').filter((line) => line !== '');
    return new CliError(exitOf(ended), `${this.name} ended by itself, ${how}; so the demonstration ends`, `what it said itself: faultline logs --process ${this.name}`, said.slice(-8));
  }

  /** Asks it to end in good order, and waits until it has. */
  async stop(): Promise<Ended> {
    if (!this.#over) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), LAST_RESORT_MS);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  /** Ends it at once: everything that is under way is cut off. */
  hurry(): void {
    if (this.#over) return;
    this.#process.kill('SIGTERM');
    setTimeout(() => this.kill(), HURRY_MS).unref();
  }

  kill(): void {
    if (!this.#over) this.#process.kill('SIGKILL');
  }
}

/** The code of our table for a process that has ended by itself. */
function exitOf({ code }: Ended): ExitName {
  const known = (Object.keys(EXIT_CODES) as ExitName[]).find((name) => name !== 'ok' && EXIT_CODES[name].code === code);
  return known ?? 'rootGaveUp';
}
