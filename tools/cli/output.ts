import { createRequire } from 'node:module';
import picocolors from 'picocolors';
import { EXIT_CODES, type ExitName } from './errors.js';

/** For what only tables need: most commands print none. */
const require = createRequire(import.meta.url);

type Colours = ReturnType<typeof picocolors.createColors>;

/** Whether a stream gets colours: a terminal without NO_COLOR; FORCE_COLOR (other than 0) overrules both. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

/** The colour functions for a stream; they return their text unchanged where it gets no colours. */
export function colours(stream: { readonly isTTY?: boolean } = process.stdout): Colours {
  return picocolors.createColors(wantsColour(stream));
}

/** Writes one line for people on standard output. */
export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one line beside the result (what is going on, what to do next) on standard error. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`);
}

let jsonPrinted = false;

/** The one JSON value of a `--json` command, on standard output. A BigInt is written as a string of its digits. */
export function printJson(value: unknown): void {
  jsonPrinted = true;
  process.stdout.write(`${toJson(value)}\n`);
}

/** As {@link printJson}, on one line. */
export function printJsonLine(value: unknown): void {
  jsonPrinted = true;
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A command begins: nothing has been printed for it. */
export function beginOutput(): void {
  jsonPrinted = false;
}

/** Whether stdout has its JSON value already: an error after that must not add a second. */
export function hasPrintedJson(): boolean {
  return jsonPrinted;
}

/** Ends the command with a code of the table once it has printed what it has to say, e.g. `checkFailed` after a report of differences. */
export function endWith(exit: ExitName): void {
  process.exitCode = EXIT_CODES[exit].code;
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2);
}

export interface TableOptions {
  /** One letter a column, `l` or `r`; default all left. */
  readonly align?: string;
  readonly colour?: boolean;
}

/** A plain table for people: header, a rule, the rows; cells are written as they are. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[], options: TableOptions = {}): string {
  const colour = options.colour ?? wantsColour(process.stdout);
  const bold = picocolors.createColors(colour).bold;
  const align = head.map((_, column) => (options.align?.[column] === 'r' ? ('right' as const) : ('left' as const)));
  const none = '';
  const Table = require('cli-table3') as typeof import('cli-table3');
  const grid = new Table({
    head: head.map((title) => bold(title)),
    colAligns: align,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: none, 'top-mid': none, 'top-left': none, 'top-right': none,
      bottom: none, 'bottom-mid': none, 'bottom-left': none, 'bottom-right': none,
      left: none, 'left-mid': none, mid: none, 'mid-mid': none, right: none, 'right-mid': none, middle: none,
    },
  });
  for (const row of rows) grid.push(row.map(String));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
