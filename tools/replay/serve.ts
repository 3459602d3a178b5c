import { BLOCK_RECORDS } from '../../data/records/index.js';
import { type AuditEntry, TurnMeter } from '../../runtime/control/index.js';
import type { Runtime } from '../../runtime/index.js';
import { CliError } from '../cli/errors.js';
import { fromSystemError } from '../cli/system-errors.js';
import { DeadLetterLog } from '../process/dead-letter-log.js';
import { ProcessHost } from '../process/host.js';
import { logTree, ReportLog } from '../process/log-tree.js';
import type { OpenPass, PassJournal } from './pass-journal.js';
import { passLine, type PassResult } from './pass-result.js';
import type { Replay } from './replay.js';
import { formatFault } from './fault-spec.js';
import { TEMPLATES } from './templates.js';
import { checkPaths, prepareReplay, type PreparedReplay, type ReplayRequest } from './run.js';

export interface ServeRequest extends ReplayRequest {
  /** Name of the process. */
  readonly name: string;
  /** End after this pass; undefined: never. */
  readonly passes?: number;
  /** One JSON object a pass on stdout, instead of a line for people. */
  readonly json: boolean;
  /** Folder of a journal that keeps the decisions of every pass. */
  readonly journal?: string;
}

/** Verbs that may change a decision; `restart` may too, of an actor that begins anew. */
const CHANGES: ReadonlySet<string> = new Set(['suspend', 'terminate', 'startChild', 'deleteChild', 'reconfigure', 'upgrade', 'replaceState']);
const LANES_PATH = '/market/lanes';
/** Tape seconds per second where nothing is asked. */
const SPEED = 60;
/** Records taken between two looks at the clock and at requests: about ten milliseconds of work. */
const STRETCH = 4 * BLOCK_RECORDS;
const LOOK_EVERY_MS = 10;
/** How often decisions that wait to be on the disk are waited for. */
const FLUSH_EVERY_MS = 200;

/** A served replay that is under way. */
export class ServedReplay {
  readonly host: ProcessHost;
  readonly #prepared: PreparedReplay;
  readonly #request: ServeRequest;
  readonly #journal: PassJournal | undefined;
  readonly #letters: DeadLetterLog;
  readonly #reports: ReportLog;
  readonly #turns = new TurnMeter();
  #finished = 0;
  /** Decisions of the pass under way. */
  #decisions = 0;
  #lastDigest: string | null = null;
  #replay: Replay | null = null;
  #close: () => Promise<void> = () => Promise.resolve();
  #pass = 0;
  #touched: string[] = [];
  #stopping = false;
  /** Resolves when the loop has let go of the tree. */
  #idle: Promise<void> = Promise.resolve();
  #flushing = false;

  constructor(host: ProcessHost, prepared: PreparedReplay, request: ServeRequest, journal: PassJournal | undefined) {
    this.host = host;
    this.#prepared = prepared;
    this.#request = request;
    this.#journal = journal;
    this.#letters = new DeadLetterLog(host.log, prepared.loaded.config.process.deadLettersLogged);
    this.#reports = new ReportLog(host.log);
    host.hold({ stopTree: () => this.#stopTree(), fence: () => this.#replay?.runtime.fence(), dump: () => this.#dump() });
    host.onShutdown('stop-intake', 'let the pass come to rest', () => {
      this.#stopping = true;
      return this.#idle;
    });
    host.onShutdown('flush-logs', 'tell what was only counted', () => {
      this.#letters.tell();
      this.#reports.tell();
    });
    this.#lastDigest = journal?.digest ?? null;
    host.onShutdown('flush-logs', 'close tape and lanes', () => this.#close());
  }

  /** The tree of the pass under way; null between two. */
  get runtime(): Runtime | null {
    return this.#replay?.runtime ?? null;
  }
  get pass(): number {
    return this.#pass;
  }

  /** Opens the control socket. */
  serve(): Promise<void> {
    return this.host.serve({
      runtime: () => this.runtime,
      templates: TEMPLATES,
      turns: this.#turns,
      status: () => ({
        state: this.host.ending ? 'stopping' : 'serving', tape: this.#prepared.tape, pass: this.#pass, clockUs: this.#replay?.clockUs ?? null, records: this.#replay?.taken ?? 0, decisions: this.#decisions,
        ofRecords: this.#prepared.records, speed: this.#request.speed ?? SPEED, waiting: this.#replay?.waiting ?? false, touched: this.#touched, lastDigest: this.#lastDigest,
      }),
      metrics: () => ({ passes: this.#finished, pass: this.#pass, records: this.#replay?.taken ?? 0, logLinesLost: this.host.log.lost }),
    }, (entry) => this.#audited(entry));
  }

  #audited({ method, params, ok }: AuditEntry): void {
    const { path = '', dryRun } = params as { readonly path?: string; readonly dryRun?: boolean };
    if (!ok || dryRun === true || (!CHANGES.has(method) && !(method === 'restart' && this.#losesState(path)))) return;
    const what = path === '' ? method : `${method} ${path}`;
    this.#touched.push(what);
    this.#journal?.touched(this.#pass, what);
  }

  /** What comes back with its last good state decides as if nothing had happened, and lanes keep theirs elsewhere. */
  #losesState(path: string): boolean {
    if (path.startsWith(`${LANES_PATH}/`)) return false;
    const cut = path.lastIndexOf('/');
    const spec = this.runtime?.getChildSpec(cut === 0 ? '/' : path.slice(0, cut), path.slice(cut + 1));
    return spec?.kind !== 'worker' || spec.restore !== 'lastGood';
  }

  /** Plays pass after pass, until the process ends. */
  async play(): Promise<void> {
    this.#pass = this.#journal?.ended ?? 0;
    let resume = this.#journal?.open ?? null;
    if (resume !== null && resume.touched.length > 0) {
      // What an operator did is not on the tape: the pass cannot be made again.
      this.host.log.write('warn', 'pass.given-up', `pass ${resume.pass} is not gone on with: an operator had touched it`, { pass: resume.pass, decisions: resume.lines.length, touched: resume.touched });
      await this.#journal?.end(resume.pass, null);
      this.#pass = resume.pass;
      resume = null;
    }
    const last = this.#request.passes ?? Infinity;
    let isReady = false;
    while (!this.#stopping && this.#pass < last) {
      this.#pass += 1;
      this.#touched = [];
      const done = this.#playPass(resume, async () => {
        if (isReady) return;
        isReady = true;
        await this.host.ready();
      });
      this.#idle = done.then(() => {}, () => {});
      await done;
      resume = null;
    }
    if (!isReady) await this.host.ready();
    if (!this.#stopping) await this.host.end('ok', `pass ${last} was the last one asked for`);
  }

  /** @param resume what the journal has already of this pass */
  async #playPass(resume: OpenPass | null, started: () => Promise<void>): Promise<void> {
    const { host } = this;
    const startMs = performance.now();
    const known = resume?.lines ?? [];
    const resumeAt = known.length;
    this.#decisions = 0;
    const { replay, close } = this.#prepared.begin((_decision, line) => {
      this.#decided(this.#decisions, line, known);
      this.#decisions += 1;
    }, { patient: true });
    try {
      this.#replay = replay;
      checkPaths(replay, this.#request.faults);
      logTree(replay.runtime, this.#reports, this.#letters);
      host.log.write('info', 'pass.start', `pass ${this.#pass} starts`, { pass: this.#pass, resumeAt });
      await started();
      await this.#advance(replay, () => this.#decisions < resumeAt);
      if (this.#stopping) return;
      await replay.settle();
      const report = replay.finish(performance.now() - startMs);
      const decisions = this.#decisions;
      if (decisions < resumeAt) throw diverged(this.#pass, decisions, 'the journal has more of them');
      const result: PassResult = {
        pass: this.#pass, tape: this.#prepared.tape, digest: report.digest, decisions, records: report.records, wallMs: Math.round(report.wallMs), restarts: report.restarts,
        deadLettered: report.deadLettered, deadLetters: replay.runtime.counters().deadLettered, resumedAt: resumeAt > 0 ? resumeAt : null, touched: this.#touched, gaveUp: report.gaveUp,
      };
      this.#finished += 1;
      this.#lastDigest = report.digest;
      // On the disk before it is told.
      await this.#journal?.end(this.#pass, report.digest);
      process.stdout.write(this.#request.json ? `${JSON.stringify(result)}\n` : `${passLine(result)}\n`);
      host.log.write(report.gaveUp === null ? 'info' : 'error', 'pass.end', passLine(result), { ...result });
      if (report.gaveUp !== null) {
        // Not awaited: the shutdown waits for this pass.
        this.#stopping = true;
        void host.end('rootGaveUp', 'the root supervisor gave up');
      }
    } finally {
      // A pass that was cut short keeps its threads until its tree is down.
      if (this.#stopping) this.#close = close;
      else await close();
    }
  }

  /** Lets the tape's clock run; as fast as it goes while `hurry` says so. */
  async #advance(replay: Replay, hurry: () => boolean): Promise<void> {
    const speed = this.#request.speed ?? SPEED;
    let startMs = performance.now();
    let lookMs = startMs;
    let flushedMs = startMs;
    while (!replay.ended && !this.#stopping) {
      const nowMs = performance.now();
      // What an operator holds up is not made up for in a rush afterwards, nor is what is made again after a kill paced.
      if (replay.waiting) startMs += nowMs - lookMs;
      lookMs = nowMs;
      const rushed = hurry();
      if (rushed) startMs = nowMs - Math.max(0, replay.clockUs - this.#prepared.firstUs) / 1000 / speed;
      this.#turns.begin();
      const reached = replay.advance(STRETCH, rushed ? Infinity : this.#prepared.firstUs + (nowMs - startMs) * 1000 * speed);
      // Also when the tape stands still: a verb may have left something to do.
      replay.runtime.drain();
      this.#turns.end();
      if (this.#journal !== undefined && nowMs - flushedMs >= FLUSH_EVERY_MS) {
        flushedMs = nowMs;
        this.#flush(this.#journal);
      }
      await (replay.stalled ? replay.turn() : reached ? new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS)) : new Promise((resolve) => setImmediate(resolve)));
    }
  }

  #decided(index: number, line: string, known: readonly string[]): void {
    if (this.#journal === undefined) return;
    if (index >= known.length) this.#journal.decision(this.#pass, index, line);
    else if (known[index] !== line) throw diverged(this.#pass, index, `it is now ${line}`);
  }

  #flush(journal: PassJournal): void {
    if (this.#flushing) return;
    this.#flushing = true;
    journal.flushed().then(() => (this.#flushing = false), () => {});
  }

  /** Stop hooks may ask for time, and time is ours to give. */
  async #stopTree(): Promise<void> {
    const runtime = this.runtime;
    if (runtime === null || runtime.stop()) return;
    while (runtime.tree() !== null) {
      const dueUs = runtime.nextTimerUs();
      if (dueUs < Infinity) runtime.advanceTo(dueUs);
      else runtime.drain();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #dump(): unknown {
    const runtime = this.runtime;
    const pass = { pass: this.#pass, clockUs: this.#replay?.clockUs ?? null, records: this.#replay?.taken ?? null, touched: this.#touched };
    return runtime === null ? { pass } : { pass, counters: runtime.counters(), tree: runtime.tree(), trace: runtime.trace().list(500), deadLetters: runtime.deadLetters().slice(-50) };
  }
}

function diverged(pass: number, index: number, what: string): CliError {
  return new CliError('journalFailed', `decision ${index} of pass ${pass} is not the journalled one: ${what}`, 'another tape, configuration or version than the journal was made with; give --journal another folder');
}

/** Serves a tape until the process is told to end. Never returns. @throws CliError when it cannot begin. */
export async function serveTape(request: ServeRequest): Promise<never> {
  const prepared = prepareReplay(request);
  const { loaded, tape, records } = prepared;
  // Where there is none, lmdb is not loaded.
  const journals = request.journal === undefined ? undefined : await import('./pass-journal.js');
  const host = await ProcessHost.open({
    name: request.name, what: `replay ${tape}`, params: loaded.config.process,
    details: { tape: request.tape, records, configDigest: loaded.digest, config: loaded.file ?? 'defaults', speed: request.speed ?? SPEED, faults: request.faults.map(formatFault), ...(request.journal === undefined ? {} : { journal: request.journal }) },
  });
  try {
    const window = `${request.from ?? 'the beginning'} to ${request.to ?? 'the end'}`;
    const of = { tape, records, startUs: prepared.span.startUs, window, configDigest: loaded.digest, faults: request.faults.map(formatFault) };
    const opening = journals?.PassJournal.open(request.journal!, of, (failure) => {
      // Never goes on after a journal that failed: what it has is unknown.
      host.log.write('fatal', 'journal.failed', failure.message, { failure });
      void host.end('journalFailed', failure.message);
    });
    // Also when a signal comes while it is being opened: a process must not exit with writes under way.
    host.onShutdown('flush-logs', 'close the journal', async () => (await opening?.catch(() => undefined))?.close());
    const journal = await opening;
    const served = new ServedReplay(host, prepared, request, journal);
    await served.serve();
    await served.play();
    // A shutdown is under way, asked for from outside.
    return await new Promise<never>(() => {});
  } catch (error) {
    const known = error instanceof CliError ? error : (journals?.asCliError(error) ?? fromSystemError(error));
    if (known === undefined) return await host.fail(error);
    process.stderr.write(`faultline: ${known.message}\n${known.fix === undefined ? '' : `  fix: ${known.fix}\n`}`);
    return await host.end(known.exit, known.message);
  }
}
