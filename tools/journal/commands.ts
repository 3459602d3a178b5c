import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { isDamage } from '../../runtime/journal/failure.js';
import { retentionOf } from '../../runtime/journal/retention.js';
import { CliError } from '../cli/errors.js';
import { endWith, printJson, printLine, printNote } from '../cli/output.js';
import { lookAtDataFile } from './data-file.js';
import { count, plainEntry, printEntries, printSummary, printVerdict, size } from './print.js';
import { inReader, lastPosition, readShielded, shielded } from './shield.js';
import type { JournalVerdict } from './verify.js';
import type { JournalView } from './view.js';

interface InspectOptions {
  readonly path?: string;
  readonly limit?: number;
  readonly from?: number;
  readonly json?: boolean;
}

interface ExportFlags {
  readonly path?: string;
  readonly limit?: number;
  readonly from?: number;
  readonly out?: string;
  readonly overwrite?: boolean;
}

const FOLDER = 'the folder of the journal; it is only read, also while a process writes it';
const SHOWN = 20;

/** LMDB is loaded where a journal is read, which is not the process that waits for the reading one. */
const viewOf = async (folder: string): Promise<JournalView> => (await import('./view.js')).JournalView.open(folder);

/** Adds `faultline journal …` to the program. */
export function register(program: Command): void {
  const journal = program.command('journal').description('look at, check, back up and trim the journal of a process');

  journal.command('inspect')
    .description('say what a journal holds: owner, actors, snapshots, effects in flight, sizes; or show its entries')
    .argument('<folder>', FOLDER)
    .option('--path <actor>', 'show the entries that concern this actor, e.g. /orders/btc')
    .option('--from <position>', 'show entries from this position on', wholeNumber)
    .option('--limit <n>', `show so many entries; the last ones unless --from is given (default: ${SHOWN} where entries are shown)`, wholeNumber)
    .option('--json', 'print one JSON object')
    .action(inspect);

  journal.command('verify')
    .description('read a whole journal and say what of it is wrong and where; ends with code 6 when anything is')
    .argument('<folder>', FOLDER)
    .option('--json', 'print one JSON object: ok, entries, snapshots, problems')
    .action(verifyCommand);

  journal.command('compact')
    .description('take out old entries that no recovery needs, and give the space back; no process may have the journal open')
    .argument('<folder>', 'the folder of the journal')
    .option('--older-than <age>', 'take out what is older: 30s, 10m, 12h, 7d; 0s: all that is not needed (default: 7d)', age)
    .option('--max-bytes <size>', 'take out the oldest beyond this size of the log: 500M, 2G (default: 1G)', byteCount)
    .option('--json', 'print one JSON object')
    .action(compactCommand);

  journal.command('backup')
    .description('copy a journal as of one moment, also while a process writes it, and verify the copy')
    .argument('<folder>', FOLDER)
    .requiredOption('--out <folder>', 'the folder of the copy; it is a journal like the other')
    .option('--compact', 'leave free pages out: smaller, and slower to make')
    .option('--overwrite', 'replace an older backup, once the new one is whole')
    .option('--json', 'print one JSON object')
    .action(backupCommand);

  journal.command('export')
    .description('write a journal as JSON lines: the last state of each actor, then every entry (schema: docs/journal.md)')
    .argument('<folder>', FOLDER)
    .option('--path <actor>', 'only what concerns this actor')
    .option('--from <position>', 'entries from this position on', wholeNumber)
    .option('--limit <n>', 'so many entries at most', wholeNumber)
    .option('--out <file>', 'write to a file instead of standard output')
    .option('--overwrite', 'replace an existing file')
    .action(exportCommand);
}

async function inspect(folder: string, { path, limit, from, json }: InspectOptions): Promise<void> {
  await shielded(folder, async () => {
    const view = await viewOf(folder);
    try {
      const { selectEntries, summarize } = await import('./inspect.js');
      if (path !== undefined) known(view, path);
      if (path === undefined && limit === undefined && from === undefined) {
        const summary = await summarize(view);
        if (json === true) printJson(summary);
        else printSummary(summary);
        return;
      }
      const entries = await selectEntries(view, { limit: limit ?? SHOWN, ...(path === undefined ? {} : { path }), ...(from === undefined ? {} : { from }) });
      if (json === true) printJson({ folder, path: path ?? null, entries: entries.map(plainEntry) });
      else printEntries(entries);
    } finally {
      view.close();
    }
  });
}

async function verifyCommand(folder: string, { json }: { readonly json?: boolean }): Promise<void> {
  if (!inReader()) {
    lookAtDataFile(folder);
    const end = await readShielded();
    if ('code' in end) {
      process.exitCode = end.code;
      return;
    }
    report(unreadable(folder, end.signal, end.position), json);
    return;
  }
  const view = await viewOf(folder);
  try {
    const { verify } = await import('./verify.js');
    report(await verify(view), json);
  } catch (error) {
    if (!isDamage(error)) throw error;
    report(unreadable(folder, (error as Error).message, lastPosition()), json);
  } finally {
    view.close();
  }
}

/** The verdict on a file whose pages LMDB cannot follow. `how`: what reading ended with. */
function unreadable(folder: string, how: string, last: string): JournalVerdict {
  const problem = `a page is damaged or missing: reading ended with ${how}${last === '' ? '' : `; the last that could be read was ${last}`}`;
  return { ok: false, folder, format: null, entries: 0, snapshots: 0, bytes: 0, problems: [{ where: 'data.mdb', problem }], problemCount: 1 };
}

function report(verdict: JournalVerdict, json: boolean | undefined): void {
  if (!verdict.ok) endWith('checkFailed');
  if (json === true) printJson(verdict);
  else printVerdict(verdict);
}

async function compactCommand(folder: string, options: { readonly olderThan?: number; readonly maxBytes?: number; readonly json?: boolean }): Promise<void> {
  const { olderThan, maxBytes, json } = options;
  await shielded(folder, async () => {
    const retention = retentionOf({ ...(olderThan === undefined ? {} : { maxAgeMs: olderThan }), ...(maxBytes === undefined ? {} : { maxBytes }) });
    const { compact } = await import('./compact.js');
    const result = await compact(folder, retention, Date.now() * 1000);
    if (json === true) {
      printJson(result);
      return;
    }
    printLine(`${folder}: ${count(result.removed, 'entry', 'entries')} taken out, ${count(result.kept, 'entry', 'entries')} kept`);
    printLine(`${size(result.bytesBefore)} before, ${size(result.bytesAfter)} after`);
  });
}

async function backupCommand(folder: string, options: { readonly out: string; readonly compact?: boolean; readonly overwrite?: boolean; readonly json?: boolean }): Promise<void> {
  await shielded(folder, async () => {
    const { backup } = await import('./backup.js');
    const result = await backup(folder, options.out, { overwrite: options.overwrite ?? false, compact: options.compact ?? false });
    if (options.json === true) printJson(result);
    else printLine(`${result.out}: ${count(result.entries, 'entry', 'entries')} and ${count(result.snapshots, 'snapshot', 'snapshots')} in ${size(result.bytes)}, verified`);
  });
}

async function exportCommand(folder: string, options: ExportFlags): Promise<void> {
  await shielded(folder, async () => {
    const view = await viewOf(folder);
    try {
      if (options.path !== undefined) known(view, options.path);
      const { exportJournal } = await import('./export.js');
      const entries = await exportJournal(view, { ...options, overwrite: options.overwrite ?? false });
      if (options.out !== undefined) printNote(`${options.out}: ${count(entries, 'entry', 'entries')}`);
    } finally {
      view.close();
    }
  });
}

function known(view: JournalView, path: string): void {
  const paths = [...view.actors.values()];
  if (paths.includes(path)) return;
  const some = paths.sort().slice(0, 10).join(', ');
  throw new CliError('badInput', `${view.folder}: has no actor ${path}`, paths.length === 0 ? 'it has no actors yet' : `it has: ${some}${paths.length > 10 ? ', …' : ''}`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError(`'${text}' is not a whole number, 0 or more`);
  return value;
}

const AGE_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function age(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (found === null) throw new InvalidArgumentError(`'${text}' is not an age like 30s, 10m, 12h or 7d`);
  return Number(found[1]) * AGE_MS[found[2]!]!;
}

const SIZE_BYTES: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

function byteCount(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([KMG]?)$/.exec(text);
  if (found === null) throw new InvalidArgumentError(`'${text}' is not a size like 500M or 2G`);
  return Number(found[1]) * SIZE_BYTES[found[2]!]!;
}
