import { ControlClient } from '../../runtime/control/client.js';
import { ControlError } from '../../runtime/control/errors.js';
import { upgradeProblemText } from '../../runtime/control/refusal-text.js';
import { CliError } from '../cli/errors.js';
import { packageVersion } from '../cli/version.js';
import { isHeld } from '../process/record.js';
import { chooseProcess, type Found } from './find.js';

/** What every command that asks a process takes. */
export interface ProcessOptions {
  readonly process?: string;
  readonly json?: true;
}

export interface Session {
  readonly client: ControlClient;
  readonly found: Found;
}

/**
 * Connects to the chosen process, does `work`, and hangs up. Errors of the socket and refusals of the process come out as
 * one line, its way out, and a code of the table.
 */
export async function withProcess<T>(options: ProcessOptions, work: (session: Session) => Promise<T>, timeoutMs = 5000): Promise<T> {
  const found = await chooseProcess(options.process);
  let client: ControlClient | undefined;
  try {
    client = await ControlClient.connect({ socketPath: found.socket, client: `faultline ${packageVersion()} (pid ${process.pid})`, timeoutMs });
    return await work({ client, found });
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    throw await asCliError(error, found, client);
  } finally {
    client?.close();
  }
}

async function asCliError(error: ControlError, { name, record }: Found, client: ControlClient | undefined): Promise<CliError> {
  const who = record === undefined ? name : `${name} (pid ${record.pid})`;
  const logs = `what it says itself: faultline logs --process ${name}`;
  switch (error.code) {
    case 'rpc':
      return refusal(error, name, client);
    case 'not_running':
      if (record?.state === 'starting') return new CliError('notAnswering', `${who} is starting and has no control socket yet`, `try again in a moment; ${logs}`);
      return new CliError('notAnswering', `nobody answers at the control socket of ${who}`, logs);
    case 'timeout':
      if (record !== undefined && isHeld(record.pid)) return new CliError('notAnswering', `${who} is held up by a signal (SIGSTOP, or Ctrl-Z)`, `let it go on: kill -CONT ${record.pid}`);
      return new CliError('notAnswering', `${who} does not answer: ${error.message}`, `its main thread may be busy or stuck; ${logs}`);
    case 'disconnected':
      return new CliError('notAnswering', `${who} hung up: ${error.message}`, logs);
    default:
      return new CliError('notAnswering', `${who}: ${error.message}`, error.fix ?? logs);
  }
}

async function refusal(error: ControlError, name: string, client: ControlClient | undefined): Promise<CliError> {
  const data = error.rpc?.data ?? {};
  switch (error.rpc?.name) {
    case 'invalidParams':
      // A module that cannot be taken is an input, not a command line.
      if (isAbout(data['problems'], 'module')) return new CliError('badInput', `${name}: ${error.message}`, 'it has to export behaviours: { name, version, init, step, migrate }; docs/runtime.md, upgrade in place');
      if (isAbout(data['problems'], 'supervisor')) return new CliError('usage', `${name}: ${error.message}`, 'e.g. --under /trading');
      return new CliError('usage', `${name}: ${error.message}`);
    case 'stalled':
    case 'busy':
    case 'slowReader':
      return new CliError('notAnswering', `${name}: ${error.message}`, data['carriedOut'] === false ? `nothing was carried out: try again; if it stays so, faultline logs --process ${name}, then end it with kill -9` : `look before you try again: faultline ps --process ${name}`);
    case 'version':
      return new CliError('notAnswering', `${name}: ${error.message}`, 'use the faultline of the same version as the process');
    case 'notFound': {
      const path = data['path'] ?? (data['reason'] as { readonly path?: unknown } | undefined)?.path;
      if (Array.isArray(data['templates'])) return new CliError('refused', `${name}: ${error.message}`, data['templates'].length === 0 ? 'this process has no templates' : `one of: ${data['templates'].join('  ')}`);
      return new CliError('refused', `${name}: ${error.message}`, await likePath(typeof path === 'string' ? path : '', name, client));
    }
    case 'notRunning':
      return new CliError('refused', `${name}: ${error.message}`, 'try again in a moment');
    case 'refused':
      if (Array.isArray(data['problems'])) return new CliError('refused', `${name}: ${error.message}`, upgradeWay(data['problems'] as readonly { readonly kind?: unknown }[]), data['problems'].map(upgradeProblemText));
      return new CliError('refused', `${name}: ${error.message}`, wayOut((data['reason'] as { readonly kind?: unknown } | undefined)?.kind, name, data));
    default:
      return new CliError('refused', `${name}: ${error.message}`);
  }
}

/** What to do about the runtime's own refusals, where that is not plain. */
function wayOut(kind: unknown, name: string, data: Readonly<Record<string, unknown>>): string | undefined {
  switch (kind) {
    case 'restarting':
      return 'it comes back by itself; faultline terminate gives that up';
    case 'root':
      return `faultline shutdown --process ${name}`;
    case 'already_started':
    case 'already_present':
      return 'give it another --id, or faultline restart it';
    case 'not_worker':
      return 'a supervisor decides at once and always; name a worker under it';
    case 'not_supervisor':
      return `which ones are: faultline ps --process ${name}`;
    case 'not_running':
      return `faultline restart starts what was stopped; how it stands: faultline ps --process ${name}`;
    case 'stopping':
    case 'starting':
    case 'in_turn':
      return 'try again in a moment';
    case 'start_failed':
      return `what it said itself: faultline logs --process ${name}`;
    case 'max_children':
      return 'faultline reconfigure raises the limit: --max-children';
    default:
      return typeof data['fix'] === 'string' ? data['fix'] : undefined;
  }
}

/** What to do about an upgrade that is refused. */
function upgradeWay(problems: readonly { readonly kind?: unknown }[]): string {
  return problems.some(({ kind }) => kind === 'busy') ? 'try again in a moment' : 'correct the module, and try it with --dry-run';
}

function isAbout(problems: unknown, param: string): boolean {
  return Array.isArray(problems) && problems.some((problem) => typeof problem === 'string' && problem.startsWith(`${param}: `));
}

/** A path that may have been meant. */
async function likePath(path: string, name: string, client: ControlClient | undefined): Promise<string> {
  const all = `the actors there are: faultline ps --process ${name}`;
  if (client === undefined || path === '') return all;
  try {
    const paths = await actorPaths(client, 2000);
    const last = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
    const near = paths.filter((one) => one.toLowerCase().endsWith(`/${last}`) || (last.length > 2 && one.slice(one.lastIndexOf('/')).toLowerCase().includes(last)));
    return near.length === 0 || near.length > 5 ? all : `did you mean ${near.join(' or ')}?`;
  } catch {
    return all;
  }
}

type Node = Awaited<ReturnType<typeof treeOf>>['tree'];

export function treeOf(client: ControlClient, path = '/', nodes = 5000) {
  return client.call('tree', { path, nodes });
}

/** Paths of every actor, in start order. */
export async function actorPaths(client: ControlClient, timeoutMs?: number): Promise<string[]> {
  const { tree } = await client.call('tree', { nodes: 5000 }, timeoutMs === undefined ? undefined : { timeoutMs });
  const paths: string[] = [];
  const visit = (node: Node): void => {
    paths.push(node.path);
    node.children.forEach(visit);
  };
  visit(tree);
  return paths;
}

/** An actor's path from the command line. @throws CliError usage */
export function actorPath(text: string): string {
  if (!text.startsWith('/')) throw new CliError('usage', `'${text}' is no path of an actor`, `it begins with /, e.g. /${text}`);
  return text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text;
}
