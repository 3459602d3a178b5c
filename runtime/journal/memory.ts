import { BatchingJournal, emptyBatch, type PointHook } from './batch.js';
import { decodeEntry } from './codec.js';
import { JournalFailure } from './failure.js';
import type { PositionedEntry } from './port.js';

/**
 * A journal without a disk, for tests and for runs on the virtual clock: what is appended is durable as soon as no turn is ready, at the
 * same place in every run. It can outlive a runtime: give the same one to the next.
 */
export class MemoryJournal extends BatchingJournal {
  private readonly entries: Uint8Array[] = [];
  private readonly snapshots = new Map<number, Uint8Array>();

  /** @param onPoint called at the moments of a write, see JournalPoint */
  constructor(options: { readonly onPoint?: PointHook } = {}) {
    super(options.onPoint ?? null);
  }

  idle(): void {
    while (this.pending.entries.length > 0 && this.failure === null) {
      const batch = this.takeBatch();
      this.point('before-batch');
      for (const bytes of batch.entries) this.entries.push(bytes);
      for (const [number, bytes] of batch.snapshots) this.snapshots.set(number, bytes);
      this.point('committed');
      this.durable = batch.first + batch.entries.length;
      this.point('flushed');
      this.listener?.flushed(this.durable);
    }
  }

  /** All entries so far, durable or not. */
  list(): PositionedEntry[] {
    return [...this.entries, ...this.pending.entries].map((_, position) => this.storedOrPending(position));
  }

  /** What a process killed now would find: everything that is not durable is gone. For tests. */
  survivor(): MemoryJournal {
    const copy = new MemoryJournal();
    for (const path of this.index.paths()) copy.index.add(path, this.index.numberOf(path));
    for (const bytes of this.entries) copy.entries.push(bytes);
    for (const [number, bytes] of this.snapshots) copy.snapshots.set(number, bytes);
    copy.restore(this.epochs);
    return copy;
  }

  /** Behaves from now on as if the disk had refused a write. For tests. */
  fail(failure = new JournalFailure('io', 'injected: the disk refused')): void {
    this.failure = failure;
    this.listener?.failed(failure);
  }

  async flushed(): Promise<void> {
    this.idle();
    if (this.failure !== null) throw this.failure;
    await Promise.resolve();
  }

  async close(): Promise<void> {
    this.idle();
    this.closed = true;
    await Promise.resolve();
  }

  protected wake(): void {
    // Nothing to do before the runtime is idle.
  }

  protected storedEntry(position: number): PositionedEntry {
    return this.storedOrPending(position);
  }

  protected storedSnapshot(number: number): Uint8Array | undefined {
    return this.snapshots.get(number);
  }

  private storedOrPending(position: number): PositionedEntry {
    const bytes = this.entries[position] ?? this.pending.entries[position - this.pending.first];
    const decoded = bytes === undefined ? undefined : decodeEntry(bytes, this.index);
    if (decoded?.ok !== true) throw new JournalFailure('corrupt', `entry ${position} is ${decoded === undefined ? 'missing' : 'damaged'}`);
    return { position, entry: decoded.entry };
  }

  private restore(epochs: number): void {
    this.epochs = epochs;
    this.next = this.entries.length;
    this.durable = this.next;
    this.pending = emptyBatch(this.next);
    for (const [number, bytes] of this.snapshots) this.index.setSnapshot(number, new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8, true));
    for (let position = 0; position < this.next; position++) {
      const { entry } = this.storedOrPending(position);
      this.index.note(position, entry);
      if (entry.kind === 'input') this.sources.set(entry.source, entry.seq);
    }
  }
}
