import { CommanderError, type Command } from 'commander';
import { ConfigError, problemLine, type ConfigProblem } from '../../config/problems.js';
import { CliError, EXIT_CODES, type ExitName } from './errors.js';
import { runCleanups, takenOverBy } from './interrupt.js';
import { fromRunError } from '../runs/errors.js';
import { fromTapeError } from '../tape/errors.js';
import { beginOutput, hasPrintedJson, printJson } from './output.js';
import { clearProgress } from './progress.js';
import { fromSystemError } from './system-errors.js';

/**
 * Runs a command tree and turns whatever happens into one exit code of the table. Errors go to stderr, always; with
 * `--json` the same error is also the one JSON value on stdout, so that a caller who parses stdout always has something to parse.
 */
export async function execute(build: () => Command | Promise<Command>, argv: readonly string[]): Promise<void> {
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');
  const fail = async (error: unknown): Promise<never> => {
    clearProgress();
    await runCleanups((cause) => printStack('while cleaning up', cause));
    return process.exit(report(error, json));
  };
  const failLoudly = (error: unknown): void => {
    const owner = takenOverBy();
    if (owner?.fatal === undefined) void fail(error);
    else owner.fatal(error);
  };
  beginOutput();
  installSignals(json);
  installClosedPipe(fail);
  process.on('uncaughtException', failLoudly);
  process.on('unhandledRejection', failLoudly);
  try {
    const program = await build();
    prepare(program);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    await fail(error);
  }
}

/** Words of the command whose line was wrong, so that the way out can name its help. */
let refusedBy = '';

/** Every command reports through us, also those that were added with addCommand and inherit nothing. */
function prepare(command: Command, path = command.name()): void {
  command.exitOverride();
  command.showSuggestionAfterError(true);
  command.configureOutput({ outputError: () => void (refusedBy = path) });
  for (const child of command.commands) prepare(child, `${path} ${child.name()}`);
}

/** More would only push the first ones off the screen. */
const PROBLEMS_SHOWN = 40;

function report(error: unknown, json: boolean): number {
  if (error instanceof ConfigError) return reportConfig(error, json);
  const known = error instanceof CommanderError ? fromCommander(error) : error instanceof CliError ? error : (fromTapeError(error) ?? fromRunError(error) ?? fromSystemError(error));
  if (known === undefined) {
    printStack('unexpected error, a defect of Faultline', error);
    process.stderr.write('  fix: please report it with the command and the lines above\n');
    if (json) printError('bug', error instanceof Error ? error.message : String(error), undefined);
    return EXIT_CODES.bug.code;
  }
  if (known.message !== '') process.stderr.write(`faultline: ${known.message}\n`);
  for (const problem of known.problems.slice(0, PROBLEMS_SHOWN)) process.stderr.write(`  - ${problem}\n`);
  if (known.problems.length > PROBLEMS_SHOWN) process.stderr.write(`  - and ${known.problems.length - PROBLEMS_SHOWN} more\n`);
  if (known.fix !== undefined) process.stderr.write(`  fix: ${known.fix}\n`);
  if (json) printError(known.exit, known.message, known.fix, known.problems.length === 0 ? undefined : known.problems);
  return EXIT_CODES[known.exit].code;
}

function reportConfig({ file, problems }: ConfigError, json: boolean): number {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) process.stderr.write(`faultline: ${problemLine(problem)}\n`);
  if (problems.length > PROBLEMS_SHOWN) process.stderr.write(`faultline: and ${problems.length - PROBLEMS_SHOWN} more in ${file}\n`);
  const fix = 'every key, its meaning and its default: config/faultline.toml';
  process.stderr.write(`  fix: ${fix}\n`);
  if (json) printError('configuration', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${file}`, fix, problems);
  return EXIT_CODES.configuration.code;
}

function printError(exit: ExitName, message: string, fix: string | undefined, problems?: readonly (ConfigProblem | string)[]): void {
  if (hasPrintedJson()) return;
  printJson({ error: { code: EXIT_CODES[exit].code, exit, message, fix: fix ?? null, problems } });
}

function printStack(what: string, error: unknown): void {
  process.stderr.write(`faultline: ${what}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function fromCommander(error: CommanderError): CliError {
  // `faultline tape` alone: commander has printed the help of `tape` to stderr.
  if (error.code === 'commander.help') return new CliError('usage', 'a command is missing', 'choose one of the commands above');
  const [first = '', ...rest] = error.message.split('\n');
  const suggestion = /^\((.*)\)$/.exec(rest.join(' ').trim())?.[1];
  const message = first.replace(/^error: /, '');
  return new CliError('usage', message, suggestion === undefined ? `see: ${refusedBy} --help` : suggestion[0]!.toLowerCase() + suggestion.slice(1));
}

function installSignals(json: boolean): void {
  let stopping = false;
  const stop = (exit: 'interrupted' | 'terminated', signal: string) => async (): Promise<void> => {
    const { code } = EXIT_CODES[exit];
    // The second Ctrl-C means now, whatever a cleanup is still waiting for.
    if (stopping) process.exit(code);
    stopping = true;
    clearProgress();
    await runCleanups((cause) => printStack('while cleaning up', cause));
    process.stderr.write(`faultline: ${signal}; what was complete is kept\n`);
    if (json) printError(exit, signal, undefined);
    process.exit(code);
  };
  const onSigint = stop('interrupted', 'interrupted');
  const onSigterm = stop('terminated', 'terminated');
  const on = (signal: 'SIGINT' | 'SIGTERM', end: () => Promise<void>): void => {
    process.on(signal, () => {
      const owner = takenOverBy();
      if (owner === undefined) void end();
      else owner.signal(signal);
    });
  };
  on('SIGINT', onSigint);
  on('SIGTERM', onSigterm);
}

/** `faultline tape export … | head` closes our stdout: that is the reader's wish and no error. A full disk behind `>` is one. */
function installClosedPipe(fail: (error: unknown) => Promise<never>): void {
  const ended = (error: NodeJS.ErrnoException): void => {
    if (takenOverBy()?.outlivesOutput === true) return;
    if (error.code !== 'EPIPE') {
      void fail(fromSystemError(error, 'write') ?? error);
      return;
    }
    void runCleanups(() => {}).then(() => process.exit());
  };
  process.stdout.on('error', ended);
  // Nobody reads the messages any more; the work goes on.
  process.stderr.on('error', () => {});
}
