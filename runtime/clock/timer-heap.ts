import type { Cell } from '../core/cell.js';
import { Envelope } from '../core/mailbox.js';

/** What a due timer does. A keyed timer becomes a message of its cell; the others are the runtime's own. */
export type TimerJob = { run(timer: Timer): void };

/** One armed timer. When it has fired it travels through the mailbox of its cell as its own envelope. */
export class Timer extends Envelope {
  /** Position in the heap, -1 when not armed. */
  index = -1;
  readonly dueUs: number;
  readonly seq: number;
  readonly cell: Cell | null;
  readonly key: string;
  readonly message: unknown;
  readonly job: TimerJob;

  constructor(dueUs: number, seq: number, cell: Cell | null, key: string, message: unknown, job: TimerJob) {
    super();
    this.dueUs = dueUs;
    this.seq = seq;
    this.cell = cell;
    this.key = key;
    this.message = message;
    this.job = job;
  }
}

/** Binary heap ordered by (due, seq); cancelling takes the timer out at once. */
export class TimerHeap {
  private readonly heap: Timer[] = [];

  get size(): number {
    return this.heap.length;
  }

  peek(): Timer | undefined {
    return this.heap[0];
  }

  /** Due time of the earliest timer, Infinity when there is none. */
  nextUs(): number {
    return this.heap.length === 0 ? Infinity : this.heap[0]!.dueUs;
  }

  /** The earliest armed timers that `wanted` wants, in order; looks at no more than `looks`. */
  earliest(most: number, wanted: (timer: Timer) => boolean, looks = 20_000): Timer[] {
    const found: Timer[] = [];
    // The heap's own order leads: a timer is looked at only after its parent.
    const front = new TimerFront();
    if (this.heap.length > 0) front.add(this.heap[0]!);
    for (let timer = front.take(); timer !== undefined && found.length < most && looks-- > 0; timer = front.take()) {
      if (wanted(timer)) found.push(timer);
      const child = 2 * timer.index + 1;
      if (child < this.heap.length) front.add(this.heap[child]!);
      if (child + 1 < this.heap.length) front.add(this.heap[child + 1]!);
    }
    return found;
  }

  add(timer: Timer): void {
    timer.index = this.heap.length;
    this.heap.push(timer);
    this.up(timer.index);
  }

  pop(): Timer | undefined {
    const first = this.heap[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes an armed timer out; false when it is not armed. */
  remove(timer: Timer): boolean {
    const at = timer.index;
    if (at < 0) return false;
    const last = this.heap.pop()!;
    timer.index = -1;
    if (last !== timer) {
      this.heap[at] = last;
      last.index = at;
      this.up(at);
      this.down(last.index);
    }
    return true;
  }

  private up(from: number): void {
    const heap = this.heap;
    const timer = heap[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      heap[at]!.index = at;
      at = parent;
    }
    heap[at] = timer;
    timer.index = at;
  }

  private down(from: number): void {
    const heap = this.heap;
    const timer = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, timer)) break;
      heap[at] = heap[child]!;
      heap[at]!.index = at;
      at = child;
    }
    heap[at] = timer;
    timer.index = at;
  }
}

/** Timers ordered by (due, seq), the latest first in the array, so that the earliest is popped. */
class TimerFront {
  private readonly sorted: Timer[] = [];

  add(timer: Timer): void {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(timer, this.sorted[middle]!)) low = middle + 1;
      else high = middle;
    }
    this.sorted.splice(low, 0, timer);
  }

  take(): Timer | undefined {
    return this.sorted.pop();
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.seq < b.seq);
}
