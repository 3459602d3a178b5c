import type { Saved } from './player.js';

/** A place that a replay can begin at. */
export interface Checkpoint extends Saved {
  /** Events that had happened. */
  readonly events: number;
}

/** How many are kept of the whole, and of the stretches that were looked at last; and how many bytes of both at most. */
const MOST = 96;
const MOST_NEAR = 24;
const MOST_BYTES = 192 * 1024 * 1024;
/** Records between two, at first. */
const FIRST_GAP = 8192;
/** What an event costs to replay, in records. */
const EVENT_WEIGHT = 4;

const weightOf = ({ records, events }: { readonly records: number; readonly events: number }): number => records + EVENT_WEIGHT * events;

/** Checkpoints of a recording, evenly spread, further apart the longer it gets; and some more where somebody looks. */
export class Checkpoints {
  #list: Checkpoint[] = [];
  #near: Checkpoint[] = [];
  #bytes = 0;
  #gap = FIRST_GAP;

  get count(): number {
    return this.#list.length;
  }
  get bytes(): number {
    return this.#bytes + this.#near.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The index pass has come to a place: whether one is wanted there. */
  wanted(place: { readonly records: number; readonly events: number }): boolean {
    const last = this.#list.at(-1);
    return weightOf(place) - (last === undefined ? 0 : weightOf(last)) >= this.#gap;
  }

  add(checkpoint: Checkpoint): void {
    this.#list.push(checkpoint);
    this.#bytes += checkpoint.bytes.length;
    while (this.#list.length > MOST || (this.#bytes > MOST_BYTES && this.#list.length > 2)) {
      this.#list = this.#list.filter((_, number) => number % 2 === 1);
      this.#bytes = this.#list.reduce((sum, { bytes }) => sum + bytes.length, 0);
      this.#gap *= 2;
    }
  }

  /** Somebody looks at what follows `base` and has come to a place: whether one there would spare much the next time. */
  wantedNear(base: Checkpoint | undefined, place: { readonly records: number; readonly events: number }): boolean {
    const from = Math.max(base === undefined ? 0 : weightOf(base), ...this.#near.map(weightOf).filter((weight) => weight <= weightOf(place)));
    return weightOf(place) - from >= Math.max(FIRST_GAP, this.#gap / 8);
  }

  addNear(checkpoint: Checkpoint): void {
    this.#near.push(checkpoint);
    const room = MOST_BYTES / 4;
    while (this.#near.length > 1 && (this.#near.length > MOST_NEAR || this.#near.reduce((sum, { bytes }) => sum + bytes.length, 0) > room)) this.#near.shift();
  }

  /** The last of the evenly spread ones before the one before `checkpoint`; undefined for the beginning. */
  before(checkpoint: Checkpoint): Checkpoint | undefined {
    const earlier = this.#list.filter(({ events, records }) => events < checkpoint.events || (events === checkpoint.events && records < checkpoint.records));
    return earlier.at(-2);
  }

  /** The latest one that `fits`; undefined for the beginning. */
  best(fits: (checkpoint: Checkpoint) => boolean): Checkpoint | undefined {
    let best: Checkpoint | undefined;
    for (const checkpoint of this.#list) {
      if (!fits(checkpoint)) break;
      best = checkpoint;
    }
    for (const checkpoint of this.#near) if (fits(checkpoint) && (best === undefined || checkpoint.events > best.events)) best = checkpoint;
    return best;
  }
}
