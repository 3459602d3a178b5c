import { FIGURES_EACH, type TreeFigures, type TreeNode, type TreeShape } from '../../ui/wire/tree.js';
import { Names } from '../columns.js';

/** Samples that share a full one. */
const MOST_IN_CHUNK = 64;
/** What a node of a shape is taken to hold, bytes. */
const NODE_BYTES = 400;
const SAMPLE_BYTES = 48;
const MACHINE = 6;
/** Different states of machines; those beyond are one. */
const MOST_STATES = 4_096;
const OTHER_STATE = '…';

/** The tree and its figures as they were told at one moment. */
export interface Sample {
  readonly number: number;
  /** Events of the flight recorder that had happened. */
  readonly seq: number;
  readonly atUs: number;
  readonly nodes: readonly TreeNode[];
  /** By number of the actor, its place in `nodes`. */
  readonly places: ReadonlyMap<number, number>;
  /** Nodes that were left out. */
  readonly omitted: number;
  /** {@link FIGURES_EACH} numbers a node; the machine's state by its place in {@link Samples.machines}. */
  readonly values: Float64Array;
}

interface Change {
  readonly at: Uint32Array;
  readonly to: Float64Array;
}

interface Chunk {
  readonly shape: TreeShape;
  readonly places: ReadonlyMap<number, number>;
  readonly first: number;
  readonly key: Float64Array;
  readonly seqs: number[];
  readonly times: number[];
  readonly heardMs: number[];
  readonly changes: (Change | null)[];
  bytes: number;
}

/** What was told of a tree again and again: each time only what changed, with all of it every now and then. */
export class Samples {
  /** States of machines by their places; the first is '', of whatever is no machine. */
  readonly machines = new Names();
  #chunks: Chunk[] = [];
  #count = 0;
  #last: Float64Array = new Float64Array(0);
  #shape: TreeShape | null = null;
  #bytes = 0;
  #made: Sample | undefined;

  constructor() {
    this.machines.numberOf('');
  }

  /** Samples that were taken, those dropped among them. */
  get count(): number {
    return this.#count;
  }
  /** Number of the first that is kept; `count` where none is. */
  get first(): number {
    return this.#chunks[0]?.first ?? this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** @param seq events that had happened; @param heardMs on the clock of who listens, by which samples get old */
  add(shape: TreeShape, { atUs, values: told, machines }: TreeFigures, seq: number, heardMs: number): void {
    const values = Float64Array.from(told);
    const own = machines.map((text) => this.stateNumber(text));
    for (let at = MACHINE; at < values.length; at += FIGURES_EACH) values[at] = own[values[at]!] ?? 0;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || this.#shape !== shape || chunk.times.length >= MOST_IN_CHUNK) {
      const bytes = values.byteLength + (this.#shape === shape ? 0 : shape.nodes.length * NODE_BYTES);
      chunk = {
        shape, first: this.#count, key: values, seqs: [], times: [], heardMs: [], changes: [], bytes,
        places: chunk !== undefined && this.#shape === shape ? chunk.places : new Map(shape.nodes.map(({ cell }, place) => [cell, place])),
      };
      this.#chunks.push(chunk);
      this.#bytes += bytes;
      chunk.changes.push(null);
    } else {
      const at: number[] = [];
      for (let n = 0; n < values.length; n += 1) if (values[n] !== this.#last[n]) at.push(n);
      const change = at.length === 0 ? null : { at: Uint32Array.from(at), to: Float64Array.from(at, (n) => values[n]!) };
      chunk.changes.push(change);
      const bytes = SAMPLE_BYTES + 12 * at.length;
      chunk.bytes += bytes;
      this.#bytes += bytes;
    }
    chunk.seqs.push(Math.max(seq, chunk.seqs.at(-1) ?? 0));
    chunk.times.push(atUs);
    chunk.heardMs.push(heardMs);
    this.#shape = shape;
    this.#last = values;
    this.#count += 1;
  }

  stateNumber(text: string): number {
    return this.machines.find(text) ?? this.machines.numberOf(this.machines.list.length < MOST_STATES ? text : OTHER_STATE);
  }

  /** The last sample that was taken when so many events had happened or fewer, at `atUs` or before; -1 where none was. */
  lastAt(seq: number, atUs: number): number {
    const chunk = this.#chunks.findLast(({ seqs, times }) => seqs[0]! <= seq && times[0]! <= atUs);
    if (chunk === undefined) return -1;
    let at = chunk.times.length - 1;
    while (chunk.seqs[at]! > seq || chunk.times[at]! > atUs) at -= 1;
    return chunk.first + at;
  }

  /** Null where it is not kept. */
  at(number: number): Sample | null {
    if (this.#made?.number === number) return this.#made;
    const chunk = this.#chunks.findLast(({ first }) => first <= number);
    const within = number - (chunk?.first ?? 0);
    if (chunk === undefined || within >= chunk.times.length) return null;
    const values = chunk.key.slice();
    for (let n = 1; n <= within; n += 1) apply(values, chunk.changes[n]!);
    const { shape: { nodes, omitted }, places } = chunk;
    return (this.#made = { number, seq: chunk.seqs[within]!, atUs: chunk.times[within]!, nodes, places, omitted, values });
  }

  /** All of them, oldest first. `values` are to be read at once: they are changed for the next. */
  * each(): Generator<{ readonly atUs: number; readonly nodes: readonly TreeNode[]; readonly values: Float64Array }> {
    for (const { shape: { nodes }, key, times, changes } of this.#chunks) {
      const values = key.slice();
      for (const [n, atUs] of times.entries()) {
        apply(values, changes[n]!);
        yield { atUs, nodes, values };
      }
    }
  }

  /** Some of those that are kept have this actor. */
  has(cell: number): boolean {
    return this.#chunks.some(({ places }) => places.has(cell));
  }

  /** Lets go of those that were heard before `heardMs`, and of the oldest while they hold more than `bytes`; true where any went. */
  drop(heardMs: number, bytes: number): boolean {
    const before = this.#chunks.length;
    while (this.#chunks.length > 1 && (this.#bytes > bytes || this.#chunks[0]!.heardMs.at(-1)! < heardMs)) this.#bytes -= this.#chunks.shift()!.bytes;
    return this.#chunks.length < before;
  }
}

function apply(values: Float64Array, change: Change | null): void {
  if (change !== null) for (let n = 0; n < change.at.length; n += 1) values[change.at[n]!] = change.to[n]!;
}
