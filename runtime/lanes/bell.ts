/** Words on lines of their own, 128 bytes apart: processors fetch lines of 64 bytes in pairs. */
const VALUE = 0;
const SLEEPERS = 32;
const BELL_BYTES = 256;
/** How often a waiter looks again before it sleeps: some microseconds, about what a wake-up costs. */
const SPINS = 2_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type AsyncWait = { readonly async: false } | { readonly async: true; readonly value: Promise<'ok' | 'timed-out'> };
// Not in the es2023 library of TypeScript; Node has it since version 16.
const { waitAsync } = Atomics as unknown as { waitAsync(words: Int32Array, word: number, value: number, timeoutMs?: number): AsyncWait };

/**
 * One word that many threads ring and one or more wait on. A waiter reads `value`, then looks for work, and only then waits with
 * the value it read: what is rung in between is never missed.
 */
export class Bell {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  static create(): Bell {
    return new Bell(new SharedArrayBuffer(BELL_BYTES));
  }

  /** The bell that lives in `memory`, which is `memory` of another one, perhaps of another thread. @throws RangeError for other memory. */
  static open(memory: SharedArrayBuffer): Bell {
    if (!(memory instanceof SharedArrayBuffer) || memory.byteLength !== BELL_BYTES) throw new RangeError('a bell lives in the `memory` of another bell');
    return new Bell(memory);
  }

  /** Changes with every ring, modulo 2^32. */
  get value(): number {
    return Atomics.load(this.#words, VALUE);
  }

  /** Wakes whoever waits. Costs a few nanoseconds when nobody sleeps. */
  ring(): void {
    Atomics.add(this.#words, VALUE, 1);
    if (Atomics.load(this.#words, SLEEPERS) !== 0) Atomics.notify(this.#words, VALUE);
  }

  /** Blocks until the value is not `lastSeen`, `timeoutMs` at most; the answer is whether it is not. Looks a while before it sleeps. */
  wait(lastSeen: number, timeoutMs: number): boolean {
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(words, VALUE) !== lastSeen) return true;
    // A thread that dies in here leaves the count raised: then rings notify nobody, which costs time and nothing else.
    Atomics.add(words, SLEEPERS, 1);
    Atomics.wait(words, VALUE, lastSeen, timeoutMs);
    Atomics.sub(words, SLEEPERS, 1);
    return this.value !== lastSeen;
  }

  /** As `wait` for a loop that must go on turning. Keeps the process alive while it waits, which `Atomics.waitAsync` alone does not. */
  async waitAsync(lastSeen: number, timeoutMs: number): Promise<boolean> {
    const words = this.#words;
    if (Atomics.load(words, VALUE) !== lastSeen) return true;
    const keepAlive = setInterval(() => undefined, LONGEST_TIMER_MS);
    Atomics.add(words, SLEEPERS, 1);
    const waiting = waitAsync(words, VALUE, lastSeen, timeoutMs);
    if (waiting.async) await waiting.value;
    Atomics.sub(words, SLEEPERS, 1);
    clearInterval(keepAlive);
    return this.value !== lastSeen;
  }

  /**
   * Calls `onRing` now, after whatever is rung from then on, and every `everyMs` in any case, until what it returns is called; keeps the process alive till then.
   * One timer for all of it, where `waitAsync` needs several a wait. The loop turns between two calls. What is returned rejects with what `onRing` throws, the end of listening.
   */
  listen(onRing: () => void, everyMs: number): () => Promise<void> {
    const words = this.#words;
    let open = true;
    const run = async (): Promise<void> => {
      while (open) {
        const seen = Atomics.load(words, VALUE);
        onRing();
        Atomics.add(words, SLEEPERS, 1);
        const waiting = waitAsync(words, VALUE, seen);
        if (waiting.async) await waiting.value;
        Atomics.sub(words, SLEEPERS, 1);
        // Rung meanwhile: whoever rings all the time must not keep the loop from everything else.
        if (!waiting.async) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const timer = setInterval(() => this.ring(), everyMs);
    const ended = run();
    return () => {
      open = false;
      clearInterval(timer);
      this.ring();
      return ended;
    };
  }
}
