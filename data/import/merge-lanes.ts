import { EXCH_US, RECV_US, WORDS_F, type RecordBatch } from '../records/index.js';
import { messageEnd } from './sequence-guard.js';

/** One input of a merge: `advance` makes the next records available in `batch` from index 0, false at its end. */
export interface Lane {
  advance(): Promise<boolean>;
  readonly batch: RecordBatch;
  /** Complete records in `batch`. */
  readonly complete: number;
}

interface Head {
  readonly lane: Lane;
  at: number;
  stampUs: number;
  done: boolean;
}

/**
 * Passes the messages of several lanes on by their stamp (receive stamp, else exchange stamp), equal stamps in the
 * order of the lanes; within a lane the order never changes, a stamp that goes back counts as the latest one.
 */
export async function mergeLanes(lanes: readonly Lane[], emit: (batch: RecordBatch, from: number, to: number, lane: number) => void): Promise<void> {
  const heads: Head[] = [];
  for (const lane of lanes) {
    const head: Head = { lane, at: 0, stampUs: 0, done: false };
    heads.push(head);
    await load(head, false);
  }
  for (;;) {
    let first = -1;
    let second = -1;
    for (let k = 0; k < heads.length; k += 1) {
      if (heads[k]!.done) continue;
      if (first < 0 || heads[k]!.stampUs < heads[first]!.stampUs) {
        second = first;
        first = k;
      } else if (second < 0 || heads[k]!.stampUs < heads[second]!.stampUs) {
        second = k;
      }
    }
    if (first < 0) return;
    const head = heads[first]!;
    const { batch, complete } = head.lane;
    const from = head.at;
    if (second < 0) {
      head.at = complete;
    } else {
      const limitUs = heads[second]!.stampUs;
      do {
        head.at = messageEnd(batch, head.at, complete);
        if (head.at === complete) break;
        head.stampUs = Math.max(head.stampUs, stampUs(batch, head.at));
      } while (head.stampUs < limitUs || (head.stampUs === limitUs && first < second));
    }
    emit(batch, from, head.at, first);
    if (head.at === complete) await load(head, true);
  }
}

async function load(head: Head, consumed: boolean): Promise<void> {
  if (consumed) head.at = 0;
  head.done = !(await head.lane.advance());
  if (!head.done) head.stampUs = Math.max(head.stampUs, stampUs(head.lane.batch, 0));
}

function stampUs(batch: RecordBatch, record: number): number {
  const receivedUs = batch.F[record * WORDS_F + RECV_US]!;
  return receivedUs > 0 ? receivedUs : batch.F[record * WORDS_F + EXCH_US]!;
}
