import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the run folder says about a process; stays when it has ended, so that its log is still found. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** Tells this process from a later one with the same number: clock ticks since boot on Linux, null elsewhere. */
  readonly startTicks: string | null;
  readonly state: 'starting' | 'ready' | 'stopping' | 'ended';
  /** What it runs, e.g. `replay crash.tape`. */
  readonly what: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  readonly version: string;
  readonly node: string;
  readonly socket: string;
  /** What started it and may start it again; null when that is not known. */
  readonly manager: 'pm2' | 'systemd' | null;
  /** The file that is written; closed ones lie beside it. */
  readonly log: string;
}

/** Writes NAME.json whole or not at all. */
export function writeRecord(folder: string, record: ProcessRecord): void {
  const path = join(folder, `${record.name}.json`);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The record of a process; undefined when there is none that can be read. */
export function readRecord(folder: string, name: string): ProcessRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Partial<ProcessRecord> | null;
    return value !== null && value.name === name && typeof value.pid === 'number' && typeof value.log === 'string' && typeof value.socket === 'string'
      ? (value as ProcessRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Every record of a run folder, by name. */
export function listRecords(folder: string): ProcessRecord[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readRecord(folder, file.slice(0, -'.json'.length)))
    .filter((record) => record !== undefined);
}

/** Whether the process of a record is still there. */
export function isAlive({ pid, startTicks, state }: ProcessRecord): boolean {
  if (state === 'ended') return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return startTicks === null || startTicksOf(pid) === startTicks;
}

/** Whether a signal (SIGSTOP, SIGTSTP) holds a process up; false where there is no /proc to say so. */
export function isHeld(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[tT]$/.test(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] ?? '');
  } catch {
    return false;
  }
}

/** When a process was started, from /proc; null where there is none. */
export function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may hold anything; the start time is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
