import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { durationMs } from '../cli/duration.js';
import { CliError } from '../cli/errors.js';
import { LOG_LEVELS, type LogLevel } from '../process/log-level.js';
import type { ProcessOptions } from './client.js';
import type { LogsOptions } from './logs.js';
import type { MachineCommandOptions } from './machine.js';
import type { PsOptions } from './ps.js';
import type { TraceOptions } from './trace.js';
import type { ReconfigureOptions, ShutdownOptions, StartChildOptions, UpgradeOptions, VerbOptions } from './verbs.js';

const ACTOR = ['<actor>', 'path of the actor, e.g. /trading/account'] as const;
const PART = ['[actor]', 'only this actor and what is under it'] as const;
const YES = ['--yes', 'do not ask first; a script is never asked'] as const;
const REASON = ['--reason <text>', 'why, for the log'] as const;

/** Adds the commands that look at running processes and act on them. Each loads its part when it runs. */
export function register(program: Command): void {
  program
    .command('processes')
    .description('list the processes that run under this user')
    .option('--all', 'those that ended too')
    .option('--json', 'print one JSON object')
    .action(async (options: { readonly all?: true; readonly json?: true }) => (await import('./processes.js')).processes(options));

  registerReads(program);
  registerWrites(program);

  program
    .command('__complete', { hidden: true })
    .addArgument(new Argument('<what>').choices(['processes', 'actors']))
    .option('--process <name>')
    .action(async (what: 'processes' | 'actors', { process: name }: ProcessOptions) => (await import('./complete.js')).complete(what, name));
}

function registerReads(program: Command): void {
  asks(program, 'ps', 'show the supervision tree of a running process: state, restarts, mailboxes, last exits')
    .argument(...PART)
    .option('--watch', 'again and again, until Ctrl-C')
    .addOption(new Option('--every <time>', 'with --watch: how often').argParser(waitMs).default(1000, '1s'))
    .option('--for <time>', 'with --watch: for how long, e.g. 90, 500ms, 5m', waitMs)
    .action(async (actor: string | undefined, options: PsOptions) => (await import('./ps.js')).ps(actor, options));
  asks(program, 'inspect', 'show one actor: its state, value, timers, watches and specification')
    .argument(...ACTOR)
    .action(async (actor: string, options: ProcessOptions) => (await import('./show.js')).inspect(actor, options));
  asks(program, 'machine', 'show one actor as a state machine: its state, and from the first call on what its events did, or why they were refused')
    .argument(...ACTOR)
    .option('-n, --lines <n>', 'how many of the last events', whole, 20)
    .option('--for <time>', 'look again after so long, e.g. 2s, and show what happened meanwhile', waitMs)
    .action(async (actor: string, options: MachineCommandOptions) => (await import('./machine.js')).machineOf(actor, options));
  asks(program, 'trace', 'stream what actors do, until Ctrl-C', 'print one JSON object an event')
    .argument(...PART)
    .option('--kind <kinds>', 'only these kinds of events, with commas between or repeated: turn, start, resume, exit, timer, deadLetter, giveUp, backoff, quarantine, effect, fault, suspend, stash, hibernate, upgrade', words)
    .option('--last <n>', 'begin with the last ones so far', whole, 0)
    .option('--limit <n>', 'end after so many', whole)
    .option('--for <time>', 'end after so long: 2 or 2s, 500ms, 5m', waitMs)
    .action(async (actor: string | undefined, { kind, ...options }: Omit<TraceOptions, 'kind'> & { readonly kind?: readonly string[] }) => {
      const { parseKinds, trace } = await import('./trace.js');
      await trace(actor, kind === undefined ? options : { ...options, kind: parseKinds(kind) });
    });
  asks(program, 'deadletters', 'show messages that nobody handled: counts by reason, and the last ones')
    .argument(...PART)
    .option('-n, --lines <n>', 'how many of the last ones', whole, 20)
    .action(async (actor: string | undefined, options: ProcessOptions & { readonly lines: number }) => (await import('./show.js')).deadLetters(actor, options));
  asks(program, 'timers', 'show the timers that are armed, earliest first')
    .argument(...PART)
    .option('-n, --lines <n>', 'how many of the earliest', whole, 50)
    .action(async (actor: string | undefined, options: ProcessOptions & { readonly lines: number }) => (await import('./show.js')).timers(actor, options));
  asks(program, 'metrics', 'print counters, turn times, event-loop delay and memory of a running process')
    .option('--prometheus', 'in the text format of Prometheus')
    .action(async (options: ProcessOptions & { readonly prometheus?: true }) => (await import('./metrics.js')).metrics(options));
  asks(program, 'logs', 'print what a process has logged, also one that has ended', 'print the lines as they are in the file: one JSON object each')
    .option('-n, --lines <n>', 'how many of the last lines', whole, 50)
    .option('--follow', 'go on with what comes, over rotations, until Ctrl-C')
    .addOption(new Option('--level <level>', 'this level and those above it').choices(LOG_LEVELS.filter((level) => level !== 'silent')).default('trace'))
    .option('--path <actor>', 'only lines about this actor and what is under it')
    .action(async (options: LogsOptions) => (await import('./logs.js')).logs(options));
}

function registerWrites(program: Command): void {
  for (const [verb, description, done] of [
    ['suspend', 'let an actor handle no message until it is resumed; they wait in its mailbox', 'is suspended'],
    ['resume', 'end a suspension', 'is resumed'],
    ['terminate', 'stop a child and keep its specification; restart starts it again', 'is stopped'],
  ] as const) {
    const command = asks(program, verb, description).argument(...ACTOR).option(...REASON);
    if (verb === 'terminate') command.option(...YES);
    command.action(async (actor: string, options: VerbOptions) => (await import('./verbs.js')).actOn(verb, done, actor, options));
  }
  asks(program, 'restart', 'crash an actor, so that it comes back by its specification; or start a stopped child again')
    .argument(...ACTOR)
    .option(...REASON)
    .option(...YES)
    .action(async (actor: string, options: VerbOptions) => (await import('./verbs.js')).restart(actor, options));
  asks(program, 'start-child', 'start a child from one of the templates that the process has')
    .argument('<template>', 'name of the template; a wrong one is answered with the right ones')
    .option('--under <actor>', 'the supervisor, where the template leaves it open')
    .option('--id <id>', 'id of the child')
    .option('--input <json>', 'input of the template')
    .option(...REASON)
    .action(async (template: string, options: StartChildOptions) => (await import('./verbs.js')).startChild(template, options));
  asks(program, 'reconfigure', 'give a running supervisor other flags, or the specification of a template')
    .argument(...ACTOR)
    .addOption(new Option('--strategy <strategy>', 'who is restarted with whom').choices(['oneForOne', 'oneForAll', 'restForOne']))
    .option('--restarts <n>', 'budget: more restarts than this …', whole)
    .option('--within <time>', '… within so long, and it gives up: 10000 or 10000ms, 10s', milliseconds)
    .addOption(new Option('--auto-shutdown <mode>', 'when significant children end').choices(['never', 'anySignificant', 'allSignificant']))
    .option('--max-children <n>', 'of a dynamic supervisor', whole)
    .option('--partitions <n>', 'of a partitioned supervisor', whole)
    .option('--template <template>', 'one of the templates of the process')
    .option('--input <json>', 'input of the template')
    .option(...REASON)
    .action(async (actor: string, options: ReconfigureOptions) => (await import('./verbs.js')).reconfigure(actor, options));
  asks(program, 'upgrade', 'suspend, migrate and resume actors with the behaviours of a module, in place')
    .argument('<file>', 'an ES module on the disk of the process; its exports are the new behaviours')
    .option('--path <actor>', 'only this actor')
    .option('--dry-run', 'try all of it and change nothing')
    .option(...REASON)
    .option(...YES)
    .action(async (file: string, options: UpgradeOptions) => (await import('./verbs.js')).upgrade(file, options));
  asks(program, 'log-level', 'show or set the level of the log')
    .addArgument(new Argument('[level]', 'the new level').choices(LOG_LEVELS))
    .action(async (level: LogLevel | undefined, options: ProcessOptions) => (await import('./verbs.js')).logLevel(level, options));
  asks(program, 'shutdown', 'end a process in good order, and wait until it has ended; its exit code is the command\'s')
    .option('--deadline <time>', 'for everything together, 5000 or 5000ms, 5s; default: as the process is configured', milliseconds)
    .option('--now', 'cut everything off at once')
    .option('--no-wait', 'do not wait for the end')
    .option(...REASON)
    .option(...YES)
    .action(async (options: ShutdownOptions) => (await import('./verbs.js')).shutdown(options));
}

/** A command that asks a process. */
function asks(program: Command, name: string, description: string, json = 'print one JSON object'): Command {
  return program.command(name).description(description).option('--process <name>', 'which process; default: the only one that runs').option('--json', json);
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** What a loop may wait: not so little that it only asks, nor more than a timer of Node can. */
function waitMs(text: string): number {
  const ms = durationMs(text, 's');
  if (ms < 50 || ms > 2_000_000_000) throw new CliError('usage', `'${text}' is too ${ms < 50 ? 'short' : 'long'}`, 'from 50ms to 23d');
  return ms;
}

/** Whole milliseconds; a plain number is in milliseconds. */
function milliseconds(text: string): number {
  return Math.round(durationMs(text, 'ms'));
}

function words(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...text.split(',')];
}
