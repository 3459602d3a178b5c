import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProcessParams } from '../../config/index.js';
import { plainCopy } from '../../runtime/index.js';
import { type AuditEntry, ControlError, ControlServer, type ControlTarget } from '../../runtime/control/index.js';
import { CoordinatedShutdown, type ShutdownPhase, type ShutdownReport } from '../../runtime/supervision/shutdown.js';
import { CliError, EXIT_CODES, type ExitName } from '../cli/errors.js';
import { takeOver } from '../cli/interrupt.js';
import { printNote, toJson } from '../cli/output.js';
import { packageVersion } from '../cli/version.js';
import { logFolder, ProcessLog } from './log.js';
import { takeName, type NameLock } from './name-lock.js';
import { notifyServiceManager, tellParent } from './notify.js';
import { forLog, hide, withoutSecrets } from './redact.js';
import { isAlive, readRecord, startTicksOf, writeRecord, type ProcessRecord } from './record.js';
import { openRunFolder, processName, RUN_VARIABLE, socketPath } from './run-folder.js';
import { armWatchdog } from './watchdog.js';

/** A request to stop may arrive twice: a terminal and a manager both pass on one Ctrl-C. */
const SAME_REQUEST_MS = 500;
/** From the end of the shutdown's deadline to the SIGKILL: for the last log lines and the exit itself. */
const WATCHDOG_MARGIN_MS = 4000;
/** From the answer to a shutdown verb to the shutdown. */
const ANSWER_FIRST_MS = 20;
/** A crash leaves less time: whatever failed may hang the rest. */
const CRASH_DEADLINE_MS = 5000;

export interface HostOptions {
  readonly name: string;
  /** What it runs, for people: `replay crash.tape`. */
  readonly what: string;
  readonly params: ProcessParams;
  /** Logged at the start: configuration digest, tape, versions of inputs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What lives in the process: its tree. */
export interface Hosted {
  /** Stops the tree in reverse start order; resolves when it is down. */
  stopTree(): Promise<void>;
  /** Cuts off what is left of it, at once. No user code runs. */
  fence(): void;
  /** For the post-mortem: tree, counters, last trace events. Plain data. */
  dump(): unknown;
}

/**
 * A named, long-lived process: one at a time under its name, findable by `faultline ps`, with a log of its own, ready when its
 * root has started, and ended in good order by a signal, a verb, or its own failure, always with a code of the table.
 */
export class ProcessHost {
  readonly name: string;
  readonly log: ProcessLog;
  readonly folder: string;
  /** Where the control server is to listen. */
  readonly socket: string;
  readonly #params: ProcessParams;
  readonly #lock: NameLock;
  readonly #shutdown = new CoordinatedShutdown();
  #record: ProcessRecord;
  #hosted: Hosted | null = null;
  #server: ControlServer | null = null;
  #ending: Promise<never> | null = null;
  #askedMs = 0;

  private constructor(options: HostOptions, folder: string, lock: NameLock, log: ProcessLog, record: ProcessRecord) {
    this.name = options.name;
    this.#params = options.params;
    this.folder = folder;
    this.socket = record.socket;
    this.#lock = lock;
    this.log = log;
    this.#record = record;
  }

  /** Takes the name, opens the log, and answers signals from here on. @throws CliError when the name is taken or a folder cannot be used. */
  static async open(options: HostOptions): Promise<ProcessHost> {
    const { name, what, params, details } = options;
    processName(name);
    const folder = openRunFolder();
    const socket = socketPath(folder, name);
    const lock = await takeName(folder, name);
    if (lock === undefined) {
      const holder = readRecord(folder, name);
      const who = holder !== undefined && isAlive(holder) ? ` (pid ${holder.pid}, ${holder.what})` : '';
      throw new CliError('configuration', `a process ${name} is running already${who}`, `faultline shutdown --process ${name}, or give this one another --name or ${RUN_VARIABLE}`);
    }
    let log: ProcessLog;
    try {
      log = await ProcessLog.open(logFolder(), name, params);
    } catch (error) {
      await lock.release();
      throw error;
    }
    const before = readRecord(folder, name);
    const record: ProcessRecord = {
      name, pid: process.pid, startTicks: startTicksOf(process.pid), state: 'starting', what, startedAt: new Date().toISOString(), endedAt: null, exitCode: null,
      version: packageVersion(), node: process.versions.node, socket, log: log.path, manager: managerOf(process.env),
    };
    const host = new ProcessHost(options, folder, lock, log, record);
    writeRecord(folder, record);
    log.write('info', 'process.start', `${what} starts`, { version: record.version, node: record.node, platform: `${process.platform} ${process.arch}`, folder, ...details });
    if (before !== undefined && before.state !== 'ended') log.write('warn', 'process.found-dead', `the ${name} before this one (pid ${before.pid}) did not end in good order`, { deadPid: before.pid, state: before.state, startedAt: before.startedAt });
    host.#listen();
    return host;
  }

  /** From here on the shutdown stops this tree. */
  hold(hosted: Hosted): void {
    this.#hosted = hosted;
  }

  /**
   * Opens the control socket. `onAudit` hears of every write verb after it is in the log.
   * @throws CliError when the socket cannot be had.
   */
  async serve(target: Omit<ControlTarget, 'name' | 'version' | 'shutdown' | 'logLevel' | 'loadUpgrade'>, onAudit?: (entry: AuditEntry) => void): Promise<void> {
    try {
      this.#server = await ControlServer.start({
        socketPath: this.socket,
        target: {
          ...target,
          name: this.name, version: this.#record.version,
          shutdown: ({ reason, deadlineMs, now }) => {
            // The answer is to be on its way first.
            setTimeout(() => void this.end('ok', reason, { now, ...(deadlineMs === undefined ? {} : { deadlineMs }) }), ANSWER_FIRST_MS);
          },
          logLevel: { get: () => this.log.level, set: (level) => void (this.log.level = level) },
          // Modules cannot be loaded anew under the same address.
          loadUpgrade: (file) => import(`${pathToFileURL(file).href}?loaded=${Date.now()}`),
        },
        onAudit: (entry) => {
          this.#audit(entry);
          onAudit?.(entry);
        },
        onFault: (message) => this.log.write('error', 'control.fault', message),
      });
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      throw new CliError('configuration', error.message, error.fix);
    }
  }

  #audit({ method, params, ok, error, client, connection, tookMs }: AuditEntry): void {
    const path = typeof params === 'object' && params !== null && 'path' in params ? params.path : undefined;
    const what = `${method}${typeof path === 'string' ? ` ${path}` : ''}`;
    this.log.write(ok ? 'info' : 'warn', 'audit', ok ? `an operator did ${what}` : `an operator was refused ${what}: ${error}`, {
      ...(typeof path === 'string' ? { path } : {}), method, params, ok, client, connection, tookMs: Math.round(tookMs * 10) / 10, ...(error === undefined ? {} : { error }),
    });
  }

  /** Adds a task to a phase of the coordinated shutdown; false when that has begun. */
  onShutdown(phase: ShutdownPhase, task: string, run: () => void | Promise<void>): boolean {
    return this.#shutdown.add(phase, task, run);
  }

  get ending(): boolean {
    return this.#ending !== null;
  }

  /** The root's start has returned: tells the process manager, the service manager and whoever reads stderr. */
  async ready(): Promise<void> {
    if (this.#ending !== null) return;
    this.#save({ state: 'ready' });
    this.log.write('info', 'process.ready', 'ready', { upMs: Math.round(performance.now()) });
    printNote(`faultline: ${this.name} is ready, pid ${process.pid}, log ${this.log.path}`);
    tellParent('ready');
    const told = await notifyServiceManager(['--ready', `--status=${this.#record.what}`]);
    if (!told) this.log.write('warn', 'process.notify-failed', 'NOTIFY_SOCKET is set and systemd-notify could not tell it that we are ready');
  }

  /**
   * Ends the process: coordinated shutdown under its deadline, then exit with a code of the table; one that was cut short
   * ends with 12 where 0 was meant. Asking again waits for the same end; asking with `now` fences everything at once.
   */
  end(exit: ExitName, reason: string, options: { readonly now?: boolean; readonly deadlineMs?: number } = {}): Promise<never> {
    this.#ending ??= this.#end(exit, reason, options.deadlineMs ?? this.#params.shutdownDeadlineMs);
    if (options.now === true) this.#shutdown.hurry();
    return this.#ending;
  }

  async #end(exit: ExitName, reason: string, deadlineMs: number): Promise<never> {
    this.#askedMs = performance.now();
    armWatchdog(deadlineMs + WATCHDOG_MARGIN_MS);
    this.#save({ state: 'stopping' });
    this.log.write(exit === 'ok' ? 'info' : 'error', 'process.stop', `stopping: ${reason}`, { reason, exit, deadlineMs });
    void notifyServiceManager(['STOPPING=1']);
    const report = await this.#shutdown.begin(reason, deadlineMs, () => this.#hosted?.stopTree() ?? Promise.resolve(), () => this.#hosted?.fence());
    this.#reportShutdown(report);
    const name: ExitName = report.completed || exit !== 'ok' ? exit : 'shutdownDeadline';
    const { code } = EXIT_CODES[name];
    this.log.write(code === 0 ? 'info' : 'error', 'process.end', `ends with ${code}`, { code, exit: name, tookMs: Math.round(performance.now() - this.#askedMs), linesLost: this.log.lost });
    printNote(`faultline: ${this.name} ends: ${reason} (exit code ${code})`);
    this.#save({ state: 'ended', endedAt: new Date().toISOString(), exitCode: code });
    await this.#server?.close();
    await this.log.close();
    await this.#lock.release();
    return process.exit(code);
  }

  #reportShutdown({ completed, failed, skipped }: ShutdownReport): void {
    for (const { phase, task, cause } of failed) this.log.write('error', 'shutdown.failed', `${task} (${phase}) failed: ${cause.message}`, { phase, task, cause });
    if (!completed) this.log.write('error', 'shutdown.cut', 'the shutdown was cut short; what was left is fenced', { skipped });
  }

  #listen(): void {
    takeOver({
      signal: (signal) => this.#signalled(signal),
      fatal: (error) => void this.fail(error),
      outlivesOutput: true,
    });
    if (!ignoresHangup()) process.on('SIGHUP', () => this.#signalled('SIGHUP'));
    process.on('warning', ({ name, message, stack }) => this.log.write('warn', 'process.warning', `${name}: ${message}`, { stack }));
    if (process.send === undefined) return;
    process.on('disconnect', () => {
      if (!this.ending) this.log.write('warn', 'process.orphaned', 'the process manager is gone; this process lives on under its name, which a second copy cannot take');
    });
    process.on('message', (word) => {
      if (word === 'shutdown') void this.end('ok', 'the process manager asked');
    });
  }

  #signalled(signal: string): void {
    if (this.#ending === null) {
      void this.end('ok', signal);
      return;
    }
    if (performance.now() - this.#askedMs < SAME_REQUEST_MS) return;
    this.log.write('warn', 'process.fence', `${signal} again: everything is fenced`, { signal });
    this.#shutdown.hurry();
  }

  /** Ends the process over an error that nobody caught. By definition a defect of ours: nothing that runs in the tree may get here. */
  fail(error: unknown): Promise<never> {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    this.log.write('fatal', 'process.fatal', `an error that nobody caught: ${message}`, { stack, dump: this.#dump(message, stack) });
    process.stderr.write(`faultline: an error that nobody caught, a defect of Faultline\n${withoutSecrets(stack ?? message)}\n`);
    const exit: ExitName = error instanceof CliError ? error.exit : 'bug';
    return this.end(exit, `uncaught: ${withoutSecrets(message)}`, { deadlineMs: Math.min(this.#params.shutdownDeadlineMs, CRASH_DEADLINE_MS) });
  }

  /** Writes what is known of the tree beside the log; its path, or why there is none. */
  #dump(message: string, stack: string | undefined): string {
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const path = join(dirname(this.log.path), `${this.name}.crash-${stamp}.json`);
    try {
      const tree = this.#hosted === null ? null : hide(plainCopy(this.#hosted.dump(), { depth: 12, entries: 10_000, values: 200_000, textLength: 4000 }));
      writeFileSync(path, `${toJson({ error: { message: withoutSecrets(message), stack: withoutSecrets(stack ?? '') }, process: forLog(this.#record), tree })}\n`, { mode: 0o600, flag: 'wx' });
      return path;
    } catch (error) {
      return `not written: ${String(error)}`;
    }
  }

  #save(change: Partial<ProcessRecord>): void {
    this.#record = { ...this.#record, ...change };
    try {
      writeRecord(this.folder, this.#record);
    } catch (error) {
      this.log.write('error', 'process.record', `the record in the run folder could not be written: ${String(error)}`);
    }
  }
}

function managerOf(env: NodeJS.ProcessEnv): ProcessRecord['manager'] {
  if (env['pm_id'] !== undefined) return 'pm2';
  return env['NOTIFY_SOCKET'] !== undefined || env['INVOCATION_ID'] !== undefined ? 'systemd' : null;
}

/** Whether we were started with SIGHUP ignored, as nohup does: then it must stay so. */
export function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
