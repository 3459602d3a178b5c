/**
 * A lane's input since its last checkpoint: every slot that was handed to it, in order, by position from the beginning
 * of the run. What a restarted lane replays. Segments are recycled, so a steady run allocates nothing.
 */
import * as layout from '../../../data/records/layout.js';
import { FIRST_MARK as MARKS_FROM } from './marks.js';
import type { Slots } from './marks.js';

// V8 does not fold imported constants.
const { TAG } = layout;
const FIRST_MARK = MARKS_FROM;

const SEGMENT_SHIFT = 12;
const SEGMENT = 1 << SEGMENT_SHIFT;
/** Slots that are copied at once where a run has them; ready-made views, so that copying allocates nothing. */
const CHUNK = 32;

class Segment implements Slots {
  readonly F = new Float64Array(SEGMENT * 8);
  readonly I = new Int32Array(this.F.buffer);
  readonly U = new Uint16Array(this.F.buffer);
  /** The place in the whole stream of each slot: that of the record, or of the record before which a mark stands. */
  readonly ordinals = new Float64Array(SEGMENT);
  /** Made when first copied: what only comes from a lane is copied after a restart alone. */
  private chunks: readonly Float64Array[] | undefined;

  /** Copies slots [from, to) into `F` and `I` from slot `at` on. */
  copy(from: number, to: number, F: Float64Array, I: Int32Array, at: number): void {
    const chunks = (this.chunks ??= Array.from({ length: SEGMENT / CHUNK }, (_, chunk) => this.F.subarray(chunk * CHUNK * 8, (chunk + 1) * CHUNK * 8)));
    let target = at;
    for (let slot = from; slot < to; ) {
      if ((slot & (CHUNK - 1)) === 0 && to - slot >= CHUNK) {
        F.set(chunks[slot / CHUNK]!, target * 8);
        slot += CHUNK;
        target += CHUNK;
        continue;
      }
      const s = slot * 16;
      const t = target * 16;
      for (let word = 0; word < 16; word += 1) I[t + word] = this.I[s + word]!;
      slot += 1;
      target += 1;
    }
  }
}

/** What slots are copied into: a ring's writer. */
export interface SlotSink {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly index: number;
  claimUpTo(count: number): number;
  publish(): void;
}

export class LaneTape {
  /** Positions [begin, end) are kept; `begin` is that of the last checkpoint. */
  begin = 0;
  end = 0;
  /** Number of `segments[0]`. */
  private first = 0;
  private readonly segments: Segment[] = [];
  private readonly spare: Segment[] = [];

  /** Copies record `record` of (F, I) to the end. A kind that would read as a mark becomes 0, which every kernel refuses. */
  append(F: Float64Array, I: Int32Array, record: number, ordinal: number): void {
    const at = this.end & (SEGMENT - 1);
    const segment = this.room(ordinal);
    const to = segment.F;
    const f = record * 8;
    const t = at * 8;
    to[t] = F[f]!;
    to[t + 1] = F[f + 1]!;
    to[t + 2] = F[f + 2]!;
    to[t + 3] = F[f + 3]!;
    to[t + 4] = F[f + 4]!;
    // The rest are integers, which a copy by doubles could change where they look like a NaN; so may AUX, of a candle.
    const i = record * 16;
    const s = at * 16;
    const words = segment.I;
    words[s + 10] = I[i + 10]!;
    words[s + 11] = I[i + 11]!;
    words[s + 12] = I[i + 12]!;
    words[s + 13] = I[i + 13]!;
    words[s + 14] = I[i + 14]!;
    words[s + 15] = I[i + 15]!;
    if ((words[s + TAG]! & 0xff) >= FIRST_MARK) words[s + TAG] = words[s + TAG]! & ~0xff;
  }

  /** Copies records [from, to), whose kinds are none of marks, to the end; their places in the stream count up from `ordinal`. */
  appendRun(I: Int32Array, from: number, to: number, ordinal: number): void {
    for (let at = from; at < to;) {
      const offset = this.end & (SEGMENT - 1);
      const count = Math.min(to - at, SEGMENT - offset);
      const { I: words, ordinals } = this.room(ordinal + at - from);
      this.end += count - 1;
      if (count < CHUNK / 4) for (let s = at * 16, t = offset * 16; s < (at + count) * 16; s += 1, t += 1) words[t] = I[s]!;
      else words.set(I.subarray(at * 16, (at + count) * 16), offset * 16);
      for (let k = 1; k < count; k += 1) ordinals[offset + k] = ordinal + at - from + k;
      at += count;
    }
  }

  /** Gives the next slot to `write` (a mark). */
  mark(ordinal: number, write: (slots: Slots, at: number) => void): void {
    const at = this.end & (SEGMENT - 1);
    write(this.room(ordinal), at);
  }

  /** Copies slots from position `from` on into `sink`, as many as it has room for; returns the first one not copied. */
  copyTo(sink: SlotSink, from: number): number {
    let at = from;
    while (at < this.end) {
      const offset = at & (SEGMENT - 1);
      const run = sink.claimUpTo(Math.min(this.end - at, SEGMENT - offset));
      if (run === 0) break;
      this.segment(at).copy(offset, offset + run, sink.F, sink.I, sink.index);
      sink.publish();
      at += run;
    }
    return at;
  }

  /** Place in the whole stream of the slot at a kept position. */
  ordinalAt(position: number): number {
    return this.segment(position).ordinals[position & (SEGMENT - 1)]!;
  }

  /** The first kept position whose place in the stream is `ordinal` or later; `end` where there is none. */
  positionOf(ordinal: number): number {
    let low = this.begin;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.ordinalAt(middle) < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The slot at a kept position, to look at or to change. */
  slot(position: number): { readonly slots: Slots; readonly at: number } {
    return { slots: this.segment(position), at: position & (SEGMENT - 1) };
  }

  /** A checkpoint holds everything before `position`. */
  forget(position: number): void {
    this.begin = position;
    while (this.segments.length > 0 && (this.first + 1) * SEGMENT <= position) {
      this.spare.push(this.segments.shift()!);
      this.first += 1;
    }
  }

  private room(ordinal: number): Segment {
    const number = Math.floor(this.end / SEGMENT) - this.first;
    let segment = this.segments[number];
    if (segment === undefined) {
      segment = this.spare.pop() ?? new Segment();
      if (this.segments.length === 0) this.first = Math.floor(this.end / SEGMENT);
      this.segments.push(segment);
    }
    segment.ordinals[this.end & (SEGMENT - 1)] = ordinal;
    this.end += 1;
    return segment;
  }

  private segment(position: number): Segment {
    return this.segments[Math.floor(position / SEGMENT) - this.first]!;
  }
}
