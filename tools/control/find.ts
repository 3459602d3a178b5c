import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli/errors.js';
import { answers } from '../process/name-lock.js';
import { isAlive, listRecords, readRecord, type ProcessRecord } from '../process/record.js';
import { existingRunFolder, processName, runFolder } from '../process/run-folder.js';

/** A process that may be asked. */
export interface Found {
  readonly name: string;
  readonly socket: string;
  /** Undefined where a socket lies without a record. */
  readonly record: ProcessRecord | undefined;
}

/** Every process of the run folder that lives, by name. */
export async function runningProcesses(): Promise<Found[]> {
  const folder = existingRunFolder();
  if (folder === undefined) return [];
  const records = new Map(listRecords(folder).map((record) => [record.name, record]));
  const sockets = readdirSync(folder).filter((file) => file.endsWith('.sock')).map((file) => file.slice(0, -'.sock'.length));
  const all = [...new Set([...records.keys(), ...sockets])].sort().map((name) => ({ name, socket: join(folder, `${name}.sock`), record: records.get(name) }));
  // Without a record only the socket can say whether somebody lives.
  const alive = await Promise.all(all.map(async ({ record, socket }) => (record === undefined ? answers(socket) : isAlive(record))));
  return all.filter((_one, at) => alive[at]);
}

/** The process a command is for: the one named, else the only one that runs. @throws CliError noProcess */
export async function chooseProcess(name: string | undefined): Promise<Found> {
  const running = await runningProcesses();
  if (name === undefined) {
    if (running.length === 1) return running[0]!;
    if (running.length === 0) throw new CliError('noProcess', `no process is running (looked in ${runFolder()})`, 'start one: faultline replay <tape> --serve --name <name>');
    throw new CliError('noProcess', `${running.length} processes are running: ${running.map((one) => one.name).join(', ')}`, 'name one with --process');
  }
  processName(name);
  const found = running.find((one) => one.name === name);
  if (found !== undefined) return found;
  const folder = existingRunFolder();
  const record = folder === undefined ? undefined : readRecord(folder, name);
  const others = running.length === 0 ? 'none is running' : `running: ${running.map((one) => one.name).join(', ')}`;
  const last = record === undefined ? '' : record.state === 'ended' ? `; the last one ended at ${record.endedAt} with code ${record.exitCode}` : `; the last one, pid ${record.pid}, ended without a word`;
  throw new CliError('noProcess', `no process ${name} is running${last}`, record === undefined ? `${others} (looked in ${runFolder()})` : `${others}; what it said last: faultline logs --process ${name}`);
}

/** The record of a process, alive or dead, for its log. @throws CliError noProcess */
export function chooseRecord(name: string | undefined): ProcessRecord {
  const folder = existingRunFolder();
  const records = folder === undefined ? [] : listRecords(folder);
  if (name !== undefined) {
    processName(name);
    const record = records.find((one) => one.name === name);
    if (record !== undefined) return record;
    const known = records.length === 0 ? `nothing ran here yet (looked in ${runFolder()})` : `known: ${records.map((one) => one.name).join(', ')}`;
    throw new CliError('noProcess', `no process ${name} has run here`, known);
  }
  const alive = records.filter(isAlive);
  if (alive.length === 1) return alive[0]!;
  if (alive.length === 0 && records.length === 1) return records[0]!;
  if (records.length === 0) throw new CliError('noProcess', `no process has run here (looked in ${runFolder()})`, 'start one: faultline replay <tape> --serve --name <name>');
  const choice = alive.length > 1 ? alive : records;
  throw new CliError('noProcess', `${choice.length} processes have logs here: ${choice.map((one) => one.name).join(', ')}`, 'name one with --process');
}
