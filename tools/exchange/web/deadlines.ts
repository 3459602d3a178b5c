import type { WebClock } from './clock.js';

const BACKEND_TIMEOUT_MS = 10_000;

/** What a matching engine has to answer (-1007 after that): of venue time, but no less of the wall's, since a sped-up venue has no faster machine. */
export const backendTimeoutMs = (speed: number): number => BACKEND_TIMEOUT_MS * Math.max(1, speed);

/** What has to be done before its deadline. */
export interface Pending {
  /** Done, one way or the other. */
  settled: boolean;
  dueUs: number;
  /** Called once when it was not done in time. */
  late(): void;
}

/** Settled entries at the front that may be kept until the queue is cut. */
const MOST_PASSED = 1024;

/** Deadlines that are all as far away as each other: one timer for the first, where one for each would cost more than the work. */
export class Deadlines {
  readonly #clock: WebClock;
  readonly #withinUs: number;
  /** In order of their deadlines; nothing stands where one was stepped over, so that it keeps no memory. */
  #queue: (Pending | undefined)[] = [];
  #first = 0;
  #armed = false;

  constructor(clock: WebClock, withinUs: number) {
    this.#clock = clock;
    this.#withinUs = withinUs;
  }

  add(pending: Pending): void {
    pending.dueUs = this.#clock.nowUs() + this.#withinUs;
    this.#pass();
    this.#queue.push(pending);
    if (!this.#armed) this.#arm(this.#withinUs);
  }

  #arm(afterUs: number): void {
    this.#armed = true;
    this.#clock.after(afterUs, this.#look);
  }

  readonly #look = (): void => {
    this.#armed = false;
    const nowUs = this.#clock.nowUs();
    let next = this.#pass();
    while (next !== undefined && next.dueUs <= nowUs) {
      next.settled = true;
      next.late();
      next = this.#pass();
    }
    if (!this.#armed && next !== undefined) this.#arm(next.dueUs - nowUs);
  };

  /** Steps over what is settled; the first that is not. */
  #pass(): Pending | undefined {
    const queue = this.#queue;
    let next = queue[this.#first];
    while (next?.settled === true) {
      queue[this.#first] = undefined;
      this.#first += 1;
      next = queue[this.#first];
    }
    if (this.#first === queue.length) {
      queue.length = 0;
      this.#first = 0;
    } else if (this.#first > MOST_PASSED && this.#first * 2 > queue.length) {
      this.#queue = queue.slice(this.#first);
      this.#first = 0;
    }
    return next;
  }
}
