import { closeSync, existsSync, openSync, readdirSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeManifest, type RunManifest } from '../../data/runs/index.js';
import { csvLine } from '../../data/tape/index.js';
import { CliError, EXIT_CODES } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';
import { fromSystemError } from '../cli/system-errors.js';
import type { ReplayReport } from './report.js';

const DECISIONS = 'decisions.jsonl';
const FLUSH_CHARACTERS = 64 * 1024;

/** First line of trades.csv: the fields of a TradeRow in their order. */
export const TRADE_COLUMNS = ['id', 'symbol', 'side', 'quantityLots', 'entryAt', 'exitAt', 'holdMs', 'entryPrice', 'exitPrice', 'netPnl', 'fees', 'settle', 'entryReason', 'exitReason'] as const;

/**
 * The folder of a replay, that `--out` names or of a run that is kept: decisions.jsonl as they are made, and at the end trades.csv,
 * states.csv, report.json and run.json. Until the end the decisions stand in decisions.jsonl.partial, whole lines only.
 */
export class ReplayOutput {
  readonly folder: string;
  readonly #run: RunManifest;
  readonly #fd: number;
  #pending = '';
  #closed = false;

  /**
   * `run` says what is replayed. One that is `kept` says so from its beginning.
   * @throws CliError `cannotWrite` when the folder holds something already, or cannot be made.
   */
  constructor(folder: string, run: RunManifest, { overwrite = false, kept = false }: { readonly overwrite?: boolean; readonly kept?: boolean } = {}) {
    this.folder = folder;
    this.#run = run;
    if (!overwrite && guard(() => existsSync(folder) && readdirSync(folder).length > 0)) {
      throw new CliError('cannotWrite', `${folder}: is not empty`, 'choose another folder, or pass --overwrite');
    }
    this.#fd = guard(() => {
      makeFolder(folder);
      return openSync(join(folder, `${DECISIONS}.partial`), 'w');
    });
    if (kept) writeManifest(folder, run);
  }

  decision(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length >= FLUSH_CHARACTERS) this.#flush();
  }

  finish(report: ReplayReport): void {
    this.abandon();
    const trades = report.trades.map((trade) => Object.values(trade) as (string | number)[]);
    const states = report.timeline.map(({ at, symbol, from, to, reason, seq }) => [at, symbol, from, to, reason, seq]);
    guard(() => {
      renameSync(join(this.folder, `${DECISIONS}.partial`), join(this.folder, DECISIONS));
      this.#file('trades.csv', [TRADE_COLUMNS, ...trades].map(csvLine).join('\n'));
      this.#file('states.csv', [['at', 'symbol', 'from', 'to', 'reason', 'seq'], ...states].map(csvLine).join('\n'));
      this.#file('report.json', JSON.stringify(report, null, 2));
      const { gaveUp, decisions, digest } = report;
      const exit = gaveUp === null ? 'ok' : 'rootGaveUp';
      writeManifest(this.folder, { ...this.#run, endedAt: new Date().toISOString(), exit: { code: EXIT_CODES[exit].code, reason: exit }, decisions: { count: decisions, digest } });
    });
  }

  /** Writes what is pending and closes: what was decided so far stays readable. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#flush();
    } finally {
      guard(() => closeSync(this.#fd));
    }
  }

  #file(name: string, text: string): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.partial`, `${text}\n`);
    renameSync(`${path}.partial`, path);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    guard(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    });
  }
}

function guard<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromSystemError(error, 'write') ?? error;
  }
}
