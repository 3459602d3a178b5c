/** What a trace event says; `detail` in the second column. */
export const TraceKind = {
  /** A completed turn; detail: how many the actor has completed. */
  turn: 1,
  /** An incarnation started; detail: its number. */
  start: 2,
  /** An incarnation resumed with its last good state; detail: its number. */
  resume: 3,
  /** An incarnation ended; detail: 0 normal, 1 shutdown, 2 killed, 3 error. */
  exit: 4,
  /** A timer fired; detail: its sequence number. */
  timer: 5,
  /** A message became a dead letter; detail: total so far. */
  deadLetter: 6,
  /** A supervisor gave up; detail: restarts within its window. */
  giveUp: 7,
  /** A restart waits; detail: delay in microseconds. */
  backoff: 8,
  /** A child was put aside for exceeding its own budget; detail: its restarts. */
  quarantine: 9,
  /** An effect was handed over; detail: turn. */
  effect: 10,
  /** An effect or a hook of an actor threw; detail: how many turns the actor has completed. */
  fault: 11,
  /** An actor was suspended (detail 1) or resumed (detail 0). */
  suspend: 12,
  /** The message of a turn was set aside; detail: how many are. */
  stash: 13,
  /** An idle actor was put away (detail 1) or woken (detail 0). */
  hibernate: 14,
  /** An actor goes on under another version of its behaviour; detail: that version. */
  upgrade: 15,
} as const;
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind];

const KIND_NAMES = new Map<number, keyof typeof TraceKind>();
for (const name of Object.keys(TraceKind) as (keyof typeof TraceKind)[]) KIND_NAMES.set(TraceKind[name], name);

/** A piece of the recorder as columns: event `fromSeq + i` in each. */
export interface TraceColumns {
  readonly fromSeq: number;
  readonly kinds: Uint8Array;
  readonly cells: Uint32Array;
  readonly details: Float64Array;
  readonly times: Float64Array;
}

export interface TraceEvent {
  readonly seq: number;
  readonly kind: keyof typeof TraceKind;
  /** Number of the cell, see `tree()`. */
  readonly cell: number;
  readonly detail: number;
  readonly atUs: number;
}

/**
 * The always-on flight recorder: the last events in fixed typed-array slots, and a running 64-bit hash of all
 * of them. Writing allocates nothing.
 */
export class Trace {
  private written = 0;
  private low = 0x811c9dc5 | 0;
  private high = 0x27d4eb2f | 0;
  private readonly mask: number;
  private readonly kinds: Uint8Array;
  private readonly cells: Uint32Array;
  private readonly details: Float64Array;
  private readonly times: Float64Array;

  /** @param size slots, a power of two */
  constructor(size: number) {
    this.mask = size - 1;
    this.kinds = new Uint8Array(size);
    this.cells = new Uint32Array(size);
    this.details = new Float64Array(size);
    this.times = new Float64Array(size);
  }

  write(kind: TraceKind, cell: number, detail: number, atUs: number): void {
    const slot = this.written++ & this.mask;
    this.kinds[slot] = kind;
    this.cells[slot] = cell;
    this.details[slot] = detail;
    this.times[slot] = atUs;
    const low = Math.imul(this.low ^ (kind + (cell << 4)), 0x01000193);
    this.low = low;
    this.high = Math.imul((this.high ^ (detail | 0)) + low, 0x85ebca6b);
  }

  /** Takes contents into the hash, after the event they belong to. */
  mix(low: number, high: number): void {
    this.low = Math.imul(this.low ^ low, 0x01000193);
    this.high = Math.imul((this.high ^ high) + this.low, 0x85ebca6b);
  }

  /** Events written since the start. */
  get count(): number {
    return this.written;
  }

  /** Hash over (kind, cell, detail) of every event so far and the contents given to `mix`, 16 hex digits. Time is left out: paced and full speed agree. */
  hash(): string {
    return (this.high >>> 0).toString(16).padStart(8, '0') + (this.low >>> 0).toString(16).padStart(8, '0');
  }

  /** Copies of the events from number `seq` on, those of them that are still held and at most `most` (the newest). */
  columnsSince(seq: number, most = Infinity): TraceColumns {
    const fromSeq = Math.max(seq, this.written - Math.min(this.mask + 1, most), 0);
    const count = Math.max(0, this.written - fromSeq);
    const columns = {
      fromSeq, kinds: new Uint8Array(count), cells: new Uint32Array(count), details: new Float64Array(count), times: new Float64Array(count),
    };
    const first = fromSeq & this.mask;
    const head = Math.min(count, this.mask + 1 - first);
    for (const [from, to] of [[this.kinds, columns.kinds], [this.cells, columns.cells], [this.details, columns.details], [this.times, columns.times]] as const) {
      to.set(from.subarray(first, first + head));
      to.set(from.subarray(0, count - head), head);
    }
    return columns;
  }

  /** Calls `visit` with the events from number `seq` on, those of them that are still held, oldest first; returns how many are not held any more. */
  visitSince(seq: number, visit: (kind: TraceKind, cell: number, detail: number, atUs: number) => void): number {
    const first = Math.max(seq, this.written - this.mask - 1);
    for (let at = first; at < this.written; at++) {
      const slot = at & this.mask;
      visit(this.kinds[slot] as TraceKind, this.cells[slot]!, this.details[slot]!, this.times[slot]!);
    }
    return first - seq;
  }

  /** Copies of the last events, oldest first. */
  list(limit = this.mask + 1): TraceEvent[] {
    const held = Math.min(this.written, this.mask + 1, limit);
    const events: TraceEvent[] = [];
    for (let seq = this.written - held; seq < this.written; seq++) {
      const slot = seq & this.mask;
      events.push({
        seq,
        kind: KIND_NAMES.get(this.kinds[slot]!) ?? 'fault',
        cell: this.cells[slot]!,
        detail: this.details[slot]!,
        atUs: this.times[slot]!,
      });
    }
    return events;
  }
}
