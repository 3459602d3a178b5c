import { chunkCount, decodeChunk } from '../../runtime/journal/chunk.js';
import { decodeSnapshot } from '../../runtime/journal/codec.js';
import type { FailedEntry, TurnEntry } from '../../runtime/journal/entry.js';
import type { PositionedEntry } from '../../runtime/journal/port.js';
import { breathe } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { notePosition } from './shield.js';
import type { JournalView } from './view.js';

export interface JournalProblem {
  /** `entry 17`, `snapshot of /desk`, `state`. */
  readonly where: string;
  readonly problem: string;
}

export interface JournalVerdict {
  readonly ok: boolean;
  readonly folder: string;
  /** Null when reading did not come as far. */
  readonly format: number | null;
  readonly entries: number;
  readonly snapshots: number;
  readonly bytes: number;
  /** The first of them. */
  readonly problems: readonly JournalProblem[];
  readonly problemCount: number;
}

const PROBLEMS_KEPT = 200;

/**
 * Reads everything and checks it: checksums and shapes, positions without gaps, what refers to what, snapshots that can be
 * decoded, and whether what a recovery needs is there. Nothing is changed.
 */
export async function verify(view: JournalView): Promise<JournalVerdict> {
  const check = new Check(view);
  const first = view.firstPosition;
  const bar = progress('verifying the journal', view.state.next - first);
  let bytes = 0;
  for (const chunk of view.chunks()) {
    bytes += chunk.bytes.length;
    check.chunk(chunk.first, chunk.bytes);
    notePosition(`entry ${chunk.first + (chunkCount(chunk.bytes) ?? 1) - 1}`);
    bar.update(chunk.first - first);
    await breathe();
  }
  bar.done();
  check.end(first, bytes);
  let snapshots = 0;
  for (const { actor, bytes: written } of view.snapshots()) {
    snapshots += 1;
    check.snapshot(actor, written, first);
    notePosition(`the snapshot of ${view.actors.get(actor) ?? `actor ${actor}`}`);
    await breathe();
  }
  return {
    ok: check.count === 0, folder: view.folder, format: view.meta.format, entries: check.entries, snapshots, bytes, problems: check.problems, problemCount: check.count,
  };
}

interface ActorCheck {
  turn: number;
  /** Effects asked for, by turn; what was asked for before the kept log is unknown. */
  readonly effects: Map<number, number>;
  firstTurn: number;
  readonly snapshotPositions: Set<number>;
}

class Check {
  readonly problems: JournalProblem[] = [];
  count = 0;
  entries = 0;
  readonly #view: JournalView;
  readonly #first: number;
  #expected: number;
  readonly #actors = new Map<string, ActorCheck>();
  /** Messages that nobody has handled yet: receiver by `position.index`. */
  readonly #messages = new Map<string, string>();
  readonly #fromSnapshots = new Set<string>();
  readonly #sources = new Map<string, number>();

  constructor(view: JournalView) {
    this.#view = view;
    this.#first = view.firstPosition;
    this.#expected = this.#first;
    const { next, floor, epochs, bytes } = view.state;
    for (const [name, value] of Object.entries({ next, floor, epochs, bytes })) if (!Number.isSafeInteger(value) || value < 0) this.#problem('state', `${name} is ${String(value)}`);
    if (this.#first > floor) this.#problem('state', `entries ${floor} to ${this.#first - 1} are gone, and a recovery needs them`);
  }

  chunk(first: number, bytes: Buffer): void {
    if (first !== this.#expected) this.#problem(`entry ${this.#expected}`, first > this.#expected ? `entries ${this.#expected} to ${first - 1} are missing` : `the chunk at ${first} overlaps the one before`);
    const { entries, damage } = decodeChunk(first, bytes, this.#view);
    for (const positioned of entries) this.#entry(positioned);
    this.entries += entries.length;
    if (damage !== null) this.#problem(`entry ${damage.position}`, damage.problem.message);
    this.#expected = first + (chunkCount(bytes) ?? 1);
  }

  end(first: number, bytes: number): void {
    const { next, bytes: written } = this.#view.state;
    if (this.#expected !== next) this.#problem(`entry ${this.#expected}`, this.#expected < next ? `entries ${this.#expected} to ${next - 1} are missing at the end` : `the log goes on after entry ${next - 1}, where it should end`);
    if (bytes !== written) this.#problem('state', `the log has ${bytes} bytes, and ${written} were written down`);
    for (const { source, last } of this.#view.inputs()) {
      const seen = this.#sources.get(source);
      if (seen !== undefined && seen !== last) this.#problem(`source ${source}`, `its last input is ${seen}, and ${last} was written down`);
      this.#sources.delete(source);
    }
    for (const source of this.#sources.keys()) this.#problem(`source ${source}`, 'it has inputs in the log, and no count');
    if (this.entries === 0 && first !== next) this.#problem('state', `no entry is there, and ${next - first} should be`);
  }

  snapshot(number: number, bytes: Buffer, first: number): void {
    const path = this.#view.actors.get(number);
    const where = `snapshot of ${path ?? `actor ${number}`}`;
    const decoded = decodeSnapshot(bytes);
    if (path === undefined) this.#problem(where, `there is no actor number ${number}`);
    if (!decoded.ok) {
      this.#problem(where, decoded.problem.message);
      return;
    }
    if (path !== undefined && decoded.snapshot.path !== path) this.#problem(where, `it is that of ${decoded.snapshot.path}`);
    const { position } = decoded;
    if (position >= this.#view.state.next) this.#problem(where, `it was taken at entry ${position}, and the log ends before`);
    else if (position >= first && !(this.#actors.get(path ?? '')?.snapshotPositions.has(position) ?? false)) this.#problem(where, `entry ${position}, where it was taken, is no snapshot of it`);
  }

  #entry({ position, entry }: PositionedEntry): void {
    const where = `entry ${position}`;
    if (entry.kind === 'release') {
      if (entry.upTo > position) this.#problem(where, `lets go everything up to ${entry.upTo}, which comes later`);
      return;
    }
    const actor = this.#actor(entry.actor);
    switch (entry.kind) {
      case 'turn':
        this.#turn(where, actor, entry);
        for (const [index, op] of entry.ops.entries()) if (op[0] === 'send') this.#messages.set(`${position}.${index}`, op[1]);
        break;
      case 'failed':
        this.#input(where, entry);
        break;
      case 'input': {
        const last = this.#sources.get(entry.source);
        if (last !== undefined && entry.seq <= last) this.#problem(where, `input ${entry.seq} of ${entry.source} comes after ${last}`);
        this.#sources.set(entry.source, entry.seq);
        this.#messages.set(`${position}.0`, entry.actor);
        break;
      }
      case 'outcome': {
        if (entry.message !== undefined) this.#messages.set(`${position}.0`, entry.actor);
        const asked = /:(\d+)(?:stop\d+)?\.(\d+)$/.exec(entry.key);
        const turn = Number(asked?.[1] ?? Number.NaN);
        if (!entry.key.startsWith(`${entry.actor}#`) || asked === null) this.#problem(where, `an effect of ${entry.actor} cannot have the key ${entry.key}`);
        else if (turn >= actor.firstTurn && Number(asked[2]) >= (actor.effects.get(turn) ?? 0)) this.#problem(where, `nobody asked for the effect ${entry.key}, whose outcome this is`);
        break;
      }
      case 'snapshot':
        actor.snapshotPositions.add(position);
        break;
    }
  }

  #turn(where: string, actor: ActorCheck, entry: TurnEntry): void {
    if (entry.phase === 'start' && entry.turn === 0) {
      actor.effects.clear();
      actor.firstTurn = 0;
    } else if (actor.turn >= 0 && entry.turn <= actor.turn) this.#problem(where, `turn ${entry.turn} of ${entry.actor} comes after its turn ${actor.turn}`);
    else if (actor.turn >= 0 && entry.turn > actor.turn + 1) this.#problem(where, `turns ${actor.turn + 1} to ${entry.turn - 1} of ${entry.actor} are missing`);
    actor.turn = entry.turn;
    actor.firstTurn = Math.min(actor.firstTurn, entry.turn);
    let effects = 0;
    for (const op of entry.ops) if (op[0] === 'effect') effects += 1;
    if (effects > 0) actor.effects.set(entry.turn, effects);
    this.#input(where, entry);
  }

  /** A message can be handled once, by the actor it is for. */
  #input(where: string, { actor, input }: TurnEntry | FailedEntry): void {
    if (input === null || input[0] !== 'journal') return;
    const [, position, index] = input;
    if (position < this.#first) return;
    const message = `${position}.${index}`;
    // What waited without a place of its own when the actor was stopped stands in that snapshot.
    const stored = this.#actor(actor).snapshotPositions.has(position) && !this.#fromSnapshots.has(message);
    if (stored) this.#fromSnapshots.add(message);
    const receiver = stored ? actor : this.#messages.get(message);
    if (receiver === undefined) this.#problem(where, `${actor} handles message ${message}, which is not there or was handled before`);
    else if (receiver !== actor) this.#problem(where, `${actor} handles message ${message}, which is for ${receiver}`);
    this.#messages.delete(message);
  }

  #actor(path: string): ActorCheck {
    let actor = this.#actors.get(path);
    if (actor === undefined) this.#actors.set(path, actor = { turn: -1, effects: new Map(), firstTurn: Infinity, snapshotPositions: new Set() });
    return actor;
  }

  #problem(where: string, problem: string): void {
    this.count += 1;
    if (this.problems.length < PROBLEMS_KEPT) this.problems.push({ where, problem });
  }
}
