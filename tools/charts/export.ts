import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';
import { printJson, printLine } from '../cli/output.js';
import { fromSystemError } from '../cli/system-errors.js';
import { chartFiles } from './files.js';

export interface ExportOptions {
  readonly out: string;
  readonly check?: true;
  readonly json?: true;
}

/** `faultline charts export`: writes the charts, or with `check` says which files are not what they should be. */
export async function exportCharts({ out, check, json }: ExportOptions): Promise<void> {
  const files = await chartFiles();
  if (check === true) {
    const stale = staleIn(out, files);
    if (stale.length > 0) throw new CliError('checkFailed', `not current in ${out}: ${stale.join(', ')}`, 'faultline charts export, and commit what it writes');
    if (json === true) printJson({ out, files: [...files.keys()], written: [] });
    else printLine(`${files.size} files in ${out} are current`);
    return;
  }
  const written = bringUpToDate(out, files);
  if (json === true) printJson({ out, files: [...files.keys()], written });
  else printLine(written.length === 0 ? `${files.size} files in ${out} were current` : `wrote ${written.map((name) => join(out, name)).join(', ')}`);
}

/** Names of the files that a folder has not, or has otherwise. */
export function staleIn(out: string, files: ReadonlyMap<string, string>): string[] {
  return [...files].filter(([name, text]) => textOf(join(out, name)) !== text).map(([name]) => name);
}

/** Writes those files, and answers their names. */
export function bringUpToDate(out: string, files: ReadonlyMap<string, string>): string[] {
  const stale = staleIn(out, files);
  try {
    // Not mkdirSync's own `recursive`: below /proc that never returns.
    makeFolder(out);
    for (const name of stale) writeFileSync(join(out, name), files.get(name)!);
  } catch (error) {
    throw fromSystemError(error, 'write', out) ?? error;
  }
  return stale;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
