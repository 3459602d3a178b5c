import type { ActorNumbers, EntryHeader } from './codec.js';
import type { JournalEntry } from './entry.js';

class Tracked {
  readonly number: number;
  readonly path: string;
  /** Position of the last snapshot, -1 before the first. */
  snapshot = -1;
  /** Later entries that concern the actor, ascending. */
  positions: number[] = [];

  constructor(number: number, path: string) {
    this.number = number;
    this.path = path;
  }
}

/** Numbers of the actors of a journal, and where the entries stand that each needs to come back. */
export class ActorIndex implements ActorNumbers {
  private readonly byPath = new Map<string, Tracked>();
  private readonly byNumber: (Tracked | undefined)[] = [];
  /** Given since they were last taken, to be written with the next batch. */
  private fresh: { readonly path: string; readonly number: number }[] = [];

  numberOf(path: string): number {
    const known = this.byPath.get(path);
    if (known !== undefined) return known.number;
    const number = Math.max(1, this.byNumber.length);
    this.add(path, number);
    this.fresh.push({ path, number });
    return number;
  }

  pathOf(number: number): string | undefined {
    return this.byNumber[number]?.path;
  }

  add(path: string, number: number): void {
    const tracked = new Tracked(number, path);
    this.byPath.set(path, tracked);
    while (this.byNumber.length < number) this.byNumber.push(undefined);
    this.byNumber[number] = tracked;
  }

  takeFresh(): readonly { readonly path: string; readonly number: number }[] {
    const fresh = this.fresh;
    this.fresh = [];
    return fresh;
  }

  paths(): string[] {
    return [...this.byPath.keys()];
  }

  /** Position of the last snapshot and of the entries after it; undefined for an actor without a snapshot. */
  needs(path: string): { readonly number: number; readonly snapshot: number; readonly positions: readonly number[] } | undefined {
    const tracked = this.byPath.get(path);
    return tracked === undefined || tracked.snapshot < 0 ? undefined : tracked;
  }

  setSnapshot(number: number, position: number): void {
    const tracked = this.byNumber[number];
    if (tracked === undefined) return;
    tracked.snapshot = position;
    tracked.positions = tracked.positions.filter((at) => at > position);
  }

  note(position: number, entry: JournalEntry): void {
    switch (entry.kind) {
      case 'turn':
        this.concerns(this.byPath.get(entry.actor), position);
        for (const op of entry.ops) if (op[0] === 'send') this.concerns(this.byPath.get(op[1]), position);
        break;
      case 'failed':
      case 'input':
      case 'outcome': this.concerns(this.byPath.get(entry.actor), position); break;
      case 'snapshot':
      case 'release': break;
    }
  }

  noteHeader(position: number, header: EntryHeader): void {
    if (header.kind === 'snapshot' || header.kind === 'release') return;
    this.concerns(this.byNumber[header.actor], position);
    for (const target of header.targets) this.concerns(this.byNumber[target], position);
  }

  /** The oldest position anybody needs; `end` when nobody needs any. */
  floor(end: number): number {
    let floor = end;
    for (const tracked of this.byPath.values()) if (tracked.positions.length > 0) floor = Math.min(floor, tracked.positions[0]!);
    return floor;
  }

  private concerns(tracked: Tracked | undefined, position: number): void {
    if (tracked === undefined || position <= tracked.snapshot) return;
    // A turn may send to itself or twice to one actor.
    if (tracked.positions[tracked.positions.length - 1] !== position) tracked.positions.push(position);
  }
}
