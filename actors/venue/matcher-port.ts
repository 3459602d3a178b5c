import type { BookView } from '../market/book-view.js';
import type { VenueControl, VenueEvent } from './messages.js';

/**
 * The simulated venue's matching half lives beside the book it matches against, wherever that kernel runs.
 * The kernel applies controls when they are due, then shows it every record of the symbol after the book has
 * taken it, but only while `active`. Events are appended to `events`; the kernel drains them as edges.
 */
export interface VenueMatcher {
  /** Any order pending or resting: records matter. A plain field, read once per record. */
  active: boolean;
  readonly events: VenueEvent[];
  control(control: VenueControl, seq: number, atUs: number, book: BookView): void;
  record(F: Float64Array, I: Int32Array, record: number, atUs: number, book: BookView): void;
  /** The whole state as plain data that `structuredClone` takes. Events not yet drained are not state. */
  snapshot(): unknown;
  /** Continues from what `snapshot` of a matcher with the same parameters gave. */
  restore(data: unknown): void;
}
