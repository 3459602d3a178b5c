import { KERNEL_PATH } from '../../actors/index.js';
import type { LiveLanes, OrderEntry, RecordsMessage } from '../../actors/market/index.js';
import type { Runtime } from '../../runtime/index.js';

/** The message that makes the kernel's actor send what was merged; the records came by another way. */
export const mergeMessage = (): RecordsMessage => ({
  type: 'records', F: new Float64Array(0), I: new Int32Array(0), from: 0, to: 0, untilUs: Infinity, mute: false, next: 0, clockUs: 0, stalled: false,
});

export interface LiveSessionOptions {
  /** Its clock is moved by this session alone. */
  readonly runtime: Runtime;
  readonly lanes: LiveLanes;
  /** The wall clock, µs since the epoch. It may go backwards; the session's does not. */
  readonly nowUs: () => number;
  /** What a replay of the run must follow, together with the lanes' own entries. */
  readonly onOrder?: (entry: OrderEntry) => void;
}

/**
 * Drives a tree from lanes in a live process: call `turn` when their bell has rung, and when a timer is due. Answers are
 * taken as they come; the order and the times that this gives are told to `onOrder`.
 */
export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #message = mergeMessage();
  #clockUs = 0;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
  }

  /** The session's clock, µs: the latest time that a turn had. */
  get clockUs(): number {
    return this.#clockUs;
  }

  /** Merges what has come and fires what is due; returns how many answers were merged. */
  turn(): number {
    const { runtime, lanes, onOrder } = this.#options;
    let merged = 0;
    while (lanes.poll()) {
      this.#advance();
      const before = lanes.merging;
      // The answers keep until there is a kernel again, if ever.
      if (runtime.send(KERNEL_PATH, this.#message) !== 'delivered') break;
      runtime.drain(1);
      const { merging } = lanes;
      if (merging !== before) {
        onOrder?.({ type: 'turn', seq: merging.seq, control: merging.control, clockUs: this.#clockUs });
        merged += 1;
      }
      runtime.drain();
    }
    const dueUs = runtime.nextTimerUs();
    if (dueUs <= Math.max(this.#clockUs, this.#options.nowUs())) {
      this.#advance();
      onOrder?.({ type: 'clock', clockUs: this.#clockUs });
    }
    return merged;
  }

  /** Moves everybody's clock to the present; what is due by then fires on the way, each timer at its own time. */
  #advance(): void {
    const { runtime, nowUs } = this.#options;
    this.#clockUs = Math.max(this.#clockUs, nowUs());
    runtime.advanceTo(this.#clockUs);
  }
}
