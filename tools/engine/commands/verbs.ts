import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { CliError } from '../../cli/errors.js';
import { printJson, printLine } from '../../cli/output.js';
import { packageVersion } from '../../cli/version.js';
import { type ProcessOptions, withProcess } from '../../control/client.js';
import { confirm } from '../../control/confirm.js';
import { type CommandRequest, ENGINE_COMMAND, ENGINE_QUESTION } from './desk.js';

export interface EngineCommandOptions extends ProcessOptions {
  /** The same id again is the same command: it is carried out once. */
  readonly id?: string;
  readonly yes?: true;
}

interface Wanted {
  readonly verb: string;
  readonly args?: CommandRequest['args'];
  /** Asked of a person before it is sent; needed where money moves. */
  readonly question?: string;
  /** How long its answer may take, ms. */
  readonly patienceMs?: number;
}

interface Answer {
  readonly id: string;
  readonly ok: boolean;
  readonly answer: unknown;
}

/** Sends a command to an engine and prints the answer. @throws CliError with a code of the table. */
export async function command(options: EngineCommandOptions, { verb, args = {}, question, patienceMs = 20_000 }: Wanted): Promise<void> {
  if (question !== undefined) {
    if (options.yes !== true && !process.stdin.isTTY) throw new CliError('usage', `${verb} moves money or others’ orders, and nobody can be asked here: stdin is no terminal`, `say --yes: faultline engine ${verb} --yes …`);
    await confirm(question, options.yes);
  }
  const request: CommandRequest = { id: options.id ?? randomUUID(), verb, args, sentMs: Date.now(), issuer: issuerOf() };
  const asks = verb === 'status' || verb === 'health';
  const { value } = await withProcess(options, ({ client }) => (asks ? client.call('ask', { name: ENGINE_QUESTION, input: request }) : client.call('tell', { name: ENGINE_COMMAND, input: request })), patienceMs);
  const { id, ok, answer } = value as Answer;
  if (options.json === true) printJson({ id, verb, ok, answer });
  else printLine(readable(verb, ok, answer));
  // What was printed is the report; the code says how it went.
  if (!ok) throw new CliError(refusalOf(answer) === undefined ? 'checkFailed' : 'refused', `${verb}: ${refusalOf(answer) ?? 'not all of it was done'}`, `how it stands: faultline engine status --process ${options.process ?? 'engine'}`);
  if (verb === 'health' && (answer as { readonly ok?: unknown }).ok === false) throw new CliError('checkFailed', 'the engine is not well', 'its problems are listed above');
}

function issuerOf(): CommandRequest['issuer'] {
  let user = '';
  try {
    user = userInfo().username;
  } catch {
    // A user without a name.
  }
  return { uid: process.getuid?.() ?? null, pid: process.pid, user, program: `faultline ${packageVersion()}` };
}

function refusalOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('refused' in answer)) return undefined;
  return String((answer as { readonly refused: unknown }).refused);
}

/** What a person reads of an answer: of a refresh the sources' summary, of all else a line a member. */
export function readable(verb: string, ok: boolean, answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return `${verb}: ${ok ? 'done' : 'not done'}`;
  if (verb === 'refresh') {
    const { title, products: _products, ...rest } = answer as Readonly<Record<string, unknown>>;
    return [String(title), ...Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)].join('\n');
  }
  return [`${verb}: ${ok ? 'done' : 'not done'}`, ...Object.entries(answer).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)].join('\n');
}
