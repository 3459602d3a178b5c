import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli/errors.js';
import { endsByCtrlC } from '../cli/interrupt.js';
import { printNote } from '../cli/output.js';
import { closedFiles, splitLogPath } from '../process/log-file.js';
import type { LogLevel } from '../process/log-level.js';
import { chooseRecord } from './find.js';
import { prettyLine, wantedLine } from './log-line.js';
import { LogFollower, lastLines } from './log-reader.js';

export interface LogsOptions {
  readonly process?: string;
  readonly lines: number;
  readonly follow?: true;
  readonly level: LogLevel;
  readonly path?: string;
  readonly json?: true;
}

const POLL_MS = 150;

/** `faultline logs`: what a process, alive or dead, has logged; with `follow` until Ctrl-C. */
export async function logs({ process: name, lines, follow, level, path, json }: LogsOptions): Promise<void> {
  const { log } = chooseRecord(name);
  const { folder, name: file } = splitLogPath(log);
  if (!existsSync(log) && closedFiles(folder, file).length === 0) throw new CliError('cannotRead', `cannot read ${log}: no such file`, 'it was removed, or lies on another machine');
  if (path !== undefined && !path.startsWith('/')) throw new CliError('usage', `--path '${path}' does not begin with /`, 'a path of an actor, e.g. /trading/account');
  const wanted = (line: string): boolean => wantedLine(line, { level, ...(path === undefined ? {} : { path }) });
  const show = (line: string): void => void process.stdout.write(`${json === true ? line : prettyLine(line)}\n`);
  // Before the last lines are read, so that none falls between the two.
  const follower = follow === true ? new LogFollower(log) : undefined;
  for (const line of lastLines(log, lines, wanted)) show(line);
  if (follower === undefined) return;
  endsByCtrlC();
  if (process.stdout.isTTY) printNote(`-- following ${log}; Ctrl-C ends it`);
  for (;;) {
    for (const line of follower.poll()) if (wanted(line)) show(line);
    await sleep(POLL_MS);
  }
}
