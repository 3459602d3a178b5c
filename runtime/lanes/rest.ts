/** Not nothing: a wait without a timeout's length does not leave the core. */
const SHORTEST_SLEEP_MS = 0.001;
/** A loop that waited less has not left its core: it looked, and there was something. */
const LEAST_IDLE_MS = 0.02;

/** What a rest needs of its thread. */
export interface RestingThread {
  /** A clock that never runs back, ms. */
  nowMs(): number;
  /** How long its event loop has waited for something to do since it began, ms. */
  idleMs(): number;
  /** Leaves the core to whoever waits for it. */
  sleep(): void;
}

/**
 * Short sleeps of a busy thread. A thread that wakes up goes to the core it had, and where another one works on that, it may wait some milliseconds while a third core
 * idles; a main loop that shares its core with a busy lane gets it in the lane's next rest.
 */
export class Rest {
  readonly #everyMs: number;
  readonly #thread: RestingThread;
  #sinceMs: number;
  #idleMs = 0;

  /** A thread that has been busy for `everyMs` rests; 0: never. */
  constructor(everyMs: number, thread: RestingThread = presentThread()) {
    this.#everyMs = everyMs;
    this.#thread = thread;
    this.#sinceMs = thread.nowMs();
  }

  /** The thread has slept. */
  slept(): void {
    if (this.#everyMs > 0) this.#sinceMs = this.#thread.nowMs();
  }

  /** To be called now and then by who is busy: rests if it is time to. */
  look(): void {
    if (this.#everyMs <= 0) return;
    const thread = this.#thread;
    if (thread.nowMs() - this.#sinceMs < this.#everyMs) return;
    const idleMs = thread.idleMs();
    if (idleMs - this.#idleMs < LEAST_IDLE_MS) thread.sleep();
    this.#idleMs = idleMs;
    this.#sinceMs = thread.nowMs();
  }
}

function presentThread(): RestingThread {
  const word = new Int32Array(new SharedArrayBuffer(4));
  return {
    nowMs: () => performance.now(),
    idleMs: () => performance.eventLoopUtilization().idle,
    sleep: () => void Atomics.wait(word, 0, 0, SHORTEST_SLEEP_MS),
  };
}
