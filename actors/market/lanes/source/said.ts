/**
 * What a lane that owns its source says, in the slots of one ring and in one order: its records, before its kernel takes them, and then what came of them.
 * A record stands for itself, numbered by the lane; every other sentence begins with a slot that has one of these kinds in TAG, which no record has, and what follows it
 * stands in the slots behind. So records that were said one after the other lie side by side.
 */
import { RECV_US, SEQ, TAG } from '../../../../data/records/layout.js';

export const Said = {
  /** One answer follows, in a row with this slot. */
  ANSWER: 241,
  /** SEQ: the control of that number took effect here, before the next record of the lane, at the kernel's clock RECV_US. */
  CONTROL: 242,
  /** Everything before this position of its input is answered: SEQ. */
  TAKEN: 243,
  /** It has posted something. */
  POSTED: 244,
  /** Part of a text for the main loop, as of marks; and its last part. */
  TEXT_PART: 245,
  TEXT: 246,
  /** Its kernel threw at position SEQ; the thread's end follows. */
  THREW: 247,
} as const;
export const FIRST_SAID = 240;

export interface SaidSlots {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

export function putSaid({ F, I }: SaidSlots, at: number, kind: number, number = 0, us = 0): void {
  for (let f = at * 8; f < at * 8 + 8; f += 1) F[f] = 0;
  F[at * 8 + SEQ] = number;
  F[at * 8 + RECV_US] = us;
  I[at * 16 + TAG] = kind;
}
