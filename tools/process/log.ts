import { resolve } from 'node:path';
import { pino, type Logger } from 'pino';
import type { ProcessParams } from '../../config/index.js';
import { CliError } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';
import { fromSystemError } from '../cli/system-errors.js';
import { RotatingFile } from './log-file.js';
import type { LineLevel, LogLevel } from './log-level.js';
import { takeName, type NameLock } from './name-lock.js';
import { forLog, withoutSecrets } from './redact.js';

/** Variable that names the folder of log files; default `var/log` below the working directory. */
export const LOG_VARIABLE = 'FAULTLINE_LOG_DIR';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The log of one process: JSON lines, each on the disk when the call returns. */
export class ProcessLog {
  readonly path: string;
  readonly #logger: Logger;
  readonly #file: RotatingFile;
  readonly #lock: NameLock;
  #open = true;

  private constructor(logger: Logger, file: RotatingFile, lock: NameLock) {
    this.#logger = logger;
    this.#file = file;
    this.#lock = lock;
    this.path = file.path;
  }

  /** @throws CliError when the folder cannot be written, or another process writes the same file. */
  static async open(folder: string, name: string, params: ProcessParams): Promise<ProcessLog> {
    try {
      makeFolder(folder);
    } catch (error) {
      throw fromSystemError(error, 'write') ?? error;
    }
    const lock = await takeName(folder, `log ${name}`);
    if (lock === undefined) throw new CliError('configuration', `another process writes ${folder}/${name}.log`, `give this one another --name, or a folder of its own with ${LOG_VARIABLE}`);
    const head = { process: name, pid: process.pid };
    try {
      const limits = { maxBytes: params.logMaxBytes, maxAgeMs: params.logMaxAgeHours * HOUR_MS, keepFiles: params.logKeepFiles, keepAgeMs: params.logKeepDays * DAY_MS };
      const file = new RotatingFile(folder, name, limits, (lines, code) =>
        `${JSON.stringify({ level: 'error', time: new Date().toISOString(), ...head, event: 'log.lost', lines, code, msg: `${lines} log lines were lost: ${code}` })}\n`);
      const logger = pino({
        level: params.logLevel,
        base: head,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (level) => ({ level }), log: (fields) => forLog(fields) as Record<string, unknown> },
      }, file);
      return new ProcessLog(logger, file, lock);
    } catch (error) {
      await lock.release();
      throw fromSystemError(error, 'write') ?? error;
    }
  }

  /** `event` says what happened, for machines; `message` says it to people; `fields` are copied, bounded, and without secrets. */
  write(level: LineLevel, event: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#open) this.#logger[level]({ event, ...fields }, withoutSecrets(message));
  }

  get level(): LogLevel {
    return this.#logger.level as LogLevel;
  }
  set level(level: LogLevel) {
    this.#logger.level = level;
  }

  /** Lines that the disk did not take. */
  get lost(): number {
    return this.#file.lost;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
    await this.#lock.release();
  }
}

/** Where processes log: FAULTLINE_LOG_DIR, else var/log below the working directory. */
export function logFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env[LOG_VARIABLE];
  return resolve(own === undefined || own === '' ? 'var/log' : own);
}
