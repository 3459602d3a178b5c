import { type ActorNumbers, decodeEntry, type EntryHeader, type EntryProblem, readHeader } from './codec.js';
import type { PositionedEntry } from './port.js';

/**
 * A batch on disk is one or more chunks: u32 magic, u32 number of entries, then the entries one after the other. A chunk is stored under
 * the position of its first entry; the others follow without gap.
 */
const MAGIC = 0x314a_4c46; // "FLJ1"
const CHUNK_HEADER_BYTES = 8;
/** A chunk is closed when it has grown past this. */
const CHUNK_BYTES = 512 * 1024;

export interface DamagedEntry {
  readonly position: number;
  readonly problem: EntryProblem;
}

/** Packs entries of consecutive positions, from `first` on, into chunks. `places`: see PreparedEntry. */
export function* chunksOf(first: number, entries: readonly Uint8Array[], places: readonly number[]): Generator<{ readonly first: number; readonly bytes: Uint8Array }> {
  let from = 0;
  while (from < entries.length) {
    let size = CHUNK_HEADER_BYTES;
    let to = from;
    while (to < entries.length && size < CHUNK_BYTES) size += entries[to++]!.length;
    const bytes = Buffer.allocUnsafe(size);
    bytes.writeUInt32LE(MAGIC, 0);
    bytes.writeUInt32LE(to - from, 4);
    let at = CHUNK_HEADER_BYTES;
    for (let index = from; index < to;) {
      const entry = entries[index]!;
      let { length } = entry;
      const place = places[index++]!;
      // Neighbours in memory are copied at once.
      while (index < to && places[index] === place + length) length += entries[index++]!.length;
      bytes.set(length === entry.length ? entry : new Uint8Array(entry.buffer, entry.byteOffset, length), at);
      at += length;
    }
    yield { first: first + from, bytes };
    from = to;
  }
}

/** Number of entries a chunk says it holds; null when it is no chunk. */
export function chunkCount(bytes: Uint8Array): number | null {
  if (bytes.length < CHUNK_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(0, true) === MAGIC ? view.getUint32(4, true) : null;
}

/**
 * Walks the entries of a chunk: header and offset of each. Ends at the first that is damaged, because what follows cannot be found then.
 * Returns the damage, or null when the chunk is whole.
 */
export function walkChunk(first: number, bytes: Uint8Array, visit: (position: number, header: EntryHeader, offset: number) => void): DamagedEntry | null {
  const count = chunkCount(bytes);
  if (count === null) return { position: first, problem: { code: 'kind', message: 'the record is no chunk of entries' } };
  let offset = CHUNK_HEADER_BYTES;
  for (let index = 0; index < count; index++) {
    const read = readHeader(bytes, offset);
    if (!read.ok) return { position: first + index, problem: read.problem };
    visit(first + index, read.header, offset);
    offset += read.header.length;
  }
  return offset === bytes.length ? null : { position: first + count, problem: { code: 'length', message: `${bytes.length - offset} bytes follow the last entry` } };
}

/** All entries of a chunk up to the first damaged one, and the damage. */
export function decodeChunk(first: number, bytes: Uint8Array, actors: Pick<ActorNumbers, 'pathOf'>): { readonly entries: PositionedEntry[]; readonly damage: DamagedEntry | null } {
  const entries: PositionedEntry[] = [];
  let bad: DamagedEntry | null = null;
  const damage = walkChunk(first, bytes, (position, _header, offset) => {
    const decoded = decodeEntry(bytes, actors, offset);
    if (decoded.ok) entries.push({ position, entry: decoded.entry });
    else bad ??= { position, problem: decoded.problem };
  });
  return { entries, damage: bad ?? damage };
}
