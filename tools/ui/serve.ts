import { statSync } from 'node:fs';
import { findRun, readManifest } from '../../data/runs/index.js';
import { takeOver } from '../cli/interrupt.js';
import { printJsonLine, printLine, printNote } from '../cli/output.js';
import { CliError } from '../cli/errors.js';
import { fromRunError } from '../runs/errors.js';
import { withoutSecrets } from '../process/redact.js';
import { parts } from './parts/index.js';
import { sourcesPart } from './parts/sources.js';
import { startUiServer, type UiServer } from './server/server.js';
import type { Tokens } from './server/tokens.js';
import { openSources, type Sources } from './sources/index.js';

export interface UiOptions {
  readonly port: number;
  readonly run?: readonly string[];
  readonly tape?: readonly string[];
  readonly json?: true;
}

/** Serves the window until somebody ends it. @throws CliError when it cannot begin */
export async function serveUi({ port, run = [], tape = [], json }: UiOptions): Promise<void> {
  const window = await openWindow({ port, runs: run.map(folderOf), tapes: tape });
  takeOver({ signal: () => void window.close().finally(() => process.exit(0)), outlivesOutput: true });
  if (json === true) {
    printJsonLine({ url: window.url, token: window.token, actionToken: window.actionToken });
    return;
  }
  printLine(`The window is open. To look:\n\n  ${window.url}\n\nTo look and to act (pause, resume, cancel, close; each asks for a confirmation):\n\n  ${window.url}&action=${window.actionToken}\n`);
  printLine('Ctrl-C closes it. Whoever has these addresses sees what they show: do not share them.');
}

/** The window as other programs open it: `npm start` does. */
export interface Window extends UiServer {
  /** With the token behind the #. */
  readonly url: string;
}

export interface WindowOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly runs?: readonly string[];
  readonly tapes?: readonly string[];
  /** Names the folders of processes and runs. Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Those of a window that was there before, so that its pages find this one. Default: new ones. */
  readonly tokens?: Tokens;
}

/** @throws CliError when the port is taken or a tape is not there */
export async function openWindow({ port, runs = [], tapes = [], env = process.env, tokens }: WindowOptions): Promise<Window> {
  for (const file of tapes) refuseAbsent(file);
  const sources = openSources({ runs, tapes, env });
  try {
    const server = await startUiServer({ port, sources, parts: [sourcesPart(namedOf(sources, runs, tapes)), ...parts], onFault: tellFault, ...(tokens === undefined ? {} : { tokens }) });
    return { ...server, url: `${server.origin}/#token=${server.token}`, close: () => server.close().finally(() => sources.close()) };
  } catch (error) {
    sources.close();
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new CliError('cannotWrite', `port ${port} of 127.0.0.1 is taken`, 'choose another with --port, or --port 0 for any free one');
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw new CliError('cannotWrite', `port ${port} needs privileges`, 'choose one above 1023, or --port 0 for any free one');
    throw error;
  }
}

function refuseAbsent(tape: string): void {
  const found = statSync(tape, { throwIfNoEntry: false });
  if (found === undefined) throw new CliError('cannotRead', `${tape}: there is no such tape`, 'name a file that is there, or make one: faultline market generate --out crash.tape');
  if (!found.isFile()) throw new CliError('cannotRead', `${tape} is no file`, found.isDirectory() ? 'name a tape in it with --tape, or a run with --run' : 'name a tape');
}

function folderOf(text: string): string {
  try {
    const folder = findRun(text);
    readManifest(folder);
    return folder;
  } catch (error) {
    throw fromRunError(error) ?? error;
  }
}

/** The source that the page opens with: the first that was named. */
function namedOf(sources: Sources, runs: readonly string[], tapes: readonly string[]): string | null {
  const kind = runs.length > 0 ? 'run' : tapes.length > 0 ? 'tape' : undefined;
  const file = runs[0] ?? tapes[0];
  return sources.list().sources.find((each) => each.kind === kind && locationOf(sources, each.id) === file)?.id ?? null;
}

function locationOf(sources: Sources, id: string): string {
  return id.startsWith('run:') ? sources.run(id) : sources.tape(id);
}

function tellFault(error: unknown): void {
  printNote(`faultline ui: ${withoutSecrets(error instanceof Error ? (error.stack ?? error.message) : String(error))}`);
}
