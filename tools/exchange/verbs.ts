import { readFileSync } from 'node:fs';
import { printJson, printLine, table } from '../cli/output.js';
import { type ProcessOptions, withProcess } from '../control/client.js';
import { parseScript } from './troubles/index.js';

/** What an exchange answers over its control socket, and what it carries out. */
export const QUESTIONS = { books: 'exchange.books', scripts: 'exchange.scripts' } as const;
export const COMMANDS = { start: 'exchange.start', stop: 'exchange.stop' } as const;

/** The books of a busy exchange take a while to write down. */
const PATIENCE_MS = 30_000;

/** `faultline exchange books` */
export async function books(options: ProcessOptions & { readonly lines: number }): Promise<void> {
  const { value } = await withProcess(options, ({ client }) => client.call('ask', { name: QUESTIONS.books, input: { limit: options.lines } }), PATIENCE_MS);
  // Only the shapes of the products are known; they are shown as they are.
  if (options.json === true) printJson(value);
  else printLine(readable(value, 0));
}

interface Startable {
  readonly name: string;
  readonly kind: string;
  readonly summary: string;
  readonly running: boolean;
  readonly steps?: readonly { readonly hits: number }[];
}

/** `faultline exchange scripts` */
export async function scripts(options: ProcessOptions): Promise<void> {
  const { value } = await withProcess(options, ({ client }) => client.call('ask', { name: QUESTIONS.scripts }));
  if (options.json === true) printJson(value);
  else printLine(table(['name', 'kind', 'runs', 'hits', 'what it does'], (value as readonly Startable[]).map(({ name, kind, summary, running, steps }) => [name, kind, running ? 'yes' : '', steps === undefined ? '' : String(steps.reduce((sum, { hits }) => sum + hits, 0)), summary])));
}

/** `faultline exchange start NAME|FILE`: a file is read here, where its path means something. */
export async function start(name: string, options: ProcessOptions): Promise<void> {
  const file = name.endsWith('.toml') ? readFileSync(name, 'utf8') : undefined;
  if (file !== undefined) parseScript(file, name);
  const { value } = await withProcess(options, ({ client }) => client.call('tell', { name: COMMANDS.start, input: { name, ...(file === undefined ? {} : { script: file }) } }));
  if (options.json === true) printJson(value);
  else printLine(`${name} is started`);
}

/** `faultline exchange stop NAME` */
export async function stop(name: string, options: ProcessOptions): Promise<void> {
  const { value } = await withProcess(options, ({ client }) => client.call('tell', { name: COMMANDS.stop, input: { name } }));
  if (options.json === true) printJson(value);
  else printLine(`${name} is stopped`);
}

/** Data as an indented outline. */
function readable(value: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) return value.length === 0 ? `${indent}none` : value.map((item) => (isTree(item) ? `${indent}-\n${readable(item, depth + 1)}` : `${indent}- ${JSON.stringify(item)}`)).join('\n');
  if (!isTree(value)) return `${indent}${String(value)}`;
  return Object.entries(value).map(([key, item]) => (isTree(item) || Array.isArray(item) ? `${indent}${key}:\n${readable(item, depth + 1)}` : `${indent}${key}: ${typeof item === 'string' ? item : JSON.stringify(item)}`)).join('\n');
}

/** Whether it is an object that does not fit on a line. */
function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).some((item) => typeof item === 'object' && item !== null);
}
