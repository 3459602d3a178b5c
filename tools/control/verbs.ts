import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../../runtime/control/client.js';
import { ControlError } from '../../runtime/control/errors.js';
import { CliError, EXIT_CODES, type ExitName } from '../cli/errors.js';
import { endWith, printJson, printLine, printNote } from '../cli/output.js';
import type { LogLevel } from '../process/log-level.js';
import { isAlive, readRecord } from '../process/record.js';
import { actorPath, type ProcessOptions, withProcess } from './client.js';
import { confirm } from './confirm.js';
import type { Found } from './find.js';

export interface VerbOptions extends ProcessOptions {
  readonly reason?: string;
  readonly yes?: true;
}

const because = (reason: string | undefined): { reason?: string } => (reason === undefined ? {} : { reason });

/** `suspend`, `resume`, `terminate`: done to one actor. */
export async function actOn(verb: 'suspend' | 'resume' | 'terminate' | 'deleteChild', done: string, actor: string, options: VerbOptions): Promise<void> {
  const path = actorPath(actor);
  if (verb === 'terminate') await confirm(`Stop ${path}? It stays stopped until it is restarted.`, options.yes);
  const answer = await withProcess(options, ({ client }) => client.call(verb, { path, ...because(options.reason) }));
  if (options.json === true) printJson(answer);
  else printLine(`${answer.path} ${done}`);
}

/** `faultline restart` */
export async function restart(actor: string, options: VerbOptions): Promise<void> {
  const path = actorPath(actor);
  await confirm(`Restart ${path}? It counts in its supervisor's budget.`, options.yes);
  const answer = await withProcess(options, ({ client }) => client.call('restart', { path, ...because(options.reason) }));
  if (options.json === true) {
    printJson(answer);
    return;
  }
  const how = answer.how === 'started' ? 'was stopped and is started again' : answer.restore === 'lastGood' ? 'comes back with its last good state' : 'begins anew';
  printLine(`${answer.path} ${how}; it is ${answer.state ?? 'gone'}`);
}

export interface StartChildOptions extends VerbOptions {
  readonly under?: string;
  readonly id?: string;
  readonly input?: string;
}

/** `faultline start-child` */
export async function startChild(template: string, options: StartChildOptions): Promise<void> {
  const { under, id, input } = options;
  const params = {
    template, ...(under === undefined ? {} : { supervisor: actorPath(under) }), ...(id === undefined ? {} : { id }),
    ...(input === undefined ? {} : { input: parseJson(input, '--input') }), ...because(options.reason),
  };
  const answer = await withProcess(options, ({ client }) => client.call('startChild', params));
  if (options.json === true) printJson(answer);
  else printLine(`${answer.path} ${answer.ignored ? 'said that it is not needed' : answer.pending ? 'is starting' : 'is started'}`);
}

export interface ReconfigureOptions extends VerbOptions {
  readonly strategy?: 'oneForOne' | 'oneForAll' | 'restForOne';
  readonly restarts?: number;
  readonly within?: number;
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly maxChildren?: number;
  readonly partitions?: number;
  readonly template?: string;
  readonly input?: string;
}

/** `faultline reconfigure` */
export async function reconfigure(actor: string, options: ReconfigureOptions): Promise<void> {
  const { strategy, restarts, within, autoShutdown, maxChildren, partitions, template, input } = options;
  if ((restarts === undefined) !== (within === undefined)) throw new CliError('usage', '--restarts and --within make a budget together', 'e.g. --restarts 5 --within 10000');
  const flags = {
    ...(strategy === undefined ? {} : { strategy }), ...(autoShutdown === undefined ? {} : { autoShutdown }), ...(maxChildren === undefined ? {} : { maxChildren }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(restarts === undefined ? {} : { intensity: { restarts, withinMs: within! } }),
  };
  if (Object.keys(flags).length === 0 && template === undefined) throw new CliError('usage', 'nothing to change', 'give a flag such as --restarts 5 --within 10000, or --template');
  const answer = await withProcess(options, ({ client }) => client.call('reconfigure', {
    path: actorPath(actor), ...(Object.keys(flags).length === 0 ? {} : { flags }), ...(template === undefined ? {} : { template }),
    ...(input === undefined ? {} : { input: parseJson(input, '--input') }), ...because(options.reason),
  }));
  if (options.json === true) printJson(answer);
  else printLine(`${answer.path} is reconfigured`);
}

export interface UpgradeOptions extends VerbOptions {
  readonly path?: string;
  readonly dryRun?: true;
}

/** `faultline upgrade` */
export async function upgrade(file: string, options: UpgradeOptions): Promise<void> {
  // The process is on this machine: what is not here is not there.
  if (!existsSync(file)) throw new CliError('cannotRead', `cannot read ${file}: no such file`, 'give an ES module that exports the new behaviours; see docs/runtime.md, upgrade in place');
  const params = { module: resolve(file), dryRun: options.dryRun === true, ...(options.path === undefined ? {} : { path: actorPath(options.path) }), ...because(options.reason) };
  if (options.dryRun !== true) await confirm(`Upgrade actors with ${params.module}? Try --dry-run first.`, options.yes);
  const answer = await withProcess(options, ({ client }) => client.call('upgrade', params, { timeoutMs: 60_000 }));
  if (options.json === true) {
    printJson(answer);
    return;
  }
  const done = answer.dryRun ? 'would be upgraded' : 'is upgraded';
  for (const { path, from, to } of answer.upgraded) printLine(`${path} ${done} from version ${from} to ${to}`);
  for (const path of answer.templates) printLine(`${path} ${answer.dryRun ? 'would start' : 'starts'} the new version from now on`);
  if (answer.upgraded.length + answer.templates.length === 0) printLine('no actor has a behaviour of the module');
}

/** `faultline log-level`: shows it, or sets it. */
export async function logLevel(level: LogLevel | undefined, options: ProcessOptions): Promise<void> {
  const answer = await withProcess(options, async ({ client }) => (level === undefined ? client.call('logLevel.get') : client.call('logLevel.set', { level })));
  if (options.json === true) printJson(answer);
  else printLine('before' in answer ? `${String(answer.before)} → ${answer.level}` : answer.level);
}

export interface ShutdownOptions extends VerbOptions {
  readonly deadline?: number;
  readonly now?: true;
  readonly wait: boolean;
}

/** From the process's deadline to the end of our patience. */
const PATIENCE_MS = 10_000;
const DEFAULT_DEADLINE_MS = 60_000;
const LOOK_MS = 25;

/**
 * Whether a process that hung up in place of an answer has ended. Its connections break a moment before its end can be seen, so
 * this waits for one or the other: that it is gone, or that it greets somebody again.
 */
async function hasEnded({ name, record, socket }: Found): Promise<boolean> {
  if (record === undefined) return false;
  for (const untilMs = performance.now() + PATIENCE_MS; performance.now() < untilMs; await sleep(LOOK_MS)) {
    const last = readRecord(dirname(socket), name);
    if (last?.pid !== record.pid || !isAlive(last)) return true;
    const again = await ControlClient.connect({ socketPath: socket }).catch(() => undefined);
    again?.close();
    if (again !== undefined) return false;
  }
  return false;
}

/** `faultline shutdown`: asks for the coordinated shutdown and waits for the end. */
export async function shutdown(options: ShutdownOptions): Promise<void> {
  const { reason, deadline, now, wait } = options;
  const { found } = await withProcess(options, async (session) => {
    await confirm(`Shut ${session.found.name} down?`, options.yes);
    try {
      await session.client.call('shutdown', { now: now === true, ...(deadline === undefined ? {} : { deadlineMs: deadline }), ...because(reason) });
    } catch (error) {
      // It may end, or be ended, with the request accepted and the answer not yet written.
      if (!(error instanceof ControlError) || error.code !== 'disconnected' || !(await hasEnded(session.found))) throw error;
    }
    return session;
  });
  const { name, record, socket } = found;
  if (!wait || record === undefined) {
    if (options.json === true) printJson({ name, accepted: true });
    else printLine(`${name} is shutting down`);
    return;
  }
  const untilMs = performance.now() + (deadline ?? DEFAULT_DEADLINE_MS) + PATIENCE_MS;
  let last = readRecord(dirname(socket), name);
  while (last?.pid === record.pid && isAlive(last)) {
    if (performance.now() > untilMs) throw new CliError('notAnswering', `${name} (pid ${record.pid}) has not ended`, `faultline logs --process ${name}; then: faultline shutdown --now --process ${name}`);
    await sleep(LOOK_MS);
    last = readRecord(dirname(socket), name);
  }
  const exitCode = last?.pid === record.pid && last.state === 'ended' ? last.exitCode : null;
  if (record.manager === 'pm2') printNote(`pm2 runs ${name} and starts it again; to keep it down: pm2 stop ${name}`);
  if (options.json === true) printJson({ name, accepted: true, ended: true, exitCode });
  else printLine(`${name} ended ${exitCode === null ? 'without a word: it was killed before its shutdown was done' : `with code ${exitCode}`}`);
  if (exitCode === null) endWith('shutdownDeadline');
  const exit = (Object.keys(EXIT_CODES) as ExitName[]).find((one) => EXIT_CODES[one].code === exitCode);
  if (exit !== undefined && exit !== 'ok') endWith(exit);
}

function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CliError('usage', `${option} is no JSON: ${error instanceof Error ? error.message : String(error)}`, `e.g. ${option} '{"key": 1}'`);
  }
}
