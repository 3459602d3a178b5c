import { statSync } from 'node:fs';
import { ActorModel } from '../../runtime/durable/model.js';
import { chunkCount, decodeChunk, walkChunk } from '../../runtime/journal/chunk.js';
import { decodeSnapshot } from '../../runtime/journal/codec.js';
import type { ActorSnapshot, JournalEntry } from '../../runtime/journal/entry.js';
import type { PositionedEntry } from '../../runtime/journal/port.js';
import { breathe } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import type { JournalView } from './view.js';
import { notePosition } from './shield.js';

/** One actor as the journal knows it. */
export interface ActorSummary {
  readonly path: string;
  /** From its last snapshot; null when it has none. */
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  /** What is written down of its turns: what came in, or what it persisted. */
  readonly log: 'inputs' | 'events' | null;
  /** Its last turn. */
  readonly turns: number;
  readonly incarnation: number;
  readonly snapshot: { readonly position: number; readonly atUs: number; readonly bytes: number } | null;
  /** Entries that a recovery reads after the snapshot. */
  readonly entriesSinceSnapshot: number;
  /** Messages in the journal that it has not handled. */
  readonly messagesWaiting: number;
  readonly timers: readonly { readonly key: string; readonly dueUs: number }[];
  /** Effects that were asked for and have no outcome. */
  readonly effectsInFlight: readonly { readonly key: string; readonly name: string }[];
}

export interface JournalSummary {
  readonly folder: string;
  readonly format: number;
  readonly createdUs: number;
  readonly owner: { readonly pid: number; readonly alive: boolean } | null;
  readonly actors: readonly ActorSummary[];
  /** Last sequence number taken from each source of inputs. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly entries: { readonly first: number; readonly next: number; readonly kept: number; readonly byKind: Readonly<Record<JournalEntry['kind'], number>> };
  /** Entries below this position are needed by no recovery. */
  readonly neededFrom: number;
  readonly batches: number;
  readonly span: { readonly fromUs: number; readonly toUs: number } | null;
  readonly bytes: { readonly file: number; readonly log: number; readonly snapshots: number };
}

interface Tracked {
  readonly path: string;
  /** What the runtime would know of it; null before a snapshot. */
  model: ActorModel | null;
  snapshot: ActorSnapshot | null;
  position: number;
  bytes: number;
  since: number;
  /** Position of the first entry after the snapshot that concerns it, Infinity when there is none. */
  firstNeeded: number;
}

/** Reads the whole journal once and says what is in it. */
export async function summarize(reader: JournalView): Promise<JournalSummary> {
  const tracked = new Map<string, Tracked>();
  for (const [number, path] of reader.actors) {
    tracked.set(path, { path, model: null, snapshot: null, position: -1, bytes: 0, since: 0, firstNeeded: Infinity });
    notePosition(`the name of actor ${number}`);
  }
  let snapshotBytes = 0;
  for (const { actor, bytes } of reader.snapshots()) {
    snapshotBytes += bytes.length;
    const decoded = decodeSnapshot(bytes);
    const known = tracked.get(reader.actors.get(actor) ?? '');
    if (!decoded.ok || known === undefined) continue;
    const { snapshot } = decoded;
    Object.assign(known, { model: ActorModel.of(snapshot), snapshot, position: decoded.position, bytes: bytes.length });
  }
  const byKind = { turn: 0, failed: 0, input: 0, outcome: 0, snapshot: 0, release: 0 };
  let fromUs = Infinity;
  let toUs = -Infinity;
  let logBytes = 0;
  let batches = 0;
  let kept = 0;
  const first = reader.firstPosition;
  const bar = progress('reading the journal', reader.state.next - first);
  for (const chunk of reader.chunks()) {
    logBytes += chunk.bytes.length;
    batches += 1;
    const { entries } = decodeChunk(chunk.first, chunk.bytes, reader);
    for (const positioned of entries) {
      const { entry } = positioned;
      kept += 1;
      byKind[entry.kind] += 1;
      fromUs = Math.min(fromUs, entry.atUs);
      toUs = Math.max(toUs, entry.atUs);
      follow(tracked, positioned);
    }
    notePosition(`entry ${chunk.first + (chunkCount(chunk.bytes) ?? 1) - 1}`);
    bar.update(chunk.first - first);
    await breathe();
  }
  bar.done();
  let neededFrom = reader.state.next;
  for (const { firstNeeded } of tracked.values()) neededFrom = Math.min(neededFrom, firstNeeded);
  return {
    folder: reader.folder,
    format: reader.meta.format,
    createdUs: reader.meta.createdUs,
    owner: reader.owner === null ? null : { pid: reader.owner.pid, alive: reader.ownerAlive },
    actors: [...tracked.values()].map(summaryOf).sort((a, b) => (a.path < b.path ? -1 : 1)),
    inputs: Object.fromEntries([...reader.inputs()].map(({ source, last }) => [source, last])),
    entries: { first, next: reader.state.next, kept, byKind },
    neededFrom,
    batches,
    span: kept === 0 ? null : { fromUs, toUs },
    bytes: { file: statSync(reader.file.path).size, log: logBytes, snapshots: snapshotBytes },
  };
}

function follow(tracked: ReadonlyMap<string, Tracked>, { position, entry }: PositionedEntry): void {
  if (entry.kind === 'release' || entry.kind === 'snapshot') return;
  if (entry.kind === 'turn') {
    for (const [index, op] of entry.ops.entries()) {
      if (op[0] !== 'send' || op[1] === entry.actor || !need(tracked.get(op[1]), position)) continue;
      tracked.get(op[1])?.model?.enqueue(position, index, op[2]);
    }
  }
  const actor = tracked.get(entry.actor);
  if (!need(actor, position)) return;
  switch (entry.kind) {
    case 'turn': return actor?.model?.turned(entry, position);
    case 'failed': return actor?.model?.failed(entry);
    case 'outcome': return actor?.model?.came(entry, position);
    case 'input': return actor?.model?.enqueue(position, 0, entry.message);
  }
}

/** Whether a recovery of the actor reads this entry. */
function need(actor: Tracked | undefined, position: number): boolean {
  if (actor === undefined || position <= actor.position) return false;
  actor.since += 1;
  actor.firstNeeded = Math.min(actor.firstNeeded, position);
  return true;
}

function summaryOf({ path, model, snapshot, position, bytes, since }: Tracked): ActorSummary {
  return {
    path,
    behaviour: snapshot?.behaviour ?? null,
    log: snapshot?.log ?? null,
    turns: model?.turn ?? 0,
    incarnation: model?.incarnation ?? 0,
    snapshot: snapshot === null ? null : { position, atUs: snapshot.atUs, bytes },
    entriesSinceSnapshot: since,
    messagesWaiting: model?.queue.size ?? 0,
    timers: [...(model?.timers ?? [])].map(([key, { dueUs }]) => ({ key, dueUs })),
    effectsInFlight: [...(model?.effects ?? [])].map(([key, { name }]) => ({ key, name })),
  };
}

/** Entries that concern one actor: its own, and the turns of others that send to it. */
export interface EntrySelection {
  readonly path?: string;
  /** First position that counts. */
  readonly from?: number;
  /** How many at most; the last ones when no `from` is given. */
  readonly limit?: number;
}

/** Whether an entry is the actor's own or a message to it. */
export function concerns({ entry }: PositionedEntry, path: string | undefined): boolean {
  if (path === undefined) return true;
  if (entry.kind === 'release') return false;
  return entry.actor === path || (entry.kind === 'turn' && entry.ops.some((op) => op[0] === 'send' && op[1] === path));
}

/** The chosen entries, oldest first. Damaged ones end the chunk they are in; `verify` says where. */
export async function selectEntries(reader: JournalView, { path, from, limit = Infinity }: EntrySelection): Promise<PositionedEntry[]> {
  const chosen: PositionedEntry[] = [];
  const backwards = from === undefined && limit !== Infinity;
  for (const chunk of backwards ? reader.chunksBackwards() : reader.chunks(from)) {
    if (path !== undefined && !mayConcern(reader, chunk.first, chunk.bytes, path)) continue;
    const found = decodeChunk(chunk.first, chunk.bytes, reader).entries.filter((entry) => entry.position >= (from ?? 0) && concerns(entry, path));
    notePosition(`entry ${chunk.first}`);
    if (backwards) chosen.unshift(...found.slice(-(limit - chosen.length)));
    else chosen.push(...found.slice(0, limit - chosen.length));
    if (chosen.length >= limit) break;
    await breathe();
  }
  return chosen;
}

/** By the headers alone, so that a long log of many actors is not decoded for one of them. */
function mayConcern(reader: JournalView, first: number, bytes: Uint8Array, path: string): boolean {
  let may = false;
  walkChunk(first, bytes, (_position, header) => {
    may ||= reader.actors.get(header.actor) === path || header.targets.some((target) => reader.actors.get(target) === path);
  });
  return may;
}
