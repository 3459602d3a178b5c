import { closeSync, constants, fstatSync, ftruncateSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface RotationLimits {
  readonly maxBytes: number;
  /** 0: no limit, as below. */
  readonly maxAgeMs: number;
  readonly keepFiles: number;
  readonly keepAgeMs: number;
}

const NEWLINE = 0x0a;
/** How often it is looked whether somebody moved or removed the file. */
const LOOK_EVERY_MS = 2000;
const OPEN = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * A log file that closes and begins anew between two lines: NAME.log is written, NAME.000001.log and so on are closed, a
 * higher number is later. Every line is with the operating system when `write` returns, so no end of this process loses
 * one. A line that the disk does not take is taken back whole and counted; nothing here throws once the file is open.
 */
export class RotatingFile {
  readonly path: string;
  /** Lines that the disk did not take. */
  lost = 0;
  readonly #folder: string;
  readonly #name: string;
  readonly #limits: RotationLimits;
  readonly #nowMs: () => number;
  /** Makes the line that tells of lost ones. */
  readonly #lostLine: (lines: number, code: string) => string;
  #descriptor: number;
  #inode = 0;
  #size = 0;
  #bornMs = 0;
  #lookedMs = 0;
  #untold = 0;
  #failure = '';

  /** @throws the operating system's error when the file cannot be opened. */
  constructor(folder: string, name: string, limits: RotationLimits, lostLine: (lines: number, code: string) => string, nowMs: () => number = Date.now) {
    this.#folder = folder;
    this.#name = name;
    this.#limits = limits;
    this.#lostLine = lostLine;
    this.#nowMs = nowMs;
    this.path = join(folder, `${name}.log`);
    this.#descriptor = this.#open();
    this.#drop();
  }

  /** Appends one line, which ends with a newline. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) this.#look(nowMs);
    const { maxBytes, maxAgeMs } = this.#limits;
    if (this.#size > 0 && (this.#size + bytes.length > maxBytes || (maxAgeMs > 0 && nowMs - this.#bornMs >= maxAgeMs))) this.#rotate();
    if (this.#untold > 0 && this.#append(Buffer.from(this.#lostLine(this.#untold, this.#failure)))) this.#untold = 0;
    if (this.#append(bytes)) return;
    this.lost += 1;
    this.#untold += 1;
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  #open(): number {
    const descriptor = openSync(this.path, OPEN, 0o600);
    const stats = fstatSync(descriptor);
    this.#inode = stats.ino;
    this.#size = stats.size;
    this.#bornMs = stats.size === 0 ? this.#nowMs() : stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs;
    this.#lookedMs = this.#nowMs();
    if (stats.size > 0) {
      // A machine that lost its power may have left half a line: ours must not become its tail.
      const last = Buffer.alloc(1);
      readSync(descriptor, last, 0, 1, stats.size - 1);
      if (last[0] !== NEWLINE) this.#size += writeSync(descriptor, '\n');
    }
    return descriptor;
  }

  #append(bytes: Buffer): boolean {
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#descriptor, bytes, at);
    } catch (error) {
      this.#failure = (error as NodeJS.ErrnoException).code ?? String(error);
      try {
        if (at > 0) ftruncateSync(this.#descriptor, this.#size);
      } catch {
        this.#size += at;
      }
      return false;
    }
    this.#size += at;
    return true;
  }

  #rotate(): void {
    try {
      const next = (closedFiles(this.#folder, this.#name).at(-1)?.number ?? 0) + 1;
      renameSync(this.path, join(this.#folder, `${this.#name}.${String(next).padStart(6, '0')}.log`));
      this.#reopen();
    } catch {
      // A folder that takes no new name: the old file goes on growing, no line is lost.
      this.#bornMs = this.#nowMs();
    }
    this.#drop();
  }

  #reopen(): void {
    const descriptor = this.#open();
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
  }

  /** Somebody may have moved the file away, or removed it. */
  #look(nowMs: number): void {
    this.#lookedMs = nowMs;
    try {
      if (statSync(this.path).ino === this.#inode) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
    }
    const old = this.#descriptor;
    try {
      this.#descriptor = this.#open();
      closeSync(old);
    } catch {
      this.#descriptor = old;
    }
  }

  /** Removes closed files that are too many or too old. */
  #drop(): void {
    const { keepFiles, keepAgeMs } = this.#limits;
    const closed = closedFiles(this.#folder, this.#name);
    const old = closed.filter(({ path }, at) => closed.length - at > keepFiles || (keepAgeMs > 0 && this.#nowMs() - modifiedMs(path) > keepAgeMs));
    for (const { path } of old) rmSync(path, { force: true });
  }
}

/** Closed log files of a process, oldest first. */
export function closedFiles(folder: string, name: string): { readonly number: number; readonly path: string }[] {
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch {
    return [];
  }
  return files
    .filter((file) => file.startsWith(`${name}.`) && /^\.\d{6,}\.log$/.test(file.slice(name.length)))
    .map((file) => ({ number: Number(file.slice(name.length + 1, -4)), path: join(folder, file) }))
    .sort((a, b) => a.number - b.number);
}

/** Folder and name of the process that writes a log file. */
export function splitLogPath(path: string): { readonly folder: string; readonly name: string } {
  return { folder: dirname(path), name: path.slice(dirname(path).length + 1).replace(/\.log$/, '') };
}

function modifiedMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return Infinity;
  }
}
