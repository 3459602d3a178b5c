import { ActorIndex } from './actor-index.js';
import { decodeEntry, decodeSnapshot, encodeEntry, encodeSnapshot, placeSnapshot } from './codec.js';
import type { ActorSnapshot, JournalEntry } from './entry.js';
import { JournalFailure } from './failure.js';
import type { ActorHistory, Journal, JournalListener, JournalPoint, PositionedEntry, PreparedEntry, PreparedSnapshot } from './port.js';

/** What is written together. */
export interface Batch {
  /** Position of the first entry. */
  readonly first: number;
  readonly entries: Uint8Array[];
  /** Of each entry, see PreparedEntry. */
  readonly places: number[];
  /** By number of the actor. */
  readonly snapshots: Map<number, Uint8Array>;
  /** Last sequence number by source of input. */
  readonly inputs: Map<string, number>;
}

export type PointHook = (at: JournalPoint) => void;

/**
 * What journals have in common: numbering, preparing, collecting the next batch, and putting an actor's history together from what is
 * stored and what is still on its way there.
 */
export abstract class BatchingJournal implements Journal {
  failure: JournalFailure | null = null;
  durable = 0;
  protected next = 0;
  protected epochs = 0;
  protected readonly index = new ActorIndex();
  protected readonly sources = new Map<string, number>();
  /** Handed to the disk and not yet readable there. */
  protected writing: Batch | null = null;
  protected pending: Batch = emptyBatch(0);
  protected closed = false;
  protected listener: JournalListener | null = null;
  private readonly onPoint: PointHook | null;

  constructor(onPoint: PointHook | null) {
    this.onPoint = onPoint;
  }

  /** Something waits in `pending`. */
  protected abstract wake(): void;
  protected abstract storedEntry(position: number): PositionedEntry;
  protected abstract storedSnapshot(number: number): Uint8Array | undefined;
  abstract idle(): void;
  abstract flushed(): Promise<void>;
  abstract close(): Promise<void>;

  nextEpoch(): number {
    return ++this.epochs;
  }

  prepare(entry: JournalEntry): PreparedEntry {
    return encodeEntry(entry, this.index);
  }

  prepareSnapshot(snapshot: ActorSnapshot): PreparedSnapshot {
    return { bytes: encodeSnapshot(snapshot), snapshot };
  }

  append(prepared: PreparedEntry, waits = false): number {
    this.refuse();
    const position = this.next++;
    this.pending.entries.push(prepared.bytes);
    this.pending.places.push(prepared.place);
    const { entry } = prepared;
    this.index.note(position, entry);
    if (entry.kind === 'input') {
      this.sources.set(entry.source, entry.seq);
      this.pending.inputs.set(entry.source, entry.seq);
    }
    if (!waits) this.wake();
    return position;
  }

  appendSnapshot(prepared: PreparedSnapshot): number {
    const { snapshot, bytes } = prepared;
    const position = this.append(this.prepare({ kind: 'snapshot', actor: snapshot.path, atUs: snapshot.atUs, turn: snapshot.turn }));
    const number = this.index.numberOf(snapshot.path);
    placeSnapshot(bytes, position);
    this.pending.snapshots.set(number, bytes);
    this.index.setSnapshot(number, position);
    return position;
  }

  history(path: string): ActorHistory | null {
    this.refuse();
    const needs = this.index.needs(path);
    if (needs === undefined) return null;
    const bytes = this.pending.snapshots.get(needs.number) ?? this.writing?.snapshots.get(needs.number) ?? this.storedSnapshot(needs.number);
    if (bytes === undefined) throw new JournalFailure('corrupt', `the snapshot of ${path} is missing`);
    const decoded = decodeSnapshot(bytes);
    if (!decoded.ok) throw new JournalFailure('corrupt', `the snapshot of ${path} is damaged: ${decoded.problem.message}`);
    return {
      snapshotPosition: decoded.position,
      snapshot: decoded.snapshot,
      entries: needs.positions.map((position) => this.entryAt(position)),
    };
  }

  lastInput(source: string): number {
    return this.sources.get(source) ?? -1;
  }

  listen(listener: JournalListener): void {
    this.listener = listener;
  }

  abandon(failure: JournalFailure): void {
    this.failure ??= failure;
  }

  point(at: JournalPoint): void {
    this.onPoint?.(at);
  }

  protected takeBatch(): Batch {
    const batch = this.pending;
    this.pending = emptyBatch(this.next);
    return batch;
  }

  protected refuse(): void {
    if (this.failure !== null) throw this.failure;
    if (this.closed) throw new JournalFailure('closed', 'the journal is closed');
  }

  private entryAt(position: number): PositionedEntry {
    for (const batch of [this.writing, this.pending]) {
      if (batch === null || position < batch.first || position >= batch.first + batch.entries.length) continue;
      const decoded = decodeEntry(batch.entries[position - batch.first]!, this.index);
      if (!decoded.ok) throw new JournalFailure('corrupt', `entry ${position} is damaged: ${decoded.problem.message}`);
      return { position, entry: decoded.entry };
    }
    return this.storedEntry(position);
  }
}

export function emptyBatch(first: number): Batch {
  return { first, entries: [], places: [], snapshots: new Map(), inputs: new Map() };
}
