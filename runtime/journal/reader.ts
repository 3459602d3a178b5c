import { decodeChunk, type DamagedEntry } from './chunk.js';
import { decodeSnapshot, type DecodedSnapshot } from './codec.js';
import { JournalFailure } from './failure.js';
import { checkMeta, type JournalMeta, type JournalState, type Layout, openLayout, readOwner, readState } from './layout.js';
import { isAlive, type Owner } from './owner.js';
import type { PositionedEntry } from './port.js';

export interface JournalInfo {
  readonly meta: JournalMeta;
  readonly state: JournalState;
  /** The process that writes it now, null when none does. */
  readonly owner: Owner | null;
  /** Oldest position still there. */
  readonly first: number;
  readonly actors: number;
  readonly snapshots: number;
}

export type Damage =
  | ({ readonly kind: 'entry' } & DamagedEntry)
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  | { readonly kind: 'snapshot'; readonly actor: string; readonly message: string };

/** A journal opened for reading, also while another process writes it, from any thread. Nothing in it is changed. */
export class JournalReader {
  readonly dir: string;
  private readonly layout: Layout;
  private readonly meta: JournalMeta;
  private paths = new Map<number, string>();

  constructor(dir: string, layout: Layout, meta: JournalMeta) {
    this.dir = dir;
    this.layout = layout;
    this.meta = meta;
  }

  info(): JournalInfo {
    const { layout } = this;
    const owner = readOwner(layout);
    let first = readState(layout).next;
    for (const key of layout.log.getKeys({ limit: 1 })) first = key;
    return {
      meta: this.meta,
      state: readState(layout),
      owner: owner !== undefined && isAlive(owner) ? owner : null,
      first,
      actors: layout.actors.getCount(),
      snapshots: layout.snapshots.getCount(),
    };
  }

  /** Paths of all actors the journal has heard of. */
  actors(): string[] {
    this.loadPaths();
    return [...this.paths.values()];
  }

  /** Entries from a position on, in order. Damaged ones are left out; see `verify`. */
  *entries(from = 0, to = Infinity): Generator<PositionedEntry> {
    for (const chunk of this.chunks(from)) {
      for (const entry of chunk.entries) {
        if (entry.position < from) continue;
        if (entry.position >= to) return;
        yield entry;
      }
    }
  }

  /** The last snapshot of an actor; undefined when there is none. */
  snapshot(path: string): DecodedSnapshot | undefined {
    const number = this.layout.actors.get(path);
    const bytes = number === undefined ? undefined : this.layout.snapshots.get(number);
    return bytes === undefined ? undefined : decodeSnapshot(bytes);
  }

  /** Everything that is not as it was written, oldest first. Reads all of it. */
  *verify(): Generator<Damage> {
    let expected = -1;
    for (const chunk of this.chunks(0)) {
      if (expected >= 0 && chunk.first !== expected) yield { kind: 'gap', from: expected, to: chunk.first };
      if (chunk.damage !== null) yield { kind: 'entry', ...chunk.damage };
      expected = chunk.entries.length === 0 ? chunk.first : chunk.entries[chunk.entries.length - 1]!.position + 1;
    }
    const { next } = readState(this.layout);
    if (expected >= 0 && expected < next) yield { kind: 'gap', from: expected, to: next };
    this.loadPaths();
    for (const { key, value } of this.layout.snapshots.getRange() as Iterable<{ key: number; value: Buffer }>) {
      const decoded = decodeSnapshot(value);
      if (!decoded.ok) yield { kind: 'snapshot', actor: this.paths.get(key) ?? `actor ${key}`, message: decoded.problem.message };
    }
  }

  /** Copies the whole journal to another folder, as of one moment, also while it is being written. */
  async backup(toDir: string, compact: boolean): Promise<void> {
    await this.layout.root.backup(toDir, compact);
  }

  async close(): Promise<void> {
    await this.layout.root.close();
  }

  private *chunks(from: number): Generator<{ readonly first: number; readonly entries: PositionedEntry[]; readonly damage: DamagedEntry | null }> {
    const { log } = this.layout;
    this.loadPaths();
    let start = from;
    for (const key of log.getKeys({ start: from, reverse: true, limit: 1 })) start = key;
    const actors = { pathOf: (number: number) => this.paths.get(number) ?? this.loadPaths().get(number) };
    for (const { key, value } of log.getRange({ start }) as Iterable<{ key: number; value: Buffer }>) yield { first: key, ...decodeChunk(key, value, actors) };
  }

  private loadPaths(): Map<number, string> {
    this.paths = new Map([...(this.layout.actors.getRange() as Iterable<{ key: string; value: number }>)].map(({ key, value }) => [value, key]));
    return this.paths;
  }
}

/** Opens a journal for reading. Throws JournalFailure 'not_found', 'format', 'corrupt' or 'io'. */
export function readJournal(dir: string): JournalReader {
  const layout = openLayout(dir, true);
  try {
    return new JournalReader(dir, layout, checkMeta(dir, layout));
  } catch (thrown) {
    void layout.root.close();
    throw thrown instanceof JournalFailure ? thrown : new JournalFailure('io', `the journal in ${dir} cannot be read`, thrown);
  }
}
