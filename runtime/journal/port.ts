import type { JournalFailure } from './failure.js';
import type { ActorSnapshot, JournalEntry } from './entry.js';

/** An entry in its written form, not yet in the journal. */
export interface PreparedEntry {
  readonly bytes: Uint8Array;
  /** Where the bytes are in memory, to copy neighbours at once: an entry at `place + bytes.length` follows on this one. NaN: somewhere. */
  readonly place: number;
  readonly entry: JournalEntry;
}

/** A snapshot in its written form, but for its position. */
export interface PreparedSnapshot {
  readonly bytes: Uint8Array;
  readonly snapshot: ActorSnapshot;
}

export interface PositionedEntry {
  readonly position: number;
  readonly entry: JournalEntry;
}

/** All a journal knows of one actor that it needs to go on: the last snapshot and every later entry that concerns it. */
export interface ActorHistory {
  readonly snapshotPosition: number;
  readonly snapshot: ActorSnapshot;
  /** Its own turns, sends to it, inputs and outcomes for it, in order. */
  readonly entries: readonly PositionedEntry[];
}

/** Moments of a write at which a test may end the process. */
export type JournalPoint =
  /** A batch is about to be handed to the disk: nothing of it is there. */
  | 'before-batch'
  /** The batch is committed and visible, not yet flushed. */
  | 'committed'
  /** The batch is on disk; nothing that waited for it has been let go. */
  | 'flushed'
  | 'before-effect'
  | 'after-effect';

/**
 * What the runtime asks of a journal. One writer; every call from the main thread, between or inside turns, never waits for the disk.
 * Implementations: `openJournal` (LMDB) and `MemoryJournal`.
 */
export interface Journal {
  /** A fresh number for the life of an actor that was never in this journal. */
  nextEpoch(): number;
  /** The entry as bytes. Throws JournalFailure 'value' when something in it cannot be written. */
  prepare(entry: JournalEntry): PreparedEntry;
  prepareSnapshot(snapshot: ActorSnapshot): PreparedSnapshot;
  /**
   * Takes the entry into the next batch; the position it has for ever. All entries of one synchronous burst are one batch.
   *
   * @param waits the entry causes no write of its own: it goes with the next one that does
   */
  append(prepared: PreparedEntry, waits?: boolean): number;
  /** Takes a snapshot into the next batch and returns its position, which is part of it. */
  appendSnapshot(prepared: PreparedSnapshot): number;
  /** Last snapshot of the actor and what came after it, entries not yet on disk included; null when it is new. Throws JournalFailure. */
  history(path: string): ActorHistory | null;
  /** Largest sequence number taken from a source of inputs, -1 when there is none. */
  lastInput(source: string): number;
  /**
   * Called by the runtime when no turn is ready. A journal without a disk makes everything durable here, at once, so that a run on the
   * virtual clock does not depend on when anything is written.
   */
  idle(): void;
  /** Resolves when everything appended so far is durable, rejects when the journal has failed. */
  flushed(): Promise<void>;
  /** Entries below this position are durable. */
  readonly durable: number;
  /** Set once, then no entry is taken any more. */
  readonly failure: JournalFailure | null;
  /** Tells the runtime, never inside a turn: everything below `durable` is on disk / the journal has failed. One listener. */
  listen(listener: JournalListener): void;
  /** Takes no entry any more: what it holds cannot be read. */
  abandon(failure: JournalFailure): void;
  /** For tests that end the process at a chosen moment. */
  point(at: JournalPoint): void;
  close(): Promise<void>;
}

export interface JournalListener {
  flushed(durable: number): void;
  failed(failure: JournalFailure): void;
}
