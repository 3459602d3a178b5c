import type { Transaction } from 'lmdb';
import { JournalFailure } from '../../runtime/journal/failure.js';
import { checkMeta, JOURNAL_FORMAT, openLayout, readOwner, readState, type JournalMeta, type JournalState, type Layout } from '../../runtime/journal/layout.js';
import { isAlive, type Owner } from '../../runtime/journal/owner.js';
import { CliError } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';
import { lookAtDataFile, notAJournal, type DataFile } from './data-file.js';

/** One chunk of the log: a batch, or a part of a large one. */
export interface Chunk {
  /** Position of its first entry. */
  readonly first: number;
  readonly bytes: Buffer;
}

/**
 * A journal opened for reading only, as it was at that moment, whatever its owner writes meanwhile. While it is open the
 * owner cannot use the pages of that moment again, so it is not kept longer than a command takes.
 */
export class JournalView {
  readonly folder: string;
  readonly file: DataFile;
  readonly meta: JournalMeta;
  readonly state: JournalState;
  /** The process that writes it, or wrote it last; null when it was closed in good order. */
  readonly owner: Owner | null;
  readonly ownerAlive: boolean;
  /** Path by number of the actor. */
  readonly actors: ReadonlyMap<number, string>;
  readonly layout: Layout;
  readonly #transaction: Transaction;
  readonly #release: () => void;
  #open = true;

  private constructor(folder: string, file: DataFile, layout: Layout) {
    this.folder = folder;
    this.file = file;
    this.layout = layout;
    this.meta = checkMeta(folder, layout);
    this.#transaction = layout.root.useReadTransaction();
    const options = { transaction: this.#transaction };
    this.state = (layout.meta.get('state', options) as JournalState | undefined) ?? readState(layout);
    this.owner = (layout.meta.get('owner', options) as Owner | undefined) ?? readOwner(layout) ?? null;
    this.ownerAlive = this.owner !== null && isAlive(this.owner);
    const actors = new Map<number, string>();
    for (const { key, value } of layout.actors.getRange(options)) actors.set(value, key);
    this.actors = actors;
    this.#release = onInterrupt(() => this.close());
  }

  /** Opens the journal in `folder`. Throws a CliError that says what is there instead, and how to go on. */
  static open(folder: string): JournalView {
    const file = lookAtDataFile(folder);
    let layout: Layout | undefined;
    try {
      layout = openLayout(folder, true);
      // Readers that were killed would hold their pages for ever.
      layout.root.readerCheck();
      return new JournalView(folder, file, layout);
    } catch (error) {
      void layout?.root.close();
      throw fromJournalFailure(folder, error) ?? error;
    }
  }

  get pathOf(): (number: number) => string | undefined {
    return (number) => this.actors.get(number);
  }

  /** The chunks from the one that holds `position`, in order. */
  *chunks(position = 0): Generator<Chunk> {
    const { log } = this.layout;
    const transaction = this.#transaction;
    let start = position;
    for (const key of log.getKeys({ start: position, reverse: true, limit: 1, transaction })) start = key;
    for (const { key, value } of log.getRange({ start, transaction })) yield { first: key, bytes: value };
  }

  /** The newest chunks first. */
  *chunksBackwards(): Generator<Chunk> {
    for (const { key, value } of this.layout.log.getRange({ reverse: true, transaction: this.#transaction })) yield { first: key, bytes: value };
  }

  /** Position of the oldest entry that is kept; the position of the next one when there is none. */
  get firstPosition(): number {
    for (const key of this.layout.log.getKeys({ limit: 1, transaction: this.#transaction })) return key;
    return this.state.next;
  }

  /** Written form of the last snapshot, by number of the actor. */
  *snapshots(): Generator<{ readonly actor: number; readonly bytes: Buffer }> {
    for (const { key, value } of this.layout.snapshots.getRange({ transaction: this.#transaction })) yield { actor: key, bytes: value };
  }

  /** Last sequence number by source of input. */
  *inputs(): Generator<{ readonly source: string; readonly last: number }> {
    for (const { key, value } of this.layout.inputs.getRange({ transaction: this.#transaction })) yield { source: key, last: value };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#release();
    this.#transaction.done();
    void this.layout.root.close();
  }
}

/** The CliError that says what a JournalFailure says; undefined for any other error. */
export function fromJournalFailure(folder: string, error: unknown): CliError | undefined {
  if (!(error instanceof JournalFailure)) return undefined;
  const { code, message } = error;
  switch (code) {
    case 'format':
      if (!message.includes('format')) return notAJournal(folder, message);
      return new CliError('badInput', message, `read it with the version of Faultline that wrote it; this one reads format ${JOURNAL_FORMAT}. Nothing was changed`);
    case 'corrupt': return new CliError('badInput', message, `see how much is good: faultline journal verify ${folder}; a backup brings the rest back`);
    case 'owned': return new CliError('cannotWrite', message, 'stop the process that has it open first');
    case 'not_found': return notAJournal(folder, message);
    case 'io': return new CliError('cannotRead', message, 'check the folder and who may read it');
    case 'behaviour': case 'diverged': case 'value': case 'closed': return new CliError('bug', message);
  }
}
