import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { projectRoot, type Outcome, type RunOptions } from '../tools/cli/run-node.js';

const PROGRAM = fileURLToPath(new URL('shell-program.js', import.meta.url));

/** A command line, as it is sent. */
export interface Line {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs short commands one after the other in one process, which has loaded the program once: most of what a short command takes is loading. For commands that
 * end by themselves; what a process alone can do is tested with a process.
 */
export class Shell {
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Runs a command when those before it are done. */
  run(args: readonly string[], { env = {}, cwd = projectRoot }: Pick<RunOptions, 'env' | 'cwd'> = {}): Promise<Outcome> {
    const plain = Object.fromEntries(Object.entries({ ...process.env, ...env }).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'NODE_TEST_CONTEXT'));
    const done = this.#last.then(() => this.#carryOut({ args, env: plain, cwd }));
    this.#last = done.catch(() => {});
    return done;
  }

  #carryOut(line: Line): Promise<Outcome> {
    const child = (this.#child ??= this.#start());
    child.channel!.ref();
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#child = undefined;
        reject(new Error(`the process of the commands ended (${code ?? signal}) in: faultline ${line.args.join(' ')}`));
      };
      child.once('exit', ended);
      child.once('message', (said: Said) => {
        child.off('exit', ended);
        child.channel!.unref();
        resolve({ ...said, signal: null });
      });
      child.send(line);
    });
  }

  #start(): ChildProcess {
    const { NODE_TEST_CONTEXT: _marked, ...env } = process.env;
    const child = fork(PROGRAM, [], { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.unref();
    return child;
  }
}

const shared = new Shell();

/** Runs a `faultline` command that ends by itself, in the one process of this file's short commands. */
export function command(args: readonly string[], options: Pick<RunOptions, 'env' | 'cwd'> = {}): Promise<Outcome> {
  return shared.run(args, options);
}
