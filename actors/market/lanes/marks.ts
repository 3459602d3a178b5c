/**
 * What stands between the records in a lane's input: marks, one slot each, in one order with the records.
 *
 * A lane knows nothing but its input. Whatever the main loop has to tell it comes as a mark at the place where it takes
 * effect, so that the same input gives the same answers, on every thread and after every restart. Marks never come from
 * a tape: a record whose kind looks like one loses it on the way in (`laneRecord` in lane-tape.ts).
 */
import { EXTRA, PRICE, PRICE2, RECV_US, SEQ, TAG } from '../../../data/records/layout.js';
import type { Control } from '../control-queue.js';

/** Kinds of marks, in the low byte of TAG where records have theirs. */
export const Mark = {
  /** RECV_US: the tape clock, where the lane's own records would give a lower one. */
  CLOCK: 240,
  /** Records of the stream were lost before the next one, nobody knows of which symbol. */
  HOLE: 241,
  /** Tell the machines afresh at the next record of each symbol. */
  RETELL: 242,
  /** No record will follow. */
  FINISH: 243,
  /** Post the whole state as it is now. */
  CHECKPOINT: 244,
  /** Post what people may want to see of each symbol. */
  FACTS: 245,
  /** EXTRA: stand still for that many milliseconds (an injected fault). */
  STALL: 246,
  /** Part of a control's text: PRICE code units in the slot's first 48 bytes. */
  CONTROL_PART: 247,
  /** Last part: the control takes effect now, at SEQ and the clock in the words behind the text. */
  CONTROL: 248,
  /** Stood here: a record that made the kernel throw, with its stamp in RECV_US, or a control (then EXTRA is CONTROL). */
  SKIP: 249,
  /** Lanes that own their source: the control before this took effect here, before the lane's record SEQ, at clock RECV_US. */
  PLACED: 250,
  /** Part of a text for who keeps the lane's source, as CONTROL_PART; and its last part. */
  ASK_PART: 251,
  ASK: 252,
} as const;
export const FIRST_MARK = 240;

/** UTF-16 code units of text that one slot holds. */
const PART_UNITS = 24;

/** Somewhere to put slots: 64 bytes seen as doubles, integers and code units. */
export interface Slots {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly U: Uint16Array;
}

/** Writes a mark to slot `at`; `value` goes to RECV_US, `extra` to EXTRA. */
export function putMark({ F, I }: Slots, at: number, kind: number, seq: number, value = 0, extra = 0): void {
  const f = at * 8;
  F.fill(0, f, f + 8);
  F[f + SEQ] = seq;
  F[f + RECV_US] = value;
  I[at * 16 + TAG] = kind;
  I[at * 16 + EXTRA] = extra;
}

/** A control as the text its marks carry: what it says, where and when it takes effect. */
export interface PlacedControl {
  readonly control: Control;
  /** As text: JSON has no words for every number that a record may carry. */
  readonly seq: string;
  readonly clockUs: number;
}

/** How many slots the text takes. */
export const controlSlots = (text: string): number => Math.max(1, Math.ceil(text.length / PART_UNITS));

/** Writes part `part` of a control's `text` to slot `at`. */
export function putControlPart(slots: Slots, at: number, text: string, part: number): void {
  putTextPart(slots, at, text, part, Mark.CONTROL_PART, Mark.CONTROL);
}

/** Writes part `part` of `text` to slot `at`, as a mark of one kind or, the last one, of another. */
export function putTextPart({ F, I, U }: Slots, at: number, text: string, part: number, more: number, last: number): void {
  F.fill(0, at * 8, at * 8 + 8);
  const from = part * PART_UNITS;
  const units = Math.min(PART_UNITS, text.length - from);
  for (let u = 0; u < units; u += 1) U[at * 32 + u] = text.charCodeAt(from + u);
  I[at * 16 + PRICE] = units;
  I[at * 16 + PRICE2] = part;
  I[at * 16 + TAG] = from + units >= text.length ? last : more;
}

/** The code units of the part of a text in slot `at`. */
export function controlPart({ I, U }: Slots, at: number): string {
  const units = Math.max(0, Math.min(PART_UNITS, I[at * 16 + PRICE]!));
  return String.fromCharCode(...U.subarray(at * 32, at * 32 + units));
}
