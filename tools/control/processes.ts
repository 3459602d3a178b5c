import { printJson, printLine, table } from '../cli/output.js';
import { humanSeconds } from '../replay/time.js';
import { isAlive, isHeld, listRecords, type ProcessRecord } from '../process/record.js';
import { existingRunFolder, runFolder } from '../process/run-folder.js';
import { runningProcesses } from './find.js';

/** `faultline processes`: who runs; with `all` also who ran. */
export async function processes({ all, json }: { readonly all?: true; readonly json?: true }): Promise<void> {
  const folder = existingRunFolder();
  const records = folder === undefined ? [] : listRecords(folder);
  const shown = records.filter((record) => all === true || isAlive(record));
  const strangers = (await runningProcesses()).filter(({ record }) => record === undefined);
  if (json === true) {
    printJson({ folder: runFolder(), processes: [...shown.map((record) => ({ ...record, alive: isAlive(record) })), ...strangers.map(({ name, socket }) => ({ name, socket, alive: null }))] });
    return;
  }
  if (shown.length + strangers.length === 0) {
    printLine(`no process is running (looked in ${runFolder()})${records.length > 0 && all !== true ? `; ${records.length} ran before: --all` : ''}`);
    return;
  }
  const rows = [...shown.map(rowOf), ...strangers.map(({ name }) => [name, '-', 'a socket without a record', '-', '-', '-'])];
  printLine(table(['name', 'pid', 'state', 'what', 'since', 'version'], rows, { align: 'lrllll' }));
}

function rowOf(record: ProcessRecord): (string | number)[] {
  const { name, pid, what, startedAt, endedAt, exitCode, version } = record;
  const state = isAlive(record) ? (isHeld(pid) ? 'held by a signal' : record.state) : record.state === 'ended' ? `ended with ${exitCode}` : 'killed';
  const sinceMs = Date.now() - Date.parse(endedAt ?? startedAt);
  return [name, pid, state, what, `${humanSeconds(Math.max(0, sinceMs) / 1000)}${endedAt === null ? '' : ' ago'}`, version];
}
