/**
 * Runs one command line after the other, each as `faultline` would: what it says and its exit code go to the parent. A Shell starts it. What a process is for —
 * signals, pipes that close, the exit itself — is not seen here; tests of those start one.
 */
import { run } from '../../tools/cli/main.js';
import type { Line, Said } from './shell.js';

const send = process.send!.bind(process);
const leave = process.exit.bind(process);
let stdout = '';
let stderr = '';
let end = (_code: number): void => {};

/** A stream's `write` that keeps the text. */
function keeping(keep: (text: string) => void): typeof process.stdout.write {
  return ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    keep(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const told = typeof encoding === 'function' ? encoding : done;
    if (typeof told === 'function') setImmediate(told as () => void);
    return true;
  }) as typeof process.stdout.write;
}

process.stdout.write = keeping((text) => (stdout += text));
process.stderr.write = keeping((text) => (stderr += text));
process.exit = ((code?: number) => {
  end(code ?? Number(process.exitCode ?? 0));
  // Nothing comes after an exit.
  return new Promise(() => {});
}) as unknown as typeof process.exit;
process.on('disconnect', () => leave(0));

async function carryOut({ args, env, cwd }: Line): Promise<Said> {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  stdout = stderr = '';
  process.exitCode = undefined;
  const code = await new Promise<number>((resolve, reject) => {
    end = resolve;
    run(args).then(() => resolve(Number(process.exitCode ?? 0)), reject);
  });
  for (const event of ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection']) process.removeAllListeners(event);
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  process.exitCode = undefined;
  return { code, stdout, stderr };
}

process.on('message', (line: Line) => void carryOut(line).then((said) => send(said), () => leave(1)));
