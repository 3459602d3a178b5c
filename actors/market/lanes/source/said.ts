/**
 * What a lane that owns its source says, in the slots of one ring and in one order: its records, before its kernel takes them, and then what came of them.
 * Every sentence begins with a slot of this kind in TAG; what follows it stands in the slots behind.
 */
import { RECV_US, SEQ, TAG, EXTRA } from '../../../../data/records/layout.js';

export const Said = {
  /** EXTRA records follow, whole messages, numbered by the lane. */
  RECORDS: 1,
  /** One answer follows, in a row with this slot. */
  ANSWER: 2,
  /** SEQ: the control of that number took effect here, before the next record of the lane, at the kernel's clock RECV_US. */
  CONTROL: 3,
  /** Everything before this position of its input is answered: SEQ. */
  TAKEN: 4,
  /** It has posted something. */
  POSTED: 5,
  /** Part of a text for the main loop, as of marks; and its last part. */
  TEXT_PART: 6,
  TEXT: 7,
  /** Its kernel threw at position SEQ; the thread's end follows. */
  THREW: 8,
} as const;

export interface SaidSlots {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

export function putSaid({ F, I }: SaidSlots, at: number, kind: number, number = 0, us = 0, count = 0): void {
  F.fill(0, at * 8, at * 8 + 8);
  F[at * 8 + SEQ] = number;
  F[at * 8 + RECV_US] = us;
  I[at * 16 + TAG] = kind;
  I[at * 16 + EXTRA] = count;
}
