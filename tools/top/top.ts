import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli/errors.js';
import { printJsonLine, printLine, wantsColour } from '../cli/output.js';
import { runningProcesses } from '../control/find.js';
import { processName, runFolder } from '../process/run-folder.js';
import { isoUs } from '../replay/time.js';
import type { TopOptions } from './commands.js';
import type { ProcessSample } from './sample.js';
import { painted } from './screen.js';
import { LiveTop } from './live.js';
import { fitLine } from './text.js';
import { wholeText } from './view.js';
import { Watcher } from './watcher.js';

/** Between the two looks of `--once`: rates need two. */
const BETWEEN_MS = 400;
/** A pipe has no width; a line is not longer than that. */
const PIPE_COLUMNS = 160;

/** `faultline top`. @throws CliError `noProcess` with --once where nothing runs; `usage` without a terminal. */
export async function top(options: TopOptions): Promise<void> {
  const { process: names, once, json, sort } = options;
  for (const name of names ?? []) processName(name);
  if (json === true && once !== true) throw new CliError('usage', '--json is for one look', 'add --once');
  if (once === true) return lookOnce(names, sort, json === true);
  if (process.stdout.isTTY !== true || process.env['TERM'] === 'dumb') throw new CliError('usage', 'standard output is no terminal that could be drawn on', 'faultline top --once prints one look');
  await new LiveTop(options).run();
}

/** The processes that are meant; those that are named and do not run are not there. */
export async function chosenProcesses(names: readonly string[] | undefined): Promise<Awaited<ReturnType<typeof runningProcesses>>> {
  const running = await runningProcesses();
  return names === undefined ? running : running.filter(({ name }) => names.includes(name));
}

async function lookOnce(names: readonly string[] | undefined, sort: TopOptions['sort'], json: boolean): Promise<void> {
  const found = await chosenProcesses(names);
  const missing = (names ?? []).filter((name) => !found.some((one) => one.name === name));
  if (missing.length > 0) throw new CliError('noProcess', `no process ${missing.join(', ')} is running`, `looked in ${runFolder()}; what runs: faultline processes`);
  if (found.length === 0) throw new CliError('noProcess', `no process is running (looked in ${runFolder()})`, 'start one: npm start, or faultline replay <tape> --serve --name <name>');
  const watchers = found.map((one) => new Watcher(one));
  try {
    await Promise.all(watchers.map((watcher) => watcher.look()));
    await sleep(BETWEEN_MS);
    await Promise.all(watchers.map((watcher) => watcher.look()));
    const processes = watchers.map((watcher) => watcher.sample());
    if (json) printJsonLine({ atMs: Date.now(), processes });
    else print(processes, sort);
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

function print(processes: readonly ProcessSample[], sort: TopOptions['sort']): void {
  const columns = process.stdout.isTTY ? process.stdout.columns || 80 : PIPE_COLUMNS;
  const options = { colour: wantsColour(process.stdout), ascii: !isUtf8() };
  for (const line of wholeText(processes, sort, columns, clockText())) printLine(painted(fitLine(line, columns, options.ascii), options).trimEnd());
}

/** Whether the locale says that the terminal reads UTF-8. One that says nothing does, today. */
export function isUtf8(env: NodeJS.ProcessEnv = process.env): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' ? env['TERM'] !== 'linux' : /utf-?8/i.test(locale);
}

export const clockText = (): string => `${isoUs(Date.now() * 1000).slice(11, 19)} UTC`;
